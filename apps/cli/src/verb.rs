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
use ringfence_model::Finding;
use ringfence_model::fact::ScopeFacts;
use ringfence_outputs::{Assessment, ControlPage, Counts, diagnostics};

use crate::arguments::{Arguments, Input, Verb};
use crate::exit::{Failure, Outcome};
use crate::intake::{self, Intake};
use crate::stream::look;

/// Does what the command line asks for.
pub(crate) fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let quiet = arguments.quiet;
    match arguments.verb {
        Verb::Assess(options) => assess::run(&options, quiet),
        Verb::Scope(options) => scope::run(&options, quiet),
        Verb::Reach(options) => reach::run(&options, quiet),
        Verb::Explain(options) => explain::run(&options, quiet),
        Verb::Controls(options) => controls::run(&options),
        Verb::Init(options) => init::run(&options, quiet),
        Verb::Schema(options) => schema::run(&options),
        Verb::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "ringfence", &mut io::stdout());
            Ok(Outcome::Clean)
        }
    }
}

/// Reads the input of a verb.
fn read(input: &Input, quiet: bool) -> Result<Intake, Failure> {
    let intake = intake::read(input)?;
    if let (Some(path), false) = (intake.declaration_path(), quiet) {
        writeln!(io::stderr(), "using {path}")?;
    }
    Ok(intake)
}

/// Says on stderr what could not be read, and what was left out.
fn talk(intake: &Intake, quiet: bool) -> Result<(), Failure> {
    let stderr = io::stderr();
    let look = look(&stderr);
    let mut out = stderr.lock();
    if !quiet {
        diagnostics::write(&mut out, intake.estate.sources(), &intake.diagnostics, look, false)?;
        let skipped = intake.skipped.clauses();
        if !skipped.is_empty() {
            writeln!(out, "left out: {}", skipped.join(", "))?;
        }
    }
    if intake.recognised == 0 {
        writeln!(out, "error: nothing to read was recognised")?;
        writeln!(
            out,
            "help: give Kubernetes manifests, CloudFormation templates or the JSON of a Terraform plan; rendered, not as a chart or module"
        )?;
    }
    Ok(())
}

/// Says on stderr what is wrong with the user's own controls.
fn talk_of(intake: &Intake) -> Result<(), Failure> {
    let stderr = io::stderr();
    let look = look(&stderr);
    diagnostics::write(&mut stderr.lock(), intake.estate.sources(), &intake.diagnostics, look, false)?;
    Ok(())
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
        example: control.passing_example(),
        address: None,
    }
}
