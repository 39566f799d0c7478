//! Puts what the plan does not know, and what it must not show, where it belongs among the values.
//!
//! `planned_values` leaves out what is known after apply; `after_unknown` has `true` there. Terraform
//! says so of every attribute that AWS fills in too. CloudFormation properties are what is asked for:
//! where `configuration` shows that an attribute is not configured, it is absent, not unresolved.

use ringfence_model::{Cause, Entry, Key, Map, Node, Target, Text, Value};

use crate::configuration::{Expressions, Found, Frame, Instance, Steps, follow, is_leaf};
use crate::index::Index;
use crate::policy;

/// Blocks that are attributes to the provider, and that a `dynamic` block may fill.
const DYNAMIC: &[&str] = &["ingress", "egress"];
/// How many policy documents may lie inside each other.
const DOCUMENTS: usize = 4;

/// One resource whose values are completed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overlay<'r, 'a, 'p> {
    index: &'r Index<'a>,
    frame: &'r Frame<'a, 'p>,
    instance: Instance<'r>,
    documents: usize,
}

impl<'r, 'a, 'p> Overlay<'r, 'a, 'p> {
    pub(crate) fn new(index: &'r Index<'a>, frame: &'r Frame<'a, 'p>, instance: Instance<'r>) -> Self {
        Self { index, frame, instance, documents: DOCUMENTS }
    }

    /// Marks in `values` what is `true` in `unknown`.
    pub(crate) fn apply(&self, values: &mut Node, unknown: &Node, expressions: &Expressions<'a>) {
        if !holds(unknown) {
            return;
        }
        match (&mut values.value, &unknown.value) {
            (Value::Map(map), Value::Map(_)) => self.map(map, unknown.entries(), expressions),
            (Value::List(items), Value::List(unknown)) => {
                let mut grown = std::mem::take(items).into_vec();
                for (at, unknown) in unknown.iter().enumerate().filter(|(_, unknown)| holds(unknown)) {
                    match grown.get_mut(at) {
                        Some(item) => self.apply(item, unknown, expressions),
                        None => grown.push(known_after_apply(None, unknown)),
                    }
                }
                *items = grown.into_boxed_slice();
            }
            _ => *values = known_after_apply(self.around(expressions), unknown),
        }
    }

    fn map(&self, map: &mut Map, unknown: &[Entry], expressions: &Expressions<'a>) {
        let mut added = Vec::new();
        for Entry { key, node: unknown } in unknown.iter().filter(|entry| holds(&entry.node)) {
            let nested = matches!(unknown.value, Value::Map(_) | Value::List(_));
            match map.get_mut(key).filter(|there| there.value != Value::Null) {
                Some(there) if nested => self.nested(there, key, unknown, expressions),
                Some(there) => {
                    if let Some(node) = self.attribute(key, unknown, expressions) {
                        *there = node;
                    }
                }
                None => added.extend(
                    self.attribute(key, unknown, expressions)
                        .map(|node| Entry { key: Key::clone(key), node }),
                ),
            }
        }
        if !added.is_empty() {
            let mut entries = std::mem::take(map).into_entries();
            entries.retain(|entry| added.iter().all(|new| new.key != entry.key));
            entries.append(&mut added);
            *map = Map::new(entries);
        }
    }

    /// What lies in a block, a list or a map that is known by itself.
    fn nested(&self, there: &mut Node, key: &str, unknown: &Node, expressions: &Expressions<'a>) {
        let Value::List(items) = &mut there.value else {
            return self.apply(there, unknown, &expressions.block(key, unknown));
        };
        let blocks = items.iter().any(|item| matches!(item.value, Value::Map(_)));
        if !blocks {
            return self.elements(there, key, unknown, expressions);
        }
        let mut grown = std::mem::take(items).into_vec();
        for (at, unknown) in unknown.items().iter().enumerate().filter(|(_, unknown)| holds(unknown)) {
            match grown.get_mut(at) {
                Some(item) => {
                    let inner = expressions.block(key, item);
                    self.apply(item, unknown, &inner);
                }
                None => grown.push(known_after_apply(None, unknown)),
            }
        }
        *items = grown.into_boxed_slice();
    }

