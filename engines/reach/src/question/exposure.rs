//! What is open to whom, those included that do not exist yet: `reach --exposure`.
//!
//! One answer for each pair of rows, not for each pod: workloads of which policies say the same stand
//! together.

use std::sync::Arc;

use ringfence_model::Estate;
use ringfence_model::fact::{Exposed, Exposure, FuturePeer, Opened, Peer, Protection, RuleAction};
use roaring::RoaringBitmap;
use rustc_hash::{FxHashMap, FxHashSet};

use super::future::{FuturePod, described};
use crate::policy::{Both, Direction, PeerSpec, SetId};
use crate::port::Mask;
use crate::row::{Builder, Hit, Key, LetIn};
use crate::{Endpoints, Reach};

impl Reach {
    /// What policies leave open for every workload, sorted by the first workload of each answer.
    pub fn exposure(&self, estate: &Estate) -> Vec<Exposure> {
        let mut conditions = self.conditions.clone();
        let doubt = conditions.id("the labels or the address of such a pod are not known");
        let mut builder = self.builder(&mut conditions);
        let [ingress, egress] = Direction::BOTH.map(|direction| {
            let outside = Outside::new(self, direction);
            let mut of_class = vec![None; self.classes.pods.len()];
            for (key, classes) in builder.keys(direction) {
                let asking = Asking { reach: self, direction, outside: &outside, doubt };
                let exposed = Arc::new(asking.exposed(&mut builder, &key, &classes));
                for class in classes {
                    of_class
                        .get_mut(class as usize)
                        .into_iter()
                        .for_each(|slot| *slot = Some(Arc::clone(&exposed)));
                }
            }
            of_class
        });
        together(self, estate, &Both { ingress, egress })
    }
}

type OfClass = Both<Vec<Option<Arc<Exposed>>>>;

/// Workloads with the same answers in both directions.
fn together(reach: &Reach, estate: &Estate, of_class: &OfClass) -> Vec<Exposure> {
    let mut ids: FxHashMap<(*const Exposed, *const Exposed), usize> = FxHashMap::default();
    let mut all: Vec<Exposure> = Vec::new();
    for (id, _) in estate.iter_workloads() {
        for class in reach.classes.of_workload.get(id.index()).into_iter().flatten() {
            let of = |side: &[Option<Arc<Exposed>>]| side.get(*class as usize).cloned().flatten();
            let Some((ingress, egress)) = of(&of_class.ingress).zip(of(&of_class.egress)) else { continue };
            let next = all.len();
            let at = *ids.entry((Arc::as_ptr(&ingress), Arc::as_ptr(&egress))).or_insert(next);
            if at == next {
                let (ingress, egress) = (Exposed::clone(&ingress), Exposed::clone(&egress));
                all.push(Exposure { members: Vec::new(), ingress, egress });
            }
            let members = all.get_mut(at).map(|exposure| &mut exposure.members);
            members.into_iter().for_each(|members| members.push(Peer::Workload(id)));
        }
    }
    let name = |peer: &Peer| match peer {
        Peer::Workload(id) => estate.workload(*id).map(|one| (one.cluster.clone(), one.label())),
        _ => None,
    };
    for exposure in &mut all {
        exposure.members.sort_by_cached_key(name);
        exposure.members.dedup();
    }
    all.sort_by_cached_key(|exposure| exposure.members.first().map(name));
    all
}

/// Classes of addresses outside.
struct Outside {
    internet: RoaringBitmap,
    private: RoaringBitmap,
}

impl Outside {
    fn new(reach: &Reach, direction: Direction) -> Self {
        let internet = Endpoints::internet();
        Self {
            private: reach.classes_of(&internet.others(), direction),
            internet: reach.classes_of(&internet, direction),
        }
    }
}

/// The question for one direction.
struct Asking<'a> {
    reach: &'a Reach,
    direction: Direction,
    outside: &'a Outside,
    doubt: crate::condition::ConditionId,
}

