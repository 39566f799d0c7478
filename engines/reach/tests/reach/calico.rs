//! Policies of Calico, each case by hand.

mod entity;
mod model;
mod node;
mod order;
mod properties;
mod random;
mod unknown;

use ringfence_model::Diagnostic;
use ringfence_reach::{Profile, Reach};
use serde_json::{Value as Json, json};

use crate::fixture::{check_as, estate, with};

fn object(kind: &str, name: &str, spec: Json) -> Json {
    json!({"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn global(name: &str, spec: Json) -> Json {
    object("GlobalNetworkPolicy", name, spec)
}

/// A policy of Calico in namespace `n`.
fn own(name: &str, spec: Json) -> Json {
    let mut manifest = object("NetworkPolicy", name, spec);
    manifest["metadata"]["namespace"] = json!("n");
    manifest
}

fn tier(name: &str, order: Json, action: &str) -> Json {
    object("Tier", name, json!({"order": order, "defaultAction": action}))
}

fn labelled(kind: &str, name: &str, labels: Json, spec: Json) -> Json {
    let mut manifest = object(kind, name, spec);
    manifest["metadata"]["labels"] = labels;
    manifest
}

/// Ingress of `app == 'b'` by the rules given.
fn ingress(rules: Json) -> Json {
    json!({"selector": "app == 'b'", "types": ["Ingress"], "ingress": rules})
}

fn from(selector: &str, action: &str) -> Json {
    json!({"action": action, "source": {"selector": selector}})
}

#[track_caller]
fn check(manifests: &[Json], expected: &[&str]) {
    check_as(Profile::Calico, manifests, expected);
}

/// Pods `a`, `b` and `c` of namespace `n`, and what may be opened towards `b`.
#[track_caller]
fn towards_b(more: Vec<Json>, expected: &[&str]) {
    let manifests = with(&["a", "b", "c"], more);
    let estate = estate(&manifests);
    let (reach, _) = Reach::new(&estate, Profile::Calico);
    let everyone = crate::fixture::everyone(&estate);
    let lines = crate::fixture::lines(&estate, &reach, &everyone, &everyone);
    let found: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let (pair, ports) = line.split_once(" : ")?;
            let (from, to) = pair.split_once(" => ")?;
            (to == "n/b").then(|| format!("{} {ports}", from.trim_start_matches("n/")))
        })
        .collect();
    assert_eq!(found, expected, "{manifests:#?}");
}

#[track_caller]
fn diagnostics(more: Vec<Json>) -> Vec<String> {
    let estate = estate(&with(&["a", "b", "c"], more));
    let (_, diagnostics) = Reach::new(&estate, Profile::Calico);
    let code = |one: &Diagnostic| format!("{} {}", one.code, one.message);
    diagnostics.iter().map(code).collect()
}
