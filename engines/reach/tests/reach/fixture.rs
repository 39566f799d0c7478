//! Estates from JSON manifests, and reach as lines.

use ringfence_model::fact::{Edge, Peer};
use ringfence_model::{
    Cause, Estate, EstateBuilder, FileId, Key, Kind, Location, Map, Node, Resource, Stage, Target, Text,
    Value, WorkloadId,
};
use ringfence_reach::{Endpoints, Profile, Reach};
use serde_json::{Value as Json, json};

/// A text of this form becomes an unresolved value.
pub(crate) const UNKNOWN: &str = "(unknown)";

/// The estate of some manifests. Every node has a place of its own, so that tests can tell them apart.
pub(crate) fn estate(manifests: &[Json]) -> Estate {
    let mut builder = EstateBuilder::default();
    let file = builder.sources_mut().add("cluster.json", " ".repeat(1 << 16));
    let mut offset = 0;
    builder.extend(manifests.iter().map(|manifest| resource(manifest, file, &mut offset)));
    builder.finish().0
}

fn resource(manifest: &Json, file: FileId, offset: &mut usize) -> Resource {
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Json::as_str).map(Text::from);
    if let Some(kind) = text("/Type") {
        let body = node(manifest.get("Properties").unwrap_or(&Json::Null), file, offset);
        let mut resource =
            Resource::new(Kind::new(kind.as_str()), text("/Id").unwrap(), body, Stage::Template);
        resource.scope = Some("t".into());
        resource.address = text("/Id");
        return resource;
    }
    let kind = Kind::kubernetes(&text("/apiVersion").unwrap(), &text("/kind").unwrap());
    let mut resource =
        Resource::new(kind, text("/metadata/name").unwrap(), node(manifest, file, offset), Stage::Manifest);
    resource.place.namespace = text("/metadata/namespace");
    resource.place.cluster = text("/cluster");
    resource
}

fn node(json: &Json, file: FileId, offset: &mut usize) -> Node {
    *offset += 1;
    let location = Location::new(file, *offset, *offset + 1);
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap()), Value::Int)
        }
        Json::String(text) if text == UNKNOWN => {
            return Node::unresolved(
                Cause::Parameter("P".into()),
                None,
                ringfence_model::Origin::Explicit(location),
            );
        }
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => {
            Value::from(items.iter().map(|item| node(item, file, offset)).collect::<Vec<_>>())
        }
        Json::Object(entries) if entries.contains_key("Ref") => {
            let address = Text::from(entries["Ref"].as_str().unwrap());
            let target = Target { scope: "t".into(), address: address.clone(), attribute: None };
            let origin = ringfence_model::Origin::Explicit(location);
            return Node::unresolved(Cause::Assigned(address), Some(target), origin);
        }
        Json::Object(entries) => {
            let entries =
                entries.iter().map(|(key, value)| (Key::from(key.as_str()), node(value, file, offset)));
            Value::from(entries.collect::<Map>())
        }
    };
    Node::explicit(value, location)
}

/// All workloads of an estate.
pub(crate) fn everyone(estate: &Estate) -> Endpoints {
    Endpoints::workloads(estate.iter_workloads().map(|(id, _)| id))
}

/// The workload called `ns/name[Kind]`.
pub(crate) fn workload(estate: &Estate, label: &str) -> WorkloadId {
    let mut found =
        estate.iter_workloads().filter(|(_, workload)| workload.label() == label).map(|(id, _)| id);
    found.next().unwrap_or_else(|| panic!("no {label}"))
}

/// Who may talk to whom: `ns/a => ns/b : TCP 80`, with `?` where it depends; sorted.
pub(crate) fn lines(estate: &Estate, reach: &Reach, from: &Endpoints, to: &Endpoints) -> Vec<String> {
    let mut lines = Vec::new();
    for edge in reach.between(from, to).iter().filter(|edge| !edge.is_denied()) {
        for source in &edge.from {
            for destination in edge.to.iter().filter(|one| *one != source) {
                let pair = format!("{} => {}", name(estate, *source), name(estate, *destination));
                lines.extend(decisions(edge).map(|decision| format!("{pair} : {decision}")));
            }
        }
    }
    lines.sort();
    lines
}

fn decisions(edge: &Edge) -> impl Iterator<Item = String> {
    let certain = (!edge.allowed.is_empty()).then(|| edge.allowed.to_string());
    let depends = (!edge.depends.is_empty()).then(|| format!("{}?", edge.depends));
    certain.into_iter().chain(depends)
}

/// `ns/name`, or the range.
pub(crate) fn name(estate: &Estate, peer: Peer) -> String {
    match peer {
        Peer::External(range) => range.to_string(),
        Peer::Landmark(landmark) => landmark.as_str().to_owned(),
        Peer::Name(name) => format!("name {name}"),
        Peer::Workload(id) => {
            let workload = estate.workload(id).unwrap();
            let cluster = workload.cluster.as_ref().map(|cluster| format!("{cluster}:")).unwrap_or_default();
            format!("{cluster}{}/{}", workload.namespace, workload.name)
        }
    }
}

/// Checks who may talk to whom among the workloads of `manifests`.
#[track_caller]
pub(crate) fn check_as(profile: Profile, manifests: &[Json], expected: &[&str]) {
    let estate = estate(manifests);
    let (reach, _) = Reach::new(&estate, profile);
    let everyone = everyone(&estate);
    assert_eq!(lines(&estate, &reach, &everyone, &everyone), expected, "{manifests:#?}");
}

/// The same under `spec`.
#[track_caller]
pub(crate) fn check(manifests: &[Json], expected: &[&str]) {
    check_as(Profile::Spec, manifests, expected);
}

pub(crate) fn namespace(name: &str, labels: Json) -> Json {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// A running pod with address `10.0.0.<last>`, label `app: <name>` and port 8080 called `http`.
pub(crate) fn pod(namespace: &str, name: &str, last: u8) -> Json {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 8080}]}]},
        "status": {"podIP": format!("10.0.0.{last}")},
    })
}

/// A workload of which only the template is known.
pub(crate) fn deployment(namespace: &str, name: &str) -> Json {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c"}]}}},
    })
}

pub(crate) fn policy(name: &str, spec: Json) -> Json {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "n"}, "spec": spec,
    })
}

/// `pods` in namespace `n`, then one more manifest.
pub(crate) fn with(pods: &[&str], more: Vec<Json>) -> Vec<Json> {
    let numbered = (1..).zip(pods).map(|(last, name)| pod("n", name, last));
    [namespace("n", json!({}))].into_iter().chain(numbered).chain(more).collect()
}

pub(crate) fn app(name: &str) -> Json {
    json!({"matchLabels": {"app": name}})
}
