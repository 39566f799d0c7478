//! Rules of Cilium: endpoints, entities, blocks, names, and ports that all of them share.

use ringfence_model::selector::Selector;
use ringfence_model::{Field, Node};

use super::super::words::{ANY, block, list, port, scalar, scalars, selected};
use super::{Phrase, Way, Written};

pub(super) fn rule(rule: Written<'_>) -> Phrase {
    let prefix = if rule.way == Way::In { "from" } else { "to" };
    let entries = rule.node.entries().iter().filter(|entry| &*entry.key != "toPorts");
    let peers: Vec<String> = entries
        .filter_map(|entry| Some((entry.key.strip_prefix(prefix)?, &entry.node)))
        .flat_map(|(kind, node)| peers(kind, node))
        .collect();
    Phrase {
        name: None,
        verb: if rule.denies { "denies" } else { "allows" },
        ports: ports(rule.node.field("toPorts")),
        peers: (!peers.is_empty()).then(|| list(&peers, "or")),
    }
}

fn peers(kind: &str, node: &Node) -> Vec<String> {
    match kind {
        "Endpoints" => node.items().iter().map(|one| selected("endpoint", &selector(one))).collect(),
        "Nodes" => node.items().iter().map(|one| selected("node", &selector(one))).collect(),
        "CIDRSet" => {
            let one = |set: &Node| block(scalar(set.field("cidr")), scalars(set.get("except")));
            node.items().iter().map(one).collect()
        }
        "FQDNs" => {
            let name =
                |one: &Node| scalar(one.field("matchName")).or_else(|| scalar(one.field("matchPattern")));
            node.items().iter().filter_map(name).collect()
        }
        "Entities" => scalars(Some(node)).into_iter().map(|entity| format!("entity `{entity}`")).collect(),
        "CIDR" => scalars(Some(node)),
        _ => vec![format!("`{kind}`")],
    }
}

fn selector(node: &Node) -> Selector {
    Selector::read(node.as_field()).unwrap_or_default()
}

fn ports(field: Field<'_>) -> Option<String> {
    let lists = field.node()?.items().iter().filter_map(|one| one.get("ports")).flat_map(Node::items);
    let words: Vec<String> = lists
        .map(|one| {
            let protocol = scalar(one.field("protocol")).filter(|protocol| protocol != "ANY");
            let protocol = protocol.unwrap_or_else(|| ANY.to_owned());
            port(
                &protocol,
                scalar(one.field("port")).filter(|port| port != "0"),
                scalar(one.field("endPort")),
            )
        })
        .collect();
    (!words.is_empty()).then(|| list(&words, "and"))
}
