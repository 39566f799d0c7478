//! A cluster and a declaration, as texts and as what they mean. Shares no code with the engines.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::{Value as Json, json};

pub(crate) type Labels = BTreeMap<&'static str, &'static str>;

/// Ports worth asking for.
pub(crate) const PROBED: [u16; 9] = [1, 53, 80, 443, 8000, 8001, 8080, 8443, 9000];

/// Addresses worth asking for.
pub(crate) const OUTSIDE: [&str; 5] = ["10.9.0.1", "198.51.100.7", "203.0.113.1", "8.8.8.8", "192.168.7.7"];

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) workloads: Vec<Workload>,
    pub(crate) services: Vec<Service>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) policies: Vec<Json>,
    /// Whether CoreDNS is in the input.
    pub(crate) dns: bool,
    pub(crate) order: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) namespace: usize,
    pub(crate) name: String,
    pub(crate) labels: Labels,
    /// What the port name `web` stands for.
    pub(crate) web: u16,
    pub(crate) address: Ipv4Addr,
}

/// A Service in front of one workload: `port` becomes `target`, or what `web` stands for.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) of: usize,
    pub(crate) port: u16,
    pub(crate) target: Option<u16>,
}

/// A declared connection, as a hop or as a register entry.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) from: Party,
    pub(crate) to: Party,
    pub(crate) ports: Vec<(&'static str, u16, u16)>,
    pub(crate) as_hop: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Party {
    Workload(usize),
    Service(usize),
    Namespace(usize),
    Block(&'static str),
    Internet,
}

/// One end of a packet.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Pod(String, String),
    Address(&'static str),
}

const KUBE_DNS: &str = "coredns";

impl World {
    /// The manifests as a stream.
    pub(crate) fn manifests(&self) -> String {
        let mut all: Vec<Json> = (0..3)
            .map(|index| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": format!("n{index}")}}))
            .collect();
        all.extend(self.workloads.iter().map(Workload::manifest));
        all.extend(
            self.services.iter().enumerate().flat_map(|(index, service)| self.service(index, service)),
        );
        all.extend(self.policies.iter().cloned());
        if self.dns {
            let labels = json!({"k8s-app": "kube-dns"});
            all.push(json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": KUBE_DNS, "namespace": "kube-system", "labels": labels},
                "spec": {"containers": [{"name": "c"}]}, "status": {"podIP": "10.0.9.9"}}));
            all.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}));
        }
        let order = |text: &String| (text.len() as u64 | 1).wrapping_mul(self.order).rotate_left(23);
        let mut texts: Vec<String> = all.iter().map(Json::to_string).collect();
        if self.order > 0 {
            texts.sort_by_key(order);
        }
        texts.join("\n---\n")
    }

    pub(crate) fn shuffled(&self, order: u64) -> Self {
        Self { order: order | 1, ..self.clone() }
    }

    /// One Service for each of the pods that bear its labels; it is never ambiguous about its target.
    fn service(&self, index: usize, service: &Service) -> Option<Json> {
        let of = &self.workloads[service.of];
        let target = service.target.map_or(json!("web"), |port| json!(port));
        Some(json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": format!("s{index}"), "namespace": format!("n{}", of.namespace)},
            "spec": {"selector": of.labels, "ports": [{"port": service.port, "targetPort": target}]}}))
    }

    /// The declaration as JSON, which is YAML.
    pub(crate) fn declaration(&self) -> String {
        let mut endpoints = serde_json::Map::new();
        let mut hops = Vec::new();
        let mut register = Vec::new();
        for (index, connection) in self.connections.iter().enumerate() {
            let ports: Vec<String> = connection
                .ports
                .iter()
                .map(|(protocol, start, end)| {
                    if start == end {
                        format!("{start}/{protocol}")
                    } else {
                        format!("{start}-{end}/{protocol}")
                    }
                })
                .collect();
            let mut names = [(&connection.from, "from"), (&connection.to, "to")].map(|(party, side)| {
                let by_name = connection.as_hop || matches!(party, Party::Service(_));
                let name = format!("e{index}-{side}");
                let endpoint = by_name.then(|| self.endpoint(party)).flatten();
                match endpoint {
                    Some(endpoint) => {
                        endpoints.insert(name.clone(), endpoint);
                        name
                    }
                    None => self.word(party),
                }
            });
            let [from, to] = &mut names;
            let declarable = connection.as_hop
                && [&connection.from, &connection.to].iter().all(|party| self.endpoint(party).is_some());
            if declarable {
                hops.push(json!({"id": format!("h{index}"), "from": from, "to": to, "role": "process", "ports": ports, "data": {"request": "token"}}));
            } else {
                register.push(json!({"from": from, "to": to, "ports": ports, "purpose": "p"}));
            }
        }
        let mut declaration =
            json!({"schema": "ringfence.declaration/1", "endpoints": endpoints, "register": register});
        if !hops.is_empty() {
            declaration["flows"] =
                json!([{"id": "f", "channel": "e-commerce", "stage": "other", "hops": hops}]);
        }
        declaration.to_string()
    }

    /// As an endpoint; `None` where none can say it.
    fn endpoint(&self, party: &Party) -> Option<Json> {
        Some(match party {
            Party::Workload(index) => json!({"workload": self.label(*index)}),
            Party::Service(index) => {
                let of = &self.workloads[self.services[*index].of];
                json!({"service": format!("n{}/s{index}", of.namespace)})
            }
            Party::Namespace(_) => return None,
            Party::Block(cidr) => json!({"site": "office", "addresses": cidr}),
            Party::Internet => json!({"internet": {}}),
        })
    }

    fn word(&self, party: &Party) -> String {
        match party {
            Party::Workload(index) => self.label(*index),
            Party::Service(_) => unreachable!("a service is an endpoint"),
            Party::Namespace(index) => format!("n{index}/*"),
            Party::Block(cidr) => (*cidr).to_owned(),
            Party::Internet => "internet".to_owned(),
        }
    }

    fn label(&self, index: usize) -> String {
        let one = &self.workloads[index];
        format!("n{}/{}", one.namespace, one.name)
    }

    /// All pairs of different pods, and each pod with each address in both directions.
    pub(crate) fn pairs(&self) -> Vec<(End, End)> {
        let mut pods: Vec<End> = self
            .workloads
            .iter()
            .map(|one| End::Pod(format!("n{}", one.namespace), one.name.clone()))
            .collect();
        if self.dns {
            pods.push(End::Pod("kube-system".to_owned(), KUBE_DNS.to_owned()));
        }
        let mut pairs = Vec::new();
        for (at, pod) in pods.iter().enumerate() {
            pairs.extend(
                pods.iter()
                    .enumerate()
                    .filter(|(other, _)| *other != at)
                    .map(|(_, other)| (pod.clone(), other.clone())),
            );
            for address in OUTSIDE {
                pairs.push((pod.clone(), End::Address(address)));
                pairs.push((End::Address(address), pod.clone()));
            }
        }
        pairs
    }

    /// Whether a packet arrives once namespace `n0` has nothing but what is declared for it.
    pub(crate) fn arrives(&self, from: &End, to: &End, protocol: &str, port: u16) -> bool {
        let at_home = |end: &End| matches!(end, End::Pod(namespace, _) if namespace == "n0");
        let declared = |own: fn(&Connection) -> &Party| self.is_declared(from, to, protocol, port, own);
        let dns = || self.is_dns(from, to, protocol, port);
        (!at_home(from) || declared(|one| &one.from) || dns()) && (!at_home(to) || declared(|one| &one.to))
    }

    fn is_dns(&self, from: &End, to: &End, protocol: &str, port: u16) -> bool {
        let asks = self.policies.is_empty() && matches!(from, End::Pod(namespace, _) if namespace == "n0");
        let answers = matches!(to, End::Pod(namespace, _) if namespace == "kube-system");
        asks && answers && port == 53 && protocol != "SCTP"
    }

    /// Whether a connection is declared for the end that `own` picks: an address block speaks of others only,
    /// never of the pods whose rules are suggested.
    fn is_declared(
        &self,
        from: &End,
        to: &End,
        protocol: &str,
        port: u16,
        own: fn(&Connection) -> &Party,
    ) -> bool {
        self.connections.iter().any(|one| {
            let of_pods = !matches!(own(one), Party::Block(_) | Party::Internet);
            let sources = of_pods && self.holds(&one.from, from, None);
            sources && self.holds(&one.to, to, Some((one, protocol, port)))
        })
    }

    /// Whether an end is meant by a party; pods that bear the same labels are always meant together. Where
    /// ports are asked about, whether the party takes them.
    fn holds(&self, party: &Party, end: &End, asked: Option<(&Connection, &str, u16)>) -> bool {
        let like = |index: usize| {
            let wanted = &self.workloads[index];
            match end {
                End::Pod(namespace, name) => self.workloads.iter().any(|one| {
                    format!("n{}", one.namespace) == *namespace
                        && one.name == *name
                        && one.namespace == wanted.namespace
                        && one.labels == wanted.labels
                }),
                End::Address(_) => false,
            }
        };
        let plain = asked.is_none_or(|(one, protocol, port)| takes(one, protocol, port));
        match party {
            Party::Workload(index) => plain && like(*index),
            Party::Service(index) => self.service_holds(*index, &like, asked),
            Party::Namespace(index) => {
                plain && matches!(end, End::Pod(namespace, _) if *namespace == format!("n{index}"))
            }
            Party::Block(cidr) => plain && self.address(end).is_some_and(|one| within(cidr, one)),
            Party::Internet => plain && self.address(end).is_some_and(is_routed),
        }
    }

    /// The Service selects whatever bears the labels of its workload, and more.
    fn service_holds(
        &self,
        index: usize,
        like: &dyn Fn(usize) -> bool,
        asked: Option<(&Connection, &str, u16)>,
    ) -> bool {
        let service = &self.services[index];
        let of = &self.workloads[service.of];
        let selected = self.workloads.iter().enumerate().filter(|(_, one)| {
            one.namespace == of.namespace
                && of.labels.iter().all(|(key, value)| one.labels.get(key) == Some(value))
        });
        let mut selected = selected.filter(|(index, _)| like(*index));
        match asked {
            None => selected.next().is_some(),
            Some((one, protocol, port)) => {
                let offered = takes(one, "TCP", service.port);
                protocol == "TCP"
                    && offered
                    && selected.any(|(_, pod)| service.target.unwrap_or(pod.web) == port)
            }
        }
    }

    fn address(&self, end: &End) -> Option<Ipv4Addr> {
        match end {
            End::Address(text) => text.parse().ok(),
            End::Pod(namespace, _) if namespace == "kube-system" => "10.0.9.9".parse().ok(),
            End::Pod(namespace, name) => {
                let is_it =
                    |one: &&Workload| format!("n{}", one.namespace) == *namespace && one.name == *name;
                self.workloads.iter().find(is_it).map(|one| one.address)
            }
        }
    }
}

impl Workload {
    fn manifest(&self) -> Json {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": self.name, "namespace": format!("n{}", self.namespace), "labels": self.labels},
            "spec": {"containers": [{"name": "c", "ports": [{"name": "web", "containerPort": self.web}]}]},
            "status": {"podIP": self.address.to_string()}})
    }
}

fn takes(connection: &Connection, protocol: &str, port: u16) -> bool {
    connection.ports.iter().any(|(own, start, end)| *own == protocol && (*start..=*end).contains(&port))
}

fn within(cidr: &str, address: Ipv4Addr) -> bool {
    let (network, length) = cidr.split_once('/').unwrap();
    let network: Ipv4Addr = network.parse().unwrap();
    let shift = 32 - length.parse::<u32>().unwrap();
    let cut = |address: Ipv4Addr| u32::from(address).checked_shr(shift).unwrap_or(0);
    cut(network) == cut(address)
}

/// Not private (RFC 1918), and none of the others here is anything but routed.
fn is_routed(address: Ipv4Addr) -> bool {
    !address.is_private()
}
