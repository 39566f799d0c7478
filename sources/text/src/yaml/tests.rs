//! Bounds, and which reader reads what.

use ringfence_model::{Diagnostic, Node, Sources};

use crate::Budget;
use crate::tree::Tree;

fn read(text: &str, budget: &Budget) -> (Vec<Node>, Vec<Diagnostic>) {
    crate::yaml(Sources::default().add("x.yaml", ""), text, budget)
}

/// The codes of the diagnostics, and where the first one starts.
#[track_caller]
fn check(text: &str, budget: Budget, documents: usize, expected: &[(&str, u32)]) {
    let (nodes, diagnostics) = read(text, &budget);
    let found: Vec<(&str, u32)> =
        diagnostics.iter().map(|found| (found.code, found.location.unwrap().start)).collect();
    assert_eq!(found, expected);
    assert_eq!(nodes.len(), documents);
}

#[test]
fn depth_is_bounded_in_every_style() {
    let budget = Budget::default();
    check(&format!("{}x", "- ".repeat(10_000)), budget, 0, &[("too-deep", 1024)]);
    check(&"[".repeat(10_000), budget, 0, &[("too-deep", 255)]);
    check(&"{a: ".repeat(10_000), budget, 0, &[("too-deep", 1020)]);
    check(&"? ".repeat(10_000), budget, 0, &[("too-deep", 1024)]);
    let steps: String = (0..600).map(|depth| format!("{:depth$}a:\n", "")).collect();
    check(&steps, budget, 0, &[("too-deep", 132_864)]);
    check("a: [[1]]\n---\nb: [[[1]]]\n", Budget { depth: 3, ..budget }, 1, &[("too-deep", 18)]);
}

#[test]
fn aliases_count_for_the_depth() {
    let budget = Budget { depth: 4, ..Budget::default() };
    check("a: &a [[1]]\nb: [*a]\n", budget, 1, &[]);
    check("a: &a [[1]]\nb: [[*a]]\n", budget, 0, &[("too-deep", 17)]);
    check("a: &a !t 1\nb: [[[*a]]]\n", budget, 0, &[("too-deep", 17)]);
}

#[test]
fn aliases_copy_so_much_and_no_more() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..60 {
        let before = format!("*a{}, ", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", before.repeat(9));
    }
    let (nodes, diagnostics) = read(&format!("{bomb}---\nnext: 1\n"), &Budget::default());
    assert_eq!(nodes.len(), 1);
    assert_eq!(diagnostics.iter().map(|found| found.code).collect::<Vec<_>>(), ["too-many-aliases"]);
    // Long texts count for more.
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(64_000), "*a, ".repeat(100));
    check(&long, Budget { copies: 50_000, ..Budget::default() }, 0, &[("too-many-aliases", 64_203)]);
    let keys = format!("a: &a {}\n{}", "x".repeat(64_000), "*a : b\n".repeat(100));
    check(&keys, Budget { copies: 50_000, ..Budget::default() }, 0, &[("too-many-aliases", 64_343)]);
}

#[test]
fn size_values_and_diagnostics_are_bounded() {
    let budget = Budget::default();
    check("a: 1\n", Budget { size: 4, ..budget }, 0, &[("too-large", 0)]);
    check("[1, 2, 3]\n", Budget { nodes: 3, ..budget }, 0, &[("too-large", 7)]);
    check("a: 1\n---\nb: 2\n", Budget { nodes: 3, ..budget }, 1, &[("too-large", 12)]);
    let expected = [("duplicate-key", 15), ("duplicate-key", 15), ("more-diagnostics", 0)];
    check("a: 1\na: 2\na: 3\na: 4\n", Budget { diagnostics: 2, ..budget }, 1, &expected);
}

#[test]
fn what_the_parser_keeps_is_bounded() {
    let list = format!("- [{}]\n", "a, ".repeat(600_000));
    let (nodes, diagnostics) = read(&list, &Budget::default());
    assert!(nodes.is_empty());
    assert_eq!(diagnostics.iter().map(|found| found.code).collect::<Vec<_>>(), ["too-large"]);
    // Not where brackets cannot be a key, nor in JSON.
    check(&format!("a: [{}]\n", "a, ".repeat(600_000)), Budget::default(), 1, &[]);
}

#[test]
fn long_lines_and_many_names_are_read() {
    let long = "x".repeat(4 << 20);
    check(&format!("a: {long}\nb: \"{long}\"\nc: '{long} '' {long}'\n"), Budget::default(), 1, &[]);
    let names: String = (0..20_000).map(|name| format!("k{name}: &a{name} v\nl{name}: *a{name}\n")).collect();
    check(&names, Budget::default(), 1, &[]);
    let twice: String = (0..20_000).map(|name| format!("k{}: v\n", name % 10_000)).collect();
    let (nodes, diagnostics) = read(&twice, &Budget::default());
    assert_eq!(nodes.iter().map(|node| node.entries().len()).sum::<usize>(), 10_000);
    assert_eq!(diagnostics.len(), 257);
}

/// Whether the fast reader takes a document.
#[test]
fn the_usual_form_is_read_fast() {
    let usual = [
        "a: b\n",
        "---\na: \"b\"\nc:\n- d: 'e' # f\n  g: [h, {i: j}]\n",
        "a:\n  - b\n  -  - c\n     - d\nk:\n",
        "a: |\n  b\n\n   c\nd: |-\n  e\nf: |+\n  g\n\n",
        "a: !Ref b\nc: !Join\n  - ''\n  - [!Ref d, !Sub \"e\"]\n",
        "a: 1\r\nb: 2\r\n",
        "# c\n\n",
    ];
    let unusual = [
        "a: &b c\n",
        "a: *b\n",
        "<<: {a: b}\n",
        "a: b\n  c\n",
        "a: \"b\n  c\"\n",
        "a: >\n  b\n",
        "? a\n",
        "a\n",
        "a: b: c\n",
        "%YAML 1.1\n---\na: b\n",
        "a:\tb\n",
        "- !!str 1\n",
        "a: \"\\u00e9\"\n",
        "a: [b,\n  c]\n",
        "\u{feff}a: b\n",
        "a: |2\n  b\n",
    ];
    for (texts, expected) in [(&usual[..], true), (&unusual[..], false)] {
        for text in texts {
            let mut tree = Tree::new(Sources::default().add("x", ""), Budget::default());
            assert_eq!(super::usual::document(&mut tree, text, 0).is_some(), expected, "{text:?}");
        }
    }
}
