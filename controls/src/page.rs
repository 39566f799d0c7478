//! The pages of the documentation, one for each control, and their index.

use std::fmt::Write as _;

use ringfence_model::Verdict;

use crate::Catalogue;
use crate::cel::FUNCTIONS;
use crate::control::{Control, Example, Format, Policy, Section};

const GENERATED: &str = "<!-- written by `cargo xtask docs`; change the control instead -->\n\n";

/// Where the page of `control` lies below `docs/controls`.
pub fn path(control: &Control) -> String {
    match &**control.chapter() {
        "" => format!("{}.md", control.name()),
        chapter => format!("{chapter}/{}.md", control.name()),
    }
}

/// The page of a control, in Markdown.
pub fn page(control: &Control) -> String {
    let mut page = String::from(GENERATED);
    let _ = writeln!(page, "# {} {}\n", control.id(), control.title());
    facts(&mut page, control);
    for section in [Section::What, Section::Why, Section::Fix] {
        let _ = writeln!(page, "\n## {}\n\n{}", section.as_str(), control.section(section));
    }
    policy(&mut page, control);
    examples(&mut page, control);
    page
}

fn facts(page: &mut String, control: &Control) {
    let code = |words: &mut dyn Iterator<Item = &str>| {
        words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(page, "| | |\n|---|---|");
    let _ = writeln!(page, "| Name | `{}` |", control.name());
    let _ = writeln!(page, "| Severity | {} |", control.severity());
    let _ = writeln!(page, "| Kinds | {} |", code(&mut control.kinds()));
    let needs = code(&mut control.needs());
    if !needs.is_empty() {
        let _ = writeln!(page, "| Keys of `ringfence.yaml` | {needs} |");
    }
    for (standard, ids) in control.requirements().iter().filter(|(_, ids)| !ids.is_empty()) {
        let _ = writeln!(page, "| {} | {} |", standard_name(standard), ids.join(", "));
    }
    let stages: Vec<&str> = control.stages().collect();
    let _ = writeln!(page, "| Stages | {} |", stages.join(", "));
    let _ = writeln!(page, "| Since | {} |", control.since());
}

fn standard_name(standard: &str) -> &str {
    match standard {
        "pci-4.0.1" => "PCI DSS 4.0.1",
        "pci-3.2.1" => "PCI DSS 3.2.1",
        "cis-eks-1.8" => "CIS Amazon EKS 1.8",
        "ledger" => "Ledger",
        other => other,
    }
}

fn policy(page: &mut String, control: &Control) {
    let _ = match control.policy() {
        Policy::Cel(source) => writeln!(page, "\n## Policy\n\n```cel\n{}\n```", source.trim_end()),
        Policy::Query(query) => writeln!(page, "\n## Policy\n\nAn engine answers `{query}`."),
    };
}

fn examples(page: &mut String, control: &Control) {
    let _ = writeln!(page, "\n## Examples");
    for example in control.examples() {
        let _ = writeln!(page, "\n{}", caption(&example));
        if let Some((declaration, _)) = example.declaration {
            let _ = writeln!(page, "\n```yaml\n{}\n```", declaration.trim_end());
        }
        let syntax = if matches!(example.format, Format::Kubernetes | Format::CloudFormationYaml) {
            "yaml"
        } else {
            "json"
        };
        let _ = writeln!(page, "\n```{syntax}\n{}\n```", example.text.trim_end());
    }
}

fn caption(example: &Example<'_>) -> String {
    let source = match example.format {
        Format::Kubernetes => "Kubernetes",
        Format::CloudFormationYaml | Format::CloudFormationJson => "CloudFormation",
        Format::Terraform => "Terraform plan",
    };
    let verdict = match example.expectation.verdict {
        Verdict::Pass => "passes",
        Verdict::Fail => "fails where marked",
        Verdict::Unknown => "is unknown",
        Verdict::NotApplicable => "does not apply",
    };
    let with = if example.declaration.is_some() { ", with this declaration" } else { "" };
    format!("**{source}: {verdict}{with}**")
}

/// The index of all pages, in Markdown.
pub fn index(catalogue: &Catalogue) -> String {
    let mut index = String::from(GENERATED);
    index.push_str("# Controls\n");
    let mut chapters: Vec<&str> = catalogue.controls().map(|control| &**control.chapter()).collect();
    chapters.sort_unstable();
    chapters.dedup();
    for chapter in chapters {
        let heading = if chapter.is_empty() { "own" } else { chapter };
        let _ = writeln!(index, "\n## {}\n", heading.replace('-', " "));
        let _ = writeln!(index, "| id | fault | severity | PCI DSS 4.0.1 |\n|---|---|---|---|");
        for control in catalogue.controls().filter(|control| &**control.chapter() == chapter) {
            let ids = control.requirements().iter().find(|(standard, _)| standard == "pci-4.0.1");
            let ids = ids.map(|(_, ids)| ids.join(", ")).unwrap_or_default();
            let (id, title, severity) = (control.id(), control.title(), control.severity());
            let _ = writeln!(index, "| [{id}]({}) | {title} | {severity} | {ids} |", path(control));
        }
    }
    index.push_str(include_str!("language.md"));
    vocabulary(&mut index);
    index
}

/// The functions that policies may call beside those of CEL.
fn vocabulary(index: &mut String) {
    let _ = writeln!(index, "\nFunctions beside those of CEL:\n\n| function | is |\n|---|---|");
    for function in FUNCTIONS.iter().filter(|function| !function.help.is_empty()) {
        let values = ["value", "value, value", "value, value, value"]
            .get(function.arity - 1)
            .copied()
            .unwrap_or_default();
        let _ = writeln!(index, "| `{}({values})` | {} |", function.name, function.help);
    }
}
