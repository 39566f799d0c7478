//! Whom a rule matches, and on which ports.

use ringfence_reach::{Profile, Reach};
use serde_json::{Value as Json, json};

use super::{check, from, global, ingress, labelled, own, towards_b};
use crate::fixture::{UNKNOWN, deployment, estate, namespace, pod, with};

#[test]
fn entities_reach_their_namespace_alone() {
    let manifests = |entity: Json| {
        let spec = json!({"selector": "app == 'b'", "ingress": [{"action": "Allow", "source": entity}]});
        vec![
            namespace("n", json!({})),
            namespace("m", json!({"team": "x"})),
            pod("n", "a", 1),
            pod("n", "b", 2),
            pod("m", "a", 3),
            pod("m", "c", 4),
            own("p", spec),
        ]
    };
    let check = |entity: Json, expected: &[&str]| {
        let manifests = manifests(entity);
        let estate = estate(&manifests);
        let (reach, _) = Reach::new(&estate, Profile::Calico);
        let everyone = crate::fixture::everyone(&estate);
        let lines = crate::fixture::lines(&estate, &reach, &everyone, &everyone);
        let found: Vec<&str> =
            lines.iter().filter_map(|line| line.strip_suffix(" => n/b : All Connections")).collect();
        assert_eq!(found, expected, "{manifests:#?}");
    };
    check(json!({}), &["m/a", "m/c", "n/a"]);
    check(json!({"selector": "app == 'a'"}), &["n/a"]);
    check(json!({"selector": "app == 'a'", "namespaceSelector": "all()"}), &["m/a", "n/a"]);
    check(json!({"namespaceSelector": "team == 'x'"}), &["m/a", "m/c"]);
    check(json!({"namespaceSelector": "projectcalico.org/name == 'm'", "selector": "app != 'a'"}), &["m/c"]);
    check(json!({"namespaceSelector": "global()"}), &[]);
    check(json!({"notSelector": "app == 'c'"}), &["n/a"]);
    check(json!({"notSelector": "app == 'a'", "namespaceSelector": "all()"}), &["m/c"]);
    check(json!({"selector": "pcns.team == 'x'", "namespaceSelector": "all()"}), &["m/a", "m/c"]);
    check(json!({"nets": ["10.0.0.0/30"], "notNets": ["10.0.0.1"]}), &["m/a"]);
    check(json!({"notNets": ["10.0.0.1/32"]}), &["m/a", "m/c"]);
}

#[test]
fn service_accounts_select_pods() {
    let with_account = |mut pod: Json, account: &str| {
        pod["spec"]["serviceAccountName"] = json!(account);
        pod
    };
    let account = |name: &str, labels: Json| {
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": "n", "labels": labels}})
    };
    let base = |spec: Json| {
        vec![
            namespace("n", json!({})),
            with_account(pod("n", "a", 1), "shop"),
            with_account(pod("n", "b", 2), "till"),
            pod("n", "c", 3),
            account("shop", json!({"role": "web"})),
            account("till", json!({})),
            account("default", json!({})),
            own("p", spec),
        ]
    };
    let rule = |accounts: Json| {
        json!({"selector": "app == 'b'",
            "ingress": [{"action": "Allow", "source": {"serviceAccounts": accounts}}]})
    };
    let to_others = [
        "n/a => n/c : All Connections",
        "n/b => n/a : All Connections",
        "n/b => n/c : All Connections",
        "n/c => n/a : All Connections",
    ];
    let from_a = ["n/a => n/b : All Connections"].into_iter().chain(to_others).collect::<Vec<_>>();
    check(&base(rule(json!({"names": ["shop", "other"]}))), &from_a);
    check(&base(rule(json!({"selector": "role == 'web'"}))), &from_a);
    check(&base(rule(json!({"names": ["till"], "selector": "role == 'web'"}))), &to_others);
    check(&base(json!({"serviceAccountSelector": "projectcalico.org/name == 'till'"})), &to_others);
}

#[test]
fn network_sets_are_addresses_with_labels() {
    let set = labelled("GlobalNetworkSet", "s", json!({"role": "db"}), json!({"nets": ["10.0.0.1/32"]}));
    let rule = |selector: &str| global("p", ingress(json!([from(selector, "Allow")])));
    towards_b(vec![set.clone(), rule("role == 'db'")], &["a All Connections"]);
    towards_b(vec![set.clone(), rule("role == 'web'")], &[]);
    // In a namespace, a global set is reached by `global()` alone.
    let own_rule = |entity: Json| own("p", ingress(json!([{"action": "Allow", "source": entity}])));
    towards_b(vec![set.clone(), own_rule(json!({"selector": "role == 'db'"}))], &[]);
    let globally = json!({"selector": "role == 'db'", "namespaceSelector": "global()"});
    towards_b(vec![set.clone(), own_rule(globally)], &["a All Connections"]);
    let mut within = labelled("NetworkSet", "s", json!({"role": "db"}), json!({"nets": ["10.0.0.3"]}));
    within["metadata"]["namespace"] = json!("n");
    towards_b(vec![within, own_rule(json!({"selector": "role == 'db'"}))], &["c All Connections"]);
    let rules = json!([{"action": "Allow", "source": {"notSelector": "role == 'db'"}}]);
    towards_b(vec![set, global("p", ingress(rules))], &["c All Connections"]);
    let unknown =
        labelled("GlobalNetworkSet", "s", json!({"role": UNKNOWN}), json!({"nets": ["10.0.0.1/32"]}));
    towards_b(vec![unknown, rule("role == 'db'")], &["a All Connections?"]);
}

