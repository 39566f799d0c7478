//! YAML and JSON into one located tree.
//!
//! ```text
//! bytes ─decode▶ text ─read▶ chunks at `---` ─▶ json ┐
//!                                           └▶ yaml ┴▶ tree ─▶ one Node a document
//! ```
//!
//! Scalars are read as Kubernetes reads them (go-yaml, then JSON): `no` is false, `0420` is 272.
//! A broken document costs itself and one diagnostic; the stream goes on at the next `---`.
//!
//! INVARIANT: whatever the input, work and memory stay within a constant factor of its size plus
//! [`Budget::copies`], no tree is deeper than [`Budget::depth`], and nothing here recurses.

mod budget;
#[cfg(test)]
mod cases;
mod chunk;
mod decode;
mod embedded;
mod fault;
mod json;
mod keys;
#[cfg(any(test, feature = "property"))]
pub mod property;
mod read;
mod scalar;
mod tree;
mod unrendered;
mod yaml;

pub use budget::Budget;
pub use decode::{Refusal, decode};
pub use embedded::{embedded_json, relocate};
pub use read::{json, read, yaml};
pub use unrendered::looks_unrendered;
