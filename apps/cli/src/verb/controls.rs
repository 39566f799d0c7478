//! `ringfence controls`: what there is to judge.

use ringfence_outputs::listing;

use super::page;
use crate::arguments::{Controls, Output, ScopeFormat};
use crate::exit::{Failure, Outcome};
use crate::intake::Intake;
use crate::judgement;
use crate::stream::Results;

/// Lists the selected controls.
pub(crate) fn run(options: &Controls) -> Result<Outcome, Failure> {
    let mut intake = Intake::default();
    let catalogue = judgement::catalogue(&options.selected.controls, &mut intake)?;
    let selection = judgement::selection(&options.selected, &catalogue)?;
    let pages: Vec<_> = catalogue.controls().filter(|control| selection.holds(control)).map(page).collect();
    let mut out = Results::open(&Output { output: None })?;
    match options.format {
        ScopeFormat::Terminal => {
            let look = out.look;
            listing::terminal(&mut out, &pages, look)?;
        }
        ScopeFormat::Json => listing::json(&mut out, &pages)?,
    }
    out.finish()?;
    super::talk_of(&intake)?;
    Ok(if judgement::is_incomplete(&intake.diagnostics) { Outcome::Incomplete } else { Outcome::Clean })
}
