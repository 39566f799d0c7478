//! The estate: every resource, how they are linked, and the workloads they run.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::link::{self, Lookup};
use crate::{
    Diagnostic, Field, Instance, Kind, Labels, Link, Location, Map, Node, Origin, Resource, ResourceId,
    Sources, Stage, Text, Workload, WorkloadId, defaults, fold, pod_spec, pod_template,
};

/// Everything known about one environment at one time.
#[derive(Debug, Default)]
pub struct Estate {
    sources: Sources,
    resources: Vec<Resource>,
    links: Vec<Link>,
    workloads: Vec<Workload>,
}

impl Estate {
    /// The files that were read.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// All resources, in the order they were read.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// All resources with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (ResourceId, &Resource)> {
        self.resources.iter().enumerate().map(|(index, resource)| (id_of(index), resource))
    }

    /// The resource with that id.
    pub fn resource(&self, id: ResourceId) -> Option<&Resource> {
        self.resources.get(id.index())
    }

    /// All links, sorted by what refers.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// The links that start at `from`.
    pub fn links_from(&self, from: ResourceId) -> &[Link] {
        let start = self.links.partition_point(|link| link.from < from);
        let end = self.links.partition_point(|link| link.from <= from);
        self.links.get(start..end).unwrap_or_default()
    }

    /// All workloads.
    pub fn workloads(&self) -> &[Workload] {
        &self.workloads
    }

    /// The workload with that id.
    pub fn workload(&self, id: WorkloadId) -> Option<&Workload> {
        self.workloads.get(id.index())
    }
}

/// Collects resources, then joins them.
#[derive(Debug, Default)]
pub struct EstateBuilder {
    sources: Sources,
    resources: Vec<Resource>,
}

impl EstateBuilder {
    /// The files of the run, to add what is read.
    pub fn sources_mut(&mut self) -> &mut Sources {
        &mut self.sources
    }

    /// Adds resources as a source produced them.
    pub fn extend(&mut self, resources: impl IntoIterator<Item = Resource>) {
        self.resources.extend(resources);
    }

    /// Joins everything: folds satellites, fills in defaults, places manifests on the only cluster,
    /// makes missing namespaces, links, and gathers workloads.
    pub fn finish(self) -> (Estate, Vec<Diagnostic>) {
        let (mut resources, mut diagnostics) = fold::fold(self.resources);
        resources.iter_mut().for_each(defaults::apply);
        place_on_only_cluster(&mut resources);
        add_namespaces(&mut resources);
        diagnostics.extend(duplicates(&resources));
        let lookup = Lookup::new(&resources);
        let (mut links, dangling) = link::properties(&resources, &lookup);
        links.sort();
        diagnostics.extend(dangling);
        let workloads = workloads(&mut resources);
        (Estate { sources: self.sources, resources, links, workloads }, diagnostics)
    }
}

fn id_of(index: usize) -> ResourceId {
    ResourceId(u32::try_from(index).unwrap_or(u32::MAX))
}

/// Manifests that name no cluster belong to the only one there is.
fn place_on_only_cluster(resources: &mut [Resource]) {
    let mut clusters = resources.iter().filter(|resource| resource.kind.as_str() == "AWS::EKS::Cluster");
    let (Some(cluster), None) = (clusters.next(), clusters.next()) else { return };
    let name = Text::from(cluster.body.text("Name").unwrap_or(&cluster.name));
    let unplaced =
        |resource: &&mut Resource| resource.kind.is_kubernetes() && resource.place.cluster.is_none();
    resources.iter_mut().filter(unplaced).for_each(|resource| resource.place.cluster = Some(name.clone()));
}

