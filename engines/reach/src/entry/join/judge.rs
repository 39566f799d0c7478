//! Judges targets: by the rows of their classes, for each thing that a pod may take for the source.

mod source;

use std::rc::Rc;
use std::sync::Arc;

use ringfence_model::WorkloadId;
use ringfence_model::fact::{AddressRange, Entry, Front, Passage, Ports, Seen, Target, TargetEnd};
use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;

use super::judged::{Judged, cut};
use super::{Approach, merged};
use crate::policy::Direction;
use crate::row::{Builder, Pairing};
use crate::{Endpoints, Reach};

/// Said where several things may be the source.
const SOURCE_UNKNOWN: &str = "what the pod takes for the source is not known";

/// Judges one target after another. What was asked before is answered from memory: Services that the same
/// policies guard are judged once.
pub(super) struct Judge<'a> {
    reach: &'a Reach,
    pairing: Pairing<'a>,
    /// For pods that are not in the input, where any are seen.
    rows: Option<Builder<'a>>,
    known: FxHashMap<(Asked, Vec<u32>), Parts>,
    sources: FxHashMap<Vec<AddressRange>, Rc<RoaringBitmap>>,
}

/// Whom is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Asked {
    /// Each of these.
    Clients(Vec<AddressRange>),
    /// One of these.
    Balancer(Vec<AddressRange>),
    Node,
    Absent,
}

/// Clients, and what is let in from them.
type Parts = Rc<Vec<(Vec<AddressRange>, Judged)>>;

impl<'a> Judge<'a> {
    pub(super) fn new(reach: &'a Reach, pairing: Pairing<'a>, rows: Option<Builder<'a>>) -> Self {
        Self { reach, pairing, rows, known: FxHashMap::default(), sources: FxHashMap::default() }
    }

    pub(super) fn fill(&mut self, entry: &mut Entry, approach: &Approach) {
        for at in 0..entry.targets.len() {
            let Some(target) = entry.targets.get(at) else { continue };
            let TargetEnd::Workload(id) = target.end else { continue };
            let passages = self.passages(entry, target, id, approach);
            entry.targets.get_mut(at).into_iter().for_each(|target| target.passages.clone_from(&passages));
        }
    }

    fn passages(
        &mut self,
        entry: &Entry,
        target: &Target,
        id: WorkloadId,
        approach: &Approach,
    ) -> Vec<Passage> {
        let classes = self.representatives(id);
        let mut common: Option<Judged> = None;
        for seen in target.seen.iter().filter(|seen| **seen != Seen::Client) {
            let judged = self.judged(*seen, entry, id, &classes);
            common = Some(match common {
                None => judged,
                Some(there) => there.either(judged, SOURCE_UNKNOWN),
            });
        }
        let everyone = entry.clients.ranges.clone();
        let parts = match target.seen.contains(&Seen::Client) {
            true => self.ask(Asked::Clients(everyone.clone()), &classes).to_vec(),
            false => Vec::new(),
        };
        let parts = match (parts.is_empty(), common) {
            (true, Some(common)) => vec![(everyone, common)],
            (true, None) => vec![(everyone, self.unknown(SOURCE_UNKNOWN))],
            (false, None) => parts,
            (false, Some(common)) => {
                let either = |(clients, part): (Vec<AddressRange>, Judged)| {
                    (clients, part.either(common.clone(), SOURCE_UNKNOWN))
                };
                parts.into_iter().map(either).collect()
            }
        };
        let passage = |(clients, judged)| self.passage(clients, judged, entry, target, approach);
        merged(parts.into_iter().map(passage).collect())
    }

    /// A class of the workload for each row: classes of one row let in the same.
    fn representatives(&self, id: WorkloadId) -> Vec<u32> {
        let classes = self.reach.classes.of_workload.get(id.index()).map(Vec::as_slice).unwrap_or_default();
        let row = |class: u32| self.reach.rows.ingress.of_class.get(class as usize).copied();
        let mut classes: Vec<u32> = classes.to_vec();
        classes.sort_unstable_by_key(|class| (row(*class), *class));
        classes.dedup_by_key(|class| row(*class));
        classes
    }

