//! The evaluator against the crate's own interpreter, and its third value.

use proptest::prelude::*;

use super::{Program, lower};
use crate::tests::build::{holds, json};
use ringfence_model::declaration::Declaration;

/// The body that expressions here are about; all of it is known.
fn body() -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Thing", "metadata": {"name": "thing"},
        "yes": true, "no": false, "n": 7, "zero": 0, "f": 2.5,
        "s": "abc", "e": "", "list": [1, 2, 3], "words": ["a", "abc", "c"], "none": [],
        "map": {"a": 1, "s": "abc"}, "items": [{"k": "a", "v": 1}, {"k": "b"}]
    })
}

/// What the crate's interpreter makes of `source`: a truth value, or nothing.
fn oracle(source: &str) -> Option<bool> {
    let mut context = cel::Context::default();
    context.add_variable_from_value("object", value(&body()));
    match cel::Program::compile(source).unwrap().execute(&context) {
        Ok(cel::Value::Bool(value)) => Some(value),
        Ok(_) | Err(_) => None,
    }
}

/// Whole numbers are `int`, as in the estate.
fn value(json: &serde_json::Value) -> cel::Value {
    match json {
        serde_json::Value::Null => cel::Value::Null,
        serde_json::Value::Bool(one) => (*one).into(),
        serde_json::Value::Number(one) => {
            one.as_i64().map_or_else(|| one.as_f64().unwrap().into(), cel::Value::from)
        }
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Array(items) => items.iter().map(value).collect::<Vec<_>>().into(),
        serde_json::Value::Object(map) => {
            let map: std::collections::HashMap<_, _> =
                map.iter().map(|(key, one)| (key.clone(), value(one))).collect();
            map.into()
        }
    }
}

fn ours(source: &str) -> Option<bool> {
    holds(source, &[body()], &Declaration::default()).ok()
}

#[test]
fn the_interpreter_of_the_crate_agrees() {
    for source in include_str!("expressions.txt").lines().filter(|line| !line.is_empty()) {
        assert_eq!(ours(source), oracle(source), "{source}");
    }
}

/// Expressions by type, so that no two values of different types are compared.
fn truth() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("object.yes".to_owned()),
        Just("object.no".to_owned()),
        Just("object.missing".to_owned()),
        Just("has(object.map.a)".to_owned()),
        Just("has(object.map.x)".to_owned()),
        Just("has(object.missing.x)".to_owned()),
        Just("object.s".to_owned()),
        Just("true".to_owned()),
        (number(), operator(), number()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (text(), operator(), text()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (text(), method(), text()).prop_map(|(a, name, b)| format!("{a}.{name}({b})")),
        (number(), numbers()).prop_map(|(a, list)| format!("({a}) in {list}")),
        text().prop_map(|a| format!("{a} in object.words")),
        text().prop_map(|a| format!("{a} in object.map")),
        (text(), text())
            .prop_map(|(a, b)| format!("object.items.exists(i, i.k == {a} && has(i.v)) || {b} == i_")
                .replace("i_", "object.s")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) || ({b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (quantifier(), numbers(), inner.clone())
                .prop_map(|(name, list, a)| format!("{list}.{name}(x, x > 1 && ({a}))")),
            (numbers(), inner).prop_map(|(list, a)| format!("size({list}.filter(x, {a})) < 2")),
        ]
    })
}

fn number() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("object.n".to_owned()),
        Just("object.zero".to_owned()),
        Just("object.f".to_owned()),
        Just("object.map.a".to_owned()),
        Just("object.map.x".to_owned()),
        Just("size(object.list)".to_owned()),
        Just("int(object.s)".to_owned()),
        Just("object.list[1]".to_owned()),
        Just("object.list[9]".to_owned()),
        (-3i64..9).prop_map(|number| format!("({number})")),
    ];
    (leaf.clone(), prop_oneof!["[+*/%-]", Just(String::new())], leaf).prop_map(|(a, op, b)| {
        match op.as_str() {
            "" => a,
            op => format!("({a} {op} {b})"),
        }
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("object.s".to_owned()),
        Just("object.e".to_owned()),
        Just("object.map.s".to_owned()),
        Just("object.map.x".to_owned()),
        Just("object.words[0]".to_owned()),
        Just("(object.s + object.words[2])".to_owned()),
        "[a-c]{0,3}".prop_map(|text| format!("'{text}'")),
    ]
}

fn numbers() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("object.list".to_owned()),
        Just("object.none".to_owned()),
        Just("object.missing".to_owned()),
        Just("[1, 2, object.n]".to_owned()),
        Just("(object.list + [9]).map(y, y - 1)".to_owned()),
    ]
}

fn operator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="])
}

fn method() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["startsWith", "endsWith", "contains"])
}

