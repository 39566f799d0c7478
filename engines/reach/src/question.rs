//! Questions about a whole map: what a change opens, whether two say the same, which rules do nothing,
//! what is open to whom.

mod align;
mod compare;
mod conflict;
mod diff;
mod exposure;
mod future;
mod idle;

pub use compare::{Compared, Comparison, compare};
pub use diff::diff;
