//! Every error with its line, message and help.

use super::Read;

/// Each line that ends in `#! message; help` must be told exactly that, and no other line anything.
#[track_caller]
fn check(fixture: &str) {
    let expected: Vec<String> = fixture
        .lines()
        .enumerate()
        .flat_map(|(index, line)| {
            let marks = line.split("#! ").skip(1).map(str::trim);
            marks.map(move |mark| format!("{}: {mark}", index + 1)).collect::<Vec<_>>()
        })
        .collect();
    assert!(!expected.is_empty(), "the fixture expects nothing");
    let mut told = Read::new(fixture).told();
    // References are told after shapes; within a line the order told holds.
    told.sort_by_key(|line| line.split(':').next().and_then(|number| number.parse::<usize>().ok()));
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    assert!(told == expected, "told:\n{}\nexpected:\n{}", told.join("\n"), expected.join("\n"));
}

#[test]
fn unknown_keys_are_suggested() {
    check(include_str!("errors/unknown-keys.yaml"));
}

#[test]
fn wrong_types_are_named() {
    check(include_str!("errors/wrong-types.yaml"));
}

#[test]
fn unknown_words_list_what_is_allowed() {
    check(include_str!("errors/unknown-words.yaml"));
}

#[test]
fn texts_have_their_form() {
    check(include_str!("errors/forms.yaml"));
}

#[test]
fn what_is_missing_or_said_twice_is_named() {
    check(include_str!("errors/missing.yaml"));
}

#[test]
fn references_lead_somewhere() {
    check(include_str!("errors/references.yaml"));
}

#[test]
fn a_version_that_is_not_known_is_refused() {
    check(
        "schema: ringfence.declaration/2   #! `schema` is `ringfence.declaration/2`, not a version that is known; write `schema: ringfence.declaration/1`",
    );
    check(
        "entity: merchant   #! a declaration has no `schema`; write `schema`: the version of this language",
    );
}

#[test]
fn what_is_no_map_is_refused() {
    for text in ["- a", "a", "1", "null"] {
        assert_eq!(Read::new(text).diagnostics.len(), 1, "{text}");
    }
}

#[test]
fn no_card_number_is_told() {
    let read = Read::new(
        "schema: ringfence.declaration/1\n4111111111111111: x\naccounts: [{id: \"4111111111111111\"}]\n",
    );
    let told = read.told().join("\n");
    assert_eq!(read.diagnostics.len(), 2);
    assert!(told.contains("************1111") && !told.contains("41111"), "{told}");
}

#[test]
fn a_flood_of_errors_is_bounded() {
    let keys: String = (0..100_000).map(|index| format!("k{index}: 1\n")).collect();
    let read = Read::new(&format!("schema: ringfence.declaration/1\n{keys}"));
    assert_eq!(read.diagnostics.len(), 201);
    assert_eq!(read.diagnostics[200].message, "99800 more errors are not shown");
}
