//! `ClusterNetworkPolicy` v1alpha2 evaluated as the API definition reads, one packet at a time, with
//! NetworkPolicy between its tiers.
//!
//! Shares no code with the engine.

mod agrees;
mod random;

use std::net::IpAddr;

use crate::spec::{Cluster, End, Host, Labels, Selector, inside};

/// A cluster with policies of both tiers.
#[derive(Clone, Debug)]
pub(crate) struct Tiered {
    pub(crate) cluster: Cluster,
    pub(crate) policies: Vec<TierPolicy>,
    /// The labels of the node of each pod; only pods on the host network have its address.
    pub(crate) nodes: Vec<Labels>,
}

#[derive(Clone, Debug)]
pub(crate) struct TierPolicy {
    pub(crate) tier: &'static str,
    pub(crate) priority: u32,
    pub(crate) subject: Selected,
    pub(crate) ingress: Vec<TierRule>,
    pub(crate) egress: Vec<TierRule>,
}

#[derive(Clone, Debug)]
pub(crate) enum Selected {
    Namespaces(Selector),
    Pods(Selector, Selector),
}

#[derive(Clone, Debug)]
pub(crate) struct TierRule {
    pub(crate) action: &'static str,
    pub(crate) peers: Vec<TierPeer>,
    pub(crate) protocols: Option<Vec<Attribute>>,
}

#[derive(Clone, Debug)]
pub(crate) enum TierPeer {
    Selected(Selected),
    Networks(Vec<(IpAddr, u8)>),
    Nodes(Selector),
    /// Of a kind that the implementation does not know.
    Other,
}

#[derive(Clone, Debug)]
pub(crate) enum Attribute {
    Number(&'static str, u16),
    Range(&'static str, u16, u16),
    Named(&'static str),
    /// Of a kind that the implementation does not know.
    Other(&'static str),
}

/// A packet as one side sees it.
struct Packet<'a> {
    direction: &'a str,
    other: End,
    to: End,
    protocol: &'a str,
    port: u16,
}

impl Tiered {
    /// Whether a packet from `from` to `port` of `to` arrives.
    pub(crate) fn arrives(&self, from: End, to: End, protocol: &str, port: u16) -> bool {
        self.permits(from, &Packet { direction: "Egress", other: to, to, protocol, port })
            && self.permits(to, &Packet { direction: "Ingress", other: from, to, protocol, port })
    }

    /// Admin tier, then NetworkPolicy, then Baseline tier; by default everything is permitted.
    fn permits(&self, subject: End, packet: &Packet<'_>) -> bool {
        let Packet { direction, other, to, protocol, port } = *packet;
        let network = || self.cluster.decides(direction, subject, other, to, protocol, port);
        self.tier("Admin", subject, packet)
            .or_else(network)
            .or_else(|| self.tier("Baseline", subject, packet))
            .unwrap_or(true)
    }

    /// What a tier decides: the first rule that matches, of the policy of lowest priority; `None` where it
    /// passes or no rule matches.
    fn tier(&self, tier: &str, subject: End, packet: &Packet<'_>) -> Option<bool> {
        let End::Pod(index) = subject else { return None };
        let mut policies: Vec<&TierPolicy> = self
            .policies
            .iter()
            .filter(|one| one.tier == tier && self.selects(&one.subject, index))
            .collect();
        policies.sort_by_key(|policy| policy.priority);
        let rules = policies.into_iter().flat_map(|policy| match packet.direction {
            "Ingress" => &policy.ingress,
            _ => &policy.egress,
        });
        for rule in rules {
            let closed = rule.peers.iter().any(|peer| matches!(peer, TierPeer::Other))
                || rule.protocols.iter().flatten().any(|one| matches!(one, Attribute::Other(_)));
            match (rule.action, closed) {
                ("Accept", true) => {}
                (_, true) => return Some(false),
                (action, false) if self.matches(rule, packet) => {
                    return match action {
                        "Accept" => Some(true),
                        "Deny" => Some(false),
                        _ => None,
                    };
                }
                _ => {}
            }
        }
        None
    }

    fn matches(&self, rule: &TierRule, packet: &Packet<'_>) -> bool {
        let attribute = |one: &Attribute| match one {
            Attribute::Number(protocol, number) => (*protocol, *number) == (packet.protocol, packet.port),
            Attribute::Range(protocol, start, end) => {
                *protocol == packet.protocol && (*start..=*end).contains(&packet.port)
            }
            Attribute::Named(name) => {
                self.cluster.named(packet.to, name, packet.protocol).contains(&packet.port)
            }
            Attribute::Other(_) => unreachable!(),
        };
        rule.peers.iter().any(|peer| self.is_peer(peer, packet.other))
            && rule.protocols.as_ref().is_none_or(|all| all.iter().any(attribute))
    }

    fn is_peer(&self, peer: &TierPeer, other: End) -> bool {
        match (peer, other) {
            (TierPeer::Selected(selected), End::Pod(index)) => self.selects(selected, index),
            (TierPeer::Selected(_), End::Address(_)) => false,
            (TierPeer::Networks(blocks), _) => {
                let addresses = self.cluster.addresses(other);
                addresses.iter().any(|address| blocks.iter().any(|block| inside(*address, *block)))
            }
            (TierPeer::Nodes(selector), End::Pod(index)) => {
                self.cluster.pods[index].host != Host::No && selector.selects(&self.nodes[index])
            }
            (TierPeer::Nodes(_), End::Address(_)) => false,
            (TierPeer::Other, _) => unreachable!(),
        }
    }

    /// Pods on the host network are no subjects, and no peers of this kind.
    fn selects(&self, selected: &Selected, index: usize) -> bool {
        let pod = &self.cluster.pods[index];
        let namespace = self.cluster.namespace_labels(pod.namespace);
        pod.host == Host::No
            && match selected {
                Selected::Namespaces(namespaces) => namespaces.selects(&namespace),
                Selected::Pods(namespaces, pods) => {
                    namespaces.selects(&namespace) && pods.selects(&pod.labels)
                }
            }
    }
}
