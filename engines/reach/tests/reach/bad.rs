//! Bad input beyond what the API server refuses: pods with one address, policies of no namespace, policies
//! of ten thousand rules.

use ringfence_model::fact::{Openness, Protocol};
use ringfence_reach::{Endpoints, Profile, Reach};
use serde_json::{Value as Json, json};

use crate::fixture::{app, check, check_as, deployment, estate, namespace, pod, policy, with, workload};

/// The codes and messages of what reading says.
fn said(manifests: &[Json]) -> Vec<(&'static str, String)> {
    let (_, diagnostics) = Reach::new(&estate(manifests), Profile::Spec);
    assert!(diagnostics.iter().all(|one| one.location.is_some() && one.help.is_some()), "{diagnostics:#?}");
    diagnostics.into_iter().map(|one| (one.code, one.message)).collect()
}

/// A policy that lets `from` reach `b` on TCP 80.
fn lets_in(from: Json) -> Json {
    policy("p", json!({"podSelector": app("b"), "ingress": [{"from": [from], "ports": [{"port": 80}]}]}))
}

fn block(cidr: &str) -> Json {
    json!({"ipBlock": {"cidr": cidr}})
}

#[test]
fn what_a_block_opens_to_a_pod_with_the_address_of_another_depends() {
    let twins = |from: Json| {
        vec![namespace("n", json!({})), pod("n", "a", 7), pod("n", "c", 7), pod("n", "b", 2), lets_in(from)]
    };
    let back = ["n/b => n/a : All Connections", "n/b => n/c : All Connections"];
    let others = ["n/a => n/c : All Connections", "n/c => n/a : All Connections"];
    let expect = |cidr: &str, mark: &[&str]| {
        let mut expected: Vec<String> =
            [others[0].to_owned(), back[0].to_owned(), back[1].to_owned(), others[1].to_owned()].into();
        for name in mark {
            let (pod, doubt) = name.split_at(1);
            expected.push(format!("n/{pod} => n/b : TCP 80{doubt}"));
        }
        expected.sort();
        check(&twins(block(cidr)), &expected.iter().map(String::as_str).collect::<Vec<_>>());
    };
    expect("10.0.0.7/32", &["a?", "c?"]);
    // Whichever of them is not there may be anywhere else.
    expect("10.9.0.0/16", &["a?", "c?"]);
    expect("0.0.0.0/0", &["a", "c"]);
    expect("203.0.113.0/24", &[]);
    // Labels tell them apart whatever their addresses are.
    let by_label = twins(json!({"podSelector": app("a")}));
    let mut expected = vec!["n/a => n/b : TCP 80", back[0], back[1], others[0], others[1]];
    expected.sort_unstable();
    check(&by_label, &expected);
    let expected = "`n/a[Pod]` and `n/c[Pod]` have one address, `10.0.0.7`".to_owned();
    assert_eq!(said(&by_label), [("address-shared", expected)]);
}

#[test]
fn one_address_is_no_fault_where_it_is_right() {
    let host = |name: &str| {
        let mut host = pod("n", name, 9);
        host["spec"]["hostNetwork"] = json!(true);
        host
    };
    // The address of the node, another cluster, and two definitions of one pod.
    assert_eq!(said(&with(&[], vec![host("x"), host("y")])), []);
    assert_eq!(said(&with(&["a"], vec![host("x"), pod("n", "a", 1)])), []);
    let mut far = pod("n", "far", 1);
    far["cluster"] = json!("east");
    assert_eq!(said(&with(&["a"], vec![far])), []);
    let mut both = pod("n", "z", 8);
    both["status"] = json!({"podIPs": [{"ip": "10.0.0.8"}, {"ip": "10.0.0.8"}]});
    assert_eq!(said(&with(&["a"], vec![both])), []);
}

#[test]
fn many_pods_with_one_address_each_are_counted() {
    let pods =
        (0..30_u8).flat_map(|last| ["x", "y"].map(|name| pod("n", &format!("{name}{last}"), last + 1)));
    let said = said(&pods.chain([namespace("n", json!({}))]).collect::<Vec<_>>());
    assert_eq!(said.len(), 21);
    assert!(said[20].1.starts_with("10 addresses more are those of two pods"), "{}", said[20].1);
}

