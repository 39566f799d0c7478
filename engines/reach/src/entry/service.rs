//! Services as they are written: type, ports, policies of traffic.
//!
//! Sources: the Service API (`core/v1`), and "Virtual IPs and Service Proxies" of kubernetes.io.

use ringfence_model::fact::{PortRange, Protocol};
use ringfence_model::{Diagnostic, Field, Location, Node};

use super::index::Found;
use super::value::{self, Said, port};

/// Node ports are taken from here unless the API server is told otherwise (`--service-node-port-range`).
const NODE_PORTS: (u16, u16) = (30_000, 32_767);

/// A Service.
#[derive(Clone, Debug)]
pub(super) struct Service<'a> {
    pub(super) found: Found<'a>,
    pub(super) kind: Type<'a>,
    pub(super) headless: bool,
    pub(super) ports: Vec<ServicePort<'a>>,
    /// `externalTrafficPolicy`: whether what comes from outside keeps its source and its node.
    pub(super) external: Traffic,
    /// Why it may not be as it is read: one clause each.
    pub(super) doubts: Vec<String>,
}

/// Types of Services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type<'a> {
    ClusterIp,
    NodePort,
    LoadBalancer,
    /// The name that it stands for.
    ExternalName(Said<&'a str>),
    /// Any of them, and why.
    Unknown(String),
}

/// What a traffic policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Traffic {
    /// Any node passes it on to any pod, with its own address as the source.
    Cluster,
    /// A node passes it on to its own pods only, with the source it has.
    Local,
    Unknown(String),
}

/// One port of a Service.
#[derive(Clone, Debug)]
pub(super) struct ServicePort<'a> {
    pub(super) name: Option<&'a str>,
    /// `None` where it cannot be read.
    pub(super) number: Option<u16>,
    pub(super) protocol: Option<Protocol>,
    pub(super) target: TargetPort<'a>,
    /// `None` where it is assigned by the API server, or cannot be read.
    pub(super) node_port: Option<u16>,
}

/// Where a Service port leads on the pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetPort<'a> {
    Number(u16),
    Name(&'a str),
    Unknown,
}

impl<'a> Service<'a> {
    /// Reads one, and says what the API server would refuse.
    pub(super) fn read(found: Found<'a>, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut service = Self {
            found,
            kind: Type::ClusterIp,
            headless: found.resource.body.text("spec.clusterIP") == Some("None"),
            ports: Vec::new(),
            external: Traffic::Cluster,
            doubts: Vec::new(),
        };
        let mut reader = Reader { label: found.resource.label(), service: &mut service, diagnostics };
        reader.read(found);
        service
    }

    /// Whether no selector finds its pods: endpoints are written by hand or by another controller.
    pub(super) fn is_selectorless(&self) -> bool {
        match self.found.field("spec.selector") {
            Field::Absent => true,
            Field::Present(selector) => selector.entries().is_empty() && selector.as_str().is_none(),
            Field::Unresolved(..) => false,
        }
    }

    /// The ports that `number` or `name` may mean; both absent means all.
    pub(super) fn ports_called(&self, number: Option<u16>, name: Option<&str>) -> Vec<&ServicePort<'a>> {
        let fits = |port: &&ServicePort<'a>| match (number, name) {
            (Some(number), _) => port.number.is_none_or(|there| there == number),
            (None, Some(name)) => port.name == Some(name),
            (None, None) => true,
        };
        self.ports.iter().filter(fits).collect()
    }

    /// Whether it has node ports.
    pub(super) fn has_node_ports(&self) -> bool {
        match self.kind {
            Type::NodePort | Type::Unknown(_) => true,
            Type::LoadBalancer => {
                let allocated = self.found.field("spec.allocateLoadBalancerNodePorts");
                allocated.present().and_then(Node::as_bool) != Some(false)
                    || self.ports.iter().any(|port| port.node_port.is_some())
            }
            Type::ClusterIp | Type::ExternalName(_) => false,
        }
    }

    pub(super) fn location(&self) -> Option<Location> {
        self.found.resource.location()
    }
}

impl ServicePort<'_> {
    /// Where the Service listens.
    pub(super) fn listens(&self) -> Vec<PortRange> {
        self.stretch(self.number, (1, u16::MAX))
    }

    /// Where a node listens for it.
    pub(super) fn listens_on_node(&self) -> Vec<PortRange> {
        self.stretch(self.node_port, NODE_PORTS)
    }

    fn stretch(&self, number: Option<u16>, (first, last): (u16, u16)) -> Vec<PortRange> {
        let (start, end) = number.map_or((first, last), |number| (number, number));
        self.protocols().into_iter().map(|protocol| PortRange { protocol, start, end }).collect()
    }

    pub(super) fn protocols(&self) -> Vec<Protocol> {
        self.protocol.map_or_else(|| Protocol::ALL.to_vec(), |one| vec![one])
    }
}

struct Reader<'r, 'a> {
    label: String,
    service: &'r mut Service<'a>,
    diagnostics: &'r mut Vec<Diagnostic>,
}

