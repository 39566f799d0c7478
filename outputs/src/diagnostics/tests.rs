//! Diagnostics as they are printed on stderr.

use insta::assert_snapshot;
use ringfence_model::Location;

use super::*;
use crate::fixture::{Fixture, written};

fn printed(fixture: &Fixture, verbose: bool) -> String {
    let sources = fixture.estate.sources();
    written(|out| write(out, sources, &fixture.diagnostics, Look::plain(), verbose))
}

#[test]
fn one_line_each_and_the_worst_first() {
    assert_snapshot!(printed(&Fixture::payments(), false), @r"
charts/pay/Chart.yaml:1:1: error: Helm chart is not rendered
  help: run `helm template` on its folder and check what it prints
cde/tokenizer.yaml:11:11: warning: key `image` is given twice (first here: cde/tokenizer.yaml:4:3)
note: 3 resources of type `aws_x` are kept without mapping
");
}

#[test]
fn ten_thousand_of_a_kind_do_not_flood() {
    let mut files = Vec::new();
    for index in 0..10_000 {
        files.push((format!("f{index:05}.yaml"), "x"));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let (mut fixture, ids) = Fixture::new(&files, &[]);
    let broken = |file: &ringfence_model::FileId| {
        Diagnostic::error("broken", "the document ends too soon")
            .at(Location::start_of(*file))
            .help("complete it")
    };
    // In any order; the first places are shown.
    fixture.diagnostics = ids.iter().rev().map(broken).collect();
    fixture.diagnostics.push(Diagnostic::note("count", "one note"));
    assert_snapshot!(printed(&fixture, false), @r"
f00000.yaml:1:1: error: the document ends too soon
  help: complete it
f00001.yaml:1:1: error: the document ends too soon
f00002.yaml:1:1: error: the document ends too soon
f00003.yaml:1:1: error: the document ends too soon
f00004.yaml:1:1: error: the document ends too soon
… and 9,995 more like it (broken)
note: one note
");
    assert_eq!(printed(&fixture, true).matches("error[broken]").count(), SHOWN_VERBOSE);
}
