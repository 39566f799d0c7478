//! What an egress rule opens towards the ClusterIP of a Service, under an engine that judges egress before
//! the ClusterIP becomes a pod.
//!
//! Source: `getMatchingServiceClusterIPs` and `getMatchingServicePort` of amazon-network-policy-controller-k8s
//! (`pkg/resolvers/endpoints.go`, `pkg/k8s/service_utils.go`). A peer given by selectors adds the ClusterIP of
//! every Service whose own selector, read as labels, satisfies the peer's `podSelector`; what labels its pods
//! have besides does not matter, and a headless Service is left out. Each port of the rule is looked up among
//! the target ports of the Service, and the Service's own port is what opens.

use ringfence_model::fact::{PortRange, Ports, Protocol};
use ringfence_model::selector::{KnownLabels, Selector, Unknown};
use ringfence_model::{Estate, Field, Labels, Node, ResourceId, Text, pod_spec};

use super::index::{Found, Index};
use super::service::{Service, TargetPort, Type};

/// A port of an egress rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePort {
    /// The protocol.
    pub protocol: Protocol,
    /// The port; absent for every port of the protocol.
    pub port: Option<Wanted>,
    /// `endPort`.
    pub end: Option<u16>,
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// By number.
    Number(u16),
    /// By name.
    Name(Text),
}

/// What a rule opens towards a ClusterIP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterAddress {
    /// These ports of the Service.
    Opens(Ports),
    /// Nothing, and why: one clause.
    Nothing(String),
    /// It cannot be told, and why: one clause.
    Unknown(String),
}

/// What a rule opens towards the ClusterIP of `service`, whose namespace its peer covers. `peer`: the
/// `podSelector` of the peer, empty where there is none. `ports`: those of the rule, empty for all.
pub fn cluster_address(
    estate: &Estate,
    service: ResourceId,
    peer: &Selector,
    ports: &[RulePort],
) -> ClusterAddress {
    let Some(resource) = estate.resource(service) else {
        return ClusterAddress::Unknown("the Service is not in the input".to_owned());
    };
    let found = Found { id: service, resource };
    let read = Service::read(found, &mut Vec::new());
    if read.headless || matches!(read.kind, Type::ExternalName(_)) {
        return ClusterAddress::Nothing("it has no address of its own".to_owned());
    }
    match selected(found, peer) {
        Some(true) => {}
        Some(false) => {
            return ClusterAddress::Nothing("its selector does not satisfy that of the rule".to_owned());
        }
        None => return ClusterAddress::Unknown("its selector or that of the rule is not known".to_owned()),
    }
    if let Some(doubt) = read.doubts.first() {
        return ClusterAddress::Unknown(doubt.clone());
    }
    if ports.is_empty() {
        return ClusterAddress::Opens(Ports::all());
    }
    let index = Index::new(estate);
    let opened: Vec<PortRange> = ports.iter().filter_map(|port| opened(&index, &read, port)).collect();
    if opened.is_empty() {
        return ClusterAddress::Nothing("none of its target ports is a port of the rule".to_owned());
    }
    ClusterAddress::Opens(Ports::new(opened))
}

/// Whether the selector of the Service, taken as labels, satisfies that of the rule.
fn selected(service: Found<'_>, peer: &Selector) -> Option<bool> {
    let (labels, unknown) = match service.field("spec.selector") {
        Field::Absent => (Labels::default(), Unknown::Nothing),
        Field::Unresolved(..) => (Labels::default(), Unknown::Rest),
        Field::Present(node) => {
            let pairs = node.entries().iter();
            let unread = pairs.clone().filter(|entry| entry.node.as_str().is_none());
            let unread: Vec<Text> = unread.map(|entry| Text::from(&*entry.key)).collect();
            let read =
                pairs.filter_map(|entry| Some((Text::from(&*entry.key), Text::from(entry.node.as_str()?))));
            (read.collect(), if unread.is_empty() { Unknown::Nothing } else { Unknown::Keys(unread) })
        }
    };
    KnownLabels { labels: &labels, unknown }.judge(peer)
}

/// The stretch that one port of a rule opens on the ClusterIP. The end of a range is taken as it stands.
fn opened(index: &Index<'_>, service: &Service<'_>, rule: &RulePort) -> Option<PortRange> {
    let protocol = rule.protocol;
    let Some(wanted) = &rule.port else {
        return Some(PortRange { protocol, start: 1, end: u16::MAX });
    };
    let start = by_target(service, protocol, wanted).or_else(|| by_pod(index, service, protocol, wanted))?;
    Some(PortRange { protocol, start, end: rule.end.map_or(start, |end| end.max(start)) })
}

/// A target port spelled as the rule spells it.
fn by_target(service: &Service<'_>, protocol: Protocol, wanted: &Wanted) -> Option<u16> {
    let is_it = |target: TargetPort<'_>| match (target, wanted) {
        (TargetPort::Number(there), Wanted::Number(wanted)) => there == *wanted,
        (TargetPort::Name(there), Wanted::Name(wanted)) => there == wanted,
        _ => false,
    };
    let mut ports = service.ports.iter().filter(|port| port.protocol == Some(protocol));
    ports.find(|port| is_it(port.target)).and_then(|port| port.number)
}

/// A target port that names what the rule numbers, or the other way round, on the first pod that has it.
fn by_pod(index: &Index<'_>, service: &Service<'_>, protocol: Protocol, wanted: &Wanted) -> Option<u16> {
    let selected = index.selection(service).into_iter().filter(|(_, doubt)| doubt.is_none());
    let pods = selected.filter_map(|(id, _)| index.estate.workload(id)).flat_map(|one| &one.instances);
    let declared = pods.filter_map(|pod| {
        let resource = index.estate.resource(pod.resource)?;
        let spec = pod_spec(&resource.kind, &resource.body)?.present()?;
        container_port(spec, protocol, wanted)
    });
    let mut declared = declared;
    declared.find_map(|(number, name)| {
        let mut ports = service.ports.iter().filter(|port| port.protocol == Some(protocol));
        let port = ports.find(|port| match port.target {
            TargetPort::Number(there) => there == number,
            TargetPort::Name(there) => Some(there) == name,
            TargetPort::Unknown => false,
        });
        port.and_then(|port| port.number)
    })
}

/// Number and name of the container port that a rule means.
fn container_port<'a>(spec: &'a Node, protocol: Protocol, wanted: &Wanted) -> Option<(u16, Option<&'a str>)> {
    let containers = spec.get("containers").map(Node::items).unwrap_or_default();
    let mut ports = containers.iter().filter_map(|one| one.get("ports")).flat_map(Node::items);
    ports.find_map(|port| {
        let there = port.text("protocol").map_or(Some(Protocol::Tcp), Protocol::parse)?;
        let number = port.get("containerPort").and_then(super::value::port)?;
        let name = port.text("name");
        let is_it = match wanted {
            Wanted::Number(wanted) => number == *wanted,
            Wanted::Name(wanted) => name == Some(wanted.as_str()),
        };
        (there == protocol && is_it).then_some((number, name))
    })
}