impl Asking<'_> {
    fn exposed(&self, builder: &mut Builder<'_>, key: &Key, classes: &[u32]) -> Exposed {
        let plain = self.future(builder, key, &FuturePod::plain(key.cluster()));
        Exposed {
            protection: self.protection(key),
            internet: self.outside(classes, &self.outside.internet),
            private: self.outside(classes, &self.outside.private),
            cluster: self.opened(&plain.sure, &plain.maybe),
            future: self.named(builder, key, &plain),
        }
    }

    fn protection(&self, key: &Key) -> Protection {
        let policies = key.policies().iter().filter(|(index, _)| {
            let policy = self.reach.policies.all.get(*index as usize);
            policy.and_then(|policy| policy.rules(self.direction)).is_some_and(|rules| rules.isolates)
        });
        let certainties: Vec<_> =
            policies.map(|(_, certainty)| *certainty).chain(key.doubt().map(Some)).collect();
        if certainties.iter().any(Option::is_none) && key.doubt().is_none() {
            return Protection::Isolated;
        }
        let conditions: Vec<_> = certainties.into_iter().flatten().collect();
        self.reach.conditions.join(&conditions).map_or(Protection::None, Protection::Perhaps)
    }

    /// What the row says of any of these addresses.
    fn outside(&self, classes: &[u32], addresses: &RoaringBitmap) -> Opened {
        let table = self.reach.rows.get(self.direction);
        let row = classes.first().and_then(|class| table.row(*class));
        let none = self.reach.cells.none();
        let (mut sure, mut maybe) = (none.clone(), none);
        for said in row.into_iter().flat_map(|row| row.said()) {
            if addresses.iter().any(|class| said.holds(class)) {
                (sure, maybe) = (sure.or(&said.group.sure), maybe.or(&said.group.maybe));
            }
        }
        self.opened(&sure, &maybe)
    }

    /// Pods that rules name and of which there is none, and that may do more than a pod without labels.
    fn named(&self, builder: &mut Builder<'_>, key: &Key, plain: &LetIn) -> Vec<FuturePeer> {
        let mut sets: FxHashSet<SetId> = FxHashSet::default();
        for (index, _) in key.policies() {
            let policy = self.reach.policies.all.get(*index as usize);
            let rules = policy.and_then(|policy| policy.rules(self.direction));
            let peers = rules.iter().flat_map(|rules| &rules.rules).filter_map(|rule| rule.peers.as_ref());
            peers.flatten().for_each(|peer| gather(peer, &mut sets));
        }
        let is_empty =
            |set: &SetId| self.reach.classes.sets.get(set.index()).is_some_and(|held| held.any().is_empty());
        let mut found: Vec<FuturePeer> = Vec::new();
        for set in sets.into_iter().filter(is_empty) {
            let Some(pod) = FuturePod::of(self.reach, set) else { continue };
            let future = self.future(builder, key, &pod);
            let is_more = (&plain.sure, &plain.maybe) != (&future.sure, &future.maybe);
            let Some(who) = described(self.reach, set).filter(|_| is_more) else { continue };
            let opens = |hit: &&Hit| hit.action == RuleAction::Allow && hit.maybe.touches(&future.maybe);
            let hits = future.hits.iter().filter(opens);
            let rules = hits.filter_map(|hit| self.reach.policies.rules.get(hit.rule.0 as usize));
            let opened = self.opened(&future.sure, &future.maybe);
            found.push(FuturePeer { who: who.into(), opened, rules: rules.cloned().collect() });
        }
        found.sort_by(|a, b| a.who.cmp(&b.who));
        found
    }

    fn future(&self, builder: &mut Builder<'_>, key: &Key, pod: &FuturePod) -> LetIn {
        builder.let_in(key, self.direction, &pod.as_stranger(self.reach, self.doubt))
    }

    fn opened(&self, sure: &Mask, maybe: &Mask) -> Opened {
        let ports = |mask: &Mask| Arc::new(self.reach.cells.ports(mask));
        Opened { allowed: ports(sure), depends: ports(&maybe.minus(sure)) }
    }
}

/// The sets of pods that a peer names.
fn gather(peer: &PeerSpec, sets: &mut FxHashSet<SetId>) {
    match peer {
        PeerSpec::Pods(set) => {
            sets.insert(*set);
        }
        PeerSpec::Each(terms) => {
            let terms = terms.iter().filter(|term| !term.negated);
            terms.flat_map(|term| &term.any).for_each(|peer| gather(peer, sets));
        }
        PeerSpec::Block(..)
        | PeerSpec::Name(_)
        | PeerSpec::Landmark(_)
        | PeerSpec::HostNetwork
        | PeerSpec::Unknown(_) => {}
    }
}
