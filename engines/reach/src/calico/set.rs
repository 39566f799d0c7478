//! Endpoints that are no pods: network sets, which are addresses with labels, and host endpoints.

use ringfence_model::selector::{KnownLabels, Unknown};
use ringfence_model::{Diagnostic, Estate, Field, Labels, Location, Node, Resource, ResourceId, Text, Value};

use super::expression::{NAME, NAMESPACE, OF_NAMESPACE};
use super::selector::{Expression, Seen};
use crate::address::{Span, union};
use crate::condition::Certainty;
use crate::namespace::{ClusterId, NamespaceId, Namespaces};
use crate::policy::{DnsId, Reading};

/// Addresses or an interface of a node, with labels.
#[derive(Debug)]
pub(super) struct Labelled {
    pub(super) cluster: ClusterId,
    pub(super) id: ResourceId,
    pub(super) location: Option<Location>,
    /// As resources are called in messages.
    pub(super) name: String,
    labels: Labels,
    unknown: Unknown,
    namespace: Option<NamespaceId>,
    /// The block of its addresses; `None` where it has none.
    pub(super) block: Option<u32>,
    /// Names that stand for addresses.
    pub(super) domains: Vec<DnsId>,
    /// Why it may hold other addresses besides.
    pub(super) doubt: Certainty,
}

impl Labelled {
    /// Whether `expression` selects it; `None` where that is not known.
    pub(super) fn is_selected(&self, expression: &Expression, namespaces: &Namespaces) -> Option<bool> {
        let known = KnownLabels { labels: &self.labels, unknown: self.unknown.clone() };
        expression.judge(&|key: &str| {
            let in_namespace = |key| self.namespace.map_or(Seen::Absent, |id| namespaces.label(id, key));
            match key.strip_prefix(OF_NAMESPACE) {
                None if key == NAMESPACE => in_namespace(crate::namespace::NAME_LABEL),
                Some(NAME) => in_namespace(crate::namespace::NAME_LABEL),
                Some(key) => in_namespace(key),
                None => Seen::of(&known, key),
            }
        })
    }
}

/// Every NetworkSet and GlobalNetworkSet.
pub(super) fn network_sets(estate: &Estate, reading: &mut Reading<'_>) -> Vec<Labelled> {
    let kinds = [
        "crd.projectcalico.org/v1/GlobalNetworkSet",
        "projectcalico.org/v3/GlobalNetworkSet",
        "crd.projectcalico.org/v1/NetworkSet",
        "projectcalico.org/v3/NetworkSet",
    ];
    read(estate, &kinds, reading, |resource, reading| {
        let (block, doubt) = addresses(resource, "spec.nets", reading);
        let (domains, more) = domains(resource, reading);
        (block, doubt.or(more), domains)
    })
}

/// Every HostEndpoint.
pub(super) fn host_endpoints(estate: &Estate, reading: &mut Reading<'_>) -> Vec<Labelled> {
    let kinds = ["crd.projectcalico.org/v1/HostEndpoint", "projectcalico.org/v3/HostEndpoint"];
    read(estate, &kinds, reading, |resource, reading| {
        let (block, doubt) = addresses(resource, "spec.expectedIPs", reading);
        (block, doubt, Vec::new())
    })
}

type Content = (Option<u32>, Certainty, Vec<DnsId>);

fn read(
    estate: &Estate,
    kinds: &[&str],
    reading: &mut Reading<'_>,
    content: fn(&Resource, &mut Reading<'_>) -> Content,
) -> Vec<Labelled> {
    let ids = kinds.iter().flat_map(|kind| estate.of_kind(kind));
    let mut all = Vec::new();
    for (id, resource) in ids.filter_map(|id| Some((*id, estate.resource(*id)?))) {
        let cluster = resource.place.cluster.as_ref();
        let namespaced = resource.kind.name() == "NetworkSet";
        let name = Text::from(resource.namespace());
        let namespace = namespaced.then(|| reading.namespaces.id(cluster, &name));
        let cluster = reading.namespaces.cluster_id(cluster);
        let (block, doubt, domains) = content(resource, reading);
        all.push(Labelled {
            cluster,
            id,
            location: resource.location(),
            name: resource.label(),
            labels: Labels::of(&resource.body),
            unknown: Unknown::of(Field::Present(&resource.body)),
            namespace,
            block,
            domains,
            doubt,
        });
    }
    all
}

/// The block of a list of addresses and blocks.
fn addresses(resource: &Resource, path: &str, reading: &mut Reading<'_>) -> (Option<u32>, Certainty) {
    let name = resource.label();
    let list = match resource.body.field(path) {
        Field::Absent => return (None, None),
        Field::Present(list) => list,
        Field::Unresolved(node, _) => node,
    };
    let (mut spans, mut unread) = (Vec::new(), (!matches!(list.value, Value::List(_))).then_some(list));
    for item in list.items() {
        match item.as_str().and_then(Span::parse) {
            Some(span) => spans.push(span),
            None => unread = Some(item),
        }
    }
    if let Some(node) = unread.filter(|node| node.as_unresolved().is_none()) {
        let shown = node.as_str().unwrap_or("this value");
        reading.diagnostics.push(
            Diagnostic::error("cidr-invalid", format!("`{shown}` is not an address block (in `{name}`)"))
                .at(node.location())
                .help("correct it; the API server refuses this object, and what rests on it is depends"),
        );
    }
    let doubt = unread.map(|_| reading.conditions.id(&format!("the addresses of `{name}` are not known")));
    let block = (!spans.is_empty()).then(|| reading.blocks.id(union(spans)));
    (block, doubt)
}

/// The names of a set, and why there may be others.
fn domains(resource: &Resource, reading: &mut Reading<'_>) -> (Vec<DnsId>, Certainty) {
    let list = match resource.body.field("spec.allowedEgressDomains") {
        Field::Absent => return (Vec::new(), None),
        Field::Present(list) | Field::Unresolved(list, _) => list,
    };
    let names: Option<Vec<&str>> = match &list.value {
        Value::List(items) => items.iter().map(Node::as_str).collect(),
        _ => None,
    };
    match names {
        Some(names) => (names.into_iter().map(|name| reading.dns.id(name)).collect(), None),
        None => {
            let why = format!("the domains of `{}` are not known", resource.label());
            (Vec::new(), Some(reading.conditions.id(&why)))
        }
    }
}
