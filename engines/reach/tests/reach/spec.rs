//! NetworkPolicy evaluated as the API definition reads, one packet at a time.
//!
//! Shares no code with the engine: its own cluster, its own labels, its own addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

pub(crate) type Labels = BTreeMap<&'static str, &'static str>;

#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) namespaces: Vec<Namespace>,
    pub(crate) pods: Vec<Pod>,
    pub(crate) policies: Vec<Policy>,
    /// Where several containers use one port name: whether all of them count, or the first alone.
    pub(crate) every_named_port: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Namespace {
    pub(crate) name: String,
    pub(crate) labels: Labels,
}

#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) namespace: usize,
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) ports: Vec<(&'static str, &'static str, u16)>,
    pub(crate) host: Host,
}

/// How an engine treats a pod on the host network, of which the definition says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// It is not on the host network.
    No,
    /// Like any other pod.
    Ordinary,
    /// Like the node: no policy selects it, and only addresses match it.
    Node,
}

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) namespace: usize,
    pub(crate) name: String,
    pub(crate) selector: Selector,
    pub(crate) types: Option<Vec<&'static str>>,
    pub(crate) ingress: Option<Vec<Rule>>,
    pub(crate) egress: Option<Vec<Rule>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) peers: Option<Vec<Peer>>,
    pub(crate) ports: Option<Vec<Port>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Peer {
    Selected { namespaces: Option<Selector>, pods: Option<Selector> },
    Block { cidr: (IpAddr, u8), except: Vec<(IpAddr, u8)> },
}

#[derive(Clone, Debug)]
pub(crate) struct Port {
    pub(crate) protocol: Option<&'static str>,
    pub(crate) port: Option<Number>,
    pub(crate) end: Option<u16>,
}

#[derive(Clone, Debug)]
pub(crate) enum Number {
    Is(u16),
    Named(&'static str),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    pub(crate) labels: Vec<(&'static str, &'static str)>,
    pub(crate) expressions: Vec<(&'static str, &'static str, Vec<&'static str>)>,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Pod(usize),
    Address(IpAddr),
}

impl Cluster {
    /// Whether a packet from `from` to `port` of `to` arrives: the sender may send it, and the receiver may
    /// receive it.
    pub(crate) fn arrives(&self, from: End, to: End, protocol: &str, port: u16) -> bool {
        self.permits("Egress", from, to, to, protocol, port)
            && self.permits("Ingress", to, from, to, protocol, port)
    }

    /// Whether the policies of `subject` permit it. A pod that none selects in this direction is not isolated.
    fn permits(&self, direction: &str, subject: End, other: End, to: End, protocol: &str, port: u16) -> bool {
        self.decides(direction, subject, other, to, protocol, port).unwrap_or(true)
    }

    /// The same, `None` where no policy selects the pod in this direction.
    pub(crate) fn decides(
        &self,
        direction: &str,
        subject: End,
        other: End,
        to: End,
        protocol: &str,
        port: u16,
    ) -> Option<bool> {
        let End::Pod(index) = subject else { return None };
        let pod = &self.pods[index];
        if pod.host == Host::Node {
            return None;
        }
        let selecting = self.policies.iter().filter(|policy| {
            policy.namespace == pod.namespace
                && policy.selector.selects(&pod.labels)
                && policy.concerns(direction)
        });
        let mut selecting = selecting.peekable();
        selecting.peek()?;
        Some(selecting.any(|policy| {
            let rules = if direction == "Ingress" { &policy.ingress } else { &policy.egress };
            rules.iter().flatten().any(|rule| {
                self.matches_peer(policy, rule, other) && self.matches_port(rule, to, protocol, port)
            })
        }))
    }

    fn matches_peer(&self, policy: &Policy, rule: &Rule, other: End) -> bool {
        let Some(peers) = rule.peers.as_ref().filter(|peers| !peers.is_empty()) else { return true };
        peers.iter().any(|peer| match peer {
            Peer::Block { cidr, except } => self
                .addresses(other)
                .iter()
                .any(|address| inside(*address, *cidr) && !except.iter().any(|hole| inside(*address, *hole))),
            Peer::Selected { namespaces, pods } => {
                let End::Pod(index) = other else { return false };
                let pod = &self.pods[index];
                let in_namespace = match namespaces {
                    None => pod.namespace == policy.namespace,
                    Some(selector) => selector.selects(&self.namespace_labels(pod.namespace)),
                };
                pod.host != Host::Node
                    && in_namespace
                    && pods.as_ref().is_none_or(|selector| selector.selects(&pod.labels))
            }
        })
    }

    fn matches_port(&self, rule: &Rule, to: End, protocol: &str, port: u16) -> bool {
        let Some(ports) = rule.ports.as_ref().filter(|ports| !ports.is_empty()) else { return true };
        ports.iter().any(|one| {
            one.protocol.unwrap_or("TCP") == protocol
                && match (&one.port, one.end) {
                    (None, _) => true,
                    (Some(Number::Is(start)), Some(end)) => (*start..=end).contains(&port),
                    (Some(Number::Is(number)), None) => *number == port,
                    (Some(Number::Named(name)), _) => self.named(to, name, protocol).contains(&port),
                }
        })
    }

    /// The numbers of a port name on the pod that receives.
    pub(crate) fn named(&self, to: End, name: &str, protocol: &str) -> Vec<u16> {
        let End::Pod(index) = to else { return Vec::new() };
        let declared = self.pods[index].ports.iter().filter(|port| port.0 == name && port.1 == protocol);
        declared.map(|port| port.2).take(if self.every_named_port { usize::MAX } else { 1 }).collect()
    }

    pub(crate) fn addresses(&self, end: End) -> Vec<IpAddr> {
        match end {
            End::Pod(index) => self.pods[index].addresses.clone(),
            End::Address(address) => vec![address],
        }
    }

    pub(crate) fn namespace_labels(&self, index: usize) -> BTreeMap<&str, &str> {
        let namespace = &self.namespaces[index];
        let mut labels: BTreeMap<&str, &str> = namespace.labels.clone();
        labels.insert("kubernetes.io/metadata.name", &namespace.name);
        labels
    }
}

impl Policy {
    /// `policyTypes` where given; else always ingress, and egress where there are egress rules.
    pub(crate) fn concerns(&self, direction: &str) -> bool {
        match self.types.as_ref().filter(|types| !types.is_empty()) {
            Some(types) => types.contains(&direction),
            None if direction == "Ingress" => true,
            None => self.egress.as_ref().is_some_and(|rules| !rules.is_empty()),
        }
    }
}

impl Selector {
    pub(crate) fn selects(&self, labels: &BTreeMap<&str, &str>) -> bool {
        let expression = |(key, operator, values): &(&'static str, &'static str, Vec<&'static str>)| {
            let value = labels.get(*key);
            match *operator {
                "In" => value.is_some_and(|value| values.contains(value)),
                "NotIn" => value.is_none_or(|value| !values.contains(value)),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                other => panic!("{other}"),
            }
        };
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.expressions.iter().all(expression)
    }
}

/// Whether an address lies in a block: the same family, and the same first `length` bits.
pub(crate) fn inside(address: IpAddr, (network, length): (IpAddr, u8)) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (32, u128::from(u32::from(v4))),
        IpAddr::V6(v6) => (128, u128::from(v6)),
    };
    let ((width, address), (other, network)) = (bits(address), bits(network));
    let rest = u32::from(width - length.min(width));
    width == other && (rest == 128 || address >> rest == network >> rest)
}
