//! Where a plan writes values that must not be shown.
//!
//! Terraform marks them beside the values, and writes them down all the same: in `planned_values`,
//! `resource_changes`, `prior_state`, `variables`, and as constants of `configuration`.

use ringfence_model::{Entry, Location, Node, Value};
use rustc_hash::FxHashMap;

/// All stretches of sensitive values, sorted.
pub(crate) fn stretches(plan: &Node) -> Vec<Location> {
    let mut found = Vec::new();
    let mut walk = Walk::of(plan);
    for values in ["planned_values", "values", "prior_state.values"] {
        if let Some(root) = plan.get(values).and_then(|values| values.get("root_module")) {
            walk.module(root, &mut found);
        }
    }
    for change in plan.get("resource_changes").map(Node::items).unwrap_or_default() {
        for (values, marks) in [("before", "before_sensitive"), ("after", "after_sensitive")] {
            let part = |name: &str| change.get("change").and_then(|change| change.child(name).node());
            if let (Some(values), Some(marks)) = (part(values), part(marks)) {
                marked(values, marks, &mut found);
            }
        }
    }
    outputs(plan, &mut found);
    if let Some(root) = plan.get("configuration.root_module") {
        variables(root, plan, &mut found);
        constants(root, &walk.attributes, &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What one walk over the planned values needs and finds.
struct Walk<'n> {
    /// `after_sensitive` by address.
    after: FxHashMap<&'n str, &'n Node>,
    /// Sensitive attributes by type and name.
    attributes: FxHashMap<String, Vec<&'n str>>,
}

impl<'n> Walk<'n> {
    fn of(plan: &'n Node) -> Self {
        let changes = plan.get("resource_changes").map(Node::items).unwrap_or_default();
        let after =
            |change: &'n Node| Some((change.text("address")?, change.get("change")?.get("after_sensitive")?));
        Self { after: changes.iter().filter_map(after).collect(), attributes: FxHashMap::default() }
    }

    fn module(&mut self, node: &'n Node, found: &mut Vec<Location>) {
        for resource in node.get("resources").map(Node::items).unwrap_or_default() {
            let Some(values) = resource.get("values") else { continue };
            let after = resource.text("address").and_then(|address| self.after.get(address)).copied();
            for marks in resource.get("sensitive_values").into_iter().chain(after) {
                marked(values, marks, found);
                self.remember(resource, marks);
            }
        }
        for child in node.get("child_modules").map(Node::items).unwrap_or_default() {
            self.module(child, found);
        }
    }

    fn remember(&mut self, resource: &Node, marks: &'n Node) {
        if let (Some(kind), Some(name)) = (resource.text("type"), resource.text("name")) {
            let names = marks.entries().iter().filter(|entry| entry.node.as_bool() == Some(true));
            let known = self.attributes.entry(format!("{kind}.{name}")).or_default();
            known.extend(names.map(|entry| &*entry.key));
        }
    }
}

/// What is `true` in `marks`.
fn marked(values: &Node, marks: &Node, found: &mut Vec<Location>) {
    match &marks.value {
        Value::Null | Value::Bool(false) => {}
        Value::Map(map) => {
            for Entry { key, node } in map.entries() {
                if let Some(there) = values.child(key).node() {
                    marked(there, node, found);
                }
            }
        }
        Value::List(items) => {
            values.items().iter().zip(items).for_each(|(value, marks)| marked(value, marks, found));
        }
        _ => whole(values, found),
    }
}

/// A value with all that lies in it: the place of a map or list ends with its key.
fn whole(node: &Node, found: &mut Vec<Location>) {
    match &node.value {
        Value::Map(map) => map.entries().iter().for_each(|entry| whole(&entry.node, found)),
        Value::List(items) => items.iter().for_each(|item| whole(item, found)),
        Value::Null => {}
        _ => found.extend(node.location()),
    }
}

fn outputs(plan: &Node, found: &mut Vec<Location>) {
    for path in ["planned_values.outputs", "values.outputs", "prior_state.values.outputs"] {
        for entry in plan.get(path).map(Node::entries).unwrap_or_default() {
            if entry.node.get("sensitive").and_then(Node::as_bool) == Some(true)
                && let Some(value) = entry.node.get("value")
            {
                whole(value, found);
            }
        }
    }
}

/// Variables of the root that are declared sensitive: what was given for them, and their defaults.
fn variables(root: &Node, plan: &Node, found: &mut Vec<Location>) {
    for Entry { key, node } in root.get("variables").map(Node::entries).unwrap_or_default() {
        if node.get("sensitive").and_then(Node::as_bool) != Some(true) {
            continue;
        }
        let given = plan.get("variables").and_then(|all| all.child(key).present()?.get("value"));
        given.into_iter().chain(node.get("default")).for_each(|value| whole(value, found));
    }
}

/// Constants that the configuration gives to attributes which are sensitive.
fn constants(module: &Node, attributes: &FxHashMap<String, Vec<&str>>, found: &mut Vec<Location>) {
    for resource in module.get("resources").map(Node::items).unwrap_or_default() {
        let names = resource.text("address").and_then(|address| attributes.get(address));
        for name in names.into_iter().flatten() {
            let written = resource.get("expressions").and_then(|all| all.child(name).present());
            if let Some(constant) = written.and_then(|written| written.child("constant_value").node()) {
                whole(constant, found);
            }
        }
    }
    for call in module.get("module_calls").map(Node::entries).unwrap_or_default() {
        if let Some(module) = call.node.get("module") {
            constants(module, attributes, found);
        }
    }
}
