//! `ClusterNetworkPolicy` v1alpha2: tiers, peers, protocols, and what the API server refuses.

use ringfence_model::fact::Landmark;
use ringfence_reach::{Endpoints, Profile, Reach};
use serde_json::{Value as Json, json};

use crate::fixture::{UNKNOWN, app, check, check_as, estate, everyone, lines, namespace, pod, policy, with};

fn tier(tier: &str, name: &str, priority: u16, rules: Json) -> Json {
    let mut spec = json!({"tier": tier, "priority": priority,
        "subject": {"pods": {"namespaceSelector": {}, "podSelector": app("b")}}});
    rules.as_object().unwrap().iter().for_each(|(key, value)| spec[key] = value.clone());
    json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
        "metadata": {"name": name}, "spec": spec,
    })
}

fn admin(priority: u16, ingress: Json) -> Json {
    tier("Admin", &format!("admin{priority}"), priority, json!({"ingress": ingress}))
}

fn rule(action: &str, protocols: Option<Json>) -> Json {
    let mut rule = json!({"action": action, "from": [{"namespaces": {}}]});
    protocols.into_iter().for_each(|protocols| rule["protocols"] = protocols);
    rule
}

fn tcp(port: u16) -> Json {
    json!([{"tcp": {"destinationPort": {"number": port}}}])
}

const BACK: &str = "n/b => n/a : All Connections";

#[track_caller]
fn into_b(policies: Vec<Json>, expected: Option<&str>) {
    let line = expected.map(|ports| format!("n/a => n/b : {ports}"));
    let lines: Vec<&str> = line.as_deref().into_iter().chain([BACK]).collect();
    check(&with(&["a", "b"], policies), &lines);
}

/// What `b` may open towards `to`, as `name : ports`.
#[track_caller]
fn out_of_b(egress: Json, to: &Endpoints, expected: &[&str]) {
    let mut host = pod("n", "h", 9);
    host["spec"]["hostNetwork"] = json!(true);
    let estate = estate(&with(&["a", "b"], vec![host, tier("Admin", "p", 1, json!({"egress": egress}))]));
    let (reach, _) = Reach::new(&estate, Profile::Spec);
    let all = everyone(&estate).and(to.clone());
    let of_b = lines(&estate, &reach, &all, &all);
    let found: Vec<&str> = of_b.iter().filter_map(|line| line.strip_prefix("n/b => ")).collect();
    assert_eq!(found, expected);
}

#[test]
fn tiers_stand_around_network_policies() {
    let isolate = || policy("p", json!({"podSelector": app("b"), "ingress": [{"ports": [{"port": 443}]}]}));
    let baseline = |ingress| tier("Baseline", "base", 1, json!({"ingress": ingress}));
    into_b(
        vec![admin(1, json!([rule("Deny", Some(tcp(80)))]))],
        Some("SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535"),
    );
    into_b(vec![admin(1, json!([rule("Accept", Some(tcp(80))), rule("Deny", None)]))], Some("TCP 80"));
    into_b(vec![admin(9, json!([rule("Accept", None)])), admin(3, json!([rule("Deny", None)]))], None);
    into_b(vec![isolate(), admin(1, json!([rule("Accept", Some(tcp(80)))]))], Some("TCP 80,443"));
    into_b(
        vec![isolate(), admin(1, json!([rule("Pass", Some(tcp(443))), rule("Deny", None)]))],
        Some("TCP 443"),
    );
    into_b(vec![baseline(json!([rule("Deny", None)]))], None);
    into_b(vec![isolate(), baseline(json!([rule("Deny", None)]))], Some("TCP 443"));
    into_b(vec![baseline(json!([rule("Pass", Some(tcp(80))), rule("Deny", None)]))], Some("TCP 80"));
    into_b(vec![admin(1, json!([rule("Pass", None)])), baseline(json!([rule("Deny", None)]))], None);
    into_b(vec![admin(1, json!([]))], Some("All Connections"));
}

