//! What a change of the estate opens and closes.

use std::sync::Arc;

use super::{Peer, Ports};

/// One end of a change, as each of the two estates knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiffEnd {
    /// In the estate before; `None` for a workload that is new.
    pub before: Option<Peer>,
    /// In the estate after; `None` for a workload that is gone.
    pub after: Option<Peer>,
}

/// Everyone of `from` and everyone of `to`, between whom the same changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachChange {
    /// Who connects, sorted.
    pub from: Vec<DiffEnd>,
    /// Who answers, sorted.
    pub to: Vec<DiffEnd>,
    /// Ports that were closed and now are or may be open.
    pub opened: Arc<Ports>,
    /// Ports that were or may have been open and now are closed.
    pub closed: Arc<Ports>,
    /// Ports that may have been open and now certainly are.
    pub confirmed: Arc<Ports>,
    /// Ports that were certainly open and now may be.
    pub doubtful: Arc<Ports>,
}

/// What two estates say differently.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReachDiff {
    /// The changes, in a stable order.
    pub changes: Vec<ReachChange>,
    /// Workloads that only the estate after has.
    pub appeared: Vec<DiffEnd>,
    /// Workloads that only the estate before has.
    pub disappeared: Vec<DiffEnd>,
}

impl DiffEnd {
    /// Whether only one of the estates has it.
    pub fn is_new_or_gone(self) -> bool {
        self.before.is_none() || self.after.is_none()
    }
}

impl ReachDiff {
    /// Whether both estates say the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.appeared.is_empty() && self.disappeared.is_empty()
    }
}
