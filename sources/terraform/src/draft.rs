//! Properties while they are put together.

use ringfence_model::{Entry, Key, Map, Node, Origin, Text, Value};
use rustc_hash::FxHashSet;

use crate::table::{Step, Word};

/// Puts `node` at `path` below the object that `entries` are; `with` lands beside the last step.
pub(crate) fn put(entries: &mut Vec<Entry>, path: &[Step], node: Node, with: Option<&(Key, Word)>) {
    let Some((step, rest)) = path.split_first() else { return };
    let unknown = node.as_unresolved().is_some();
    if rest.is_empty() {
        if let Some((key, word)) = with {
            merge(entries, key, written(word, &node.origin));
        }
        merge(entries, &step.key, if step.list && !unknown { as_list(node) } else { node });
    } else if step.list && !unknown {
        let origin = node.origin.clone();
        let objects: Vec<Node> = elements(node).into_iter().map(|part| object(rest, part, with)).collect();
        merge(entries, &step.key, Node::new(objects, origin));
    } else if step.list {
        merge(entries, &step.key, node);
    } else {
        merge(entries, &step.key, object(rest, node, with));
    }
}

fn object(rest: &[Step], part: Node, with: Option<&(Key, Word)>) -> Node {
    let origin = part.origin.clone();
    let mut entries = Vec::new();
    put(&mut entries, rest, part, with);
    Node::new(Map::new(entries), origin)
}

/// Joins `node` with what is at `key`. Lists grow, maps gain, and what is unknown is never lost.
pub(crate) fn merge(entries: &mut Vec<Entry>, key: &Key, node: Node) {
    let Some(there) = entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.node) else {
        return entries.push(Entry { key: Key::clone(key), node });
    };
    let origin = there.origin.clone();
    let before = std::mem::replace(&mut there.value, Value::Null);
    there.value = match (before, node.value) {
        (Value::Map(before), Value::Map(new)) => {
            let mut all = before.into_entries();
            new.into_entries().into_iter().for_each(|entry| merge(&mut all, &entry.key, entry.node));
            Map::new(all).into()
        }
        (Value::List(before), Value::List(new)) => grown(before.into_vec(), new.into_vec()).into(),
        (Value::List(before), value @ Value::Unresolved(_)) => {
            grown(before.into_vec(), vec![Node { value, origin: node.origin }]).into()
        }
        (value @ Value::Unresolved(_), Value::List(new)) => {
            grown(vec![Node { value, origin }], new.into_vec()).into()
        }
        (before @ Value::Unresolved(_), Value::Map(_)) => before,
        (_, new) => {
            there.origin = node.origin;
            new
        }
    };
}

/// `before` and what is new in `new`: `tags_all` repeats `tags`.
fn grown(mut before: Vec<Node>, new: Vec<Node>) -> Vec<Node> {
    let known: FxHashSet<Text> = before.iter().filter_map(|node| node.text("Key").map(Text::from)).collect();
    before.extend(new.into_iter().filter(|node| !node.text("Key").is_some_and(|key| known.contains(key))));
    before
}

/// The elements of a list; anything else is its own only element.
pub(crate) fn elements(node: Node) -> Vec<Node> {
    match node.value {
        Value::List(items) => items.into_vec(),
        value => vec![Node { value, origin: node.origin }],
    }
}

/// `node`, or a list of it.
pub(crate) fn as_list(node: Node) -> Node {
    if matches!(node.value, Value::List(_) | Value::Unresolved(_)) {
        return node;
    }
    let origin = node.origin.clone();
    Node::new(vec![node], origin)
}

/// A word of the table as a value.
pub(crate) fn written(word: &Word, origin: &Origin) -> Node {
    match word {
        Word::Truth(truth) => Node::new(*truth, origin.clone()),
        Word::Text(text) => Node::new(text.clone(), origin.clone()),
    }
}
