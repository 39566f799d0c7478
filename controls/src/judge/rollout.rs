//! Rollouts of Argo, which may take their pods from another workload.

use std::cell::OnceCell;

use ringfence_model::{Estate, Field, Node, Resource, pod_template};
use rustc_hash::FxHashSet;

use crate::policy::Doubt;

/// The workloads of an estate that a rollout may refer to, found when first asked.
pub(super) struct Workloads<'e> {
    estate: &'e Estate,
    known: OnceCell<FxHashSet<Identity<'e>>>,
}

/// Cluster, namespace, kind and name.
type Identity<'e> = (Option<&'e str>, &'e str, &'e str, &'e str);

/// Where the pods of a resource without a pod template are defined.
pub(super) enum Pods<'e> {
    /// Nowhere else.
    Own,
    /// In a workload of the estate, which is judged itself.
    Elsewhere,
    /// Not known.
    Unknown(Doubt<'e>),
}

impl<'e> Workloads<'e> {
    pub(super) fn new(estate: &'e Estate) -> Self {
        Self { estate, known: OnceCell::new() }
    }

    pub(super) fn pods(&self, resource: &'e Resource) -> Pods<'e> {
        if (resource.kind.group(), resource.kind.name()) != (Some("argoproj.io"), "Rollout") {
            return Pods::Own;
        }
        let reference = match resource.body.field("spec.workloadRef") {
            Field::Absent => return Pods::Own,
            Field::Unresolved(node, _) => return Pods::Unknown(Doubt::Unresolved(node)),
            Field::Present(reference) => reference,
        };
        match (part(reference, "kind"), part(reference, "name")) {
            (Ok(kind), Ok(name)) => self.look_up(resource, kind, name),
            (Err(doubt), _) | (_, Err(doubt)) => Pods::Unknown(doubt),
        }
    }

    fn look_up(&self, resource: &'e Resource, kind: &'e str, name: &'e str) -> Pods<'e> {
        let namespace = resource.namespace();
        let known = self.known.get_or_init(|| self.known());
        if known.contains(&(resource.place.cluster.as_deref(), namespace, kind, name)) {
            return Pods::Elsewhere;
        }
        let workload = format!("{kind} `{namespace}/{name}`");
        let remedy = format!("the definition of {workload}");
        Pods::Unknown(Doubt::elsewhere(remedy, format!("{workload} is not in the input")))
    }

    fn known(&self) -> FxHashSet<Identity<'e>> {
        let bearing = self.estate.iter().filter(|(_, one)| pod_template(&one.kind).is_some());
        let identity = |one: &'e Resource| {
            (one.place.cluster.as_deref(), one.namespace(), one.kind.name(), one.name.as_str())
        };
        bearing.map(|(_, one)| identity(one)).collect()
    }
}

fn part<'e>(reference: &'e Node, key: &str) -> Result<&'e str, Doubt<'e>> {
    match reference.child(key) {
        Field::Unresolved(node, _) => Err(Doubt::Unresolved(node)),
        field => field.present().and_then(Node::as_str).ok_or_else(|| {
            let location = field.node().unwrap_or(reference).location();
            Doubt::mismatch(format!("`spec.workloadRef.{key}` is not a text"), location)
        }),
    }
}
