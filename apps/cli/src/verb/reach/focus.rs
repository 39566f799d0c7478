//! `--focus`: what some workloads connect to, and what connects to them.

use std::sync::Arc;

use ringfence_model::fact::{Entry, ReachMap, ReachPair};
use ringfence_model::{Estate, WorkloadId};
use ringfence_reach::{Endpoints, Reach};

/// The connections that touch `focus` (sorted), each once: those that start there, and those of all
/// others that end there.
pub(super) fn map(reach: &Reach, estate: &Estate, focus: &[WorkloadId]) -> ReachMap {
    let ends = Endpoints::workloads(focus.iter().copied());
    let others = estate.iter_workloads().map(|(id, _)| id).filter(|id| focus.binary_search(id).is_err());
    let others = Endpoints::workloads(others).and(Endpoints::outside());
    joined(reach.map_of(Some(&ends), None), reach.map_of(Some(&others), Some(&ends)))
}

/// Whether a way in leads to one of `focus` (sorted).
pub(super) fn leads_to(entry: &Entry, focus: &[WorkloadId]) -> bool {
    entry.passages().any(|(id, ..)| focus.binary_search(&id).is_ok())
}

/// Both maps in one; they come from one engine, so their rules are the same.
fn joined(mut first: ReachMap, second: ReachMap) -> ReachMap {
    let [classes, sets] =
        [first.classes.len(), first.sets.len()].map(|len| u32::try_from(len).unwrap_or(u32::MAX));
    let moved = |set: Arc<[u32]>| set.iter().map(|class| class.saturating_add(classes)).collect();
    // As in a listing of everything, ends that every cluster has are left out.
    first.lists_landmarks = false;
    first.classes.extend(second.classes);
    first.sets.extend(second.sets.into_iter().map(moved));
    first.pairs.extend(second.pairs.into_iter().map(|pair| ReachPair {
        from: pair.from.saturating_add(sets),
        to: pair.to.saturating_add(sets),
        ..pair
    }));
    first
}
