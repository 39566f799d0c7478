//! The facts of the profile, one by one.

use ringfence_model::fact::Landmark;
use ringfence_reach::{Choice, Endpoints, Profile, Reach};
use serde_json::{Value as Json, json};

use super::detect::{addon, named};
use crate::fixture::{app, check_as, deployment, estate, lines, namespace, pod, policy, with, workload};

#[track_caller]
fn check(manifests: &[Json], expected: &[&str]) {
    check_as(Profile::AwsVpcCni, manifests, expected);
}

const BACK: &str = "n/b => n/a : All Connections";

fn block(cidr: &str, except: &[&str], port: u16) -> Json {
    json!({"from": [{"ipBlock": {"cidr": cidr, "except": except}}], "ports": [{"port": port}]})
}

fn ingress(name: &str, rules: Vec<Json>) -> Json {
    policy(name, json!({"podSelector": app("b"), "ingress": rules}))
}

#[test]
fn an_exception_closes_what_another_policy_opens() {
    let excepts = ingress("p", vec![block("10.0.0.0/8", &["10.0.0.0/24"], 80)]);
    let opens = |cidr| ingress("q", vec![block(cidr, &[], 443)]);
    check(&with(&["a", "b"], vec![excepts.clone(), opens("0.0.0.0/0")]), &[BACK]);
    check(&with(&["a", "b"], vec![excepts.clone(), opens("10.0.0.0/24")]), &["n/a => n/b : TCP 443", BACK]);
    check(&with(&["a", "b"], vec![excepts.clone(), opens("10.0.0.1/32")]), &["n/a => n/b : TCP 443", BACK]);
    let selects = ingress("q", vec![json!({"from": [{"podSelector": app("a")}], "ports": [{"port": 443}]})]);
    check(&with(&["a", "b"], vec![excepts, selects]), &["n/a => n/b : TCP 443", BACK]);
}

#[test]
fn ports_of_wider_blocks_are_merged_in() {
    let rules = vec![block("10.0.0.0/8", &[], 80), block("10.0.0.0/24", &[], 443)];
    check(&with(&["a", "b"], vec![ingress("p", rules)]), &["n/a => n/b : TCP 80,443", BACK]);
    // The narrower block begins in the exception, so that it takes nothing over, not even for others.
    let rules = vec![block("10.0.0.0/8", &["10.0.0.0/30"], 80), block("10.0.0.0/24", &[], 443)];
    let mut manifests = with(&[], vec![ingress("p", rules)]);
    manifests.extend([pod("n", "a", 100), pod("n", "b", 2)]);
    check(&manifests, &["n/a => n/b : TCP 443", BACK]);
}

#[test]
fn a_template_may_lie_in_an_exception() {
    let rules = vec![block("0.0.0.0/0", &["10.0.0.0/24"], 80)];
    let manifests =
        vec![namespace("n", json!({})), deployment("n", "a"), deployment("n", "b"), ingress("p", rules)];
    check(&manifests, &["n/a => n/b : TCP 80?", BACK]);
}

#[test]
fn a_port_name_is_that_of_all_selected_pods() {
    let mut other = pod("n", "c", 3);
    other["metadata"]["labels"]["app"] = json!("b");
    other["spec"]["containers"][0]["ports"][0]["containerPort"] = json!(9090);
    let named = json!({"from": [{"podSelector": app("a")}], "ports": [{"port": "http"}]});
    let mut manifests = with(&["a", "b"], vec![ingress("p", vec![named])]);
    manifests.push(other);
    check(
        &manifests,
        &["n/a => n/b : TCP 8080,9090", "n/a => n/c : TCP 8080,9090", BACK, "n/c => n/a : All Connections"],
    );
}

#[test]
fn init_containers_name_no_ports() {
    let mut sidecar = pod("n", "b", 2);
    sidecar["spec"] = json!({"containers": [{"name": "c"}], "initContainers": [
        {"name": "i", "restartPolicy": "Always", "ports": [{"name": "http", "containerPort": 8080}]}]});
    let named = json!({"ports": [{"port": "http"}, {"port": 80}]});
    let manifests = vec![namespace("n", json!({})), pod("n", "a", 1), sidecar, ingress("p", vec![named])];
    check(&manifests, &["n/a => n/b : TCP 80", BACK]);
}

#[test]
fn an_egress_rule_of_blocks_loses_its_port_names() {
    let rule = |ports: Json| {
        let spec = json!({"podSelector": app("a"), "policyTypes": ["Egress"],
            "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": ports}]});
        with(&["a", "b"], vec![policy("p", spec)])
    };
    check(&rule(json!([{"port": "http"}])), &[BACK]);
    check(&rule(json!([{"port": "http"}, {"port": 80}])), &["n/a => n/b : TCP 80", BACK]);
}

