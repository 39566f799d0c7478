//! Ways in: what leads from outside a cluster to its pods, and what policies say of what arrives.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::{AddressRange, Decision, PortRange, Ports, Side};
use crate::{Location, ResourceId, Text, WorkloadId};

/// One way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What kind of door it is.
    pub way: Way,
    /// What accepts the connection.
    pub front: Front,
    /// The objects that open it, outermost first: Gateway, HTTPRoute; Ingress; Service.
    pub through: Vec<ResourceId>,
    /// The name of the IngressGroup whose load balancer it shares.
    pub group: Option<Text>,
    /// EKS cluster, where known.
    pub cluster: Option<Text>,
    /// Who may connect.
    pub clients: Clients,
    /// Where the load balancer has its addresses in the VPC, as far as that is known.
    pub addresses: Vec<AddressRange>,
    /// Where the front listens.
    pub listeners: Vec<Listener>,
    /// Where it leads.
    pub targets: Vec<Target>,
    /// Entries that lead to the front where that is pods: indices into the list that holds this one.
    pub via: Vec<u32>,
    /// What the way as a whole hangs on: one clause each.
    pub conditions: Vec<Arc<str>>,
    /// Where it is written.
    pub location: Option<Location>,
}

/// Kinds of doors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// A Service of type LoadBalancer.
    LoadBalancer,
    /// The node port of a Service.
    NodePort,
    /// `externalIPs` of a Service.
    ExternalIp,
    /// `hostPort` of a container, or a port of a pod on the host network.
    HostPort,
    /// An Ingress.
    Ingress,
    /// A route of a Gateway.
    Gateway,
    /// A TargetGroupBinding: a load balancer that is made elsewhere.
    TargetGroup,
}

impl Way {
    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoadBalancer => "load balancer",
            Self::NodePort => "node port",
            Self::ExternalIp => "external address",
            Self::HostPort => "host port",
            Self::Ingress => "ingress",
            Self::Gateway => "gateway",
            Self::TargetGroup => "target group",
        }
    }
}

/// What accepts connections from outside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Front {
    /// An Application Load Balancer.
    ApplicationLoadBalancer,
    /// A Network Load Balancer.
    NetworkLoadBalancer,
    /// A VPC Lattice service.
    Lattice,
    /// Any node.
    Node,
    /// Pods of the cluster: an ingress controller, a gateway.
    Pods(Vec<WorkloadId>),
    /// Pods of the cluster that are not in the input.
    AbsentPods,
    /// Not known.
    Unknown,
}

/// Who may connect to the front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// The addresses that it lets in, sorted; all of them where nothing narrows.
    pub ranges: Vec<AddressRange>,
    /// From where the front can be reached at all.
    pub facing: Facing,
    /// Security groups (ids or names) that decide in place of `ranges`; not evaluated here.
    pub security_groups: Vec<Text>,
}

/// From where a front can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facing {
    /// From the internet.
    Internet,
    /// From the VPC and the networks connected to it.
    Internal,
    /// From wherever the address of a node can be reached.
    NodeAddress,
    /// Not known; never to be taken for internal.
    Unknown,
}

impl Facing {
    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internet => "internet-facing",
            Self::Internal => "internal",
            Self::NodeAddress => "wherever a node can be reached",
            Self::Unknown => "internet-facing or internal, not known",
        }
    }
}

impl Clients {
    /// Every address, from an facing.
    pub fn everyone(facing: Facing) -> Self {
        Self { ranges: AddressRange::everything().to_vec(), facing, security_groups: Vec::new() }
    }

    /// Whether someone on the internet may connect; `None` where that is not known. A private address
    /// that is let in does not count.
    pub fn from_internet(&self) -> Option<bool> {
        let narrow = self.ranges.iter().all(|range| range.is_private());
        match self.facing {
            Facing::Internal => Some(false),
            _ if narrow && self.security_groups.is_empty() => Some(false),
            Facing::Internet if self.security_groups.is_empty() => Some(true),
            Facing::Internet | Facing::NodeAddress | Facing::Unknown => None,
        }
    }
}

impl AddressRange {
    /// Every address of both families.
    pub fn everything() -> [Self; 2] {
        [
            Self { first: Ipv4Addr::UNSPECIFIED.into(), last: Ipv4Addr::BROADCAST.into() },
            Self { first: Ipv6Addr::UNSPECIFIED.into(), last: Ipv6Addr::from(u128::MAX).into() },
        ]
    }

    /// Whether all of it lies in one private, shared or link-local block (RFC 1918, 6598, 3927, 4193, 4291).
    pub fn is_private(&self) -> bool {
        const V4: [(Ipv4Addr, u32); 6] = [
            (Ipv4Addr::new(10, 0, 0, 0), 8),
            (Ipv4Addr::new(100, 64, 0, 0), 10),
            (Ipv4Addr::new(127, 0, 0, 0), 8),
            (Ipv4Addr::new(169, 254, 0, 0), 16),
            (Ipv4Addr::new(172, 16, 0, 0), 12),
            (Ipv4Addr::new(192, 168, 0, 0), 16),
        ];
        const V6: [(u128, u32); 2] = [(0xfc00 << 112, 7), (0xfe80 << 112, 10)];
        match (self.first, self.last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => V4.iter().any(|(block, length)| {
                let inside = |one: Ipv4Addr| (u32::from(one) ^ u32::from(*block)) >> (32 - length) == 0;
                inside(first) && inside(last)
            }),
            (IpAddr::V6(first), IpAddr::V6(last)) => V6.iter().any(|(block, length)| {
                let inside = |one: Ipv6Addr| (u128::from(one) ^ block) >> (128 - length) == 0;
                inside(first) && inside(last)
            }),
            _ => false,
        }
    }
}

