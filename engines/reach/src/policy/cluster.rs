//! `ClusterNetworkPolicy` of `policy.networking.k8s.io/v1alpha2`, in tier Admin or Baseline.
//!
//! Semantics: `apis/v1alpha2/clusternetworkpolicy_types.go` of kubernetes-sigs/network-policy-api.

use ringfence_model::fact::{PortRange, Protocol};
use ringfence_model::{Entry, Field, Node, Resource, ResourceId};

use super::reader::{Reader, port_number};
use super::tier::{self, Element, Grammar, only_entry};
use super::{Api, Policy, PortSpec, Rank, Reading};

const GRAMMAR: Grammar = Grammar { api: Api::Cluster, allow: "Accept", ports: "protocols", port };

/// The policy; two where its tier is not known, neither of which is in force for certain.
pub(super) fn read(id: ResourceId, resource: &Resource, reading: &mut Reading<'_>) -> Vec<Policy> {
    match resource.body.text("spec.tier") {
        Some("Admin") => vec![read_as(Rank::admin, id, resource, reading)],
        Some("Baseline") => vec![read_as(Rank::baseline, id, resource, reading)],
        _ => {
            let admin = read_as(Rank::admin, id, resource, reading);
            let said = reading.diagnostics.len();
            let baseline = read_as(Rank::baseline, id, resource, reading);
            reading.diagnostics.truncate(said);
            vec![admin, baseline]
        }
    }
}

fn read_as(rank: fn(i32) -> Rank, id: ResourceId, resource: &Resource, reading: &mut Reading<'_>) -> Policy {
    let keys = ["tier", "priority", "subject", "ingress", "egress"];
    let mut reader = tier::reader(id, resource, reading, &keys);
    reader.check_tier(&resource.body);
    let priority = reader.priority(&resource.body);
    tier::policy(reader, resource, GRAMMAR, rank(priority))
}

impl Reader<'_, '_> {
    fn check_tier(&mut self, body: &Node) {
        match (body.field("spec.tier"), body.text("spec.tier")) {
            (_, Some("Admin" | "Baseline")) => {}
            (Field::Unresolved(_, unresolved), _) => {
                self.doubt(&format!("`tier` is not known: {}", unresolved.cause.describe()));
            }
            (field, _) => {
                let at = field.node().unwrap_or(body);
                self.refuse("tier-invalid", "`tier` knows `Admin` and `Baseline` only", at);
            }
        }
    }
}

fn port(reader: &mut Reader<'_, '_>, item: &Node) -> Option<Element<PortSpec>> {
    let Some(entry) = only_entry(item) else { return Some(Element::other()) };
    if let Some(condition) = reader.unknown_port(&entry.node) {
        return Some(Element::unknown(PortSpec::Unknown(protocol(entry), condition), condition));
    }
    Some(match (protocol(entry), &*entry.key) {
        (Some(protocol), _) => destination(reader, &entry.node, protocol),
        (None, "destinationNamedPort") => {
            Element::of(reader.any_named(entry.node.as_str().unwrap_or_default()))
        }
        (None, _) => Element::other(),
    })
}

fn protocol(entry: &Entry) -> Option<Protocol> {
    match &*entry.key {
        "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        "sctp" => Some(Protocol::Sctp),
        _ => None,
    }
}

/// What an element of `protocols` with a protocol matches. Without `destinationPort` it is of a kind that
/// is not known, since the API asks for some attribute.
fn destination(reader: &mut Reader<'_, '_>, node: &Node, protocol: Protocol) -> Element<PortSpec> {
    let port = match node.field("destinationPort") {
        Field::Absent => return Element::other(),
        Field::Unresolved(port, _) => {
            let condition = reader.unknown("destinationPort", port);
            return Element::unknown(PortSpec::Unknown(Some(protocol), condition), condition);
        }
        Field::Present(port) => port,
    };
    reader.check_keys(node.as_field(), &["destinationPort"]);
    let ends = match only_entry(port).map(|entry| (&*entry.key, &entry.node)) {
        Some(("number", number)) => [Some(number); 2],
        Some(("range", range)) => ["start", "end"].map(|key| range.field(key).node()),
        _ => return Element::other(),
    };
    if let Some(condition) = ends.iter().flatten().find_map(|node| reader.unknown_port(node)) {
        return Element::of(vec![PortSpec::Unknown(Some(protocol), condition)]);
    }
    let [start, end] = ends.map(|node| node.and_then(port_number));
    match start.zip(end).filter(|(start, end)| start <= end) {
        Some((start, end)) => Element::of(vec![PortSpec::Range(PortRange { protocol, start, end })]),
        None => {
            let message = "`destinationPort` holds a number from 1 to 65535, or a range of them that ascends";
            reader.refuse("port-invalid", message, port);
            let condition = reader.unknown("destinationPort", port);
            Element::of(vec![PortSpec::Unknown(Some(protocol), condition)])
        }
    }
}
