//! Calico as its documents read, one packet at a time.
//!
//! Shares no code with the engine: its own cluster, its own selectors, its own addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

pub(crate) type Labels = BTreeMap<String, String>;

/// A selector, as it is written and as it selects.
#[derive(Clone, Debug)]
pub(crate) enum Sel {
    All,
    Global,
    Has(&'static str),
    Equal(&'static str, &'static str),
    NotEqual(&'static str, &'static str),
    In(&'static str, Vec<&'static str>),
    NotIn(&'static str, Vec<&'static str>),
    Contains(&'static str, &'static str),
    Starts(&'static str, &'static str),
    Ends(&'static str, &'static str),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    pub(crate) namespaces: Vec<Namespace>,
    pub(crate) pods: Vec<Pod>,
    pub(crate) sets: Vec<Set>,
    pub(crate) tiers: Vec<Tier>,
    pub(crate) policies: Vec<Policy>,
}

#[derive(Clone, Debug)]
pub(crate) struct Namespace {
    pub(crate) name: String,
    pub(crate) labels: Labels,
    /// Labels of its service accounts, by name.
    pub(crate) accounts: BTreeMap<&'static str, Labels>,
}

#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) namespace: usize,
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) account: &'static str,
    pub(crate) address: IpAddr,
    pub(crate) ports: Vec<(&'static str, &'static str, u16)>,
    pub(crate) host: bool,
}

/// A network set; global where it has no namespace.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) namespace: Option<usize>,
    pub(crate) labels: Labels,
    pub(crate) nets: Vec<(IpAddr, u8)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Tier {
    pub(crate) name: &'static str,
    pub(crate) order: Option<i32>,
    pub(crate) passes: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) name: String,
    /// Absent for a global policy.
    pub(crate) namespace: Option<usize>,
    /// Whether it is a NetworkPolicy of Kubernetes, which has no tier, no order, and only allows.
    pub(crate) kubernetes: bool,
    pub(crate) tier: &'static str,
    pub(crate) order: Option<i32>,
    pub(crate) selector: Option<Sel>,
    pub(crate) namespaces: Option<Sel>,
    pub(crate) accounts: Option<Sel>,
    pub(crate) types: Option<Vec<&'static str>>,
    pub(crate) ingress: Vec<Rule>,
    pub(crate) egress: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) action: &'static str,
    pub(crate) protocol: Option<&'static str>,
    pub(crate) not_protocol: Option<&'static str>,
    pub(crate) source: Entity,
    pub(crate) destination: Entity,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Entity {
    pub(crate) selector: Option<Sel>,
    pub(crate) not_selector: Option<Sel>,
    pub(crate) namespaces: Option<Sel>,
    pub(crate) accounts: Option<Sel>,
    pub(crate) account_names: Vec<&'static str>,
    pub(crate) nets: Vec<(IpAddr, u8)>,
    pub(crate) not_nets: Vec<(IpAddr, u8)>,
    pub(crate) ports: Vec<Port>,
    pub(crate) not_ports: Vec<Port>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Port {
    Range(u16, u16),
    Named(&'static str),
}

/// One end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Pod(usize),
    Address(IpAddr),
}

/// A packet that opens a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) from: End,
    pub(crate) to: End,
    pub(crate) protocol: &'a str,
    pub(crate) port: u16,
}

impl Cluster {
    /// Whether a packet arrives: both ends must let it through, as far as they are endpoints.
    pub(crate) fn arrives(&self, packet: Packet<'_>) -> bool {
        self.lets_through("Egress", packet.from, packet) && self.lets_through("Ingress", packet.to, packet)
    }

    /// Tiers in their order; within a tier the policies in theirs; within a policy the rules. What the first
    /// rule that matches says holds; if none does, the tier's default action; `Pass` goes to the next tier.
    fn lets_through(&self, direction: &str, end: End, packet: Packet<'_>) -> bool {
        let End::Pod(index) = end else { return true };
        if self.pods[index].host {
            return true;
        }
        for tier in self.tiers() {
            let mut policies: Vec<&Policy> = self
                .policies
                .iter()
                .filter(|policy| {
                    policy.tier == tier.name && policy.concerns(direction) && self.applies(policy, index)
                })
                .collect();
            if policies.is_empty() {
                continue;
            }
            policies.sort_by_key(|policy| (policy.order.is_none(), policy.order, policy.name.clone()));
            let rules = policies.iter().flat_map(|policy| {
                let rules = if direction == "Ingress" { &policy.ingress } else { &policy.egress };
                rules.iter().map(move |rule| (policy, rule))
            });
            let decides = |(policy, rule): &(&&Policy, &Rule)| {
                rule.action != "Log" && self.matches(policy, rule, packet)
            };
            match rules.into_iter().find(decides).map(|(_, rule)| rule.action) {
                Some("Allow") => return true,
                Some("Deny") => return false,
                Some("Pass") => {}
                None if tier.passes => {}
                None => return false,
                Some(other) => panic!("{other}"),
            }
        }
        // The profile of the namespace allows.
        true
    }

