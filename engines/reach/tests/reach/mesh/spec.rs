//! Istio evaluated as its definition reads, one connection at a time: AuthorizationPolicy,
//! PeerAuthentication, sidecars and ztunnels, over NetworkPolicy as [`crate::spec`] has it.
//!
//! Shares no code with the engine. What nobody can know of a connection (its request, whether a port
//! carries HTTP, whether the client goes round its own proxy) is a [`World`]; all of them are gone through.

use std::net::IpAddr;

use crate::spec::{Cluster, End, Labels};

/// The namespace whose policies hold everywhere.
pub(crate) const ROOT: &str = "istio-system";

#[derive(Clone, Debug)]
pub(crate) struct Mesh {
    pub(crate) network: Cluster,
    /// One for each pod.
    pub(crate) members: Vec<Member>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) peers: Vec<Peer>,
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) proxy: Proxy,
    pub(crate) account: &'static str,
    /// Ports that a Service declares: HTTP or a stream.
    pub(crate) declared: Vec<(u16, Chain)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    None,
    Sidecar,
    Ambient,
}

/// What the answering proxy takes a connection for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    Http,
    Stream,
}

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) selector: Option<(&'static str, &'static str)>,
    pub(crate) deny: bool,
    pub(crate) rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) from: Vec<Vec<Demand>>,
    pub(crate) to: Vec<Vec<Demand>>,
    pub(crate) when: Vec<Demand>,
}

/// One field: any of the values, or none of them.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    pub(crate) attribute: Attribute,
    pub(crate) negated: bool,
    pub(crate) values: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    Principal,
    Namespace,
    Address,
    Port,
    Method,
    Header,
}

#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) selector: Option<(&'static str, &'static str)>,
    pub(crate) mode: Option<Mode>,
    pub(crate) ports: Vec<(u16, Mode)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Strict,
    Permissive,
    Disable,
}

/// What nobody knows of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    pub(crate) method: &'static str,
    pub(crate) header: bool,
    /// What a port that no Service declares is taken for.
    pub(crate) sniffed: Chain,
    /// Whether the client's connection goes through its own proxy.
    pub(crate) through_proxy: bool,
    /// What is left of a DENY rule on ztunnel when its demands on HTTP are taken away and nothing remains.
    pub(crate) nothing_matches: bool,
}

impl World {
    /// All worlds; only those in which the client goes through its proxy, or all.
    pub(crate) fn all(bypass: bool) -> Vec<Self> {
        let mut worlds = Vec::new();
        for method in ["GET", "POST", "PUT"] {
            for bits in 0_u8..16 {
                let bit = |at: u8| bits >> at & 1 == 1;
                let sniffed = if bit(1) { Chain::Http } else { Chain::Stream };
                worlds.push(Self {
                    method,
                    header: bit(0),
                    sniffed,
                    through_proxy: !bit(2),
                    nothing_matches: bit(3),
                });
            }
        }
        worlds.retain(|world| bypass || world.through_proxy);
        worlds
    }
}

impl Mesh {
    /// Whether the answering proxy lets the connection in.
    pub(crate) fn admits(&self, from: End, to: usize, port: u16, world: World) -> bool {
        let member = &self.members[to];
        if member.proxy == Proxy::None {
            return true;
        }
        let mode = self.mode(to, port);
        let disabled = mode == Mode::Disable && member.proxy == Proxy::Sidecar;
        let principal = self.principal(from).filter(|_| world.through_proxy && !disabled);
        if mode == Mode::Strict && principal.is_none() {
            return false;
        }
        let selecting =
            || self.policies.iter().filter(|policy| self.selects(&policy.namespace, policy.selector, to));
        let declared = member.declared.iter().find(|(declared, _)| *declared == port);
        let chain = declared.map_or(world.sniffed, |(_, chain)| *chain);
        let connection = Connection {
            principal,
            address: self.address(from),
            port,
            chain,
            ztunnel: member.proxy == Proxy::Ambient,
        };
        let matches =
            |policy: &Policy| policy.rules.iter().any(|rule| connection.matches(rule, policy.deny, world));
        if selecting().any(|policy| policy.deny && matches(policy)) {
            return false;
        }
        let mut allowing = selecting().filter(|policy| !policy.deny).peekable();
        allowing.peek().is_none() || allowing.any(matches)
    }

    /// The principal that a client presents, where it has a proxy.
    fn principal(&self, from: End) -> Option<String> {
        let End::Pod(index) = from else { return None };
        let member = &self.members[index];
        let namespace = &self.network.namespaces[self.network.pods[index].namespace].name;
        (member.proxy != Proxy::None).then(|| format!("cluster.local/ns/{namespace}/sa/{}", member.account))
    }

