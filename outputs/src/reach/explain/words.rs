//! Selectors, ports and lists in words.

use ringfence_model::fact::Ports;
use ringfence_model::selector::{Operator, Requirement, Selector};
use ringfence_model::{Field, Node, Value};

/// Peers or ports of one rule that are said at most.
const SAID: usize = 4;

/// `a`, `a and b`, `a, b and c`; of many the first ones, and how many more there are.
pub(super) fn list(items: &[String], conjunction: &str) -> String {
    let shown = if items.len() > SAID + 1 { SAID } else { items.len() };
    let mut parts: Vec<String> = items.iter().take(shown).cloned().collect();
    if items.len() > shown {
        parts.push(format!("{} more", items.len() - shown));
    }
    match parts.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {conjunction} {last}", first.join(", ")),
    }
}

/// `every port`, `TCP 8443`, `TCP 80, 443 and UDP 53`.
pub(super) fn ports(ports: &Ports) -> String {
    if *ports == Ports::all() {
        return "every port".to_owned();
    }
    let closed = Ports::all().minus(ports);
    if closed.ranges().len() == 1 && closed.ranges().iter().all(|range| range.end - range.start < 1024) {
        return format!("every port but {closed}");
    }
    ports.to_string()
}

/// ``every pod``, ``pods `app=a` ``: what a selector picks of `noun`.
pub(super) fn selected(noun: &str, selector: &Selector) -> String {
    if !selector.unreadable.is_empty() {
        return format!("{noun}s of a selector that cannot be read");
    }
    if selector.requirements.is_empty() {
        return format!("every {noun}");
    }
    format!("{noun}s {}", requirements(&selector.requirements))
}

/// `` `a=1,b in (2,3),!c` ``, as kubectl writes selectors.
fn requirements(requirements: &[Requirement]) -> String {
    let texts: Vec<String> = requirements.iter().map(requirement).collect();
    format!("`{}`", texts.join(","))
}

fn requirement(one: &Requirement) -> String {
    let joined = |values: &[ringfence_model::Text]| {
        values.iter().map(ringfence_model::Text::as_str).collect::<Vec<_>>().join(",")
    };
    match &one.operator {
        Operator::In(values) if values.len() == 1 => format!("{}={}", one.key, joined(values)),
        Operator::In(values) => format!("{} in ({})", one.key, joined(values)),
        Operator::NotIn(values) if values.len() == 1 => format!("{}!={}", one.key, joined(values)),
        Operator::NotIn(values) => format!("{} notin ({})", one.key, joined(values)),
        Operator::Exists => one.key.to_string(),
        Operator::DoesNotExist => format!("!{}", one.key),
    }
}

/// Which namespaces a selector picks: by name where it names one.
pub(super) fn namespaces(selector: &Selector) -> String {
    if let ([Requirement { key, operator: Operator::In(values) }], []) =
        (selector.requirements.as_slice(), selector.unreadable.as_slice())
        && key == "kubernetes.io/metadata.name"
    {
        let names: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        let noun = if names.len() == 1 { "namespace" } else { "namespaces" };
        return format!("{noun} {}", list(&names, "or"));
    }
    match selected("namespace", selector).strip_prefix("every ") {
        Some(_) => "any namespace".to_owned(),
        None => selected("namespace", selector),
    }
}

/// Pods of namespaces.
pub(super) fn pods(namespaces: &str, pods: &Selector) -> String {
    format!("{} of {namespaces}", selected("pod", pods))
}

/// The text or number that a node holds; what cannot be known is said to be so.
pub(super) fn scalar(field: Field<'_>) -> Option<String> {
    match field {
        Field::Absent => None,
        Field::Unresolved(..) => Some("(not known)".to_owned()),
        Field::Present(node) => match &node.value {
            Value::Text(text) => Some(text.to_string()),
            Value::Int(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => Some("(not readable)".to_owned()),
        },
    }
}

/// The texts of a list.
pub(super) fn scalars(list: Option<&Node>) -> Vec<String> {
    list.map(Node::items).unwrap_or_default().iter().filter_map(|item| scalar(item.as_field())).collect()
}

/// `10.0.0.0/8`, `10.0.0.0/8 except 10.1.0.0/16`.
pub(super) fn block(cidr: Option<String>, except: Vec<String>) -> String {
    let cidr = cidr.unwrap_or_else(|| "no address".to_owned());
    if except.is_empty() { cidr } else { format!("{cidr} except {}", list(&except, "and")) }
}

/// Where no protocol is named.
pub(super) const ANY: &str = "any protocol";

/// One port in words: `TCP 80`, `TCP 80-90`, ``TCP port `web` ``, `all TCP`.
pub(super) fn port(protocol: &str, port: Option<String>, end: Option<String>) -> String {
    match (port, end) {
        (None, _) if protocol == ANY => "every port".to_owned(),
        (None, _) => format!("all {protocol}"),
        (Some(port), Some(end)) => format!("{protocol} {port}-{end}"),
        (Some(port), None)
            if port.bytes().any(|byte| byte.is_ascii_alphabetic()) && !port.starts_with('(') =>
        {
            format!("{protocol} port `{port}`")
        }
        (Some(port), None) => format!("{protocol} {port}"),
    }
}
