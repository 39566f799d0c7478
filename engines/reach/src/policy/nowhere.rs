//! Policies in a namespace that is not there: neither its object nor a pod of it is in the input, so that the
//! policy selects no one.

use ringfence_model::{Diagnostic, Estate, Origin, Resource, Text};
use rustc_hash::FxHashSet;

/// A namespace of a cluster.
type Home<'a> = (Option<&'a Text>, &'a Text);

/// One message for each such policy.
pub(super) fn diagnostics(estate: &Estate) -> Vec<Diagnostic> {
    let namespaces = estate.of_kind("v1/Namespace").iter().filter_map(|id| estate.resource(*id));
    let derived = namespaces.filter(|one| matches!(one.origin, Origin::Derived(_)));
    let mut empty: FxHashSet<Home<'_>> = derived.map(|one| (one.place.cluster.as_ref(), &one.name)).collect();
    if empty.is_empty() {
        return Vec::new();
    }
    for workload in estate.workloads() {
        empty.remove(&(workload.cluster.as_ref(), &workload.namespace));
    }
    let policies = estate.resources().iter().filter(|one| is_policy(one));
    let nowhere = policies.filter_map(|one| {
        let namespace = one.place.namespace.as_ref()?;
        empty.contains(&(one.place.cluster.as_ref(), namespace)).then(|| diagnostic(one, namespace))
    });
    nowhere.collect()
}

/// A policy of one namespace, of whatever engine.
fn is_policy(resource: &Resource) -> bool {
    let name = resource.kind.name();
    // Calico's are named with their namespace where they are read.
    let is_calico = resource.kind.group().is_some_and(|group| group.ends_with("projectcalico.org"));
    resource.kind.is_kubernetes()
        && !is_calico
        && resource.place.namespace.is_some()
        && (name.ends_with("NetworkPolicy") || name == "AuthorizationPolicy")
}

fn diagnostic(policy: &Resource, namespace: &Text) -> Diagnostic {
    let message = format!(
        "`{}` selects no one: neither namespace `{namespace}` nor a pod of it is in the input",
        policy.label()
    );
    let at = policy.body.get("metadata.namespace").and_then(|node| node.location()).or(policy.location());
    Diagnostic::warning("policy-nowhere", message)
        .at(at)
        .help("correct `metadata.namespace`, or add the manifests of that namespace")
}
