//! Whether two answers say the same, or one opens no more than the other: `reach equivalent` and
//! `reach contained`.

use ringfence_model::Estate;
use ringfence_model::fact::ReachDiff;

use super::diff::{Containment, difference};
use crate::Reach;

/// How one answer compares with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// It holds, whatever is not known.
    Yes,
    /// It does not hold, whatever is not known.
    No,
    /// It hangs on what is not known.
    Depends,
}

/// Two answers compared.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Whether the first opens nothing that the second does not.
    pub contained: Comparison,
    /// Whether the second opens nothing that the first does not.
    pub contains: Comparison,
    /// What differs, from the first to the second.
    pub difference: ReachDiff,
}

impl Compared {
    /// Whether both open the same.
    pub fn equivalent(&self) -> Comparison {
        match (self.contained, self.contains) {
            (Comparison::Yes, Comparison::Yes) => Comparison::Yes,
            (Comparison::No, _) | (_, Comparison::No) => Comparison::No,
            _ => Comparison::Depends,
        }
    }
}

/// Compares what two answers open. A workload that only one of them has can do nothing in the other.
pub fn compare(first: (&Estate, &Reach), second: (&Estate, &Reach)) -> Compared {
    let (difference, [contained, contains]) = difference(first, second);
    let answer = |containment| match containment {
        Containment::Certain => Comparison::Yes,
        Containment::Uncertain => Comparison::Depends,
        Containment::Refuted => Comparison::No,
    };
    Compared { contained: answer(contained), contains: answer(contains), difference }
}
