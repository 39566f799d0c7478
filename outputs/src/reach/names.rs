//! What peers are called.

use ringfence_model::fact::{DecidingRule, Peer};
use ringfence_model::{Estate, Resource, Text, Workload};

use crate::{excerpt, shown};

/// `ns/name[NetworkPolicy] ingress[0] (file.yaml:12:5)`.
pub(super) fn rule(estate: &Estate, rule: &DecidingRule) -> String {
    let label = estate.resource(rule.policy).map(Resource::label).unwrap_or_default();
    let mut text = shown::line(&label).into_owned();
    if !rule.element.is_empty() {
        text = format!("{text} {}", rule.element);
    }
    if let Some(location) = rule.location {
        text = format!("{text} ({})", excerpt::place(estate.sources(), location));
    }
    text
}

/// The name of a workload.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Empty where the estate has one cluster.
    pub(super) cluster: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) kind: String,
}

/// Names peers; where the estate has several clusters, each workload with its own.
pub(super) struct Names<'a> {
    estate: &'a Estate,
    /// DNS names.
    names: &'a [Text],
    clusters: bool,
}

impl<'a> Names<'a> {
    pub(super) fn new(estate: &'a Estate, names: &'a [Text]) -> Self {
        let mut clusters = estate.workloads().iter().map(|workload| &workload.cluster);
        let first = clusters.next();
        Self { estate, names, clusters: clusters.any(|cluster| Some(cluster) != first) }
    }

    /// `ns/name[Kind]`, `cluster/ns/name[Kind]` or `10.0.0.0-10.255.255.255[External]`.
    pub(super) fn name(&self, peer: Peer) -> String {
        match peer {
            Peer::External(range) => format!("{range}[External]"),
            Peer::Workload(id) => self.estate.workload(id).map(|one| self.workload(one)).unwrap_or_default(),
            Peer::Landmark(landmark) => landmark.as_str().to_owned(),
            Peer::Name(name) => {
                self.names.get(name as usize).map(|name| shown::line(name).into_owned()).unwrap_or_default()
            }
        }
    }

    fn workload(&self, workload: &Workload) -> String {
        let label = workload.label();
        let cluster = workload.cluster.as_deref().filter(|_| self.clusters);
        let whole = cluster.map_or(label.clone(), |cluster| format!("{cluster}/{label}"));
        shown::line(&whole).into_owned()
    }

    /// The name of a workload in its parts, masked as a whole: a card number may lie across them.
    pub(super) fn parts(&self, peer: Peer) -> Parts {
        let Peer::Workload(id) = peer else { return Parts::default() };
        let Some(workload) = self.estate.workload(id) else { return Parts::default() };
        let cluster = workload.cluster.as_deref().filter(|_| self.clusters).unwrap_or_default();
        let whole = [cluster, &workload.namespace, &workload.name, &workload.kind];
        let masked = shown::line(&whole.join("/")).into_owned();
        let mut rest = masked.chars();
        let [cluster, namespace, name, kind] = whole.map(|part| {
            // Masking keeps the number of characters.
            let part = rest.by_ref().take(part.chars().count()).collect();
            rest.next();
            part
        });
        Parts { cluster, namespace, name, kind }
    }

    /// Whether there is more than one pod behind a peer, so that it can talk to itself.
    pub(super) fn is_several(&self, peer: Peer) -> bool {
        let Peer::Workload(id) = peer else { return false };
        let pods = self.estate.workload(id).map(|workload| workload.instances.as_slice()).unwrap_or_default();
        pods.len() > 1 || pods.iter().any(|pod| pod.name.is_none())
    }
}
