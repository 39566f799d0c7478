//! What the policies of a class let in from pods that are not in the input.
//!
//! Of such a pod nothing is known but, where someone says so, its labels and those of its namespace. A rule
//! that matches every pod matches it for certain, any other perhaps.

use std::sync::Arc;

use ringfence_model::selector::KnownLabels;
use roaring::RoaringBitmap;

use super::build::{counted, isolating};
use super::decide::{Circumstances, OnMesh, decide};
use super::layer::{Layer, Layers, Match, Place, layer};
use super::tunnel::Tunnels;
use super::{Hit, Row};
use crate::condition::{Certainty, ConditionId};
use crate::namespace::ClusterId;
use crate::pod::HostNetwork;
use crate::policy::{Direction, PeerSpec, Plane, PodSets, Rule, Scope, SetId, Term};
use crate::port::Mask;
use crate::selector::{SelectorId, Selectors};

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

/// Three-valued: matches, does not, cannot be told.
type Answer = Option<bool>;

impl Stranger<'_> {
    fn is_in(&self, set: SetId) -> Answer {
        let (scope, selector) = self.sets.get(set)?;
        let judge = |known: &KnownLabels<'_>, id| self.selectors.get(id).and_then(|one| known.judge(one));
        let namespace = match scope {
            // It may be in any namespace.
            Scope::Within(_) => None,
            Scope::Matching(cluster, _) if cluster != self.cluster => Some(false),
            Scope::Matching(_, selector) => judge(&self.namespace, selector),
        };
        ringfence_model::selector::all([namespace, self.wears(selector)])
    }

    /// Whether a selector matches its labels; what else selectors ask of pods nobody knows of it.
    fn wears(&self, selector: SelectorId) -> Answer {
        let selector = self.selectors.get(selector)?;
        if !selector.requirements.iter().any(|requirement| requirement.key.starts_with('@')) {
            return self.labels.judge(selector);
        }
        let labels = selector.requirements.iter().filter(|requirement| !requirement.key.starts_with('@'));
        self.labels.meets(labels).filter(|meets| !meets)
    }

    fn is_of(&self, spec: &PeerSpec) -> Answer {
        match spec {
            PeerSpec::Pods(set) => self.is_in(*set),
            PeerSpec::Block(..) if self.has_address => None,
            PeerSpec::Block(..) | PeerSpec::Landmark(_) | PeerSpec::Name(_) => Some(false),
            PeerSpec::Each(terms) => {
                ringfence_model::selector::all(terms.iter().map(|term| self.meets(term)))
            }
            PeerSpec::Unknown(_) => None,
        }
    }

    fn meets(&self, term: &Term) -> Answer {
        let any = ringfence_model::selector::any(term.any.iter().map(|spec| self.is_of(spec)));
        any.map(|any| any != term.negated)
    }

    fn matches(&self, rule: &Rule) -> Answer {
        match &rule.peers {
            None => Some(true),
            Some(peers) => ringfence_model::selector::any(peers.iter().map(|spec| self.is_of(spec))),
        }
    }
}

impl Layers<'_> {
    /// What `class`, whose row that is, lets in from a pod that is not in the input.
    pub(super) fn let_in(
        &mut self,
        row: &Row,
        class: u32,
        stranger: &Stranger<'_>,
        tunnels: Option<&Tunnels<'_>>,
    ) -> Option<LetIn> {
        let traits = self.classes.pods.get(class as usize)?;
        let sources: Vec<(Arc<Vec<Layer>>, Certainty)> = row
            .policies
            .iter()
            .map(|(policy, certainty)| (Arc::new(self.matching(*policy, traits.ports, stranger)), *certainty))
            .collect();
        let host = (traits.host != HostNetwork::No).then(|| self.host_condition());
        let layers = counted(&sources, host);
        let mut policies =
            row.policies.iter().filter_map(|(index, _)| self.policies.all.get(*index as usize));
        let mesh = policies.any(|policy| policy.rank.plane == Plane::Mesh);
        let mesh = tunnels.filter(|_| mesh).map(|tunnels| OnMesh {
            closed: stranger.unknown,
            unproxied: tunnels.unproxied(tunnels.end(traits), self.cells),
        });
        let other = self.policies.others.iter().find(|(there, namespace, _)| {
            *there == stranger.cluster && namespace.is_none_or(|namespace| namespace == traits.namespace)
        });
        let other = other.map(|(_, _, condition)| *condition);
        let on = Circumstances {
            all: self.cells.all(),
            none: self.cells.none(),
            isolating: isolating(self.policies, &row.policies, Direction::Ingress),
            host,
            doubts: traits.doubt.into_iter().chain(other).collect(),
            overruled: other.is_some(),
            mesh,
            tunnel: None,
        };
        let hits: Vec<Hit> = layers.iter().filter_map(|counted| counted.hit(on.host, &on.none)).collect();
        let decided = decide(&on, &layers);
        let (sure, maybe, conditions) = match decided {
            Some(decided) => (decided.sure, decided.maybe, decided.conditions),
            None => (on.none.clone(), on.none.clone(), Vec::new()),
        };
        Some(LetIn { sure, maybe, conditions, hits })
    }

    /// The layers of a policy that match it, or may.
    fn matching(&mut self, policy: u32, ports: u32, stranger: &Stranger<'_>) -> Vec<Layer> {
        let Some(policy) = self.policies.all.get(policy as usize) else { return Vec::new() };
        let (place, switches) = (Place::of(policy), self.switches(policy.cluster));
        let rules = policy.rules(Direction::Ingress).map(|rules| rules.rules.as_slice()).unwrap_or_default();
        let nobody = Arc::new(RoaringBitmap::new());
        let mut layers = Vec::new();
        for rule in rules {
            let certainty = match stranger.matches(rule) {
                Some(false) => continue,
                Some(true) => None,
                None => Some(stranger.unknown),
            };
            let matched = Match { peers: Arc::clone(&nobody), by_labels: false, certainty };
            let on = self.ingress_ports(rule, ports, switches);
            layers.push(layer(rule, place, &matched, Arc::clone(&nobody), on));
        }
        layers
    }
}
