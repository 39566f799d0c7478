//! Policies as the engine sees them: who is selected, and which rules apply in each direction.

mod admin;
mod cluster;
mod name;
mod network;
mod nowhere;
mod rank;
mod read;
pub(crate) mod reader;
mod tier;

use ringfence_model::fact::{DecidingRule, Landmark, PortRange, Protocol, RuleAction};
use ringfence_model::{Location, ResourceId, Text};
use rustc_hash::FxHashMap;

use crate::address::{Blocks, Written};
use crate::condition::{Certainty, ConditionId};
use crate::mesh::Mesh;
use crate::namespace::{ClusterId, NamespaceId};
use crate::selector::SelectorId;

pub(crate) use name::{DnsId, DnsNames};
pub(crate) use rank::{Order, Plane, Rank};
pub(crate) use read::{Reading, read};
pub(crate) use reader::{Reader, port_number};

/// Which way a connection is opened, seen from the pod that a policy selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Ingress, Self::Egress];

    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Ingress => Self::Egress,
            Self::Egress => Self::Ingress,
        }
    }

    /// As the API spells it in `policyTypes`.
    pub(crate) fn policy_type(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        }
    }

    /// The key of its rules.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }

    /// The key of the peers of one of its rules.
    pub(crate) fn peers(self) -> &'static str {
        match self {
            Self::Ingress => "from",
            Self::Egress => "to",
        }
    }
}

/// One thing for each direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Both<T> {
    pub(crate) ingress: T,
    pub(crate) egress: T,
}

impl<T> Both<T> {
    pub(crate) fn get(&self, direction: Direction) -> &T {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

/// Which API a policy is of; engines enforce some and not others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Api {
    /// `networking.k8s.io` NetworkPolicy.
    Network,
    /// `policy.networking.k8s.io/v1alpha1`: AdminNetworkPolicy and BaselineAdminNetworkPolicy.
    Admin,
    /// `policy.networking.k8s.io/v1alpha2`: ClusterNetworkPolicy.
    Cluster,
    /// `cilium.io`: CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy.
    Cilium,
    /// `projectcalico.org`: NetworkPolicy and GlobalNetworkPolicy.
    Calico,
    /// What proxies of a mesh enforce.
    Mesh,
}

/// Pods that a selector within a scope selects; index into [`PodSets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SetId(u32);

impl SetId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Namespaces in which a set selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    /// One namespace.
    Within(NamespaceId),
    /// The namespaces of a cluster that a selector matches.
    Matching(ClusterId, SelectorId),
}

/// All sets of pods that policies speak of, each once.
#[derive(Debug, Default)]
pub(crate) struct PodSets {
    all: Vec<(Scope, SelectorId)>,
    ids: FxHashMap<(Scope, SelectorId), SetId>,
}

impl PodSets {
    pub(crate) fn id(&mut self, scope: Scope, selector: SelectorId) -> SetId {
        let next = SetId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        let id = *self.ids.entry((scope, selector)).or_insert(next);
        if id == next {
            self.all.push((scope, selector));
        }
        id
    }

    pub(crate) fn get(&self, id: SetId) -> Option<(Scope, SelectorId)> {
        self.all.get(id.index()).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (SetId, Scope, SelectorId)> {
        (0..).map(SetId).zip(&self.all).map(|(id, (scope, selector))| (id, *scope, *selector))
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }
}

/// A policy.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) resource: ResourceId,
    /// Where it is written.
    pub(crate) location: Option<Location>,
    pub(crate) cluster: ClusterId,
    /// Absent for cluster-wide policies.
    pub(crate) namespace: Option<NamespaceId>,
    pub(crate) api: Api,
    pub(crate) rank: Rank,
    /// Policies of one tier have one number, in the order of evaluation; set once all are read.
    pub(crate) stage: u32,
    /// Policies whose rules are sorted together have one number; set once all are read.
    pub(crate) slot: u32,
    /// Namespace and name, for an order that does not hang on the order of files.
    pub(crate) name: (Text, Text),
    /// The pods it applies to.
    pub(crate) subject: SetId,
    /// Its selector within the namespace, as far as the question goes whether every pod is selected.
    pub(crate) selector: SelectorId,
    /// Why it may not be in force, or not as it is read.
    pub(crate) doubt: Certainty,
    /// Its rules per direction; absent for a direction that it leaves alone.
    pub(crate) ingress: Option<Rules>,
    pub(crate) egress: Option<Rules>,
}

impl Policy {
    pub(crate) fn rules(&self, direction: Direction) -> Option<&Rules> {
        match direction {
            Direction::Ingress => self.ingress.as_ref(),
            Direction::Egress => self.egress.as_ref(),
        }
    }
}

/// The rules of a policy in one direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rules {
    /// Why the policy may leave this direction alone.
    pub(crate) doubt: Certainty,
    /// Whether what no rule of its stage decides is denied; otherwise the next stage decides.
    pub(crate) isolates: bool,
    pub(crate) rules: Vec<Rule>,
}

/// A rule that decides; index into [`Policies::rules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RuleId(pub(crate) u32);

