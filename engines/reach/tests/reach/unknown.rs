//! Where the definition does not say, or the input does not show: never silently open, never silently closed.

use ringfence_reach::{Endpoints, Profile, Reach};
use serde_json::{Value as Json, json};

use crate::fixture::{
    UNKNOWN, app, check, check_as, deployment, estate, everyone, lines, namespace, pod, policy, with,
    workload,
};

#[test]
fn the_address_of_a_template_is_not_known() {
    let block = |cidr: &str| {
        let spec = json!({"podSelector": app("b"), "ingress": [{"from": [{"ipBlock": {"cidr": cidr}}], "ports": [{"port": 80}]}]});
        vec![namespace("n", json!({})), deployment("n", "a"), deployment("n", "b"), policy("p", spec)]
    };
    let back = "n/b => n/a : All Connections";
    check(&block("10.0.0.0/8"), &["n/a => n/b : TCP 80?", back]);
    check(&block("203.0.113.0/24"), &[back]);
    check(&block("0.0.0.0/0"), &["n/a => n/b : TCP 80", back]);
}

#[test]
fn host_network_is_not_defined() {
    let mut host = pod("n", "h", 9);
    host["spec"]["hostNetwork"] = json!(true);
    let spec = json!({"podSelector": {}, "ingress": [{"from": [{"podSelector": app("h")}], "ports": [{"port": 80}]}]});
    let manifests = with(&["a"], vec![host, policy("p", spec)]);
    check(&manifests, &["n/a => n/h : All Connections?", "n/h => n/a : All Connections?"]);
    check_as(Profile::NpguardCompat, &manifests, &["n/h => n/a : TCP 80"]);
}

#[test]
fn a_second_port_of_one_name_is_not_defined() {
    let mut twice = pod("n", "b", 2);
    twice["spec"]["containers"] = json!([
        {"name": "c", "ports": [{"name": "http", "containerPort": 8080}]},
        {"name": "d", "ports": [{"name": "http", "containerPort": 8081}]}]);
    let spec = json!({"podSelector": app("b"), "ingress": [{"ports": [{"port": "http"}]}]});
    let manifests = vec![namespace("n", json!({})), pod("n", "a", 1), twice, policy("p", spec)];
    check(&manifests, &["n/a => n/b : TCP 8080", "n/a => n/b : TCP 8081?", "n/b => n/a : All Connections"]);
}

#[test]
fn the_labels_of_a_missing_namespace_are_not_known() {
    let spec = json!({"podSelector": app("b"), "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "m"}}}]}]});
    let manifests = vec![namespace("n", json!({})), pod("n", "b", 1), pod("m", "a", 2), policy("p", spec)];
    check(&manifests, &["m/a => n/b : All Connections?", "n/b => m/a : All Connections"]);
    check_as(Profile::NpguardCompat, &manifests, &["n/b => m/a : All Connections"]);
    let named = json!({"podSelector": app("b"), "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "m"}}}]}]});
    let manifests = vec![namespace("n", json!({})), pod("n", "b", 1), pod("m", "a", 2), policy("p", named)];
    check(&manifests, &["m/a => n/b : All Connections", "n/b => m/a : All Connections"]);
}

/// What is unresolved at one place of a policy that would open TCP 80 from `a` to `b`.
#[test]
fn what_is_unresolved_is_neither_open_nor_closed() {
    let whole = || json!({"podSelector": app("b"), "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": app("a")}], "ports": [{"port": 80}]}]});
    let at = |pointer: &str, expected: &[&str]| {
        let mut spec = whole();
        *spec.pointer_mut(pointer).unwrap() = json!(UNKNOWN);
        check(&with(&["a", "b"], vec![policy("p", spec)]), expected);
    };
    let back = "n/b => n/a : All Connections";
    at("/podSelector", &["n/a => n/b : All Connections?", "n/b => n/a : All Connections?"]);
    at("/podSelector/matchLabels/app", &["n/a => n/b : All Connections?", "n/b => n/a : All Connections?"]);
    at("/policyTypes", &["n/a => n/b : All Connections?", "n/b => n/a : All Connections?"]);
    at("/ingress", &["n/a => n/b : All Connections?", back]);
    at("/ingress/0", &["n/a => n/b : All Connections?", back]);
    at("/ingress/0/from", &["n/a => n/b : TCP 80?", back]);
    at("/ingress/0/from/0", &["n/a => n/b : TCP 80?", back]);
    at("/ingress/0/from/0/podSelector", &["n/a => n/b : TCP 80?", back]);
    at("/ingress/0/ports", &["n/a => n/b : All Connections?", back]);
    at("/ingress/0/ports/0/port", &["n/a => n/b : TCP 1-65535?", back]);
}

#[test]
fn an_unknown_label_of_a_pod_is_neither_selected_nor_not() {
    let mut unknown = pod("n", "b", 2);
    unknown["metadata"]["labels"]["app"] = json!(UNKNOWN);
    let manifests =
        |spec| vec![namespace("n", json!({})), pod("n", "a", 1), unknown.clone(), policy("p", spec)];
    check(
        &manifests(json!({"podSelector": app("b")})),
        &["n/a => n/b : All Connections?", "n/b => n/a : All Connections"],
    );
    check(&manifests(json!({"podSelector": app("a")})), &["n/a => n/b : All Connections?"]);
}

