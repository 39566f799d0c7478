//! What is open to whom, those included that do not exist yet.

use std::sync::Arc;

use super::{DecidingRule, Peer, Ports};

/// What the policies of some workloads leave open. Peers that have it in common stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// The workloads, sorted.
    pub members: Vec<Peer>,
    /// What may come in.
    pub ingress: Exposed,
    /// What may go out.
    pub egress: Exposed,
}

/// One direction of an [`Exposure`]: what this side alone leaves open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// Whether a policy isolates the workload in this direction.
    pub protection: Protection,
    /// Towards addresses of the internet.
    pub internet: Opened,
    /// Towards any other address outside the cluster.
    pub private: Opened,
    /// Towards a pod that does not exist yet, in a namespace that does not exist yet, without labels.
    pub cluster: Opened,
    /// Towards pods that a rule names and of which none was read.
    pub future: Vec<FuturePeer>,
}

/// Whether anything isolates a workload in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Nothing does: everything is open.
    None,
    /// A policy may, depending on a condition.
    Perhaps(Arc<str>),
    /// At least one policy does.
    Isolated,
}

/// Ports that are open, and those that may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Open for certain.
    pub allowed: Arc<Ports>,
    /// Open or closed.
    pub depends: Arc<Ports>,
}

/// Pods that a rule names and of which none was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FuturePeer {
    /// Which pods, e.g. ``pods `app=checkout` of namespaces `pci=cde` ``.
    pub who: Arc<str>,
    /// What such a pod could open.
    pub opened: Opened,
    /// The rules that say so.
    pub rules: Vec<DecidingRule>,
}

impl Opened {
    /// Whether nothing is open under any condition.
    pub fn is_closed(&self) -> bool {
        self.allowed.is_empty() && self.depends.is_empty()
    }
}