#[test]
fn ports_and_protocols() {
    let rule = |rule: Json| {
        let mut rule = rule;
        rule["action"] = json!("Allow");
        rule["source"] = json!({"selector": "app == 'a'"});
        vec![global("p", ingress(json!([rule])))]
    };
    for (written, expected) in [
        (
            json!({"protocol": "TCP", "destination": {"ports": [80, "8000:8010", "http"]}}),
            "TCP 80,8000-8010,8080",
        ),
        (json!({"protocol": "tcp", "destination": {"ports": ["90"]}}), "TCP 90"),
        (json!({"protocol": 17}), "UDP 1-65535"),
        (json!({"notProtocol": "TCP"}), "SCTP 1-65535,UDP 1-65535"),
        (json!({"protocol": "TCP", "destination": {"notPorts": ["2:65535"]}}), "TCP 1"),
        (
            json!({"protocol": "TCP", "destination": {"ports": ["8079:8081"], "notPorts": ["http"]}}),
            "TCP 8079,8081",
        ),
    ] {
        towards_b(rule(written), &[&format!("a {expected}")]);
    }
    towards_b(rule(json!({"protocol": "ICMP"})), &[]);
    towards_b(rule(json!({"protocol": "TCP", "source": {"ports": [80]}})), &["a TCP 1-65535"]);
    towards_b(rule(json!({"http": {"methods": ["GET"]}})), &["a All Connections?"]);
    towards_b(rule(json!({"ipVersion": 4})), &["a All Connections"]);
    towards_b(rule(json!({"ipVersion": 6})), &[]);
}

#[test]
fn a_source_port_is_a_condition() {
    let rule =
        json!({"action": "Allow", "protocol": "TCP", "source": {"selector": "app == 'a'", "ports": [80]}});
    towards_b(vec![global("p", ingress(json!([rule])))], &["a TCP 1-65535?"]);
}

#[test]
fn a_rule_may_be_for_some_endpoints_of_the_policy() {
    let rules = json!([
        {"action": "Deny", "source": {"selector": "app == 'a'"}, "destination": {"selector": "app == 'c'"}},
        {"action": "Allow", "source": {"selector": "app == 'a'"}},
    ]);
    let spec = json!({"selector": "all()", "types": ["Ingress"], "ingress": rules});
    check(&with(&["a", "b", "c"], vec![global("p", spec)]), &["n/a => n/b : All Connections"]);
    let by_address = json!([{"action": "Allow", "destination": {"nets": ["10.0.0.2/32"]}}]);
    towards_b(vec![global("p", ingress(by_address))], &["a All Connections?", "c All Connections?"]);
}

#[test]
fn egress_to_a_service() {
    let service = |name: &str, spec: Json| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "n"}, "spec": spec});
    let spec = |name: &str| {
        json!({"selector": "app == 'a'", "egress": [{"action": "Allow",
            "destination": {"services": {"name": name, "namespace": "n"}}}]})
    };
    let others = [
        "n/b => n/a : All Connections",
        "n/b => n/c : All Connections",
        "n/c => n/a : All Connections",
        "n/c => n/b : All Connections",
    ];
    let check = |more: Vec<Json>, to: &[&str]| {
        let expected: Vec<&str> = to.iter().copied().chain(others).collect();
        check(&with(&["a", "b", "c"], more), &expected);
    };
    let web =
        service("web", json!({"selector": {"app": "b"}, "ports": [{"port": 80, "targetPort": "http"}]}));
    check(vec![web, global("p", spec("web"))], &["n/a => n/b : TCP 8080"]);
    check(
        vec![global("p", spec("gone"))],
        &["n/a => n/b : All Connections?", "n/a => n/c : All Connections?"],
    );
    let bare = service("bare", json!({"ports": [{"port": 80}]}));
    let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": "s", "namespace": "n", "labels": {"kubernetes.io/service-name": "bare"}},
        "endpoints": [{"addresses": ["10.0.0.3"]}], "ports": [{"port": 81}]});
    check(vec![bare, slice, global("p", spec("bare"))], &["n/a => n/c : TCP 81"]);
}

#[test]
fn names_are_destinations() {
    let spec = json!({"selector": "app == 'a'", "egress": [{"action": "Allow",
        "destination": {"domains": ["api.example.com"]}}]});
    let manifests = with(&["a", "b"], vec![global("p", spec)]);
    let estate = estate(&manifests);
    let (reach, _) = Reach::new(&estate, Profile::Calico);
    assert_eq!(reach.names(), ["api.example.com"]);
}

#[test]
fn templates_are_pods_to_come() {
    let manifests = [
        namespace("n", json!({})),
        deployment("n", "a"),
        deployment("n", "b"),
        global(
            "p",
            json!({"selector": "all()", "types": ["Ingress"], "ingress": [from("app in {'a'}", "Allow")]}),
        ),
    ];
    check(&manifests, &["n/a => n/b : All Connections"]);
}
