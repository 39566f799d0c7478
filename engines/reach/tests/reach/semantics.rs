//! What the API definition says, case by case.

use ringfence_model::Estate;
use ringfence_reach::{Endpoints, Openness, Profile, Reach};
use serde_json::{Value as Json, json};

use crate::fixture::{
    UNKNOWN, app, check, check_as, estate, everyone, lines, name, namespace, pod, policy, with, workload,
};

const FREE: [&str; 2] = ["n/a => n/b : All Connections", "n/b => n/a : All Connections"];

#[test]
fn without_policies_everything_is_open() {
    check(&with(&["a", "b"], vec![]), &FREE);
}

#[test]
fn isolation_is_per_direction_and_types_have_defaults() {
    let one = |spec| with(&["a", "b"], vec![policy("p", spec)]);
    let into_b = ["n/b => n/a : All Connections"];
    check(&one(json!({"podSelector": app("b")})), &into_b);
    check(&one(json!({"podSelector": app("b"), "ingress": []})), &into_b);
    check(
        &one(json!({"podSelector": app("b"), "policyTypes": ["Egress"]})),
        &["n/a => n/b : All Connections"],
    );
    check(
        &one(json!({"podSelector": app("b"), "policyTypes": ["Egress"], "ingress": [{}]})),
        &["n/a => n/b : All Connections"],
    );
    check(&one(json!({"podSelector": app("b"), "egress": [{}]})), &into_b);
    check(&one(json!({"podSelector": {}})), &[]);
    check(&one(json!({})), &[]);
    check(&one(json!({"podSelector": app("b"), "ingress": [{}]})), &FREE);
    check(&one(json!({"podSelector": app("b"), "ingress": [{"from": [], "ports": []}]})), &FREE);
}

