//! Where policies of other APIs stand among those of Calico, and what its releases disagree about.

use ringfence_model::fact::RuleAction;
use ringfence_model::{Diagnostic, Estate, Text};
use rustc_hash::FxHashMap;

use super::around::Around;
use super::is_in;
use super::tier::DEFAULT;
use crate::namespace::{ClusterId, NamespaceId};
use crate::policy::{Api, Direction, Order, Policy, Rank, Reading};
use crate::profile::Profiles;

/// The order of NetworkPolicy in its tier (`libcalico-go/lib/backend/k8s/conversion/conversion.go`).
const NETWORK: i32 = 1_000;

/// Puts policies of Kubernetes where Calico evaluates them.
pub(crate) fn settle(
    policies: &mut [Policy],
    estate: &Estate,
    profiles: &Profiles,
    around: &Around<'_>,
    reading: &mut Reading<'_>,
) {
    for policy in policies.iter_mut().filter(|policy| is_in(profiles, policy.cluster)) {
        let kind = estate.resource(policy.resource).map(|resource| resource.kind.name()).unwrap_or_default();
        let tier_name = match (policy.api, &*policy.rank.tier_name) {
            (Api::Network, _) => DEFAULT,
            (Api::Cluster, "baseline") => "kube-baseline",
            (Api::Cluster, _) => "kube-admin",
            (Api::Admin, "baseline") => "baselineadminnetworkpolicy",
            (Api::Admin, _) => "adminnetworkpolicy",
            (Api::Calico | Api::Cilium | Api::Mesh, _) => continue,
        };
        let tier_name = Text::const_new(tier_name);
        let Some(tier) = around.tiers.find(policy.cluster, &tier_name) else { continue };
        let order = if policy.api == Api::Network { Order::from(NETWORK) } else { policy.rank.order };
        policy.doubt = policy.doubt.or(tier.doubt);
        if policy.api == Api::Network {
            let rules = [&mut policy.ingress, &mut policy.egress].into_iter().flatten();
            rules.for_each(|rules| rules.isolates = !tier.passes);
        }
        let (namespace, name) = &policy.name;
        let tie = Text::from(format!("{name}/{namespace}/Kubernetes{kind}"));
        policy.rank = Rank { tier: tier.order, tier_name, order, tie, ..Rank::default() };
    }
    disagreements(policies, reading);
}

/// Releases differ in which of two policies of one order comes first: by name alone, or by namespace and
/// name. Where such two say different things, their rules match under that condition.
fn disagreements(policies: &mut [Policy], reading: &mut Reading<'_>) {
    let mut groups: FxHashMap<(ClusterId, Order, Text, Order), Vec<usize>> = FxHashMap::default();
    let of_calico = policies.iter().any(|policy| policy.api == Api::Calico);
    for (index, policy) in policies.iter().enumerate().filter(|_| of_calico) {
        if matches!(policy.api, Api::Calico | Api::Network) && policy.rank.tier != Order::FIRST {
            let Rank { tier, tier_name, order, .. } = &policy.rank;
            groups.entry((policy.cluster, *tier, tier_name.clone(), *order)).or_default().push(index);
        }
    }
    let mut doubtful: Vec<(usize, usize)> =
        groups.values().flat_map(|group| disagreeing(group, policies)).collect();
    doubtful.sort_unstable();
    for (index, other) in doubtful {
        let label = |index: usize| policies.get(index).map(Policy::label).unwrap_or_default();
        let why = format!(
            "releases of Calico differ in whether `{}` or `{}` comes first",
            label(index),
            label(other)
        );
        let condition = reading.conditions.id(&why);
        let Some(policy) = policies.get_mut(index) else { continue };
        reading.diagnostics.push(
            Diagnostic::warning("order-not-unique", why)
                .at(policy.location)
                .help("give the two policies different values of `order`"),
        );
        for rules in [&mut policy.ingress, &mut policy.egress].into_iter().flatten() {
            rules.rules.iter_mut().for_each(|rule| rule.when = rule.when.or(Some(condition)));
        }
    }
}

/// The policies of one order of which two releases disagree, each with one that it disagrees with.
fn disagreeing(group: &[usize], policies: &[Policy]) -> Vec<(usize, usize)> {
    let known = group.iter().filter_map(|index| policies.get(*index).map(|policy| (*index, policy)));
    let all: Vec<(usize, &Policy, String)> =
        known.map(|(index, policy)| (index, policy, policy.former_tie())).collect();
    let mut by_namespace: FxHashMap<Option<NamespaceId>, Vec<usize>> = FxHashMap::default();
    for (at, (_, policy, _)) in all.iter().enumerate() {
        by_namespace.entry(policy.namespace).or_default().push(at);
    }
    let everyone: Vec<usize> = (0..all.len()).collect();
    let of = |namespace| by_namespace.get(&namespace).map(Vec::as_slice).unwrap_or_default();
    let mut found: FxHashMap<usize, usize> = FxHashMap::default();
    // Rules that only allow add up in any order.
    for (index, policy, former) in all.iter().filter(|(_, policy, _)| policy.decides_by_order()) {
        // Only policies that may select the same pod.
        let (own, global) = match policy.namespace {
            None => (everyone.as_slice(), [].as_slice()),
            namespace => (of(namespace), of(None)),
        };
        for (at, other, other_former) in own.iter().chain(global).filter_map(|at| all.get(*at)) {
            let inverted = (policy.rank.tie < other.rank.tie) != (former < other_former);
            if policy.resource != other.resource && inverted && policy.contradicts(other) {
                found.entry(*index).or_insert(*at);
                found.entry(*at).or_insert(*index);
            }
        }
    }
    found.into_iter().collect()
}

impl Policy {
    fn label(&self) -> String {
        let (namespace, name) = &self.name;
        if namespace.is_empty() { name.to_string() } else { format!("{namespace}/{name}") }
    }

    /// Whether it has rules that do anything but allow.
    fn decides_by_order(&self) -> bool {
        Direction::BOTH.iter().any(|one| self.actions(*one).any(|action| action != RuleAction::Allow))
    }

    fn actions(&self, direction: Direction) -> impl Iterator<Item = RuleAction> {
        self.rules(direction).into_iter().flat_map(|rules| &rules.rules).map(|rule| rule.action)
    }

    fn contradicts(&self, other: &Self) -> bool {
        let differ = |direction| {
            self.actions(direction).any(|one| other.actions(direction).any(|another| one != another))
        };
        Direction::BOTH.into_iter().any(differ)
    }

    /// By what older releases sort.
    fn former_tie(&self) -> String {
        let (namespace, name) = &self.name;
        let tier = &self.rank.tier_name;
        match (self.api, namespace.is_empty()) {
            (Api::Network, _) => format!("{namespace}/knp.{tier}.{name}"),
            (_, true) => format!("{tier}.{name}"),
            (_, false) => format!("{namespace}/{tier}.{name}"),
        }
    }
}
