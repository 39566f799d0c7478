//! Findings and facts as people and programs read them.
//!
//! ```text
//! Assessment (estate, scope, findings, diagnostics) ─▶ terminal · json · sarif · junit · csv · github
//! one Finding, one ControlPage                      ─▶ explain · listing
//! Diagnostics                                       ─▶ diagnostics (stderr)
//! ```
//!
//! One file for each form. Every writer takes `&mut dyn Write` and passes a closed pipe up.
//!
//! INVARIANTS: the same input gives the same bytes; no text of a user leaves without going through
//! [`ringfence_model::mask`] (paths lose only what could be a card number); what goes to a terminal
//! holds no control character of a user; a writer never holds the whole report.

mod assessment;
pub mod csv;
pub mod diagnostics;
pub mod excerpt;
pub mod explain;
pub mod github;
pub mod json;
pub mod junit;
pub mod listing;
mod look;
mod page;
mod prose;
pub mod reach;
pub mod sarif;
pub mod schema;
pub mod scope;
mod shown;
pub mod terminal;
mod window;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod leaks;

pub use assessment::{Assessment, Counts, Extent};
pub use look::Look;
pub use page::ControlPage;