#[test]
fn of_too_many_ports_some_are_lost() {
    let ports: Vec<Json> = (0..30).map(|index| json!({"port": 8000 + 2 * index})).collect();
    let rule = json!({"from": [{"podSelector": app("a")}], "ports": ports});
    let estate = estate(&with(&["a", "b"], vec![ingress("p", vec![rule])]));
    let (reach, diagnostics) = Reach::new(&estate, Profile::AwsVpcCni);
    let end = |label| Endpoints::workloads([workload(&estate, label)]);
    let edges = reach.between(&end("n/a[Pod]"), &end("n/b[Pod]"));
    assert!(edges[0].allowed.is_empty() && edges[0].depends.ranges().len() == 30, "{edges:#?}");
    assert!(edges[0].condition.as_deref().unwrap().contains("24 entries"));
    assert!(
        diagnostics.iter().any(|one| one.code == "port-entries-lost" && one.location.is_some()),
        "{diagnostics:?}"
    );
    // What many entries hold is not lost with some of them.
    let mut rules: Vec<Json> = (0..30).map(|index| json!({"port": 8000, "endPort": 9000 + index})).collect();
    rules.push(json!({"port": 80}));
    let rule = json!({"from": [{"podSelector": app("a")}], "ports": rules});
    check(
        &with(&["a", "b"], vec![ingress("p", vec![rule])]),
        &["n/a => n/b : TCP 80,9023-9029?", "n/a => n/b : TCP 8000-9022", BACK],
    );
}

#[test]
fn a_pod_on_the_host_network_is_the_address_of_its_node() {
    let mut host = pod("n", "h", 9);
    host["spec"]["hostNetwork"] = json!(true);
    let spec = json!({"podSelector": {}, "ingress": [{"from": [{"podSelector": app("h")}], "ports": [{"port": 80}]}]});
    let manifests = with(&["a", "b"], vec![host.clone(), policy("p", spec)]);
    check(
        &manifests,
        &[
            "n/a => n/h : All Connections",
            "n/b => n/h : All Connections",
            "n/h => n/a : SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535?",
            "n/h => n/a : TCP 80",
            "n/h => n/b : SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535?",
            "n/h => n/b : TCP 80",
        ],
    );
    let estate = estate(&manifests);
    let (reach, _) = Reach::new(&estate, Profile::AwsVpcCni);
    let a = Endpoints::workloads([workload(&estate, "n/a[Pod]")]);
    let landmarks = Endpoints::landmarks(Landmark::ALL);
    assert_eq!(
        lines(&estate, &reach, &landmarks, &a),
        ["other-nodes => n/a : TCP 80?", "own-node => n/a : All Connections"],
        "every process of that node is let in"
    );
}

#[test]
fn rules_that_policy_types_leave_out_may_count() {
    let spec = json!({"podSelector": app("b"), "policyTypes": ["Egress"], "egress": [{}],
        "ingress": [{"ports": [{"port": 80}]}]});
    check(&with(&["a", "b"], vec![policy("p", spec)]), &["n/a => n/b : All Connections?", BACK]);
}

#[test]
fn a_cluster_has_one_address_family() {
    let rule = |cidr| ingress("p", vec![json!({"from": [{"ipBlock": {"cidr": cidr}}]})]);
    check(&with(&["a", "b"], vec![rule("::/0")]), &[BACK]);
    check(&with(&["a", "b"], vec![rule("0.0.0.0/0")]), &["n/a => n/b : All Connections", BACK]);
    let v6 = |name: &str, last: u8| {
        let mut one = pod("n", name, last);
        one["status"]["podIP"] = json!(format!("fd00::{last}"));
        one
    };
    let manifests = |cidr| vec![namespace("n", json!({})), v6("a", 1), v6("b", 2), rule(cidr)];
    check(&manifests("::/0"), &["n/a => n/b : All Connections", BACK]);
    check(&manifests("0.0.0.0/0"), &[BACK]);
}

/// What strict mode does to a pod that a policy selects in one direction, or in none.
#[test]
fn strict_mode_closes_whom_no_policy_selects() {
    let strict = r#"{"enableNetworkPolicy": "true", "env": {"NETWORK_POLICY_ENFORCING_MODE": "strict"}}"#;
    let spec = json!({"podSelector": app("b"), "policyTypes": ["Ingress"], "ingress": [{}]});
    let manifests = vec![
        namespace("n", json!({})),
        deployment("n", "a"),
        deployment("n", "b"),
        deployment("n", "c"),
        policy("p", spec.clone()),
        policy("q", json!({"podSelector": app("c"), "policyTypes": ["Ingress"], "ingress": [{}]})),
        named(),
        addon(json!(strict)),
    ];
    let estate = estate(&manifests);
    let (reach, _) = Reach::new(&estate, Choice::Detect);
    let all = crate::fixture::everyone(&estate);
    assert_eq!(
        lines(&estate, &reach, &all, &all),
        ["pay:n/b => pay:n/c : All Connections", "pay:n/c => pay:n/b : All Connections"]
    );
}

#[test]
fn tiers_of_the_upstream_api_are_not_enforced() {
    let admin = json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy", "metadata": {"name": "x"},
        "spec": {"priority": 1, "subject": {"namespaces": {}}, "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}]},
    });
    let manifests = with(&["a", "b"], vec![admin]);
    check(&manifests, &["n/a => n/b : All Connections", BACK]);
    let (_, diagnostics) = Reach::new(&estate(&manifests), Profile::AwsVpcCni);
    assert!(diagnostics.iter().any(|one| one.code == "policy-not-enforced" && one.location.is_some()));
}
