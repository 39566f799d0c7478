//! `ringfence scope`: each resource's class, with its reason.

use ringfence_outputs::{Counts, scope as form};
use ringfence_reach::{Choice, Reach};

use super::{assessment, read, talk};
use crate::arguments::{ListFormat, Scope};
use crate::exit::{Failure, Outcome};
use crate::stream::Results;

/// Reads and classes.
pub(crate) fn run(options: &Scope, quiet: bool) -> Result<Outcome, Failure> {
    let mut intake = read(&options.input, quiet)?;
    let (reach, diagnostics) = Reach::new(&intake.estate, Choice::Detect);
    intake.diagnostics.extend(diagnostics);
    let (scope, diagnostics) = ringfence_scope::scope(&intake.estate, &intake.declaration, &reach);
    intake.diagnostics.extend(diagnostics);
    talk(&intake, quiet);
    let left_out = intake.skipped.clauses();
    let assessment = assessment(&intake, &scope, &[], Counts::default(), &[], &left_out);
    let mut out = Results::open(&options.output)?;
    match options.format {
        ListFormat::Terminal => {
            let look = out.look;
            form::terminal(&mut out, &assessment, look)?;
        }
        ListFormat::Json => form::json(&mut out, &assessment)?,
    }
    out.finish()?;
    Ok(super::outcome(&intake))
}
