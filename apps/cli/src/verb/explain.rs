//! `ringfence explain`: one control, or one finding by its fingerprint.

use ringfence_controls::Selection;
use ringfence_model::Finding;
use ringfence_outputs::{ControlPage, explain};

use super::{pages, read, talk};
use crate::arguments::Explain;
use crate::exit::{Failure, Outcome};
use crate::intake::Intake;
use crate::judgement;
use crate::stream::Results;

/// The shortest prefix of a fingerprint that is looked for; shorter ones look like ids of controls.
const SHORTEST_PREFIX: usize = 4;

/// Explains what `options.id` names.
pub(crate) fn run(options: &Explain, quiet: bool) -> Result<Outcome, Failure> {
    let mut intake = Intake::default();
    let catalogue = intake.catalogue(&options.controls)?;
    let mut pages = pages(&catalogue);
    for (page, control) in pages.iter_mut().zip(catalogue.controls()) {
        page.example = control.passing_example();
    }
    let named = of_id(&pages, &options.id);
    if !named.is_empty() {
        let mut out = Results::stdout();
        let look = out.look;
        for page in named {
            explain::control(&mut out, page, look)?;
        }
        out.finish()?;
        talk(&intake, quiet);
        let broken = judgement::is_incomplete(&intake.diagnostics);
        return Ok(if broken { Outcome::Incomplete } else { Outcome::Clean });
    }
    if !is_fingerprint(&options.id) {
        return Err(Failure::usage(
            format!("no control is called `{}`", options.id),
            "`ringfence controls` lists them; a fingerprint has four or more of the digits 0-9 and a-f",
        ));
    }
    let mut intake = read(&options.input, quiet)?;
    let every = Selection { all: true, ..Selection::default() };
    let judgement = judgement::judge(&mut intake, &catalogue, &every);
    let finding = with_prefix(&judgement.findings, &options.id)?;
    talk(&intake, true);
    let mut out = Results::stdout();
    let look = out.look;
    let page = pages.iter().find(|page| page.id == &*finding.control);
    explain::finding(&mut out, intake.estate.sources(), finding, page, look)?;
    out.finish()?;
    Ok(judgement::outcome(&intake))
}

/// The control of that id, the controls of that row, or the only one whose id or name starts so.
fn of_id<'a, 'p>(pages: &'a [ControlPage<'p>], id: &str) -> Vec<&'a ControlPage<'p>> {
    let is = |text: &str| text.eq_ignore_ascii_case(id);
    let exact: Vec<_> = pages.iter().filter(|page| is(page.id) || is(page.row) || is(page.name)).collect();
    if !exact.is_empty() {
        return exact;
    }
    let starts = |text: &str| text.get(..id.len()).is_some_and(is);
    let begun: Vec<_> = pages.iter().filter(|page| starts(page.id) || starts(page.name)).collect();
    if begun.len() == 1 { begun } else { Vec::new() }
}

fn is_fingerprint(id: &str) -> bool {
    id.len() >= SHORTEST_PREFIX && id.chars().all(|digit| digit.is_ascii_hexdigit())
}

fn with_prefix<'a>(findings: &'a [Finding], prefix: &str) -> Result<&'a Finding, Failure> {
    let prefix = prefix.to_ascii_lowercase();
    let mut found = findings.iter().filter(|finding| finding.fingerprint.0.starts_with(&prefix));
    match (found.next(), found.count()) {
        (Some(finding), 0) => Ok(finding),
        (Some(_), more) => Err(Failure::usage(
            format!("{} findings have fingerprints that start with `{prefix}`", more + 1),
            "give more of it",
        )),
        (None, _) => Err(Failure::usage(
            format!("no finding has a fingerprint that starts with `{prefix}`"),
            "give the same paths as to `assess`; fingerprints stand in its JSON and with `-v`",
        )),
    }
}
