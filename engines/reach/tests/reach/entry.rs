//! Ways in: one line for each passage, one table for each feature.
//!
//! ```text
//! load balancer n/web[Service] internet-facing TCP 443 => n/web TCP 8080 seen as node : TCP 8080?
//! ```

mod balancer;
mod gateway;
mod ingress;
mod question;
mod random;
mod service;
mod unknown;

use ringfence_model::fact::{Decision, Entry, Listener, Passage, Seen, Target, TargetEnd, Tls};
use ringfence_model::{Estate, Resource, ResourceId};
use ringfence_reach::{Profile, Reach};
use serde_json::{Value as Json, json};

use crate::fixture::estate;

/// The ways in of `manifests`, as lines.
pub(crate) fn lines(manifests: &[Json]) -> Vec<String> {
    let estate = estate(manifests);
    let (reach, _) = Reach::new(&estate, Profile::Spec);
    let (entries, _) = reach.entries(&estate);
    entries.iter().flat_map(|entry| of_entry(&estate, entry)).collect()
}

/// Codes of what is said besides.
pub(crate) fn codes(manifests: &[Json]) -> Vec<&'static str> {
    let estate = estate(manifests);
    let (reach, _) = Reach::new(&estate, Profile::Spec);
    reach.entries(&estate).1.into_iter().map(|one| one.code).collect()
}

#[track_caller]
pub(crate) fn check(manifests: &[Json], expected: &[&str]) {
    let found = lines(manifests);
    assert_eq!(found, expected, "\n{}\n", found.join("\n"));
}

/// The conditions of the only entry that has any, or of its passages.
pub(crate) fn conditions(manifests: &[Json]) -> Vec<String> {
    let estate = estate(manifests);
    let (reach, _) = Reach::new(&estate, Profile::Spec);
    let (entries, _) = reach.entries(&estate);
    let passages = entries.iter().flat_map(Entry::passages);
    let mut found: Vec<String> =
        passages.filter_map(|(_, _, passage)| passage.condition.as_ref().map(ToString::to_string)).collect();
    found.sort();
    found.dedup();
    found
}

fn of_entry(estate: &Estate, entry: &Entry) -> Vec<String> {
    let label = |id: &ResourceId| estate.resource(*id).map(Resource::label).unwrap();
    let through: Vec<String> = entry.through.iter().map(label).collect();
    let group = entry.group.as_ref().map(|group| format!(" in group {group}")).unwrap_or_default();
    let mut clients = entry.clients.facing.as_str().to_owned();
    if entry.clients.ranges.len() != 2 || entry.clients.ranges[0].to_string() != "0.0.0.0-255.255.255.255" {
        let ranges: Vec<String> = entry.clients.ranges.iter().map(ToString::to_string).collect();
        clients = format!("{clients} from {}", ranges.join(" "));
    }
    let listeners: Vec<String> = entry.listeners.iter().map(listener).collect();
    let head =
        format!("{} {}{group} {clients} on {}", entry.way.as_str(), through.join(" "), listeners.join(","));
    if entry.targets.is_empty() {
        return vec![format!("{head} => nowhere")];
    }
    entry.targets.iter().flat_map(|target| of_target(estate, &head, target)).collect()
}

fn listener(listener: &Listener) -> String {
    let port = listener.port;
    let tls = match listener.tls {
        Tls::No => "",
        Tls::Ends => "+TLS",
        Tls::PassesOn => "+TLS through",
        Tls::Unknown => "+TLS?",
    };
    let number = match (port.start, port.end) {
        (start, end) if start == end => start.to_string(),
        (1, 65535) => "any".to_owned(),
        (start, end) => format!("{start}-{end}"),
    };
    format!("{} {number}{tls}", port.protocol.as_str())
}

fn of_target(estate: &Estate, head: &str, target: &Target) -> Vec<String> {
    let end = match &target.end {
        TargetEnd::Workload(id) => {
            let workload = estate.workload(*id).unwrap();
            format!("{}/{}", workload.namespace, workload.name)
        }
        TargetEnd::Address(address) => address.to_string(),
        TargetEnd::Name(name) => format!("name {name}"),
        TargetEnd::Absent(name) => format!("({name})"),
    };
    let seen: Vec<&str> = target.seen.iter().map(|seen| short(*seen)).collect();
    let head = format!("{head} => {end} {} seen as {}", target.ports, seen.join("|"));
    if target.passages.is_empty() {
        return vec![head];
    }
    target.passages.iter().map(|passage| format!("{head} : {}", of_passage(target, passage))).collect()
}

fn short(seen: Seen) -> &'static str {
    match seen {
        Seen::Client => "client",
        Seen::LoadBalancer => "balancer",
        Seen::Node => "node",
        Seen::Pods => "pods",
        Seen::AbsentPods => "absent pods",
    }
}

fn of_passage(target: &Target, passage: &Passage) -> String {
    let clients = match target.seen.as_slice() {
        [Seen::Client] if passage.clients.len() < 2 => {
            passage.clients.iter().map(|range| format!(" to {range}")).collect()
        }
        _ => String::new(),
    };
    let decision = match passage.decision() {
        Decision::Allow if passage.depends.is_empty() => format!("allow {}", passage.allowed),
        Decision::Allow => format!("allow {}; {}?", passage.allowed, passage.depends),
        Decision::Deny => "deny".to_owned(),
        Decision::Depends(_) => format!("{}?", passage.depends),
    };
    format!("{decision}{clients}")
}

/// A Service of namespace `n` that selects `app: NAME` and leads TCP 443 to 8080.
pub(crate) fn service(name: &str, spec: Json) -> Json {
    let mut all =
        json!({"selector": {"app": name}, "ports": [{"name": "web", "port": 443, "targetPort": 8080}]});
    for (key, value) in spec.as_object().unwrap() {
        all[key] = value.clone();
    }
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "n"}, "spec": all})
}

pub(crate) fn annotated(mut object: Json, annotations: Json) -> Json {
    object["metadata"]["annotations"] = annotations;
    object
}
