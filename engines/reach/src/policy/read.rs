//! Reads every policy of an estate, of whatever kind.

use ringfence_model::fact::DecidingRule;
use ringfence_model::selector::Selector;
use ringfence_model::{Diagnostic, Estate, Location, Resource, ResourceId};
use rustc_hash::FxHashMap;

use super::{
    Api, DnsNames, PodSets, Policies, Policy, PortNames, RuleId, admin, cluster, network, nowhere, rank, tier,
};
use crate::address::Blocks;
use crate::calico;
use crate::cilium;
use crate::condition::{ConditionId, Conditions};
use crate::mesh;
use crate::namespace::{ClusterId, Namespaces};
use crate::profile::Profiles;
use crate::selector::{SelectorId, Selectors};

/// What reading policies needs and fills.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) profiles: &'a Profiles,
    pub(crate) namespaces: &'a mut Namespaces,
    pub(crate) conditions: &'a mut Conditions,
    pub(crate) selectors: Selectors,
    pub(crate) sets: PodSets,
    pub(crate) blocks: Blocks,
    pub(crate) names: PortNames,
    pub(crate) dns: DnsNames,
    pub(crate) rules: Vec<DecidingRule>,
    /// Clusters in which Cilium enforces.
    pub(crate) cilium: FxHashMap<ClusterId, cilium::Keeps>,
    /// Clusters whose nodes have policies of their own, and what is said of them.
    pub(crate) policed_nodes: Vec<(ClusterId, ConditionId)>,
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
    ("policy.networking.k8s.io", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"),
    ("projectcalico.org", "GlobalNetworkPolicy"),
];

/// All policies of `estate`, or only those of `only`, in the order of evaluation.
pub(crate) fn read(estate: &Estate, only: Option<&[ResourceId]>, reading: &mut Reading<'_>) -> Policies {
    let profiles = reading.profiles;
    let mut policies = Policies::default();
    let around_cilium = cilium::Around::new(estate, profiles, reading);
    let around = calico::is_anywhere(profiles).then(|| calico::Around::new(estate, reading));
    let passes_over = profiles.general().switches().passes_over_other_policies;
    let wanted = |id: &ResourceId| only.is_none_or(|only| only.contains(id));
    for (id, resource) in estate.iter().filter(|(id, one)| one.kind.is_kubernetes() && wanted(id)) {
        match resource.kind.as_str() {
            _ if is_left_alone(resource, reading) => {}
            "networking.k8s.io/v1/NetworkPolicy" | "extensions/v1beta1/NetworkPolicy" => {
                policies.all.push(network::read(id, resource, reading));
            }
            "policy.networking.k8s.io/v1alpha1/AdminNetworkPolicy"
            | "policy.networking.k8s.io/v1alpha1/BaselineAdminNetworkPolicy" => {
                policies.all.push(admin::read(id, resource, reading));
            }
            "policy.networking.k8s.io/v1alpha2/ClusterNetworkPolicy" if !passes_over => {
                policies.all.extend(cluster::read(id, resource, reading));
            }
            _ => other(resource, profiles, reading, &mut policies),
        }
    }
    if let Some(around) = &around {
        policies.all.extend(calico::read(estate, only, profiles, around, reading));
        policies.policed_nodes = around.policed_nodes(profiles, reading);
    }
    if let Some(around) = &around_cilium {
        policies.all.extend(cilium::read(estate, only, profiles, around, reading));
        policies.policed_nodes.append(&mut reading.policed_nodes);
    }
    settle_duplicates(&mut policies.all, reading);
    tier::settle_priorities(&mut policies.all, reading);
    if let Some(around) = &around {
        calico::settle(&mut policies.all, estate, profiles, around, reading);
    }
    if let Some(around) = &around_cilium {
        cilium::settle(&mut policies, estate, around, reading);
    }
    if !passes_over {
        policies.mesh = mesh::read(estate, reading, &mut policies.all);
    }
    reading.diagnostics.extend(nowhere::diagnostics(estate));
    rank::settle(&mut policies.all);
    policies.rules = std::mem::take(&mut reading.rules);
    policies.names = std::mem::take(&mut reading.names);
    policies.dns = std::mem::take(&mut reading.dns);
    policies.written = reading.blocks.all_written().clone();
    policies
}

