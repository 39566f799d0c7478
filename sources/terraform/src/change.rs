//! How the value of one attribute changes on its way into a property.

use ringfence_model::{Cause, Diagnostic, Entry, Key, Map, Node, Target, Text, Value};

use crate::draft::{as_list, written};
use crate::policy;
use crate::table::{How, Word};

/// The changed value; none where it is the same as absent.
pub(crate) fn change(
    how: &How,
    attribute: &str,
    mut node: Node,
    itself: Option<&Target>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Node> {
    if is_absent(&node) {
        return None;
    }
    if let Value::Unresolved(unresolved) = &mut node.value {
        // A text that mentions a resource is not a reference to it.
        if matches!(how, How::Json) {
            unresolved.target = None;
        }
        if !matches!(how, How::Attribute(_)) {
            return Some(node);
        }
    }
    let origin = node.origin.clone();
    Some(match how {
        // Blocks are no values of attributes.
        How::Copy | How::Keyed(_) => node,
        How::Pairs(key, value) => pairs(node, key, value),
        How::Entries(name, value) => entries(node, name, value),
        How::Json => json(node, attribute, diagnostics),
        How::First => return first(node),
        How::List => as_list(node),
        How::Truth => truth(node),
        How::Number => number(node),
        How::Zero => return Some(node).filter(|node| node.as_int() != Some(0)),
        How::Words(words) => translated(node, words),
        How::Attribute(name) => {
            let key = Node::new(*name, origin.clone());
            let value = Entry { key: "Value".into(), node: as_text(node) };
            let pair = Map::new(vec![Entry { key: "Key".into(), node: key }, value]);
            Node::new(vec![Node::new(pair, origin.clone())], origin)
        }
        How::Itself => {
            node.as_bool().filter(|is| *is)?;
            let target = itself?.clone();
            Node::unresolved(Cause::Assigned(target.address.clone()), Some(target), origin)
        }
    })
}

/// Null, and what the provider treats like it: an empty text.
pub(crate) fn is_absent(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        _ => false,
    }
}

/// `{a: b}` as `[{Key: a, Value: b}]`. A key with no value known keeps an unknown one.
fn pairs(node: Node, key: &Key, value: &Key) -> Node {
    let origin = node.origin.clone();
    let Value::Map(map) = node.value else { return node };
    let pair = |Entry { key: name, node }: Entry| {
        let origin = node.origin.clone();
        let name = Entry { key: Key::clone(key), node: Node::new(&*name, origin.clone()) };
        Node::new(Map::new(vec![name, Entry { key: Key::clone(value), node }]), origin)
    };
    Node::new(map.into_entries().into_iter().map(pair).collect::<Vec<_>>(), origin)
}

/// `[{name: a, value: b}]` as `{a: b}`. Nothing is known where a name is not.
fn entries(node: Node, name: &str, value: &str) -> Node {
    let origin = node.origin.clone();
    let Value::List(items) = node.value else { return node };
    let mut all = Map::default();
    for item in items {
        let Some(name) = item.text(name).map(Key::from) else {
            let why = Cause::Unreadable(format!("block without `{name}`").into());
            return if item.as_unresolved().is_some() { item } else { Node::unresolved(why, None, origin) };
        };
        let found = if let Value::Map(mut map) = item.value { map.remove(value) } else { None };
        if let Some(found) = found {
            all.set(name, found);
        }
    }
    Node::new(all, origin)
}

fn json(node: Node, attribute: &str, diagnostics: &mut Vec<Diagnostic>) -> Node {
    let Value::Text(text) = &node.value else { return node };
    let (tree, problem) = policy::of_text(text, attribute, node.origin);
    diagnostics.extend(problem);
    tree
}

fn first(node: Node) -> Option<Node> {
    match node.value {
        Value::List(items) => items.into_vec().into_iter().next(),
        _ => Some(node),
    }
}

fn truth(node: Node) -> Node {
    let truth = match node.as_str() {
        Some("true" | "1") => true,
        Some("false" | "0") => false,
        _ => return node,
    };
    Node::new(truth, node.origin)
}

/// Kubernetes and AWS want a number where the provider keeps a text; names and percentages stay.
fn number(node: Node) -> Node {
    let parsed =
        node.as_str().filter(|text| !text.starts_with('+')).and_then(|text| text.parse::<i64>().ok());
    parsed.map_or_else(|| node.clone(), |number| Node::new(number, node.origin.clone()))
}

fn translated(node: Node, words: &[(&'static str, Word)]) -> Node {
    let text = match &node.value {
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Text(text) => text.as_str(),
        _ => return node,
    };
    match words.iter().find(|word| word.0 == text) {
        Some((_, word)) => written(word, &node.origin),
        None => node,
    }
}

/// A scalar as CloudFormation writes the value of an attribute.
fn as_text(node: Node) -> Node {
    let text: Text = match &node.value {
        Value::Bool(truth) => truth.to_string().into(),
        Value::Int(number) => number.to_string().into(),
        Value::Float(number) => number.to_string().into(),
        _ => return node,
    };
    Node::new(text, node.origin)
}
