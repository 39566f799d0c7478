//! The elements of a resource that a control judges one by one.

mod sibling;

use std::rc::Rc;

use ringfence_model::{Field, Node, Resource, Text, Value, pod_template};

use crate::policy::{Doubt, Item};
use sibling::Siblings;

/// The lists of a pod spec that `containers` stands for.
pub(super) const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// One step from the root to an element.
#[derive(Debug)]
pub(super) struct Step<'e> {
    kind: Kind<'e>,
    /// Where it leads.
    pub(super) node: &'e Node,
}

#[derive(Debug)]
enum Kind<'e> {
    Key(&'e str),
    Index(Rc<Siblings<'e>>, usize),
}

/// What lies at a path.
pub(super) enum Found<'e> {
    /// An element.
    Item(Item<'e>),
    /// Something that keeps elements from being known.
    Doubt(Doubt<'e>),
}

/// Where a path starts: `annotations` and `labels` of a pod lie beside its spec.
pub(super) fn start<'e, 's>(
    resource: &'e Resource,
    pod: Option<Field<'e>>,
    root: &'e Node,
    steps: &'s [Box<str>],
) -> (&'e Node, &'s [Box<str>]) {
    let beside = steps.first().is_some_and(|step| matches!(&**step, "annotations" | "labels"));
    if pod.is_none() || !beside {
        return (root, steps);
    }
    let template = pod_template(&resource.kind).and_then(|path| resource.body.get(path));
    (template.and_then(|template| template.get("metadata")).unwrap_or(root), steps)
}

/// Calls `visit` for everything that lies at `steps` from `node`. A list on the way stands for each of its
/// elements, a list at the end too; a map at the end is one element.
pub(super) fn walk<'e>(
    node: &'e Node,
    steps: &'e [Box<str>],
    trail: &mut Vec<Step<'e>>,
    visit: &mut dyn FnMut(Found<'e>, &[Step<'e>]),
) {
    if node.as_unresolved().is_some() {
        return visit(Found::Doubt(Doubt::Unresolved(node)), trail);
    }
    match (&node.value, steps.split_first()) {
        (Value::Null, _) => {}
        (Value::List(items), _) => each_item(items, steps, trail, visit),
        (Value::Map(_), None) => visit(Found::Item(Item::Node(node)), trail),
        (Value::Map(map), Some((step, rest))) if &**step == "*" => {
            for entry in map.entries().iter().filter(|entry| entry.node.value != Value::Null) {
                trail.push(Step { kind: Kind::Key(&entry.key), node: &entry.node });
                if rest.is_empty() {
                    visit(Found::Item(Item::Entry(entry)), trail);
                } else {
                    walk(&entry.node, rest, trail, visit);
                }
                trail.pop();
            }
        }
        (Value::Map(map), Some((step, rest))) => {
            let keys: &[&str] =
                if trail.is_empty() && &**step == CONTAINERS[0] { &CONTAINERS } else { &[step] };
            for key in keys {
                if let Some(next) = map.get(key) {
                    trail.push(Step { kind: Kind::Key(key), node: next });
                    walk(next, rest, trail, visit);
                    trail.pop();
                }
            }
        }
        (value, _) => {
            let what = format!("`{}` is {}, and not a list or a map", path(trail), noun(value));
            visit(Found::Doubt(Doubt::mismatch(what, node.location())), trail);
        }
    }
}

fn each_item<'e>(
    items: &'e [Node],
    steps: &'e [Box<str>],
    trail: &mut Vec<Step<'e>>,
    visit: &mut dyn FnMut(Found<'e>, &[Step<'e>]),
) {
    let below = match steps.split_first() {
        Some((step, rest)) if &**step == "*" => rest,
        _ => steps,
    };
    let siblings = Rc::new(Siblings::of(items));
    for (index, item) in items.iter().enumerate() {
        trail.push(Step { kind: Kind::Index(Rc::clone(&siblings), index), node: item });
        match &item.value {
            Value::Null => {}
            Value::List(_) if !below.is_empty() => {
                let what = format!("`{}` is a list in a list", path(trail));
                visit(Found::Doubt(Doubt::mismatch(what, item.location())), trail);
            }
            Value::Unresolved(_) => visit(Found::Doubt(Doubt::Unresolved(item)), trail),
            _ if below.is_empty() => visit(Found::Item(Item::Node(item)), trail),
            _ => walk(item, below, trail, visit),
        }
        trail.pop();
    }
}

/// The path of an element for people: by names where elements have them, else by number.
pub(super) fn path(trail: &[Step<'_>]) -> String {
    join(trail, |siblings, index| siblings.shown(index))
}

/// The path of an element for its fingerprint, in which the order of lists does not count.
pub(super) fn identity(trail: &[Step<'_>]) -> String {
    join(trail, |siblings, index| siblings.identity(index))
}

fn join(trail: &[Step<'_>], name: for<'s> fn(&'s Siblings<'_>, usize) -> &'s str) -> String {
    let mut path = String::new();
    for step in trail {
        match &step.kind {
            Kind::Key(key) => {
                path.push('.');
                path.push_str(key);
            }
            Kind::Index(siblings, index) => path.push_str(name(siblings, *index)),
        }
    }
    path.strip_prefix('.').map(str::to_owned).unwrap_or(path)
}

/// The container that an element is a part of.
pub(super) fn container(trail: &[Step<'_>]) -> Option<Text> {
    match trail {
        [Step { kind: Kind::Key(list), .. }, Step { node, .. }, ..] if CONTAINERS.contains(list) => {
            node.text("name").map(Text::from)
        }
        _ => None,
    }
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::Text(_) => "a text",
        _ => "not known",
    }
}
