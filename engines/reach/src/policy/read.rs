//! Reads every policy of an estate, of whatever kind.

use ringfence_model::fact::DecidingRule;
use ringfence_model::selector::Selector;
use ringfence_model::{Diagnostic, Estate, Location, Resource, ResourceId};
use rustc_hash::FxHashMap;

use super::{DnsNames, PodSets, Policies, Policy, PortNames, RuleId, admin, network, rank};
use crate::address::Blocks;
use crate::condition::Conditions;
use crate::mesh;
use crate::namespace::Namespaces;
use crate::profile::Switches;
use crate::selector::{SelectorId, Selectors};

/// What reading policies needs and fills.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) namespaces: &'a mut Namespaces,
    pub(crate) conditions: &'a mut Conditions,
    pub(crate) selectors: Selectors,
    pub(crate) sets: PodSets,
    pub(crate) blocks: Blocks,
    pub(crate) names: PortNames,
    pub(crate) dns: DnsNames,
    pub(crate) rules: Vec<DecidingRule>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Kinds that select pods in one namespace, and that other engines enforce.
const OTHER_NAMESPACED: &[(&str, &str)] = &[
    ("cilium.io", "CiliumNetworkPolicy"),
    ("crd.projectcalico.org", "NetworkPolicy"),
    ("networking.k8s.aws", "ApplicationNetworkPolicy"),
    ("projectcalico.org", "NetworkPolicy"),
];

/// Kinds that select pods in all namespaces, and that other engines enforce.
const OTHER_CLUSTER: &[(&str, &str)] = &[
    ("cilium.io", "CiliumClusterwideNetworkPolicy"),
    ("crd.projectcalico.org", "GlobalNetworkPolicy"),
    ("networking.k8s.aws", "ClusterNetworkPolicy"),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"),
    ("projectcalico.org", "GlobalNetworkPolicy"),
];

/// All policies of `estate`, in the order of evaluation.
pub(crate) fn read(estate: &Estate, switches: &Switches, reading: &mut Reading<'_>) -> Policies {
    let mut policies = Policies::default();
    for (id, resource) in estate.iter().filter(|(_, resource)| resource.kind.is_kubernetes()) {
        match resource.kind.as_str() {
            "networking.k8s.io/v1/NetworkPolicy" | "extensions/v1beta1/NetworkPolicy" => {
                policies.all.push(network::read(id, resource, reading));
            }
            "policy.networking.k8s.io/v1alpha1/AdminNetworkPolicy"
            | "policy.networking.k8s.io/v1alpha1/BaselineAdminNetworkPolicy" => {
                policies.all.push(admin::read(id, resource, reading));
            }
            _ if !switches.passes_over_other_policies => other(resource, reading, &mut policies),
            _ => {}
        }
    }
    settle_duplicates(&mut policies.all, reading);
    admin::settle_priorities(&mut policies.all, reading);
    if !switches.passes_over_other_policies {
        policies.mesh = mesh::read(estate, reading, &mut policies.all);
    }
    rank::settle(&mut policies.all);
    policies.rules = std::mem::take(&mut reading.rules);
    policies.names = std::mem::take(&mut reading.names);
    policies.dns = std::mem::take(&mut reading.dns);
    policies
}

/// A policy of a kind that is not evaluated: what it may select is uncertain.
fn other(resource: &Resource, reading: &mut Reading<'_>, policies: &mut Policies) {
    let group = resource.kind.group().unwrap_or_default();
    let is = |table: &[(&str, &str)]| table.contains(&(group, resource.kind.name()));
    let namespace = match (&resource.place.namespace, is(OTHER_NAMESPACED), is(OTHER_CLUSTER)) {
        (Some(name), true, _) => Some(reading.namespaces.id(resource.place.cluster.as_ref(), name)),
        (None, true, _) | (_, _, true) => None,
        _ => return,
    };
    let what = format!("`{}` is not evaluated", resource.label());
    let condition = reading.conditions.id(&what);
    let cluster = reading.namespaces.cluster_id(resource.place.cluster.as_ref());
    policies.others.push((cluster, namespace, condition));
    reading.diagnostics.push(
        Diagnostic::error("policy-not-evaluated", format!("{what}: {} is not supported", resource.kind))
            .at(resource.location())
            .help("connections of the pods that it may select are reported as depends"),
    );
}

/// Of two policies with one name only one is in force; which one is not known, unless they say the same.
fn settle_duplicates(policies: &mut [Policy], reading: &mut Reading<'_>) {
    let identity =
        |policy: &Policy| (policy.cluster, policy.api, policy.rank.tier_name.clone(), policy.name.clone());
    let mut same: FxHashMap<_, Vec<usize>> = FxHashMap::default();
    for (index, policy) in policies.iter().enumerate() {
        same.entry(identity(policy)).or_default().push(index);
    }
    let mut doubtful: Vec<usize> = Vec::new();
    for indices in same.values().filter(|indices| indices.len() > 1) {
        let mut all = indices.iter().filter_map(|index| policies.get(*index));
        let first = all.next();
        if !all.all(|policy| first.is_some_and(|first| first.says_the_same(policy))) {
            doubtful.extend(indices);
        }
    }
    doubtful.sort_unstable();
    for index in doubtful {
        let Some(policy) = policies.get_mut(index) else { continue };
        let (namespace, name) = &policy.name;
        let label = if namespace.is_empty() { name.to_string() } else { format!("{namespace}/{name}") };
        policy.doubt = Some(reading.conditions.id(&format!("policy `{label}` is defined twice")));
    }
}

impl Policy {
    fn says_the_same(&self, other: &Self) -> bool {
        self.subject == other.subject
            && self.rank == other.rank
            && self.ingress == other.ingress
            && self.egress == other.egress
    }
}

impl<'a> Reading<'a> {
    pub(crate) fn new(namespaces: &'a mut Namespaces, conditions: &'a mut Conditions) -> Self {
        Self {
            namespaces,
            conditions,
            selectors: Selectors::default(),
            sets: PodSets::default(),
            blocks: Blocks::default(),
            names: PortNames::default(),
            dns: DnsNames::default(),
            rules: Vec::new(),
            diagnostics: Vec::new(),
        }
    }
}

impl Reading<'_> {
    /// Numbers a rule.
    pub(crate) fn rule(&mut self, policy: ResourceId, element: &str, location: Option<Location>) -> RuleId {
        let id = RuleId(u32::try_from(self.rules.len()).unwrap_or(u32::MAX));
        self.rules.push(DecidingRule { policy, element: element.into(), location });
        id
    }

    /// Numbers a selector, and names in a diagnostic what of it cannot be read.
    pub(crate) fn selector(&mut self, selector: Selector, policy: &str) -> SelectorId {
        for part in &selector.unreadable {
            let message = format!("a selector of `{policy}` cannot be read: {}", part.why);
            self.diagnostics.push(
                Diagnostic::error("selector-unreadable", message)
                    .at(part.location)
                    .help("correct the selector; what it may select is reported as depends"),
            );
        }
        self.selectors.id(selector)
    }
}
