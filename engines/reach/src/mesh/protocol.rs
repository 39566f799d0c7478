//! What protocol a Service gives to a port of a pod: it decides whether Istio's proxy reads HTTP there.
//!
//! By `appProtocol`, else by the name of the port up to its first hyphen (`http-metrics`); a port that
//! says neither is looked at connection by connection (istio: Protocol Selection; `ConvertProtocol`).

use std::collections::BTreeMap;

use ringfence_model::fact::{PortRange, Ports};
use ringfence_model::{Estate, Node, Relation, Text, WorkloadId};
use rustc_hash::FxHashMap;

use super::annotation::tcp;
use super::pod::Pod;

/// What a proxy takes a port for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// HTTP, whatever is sent.
    Http,
    /// A stream of bytes.
    Tcp,
    /// Either, by what is sent, or by which of several Services is the oldest.
    Either,
}

/// Ports of a pod by protocol; the others are either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) http: Ports,
    pub(super) tcp: Ports,
}

impl Profile {
    /// One text for each profile.
    pub(super) fn text(&self) -> String {
        format!("http {} tcp {}", self.http, self.tcp)
    }
}

/// Ports of workloads, as Services speak of them.
#[derive(Debug)]
pub(super) struct Protocols {
    of: FxHashMap<WorkloadId, Vec<(Target, Taken)>>,
}

/// A port of a pod, by number or name.
#[derive(Clone, Debug)]
enum Target {
    Number(u16),
    Named(Text),
}

impl Protocols {
    pub(super) fn new(estate: &Estate) -> Self {
        let mut of: FxHashMap<WorkloadId, Vec<(Target, Taken)>> = FxHashMap::default();
        for id in estate.of_kind("v1/Service") {
            let Some(ports) = estate.resource(*id).and_then(|service| service.body.get("spec.ports")) else {
                continue;
            };
            let ports: Vec<(Target, Taken)> = ports.items().iter().filter_map(port).collect();
            let selected = estate.links_from(*id).iter().filter(|link| link.relation == Relation::Selects);
            for workload in selected.filter_map(|link| estate.workload_of(link.to)) {
                of.entry(workload).or_default().extend(ports.iter().cloned());
            }
        }
        Self { of }
    }

    /// What is known of the ports of a pod; `None` where no Service speaks of one.
    pub(super) fn of(&self, workload: WorkloadId, pod: &Pod<'_>) -> Option<Profile> {
        let mut ports: BTreeMap<u16, Taken> = BTreeMap::new();
        for (target, taken) in self.of.get(&workload)? {
            let number = match target {
                Target::Number(number) => Some(*number),
                Target::Named(name) => pod.port(name),
            };
            let Some(number) = number else { continue };
            let known = ports.entry(number).or_insert(*taken);
            *known = if known == taken { *taken } else { Taken::Either };
        }
        let of = |wanted: Taken| -> Ports {
            let found = ports.iter().filter(|(_, taken)| **taken == wanted);
            Ports::new(found.map(|(port, _)| tcp(*port)).collect::<Vec<PortRange>>())
        };
        let profile = Profile { http: of(Taken::Http), tcp: of(Taken::Tcp) };
        (profile != Profile::default()).then_some(profile)
    }
}

fn port(node: &Node) -> Option<(Target, Taken)> {
    if node.text("protocol").is_some_and(|protocol| protocol != "TCP") {
        return None;
    }
    let number = |node: &Node| node.as_int().and_then(|port| u16::try_from(port).ok());
    let port = node.get("port").and_then(number)?;
    let target = match node.get("targetPort") {
        None => Target::Number(port),
        Some(target) => match (number(target), target.as_str()) {
            (Some(number), _) => Target::Number(number),
            (None, Some(name)) => Target::Named(name.into()),
            (None, None) => return None,
        },
    };
    Some((target, taken(node.text("name").unwrap_or_default(), node.text("appProtocol"), port)))
}

fn taken(name: &str, protocol: Option<&str>, port: u16) -> Taken {
    match protocol {
        Some("kubernetes.io/h2c" | "kubernetes.io/ws") => return Taken::Http,
        Some("kubernetes.io/wss") => return Taken::Tcp,
        _ => {}
    }
    let name = protocol.unwrap_or(name).to_ascii_lowercase();
    match name.split('-').next().unwrap_or_default() {
        "http" | "http2" | "http_proxy" | "grpc" => Taken::Http,
        "tcp" | "https" | "tls" | "mongo" | "redis" | "mysql" => Taken::Tcp,
        // What a server says first is never looked at: SMTP, DNS, MySQL, MongoDB.
        _ if matches!(port, 25 | 53 | 3306 | 27017) => Taken::Tcp,
        _ => Taken::Either,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_or_app_protocol_of_a_port_tells_its_protocol() {
        for (name, protocol, port, expected) in [
            ("http", None, 80, Taken::Http),
            ("http-metrics", None, 80, Taken::Http),
            ("grpc-web", None, 80, Taken::Http),
            ("https", None, 443, Taken::Tcp),
            ("web", None, 80, Taken::Either),
            ("", None, 3306, Taken::Tcp),
            ("web", Some("http2"), 80, Taken::Http),
            ("http", Some("tcp"), 80, Taken::Tcp),
            ("x", Some("kubernetes.io/wss"), 443, Taken::Tcp),
            ("httpfoo", None, 80, Taken::Either),
        ] {
            assert_eq!(taken(name, protocol, port), expected, "{name} {protocol:?} {port}");
        }
    }
}