    /// A list of which only some elements are unknown. Which reference is which element is not said.
    fn elements(&self, there: &mut Node, key: &str, unknown: &Node, expressions: &Expressions<'a>) {
        let found = self.resolve(&expressions.of_attribute(key));
        let Value::List(items) = &mut there.value else { return };
        let mut targets = found.targets.into_iter();
        let alone = targets.len() == unknown.items().iter().filter(|one| holds(one)).count();
        let mut grown = std::mem::take(items).into_vec();
        for (at, unknown) in unknown.items().iter().enumerate().filter(|(_, unknown)| holds(unknown)) {
            let node = known_after_apply(targets.next().filter(|_| alone), unknown);
            match grown.get_mut(at) {
                Some(item) => *item = node,
                None => grown.push(node),
            }
        }
        *items = grown.into_boxed_slice();
    }

    /// The value of an attribute that is unknown as a whole; none where it is not configured.
    fn attribute(&self, key: &str, unknown: &Node, expressions: &Expressions<'a>) -> Option<Node> {
        let written = expressions.of_attribute(key);
        if written.is_empty() {
            if let Some(around) = expressions.around() {
                return Some(self.resolve(&[around]).value(key, unknown));
            }
            // A `dynamic` block leaves no trace in the configuration: only where rules are resources of their
            // own is it certain that none of them stands here.
            let dynamic = DYNAMIC.contains(&key) && !self.index.has_rules_apart();
            return (dynamic || expressions.is_empty()).then(|| known_after_apply(None, unknown));
        }
        let leaves: Vec<&Node> = written.into_iter().filter(|node| is_leaf(node)).collect();
        Some(self.resolve(&leaves).value(key, unknown))
    }

    fn around(&self, expressions: &Expressions<'a>) -> Option<Target> {
        let found = self.resolve(&[expressions.around()?]);
        found.targets.into_iter().next().filter(|_| !found.open)
    }

    /// The one resource that the configuration of `key` refers to.
    pub(crate) fn refers_to(&self, key: &str, expressions: &Expressions<'a>) -> Option<Target> {
        let mut targets = self.resolve(&expressions.of_attribute(key)).targets;
        if targets.len() == 1 { targets.pop() } else { None }
    }

