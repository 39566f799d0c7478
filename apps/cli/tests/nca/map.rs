//! Who may talk to whom, as a table that can be compared with another.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use libtest_mimic::Failed;
use ringfence_model::fact::{AddressRange, Edge, Peer, Ports};
use ringfence_model::{Estate, EstateBuilder};
use ringfence_reach::{Endpoints, Profile, Reach};
use serde_json::{Value as Json, json};

use crate::scheme::{Config, items};
use crate::yaml;

/// Said where a decision hangs on something, so that there is no number.
pub(crate) const DEPENDS: &str = "depends";

/// One end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// By name.
    Pod(String),
    /// Outside.
    Range(AddressRange),
}

/// What one end may open towards another.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) from: End,
    pub(crate) to: End,
    pub(crate) ports: Ports,
    /// Whether a policy selects either end in its direction.
    pub(crate) captured: bool,
}

/// The flows of one configuration, and what the engine says of its policies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map {
    pub(crate) flows: Vec<Flow>,
    /// Every pod.
    pub(crate) pods: BTreeSet<String>,
    /// Pods that a policy selects for ingress and for egress.
    pub(crate) selected: [BTreeSet<String>; 2],
    /// Policies that select any pod.
    pub(crate) selecting: BTreeSet<String>,
    /// Rules that match anyone, by policy and element (`ingress[0]`).
    pub(crate) matching: BTreeSet<(String, String)>,
}

/// Ports by pair of ends, where addresses are cut alike in the tables that are compared.
pub(crate) type Table = BTreeMap<(String, String), Ports>;

/// How pods are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// Each pod by itself, `namespace/name`.
    Pods,
    /// Pods by their owner, `namespace/name[Kind]`.
    Owners,
}

impl Map {
    /// What the engine says of a configuration; `v6` where IPv6 addresses are to be peers whatever it names.
    pub(crate) fn of(config: &Config, naming: Naming, v6: bool) -> Result<Self, Failed> {
        let mut manifests = config.topology.clone();
        if naming == Naming::Pods {
            manifests.iter_mut().for_each(without_owner);
        }
        manifests.extend(config.policies.iter().cloned());
        if v6 {
            manifests.push(names_v6());
        }
        let estate = estate(&manifests)?;
        let (reach, _) = Reach::new(&estate, Profile::NcaCompat);
        let pods = Endpoints::workloads(estate.iter_workloads().map(|(id, _)| id));
        let everyone = pods.and(Endpoints::outside());
        let mut map = Self::default();
        for edge in reach.between(&everyone, &everyone) {
            map.add(&estate, &edge, naming)?;
        }
        Ok(map)
    }

    fn add(&mut self, estate: &Estate, edge: &Edge, naming: Naming) -> Result<(), Failed> {
        if !edge.depends.is_empty() {
            return Err(DEPENDS.into());
        }
        let ends =
            |peers: &[Peer]| peers.iter().filter_map(|peer| end(estate, *peer, naming)).collect::<Vec<End>>();
        let (from, to) = (ends(&edge.from), ends(&edge.to));
        for (side, of, which) in [(&edge.ingress, &to, 0), (&edge.egress, &from, 1)] {
            let pods =
                of.iter().filter_map(|end| if let End::Pod(name) = end { Some(name.clone()) } else { None });
            self.pods.extend(pods.clone());
            if !side.policies.is_empty() {
                self.selected[which].extend(pods);
            }
            let name =
                |id| estate.resource(id).map(|policy| format!("{}/{}", policy.namespace(), policy.name));
            self.selecting.extend(side.policies.iter().filter_map(|one| name(one.rule.policy)));
            let rules = side
                .rules
                .iter()
                .filter_map(|one| Some((name(one.rule.policy)?, one.rule.element.to_string())));
            self.matching.extend(rules);
        }
        let captured = !(edge.ingress.policies.is_empty() && edge.egress.policies.is_empty());
        for from in &from {
            for to in to.iter().filter(|to| *to != from) {
                let ports = (*edge.allowed).clone();
                self.flows.push(Flow { from: from.clone(), to: to.clone(), ports, captured });
            }
        }
        Ok(())
    }

    /// The map of a table.
    pub(crate) fn from_table(table: &Table) -> Self {
        let flow = |((from, to), ports): (&(String, String), &Ports)| Flow {
            from: End::parse(from),
            to: End::parse(to),
            ports: ports.clone(),
            captured: false,
        };
        Self { flows: table.iter().map(flow).collect(), ..Self::default() }
    }

    /// The flows of those connections that a policy speaks of.
    pub(crate) fn captured(&self) -> Self {
        let flows = self.flows.iter().filter(|flow| flow.captured).cloned().collect();
        Self { flows, ..self.clone() }
    }

    fn cuts(&self, cuts: &mut BTreeSet<IpAddr>) {
        for end in self.flows.iter().flat_map(|flow| [&flow.from, &flow.to]) {
            if let End::Range(range) = end {
                cuts.insert(range.first);
                cuts.extend(after(range.last));
            }
        }
    }

