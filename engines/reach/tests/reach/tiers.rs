//! Admin and baseline tiers around NetworkPolicy.

use ringfence_reach::{Profile, Reach};
use serde_json::{Value as Json, json};

use crate::fixture::{app, check, estate, namespace, pod, policy, with};

fn admin(name: &str, priority: u16, ingress: Json) -> Json {
    json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy", "metadata": {"name": name},
        "spec": {"priority": priority, "subject": {"pods": {"namespaceSelector": {}, "podSelector": app("b")}}, "ingress": ingress},
    })
}

fn baseline(egress: Json) -> Json {
    json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "BaselineAdminNetworkPolicy", "metadata": {"name": "default"},
        "spec": {"subject": {"namespaces": {}}, "egress": egress},
    })
}

fn rule(action: &str, ports: Option<Json>) -> Json {
    let mut rule = json!({"action": action, "from": [{"namespaces": {}}]});
    ports.into_iter().for_each(|ports| rule["ports"] = ports);
    rule
}

fn port(number: u16) -> Json {
    json!([{"portNumber": {"protocol": "TCP", "port": number}}])
}

const BACK: &str = "n/b => n/a : All Connections";

#[track_caller]
fn into_b(policies: Vec<Json>, expected: Option<&str>) {
    let line = expected.map(|ports| format!("n/a => n/b : {ports}"));
    let lines: Vec<&str> = line.as_deref().into_iter().chain([BACK]).collect();
    check(&with(&["a", "b"], policies), &lines);
}

#[test]
fn the_first_match_decides_and_nothing_is_isolated_by_itself() {
    into_b(
        vec![admin("p", 1, json!([rule("Deny", Some(port(80)))]))],
        Some("SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535"),
    );
    into_b(vec![admin("p", 1, json!([rule("Allow", Some(port(80)))]))], Some("All Connections"));
    into_b(vec![admin("p", 1, json!([rule("Allow", Some(port(80))), rule("Deny", None)]))], Some("TCP 80"));
    into_b(vec![admin("p", 1, json!([rule("Deny", None), rule("Allow", Some(port(80)))]))], None);
    into_b(
        vec![admin("later", 9, json!([rule("Allow", None)])), admin("first", 3, json!([rule("Deny", None)]))],
        None,
    );
}

#[test]
fn the_admin_tier_comes_before_network_policies_and_may_pass() {
    let isolate = || policy("p", json!({"podSelector": app("b"), "ingress": [{"ports": [{"port": 443}]}]}));
    into_b(vec![isolate(), admin("p", 1, json!([rule("Allow", Some(port(80)))]))], Some("TCP 80,443"));
    into_b(
        vec![isolate(), admin("p", 1, json!([rule("Pass", Some(port(443))), rule("Deny", None)]))],
        Some("TCP 443"),
    );
    into_b(vec![isolate(), admin("p", 1, json!([rule("Deny", Some(port(443)))]))], None);
}

#[test]
fn the_baseline_tier_holds_where_no_network_policy_isolates() {
    let deny = || baseline(json!([{"action": "Deny", "to": [{"namespaces": {}}]}]));
    let free = policy(
        "p",
        json!({"podSelector": app("a"), "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 80}]}]}),
    );
    check(&with(&["a", "b"], vec![deny()]), &[]);
    check(&with(&["a", "b"], vec![deny(), free]), &["n/a => n/b : TCP 80"]);
}

#[test]
fn ports_of_every_kind() {
    let on = |ports: Json, expected: &str| {
        into_b(vec![admin("p", 1, json!([rule("Allow", Some(ports)), rule("Deny", None)]))], Some(expected));
    };
    on(json!([{"portRange": {"protocol": "UDP", "start": 5, "end": 7}}]), "UDP 5-7");
    on(json!([{"namedPort": "http"}]), "TCP 8080");
    on(json!([{"portNumber": {"port": 22}}]), "TCP 22");
}

#[test]
fn what_is_of_unknown_kind_fails_closed() {
    let unknown = |action: &str| json!({"action": action, "from": [{"planets": {}}]});
    into_b(vec![admin("p", 1, json!([unknown("Deny")]))], None);
    into_b(vec![admin("p", 1, json!([unknown("Pass")]))], None);
    into_b(vec![admin("p", 1, json!([unknown("Allow"), rule("Deny", None)]))], None);
    let ports = json!({"action": "Deny", "from": [{"namespaces": {}}], "ports": [{"wave": 1}]});
    into_b(vec![admin("p", 1, json!([ports]))], None);
}

#[test]
fn the_order_of_equal_priorities_is_not_defined() {
    let policies =
        vec![admin("p", 5, json!([rule("Deny", None)])), admin("q", 5, json!([rule("Allow", None)]))];
    into_b(policies.clone(), Some("All Connections?"));
    let (_, diagnostics) = Reach::new(&estate(&with(&["b"], policies)), Profile::Spec);
    assert_eq!(diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), ["priority-not-unique"; 2]);
}

#[test]
fn networks_and_egress() {
    let only = baseline(json!([
        {"action": "Allow", "to": [{"networks": ["10.0.0.2/32"]}]},
        {"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]},
    ]));
    check(
        &with(&["a", "b", "c"], vec![only]),
        &["n/a => n/b : All Connections", "n/c => n/b : All Connections"],
    );
}

#[test]
fn pods_on_the_host_network_are_left_out() {
    let mut host = pod("n", "h", 9);
    host["spec"]["hostNetwork"] = json!(true);
    let manifests =
        vec![namespace("n", json!({})), host, pod("n", "b", 1), admin("p", 1, json!([rule("Deny", None)]))];
    check(&manifests, &["n/b => n/h : All Connections", "n/h => n/b : All Connections?"]);
}
