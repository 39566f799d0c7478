//! Services → the workloads they select; ingresses and routes → the services behind them.

use rustc_hash::FxHashMap;

use super::Relation;
use super::dangling::What;
use super::join::{Found, Joins, Reference, cluster_of};
use crate::selector::{Operator, Selector};
use crate::{Location, Node, Resource, ResourceId, Workload};

/// Kinds that lead to services by `backendRefs`.
const ROUTES: [&str; 5] = ["GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute"];

/// Objects that make the API server call a service: group, kind, list, path of the service.
const CALLS: [(&str, &str, &str, &str); 3] = [
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration", "webhooks", "clientConfig.service"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "webhooks", "clientConfig.service"),
    ("apiregistration.k8s.io", "APIService", "", "spec.service"),
];

pub(super) fn link(joins: &mut Joins<'_>) {
    services(joins);
    for group in ["networking.k8s.io", "extensions"] {
        joins.of(group, "Ingress").into_iter().for_each(|ingress| backends(joins, ingress));
    }
    for kind in ROUTES {
        let routes = joins.of("gateway.networking.k8s.io", kind);
        routes.into_iter().for_each(|route| route_backends(joins, route));
    }
    for (group, kind, list, path) in CALLS {
        joins.of(group, kind).into_iter().for_each(|caller| calls(joins, caller, list, path));
    }
}

fn calls<'a>(joins: &mut Joins<'a>, caller: Found<'a>, list: &str, path: &str) {
    let body = &caller.resource.body;
    let callers = if list.is_empty() { std::slice::from_ref(body) } else { items(body.get(list)) };
    for service in callers.iter().filter_map(|one| one.get(path)) {
        if let (Some(namespace), Some(name)) = (service.text("namespace"), service.child("name").node()) {
            let cluster = caller.cluster();
            let reference = Reference { what: What::Service, cluster, namespace, name, optional: false };
            joins.refer(caller.id, Relation::Calls, &reference);
        }
    }
}

fn items(list: Option<&Node>) -> &[Node] {
    list.map(Node::items).unwrap_or_default()
}

/// A service that selects pods.
struct Selecting<'a> {
    id: ResourceId,
    namespace: &'a str,
    name: &'a str,
    selector: Selector,
    location: Option<Location>,
}

/// A label that a service asks for, where it asks.
type Anchor<'a> = (Option<&'a str>, &'a str, &'a str, &'a str);
type Anchors<'a> = FxHashMap<Anchor<'a>, Vec<usize>>;

fn services(joins: &mut Joins<'_>) {
    let services = selecting(joins);
    let anchors = anchors(joins.resources, &services);
    let mut found = vec![false; services.len()];
    for workload in joins.workloads {
        for index in selected(workload, &services, &anchors) {
            if let (Some(service), Some(found)) = (services.get(index), found.get_mut(index)) {
                *found = true;
                joins.add(service.id, Relation::Selects, workload.resource, service.location);
            }
        }
    }
    for (service, _) in services.iter().zip(found).filter(|(_, found)| !found) {
        joins.dangling.missing(What::Selected, service.namespace, service.name, service.location);
    }
}

/// The services that select one of the workload's pods.
fn selected(workload: &Workload, services: &[Selecting<'_>], anchors: &Anchors<'_>) -> Vec<usize> {
    let mut selected: Vec<usize> = Vec::new();
    for instance in &workload.instances {
        for (key, value) in instance.labels.iter() {
            let anchor = (cluster_of(workload), workload.namespace.as_str(), key, value);
            for index in anchors.get(&anchor).map(Vec::as_slice).unwrap_or_default() {
                let selects = |one: &Selecting<'_>| one.selector.matches(&instance.labels) == Some(true);
                if !selected.contains(index) && services.get(*index).is_some_and(selects) {
                    selected.push(*index);
                }
            }
        }
    }
    selected
}

fn selecting<'a>(joins: &mut Joins<'a>) -> Vec<Selecting<'a>> {
    let mut services = Vec::new();
    for Found { id, resource } in joins.of("", "Service") {
        let Some(node) = resource.body.field("spec.selector").node() else { continue };
        let values = node.entries().iter().map(|entry| &entry.node);
        std::iter::once(node).chain(values).for_each(|node| joins.dangling.untold(What::Selected, node));
        let selector = Selector::of_labels(node);
        if resource.body.text("spec.type") == Some("ExternalName")
            || selector.requirements.is_empty()
            || !selector.unreadable.is_empty()
        {
            continue;
        }
        let (namespace, name) = (resource.namespace(), resource.name.as_str());
        services.push(Selecting { id, namespace, name, selector, location: node.location() });
    }
    services
}

/// Services by the label they ask for that the fewest others ask for too: one look-up for each label
/// of a pod finds the few services worth testing.
fn anchors<'a>(resources: &'a [Resource], services: &'a [Selecting<'_>]) -> Anchors<'a> {
    let asked = |service: &'a Selecting<'_>| {
        let cluster = resources.get(service.id.index()).and_then(|one| one.place.cluster.as_deref());
        let namespace = service.namespace;
        service.selector.requirements.iter().filter_map(move |requirement| match &requirement.operator {
            Operator::In(values) => {
                values.first().map(|value| (cluster, namespace, requirement.key.as_str(), value.as_str()))
            }
            _ => None,
        })
    };
    let mut often: FxHashMap<Anchor<'a>, usize> = FxHashMap::default();
    services.iter().flat_map(asked).for_each(|anchor| *often.entry(anchor).or_default() += 1);
    let mut anchors = Anchors::default();
    for (index, service) in services.iter().enumerate() {
        if let Some(anchor) = asked(service).min_by_key(|anchor| often.get(anchor).copied()) {
            anchors.entry(anchor).or_default().push(index);
        }
    }
    anchors
}

fn backends<'a>(joins: &mut Joins<'a>, ingress: Found<'a>) {
    let spec = ingress.resource.body.get("spec");
    let default = spec.into_iter().flat_map(|spec| ["defaultBackend", "backend"].map(|key| spec.get(key)));
    let rules = spec.and_then(|spec| spec.get("rules")).map(Node::items).unwrap_or_default();
    let paths = rules.iter().filter_map(|rule| rule.get("http.paths")).flat_map(Node::items);
    for backend in default.flatten().chain(paths.filter_map(|path| path.get("backend"))) {
        // Not a service: the load balancer's own action of that name.
        let action = backend.text("service.port.name") == Some("use-annotation")
            || backend.text("servicePort") == Some("use-annotation");
        let name = backend.field("service.name").node().or_else(|| backend.field("serviceName").node());
        if let (Some(name), false) = (name, action) {
            refer(joins, ingress, ingress.resource.namespace(), name);
        }
    }
}

fn route_backends<'a>(joins: &mut Joins<'a>, route: Found<'a>) {
    let rules = route.resource.body.get("spec.rules").map(Node::items).unwrap_or_default();
    for backend in rules.iter().filter_map(|rule| rule.get("backendRefs")).flat_map(Node::items) {
        let Some(name) = backend.field("name").node() else { continue };
        if matches!(backend.text("kind"), None | Some("Service")) {
            let namespace = backend.text("namespace").unwrap_or(route.resource.namespace());
            refer(joins, route, namespace, name);
        }
    }
}

fn refer<'a>(joins: &mut Joins<'a>, from: Found<'a>, namespace: &'a str, name: &'a Node) {
    let cluster = from.cluster();
    let reference = Reference { what: What::Service, cluster, namespace, name, optional: false };
    joins.refer(from.id, Relation::Backend, &reference);
}