/// A namespace that is used but not in the input exists all the same.
fn add_namespaces(resources: &mut Vec<Resource>) {
    let kind = Kind::kubernetes("v1", "Namespace");
    let namespaces = resources.iter().filter(|resource| resource.kind == kind);
    let mut known: FxHashSet<_> =
        namespaces.map(|one| (one.place.cluster.clone(), one.name.clone())).collect();
    let mut made = Vec::new();
    for resource in resources.iter() {
        let Some(namespace) = &resource.place.namespace else { continue };
        if resource.kind.is_kubernetes() && known.insert((resource.place.cluster.clone(), namespace.clone()))
        {
            made.push(namespace_for(&kind, namespace, resource));
        }
    }
    resources.extend(made);
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

/// Two objects of one identity: both are judged, and a diagnostic names both places.
fn duplicates(resources: &[Resource]) -> Vec<Diagnostic> {
    let mut first: FxHashMap<_, Option<Location>> = FxHashMap::default();
    let mut diagnostics = Vec::new();
    for resource in resources.iter().filter(|resource| resource.kind.is_kubernetes()) {
        let identity = (resource.kind.clone(), resource.place.clone(), resource.name.clone());
        match first.get(&identity) {
            None => {
                first.insert(identity, resource.location());
            }
            Some(earlier) => diagnostics.push(
                Diagnostic::warning("duplicate-object", format!("`{}` is defined twice", resource.label()))
                    .at(resource.location())
                    .related(*earlier, "defined here first")
                    .help("assess one environment at a time, or leave one of the files out with --exclude"),
            ),
        }
    }
    diagnostics
}

/// Gathers workloads, and marks the pods and replica sets that are instances of one.
fn workloads(resources: &mut [Resource]) -> Vec<Workload> {
    let mut owners: FxHashMap<OwnerKey, ResourceId> = FxHashMap::default();
    for (index, resource) in resources.iter().enumerate() {
        if pod_template(&resource.kind).is_some() {
            owners.entry(OwnerKey::of(resource)).or_insert(id_of(index));
        }
    }
    let mut gathered: FxHashMap<OwnerKey, usize> = FxHashMap::default();
    let mut workloads: Vec<Workload> = Vec::new();
    let mut marks = Vec::new();
    for (index, resource) in resources.iter().enumerate() {
        if pod_template(&resource.kind).is_none() || is_finished(resource) {
            continue;
        }
        let key = top_owner(resource, resources, &owners);
        let controller = owners.get(&key).copied();
        if controller.is_some_and(|controller| controller != id_of(index)) {
            marks.push((index, controller));
        }
        let at = *gathered.entry(key.clone()).or_insert_with(|| {
            workloads.push(key.workload(controller.unwrap_or(id_of(index))));
            workloads.len() - 1
        });
        if let (Some(workload), true) = (workloads.get_mut(at), resource.kind.as_str() == "v1/Pod") {
            workload.instances.push(observed(id_of(index), resource));
        }
    }
    for workload in workloads.iter_mut().filter(|workload| workload.instances.is_empty()) {
        workload
            .instances
            .extend(resources.get(workload.resource.index()).map(|one| designed(workload, one)));
    }
    for (index, controller) in marks {
        if let Some(resource) = resources.get_mut(index) {
            resource.instance_of = controller;
        }
    }
    workloads
}

/// A controller by name; it need not be in the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct OwnerKey {
    cluster: Option<Text>,
    namespace: Text,
    kind: Text,
    name: Text,
}

impl OwnerKey {
    fn of(resource: &Resource) -> Self {
        Self {
            cluster: resource.place.cluster.clone(),
            namespace: resource.namespace().into(),
            kind: resource.kind.name().into(),
            name: resource.name.clone(),
        }
    }

    fn workload(&self, resource: ResourceId) -> Workload {
        let Self { cluster, namespace, kind, name } = self.clone();
        Workload { resource, namespace, name, kind, cluster, instances: Vec::new() }
    }
}

/// Follows owner references upwards, as far as the input goes. Ten steps: a hostile cycle ends.
fn top_owner(resource: &Resource, all: &[Resource], owners: &FxHashMap<OwnerKey, ResourceId>) -> OwnerKey {
    let mut key = OwnerKey::of(resource);
    let mut current = Some(resource);
    for _ in 0..10 {
        let Some(owner) = current.and_then(|one| one.body.get("metadata.ownerReferences.0")) else { break };
        let (Some(kind), Some(name)) = (owner.text("kind"), owner.text("name")) else { break };
        key = OwnerKey { kind: kind.into(), name: name.into(), ..key };
        current = owners.get(&key).and_then(|id| all.get(id.index()));
    }
    key
}

fn is_finished(resource: &Resource) -> bool {
    resource.kind.as_str() == "v1/Pod"
        && matches!(resource.body.text("status.phase"), Some("Succeeded" | "Failed"))
}

fn observed(id: ResourceId, pod: &Resource) -> Instance {
    let listed = pod.body.get("status.podIPs").map(Node::items).unwrap_or_default();
    let addresses = listed.iter().filter_map(|item| item.text("ip"));
    let single = pod.body.text("status.podIP").filter(|_| listed.is_empty());
    Instance {
        resource: id,
        name: Some(pod.name.clone()),
        labels: Labels::of(&pod.body),
        addresses: addresses.chain(single).filter_map(|text| text.parse().ok()).collect(),
        node: pod_spec(&pod.kind, &pod.body)
            .and_then(Field::present)
            .and_then(|spec| spec.text("nodeName"))
            .map(Text::from),
    }
}

