//! Calico: its selector language, its tiers and policies of both API groups.
//!
//! ```text
//! tiers        by order, then name; a tier of whose policies none selects a pod is skipped
//! policies     by order, absent last, then name; the first rule that matches decides
//! Pass         goes to the next tier; Log goes on
//! end          of a tier: its default action, Deny unless Pass; after the last tier: allowed
//! ```
//!
//! NetworkPolicy is tier `default`, order 1000; admin policies have tiers of their own before and after it.
//! Pods on the host network are no endpoints. Staged policies do nothing.
//!
//! Sources: the API types of `projectcalico.org/v3`, how libcalico-go converts policies into what Felix
//! enforces (`updateprocessors`), and how Felix orders and renders them (`calc/policy_sorter.go`,
//! `rules/endpoints.go`).

mod around;
mod entity;
mod expression;
mod part;
mod policy;
mod port;
mod rank;
mod rule;
mod selector;
mod set;
mod text;
mod tier;

use ringfence_model::{Diagnostic, Estate, Kind, Resource, ResourceId};

use crate::namespace::ClusterId;
use crate::policy::{Policy, Reading};
use crate::profile::Profiles;

pub(crate) use around::Around;
pub(crate) use rank::settle;
pub(crate) use selector::{Expression, Seen};
pub use selector::{Selector, SelectorError};

/// The API groups of Calico: as its API server takes them, and as it stores them.
const GROUPS: [&str; 2] = ["projectcalico.org", "crd.projectcalico.org"];

/// Whether resources of this kind are policies of Calico that are in force.
pub(crate) fn is_policy(kind: &Kind) -> bool {
    is_of_calico(kind) && matches!(kind.name(), "NetworkPolicy" | "GlobalNetworkPolicy")
}

fn is_of_calico(kind: &Kind) -> bool {
    kind.group().is_some_and(|group| GROUPS.contains(&group))
}

/// The policies of Calico, or only those of `only`, in those clusters where it enforces them.
pub(crate) fn read(
    estate: &Estate,
    only: Option<&[ResourceId]>,
    profiles: &Profiles,
    around: &Around<'_>,
    reading: &mut Reading<'_>,
) -> Vec<Policy> {
    let mut policies = Vec::new();
    let wanted = |id: &ResourceId| only.is_none_or(|only| only.contains(id));
    for (id, resource) in estate.iter().filter(|(id, one)| is_of_calico(&one.kind) && wanted(id)) {
        let cluster = reading.namespaces.cluster_id(resource.place.cluster.as_ref());
        if !profiles.switches(cluster).calico {
            continue;
        }
        if !is_policy(&resource.kind) {
            remark(resource, reading);
            continue;
        }
        let read = policy::read(id, resource, reading, around);
        policies.extend(read.forwarded(reading, around));
        policies.extend(read.parts(reading));
    }
    for endpoint in around.host_endpoints.iter().filter(|one| is_in(profiles, one.cluster)) {
        let cluster = estate.resource(endpoint.id).and_then(|resource| resource.place.cluster.as_ref());
        policies.push(part::at_nodes(endpoint, cluster, reading));
    }
    policies
}

/// Says what of a resource that is no policy in force does not count.
fn remark(resource: &Resource, reading: &mut Reading<'_>) {
    let label = resource.label();
    if resource.kind.name().starts_with("Staged") {
        reading.diagnostics.push(
            Diagnostic::note("policy-staged", format!("`{label}` is staged: it allows and denies nothing"))
                .at(resource.location())
                .help("nothing to do; once it is enforced, its answers are in"),
        );
    }
}

/// Whether Calico enforces policies in any cluster.
pub(crate) fn is_anywhere(profiles: &Profiles) -> bool {
    profiles.chosen().iter().any(|chosen| chosen.switches.calico)
}

/// Whether Calico enforces policies in a cluster.
fn is_in(profiles: &Profiles, cluster: ClusterId) -> bool {
    profiles.switches(cluster).calico
}