    fn tiers(&self) -> Vec<Tier> {
        let mut tiers = self.tiers.clone();
        tiers.push(Tier { name: "default", order: Some(1_000_000), passes: false });
        tiers.sort_by_key(|tier| (tier.order.is_none(), tier.order, tier.name));
        tiers
    }

    fn applies(&self, policy: &Policy, pod: usize) -> bool {
        let labels = self.labels(pod);
        let own = policy.namespace.is_none_or(|namespace| namespace == self.pods[pod].namespace);
        own && policy.selector.as_ref().is_none_or(|one| one.selects(&labels, ""))
            && policy.namespaces.as_ref().is_none_or(|one| one.selects(&labels, "pcns."))
            && policy.accounts.as_ref().is_none_or(|one| one.selects(&labels, "pcsa."))
    }

    fn matches(&self, policy: &Policy, rule: &Rule, packet: Packet<'_>) -> bool {
        let Packet { from, to, protocol, port } = packet;
        rule.protocol.is_none_or(|one| one == protocol)
            && rule.not_protocol.is_none_or(|one| one != protocol)
            && self.is(policy, &rule.source, from)
            && self.is(policy, &rule.destination, to)
            && self.at(&rule.destination, to, protocol, port)
    }

    /// Whether an end of the connection fulfils an entity.
    fn is(&self, policy: &Policy, entity: &Entity, end: End) -> bool {
        let addresses = self.address(end);
        let lies = |nets: &[(IpAddr, u8)]| nets.iter().any(|net| inside(addresses, *net));
        (entity.nets.is_empty() || lies(&entity.nets))
            && !lies(&entity.not_nets)
            && self.is_selected(policy, entity, end)
            && !entity
                .not_selector
                .as_ref()
                .is_some_and(|not| self.any(end, |labels| not.selects(labels, "")))
    }

    /// Selectors of a policy of a namespace reach that namespace alone, unless they name others.
    fn is_selected(&self, policy: &Policy, entity: &Entity, end: End) -> bool {
        let Entity { selector, not_selector, namespaces, accounts, account_names, .. } = entity;
        let by_account = accounts.is_some() || !account_names.is_empty();
        if selector.is_none() && not_selector.is_none() && namespaces.is_none() && !by_account {
            return true;
        }
        let own = policy.namespace.filter(|_| namespaces.is_none()).map(|one| &self.namespaces[one].name);
        let global = selector.is_none() && namespaces.is_none() && !by_account && own.is_none();
        global
            || self.any(end, |labels| {
                own.is_none_or(|own| labels.get("projectcalico.org/namespace") == Some(own))
                    && selector.as_ref().is_none_or(|one| one.selects(labels, ""))
                    && namespaces.as_ref().is_none_or(|one| one.selects(labels, "pcns."))
                    && accounts.as_ref().is_none_or(|one| one.selects(labels, "pcsa."))
                    && (account_names.is_empty()
                        || labels
                            .get("projectcalico.org/serviceaccount")
                            .is_some_and(|name| account_names.contains(&name.as_str())))
            })
    }

    /// Whether anything that stands for the address of `end` has such labels: an endpoint, a network set.
    fn any(&self, end: End, fits: impl Fn(&Labels) -> bool) -> bool {
        let endpoint = match end {
            End::Pod(index) if !self.pods[index].host => fits(&self.labels(index)),
            _ => false,
        };
        let address = self.address(end);
        endpoint
            || self.sets.iter().any(|set| {
                let mut labels = set.labels.clone();
                if let Some(namespace) = set.namespace {
                    self.add_namespace(namespace, &mut labels);
                }
                set.nets.iter().any(|net| inside(address, *net)) && fits(&labels)
            })
    }

    /// The labels of an endpoint: the pod's, and those that Calico gives it.
    fn labels(&self, pod: usize) -> Labels {
        let pod = &self.pods[pod];
        let mut labels = pod.labels.clone();
        labels.insert("projectcalico.org/orchestrator".into(), "k8s".into());
        labels.insert("projectcalico.org/serviceaccount".into(), pod.account.into());
        labels.insert("pcsa.projectcalico.org/name".into(), pod.account.into());
        for (key, value) in &self.namespaces[pod.namespace].accounts[pod.account] {
            labels.insert(format!("pcsa.{key}"), value.clone());
        }
        self.add_namespace(pod.namespace, &mut labels);
        labels
    }