impl<'a> Reader<'_, 'a> {
    fn read(&mut self, found: Found<'a>) {
        self.service.kind = self.kind(found);
        self.service.external = self.traffic(found);
        if let Type::Unknown(why) = &self.service.kind {
            let why = why.clone();
            self.doubt(why);
        }
        match found.field("spec.ports") {
            Field::Absent => {}
            Field::Unresolved(_, unresolved) => {
                let why =
                    format!("`ports` of `{}` is not known: {}", self.label, unresolved.cause.describe());
                self.doubt(why);
                self.service.ports.push(ServicePort::unknown());
            }
            Field::Present(list) => {
                for item in list.items() {
                    let port = self.port(item);
                    self.service.ports.push(port);
                }
            }
        }
    }

    fn kind(&mut self, found: Found<'a>) -> Type<'a> {
        let field = found.field("spec.type");
        match value::text(field, "type") {
            Said::Absent | Said::Is("ClusterIP") => Type::ClusterIp,
            Said::Is("NodePort") => Type::NodePort,
            Said::Is("LoadBalancer") => Type::LoadBalancer,
            Said::Is("ExternalName") => {
                Type::ExternalName(value::text(found.field("spec.externalName"), "externalName"))
            }
            Said::Is(_) => {
                self.refuse(
                    "`type` is `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`",
                    field.node(),
                );
                Type::Unknown(format!("the type of `{}` cannot be read", self.label))
            }
            Said::Unknown(why) => Type::Unknown(format!("{why} (in `{}`)", self.label)),
        }
    }

    fn traffic(&mut self, found: Found<'a>) -> Traffic {
        let field = found.field("spec.externalTrafficPolicy");
        match value::text(field, "externalTrafficPolicy") {
            Said::Absent | Said::Is("Cluster") => Traffic::Cluster,
            Said::Is("Local") => Traffic::Local,
            Said::Is(_) => {
                self.refuse("`externalTrafficPolicy` is `Cluster` or `Local`", field.node());
                Traffic::Unknown(format!("`externalTrafficPolicy` of `{}` cannot be read", self.label))
            }
            Said::Unknown(why) => Traffic::Unknown(format!("{why} (in `{}`)", self.label)),
        }
    }

    fn port(&mut self, item: &'a Node) -> ServicePort<'a> {
        if item.as_unresolved().is_some() {
            self.doubt(format!("a port of `{}` is not known", self.label));
            return ServicePort::unknown();
        }
        let number = self.number(item, "port");
        let target = match item.field("targetPort") {
            Field::Absent => number.map_or(TargetPort::Unknown, TargetPort::Number),
            Field::Present(node) => match (port(node), node.as_str()) {
                (Some(number), _) => TargetPort::Number(number),
                (None, Some(name)) if name.bytes().any(|byte| byte.is_ascii_alphabetic()) => {
                    TargetPort::Name(name)
                }
                (None, _) => {
                    self.refuse("`targetPort` is a port number, or a name with a letter in it", Some(node));
                    TargetPort::Unknown
                }
            },
            Field::Unresolved(..) => {
                self.doubt(format!("a `targetPort` of `{}` is not known", self.label));
                TargetPort::Unknown
            }
        };
        ServicePort {
            name: item.text("name"),
            number,
            protocol: self.protocol(item),
            target,
            node_port: item.get("nodePort").and_then(port),
        }
    }

    fn number(&mut self, item: &Node, key: &str) -> Option<u16> {
        let field = item.field(key);
        let number = field.present().and_then(port);
        match (number, field) {
            (Some(_), _) => {}
            (None, Field::Unresolved(..)) => {
                self.doubt(format!("a `{key}` of `{}` is not known", self.label))
            }
            (None, _) => {
                self.refuse(&format!("`{key}` is a number from 1 to 65535"), field.node().or(Some(item)))
            }
        }
        number
    }

    fn protocol(&mut self, item: &Node) -> Option<Protocol> {
        let field = item.field("protocol");
        let known = |node: &Node| Protocol::ALL.into_iter().find(|one| node.as_str() == Some(one.as_str()));
        match field {
            Field::Absent => Some(Protocol::Tcp),
            Field::Present(node) => {
                let protocol = known(node);
                if protocol.is_none() {
                    self.refuse("`protocol` is `TCP`, `UDP` or `SCTP`", Some(node));
                }
                protocol
            }
            Field::Unresolved(..) => {
                self.doubt(format!("a `protocol` of `{}` is not known", self.label));
                None
            }
        }
    }

    fn refuse(&mut self, message: &str, node: Option<&Node>) {
        let help =
            "correct it; the API server refuses this Service, and what rests on it is reported as depends";
        let location = node.and_then(Node::location).or(self.service.location());
        let message = format!("{message} (in `{}`)", self.label);
        self.diagnostics.push(Diagnostic::error("service-invalid", message).at(location).help(help));
        self.doubt(format!("`{}` may not be in force: the API server would refuse it", self.label));
    }

    fn doubt(&mut self, why: String) {
        if !self.service.doubts.contains(&why) {
            self.service.doubts.push(why);
        }
    }
}

impl ServicePort<'_> {
    fn unknown() -> Self {
        Self { name: None, number: None, protocol: None, target: TargetPort::Unknown, node_port: None }
    }
}
