//! What holds for every input: seeded, and the same bodies as the fuzz target.

use std::sync::OnceLock;

use proptest::prelude::*;
use ringfence_cloudformation::{Inputs, Template, property, read};
use ringfence_model::{Cause, FileId, Key, Location, Map, Node, Sources, Value};

fn file() -> FileId {
    static FILE: OnceLock<FileId> = OnceLock::new();
    *FILE.get_or_init(|| Sources::default().add("t", ""))
}

/// Words that mean something somewhere in a template, so that random trees get past the door.
const WORDS: &[&str] = &[
    "Resources",
    "Parameters",
    "Conditions",
    "Mappings",
    "Outputs",
    "Transform",
    "Type",
    "Properties",
    "Condition",
    "Default",
    "NoEcho",
    "Export",
    "Name",
    "Value",
    "Ref",
    "Fn::GetAtt",
    "Fn::Sub",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::FindInMap",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Length",
    "Fn::Equals",
    "Fn::And",
    "Fn::Or",
    "Fn::Not",
    "Fn::ToJsonString",
    "Fn::Transform",
    "Fn::ForEach::L",
    "!Ref",
    "!Sub",
    "!If",
    "!GetAtt",
    "!Nope",
    "AWS::NoValue",
    "AWS::Region",
    "AWS::SQS::QueuePolicy",
    "Queues",
    "PolicyDocument",
    "A",
    "B",
    "A.Arn",
    "${A}",
    "${B.Arn}-${!A}",
    "&{A}",
    "{\"Statement\": []}",
    "{{resolve:ssm:a}}",
    "String",
    "CommaDelimitedList",
    "1",
    "",
    "10.0.0.0/16",
    "DefaultValue",
    "${",
];

const FIXTURES: &[&str] = &[
    include_str!("../templates/conditions/app.yaml"),
    include_str!("../templates/cycles/cycles.yaml"),
    include_str!("../templates/imports/network.yaml"),
    include_str!("../templates/loops/loops.yaml"),
    include_str!("../templates/macros/serverless.yaml"),
    include_str!("../templates/network/network.yaml"),
    include_str!("../templates/policies/policies.yaml"),
    include_str!("../templates/references/names.yaml"),
];

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(WORDS)
}

fn tree() -> impl Strategy<Value = Node> {
    let node = |value: Value| Node::explicit(value, Location::new(file(), 0, 1));
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => (-3_i64..300).prop_map(Value::Int),
        1 => any::<f64>().prop_map(Value::Float),
        6 => word().prop_map(Value::from),
        1 => Just(Node::unresolved(Cause::Unrendered, None, ringfence_model::Origin::derived("t", None)).value),
    ];
    leaf.prop_map(node).prop_recursive(7, 80, 5, move |inner| {
        let entries = prop::collection::btree_map(word(), inner.clone(), 1..4);
        let map = |entries: std::collections::BTreeMap<&str, Node>| {
            entries.into_iter().map(|(key, node)| (Key::from(key), node)).collect::<Map>()
        };
        prop_oneof![
            1 => prop::collection::vec(inner, 0..5).prop_map(move |items| node(items.into())),
            2 => entries.prop_map(move |entries| node(map(entries).into())),
        ]
    })
}

fn map(entries: Vec<(&str, Node)>) -> Node {
    let entries = entries.into_iter().map(|(key, node)| (Key::from(key), node)).collect::<Map>();
    Node::explicit(entries, Location::new(file(), 0, 1))
}

/// A template around random parts, so that what is evaluated is reached.
fn template() -> impl Strategy<Value = Node> {
    let resource = |body: Node| {
        let kind = Node::explicit("AWS::SQS::QueuePolicy", Location::new(file(), 2, 3));
        map(vec![("Type", kind), ("Properties", body)])
    };
    (tree(), tree(), tree(), tree(), tree()).prop_map(move |(a, b, condition, loops, output)| {
        let resources = map(vec![("A", resource(a)), ("B", resource(b)), ("Fn::ForEach::L", loops)]);
        let conditions = map(vec![("A", condition.clone()), ("B", condition)]);
        let outputs = map(vec![("A", output)]);
        map(vec![("Conditions", conditions), ("Resources", resources), ("Outputs", outputs)])
    })
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 250,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_tree_panics_and_none_reads_twice_differently(tree in tree()) {
        property::trees(&[tree]);
    }

    #[test]
    fn no_template_panics_and_none_reads_twice_differently(one in template(), other in template()) {
        property::trees(&[one, other]);
    }

    #[test]
    fn no_text_panics(text in "[-{}\\[\\]!&*:,'\" \nA-Ca-cRef$]{0,200}") {
        property::text(&text);
        property::text(&format!("Resources:\n  A:\n    Type: A::B\n    Properties: {text}"));
    }

    /// Real templates with lines left out, swapped or torn.
    #[test]
    fn no_damaged_template_panics(at in 0..FIXTURES.len(), cuts in prop::collection::vec((0..400_usize, 0..400_usize, 0..4_u8), 1..6)) {
        let mut lines: Vec<String> = FIXTURES[at].lines().map(str::to_owned).collect();
        for (one, other, how) in cuts {
            let (one, other) = (one % lines.len(), other % lines.len());
            match how {
                0 => lines.swap(one, other),
                1 => lines[one] = lines[other].clone(),
                2 => lines[one] = lines[one].replace([':', '['], " "),
                _ => lines[one] = lines[one].chars().take(other / 4).collect(),
            }
        }
        property::text(&lines.join("\n"));
    }

    /// Nothing that is a function survives evaluation: a control must never take one for a value.
    #[test]
    fn no_function_is_left_over(template in template()) {
        let templates = vec![Template { stack: "s".into(), path: "".into(), document: template, account: None, region: None }];
        let (resources, _) = read(templates, &Inputs::default());
        prop_assert!(resources.iter().all(|resource| is_plain(&resource.body)), "{resources:?}");
    }
}

