//! Objects by name, each kind read at most once.

use std::net::IpAddr;

use ringfence_model::selector::Unknown;
use ringfence_model::{Estate, Field, Instance, Resource, ResourceId, Text, WorkloadId};
use rustc_hash::FxHashMap;

/// A resource with its id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    pub(super) id: ResourceId,
    pub(super) resource: &'a Resource,
}

impl<'a> Found<'a> {
    pub(super) fn cluster(self) -> Option<&'a Text> {
        self.resource.place.cluster.as_ref()
    }

    pub(super) fn field(self, path: &str) -> Field<'a> {
        self.resource.body.field(path)
    }
}

/// Cluster, namespace (empty for what has none) and name.
type Name<'a> = (Option<&'a str>, &'a str, &'a str);

/// The objects that ways in are made of.
#[derive(Debug)]
pub(super) struct Index<'a> {
    pub(super) estate: &'a Estate,
    kinds: FxHashMap<Kind, FxHashMap<Name<'a>, Vec<Found<'a>>>>,
    /// Objects of some kinds by namespace.
    within: FxHashMap<(Kind, Option<&'a str>, &'a str), Vec<Found<'a>>>,
    /// Slices and endpoints by the Service that they belong to.
    slices: FxHashMap<Name<'a>, Vec<Found<'a>>>,
    /// Workloads of each namespace.
    workloads: FxHashMap<(Option<&'a str>, &'a str), Vec<WorkloadId>>,
    /// Those of which some label is not known.
    unsure: FxHashMap<(Option<&'a str>, &'a str), Vec<WorkloadId>>,
    addresses: FxHashMap<(Option<&'a str>, IpAddr), WorkloadId>,
}

/// The kinds that are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Service,
    Pod,
    Ingress,
    IngressClass,
    IngressClassParams,
    TargetGroupBinding,
    Gateway,
    GatewayClass,
    Route,
    ReferenceGrant,
    LoadBalancerConfiguration,
    TargetGroupConfiguration,
    Namespace,
    Node,
}

/// Each kind as the API spells it, in the versions that are read.
const KINDS: [(Kind, &[&str]); 14] = [
    (Kind::Service, &["v1/Service"]),
    (Kind::Pod, &["v1/Pod"]),
    (
        Kind::Ingress,
        &["networking.k8s.io/v1/Ingress", "networking.k8s.io/v1beta1/Ingress", "extensions/v1beta1/Ingress"],
    ),
    (Kind::IngressClass, &["networking.k8s.io/v1/IngressClass", "networking.k8s.io/v1beta1/IngressClass"]),
    (
        Kind::IngressClassParams,
        &["elbv2.k8s.aws/v1beta1/IngressClassParams", "eks.amazonaws.com/v1/IngressClassParams"],
    ),
    (
        Kind::TargetGroupBinding,
        &[
            "elbv2.k8s.aws/v1beta1/TargetGroupBinding",
            "elbv2.k8s.aws/v1alpha1/TargetGroupBinding",
            "eks.amazonaws.com/v1/TargetGroupBinding",
        ],
    ),
    (
        Kind::Gateway,
        &[
            "gateway.networking.k8s.io/v1/Gateway",
            "gateway.networking.k8s.io/v1beta1/Gateway",
            "gateway.networking.k8s.io/v1alpha2/Gateway",
        ],
    ),
    (
        Kind::GatewayClass,
        &[
            "gateway.networking.k8s.io/v1/GatewayClass",
            "gateway.networking.k8s.io/v1beta1/GatewayClass",
            "gateway.networking.k8s.io/v1alpha2/GatewayClass",
        ],
    ),
    (
        Kind::Route,
        &[
            "gateway.networking.k8s.io/v1/HTTPRoute",
            "gateway.networking.k8s.io/v1beta1/HTTPRoute",
            "gateway.networking.k8s.io/v1alpha2/HTTPRoute",
            "gateway.networking.k8s.io/v1/GRPCRoute",
            "gateway.networking.k8s.io/v1beta1/GRPCRoute",
            "gateway.networking.k8s.io/v1alpha2/GRPCRoute",
            "gateway.networking.k8s.io/v1/TLSRoute",
            "gateway.networking.k8s.io/v1alpha3/TLSRoute",
            "gateway.networking.k8s.io/v1alpha2/TLSRoute",
            "gateway.networking.k8s.io/v1alpha2/TCPRoute",
            "gateway.networking.k8s.io/v1alpha2/UDPRoute",
            "gateway.networking.k8s.io/v1/TCPRoute",
            "gateway.networking.k8s.io/v1/UDPRoute",
        ],
    ),
    (
        Kind::ReferenceGrant,
        &[
            "gateway.networking.k8s.io/v1/ReferenceGrant",
            "gateway.networking.k8s.io/v1beta1/ReferenceGrant",
            "gateway.networking.k8s.io/v1alpha2/ReferenceGrant",
        ],
    ),
    (
        Kind::LoadBalancerConfiguration,
        &[
            "gateway.k8s.aws/v1beta1/LoadBalancerConfiguration",
            "gateway.k8s.aws/v1/LoadBalancerConfiguration",
        ],
    ),
    (
        Kind::TargetGroupConfiguration,
        &["gateway.k8s.aws/v1beta1/TargetGroupConfiguration", "gateway.k8s.aws/v1/TargetGroupConfiguration"],
    ),
    (Kind::Namespace, &["v1/Namespace"]),
    (Kind::Node, &["v1/Node"]),
];

const SLICES: [&str; 3] =
    ["discovery.k8s.io/v1/EndpointSlice", "discovery.k8s.io/v1beta1/EndpointSlice", "v1/Endpoints"];

