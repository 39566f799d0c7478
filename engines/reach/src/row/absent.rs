//! What a class lets in from pods that are not in the input.
//!
//! Of such a pod nothing is known but, where someone says so, its labels and those of its namespace. A rule
//! that matches every pod matches it for certain, any other perhaps.

use std::sync::Arc;

use ringfence_model::selector::{KnownLabels, all, any};
use roaring::RoaringBitmap;

use super::Hit;
use super::build::{Builder, counted};
use super::decide::decide;
use super::layer::Layer;
use crate::condition::{Certainty, ConditionId, Conditions};
use crate::namespace::ClusterId;
use crate::pod::NamedPorts;
use crate::policy::{Direction, PeerSpec, PodSets, Rule, Scope, SetId, Term};
use crate::port::Mask;
use crate::selector::Selectors;

/// A pod that is not in the input.
#[derive(Clone, Debug)]
pub(crate) struct Stranger<'a> {
    pub(crate) cluster: ClusterId,
    pub(crate) sets: &'a PodSets,
    pub(crate) selectors: &'a Selectors,
    /// What is known of its labels.
    pub(crate) labels: KnownLabels<'a>,
    /// What is known of those of its namespace.
    pub(crate) namespace: KnownLabels<'a>,
    /// What is said where it cannot be told whether a rule matches it.
    pub(crate) unknown: ConditionId,
    /// Whether an address block may match it.
    pub(crate) has_address: bool,
}

/// What is let in.
#[derive(Clone, Debug)]
pub(crate) struct LetIn {
    pub(crate) sure: Mask,
    pub(crate) maybe: Mask,
    pub(crate) conditions: Vec<ConditionId>,
    /// The rules that match.
    pub(crate) hits: Vec<Hit>,
}

/// Matches, does not, cannot be told.
type Answer = Option<bool>;

impl Stranger<'_> {
    fn is_in(&self, set: SetId) -> Answer {
        let (scope, selector) = self.sets.get(set)?;
        let judge = |known: &KnownLabels<'_>, id| self.selectors.judge_absent(id, known);
        let namespace = match scope {
            // It may be in any namespace.
            Scope::Within(_) => None,
            Scope::Matching(cluster, _) if cluster != self.cluster => Some(false),
            Scope::Matching(_, selector) => judge(&self.namespace, selector),
        };
        all([namespace, judge(&self.labels, selector)])
    }

    fn is_of(&self, spec: &PeerSpec) -> Answer {
        match spec {
            PeerSpec::Pods(set) => self.is_in(*set),
            PeerSpec::Block(..) if self.has_address => None,
            PeerSpec::Block(..) | PeerSpec::Landmark(_) | PeerSpec::Name(_) | PeerSpec::HostNetwork => {
                Some(false)
            }
            PeerSpec::Each(terms) => all(terms.iter().map(|term| self.meets(term))),
            PeerSpec::Unknown(_) => None,
        }
    }

    fn meets(&self, term: &Term) -> Answer {
        any(term.any.iter().map(|spec| self.is_of(spec))).map(|any| any != term.negated)
    }

    /// Whether a rule matches it, certainly or perhaps; `None` for not at all.
    fn matches(&self, rule: &Rule) -> Option<Certainty> {
        let answer = match &rule.peers {
            None => Some(true),
            Some(peers) => any(peers.iter().map(|spec| self.is_of(spec))),
        };
        match answer {
            Some(false) => None,
            Some(true) => Some(None),
            None => Some(Some(self.unknown)),
        }
    }
}

impl Builder<'_> {
    /// The conditions that come up.
    pub(crate) fn conditions(&mut self) -> &mut Conditions {
        self.layers.conditions
    }

    /// What `class` lets in from a pod that is not in the input.
    pub(crate) fn let_in(&mut self, class: u32, stranger: &Stranger<'_>) -> Option<LetIn> {
        let (classes, policies) = (self.layers.classes, self.layers.policies);
        let traits = classes.pods.get(class as usize)?;
        let key = self.key(traits, Direction::Ingress);
        let none = NamedPorts::default();
        let names = classes.ports.get(traits.ports as usize).unwrap_or(&none);
        let nobody = Arc::new(RoaringBitmap::new());
        let mut sources: Vec<(Arc<Vec<Layer>>, Certainty)> = Vec::new();
        for (index, certainty) in key.policies() {
            let Some(policy) = policies.all.get(*index as usize) else { continue };
            let rules = policy.rules(Direction::Ingress).map(|rules| rules.rules.as_slice());
            let matching = rules.unwrap_or_default().iter();
            let matching = matching.filter_map(|rule| Some((rule, stranger.matches(rule)?)));
            let layers =
                matching.map(|(rule, doubt)| self.layers.imagined(policy, rule, names, &nobody, doubt));
            sources.push((Arc::new(layers.collect()), *certainty));
        }
        let host = traits.host.is_undefined().then(|| self.layers.host_condition());
        let layers = counted(&sources, host);
        let on = self.circumstances(&key, Direction::Ingress, host);
        let hits = layers.iter().filter_map(|one| one.hit(on.host, &on.none)).collect();
        let decided = decide(&on, &layers);
        let none = || (on.none.clone(), on.none.clone(), Vec::new());
        let (sure, maybe, conditions) =
            decided.map_or_else(none, |one| (one.sure, one.maybe, one.conditions));
        Some(LetIn { sure, maybe, conditions, hits })
    }
}
