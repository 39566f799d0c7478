//! Pods as policies see them: labels, named ports, host network, addresses.

use ringfence_model::fact::Protocol;
use ringfence_model::{Field, Instance, Kind, Node, Resource, Text, pod_spec, pod_template};

use crate::address::Space;
use crate::condition::ConditionId;
use crate::namespace::ClusterId;
use crate::policy::{Both, NameId, PortNames};
use crate::profile::{Profiles, Switches};
use crate::selector::{KnownLabels, Unknown};

/// Whether a pod shares the network of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum HostNetwork {
    No,
    Yes,
    /// Not known.
    Perhaps,
    /// It does, and to the engine it is the node and nothing else.
    Node,
    /// It does, and to the engine it is an address of the node.
    Address,
}

impl HostNetwork {
    /// Whether what policies do to it is not defined.
    pub(crate) fn is_undefined(self) -> bool {
        matches!(self, Self::Yes | Self::Perhaps)
    }
}

/// Whether an engine enforces policies on a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Enforced {
    /// As its cluster's engine does.
    #[default]
    Yes,
    /// No engine does, and why: its policies do nothing.
    No(ConditionId),
    /// Not known, and why.
    Perhaps(ConditionId),
}

/// The numbers that port names stand for on one pod, in the order of declaration; `None` where a
/// declaration cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct NamedPorts {
    pub(crate) declared: Vec<(NameId, Option<u16>)>,
    /// Whether a declaration may be missing.
    pub(crate) incomplete: bool,
}

/// What is known of a pod's addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Addresses {
    /// No address block matches it.
    Ignored,
    Unknown,
    /// Signatures in the spaces of ingress and egress, sorted.
    Known(Box<[(u32, u32)]>),
}

/// One pod, or all that a template will make.
#[derive(Debug)]
pub(crate) struct Pod<'a> {
    pub(crate) labels: KnownLabels<'a>,
    pub(crate) host: HostNetwork,
    pub(crate) ports: NamedPorts,
    pub(crate) addresses: Addresses,
}

/// What reading pods takes.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) profiles: &'a Profiles,
    pub(crate) names: &'a PortNames,
    pub(crate) spaces: &'a Both<Space>,
}