#[test]
fn protocols_of_every_kind() {
    let on = |protocols: Json, expected: Option<&str>| {
        into_b(vec![admin(1, json!([rule("Accept", Some(protocols)), rule("Deny", None)]))], expected);
    };
    on(json!([{"udp": {"destinationPort": {"range": {"start": 5, "end": 7}}}}]), Some("UDP 5-7"));
    on(
        json!([{"sctp": {"destinationPort": {"number": 9}}}, {"destinationNamedPort": "http"}]),
        Some("SCTP 9,TCP 8080"),
    );
    on(json!([{"tcp": {"sourcePort": {"number": 9}}}]), None);
    on(json!([{"tcp": {"destinationPort": {"list": [9]}}}]), None);
    on(json!([{"tcp": {"destinationPort": {"number": UNKNOWN}}}]), Some("TCP 1-65535?"));
    on(json!([{"tcp": UNKNOWN}]), Some("TCP 1-65535?"));
}

#[test]
fn what_is_of_unknown_kind_fails_closed() {
    let unknown = |action: &str| json!({"action": action, "from": [{"planets": {}}]});
    into_b(vec![admin(1, json!([unknown("Deny")]))], None);
    into_b(vec![admin(1, json!([unknown("Pass")]))], None);
    into_b(vec![admin(1, json!([unknown("Accept"), rule("Deny", None)]))], None);
    into_b(vec![admin(1, json!([unknown("Accept")]))], Some("All Connections"));
    into_b(vec![admin(1, json!([rule("Deny", Some(json!([{"wave": {}}])))]))], None);
    // Only egress rules know networks.
    into_b(vec![admin(1, json!([{"action": "Deny", "from": [{"networks": ["192.0.2.0/24"]}]}]))], None);
}

#[test]
fn what_is_not_known_may_open_and_may_close() {
    let unknown = |pointer: &str| {
        let mut one = admin(1, json!([rule("Accept", Some(tcp(80))), rule("Deny", None)]));
        *one.pointer_mut(pointer).unwrap() = json!(UNKNOWN);
        into_b(vec![one, policy("p", json!({"podSelector": app("b")}))], Some("TCP 80?"));
    };
    for pointer in [
        "/spec/tier",
        "/spec/priority",
        "/spec/ingress/0/action",
        "/spec/ingress/0/from",
        "/spec/ingress/0/from/0/namespaces",
    ] {
        unknown(pointer);
    }
    // It may be of a kind that is not known, and then the rule denies everything.
    for pointer in ["/spec/ingress/0/from", "/spec/ingress/0/from/0", "/spec/ingress/0/protocols/0"] {
        let mut one = admin(1, json!([rule("Pass", Some(tcp(80)))]));
        *one.pointer_mut(pointer).unwrap() = json!(UNKNOWN);
        into_b(vec![one], Some("All Connections?"));
    }
    let mut whole = admin(1, json!([rule("Deny", None)]));
    whole["spec"]["ingress"][0] = json!(UNKNOWN);
    into_b(vec![whole], Some("All Connections?"));
}

#[test]
fn the_order_of_equal_priorities_and_of_two_versions_is_not_defined() {
    let named = |name: &str, action: &str| tier("Admin", name, 5, json!({"ingress": [rule(action, None)]}));
    let old = json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy", "metadata": {"name": "old"},
        "spec": {"priority": 1, "subject": {"namespaces": {}}, "ingress": [{"action": "Allow", "from": [{"namespaces": {}}]}]},
    });
    for (policies, code) in [
        (vec![named("p", "Deny"), named("q", "Accept")], "priority-not-unique"),
        (vec![named("p", "Deny"), old], "api-versions-mixed"),
    ] {
        let (_, found) = Reach::new(&estate(&with(&["a", "b"], policies.clone())), Profile::Spec);
        assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), [code; 2]);
    }
    into_b(vec![named("p", "Deny"), named("q", "Accept")], Some("All Connections?"));
    let baseline = tier("Baseline", "r", 5, json!({"ingress": [rule("Deny", None)]}));
    into_b(vec![named("q", "Accept"), baseline], Some("All Connections"));
}

