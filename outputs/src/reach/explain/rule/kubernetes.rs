//! NetworkPolicy, and the policies of tiers: AdminNetworkPolicy, BaselineAdminNetworkPolicy,
//! ClusterNetworkPolicy, and those of AWS.

use ringfence_model::selector::Selector;
use ringfence_model::{Field, Node};

use super::super::words::{block, list, namespaces, pods, port, scalar, scalars, selected};
use super::{Phrase, Way, Written};

pub(super) fn network_policy(rule: Written<'_>) -> Phrase {
    let key = if rule.way == Way::In { "from" } else { "to" };
    let own = format!("namespace `{}`", rule.policy.namespace());
    let peer = |peer: &Node| {
        if let Field::Present(one) = peer.field("ipBlock") {
            return block(scalar(one.field("cidr")), scalars(one.get("except")));
        }
        let of = Selector::read(peer.field("podSelector"));
        match (Selector::read(peer.field("namespaceSelector")), of) {
            (None, None) => "no one".to_owned(),
            (None, Some(of)) => pods(&own, &of),
            (Some(within), of) => pods(&namespaces(&within), &of.unwrap_or_default()),
        }
    };
    Phrase {
        name: None,
        verb: "allows",
        ports: several(rule.node, "ports", network_port),
        peers: several(rule.node, key, peer),
    }
}

/// The elements of a list in words; `None` where it is absent or empty, which means all.
fn several(rule: &Node, key: &str, word: impl Fn(&Node) -> String) -> Option<String> {
    match rule.field(key) {
        Field::Absent => None,
        Field::Unresolved(..) => Some(format!("`{key}` that are not known")),
        Field::Present(node) => {
            let words: Vec<String> = node.items().iter().map(word).collect();
            (!words.is_empty())
                .then(|| list(&words, if matches!(key, "ports" | "protocols") { "and" } else { "or" }))
        }
    }
}

fn network_port(one: &Node) -> String {
    let protocol = scalar(one.field("protocol")).unwrap_or_else(|| "TCP".to_owned());
    port(&protocol, scalar(one.field("port")), scalar(one.field("endPort")))
}

/// A rule of a policy of a tier.
pub(super) fn tiered(rule: Written<'_>) -> Phrase {
    let key = if rule.way == Way::In { "from" } else { "to" };
    let verb = match rule.node.text("action") {
        Some("Allow" | "Accept") => "allows",
        Some("Pass") => "leaves to the next tier",
        Some(_) => "denies",
        None => "allows",
    };
    let ports =
        several(rule.node, "ports", tiered_port).or_else(|| several(rule.node, "protocols", protocol));
    Phrase { name: scalar(rule.node.field("name")), verb, ports, peers: several(rule.node, key, tiered_peer) }
}

fn tiered_peer(peer: &Node) -> String {
    let read = |field| Selector::read(field).unwrap_or_default();
    let [entry] = peer.entries() else { return "no one".to_owned() };
    match &*entry.key {
        "namespaces" => format!("pods of {}", namespaces(&read(entry.node.as_field()))),
        "pods" => {
            let within = namespaces(&read(entry.node.field("namespaceSelector")));
            pods(&within, &read(entry.node.field("podSelector")))
        }
        "networks" => list(&scalars(Some(&entry.node)), "or"),
        "domainNames" => list(&scalars(Some(&entry.node)), "or"),
        "nodes" => selected("node", &read(entry.node.as_field())),
        other => format!("`{other}`"),
    }
}

fn tiered_port(one: &Node) -> String {
    let [entry] = one.entries() else { return network_port(one) };
    let of = |key: &str| scalar(entry.node.field(key));
    let protocol = of("protocol").unwrap_or_else(|| "TCP".to_owned());
    match &*entry.key {
        "portNumber" => port(&protocol, of("port"), None),
        "portRange" => port(&protocol, of("start"), of("end")),
        "namedPort" => format!("port `{}`", scalar(entry.node.as_field()).unwrap_or_default()),
        _ => network_port(one),
    }
}

/// A protocol with its ports, of v1alpha2.
fn protocol(one: &Node) -> String {
    let [entry] = one.entries() else { return "no port".to_owned() };
    if &*entry.key == "destinationNamedPort" {
        return format!("port `{}`", scalar(entry.node.as_field()).unwrap_or_default());
    }
    let of = |key: &str| scalar(entry.node.field(key));
    let start = of("destinationPort.number").or_else(|| of("destinationPort.range.start"));
    port(&entry.key.to_ascii_uppercase(), start, of("destinationPort.range.end"))
}
