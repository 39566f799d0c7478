//! Nodes: host network, host endpoints.

use serde_json::{Value as Json, json};

use super::{check, from, global, ingress, labelled, towards_b};
use crate::fixture::{namespace, pod};

#[test]
fn untracked_and_pre_dnat_policies_are_not_for_pods() {
    for key in ["doNotTrack", "preDNAT"] {
        let mut one = global("p", ingress(json!([])));
        one["spec"][key] = json!(true);
        one["spec"]["applyOnForward"] = json!(true);
        towards_b(vec![one], &["a All Connections", "c All Connections"]);
    }
}

#[test]
fn a_pod_on_the_host_network_is_the_node() {
    let mut host = pod("n", "a", 1);
    host["spec"]["hostNetwork"] = json!(true);
    let deny = global(
        "p",
        json!({"selector": "all()", "types": ["Ingress"], "ingress": [from("app == 'a'", "Allow")]}),
    );
    let manifests =
        |more: Vec<Json>| [vec![namespace("n", json!({})), host.clone(), pod("n", "b", 2)], more].concat();
    check(&manifests(vec![deny.clone()]), &["n/b => n/a : All Connections"]);
    let by_address = json!([{"action": "Allow", "source": {"nets": ["10.0.0.1/32"]}}]);
    check(
        &manifests(vec![global("p", ingress(by_address))]),
        &["n/a => n/b : All Connections", "n/b => n/a : All Connections"],
    );
    let endpoint =
        labelled("HostEndpoint", "h", json!({"node": "x"}), json!({"node": "x", "interfaceName": "*"}));
    check(&manifests(vec![endpoint]), &["n/a => n/b : All Connections?", "n/b => n/a : All Connections?"]);
}

#[test]
fn a_host_endpoint_may_filter_what_is_forwarded() {
    let endpoint =
        labelled("HostEndpoint", "h", json!({"node": "x"}), json!({"node": "x", "interfaceName": "*"}));
    let forward = |rules: Json| {
        global(
            "f",
            json!({"selector": "has(node)", "applyOnForward": true, "types": ["Ingress"], "ingress": rules}),
        )
    };
    towards_b(vec![forward(json!([]))], &["a All Connections", "c All Connections"]);
    towards_b(vec![endpoint.clone(), forward(json!([]))], &["a All Connections?", "c All Connections?"]);
    towards_b(
        vec![endpoint.clone(), forward(json!([from("app == 'a'", "Allow")]))],
        &["a All Connections", "c All Connections?"],
    );
    let mut local = forward(json!([]));
    local["spec"]["applyOnForward"] = json!(false);
    towards_b(vec![endpoint, local], &["a All Connections", "c All Connections"]);
}
