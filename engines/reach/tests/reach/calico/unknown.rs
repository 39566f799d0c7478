//! What cannot be known or read.

use serde_json::json;

use super::{check, diagnostics, global, ingress, labelled, object, own, tier, towards_b};
use crate::fixture::{UNKNOWN, pod};

#[test]
fn what_is_not_known_decides_neither_way() {
    let both = &["a All Connections?", "c All Connections?"];
    towards_b(vec![global("p", json!({"selector": UNKNOWN, "types": ["Ingress"]}))], both);
    towards_b(vec![global("p", json!({"selector": "app = 'b'", "types": ["Ingress"]}))], both);
    towards_b(vec![global("p", json!({"selector": "app == 'b'", "types": UNKNOWN}))], both);
    towards_b(
        vec![global("p", json!({"tier": "gone", "selector": "app == 'b'", "types": ["Ingress"]}))],
        both,
    );
    towards_b(vec![global("p", ingress(json!([{"action": UNKNOWN}])))], both);
    towards_b(
        vec![global("p", ingress(json!([{"action": "Allow", "source": {"selector": UNKNOWN}}])))],
        both,
    );
    towards_b(vec![global("p", ingress(json!([{"action": "Allow", "source": {"nets": [UNKNOWN]}}])))], both);
    let rule = json!([{"action": "Deny", "source": {"nets": ["10.0.0.300"]}}, {"action": "Allow"}]);
    towards_b(vec![global("p", ingress(rule))], both);
    let both_tiers = vec![tier("t", json!(1), "Pass"), tier("t", json!(2), "Deny")];
    let in_tier = global("t.p", json!({"tier": "t", "selector": "app == 'b'", "types": ["Ingress"]}));
    towards_b([both_tiers, vec![in_tier.clone()]].concat(), both);
    let end = object("Tier", "t", json!({"order": 1, "defaultAction": UNKNOWN}));
    towards_b(vec![end, in_tier], both);
    let rule = json!([{"action": "Allow", "protocol": "TCP", "destination": {"ports": [UNKNOWN]}}]);
    towards_b(vec![global("p", ingress(rule))], &["a TCP 1-65535?", "c TCP 1-65535?"]);
}

#[test]
fn a_namespace_that_is_not_in_the_input_has_unknown_labels() {
    let spec = json!({"namespaceSelector": "team == 'x'", "types": ["Ingress"]});
    check(
        &[pod("n", "a", 1), pod("n", "b", 2), global("p", spec)],
        &["n/a => n/b : All Connections?", "n/b => n/a : All Connections?"],
    );
    let mixed = json!({"selector": "pcns.team == 'x' || app == 'b'", "types": ["Ingress"]});
    check(&[pod("n", "a", 1), pod("n", "b", 2), global("p", mixed)], &["n/b => n/a : All Connections?"]);
}

#[test]
fn bad_input_is_named_with_its_place() {
    for (more, expected) in [
        (
            vec![tier("x", json!(1), "Deny"), tier("y", json!(1), "Deny")],
            "tier-order-not-unique tiers `x` and `y` have one order: the name decides",
        ),
        (vec![tier("x", json!("first"), "Deny")], "tier-invalid `order` of tier `x` cannot be read"),
        (
            vec![global("p", json!({"tier": "gone"}))],
            "tier-unknown tier `gone` of `p[GlobalNetworkPolicy]` is not in the input",
        ),
        (
            vec![global("p", json!({"selector": "app = 'b'"}))],
            "selector-invalid `selector` is not a selector: expected an operator such as `==` or `in` at character 5 (in `p[GlobalNetworkPolicy]`)",
        ),
        (
            vec![global("p", ingress(json!([{"action": "allow"}])))],
            "action-invalid `action` knows `Allow`, `Deny`, `Log` and `Pass` only (in `p[GlobalNetworkPolicy]`)",
        ),
        (
            vec![global("p", ingress(json!([{"action": "Allow", "sources": {}}])))],
            "field-unknown `sources` is not a field that belongs here (in `p[GlobalNetworkPolicy]`)",
        ),
        (
            vec![own("p", json!({"preDNAT": true}))],
            "field-unknown `preDNAT` is not a field that belongs here (in `n/p[NetworkPolicy]`)",
        ),
        (
            vec![global("p", ingress(json!([{"action": "Allow", "destination": {"ports": [80]}}])))],
            "protocol-missing ports need a `protocol` of `TCP`, `UDP` or `SCTP` (in `p[GlobalNetworkPolicy]`)",
        ),
        (
            vec![global(
                "p",
                ingress(json!([{"action": "Allow", "protocol": "TCP", "destination": {"ports": ["9:8"]}}])),
            )],
            "port-invalid a port is a number from 1 to 65535, a range such as `8000:8010`, or a name (in `p[GlobalNetworkPolicy]`)",
        ),
        (
            vec![global("p", ingress(json!([{"action": "Allow", "protocol": "GRE"}])))],
            "protocol-invalid `protocol` knows `TCP`, `UDP`, `SCTP`, `ICMP`, `ICMPv6`, `UDPLite` and numbers from 1 to 255 (in `p[GlobalNetworkPolicy]`)",
        ),
        (
            vec![labelled("GlobalNetworkSet", "s", json!({}), json!({"nets": ["x"]}))],
            "cidr-invalid `x` is not an address block (in `s[GlobalNetworkSet]`)",
        ),
        (
            vec![global("p", ingress(json!([{"action": "Allow", "source": {"services": {"name": "s"}}}])))],
            "service-invalid `services` needs a `name`, and in a global policy a `namespace` (in `p[GlobalNetworkPolicy]`)",
        ),
    ] {
        assert_eq!(diagnostics(more.clone()), [expected], "{more:#?}");
    }
    let mut elsewhere = own("p", json!({}));
    elsewhere["metadata"]["namespace"] = json!("gone");
    assert_eq!(
        diagnostics(vec![elsewhere]),
        ["namespace-unknown namespace `gone` of `gone/p[NetworkPolicy]` is not in the input"]
    );
}