/// The Service that a slice belongs to.
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

impl<'a> Index<'a> {
    pub(super) fn new(estate: &'a Estate) -> Self {
        let mut index = Self {
            estate,
            kinds: FxHashMap::default(),
            within: FxHashMap::default(),
            slices: FxHashMap::default(),
            workloads: FxHashMap::default(),
            unsure: FxHashMap::default(),
            addresses: FxHashMap::default(),
        };
        for (kind, spellings) in KINDS {
            let of_kind = index.kinds.entry(kind).or_default();
            for found in all(estate, spellings) {
                of_kind.entry(name(found)).or_default().push(found);
            }
        }
        for kind in [Kind::ReferenceGrant, Kind::TargetGroupConfiguration] {
            for found in index.all(kind) {
                let (cluster, namespace, _) = name(found);
                index.within.entry((kind, cluster, namespace)).or_default().push(found);
            }
        }
        for found in all(estate, &SLICES) {
            let is_slice = found.resource.kind.name() == "EndpointSlice";
            let labels = found.field("metadata.labels").node();
            let label =
                labels.and_then(|labels| labels.child(SERVICE_LABEL).node()).and_then(|one| one.as_str());
            let owner = if is_slice { label } else { Some(found.resource.name.as_str()) };
            let (cluster, namespace, _) = name(found);
            if let Some(owner) = owner {
                index.slices.entry((cluster, namespace, owner)).or_default().push(found);
            }
        }
        for (id, workload) in estate.iter_workloads() {
            let cluster = workload.cluster.as_deref();
            let key = (cluster, workload.namespace.as_str());
            index.workloads.entry(key).or_default().push(id);
            let unsure = |pod: &Instance| {
                estate
                    .resource(pod.resource)
                    .is_some_and(|one| pod.known_labels(one).unknown != Unknown::Nothing)
            };
            if workload.instances.iter().any(unsure) {
                index.unsure.entry(key).or_default().push(id);
            }
            for address in workload.instances.iter().flat_map(|pod| &pod.addresses) {
                index.addresses.entry((cluster, *address)).or_insert(id);
            }
        }
        index
    }

    /// All objects of a kind by cluster, namespace, name and place, whatever the order of files.
    pub(super) fn all(&self, kind: Kind) -> Vec<Found<'a>> {
        let mut all: Vec<(&Name<'a>, &Found<'a>)> = self
            .kinds
            .get(&kind)
            .into_iter()
            .flatten()
            .flat_map(|(name, found)| found.iter().map(move |one| (name, one)))
            .collect();
        all.sort_by_key(|(name, found)| {
            (**name, found.resource.kind.as_str(), found.resource.location(), found.id)
        });
        all.into_iter().map(|(_, found)| *found).collect()
    }

    /// The objects of that name; several where it is defined more than once.
    pub(super) fn named(&self, kind: Kind, beside: Found<'_>, namespace: &str, name: &str) -> Vec<Found<'a>> {
        let key = (beside.cluster().map(Text::as_str), namespace, name);
        self.kinds.get(&kind).and_then(|kinds| kinds.get(&key)).cloned().unwrap_or_default()
    }

    /// Why an object may not be in force as it is read: of two of one name, only one is.
    pub(super) fn twice(&self, kind: Kind, found: Found<'_>) -> Option<String> {
        let (namespace, name) = (found.resource.namespace(), found.resource.name.as_str());
        let several = self.named(kind, found, namespace, name).len() > 1;
        several.then(|| format!("`{}` is defined twice", found.resource.label()))
    }

    /// The objects of a kind in a namespace, of the cluster that `beside` lies in.
    pub(super) fn within(&self, kind: Kind, beside: Found<'_>, namespace: &str) -> Vec<Found<'a>> {
        let key = (kind, beside.cluster().map(Text::as_str), namespace);
        self.within.get(&key).cloned().unwrap_or_default()
    }

    /// What lists the endpoints of a Service.
    pub(super) fn slices(&self, service: Found<'_>) -> Vec<Found<'a>> {
        let key = (
            service.cluster().map(Text::as_str),
            service.resource.namespace(),
            service.resource.name.as_str(),
        );
        self.slices.get(&key).cloned().unwrap_or_default()
    }

    /// The workloads of a namespace, of the cluster that `beside` lies in.
    pub(super) fn workloads(&self, beside: Found<'_>, namespace: &str) -> Vec<WorkloadId> {
        let key = (beside.cluster().map(Text::as_str), namespace);
        self.workloads.get(&key).cloned().unwrap_or_default()
    }

    /// Those of which some label is not known.
    pub(super) fn unsure(&self, beside: Found<'_>, namespace: &str) -> Vec<WorkloadId> {
        let key = (beside.cluster().map(Text::as_str), namespace);
        self.unsure.get(&key).cloned().unwrap_or_default()
    }

    /// The workload of the pod of that address.
    pub(super) fn at(&self, beside: Found<'_>, address: IpAddr) -> Option<WorkloadId> {
        self.addresses.get(&(beside.cluster().map(Text::as_str), address)).copied()
    }
}

fn all<'a>(estate: &'a Estate, spellings: &'a [&'a str]) -> impl Iterator<Item = Found<'a>> {
    let ids = spellings.iter().flat_map(|kind| estate.of_kind(kind));
    ids.filter_map(|id| Some(Found { id: *id, resource: estate.resource(*id)? }))
}

fn name(found: Found<'_>) -> Name<'_> {
    (found.resource.place.cluster.as_deref(), found.resource.namespace(), &found.resource.name)
}
