//! `--exposure`, `--unused`, `--shadowed`, `redundant` and `conflicts`: questions about one whole map.

use std::io::Write;

use ringfence_model::fact::{Idle, WhyIdle};
use ringfence_outputs::reach::{conflict, entries, exposure, idle};

use super::semantics;
use crate::arguments::{Reach, ReachFormat, Whole};
use crate::exit::{Failure, Outcome};
use crate::stream::Results;
use crate::verb::{outcome, read, talk};

/// Answers what the flags ask.
pub(super) fn run(options: &Reach, quiet: bool) -> Result<Outcome, Failure> {
    let json = match options.format {
        ReachFormat::Txt => false,
        ReachFormat::Json => true,
        ReachFormat::Csv | ReachFormat::Dot | ReachFormat::Svg | ReachFormat::Github => {
            return Err(Failure::usage("this question is answered as text or JSON", "write `--format json`"));
        }
    };
    let choice = semantics::choice(&options.semantics)?;
    let mut intake = read(&options.input, quiet)?;
    let reach = semantics::reach(&mut intake, choice, quiet);
    let ways_in = options.exposure.then(|| reach.entries(&intake.estate));
    let ways_in = ways_in.map(|(entries, diagnostics)| {
        intake.diagnostics.extend(diagnostics);
        entries
    });
    talk(&intake, quiet);
    let mut out = Results::open(&options.output)?;
    if let Some(ways_in) = ways_in {
        let all = reach.exposure(&intake.estate);
        if json {
            exposure::json(&mut out, &intake.estate, &all, &ways_in, reach.names())?;
        } else {
            exposure::write(&mut out, &intake.estate, &all, reach.names())?;
            writeln!(out)?;
            entries::write(&mut out, &intake.estate, &ways_in)?;
        }
    } else {
        let wanted = |why: WhyIdle| if why.is_unused() { options.unused } else { options.shadowed };
        let all: Vec<Idle> = reach.idle().into_iter().filter(|idle| wanted(idle.why)).collect();
        match json {
            true => idle::json(&mut out, &intake.estate, &all)?,
            false => idle::write(&mut out, &intake.estate, &all, "every policy and rule has an effect")?,
        }
    }
    out.finish()?;
    Ok(outcome(&intake))
}

/// Lists the policies without which everything would stay as it is.
pub(super) fn redundant(options: &Whole, quiet: bool) -> Result<Outcome, Failure> {
    let choice = semantics::choice(&options.semantics)?;
    let mut intake = read(&options.input, quiet)?;
    let reach = semantics::reach(&mut intake, choice, quiet);
    talk(&intake, quiet);
    let all: Vec<Idle> = reach.idle().into_iter().filter(|idle| idle.rule.element.is_empty()).collect();
    let mut out = Results::open(&options.output)?;
    idle::write(&mut out, &intake.estate, &all, "no policy is redundant")?;
    out.finish()?;
    Ok(outcome(&intake))
}

/// Lists the rules of which one opens what another closes.
pub(super) fn conflicts(options: &Whole, quiet: bool) -> Result<Outcome, Failure> {
    let choice = semantics::choice(&options.semantics)?;
    let mut intake = read(&options.input, quiet)?;
    let reach = semantics::reach(&mut intake, choice, quiet);
    talk(&intake, quiet);
    let mut out = Results::open(&options.output)?;
    conflict::write(&mut out, &intake.estate, &reach.conflicts())?;
    out.finish()?;
    Ok(outcome(&intake))
}
