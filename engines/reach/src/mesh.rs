//! Service meshes: proxies beside or below the pods, which narrow what the network lets through.
//!
//! ```text
//! labels, annotations, containers      ─▶ who has a proxy, and what passes it by      (membership)
//! AuthorizationPolicy, Server, …       ─▶ policies of plane Mesh, ingress only        (istio, linkerd)
//! ambient, Linkerd                     ─▶ the port that network policies see instead  (row::tunnel)
//! ```
//!
//! INVARIANT: a mesh never closes a connection for certain. The packet reaches the pod's proxy all the
//! same, and a client's own proxy can be bypassed: what that one enforces (egress of `Sidecar`,
//! `REGISTRY_ONLY`, `EgressNetwork`) closes nothing at all.
//!
//! An estate without a mesh pays nothing: no virtual label is asked for, and no class is split.

mod annotation;
mod istio;
mod linkerd;
mod mark;
mod membership;
mod mtls;
mod passed_over;
mod peers;
mod pod;
mod protocol;
mod rank;
mod workloads;

use ringfence_model::fact::PortRange;
use ringfence_model::selector::{Operator, Requirement, Selector};
use ringfence_model::{Estate, ResourceId, Text};
use rustc_hash::FxHashMap;

use crate::namespace::ClusterId;
use crate::policy::{Policy, Reading, Scope, SetId};

pub(crate) use annotation::{HBONE, LINKERD_INBOUND, all_tcp, tcp};
pub(crate) use mark::{Marks, is_mark};
pub(crate) use mtls::Mode;
use workloads::{Meshes, Seen};

/// Ports of Istio's proxy itself, which its redirection leaves alone: agent, health, telemetry
/// (injection template, `istio-iptables -d`).
const OF_ISTIO: [u16; 3] = [15020, 15021, 15090];
/// Ports of Linkerd's proxy itself: control and admin.
const OF_LINKERD: [u16; 2] = [4190, 4191];

/// What the rest of the engine must know of the meshes of an estate.
#[derive(Debug, Default)]
pub(crate) struct Mesh {
    /// The virtual labels of pods, by workload and instance; empty where there is no mesh.
    marks: Seen,
    /// What sets of pods mean.
    pub(crate) meanings: FxHashMap<SetId, Meaning>,
    /// Ports that pass the proxy by, told apart by [`Meaning::Bypass`].
    pub(crate) bypasses: Vec<Vec<PortRange>>,
    /// Which policies demand or refuse mutual TLS, in the order in which they say so.
    pub(crate) modes: FxHashMap<ResourceId, Vec<(Option<u16>, Mode)>>,
}

/// What it means for a pod to be in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Meaning {
    /// Istio's ztunnel captures it.
    Ambient,
    /// It has a proxy of Istio beside it.
    Sidecar,
    /// It has a proxy of Linkerd beside it.
    Linkerd,
    /// It presents a certificate of the mesh to whomever it connects to.
    Identity,
    /// Some ports pass the proxy by; index into [`Mesh::bypasses`].
    Bypass(u32),
}

impl Mesh {
    /// Whether any pod or object speaks of a mesh.
    pub(crate) fn is_used(&self) -> bool {
        !self.meanings.is_empty()
    }

    /// The virtual labels of a pod.
    pub(crate) fn marks(&self, workload: usize, instance: usize) -> Option<&Marks> {
        self.marks.of(workload, instance)
    }

    /// Ports that every row and cell must be able to tell apart.
    pub(crate) fn ports(&self) -> impl Iterator<Item = PortRange> {
        let special =
            [annotation::HBONE, annotation::LINKERD_INBOUND].into_iter().chain(OF_ISTIO).chain(OF_LINKERD);
        let special = special.filter(|_| self.is_used()).map(annotation::tcp);
        special.chain(self.bypasses.iter().flatten().copied())
    }

