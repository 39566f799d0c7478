//! What the reach engine concludes, factored: classes of peers, and allowed pairs of classes.

mod conflict;
mod diff;
mod edge;
mod enforcement;
mod entry;
mod exposure;
mod idle;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::{Location, ResourceId, Text, WorkloadId};

pub use conflict::Conflict;
pub use diff::{DiffEnd, ReachChange, ReachDiff};
pub use edge::{Edge, Matching, MeshEdge, Mtls, Openness, RuleAction, Selecting, Side};
pub use enforcement::{Enforcement, Policed};
pub use entry::{Clients, Entry, Facing, Front, Listener, Passage, Seen, Target, TargetEnd, Tls, Way};
pub use exposure::{Exposed, Exposure, FuturePeer, Opened, Protection};
pub use idle::{Idle, WhyIdle};

/// Transport protocols that NetworkPolicy knows, in the order printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// SCTP.
    Sctp,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// All, in the order printed.
    pub const ALL: [Self; 3] = [Self::Sctp, Self::Tcp, Self::Udp];

    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }

    /// The protocol spelled `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str().eq_ignore_ascii_case(text))
    }
}

/// Ports `start..=end` of one protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    /// The protocol.
    pub protocol: Protocol,
    /// First port, from 1.
    pub start: u16,
    /// Last port.
    pub end: u16,
}

impl PortRange {
    /// What is left on either side of `hole`.
    fn without(self, hole: Self) -> [Option<Self>; 2] {
        if hole.protocol != self.protocol || hole.end < self.start || self.end < hole.start {
            return [Some(self), None];
        }
        let before = (self.start < hole.start).then(|| Self { end: hole.start.saturating_sub(1), ..self });
        let after = (hole.end < self.end).then(|| Self { start: hole.end.saturating_add(1), ..self });
        [before, after]
    }
}

/// A set of ports: sorted ranges that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ports(Vec<PortRange>);

impl Ports {
    /// The set of `ranges`, in any order and overlapping as they like.
    pub fn new(mut ranges: Vec<PortRange>) -> Self {
        ranges.retain(|range| range.start <= range.end);
        ranges.sort();
        let mut merged: Vec<PortRange> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last)
                    if last.protocol == range.protocol && range.start <= last.end.saturating_add(1) =>
                {
                    last.end = last.end.max(range.end);
                }
                _ => merged.push(range),
            }
        }
        Self(merged)
    }

    /// Every port of every protocol.
    pub fn all() -> Self {
        Self::new(Protocol::ALL.map(|protocol| PortRange { protocol, start: 1, end: u16::MAX }).to_vec())
    }

    /// The ranges.
    pub fn ranges(&self) -> &[PortRange] {
        &self.0
    }

    /// The ports of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::new(self.0.iter().chain(&other.0).copied().collect())
    }

    /// The ports of this set that are not in `other`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = self.0.clone();
        for hole in &other.0 {
            left = left.into_iter().flat_map(|range| range.without(*hole)).flatten().collect();
        }
        Self(left)
    }

    /// The ports of both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.minus(&self.minus(other))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `port` of `protocol` is in the set.
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.0.iter().any(|range| range.protocol == protocol && (range.start..=range.end).contains(&port))
    }
}

/// `All Connections`, or `SCTP 1-65535,TCP 80,443,8080-8090,UDP 53`.
impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::all() {
            return f.write_str("All Connections");
        }
        let mut protocol = None;
        for (index, range) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            if protocol != Some(range.protocol) {
                write!(f, "{} ", range.protocol.as_str())?;
                protocol = Some(range.protocol);
            }
            if range.start == range.end {
                write!(f, "{}", range.start)?;
            } else {
                write!(f, "{}-{}", range.start, range.end)?;
            }
        }
        Ok(())
    }
}

/// What reach says of an edge; never called a verdict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Open.
    Allow,
    /// Closed.
    Deny,
    /// Open or closed, with the condition; for scope it counts as a path.
    Depends(Arc<str>),
}

/// An end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// Pods of a workload; all of them, unless other classes name the workload too.
    Workload(WorkloadId),
    /// Addresses outside the cluster.
    External(AddressRange),
    /// An end that is neither pod nor address.
    Landmark(Landmark),
    /// A destination by its DNS name; index into the names of the answer, e.g. [`ReachMap::names`].
    Name(u32),
}

