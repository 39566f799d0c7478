//! Excerpts as they are printed.

use insta::assert_snapshot;
use proptest::prelude::*;
use ringfence_model::{Missing, Severity};

use super::*;
use crate::fixture::{Fixture, TOKENIZER, fail};

fn fixture(text: &str) -> (Fixture, FileId) {
    let (fixture, files) = Fixture::new(&[("a.yaml", text)], &[]);
    (fixture, files[0])
}

/// The excerpt of a fail at each of `needles`.
fn excerpt(text: &str, needles: &[&str]) -> String {
    let (fixture, file) = fixture(text);
    let places = needles.iter().map(|needle| fixture.at(file, needle)).collect();
    let one = fail("WL01", Severity::Medium, "a", places);
    finding(fixture.estate.sources(), &one, Look::plain())
}

#[test]
fn a_finding_shows_its_line_and_its_fix() {
    assert_snapshot!(excerpt(TOKENIZER, &["privileged: yes"]), @r"
medium[WL01]: cde/a[Deployment]: container `app` is privileged
  --> a.yaml:13:13
   |
11 |           image: registry.example.com/tokenizer:1
12 |           securityContext:
13 |             privileged: yes
   |             ^^^^^^^^^^^^^^^
   |
   = help: Remove `privileged: true`, and add the one capability that is needed.
");
}

#[test]
fn places_near_each_other_share_a_block() {
    assert_snapshot!(excerpt(TOKENIZER, &["privileged: yes", "securityContext:", "name: tokenizer"]), @r"
medium[WL01]: cde/a[Deployment]: container `app` is privileged
  --> a.yaml:13:13
   |
10 |         - name: app
11 |           image: registry.example.com/tokenizer:1
12 |           securityContext:
   |           ----------------
13 |             privileged: yes
   |             ^^^^^^^^^^^^^^^
   |
  ::: a.yaml:4:3
   |
 2 | kind: Deployment
 3 | metadata:
 4 |   name: tokenizer
   |   ---------------
 5 |   namespace: cde
   |
   = help: Remove `privileged: true`, and add the one capability that is needed.
");
}

#[test]
fn blocks_that_touch_become_one() {
    let text = "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\n";
    assert_snapshot!(excerpt(text, &["a: 1", "e: 5"]), @r"
medium[WL01]: cde/a[Deployment]: container `app` is privileged
 --> a.yaml:1:1
  |
1 | a: 1
  | ^^^^
2 | b: 2
3 | c: 3
4 | d: 4
5 | e: 5
  | ----
  |
  = help: Remove `privileged: true`, and add the one capability that is needed.
");
    let long = format!("first: {0}\nsecond: {0}\n", "x".repeat(200));
    assert_eq!(excerpt(&long, &["first", "second"]).matches("a.yaml:").count(), 2);
}

#[test]
fn an_unknown_says_what_would_tell() {
    let (fixture, file) = fixture("image: app:1\n");
    let mut one = fail("WL11", Severity::Medium, "a", vec![fixture.at(file, "image")]);
    one.verdict = Verdict::Unknown;
    one.reasons = vec![Reason::new("the image is `app:1`", Some(fixture.at(file, "app:1")))];
    one.missing = vec![Missing { remedy: "`registries:`".into(), why: "the key is absent".into() }];
    assert_snapshot!(finding(fixture.estate.sources(), &one, Look::plain()), @r"
unknown[WL11]: cde/a[Deployment]: container `app` is privileged
 --> a.yaml:1:1
  |
1 | image: app:1
  | ^^^^^
  |
  = note: the image is `app:1` (a.yaml:1:8)
  = note: the key is absent
  = help: `registries:` would tell
");
}

#[test]
fn of_several_lines_the_first_is_marked() {
    assert_snapshot!(excerpt("a: |\n  one\n  two\nb: 1\n", &["a: |\n  one\n  two\n"]), @r"
medium[WL01]: cde/a[Deployment]: container `app` is privileged
 --> a.yaml:1:1
  |
1 | a: |
  | ^^^^
2 |   one
  |
  = help: Remove `privileged: true`, and add the one capability that is needed.
");
}

#[test]
fn line_ends_and_control_characters_are_tame() {
    assert_snapshot!(excerpt("a: 1\r\n\tb: \u{1b}[31mred\u{202e}\r\nc: 3\r\n", &["b: \u{1b}[31mred"]), @r"
medium[WL01]: cde/a[Deployment]: container `app` is privileged
 --> a.yaml:2:2
  |
1 | a: 1
2 | →b: ␛[31mred�
  |  ^^^^^^^^^^^
3 | c: 3
  |
  = help: Remove `privileged: true`, and add the one capability that is needed.
");
}

#[test]
fn odd_file_names_stay_on_one_line() {
    let (fixture, files) = Fixture::new(&[("a \"b\"\n\u{1b}[2J\u{fffd}.yaml", "x: 1\n")], &[]);
    let one = fail("WL01", Severity::Low, "a", vec![fixture.at(files[0], "x")]);
    assert_snapshot!(finding(fixture.estate.sources(), &one, Look::plain()), @r#"
low[WL01]: cde/a[Deployment]: container `app` is privileged
 --> a "b"␊␛[2J�.yaml:1:1
  |
1 | x: 1
  | ^
  |
  = help: Remove `privileged: true`, and add the one capability that is needed.
"#);
}

#[test]
fn a_file_that_was_not_read_is_still_named() {
    let (fixture, files) = Fixture::new(&[("gone.yaml", "")], &[]);
    let gone = Diagnostic::error("unread", "the file cannot be read: permission denied")
        .at(Location::start_of(files[0]))
        .help("allow reading it, or leave it out with --exclude");
    assert_snapshot!(diagnostic(fixture.estate.sources(), &gone, Look::plain()), @r"
error[unread]: the file cannot be read: permission denied
--> gone.yaml:1:1
 = help: allow reading it, or leave it out with --exclude
");
}

#[test]
fn a_diagnostic_shows_both_places() {
    let fixture = Fixture::payments();
    assert_snapshot!(diagnostic(fixture.estate.sources(), &fixture.diagnostics[2], Look::plain()), @r"
warning[duplicate-key]: key `image` is given twice
  --> cde/tokenizer.yaml:11:11
   |
 9 |       containers:
10 |         - name: app
11 |           image: registry.example.com/tokenizer:1
   |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
12 |           securityContext:
   |
  ::: cde/tokenizer.yaml:4:3
   |
 2 | kind: Deployment
 3 | metadata:
 4 |   name: tokenizer
   |   --------------- first here
 5 |   namespace: cde
   |
");
}

#[test]
fn columns_are_those_of_the_file() {
    let line = format!("{{{}\"ärger\":true,{}}}", "\"ß\":1,".repeat(500), "\"x\":1,".repeat(500));
    let text = excerpt(&line, &["\"ärger\":true"]);
    assert!(text.contains("--> a.yaml:1:3002\n"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn no_window_is_wider_than_160_columns() {
    let (fixture, file) = fixture(&"x".repeat(1_000));
    let place = Location::new(file, 500, 501);
    let one = fail("WL01", Severity::Low, "a", vec![place]);
    let wide = Look { colour: false, width: 10_000 };
    let text = finding(fixture.estate.sources(), &one, wide);
    let longest = text.lines().map(|line| line.chars().filter(|one| *one == 'x').count()).max();
    assert_eq!(longest, Some(158), "{text}");
}

#[test]
fn a_line_of_a_hundred_megabytes_is_not_copied() {
    let (fixture, file) = fixture(&format!("{}\"bad\":1}}", "\"good\":0,".repeat(11_000_000)));
    let place = fixture.at(file, "\"bad\":1");
    let one = fail("WL01", Severity::Low, "a", vec![place]);
    let text = finding(fixture.estate.sources(), &one, Look::plain());
    assert!(text.contains("a.yaml:1:99000001") && text.len() < 1_000, "{text}");
}

#[test]
fn places_beyond_a_handful_are_named_only() {
    let (fixture, file) = fixture(&"key: value\n\n\n\n\n\n\n".repeat(9));
    let places = (0..9).map(|index| Location::new(file, index * 17, index * 17 + 3)).collect();
    let text = finding(fixture.estate.sources(), &fail("WL01", Severity::Low, "a", places), Look::plain());
    assert_eq!(text.matches("key: value").count(), PLACES, "{text}");
    assert!(text.contains("= note: also at a.yaml:57:1\n"), "{text}");
}

proptest! {
    #[test]
    fn no_text_and_no_place_breaks_an_excerpt(
        text in "(\\PC|[\\x00-\\x1f\u{202e}\u{fdd0}]|\n|\r\n|é|鍵|e\u{301}|4111111111111111){0,60}",
        spans in prop::collection::vec((0usize..150, 0usize..40), 1..8),
        width in 0usize..300,
        colour in any::<bool>(),
    ) {
        let (fixture, file) = fixture(&text);
        let places = spans.iter().map(|(start, length)| Location::new(file, *start, start + length)).collect();
        let one = fail("WL01", Severity::High, "a", places);
        let shown = finding(fixture.estate.sources(), &one, Look { colour, width });
        let is_tame = |one: char| one == '\n' || (colour && one == '\u{1b}') || shown::visible(one) == one;
        prop_assert!(shown.chars().all(is_tame), "{shown:?}");
        prop_assert!(!shown.contains("41111"), "{shown}");
    }
}
