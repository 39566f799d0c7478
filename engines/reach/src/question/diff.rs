//! What a change opens and closes: `reach diff`.

mod candidates;
mod side;

use std::sync::Arc;

use ringfence_model::Estate;
use ringfence_model::fact::{DiffEnd, Peer, Ports, ReachChange, ReachDiff};
use rustc_hash::FxHashMap;

use self::candidates::Candidates;
use self::side::{Open, Side};
use super::align::{Answer, Parties, Party};
use crate::Reach;
use crate::port::{Cells, Mask};

/// What `after` opens and closes compared with `before`. Workloads are the same where cluster, namespace,
/// kind and name are.
pub fn diff(before: (&Estate, &Reach), after: (&Estate, &Reach)) -> ReachDiff {
    difference(before, after).0
}

/// What differs, and how each of the two is contained in the other.
pub(super) fn difference(
    before: (&Estate, &Reach),
    after: (&Estate, &Reach),
) -> (ReachDiff, [Containment; 2]) {
    let [before, after] = [before, after].map(|(estate, reach)| Answer { estate, reach });
    let parties = Parties::new(before, after);
    let cells = Cells::of([&before.reach.cells, &after.reach.cells]);
    let mut sides = [
        Side::new(before.reach, &cells, &parties, |party| &party.before),
        Side::new(after.reach, &cells, &parties, |party| &party.after),
    ];
    let mut changes = Changes::default();
    let mut contained = [Containment::Certain; 2];
    for (from, to) in Candidates::new(&parties, &mut sides).pairs() {
        let Some((source, destination)) = parties.all.get(from).zip(parties.all.get(to)) else { continue };
        let alone = from == to && source.single;
        if alone || parties.is_outside(from) && parties.is_outside(to) {
            continue;
        }
        let [old, new] = sides.each_mut().map(|side| side.open(source, destination));
        if old != new {
            let [first, second] = &mut contained;
            first.heed(&old, &new);
            second.heed(&new, &old);
            changes.add(from, to, Change::of(&old, &new));
        }
    }
    let only = |lacks: fn(&Party) -> &[u32]| {
        let parties = parties.all.iter().filter(|party| lacks(party).is_empty() && has_workloads(party));
        parties.flat_map(|party| party.members.clone()).collect()
    };
    let appeared = only(|party| &party.before);
    let disappeared = only(|party| &party.after);
    (ReachDiff { changes: changes.listed(&parties, &cells), appeared, disappeared }, contained)
}

/// Whether one of two answers opens nothing that the other does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Containment {
    /// Whatever is not known.
    Certain,
    /// Hangs on what is not known.
    Uncertain,
    /// It opens more, whatever is not known.
    Refuted,
}

impl Containment {
    fn heed(&mut self, inner: &Open, outer: &Open) {
        let found = if !inner.sure.minus(&outer.maybe).is_empty() {
            Self::Refuted
        } else if !inner.maybe.minus(&outer.sure).is_empty() {
            Self::Uncertain
        } else {
            Self::Certain
        };
        *self = (*self).max(found);
    }
}

fn has_workloads(party: &Party) -> bool {
    let is_workload = |end: &DiffEnd| {
        let mut ends = [end.before, end.after].into_iter().flatten();
        ends.any(|peer| matches!(peer, Peer::Workload(_)))
    };
    party.members.iter().any(is_workload)
}

/// What changes for one pair.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Change {
    opened: Mask,
    closed: Mask,
    confirmed: Mask,
    doubtful: Mask,
}

impl Change {
    fn of(old: &Open, new: &Open) -> Self {
        let doubtful = old.sure.minus(&new.sure);
        let confirmed = new.sure.minus(&old.sure);
        Self {
            opened: new.maybe.minus(&old.maybe),
            closed: old.maybe.minus(&new.maybe),
            confirmed: confirmed.and(&old.maybe),
            doubtful: doubtful.and(&new.maybe),
        }
    }
}

/// Changes, by what changes.
#[derive(Default)]
struct Changes {
    ids: FxHashMap<Change, usize>,
    all: Vec<Change>,
    /// For each source and change the destinations.
    of_source: Vec<((usize, usize), Vec<usize>)>,
}

impl Changes {
    /// Pairs come sorted by source and destination.
    fn add(&mut self, from: usize, to: usize, change: Change) {
        let next = self.all.len();
        let id = *self.ids.entry(change).or_insert_with_key(|change| {
            self.all.push(change.clone());
            next
        });
        let same_source = self.of_source.iter_mut().rev().take_while(|(key, _)| key.0 == from);
        match same_source.into_iter().find(|(key, _)| key.1 == id) {
            Some((_, destinations)) => destinations.push(to),
            None => self.of_source.push(((from, id), vec![to])),
        }
    }

    /// Sources that have the same changes towards the same destinations stand together.
    fn listed(self, parties: &Parties, cells: &Cells) -> Vec<ReachChange> {
        let mut together: FxHashMap<(usize, Vec<usize>), Vec<usize>> = FxHashMap::default();
        for ((from, change), to) in self.of_source {
            together.entry((change, to)).or_default().push(from);
        }
        let members = |ids: &[usize]| -> Vec<DiffEnd> {
            let found = ids.iter().filter_map(|id| parties.all.get(*id));
            let mut members: Vec<DiffEnd> = found.flat_map(|party| party.members.iter().copied()).collect();
            members.sort_unstable();
            members
        };
        let ports = |mask: &Mask| -> Arc<Ports> { Arc::new(cells.ports(mask)) };
        let mut sorted: Vec<(Vec<usize>, Vec<usize>, usize)> =
            together.into_iter().map(|((change, to), from)| (from, to, change)).collect();
        sorted.sort_unstable();
        let listed = |(from, to, change): (Vec<usize>, Vec<usize>, usize)| {
            let what = self.all.get(change)?;
            Some(ReachChange {
                from: members(&from),
                to: members(&to),
                opened: ports(&what.opened),
                closed: ports(&what.closed),
                confirmed: ports(&what.confirmed),
                doubtful: ports(&what.doubtful),
            })
        };
        sorted.into_iter().filter_map(listed).collect()
    }
}
