//! `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy` of `policy.networking.k8s.io/v1alpha1`.

use ringfence_model::fact::{PortRange, Protocol};
use ringfence_model::{Node, Resource, ResourceId};

use super::reader::{Reader, port_number};
use super::tier::{self, Element, Grammar, only_entry};
use super::{Api, Policy, PortSpec, Rank, Reading};

const GRAMMAR: Grammar = Grammar { api: Api::Admin, allow: "Allow", ports: "ports", port };

pub(super) fn read(id: ResourceId, resource: &Resource, reading: &mut Reading<'_>) -> Policy {
    let baseline = resource.kind.name() == "BaselineAdminNetworkPolicy";
    let mut reader = tier::reader(id, resource, reading, &["priority", "subject", "ingress", "egress"]);
    let rank = if baseline { Rank::baseline(0) } else { Rank::admin(reader.priority(&resource.body)) };
    tier::policy(reader, resource, GRAMMAR, rank)
}

fn port(reader: &mut Reader<'_, '_>, item: &Node) -> Option<Element<PortSpec>> {
    let Some(entry) = only_entry(item) else { return Some(Element::other()) };
    if let Some(condition) = reader.unknown_port(&entry.node) {
        return Some(Element::unknown(PortSpec::Unknown(None, condition), condition));
    }
    let keys = match &*entry.key {
        "namedPort" => {
            return Some(Element::of(reader.any_named(entry.node.as_str().unwrap_or_default())));
        }
        "portNumber" => ["port", "port"],
        "portRange" => ["start", "end"],
        _ => return Some(Element::other()),
    };
    let of_kind = |port| Some(Element::of(vec![port]));
    let protocol = match entry.node.field("protocol").node() {
        None => Some(Protocol::Tcp),
        Some(node) => match reader.unknown_port(node) {
            Some(condition) => return of_kind(PortSpec::Unknown(None, condition)),
            None => reader.protocol(node),
        },
    };
    for node in keys.iter().filter_map(|key| entry.node.field(key).node()) {
        if let Some(condition) = reader.unknown_port(node) {
            return of_kind(PortSpec::Unknown(protocol, condition));
        }
    }
    let [start, end] = keys.map(|key| entry.node.get(key).and_then(port_number));
    match (start.zip(end), protocol) {
        (Some((start, end)), Some(protocol)) => of_kind(PortSpec::Range(PortRange { protocol, start, end })),
        _ => Some(Element::other()),
    }
}