    fn judged(&mut self, seen: Seen, entry: &Entry, id: WorkloadId, classes: &[u32]) -> Judged {
        let asked = match (seen, &entry.front) {
            (Seen::LoadBalancer, _) => Asked::Balancer(entry.addresses.clone()),
            (Seen::Node, _) => Asked::Node,
            (Seen::AbsentPods, _) => Asked::Absent,
            (Seen::Pods, Front::Pods(pods)) => return self.pods(pods, id),
            (Seen::Pods | Seen::Client, _) => return self.unknown(SOURCE_UNKNOWN),
        };
        match self.ask(asked, classes).first() {
            Some((_, judged)) => judged.clone(),
            None => self.unknown(SOURCE_UNKNOWN),
        }
    }

    fn ask(&mut self, asked: Asked, classes: &[u32]) -> Parts {
        let row = |class: &u32| self.reach.rows.ingress.of_class.get(*class as usize).copied();
        let key = (asked, classes.iter().filter_map(row).collect::<Vec<u32>>());
        if let Some(parts) = self.known.get(&key) {
            return Rc::clone(parts);
        }
        let everyone = |judged: Judged| vec![(Vec::new(), judged)];
        let parts: Parts = Rc::new(match &key.0 {
            Asked::Clients(ranges) => self.by_client(ranges, classes),
            Asked::Balancer(ranges) => {
                let sources = self.sources(ranges);
                let why = "which address the load balancer has in the VPC is not known";
                everyone(self.one_of(&sources, classes, why))
            }
            Asked::Node => everyone(self.node(classes)),
            Asked::Absent => everyone(self.absent(classes)),
        });
        self.known.insert(key, Rc::clone(&parts));
        parts
    }

    /// The classes of addresses outside that these touch.
    fn sources(&mut self, ranges: &[AddressRange]) -> Rc<RoaringBitmap> {
        if let Some(sources) = self.sources.get(ranges) {
            return Rc::clone(sources);
        }
        let from = Endpoints::ranges(ranges.iter().copied());
        let sources = Rc::new(self.reach.classes_of(&from, Direction::Ingress));
        self.sources.insert(ranges.to_vec(), Rc::clone(&sources));
        sources
    }

    /// Nothing is known.
    fn unknown(&self, why: &str) -> Judged {
        let mut judged = Judged::new(self.reach.cells.none(), self.reach.cells.all());
        judged.condition(why.into());
        judged
    }

    fn passage(
        &self,
        clients: Vec<AddressRange>,
        judged: Judged,
        entry: &Entry,
        target: &Target,
        approach: &Approach,
    ) -> Passage {
        let Judged { sure, maybe, conditions, ingress, egress } = judged;
        let wanted: &Ports = &target.ports;
        let (mut sure, mut maybe) = (cut(self.reach, &sure, wanted), cut(self.reach, &maybe, wanted));
        let of_way = match approach {
            Approach::Open => None,
            Approach::Closed => {
                (sure, maybe) = (Ports::default(), Ports::default());
                None
            }
            Approach::Depends(why) => Some(Arc::clone(why)),
        };
        let outer: Vec<Arc<str>> =
            entry.conditions.iter().chain(&target.conditions).cloned().chain(of_way).collect();
        if !outer.is_empty() {
            sure = Ports::default();
        }
        let depends = maybe.minus(&sure);
        let condition = (!depends.is_empty()).then(|| joined(outer.into_iter().chain(conditions)));
        Passage {
            clients,
            allowed: Arc::new(sure),
            depends: Arc::new(depends),
            condition,
            egress: egress.side(self.reach),
            ingress: ingress.side(self.reach),
        }
    }
}

fn joined(all: impl Iterator<Item = Arc<str>>) -> Arc<str> {
    let mut texts: Vec<Arc<str>> = Vec::new();
    for text in all {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.is_empty() { "not known".into() } else { texts.join("; ").into() }
}
