//! `ringfence assess`: the main job.

use ringfence_model::{Finding, Severity, Verdict};
use ringfence_outputs::{Assessment, Extent, csv, github, json, junit, sarif, terminal};

use super::{assessment, pages, read, talk, talk_beside_summary};
use crate::arguments::{Assess, FailOn, FindingFormat};
use crate::exit::{Failure, Outcome};
use crate::judgement::{self, Judgement};
use crate::stream::Results;

/// Reads, judges, reports.
pub(crate) fn run(options: &Assess, quiet: bool) -> Result<Outcome, Failure> {
    let bars = bars(&options.fail_on)?;
    let out = Results::open(&options.output)?;
    let mut intake = read(&options.input, quiet)?;
    let catalogue = intake.catalogue(&options.selected.controls)?;
    let mut selection = judgement::selection(&options.selected, &catalogue)?;
    selection.all = options.all;
    let judgement = match intake.recognised {
        0 => Judgement::default(),
        _ => judgement::judge(&mut intake, &catalogue, &selection),
    };
    match (options.format, intake.recognised) {
        (FindingFormat::Terminal, 1..) => talk_beside_summary(&intake, quiet),
        _ => talk(&intake, quiet),
    }
    let (pages, left_out) = (pages(&catalogue), intake.skipped.clauses());
    let Judgement { scope, findings, counts } = &judgement;
    let assessment = assessment(&intake, scope, findings, *counts, &pages, &left_out);
    if intake.recognised > 0 || options.format != FindingFormat::Terminal {
        report(options, &assessment, out)?;
    }
    let crossed = findings.iter().any(|finding| bars.iter().any(|bar| crosses(*bar, finding)));
    let outcome = if crossed { Outcome::Findings } else { super::outcome(&intake) };
    // The process ends here: freeing millions of nodes one by one would take a tenth of the whole run.
    std::mem::forget((intake, judgement));
    Ok(outcome)
}

fn report(options: &Assess, assessment: &Assessment<'_>, mut out: Results) -> Result<(), Failure> {
    let extent = if options.all { Extent::All } else { Extent::Open };
    match options.format {
        FindingFormat::Terminal => {
            let look = out.look;
            terminal::write(&mut out, assessment, look, options.verbose)?;
        }
        FindingFormat::Json => json::write(&mut out, assessment, extent)?,
        FindingFormat::Sarif => sarif::write(&mut out, assessment, extent)?,
        FindingFormat::Junit => junit::write(&mut out, assessment, extent)?,
        FindingFormat::Csv => csv::write(&mut out, assessment, extent)?,
        FindingFormat::Github => github::summary(&mut out, assessment)?,
    }
    out.finish()?;
    Ok(())
}

/// What makes the run exit 10. `unknown` is added to a severity, `high` where none is given.
fn bars(given: &[FailOn]) -> Result<Vec<FailOn>, Failure> {
    if given.contains(&FailOn::Never) && given.len() > 1 {
        return Err(Failure::usage(
            "`never` stands alone",
            "write `--fail-on never`, or leave it out of the list",
        ));
    }
    let mut bars = given.to_vec();
    if given == [FailOn::Unknown] {
        bars.push(FailOn::High);
    }
    Ok(bars)
}

fn crosses(bar: FailOn, finding: &Finding) -> bool {
    let worst = match bar {
        FailOn::Never => return false,
        FailOn::Unknown => return finding.verdict == Verdict::Unknown,
        FailOn::Critical => Severity::Critical,
        FailOn::High => Severity::High,
        FailOn::Medium => Severity::Medium,
        FailOn::Low => Severity::Low,
    };
    finding.verdict == Verdict::Fail && finding.severity <= worst
}
