//! `ringfence init`: drafts a declaration from what is read.

use std::io::Write;

use super::{read, talk};
use crate::arguments::Init;
use crate::exit::{Failure, Outcome};
use crate::judgement;
use crate::stream::Results;

/// Reads and drafts. The draft goes to stdout; nothing is overwritten.
pub(crate) fn run(options: &Init, quiet: bool) -> Result<Outcome, Failure> {
    if let Some(path) = options.output.output.as_ref().filter(|path| path.exists()) {
        let message = format!("`{}` is already there", path.display());
        return Err(Failure::usage(message, "name another file after `--output`, and compare the two"));
    }
    let intake = read(&options.input, quiet)?;
    talk(&intake, quiet);
    if intake.recognised == 0 {
        return Ok(super::nothing());
    }
    let mut results = Results::open(&options.output)?;
    results.write_all(ringfence_declaration::draft(&intake.estate).as_bytes())?;
    results.finish()?;
    Ok(judgement::outcome(&intake))
}