#[test]
fn what_the_api_server_refuses_may_not_be_in_force() {
    let refused = |spec: Json, code: &str| {
        let estate = estate(&with(&["a", "b"], vec![policy("p", spec)]));
        let (reach, diagnostics) = Reach::new(&estate, Profile::Spec);
        let codes: Vec<&str> = diagnostics.iter().map(|one| one.code).collect();
        assert_eq!(codes, [code]);
        assert!(diagnostics.iter().all(|one| one.location.is_some() && one.help.is_some()));
        let to = Endpoints::workloads([workload(&estate, "n/b[Pod]")]);
        assert_eq!(
            lines(&estate, &reach, &everyone(&estate), &to),
            ["n/a => n/b : All Connections?"],
            "{code}"
        );
    };
    let ports = |ports: Json| json!({"podSelector": app("b"), "ingress": [{"ports": ports}]});
    let block = |block: Json| json!({"podSelector": app("b"), "ingress": [{"from": [{"ipBlock": block}]}]});
    refused(ports(json!([{"port": 70000}])), "port-invalid");
    refused(ports(json!([{"port": "80"}])), "port-invalid");
    refused(ports(json!([{"port": 80, "endPort": 79}])), "end-port-invalid");
    refused(ports(json!([{"port": "http", "endPort": 90}])), "end-port-invalid");
    refused(ports(json!([{"endPort": 90}])), "end-port-invalid");
    refused(ports(json!([{"port": 80, "protocol": "tcp"}])), "protocol-invalid");
    refused(block(json!({"cidr": "ten"})), "cidr-invalid");
    refused(block(json!({"except": ["10.0.0.0/8"]})), "cidr-missing");
    refused(block(json!({"cidr": "192.168.0.0/24", "except": ["10.0.0.0/8"]})), "except-invalid");
    refused(
        json!({"podSelector": app("b"), "policyTypes": ["Ingres"], "ingress": []}),
        "policy-type-invalid",
    );
    refused(json!({"podSelector": app("b"), "ingress": [{"form": []}]}), "field-unknown");
    refused(
        json!({"podSelector": app("b"), "ingress": [{"from": [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}]}]}),
        "peer-mixed",
    );
}

#[test]
fn of_two_policies_with_one_name_one_is_in_force() {
    let spec = |port: u16| json!({"podSelector": app("b"), "ingress": [{"ports": [{"port": port}]}]});
    let back = "n/b => n/a : All Connections";
    check(
        &with(&["a", "b"], vec![policy("p", spec(80)), policy("p", spec(443))]),
        &["n/a => n/b : All Connections?", back],
    );
    check(
        &with(&["a", "b"], vec![policy("p", spec(80)), policy("p", spec(80))]),
        &["n/a => n/b : TCP 80", back],
    );
}

#[test]
fn a_workload_that_is_defined_twice_is_certain_of_nothing() {
    let manifests =
        vec![namespace("n", json!({})), deployment("n", "a"), deployment("n", "a"), pod("n", "b", 1)];
    let estate = estate(&manifests);
    let (reach, _) = Reach::new(&estate, Profile::Spec);
    let b = Endpoints::workloads([workload(&estate, "n/b[Pod]")]);
    let edges = reach.between(&everyone(&estate), &b);
    assert!(edges.iter().all(|edge| edge.allowed.is_empty()), "{edges:#?}");
    assert_eq!(edges[0].condition.as_deref(), Some("`n/a[Deployment]` is defined twice"));
}

#[test]
fn selectors_never_match_across_clusters() {
    let in_cluster = |cluster: &str, mut manifest: Json| {
        manifest["cluster"] = json!(cluster);
        manifest
    };
    let spec = json!({"podSelector": app("b"), "ingress": [{"from": [{"namespaceSelector": {}}], "ports": [{"port": 80}]}]});
    let manifests = vec![
        in_cluster("one", namespace("n", json!({}))),
        in_cluster("two", namespace("n", json!({}))),
        in_cluster("one", pod("n", "a", 1)),
        in_cluster("one", pod("n", "b", 2)),
        in_cluster("two", pod("n", "a", 3)),
        in_cluster("one", policy("p", spec)),
    ];
    check(
        &manifests,
        &[
            "one:n/a => one:n/b : TCP 80",
            "one:n/a => two:n/a : All Connections?",
            "one:n/b => one:n/a : All Connections",
            "one:n/b => two:n/a : All Connections?",
            "two:n/a => one:n/a : All Connections?",
        ],
    );
}

#[test]
fn policies_that_are_not_evaluated_leave_everything_open_or_closed() {
    let other = json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "c", "namespace": "n"}, "spec": {}});
    let spec = json!({"podSelector": app("b")});
    let manifests = with(
        &["a", "b"],
        vec![policy("p", spec), other, namespace("m", json!({})), pod("m", "x", 7), pod("m", "y", 8)],
    );
    check(
        &manifests,
        &[
            "m/x => m/y : All Connections",
            "m/x => n/a : All Connections?",
            "m/x => n/b : All Connections?",
            "m/y => m/x : All Connections",
            "m/y => n/a : All Connections?",
            "m/y => n/b : All Connections?",
            "n/a => m/x : All Connections?",
            "n/a => m/y : All Connections?",
            "n/a => n/b : All Connections?",
            "n/b => m/x : All Connections?",
            "n/b => m/y : All Connections?",
            "n/b => n/a : All Connections?",
        ],
    );
}