fn quantifier() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["all", "exists", "exists_one"])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_expressions_agree_with_the_interpreter_of_the_crate(source in truth()) {
        let (expected, found) = (oracle(&source), ours(&source));
        // The crate gives up `exists_one` on the first error; two that hold settle it here.
        let settled = source.contains("exists_one") && expected.is_none();
        prop_assert!(found == expected || settled, "{}: {:?}, and not {:?}", source, found, expected);
    }
}

#[test]
fn both_parsers_of_the_crate_agree_on_every_policy() {
    let env = cel::Env::stdlib();
    for control in crate::Catalogue::built_in().controls() {
        let crate::Policy::Cel(source) = control.policy() else { continue };
        let when = control.front().when.as_ref().map(|when| &*when.value);
        for source in [Some(source), when].into_iter().flatten() {
            let other = env.compile(source).unwrap();
            let other = lower::lower(source, other.expression()).unwrap();
            let own = Program::compile(source).unwrap().root;
            assert_eq!(format!("{own:?}"), format!("{other:?}"), "{}", control.id());
        }
    }
}

/// `T`, `F` and `U` in an expression are true, false and not known.
#[track_caller]
fn check(source: &str, expected: Option<bool>) {
    let mut body = body();
    body["spec"] = json!({
        "t": true, "f": false, "u": {"$unresolved": "P"}, "r": {"$ref": "Key"},
        "list": [true, {"$unresolved": "P"}], "flags": [false, {"$unresolved": "P"}],
        "names": ["a", {"$unresolved": "P"}], "maybe": {"$unresolved": "P"}, "nothing": null,
    });
    let mut expression = String::new();
    for word in source.split_inclusive(|one: char| !one.is_alphanumeric()) {
        let (word, rest) = word.split_at(word.find(|one: char| !one.is_alphanumeric()).unwrap_or(word.len()));
        let name = match word {
            "T" => "object.spec.t",
            "F" => "object.spec.f",
            "U" => "object.spec.u",
            other => other,
        };
        expression.push_str(name);
        expression.push_str(rest);
    }
    let found = holds(&expression, &[body], &Declaration::default());
    assert_eq!(found.clone().ok(), expected, "{source}: {found:?}");
}

const T: Option<bool> = Some(true);
const F: Option<bool> = Some(false);
const U: Option<bool> = None;

#[test]
fn connectives_have_three_values() {
    for (source, expected) in [
        ("T && T", T),
        ("T && F", F),
        ("F && T", F),
        ("F && F", F),
        ("T && U", U),
        ("U && T", U),
        ("F && U", F),
        ("U && F", F),
        ("U && U", U),
        ("T || T", T),
        ("T || F", T),
        ("F || T", T),
        ("F || F", F),
        ("T || U", T),
        ("U || T", T),
        ("F || U", U),
        ("U || F", U),
        ("U || U", U),
        ("!T", F),
        ("!F", T),
        ("!U", U),
        ("T ? T : F", T),
        ("F ? T : F", F),
        ("T ? U : F", U),
        ("F ? U : F", F),
        ("U ? T : F", U),
        ("U ? T : T", T),
        ("U ? F : F", F),
        ("U ? U : T", U),
    ] {
        check(source, expected);
    }
}

#[test]
fn quantifiers_have_three_values() {
    for (source, expected) in [
        ("object.spec.list.all(x, x)", U),
        ("object.spec.list.exists(x, x)", T),
        ("object.spec.flags.all(x, x)", F),
        ("object.spec.flags.exists(x, x)", U),
        ("object.spec.list.exists_one(x, x)", U),
        ("object.spec.maybe.all(x, x)", U),
        ("object.spec.maybe.exists(x, x)", U),
        ("'a' in object.spec.names", T),
        ("'b' in object.spec.names", U),
        ("object.spec.maybe in ['a']", U),
        ("object.spec.maybe in []", F),
        ("size(object.spec.names) == 2", T),
        ("size(object.spec.maybe) > 0", U),
        ("object.spec.names == ['b', 'c']", F),
        ("object.spec.names == ['a', 'c']", U),
    ] {
        check(source, expected);
    }
}

#[test]
fn what_is_unresolved_is_neither_equal_nor_absent() {
    for (source, expected) in [
        ("object.spec.maybe == 'a'", U),
        ("object.spec.maybe != 'a'", U),
        ("object.spec.maybe.deep == 'a'", U),
        ("object.spec.maybe == object.spec.maybe", U),
        ("has(object.spec.maybe)", U),
        ("has(object.spec.maybe.deep)", U),
        ("has(object.spec.r)", T),
        ("object.spec.r == 'a'", U),
        ("has(object.spec.nothing)", F),
        ("has(object.spec.other)", F),
        ("is_reference(object.spec.r)", T),
        ("is_reference(object.spec.t)", F),
        ("is_reference(object.spec.u)", U),
    ] {
        check(source, expected);
    }
}

