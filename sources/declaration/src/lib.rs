//! `ringfence.yaml`: where card data flows, and what people say of the estate.
//!
//! ```text
//! language (keys, shapes, words: one table) ─▶ check ─▶ diagnostics
//!                                           ├▶ read ─▶ Declaration ─▶ references ─▶ diagnostics
//!                                           ├▶ schema (for editors)
//!                                           └▶ reference (for readers)
//! estate ─▶ draft ─▶ ringfence.yaml
//! ```
//!
//! INVARIANT: whatever [`read`] leaves out of the declaration is named in an error. A list that is
//! absent or unreadable is `None`, never empty.

mod check;
mod draft;
mod form;
mod language;
#[cfg(any(test, feature = "property"))]
pub mod property;
mod read;
mod reference;
mod references;
mod report;
mod schema;
mod suggest;

#[cfg(test)]
mod tests;

use ringfence_model::declaration::Declaration;
use ringfence_model::{Diagnostic, FileId, Node};

pub use draft::draft;
pub use reference::reference;
use report::Report;
pub use schema::schema;

/// What every `schema:` of this language starts with.
const FAMILY: &str = "ringfence.declaration/";
/// The version that is read.
pub(crate) const VERSION: &str = "ringfence.declaration/1";

/// Whether `document` says that it is a declaration, in whatever version.
pub fn recognises(document: &Node) -> bool {
    document.text("schema").is_some_and(|schema| schema.starts_with(FAMILY))
}

/// What a document says, and what is wrong with it. All that is not wrong is read.
pub fn read(file: FileId, document: &Node) -> (Declaration, Vec<Diagnostic>) {
    let mut report = Report::new(file);
    check::check(document, &mut report);
    let declaration = read::declaration(file, document);
    references::check(&declaration, &mut report);
    (declaration, report.finish())
}
