//! What all joins share: the objects that names refer to, the clusters, and the links made so far.

use rustc_hash::FxHashMap;

use super::dangling::{Dangling, What};
use super::{Link, Lookup, Relation};
use crate::estate::Kinds;
use crate::{
    Diagnostic, Field, Kind, Location, Node, Resource, ResourceId, Text, Value, Workload, cluster_name,
};

/// Kinds that others refer to by name: API group, kind.
const REFERENCED: &[(&str, &str)] = &[
    ("", "ConfigMap"),
    ("", "Node"),
    ("", "PersistentVolumeClaim"),
    ("", "Secret"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "Role"),
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass"),
];

/// The joins of one estate while they are made. Everything is looked up by hash; work is per workload,
/// never per pair.
pub(super) struct Joins<'a> {
    pub(super) resources: &'a [Resource],
    pub(super) workloads: &'a [Workload],
    kinds: &'a Kinds,
    pub(super) lookup: &'a Lookup<'a>,
    objects: FxHashMap<Identity<'a>, ResourceId>,
    links: Vec<Link>,
    pub(super) dangling: Dangling<'a>,
}

/// An object within the estate.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity<'a> {
    pub(super) kind: &'static str,
    pub(super) cluster: Option<&'a str>,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
}

impl<'a> Joins<'a> {
    pub(super) fn new(
        resources: &'a [Resource],
        workloads: &'a [Workload],
        kinds: &'a Kinds,
        lookup: &'a Lookup<'a>,
        links: Vec<Link>,
    ) -> Self {
        let objects = objects(resources, kinds);
        Self { resources, workloads, kinds, lookup, objects, links, dangling: Dangling::default() }
    }

    pub(super) fn finish(self) -> (Vec<Link>, Vec<Diagnostic>) {
        (self.links, self.dangling.diagnostics())
    }

    pub(super) fn add(&mut self, from: ResourceId, relation: Relation, to: ResourceId, at: Option<Location>) {
        self.links.push(Link { from, relation, to, location: at });
    }

    pub(super) fn object(&self, identity: &Identity<'_>) -> Option<ResourceId> {
        self.objects.get(identity).copied()
    }

    /// Links `from` to the object that `name` names, and notes what cannot be found or told.
    pub(super) fn refer(&mut self, from: ResourceId, relation: Relation, reference: &Reference<'a>) {
        let Reference { what, cluster, namespace, name, optional } = *reference;
        let text = match name.as_field() {
            Field::Absent => return,
            Field::Unresolved(node, _) => {
                return match self.lookup.resolve(node, None) {
                    Some(to) => self.add(from, relation, to, node.location()),
                    None => self.dangling.untold(what, node),
                };
            }
            Field::Present(node) => match &node.value {
                Value::Text(text) if !text.is_empty() => text,
                _ => return,
            },
        };
        let identity = Identity { kind: what.kind(), cluster, namespace, name: text };
        match self.object(&identity) {
            Some(to) => self.add(from, relation, to, name.location()),
            None if optional || what.exists_anyway(text) => {}
            None => self.dangling.missing(what, namespace, text, name.location()),
        }
    }

    /// The name of the cluster that `value` (a `ClusterName`) means.
    pub(super) fn cluster_name(&self, value: &'a Node) -> Option<&'a str> {
        match self.lookup.resolve(value, Some("AWS::EKS::Cluster")) {
            Some(id) => self.resources.get(id.index()).map(cluster_name),
            None => value.as_str(),
        }
    }

    /// All resources of one API group and kind, in any version, in the order they were read.
    pub(super) fn of(&self, group: &str, kind: &str) -> Vec<Found<'a>> {
        found(self.resources, self.kinds, |there| there.name() == kind && there.group() == Some(group))
    }

    /// All resources of one AWS type, in the order they were read.
    pub(super) fn aws(&self, kind: &str) -> Vec<Found<'a>> {
        found(self.resources, self.kinds, |there| there.as_str() == kind)
    }
}

/// A resource with its id.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) id: ResourceId,
    pub(super) resource: &'a Resource,
}

impl<'a> Found<'a> {
    pub(super) fn cluster(self) -> Option<&'a str> {
        self.resource.place.cluster.as_deref()
    }
}

/// A name as it is written, and what it is to mean.
#[derive(Clone, Copy)]
pub(super) struct Reference<'a> {
    pub(super) what: What,
    pub(super) cluster: Option<&'a str>,
    pub(super) namespace: &'a str,
    pub(super) name: &'a Node,
    /// Nothing is said where it is missing.
    pub(super) optional: bool,
}

fn found<'a>(resources: &'a [Resource], kinds: &Kinds, wanted: impl Fn(&Kind) -> bool) -> Vec<Found<'a>> {
    let ids = kinds.iter().filter(|(kind, _)| wanted(kind)).flat_map(|(_, ids)| ids);
    let mut found: Vec<Found<'a>> =
        ids.filter_map(|id| Some(Found { id: *id, resource: resources.get(id.index())? })).collect();
    found.sort_unstable_by_key(|one| one.id);
    found
}

fn objects<'a>(resources: &'a [Resource], kinds: &Kinds) -> FxHashMap<Identity<'a>, ResourceId> {
    let mut objects = FxHashMap::default();
    for (group, kind) in REFERENCED {
        for Found { id, resource } in
            found(resources, kinds, |there| there.name() == *kind && there.group() == Some(group))
        {
            let identity = Identity {
                kind,
                cluster: resource.place.cluster.as_deref(),
                namespace: resource.namespace(),
                name: &resource.name,
            };
            objects.entry(identity).or_insert(id);
        }
    }
    objects
}

/// The cluster of a workload, as identities have it.
pub(super) fn cluster_of(workload: &Workload) -> Option<&str> {
    workload.cluster.as_ref().map(Text::as_str)
}