impl Reader<'_> {
    /// The pod that `instance` is.
    pub(crate) fn read<'a>(
        &self,
        cluster: ClusterId,
        instance: &'a Instance,
        resource: &'a Resource,
    ) -> Pod<'a> {
        let switches = self.profiles.switches(cluster);
        let template = template(&resource.kind, &resource.body);
        let spec = pod_spec(&resource.kind, &resource.body).unwrap_or(Field::Absent);
        let unknown = Unknown::of(template);
        let host = match host_network(spec) {
            _ if switches.host_network_is_ordinary => HostNetwork::No,
            HostNetwork::Yes if switches.host_network_is_the_node => HostNetwork::Node,
            HostNetwork::Yes if switches.host_network_is_an_address => HostNetwork::Address,
            other => other,
        };
        Pod {
            labels: KnownLabels { labels: &instance.labels, unknown },
            host,
            ports: match host {
                // A node has no named ports.
                HostNetwork::Node => NamedPorts::default(),
                HostNetwork::Perhaps if switches.host_network_is_the_node => {
                    NamedPorts { declared: Vec::new(), incomplete: !self.names.is_empty() }
                }
                _ if switches.last_named_port_only => self.last_ports(spec),
                _ => self.ports(spec, switches),
            },
            addresses: self.addresses(switches, instance, host),
        }
    }

    fn addresses(&self, switches: Switches, instance: &Instance, host: HostNetwork) -> Addresses {
        if !switches.ip_block_matches_pods {
            return Addresses::Ignored;
        }
        let Both { ingress, egress } = self.spaces;
        let signature = |address| ingress.signature(address).zip(egress.signature(address));
        let mut signatures: Vec<(u32, u32)> =
            instance.addresses.iter().filter_map(|address| signature(*address)).collect();
        signatures.sort_unstable();
        signatures.dedup();
        match (signatures.is_empty(), host) {
            (false, _) => Addresses::Known(signatures.into()),
            (true, HostNetwork::Yes) => Addresses::Ignored,
            (true, _) => Addresses::Unknown,
        }
    }

    fn ports(&self, spec: Field<'_>, switches: Switches) -> NamedPorts {
        let mut ports = NamedPorts::default();
        if self.names.is_empty() {
            return ports;
        }
        let Some(spec) = spec.node() else { return ports };
        // Init containers, sidecars among them, come after the others: the first declaration counts.
        let init = Some("initContainers").filter(|_| switches.init_containers_name_ports);
        for key in ["containers"].into_iter().chain(init) {
            match spec.field(key) {
                Field::Unresolved(..) => ports.incomplete = true,
                Field::Absent => {}
                Field::Present(containers) => {
                    containers.items().iter().for_each(|container| self.add_ports(container, &mut ports));
                }
            }
        }
        ports
    }

    /// Of each name the last declaration alone, whatever its protocol; init containers do not count.
    fn last_ports(&self, spec: Field<'_>) -> NamedPorts {
        let mut last: Vec<(&str, Option<(Protocol, u16)>)> = Vec::new();
        if self.names.is_empty() {
            return NamedPorts::default();
        }
        let mut ports = NamedPorts::default();
        let Some(spec) = spec.node() else { return ports };
        let lists = match spec.field("containers") {
            Field::Unresolved(..) => {
                ports.incomplete = true;
                return ports;
            }
            Field::Absent => &[],
            Field::Present(containers) => containers.items(),
        };
        for container in lists {
            ports.incomplete |= container.as_unresolved().is_some();
            let list = container.field("ports");
            ports.incomplete |= matches!(list, Field::Unresolved(..));
            for port in list.present().map(Node::items).unwrap_or_default() {
                match (port.field("name"), protocol(port.field("protocol"))) {
                    (Field::Absent, _) => {}
                    (Field::Present(name), Some(protocol)) => {
                        let number = port.get("containerPort").and_then(Node::as_int);
                        let number = number.and_then(|number| u16::try_from(number).ok());
                        let number = number.filter(|number| *number > 0).map(|number| (protocol, number));
                        let name = name.as_str().unwrap_or_default();
                        last.retain(|(other, _)| *other != name);
                        last.push((name, number));
                    }
                    _ => ports.incomplete = true,
                }
            }
        }
        for (name, number) in last {
            let protocols = number.map_or(Protocol::ALL.to_vec(), |(protocol, _)| vec![protocol]);
            let found = protocols.iter().filter_map(|one| self.names.find(&Text::from(name), *one));
            ports.declared.extend(found.map(|id| (id, number.map(|(_, port)| port))));
        }
        ports
    }

    fn add_ports(&self, container: &Node, ports: &mut NamedPorts) {
        let list = match container.field("ports") {
            Field::Absent => return,
            Field::Unresolved(..) => {
                ports.incomplete = true;
                return;
            }
            Field::Present(list) => list.items(),
        };
        for port in list {
            match (port.field("name"), protocol(port.field("protocol"))) {
                (Field::Absent, _) => {}
                (Field::Present(name), Some(protocol)) => {
                    let name = name.as_str().and_then(|name| self.names.find(&Text::from(name), protocol));
                    let number = port.get("containerPort").and_then(Node::as_int);
                    let number =
                        number.and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0);
                    ports.declared.extend(name.map(|name| (name, number)));
                }
                _ => ports.incomplete = true,
            }
        }
    }
}

fn protocol(field: Field<'_>) -> Option<Protocol> {
    match field {
        Field::Absent => Some(Protocol::Tcp),
        Field::Present(node) => node.as_str().and_then(Protocol::parse),
        Field::Unresolved(..) => None,
    }
}

fn template<'a>(kind: &Kind, body: &'a Node) -> Field<'a> {
    pod_template(kind).map_or(Field::Absent, |path| body.field(path))
}

fn host_network(spec: Field<'_>) -> HostNetwork {
    match spec {
        Field::Absent => HostNetwork::No,
        Field::Unresolved(..) => HostNetwork::Perhaps,
        Field::Present(spec) => match spec.field("hostNetwork") {
            Field::Absent => HostNetwork::No,
            Field::Present(node) => match node.as_bool() {
                Some(true) => HostNetwork::Yes,
                Some(false) => HostNetwork::No,
                None => HostNetwork::Perhaps,
            },
            Field::Unresolved(..) => HostNetwork::Perhaps,
        },
    }
}