#[test]
fn elements_of_a_list_add_up_and_parts_of_one_element_narrow() {
    let namespaces = || {
        vec![
            namespace("n", json!({"team": "n"})),
            namespace("m", json!({"team": "m"})),
            pod("n", "a", 1),
            pod("n", "b", 2),
            pod("m", "a", 3),
            pod("m", "b", 4),
        ]
    };
    let into = |from: Json, expected: &[&str]| {
        let spec = json!({"podSelector": app("b"), "ingress": [{"from": from}]});
        let estate = estate(&[namespaces(), vec![policy("p", spec)]].concat());
        let (reach, _) = Reach::new(&estate, Profile::Spec);
        let to = Endpoints::workloads([workload(&estate, "n/b[Pod]")]);
        let found = lines(&estate, &reach, &everyone(&estate), &to);
        let sources: Vec<&str> = found.iter().filter_map(|line| line.split(" =>").next()).collect();
        assert_eq!(sources, expected);
    };
    into(json!([{"podSelector": app("a")}]), &["n/a"]);
    into(json!([{"namespaceSelector": {"matchLabels": {"team": "m"}}}]), &["m/a", "m/b"]);
    into(json!([{"namespaceSelector": {"matchLabels": {"team": "m"}}, "podSelector": app("a")}]), &["m/a"]);
    into(
        json!([{"namespaceSelector": {"matchLabels": {"team": "m"}}}, {"podSelector": app("a")}]),
        &["m/a", "m/b", "n/a"],
    );
    into(json!([{"namespaceSelector": {}, "podSelector": {}}]), &["m/a", "m/b", "n/a"]);
    into(
        json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "m"}}}]),
        &["m/a", "m/b"],
    );
    into(
        json!([{"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["m"]}]}}]),
        &["n/a"],
    );
    into(
        json!([{"namespaceSelector": {"matchExpressions": [{"key": "no", "operator": "NotIn", "values": ["m"]}]}}]),
        &["m/a", "m/b", "n/a"],
    );
    into(json!([{"podSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}]), &[]);
}

#[test]
fn ports_of_every_form() {
    let on = |ports: Json, expected: &str| {
        let spec = json!({"podSelector": app("b"), "ingress": [{"ports": ports}]});
        let open = format!("n/a => n/b : {expected}");
        check(&with(&["a", "b"], vec![policy("p", spec)]), &[open.as_str(), "n/b => n/a : All Connections"]);
    };
    on(json!([{"port": 80}]), "TCP 80");
    on(json!([{"port": 80, "protocol": "SCTP"}]), "SCTP 80");
    on(json!([{"protocol": "UDP"}]), "UDP 1-65535");
    on(json!([{}]), "TCP 1-65535");
    on(json!([{"port": 8000, "endPort": 8010}, {"port": 8011}]), "TCP 8000-8011");
    on(json!([{"port": "http"}, {"port": "missing"}]), "TCP 8080");
    let named = |port: Json| policy("p", json!({"podSelector": app("b"), "ingress": [{"ports": [port]}]}));
    let closed = ["n/b => n/a : All Connections"];
    check(&with(&["a", "b"], vec![named(json!({"port": "missing"}))]), &closed);
    check(&with(&["a", "b"], vec![named(json!({"port": "http", "protocol": "UDP"}))]), &closed);
}

#[test]
fn an_egress_rule_resolves_names_on_the_peer() {
    let mut other = pod("n", "c", 3);
    other["spec"]["containers"][0]["ports"][0]["containerPort"] = json!(9090);
    let mut sidecar = pod("n", "d", 4);
    sidecar["spec"] = json!({"containers": [{"name": "c"}], "initContainers": [
        {"name": "i", "restartPolicy": "Always", "ports": [{"name": "http", "containerPort": 15}]}]});
    let spec = json!({"podSelector": app("a"), "policyTypes": ["Egress"], "egress": [{"ports": [{"port": "http"}]}]});
    let estate = estate(&with(&["a", "b"], vec![other, sidecar, policy("p", spec)]));
    let (reach, _) = Reach::new(&estate, Profile::Spec);
    let from = Endpoints::workloads([workload(&estate, "n/a[Pod]")]);
    let found = lines(&estate, &reach, &from, &everyone(&estate).and(Endpoints::outside()));
    assert_eq!(found, ["n/a => n/b : TCP 8080", "n/a => n/c : TCP 9090", "n/a => n/d : TCP 15"]);
}

#[test]
fn both_sides_must_agree() {
    let out = json!({"podSelector": app("a"), "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 80}, {"port": 443}]}]});
    let into = json!({"podSelector": app("b"), "ingress": [{"ports": [{"port": 443}, {"port": 8443}]}]});
    check(
        &with(&["a", "b"], vec![policy("out", out), policy("in", into)]),
        &["n/a => n/b : TCP 443", "n/b => n/a : All Connections"],
    );
}

#[test]
fn address_blocks_match_pods_and_exceptions_can_be_allowed_elsewhere() {
    let block = |name: &str, block: Json| {
        policy(name, json!({"podSelector": app("b"), "ingress": [{"from": [{"ipBlock": block}]}]}))
    };
    let back = "n/b => n/a : All Connections";
    let open = "n/a => n/b : All Connections";
    let narrow = || block("p", json!({"cidr": "10.0.0.77/24", "except": ["10.0.0.1/32"]}));
    check(&with(&["a", "b"], vec![narrow()]), &[back]);
    check(&with(&["a", "b"], vec![narrow(), block("q", json!({"cidr": "10.0.0.0/8"}))]), &[open, back]);
    check(&with(&["a", "b"], vec![block("p", json!({"cidr": "10.0.0.1/32"}))]), &[open, back]);
    check_as(
        Profile::NpguardCompat,
        &with(&["a", "b"], vec![block("p", json!({"cidr": "0.0.0.0/0"}))]),
        &[back],
    );
}

#[test]
fn outside_addresses_are_parted_where_blocks_are() {
    let spec = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [
        {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}], "ports": [{"port": 443}]},
        {"to": [{"ipBlock": {"cidr": "2001:db8::/32"}}]}]});
    let estate = estate(&with(&["a"], vec![policy("p", spec)]));
    let (reach, _) = Reach::new(&estate, Profile::Spec);
    let found = lines(&estate, &reach, &everyone(&estate), &Endpoints::outside());
    assert_eq!(
        found,
        [
            "n/a => 0.0.0.0-9.255.255.255 : TCP 443",
            "n/a => 11.0.0.0-255.255.255.255 : TCP 443",
            "n/a => 2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff : All Connections",
        ]
    );
    let into = lines(&estate, &reach, &Endpoints::outside(), &everyone(&estate));
    assert_eq!(into.len(), 2, "no ingress rule parts the sources: {into:?}");
    let one = Endpoints::cidr("10.1.2.3").unwrap();
    assert!(lines(&estate, &reach, &everyone(&estate), &one).is_empty());
}

#[test]
fn a_peer_of_unknown_kind_matches_no_one() {
    let spec = json!({"podSelector": app("b"), "ingress": [{"from": [{"serviceSelector": {}}]}]});
    check(&with(&["a", "b"], vec![policy("p", spec)]), &["n/b => n/a : All Connections"]);
}

#[test]
fn a_service_stands_for_its_pods_and_their_ports() {
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "n"},
        "spec": {"selector": {"app": "b"}, "ports": [
            {"port": 80, "targetPort": "http"}, {"port": 53, "protocol": "UDP"}, {"port": 443, "targetPort": 8443},
            {"port": 1, "targetPort": "missing"}, {"port": 9, "targetPort": UNKNOWN, "protocol": "SCTP"}]},
    });
    let estate = estate(&with(&["a", "b"], vec![service]));
    let (id, _) = estate.iter().find(|(_, resource)| resource.name == "s").unwrap();
    let (pods, ports) = Endpoints::service(&estate, id);
    assert_eq!(pods, Endpoints::workloads([workload(&estate, "n/b[Pod]")]));
    assert_eq!(ports.to_string(), "SCTP 1-65535,TCP 8080,8443,UDP 53");
}

#[test]
fn ten_thousand_rules_in_one_policy() {
    let rule =
        |port: usize| json!({"from": [{"podSelector": app("a")}], "ports": [{"port": 1 + port % 5000}]});
    let rules: Vec<Json> = (0..10_000).map(rule).collect();
    check(
        &with(&["a", "b"], vec![policy("p", json!({"podSelector": app("b"), "ingress": rules}))]),
        &["n/a => n/b : TCP 1-5000", "n/b => n/a : All Connections"],
    );
}

fn reach_of(manifests: &[Json]) -> (Estate, Reach) {
    let estate = estate(manifests);
    let (reach, _) = Reach::new(&estate, Profile::Spec);
    (estate, reach)
}

#[test]
fn a_denied_edge_names_the_policies_that_close_it() {
    let spec = json!({"podSelector": app("b"), "ingress": [{"from": [{"podSelector": app("c")}]}]});
    let (estate, reach) = reach_of(&with(&["a", "b", "c"], vec![policy("p", spec)]));
    let end = |label| Endpoints::workloads([workload(&estate, label)]);
    let edges = reach.between(&end("n/a[Pod]"), &end("n/b[Pod]"));
    assert!(edges[0].is_denied() && edges[0].egress.policies.is_empty() && edges[0].ingress.rules.is_empty());
    let closing = &edges[0].ingress.policies[0].rule;
    assert_eq!(estate.resource(closing.policy).unwrap().label(), "n/p[NetworkPolicy]");
    assert!(closing.location.is_some());
    let edges = reach.between(&end("n/c[Pod]"), &end("n/b[Pod]"));
    assert_eq!(edges[0].ingress.rules[0].rule.element, "ingress[0]");
    assert!(edges[0].ingress.rules[0].rule.location.is_some());
}

#[test]
fn openness_tells_narrowed_from_unrestricted() {
    let narrow = json!({"podSelector": app("b"), "ingress": [{"ports": [{"port": 80}]}]});
    let wide = json!({"podSelector": app("c"), "ingress": [{"from": [{"podSelector": app("a")}]}]});
    let (estate, reach) = reach_of(&with(&["a", "b", "c"], vec![policy("p", narrow), policy("q", wide)]));
    let end = |label| Endpoints::workloads([workload(&estate, label)]);
    assert_eq!(reach.openness(&end("n/a[Pod]"), &end("n/b[Pod]")), Openness::Narrowed);
    assert_eq!(reach.openness(&end("n/a[Pod]"), &end("n/c[Pod]")), Openness::Unrestricted);
    assert_eq!(reach.openness(&end("n/b[Pod]"), &end("n/c[Pod]")), Openness::Closed);
    let sources = reach.sources(&end("n/c[Pod]"));
    let names: Vec<_> = sources.iter().map(|contact| name(&estate, contact.peer)).collect();
    assert_eq!(names, ["n/a"]);
    assert_eq!(sources[0].with, ringfence_model::fact::Peer::Workload(workload(&estate, "n/c[Pod]")));
    let targets = reach.targets(&end("n/a[Pod]"));
    let widths: Vec<_> = targets.iter().map(|contact| contact.openness).collect();
    assert_eq!(widths, [Openness::Narrowed, Openness::Unrestricted, Openness::Unrestricted], "b, c, outside");
}

#[test]
fn default_deny_takes_an_empty_selector_in_both_directions() {
    use ringfence_model::Verdict;
    let verdict = |policies: Vec<Json>| {
        let (estate, reach) = reach_of(&with(&["a"], policies));
        let answers = reach.ask("reach.default-deny", &estate).unwrap();
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0].locations.len(), 1);
        assert_eq!(answers[0].verdict == Verdict::Unknown, !answers[0].missing.is_empty());
        answers[0].verdict
    };
    assert_eq!(verdict(vec![]), Verdict::Fail);
    assert_eq!(
        verdict(vec![policy("p", json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}))]),
        Verdict::Pass
    );
    assert_eq!(verdict(vec![policy("p", json!({"podSelector": {}}))]), Verdict::Fail);
    assert_eq!(
        verdict(vec![
            policy("p", json!({"podSelector": {}})),
            policy("q", json!({"podSelector": {}, "policyTypes": ["Egress"]}))
        ]),
        Verdict::Pass
    );
    assert_eq!(
        verdict(vec![
            policy("p", json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})),
            policy("q", json!({"podSelector": {}, "egress": [{}], "policyTypes": ["Egress"]}))
        ]),
        Verdict::Fail,
        "what allows everything to all pods undoes the denial"
    );
    assert_eq!(
        verdict(vec![policy("p", json!({"podSelector": app("a"), "policyTypes": ["Ingress", "Egress"]}))]),
        Verdict::Fail
    );
    let unreadable = json!({"podSelector": {"matchExpressions": [{"key": "app", "operator": "Like", "values": ["x"]}]}, "policyTypes": ["Ingress", "Egress"]});
    assert_eq!(verdict(vec![policy("p", unreadable)]), Verdict::Unknown);
    assert_eq!(
        verdict(vec![policy("p", json!({"podSelector": {}, "policyTypes": UNKNOWN}))]),
        Verdict::Unknown
    );
    let (estate, reach) = reach_of(&with(&[], vec![]));
    assert!(reach.ask("reach.something-else", &estate).is_none());
}
