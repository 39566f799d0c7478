//! Classes: peers that no rule tells apart.
//!
//! ```text
//! class = namespace × sets of pods that hold it × named ports × addresses × host network × doubts
//! ```
//!
//! Pod classes come first; their numbers follow the names of workloads, not the order of files. Addresses
//! outside the cluster follow: as sources they are parted by the blocks of ingress rules, as
//! destinations by those of egress rules.

mod held;
mod outside;

use ringfence_model::fact::{Landmark, Peer};
use ringfence_model::{Estate, Workload, WorkloadId};
use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;

use crate::address::Blocks;
use crate::condition::{Certainty, ConditionId, Conditions};
use crate::enforcement::Policing;
use crate::identity::Identities;
use crate::mesh::{Mesh, is_mark};
use crate::namespace::{ClusterId, NamespaceId, Namespaces};
use crate::overlap::Overlap;
use crate::pod::{self, Addresses, Enforced, HostNetwork, NamedPorts, Pod};
use crate::policy::{Both, Direction, DnsId, DnsNames, PodSets, Scope, SetId};
use crate::selector::{Index, KnownLabels, SelectorId, Selectors};

pub(crate) use held::Held;

/// Why the address of a pod may not be its own.
const SHARED: &str = "another pod has the same address";

/// What pods of a class have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Traits {
    pub(crate) namespace: NamespaceId,
    /// The sets that hold it, sorted.
    pub(crate) sets: Vec<(SetId, Certainty)>,
    /// Index into [`Classes::ports`].
    pub(crate) ports: u32,
    pub(crate) host: HostNetwork,
    pub(crate) enforced: Enforced,
    pub(crate) addresses: Addresses,
    /// Why those may be another pod's.
    pub(crate) shared: Certainty,
    /// Why the pod may not exist as it is read.
    pub(crate) doubt: Certainty,
}

/// All classes of a run.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    /// Pod classes; the index is the class.
    pub(crate) pods: Vec<Traits>,
    pub(crate) members: Vec<Vec<Peer>>,
    /// How many pods each has.
    pub(crate) counts: Vec<u32>,
    /// The classes of each workload.
    pub(crate) of_workload: Vec<Vec<u32>>,
    /// Distinct maps of named ports.
    pub(crate) ports: Vec<NamedPorts>,
    /// The classes that each set holds.
    pub(crate) sets: Vec<Held>,
    /// The classes that each block holds, for rules of either direction.
    pub(crate) blocks: Both<Vec<Held>>,
    /// Pod classes of each cluster.
    pub(crate) clusters: Vec<RoaringBitmap>,
    /// Pod classes that are or may be on the host network, where what policies do to them is not defined.
    pub(crate) host: RoaringBitmap,
    /// Pod classes that to their engine are the node that they run on.
    pub(crate) nodes: RoaringBitmap,
    /// Why some of those may not be; set where there are any.
    pub(crate) host_doubt: Certainty,
    /// Pod classes that share the address of their node; selectors match them all the same.
    pub(crate) on_node: RoaringBitmap,
    /// Pod classes that share an address with another pod, which should not be.
    pub(crate) sharing: RoaringBitmap,
    /// Classes of addresses outside, landmarks and named destinations: as sources, of which ingress rules
    /// speak, and as destinations.
    pub(crate) outside: Both<RoaringBitmap>,
    /// How many classes of addresses are among those.
    signatures: Both<u32>,
    /// Whether landmarks are peers.
    landmarks: bool,
    /// Directions in which rules can match a pod's own node.
    own_node: Both<bool>,
    /// Classes that hold a DNS name; peers of egress rules.
    pub(crate) names: Vec<Held>,
}

impl Classes {
    /// Every class that a rule of `direction` can match; nothing comes between a pod and its own node.
    pub(crate) fn universe(&self, direction: Direction) -> RoaringBitmap {
        let mut universe = self.outside.get(direction).clone();
        universe.insert_range(0..self.first_outside());
        if !self.own_node.get(direction) {
            self.landmark(direction, Landmark::OwnNode).map(|class| universe.remove(class));
        }
        universe
    }

    /// The classes of addresses outside.
    pub(crate) fn addresses(&self, direction: Direction) -> RoaringBitmap {
        let first = self.of_signature(direction, 0);
        (first..first.saturating_add(*self.signatures.get(direction))).collect()
    }

