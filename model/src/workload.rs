//! Workloads: what runs pods. A pod is an instance of a workload, not a copy of its body.

pub(crate) mod gather;

use std::net::IpAddr;
use std::sync::Arc;

use crate::selector::{KnownLabels, Unknown};
use crate::{Field, Kind, Node, Resource, ResourceId, Text};

/// A workload of the estate; index into [`Estate::workloads`](crate::Estate::workloads).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadId(pub(crate) u32);

impl WorkloadId {
    pub(crate) fn at(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// Its index among the estate's workloads.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Labels of one object, sorted by key and shared between instances.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[(Text, Text)]>);

impl Labels {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(there, _)| there.as_str().cmp(key)).ok()?;
        self.0.get(at).map(|(_, value)| value.as_str())
    }

    /// All pairs, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The labels of `metadata.labels` below `object`; values that are no text are left out.
    pub fn of(object: &Node) -> Self {
        let entries = object.get("metadata.labels").map(Node::entries).unwrap_or_default();
        entries
            .iter()
            .filter_map(|entry| Some((Text::from(&*entry.key), entry.node.as_str()?.into())))
            .collect()
    }
}

impl FromIterator<(Text, Text)> for Labels {
    fn from_iter<T: IntoIterator<Item = (Text, Text)>>(pairs: T) -> Self {
        let mut pairs: Vec<(Text, Text)> = pairs.into_iter().collect();
        pairs.sort();
        pairs.dedup_by(|later, kept| later.0 == kept.0);
        Self(pairs.into())
    }
}

/// What runs pods: a Deployment, a CronJob, a bare Pod, or an owner of pods that is not in the input itself.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The resource that holds the pod spec: the controller, or the first pod of an absent owner.
    pub resource: ResourceId,
    /// Its namespace.
    pub namespace: Text,
    /// Name of the controller, or of the bare pod.
    pub name: Text,
    /// Kind of the controller, or `Pod`.
    pub kind: Text,
    /// EKS cluster, where known.
    pub cluster: Option<Text>,
    /// The pods: those observed, else one that stands for all that the template will make.
    pub instances: Vec<Instance>,
}

/// One pod of a workload.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The resource whose pod spec applies.
    pub resource: ResourceId,
    /// Name of the pod; absent for one that only the template describes.
    pub name: Option<Text>,
    /// The pod's labels.
    pub labels: Labels,
    /// Addresses, where observed.
    pub addresses: Box<[IpAddr]>,
    /// Name of the node, where observed.
    pub node: Option<Text>,
}

impl Workload {
    /// `ns/name[Kind]`.
    pub fn label(&self) -> String {
        format!("{}/{}[{}]", self.namespace, self.name, self.kind)
    }
}

impl Instance {
    /// The pod's labels, and what cannot be known of them; `resource` is [`Self::resource`].
    pub fn known_labels(&self, resource: &Resource) -> KnownLabels<'_> {
        let template = pod_template(&resource.kind).map_or(Field::Absent, |path| resource.body.field(path));
        KnownLabels { labels: &self.labels, unknown: Unknown::of(template) }
    }
}

/// Pod-bearing kinds and where their pod template lies; one control on `Pod` covers them all.
const POD_BEARING: &[(&str, &str)] = &[
    ("v1/Pod", ""),
    ("v1/ReplicationController", "spec.template"),
    ("v1/PodTemplate", "template"),
    ("apps/v1/Deployment", "spec.template"),
    ("apps/v1/StatefulSet", "spec.template"),
    ("apps/v1/DaemonSet", "spec.template"),
    ("apps/v1/ReplicaSet", "spec.template"),
    ("apps/v1beta1/Deployment", "spec.template"),
    ("apps/v1beta1/StatefulSet", "spec.template"),
    ("apps/v1beta2/Deployment", "spec.template"),
    ("apps/v1beta2/StatefulSet", "spec.template"),
    ("apps/v1beta2/DaemonSet", "spec.template"),
    ("apps/v1beta2/ReplicaSet", "spec.template"),
    ("extensions/v1beta1/Deployment", "spec.template"),
    ("extensions/v1beta1/DaemonSet", "spec.template"),
    ("extensions/v1beta1/ReplicaSet", "spec.template"),
    ("batch/v1/Job", "spec.template"),
    ("batch/v1/CronJob", "spec.jobTemplate.spec.template"),
    ("batch/v1beta1/CronJob", "spec.jobTemplate.spec.template"),
    ("argoproj.io/v1alpha1/Rollout", "spec.template"),
];

/// Dotted path of the pod template (metadata and spec) in a body of `kind`; empty for a Pod itself.
pub fn pod_template(kind: &Kind) -> Option<&'static str> {
    POD_BEARING.iter().find(|row| row.0 == kind.as_str()).map(|row| row.1)
}

/// The pod spec in a body of `kind`; `None` for kinds that bear no pods.
pub fn pod_spec<'a>(kind: &Kind, body: &'a Node) -> Option<Field<'a>> {
    let template = pod_template(kind)?;
    Some(match body.field(template) {
        Field::Present(template) => template.field("spec"),
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_by_key() {
        let labels: Labels =
            [("b", "2"), ("a", "1")].map(|(key, value)| (key.into(), value.into())).into_iter().collect();
        assert_eq!(labels.get("a"), Some("1"));
        assert_eq!(labels.get("c"), None);
    }

    #[test]
    fn every_pod_bearing_kind_has_one_row() {
        let mut kinds: Vec<_> = POD_BEARING.iter().map(|row| row.0).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), POD_BEARING.len());
    }
}