fn designed(workload: &Workload, controller: &Resource) -> Instance {
    let template = pod_template(&controller.kind).and_then(|path| controller.body.get(path));
    Instance {
        resource: workload.resource,
        name: None,
        labels: template.map(Labels::of).unwrap_or_default(),
        addresses: Box::default(),
        node: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Node {
        Node::new(value, Origin::derived("test", None))
    }

    fn map(entries: Vec<(&str, Node)>) -> Node {
        let entries = entries.into_iter().map(|(key, node)| (key.into(), node)).collect::<Map>();
        Node::new(entries, Origin::derived("test", None))
    }

    fn object(api_version: &str, kind: &str, name: &str, body: Node) -> Resource {
        let mut resource = Resource::new(Kind::kubernetes(api_version, kind), name, body, Stage::Manifest);
        resource.place.namespace = Some("pay".into());
        resource
    }

    fn owned_pod(name: &str, kind: &str, owner: &str) -> Resource {
        let reference = map(vec![("kind", text(kind)), ("name", text(owner))]);
        let references = Node::new(vec![reference], Origin::derived("test", None));
        object("v1", "Pod", name, map(vec![("metadata", map(vec![("ownerReferences", references)]))]))
    }

    fn build(resources: Vec<Resource>) -> (Estate, Vec<Diagnostic>) {
        let mut builder = EstateBuilder::default();
        builder.extend(resources);
        builder.finish()
    }

    #[test]
    fn pods_are_instances_of_their_controller() {
        let (estate, _) = build(vec![
            object("apps/v1", "StatefulSet", "vault", map(vec![])),
            owned_pod("vault-0", "StatefulSet", "vault"),
            owned_pod("vault-1", "StatefulSet", "vault"),
        ]);
        let labels: Vec<_> = estate.workloads().iter().map(Workload::label).collect();
        assert_eq!(labels, ["pay/vault[StatefulSet]"]);
        assert_eq!(estate.workloads()[0].instances.len(), 2);
        assert_eq!(estate.resources()[1].instance_of, Some(ResourceId(0)));
        assert_eq!(estate.resources()[0].instance_of, None);
    }

    #[test]
    fn an_owner_outside_the_input_still_names_the_workload() {
        let (estate, _) =
            build(vec![owned_pod("a-1", "ReplicaSet", "a-5d"), owned_pod("a-2", "ReplicaSet", "a-5d")]);
        assert_eq!(estate.workloads()[0].label(), "pay/a-5d[ReplicaSet]");
        assert_eq!(estate.resources()[0].instance_of, None, "someone must be judged");
    }

    #[test]
    fn a_used_namespace_is_derived() {
        let (estate, _) = build(vec![object("v1", "ConfigMap", "a", map(vec![]))]);
        let namespace = estate.resources().last().unwrap();
        assert!(namespace.kind.is("Namespace") && namespace.name == "pay");
        assert!(matches!(namespace.origin, Origin::Derived(_)));
    }

    #[test]
    fn two_objects_of_one_identity_are_named() {
        let one = || object("v1", "ConfigMap", "a", map(vec![]));
        let (_, diagnostics) = build(vec![one(), one()]);
        assert_eq!(diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), ["duplicate-object"]);
    }

    #[test]
    fn rules_fold_into_their_group_and_links_are_typed() {
        let target = crate::Target { scope: "t".into(), address: "Group".into(), attribute: None };
        let reference = || {
            Node::unresolved(
                crate::Cause::Assigned("Group".into()),
                Some(target.clone()),
                Origin::derived("test", None),
            )
        };
        let mut group =
            Resource::new(Kind::new("AWS::EC2::SecurityGroup"), "Group", map(vec![]), Stage::Template);
        (group.scope, group.address) = (Some("t".into()), Some("Group".into()));
        let body = map(vec![("GroupId", reference()), ("CidrIp", text("0.0.0.0/0"))]);
        let mut rule =
            Resource::new(Kind::new("AWS::EC2::SecurityGroupIngress"), "Rule", body, Stage::Template);
        rule.satellite = crate::Satellite::of_cloudformation(&rule.kind, &rule.body).map(Box::new);
        let data = map(vec![(
            "LaunchTemplateData",
            map(vec![("SecurityGroupIds", Node::new(vec![reference()], Origin::derived("test", None)))]),
        )]);
        let template = Resource::new(Kind::new("AWS::EC2::LaunchTemplate"), "Nodes", data, Stage::Template);
        let (estate, diagnostics) = build(vec![rule, group, template]);
        assert_eq!(diagnostics, []);
        assert_eq!(estate.resources().len(), 2);
        assert_eq!(estate.resources()[0].body.text("SecurityGroupIngress.0.CidrIp"), Some("0.0.0.0/0"));
        assert!(estate.links().iter().any(|link| link.relation == crate::Relation::SecurityGroup));
    }
}