    /// The class of a landmark, as a peer of rules of `direction`; `None` where landmarks are no peers.
    pub(crate) fn landmark(&self, direction: Direction, landmark: Landmark) -> Option<u32> {
        let at = Landmark::ALL.iter().position(|one| *one == landmark)?;
        self.landmarks.then(|| self.of_signature(direction, *self.signatures.get(direction)) + bound(at))
    }

    /// The class of a named destination.
    pub(crate) fn of_name(&self, name: DnsId) -> u32 {
        let landmarks = if self.landmarks { bound(Landmark::ALL.len()) } else { 0 };
        let first = self.of_signature(Direction::Egress, self.signatures.egress) + landmarks;
        first.saturating_add(name.number())
    }

    fn first_outside(&self) -> u32 {
        u32::try_from(self.pods.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.members.len()).unwrap_or(u32::MAX)
    }

    /// The class of addresses with this signature in the space of `direction`.
    pub(crate) fn of_signature(&self, direction: Direction, signature: u32) -> u32 {
        let first = self.outside.get(direction).min().unwrap_or_else(|| self.first_outside());
        first.saturating_add(signature)
    }
}

/// What building classes takes.
#[derive(Debug)]
pub(crate) struct Builder<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) reader: pod::Reader<'a>,
    pub(crate) namespaces: &'a mut Namespaces,
    pub(crate) conditions: &'a mut Conditions,
    pub(crate) selectors: &'a Selectors,
    pub(crate) sets: &'a PodSets,
    pub(crate) blocks: &'a Blocks,
    pub(crate) names: &'a DnsNames,
    pub(crate) mesh: &'a Mesh,
    /// Whether landmarks are peers.
    pub(crate) landmarks: bool,
    /// Clusters whose nodes have policies of their own, and what is said of them.
    pub(crate) policed_nodes: &'a [(ClusterId, ConditionId)],
    /// Directions in which policies come between a pod and its own node.
    pub(crate) own_nodes: &'a [(ClusterId, Direction, Certainty)],
    /// Addresses that two pods have.
    pub(crate) overlap: &'a Overlap,
    pub(crate) policing: &'a Policing,
}

