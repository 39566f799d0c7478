//! Where the internet may come in: load balancers, Ingresses, Gateways, node ports.

use ringfence_model::{Estate, Location, Node, Relation, Resource, ResourceId};

use super::page::{Page, fits, scalar};
use crate::form;

/// A way in.
#[derive(Debug)]
pub(super) struct Entrance {
    /// Label of the resource.
    label: String,
    ports: Vec<String>,
    why: String,
    at: Option<Location>,
    /// The workloads behind it.
    pub(super) workloads: Vec<ResourceId>,
}

/// All ways in, in the order of resources.
pub(super) fn find(estate: &Estate) -> Vec<Entrance> {
    let entrance = |(id, resource): (ResourceId, &Resource)| {
        let (ports, why) = match resource.kind.name() {
            "Service" => service(resource)?,
            "Ingress" => ingress(resource)?,
            "Gateway" if resource.kind.group() == Some("gateway.networking.k8s.io") => gateway(resource)?,
            "AWS::ElasticLoadBalancingV2::LoadBalancer" => balancer(estate, id, resource)?,
            _ => return None,
        };
        let label = resource.label();
        fits(&form::RESOURCE, &label).then(|| Entrance {
            label,
            ports,
            why,
            at: resource.location(),
            workloads: behind(estate, id),
        })
    };
    estate.iter().filter_map(entrance).collect()
}

/// Writes `entry-points:`.
pub(super) fn write(page: &mut Page<'_>, entrances: &[Entrance]) {
    if entrances.is_empty() {
        page.comment(0, "Not known: where the internet may come in; nothing was found. Write `entry-points: []` if nowhere.");
    } else {
        page.line(0, "entry-points:");
        page.comments(1, &["Not known, and left out: `purpose`, `approver` and the date of the next `review` (PCI DSS 1.2.5)."]);
        for entrance in entrances {
            let ports: Vec<String> = entrance.ports.iter().map(|port| scalar(port)).collect();
            let text = format!("- {{resource: {}, ports: [{}]}}", scalar(&entrance.label), ports.join(", "));
            page.guess(1, &text, &entrance.why, entrance.at);
        }
    }
    page.gap();
}

/// The workloads that links lead to: Ingress → Service → workload.
fn behind(estate: &Estate, from: ResourceId) -> Vec<ResourceId> {
    let mut found = Vec::new();
    let mut pending = vec![(from, 0)];
    while let Some((id, depth)) = pending.pop() {
        for link in estate.links_from(id) {
            match link.relation {
                Relation::Selects if !found.contains(&link.to) => found.push(link.to),
                // Gateway, route, service: three steps at most.
                Relation::Backend if depth < 3 => pending.push((link.to, depth + 1)),
                _ => {}
            }
        }
    }
    found.sort_unstable();
    found
}

fn annotation<'a>(resource: &'a Resource, name: &str) -> Option<&'a str> {
    resource.body.get("metadata.annotations")?.child(name).present()?.as_str()
}

fn service(resource: &Resource) -> Option<(Vec<String>, String)> {
    let kind = resource.body.text("spec.type").unwrap_or("ClusterIP");
    let external = resource.body.get("spec.externalIPs").is_some_and(|list| !list.items().is_empty());
    if !(matches!(kind, "LoadBalancer" | "NodePort") || external) {
        return None;
    }
    let prefix = "service.beta.kubernetes.io/aws-load-balancer-";
    let internal = annotation(resource, &format!("{prefix}scheme")) == Some("internal")
        || annotation(resource, &format!("{prefix}internal")) == Some("true");
    let kind = if external { "external addresses" } else { kind };
    let why = format!("a Service with {kind}{}", if internal { ", internal" } else { "" });
    let ports = resource.body.get("spec.ports").map(Node::items).unwrap_or_default();
    let port = |node: &Node| {
        let protocol = node.text("protocol").unwrap_or("TCP");
        Some(format!("{}/{protocol}", node.get("port")?.as_int()?))
    };
    Some((valid(ports.iter().filter_map(port)), why))
}

fn ingress(resource: &Resource) -> Option<(Vec<String>, String)> {
    if !matches!(resource.kind.group(), Some("networking.k8s.io" | "extensions")) {
        return None;
    }
    let scheme = annotation(resource, "alb.ingress.kubernetes.io/scheme");
    let listen = annotation(resource, "alb.ingress.kubernetes.io/listen-ports").unwrap_or_default();
    let listed = valid(listen.split(|one: char| !one.is_ascii_digit()).map(|port| format!("{port}/TCP")));
    let has_tls = resource.body.get("spec.tls").is_some_and(|tls| !tls.items().is_empty())
        || annotation(resource, "alb.ingress.kubernetes.io/certificate-arn").is_some();
    let (ports, how) = match (listed.is_empty(), has_tls) {
        (false, _) => (listed, "its listen-ports"),
        (true, true) => (vec!["443/TCP".to_owned()], "TLS, so 443"),
        (true, false) => (vec!["80/TCP".to_owned()], "no TLS, so 80"),
    };
    let scheme = scheme.map(|scheme| format!(", {scheme}")).unwrap_or_default();
    Some((ports, format!("an Ingress{scheme}; {how}")))
}

fn gateway(resource: &Resource) -> Option<(Vec<String>, String)> {
    let listeners = resource.body.get("spec.listeners").map(Node::items).unwrap_or_default();
    let port = |node: &Node| Some(format!("{}/TCP", node.get("port")?.as_int()?));
    Some((valid(listeners.iter().filter_map(port)), "a Gateway".to_owned()))
}

/// A load balancer faces the internet unless its scheme says otherwise.
fn balancer(estate: &Estate, id: ResourceId, resource: &Resource) -> Option<(Vec<String>, String)> {
    let why = match resource.body.field("Scheme").node() {
        None => "faces the internet by default",
        Some(node) => match node.as_str() {
            Some("internet-facing") => "faces the internet",
            Some(_) => return None,
            None => "its scheme is not known",
        },
    };
    let listeners = estate.links_to(id).filter(|link| link.relation == Relation::LoadBalancer);
    let port = |link: &ringfence_model::Link| {
        let body = &estate.resource(link.from)?.body;
        let protocol = match body.text("Protocol") {
            Some("UDP") => "UDP",
            _ => "TCP",
        };
        let port = body.get("Port")?;
        let port = port.as_int().map(|port| port.to_string()).or_else(|| port.as_str().map(str::to_owned))?;
        Some(format!("{port}/{protocol}"))
    };
    Some((valid(listeners.filter_map(port)), why.to_owned()))
}

fn valid(ports: impl Iterator<Item = String>) -> Vec<String> {
    let mut ports: Vec<String> = ports.filter(|port| (form::PORT.accepts)(port)).collect();
    ports.sort();
    ports.dedup();
    ports
}
