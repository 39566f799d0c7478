//! Cilium: its policies at layers 3 and 4, and how it enforces those of Kubernetes.
//!
//! ```text
//! identity     what a policy sees of a peer: the labels of a pod that Cilium keeps, its namespace, its
//!              service account, its cluster; for what is no pod one of a few names (host, world, …)
//! stage        NetworkPolicy and Cilium's own policies add up; what any of them denies is denied
//! isolation    per direction, where a rule of that direction asks for it (`enableDefaultDeny`)
//! ```
//!
//! Blocks match neither pods nor nodes; pods on the host network are nodes. What layer 7 rules ask of a
//! request, and the authentication of peers, are conditions.
//!
//! Source: Cilium 1.20 (`pkg/policy`, `pkg/policy/api`, `pkg/k8s/apis/cilium.io`, `pkg/k8s/network_policy.go`).

mod address;
mod around;
mod config;
mod entity;
mod label;
mod policy;
mod port;
mod rule;
mod selector;
mod service;
mod settle;

use ringfence_model::{Estate, Kind, ResourceId};

use crate::policy::{Policy, Reading};
use crate::profile::Profiles;

pub(crate) use around::Around;
pub(crate) use label::Keeps;
pub(crate) use settle::settle;

/// Whether resources of this kind are policies that are read here.
pub(crate) fn is_policy(kind: &Kind) -> bool {
    matches!(
        kind.as_str(),
        "cilium.io/v2/CiliumNetworkPolicy" | "cilium.io/v2/CiliumClusterwideNetworkPolicy"
    )
}

/// Sets the switches of clusters by what `cilium-config` says.
pub(crate) fn adjust(profiles: &mut Profiles, estate: &Estate) {
    profiles.adjust(|cluster, switches| {
        if switches.cilium {
            let config = config::Config::of(estate, cluster);
            switches.ip_block_matches_pods = config.blocks_match("pods").unwrap_or(false);
        }
    });
}

/// The policies of Cilium in those clusters where it enforces them, or only those of `only`.
pub(crate) fn read(
    estate: &Estate,
    only: Option<&[ResourceId]>,
    profiles: &Profiles,
    around: &Around<'_>,
    reading: &mut Reading<'_>,
) -> Vec<Policy> {
    let mut policies = Vec::new();
    let wanted = |id: &ResourceId| only.is_none_or(|only| only.contains(id));
    for (id, resource) in estate.iter().filter(|(id, one)| is_policy(&one.kind) && wanted(id)) {
        let cluster = reading.namespaces.cluster_id(resource.place.cluster.as_ref());
        if profiles.switches(cluster).cilium {
            policies.extend(policy::read(id, resource, reading, around));
        }
    }
    policies
}
