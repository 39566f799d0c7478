//! Rules weighed: what every part of a row would be without one of them.

use ringfence_model::fact::RuleAction;
use rustc_hash::FxHashMap;

use super::build::{Builder, Key, counted};
use super::decide::{Circumstances, Counted, Decided, decide};
use crate::policy::{Direction, Rule, RuleId};
use crate::port::Mask;

/// What a row says of some peers, with everything that it rests on.
#[derive(Debug)]
pub(crate) struct Weighed<'a> {
    on: &'a Circumstances,
    layers: &'a [Counted<'a>],
}

impl Weighed<'_> {
    /// The rules that match.
    pub(crate) fn rules(&self) -> impl Iterator<Item = RuleId> {
        self.layers.iter().filter(|one| !one.layer.maybe.is_empty()).map(|one| one.layer.rule)
    }

    /// The rules that match on any port on which `rule` does.
    pub(crate) fn beside(&self, rule: RuleId) -> Vec<RuleId> {
        let none = self.on.none.clone();
        let of_rule = self.layers.iter().filter(|one| one.layer.rule == rule);
        let ports = of_rule.fold(none, |ports, one| ports.or(&one.layer.maybe));
        let others =
            self.layers.iter().filter(|one| one.layer.rule != rule && one.layer.maybe.touches(&ports));
        others.map(|one| one.layer.rule).collect()
    }

    /// Calls `visit` for each two rules of which one allows and one denies the same ports, the one that
    /// comes first in front.
    pub(crate) fn contradictions(&self, mut visit: impl FnMut(RuleId, RuleId, &Mask)) {
        for (index, first) in self.layers.iter().enumerate() {
            let later = self.layers.iter().skip(index + 1);
            for second in later.filter(|second| contradict(first.layer.action, second.layer.action)) {
                let both = first.layer.maybe.and(&second.layer.maybe);
                if !both.is_empty() {
                    visit(first.layer.rule, second.layer.rule, &both);
                }
            }
        }
    }

    /// Whether the decision would be another without the rules that `without` names; policies that
    /// `gone` names do not isolate either.
    pub(crate) fn hangs_on(&self, without: impl Fn(RuleId) -> bool, gone: impl Fn(u32) -> bool) -> bool {
        let layers: Vec<Counted<'_>> =
            self.layers.iter().filter(|one| !without(one.layer.rule)).copied().collect();
        let mut on = self.on.clone();
        on.isolating.retain(|isolating| !gone(isolating.policy));
        ports(decide(self.on, self.layers)) != ports(decide(&on, &layers))
    }
}

fn contradict(one: RuleAction, other: RuleAction) -> bool {
    matches!((one, other), (RuleAction::Allow, RuleAction::Deny) | (RuleAction::Deny, RuleAction::Allow))
}

fn ports(decided: Option<Decided>) -> Option<(Mask, Mask)> {
    decided.map(|decided| (decided.sure, decided.maybe))
}

impl Builder<'_> {
    /// What decides rows of one direction, each once, with the classes that have it.
    pub(crate) fn keys(&mut self, direction: Direction) -> Vec<(Key, Vec<u32>)> {
        let mut ids: FxHashMap<Key, usize> = FxHashMap::default();
        let mut keys: Vec<(Key, Vec<u32>)> = Vec::new();
        for (class, traits) in (0..).zip(&self.layers.classes.pods) {
            let key = self.key(traits, direction);
            let id = *ids.entry(key.clone()).or_insert(keys.len());
            match keys.get_mut(id) {
                Some((_, classes)) => classes.push(class),
                None => keys.push((key, vec![class])),
            }
        }
        keys
    }

    /// Whether any class is a peer of `rule`.
    pub(crate) fn has_peers(&mut self, rule: &Rule, direction: Direction) -> bool {
        self.layers.has_peers(rule, direction)
    }

    /// Calls `visit` for every part of a row: peers that the same rules match, and those that none does.
    pub(crate) fn weigh(&mut self, key: &Key, direction: Direction, mut visit: impl FnMut(&Weighed<'_>)) {
        let host = (!self.layers.classes.host.is_empty()).then(|| self.layers.host_condition());
        let sources = self.sources(key, direction);
        let layers = counted(&sources, host.filter(|_| key.is_on_host()));
        let on = self.circumstances(key, direction, host);
        let numbered = (0_u32..).zip(layers.iter().map(|counted| counted.layer));
        let parts = self.parting.part(numbered.map(|(index, layer)| (index, layer.peers.as_ref())));
        for part in parts.iter().map(|part| part.layers.as_slice()).chain([[].as_slice()]) {
            let matching = part.iter().filter_map(|index| layers.get(*index as usize)).copied();
            let matching: Vec<Counted<'_>> = matching.collect();
            visit(&Weighed { on: &on, layers: &matching });
        }
    }
}