#[test]
fn networks_match_pods_too_and_nodes_match_nodes() {
    let landmarks = || Endpoints::landmarks(Landmark::ALL);
    let others = "SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535";
    let deny = |peer: Json| json!([{"action": "Deny", "to": [peer], "protocols": tcp(80)}]);
    out_of_b(
        deny(json!({"networks": ["10.0.0.0/8"]})),
        &Endpoints::cidr("192.0.2.1").unwrap(),
        &["192.0.2.1-192.0.2.1 : All Connections", &format!("n/a : {others}"), &format!("n/h : {others}")],
    );
    out_of_b(
        deny(json!({"nodes": {}})),
        &landmarks(),
        &[
            &format!("control-plane : {others}"),
            "control-plane : TCP 80?",
            "n/a : All Connections",
            &format!("n/h : {others}"),
            &format!("other-nodes : {others}"),
            "own-node : All Connections",
        ],
    );
    out_of_b(
        deny(json!({"nodes": {"matchLabels": {"zone": "a"}}})),
        &landmarks(),
        &[
            &format!("control-plane : {others}"),
            "control-plane : TCP 80?",
            "n/a : All Connections",
            &format!("n/h : {others}"),
            "n/h : TCP 80?",
            &format!("other-nodes : {others}"),
            "other-nodes : TCP 80?",
            "own-node : All Connections",
        ],
    );
}

#[test]
fn names_are_destinations_of_their_own() {
    let names = |action: &str, names: Json| {
        json!([
            {"action": action, "to": [{"domainNames": names}], "protocols": tcp(443)},
            {"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]},
        ])
    };
    let name = || Endpoints::name("*.example.com");
    let to = || name().and(Endpoints::cidr("192.0.2.1").unwrap());
    out_of_b(
        names("Accept", json!(["*.example.com"])),
        &to(),
        &["192.0.2.1-192.0.2.1 : TCP 443?", "name 0 : TCP 443"],
    );
    let refused = |action: &str, one: &str| {
        let cluster =
            with(&["a", "b"], vec![tier("Admin", "p", 1, json!({"egress": names(action, json!([one]))}))]);
        Reach::new(&estate(&cluster), Profile::Spec).1.iter().map(|one| one.code).collect::<Vec<_>>()
    };
    assert_eq!(refused("Accept", "*.example.com."), Vec::<&str>::new());
    assert_eq!(refused("Accept", "a*.example.com"), ["domain-name-invalid"]);
    assert_eq!(refused("Accept", "localhost"), ["domain-name-invalid"]);
    assert_eq!(refused("Deny", "example.com"), ["domain-names-invalid"]);
}

#[test]
fn what_the_api_server_refuses_may_not_be_in_force() {
    let refused = |pointer: &str, value: Json, code: &str| {
        let mut one = tier(
            "Admin",
            "p",
            1,
            json!({"egress": [
            {"action": "Deny", "to": [{"namespaces": {}}], "protocols": [{"destinationNamedPort": "http"}]}]}),
        );
        *one.pointer_mut(pointer).unwrap() = value;
        let (_, found) = Reach::new(&estate(&with(&["a", "b"], vec![one])), Profile::Spec);
        assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), [code]);
        assert!(found.iter().all(|one| one.location.is_some() && one.help.is_some()));
    };
    refused("/spec/tier", json!("admin"), "tier-invalid");
    refused("/spec/priority", json!(1001), "priority-invalid");
    refused("/spec/subject", json!({}), "subject-missing");
    refused("/spec/egress/0/action", json!("Allow"), "action-invalid");
    refused("/spec/egress/0/to", json!([]), "peers-missing");
    refused("/spec/egress/0/to/0", json!({"networks": ["10.0.0.0/8"]}), "named-port-invalid");
    refused("/spec/egress/0/protocols/0", json!({"tcp": {"destinationPort": {"number": 0}}}), "port-invalid");
}

#[test]
fn pods_on_the_host_network_are_left_out_and_other_profiles_pass_them_over() {
    let mut host = pod("n", "h", 9);
    host["spec"]["hostNetwork"] = json!(true);
    let manifests =
        vec![namespace("n", json!({})), host, pod("n", "b", 1), admin(1, json!([rule("Deny", None)]))];
    check(&manifests, &["n/b => n/h : All Connections", "n/h => n/b : All Connections?"]);
    check_as(
        Profile::NpguardCompat,
        &with(&["a", "b"], vec![admin(1, json!([rule("Deny", None)]))]),
        &["n/a => n/b : All Connections", BACK],
    );
}
