//! Rules of a mesh: AuthorizationPolicy of Istio. What asks for more than who and where is told as a
//! condition.

use ringfence_model::Node;

use super::super::words::{list, scalar, scalars};
use super::{Phrase, Written};

pub(super) fn authorization(rule: Written<'_>) -> Phrase {
    let verb = match rule.policy.body.text("spec.action") {
        None | Some("ALLOW") => "allows",
        Some("AUDIT") => "logs",
        Some("CUSTOM") => "asks a provider about",
        Some(_) => "denies",
    };
    let items = |key: &str| rule.node.get(key).map(Node::items).unwrap_or_default();
    let peers: Vec<String> = items("from").iter().filter_map(|one| one.get("source")).map(source).collect();
    let operations: Vec<&Node> = items("to").iter().filter_map(|one| one.get("operation")).collect();
    let ports: Vec<String> = operations.iter().filter_map(|one| ports(one)).collect();
    let mut conditions: Vec<String> = operations.iter().flat_map(|one| asked(one)).collect();
    conditions.extend(items("when").iter().filter_map(condition));
    let peers = (!peers.is_empty()).then(|| list(&peers, "or"));
    let conditions = (!conditions.is_empty()).then(|| format!("where {}", list(&conditions, "and")));
    let who = peers.or_else(|| conditions.as_ref().map(|_| "anyone".to_owned()));
    let peers = who.map(|who| [Some(who), conditions].into_iter().flatten().collect::<Vec<_>>().join(", "));
    // An operation without ports is about all of them.
    let ports = (ports.len() == operations.len() && !ports.is_empty()).then(|| list(&ports, "and"));
    Phrase { name: None, verb, ports, peers }
}

/// Keys of a source, what their values are called, and whether they are excluded.
const SOURCES: [(&str, &str, bool); 12] = [
    ("principals", "principal", false),
    ("notPrincipals", "principal", true),
    ("requestPrincipals", "request principal", false),
    ("notRequestPrincipals", "request principal", true),
    ("namespaces", "namespace", false),
    ("notNamespaces", "namespace", true),
    ("serviceAccounts", "service account", false),
    ("notServiceAccounts", "service account", true),
    ("ipBlocks", "address", false),
    ("notIpBlocks", "address", true),
    ("remoteIpBlocks", "address of the client", false),
    ("notRemoteIpBlocks", "address of the client", true),
];

fn source(source: &Node) -> String {
    let part = |(key, noun, not): &(&str, &str, bool)| {
        let values: Vec<String> = scalars(source.get(key)).iter().map(|one| format!("`{one}`")).collect();
        let not = if *not { "no " } else { "" };
        (!values.is_empty()).then(|| format!("{not}{noun} {}", list(&values, "or")))
    };
    let parts: Vec<String> = SOURCES.iter().filter_map(part).collect();
    if parts.is_empty() { "anyone".to_owned() } else { parts.join(" and ") }
}

fn ports(operation: &Node) -> Option<String> {
    let (ports, not) = (scalars(operation.get("ports")), scalars(operation.get("notPorts")));
    match (ports.is_empty(), not.is_empty()) {
        (false, _) => Some(format!("TCP {}", list(&ports, "and"))),
        (true, false) => Some(format!("all TCP but {}", list(&not, "and"))),
        (true, true) => None,
    }
}

/// What an operation asks of a request.
fn asked(operation: &Node) -> Vec<String> {
    const KEYS: [(&str, &str, &str); 6] = [
        ("methods", "method", "is"),
        ("notMethods", "method", "is not"),
        ("paths", "path", "is"),
        ("notPaths", "path", "is not"),
        ("hosts", "host", "is"),
        ("notHosts", "host", "is not"),
    ];
    let part = |(key, noun, is): &(&str, &str, &str)| {
        let values: Vec<String> = scalars(operation.get(key)).iter().map(|one| format!("`{one}`")).collect();
        (!values.is_empty()).then(|| format!("the {noun} {is} {}", list(&values, "or")))
    };
    KEYS.iter().filter_map(part).collect()
}

fn condition(when: &Node) -> Option<String> {
    let key = scalar(when.field("key"))?;
    let values = |name: &str| -> Vec<String> {
        scalars(when.get(name)).iter().map(|one| format!("`{one}`")).collect()
    };
    let (values, not) = (values("values"), values("notValues"));
    Some(match (values.is_empty(), not.is_empty()) {
        (false, _) => format!("`{key}` is {}", list(&values, "or")),
        (true, _) => format!("`{key}` is not {}", list(&not, "or")),
    })
}
