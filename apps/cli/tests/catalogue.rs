//! The examples of the catalogue, through the real sources and engines: a control is proved by its own file.
//!
//! One trial an example. Beside the verdicts, every example is asked what happens when it is known less
//! well: each of its values is taken away once, and nothing may turn into a pass by that.

#[path = "catalogue/input.rs"]
mod input;
#[path = "catalogue/less.rs"]
mod less;

use std::collections::BTreeSet;
use std::sync::Arc;

use input::Input;
use libtest_mimic::{Arguments, Failed, Trial};
use ringfence_controls::{Catalogue, Control, Evaluation, Example};
use ringfence_model::{Finding, Verdict};

fn main() {
    let catalogue = Arc::new(Catalogue::built_in());
    let mut trials = Vec::new();
    for (place, control) in catalogue.controls().enumerate() {
        for (index, example) in control.examples().iter().enumerate() {
            let what = example.expectation.verdict;
            let name = format!("{}::{}::{what}_at_line_{}", control.name(), control.id(), example.line);
            let shared = Arc::clone(&catalogue);
            trials.push(Trial::test(name, move || run(&shared, place, index)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Runs one example of the control at that place of the catalogue.
fn run(catalogue: &Catalogue, place: usize, index: usize) -> Result<(), Failed> {
    let control = catalogue.controls().nth(place).ok_or("there is no such control")?;
    let example = control.examples().into_iter().nth(index).ok_or("there is no such example")?;
    let input = Input::of(&example);
    let evaluation = input.judge(catalogue, control);
    check(control, &example, &input, &evaluation)?;
    less::check(catalogue, control, &input, &evaluation).map_err(Failed::from)
}

/// Holds the verdicts of an example against what it says.
fn check(
    control: &Control,
    example: &Example<'_>,
    input: &Input,
    evaluation: &Evaluation,
) -> Result<(), Failed> {
    let story = || story(control, input, evaluation);
    let expected = &example.expectation;
    if !evaluation.diagnostics.is_empty() {
        return Err(format!("diagnostics: {:#?}", evaluation.diagnostics).into());
    }
    let verdicts: BTreeSet<Verdict> = evaluation.findings.iter().map(|finding| finding.verdict).collect();
    let has = |verdict| verdicts.contains(&verdict);
    let holds = match expected.verdict {
        Verdict::Pass => has(Verdict::Pass) && !has(Verdict::Fail) && !has(Verdict::Unknown),
        Verdict::Fail => has(Verdict::Fail),
        Verdict::Unknown => has(Verdict::Unknown) && !has(Verdict::Fail),
        Verdict::NotApplicable => {
            has(Verdict::NotApplicable) && !has(Verdict::Fail) && !has(Verdict::Unknown)
        }
    };
    if !holds {
        return Err(format!("expected {}, but\n{}", expected.verdict, story()).into());
    }
    let fails = evaluation.findings.iter().filter(|finding| finding.verdict == Verdict::Fail);
    let mut places: Vec<(bool, usize)> = fails.map(|finding| input.place(finding)).collect();
    places.sort_unstable();
    let of_input = expected.lines.iter().map(|line| (false, *line));
    let of_declaration = expected.declaration_lines.iter().map(|line| (true, *line));
    let mut wanted: Vec<(bool, usize)> = of_input.chain(of_declaration).collect();
    wanted.sort_unstable();
    places.dedup();
    if places != wanted {
        return Err(format!("expected lines {wanted:?}, but {places:?}\n{}", story()).into());
    }
    waits(evaluation)
}

/// An unknown says what it waits for, and every finding has an identity of its own.
fn waits(evaluation: &Evaluation) -> Result<(), Failed> {
    let silent = |finding: &&Finding| finding.verdict == Verdict::Unknown && finding.missing.is_empty();
    if let Some(finding) = evaluation.findings.iter().find(silent) {
        return Err(format!("an unknown that waits for nothing: {finding:#?}").into());
    }
    let prints: BTreeSet<_> = evaluation.findings.iter().map(|finding| &finding.fingerprint).collect();
    if prints.len() != evaluation.findings.len() {
        return Err(format!("two findings of one identity: {:#?}", evaluation.findings).into());
    }
    Ok(())
}

/// What came of an example, for people.
fn story(control: &Control, input: &Input, evaluation: &Evaluation) -> String {
    let line = |finding: &Finding| {
        let (declared, line) = input.place(finding);
        let file = if declared { "declaration" } else { "input" };
        let reasons: Vec<&str> = finding.reasons.iter().map(|reason| reason.text.as_str()).collect();
        let missing: Vec<String> =
            finding.missing.iter().map(|one| format!("{} ({})", one.remedy, one.why)).collect();
        format!(
            "  {} {} {file}:{line}: {}\n    reasons: {reasons:?}\n    missing: {missing:?}",
            finding.verdict,
            finding.subject.label(),
            finding.message
        )
    };
    let lines: Vec<String> = evaluation.findings.iter().map(line).collect();
    format!("{}:\n{}\nread: {:?}", control.id(), lines.join("\n"), input.diagnostics())
}
