//! Whether a pod runs as the template of its controller says, as far as its security goes.
//!
//! A running pod has much that its template has not: the API and its admission fill in tolerations,
//! tokens, policies of pulling and paths of messages. Only what a verdict may rest on is compared; where
//! anything of that is not known, the two do not agree.

use crate::{Field, Map, Node, Value};

/// Maps larger than this are not searched for a key: looking up each is quadratic.
const LARGEST: usize = 256;

/// What a pod has where nothing is written.
#[derive(Clone, Copy)]
enum Usual {
    Nothing,
    Bool(bool),
    Text(&'static str),
}

/// Properties of a pod's spec.
const SPEC: &[(&str, Usual)] = &[
    ("automountServiceAccountToken", Usual::Nothing),
    ("hostIPC", Usual::Bool(false)),
    ("hostNetwork", Usual::Bool(false)),
    ("hostPID", Usual::Bool(false)),
    ("hostUsers", Usual::Bool(true)),
    ("securityContext", Usual::Nothing),
    ("serviceAccountName", Usual::Text("default")),
    ("shareProcessNamespace", Usual::Bool(false)),
];

/// Properties of a container.
const CONTAINER: &[&str] = &["name", "image", "securityContext"];

/// Whether `pod`, the spec of a pod, runs what `template`, that of its controller, says.
pub(super) fn agree(pod: Field<'_>, template: Field<'_>) -> bool {
    let (pod, template) = match (pod, template) {
        (Field::Present(pod), Field::Present(template)) => (pod, template),
        (pod, template) => return pod == Field::Absent && template == Field::Absent,
    };
    let usual = |(key, usual): &(&str, Usual)| same_or(pod.child(key), template.child(key), *usual);
    // On the network of its node a port of a container is one of the node, which the API writes out.
    let on_host = template.child("hostNetwork").present().and_then(Node::as_bool) == Some(true);
    let listed = |key: &str| {
        each(pod.child(key), template.child(key), |one, other| same_container(one, other, on_host))
    };
    SPEC.iter().all(usual)
        && is_empty(pod.child("ephemeralContainers"))
        && listed("containers")
        && listed("initContainers")
        && same_host_paths(pod.child("volumes"), template.child("volumes"))
}

fn same_container(one: &Node, other: &Node, on_host: bool) -> bool {
    CONTAINER.iter().all(|key| same(one.child(key), other.child(key)))
        && (on_host || same_parts(one.child("ports"), other.child("ports"), "hostPort", ""))
}

/// Volumes of the node, in their order: others (tokens, above all) are added to every pod.
fn same_host_paths(one: Field<'_>, other: Field<'_>) -> bool {
    same_parts(one, other, "hostPath", "path")
}

/// Whether two lists are known and say the same at `path` below `part` of those elements that have it.
fn same_parts(one: Field<'_>, other: Field<'_>, part: &str, path: &str) -> bool {
    let (Some(one), Some(other)) = (parts(one, part), parts(other, part)) else { return false };
    let mut pairs = one.iter().zip(&other);
    one.len() == other.len() && pairs.all(|(one, other)| same(one.field(path), other.field(path)))
}

/// What the elements of `list` have under `key`; `None` where that is not known.
fn parts<'a>(list: Field<'a>, key: &str) -> Option<Vec<&'a Node>> {
    let items = match list {
        Field::Absent => &[],
        Field::Unresolved(..) => return None,
        Field::Present(list) => list.items(),
    };
    let found = items.iter().map(|item| item.child(key)).filter(|found| !matches!(found, Field::Absent));
    found.map(Field::present).collect()
}

/// Whether two lists have equally many elements, and each agrees with the one in its place: the API keeps
/// the order of a template, and whatever is added makes a pod longer.
fn each(one: Field<'_>, other: Field<'_>, agree: impl Fn(&Node, &Node) -> bool) -> bool {
    if is_empty(one) && is_empty(other) {
        return true;
    }
    let (Field::Present(one), Field::Present(other)) = (one, other) else { return false };
    let (one, other) = (one.items(), other.items());
    !one.is_empty() && one.len() == other.len() && one.iter().zip(other).all(|(one, other)| agree(one, other))
}

fn same_or(one: Field<'_>, other: Field<'_>, usual: Usual) -> bool {
    let is_usual = |field: Field<'_>| match (usual, field) {
        (Usual::Bool(value), Field::Present(node)) => node.as_bool() == Some(value),
        (Usual::Text(text), Field::Present(node)) => node.as_str() == Some(text),
        _ => is_empty(field),
    };
    (is_usual(one) || is_empty(one)) && (is_usual(other) || is_empty(other)) || same(one, other)
}

/// Whether two values are known and the same, wherever they are from.
fn same(one: Field<'_>, other: Field<'_>) -> bool {
    match (one, other) {
        (Field::Present(one), Field::Present(other)) => match (&one.value, &other.value) {
            (Value::Map(one), Value::Map(other)) => same_map(one, other) && same_map(other, one),
            (Value::List(one), Value::List(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(one, other)| same(one.as_field(), other.as_field()))
            }
            (one, other) => one == other,
        },
        _ => is_empty(one) && is_empty(other),
    }
}

/// Whether whatever `one` says is said by `other`.
fn same_map(one: &Map, other: &Map) -> bool {
    let small = one.entries().len().max(other.entries().len()) <= LARGEST;
    small
        && one.entries().iter().all(|entry| {
            let other = other.get(&entry.key).map_or(Field::Absent, Node::as_field);
            same(entry.node.as_field(), other)
        })
}

/// Whether nothing is said: the API writes `{}` where a template has nothing.
fn is_empty(field: Field<'_>) -> bool {
    match field {
        Field::Absent => true,
        Field::Unresolved(..) => false,
        Field::Present(node) => match &node.value {
            Value::List(items) => items.is_empty(),
            Value::Map(map) => map.entries().is_empty(),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests;
