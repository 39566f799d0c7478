//! Endpoints, flows and hops.

use ringfence_model::declaration::{
    Channel, DataElement, Endpoint, EndpointTarget, Flow, FlowStage, Hop, Located, PlainElement, Protection,
    Role, SadTime, Storage, Transform,
};
use ringfence_model::{Location, Node, Text};

use super::value::{self, flag, list, located, many, ports, text, word, words};
use crate::language::flows::TARGETS;

pub(super) fn endpoint(name: Located<Text>, node: &Node) -> Option<Endpoint> {
    let (target, location) = target(node)?;
    Some(Endpoint {
        name,
        target,
        location,
        title: text(node, "title"),
        cluster: text(node, "cluster"),
        account: text(node, "account"),
        addresses: many(node, "addresses", value::item),
        influences: many(node, "influences", value::item),
        storage: node.get("storage").and_then(storage),
    })
}

/// What an endpoint is, and where that is written. The first key counts; a second one is reported.
fn target(node: &Node) -> Option<(EndpointTarget, Option<Location>)> {
    let entry = node.entries().iter().find(|entry| TARGETS.contains(&&*entry.key))?;
    let named = |make: fn(Text) -> EndpointTarget| entry.node.as_str().map(|text| make(text.into()));
    let target = match &*entry.key {
        "workload" => named(EndpointTarget::Workload),
        "service" => named(EndpointTarget::Service),
        "resource" => named(EndpointTarget::Resource),
        "person" => named(EndpointTarget::Person),
        "role" => named(EndpointTarget::Role),
        "site" => named(EndpointTarget::Site),
        "third-party" => named(EndpointTarget::ThirdParty),
        "internet" => Some(EndpointTarget::Internet),
        _ => Some(EndpointTarget::CustomerBrowser),
    };
    Some((target?, entry.node.location()))
}

fn storage(node: &Node) -> Option<Storage> {
    let storage = Storage {
        retention: text(node, "retention"),
        disposal: text(node, "disposal"),
        backups: node.child("backups").present().map(|_| many(node, "backups", value::item)),
    };
    (storage != Storage::default()).then_some(storage)
}

pub(super) fn flow(item: &Node) -> Option<Flow> {
    Some(Flow {
        id: located(item, "id")?,
        title: text(item, "title"),
        channels: words(item, "channel", Channel::parse),
        stages: words(item, "stage", FlowStage::parse),
        hops: list(item, "hops", hop)?,
    })
}

fn hop(item: &Node) -> Option<Hop> {
    Some(Hop {
        id: located(item, "id")?,
        title: text(item, "title"),
        from: located(item, "from")?,
        to: located(item, "to")?,
        roles: words(item, "role", Role::parse),
        after: many(item, "after", value::item),
        asynchronous: flag(item, "asynchronous"),
        ports: ports(item, "ports"),
        protection: words(item, "protection", Protection::parse),
        request: elements(item, "data.request"),
        response: elements(item, "data.response"),
        transforms: words(item, "transforms", Transform::parse),
        no_storage: flag(item, "no-storage"),
        storage: hop_storage(item),
        location: item.location(),
    })
}

/// What stands in `storage`, and what stands on the hop itself.
fn hop_storage(item: &Node) -> Option<Storage> {
    let own = storage(item);
    let Some(block) = item.get("storage").and_then(storage) else { return own };
    let own = own.unwrap_or_default();
    Some(Storage {
        retention: block.retention.or(own.retention),
        disposal: block.disposal.or(own.disposal),
        backups: block.backups.or(own.backups),
    })
}

fn elements(item: &Node, path: &str) -> Vec<DataElement> {
    let (parent, key) = path.split_once('.').unwrap_or(("", path));
    item.get(parent).map(|node| many(node, key, element)).unwrap_or_default()
}

fn element(node: &Node) -> Option<DataElement> {
    if let Some(text) = node.as_str() {
        return PlainElement::parse(text).map(DataElement::from);
    }
    let sad = |time| DataElement::Sad { after_authorisation: time == SadTime::After };
    word(node, "sad", SadTime::parse).map(sad).or_else(|| encrypted(node.get("encrypted")?))
}

/// `holds` is one level deep by its shape, so that this ends.
fn encrypted(node: &Node) -> Option<DataElement> {
    let inner = |item: &Node| element(item).filter(|inner| !matches!(inner, DataElement::Encrypted { .. }));
    let holds = match node.child("holds").present() {
        Some(_) => many(node, "holds", inner),
        None => vec![DataElement::Pan],
    };
    Some(DataElement::Encrypted { key_holder: text(node, "key-holder"), holds })
}