/// Ends that every cluster has, seen from the pod at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Landmark {
    /// The node that the pod runs on: kubelet, host processes, and pods on the host network there. No
    /// NetworkPolicy comes between the two (Kubernetes: "traffic to and from the node where a Pod is
    /// running is always allowed").
    OwnNode,
    /// The other nodes of the cluster; also what the source of masqueraded traffic looks like.
    OtherNodes,
    /// The API server: webhooks, aggregated APIs, `pods/proxy` and `services/proxy`; as a destination,
    /// the Kubernetes API.
    ControlPlane,
}

impl Landmark {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OwnNode, Self::OtherNodes, Self::ControlPlane];

    /// As printed and as given to `--from` and `--to`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OwnNode => "own-node",
            Self::OtherNodes => "other-nodes",
            Self::ControlPlane => "control-plane",
        }
    }

    /// The landmark spelled `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|landmark| landmark.as_str() == text)
    }
}

/// Addresses `first..=last` of one family, printed `10.0.0.0-10.255.255.255`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    /// The lowest.
    pub first: IpAddr,
    /// The highest.
    pub last: IpAddr,
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// A rule that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidingRule {
    /// The policy.
    pub policy: ResourceId,
    /// Which rule of it, e.g. `ingress[0]`; empty where the policy decides by having no rule.
    pub element: Text,
    /// Where it is written.
    pub location: Option<Location>,
}

/// Peers that no rule tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachClass {
    /// The members, sorted. A workload whose pods behave differently is a member of several classes.
    pub members: Vec<Peer>,
    /// How many pods; a workload of which only the template is known counts as one.
    pub pods: u32,
}

/// Every class of one set may talk (or may talk under a condition) to every class of another. What no
/// pair holds is denied. A class in both sets speaks of different pods: a pod always reaches itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachPair {
    /// Index of the set of classes that connect.
    pub from: u32,
    /// Index of the set of classes that answer.
    pub to: u32,
    /// `Allow` or `Depends`.
    pub decision: Decision,
    /// On what. Where some ports are certain and others are not, there is a pair for each.
    pub ports: Arc<Ports>,
    /// Indices of the rules that open it, on both sides; empty where no policy selects either side.
    pub rules: Arc<[u32]>,
}

/// The whole map in factored form: pairs of sets of classes, never pairs of pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReachMap {
    /// Whose semantics hold, e.g. `spec`.
    pub profile: &'static str,
    /// Whether a listing of workloads names those whose pods talk to one another.
    pub lists_self: bool,
    /// Whether a listing names landmarks: only where ends were asked for.
    pub lists_landmarks: bool,
    /// The classes.
    pub classes: Vec<ReachClass>,
    /// Sets of classes, each sorted; shared between pairs.
    pub sets: Vec<Arc<[u32]>>,
    /// All pairs that are not denied, sorted by (to, from).
    pub pairs: Vec<ReachPair>,
    /// What `{ingress-controller}` may open, where the profile lists it as a peer of its own.
    pub controller: Vec<(WorkloadId, Arc<Ports>)>,
    /// The rules that pairs refer to.
    pub rules: Vec<DecidingRule>,
    /// The DNS names that [`Peer::Name`] refers to.
    pub names: Vec<Text>,
}

impl ReachMap {
    /// The classes of a set.
    pub fn set(&self, index: u32) -> &[u32] {
        self.sets.get(index as usize).map_or(&[], |set| set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(start: u16, end: u16) -> PortRange {
        PortRange { protocol: Protocol::Tcp, start, end }
    }

    #[test]
    fn ranges_that_touch_become_one() {
        let ports = Ports::new(vec![tcp(8080, 8090), tcp(80, 80), tcp(8091, 9000), tcp(5, 4)]);
        assert_eq!(ports.to_string(), "TCP 80,8080-9000");
    }

    #[test]
    fn sets_of_ports_are_subtracted() {
        let all = Ports::all();
        let web = Ports::new(vec![tcp(80, 80), tcp(443, 443)]);
        assert_eq!(all.minus(&all), Ports::default());
        assert_eq!(all.minus(&web).to_string(), "SCTP 1-65535,TCP 1-79,81-442,444-65535,UDP 1-65535");
        assert_eq!(all.minus(&web).union(&web), all);
        assert_eq!(all.intersection(&web), web);
        let ends = Ports::new(vec![tcp(1, 1), tcp(65535, 65535)]);
        assert_eq!(Ports::new(vec![tcp(1, 65535)]).minus(&ends).to_string(), "TCP 2-65534");
    }

    #[test]
    fn everything_is_called_all_connections() {
        assert_eq!(Ports::all().to_string(), "All Connections");
        assert!(Ports::all().contains(Protocol::Sctp, 65535));
    }
}
