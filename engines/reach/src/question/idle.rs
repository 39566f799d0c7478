//! Policies and rules that do nothing: `reach --unused` and `reach --shadowed`.
//!
//! A rule has an effect where, for some pods and some peers, its side would decide otherwise without it.
//! What the other side of a connection closes anyway does not count: the two are written by different people.
//! A pod without labels that may come to each namespace counts like those that are there: it is whom a
//! policy of all pods protects.

use std::collections::BTreeMap;

use ringfence_model::fact::{DecidingRule, Idle, WhyIdle};
use ringfence_model::{ResourceId, Text};
use rustc_hash::FxHashSet;

use super::future::FuturePod;
use crate::class::Traits;
use crate::condition::{Certainty, ConditionId};
use crate::namespace::NamespaceId;
use crate::pod::{Addresses, Enforced, HostNetwork};

use crate::Reach;
use crate::policy::{Direction, Policy, Rule, RuleId, SetId};
use crate::row::{Builder, Key, Weighed};

impl Reach {
    /// The policies and rules that do nothing, in the order of policies and rules. Of a policy that does
    /// nothing as a whole the rules are not listed.
    pub fn idle(&self) -> Vec<Idle> {
        let mut conditions = self.conditions.clone();
        let mut builder = self.builder(&mut conditions);
        let mut effects = Effects::new(self);
        let newcomers = self.newcomers();
        for direction in Direction::BOTH {
            let newcomers = newcomers.iter().map(|traits| builder.key(traits, direction));
            let newcomers: Vec<Key> = newcomers.collect();
            let keys = builder.keys(direction).into_iter().map(|(key, _)| key);
            for key in keys.chain(newcomers) {
                let policies: Vec<u32> = key.policies().iter().map(|(policy, _)| *policy).collect();
                effects.selecting.extend(&policies);
                builder.weigh(&key, direction, |part| effects.weigh(part, &policies));
            }
        }
        self.listed(&effects)
    }

    /// A pod without labels for each namespace that a policy is of.
    fn newcomers(&self) -> Vec<Traits> {
        let mut subjects: BTreeMap<NamespaceId, Vec<SetId>> = BTreeMap::new();
        let mut wide: Vec<SetId> = Vec::new();
        for policy in &self.policies.all {
            match policy.namespace {
                Some(namespace) => subjects.entry(namespace).or_default().push(policy.subject),
                None => wide.push(policy.subject),
            }
        }
        subjects
            .into_iter()
            .map(|(namespace, own)| self.newcomer(namespace, own.iter().chain(&wide)))
            .collect()
    }

