//! What passes between a class and pods that are not in the input, or that do not exist yet.
//!
//! Of such a pod nothing is known but, where someone says so, its labels and its namespace. A rule that
//! matches every pod matches it for certain; where what is known does not decide, a rule matches perhaps.

use std::sync::Arc;

use ringfence_model::selector::{KnownLabels, all, any};
use roaring::RoaringBitmap;

use super::Hit;
use super::build::{Builder, Key, counted};
use super::decide::decide;
use super::layer::Layer;
use crate::address::{Blocks, Cover, cover_of_pods};
use crate::condition::{Certainty, ConditionId, Conditions};
use crate::namespace::{ClusterId, NamespaceId};
use crate::pod::NamedPorts;
use crate::policy::{Direction, PeerSpec, PodSets, Rule, Scope, SetId, Term};
use crate::port::Mask;
use crate::selector::Selectors;

/// A pod that is not in the input, or that does not exist yet.
#[derive(Clone, Debug)]
pub(crate) struct Stranger<'a> {
    pub(crate) cluster: ClusterId,
    pub(crate) sets: &'a PodSets,
    pub(crate) selectors: &'a Selectors,
    /// What is known of its labels.
    pub(crate) labels: KnownLabels<'a>,
    pub(crate) home: Home,
    /// What is known of the labels of its namespace.
    pub(crate) namespace: KnownLabels<'a>,
    /// What is said where it cannot be told whether a rule matches it.
    pub(crate) unknown: ConditionId,
    pub(crate) address: Address<'a>,
}

/// The namespace of a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// Not known.
    Anywhere,
    /// None that exists.
    New,
    In(NamespaceId),
}

/// The address of a stranger.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Address<'a> {
    /// No address block matches it.
    None,
    /// Any address may be its own, that of a node too: it may be on the host network, where what labels
    /// match is not defined.
    Unknown,
    /// An address that pods can have.
    OfPod(&'a Blocks),
}

/// What passes between a class and a stranger.
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
    /// Whether a set holds it.
    pub(crate) fn is_in(&self, set: SetId) -> Answer {
        let (scope, selector) = self.sets.get(set)?;
        let judge = |known: &KnownLabels<'_>, id| self.selectors.judge_absent(id, known);
        let namespace = match (scope, self.home) {
            (Scope::Within(_), Home::Anywhere) => None,
            (Scope::Within(_), Home::New) => Some(false),
            (Scope::Within(namespace), Home::In(own)) => Some(namespace == own),
            (Scope::Matching(cluster, _), _) if cluster != self.cluster => Some(false),
            (Scope::Matching(_, selector), _) => judge(&self.namespace, selector),
        };
        all([namespace, judge(&self.labels, selector)])
    }

    fn is_of(&self, spec: &PeerSpec) -> Answer {
        match spec {
            PeerSpec::Pods(set) => self.is_in(*set).filter(|is_in| !is_in || !self.may_be_a_node()),
            PeerSpec::Landmark(_) | PeerSpec::HostNetwork if self.may_be_a_node() => None,
            PeerSpec::Block(block, doubt) => match self.address {
                Address::None => Some(false),
                Address::Unknown => None,
                Address::OfPod(blocks) => match cover_of_pods(blocks.get(*block)) {
                    Cover::All if doubt.is_none() => Some(true),
                    Cover::All | Cover::Some => None,
                    Cover::None => Some(false),
                },
            },
            PeerSpec::Landmark(_) | PeerSpec::Name(_) | PeerSpec::HostNetwork => Some(false),
            PeerSpec::Each(terms) => all(terms.iter().map(|term| self.meets(term))),
            PeerSpec::Unknown(_) => None,
        }
    }

    fn may_be_a_node(&self) -> bool {
        matches!(self.address, Address::Unknown)
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

    /// What decides the row of `class`.
    pub(crate) fn key_of(&self, class: u32, direction: Direction) -> Option<Key> {
        Some(self.key(self.layers.classes.pods.get(class as usize)?, direction))
    }

    /// What a class with that key lets in from `stranger`, or lets out to it.
    pub(crate) fn let_in(&mut self, key: &Key, direction: Direction, stranger: &Stranger<'_>) -> LetIn {
        let (classes, policies) = (self.layers.classes, self.layers.policies);
        // An egress rule resolves names on the other pod, of which nothing is known.
        let unknown = NamedPorts { incomplete: true, ..NamedPorts::default() };
        let own = key.ports().and_then(|ports| classes.ports.get(ports as usize));
        let names = own.filter(|_| direction == Direction::Ingress).unwrap_or(&unknown);
        let nobody = Arc::new(RoaringBitmap::new());
        let mut excepted = false;
        let mut sources: Vec<(Arc<Vec<Layer>>, Certainty)> = Vec::new();
        for (index, certainty) in key.policies() {
            let Some(policy) = policies.all.get(*index as usize) else { continue };
            let rules = policy.rules(direction).map(|rules| rules.rules.as_slice());
            let tabled = self.layers.tabled(policy, direction);
            excepted |= tabled.as_ref().is_some_and(|tabled| tabled.excepts);
            let matching = rules.unwrap_or_default().iter();
            let matching = matching.filter_map(|rule| Some((rule, stranger.matches(rule)?)));
            let layers = matching.map(|(rule, doubt)| match &tabled {
                Some(tabled) => self.layers.imagined_entry((policy, rule), tabled, names, &nobody, doubt),
                None => self.layers.imagined(policy, rule, names, &nobody, doubt),
            });
            sources.push((Arc::new(layers.collect()), *certainty));
        }
        let host = key.is_on_host().then(|| self.layers.host_condition());
        let layers = counted(&sources, host);
        let mut on = self.circumstances(key, direction, host);
        // An exception of one rule may close to the stranger what others open.
        on.doubts.extend(Some(stranger.unknown).filter(|_| excepted));
        let hits = layers.iter().filter_map(|one| one.hit(on.host, &on.none)).collect();
        let decided = decide(&on, &layers);
        let none = || (on.none.clone(), on.none.clone(), Vec::new());
        let (sure, maybe, conditions) =
            decided.map_or_else(none, |one| (one.sure, one.maybe, one.conditions));
        LetIn { sure, maybe, conditions, hits }
    }
}
