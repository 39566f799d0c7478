//! The estate: every resource, how they are linked, and the workloads they run.

mod cluster;
mod label;
mod namespace;

#[cfg(test)]
pub(crate) mod fixture;

pub use cluster::cluster_name;
pub use label::Label;

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::workload::gather::{self, Gathered};
use crate::{
    Diagnostic, Kind, Link, Location, Place, Resource, ResourceId, Sources, Text, Workload, WorkloadId,
    defaults, fold, link,
};

/// Everything known about one environment at one time.
#[derive(Debug, Default)]
pub struct Estate {
    sources: Sources,
    resources: Vec<Resource>,
    links: Vec<Link>,
    /// Indices of links, sorted by what they refer to.
    incoming: Vec<u32>,
    workloads: Vec<Workload>,
    workload_of: Vec<Option<WorkloadId>>,
    kinds: Kinds,
    names: OnceLock<label::Names>,
}

impl Estate {
    /// The files that were read.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The files that were read, to add what is read besides (a user's own controls).
    pub fn sources_mut(&mut self) -> &mut Sources {
        &mut self.sources
    }

    /// All resources, in the order they were read.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// All resources with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (ResourceId, &Resource)> {
        self.resources.iter().enumerate().map(|(index, resource)| (ResourceId::at(index), resource))
    }

    /// The resource with that id.
    pub fn resource(&self, id: ResourceId) -> Option<&Resource> {
        self.resources.get(id.index())
    }

    /// The resources of `kind` in its whole spelling (`AWS::EKS::Cluster`, `apps/v1/Deployment`), in the
    /// order they were read.
    pub fn of_kind(&self, kind: &str) -> &[ResourceId] {
        self.kinds.get(kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// The resources that people call `label`: `ns/name`, `ns/name[Kind]`, `name[Kind]`,
    /// `AWS::Type/name` (logical id, physical name or `stack/LogicalId`), or a Terraform address.
    /// `ns/name` may be several of different kinds.
    pub fn find(&self, label: &str) -> Vec<ResourceId> {
        self.names.get_or_init(|| label::Names::new(&self.resources)).find(&self.resources, label)
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

    /// The links that end at `to`, sorted by what refers.
    pub fn links_to(&self, to: ResourceId) -> impl Iterator<Item = &Link> {
        let target = |index: &u32| self.links.get(*index as usize).map(|link| link.to);
        let start = self.incoming.partition_point(|index| target(index) < Some(to));
        let rest = self.incoming.get(start..).unwrap_or_default().iter();
        rest.filter_map(|index| self.links.get(*index as usize)).take_while(move |link| link.to == to)
    }

    /// All workloads.
    pub fn workloads(&self) -> &[Workload] {
        &self.workloads
    }

    /// All workloads with their ids.
    pub fn iter_workloads(&self) -> impl Iterator<Item = (WorkloadId, &Workload)> {
        self.workloads.iter().enumerate().map(|(index, workload)| (WorkloadId::at(index), workload))
    }

    /// The workload with that id.
    pub fn workload(&self, id: WorkloadId) -> Option<&Workload> {
        self.workloads.get(id.index())
    }

    /// The estate without what `gone` holds for and with `more` besides, joined anew: for questions about a
    /// change. Workloads keep their ids where no pod and no controller comes or goes; places of what
    /// stays still refer to the files of this estate.
    #[must_use]
    pub fn changed(&self, gone: impl Fn(&Resource) -> bool, more: Vec<Resource>) -> Self {
        let stays = self.resources.iter().filter(|resource| !gone(resource)).cloned();
        let builder = EstateBuilder { sources: Sources::default(), resources: stays.chain(more).collect() };
        builder.finish().0
    }

    /// The workload that `resource` makes or is a part of: its controller, a replica set below it, or one
    /// of its pods.
    pub fn workload_of(&self, resource: ResourceId) -> Option<WorkloadId> {
        self.workload_of.get(resource.index()).copied().flatten()
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
    /// makes missing namespaces, gathers workloads, and links.
    pub fn finish(self) -> (Estate, Vec<Diagnostic>) {
        let (mut resources, mut diagnostics) = fold::fold(self.resources);
        resources.iter_mut().for_each(defaults::apply);
        diagnostics.extend(cluster::place(&mut resources));
        namespace::add_missing(&mut resources);
        diagnostics.extend(duplicates(&resources));
        let Gathered { workloads, workload_of } = gather::gather(&mut resources);
        let kinds = kinds(&resources);
        let (links, dangling) = link::all(&resources, &workloads, &kinds);
        diagnostics.extend(dangling);
        let incoming = incoming(&links);
        let estate = Estate {
            sources: self.sources,
            resources,
            links,
            incoming,
            workloads,
            workload_of,
            kinds,
            names: OnceLock::new(),
        };
        (estate, diagnostics)
    }
}

fn incoming(links: &[Link]) -> Vec<u32> {
    let mut indices: Vec<u32> = (0..u32::try_from(links.len()).unwrap_or(u32::MAX)).collect();
    // Stable, so links to one resource stay sorted by what refers.
    indices.sort_by_key(|index| links.get(*index as usize).map(|link| link.to));
    indices
}

/// Resources by kind, in the order they were read.
pub(crate) type Kinds = FxHashMap<Kind, Vec<ResourceId>>;

fn kinds(resources: &[Resource]) -> Kinds {
    let mut kinds = Kinds::default();
    for (index, resource) in resources.iter().enumerate() {
        match kinds.get_mut(resource.kind.as_str()) {
            Some(ids) => ids.push(ResourceId::at(index)),
            None => {
                kinds.insert(resource.kind.clone(), vec![ResourceId::at(index)]);
            }
        }
    }
    kinds
}

/// Two objects of one identity: both are judged, and a diagnostic names both places.
fn duplicates(resources: &[Resource]) -> Vec<Diagnostic> {
    let mut first: FxHashMap<(&Kind, &Place, &Text), Option<Location>> = FxHashMap::default();
    let mut diagnostics = Vec::new();
    for resource in resources.iter().filter(|resource| resource.kind.is_kubernetes()) {
        let identity = (&resource.kind, &resource.place, &resource.name);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fixture::{build, object, read};
    use super::*;
    use crate::Origin;

    fn owned_pod(name: &str, kind: &str, owner: &str, hash: &str) -> Resource {
        object(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": name, "namespace": "pay", "labels": {"pod-template-hash": hash},
            "ownerReferences": [{"kind": kind, "name": owner}]}}))
    }

    fn named(kind: &str, name: &str) -> Resource {
        object(json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "pay"}}))
    }

    fn labels(estate: &Estate) -> Vec<(String, usize)> {
        estate.workloads().iter().map(|one| (one.label(), one.instances.len())).collect()
    }

    #[test]
    fn pods_are_instances_of_their_controller() {
        let pods = ["0", "1"].map(|name| owned_pod(name, "StatefulSet", "vault", "x"));
        let (estate, _) = build([vec![named("StatefulSet", "vault")], pods.to_vec()].concat());
        assert_eq!(labels(&estate), [("pay/vault[StatefulSet]".to_owned(), 2)]);
        assert_eq!(estate.resources()[1].instance_of, Some(ResourceId(0)));
        assert_eq!(estate.resources()[0].instance_of, None);
        assert_eq!(estate.workload_of(ResourceId(2)), Some(WorkloadId(0)));
    }

    #[test]
    fn an_owner_outside_the_input_still_names_the_workload() {
        let (estate, _) = build(["1", "2"].map(|name| owned_pod(name, "ReplicaSet", "a-5d", "x")).to_vec());
        assert_eq!(labels(&estate), [("pay/a-5d[ReplicaSet]".to_owned(), 2)]);
        assert_eq!(estate.resources()[0].instance_of, None, "someone must be judged");
        assert_eq!(estate.workload_of(ResourceId(1)), Some(WorkloadId(0)));
    }

    #[test]
    fn a_replica_set_outside_the_input_leads_to_its_deployment() {
        let (estate, _) = build(vec![named("Deployment", "a"), owned_pod("1", "ReplicaSet", "a-5d", "5d")]);
        assert_eq!(labels(&estate), [("pay/a[Deployment]".to_owned(), 1)]);
        assert_eq!(estate.resources()[1].instance_of, Some(ResourceId(0)));
    }

    #[test]
    fn a_used_namespace_is_derived() {
        let (estate, _) = build(vec![named("Deployment", "a")]);
        let namespace = estate.resources().last().unwrap();
        assert!(namespace.kind.is("Namespace") && namespace.name == "pay");
        assert!(matches!(namespace.origin, Origin::Derived(_)));
    }

    #[test]
    fn two_objects_of_one_identity_are_named_and_both_judged() {
        let (estate, diagnostics) = build(vec![named("Deployment", "a"), named("Deployment", "a")]);
        assert_eq!(diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), ["duplicate-object"]);
        assert_eq!(estate.workloads().len(), 2);
        assert!(estate.resources().iter().all(|one| one.instance_of.is_none()));
    }

    #[test]
    fn labels_find_what_people_mean() {
        let (estate, _) = build(read(json!([
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "pay"}},
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "pay"}},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}},
            {"Type": "AWS::S3::Bucket", "Id": "Files", "Properties": {"BucketName": "shop-files"}},
            {"Type": "AWS::KMS::Key", "Id": "key", "Address": "module.m.aws_kms_key.key[\"a/b\"]", "Properties": {}},
        ])));
        let found = |label: &str| estate.find(label).into_iter().map(ResourceId::index).collect::<Vec<_>>();
        assert_eq!(found("pay/a"), [0, 1]);
        assert_eq!(found("pay/a[Service]"), [1]);
        assert_eq!(found("r[ClusterRole]"), [2]);
        assert_eq!(found("AWS::S3::Bucket/Files"), [3]);
        assert_eq!(found("AWS::S3::Bucket/shop-files"), [3]);
        assert_eq!(found("module.m.aws_kms_key.key[\"a/b\"]"), [4]);
        assert_eq!(found("AWS::KMS::Key/key"), [4]);
        for nothing in ["pay/a[Pod]", "AWS::KMS::Key/Files", "a", "", "[", "]"] {
            assert_eq!(found(nothing), [0; 0], "{nothing}");
        }
        assert_eq!(estate.of_kind("v1/Service").iter().map(|id| id.index()).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn manifests_belong_to_the_only_cluster() {
        let cluster =
            |name: &str| json!({"Type": "AWS::EKS::Cluster", "Id": name, "Properties": {"Name": name}});
        let manifest =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "pay"}});
        let place = |resources| {
            let (estate, diagnostics) = build(read(resources));
            let codes = diagnostics.iter().map(|one| one.code).collect::<Vec<_>>().join(" ");
            (estate.resources()[0].place.cluster.as_deref().map(str::to_owned), codes)
        };
        assert_eq!(place(json!([manifest])), (None, String::new()));
        assert_eq!(place(json!([manifest, cluster("one")])), (Some("one".to_owned()), String::new()));
        let two = json!([manifest, cluster("one"), cluster("two"), manifest]);
        assert_eq!(place(two), (None, "cluster-ambiguous duplicate-object".to_owned()));
        let ambiguous = (None, "cluster-ambiguous".to_owned());
        let unnamed =
            json!({"Type": "AWS::EKS::Cluster", "Id": "Cluster", "Properties": {"Name": {"Unknown": "N"}}});
        assert_eq!(place(json!([manifest, unnamed, unnamed])), ambiguous, "one logical id, two templates");
        let part = |account: &str| json!({"Type": "AWS::EKS::Nodegroup", "Id": "N", "Account": account, "Properties": {"ClusterName": "one"}});
        assert_eq!(place(json!([manifest, part("1"), part("1")])), (Some("one".to_owned()), String::new()));
        assert_eq!(place(json!([manifest, part("1"), part("2")])), ambiguous, "one name, two accounts");
    }

    #[test]
    fn links_are_found_from_both_ends() {
        let (estate, _) = build(read(json!([
            {"Type": "AWS::S3::Bucket", "Id": "A", "Properties": {"X": {"Ref": "Key"}}},
            {"Type": "AWS::KMS::Key", "Id": "Key", "Properties": {"Policy": {"Ref": "B"}}},
            {"Type": "AWS::S3::Bucket", "Id": "B", "Properties": {"X": {"Ref": "Key"}}},
        ])));
        let to: Vec<usize> = estate.links_to(ResourceId(1)).map(|link| link.from.index()).collect();
        assert_eq!(to, [0, 2]);
        assert_eq!(estate.links_to(ResourceId(0)).count(), 0);
        assert_eq!(estate.links_from(ResourceId(1))[0].to, ResourceId(2));
    }
}
