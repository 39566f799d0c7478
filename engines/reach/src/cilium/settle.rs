//! What Cilium makes of the policies of Kubernetes, and of its settings.
//!
//! NetworkPolicy stands in one stage with Cilium's own policies, where what any denies is denied. Blocks
//! match neither pods nor nodes, unless `policy-cidr-match-mode` says so.

use ringfence_model::fact::Landmark;
use ringfence_model::selector::Selector;
use ringfence_model::{Diagnostic, Estate, Location, Resource, Text};

use super::around::{Around, Cluster};
use super::config::{Known, Mode};
use super::entity::{among, not_among, when};
use crate::condition::{Certainty, ConditionId};
use crate::policy::{Api, Direction, PeerSpec, Plane, Policies, Policy, Rank, Reading, Rules, Scope};

/// Where NetworkPolicy and Cilium's own policies stand.
pub(super) fn rank() -> Rank {
    Rank { deny_first: true, ..Rank::network() }
}

/// Whether a policy is in force.
enum Force {
    Yes,
    Perhaps(String),
    /// Not, and the setting that says so.
    No(String, Option<Location>),
    /// In an order that is not evaluated.
    Otherwise(String),
}

/// Settles the policies of those clusters where Cilium enforces them.
pub(crate) fn settle(
    policies: &mut Policies,
    estate: &Estate,
    around: &Around<'_>,
    reading: &mut Reading<'_>,
) {
    for cluster in around.clusters.iter().filter(|cluster| cluster.enforces) {
        let mode = cluster.config.mode();
        let of_cluster = policies.all.iter().any(|policy| policy.cluster == cluster.id);
        if mode == Ok(Mode::Never) {
            if of_cluster {
                say_off(cluster, reading);
            }
            policies.all.retain(|policy| policy.cluster != cluster.id || policy.rank.plane == Plane::Mesh);
            continue;
        }
        settle_force(policies, estate, cluster, reading);
        let wrap = Wrap::new(cluster, reading);
        let mut of_cluster = policies.all.iter_mut().filter(|policy| policy.cluster == cluster.id);
        of_cluster.by_ref().for_each(|policy| {
            if policy.api == Api::Network {
                policy.rank = rank();
            }
            for rules in [&mut policy.ingress, &mut policy.egress].into_iter().flatten() {
                wrap.apply(rules);
            }
        });
        policies.all.extend(always(cluster, mode, estate, reading));
        policies.own_nodes.push((cluster.id, Direction::Egress, None));
        match cluster.config.allows_own_node() {
            Ok(true) => {}
            Ok(false) => policies.own_nodes.push((cluster.id, Direction::Ingress, None)),
            Err(why) => {
                let condition = reading.conditions.id(&why);
                policies.own_nodes.push((cluster.id, Direction::Ingress, Some(condition)));
            }
        }
    }
}

fn say_off(cluster: &Cluster<'_>, reading: &mut Reading<'_>) {
    let key = cluster.config.off_key();
    let message = format!("Cilium enforces no policy: `{key}` of `cilium-config` says so");
    reading.diagnostics.push(
        Diagnostic::warning("policy-enforcement-off", message)
            .at(cluster.config.location(key))
            .help("set `enable-policy` to `default` or `always`, and `policy-audit-mode` to `false`"),
    );
}

/// Removes what Cilium does not enforce, and names it.
fn settle_force(policies: &mut Policies, estate: &Estate, cluster: &Cluster<'_>, reading: &mut Reading<'_>) {
    let mut kept = Vec::with_capacity(policies.all.len());
    for mut policy in std::mem::take(&mut policies.all) {
        if policy.cluster != cluster.id {
            kept.push(policy);
            continue;
        }
        let label = || estate.resource(policy.resource).map(Resource::label).unwrap_or_default();
        match force(&policy, cluster) {
            Force::Yes => kept.push(policy),
            Force::Perhaps(why) => {
                policy.doubt.get_or_insert(reading.conditions.id(&why));
                kept.push(policy);
            }
            Force::No(why, location) => {
                let message = format!("`{}` is not enforced: {why}", label());
                reading.diagnostics.push(
                    Diagnostic::warning("policy-not-enforced", message)
                        .at(policy.location)
                        .related(location, "set here")
                        .help("write a NetworkPolicy or a CiliumNetworkPolicy"),
                );
            }
            Force::Otherwise(why) => {
                let what = format!("`{}` is not evaluated", label());
                let condition = reading.conditions.id(&what);
                policies.others.push((cluster.id, None, condition));
                reading.diagnostics.push(
                    Diagnostic::error("policy-not-evaluated", format!("{what}: {why}"))
                        .at(policy.location)
                        .help("connections of the pods that it may select are reported as depends"),
                );
            }
        }
    }
    policies.all = kept;
}

