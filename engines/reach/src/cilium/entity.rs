//! Peers that are no pods: what `fromEntities` names, and what selectors of reserved labels match.
//!
//! ```text
//! host             the pod's own node, with the pods on the host network there
//! remote-node      the other nodes, with the pods on the host network there
//! world            addresses outside the cluster
//! kube-apiserver   the API server, which on EKS has addresses outside the cluster
//! cluster          all of these but world, and every pod
//! ```
//!
//! `health`, `ingress`, `init`, `unmanaged` and `none` are no peers that an estate shows.
//! Source: `pkg/policy/api/entity.go`.

use ringfence_model::fact::Landmark;
use ringfence_model::selector::Selector;

use crate::address::{Family, Span};
use crate::condition::Certainty;
use crate::namespace::ClusterId;
use crate::policy::{PeerSpec, Reading, Scope, Term};

/// An identity that is no pod's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reserved {
    World,
    Host,
    RemoteNode,
    ApiServer,
}

impl Reserved {
    pub(super) const ALL: [Self; 4] = [Self::World, Self::Host, Self::RemoteNode, Self::ApiServer];

    /// The label with the source `reserved` that it has.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::World => "world",
            Self::Host => "host",
            Self::RemoteNode => "remote-node",
            Self::ApiServer => "kube-apiserver",
        }
    }
}

/// The peers of a rule while they are read.
#[derive(Debug, Default)]
pub(super) struct Peers {
    pub(super) specs: Vec<PeerSpec>,
    reserved: Vec<(Reserved, Certainty)>,
    /// Whether everyone is a peer.
    pub(super) everyone: bool,
    /// Whether a list is empty, so that the rule matches no one.
    pub(super) nobody: bool,
}

impl Peers {
    pub(super) fn add(&mut self, reserved: Reserved, certainty: Certainty) {
        self.reserved.push((reserved, certainty));
    }

    /// Adds an entity; false for a name that is none.
    pub(super) fn add_entity(&mut self, name: &str, clusters: &Clusters, reading: &mut Reading<'_>) -> bool {
        let nodes = [Reserved::Host, Reserved::RemoteNode, Reserved::ApiServer];
        match name {
            "all" => self.everyone = true,
            "world" => self.add(Reserved::World, None),
            "world-ipv4" => self.specs.push(whole(Family::V4, reading)),
            "world-ipv6" => self.specs.push(whole(Family::V6, reading)),
            "host" => self.add(Reserved::Host, None),
            "remote-node" => self.add(Reserved::RemoteNode, None),
            "kube-apiserver" => self.add(Reserved::ApiServer, None),
            "cluster" => {
                nodes.into_iter().for_each(|one| self.add(one, None));
                self.specs.push(every_pod(clusters.own, reading));
            }
            "cluster-mesh" => {
                nodes.into_iter().for_each(|one| self.add(one, None));
                self.specs.extend(clusters.all.iter().map(|one| every_pod(*one, reading)));
            }
            "init" | "ingress" | "health" | "unmanaged" | "none" => {}
            _ => return false,
        }
        true
    }

    /// All of them, as rules have them.
    pub(super) fn finish(mut self, cluster: ClusterId, reading: &mut Reading<'_>) -> Option<Vec<PeerSpec>> {
        if self.nobody {
            return Some(Vec::new());
        }
        if self.everyone {
            return None;
        }
        let certainty = |wanted: Reserved| {
            let mut found =
                self.reserved.iter().filter(|(one, _)| *one == wanted).map(|(_, certainty)| *certainty);
            let first = found.next()?;
            Some(if found.any(|certainty| certainty.is_none()) { None } else { first })
        };
        let [world, host, remote, server] = Reserved::ALL.map(certainty);
        if let Some(doubt) = world {
            self.specs.push(when(outside(cluster, reading), doubt));
            self.specs.push(when(
                PeerSpec::Landmark(Landmark::ControlPlane),
                doubt.or(Some(server_on_node(reading))),
            ));
        }
        if let Some(doubt) = host {
            self.specs.push(when(PeerSpec::Landmark(Landmark::OwnNode), doubt));
        }
        if let Some(doubt) = remote {
            self.specs.push(when(PeerSpec::Landmark(Landmark::OtherNodes), doubt));
        }
        if let Some(doubt) = server {
            self.specs.push(when(PeerSpec::Landmark(Landmark::ControlPlane), doubt));
            let on_node = doubt.or(Some(server_on_node(reading)));
            let nodes = [PeerSpec::Landmark(Landmark::OtherNodes), PeerSpec::HostNetwork];
            self.specs.extend(nodes.map(|one| when(one, on_node)));
        }
        let on_host = match (host, remote) {
            (Some(a), Some(b)) => Some(a.or(b)),
            (Some(doubt), None) | (None, Some(doubt)) => {
                let one_node = reading.conditions.id("whether both pods are on one node is not known");
                Some(doubt.or(Some(one_node)))
            }
            (None, None) => None,
        };
        self.specs.extend(on_host.map(|doubt| when(PeerSpec::HostNetwork, doubt)));
        Some(self.specs)
    }
}

/// The clusters of an estate.
#[derive(Debug)]
pub(super) struct Clusters {
    pub(super) own: ClusterId,
    pub(super) all: Vec<ClusterId>,
}

fn server_on_node(reading: &mut Reading<'_>) -> crate::condition::ConditionId {
    reading.conditions.id("whether the API server runs on a node is not known")
}

/// A peer that may not be matched.
pub(super) fn when(peer: PeerSpec, doubt: Certainty) -> PeerSpec {
    let Some(condition) = doubt else { return peer };
    PeerSpec::Each([peer, PeerSpec::Unknown(condition)].map(|one| among(vec![one])).into())
}

pub(super) fn among(any: Vec<PeerSpec>) -> Term {
    Term { negated: false, any }
}

pub(super) fn not_among(any: Vec<PeerSpec>) -> Term {
    Term { negated: true, any }
}

pub(super) fn every_pod(cluster: ClusterId, reading: &mut Reading<'_>) -> PeerSpec {
    let everything = reading.selectors.id(Selector::default());
    PeerSpec::Pods(reading.sets.id(Scope::Matching(cluster, everything), everything))
}

/// What is neither pod nor node nor the API server.
fn outside(cluster: ClusterId, reading: &mut Reading<'_>) -> PeerSpec {
    let mut inside = vec![every_pod(cluster, reading), PeerSpec::HostNetwork];
    inside.extend(Landmark::ALL.map(PeerSpec::Landmark));
    PeerSpec::Each([not_among(inside)].into())
}

/// What is outside, perhaps.
pub(super) fn outside_of(cluster: ClusterId, doubt: Certainty, reading: &mut Reading<'_>) -> PeerSpec {
    let outside = outside(cluster, reading);
    when(outside, doubt)
}

fn whole(family: Family, reading: &mut Reading<'_>) -> PeerSpec {
    PeerSpec::Block(reading.blocks.id(vec![Span::whole(family)]), None)
}
