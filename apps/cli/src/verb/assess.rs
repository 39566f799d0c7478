//! `ringfence assess`: the main job.

use ringfence_model::{Finding, Severity, Verdict};
use ringfence_outputs::{Assessment, Extent, csv, github, json, junit, sarif, terminal};

use super::{assessment, pages, read, talk};
use crate::arguments::{Assess, FailOn, FindingFormat};
use crate::exit::{Failure, Outcome};
use crate::intake::Intake;
use crate::judgement::{self, Judgement};
use crate::stream::Results;

/// Reads, judges, reports.
pub(crate) fn run(options: &Assess, quiet: bool) -> Result<Outcome, Failure> {
    let mut intake = read(&options.input, quiet)?;
    let catalogue = judgement::catalogue(&options.selected.controls, &mut intake)?;
    let mut selection = judgement::selection(&options.selected, &catalogue)?;
    selection.all = options.all;
    let judgement = match intake.recognised {
        0 => Judgement::default(),
        _ => judgement::judge(&mut intake, &catalogue, &selection),
    };
    talk(&intake, quiet)?;
    let (pages, left_out) = (pages(&catalogue), intake.skipped.clauses());
    let Judgement { scope, findings, counts } = &judgement;
    let assessment = assessment(&intake, scope, findings, *counts, &pages, &left_out);
    report(options, &assessment)?;
    Ok(outcome(options, &intake, &judgement.findings))
}

fn report(options: &Assess, assessment: &Assessment<'_>) -> Result<(), Failure> {
    let mut out = Results::open(&options.output)?;
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

fn outcome(options: &Assess, intake: &Intake, findings: &[Finding]) -> Outcome {
    if findings.iter().any(|finding| options.fail_on.iter().any(|bar| crosses(*bar, finding))) {
        Outcome::Findings
    } else {
        judgement::outcome(intake)
    }
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
