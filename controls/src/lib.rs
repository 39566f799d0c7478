//! The catalogue of controls and its evaluator: facts → findings.
//!
//! ```text
//! catalogue/CHAPTER/NAME.md ─build.rs─▶ Catalogue ─▶ judge ─▶ findings
//!   front matter, sections, policy        │            each control × each resource of its kinds
//!   examples (run by apps/cli/tests)      └▶ page, explain
//! ```
//!
//! A control is one Markdown file and nothing else: logic, documentation and tests. Its policy is CEL over
//! `object`, `item`, `pod`, `resource`, `facts` and `declaration`, or a question to an engine.
//!
//! INVARIANT: a verdict that depends on something unknown is `unknown`, never `pass`, and says what is missing.

mod catalogue;
mod cel;
mod control;
mod judge;
pub mod page;
mod policy;
mod selection;
#[cfg(test)]
mod tests;
mod vocabulary;
mod world;

pub use catalogue::Catalogue;
pub use control::{Control, Example, Expectation, Format, Policy, Section};
pub use selection::{Count, Evaluation, Selection};