    fn address(&self, from: End) -> IpAddr {
        match from {
            End::Pod(index) => self.network.pods[index].addresses[0],
            End::Address(address) => address,
        }
    }

    fn selects(&self, namespace: &str, selector: Option<(&str, &str)>, pod: usize) -> bool {
        let pod = &self.network.pods[pod];
        let own = &self.network.namespaces[pod.namespace].name;
        let labels: &Labels = &pod.labels;
        (namespace == ROOT || namespace == own)
            && selector.is_none_or(|(key, value)| labels.get(key) == Some(&value))
    }

    /// Port, then workload, then namespace, then mesh; who says nothing leaves it to the next.
    fn mode(&self, pod: usize, port: u16) -> Mode {
        let own = &self.network.namespaces[self.network.pods[pod].namespace].name;
        let mut of_workload = self.peers.iter().filter(|peer| {
            peer.namespace != ROOT
                && peer.selector.is_some()
                && self.selects(&peer.namespace, peer.selector, pod)
        });
        let whole = |namespace: &str| {
            self.peers.iter().find(|peer| peer.namespace == namespace && peer.selector.is_none())?.mode
        };
        let workload = of_workload.next();
        let on_port = workload.and_then(|peer| peer.ports.iter().find(|(at, _)| *at == port));
        on_port
            .map(|(_, mode)| *mode)
            .or(workload.and_then(|peer| peer.mode))
            .or(whole(own))
            .or(whole(ROOT))
            .unwrap_or(Mode::Permissive)
    }

    /// Whether packets arrive as the network sees them: at `port`, or at the port of the tunnel.
    pub(crate) fn arrives(&self, from: End, to: End, port: u16, tunnelled: bool) -> bool {
        self.network.arrives(from, to, "TCP", if tunnelled { 15008 } else { port })
    }

    /// Whether connections between the two go through the tunnel: certainly, certainly not, perhaps.
    pub(crate) fn is_tunnelled(&self, from: End, to: End) -> Option<bool> {
        let proxy = |end: End| match end {
            End::Pod(index) => self.members[index].proxy,
            End::Address(_) => Proxy::None,
        };
        match (proxy(from), proxy(to)) {
            (Proxy::Ambient, Proxy::Ambient) => Some(true),
            (Proxy::Ambient, Proxy::Sidecar) | (Proxy::Sidecar, Proxy::Ambient) => None,
            _ => Some(false),
        }
    }
}

/// A connection as the answering proxy sees it.
struct Connection {
    principal: Option<String>,
    address: IpAddr,
    port: u16,
    chain: Chain,
    ztunnel: bool,
}

impl Connection {
    fn matches(&self, rule: &Rule, deny: bool, world: World) -> bool {
        let is_http = |demand: &Demand| matches!(demand.attribute, Attribute::Method | Attribute::Header);
        let all = || rule.from.iter().chain(&rule.to).flatten().chain(&rule.when);
        let blind = self.ztunnel || self.chain == Chain::Stream;
        if blind && !deny && all().any(is_http) {
            return false;
        }
        let holds = |demand: &Demand| (blind && is_http(demand)) || self.holds(demand, world);
        // ztunnel's documentation and its code differ on a clause that is about HTTP only.
        let clause = |demands: &[Demand]| {
            let empty = self.ztunnel && !demands.is_empty() && demands.iter().all(is_http);
            if empty { world.nothing_matches } else { demands.iter().all(holds) }
        };
        let any = |clauses: &[Vec<Demand>]| clauses.is_empty() || clauses.iter().any(|one| clause(one));
        any(&rule.from) && any(&rule.to) && rule.when.iter().all(|one| clause(std::slice::from_ref(one)))
    }

    fn holds(&self, demand: &Demand, world: World) -> bool {
        let any = demand.values.iter().any(|value| match demand.attribute {
            Attribute::Principal => self.principal.as_ref().is_some_and(|principal| like(value, principal)),
            Attribute::Namespace => self
                .principal
                .as_ref()
                .is_some_and(|principal| like(value, principal.split('/').nth(2).unwrap())),
            Attribute::Address => inside(self.address, value),
            Attribute::Port => value.parse() == Ok(self.port),
            Attribute::Method => *value == world.method,
            Attribute::Header => world.header,
        });
        any != demand.negated
    }
}

/// `*`, `*end`, `start*`, or the text itself.
fn like(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => text == pattern,
    }
}

fn inside(address: IpAddr, block: &str) -> bool {
    let (network, length) =
        block.split_once('/').map_or((block, 32), |(network, length)| (network, length.parse().unwrap()));
    match (address, network.parse().unwrap()) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let bits = |address: std::net::Ipv4Addr| u64::from(u32::from(address)) >> (32 - length);
            bits(address) == bits(network)
        }
        _ => false,
    }
}
