//! `ringfence reach equivalent` and `contained`: two estates, or two policies of one.

use std::io::Write;
use std::path::Path;

use ringfence_model::{ResourceId, mask};
use ringfence_outputs::reach::diff::Page;
use ringfence_reach::{Compared, Comparison, Reach, compare};

use super::diff::{side, worse};
use super::semantics;
use crate::arguments::{Input, Pair};
use crate::exit::{Failure, Outcome};
use crate::intake::Intake;
use crate::stream::Results;
use crate::verb::{outcome, read, talk};

/// Says whether both open the same.
pub(super) fn equivalent(options: &Pair, quiet: bool) -> Result<Outcome, Failure> {
    run(options, quiet, Compared::equivalent, "open the same")
}

/// Says whether the first opens nothing that the second does not.
pub(super) fn contained(options: &Pair, quiet: bool) -> Result<Outcome, Failure> {
    run(options, quiet, |compared| compared.contained, "are so: what the first opens the second opens")
}

fn run(
    options: &Pair,
    quiet: bool,
    ask: fn(&Compared) -> Comparison,
    claim: &str,
) -> Result<Outcome, Failure> {
    let paths = [&options.first, &options.second].map(|text| Path::new(text.as_str()));
    if !options.within.is_empty() || !paths.iter().all(|path| path.exists()) {
        return policies(options, quiet, ask, claim);
    }
    let choice = semantics::choice(&options.semantics)?;
    let [first, second] = paths.map(|path| side(path, None, choice, quiet));
    let (first, second) = (first?, second?);
    let compared = compare((&first.intake.estate, &first.reach), (&second.intake.estate, &second.reach));
    let estates = [&first.intake.estate, &second.intake.estate];
    let page =
        Page::new(estates, [first.reach.names(), second.reach.names()], &compared.difference, &|_| None);
    let read = worse(outcome(&first.intake), outcome(&second.intake));
    answer(options, ask(&compared), claim, &page, read)
}

/// Two policies, each as if it were the only one.
fn policies(
    options: &Pair,
    quiet: bool,
    ask: fn(&Compared) -> Comparison,
    claim: &str,
) -> Result<Outcome, Failure> {
    let choice = semantics::choice(&options.semantics)?;
    let intake = read(&Input { paths: options.within.clone(), ..Input::default() }, quiet)?;
    talk(&intake, quiet);
    let estate = &intake.estate;
    let [first, second] = [&options.first, &options.second].map(|text| policy(text, &intake));
    let [first, second] = [first?, second?].map(|id| Reach::of_policies(estate, choice, &[id]).0);
    let compared = compare((estate, &first), (estate, &second));
    let page = Page::new([estate, estate], [first.names(), second.names()], &compared.difference, &|_| None);
    answer(options, ask(&compared), claim, &page, outcome(&intake))
}

/// The policy that is called `text`.
fn policy(text: &str, intake: &Intake) -> Result<ResourceId, Failure> {
    let named = intake.estate.iter().filter(|(_, resource)| {
        let label = resource.label();
        let bare = label.split_once('[').map_or(label.as_str(), |(bare, _)| bare);
        resource.kind.name().ends_with("NetworkPolicy") && (label == text || bare == text)
    });
    let mut found = named.map(|(id, _)| id);
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => Err(Failure::usage(
            format!("several policies are called `{}`", mask(text)),
            "add the kind: `ns/name[NetworkPolicy]`",
        )),
        (None, _) => Err(Failure::usage(
            format!("neither a path nor a policy is called `{}`", mask(text)),
            "write two paths, or two policies as `ns/name` and where they are: `--in PATH`",
        )),
    }
}

/// Yes is 0, no is 10, and what hangs on something that is not known is 4.
fn answer(
    options: &Pair,
    comparison: Comparison,
    claim: &str,
    page: &Page<'_>,
    read: Outcome,
) -> Result<Outcome, Failure> {
    let mut out = Results::open(&options.output)?;
    let outcome = match comparison {
        Comparison::Yes => {
            writeln!(out, "yes, they {claim}")?;
            read
        }
        Comparison::No => {
            writeln!(out, "no; from the first to the second:")?;
            page.txt(&mut out)?;
            Outcome::Findings
        }
        Comparison::Depends => {
            writeln!(out, "that hangs on what is not known; from the first to the second:")?;
            page.txt(&mut out)?;
            Outcome::Incomplete
        }
    };
    out.finish()?;
    Ok(outcome)
}