#[test]
fn a_policy_in_a_namespace_that_is_not_there_is_named() {
    let mut astray = lets_in(json!({"podSelector": {}}));
    astray["metadata"]["namespace"] = json!("nn");
    let expected =
        "`nn/p[NetworkPolicy]` selects no one: neither namespace `nn` nor a pod of it is in the input";
    assert_eq!(said(&with(&["a"], vec![astray.clone()]))[0], ("policy-nowhere", expected.to_owned()));
    let is_named = |more: Json| {
        said(&with(&["a"], vec![astray.clone(), more])).iter().any(|one| one.0 == "policy-nowhere")
    };
    assert!(!is_named(namespace("nn", json!({}))), "the namespace is there, its pods may come");
    assert!(!is_named(pod("nn", "b", 5)), "a pod of it is there");
    assert!(!is_named(deployment("nn", "b")));
    // Nothing else changes.
    check(
        &with(&["a", "b"], vec![astray]),
        &["n/a => n/b : All Connections", "n/b => n/a : All Connections"],
    );
}

/// Ten thousand rules in one policy: a block and a port each, with exceptions, ranges and pods among them.
fn thousands(count: usize) -> Vec<Json> {
    let rule = |index: usize| {
        let (high, low) = (index / 256 % 256, index % 256);
        let port = 1 + index % 60_000;
        match index % 4 {
            0 => json!({"from": [block(&format!("172.16.{high}.{low}/32"))], "ports": [{"port": port}]}),
            1 => {
                json!({"from": [block(&format!("11.{high}.{low}.0/24"))], "ports": [{"port": port, "endPort": port + 5}]})
            }
            2 => {
                json!({"from": [{"ipBlock": {"cidr": "12.0.0.0/8", "except": [format!("12.{high}.{low}.0/24")]}}], "ports": [{"port": port, "protocol": "UDP"}]})
            }
            _ => json!({"from": [{"podSelector": app(&format!("p{index}"))}], "ports": [{"port": port}]}),
        }
    };
    let rules: Vec<Json> = (0..count).map(rule).collect();
    with(&["a", "b", "p3"], vec![policy("p", json!({"podSelector": app("b"), "ingress": rules}))])
}

#[test]
fn ten_thousand_rules_of_one_policy_are_judged() {
    let estate = estate(&thousands(10_000));
    let (reach, diagnostics) = Reach::new(&estate, Profile::Spec);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    let one = |name: &str| Endpoints::workloads([workload(&estate, &format!("n/{name}[Pod]"))]);
    assert_eq!(reach.openness(&one("a"), &one("b")), Openness::Closed);
    let edges = reach.between(&one("p3"), &one("b"));
    assert!(edges.len() == 1 && edges[0].allowed.to_string() == "TCP 4", "{:?}", edges[0].allowed);
    let from = |address: &str| {
        let edges = reach.between(&Endpoints::cidr(address).unwrap(), &one("b"));
        assert!(edges.len() == 1);
        edges[0].allowed.clone()
    };
    // Rule 4: 172.16.0.4/32 on 5; rule 9: 11.0.9.0/24 on 10-15.
    assert!(from("172.16.0.4").contains(Protocol::Tcp, 5) && !from("172.16.0.4").contains(Protocol::Tcp, 6));
    assert!(from("11.0.9.1").contains(Protocol::Tcp, 12) && !from("11.0.9.1").contains(Protocol::Udp, 12));
    // Rule 6: 12.0.0.0/8 but 12.0.6.0/24 on UDP 7.
    assert!(from("12.1.0.0").contains(Protocol::Udp, 7) && !from("12.0.6.1").contains(Protocol::Udp, 7));
    // The map is no longer than what was written.
    let map = reach.map();
    assert!(map.pairs.len() <= 40_000, "{}", map.pairs.len());
}

#[test]
fn what_the_compared_tools_make_of_it_stays_theirs() {
    let twins =
        vec![namespace("n", json!({})), pod("n", "a", 7), pod("n", "b", 7), lets_in(block("10.0.0.7/32"))];
    check_as(Profile::NpguardCompat, &twins, &["n/b => n/a : All Connections"]);
}
