//! Two answers side by side: who is who in the other estate, and ports in common cells.
//!
//! A party is a set of ends that have the same classes in both. A workload whose pods differ is in a
//! party with several classes, and may do what any of them may.

use ringfence_model::fact::{AddressRange, DiffEnd, Landmark, Peer};
use ringfence_model::{Estate, Text, Workload, WorkloadId};
use rustc_hash::FxHashMap;

use crate::Reach;
use crate::policy::{Direction, DnsId};

/// One of the two answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) estate: &'a Estate,
    pub(super) reach: &'a Reach,
}

/// Ends that have the same classes before, and the same classes after.
#[derive(Debug)]
pub(super) struct Party {
    pub(super) before: Box<[u32]>,
    pub(super) after: Box<[u32]>,
    pub(super) members: Vec<DiffEnd>,
    /// Whether it is a single pod in both, which does not talk to itself.
    pub(super) single: bool,
}

/// The parties of two answers. Those outside come twice: as those who connect, and as those who answer.
#[derive(Debug)]
pub(super) struct Parties {
    pub(super) all: Vec<Party>,
    /// How many are of workloads; they come first.
    workloads: usize,
}

type Name<'a> = (Option<&'a Text>, &'a Text, &'a Text, &'a Text);
type Classes = (Box<[u32]>, Box<[u32]>);

impl Parties {
    pub(super) fn new(before: Answer<'_>, after: Answer<'_>) -> Self {
        let mut all = workloads(before, after);
        let workloads = all.len();
        all.extend(Direction::BOTH.into_iter().flat_map(|direction| outside(before, after, direction)));
        Self { all, workloads }
    }

    pub(super) fn is_outside(&self, party: u32) -> bool {
        party as usize >= self.workloads
    }

    /// Whether a party is a single pod, which does not talk to itself.
    pub(super) fn is_single(&self, party: u32) -> bool {
        self.all.get(party as usize).is_some_and(|party| party.single)
    }
}

impl Party {
    /// Whether only one of both answers has it.
    pub(super) fn is_new_or_gone(&self) -> bool {
        self.before.is_empty() || self.after.is_empty()
    }
}

fn name(workload: &Workload) -> Name<'_> {
    (workload.cluster.as_ref(), &workload.namespace, &workload.name, &workload.kind)
}

fn workloads(before: Answer<'_>, after: Answer<'_>) -> Vec<Party> {
    let mut ends: FxHashMap<Name<'_>, [Option<WorkloadId>; 2]> = FxHashMap::default();
    for (side, answer) in [before, after].into_iter().enumerate() {
        for (id, workload) in answer.estate.iter_workloads() {
            let slot = ends.entry(name(workload)).or_default().get_mut(side);
            slot.into_iter().for_each(|slot| *slot = Some(id));
        }
    }
    let mut sorted: Vec<(Name<'_>, [Option<WorkloadId>; 2])> = ends.into_iter().collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let classes = |answer: Answer<'_>, id: Option<WorkloadId>| -> Box<[u32]> {
        let of = id.and_then(|id| answer.reach.classes.of_workload.get(id.index()));
        of.map(|classes| classes.as_slice().into()).unwrap_or_default()
    };
    let mut gathering = Gathering::default();
    for (_, [old, new]) in sorted {
        let member = DiffEnd { before: old.map(Peer::Workload), after: new.map(Peer::Workload) };
        gathering.add((classes(before, old), classes(after, new)), member);
    }
    for party in &mut gathering.all {
        let single = |reach: &Reach, classes: &[u32]| classes.iter().all(|class| reach.is_single(*class));
        party.single = party.members.len() == 1
            && single(before.reach, &party.before)
            && single(after.reach, &party.after);
    }
    gathering.all
}

/// Addresses, cut where either of both cuts them; landmarks; names.
fn outside(before: Answer<'_>, after: Answer<'_>, direction: Direction) -> Vec<Party> {
    let mut gathering = Gathering::default();
    let [old_space, new_space] = [before, after].map(|answer| answer.reach.spaces.get(direction));
    for old in &old_space.intervals {
        for new in new_space.touched(old.span) {
            let Some(span) = old.span.overlap(new.span) else { continue };
            let class = |answer: Answer<'_>, signature| {
                [answer.reach.classes.of_signature(direction, signature)].into()
            };
            let peer = Peer::External(AddressRange::from(span));
            let member = DiffEnd { before: Some(peer), after: Some(peer) };
            gathering.add((class(before, old.signature), class(after, new.signature)), member);
        }
    }
    for landmark in Landmark::ALL {
        let class = |answer: Answer<'_>| answer.reach.classes.landmark(direction, landmark);
        let (Some(old), Some(new)) = (class(before), class(after)) else { continue };
        let peer = Some(Peer::Landmark(landmark));
        gathering.add(([old].into(), [new].into()), DiffEnd { before: peer, after: peer });
    }
    if direction == Direction::Egress {
        names(before, after, &mut gathering);
    }
    gathering.all
}

/// Names that only one of both knows say nothing of the other; its addresses are compared all the same.
fn names(before: Answer<'_>, after: Answer<'_>, gathering: &mut Gathering) {
    let mut all: Vec<&Text> = before.reach.names().iter().collect();
    all.sort_unstable();
    for name in all {
        let id = |answer: Answer<'_>| answer.reach.policies.dns.find(name).next();
        let (Some(old), Some(new)) = (id(before), id(after)) else { continue };
        let class = |answer: Answer<'_>, id| [answer.reach.classes.of_name(id)].into();
        let peer = |id: DnsId| Some(Peer::Name(id.number()));
        gathering
            .add((class(before, old), class(after, new)), DiffEnd { before: peer(old), after: peer(new) });
    }
}

#[derive(Default)]
struct Gathering {
    all: Vec<Party>,
    ids: FxHashMap<Classes, usize>,
}

impl Gathering {
    fn add(&mut self, classes: Classes, member: DiffEnd) {
        if let Some(party) = self.ids.get(&classes).and_then(|id| self.all.get_mut(*id)) {
            party.members.push(member);
            return;
        }
        self.ids.insert(classes.clone(), self.all.len());
        let (before, after) = classes;
        self.all.push(Party { before, after, members: vec![member], single: false });
    }
}
