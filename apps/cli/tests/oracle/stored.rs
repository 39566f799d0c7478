//! Objects as an API server would hand them out: with its defaults, without empty lists.
//!
//! Engines that read their API from a server rely on it: to kube-network-policies an `ingress: []` that
//! is not dropped means "everything". Our engine gets the objects as they were written.

use serde_json::{Map, Value as Json};

use crate::case::text;
use crate::selects::concerns;

pub(crate) fn all(manifests: &[Json]) -> Vec<Json> {
    manifests.iter().cloned().map(one).collect()
}

fn one(mut manifest: Json) -> Json {
    let kind = manifest["kind"].as_str().unwrap_or_default().to_owned();
    if kind == "NetworkPolicy" {
        default_types(&mut manifest["spec"]);
    }
    if let Some(spec) = manifest.get_mut("spec") {
        without_empty_lists(spec);
        if kind.ends_with("AdminNetworkPolicy") {
            default_protocols(spec);
        }
    }
    manifest
}

/// `policyTypes` is always stored: Ingress, and Egress where there are egress rules.
fn default_types(spec: &mut Json) {
    let some = |value: &Json| value.as_array().is_some_and(|items| !items.is_empty());
    if !some(&spec["policyTypes"]) {
        let egress = some(&spec["egress"]).then_some("Egress");
        spec["policyTypes"] = ["Ingress"].into_iter().chain(egress).collect();
    }
}

fn without_empty_lists(value: &mut Json) {
    match value {
        Json::Object(entries) => {
            entries.retain(|_, value| value.as_array().is_none_or(|items| !items.is_empty()));
            entries.values_mut().for_each(without_empty_lists);
        }
        Json::Array(items) => items.iter_mut().for_each(without_empty_lists),
        _ => {}
    }
}

/// `portNumber` and `portRange` have protocol TCP unless they say otherwise.
fn default_protocols(value: &mut Json) {
    match value {
        Json::Object(entries) => {
            for key in ["portNumber", "portRange"] {
                let port = entries.get_mut(key).and_then(Json::as_object_mut);
                port.into_iter().for_each(|port: &mut Map<String, Json>| {
                    port.entry("protocol").or_insert_with(|| "TCP".into());
                });
            }
            entries.values_mut().for_each(default_protocols);
        }
        Json::Array(items) => items.iter_mut().for_each(default_protocols),
        _ => {}
    }
}

/// Rules of a direction that a NetworkPolicy does not concern say nothing; some engines refuse the file for them,
/// or let them say something.
pub(crate) fn drop_idle_rules(manifests: &mut [Json]) {
    for manifest in manifests.iter_mut().filter(|manifest| text(manifest, "/kind") == "NetworkPolicy") {
        for (key, direction) in [("ingress", "Ingress"), ("egress", "Egress")] {
            if !concerns(manifest, direction) {
                manifest["spec"].as_object_mut().expect("a spec").remove(key);
            }
        }
    }
}
