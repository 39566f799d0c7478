//! Mistakes of a user's control are found, located, and cost only that control.

use ringfence_model::{Diagnostic, FileId, Sources};

use crate::Catalogue;

const GOOD: &str = "\
---
id: MY01
title: Label missing
severity: low
kinds: [Pod]
message: \"`{resource.name}` has no label\"
---
# Label missing

## Fix
Add one. Or two.

## Policy
```cel
has(object.metadata.labels)
```
";

fn add(text: &str) -> (Catalogue, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    let file: FileId = sources.add("own/label-missing.md", text);
    let mut catalogue = Catalogue::built_in();
    let diagnostics = catalogue.add(file, "own/label-missing.md", text);
    (catalogue, diagnostics, sources)
}

#[test]
fn a_good_control_is_added() {
    let (catalogue, diagnostics, _) = add(GOOD);
    assert_eq!(diagnostics, []);
    let control = catalogue.control("MY01").unwrap();
    assert_eq!((&**control.name(), &**control.chapter(), &**control.row()), ("label-missing", "own", "MY01"));
    assert_eq!(&**control.remedy(), "Add one");
    assert_eq!(catalogue.called("label-missing").len(), 1);
}

/// Replaces `from` by `to`, and expects `line:column: message`.
#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    assert!(GOOD.contains(from), "{from}");
    let before = Catalogue::built_in().controls().len();
    let (catalogue, diagnostics, sources) = add(&GOOD.replacen(from, to, 1));
    assert_eq!(catalogue.controls().len(), before, "{to} was added");
    let shown: Vec<String> = diagnostics
        .iter()
        .map(|one| {
            let position = sources.position(one.location.unwrap());
            assert_eq!(&*position.file, "own/label-missing.md");
            format!("{}:{}: {}", position.line, position.column, one.message)
        })
        .collect();
    assert!(shown.iter().any(|one| one == expected), "{to}: {shown:#?}");
}

#[test]
fn mistakes_of_the_front_matter_are_located() {
    let read = "control `own/label-missing.md` cannot be read: ";
    let check = |from, to, at: &str, message: &str| check(from, to, &format!("{at}: {read}{message}"));
    check("severity: low", "severty: low", "4:1", "there is no key `severty` (did you mean `severity`?)");
    check("severity: low", "severty: low", "2:1", "`severity` is missing");
    check("severity: low", "severity: bad", "4:11", "`bad` is no severity");
    check("id: MY01", "id: WL01", "1:1", "there is a control `WL01` already: Privileged container");
    check("id: MY01", "id: MY01.2\nrow: MY02", "3:6", "the row of this id is `MY01`");
    check("kinds: [Pod]", "kinds: [Pod]\nkinds: [Job]", "6:1", "`kinds` is given twice");
    check("kinds: [Pod]", "kinds: {a: b}", "5:8", "`kinds` is not a list of texts");
    check("kinds: [Pod]", "kinds: [Flow]", "5:8", "only an engine can judge `Flow`");
    check("kinds: [Pod]", "kinds: [Pod]\neach: a..b", "6:7", "`each` is not a path");
    check(
        "kinds: [Pod]",
        "kinds: [Pod]\nneeds: [registry]",
        "6:8",
        "`needs` does not know `registry` (did you mean `register`?)",
    );
    check("kinds: [Pod]", "kinds: [Pod]\nstages: [run]", "6:9", "`stages` does not know `run`");
    check("{resource.name}", "{thing.name}", "6:10", "`{thing.name}` in the message means nothing");
    check("# Label missing", "# Labels", "8:1", "the heading is not the title `Label missing`");
    check("---\nid: MY01", "id: MY01", "1:1", "the file has no front matter");
    check("label\"\n---", "label\"\n", "1:1", "the front matter does not end");
    check("## Fix", "## Fixes", "10:1", "there is no section `Fixes`");
    check("## Policy", "## Examples", "7:1", "the control has no policy");
    check("```cel", "```rego", "14:4", "a policy is not written in `rego`");
    check(
        "kinds: [Pod]",
        "kinds: *all",
        "5:8",
        "the front matter is not YAML: while parsing node, found unknown anchor",
    );
}

#[test]
fn mistakes_of_the_policy_are_located() {
    let own = "control `MY01`: ";
    let check = |from, to, at: &str, message: &str| check(from, to, &format!("{at}: {own}{message}"));
    check(
        "object.metadata",
        "objct.metadata",
        "15:5",
        "there is no variable `objct` (did you mean `object`?)",
    );
    check(
        "has(object.metadata.labels)",
        "true &&\n  nothing(object)",
        "16:3",
        "there is no function `nothing`",
    );
    check("kinds: [Pod]", "kinds: [Pod]\nwhen: \"oops\"", "6:7", "`when`: there is no variable `oops`");
    check(
        "has(object.metadata.labels)",
        "object.kind.matches('a(')",
        "15:22",
        "`a(` is not a regular expression: unclosed group",
    );
    check(
        "labels)\n",
        "labels)\n```\n\n## Examples\n```yaml kubernetes maybe\na: 1\n",
        "19:4",
        "`maybe` is no verdict",
    );
}

#[test]
fn a_broken_control_costs_only_itself() {
    let (catalogue, diagnostics, _) = add(&GOOD.replace("labels)", "labels"));
    assert!(!diagnostics.is_empty());
    assert!(diagnostics.iter().all(|one| one.code == "broken-control" && one.location.is_some()));
    assert_eq!(catalogue.controls().len(), Catalogue::built_in().controls().len());
}
