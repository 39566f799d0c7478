//! The whole map, factored.

use std::sync::Arc;

use ringfence_model::fact::{Decision, Peer, Ports, ReachClass, ReachMap, ReachPair, RuleAction};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::condition::ConditionId;
use crate::policy::Direction;
use crate::port::Mask;
use crate::product::{Block, Ends, blocks};
use crate::{Endpoints, Reach};

impl Reach {
    /// The whole map in factored form.
    pub fn map(&self) -> ReachMap {
        let mut factory = Factory::new(self);
        blocks(&self.rows, &self.reached, Ends::default(), |block| factory.add(block, 0));
        let all = self.classes.members.iter().zip(&self.classes.counts);
        let map = factory.map(false, all.map(|(members, pods)| (members.clone(), *pods)));
        ReachMap { controller: self.controller.clone(), ..map }
    }

    /// The map of what `from` may open towards `to`, `None` standing for everyone. Classes come twice:
    /// first as those who connect, then as those who answer, each with only the members asked for.
    pub fn map_of(&self, from: Option<&Endpoints>, to: Option<&Endpoints>) -> ReachMap {
        let sources = from.map(|from| self.classes_of(from, Direction::Ingress));
        let destinations = to.map(|to| self.classes_of(to, Direction::Egress));
        let mut factory = Factory::new(self);
        let ends = Ends { from: sources.as_ref(), to: destinations.as_ref() };
        blocks(&self.rows, &self.reached, ends, |block| factory.add(block, self.classes.len()));
        let side = |endpoints: Option<&Endpoints>| {
            let members = (0..).zip(&self.classes.members).map(|(class, members)| match endpoints {
                Some(endpoints) => self.members(class, endpoints),
                None => members.clone(),
            });
            members.zip(self.classes.counts.iter().copied()).collect::<Vec<_>>()
        };
        factory.map(true, side(from).into_iter().chain(side(to)))
    }
}

/// Makes pairs; sets, ports and lists of rules that recur are shared.
struct Factory<'a> {
    reach: &'a Reach,
    pairs: Vec<ReachPair>,
    sets: Vec<Arc<[u32]>>,
    set_ids: FxHashMap<Arc<[u32]>, u32>,
    ports: FxHashMap<Mask, Arc<Ports>>,
    rules: FxHashSet<Arc<[u32]>>,
    /// Rules of the pair at hand.
    open: Vec<u32>,
    conditions: FxHashMap<Vec<ConditionId>, Arc<str>>,
}

impl<'a> Factory<'a> {
    fn new(reach: &'a Reach) -> Self {
        Self {
            reach,
            pairs: Vec::new(),
            sets: Vec::new(),
            set_ids: FxHashMap::default(),
            ports: FxHashMap::default(),
            rules: FxHashSet::default(),
            open: Vec::new(),
            conditions: FxHashMap::default(),
        }
    }

    /// The map, with these members and numbers of pods for each class.
    fn map(self, lists_landmarks: bool, classes: impl Iterator<Item = (Vec<Peer>, u32)>) -> ReachMap {
        let class = |(mut members, pods): (Vec<Peer>, u32)| {
            members.sort_unstable();
            ReachClass { members, pods }
        };
        ReachMap {
            profile: self.reach.profiles.general().as_str(),
            lists_landmarks,
            lists_self: self.reach.profiles.general().switches().lists_self,
            classes: classes.map(class).collect(),
            sets: self.sets,
            pairs: self.pairs,
            rules: self.reach.policies.rules.clone(),
            names: self.reach.policies.dns.all().to_vec(),
            controller: Vec::new(),
        }
    }

    /// Adds what a block allows; classes that answer are numbered from `offset`.
    fn add(&mut self, block: &Block<'_>, offset: u32) {
        let (sure, maybe) = (block.sure(), block.maybe());
        let (from, to) = (self.set(block.from, 0), self.set(block.to, offset));
        if !sure.is_empty() {
            let (ports, rules) = (self.ports(&sure), self.rules(block, &sure));
            self.pairs.push(ReachPair { from, to, decision: Decision::Allow, ports, rules });
        }
        let open = maybe.minus(&sure);
        if !open.is_empty() {
            let decision = Decision::Depends(self.condition(block, &open));
            let (ports, rules) = (self.ports(&open), self.rules(block, &open));
            self.pairs.push(ReachPair { from, to, decision, ports, rules });
        }
    }

    fn set(&mut self, classes: &[u32], offset: u32) -> u32 {
        let moved: Vec<u32>;
        let classes = if offset == 0 {
            classes
        } else {
            moved = classes.iter().map(|class| class.saturating_add(offset)).collect();
            &moved
        };
        if let Some(id) = self.set_ids.get(classes) {
            return *id;
        }
        let set: Arc<[u32]> = classes.into();
        let id = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.sets.push(Arc::clone(&set));
        self.set_ids.insert(set, id);
        id
    }

    fn ports(&mut self, mask: &Mask) -> Arc<Ports> {
        if let Some(ports) = self.ports.get(mask) {
            return Arc::clone(ports);
        }
        let ports = Arc::new(self.reach.cells.ports(mask));
        self.ports.insert(mask.clone(), Arc::clone(&ports));
        ports
    }

    /// The rules that open any of `ports`.
    fn rules(&mut self, block: &Block<'_>, ports: &Mask) -> Arc<[u32]> {
        let hits = block.egress.hits().iter().chain(block.ingress.hits());
        let open = hits.filter(|hit| hit.action != RuleAction::Deny && hit.maybe.touches(ports));
        self.open.clear();
        self.open.extend(open.map(|hit| hit.rule.0));
        self.open.sort_unstable();
        self.open.dedup();
        if let Some(rules) = self.rules.get(self.open.as_slice()) {
            return Arc::clone(rules);
        }
        let rules: Arc<[u32]> = self.open.as_slice().into();
        self.rules.insert(Arc::clone(&rules));
        rules
    }

    fn condition(&mut self, block: &Block<'_>, open: &Mask) -> Arc<str> {
        let ids = conditions(block, open);
        let reach = self.reach;
        let join = |ids: &Vec<ConditionId>| reach.conditions.join(ids).unwrap_or_else(|| "not known".into());
        Arc::clone(self.conditions.entry(ids).or_insert_with_key(join))
    }
}

/// What hangs on what, for the ports of `open`: only the sides that leave them open count.
pub(crate) fn conditions(block: &Block<'_>, open: &Mask) -> Vec<ConditionId> {
    let sides = [block.egress.group, block.ingress.group];
    let unsure = sides.into_iter().filter(|side| !open.minus(&side.sure).is_empty());
    let mut ids: Vec<ConditionId> = unsure.flat_map(|side| side.conditions.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
