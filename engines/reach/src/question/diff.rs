//! What a change opens and closes: `reach diff`.
//!
//! Parties whose rows say the same before and after are told by a number that does not hang on how
//! classes are called; of the others, what is open before and after is listed and compared.

mod side;

use std::sync::Arc;

use ringfence_model::Estate;
use ringfence_model::fact::{DiffEnd, Peer, Ports, ReachChange, ReachDiff};
use rustc_hash::FxHashMap;

use self::side::{Changed, Opened, Opens, Side};
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
    let changed = Changed::new(&parties, &mut sides);
    let mut opens = Opens::default();
    let [old, new] = sides.each_mut().map(|side| side.open(&changed, &mut opens));
    let mut changes = Changes::default();
    let mut contained = [Containment::Certain; 2];
    let closed = Open { sure: cells.none(), maybe: cells.none() };
    for (pair, [old, new]) in joined(&old, &new) {
        if old != new {
            changes.add(pair, [old, new], |[old, new]| {
                let [old, new] = [old, new].map(|open| open.and_then(|id| opens.get(id)).unwrap_or(&closed));
                let [first, second] = &mut contained;
                first.heed(old, new);
                second.heed(new, old);
                Change::of(old, new)
            });
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

type Pair = (u32, u32);

/// What is open before and after, as ids of [`Opens`]; `None` for closed.
type Said = [Option<u32>; 2];

/// Every pair of either list, with what each of them says; both are sorted.
fn joined<'a>(old: &'a [Opened], new: &'a [Opened]) -> impl Iterator<Item = (Pair, Said)> + 'a {
    let mut lists = [old.iter().peekable(), new.iter().peekable()];
    std::iter::from_fn(move || {
        let next = lists.each_mut().map(|list| list.peek().map(|one| (one.0, one.1)));
        let pair = next.into_iter().flatten().min()?;
        let said = lists.each_mut().map(|list| list.next_if(|one| (one.0, one.1) == pair).map(|one| one.2));
        Some((pair, said))
    })
}

/// What is open, in common cells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Open {
    sure: Mask,
    maybe: Mask,
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
    ids: FxHashMap<Change, u32>,
    /// The change between two states.
    between: FxHashMap<Said, u32>,
    all: Vec<Change>,
    /// Source, change, destination.
    pairs: Vec<(u32, u32, u32)>,
}

impl Changes {
    fn add(&mut self, (from, to): Pair, said: Said, change: impl FnOnce(Said) -> Change) {
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let Self { ids, between, all, pairs } = self;
        let id = between.entry(said).or_insert_with(|| {
            *ids.entry(change(said)).or_insert_with_key(|change| {
                all.push(change.clone());
                next
            })
        });
        pairs.push((from, *id, to));
    }

    /// Sources that have the same changes towards the same destinations stand together.
    fn listed(mut self, parties: &Parties, cells: &Cells) -> Vec<ReachChange> {
        self.pairs.sort_unstable();
        let mut together: FxHashMap<(u32, Vec<u32>), Vec<u32>> = FxHashMap::default();
        for same in self.pairs.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some((from, change, _)) = same.first() else { continue };
            let destinations = same.iter().map(|(_, _, to)| *to).collect();
            together.entry((*change, destinations)).or_default().push(*from);
        }
        let mut sorted: Vec<(Vec<u32>, Vec<u32>, u32)> =
            together.into_iter().map(|((change, to), from)| (from, to, change)).collect();
        sorted.sort_unstable();
        let ports = |mask: &Mask| -> Arc<Ports> { Arc::new(cells.ports(mask)) };
        let listed = |(from, to, change): (Vec<u32>, Vec<u32>, u32)| {
            let what = self.all.get(change as usize)?;
            Some(ReachChange {
                from: members(parties, &from),
                to: members(parties, &to),
                opened: ports(&what.opened),
                closed: ports(&what.closed),
                confirmed: ports(&what.confirmed),
                doubtful: ports(&what.doubtful),
            })
        };
        sorted.into_iter().filter_map(listed).collect()
    }
}

fn members(parties: &Parties, ids: &[u32]) -> Vec<DiffEnd> {
    let found = ids.iter().filter_map(|id| parties.all.get(*id as usize));
    let mut members: Vec<DiffEnd> = found.flat_map(|party| party.members.iter().copied()).collect();
    members.sort_unstable();
    members
}