    fn newcomer<'a>(&self, namespace: NamespaceId, subjects: impl Iterator<Item = &'a SetId>) -> Traits {
        let pod = FuturePod::within(self, namespace);
        let stranger = pod.as_stranger(self, ConditionId::SEVERAL);
        let selecting = subjects.filter(|set| stranger.is_in(**set) == Some(true));
        let mut sets: Vec<(SetId, Certainty)> = selecting.map(|set| (*set, None)).collect();
        sets.sort_unstable();
        sets.dedup();
        Traits {
            namespace,
            sets,
            ports: u32::MAX,
            host: HostNetwork::No,
            enforced: Enforced::Yes,
            addresses: Addresses::Unknown,
            shared: None,
            doubt: None,
        }
    }

    pub(crate) fn builder<'a>(&'a self, conditions: &'a mut crate::condition::Conditions) -> Builder<'a> {
        let Self { namespaces, policies, classes, cells, peers, profiles, .. } = self;
        Builder::new(namespaces, policies, classes, cells, peers, profiles, conditions)
    }

    fn listed(&self, effects: &Effects) -> Vec<Idle> {
        let mut idle = Vec::new();
        // Some policies are evaluated in parts: such a one does nothing where none of its parts does.
        let all = || (0..).zip(&self.policies.all);
        let works = |(index, policy): &(u32, &Policy)| self.whole(*index, policy, effects).is_none();
        let works: FxHashSet<ResourceId> = all().filter(works).map(|(_, policy)| policy.resource).collect();
        let mut listed: FxHashSet<ResourceId> = FxHashSet::default();
        for (index, policy) in all() {
            let resource = policy.resource;
            if works.contains(&resource) {
                idle.extend(self.rules_of(policy, effects));
            } else if listed.insert(resource) {
                let rule =
                    DecidingRule { policy: resource, element: Text::default(), location: policy.location };
                let why = self.whole(index, policy, effects).unwrap_or(WhyIdle::Redundant);
                idle.push(Idle { rule, why, by: Vec::new() });
            }
        }
        idle
    }

    /// Why a policy does nothing as a whole.
    fn whole(&self, index: u32, policy: &Policy, effects: &Effects) -> Option<WhyIdle> {
        let subject = self.classes.sets.get(policy.subject.index());
        let selects = subject.is_some_and(|held| !held.any().is_empty());
        let leaves_both_alone = policy.ingress.is_none() && policy.egress.is_none();
        if !selects {
            Some(WhyIdle::SelectsNoPod)
        } else if leaves_both_alone {
            Some(WhyIdle::Redundant)
        } else if !effects.selecting.contains(&index) {
            Some(WhyIdle::NotEnforced)
        } else {
            (!effects.policies.contains(&index)).then_some(WhyIdle::Redundant)
        }
    }

    fn rules_of(&self, policy: &Policy, effects: &Effects) -> Vec<Idle> {
        let mut idle = Vec::new();
        for direction in Direction::BOTH {
            let rules = policy.rules(direction).map(|rules| rules.rules.as_slice()).unwrap_or_default();
            for rule in rules.iter().filter(|rule| !effects.rules.contains(&rule.id)) {
                let Some(text) = self.rule(rule.id) else { continue };
                let by = effects.beside.get(rule.id.0 as usize).map(Vec::as_slice).unwrap_or_default();
                let by = by.iter().filter_map(|rule| self.rule(*rule)).collect();
                idle.push(Idle { rule: text, why: self.why(rule, direction, effects), by });
            }
        }
        idle
    }

    fn why(&self, rule: &Rule, direction: Direction, effects: &Effects) -> WhyIdle {
        if effects.matching.contains(&rule.id) {
            WhyIdle::Shadowed
        } else if self.matches_peer(rule, direction) {
            WhyIdle::MatchesNoPort
        } else {
            WhyIdle::MatchesNoPeer
        }
    }

    fn matches_peer(&self, rule: &Rule, direction: Direction) -> bool {
        let mut conditions = self.conditions.clone();
        self.builder(&mut conditions).has_peers(rule, direction)
    }

    fn rule(&self, rule: RuleId) -> Option<DecidingRule> {
        self.policies.rules.get(rule.0 as usize).cloned()
    }
}

/// What has an effect, as far as parts were weighed.
#[derive(Debug)]
struct Effects {
    /// Policies that select a class on which they are enforced.
    selecting: FxHashSet<u32>,
    policies: FxHashSet<u32>,
    rules: FxHashSet<RuleId>,
    /// Rules that match anything.
    matching: FxHashSet<RuleId>,
    /// For rules without effect so far, what they were found beside.
    beside: Vec<Vec<RuleId>>,
    policy_of: Vec<u32>,
}

/// How many rules are named beside one that is shadowed.
const BESIDE: usize = 3;

impl Effects {
    fn new(reach: &Reach) -> Self {
        let mut policy_of = vec![u32::MAX; reach.policies.rules.len()];
        for (index, policy) in (0..).zip(&reach.policies.all) {
            let rules = Direction::BOTH.into_iter().filter_map(|direction| policy.rules(direction));
            for rule in rules.flat_map(|rules| &rules.rules) {
                policy_of.get_mut(rule.id.0 as usize).into_iter().for_each(|slot| *slot = index);
            }
        }
        Self {
            selecting: FxHashSet::default(),
            policies: FxHashSet::default(),
            rules: FxHashSet::default(),
            matching: FxHashSet::default(),
            beside: vec![Vec::new(); reach.policies.rules.len()],
            policy_of,
        }
    }

    /// Takes in one part of a row that `policies` select.
    fn weigh(&mut self, part: &Weighed<'_>, policies: &[u32]) {
        for rule in part.rules() {
            self.matching.insert(rule);
            if self.rules.contains(&rule) {
                continue;
            }
            if part.hangs_on(|one| one == rule, |_| false) {
                self.rules.insert(rule);
            } else if let Some(beside) = self.beside.get_mut(rule.0 as usize) {
                beside.extend(part.beside(rule));
                beside.sort_unstable();
                beside.dedup();
                beside.truncate(BESIDE);
            }
        }
        for policy in policies.iter().filter(|policy| !self.policies.contains(*policy)).collect::<Vec<_>>() {
            let of_policy = |rule: RuleId| self.policy_of.get(rule.0 as usize) == Some(policy);
            if part.hangs_on(of_policy, |gone| gone == *policy) {
                self.policies.insert(*policy);
            }
        }
    }
}