#[test]
fn values_that_make_no_sense_are_no_answer() {
    for source in [
        "object.s == 1",
        "object.n != 'a'",
        "!object.s",
        "object.s > 1",
        "object.n in object.words",
        "-object.s",
        "has(object.s.x)",
        "object.n.startsWith('a')",
        "object.list['a'] == 1",
        "object.map[1] == 1",
        "object.s + 1 == 1",
        "object.n ? true : false",
        "object.n / 0 == 1",
        "object.s.all(x, true)",
        "int(object.e) == 1",
    ] {
        check(source, U);
    }
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    let cases = [
        ("object.spec &&", "14: ", "mismatched input"),
        ("objct.spec == 1", "0: ", "there is no variable `objct` (did you mean `object`?)"),
        ("resource.kinds == 'a'", "9: ", "`resource` has no `kinds` (did you mean `kind`?)"),
        ("'a' in declaration.registry", "19: ", "no list `registry`"),
        ("'a' in declaration", "1: ", "the declaration has no list `a`"),
        (
            "true && cidr_is_word('a')",
            "8: ",
            "there is no function `cidr_is_word` (did you mean `cidr_is_world`?)",
        ),
        ("flag(object.a, object.b)", "0: ", "`flag` takes 1 values, and not 2"),
        ("object.a.matches(object.b)", "9: ", "must be written as a text"),
        ("declaration == 1", "0: ", "used by one of its keys"),
    ];
    for (source, at, message) in cases {
        let flaws = Program::compile(source).unwrap_err();
        let shown: Vec<_> = flaws.iter().map(|(offset, why)| format!("{offset}: {why}")).collect();
        assert!(shown.iter().any(|one| one.starts_with(at) && one.contains(message)), "{source}: {shown:?}");
    }
}

#[test]
fn a_broken_pattern_is_a_flaw() {
    use crate::policy::Condition;
    let program = Program::compile("object.s.matches('(a')").unwrap();
    let flaws = program.flaws();
    assert_eq!(flaws.len(), 1);
    assert_eq!(flaws[0].0, 18);
    assert!(flaws[0].1.starts_with("`(a` is not a regular expression: "), "{flaws:?}");
}

/// Comparing, listing and copying cost what they are long, so that no policy takes longer than others.
#[test]
fn work_on_long_values_is_counted() {
    let list: Vec<i64> = (0..2_000).collect();
    let map: serde_json::Map<_, _> = (0..2_000).map(|one| (format!("k{one}"), json!(one))).collect();
    let body = json!({
        "apiVersion": "v1", "kind": "Thing", "metadata": {"name": "thing"},
        "list": list, "map": map, "text": "x".repeat(100_000), "maybe": {"$unresolved": "P"}
    });
    let doubled = (0..48).fold("[object.text]".to_owned(), |list, _| format!("{list}.map(a, a + a)"));
    for source in [
        "object.list.all(x, !(-1 in object.list))",
        "object.list.all(x, object.list == object.list)",
        "object.list.all(x, object.map == object.map)",
        "object.list.all(x, object.map.exists(k, true))",
        "object.list.all(x, has(object.map.k1999) && 'k1999' in object.map && object.map['k1999'] > 0 \
            && has(object.map.k1998) && 'k1998' in object.map && object.map['k1998'] > 0 \
            && has(object.map.k1997) && 'k1997' in object.map && object.map['k1997'] > 0)",
        "object.list.all(x, size(object.list + object.list) > 0)",
        "object.list.all(x, object.text == object.text)",
        "object.list.all(x, object.text.contains('y') || size(object.text) > 0)",
        "object.list.all(x, object.text.matches('x$'))",
        &format!("size({doubled}) == 1"),
    ] {
        let why = holds(source, std::slice::from_ref(&body), &Declaration::default()).unwrap_err();
        assert!(why.iter().any(|one| one.contains("too many steps")), "{source}: {why:?}");
    }
    for (source, expected) in [
        ("1999 in object.list && object.list == object.list", true),
        ("object.map == object.map && object.map != {}", true),
        ("object.map.exists(k, k == 'k1999') && size(object.list + object.list) == 4000", true),
        ("{'a': 1, 'b': 2} == {'b': 2, 'a': 1}", true),
        ("{'a': 1, 'b': 2} == {'b': 1, 'a': 2}", false),
        ("{'a': object.maybe} == {'b': 1}", false),
    ] {
        let found = holds(source, std::slice::from_ref(&body), &Declaration::default());
        assert_eq!(found, Ok(expected), "{source}");
    }
}

/// What would resolve a doubt is told, but not thousands of times.
#[test]
fn doubts_have_a_bound() {
    let maybe: Vec<_> = (0..5_000).map(|one| json!({"$unresolved": format!("P{one}")})).collect();
    let body = json!({"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "thing"}, "list": maybe});
    for source in ["object.list.all(x, x)", "'a' in object.list", "object.list == object.list"] {
        let why = holds(source, std::slice::from_ref(&body), &Declaration::default()).unwrap_err();
        assert_eq!(why.len(), 64, "{source}");
    }
}