impl Builder<'_> {
    pub(crate) fn build(mut self) -> Classes {
        let mut classes = Classes {
            sets: vec![Held::default(); self.sets.len()],
            of_workload: vec![Vec::new(); self.estate.workloads().len()],
            landmarks: self.landmarks,
            own_node: Both {
                ingress: self.own_nodes.iter().any(|(_, direction, _)| *direction == Direction::Ingress),
                egress: self.own_nodes.iter().any(|(_, direction, _)| *direction == Direction::Egress),
            },
            ..Classes::default()
        };
        self.add_pods(&mut classes);
        self.add_outside(&mut classes);
        self.hold_blocks(&mut classes);
        self.hold_names(&mut classes);
        for (class, traits) in (0..).zip(&classes.pods) {
            let cluster = self.namespaces.cluster(traits.namespace).index();
            classes.clusters.resize_with(classes.clusters.len().max(cluster + 1), RoaringBitmap::new);
            classes.clusters.get_mut(cluster).map(|cluster| cluster.insert(class));
            if traits.host.is_undefined() {
                classes.host.insert(class);
            }
            if traits.host == HostNetwork::Node {
                classes.nodes.insert(class);
            }
            if traits.host == HostNetwork::Perhaps {
                let why = "whether a pod is on the host network is not known";
                classes.host_doubt.get_or_insert_with(|| self.conditions.id(why));
            }
            if traits.shared.is_some() {
                classes.sharing.insert(class);
            }
            if traits.host == HostNetwork::Address {
                classes.on_node.insert(class);
            }
        }
        classes
    }

    fn add_pods(&mut self, classes: &mut Classes) {
        let sorted = sorted(self.estate);
        let doubts = self.doubts(&sorted);
        let scopes = Scopes::new(self);
        let index = Index::new(self.selectors, self.sets.iter().map(|(_, _, selector)| selector));
        let mut known: FxHashMap<Traits, u32> = FxHashMap::default();
        let mut ports: FxHashMap<NamedPorts, u32> = FxHashMap::default();
        let identities = Identities::new(self.estate, self.selectors);
        let mut local = Local::default();
        for ((id, workload), doubt) in sorted.into_iter().zip(doubts) {
            let namespace = self.namespaces.id(workload.cluster.as_ref(), &workload.namespace);
            local.enter(namespace, &scopes);
            for (number, instance) in workload.instances.iter().enumerate() {
                let Some(resource) = self.estate.resource(instance.resource) else { continue };
                let cluster = self.namespaces.cluster(namespace);
                let mut pod = self.reader.read(cluster, instance, resource);
                let marks = self.mesh.marks(id.index(), number);
                let identity = identities.of(workload, resource, &pod.labels, self.namespaces, marks);
                pod.labels = identity
                    .as_ref()
                    .map_or(pod.labels, |(labels, unknown)| KnownLabels { labels, unknown: unknown.clone() });
                // To the engine a node has no labels of a pod.
                let sets = match pod.host {
                    HostNetwork::Node => Vec::new(),
                    _ => self.sets_of(&pod, &index, &local),
                };
                let doubt = doubt.or(self.host_doubt(&pod, cluster));
                let next = u32::try_from(ports.len()).unwrap_or(u32::MAX);
                let ports = *ports.entry(pod.ports).or_insert(next);
                let Pod { host, addresses, .. } = pod;
                let shared = addresses != Addresses::Ignored
                    && self.overlap.concerns(workload.cluster.as_ref(), instance);
                let shared = shared.then(|| self.conditions.id(SHARED));
                let (enforced, unsure) = self.policing.of(cluster, workload, instance, resource, host);
                let doubt = doubt.or(unsure);
                let traits = Traits { namespace, sets, ports, host, enforced, addresses, shared, doubt };
                let class = match known.get(&traits) {
                    Some(class) => *class,
                    None => classes.add(traits, &mut known),
                };
                classes.join(class, id);
            }
        }
        let mut ports: Vec<(u32, NamedPorts)> =
            ports.into_iter().map(|(ports, index)| (index, ports)).collect();
        ports.sort_unstable_by_key(|(index, _)| *index);
        classes.ports = ports.into_iter().map(|(_, ports)| ports).collect();
    }

    /// Why it is not known what a pod may do that shares the network of its node.
    fn host_doubt(&self, pod: &Pod<'_>, cluster: ClusterId) -> Certainty {
        let policed = self.policed_nodes.iter().find(|(there, _)| *there == cluster);
        policed.filter(|_| pod.host != HostNetwork::No).map(|(_, condition)| *condition)
    }

    /// Why a workload may not exist as it is read: of two definitions, only one is in force.
    fn doubts(&mut self, sorted: &[(WorkloadId, &Workload)]) -> Vec<Certainty> {
        let mut doubts = Vec::with_capacity(sorted.len());
        for same in sorted.chunk_by(|(_, a), (_, b)| identity(a) == identity(b)) {
            let doubt = same
                .first()
                .filter(|_| same.len() > 1)
                .map(|(_, workload)| self.conditions.id(&format!("`{}` is defined twice", workload.label())));
            doubts.extend(same.iter().map(|_| doubt));
        }
        doubts
    }

    /// The sets that hold `pod`.
    fn sets_of(&mut self, pod: &Pod<'_>, index: &Index, local: &Local) -> Vec<(SetId, Certainty)> {
        let mut sets = Vec::new();
        let (mut unreadable, mut unknown, mut unmarked) = (None, None, None);
        let wanted = |selector| local.sets.contains_key(&selector);
        index.matches(self.selectors, &pod.labels, wanted, |selector, certain| {
            let Some(found) = local.sets.get(&selector) else { return };
            let doubt = (!certain).then(|| {
                if self.selectors.get(selector).is_some_and(|one| !one.unreadable.is_empty()) {
                    *unreadable.get_or_insert_with(|| self.conditions.id("a pod selector cannot be read"))
                } else if is_mark(self.selectors, selector) {
                    let why = "whether the pod is in the mesh is not known";
                    *unmarked.get_or_insert_with(|| self.conditions.id(why))
                } else {
                    *unknown.get_or_insert_with(|| self.conditions.id("a label of the pod is not known"))
                }
            });
            sets.extend(found.iter().map(|(set, certainty)| (*set, doubt.or(*certainty))));
        });
        sets.sort_unstable();
        sets
    }
}

