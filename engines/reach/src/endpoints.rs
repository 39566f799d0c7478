//! Ends of a question: workloads of the estate and addresses outside the cluster.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use ringfence_model::fact::{AddressRange, Landmark, PortRange, Ports, Protocol};
use ringfence_model::{Estate, Node, Relation, ResourceId, Text, WorkloadId, pod_spec};

use crate::address::{Family, Span, minus};

/// A set of ends: workloads, addresses outside the cluster, landmarks, named destinations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    pub(crate) workloads: Vec<WorkloadId>,
    pub(crate) ranges: Vec<AddressRange>,
    pub(crate) landmarks: Vec<Landmark>,
    /// DNS names; only those that a rule names are destinations of their own.
    pub(crate) names: Vec<Text>,
}

impl Endpoints {
    /// These workloads, all of their pods.
    pub fn workloads(ids: impl IntoIterator<Item = WorkloadId>) -> Self {
        let mut workloads: Vec<WorkloadId> = ids.into_iter().collect();
        workloads.sort();
        workloads.dedup();
        Self { workloads, ..Self::default() }
    }

    /// Addresses outside the cluster, as a CIDR or a single address; `None` for any other text.
    pub fn cidr(text: &str) -> Option<Self> {
        let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
        Some(Self::ranges([range_of(net)]))
    }

    /// Every address outside the cluster, private ones too.
    pub fn outside() -> Self {
        let ranges = [
            (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::BROADCAST.into()),
            (Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::from(u128::MAX).into()),
        ];
        Self::ranges(ranges.map(|(first, last)| AddressRange { first, last }))
    }

    /// The addresses that are routed on the internet: every address but private, shared, loopback,
    /// link-local, benchmarking and multicast ones.
    pub fn internet() -> Self {
        let v4 = minus(Span::whole(Family::V4), &NOT_INTERNET_V4.map(Span::v4))
            .into_iter()
            .map(AddressRange::from);
        // Global unicast, 2000::/3.
        let v6 = AddressRange {
            first: Ipv6Addr::from(0x2000_u128 << 112).into(),
            last: Ipv6Addr::from((0x4000_u128 << 112) - 1).into(),
        };
        Self::ranges(v4.chain([v6]))
    }

    /// Every address outside that is not among these.
    pub(crate) fn others(&self) -> Self {
        let whole = [Family::V4, Family::V6].map(Span::whole);
        let spans: Vec<Span> = self.ranges.iter().map(|range| Span::from(*range)).collect();
        Self::ranges(whole.into_iter().flat_map(|whole| minus(whole, &spans)).map(AddressRange::from))
    }

    /// The IPv4 blocks that [`Endpoints::internet`] leaves out, sorted.
    pub fn not_internet() -> Vec<IpNet> {
        let net = |(address, length)| {
            IpNet::new(Ipv4Addr::from(address).into(), u8::try_from(length).unwrap_or(u8::MAX)).ok()
        };
        NOT_INTERNET_V4.into_iter().filter_map(net).collect()
    }

    /// The pods of a Service, and the ports at which they take what is sent to it. A `targetPort` by name
    /// is looked up on each pod; one that cannot be resolved stands for every port of its protocol.
    pub fn service(estate: &Estate, service: ResourceId) -> (Self, Ports) {
        let selected = estate.links_from(service).iter().filter(|link| link.relation == Relation::Selects);
        let ids: Vec<WorkloadId> = selected.filter_map(|link| estate.workload_of(link.to)).collect();
        let pods = ids.iter().filter_map(|id| estate.workload(*id)).flat_map(|workload| &workload.instances);
        let specs: Vec<&Node> = pods.filter_map(|pod| pod_spec_of(estate, pod.resource)).collect();
        let ports =
            estate.resource(service).and_then(|service| service.body.get("spec.ports")).map(Node::items);
        let ranges = ports.unwrap_or_default().iter().flat_map(|port| target(port, &specs));
        (Self::workloads(ids), Ports::new(ranges.collect()))
    }

