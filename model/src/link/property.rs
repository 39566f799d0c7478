//! Links that properties of AWS resources make: typed where a row of the table names the property.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Link, Lookup, PROPERTIES, Property, Relation};
use crate::{Diagnostic, Kind, Location, Node, Resource, ResourceId, Value};

/// All links that properties of AWS resources make, and what dangles.
pub(super) fn properties(resources: &[Resource], lookup: &Lookup<'_>) -> (Vec<Link>, Vec<Diagnostic>) {
    let mut links = Vec::new();
    let mut diagnostics = Vec::new();
    let mut rows: FxHashMap<&str, Vec<&Property>> = FxHashMap::default();
    for (index, resource) in resources.iter().enumerate() {
        if resource.kind.is_kubernetes() {
            continue;
        }
        let rows = rows.entry(resource.kind.as_str()).or_insert_with(|| rows_of(&resource.kind));
        let from = ResourceId::at(index);
        let typed = links.len();
        typed_links(from, resource, rows, lookup, &mut links);
        let known = links.iter().skip(typed).map(|link| (link.to, link.location)).collect();
        let mut walk = Walk { from, lookup, known, links: &mut links, diagnostics: &mut diagnostics };
        walk.node(&resource.body);
    }
    (links, diagnostics)
}

/// The rows for one kind; its own come before those for any kind.
fn rows_of(kind: &Kind) -> Vec<&'static Property> {
    let own = || PROPERTIES.iter().filter(|row| row.0 == kind.as_str());
    let any = PROPERTIES.iter().filter(|row| row.0 == "*" && !own().any(|own| own.1 == row.1));
    own().chain(any).collect()
}

fn typed_links(
    from: ResourceId,
    resource: &Resource,
    rows: &[&Property],
    lookup: &Lookup<'_>,
    links: &mut Vec<Link>,
) {
    for (_, path, target, relation) in rows {
        each(&resource.body, path, &mut |value| {
            if let Some(to) = lookup.resolve(value, Some(target)) {
                links.push(Link { from, relation: *relation, to, location: value.location() });
            }
        });
    }
}

/// Calls `visit` for every value at `path`, in which `*` stands for each element of a list.
fn each(node: &Node, path: &str, visit: &mut impl FnMut(&Node)) {
    let (before, after) = path.split_once('*').map_or((path, None), |(before, after)| (before, Some(after)));
    let Some(found) = node.field(before.trim_end_matches('.')).node() else { return };
    match after {
        None => visit(found),
        Some(_) if found.as_unresolved().is_some() => visit(found),
        Some(rest) => found.items().iter().for_each(|item| each(item, rest.trim_start_matches('.'), visit)),
    }
}

/// Finds the references that no row of the table names.
struct Walk<'a> {
    from: ResourceId,
    lookup: &'a Lookup<'a>,
    /// What this resource refers to so far, and where.
    known: FxHashSet<(ResourceId, Option<Location>)>,
    links: &'a mut Vec<Link>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node) {
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| self.node(item)),
            Value::Map(map) => map.entries().iter().for_each(|entry| self.node(&entry.node)),
            Value::Unresolved(unresolved) => {
                if let Some(target) = &unresolved.target {
                    self.reference(node, &target.address);
                }
            }
            _ => {}
        }
    }

    fn reference(&mut self, node: &Node, address: &str) {
        let location = node.location();
        match self.lookup.resolve(node, None) {
            None => self.diagnostics.push(
                Diagnostic::warning("dangling-reference", format!("`{address}` is not defined"))
                    .at(location)
                    .help("define it, or assess the file that does in the same run"),
            ),
            Some(to) if self.known.insert((to, location)) => {
                self.links.push(Link { from: self.from, relation: Relation::RefersTo, to, location });
            }
            Some(_) => {}
        }
    }
}
