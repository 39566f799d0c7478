//! Messages with holes: `` container `{item.name}` runs privileged ``.

use ringfence_model::{Field, Node, masked};

use super::path::Path;
use crate::cel::{Value, attribute};
use crate::policy::{Input, Item};

/// A message and its holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Hole(Root, Option<Path>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Resource,
    Item,
    Object,
    Pod,
}

/// What a hole may start with.
const ROOTS: [(&str, Root); 4] =
    [("resource", Root::Resource), ("item", Root::Item), ("object", Root::Object), ("pod", Root::Pod)];

impl Message {
    /// Reads a message; the error is the hole that means nothing.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (hole, after) = after.split_once('}').ok_or_else(|| after.to_owned())?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.into()));
            }
            pieces.push(parse_hole(hole).ok_or_else(|| hole.to_owned())?);
            rest = after;
        }
        pieces.push(Piece::Text(rest.into()));
        Ok(Self(pieces))
    }

    /// The message about `input`, without card numbers.
    pub(crate) fn render(&self, input: &Input<'_, '_>) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Hole(root, path) => text.push_str(&fill(*root, path.as_ref(), input)),
            }
        }
        masked(text)
    }
}

fn parse_hole(hole: &str) -> Option<Piece> {
    let (root, path) = hole.split_once('.').map_or((hole, None), |(root, path)| (root, Some(path)));
    let (_, root) = ROOTS.into_iter().find(|(name, _)| *name == root)?;
    let path = path.map(|path| Path::parse(path).ok_or(())).transpose().ok()?;
    (path.is_some() || root == Root::Item).then_some(Piece::Hole(root, path))
}

fn fill(root: Root, path: Option<&Path>, input: &Input<'_, '_>) -> String {
    let steps = path.map(Path::steps).unwrap_or_default();
    let node = match (root, input.item) {
        (Root::Resource, _) => {
            let key = steps.first().map(|step| &**step).unwrap_or_default();
            return attribute(input.resource, key).unwrap_or_default().into_owned();
        }
        (Root::Item, Item::Entry(entry)) if steps.first().is_some_and(|step| &**step == "key") => {
            return entry.key.to_string();
        }
        (Root::Item, Item::Entry(entry)) => {
            return show(descend(&entry.node, steps.get(1..).unwrap_or_default()));
        }
        (Root::Item, Item::Node(node)) => Some(node),
        (Root::Object, _) => Some(&input.resource.body),
        (Root::Pod, _) => input.pod.and_then(Field::present),
    };
    show(node.map_or(Field::Absent, |node| descend(node, steps)))
}

/// What stands at the end of `steps`.
fn descend<'e>(node: &'e Node, steps: &[Box<str>]) -> Field<'e> {
    let mut field = node.as_field();
    for step in steps {
        match field {
            Field::Present(node) => field = node.child(step),
            other => return other,
        }
    }
    field
}

fn show(field: Field<'_>) -> String {
    match field {
        Field::Absent => "(none)".to_owned(),
        Field::Unresolved(..) => "(not known)".to_owned(),
        Field::Present(node) => Value::Node(node).show(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_named_and_closed() {
        let check = |text, holes| {
            let holes_of = |Message(pieces): Message| {
                pieces.iter().filter(|piece| matches!(piece, Piece::Hole(..))).count()
            };
            assert_eq!(Message::parse(text).map(holes_of), holes, "{text}");
        };
        check("no hole", Ok(0));
        check("`{item.name}` of `{resource.name}`", Ok(2));
        check("{item}", Ok(1));
        check("{thing.name}", Err("thing.name".to_owned()));
        check("{resource}", Err("resource".to_owned()));
        check("{item.name", Err("item.name".to_owned()));
    }
}
