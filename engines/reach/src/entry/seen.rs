//! What a pod takes for the source of what a load balancer or a node sends it.
//!
//! Sources: "Virtual IPs and Service Proxies" of kubernetes.io (external traffic policy); "Edit target
//! group attributes" of the Network Load Balancer guide (client IP preservation); the Application Load
//! Balancer always speaks for itself.

use ringfence_model::fact::{Protocol, Seen};

use super::service::Traffic;
use super::value::Said;

/// Where a load balancer sends what it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetType {
    /// To the addresses of pods.
    Ip,
    /// To a node port of any node.
    Instance,
}

impl TargetType {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "ip" => Some(Self::Ip),
            "instance" => Some(Self::Instance),
            _ => None,
        }
    }
}

/// Behind a node that passes it on: one that may pass it to another node puts its own address in place of
/// the source, so that the answer comes back to it. `source`: what the node takes for the source.
pub(super) fn through_node(external: &Traffic, source: &[Seen]) -> Vec<Seen> {
    let mut seen = Vec::new();
    if *external != Traffic::Cluster {
        seen.extend(source);
    }
    if *external != Traffic::Local {
        seen.push(Seen::Node);
    }
    seen
}

/// Behind an Application Load Balancer. `target`: absent where it is not known.
pub(super) fn through_application(target: Option<TargetType>, external: &Traffic) -> Vec<Seen> {
    let mut seen = match target {
        Some(TargetType::Ip) => vec![Seen::LoadBalancer],
        Some(TargetType::Instance) => through_node(external, &[Seen::LoadBalancer]),
        None => vec![Seen::LoadBalancer, Seen::Node],
    };
    if target.is_none() && *external == Traffic::Local {
        seen.retain(|one| *one != Seen::Node);
    }
    seen
}

/// Behind a Network Load Balancer. `preserve`: what its target group is told about client addresses.
/// By default they are kept for instances, and for UDP always.
pub(super) fn through_network(
    target: Option<TargetType>,
    preserve: &Said<bool>,
    external: &Traffic,
    protocol: Option<Protocol>,
) -> Vec<Seen> {
    let source = |by_default: bool| {
        let keeps = match preserve {
            Said::Absent => Some(by_default),
            Said::Is(keeps) => Some(*keeps),
            Said::Unknown(_) => None,
        };
        let mut source = Vec::new();
        if keeps != Some(false) || protocol.is_none_or(|one| one == Protocol::Udp) {
            source.push(Seen::Client);
        }
        if keeps != Some(true) && protocol != Some(Protocol::Udp) {
            source.push(Seen::LoadBalancer);
        }
        source
    };
    let mut seen = Vec::new();
    if target != Some(TargetType::Instance) {
        seen.extend(source(false));
    }
    if target != Some(TargetType::Ip) {
        seen.extend(through_node(external, &source(true)));
    }
    seen.sort_unstable();
    seen.dedup();
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: Option<TargetType> = Some(TargetType::Ip);
    const INSTANCE: Option<TargetType> = Some(TargetType::Instance);

    #[test]
    fn defaults_differ_by_target_type_and_protocol() {
        use Seen::{Client, LoadBalancer, Node};
        let unknown = || Said::Unknown("x".to_owned());
        type Row<'a> = (Option<TargetType>, Said<bool>, Traffic, Option<Protocol>, &'a [Seen]);
        let rows: [Row<'_>; 12] = [
            (IP, Said::Absent, Traffic::Cluster, Some(Protocol::Tcp), &[LoadBalancer]),
            (IP, Said::Absent, Traffic::Cluster, Some(Protocol::Udp), &[Client]),
            (IP, Said::Is(false), Traffic::Cluster, Some(Protocol::Udp), &[Client]),
            (IP, Said::Is(true), Traffic::Cluster, Some(Protocol::Tcp), &[Client]),
            (IP, unknown(), Traffic::Cluster, Some(Protocol::Tcp), &[Client, LoadBalancer]),
            (IP, Said::Absent, Traffic::Cluster, None, &[Client, LoadBalancer]),
            (INSTANCE, Said::Absent, Traffic::Cluster, Some(Protocol::Tcp), &[Node]),
            (INSTANCE, Said::Absent, Traffic::Local, Some(Protocol::Tcp), &[Client]),
            (INSTANCE, Said::Is(false), Traffic::Local, Some(Protocol::Tcp), &[LoadBalancer]),
            (INSTANCE, Said::Absent, Traffic::Unknown("x".into()), Some(Protocol::Tcp), &[Client, Node]),
            (None, Said::Absent, Traffic::Cluster, Some(Protocol::Tcp), &[LoadBalancer, Node]),
            (None, Said::Absent, Traffic::Local, Some(Protocol::Tcp), &[Client, LoadBalancer]),
        ];
        for (target, preserve, external, protocol, expected) in rows {
            let found = through_network(target, &preserve, &external, protocol);
            assert_eq!(found, expected, "{target:?} {preserve:?} {external:?} {protocol:?}");
        }
    }

    #[test]
    fn an_application_load_balancer_speaks_for_itself() {
        use Seen::{LoadBalancer, Node};
        assert_eq!(through_application(IP, &Traffic::Cluster), [LoadBalancer]);
        assert_eq!(through_application(INSTANCE, &Traffic::Cluster), [Node]);
        assert_eq!(through_application(INSTANCE, &Traffic::Local), [LoadBalancer]);
        assert_eq!(through_application(None, &Traffic::Cluster), [LoadBalancer, Node]);
        assert_eq!(through_application(None, &Traffic::Local), [LoadBalancer]);
    }
}