/// A port on which the front listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listener {
    /// The port; a stretch where the number is not known.
    pub port: PortRange,
    /// Whether TLS ends here.
    pub tls: Tls,
}

/// What a listener does about TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tls {
    /// It speaks none; what it passes on may be anything.
    No,
    /// It ends here.
    Ends,
    /// It is passed on to the pod unopened.
    PassesOn,
    /// Not known.
    Unknown,
}

/// Where a way in leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Who answers.
    pub end: TargetEnd,
    /// The Service behind which it is found.
    pub service: Option<ResourceId>,
    /// The ports on which it is spoken to.
    pub ports: Arc<Ports>,
    /// What it takes for the source: one of these where there are several.
    pub seen: Vec<Seen>,
    /// What this target hangs on, besides the conditions of the entry: one clause each.
    pub conditions: Vec<Arc<str>>,
    /// What policies say: several where they tell clients apart. Empty for what is no pod.
    pub passages: Vec<Passage>,
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetEnd {
    /// Pods.
    Workload(WorkloadId),
    /// An address that no pod of the input has.
    Address(IpAddr),
    /// A DNS name: a Service of type ExternalName.
    Name(Text),
    /// Something that is not in the input, and what it is called.
    Absent(Text),
}

/// What a pod takes for the source of what arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seen {
    /// The client itself.
    Client,
    /// An address of the load balancer in the VPC.
    LoadBalancer,
    /// The node on which the connection came in.
    Node,
    /// The pods that are the front.
    Pods,
    /// Pods that are not in the input.
    AbsentPods,
}

impl Seen {
    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "the client's own address",
            Self::LoadBalancer => "an address of the load balancer",
            Self::Node => "the address of a node",
            Self::Pods => "the pods of the controller",
            Self::AbsentPods => "pods that are not in the input",
        }
    }
}

/// What policies say of what arrives at the pods of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// For which clients.
    pub clients: Vec<AddressRange>,
    /// The ports that are open, of those of the target.
    pub allowed: Arc<Ports>,
    /// The ports that are open or closed, depending on `condition`; for scope they count as open.
    pub depends: Arc<Ports>,
    /// What `depends` hangs on: the conditions of entry and target are among it.
    pub condition: Option<Arc<str>>,
    /// What the policies of the front say, where that is pods.
    pub egress: Side,
    /// What the policies of the target say.
    pub ingress: Side,
}

impl Passage {
    /// Open, closed or depends.
    pub fn decision(&self) -> Decision {
        match (self.allowed.is_empty(), self.depends.is_empty(), &self.condition) {
            (false, ..) => Decision::Allow,
            (true, true, _) => Decision::Deny,
            (true, false, Some(condition)) => Decision::Depends(Arc::clone(condition)),
            (true, false, None) => Decision::Depends("not known".into()),
        }
    }
}

impl Entry {
    /// The targets that are pods, with what policies say of each.
    pub fn passages(&self) -> impl Iterator<Item = (WorkloadId, &Target, &Passage)> {
        self.targets.iter().flat_map(|target| {
            let workload = if let TargetEnd::Workload(id) = target.end { Some(id) } else { None };
            workload.into_iter().flat_map(move |id| target.passages.iter().map(move |one| (id, target, one)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, last: &str) -> AddressRange {
        AddressRange { first: first.parse().unwrap(), last: last.parse().unwrap() }
    }

    #[test]
    fn private_ranges_are_told_from_public_ones() {
        for (first, last, private) in [
            ("10.0.0.0", "10.255.255.255", true),
            ("10.0.0.0", "11.0.0.0", false),
            ("172.16.0.0", "172.31.255.255", true),
            ("172.16.0.0", "172.32.0.0", false),
            ("203.0.113.0", "203.0.113.255", false),
            ("0.0.0.0", "255.255.255.255", false),
            ("fd00::", "fd00::ffff", true),
            ("2001:db8::", "2001:db8::1", false),
        ] {
            assert_eq!(range(first, last).is_private(), private, "{first}-{last}");
        }
    }

    #[test]
    fn what_is_not_known_is_never_taken_for_closed() {
        let clients = |facing, ranges: &[AddressRange], groups: &[&str]| {
            let security_groups = groups.iter().map(|group| Text::from(*group)).collect();
            Clients { ranges: ranges.to_vec(), facing, security_groups }.from_internet()
        };
        let all = AddressRange::everything();
        let office = [range("10.0.0.0", "10.0.0.255")];
        assert_eq!(clients(Facing::Internet, &all, &[]), Some(true));
        assert_eq!(clients(Facing::Internet, &office, &[]), Some(false));
        assert_eq!(clients(Facing::Internet, &office, &["sg-1"]), None);
        assert_eq!(clients(Facing::Internal, &all, &[]), Some(false));
        assert_eq!(clients(Facing::NodeAddress, &all, &[]), None);
        assert_eq!(clients(Facing::Unknown, &all, &[]), None);
        assert_eq!(clients(Facing::Unknown, &office, &[]), Some(false));
    }
}