    fn table(&self, cuts: &BTreeSet<IpAddr>) -> Table {
        let mut table = Table::new();
        for flow in self.flows.iter().filter(|flow| !flow.ports.is_empty()) {
            for from in parts(&flow.from, cuts) {
                for to in parts(&flow.to, cuts) {
                    let ports = table.entry((from.clone(), to)).or_default();
                    *ports = ports.union(&flow.ports);
                }
            }
        }
        table
    }
}

/// Two maps as tables whose addresses are cut alike.
pub(crate) fn aligned(one: &Map, other: &Map) -> (Table, Table) {
    let mut cuts = BTreeSet::new();
    one.cuts(&mut cuts);
    other.cuts(&mut cuts);
    (one.table(&cuts), other.table(&cuts))
}

/// What `one` opens and `other` does not.
pub(crate) fn minus(one: &Table, other: &Table) -> Table {
    let left = one.iter().map(|(pair, ports)| {
        let ports = other.get(pair).map_or_else(|| ports.clone(), |there| ports.minus(there));
        (pair.clone(), ports)
    });
    left.filter(|(_, ports)| !ports.is_empty()).collect()
}

/// What both open.
pub(crate) fn common(one: &Table, other: &Table) -> Table {
    let both =
        one.iter().filter_map(|(pair, ports)| Some((pair.clone(), ports.intersection(other.get(pair)?))));
    both.filter(|(_, ports)| !ports.is_empty()).collect()
}

impl End {
    /// `10.0.0.0-10.255.255.255`, or the name of a pod.
    pub(crate) fn parse(text: &str) -> Self {
        match text.split_once('-').map(|(first, last)| (first.parse(), last.parse())) {
            Some((Ok(first), Ok(last))) => Self::Range(AddressRange { first, last }),
            _ => Self::Pod(text.to_owned()),
        }
    }
}

/// Pods keep their name, addresses become the parts that `cuts` makes of them.
fn parts(end: &End, cuts: &BTreeSet<IpAddr>) -> Vec<String> {
    let range = match end {
        End::Pod(name) => return vec![name.clone()],
        End::Range(range) => *range,
    };
    let starts: Vec<IpAddr> = cuts.range(range.first..=range.last).copied().collect();
    let ends = starts.iter().skip(1).map(|next| before(*next)).chain([range.last]);
    starts.iter().zip(ends).map(|(first, last)| AddressRange { first: *first, last }.to_string()).collect()
}

/// The address before one that is not the first.
fn before(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => IpAddr::V4(address.to_bits().saturating_sub(1).into()),
        IpAddr::V6(address) => IpAddr::V6(address.to_bits().saturating_sub(1).into()),
    }
}

fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => address.to_bits().checked_add(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(address) => address.to_bits().checked_add(1).map(|bits| IpAddr::V6(bits.into())),
    }
}

fn end(estate: &Estate, peer: Peer, naming: Naming) -> Option<End> {
    match peer {
        Peer::External(range) => Some(End::Range(range)),
        Peer::Workload(id) => {
            let workload = estate.workload(id)?;
            Some(End::Pod(match naming {
                Naming::Pods => format!("{}/{}", workload.namespace, workload.name),
                Naming::Owners => workload.label(),
            }))
        }
        Peer::Landmark(_) | Peer::Name(_) => None,
    }
}

fn without_owner(manifest: &mut Json) {
    let metadata = manifest["metadata"].as_object_mut();
    metadata.into_iter().for_each(|metadata| drop(metadata.remove("ownerReferences")));
}

/// The labels of the pods of a manifest.
pub(crate) fn labels(manifest: &Json) -> &Json {
    let template = &manifest["spec"]["template"]["metadata"]["labels"];
    if template.is_null() { &manifest["metadata"]["labels"] } else { template }
}

/// A policy in a namespace without pods that names IPv6.
fn names_v6() -> Json {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "names-v6", "namespace": "nobody-is-here"},
        "spec": {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "::/0"}}]}]},
    })
}

/// Whether a policy of the configuration names IPv6 addresses.
pub(crate) fn shows_v6(config: &Config) -> bool {
    let rules = config.policies.iter().flat_map(|policy| {
        [("ingress", "from"), ("egress", "to")]
            .into_iter()
            .flat_map(|(key, peers)| items(&policy["spec"][key]).flat_map(move |rule| items(&rule[peers])))
    });
    rules.filter_map(|peer| peer["ipBlock"]["cidr"].as_str()).any(|cidr| cidr.contains(':'))
}

fn estate(manifests: &[Json]) -> Result<Estate, Failed> {
    let stream = yaml::stream(manifests);
    let mut builder = EstateBuilder::default();
    let file = builder.sources_mut().add("config.yaml", stream.as_str());
    for document in yaml::documents(file, &stream)? {
        builder.extend(ringfence_kubernetes::read(document).0);
    }
    Ok(builder.finish().0)
}
