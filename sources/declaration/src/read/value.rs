//! Values at a key, as far as they are what they should be.

use ringfence_model::declaration::Located;
use ringfence_model::fact::PortRange;
use ringfence_model::{Node, Text, Value};

use crate::form;

/// A text at `key`.
pub(super) fn text(node: &Node, key: &str) -> Option<Text> {
    node.child(key).present()?.as_str().map(Text::from)
}

/// A text at `key`, with its place.
pub(super) fn located(node: &Node, key: &str) -> Option<Located<Text>> {
    item(node.child(key).present()?)
}

/// This node as a text, with its place.
pub(super) fn item(node: &Node) -> Option<Located<Text>> {
    Some(Located::new(node.as_str()?.into(), node.location()))
}

/// A word at `key`.
pub(super) fn word<T>(node: &Node, key: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    parse(node.child(key).present()?.as_str()?)
}

/// The words at `key`, one or a list.
pub(super) fn words<T>(node: &Node, key: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
    many(node, key, |item| parse(item.as_str()?))
}

/// The ports at `key`, one or a list.
pub(super) fn ports(node: &Node, key: &str) -> Vec<Located<PortRange>> {
    many(node, key, |item| Some(Located::new(form::port(item.as_str()?)?, item.location())))
}

/// A truth value at `key`; false where there is none.
pub(super) fn flag(node: &Node, key: &str) -> bool {
    node.child(key).present().and_then(Node::as_bool).unwrap_or(false)
}

/// The list at `key`; `None` where there is none, never an empty one in its place.
pub(super) fn list<T>(node: &Node, key: &str, read: impl Fn(&Node) -> Option<T>) -> Option<Vec<T>> {
    match &node.child(key).present()?.value {
        Value::List(items) => Some(items.iter().filter_map(read).collect()),
        _ => None,
    }
}

/// The values at `key`, one or a list; none where there is nothing.
pub(super) fn many<T>(node: &Node, key: &str, read: impl Fn(&Node) -> Option<T>) -> Vec<T> {
    let Some(found) = node.child(key).present() else { return Vec::new() };
    match &found.value {
        Value::List(items) => items.iter().filter_map(read).collect(),
        _ => read(found).into_iter().collect(),
    }
}

/// The map from names to records at `key`.
pub(super) fn records<T>(node: &Node, key: &str, read: impl Fn(Located<Text>, &Node) -> Option<T>) -> Vec<T> {
    let entries = node.child(key).present().map(Node::entries).unwrap_or_default();
    let name = |entry: &ringfence_model::Entry| Located::new(Text::from(&*entry.key), entry.node.location());
    entries.iter().filter_map(|entry| read(name(entry), &entry.node)).collect()
}
