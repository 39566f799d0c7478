//! `ringfence reach`: who can talk to whom, on which ports, and which rules decide.

mod compare;
mod diff;
mod ends;
mod focus;
mod port;
mod questions;
mod semantics;

use ringfence_model::fact::ReachMap;
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
    let ends = |text: &Option<String>| text.as_deref().map(|text| ends(text, &intake, &reach)).transpose();
    let (from, to) = (ends(&options.from)?, ends(&options.to)?);
    let focus = options.focus.as_deref().map(|text| workloads(text, &intake, &reach)).transpose()?;
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
        let whole = from.is_none() && to.is_none() && focus.is_none();
        write(&mut out, options.format, (&intake, &reach), &map, whole)?;
    }
    out.finish()?;
    Ok(super::outcome(&intake))
}

/// The pairs of a map that are open on `only`, and only those ports of them.
fn narrowed(map: &ReachMap, only: &Ports) -> ReachMap {
    let cut = |pair: &ReachPair| {
        let ports = pair.ports.intersection(only);
        (!ports.is_empty()).then(|| ReachPair { ports: Arc::new(ports), ..pair.clone() })
    };
    let open = |(id, ports): &(WorkloadId, Arc<Ports>)| {
        let ports = ports.intersection(only);
        (!ports.is_empty()).then(|| (*id, Arc::new(ports)))
    };
    let controller = map.controller.iter().filter_map(open).collect();
    ReachMap { pairs: map.pairs.iter().filter_map(cut).collect(), controller, ..map.clone() }
}

/// What an argument names.
fn ends(text: &str, intake: &Intake, reach: &ringfence_reach::Reach) -> Result<Endpoints, Failure> {
    if text == "internet" {
        return Ok(Endpoints::internet());
    }
    if let Some(landmark) = Landmark::parse(text) {
        return Ok(Endpoints::landmarks([landmark]));
    }
    if let Some(cidr) = Endpoints::cidr(text) {
        return Ok(cidr);
    }
    if let Some(class) = ScopeClass::parse(text) {
        let (scope, _) = ringfence_scope::scope(&intake.estate, &intake.declaration, reach);
        let of_class =
            |workload: &Workload| scope.of(workload.resource).is_some_and(|fact| fact.class == class);
        let found = Endpoints::workloads(all(&intake.estate, of_class));
        if found.is_empty() {
            let message = format!("no workload has the scope class `{text}`");
            return Err(Failure::usage(
                message,
                "`ringfence scope` lists the classes; what is `unknown` is asked for by that word",
            ));
        }
        return Ok(found);
    }
    let found = Endpoints::workloads(all(&intake.estate, |workload| is_named(workload, text)));
    if found.is_empty() {
        return Err(Failure::usage(
            format!("nothing is called `{text}`"),
            "write NAMESPACE/NAME, NAMESPACE/NAME[KIND], NAMESPACE/*, an address block, `internet` or a scope class",
        ));
    }
    Ok(found)
}

fn all<'a>(
    estate: &'a Estate,
    wanted: impl Fn(&Workload) -> bool + 'a,
) -> impl Iterator<Item = WorkloadId> + 'a {
    estate.iter_workloads().filter(move |(_, workload)| wanted(workload)).map(|(id, _)| id)
}

/// `ns/*`, `ns/name` or `ns/name[Kind]`.
fn is_named(workload: &Workload, text: &str) -> bool {
    match text.strip_suffix("/*") {
        Some(namespace) => workload.namespace == namespace,
        None if text.ends_with(']') => workload.label() == text,
        None => text
            .split_once('/')
            .is_some_and(|(namespace, name)| workload.namespace == namespace && workload.name == name),
    }
}

/// `443`, `443/TCP`, `8000-8080/UDP`; TCP where no protocol is written.
fn port(text: &str) -> Result<Ports, Failure> {
    let usage = || Failure::usage(format!("`{text}` is no port"), "write `443`, `53/UDP` or `8000-8080/TCP`");
    let (numbers, protocol) = text.split_once('/').unwrap_or((text, "TCP"));
    let (start, end) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number > 0).ok_or_else(usage);
    let range = PortRange {
        protocol: Protocol::parse(protocol).ok_or_else(usage)?,
        start: number(start)?,
        end: number(end)?,
    };
    if range.start > range.end { Err(usage()) } else { Ok(Ports::new(vec![range])) }
}
