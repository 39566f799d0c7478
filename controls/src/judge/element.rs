//! The elements of a resource that a control judges one by one.

use ringfence_model::{Field, Node, Resource, Text, Value, pod_template};

use crate::policy::{Doubt, Item};

/// The lists of a pod spec that `containers` stands for.
pub(super) const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// One step from the root to an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'e> {
    kind: Kind<'e>,
    /// Where it leads.
    pub(super) node: &'e Node,
}

#[derive(Clone, Copy, Debug)]
enum Kind<'e> {
    Key(&'e str),
    Index(&'e [Node], usize),
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
    for (index, item) in items.iter().enumerate() {
        trail.push(Step { kind: Kind::Index(items, index), node: item });
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

/// The path of an element, by names where elements have them.
pub(super) fn path(trail: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in trail {
        let name = match step.kind {
            Kind::Key(key) => key.to_owned(),
            Kind::Index(items, index) => match unique_name(items, index) {
                Some(name) => name,
                None => {
                    path.push_str(&format!("[{index}]"));
                    continue;
                }
            },
        };
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&name);
    }
    path
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

/// Keys by which elements of lists are told apart.
const NAMES: [&str; 7] = ["name", "Name", "Sid", "id", "Id", "Key", "key"];

fn name(node: &Node) -> Option<&str> {
    NAMES.iter().find_map(|key| node.child(key).present()?.as_str()).filter(|name| !name.is_empty())
}

/// The name of an element; of several with the same name the later ones are numbered.
fn unique_name(items: &[Node], index: usize) -> Option<String> {
    let own = name(items.get(index)?)?;
    let earlier = items.iter().take(index).filter(|one| name(one) == Some(own)).count();
    Some(if earlier == 0 { own.to_owned() } else { format!("{own}#{}", earlier + 1) })
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::Text(_) => "a text",
        _ => "not known",
    }
}
