//! Every pod with its marks, and what of them there is in each namespace.

use std::collections::{BTreeMap, BTreeSet};

use ringfence_model::fact::Ports;
use ringfence_model::{Estate, Field, Origin, Resource, Text, WorkloadId, pod_spec};
use rustc_hash::FxHashMap;

use super::annotation;
use super::mark::{self, Marks};
use super::membership;
use super::pod::{Namespace, Pod, Written, written};
use super::protocol::{Profile, Protocols};
use crate::identity::service_account;

/// Objects, labels of pods, labels and annotations of namespaces that show a mesh.
struct Signs {
    objects: &'static [&'static str],
    on_pods: &'static [&'static str],
    labels: &'static [&'static str],
    annotations: &'static [&'static str],
}

const ISTIO: Signs = Signs {
    objects: &[
        "security.istio.io/v1/AuthorizationPolicy",
        "security.istio.io/v1beta1/AuthorizationPolicy",
        "security.istio.io/v1/PeerAuthentication",
        "security.istio.io/v1beta1/PeerAuthentication",
        "networking.istio.io/v1alpha3/EnvoyFilter",
        "extensions.istio.io/v1alpha1/WasmPlugin",
    ],
    on_pods: &[
        "gateway.istio.io/managed",
        "istio.io/dataplane-mode",
        "security.istio.io/tlsMode",
        "sidecar.istio.io/inject",
    ],
    labels: &["istio-injection", "istio.io/rev", "istio.io/dataplane-mode"],
    annotations: &[],
};

const LINKERD: Signs = Signs {
    objects: &[
        "policy.linkerd.io/v1beta3/Server",
        "policy.linkerd.io/v1beta2/Server",
        "policy.linkerd.io/v1beta1/Server",
        "policy.linkerd.io/v1alpha1/Server",
        "policy.linkerd.io/v1beta1/ServerAuthorization",
        "policy.linkerd.io/v1alpha1/ServerAuthorization",
        "policy.linkerd.io/v1alpha1/AuthorizationPolicy",
    ],
    on_pods: &["linkerd.io/control-plane-ns"],
    labels: &[],
    annotations: &["linkerd.io/inject", "config.linkerd.io/default-inbound-policy"],
};

impl Signs {
    fn are_in(&self, estate: &Estate) -> bool {
        let namespaces = estate.of_kind("v1/Namespace").iter().filter_map(|id| estate.resource(*id));
        let has =
            |object: &Resource, map: &str, key: &str| written(&object.body, map, key) != Written::Absent;
        let on_namespace = |object: &Resource| {
            self.labels.iter().any(|key| has(object, "metadata.labels", key))
                || self.annotations.iter().any(|key| has(object, "metadata.annotations", key))
        };
        let mut pods = estate.workloads().iter().flat_map(|workload| &workload.instances);
        self.objects.iter().any(|kind| !estate.of_kind(kind).is_empty())
            || namespaces.into_iter().any(on_namespace)
            || pods.any(|pod| self.on_pods.iter().any(|key| pod.labels.get(key).is_some()))
    }
}

/// The meshes of which an estate shows anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meshes {
    pub(super) istio: bool,
    pub(super) linkerd: bool,
}

impl Meshes {
    pub(super) fn of(estate: &Estate) -> Self {
        Self { istio: ISTIO.are_in(estate), linkerd: LINKERD.are_in(estate) }
    }

    pub(super) fn is_empty(self) -> bool {
        !self.istio && !self.linkerd
    }
}

/// A cluster and a namespace of it, by name.
pub(super) type Place = (Option<Text>, Text);

/// What pods of one namespace have.
#[derive(Debug, Default)]
pub(super) struct Here {
    /// Service accounts of pods.
    pub(super) accounts: BTreeSet<Text>,
    /// Whether the service account of a pod is not known.
    pub(super) hides_account: bool,
    /// How Istio handles them, one of each.
    pub(super) modes: BTreeSet<Text>,
    /// Whether it is not known how Istio handles one.
    pub(super) hides_mode: bool,
    /// What Services say of ports, one of each.
    pub(super) profiles: BTreeSet<Text>,
    /// Defaults of Linkerd, one of each, with a workload that has it.
    pub(super) defaults: BTreeMap<Text, WorkloadId>,
    /// Ports on which Linkerd's default demands an identity.
    pub(super) required: BTreeMap<Text, WorkloadId>,
    /// A workload whose default is not known.
    pub(super) hides_default: Option<WorkloadId>,
}

/// All pods with their marks.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Index into `marks`, by workload and instance.
    of: Vec<Box<[u32]>>,
    marks: Vec<Marks>,
    pub(super) places: BTreeMap<Place, Here>,
    profiles: FxHashMap<Text, Profile>,
}

