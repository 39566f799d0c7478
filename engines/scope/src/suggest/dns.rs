//! The cluster's DNS: nothing that calls by name works without it.
//!
//! It is suggested where the present policies let any pod of the namespace ask it: then it may be used.
//! Where they close it, nobody uses it.

use ringfence_model::fact::{PortRange, Ports, Protocol};
use ringfence_model::{Estate, Node, Relation, Resource, ResourceId, Text, WorkloadId};
use ringfence_reach::{Endpoints, Reach};

use super::table::{Peer, Tables, Towns};
use super::{Home, Options, port};

/// Where DNS runs (Kubernetes, "DNS for Services and Pods"; the same on EKS).
pub(super) const NAMESPACE: &str = "kube-system";
/// The label of its pods.
pub(super) const LABEL: (&str, &str) = ("k8s-app", "kube-dns");
const SERVICE: &str = "kube-dns";
const PORT: u16 = 53;

/// What was decided.
pub(super) struct Decided {
    /// One clause.
    pub(super) note: String,
    /// The workloads that may be asked, as far as they are in the input.
    pub(super) servers: Vec<(WorkloadId, Ports)>,
}

/// Allows it where it is used, and says what was decided.
pub(super) fn add(
    estate: &Estate,
    reach: &Reach,
    home: &Home,
    options: Options,
    towns: &mut Towns<'_>,
    tables: &mut Tables,
) -> Decided {
    let not = |note: String| Decided { note, servers: Vec::new() };
    if !options.dns {
        return not("the cluster's DNS is left out, as asked".to_owned());
    }
    let servers = servers(estate, home);
    if !is_used(estate, reach, home, &servers) {
        return not(format!(
            "the present policies close the cluster's DNS, so it is left out; if names are needed, register \
             `{}/*` to `{NAMESPACE}/coredns` on 53/UDP and 53/TCP",
            home.namespace
        ));
    }
    let because = "names do not resolve without the cluster's DNS";
    if servers.is_empty() {
        tables.every_egress(&Peer::Dns, &asked(), because);
    }
    for (id, ports) in &servers {
        if let Some((namespace, unit)) = towns.unit(*id) {
            tables.every_egress(&Peer::Unit(namespace, unit), ports, because);
        }
    }
    let note = "every pod may ask the cluster's DNS, since the present policies let pods ask it".to_owned();
    Decided { note, servers }
}

/// The ports at which it is asked.
fn asked() -> Ports {
    let both = [Protocol::Tcp, Protocol::Udp];
    Ports::new(both.map(|protocol| PortRange { protocol, start: PORT, end: PORT }).to_vec())
}

/// The workloads that answer, each with the ports of its pods.
fn servers(estate: &Estate, home: &Home) -> Vec<(WorkloadId, Ports)> {
    let is_it = |one: &Resource| {
        one.name == SERVICE && one.namespace() == NAMESPACE && one.place.cluster == home.cluster
    };
    let services = estate.of_kind("v1/Service").iter().copied();
    let service = services.into_iter().find(|id| estate.resource(*id).is_some_and(is_it));
    let mut found: Vec<(WorkloadId, Ports)> = service.into_iter().flat_map(|id| behind(estate, id)).collect();
    if found.is_empty() {
        let labelled = estate.iter_workloads().filter(|(_, one)| {
            let here = one.namespace == NAMESPACE && one.cluster == home.cluster;
            here && one.instances.iter().any(|pod| pod.labels.get(LABEL.0) == Some(LABEL.1))
        });
        found.extend(labelled.map(|(id, _)| (id, asked())));
    }
    found
}

fn behind(estate: &Estate, service: ResourceId) -> Vec<(WorkloadId, Ports)> {
    let links = estate.links_from(service).iter().filter(|link| link.relation == Relation::Selects);
    let ids = links.filter_map(|link| estate.workload_of(link.to));
    let ports =
        |id| Some(port::behind(estate, service, id, &asked()).ports).filter(|ports| !ports.is_empty());
    ids.map(|id| (id, ports(id).unwrap_or_else(asked))).collect()
}

/// Whether any pod of the namespace may ask it today.
fn is_used(estate: &Estate, reach: &Reach, home: &Home, servers: &[(WorkloadId, Ports)]) -> bool {
    let pods = estate.iter_workloads().filter(|(_, one)| home.holds(one)).map(|(id, _)| id);
    let pods = Endpoints::workloads(pods);
    if pods.is_empty() {
        return true;
    }
    if !servers.is_empty() {
        let asks = |(id, ports): &(WorkloadId, Ports)| {
            let edges = reach.open(&pods, &Endpoints::workloads([*id]));
            edges.iter().any(|edge| !edge.ports().intersection(ports).is_empty())
        };
        return servers.iter().any(asks);
    }
    // Pods that are not in the input cannot be asked about: the rules themselves must tell.
    let policies = estate.iter().filter(|(_, one)| home.holds_policy(one));
    let policies: Vec<(ResourceId, &Resource)> = policies.collect();
    let edges = reach.between(&pods, &Endpoints::outside());
    let free = edges.iter().any(|edge| {
        let selected = edge.egress.policies.iter().map(|one| one.rule.policy);
        !selected.into_iter().any(|id| policies.iter().any(|(policy, _)| *policy == id))
    });
    free || policies.iter().any(|(_, policy)| names_dns(policy))
}

/// Whether an egress rule of a NetworkPolicy opens port 53.
fn names_dns(policy: &Resource) -> bool {
    let rules = policy.body.get("spec.egress").map(Node::items).unwrap_or_default();
    rules.iter().any(|rule| {
        let ports = rule.get("ports").map(Node::items).unwrap_or_default();
        ports.is_empty() || ports.iter().any(is_dns)
    })
}

fn is_dns(port: &Node) -> bool {
    let number = |key: &str| port.get(key).and_then(Node::as_int);
    let (start, wanted) = (number("port"), i64::from(PORT));
    let end = number("endPort").or(start);
    let named = port.get("port").and_then(Node::as_str).is_some_and(|name| name.starts_with("dns"));
    let any = port.get("port").is_none();
    any || named || start.zip(end).is_some_and(|(start, end)| (start..=end).contains(&wanted))
}

/// The namespace of DNS, as a text.
pub(super) fn namespace() -> Text {
    Text::const_new(NAMESPACE)
}
