//! What the reach engine concludes, factored: classes of peers, and allowed pairs of classes.

use std::fmt;
use std::sync::Arc;

use crate::{Location, ResourceId, Text, WorkloadId};

/// Transport protocols that NetworkPolicy knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// The pods of a workload that behave alike.
    Workload(WorkloadId),
    /// A range of addresses outside the cluster, e.g. `10.0.0.0-10.255.255.255`.
    External(Text),
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
    /// The members.
    pub members: Vec<Peer>,
}

/// An allowed (or conditional) pair of classes. A pair that is not listed is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachPair {
    /// Index of the class that connects.
    pub from: u32,
    /// Index of the class that answers.
    pub to: u32,
    /// `Allow` or `Depends`.
    pub decision: Decision,
    /// On what.
    pub ports: Arc<Ports>,
    /// Indices of the rules that open it, on both sides; empty where no policy selects either side.
    pub rules: Arc<[u32]>,
}

/// The whole map in factored form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReachMap {
    /// Whose semantics hold, e.g. `spec`.
    pub profile: &'static str,
    /// The classes.
    pub classes: Vec<ReachClass>,
    /// All pairs that are not denied, sorted by (from, to).
    pub pairs: Vec<ReachPair>,
    /// The rules that pairs refer to.
    pub rules: Vec<DecidingRule>,
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
    fn everything_is_called_all_connections() {
        assert_eq!(Ports::all().to_string(), "All Connections");
        assert!(Ports::all().contains(Protocol::Sctp, 65535));
    }
}