impl Seen {
    pub(super) fn new(estate: &Estate, meshes: Meshes) -> Self {
        let namespaces = Namespaces::new(estate);
        let protocols = Protocols::new(estate);
        let mut seen = Self::default();
        let mut ids: FxHashMap<Marks, u32> = FxHashMap::default();
        for (id, workload) in estate.iter_workloads() {
            let mut of = Vec::with_capacity(workload.instances.len());
            let place = (workload.cluster.clone(), workload.namespace.clone());
            let namespace = namespaces.get(&place);
            for instance in &workload.instances {
                let Some(resource) = estate.resource(instance.resource) else { continue };
                let pod = Pod::new(resource, namespace);
                let mut marks = membership::marks(&pod, meshes);
                if let Some(profile) = protocols.of(id, &pod) {
                    marks.set(mark::PROTOCOLS, profile.text());
                    seen.profiles.insert(profile.text().into(), profile);
                }
                marks.known.sort();
                seen.note(&place, id, resource, &marks);
                let next = u32::try_from(seen.marks.len()).unwrap_or(u32::MAX);
                let index = *ids.entry(marks).or_insert_with_key(|marks| {
                    seen.marks.push(marks.clone());
                    next
                });
                of.push(index);
            }
            seen.of.push(of.into());
        }
        seen
    }

    fn note(&mut self, place: &Place, id: WorkloadId, resource: &Resource, marks: &Marks) {
        // Most pods of a namespace are alike: look before the key is copied.
        if !self.places.contains_key(place) {
            self.places.insert(place.clone(), Here::default());
        }
        let Some(here) = self.places.get_mut(place) else { return };
        match service_account(pod_spec(&resource.kind, &resource.body).unwrap_or(Field::Absent)) {
            Some(account) => here.accounts.extend([account]),
            None => here.hides_account = true,
        }
        here.hides_mode |= marks.is_unknown(mark::ISTIO);
        here.modes.extend(marks.get(mark::ISTIO).cloned());
        here.profiles.extend(marks.get(mark::PROTOCOLS).cloned());
        if marks.is_unknown(mark::LINKERD_DEFAULT) {
            here.hides_default.get_or_insert(id);
        }
        for (key, all) in
            [(mark::LINKERD_DEFAULT, &mut here.defaults), (mark::LINKERD_REQUIRED, &mut here.required)]
        {
            if let Some(value) = marks.get(key) {
                all.entry(value.clone()).or_insert(id);
            }
        }
    }

    pub(super) fn of(&self, workload: usize, instance: usize) -> Option<&Marks> {
        self.marks.get(*self.of.get(workload)?.get(instance)? as usize)
    }

    /// Ports that pass proxies by, each set once, in a stable order.
    pub(super) fn bypasses(&self) -> Vec<Ports> {
        let written = self.marks.iter().filter_map(|marks| marks.get(mark::BYPASS));
        let distinct: BTreeSet<&Text> = written.collect();
        distinct.into_iter().filter_map(|text| annotation::ports(text.trim_start_matches("TCP "))).collect()
    }

    /// What a mark of protocols says.
    pub(super) fn profile(&self, text: &Text) -> Profile {
        self.profiles.get(text).cloned().unwrap_or_default()
    }

    pub(super) fn here(&self, place: &Place) -> Option<&Here> {
        self.places.get(place)
    }

    /// The namespaces of one cluster.
    pub(super) fn of_cluster(&self, cluster: Option<&Text>) -> impl Iterator<Item = (&Text, &Here)> {
        let places = self.places.iter().filter(move |(place, _)| place.0.as_ref() == cluster);
        places.map(|(place, here)| (&place.1, here))
    }
}

/// Objects of namespaces; one that is defined twice says nothing for certain.
struct Namespaces<'a> {
    all: FxHashMap<(Option<&'a Text>, &'a str), Option<&'a Resource>>,
}

impl<'a> Namespaces<'a> {
    fn new(estate: &'a Estate) -> Self {
        let mut all = FxHashMap::default();
        let written = estate.of_kind("v1/Namespace").iter().filter_map(|id| estate.resource(*id));
        for object in written.filter(|object| !matches!(object.origin, Origin::Derived(_))) {
            let key = (object.place.cluster.as_ref(), object.name.as_str());
            all.entry(key).and_modify(|known| *known = None).or_insert(Some(object));
        }
        Self { all }
    }

    fn get<'b>(&self, place: &'b Place) -> Namespace<'b>
    where
        'a: 'b,
    {
        let object = self.all.get(&(place.0.as_ref(), place.1.as_str())).copied().flatten();
        Namespace { name: &place.1, object }
    }
}