    /// Ports of the proxy of Istio or Linkerd beside a pod, which it leaves alone.
    pub(crate) fn of_proxy(meaning: Meaning) -> impl Iterator<Item = PortRange> {
        let ports: &[u16] = match meaning {
            Meaning::Sidecar => &OF_ISTIO,
            Meaning::Linkerd => &OF_LINKERD,
            Meaning::Ambient | Meaning::Identity | Meaning::Bypass(_) => &[],
        };
        ports.iter().copied().map(annotation::tcp)
    }
}

/// Reads everything that is of a mesh, and adds its policies to `policies`.
pub(crate) fn read(estate: &Estate, reading: &mut Reading<'_>, policies: &mut Vec<Policy>) -> Mesh {
    passed_over::report(estate, reading);
    let meshes = Meshes::of(estate);
    if meshes.is_empty() {
        return Mesh::default();
    }
    let mut mesh = Mesh { marks: Seen::new(estate, meshes), ..Mesh::default() };
    mesh.register(estate, reading);
    istio::read(estate, reading, &mut mesh, policies);
    linkerd::read(estate, reading, &mut mesh, policies);
    mesh
}

impl Mesh {
    /// Makes sets of pods that have something in common, in every cluster.
    fn register(&mut self, estate: &Estate, reading: &mut Reading<'_>) {
        for workload in estate.workloads() {
            reading.namespaces.cluster_id(workload.cluster.as_ref());
        }
        let clusters: Vec<ClusterId> = reading.namespaces.clusters().map(|(id, _)| id).collect();
        for (index, ports) in (0..).zip(self.marks.bypasses()) {
            self.bypasses.push(ports.ranges().to_vec());
            for cluster in &clusters {
                let value = is(mark::BYPASS, [Text::from(ports.to_string())]);
                let set = pods(reading, *cluster, vec![value]);
                self.meanings.insert(set, Meaning::Bypass(index));
            }
        }
        let known = [
            (is(mark::ISTIO, [mark::AMBIENT.into()]), Meaning::Ambient),
            (
                is(mark::ISTIO, [mark::SIDECAR, mark::GATEWAY, mark::WAYPOINT].map(Text::from)),
                Meaning::Sidecar,
            ),
            (exists(mark::LINKERD), Meaning::Linkerd),
            (exists(mark::ISTIO_IDENTITY), Meaning::Identity),
            (exists(mark::LINKERD_IDENTITY), Meaning::Identity),
        ];
        for cluster in clusters {
            for (requirement, meaning) in known.clone() {
                self.meanings.insert(pods(reading, cluster, vec![requirement]), meaning);
            }
        }
    }
}

/// The pods of a cluster that meet `requirements`.
fn pods(reading: &mut Reading<'_>, cluster: ClusterId, requirements: Vec<Requirement>) -> SetId {
    let everywhere = reading.selectors.id(Selector::default());
    selected(reading, Scope::Matching(cluster, everywhere), requirements)
}

/// The pods within a scope that meet `requirements`.
fn selected(reading: &mut Reading<'_>, scope: Scope, mut requirements: Vec<Requirement>) -> SetId {
    requirements.sort();
    requirements.dedup();
    let selector = reading.selectors.id(Selector { requirements, unreadable: Vec::new() });
    reading.sets.id(scope, selector)
}

fn is(key: &'static str, values: impl IntoIterator<Item = Text>) -> Requirement {
    let mut values: Vec<Text> = values.into_iter().collect();
    values.sort();
    values.dedup();
    Requirement { key: Text::const_new(key), operator: Operator::In(values) }
}

fn exists(key: &'static str) -> Requirement {
    Requirement { key: Text::const_new(key), operator: Operator::Exists }
}

/// Whether no labels can meet both.
fn disjoint(a: &Selector, b: &Selector) -> bool {
    let apart = |one: &Requirement| {
        let Operator::In(values) = &one.operator else { return false };
        b.requirements.iter().any(|other| match &other.operator {
            Operator::In(others) => {
                other.key == one.key && !values.iter().any(|value| others.contains(value))
            }
            Operator::DoesNotExist => other.key == one.key,
            Operator::NotIn(_) | Operator::Exists => false,
        })
    };
    a.requirements.iter().any(apart)
}