fn is_plain(node: &Node) -> bool {
    match node.entries() {
        [entry] if entry.key.starts_with("Fn::") || entry.key.starts_with('!') || &*entry.key == "Ref" => {
            false
        }
        entries => entries.iter().all(|entry| is_plain(&entry.node)) && node.items().iter().all(is_plain),
    }
}

#[track_caller]
fn check_bounded(text: &str) {
    let sources = &mut Sources::default();
    let file = sources.add("t", text);
    let (documents, wrong) = ringfence_text::read(file, text, &ringfence_text::Budget::default());
    assert!(wrong.is_empty(), "{wrong:?}");
    let templates = documents
        .into_iter()
        .map(|document| Template {
            stack: "s".into(),
            path: "".into(),
            document,
            account: None,
            region: None,
        })
        .collect();
    let (resources, diagnostics) = read(templates, &Inputs::default());
    let codes: Vec<_> = diagnostics.iter().map(|one| one.code).collect();
    assert!(
        codes.contains(&"template-bound"),
        "{:.100} {:?}",
        text,
        codes.iter().take(9).collect::<Vec<_>>()
    );
    assert!(diagnostics.iter().all(|one| one.location.is_some()), "{diagnostics:?}");
    assert!(resources.iter().any(|one| one.name == "Good"), "the rest is still read");
}

const GOOD: &str = "Resources:\n  Good: {Type: AWS::S3::Bucket}\n";

#[test]
fn a_sub_that_doubles_thirty_times_is_bounded() {
    let mut expression = "x".to_owned();
    for _ in 0..30 {
        expression = format!("!Sub ['${{a}}${{a}}', {{a: {expression}}}]");
    }
    check_bounded(&format!("{GOOD}  Bomb: {{Type: A::B::C, Properties: {{V: {expression}}}}}\n"));
}

#[test]
fn loops_in_loops_are_bounded() {
    let list: Vec<String> = (0..60).map(|one| one.to_string()).collect();
    let list = format!("['{}']", list.join("', '"));
    let mut body = "{'K${A}${B}${C}${D}': {Type: A::B::C}}".to_owned();
    for name in ["A", "B", "C", "D"] {
        body = format!("{{'Fn::ForEach::L{name}': [{name}, {list}, {body}]}}");
    }
    check_bounded(&format!(
        "{GOOD}  {}\n",
        body.strip_prefix('{').and_then(|body| body.strip_suffix('}')).unwrap()
    ));
}

#[test]
fn a_long_chain_of_conditions_is_bounded() {
    let chain: String = (0..5_000).map(|one| format!("  C{one}: !Not [!Condition C{}]\n", one + 1)).collect();
    check_bounded(&format!("Conditions:\n{chain}{GOOD}  Late: {{Type: A::B::C, Condition: C0}}\n"));
}

#[test]
fn deep_nesting_is_bounded() {
    let check = |times: usize, open: &str, close: &str| {
        let value = format!("{}1{}", open.repeat(times), close.repeat(times));
        let deep = format!(r#""Deep": {{"Type": "A::B::C", "Properties": {{"V": {value}}}}}"#);
        check_bounded(&format!(r#"{{"Resources": {{"Good": {{"Type": "AWS::S3::Bucket"}}, {deep}}}}}"#));
    };
    check(240, r#"[{"a": "#, "}]");
    check(160, r#"{"Fn::Join": ["", ["#, "]]}");
    check(240, r#"{"Fn::If": [{"Fn::Equals": [1, 1]}, "#, ", 2]}");
    check(160, r#"{"Fn::Select": [0, ["#, "]]}");
    check(240, r#"{"Fn::ForEach::L": ["X", ["a"], "#, "]}");
}

#[test]
fn a_list_copied_many_times_is_bounded() {
    let list = vec!["1"; 5_000].join(",");
    let copies: String = (0..1_000)
        .map(|one| format!("  R{one}: {{Type: A::B::C, Properties: {{V: !Ref List}}}}\n"))
        .collect();
    let parameters = format!("Parameters:\n  List: {{Type: CommaDelimitedList, Default: '{list}'}}\n");
    check_bounded(&format!("{parameters}{GOOD}{copies}"));
}
