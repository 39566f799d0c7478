//! `ringfence controls`: what there is to judge.

use ringfence_outputs::listing;

use super::page;
use crate::arguments::{Controls, ListFormat};
use crate::exit::{Failure, Outcome};
use crate::intake::Intake;
use crate::judgement;
use crate::stream::Results;

/// Lists the selected controls.
pub(crate) fn run(options: &Controls, quiet: bool) -> Result<Outcome, Failure> {
    let mut intake = Intake::default();
    let catalogue = intake.catalogue(&options.selected.controls)?;
    let selection = judgement::selection(&options.selected, &catalogue)?;
    let pages: Vec<_> = catalogue.controls().filter(|control| selection.holds(control)).map(page).collect();
    let mut out = Results::stdout();
    match options.format {
        ListFormat::Terminal => {
            let look = out.look;
            listing::terminal(&mut out, &pages, look)?;
        }
        ListFormat::Json => listing::json(&mut out, &pages)?,
    }
    out.finish()?;
    super::talk(&intake, quiet);
    Ok(if judgement::is_incomplete(&intake.diagnostics) { Outcome::Incomplete } else { Outcome::Clean })
}