fn force(policy: &Policy, cluster: &Cluster<'_>) -> Force {
    let config = cluster.config;
    let by = |key: &'static str, default: bool| match config.switch(key, default) {
        Ok(true) => Force::Yes,
        Ok(false) => Force::No(format!("`{key}` of `cilium-config` is off"), config.location(key)),
        Err(why) => Force::Perhaps(why),
    };
    match policy.api {
        Api::Network => by("enable-k8s-networkpolicy", true),
        Api::Cilium if policy.namespace.is_some() => by("enable-cilium-network-policy", true),
        Api::Cilium => by("enable-cilium-clusterwide-network-policy", true),
        Api::Admin => Force::No("Cilium does not know policies of `v1alpha1`".to_owned(), None),
        Api::Cluster => {
            let key = "enable-k8s-cluster-network-policy";
            match by(key, false) {
                Force::Yes if policy.rank.tier > Rank::network().tier => {
                    Force::Otherwise("Cilium evaluates the baseline tier for isolated pods, too".to_owned())
                }
                Force::No(..) if !config.is_there() => {
                    Force::Otherwise(format!("whether `{key}` of `cilium-config` is on is not known"))
                }
                other => other,
            }
        }
        _ => Force::Yes,
    }
}

/// What blocks match, in the terms of rules.
struct Wrap {
    server_on_node: ConditionId,
    /// Why blocks may match nodes.
    nodes: Option<Certainty>,
    address_of_node: ConditionId,
}

impl Wrap {
    fn new(cluster: &Cluster<'_>, reading: &mut Reading<'_>) -> Self {
        let matches: Known<bool> = cluster.config.blocks_match("nodes");
        let conditions = &mut reading.conditions;
        Self {
            server_on_node: conditions.id("whether the API server runs on a node is not known"),
            nodes: match matches {
                Ok(true) => Some(None),
                Ok(false) => None,
                Err(why) => Some(Some(conditions.id(&why))),
            },
            address_of_node: conditions.id("the addresses of the nodes are not known"),
        }
    }

    fn apply(&self, rules: &mut Rules) {
        for peers in rules.rules.iter_mut().filter_map(|rule| rule.peers.as_mut()) {
            if peers.iter().any(|peer| matches!(peer, PeerSpec::Block(..))) {
                *peers = std::mem::take(peers).into_iter().flat_map(|peer| self.wrapped(peer)).collect();
            }
        }
    }

    fn wrapped(&self, peer: PeerSpec) -> Vec<PeerSpec> {
        let PeerSpec::Block(..) = &peer else { return vec![peer] };
        let [own, other, server] = Landmark::ALL.map(PeerSpec::Landmark);
        let nodes = not_among(vec![own, other.clone(), server.clone(), PeerSpec::HostNetwork]);
        let at_server = [among(vec![peer.clone()]), among(vec![server])];
        let mut all = vec![
            PeerSpec::Each([among(vec![peer.clone()]), nodes].into()),
            when(PeerSpec::Each(at_server.into()), Some(self.server_on_node)),
        ];
        if let Some(doubt) = self.nodes {
            let at_node = [among(vec![peer]), among(vec![other])];
            all.push(when(PeerSpec::Each(at_node.into()), doubt));
            all.push(when(PeerSpec::HostNetwork, doubt.or(Some(self.address_of_node))));
        }
        all
    }
}

/// Under `enable-policy: always` every pod is isolated, whatever policies there are.
fn always(
    cluster: &Cluster<'_>,
    mode: Known<Mode>,
    estate: &Estate,
    reading: &mut Reading<'_>,
) -> Option<Policy> {
    let doubt = match mode {
        Ok(Mode::Always) => None,
        Ok(Mode::Default | Mode::Never) => return None,
        Err(why) => Some(reading.conditions.id(&why)),
    };
    let resource = cluster.config.resource()?;
    let everything = reading.selectors.id(Selector::default());
    let closed = || Some(Rules { doubt: None, isolates: true, rules: Vec::new() });
    Some(Policy {
        resource,
        location: cluster.config.location("enable-policy"),
        cluster: cluster.id,
        namespace: None,
        api: Api::Cilium,
        rank: rank(),
        stage: 0,
        slot: 0,
        name: (
            Text::default(),
            estate.resource(resource).map(|found| found.name.clone()).unwrap_or_default(),
        ),
        subject: reading.sets.id(Scope::Matching(cluster.id, everything), everything),
        selector: everything,
        doubt,
        ingress: closed(),
        egress: closed(),
    })
}