/// One rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) id: RuleId,
    pub(crate) action: RuleAction,
    /// Absent: every peer, outside the cluster too.
    pub(crate) peers: Option<Vec<PeerSpec>>,
    /// Absent: every port of every protocol.
    pub(crate) ports: Option<Vec<PortSpec>>,
    /// What must hold besides for the rule to match: a request's path, a source port, …
    pub(crate) when: Certainty,
}

/// Rules are equal where they say the same, wherever they are written.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        (self.action, &self.peers, &self.ports, self.when)
            == (other.action, &other.peers, &other.ports, other.when)
    }
}

/// Whom a rule matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PeerSpec {
    /// Pods.
    Pods(SetId),
    /// Addresses, certainly or under a condition.
    Block(u32, Certainty),
    /// Those of whom every term holds; everyone, where there is no term.
    Each(Box<[Term]>),
    /// A destination by its DNS name.
    Name(DnsId),
    /// An end that is neither pod nor address.
    Landmark(Landmark),
    /// Pods on the host network, which have the addresses of nodes.
    HostNetwork,
    /// Anyone or no one.
    Unknown(ConditionId),
}

/// One of several things that must hold of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// Whether the peer must not be among `any`.
    pub(crate) negated: bool,
    /// The peer must be among one of these.
    pub(crate) any: Vec<PeerSpec>,
}

/// On which ports a rule matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortSpec {
    Range(PortRange),
    /// Resolved on the pod that answers.
    Named(NameId),
    /// Any port or none, of one protocol or of all.
    Unknown(Option<Protocol>, ConditionId),
    /// Not these, whatever the others say.
    Except(Box<Self>),
}

impl PortSpec {
    /// The ports that it names, to match them or to leave them out.
    pub(crate) fn named(&self) -> &Self {
        match self {
            Self::Except(inner) => inner.named(),
            other => other,
        }
    }
}

/// A port name with its protocol; index into [`PortNames`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NameId(u32);

/// All port names that rules use.
#[derive(Debug, Default)]
pub(crate) struct PortNames {
    ids: FxHashMap<(Text, Protocol), NameId>,
    all: Vec<(Text, Protocol)>,
}

impl PortNames {
    pub(crate) fn id(&mut self, name: &str, protocol: Protocol) -> NameId {
        let next = NameId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        let id = *self.ids.entry((name.into(), protocol)).or_insert(next);
        if id == next {
            self.all.push((name.into(), protocol));
        }
        id
    }

    pub(crate) fn find(&self, name: &Text, protocol: Protocol) -> Option<NameId> {
        self.ids.get(&(name.clone(), protocol)).copied()
    }

    pub(crate) fn get(&self, id: NameId) -> Option<&(Text, Protocol)> {
        self.all.get(id.0 as usize)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl Policies {
    /// The blocks that rules of one direction name, sorted.
    pub(crate) fn blocks(&self, direction: Direction, all: &Blocks) -> Vec<u32> {
        let rules =
            self.all.iter().filter_map(|policy| policy.rules(direction)).flat_map(|rules| &rules.rules);
        let mut blocks = Vec::new();
        rules.filter_map(|rule| rule.peers.as_ref()).flatten().for_each(|peer| peer.blocks(&mut blocks));
        let written: Vec<&Written> = blocks.iter().filter_map(|block| all.as_written(*block)).collect();
        for block in written {
            blocks.push(block.whole.1);
            blocks.extend(block.holes.iter().map(|(_, hole)| *hole));
        }
        blocks.sort_unstable();
        blocks.dedup();
        blocks
    }
}

impl PeerSpec {
    /// Whether it matches pods by their labels.
    pub(crate) fn has_pods(&self) -> bool {
        match self {
            Self::Pods(_) => true,
            Self::Each(terms) => terms.iter().flat_map(|term| &term.any).any(Self::has_pods),
            Self::Block(..) | Self::Name(_) | Self::Landmark(_) | Self::HostNetwork | Self::Unknown(_) => {
                false
            }
        }
    }

    /// Adds the blocks that it names.
    fn blocks(&self, blocks: &mut Vec<u32>) {
        match self {
            Self::Block(block, _) => blocks.push(*block),
            Self::Each(terms) => {
                terms.iter().flat_map(|term| &term.any).for_each(|peer| peer.blocks(blocks));
            }
            Self::Pods(_) | Self::Name(_) | Self::Landmark(_) | Self::HostNetwork | Self::Unknown(_) => {}
        }
    }
}

/// All policies in the order of evaluation, and what they speak of.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    pub(crate) all: Vec<Policy>,
    /// Every rule.
    pub(crate) rules: Vec<DecidingRule>,
    /// Pods that policies of other kinds may select: their namespace (absent: the whole cluster), and what
    /// is said of it.
    pub(crate) others: Vec<(ClusterId, Option<NamespaceId>, ConditionId)>,
    pub(crate) names: PortNames,
    pub(crate) dns: DnsNames,
    /// Clusters whose nodes have policies of their own, and what is said of them.
    pub(crate) policed_nodes: Vec<(ClusterId, ConditionId)>,
    /// Directions in which policies come between a pod and its own node; `Some` where they perhaps do.
    pub(crate) own_nodes: Vec<(ClusterId, Direction, Certainty)>,
    pub(crate) mesh: Mesh,
    /// How blocks are written, where that matters.
    pub(crate) written: FxHashMap<u32, Written>,
}
