//! Rules of every API in words.

use serde_json::{Value, json};

use super::*;
use crate::reach::fixture::policy;

/// What a rule says; its namespace is `shop`.
#[track_caller]
fn check((api, kind): (&str, &str), element: &str, rule: Value, expected: &str) {
    let way = if element.starts_with("ingress") { Way::In } else { Way::Out };
    let key = element.trim_end_matches("[0]");
    let policy = policy(api, kind, &json!({ key: [rule] }));
    let phrase = at(&policy, element, way).unwrap().phrase().unwrap();
    let name = phrase.name.clone().map(|name| format!("{name}: ")).unwrap_or_default();
    assert_eq!(format!("{name}{}", phrase.say(way, None)), expected);
}

const NETWORK: (&str, &str) = ("networking.k8s.io/v1", "NetworkPolicy");
const ADMIN: (&str, &str) = ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy");
const CLUSTER: (&str, &str) = ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy");
const CALICO: (&str, &str) = ("projectcalico.org/v3", "NetworkPolicy");
const CILIUM: (&str, &str) = ("cilium.io/v2", "CiliumNetworkPolicy");

#[test]
fn network_policies() {
    let pods = |labels: Value| json!({ "podSelector": labels });
    check(NETWORK, "ingress[0]", json!({}), "allows every port from anyone");
    check(NETWORK, "egress[0]", json!({"to": []}), "allows every port to anywhere");
    check(
        NETWORK,
        "ingress[0]",
        json!({"from": [pods(json!({"matchLabels": {"app": "web", "tier": "1"}}))], "ports": [{"port": 8443}]}),
        "allows TCP 8443 from pods `app=web,tier=1` of namespace `shop`",
    );
    check(
        NETWORK,
        "ingress[0]",
        json!({"from": [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "cde"}}},
            {"namespaceSelector": {}, "podSelector": {"matchExpressions": [
                {"key": "a", "operator": "In", "values": ["y", "x"]},
                {"key": "b", "operator": "NotIn", "values": ["z"]},
                {"key": "c", "operator": "DoesNotExist"},
                {"key": "d", "operator": "Exists"},
            ]}},
        ], "ports": [{"protocol": "UDP", "port": 53}, {"port": "web"}, {"port": 80, "endPort": 90}, {"protocol": "SCTP"}]}),
        "allows UDP 53, TCP port `web`, TCP 80-90 and all SCTP from every pod of namespace `cde` or \
         pods `a in (x,y),b!=z,!c,d` of any namespace",
    );
    check(
        NETWORK,
        "egress[0]",
        json!({"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.2.0.0/16"]}}, {}]}),
        "allows every port to 10.0.0.0/8 except 10.1.0.0/16 and 10.2.0.0/16 or no one",
    );
}

#[test]
fn of_many_peers_the_first_are_told() {
    let peers: Vec<Value> =
        (0..9).map(|one| json!({"ipBlock": {"cidr": format!("10.{one}.0.0/16")}})).collect();
    check(
        NETWORK,
        "egress[0]",
        json!({ "to": peers }),
        "allows every port to 10.0.0.0/16, 10.1.0.0/16, 10.2.0.0/16, 10.3.0.0/16 or 5 more",
    );
}

#[test]
fn policies_of_tiers() {
    check(
        ADMIN,
        "ingress[0]",
        json!({"name": "no-telnet", "action": "Deny", "from": [{"namespaces": {}}],
            "ports": [{"portNumber": {"protocol": "TCP", "port": 23}}, {"portRange": {"start": 1, "end": 9}}]}),
        "no-telnet: denies TCP 23 and TCP 1-9 from pods of any namespace",
    );
    check(
        ADMIN,
        "egress[0]",
        json!({"action": "Pass", "to": [{"networks": ["10.0.0.0/8", "11.0.0.0/8"]}, {"nodes": {}}], "ports": [{"namedPort": "dns"}]}),
        "leaves to the next tier port `dns` to 10.0.0.0/8 or 11.0.0.0/8 or every node",
    );
    check(
        CLUSTER,
        "egress[0]",
        json!({"action": "Accept", "to": [{"domainNames": ["a.example"]}, {"pods": {"namespaceSelector": {}, "podSelector": {}}}],
            "protocols": [{"tcp": {"destinationPort": {"number": 443}}}, {"udp": {"destinationPort": {"range": {"start": 5, "end": 6}}}}, {"destinationNamedPort": "web"}]}),
        "allows TCP 443, UDP 5-6 and port `web` to a.example or every pod of any namespace",
    );
}