    /// These ends that are neither pods nor addresses.
    pub fn landmarks(landmarks: impl IntoIterator<Item = Landmark>) -> Self {
        Self { landmarks: landmarks.into_iter().collect(), ..Self::default() }
    }

    /// A destination by its DNS name, spelled as the rule that names it does.
    pub fn name(name: &str) -> Self {
        Self { names: vec![name.trim_end_matches('.').to_ascii_lowercase().into()], ..Self::default() }
    }

    /// Addresses outside the cluster.
    pub fn ranges(ranges: impl IntoIterator<Item = AddressRange>) -> Self {
        Self { ranges: ranges.into_iter().collect(), ..Self::default() }
    }

    /// Both sets together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.ranges.extend(other.ranges);
        self.landmarks.extend(other.landmarks);
        self.names.extend(other.names);
        let workloads = self.workloads.into_iter().chain(other.workloads);
        Self { workloads: Self::workloads(workloads).workloads, ..self }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

fn pod_spec_of(estate: &Estate, resource: ResourceId) -> Option<&Node> {
    let resource = estate.resource(resource)?;
    pod_spec(&resource.kind, &resource.body)?.present()
}

/// The ports of pods behind one port of a Service.
fn target(port: &Node, specs: &[&Node]) -> Vec<PortRange> {
    let protocol = port.text("protocol").and_then(Protocol::parse).unwrap_or(Protocol::Tcp);
    let one = |number: i64| {
        let number = u16::try_from(number).ok().filter(|number| *number > 0)?;
        Some(PortRange { protocol, start: number, end: number })
    };
    let target = port.field("targetPort").node().or(port.field("port").node());
    let any = PortRange { protocol, start: 1, end: u16::MAX };
    match (target.and_then(Node::as_int), target.and_then(Node::as_str)) {
        (Some(number), _) => one(number).into_iter().collect(),
        (None, Some(name)) => {
            let named =
                |spec: &&Node| named(spec, name, protocol).into_iter().flat_map(one).collect::<Vec<_>>();
            specs.iter().flat_map(named).collect()
        }
        (None, None) => vec![any],
    }
}

fn named(spec: &Node, name: &str, protocol: Protocol) -> Option<i64> {
    let containers = ["containers", "initContainers"].into_iter().filter_map(|key| spec.get(key));
    let mut ports =
        containers.flat_map(Node::items).filter_map(|container| container.get("ports")).flat_map(Node::items);
    let is_it = |port: &&Node| {
        port.text("name") == Some(name)
            && port.text("protocol").and_then(Protocol::parse).unwrap_or(Protocol::Tcp) == protocol
    };
    ports.find(is_it).and_then(|port| port.get("containerPort")).and_then(Node::as_int)
}

/// IPv4 blocks that are not routed on the internet (RFC 6890): first address, prefix length; sorted.
const NOT_INTERNET_V4: [([u8; 4], u32); 10] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([224, 0, 0, 0], 3),
];

fn range_of(net: IpNet) -> AddressRange {
    AddressRange { first: net.network(), last: net.broadcast() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internet_leaves_private_addresses_out() {
        let internet = Endpoints::internet();
        let holds = |text: &str| {
            let address: IpAddr = text.parse().unwrap();
            internet.ranges.iter().any(|range| (range.first..=range.last).contains(&address))
        };
        for public in ["1.1.1.1", "9.255.255.255", "11.0.0.0", "172.32.0.1", "203.0.113.9", "2600::1"] {
            assert!(holds(public), "{public}");
        }
        for private in ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "fd00::1", "::1"]
        {
            assert!(!holds(private), "{private}");
        }
    }

    #[test]
    fn host_bits_are_dropped() {
        assert_eq!(Endpoints::cidr("10.1.2.3/8"), Endpoints::cidr("10.0.0.0/8"));
        assert_eq!(Endpoints::cidr("10.1.2.3"), Endpoints::cidr("10.1.2.3/32"));
        assert_eq!(Endpoints::cidr("ten"), None);
    }
}
