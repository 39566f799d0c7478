//! Who can talk to whom, on what, and which rules decide.
//!
//! ```text
//! policies ─▶ sets of pods, address blocks, port cells
//! pods     ─▶ classes: peers that no rule tells apart          (class)
//!             rows: what the policies of a class say of peers   (row)
//!             allowed(src, dst) = I(dst)[src] ∩ E(src)[dst]     (product)
//! ```
//!
//! Nothing here is ever a pair of pods. Each set of ports is kept twice, as what is open for certain and
//! as what may be open: a field that cannot be read, an unknown label or address, host network and the
//! like make a decision conditional, never silently allow or deny.
//!
//! INVARIANT: the order in which resources were read decides nothing.

mod address;
mod between;
pub mod calico;
mod cilium;
mod class;
mod condition;
mod contact;
mod default_deny;
mod detect;
mod endpoints;
mod enforcement;
mod entry;
mod identity;
mod map;
mod mesh;
mod namespace;
mod overlap;
mod pod;
mod policy;
mod port;
mod product;
mod profile;
#[cfg(any(test, feature = "property"))]
pub mod property;
mod question;
mod row;
mod selector;

use std::sync::Arc;

use ringfence_model::fact::{PortRange, Ports};
use ringfence_model::{Diagnostic, Estate, ResourceId, Text, WorkloadId};
use roaring::RoaringBitmap;

use crate::address::{Blocks, Space};
use crate::class::Classes;
use crate::condition::Conditions;
use crate::enforcement::{Places, Policing};
use crate::namespace::Namespaces;
use crate::policy::{Both, Direction, PodSets, Policies, PortSpec, Reading};
use crate::port::Cells;
use crate::product::Reached;
use crate::profile::Profiles;
use crate::row::{PeerClasses, Rows};
use crate::selector::Selectors;

pub use contact::Contact;
pub use endpoints::Endpoints;
pub use entry::{Behind, ClusterAddress, RulePort, Wanted, cluster_address};
pub use profile::{Choice, Chosen, FACTS, Fact, Profile, Switches};
pub use question::{Compared, Comparison, compare, diff};
pub use ringfence_model::fact::{Edge, Matching, Openness, RuleAction, Selecting, Side};

/// The answers of one estate under one profile.
#[derive(Debug)]
pub struct Reach {
    profiles: Profiles,
    /// Where reasons are written why policies are not enforced.
    places: Places,
    namespaces: Namespaces,
    conditions: Conditions,
    selectors: Selectors,
    sets: PodSets,
    blocks: Blocks,
    policies: Policies,
    spaces: Both<Space>,
    classes: Classes,
    cells: Cells,
    peers: PeerClasses,
    rows: Rows,
    reached: Reached,
    /// Classes of a single pod.
    single: RoaringBitmap,
    /// What the ingress controller of netpol-analyzer may open; empty under other profiles.
    controller: Vec<(WorkloadId, Arc<Ports>)>,
}

impl Reach {
    /// Reads the policies and pods of `estate`. What cannot be read makes decisions conditional and is
    /// named in a diagnostic.
    pub fn new(estate: &Estate, choice: impl Into<Choice>) -> (Self, Vec<Diagnostic>) {
        Self::of(estate, choice.into(), None)
    }

    /// The answers as if only these policies were in force.
    pub fn of_policies(
        estate: &Estate,
        choice: impl Into<Choice>,
        policies: &[ResourceId],
    ) -> (Self, Vec<Diagnostic>) {
        Self::of(estate, choice.into(), Some(policies))
    }

