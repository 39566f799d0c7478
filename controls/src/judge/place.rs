//! Where a finding points.

use ringfence_model::{Location, Node};

use super::Case;
use super::element::Step;
use crate::control::Path;
use crate::policy::Item;

/// The field that the control points at, where it is written; else its nearest ancestor that is.
pub(super) fn primary(case: &Case<'_>, item: Option<Item<'_>>, trail: &[Step<'_>]) -> Option<Location> {
    let at = case.control.front().at.as_ref().and_then(|at| at.of(&case.resource.kind));
    let paths = at.map(Vec::as_slice).unwrap_or_default();
    let from_item = item.and_then(|item| {
        let node = item.node();
        let whole = paths.iter().find_map(|path| deepest(node, path).filter(|found| found.complete));
        let found = whole.or_else(|| paths.first().and_then(|path| deepest(node, path)));
        // The body as a whole is pointed at by the line that says what it is.
        let own = if std::ptr::eq(node, &case.resource.body) { None } else { node.location() };
        found.map(|found| found.location).or(own)
    });
    let ancestors = || trail.iter().rev().find_map(|step| step.node.location());
    let root = || {
        let is_body = std::ptr::eq(case.root, &case.resource.body);
        if is_body { None } else { case.root.location() }
    };
    from_item.or_else(ancestors).or_else(root).or_else(|| case.resource.location())
}

struct Deepest {
    location: Location,
    /// Whether the whole path is there.
    complete: bool,
}

/// The last value along `path` that is written somewhere.
fn deepest(node: &Node, path: &Path) -> Option<Deepest> {
    let mut found = None;
    let mut current = node;
    let mut walked = 0;
    for step in path.steps() {
        let Some(next) = current.child(step).node().filter(|_| current.as_unresolved().is_none()) else {
            break;
        };
        walked += 1;
        if let Some(location) = next.location() {
            found = Some((location, walked));
        }
        current = next;
    }
    let (location, at) = found?;
    Some(Deepest { location, complete: at == path.steps().len() })
}
