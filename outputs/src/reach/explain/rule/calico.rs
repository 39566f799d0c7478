//! Rules of Calico: source and destination, each narrowed by selectors, nets and service accounts.

use ringfence_model::Node;

use super::super::words::{list, scalar, scalars};
use super::{Phrase, Way, Written};

pub(super) fn rule(rule: Written<'_>) -> Phrase {
    let verb = match rule.node.text("action") {
        Some("Allow" | "allow") => "allows",
        Some("Pass" | "pass" | "next-tier") => "leaves to the next tier",
        Some("Log" | "log") => "logs",
        _ => "denies",
    };
    let (peer, own) = match rule.way {
        Way::In => ("source", "destination"),
        Way::Out => ("destination", "destination"),
    };
    let protocol = scalar(rule.node.field("protocol"));
    let mut words = rule.node.get(peer).map(narrowed).unwrap_or_default();
    let named = scalars(rule.node.get("source.ports"));
    if !named.is_empty() {
        words.push(format!("source ports {}", list(&named, "or")));
    }
    Phrase {
        name: scalar(rule.node.field("metadata.annotations.name")),
        verb,
        ports: ports(protocol, rule.node.get(own)),
        peers: (!words.is_empty()).then(|| words.join(", ")),
    }
}

fn ports(protocol: Option<String>, end: Option<&Node>) -> Option<String> {
    let numbers = |key: &str| scalars(end.and_then(|end| end.get(key)));
    let (ports, not) = (numbers("ports"), numbers("notPorts"));
    let protocol = match protocol {
        None if ports.is_empty() && not.is_empty() => return None,
        protocol => protocol.unwrap_or_else(|| "any protocol".to_owned()),
    };
    Some(match (ports.is_empty(), not.is_empty()) {
        (true, true) => format!("all {protocol}"),
        (true, false) => format!("{protocol} but {}", list(&not, "and")),
        (false, _) => format!("{protocol} {}", list(&ports, "and").replace(':', "-")),
    })
}

/// What narrows one end; all of it must hold.
fn narrowed(end: &Node) -> Vec<String> {
    let mut words = Vec::new();
    let text = |key: &str| scalar(end.field(key)).filter(|text| !text.is_empty());
    words.extend(text("selector").map(|one| format!("endpoints `{one}`")));
    words.extend(text("notSelector").map(|one| format!("endpoints other than `{one}`")));
    words.extend(text("namespaceSelector").map(|one| format!("of namespaces `{one}`")));
    let texts = |key: &str| Some(scalars(end.get(key))).filter(|all| !all.is_empty());
    words.extend(texts("nets").map(|nets| list(&nets, "or")));
    words.extend(texts("notNets").map(|nets| format!("not {}", list(&nets, "or"))));
    words.extend(texts("domains").map(|names| list(&names, "or")));
    words.extend(
        texts("serviceAccounts.names").map(|names| format!("service accounts {}", list(&names, "or"))),
    );
    words.extend(text("serviceAccounts.selector").map(|one| format!("service accounts `{one}`")));
    words.extend(text("services.name").map(|one| format!("service `{one}`")));
    words
}