fn bound(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn sorted(estate: &Estate) -> Vec<(WorkloadId, &Workload)> {
    let mut sorted: Vec<_> = estate.iter_workloads().collect();
    sorted.sort_by(|(_, a), (_, b)| identity(a).cmp(&identity(b)));
    sorted
}

fn identity(workload: &Workload) -> (Option<&str>, &str, &str, &str) {
    let Workload { cluster, namespace, name, kind, .. } = workload;
    (cluster.as_deref(), namespace, name, kind)
}

impl Classes {
    fn add(&mut self, traits: Traits, known: &mut FxHashMap<Traits, u32>) -> u32 {
        let class = u32::try_from(self.pods.len()).unwrap_or(u32::MAX);
        for (set, certainty) in &traits.sets {
            self.sets.get_mut(set.index()).into_iter().for_each(|held| held.add(class, *certainty));
        }
        self.pods.push(traits.clone());
        self.members.push(Vec::new());
        self.counts.push(0);
        known.insert(traits, class);
        class
    }

    fn join(&mut self, class: u32, workload: WorkloadId) {
        let peer = Peer::Workload(workload);
        // All pods of a workload come in a row.
        let members = self.members.get_mut(class as usize).filter(|members| members.last() != Some(&peer));
        members.into_iter().for_each(|members| members.push(peer));
        self.counts.get_mut(class as usize).into_iter().for_each(|count| *count += 1);
        let of_workload = self.of_workload.get_mut(workload.index());
        of_workload
            .into_iter()
            .filter(|classes| !classes.contains(&class))
            .for_each(|classes| classes.push(class));
    }
}

/// The sets of each scope.
#[derive(Debug)]
struct Scopes {
    within: FxHashMap<NamespaceId, Vec<(SelectorId, SetId)>>,
    matching: FxHashMap<(ClusterId, SelectorId), Vec<(SelectorId, SetId)>>,
    /// For each namespace its cluster, and the namespace selectors that match it.
    namespaces: Vec<(ClusterId, Vec<(SelectorId, Certainty)>)>,
}

impl Scopes {
    fn new(builder: &mut Builder<'_>) -> Self {
        let mut within: FxHashMap<NamespaceId, Vec<(SelectorId, SetId)>> = FxHashMap::default();
        let mut matching: FxHashMap<(ClusterId, SelectorId), Vec<(SelectorId, SetId)>> = FxHashMap::default();
        let mut selectors = Vec::new();
        for (set, scope, selector) in builder.sets.iter() {
            match scope {
                Scope::Within(namespace) => within.entry(namespace).or_default().push((selector, set)),
                Scope::Matching(cluster, namespaces) => {
                    selectors.push(namespaces);
                    matching.entry((cluster, namespaces)).or_default().push((selector, set));
                }
            }
        }
        let matches = builder.namespaces.matches(builder.selectors, &selectors, builder.conditions);
        let namespaces =
            builder.namespaces.ids().map(|id| builder.namespaces.cluster(id)).zip(matches).collect();
        Self { within, matching, namespaces }
    }
}

/// The sets that can hold pods of one namespace, by selector.
#[derive(Debug, Default)]
struct Local {
    namespace: Option<NamespaceId>,
    sets: FxHashMap<SelectorId, Vec<(SetId, Certainty)>>,
}

impl Local {
    fn enter(&mut self, namespace: NamespaceId, scopes: &Scopes) {
        if self.namespace == Some(namespace) {
            return;
        }
        self.namespace = Some(namespace);
        self.sets.clear();
        for (selector, set) in scopes.within.get(&namespace).into_iter().flatten() {
            self.sets.entry(*selector).or_default().push((*set, None));
        }
        let Some((cluster, matches)) = scopes.namespaces.get(namespace.index()) else { return };
        for (namespaces, certainty) in matches {
            for (selector, set) in scopes.matching.get(&(*cluster, *namespaces)).into_iter().flatten() {
                self.sets.entry(*selector).or_default().push((*set, *certainty));
            }
        }
    }
}
