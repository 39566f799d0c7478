//! Addresses that two pods of a cluster have at once. Only one of them can be right: one pod is gone, or
//! the input mixes two times or two clusters. What address blocks say of either is not known.
//!
//! Pods on the host network share the address of their node by right.

use std::net::IpAddr;

use ringfence_model::{Diagnostic, Estate, Field, Instance, Location, ResourceId, Text, pod_spec};
use rustc_hash::{FxHashMap, FxHashSet};

/// How many addresses are named.
const NAMED: usize = 20;

/// An address within a cluster.
type Address = (Option<Text>, IpAddr);

/// All addresses that more than one pod has.
#[derive(Debug, Default)]
pub(crate) struct Overlap {
    shared: FxHashSet<Address>,
    /// One pair of pods for each of them, in the order of resources.
    pairs: Vec<(IpAddr, ResourceId, ResourceId)>,
}

impl Overlap {
    pub(crate) fn new(estate: &Estate) -> Self {
        let mut overlap = Self::default();
        let mut holders: FxHashMap<(Option<&Text>, IpAddr), ResourceId> = FxHashMap::default();
        for workload in estate.workloads() {
            for pod in &workload.instances {
                for address in &pod.addresses {
                    let cluster = workload.cluster.as_ref();
                    let holder = *holders.entry((cluster, *address)).or_insert(pod.resource);
                    if is_other(estate, holder, pod.resource) {
                        overlap.add((cluster.cloned(), *address), holder, pod.resource);
                    }
                }
            }
        }
        overlap.pairs.sort_unstable_by_key(|(address, one, other)| (*one.min(other), *address));
        overlap
    }

    fn add(&mut self, address: Address, one: ResourceId, other: ResourceId) {
        let (_, shown) = address;
        if self.shared.insert(address) {
            self.pairs.push((shown, one, other));
        }
    }

    /// Whether another pod has one of the pod's addresses.
    pub(crate) fn concerns(&self, cluster: Option<&Text>, pod: &Instance) -> bool {
        !self.shared.is_empty()
            && pod.addresses.iter().any(|address| self.shared.contains(&(cluster.cloned(), *address)))
    }

    /// Names the pods.
    pub(crate) fn diagnostics(&self, estate: &Estate) -> Vec<Diagnostic> {
        let named = self.pairs.iter().take(NAMED);
        let mut diagnostics: Vec<Diagnostic> =
            named.map(|(address, one, other)| diagnostic(estate, *address, *one, *other)).collect();
        if let Some((address, one, _)) = self.pairs.get(NAMED) {
            let more = self.pairs.len() - NAMED;
            let message = format!("{more} addresses more are those of two pods, `{address}` among them");
            let diagnostic = Diagnostic::warning("address-shared", message).at(place(estate, *one));
            diagnostics.push(diagnostic.help(HELP));
        }
        diagnostics
    }
}

const HELP: &str =
    "give one state of one cluster; until then what address blocks open to these pods is reported as depends";

fn diagnostic(estate: &Estate, address: IpAddr, one: ResourceId, other: ResourceId) -> Diagnostic {
    let label = |id: ResourceId| estate.resource(id).map(|one| one.label()).unwrap_or_default();
    let message = format!("`{}` and `{}` have one address, `{address}`", label(one), label(other));
    Diagnostic::warning("address-shared", message)
        .at(place(estate, other))
        .related(place(estate, one), "has it too")
        .help(HELP)
}

fn place(estate: &Estate, id: ResourceId) -> Option<Location> {
    let resource = estate.resource(id)?;
    let status = resource.body.get("status.podIP").or(resource.body.get("status.podIPs"));
    status.and_then(|node| node.location()).or(resource.location())
}

/// Whether both are pods of their own network, and not two definitions of one.
fn is_other(estate: &Estate, one: ResourceId, other: ResourceId) -> bool {
    let (Some(first), Some(second)) = (estate.resource(one), estate.resource(other)) else { return false };
    let same = first.name == second.name && first.place == second.place;
    let own = |id| {
        let resource = estate.resource(id)?;
        let spec = pod_spec(&resource.kind, &resource.body)?.present()?;
        Some(match spec.field("hostNetwork") {
            Field::Absent => true,
            Field::Present(node) => node.as_bool() == Some(false),
            Field::Unresolved(..) => false,
        })
    };
    one != other && !same && own(one) == Some(true) && own(other) == Some(true)
}
