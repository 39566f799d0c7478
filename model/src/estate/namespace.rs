//! A namespace that is used but not in the input exists all the same.

use rustc_hash::FxHashSet;

use crate::{Kind, Map, Node, Origin, Resource, Stage, Text};

/// Adds the namespaces that resources use and the input lacks, as derived.
pub(super) fn add_missing(resources: &mut Vec<Resource>) {
    let kind = Kind::kubernetes("v1", "Namespace");
    let made = missing(&kind, resources);
    resources.extend(made);
}

fn missing(kind: &Kind, resources: &[Resource]) -> Vec<Resource> {
    let namespaces = resources.iter().filter(|resource| resource.kind == *kind);
    let mut known: FxHashSet<(Option<&str>, &str)> =
        namespaces.map(|one| (one.place.cluster.as_deref(), one.name.as_str())).collect();
    let mut made = Vec::new();
    for resource in resources.iter().filter(|resource| resource.kind.is_kubernetes()) {
        let Some(name) = &resource.place.namespace else { continue };
        if known.insert((resource.place.cluster.as_deref(), name)) {
            made.push(namespace_for(kind, name, resource));
        }
    }
    made
}

fn namespace_for(kind: &Kind, name: &Text, user: &Resource) -> Resource {
    let because = format!("namespace `{name}` is used but not in the input");
    let origin = Origin::derived(because, user.location());
    let map = |entries: Vec<(&str, Node)>| {
        let entries = entries.into_iter().map(|(key, node)| (key.into(), node)).collect::<Map>();
        Node::new(entries, origin.clone())
    };
    let text = |value: &str| Node::new(value, origin.clone());
    let metadata = map(vec![("name", text(name))]);
    let body = map(vec![("apiVersion", text("v1")), ("kind", text("Namespace")), ("metadata", metadata)]);
    let mut namespace = Resource::new(kind.clone(), name.clone(), body, Stage::Manifest);
    namespace.place.cluster.clone_from(&user.place.cluster);
    namespace
}