    fn of(estate: &Estate, choice: Choice, only: Option<&[ResourceId]>) -> (Self, Vec<Diagnostic>) {
        let switches = choice.switches();
        let mut conditions = Conditions::default();
        let mut namespaces = Namespaces::new(estate, switches.missing_namespace_has_no_labels);
        let (mut profiles, mut found) = Profiles::new(estate, &mut namespaces, choice);
        cilium::adjust(&mut profiles, estate);
        let overlap = overlap::Overlap::new(estate);
        found.extend(overlap.diagnostics(estate));
        let mut reading = Reading::new(&profiles, &mut namespaces, &mut conditions);
        let policies = policy::read(estate, only, &mut reading);
        let Reading { selectors, sets, blocks, diagnostics, .. } = reading;
        found.extend(diagnostics);
        let v6 = switches.ipv6_peers && shows_v6(estate, &blocks);
        let [ingress, egress] =
            Direction::BOTH.map(|one| Space::new(&blocks, &policies.blocks(one, &blocks), v6));
        let spaces = Both { ingress, egress };
        let (policing, places) = Policing::new(estate, &namespaces, &profiles, &mut conditions);
        let builder = class::Builder {
            estate,
            reader: pod::Reader { profiles: &profiles, names: &policies.names, spaces: &spaces },
            namespaces: &mut namespaces,
            conditions: &mut conditions,
            selectors: &selectors,
            sets: &sets,
            blocks: &blocks,
            names: &policies.dns,
            mesh: &policies.mesh,
            landmarks: switches.landmarks,
            policed_nodes: &policies.policed_nodes,
            own_nodes: &policies.own_nodes,
            overlap: &overlap,
            policing: &policing,
        };
        let classes = builder.build();
        let cells = cells(&policies, &classes);
        let peers = PeerClasses::new(&classes, &profiles);
        let builder =
            row::Builder::new(&namespaces, &policies, &classes, &cells, &peers, &profiles, &mut conditions);
        let rows = builder.build();
        found.extend(row::lost_entries(&rows, &policies, &profiles, &conditions, estate));
        let reached = Reached::new(&rows.egress);
        let single = single(estate, &classes);
        let reach = Self {
            profiles,
            places,
            namespaces,
            conditions,
            selectors,
            sets,
            blocks,
            policies,
            spaces,
            classes,
            cells,
            peers,
            rows,
            reached,
            single,
            controller: Vec::new(),
        };
        (reach.with_controller(estate, switches), found)
    }

    /// The DNS names that rules use; [`Peer::Name`](ringfence_model::fact::Peer::Name) is an index into them.
    pub fn names(&self) -> &[Text] {
        self.policies.dns.all()
    }

    /// Whose semantics hold in each cluster, and why.
    pub fn profiles(&self) -> &[Chosen] {
        self.profiles.chosen()
    }
}

/// Whether anything shows IPv6: a rule names a block of it, or a pod has an address of it.
fn shows_v6(estate: &Estate, blocks: &Blocks) -> bool {
    let mut addresses = estate.workloads().iter().flat_map(|workload| &workload.instances);
    blocks.names_v6() || addresses.any(|pod| pod.addresses.iter().any(|address| address.is_ipv6()))
}

/// The cells that ports of rules cut, names resolved on every pod.
fn cells(policies: &Policies, classes: &Classes) -> Cells {
    let rules =
        policies.all.iter().flat_map(|policy| Direction::BOTH.map(|direction| policy.rules(direction)));
    let ports =
        rules.flatten().flat_map(|rules| &rules.rules).filter_map(|rule| rule.ports.as_ref()).flatten();
    let written = ports.filter_map(|port| match port.named() {
        PortSpec::Range(range) => Some(*range),
        PortSpec::Named(_) | PortSpec::Unknown(..) | PortSpec::Except(_) => None,
    });
    let declared = classes.ports.iter().flat_map(|ports| &ports.declared);
    let named = declared.filter_map(|(name, number)| {
        let (_, protocol) = policies.names.get(*name)?;
        number.map(|port| PortRange { protocol: *protocol, start: port, end: port })
    });
    Cells::new(written.chain(named).chain(policies.mesh.ports()))
}

/// Classes of a single pod; a template may make any number.
fn single(estate: &Estate, classes: &Classes) -> RoaringBitmap {
    let alone = |class: &u32| classes.counts.get(*class as usize) == Some(&1);
    let concrete = estate
        .iter_workloads()
        .filter(|(_, workload)| workload.instances.iter().all(|pod| pod.name.is_some()));
    let of_workload = concrete.filter_map(|(id, _)| classes.of_workload.get(id.index()));
    of_workload.flatten().copied().filter(alone).collect()
}