    fn add_namespace(&self, namespace: usize, labels: &mut Labels) {
        let namespace = &self.namespaces[namespace];
        labels.insert("projectcalico.org/namespace".into(), namespace.name.clone());
        labels.insert("pcns.projectcalico.org/name".into(), namespace.name.clone());
        for (key, value) in &namespace.labels {
            labels.insert(format!("pcns.{key}"), value.clone());
        }
    }

    fn address(&self, end: End) -> IpAddr {
        match end {
            End::Pod(index) => self.pods[index].address,
            End::Address(address) => address,
        }
    }

    /// Whether the port is one of the entity's; names stand for ports of the pod that answers.
    fn at(&self, entity: &Entity, to: End, protocol: &str, port: u16) -> bool {
        let is = |one: &Port| match one {
            Port::Range(first, last) => (*first..=*last).contains(&port),
            Port::Named(name) => match to {
                End::Pod(index) if !self.pods[index].host => {
                    self.pods[index].ports.contains(&(*name, static_name(protocol), port))
                }
                _ => false,
            },
        };
        (entity.ports.is_empty() || entity.ports.iter().any(is)) && !entity.not_ports.iter().any(is)
    }
}

fn static_name(protocol: &str) -> &'static str {
    ["TCP", "UDP", "SCTP"].into_iter().find(|one| *one == protocol).unwrap()
}

impl Policy {
    /// Absent types: ingress, unless there are egress rules alone; egress where there are egress rules.
    fn concerns(&self, direction: &str) -> bool {
        match &self.types {
            Some(types) => types.contains(&direction),
            None if direction == "Ingress" => self.egress.is_empty() || !self.ingress.is_empty(),
            None => !self.egress.is_empty(),
        }
    }
}

impl Sel {
    /// Whether it selects something with these labels. Under the prefix of namespaces, `all()` is whatever
    /// has a namespace, and `global()` whatever has none.
    fn selects(&self, labels: &Labels, prefix: &str) -> bool {
        let value = |key: &str| labels.get(&format!("{prefix}{key}")).map(String::as_str);
        let spaced = labels.contains_key("projectcalico.org/namespace");
        match self {
            Self::All => prefix != "pcns." || spaced,
            Self::Global => prefix != "pcns." || !spaced,
            Self::Has(key) => value(key).is_some(),
            Self::Equal(key, wanted) => value(key) == Some(*wanted),
            Self::NotEqual(key, unwanted) => value(key) != Some(*unwanted),
            Self::In(key, wanted) => value(key).is_some_and(|value| wanted.contains(&value)),
            Self::NotIn(key, unwanted) => value(key).is_none_or(|value| !unwanted.contains(&value)),
            Self::Contains(key, part) => value(key).is_some_and(|value| value.contains(part)),
            Self::Starts(key, part) => value(key).is_some_and(|value| value.starts_with(part)),
            Self::Ends(key, part) => value(key).is_some_and(|value| value.ends_with(part)),
            Self::Not(inner) => !inner.selects(labels, prefix),
            Self::And(a, b) => a.selects(labels, prefix) && b.selects(labels, prefix),
            Self::Or(a, b) => a.selects(labels, prefix) || b.selects(labels, prefix),
        }
    }

    /// As it is written.
    pub(crate) fn text(&self) -> String {
        let set =
            |values: &[&str]| values.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", ");
        match self {
            Self::All => "all()".to_owned(),
            Self::Global => "global()".to_owned(),
            Self::Has(key) => format!("has({key})"),
            Self::Equal(key, value) => format!("{key} == '{value}'"),
            Self::NotEqual(key, value) => format!("{key} != \"{value}\""),
            Self::In(key, values) => format!("{key} in {{{}}}", set(values)),
            Self::NotIn(key, values) => format!("{key} not in {{{}}}", set(values)),
            Self::Contains(key, part) => format!("{key} contains '{part}'"),
            Self::Starts(key, part) => format!("{key} starts with '{part}'"),
            Self::Ends(key, part) => format!("{key} ends with '{part}'"),
            Self::Not(inner) => format!("!({})", inner.text()),
            Self::And(a, b) => format!("({}) && ({})", a.text(), b.text()),
            Self::Or(a, b) => format!("({}) || ({})", a.text(), b.text()),
        }
    }
}

fn inside(address: IpAddr, (network, length): (IpAddr, u8)) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (32, u128::from(u32::from(v4))),
        IpAddr::V6(v6) => (128, u128::from(v6)),
    };
    let ((width, address), (other, network)) = (bits(address), bits(network));
    let shift = width - u32::from(length);
    width == other && address.checked_shr(shift).unwrap_or(0) == network.checked_shr(shift).unwrap_or(0)
}
