//! `ringfence reach`: who can talk to whom, on which ports, and which rules decide.

mod compare;
mod diff;
mod ends;
mod focus;
mod port;
mod questions;
mod semantics;
mod service;
mod suggest;

use ringfence_model::fact::{Entry, Ports, ScopeFacts};
use ringfence_model::{Diagnostic, WorkloadId};
use ringfence_outputs::reach::graph::Shown;
use ringfence_outputs::reach::{csv, explain, github, graph, json, txt};
use ringfence_reach::Endpoints;

use super::{read, talk};
use crate::arguments::{Question, Reach, ReachFormat};
use crate::exit::{Failure, Outcome};
use crate::intake::Intake;
use crate::stream::Results;

use self::ends::{all, ends, workloads};
use self::port::{narrowed, port};

/// Reads, and answers the question, or prints the whole map where there is none.
pub(crate) fn run(options: &Reach, quiet: bool) -> Result<Outcome, Failure> {
    match &options.question {
        Some(Question::Diff(options)) => return diff::run(options, quiet),
        Some(Question::Equivalent(options)) => return compare::equivalent(options, quiet),
        Some(Question::Contained(options)) => return compare::contained(options, quiet),
        Some(Question::Redundant(options)) => return questions::redundant(options, quiet),
        Some(Question::Conflicts(options)) => return questions::conflicts(options, quiet),
        Some(Question::Suggest(options)) => return suggest::run(options, quiet),
        None => {}
    }
    if options.exposure || options.unused || options.shadowed {
        return questions::run(options, quiet);
    }
    answer(options, quiet)
}

/// The map, or the answer for some ends of it.
fn answer(options: &Reach, quiet: bool) -> Result<Outcome, Failure> {
    let choice = semantics::choice(&options.semantics)?;
    if options.explain && (options.format != ReachFormat::Txt || options.port.is_some()) {
        return Err(Failure::usage(
            "`--explain` is text about all ports",
            "leave out `--format` and `--port`, or `--explain`",
        ));
    }
    let port = options.port.as_deref().map(port).transpose()?;
    let mut intake = read(&options.input, quiet)?;
    let reach = semantics::reach(&mut intake, choice, quiet);
    let ((from, _, notes), (to, to_ports, more)) =
        (end(&options.from, &intake, &reach)?, end(&options.to, &intake, &reach)?);
    intake.diagnostics.extend(notes.into_iter().chain(more));
    let port = port.or(to_ports);
    let focus = options.focus.as_deref().map(|text| workloads(text, &intake, &reach)).transpose()?;
    let picture = matches!(options.format, ReachFormat::Dot | ReachFormat::Svg);
    let entries = if picture && from.is_none() && to.is_none() {
        ways_in(&reach, &mut intake, focus.as_deref())
    } else {
        Vec::new()
    };
    talk(&intake, quiet);
    let mut out = Results::open(&options.output)?;
    if options.explain {
        let everyone = || Endpoints::workloads(all(&intake.estate, |_| true)).and(Endpoints::outside());
        let edges = reach.between(&from.unwrap_or_else(everyone), &to.unwrap_or_else(everyone));
        explain::write(&mut out, &intake.estate, &edges, reach.names())?;
    } else {
        let map = match (&from, &to, &focus) {
            (_, _, Some(focus)) => focus::map(&reach, &intake.estate, focus),
            (None, None, None) => reach.map(),
            _ => reach.map_of(from.as_ref(), to.as_ref()),
        };
        let map = match &port {
            Some(port) => narrowed(&map, port),
            None => map,
        };
        let lonely = from.is_none() && to.is_none() && focus.is_none();
        let (estate, only) = (&intake.estate, port.as_ref());
        let shown = Shown { estate, map: &map, scope: None, entries: &entries, only, lonely };
        write(&mut out, options.format, (&intake, &reach), shown)?;
    }
    out.finish()?;
    Ok(super::outcome(&intake))
}

/// What an argument names: ends, the ports to which a Service among them leads, and what to know about it.
type Named = (Option<Endpoints>, Option<Ports>, Vec<Diagnostic>);

fn end(text: &Option<String>, intake: &Intake, reach: &ringfence_reach::Reach) -> Result<Named, Failure> {
    let Some(text) = text else { return Ok((None, None, Vec::new())) };
    match service::service(text, &intake.estate, reach) {
        Some(found) => found.map(|one| (Some(one.endpoints), Some(one.ports), one.notes)),
        None => Ok((Some(ends(text, intake, reach)?), None, Vec::new())),
    }
}

/// The ways in from outside, or those that lead to a focus.
fn ways_in(reach: &ringfence_reach::Reach, intake: &mut Intake, focus: Option<&[WorkloadId]>) -> Vec<Entry> {
    let (mut entries, diagnostics) = reach.entries(&intake.estate);
    intake.diagnostics.extend(diagnostics);
    entries.retain(|entry| focus.is_none_or(|focus| focus::leads_to(entry, focus)));
    entries
}

/// Writes the map in the form that is asked for; pictures are coloured by scope class.
fn write(
    out: &mut Results,
    format: ReachFormat,
    (intake, reach): (&Intake, &ringfence_reach::Reach),
    shown: Shown<'_>,
) -> std::io::Result<()> {
    let (estate, map) = (shown.estate, shown.map);
    let scope = || ringfence_scope::scope(estate, &intake.declaration, reach).0;
    // What is only presumed would colour everything alike.
    let coloured = |scope: &'_ ScopeFacts| !scope.presumed;
    match format {
        ReachFormat::Txt => txt::write(out, estate, map, None),
        ReachFormat::Csv => csv::write(out, estate, map),
        ReachFormat::Json => json::write(out, estate, map),
        ReachFormat::Github => github::write(out, estate, map),
        ReachFormat::Dot => {
            let scope = scope();
            graph::dot(out, Shown { scope: Some(&scope).filter(|scope| coloured(scope)), ..shown })
        }
        ReachFormat::Svg => {
            let scope = scope();
            graph::svg(out, Shown { scope: Some(&scope).filter(|scope| coloured(scope)), ..shown })
        }
    }
}