/// Whether a policy is of a kind that the engine of its cluster knows and does not enforce; one message names it.
fn is_left_alone(resource: &Resource, reading: &mut Reading<'_>) -> bool {
    if resource.kind.group() != Some("policy.networking.k8s.io") {
        return false;
    }
    let cluster = reading.namespaces.cluster_id(resource.place.cluster.as_ref());
    let switches = reading.profiles.switches(cluster);
    if !switches.admin_tiers {
        let message = format!(
            "`{}` does nothing: the engine of its cluster does not enforce {}",
            resource.label(),
            resource.kind
        );
        reading.diagnostics.push(
            Diagnostic::warning("policy-not-enforced", message)
                .at(resource.location())
                .help("say it in a kind of policy that this engine enforces"),
        );
    }
    !switches.admin_tiers
}

/// A policy of a kind that is not evaluated: what it may select is uncertain.
fn other(resource: &Resource, profiles: &Profiles, reading: &mut Reading<'_>, policies: &mut Policies) {
    let group = resource.kind.group().unwrap_or_default();
    let is = |table: &[(&str, &str)]| table.contains(&(group, resource.kind.name()));
    let namespace = match (&resource.place.namespace, is(OTHER_NAMESPACED), is(OTHER_CLUSTER)) {
        (Some(name), true, _) => Some(reading.namespaces.id(resource.place.cluster.as_ref(), name)),
        (None, true, _) | (_, _, true) => None,
        _ => return,
    };
    let cluster = reading.namespaces.cluster_id(resource.place.cluster.as_ref());
    let switches = profiles.switches(cluster);
    if switches.passes_over_other_policies
        || switches.calico && calico::is_policy(&resource.kind)
        || switches.cilium && cilium::is_policy(&resource.kind)
    {
        return;
    }
    let what = format!("`{}` is not evaluated", resource.label());
    let condition = reading.conditions.id(&what);
    policies.others.push((cluster, namespace, condition));
    reading.diagnostics.push(
        Diagnostic::error("policy-not-evaluated", format!("{what}: {} is not supported", resource.kind))
            .at(resource.location())
            .help("connections of the pods that it may select are reported as depends"),
    );
}

/// Of two policies with one name only one is in force; which one is not known, unless they say the same.
fn settle_duplicates(policies: &mut [Policy], reading: &mut Reading<'_>) {
    let identity = |policy: &Policy| {
        // One object is in one tier; its name is unique all the same.
        let tier = Some(&policy.rank.tier_name).filter(|_| policy.api != Api::Cluster);
        (policy.cluster, policy.api, tier.cloned(), policy.name.clone())
    };
    let mut same: FxHashMap<_, Vec<usize>> = FxHashMap::default();
    for (index, policy) in policies.iter().enumerate() {
        same.entry(identity(policy)).or_default().push(index);
    }
    let mut doubtful: Vec<usize> = Vec::new();
    for indices in same.values().filter(|indices| indices.len() > 1) {
        // The parts of one policy come in a row.
        let resource = |index: &usize| policies.get(*index).map(|policy| policy.resource);
        let mut all = indices.chunk_by(|a, b| resource(a) == resource(b));
        let first = all.next().unwrap_or_default();
        let get = |index: &usize| policies.get(*index);
        let same = |one: &[usize]| {
            let mut pairs = first.iter().filter_map(get).zip(one.iter().filter_map(get));
            one.len() == first.len() && pairs.all(|(a, b)| a.says_the_same(b))
        };
        if !all.all(same) {
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
        self.resource == other.resource
            || self.subject == other.subject
                && self.rank == other.rank
                && self.ingress == other.ingress
                && self.egress == other.egress
    }
}

impl<'a> Reading<'a> {
    /// Nothing is read yet.
    pub(crate) fn new(
        profiles: &'a Profiles,
        namespaces: &'a mut Namespaces,
        conditions: &'a mut Conditions,
    ) -> Self {
        Self {
            profiles,
            namespaces,
            conditions,
            selectors: Selectors::default(),
            sets: PodSets::default(),
            blocks: Blocks::default(),
            names: PortNames::default(),
            dns: DnsNames::default(),
            rules: Vec::new(),
            cilium: FxHashMap::default(),
            policed_nodes: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

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
