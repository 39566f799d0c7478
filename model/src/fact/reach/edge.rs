//! What is said of one pair of classes: decision, ports, and the rules of both sides.

use std::sync::Arc;

use super::{DecidingRule, Peer, Ports, Protocol};
use crate::ResourceId;

/// What one class of peers may open towards another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who connects: those members of the class that were asked for.
    pub from: Vec<Peer>,
    /// Who answers.
    pub to: Vec<Peer>,
    /// The ports that are open.
    pub allowed: Arc<Ports>,
    /// The ports that are open or closed, depending on [`Edge::condition`]; for scope they count as open.
    pub depends: Arc<Ports>,
    /// What `depends` hangs on; absent where nothing does.
    pub condition: Option<Arc<str>>,
    /// What the policies of the connecting side say.
    pub egress: Side,
    /// What the policies of the answering side say.
    pub ingress: Side,
    /// What a mesh adds; absent where the input shows none, and between what is no pod.
    pub mesh: Option<MeshEdge>,
}

/// What a mesh does to the connections of an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshEdge {
    /// Mutual TLS between the two.
    pub mtls: Mtls,
    /// Ports that the proxy on the answering side refuses whatever else is not known. A layer of its own,
    /// which never makes an edge denied: packets reach the proxy all the same.
    pub closed: Arc<Ports>,
    /// The port of TCP that policies of the network see instead of the application's.
    pub tunnel: Option<u16>,
}

/// Mutual TLS between two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mtls {
    /// The proxy that answers takes nothing else.
    Required,
    /// Both ends speak it, and the one that answers takes plaintext too.
    Permissive,
    /// Connections are in plaintext, as far as the mesh goes.
    Absent,
    /// Not the same on all ports.
    Differs,
    /// Not known.
    Unknown,
}

impl Mtls {
    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Permissive => "permissive",
            Self::Absent => "absent",
            Self::Differs => "differs by port",
            Self::Unknown => "unknown",
        }
    }
}

/// What the policies of one side say of the pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// The policies that select this side in this direction; without any, everything is open.
    pub policies: Vec<Selecting>,
    /// The rules that match the other side.
    pub rules: Vec<Matching>,
    /// What this side alone opens for certain.
    pub allowed: Arc<Ports>,
    /// What this side alone may open besides.
    pub depends: Arc<Ports>,
}

/// A policy that selects one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selecting {
    /// The policy; its element is empty.
    pub rule: DecidingRule,
    /// Whether it certainly selects it.
    pub certain: bool,
}

/// A rule that matches the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching {
    /// The rule.
    pub rule: DecidingRule,
    /// What it does.
    pub action: RuleAction,
    /// On which ports, named ones resolved.
    pub ports: Arc<Ports>,
    /// Whether it certainly matches.
    pub certain: bool,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleAction {
    /// Opens.
    Allow,
    /// Closes.
    Deny,
    /// Leaves it to the next tier.
    Pass,
}

impl Edge {
    /// The ports that are or may be open.
    pub fn ports(&self) -> Ports {
        self.allowed.union(&self.depends)
    }

    /// How many independent layers close `port`, whatever is not known: policies of the connecting side, of
    /// the answering side, and the mesh.
    pub fn layers_that_close(&self, protocol: Protocol, port: u16) -> usize {
        let closes =
            |side: &Side| !side.allowed.contains(protocol, port) && !side.depends.contains(protocol, port);
        let by_mesh = self.mesh.as_ref().is_some_and(|mesh| mesh.closed.contains(protocol, port));
        [closes(&self.egress), closes(&self.ingress), by_mesh].into_iter().filter(|closes| *closes).count()
    }

    /// Whether nothing is open under any condition.
    pub fn is_denied(&self) -> bool {
        self.allowed.is_empty() && self.depends.is_empty()
    }

    /// How wide it is, conditional ports counted as open.
    pub fn openness(&self) -> Openness {
        Openness::of(&self.ports())
    }

    /// The policies that select either side, each once; where the edge is denied, they are why.
    pub fn policies(&self) -> impl Iterator<Item = ResourceId> {
        self.egress.policies.iter().chain(&self.ingress.policies).map(|selecting| selecting.rule.policy)
    }
}

/// How wide connectivity is, in the terms of PCI DSS 4.0.1 §4. Conditional ports count as open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Openness {
    /// No port.
    #[default]
    Closed,
    /// Some ports: a control narrows by port or protocol.
    Narrowed,
    /// Every port of every protocol: unrestricted connectivity.
    Unrestricted,
}

impl Openness {
    /// How wide `ports` are.
    pub fn of(ports: &Ports) -> Self {
        if ports.is_empty() {
            Self::Closed
        } else if *ports == Ports::all() {
            Self::Unrestricted
        } else {
            Self::Narrowed
        }
    }
}
