//! Istio: AuthorizationPolicy and PeerAuthentication, as sidecars, gateways and ztunnels enforce them.

mod authorization;
mod clause;
mod config;
mod emit;
mod filter;
mod peer;
mod plaintext;
mod principal;
mod target;
mod written;

use ringfence_model::{Entry, Estate, Node, Resource, ResourceId, Text, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Mesh;
use super::mark;
use super::workloads::{Here, Place, Seen};
use crate::condition::{Certainty, ConditionId};
use crate::policy::{Policy, Reading};
use config::{Config, Root};
use plaintext::Plaintext;

/// What reading an object of Istio takes.
struct Istio<'e> {
    estate: &'e Estate,
    configs: Vec<(Option<Text>, Config)>,
    plaintext: Plaintext,
    /// Objects of one name that are not the same: which is in force is not known.
    twice: FxHashSet<ResourceId>,
}

/// Reads all objects of Istio.
pub(super) fn read(estate: &Estate, reading: &mut Reading<'_>, mesh: &mut Mesh, policies: &mut Vec<Policy>) {
    let mut istio = Istio {
        estate,
        configs: config::read(estate),
        plaintext: Plaintext::read(estate, reading),
        twice: twice(estate),
    };
    let strict = peer::read_all(&mut istio, reading, mesh, policies);
    authorization::read_all(&istio, &strict, reading, mesh, policies);
    filter::read_all(&istio, reading, mesh, policies);
    istio.note_root(reading);
}

impl<'e> Istio<'e> {
    /// The objects of these kinds, of all versions of the API.
    fn objects(&self, kinds: &[&str]) -> Vec<(ResourceId, &'e Resource)> {
        let ids = kinds.iter().flat_map(|kind| self.estate.of_kind(kind));
        ids.filter_map(|id| Some((*id, self.estate.resource(*id)?))).collect()
    }

    fn config(&self, cluster: Option<&Text>) -> Config {
        let found = self.configs.iter().find(|(there, _)| there.as_ref() == cluster);
        found.map(|(_, config)| config.clone()).unwrap_or_default()
    }

    /// Why an object may not be in force as it is read.
    fn doubt(&self, id: ResourceId, object: &Resource, reading: &mut Reading<'_>) -> Certainty {
        self.twice
            .contains(&id)
            .then(|| reading.conditions.id(&format!("policy `{}` is defined twice", object.label())))
    }

    /// Whether an object lies in the root namespace of its mesh, whose policies hold for every namespace.
    fn is_root(&self, seen: &Seen, object: &Resource, reading: &mut Reading<'_>) -> Rooted {
        let cluster = object.place.cluster.as_ref();
        let namespace = object.namespace();
        match self.config(cluster).root {
            Root::Named(root) if root == namespace => Rooted::Yes,
            Root::Named(_) => Rooted::No,
            Root::Assumed if namespace == config::DEFAULT_ROOT => Rooted::Yes,
            // Nothing runs there: why else would anyone write a policy for it?
            Root::Assumed if seen.here(&place(object)).is_none() => Rooted::Perhaps(
                reading
                    .conditions
                    .id(&format!("whether `{namespace}` is the root namespace of the mesh is not known")),
            ),
            Root::Assumed => Rooted::No,
        }
    }

    /// Says which namespace is taken for the root of a mesh that does not show its settings.
    fn note_root(&self, reading: &mut Reading<'_>) {
        let kinds = [authorization::KINDS, peer::KINDS].concat();
        let mut objects = self.objects(&kinds);
        objects.sort_by_key(|(_, object)| object.location());
        let assumed = objects.into_iter().find(|(_, object)| {
            object.namespace() == config::DEFAULT_ROOT
                && self.config(object.place.cluster.as_ref()).root == Root::Assumed
        });
        let Some((_, object)) = assumed else { return };
        reading.diagnostics.push(
            ringfence_model::Diagnostic::note(
                "mesh-root-assumed",
                format!("`{}` is taken for the root namespace of the mesh", config::DEFAULT_ROOT),
            )
            .at(object.location())
            .help("add the ConfigMap `istio` of the mesh to the input if `rootNamespace` is another"),
        );
    }
}

/// Whether a policy is mesh-wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rooted {
    Yes,
    No,
    Perhaps(ConditionId),
}

fn place(object: &Resource) -> Place {
    (object.place.cluster.clone(), object.namespace().into())
}

/// The ways in which Istio handles pods that a policy of `object` can select, sorted.
fn modes(seen: &Seen, object: &Resource, rooted: Rooted) -> Vec<&'static str> {
    let own = seen.here(&place(object)).into_iter();
    let all = seen.of_cluster(object.place.cluster.as_ref()).map(|(_, here)| here);
    let here: Vec<&Here> = if rooted == Rooted::No { own.collect() } else { all.collect() };
    let is_there = |mode: &&str| {
        let may_be = *mode == mark::SIDECAR || *mode == mark::AMBIENT;
        here.iter().any(|here| here.modes.contains(*mode) || (may_be && here.hides_mode))
    };
    [mark::AMBIENT, mark::GATEWAY, mark::SIDECAR].into_iter().filter(is_there).collect()
}

/// Objects of one kind and name that do not say the same.
fn twice(estate: &Estate) -> FxHashSet<ResourceId> {
    let mut named: FxHashMap<(Option<&Text>, &str, &str, &str), Vec<ResourceId>> = FxHashMap::default();
    let kinds = [authorization::KINDS, peer::KINDS].concat();
    for id in kinds.iter().flat_map(|kind| estate.of_kind(kind)) {
        let Some(object) = estate.resource(*id) else { continue };
        let key =
            (object.place.cluster.as_ref(), object.kind.name(), object.namespace(), object.name.as_str());
        named.entry(key).or_default().push(*id);
    }
    let spec = |id: &ResourceId| estate.resource(*id).and_then(|object| object.body.get("spec"));
    let differ = |ids: &Vec<ResourceId>| {
        let first = ids.first().and_then(spec);
        ids.iter().any(|id| !alike(first, spec(id)))
    };
    named.into_values().filter(differ).flatten().collect()
}

/// Whether two nodes hold the same, wherever it is written.
fn alike(a: Option<&Node>, b: Option<&Node>) -> bool {
    let (Some(a_node), Some(b_node)) = (a, b) else { return a.is_none() && b.is_none() };
    match (&a_node.value, &b_node.value) {
        (Value::List(_), Value::List(_)) => {
            let (a, b) = (a_node.items(), b_node.items());
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(Some(a), Some(b)))
        }
        (Value::Map(_), Value::Map(_)) => {
            // A null is as good as nothing.
            let written =
                |node: &Node| node.entries().iter().filter(|one| one.node.value != Value::Null).count();
            let same = |entry: &Entry| alike(entry.node.as_field().node(), b_node.child(&entry.key).node());
            written(a_node) == written(b_node) && a_node.entries().iter().all(same)
        }
        (a, b) => a == b,
    }
}
