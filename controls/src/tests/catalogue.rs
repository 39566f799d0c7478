//! Rules that every control of the catalogue keeps.

use std::collections::BTreeSet;

use ringfence_model::Verdict;

use crate::{Catalogue, Control, Format, Section, page};

fn each(check: impl Fn(&Control)) {
    let catalogue = Catalogue::built_in();
    assert!(catalogue.controls().len() >= 45, "{}", catalogue.controls().len());
    catalogue.controls().for_each(check);
}

#[test]
fn every_file_is_a_control_without_mistakes() {
    each(|control| {
        let shown: Vec<_> = control
            .check()
            .iter()
            .map(|fault| (control.position(fault.range.start), fault.message.clone()))
            .collect();
        assert!(shown.is_empty(), "{}: {shown:?}", control.name());
    });
}

#[test]
fn ids_are_sorted_and_unique() {
    let catalogue = Catalogue::built_in();
    let ids: Vec<_> = catalogue.controls().map(|control| control.id().to_string()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    let names: BTreeSet<_> = catalogue.controls().map(|control| control.name().to_string()).collect();
    assert_eq!(names.len(), ids.len());
    assert_eq!(ids.first().map(String::as_str), Some("CL01.1"));
}

#[test]
fn parts_of_a_row_are_numbered_without_gaps() {
    let catalogue = Catalogue::built_in();
    for control in catalogue.controls() {
        let parts = catalogue.called(control.row());
        let expected: Vec<String> = match parts.len() {
            1 => vec![control.row().to_string()],
            many => (1..=many).map(|part| format!("{}.{part}", control.row())).collect(),
        };
        let ids: Vec<_> = parts.iter().map(|part| part.id().to_string()).collect();
        assert_eq!(ids, expected);
    }
}

#[test]
fn every_control_has_all_sections_in_order() {
    each(|control| {
        let headings: Vec<_> =
            control.markdown().lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, Section::ALL.map(Section::as_str), "{}", control.name());
        assert!(
            Section::ALL.iter().all(|section| !control.section(*section).is_empty()),
            "{}",
            control.name()
        );
    });
}

#[test]
fn every_control_shows_a_pass_a_fail_and_an_unknown() {
    each(|control| {
        let examples = control.examples();
        for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Unknown] {
            assert!(
                examples.iter().any(|example| example.expectation.verdict == verdict),
                "{} has no example that is {verdict}",
                control.name()
            );
        }
    });
}

#[test]
fn every_fail_names_its_lines_and_nothing_else_does() {
    each(|control| {
        for example in control.examples() {
            let named =
                !example.expectation.lines.is_empty() || !example.expectation.declaration_lines.is_empty();
            assert_eq!(
                named,
                example.expectation.verdict == Verdict::Fail,
                "{}:{}",
                control.name(),
                example.line
            );
            let last = example.text.lines().count();
            assert!(example.expectation.lines.iter().all(|line| (1..=last).contains(line)));
        }
    });
}

#[test]
fn a_condition_says_why_it_does_not_apply() {
    each(|control| {
        let front = control.front();
        assert_eq!(front.when.is_some(), front.when_not.is_some(), "{}", control.name());
        let shown = control.examples().iter().any(|one| one.expectation.verdict == Verdict::NotApplicable);
        assert_eq!(front.when.is_some(), shown, "{} and its example", control.name());
    });
}

#[test]
fn files_are_short_and_names_are_words() {
    each(|control| {
        assert!(control.markdown().lines().count() <= 200, "{}", control.name());
        assert!(control.name().split('-').all(|word| word.chars().all(|one| one.is_ascii_lowercase())));
        assert!(control.since().split('.').count() == 3, "{}", control.name());
        assert!(control.stages().count() > 0 && control.kinds().count() > 0);
        let standards: Vec<_> = control.requirements().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(standards, ["pci-4.0.1", "pci-3.2.1", "cis-eks-1.8", "ledger"], "{}", control.name());
    });
}

/// What a policy asks of the declaration is what the front matter says that it needs.
#[test]
fn needs_are_those_of_the_policy() {
    let through = [
        ("declared_entry(", "entry-points"),
        ("customer_key(", "accounts"),
        ("administrator(", "administrators"),
    ];
    each(|control| {
        if let crate::Policy::Cel(source) = control.policy() {
            let needs: BTreeSet<&str> = control.needs().collect();
            let asked = crate::world::LISTS.iter().copied().filter(|key| {
                source.contains(&format!("declaration.{key}"))
                    || source.contains(&format!("declaration[\"{key}\"]"))
            });
            let indirectly = through.iter().filter(|(call, _)| source.contains(call)).map(|(_, key)| *key);
            let asked: BTreeSet<&str> = asked.chain(indirectly).collect();
            assert_eq!(needs, asked, "{}", control.name());
        }
    });
}

#[test]
fn the_digest_is_of_the_whole_catalogue() {
    let (one, other) = (Catalogue::built_in().digest(), Catalogue::built_in().digest());
    assert_eq!(one, other);
    assert_eq!(one.len(), 16);
}

#[test]
fn pages_hold_what_the_files_hold() {
    each(|control| {
        let page = page::page(control);
        assert!(page.contains(control.title()) && page.contains(control.section(Section::Why)));
        assert_eq!(page.matches("\n**").count(), control.examples().len(), "{}", control.name());
    });
    let catalogue = Catalogue::built_in();
    let index = page::index(&catalogue);
    for control in catalogue.controls() {
        assert!(index.contains(&format!("[{}]({})", control.id(), page::path(control))), "{}", control.id());
    }
    assert!(index.contains("`cidr_is_world(value)`"));
    for word in ["each", "when-not", "resource", "facts.scope", "needs"] {
        assert!(index.contains(&format!("`{word}`")), "the page on writing controls does not say `{word}`");
    }
}

#[test]
fn words_that_call_nothing_are_named() {
    let catalogue = Catalogue::built_in();
    let selection = crate::Selection { controls: vec!["WL05".into(), "wl5.1".into()], ..Default::default() };
    let unknown = catalogue.unknown_words(&selection);
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown[0].0, "wl5.1");
    assert_eq!(catalogue.called("WL05").len(), 7);
}

#[test]
fn examples_are_of_every_source() {
    let mut formats = BTreeSet::new();
    for control in Catalogue::built_in().controls() {
        formats.extend(control.examples().iter().map(|example| format!("{:?}", example.format)));
    }
    assert!(formats.len() >= 3, "{formats:?}");
    assert!(formats.contains(&format!("{:?}", Format::Terraform)));
}
