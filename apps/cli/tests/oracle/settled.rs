//! Where an oracle is known to differ from the definition: such probes are not compared, and counted.

use serde_json::Value as Json;

use crate::case::{Case, Probe, is_pod, name_of, text};
use crate::selects::{concerns, selects};

/// Why a probe of a case is not compared.
pub(crate) type Settled = fn(&Case, &Probe) -> Option<&'static str>;

/// kube-network-policies v1.1.0.
pub(crate) fn knp(case: &Case, probe: &Probe) -> Option<&'static str> {
    if named_port_of_another_number(case, probe) {
        // `evaluateAdminNetworkPolicyPort` does not look at the number; `namedPort` "selects a port on a pod(s)
        // based on name" (API reference of v1alpha1).
        return Some("namedPort of an admin policy matches every port of a pod that has the name");
    }
    if has_baseline(case)
        && (selected_otherwise(case, &probe.from, "Egress") || selected_otherwise(case, &probe.to, "Ingress"))
    {
        // `EvaluateIngress` accepts for a pod that any NetworkPolicy selects, of either type; the two sorts of
        // isolation "are declared independently" (Kubernetes documentation, Network Policies), and baseline
        // rules hold for what is "not matched by any AdminNetworkPolicy or NetworkPolicy rules".
        return Some("a NetworkPolicy of the other direction switches the baseline tier off");
    }
    None
}

/// network-config-analyzer 2.1.0.
pub(crate) fn nca(case: &Case, probe: &Probe) -> Option<&'static str> {
    let namespace = |end: &str| end.split_once('/').map(|(namespace, _)| namespace.to_owned());
    let ends = [namespace(&probe.from), namespace(&probe.to)];
    let outside = |end: &Option<String>| end.as_deref() == Some("ip");
    if ends[0] == ends[1] || ends.iter().any(outside) {
        return None;
    }
    let mut policies = case.manifests.iter().filter(|policy| {
        ends.contains(&Some(text(policy, "/metadata/namespace").to_owned()))
            && text(policy, "/kind") == "NetworkPolicy"
    });
    // `parse_label_selector_requirement` looks for the key among the pods of the policy's own namespace; with a
    // namespaceSelector the peer "selects the Pods matching PodSelector in the Namespaces selected by
    // NamespaceSelector" (API reference of NetworkPolicyPeer).
    policies
        .any(asks_for_keys_elsewhere)
        .then_some("Exists and DoesNotExist of a podSelector stay in the policy's own namespace")
}

/// Whether a peer has a namespaceSelector, and a podSelector that asks whether a key is there.
fn asks_for_keys_elsewhere(policy: &Json) -> bool {
    let peers = [("ingress", "from"), ("egress", "to")]
        .into_iter()
        .flat_map(|(key, peers)| items(&policy["spec"][key]).flat_map(move |rule| items(&rule[peers])));
    let mut elsewhere = peers.filter(|peer| !peer["namespaceSelector"].is_null());
    elsewhere.any(|peer| {
        let mut expressions = items(&peer["podSelector"]["matchExpressions"]);
        expressions.any(|one| ["Exists", "DoesNotExist"].contains(&text(one, "/operator")))
    })
}

fn has_baseline(case: &Case) -> bool {
    case.manifests.iter().any(|manifest| {
        text(manifest, "/kind") == "BaselineAdminNetworkPolicy" || text(manifest, "/spec/tier") == "Baseline"
    })
}

fn pod<'a>(case: &'a Case, name: &str) -> Option<&'a Json> {
    case.manifests.iter().find(|manifest| is_pod(manifest) && name_of(manifest) == name)
}

/// Whether NetworkPolicies select the pod, but none in this direction.
fn selected_otherwise(case: &Case, name: &str, direction: &str) -> bool {
    let Some(pod) = pod(case, name) else { return false };
    let selecting = case.manifests.iter().filter(|policy| {
        text(policy, "/kind") == "NetworkPolicy"
            && text(policy, "/metadata/namespace") == text(pod, "/metadata/namespace")
            && selects(&policy["spec"]["podSelector"], pod)
    });
    let selecting: Vec<&Json> = selecting.collect();
    !selecting.is_empty() && !selecting.iter().any(|policy| concerns(policy, direction))
}

/// Whether an admin policy names a port that the receiver has under another number or protocol.
fn named_port_of_another_number(case: &Case, probe: &Probe) -> bool {
    let Some(pod) = pod(case, &probe.to) else { return false };
    let admin = case.manifests.iter().filter(|one| text(one, "/kind").ends_with("AdminNetworkPolicy"));
    let rules = admin.flat_map(|policy| ["ingress", "egress"].map(|key| &policy["spec"][key]));
    let ports = rules.flat_map(items).flat_map(|rule| items(&rule["ports"]));
    let mut names = ports.filter_map(|port| port["namedPort"].as_str());
    names.any(|name| {
        let declared = items(&pod["spec"]["containers"]).flat_map(|container| items(&container["ports"]));
        declared.filter(|port| port["name"].as_str() == Some(name)).any(|port| {
            let protocol = port["protocol"].as_str().unwrap_or("TCP");
            (protocol, port["containerPort"].as_u64()) != (probe.port.0.as_str(), Some(probe.port.1.into()))
        })
    })
}

fn items(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}