#[test]
fn rules_of_calico() {
    check(
        CALICO,
        "ingress[0]",
        json!({"action": "Allow", "protocol": "TCP", "source": {"selector": "app == 'web'", "namespaceSelector": "all()", "notNets": ["10.0.0.0/8"]},
            "destination": {"ports": [80, "90:99"]}}),
        "allows TCP 80 and 90-99 from endpoints `app == 'web'`, of namespaces `all()`, not 10.0.0.0/8",
    );
    check(CALICO, "egress[0]", json!({"action": "Deny"}), "denies every port to anywhere");
    check(
        CALICO,
        "egress[0]",
        json!({"action": "Pass", "protocol": "UDP", "destination": {"serviceAccounts": {"names": ["a", "b"]}, "notPorts": [53]}}),
        "leaves to the next tier UDP but 53 to service accounts a or b",
    );
}

#[test]
fn rules_of_cilium() {
    check(
        CILIUM,
        "ingress[0]",
        json!({"fromEndpoints": [{"matchLabels": {"app": "web"}}], "toPorts": [{"ports": [{"port": "8080", "protocol": "TCP"}, {"port": "0"}]}]}),
        "allows TCP 8080 and every port from endpoints `app=web`",
    );
    check(
        CILIUM,
        "egressDeny[0]",
        json!({"toEntities": ["world"], "toCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}], "toFQDNs": [{"matchName": "a.example"}]}),
        "denies every port to 10.0.0.0/8 except 10.1.0.0/16, entity `world` or a.example",
    );
}

#[test]
fn what_cannot_be_known_is_said_to_be_so() {
    use ringfence_model::{Cause, Node, Origin};
    let mut policy = policy(NETWORK.0, NETWORK.1, &json!({"ingress": [{"from": [{}]}]}));
    let unknown = Node::unresolved(Cause::KnownAfterApply, None, Origin::derived("fixture", None));
    if let Some(rules) = policy.body.get_mut("spec").and_then(|spec| spec.get_mut("ingress")) {
        let mut rule = rules.items()[0].clone();
        rule.set("ports", unknown);
        *rules = Node::new(vec![rule], Origin::derived("fixture", None));
    }
    let phrase = at(&policy, "ingress[0]", Way::In).unwrap().phrase().unwrap();
    assert_eq!(phrase.say(Way::In, None), "allows `ports` that are not known from no one");
}

#[test]
fn rules_of_a_mesh() {
    let check = |spec: Value, expected: &str| {
        let policy = policy("security.istio.io/v1", "AuthorizationPolicy", &spec);
        let phrase = at(&policy, "rules[0]", Way::In).unwrap().phrase().unwrap();
        assert_eq!(phrase.say(Way::In, None), expected);
    };
    check(json!({"rules": [{}]}), "allows every port from anyone");
    check(
        json!({"action": "DENY", "rules": [{
            "from": [{"source": {"principals": ["a", "b"], "notNamespaces": ["c"]}}, {"source": {"ipBlocks": ["10.0.0.0/8"]}}],
            "to": [{"operation": {"ports": ["8080", "9090"]}}],
        }]}),
        "denies TCP 8080 and 9090 from principal `a` or `b` and no namespace `c` or address `10.0.0.0/8`",
    );
    check(
        json!({"rules": [{
            "to": [{"operation": {"methods": ["GET"], "paths": ["/a", "/b"]}}],
            "when": [{"key": "request.headers[x]", "notValues": ["1"]}],
        }]}),
        "allows every port from anyone, where the method is `GET`, the path is `/a` or `/b` and `request.headers[x]` is not `1`",
    );
}

#[test]
fn rules_of_other_kinds_are_left_to_their_place() {
    let policy = policy("policy.linkerd.io/v1beta3", "Server", &json!({"rules": [{}]}));
    assert_eq!(at(&policy, "rules[0]", Way::In).unwrap().phrase(), None);
    assert!(at(&policy, "", Way::In).is_none() && at(&policy, "rules[7]", Way::In).is_none());
}
