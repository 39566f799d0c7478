//! Objects of meshes that close nothing between pods, or that are not evaluated: each is named.

use ringfence_model::{Diagnostic, Estate, Resource};

use crate::policy::Reading;

/// Kinds that concern the client's own proxy, which can be bypassed.
const CLIENT_SIDE: [&str; 5] = [
    "networking.istio.io/v1/Sidecar",
    "networking.istio.io/v1alpha3/Sidecar",
    "networking.istio.io/v1beta1/Sidecar",
    "policy.linkerd.io/v1alpha1/EgressNetwork",
    "policy.linkerd.io/v1alpha1/UnmeshedNetwork",
];

/// Kinds of policies that are not evaluated and narrow single requests only.
const OF_REQUESTS: [&str; 5] = [
    "policy.linkerd.io/v1alpha1/HTTPLocalRateLimitPolicy",
    "policy.linkerd.io/v1alpha1/HTTPLocalConcurrencyLimitPolicy",
    "policy.linkerd.io/v1alpha1/ConcurrencyLimitPolicy",
    "security.istio.io/v1/RequestAuthentication",
    "security.istio.io/v1beta1/RequestAuthentication",
];

/// The group of AWS App Mesh, which AWS ends in September 2026.
const APP_MESH: &str = "appmesh.k8s.aws";

/// Says of each object that it was passed over.
pub(super) fn report(estate: &Estate, reading: &mut Reading<'_>) {
    let note = |reading: &mut Reading<'_>, kinds: &[&str], say: fn(&Resource) -> Diagnostic| {
        let found = kinds.iter().flat_map(|kind| estate.of_kind(kind)).filter_map(|id| estate.resource(*id));
        reading.diagnostics.extend(found.map(|object| say(object).at(object.location())));
    };
    note(reading, &CLIENT_SIDE, |object| {
        Diagnostic::note(
            "mesh-client-side",
            format!(
                "`{}` is enforced by the client's own proxy and closes nothing for certain",
                object.label()
            ),
        )
        .help("a client that bypasses its proxy is not bound by it; use a policy of the answering side")
    });
    note(reading, &OF_REQUESTS, |object| {
        Diagnostic::note(
            "mesh-requests-only",
            format!("`{}` judges single requests and closes no connection", object.label()),
        )
        .help("what is open between pods does not hang on it")
    });
    for (_, object) in estate.iter().filter(|(_, object)| object.kind.group() == Some(APP_MESH)) {
        let message = format!("`{}` is not evaluated: AWS App Mesh is at its end of life", object.label());
        reading.diagnostics.push(
            Diagnostic::warning("app-mesh-end-of-life", message).at(object.location()).help(
                "what it narrows counts as open; move to VPC Lattice, ECS Service Connect or another mesh",
            ),
        );
    }
}
