//! INVARIANT: unknown is never pass. Each value of an example is taken away once; a control that did not
//! pass must not pass then.

use ringfence_controls::{Catalogue, Control, Evaluation, Policy};
use ringfence_model::{Cause, Finding, Map, Node, Value, Verdict};

use crate::input::Input;

/// Examples are small; this ends what would take too long.
const MOST: usize = 400;

pub(crate) fn check(
    catalogue: &Catalogue,
    control: &Control,
    input: &Input,
    whole: &Evaluation,
) -> Result<(), String> {
    if matches!(control.policy(), Policy::Query(_)) {
        // Engines have properties of their own.
        return Ok(());
    }
    let whole_is_clean = is_clean(whole);
    for (index, resource) in input.resources().iter().enumerate() {
        for at in 1..count(&resource.body).min(MOST) {
            let mut resources = input.resources().to_vec();
            let mut left = at;
            let mut path = String::new();
            let body = forget(&resource.body, &mut left, &mut path);
            resources.iter_mut().skip(index).take(1).for_each(|one| one.body = body.clone());
            if resource.kind.is_kubernetes() && is_identity(&path) {
                continue;
            }
            let less = input.judge_with(catalogue, control, resources);
            let message =
                || format!("`{path}` of {} is not known, and then: {:#?}", resource.label(), brief(&less));
            if !whole_is_clean && is_clean(&less) {
                return Err(format!("a fault became a pass: {}", message()));
            }
        }
    }
    Ok(())
}

/// Only passes, and at least one: what counts as in order.
fn is_clean(evaluation: &Evaluation) -> bool {
    let all = &evaluation.findings;
    all.iter().any(|one| one.verdict == Verdict::Pass) && all.iter().all(|one| one.verdict == Verdict::Pass)
}

/// Without them an object is another object, which sources refuse.
fn is_identity(path: &str) -> bool {
    matches!(path, "apiVersion" | "kind" | "metadata" | "metadata.name" | "metadata.namespace")
}

fn brief(evaluation: &Evaluation) -> Vec<String> {
    let line = |one: &Finding| format!("{} {}: {}", one.verdict, one.subject.label(), one.message);
    evaluation.findings.iter().map(line).collect()
}

fn count(node: &Node) -> usize {
    let entries = node.entries().iter().map(|entry| count(&entry.node));
    1 + node.items().iter().map(count).chain(entries).sum::<usize>()
}

/// The body with its `left`-th value not known; `path` is the path of that value.
fn forget(node: &Node, left: &mut usize, path: &mut String) -> Node {
    if *left == 0 {
        *left = usize::MAX;
        return Node::unresolved(Cause::KnownAfterApply, None, node.origin.clone());
    }
    *left = left.saturating_sub(1);
    let mut below = |key: &str, child: &Node| {
        let before = *left;
        let mut inner = String::new();
        let forgotten = forget(child, left, &mut inner);
        if before <= usize::MAX / 2 && *left > usize::MAX / 2 {
            *path = if inner.is_empty() { key.to_owned() } else { format!("{key}.{inner}") };
        }
        forgotten
    };
    let value = match &node.value {
        Value::List(items) => {
            let items: Vec<Node> =
                items.iter().enumerate().map(|(index, item)| below(&index.to_string(), item)).collect();
            items.into()
        }
        Value::Map(map) => {
            let entries =
                map.entries().iter().map(|entry| (entry.key.clone(), below(&entry.key, &entry.node)));
            entries.collect::<Map>().into()
        }
        other => other.clone(),
    };
    Node::new(value, node.origin.clone())
}