    fn resolve(&self, written: &[&'a Node]) -> Resolved {
        let mut resolved = Resolved::default();
        let mut steps = Steps::default();
        for expression in written {
            follow(expression, self.frame, self.instance, &mut steps, &mut |found, frame| {
                self.visit(found, frame, &mut resolved);
            });
        }
        resolved
    }

    fn visit(&self, found: Found<'_>, frame: &Frame<'a, '_>, resolved: &mut Resolved) {
        match found {
            Found::Resource { base, index, same, attribute } => {
                let base = format!("{}{base}", frame.prefix);
                let instances = self.index.instances(&base, index, same);
                resolved.open |= instances.is_empty();
                for instance in instances {
                    let attribute = attribute.filter(|name| *name != "id").map(pascal);
                    let target = self.index.target(format!("{base}{instance}"), attribute);
                    resolved.targets.extend(target.filter(|target| !resolved.targets.contains(target)));
                }
            }
            Found::Data { base, index, attribute: Some("json" | "minified_json") }
                if base.starts_with("data.aws_iam_policy_document.") && self.documents > 0 =>
            {
                resolved.document = self.document(base, index, frame);
                resolved.open |= resolved.document.is_none();
            }
            Found::Data { .. } | Found::Open => resolved.open = true,
        }
    }

    /// The policy that a data source makes, as far as its statements are known.
    fn document(&self, base: &str, index: &str, frame: &Frame<'a, '_>) -> Option<Node> {
        let change = self.index.change(&format!("{}{base}{index}", frame.prefix))?;
        let after = change.get("after")?;
        if !self.index.may_copy(size(after)) {
            return None;
        }
        let mut statements = after.clone();
        let node = frame.module.and_then(|module| module.resource(base));
        let instance = Instance { node, index };
        let overlay = Overlay { index: self.index, frame, instance, documents: self.documents - 1 };
        if let Some(unknown) = change.get("after_unknown") {
            overlay.apply(&mut statements, unknown, &Expressions::of(node));
        }
        policy::of_data_source(statements)
    }
}

/// What the references of an expression lead to.
#[derive(Debug, Default)]
struct Resolved {
    targets: Vec<Target>,
    /// Whether one of them could not be followed.
    open: bool,
    document: Option<Node>,
}

impl Resolved {
    /// The unknown value of the attribute `key`.
    fn value(self, key: &str, unknown: &Node) -> Node {
        if let (Some(document), true, false) = (&self.document, self.targets.is_empty(), self.open) {
            return document.clone();
        }
        if is_plural(key) && !self.targets.is_empty() {
            let open = self.open.then(|| known_after_apply(None, unknown));
            let items = self.targets.into_iter().map(|target| known_after_apply(Some(target), unknown));
            return Node::new(items.chain(open).collect::<Vec<_>>(), unknown.origin.clone());
        }
        let one = self.targets.len() == 1 && !self.open;
        known_after_apply(self.targets.into_iter().next().filter(|_| one), unknown)
    }
}

fn known_after_apply(target: Option<Target>, unknown: &Node) -> Node {
    Node::unresolved(Cause::KnownAfterApply, target, unknown.origin.clone())
}

/// Whether an attribute is a list by its name: the plan does not say.
fn is_plural(key: &str) -> bool {
    ["_ids", "_arns", "subnets", "security_groups", "instances", "identifiers"]
        .iter()
        .any(|end| key.ends_with(end))
        || matches!(key, "vpc_zone_identifier" | "layers" | "resources" | "groups" | "users" | "roles")
}

/// Whether anything in `unknown` is unknown.
fn holds(unknown: &Node) -> bool {
    match &unknown.value {
        Value::Null | Value::Bool(false) => false,
        Value::List(items) => items.iter().any(holds),
        Value::Map(map) => map.entries().iter().any(|entry| holds(&entry.node)),
        _ => true,
    }
}

/// Replaces what is `true` in `sensitive`: such values are never shown, so nothing below may see them.
pub(crate) fn hide(values: &mut Node, sensitive: &Node) {
    match (&mut values.value, &sensitive.value) {
        (Value::Null | Value::Unresolved(_), _) | (_, Value::Null | Value::Bool(false)) => {}
        (Value::Map(map), Value::Map(_)) => {
            for entry in sensitive.entries() {
                if let Some(there) = map.get_mut(&entry.key) {
                    hide(there, &entry.node);
                }
            }
        }
        (Value::List(items), Value::List(_)) => {
            items.iter_mut().zip(sensitive.items()).for_each(|(item, sensitive)| hide(item, sensitive));
        }
        (_, Value::Map(_) | Value::List(_)) => {}
        _ => {
            let cause = Cause::Unreadable("sensitive value".into());
            *values = Node::unresolved(cause, None, values.origin.clone());
        }
    }
}

/// Turns ids and ARNs of resources in the plan into references to them.
pub(crate) fn relink(node: &mut Node, index: &Index<'_>) {
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| relink(item, index)),
        Value::Map(map) => map.nodes_mut().for_each(|item| relink(item, index)),
        Value::Text(text) => {
            let Some((address, arn)) = index.assigned(text) else { return };
            let cause = Cause::Assigned(address.clone());
            let target = index.target(address.clone(), arn.then(|| "Arn".into()));
            *node = Node::unresolved(cause, target, node.origin.clone());
        }
        _ => {}
    }
}

/// How many values lie in `node`.
fn size(node: &Node) -> usize {
    let below = match &node.value {
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(map) => map.entries().iter().map(|entry| size(&entry.node)).sum(),
        Value::Text(text) => text.len() / 32,
        _ => 0,
    };
    below + 1
}

/// `key_id` as `KeyId`.
fn pascal(name: &str) -> Text {
    let mut result = Text::default();
    for word in name.split('_') {
        let mut letters = word.chars();
        result.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        result.push_str(letters.as_str());
    }
    result
}
