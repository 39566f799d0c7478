//! Rules that contradict each other.

use super::{DecidingRule, Ports};

/// Two rules of different policies, of which one allows and one denies the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The rule that comes first and decides.
    pub decides: DecidingRule,
    /// The rule that would decide otherwise.
    pub overruled: DecidingRule,
    /// The ports on which both match.
    pub ports: Ports,
}
