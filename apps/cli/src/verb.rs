//! One file for each verb.

mod assess;
mod controls;
mod explain;
mod init;
mod reach;
mod schema;
mod scope;

use std::io::{self, Write};

use clap::CommandFactory;
use ringfence_controls::Catalogue;
use ringfence_model::fact::ScopeFacts;
use ringfence_model::{Diagnostic, Finding, Level, mask};
use ringfence_outputs::{Assessment, ControlPage, Counts, diagnostics};

use crate::arguments::{Arguments, Input, Verb};
use crate::exit::{Failure, Outcome};
use crate::intake::{self, Intake};
use crate::judgement;
use crate::stream::look;

/// Does what the command line asks for.
pub(crate) fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let quiet = arguments.quiet;
    match arguments.verb {
        Verb::Assess(options) => assess::run(&options, quiet),
        Verb::Scope(options) => scope::run(&options, quiet),
        Verb::Reach(options) => reach::run(&options, quiet),
        Verb::Explain(options) => explain::run(&options, quiet),
        Verb::Controls(options) => controls::run(&options, quiet),
        Verb::Init(options) => init::run(&options, quiet),
        Verb::Schema(options) => schema::run(&options),
        Verb::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "ringfence", &mut io::stdout());
            Ok(Outcome::Clean)
        }
    }
}

/// Prints the version and the digest of the catalogue: which controls judged is part of every result.
pub(crate) fn version() -> Result<Outcome, Failure> {
    let digest = Catalogue::built_in().digest();
    writeln!(io::stdout(), "ringfence {} (catalogue {digest})", env!("CARGO_PKG_VERSION"))?;
    Ok(Outcome::Clean)
}

/// Reads the input of a verb.
fn read(input: &Input, quiet: bool) -> Result<Intake, Failure> {
    let intake = intake::read(input)?;
    if let (Some(path), false) = (intake.declaration_path(), quiet) {
        say(format!("using {}\n", mask(path)).as_bytes());
    }
    Ok(intake)
}

/// Says on stderr what could not be read, and what was left out; only errors where `quiet`.
fn talk(intake: &Intake, quiet: bool) {
    tell(intake, !quiet, |one| !quiet || one.level == Level::Error);
}

/// What the summary for people does not say itself.
fn talk_beside_summary(intake: &Intake, quiet: bool) {
    tell(intake, false, |one| !quiet && one.level != Level::Error);
}

fn tell(intake: &Intake, left_out: bool, wanted: impl Fn(&Diagnostic) -> bool) {
    let mut text = Vec::new();
    let told: Vec<Diagnostic> = intake.diagnostics.iter().filter(|one| wanted(one)).cloned().collect();
    // Writing into memory cannot fail.
    diagnostics::write(&mut text, intake.estate.sources(), &told, look(&io::stderr()), false)
        .unwrap_or_default();
    let skipped = intake.skipped.clauses();
    if left_out && !skipped.is_empty() {
        text.extend(format!("left out: {}\n", skipped.join(", ")).into_bytes());
    }
    say(&text);
}

/// Says that there was nothing to do, and what would be something.
fn nothing() -> Outcome {
    say(b"error: nothing to read was recognised\nhelp: give Kubernetes manifests, CloudFormation templates or the \
        JSON of a Terraform plan; rendered, not as a chart or module\n");
    Outcome::Nothing
}

/// The outcome of a verb that judges nothing.
fn outcome(intake: &Intake) -> Outcome {
    match judgement::outcome(intake) {
        Outcome::Nothing => nothing(),
        other => other,
    }
}

/// Writes to stderr. A closed one is nobody's fault, and no reason not to judge.
fn say(text: &[u8]) {
    drop(io::stderr().write_all(text));
}

/// What outputs see of a run.
fn assessment<'a>(
    intake: &'a Intake,
    scope: &'a ScopeFacts,
    findings: &'a [Finding],
    counts: Counts,
    controls: &'a [ControlPage<'a>],
    left_out: &'a [String],
) -> Assessment<'a> {
    Assessment {
        estate: &intake.estate,
        scope,
        findings,
        diagnostics: &intake.diagnostics,
        counts,
        controls,
        declaration: intake.declaration_path(),
        flows: intake.declaration.flows.as_ref().map_or(0, Vec::len),
        documents: intake.recognised,
        left_out,
    }
}

/// The pages of a catalogue, as outputs print them.
fn pages(catalogue: &Catalogue) -> Vec<ControlPage<'_>> {
    catalogue.controls().map(page).collect()
}

fn page(control: &ringfence_controls::Control) -> ControlPage<'_> {
    ControlPage {
        id: control.id(),
        row: control.row(),
        name: control.name(),
        title: control.title(),
        severity: control.severity(),
        kinds: control.kinds().collect(),
        needs: control.needs().collect(),
        requirements: control.requirements(),
        what: control.what(),
        why: control.why(),
        fix: control.fix(),
        // Reading the examples of every control costs more than judging a small input.
        example: None,
        address: None,
    }
}
