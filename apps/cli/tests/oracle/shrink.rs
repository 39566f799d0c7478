//! Makes a mismatch small: whatever can go without changing it, goes.

use serde_json::Value as Json;

use crate::case::{Case, text};

/// The smallest case that `fails` still, as far as removing one thing at a time finds it.
pub(crate) fn smallest(case: Case, fails: &dyn Fn(&Case) -> bool) -> Case {
    let mut smallest = case;
    loop {
        let before = smallest.manifests.clone();
        smallest = fewer(smallest, fails, |case| &mut case.manifests);
        for index in 0..smallest.manifests.len() {
            smallest = smaller_manifest(smallest, index, fails);
        }
        if smallest.manifests == before {
            return smallest;
        }
    }
}

/// Without the elements that do not matter.
fn fewer<T: Clone>(case: Case, fails: &dyn Fn(&Case) -> bool, list: fn(&mut Case) -> &mut Vec<T>) -> Case {
    let mut smallest = case;
    let mut index = 0;
    while index < list(&mut smallest).len() {
        let mut without = smallest.clone();
        list(&mut without).remove(index);
        if fails(&without) {
            smallest = without;
        } else {
            index += 1;
        }
    }
    smallest
}

/// Without the parts of one manifest that do not matter.
fn smaller_manifest(case: Case, index: usize, fails: &dyn Fn(&Case) -> bool) -> Case {
    let mut smallest = case;
    let mut removed = 0;
    loop {
        let admin = text(&smallest.manifests[index], "/apiVersion").starts_with("policy.networking.k8s.io/");
        let mut parts = parts(&smallest.manifests[index], "");
        // Rules of admin policies must name peers.
        parts.retain(|part| !(admin && (part.ends_with("/from") || part.ends_with("/to"))));
        let Some(part) = parts.get(removed) else { return smallest };
        let mut without = smallest.clone();
        remove(&mut without.manifests[index], part);
        if fails(&without) {
            smallest = without;
        } else {
            removed += 1;
        }
    }
}

/// Keys that may go with all that is below them.
const OPTIONAL: [&str; 13] = [
    "labels",
    "matchLabels",
    "matchExpressions",
    "policyTypes",
    "ingress",
    "egress",
    "from",
    "to",
    "ports",
    "protocols",
    "except",
    "initContainers",
    "protocol",
];

/// Pointers to what may be removed: optional keys, labels, and elements of lists that have another.
fn parts(value: &Json, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    match value {
        Json::Object(entries) => {
            let labels = at.ends_with("/labels") || at.ends_with("/matchLabels");
            for (key, value) in entries {
                let path = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                if labels || OPTIONAL.contains(&key.as_str()) {
                    found.push(path.clone());
                }
                found.extend(parts(value, &path));
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{at}/{index}");
                if items.len() > 1 {
                    found.push(path.clone());
                }
                found.extend(parts(item, &path));
            }
        }
        _ => {}
    }
    found
}

fn remove(manifest: &mut Json, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    let key = key.replace("~1", "/").replace("~0", "~");
    match manifest.pointer_mut(parent) {
        Some(Json::Object(entries)) => drop(entries.remove(&key)),
        Some(Json::Array(items)) => drop(key.parse().map(|index: usize| items.remove(index))),
        _ => {}
    }
}
