//! What policies of Cilium refer to: settings, other clusters, Services, groups of blocks.

use ringfence_model::{Estate, Resource, Text};
use rustc_hash::FxHashMap;

use super::config::Config;
use super::label::{Keeps, LabelFilter};
use crate::namespace::ClusterId;
use crate::policy::Reading;
use crate::profile::Profiles;

/// What is around the policies of an estate.
#[derive(Debug)]
pub(crate) struct Around<'a> {
    pub(super) clusters: Vec<Cluster<'a>>,
    services: FxHashMap<ClusterId, Vec<&'a Resource>>,
    groups: FxHashMap<ClusterId, Vec<&'a Resource>>,
    pub(super) estate: &'a Estate,
}

/// One cluster of the estate.
#[derive(Debug)]
pub(super) struct Cluster<'a> {
    pub(super) id: ClusterId,
    pub(super) config: Config<'a>,
    /// Whether Cilium enforces policies there.
    pub(super) enforces: bool,
    /// Which labels identify pods; `Err` where that is not known.
    pub(super) labels: Result<LabelFilter, String>,
}

impl<'a> Around<'a> {
    /// `None` where Cilium enforces nowhere.
    pub(crate) fn new(estate: &'a Estate, profiles: &Profiles, reading: &mut Reading<'_>) -> Option<Self> {
        let named: Vec<(ClusterId, Option<Text>)> =
            reading.namespaces.named_clusters().map(|(id, name)| (id, name.cloned())).collect();
        if !named.iter().any(|(id, _)| profiles.switches(*id).cilium) {
            return None;
        }
        let cluster = |(id, name): &(ClusterId, Option<Text>)| {
            let config = Config::of(estate, name.as_ref());
            let labels = LabelFilter::of(config);
            Cluster { id: *id, config, enforces: profiles.switches(*id).cilium, labels }
        };
        let clusters: Vec<Cluster<'a>> = named.iter().map(cluster).collect();
        for cluster in clusters.iter().filter(|cluster| cluster.enforces) {
            let rules_imply_type = profiles.switches(cluster.id).rules_imply_policy_type;
            reading.cilium.insert(cluster.id, Keeps { labels: cluster.labels.clone(), rules_imply_type });
        }
        let kinds = ["cilium.io/v2/CiliumCIDRGroup", "cilium.io/v2alpha1/CiliumCIDRGroup"];
        let groups = by_cluster(estate, &kinds, reading);
        Some(Self { clusters, services: by_cluster(estate, &["v1/Service"], reading), groups, estate })
    }

    pub(super) fn cluster(&self, id: ClusterId) -> Option<&Cluster<'a>> {
        self.clusters.iter().find(|cluster| cluster.id == id)
    }

    pub(super) fn services(&self, cluster: ClusterId) -> &[&'a Resource] {
        self.services.get(&cluster).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn groups(&self, cluster: ClusterId) -> &[&'a Resource] {
        self.groups.get(&cluster).map(Vec::as_slice).unwrap_or_default()
    }
}

fn by_cluster<'a>(
    estate: &'a Estate,
    kinds: &[&str],
    reading: &mut Reading<'_>,
) -> FxHashMap<ClusterId, Vec<&'a Resource>> {
    let mut found: FxHashMap<ClusterId, Vec<&'a Resource>> = FxHashMap::default();
    let ids = kinds.iter().flat_map(|kind| estate.of_kind(kind));
    for resource in ids.filter_map(|id| estate.resource(*id)) {
        let cluster = reading.namespaces.cluster_id(resource.place.cluster.as_ref());
        found.entry(cluster).or_default().push(resource);
    }
    for resources in found.values_mut() {
        resources.sort_by_key(|resource| (resource.namespace().to_owned(), resource.name.clone()));
    }
    found
}
