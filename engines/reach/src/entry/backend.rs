//! What is behind a Service: pods by selector, or what its EndpointSlices list.
//!
//! Slices that the EndpointSlice controller manages are the selector, resolved; they are taken in its
//! place. Others (of a Service without selector, or added by hand) come on top, as kube-proxy takes them.
//! Whether an endpoint is ready says nothing of what it may become, so readiness narrows nothing, and
//! `publishNotReadyAddresses` widens nothing.

use std::net::IpAddr;

use ringfence_model::fact::{PortRange, Protocol, TargetEnd};
use ringfence_model::selector::Selector;
use ringfence_model::{Diagnostic, Field, Instance, Node, Relation, WorkloadId, pod_spec};

use super::index::{Found, Index, Kind};
use super::service::{Service, ServicePort, TargetPort, Type};
use super::value::Said;

/// One thing behind one port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Landing {
    pub(super) end: TargetEnd,
    pub(super) ports: Vec<PortRange>,
    /// Why it may not be there: one clause each.
    pub(super) doubts: Vec<String>,
}

/// The ports of a protocol.
fn any(protocol: Protocol) -> PortRange {
    PortRange { protocol, start: 1, end: u16::MAX }
}

fn one(protocol: Protocol, number: u16) -> PortRange {
    PortRange { protocol, start: number, end: number }
}

impl Index<'_> {
    /// What is behind `port` of `service`.
    pub(super) fn landings(
        &self,
        service: &Service<'_>,
        port: &ServicePort<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Landing> {
        if let Type::ExternalName(name) = &service.kind {
            return vec![named(service, port, name)];
        }
        let listed = self.listed(service, port);
        let mut landings = listed.landings;
        if !service.is_selectorless() && !listed.replaces {
            landings.extend(self.selected(service, port, diagnostics));
        }
        if landings.is_empty() && service.is_selectorless() {
            let label = service.found.resource.label();
            landings.push(Landing {
                end: TargetEnd::Absent(format!("the endpoints of {label}").into()),
                ports: port.protocols().into_iter().map(any).collect(),
                doubts: vec![format!("`{label}` has no selector, and its endpoints are not in the input")],
            });
        }
        merged(landings)
    }

    /// The workloads that the selector finds.
    fn selected(
        &self,
        service: &Service<'_>,
        port: &ServicePort<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Landing> {
        let mut landings = Vec::new();
        let mut nameless = false;
        for (id, doubt) in self.selection(service) {
            let (ports, unreadable) = self.target_ports(id, port);
            nameless |= ports.is_empty();
            if !ports.is_empty() {
                let doubts = doubt.into_iter().chain(unreadable).collect();
                landings.push(Landing { end: TargetEnd::Workload(id), ports, doubts });
            }
        }
        if let (TargetPort::Name(name), true, true) = (port.target, nameless, landings.is_empty()) {
            let label = service.found.resource.label();
            let message = format!("`{label}` leads to port `{name}`, which none of its pods declares");
            diagnostics.push(
                Diagnostic::warning("target-port-missing", message)
                    .at(service.location())
                    .help("name a port of the container, or write its number"),
            );
        }
        landings
    }

    /// The workloads whose pods the selector matches, with why it may not.
    pub(super) fn selection(&self, service: &Service<'_>) -> Vec<(WorkloadId, Option<String>)> {
        let Some(node) = service.found.field("spec.selector").node() else { return Vec::new() };
        let links = self.estate.links_from(service.found.id).iter();
        let selected = links.filter(|link| link.relation == Relation::Selects);
        let mut found: Vec<(WorkloadId, Option<String>)> =
            selected.filter_map(|link| Some((self.estate.workload_of(link.to)?, None))).collect();
        let selector = Selector::of_labels(node);
        let namespace = service.found.resource.namespace();
        let others = match selector.unreadable.is_empty() {
            true => self.unsure(service.found, namespace),
            false => self.workloads(service.found, namespace),
        };
        for id in others {
            let known = found.iter().any(|(there, _)| *there == id);
            found.extend(self.perhaps(id, &selector, service).filter(|_| !known).map(|why| (id, Some(why))));
        }
        found.sort_unstable();
        found
    }

    /// Why a workload may be selected that is not selected for certain.
    fn perhaps(&self, id: WorkloadId, selector: &Selector, service: &Service<'_>) -> Option<String> {
        let workload = self.estate.workload(id)?;
        let unsure = |pod: &Instance| {
            let resource = self.estate.resource(pod.resource);
            resource.is_some_and(|resource| pod.known_labels(resource).judge(selector).is_none())
        };
        let label = service.found.resource.label();
        workload.instances.iter().any(unsure).then(|| match selector.unreadable.is_empty() {
            true => format!("a label that `{label}` asks for is not known on `{}`", workload.label()),
            false => format!("the selector of `{label}` cannot be read"),
        })
    }

    /// The ports of a workload's pods that a Service port means, and why that may not be all.
    fn target_ports(&self, id: WorkloadId, port: &ServicePort<'_>) -> (Vec<PortRange>, Option<String>) {
        let whole = || port.protocols().into_iter().map(any).collect::<Vec<PortRange>>();
        match port.target {
            TargetPort::Number(number) => {
                (port.protocols().into_iter().map(|protocol| one(protocol, number)).collect(), None)
            }
            TargetPort::Unknown => (whole(), Some("the port on the pod is not known".to_owned())),
            TargetPort::Name(name) => {
                let workload = self.estate.workload(id);
                let mut found = Vec::new();
                let mut complete = true;
                for pod in workload.into_iter().flat_map(|workload| &workload.instances) {
                    let Some(resource) = self.estate.resource(pod.resource) else { continue };
                    let spec = pod_spec(&resource.kind, &resource.body).unwrap_or(Field::Absent);
                    complete &= declared(spec, name, &port.protocols(), &mut found);
                }
                match complete {
                    true => (found, None),
                    false => (whole(), Some(format!("the port `{name}` of the pod cannot be read"))),
                }
            }
        }
    }
}

/// Adds the numbers of the container ports called `name`; false where some cannot be read. A sidecar (an
/// init container that goes on) declares ports too.
fn declared(spec: Field<'_>, name: &str, protocols: &[Protocol], found: &mut Vec<PortRange>) -> bool {
    let spec = match spec {
        Field::Absent => return true,
        Field::Unresolved(..) => return false,
        Field::Present(spec) => spec,
    };
    let mut complete = true;
    for key in ["containers", "initContainers"] {
        let containers = spec.field(key);
        complete &= !matches!(containers, Field::Unresolved(..));
        for container in containers.present().map(Node::items).unwrap_or_default() {
            let ports = container.field("ports");
            complete &= !matches!(ports, Field::Unresolved(..));
            for port in ports.present().map(Node::items).unwrap_or_default() {
                complete &= add_declared(port, name, protocols, found);
            }
        }
    }
    complete
}

fn add_declared(port: &Node, name: &str, protocols: &[Protocol], found: &mut Vec<PortRange>) -> bool {
    match port.field("name") {
        Field::Absent => return true,
        Field::Unresolved(..) => return false,
        Field::Present(there) if there.as_str() != Some(name) => return true,
        Field::Present(_) => {}
    }
    let protocol = match port.field("protocol") {
        Field::Absent => Some(Protocol::Tcp),
        field => field.present().and_then(Node::as_str).and_then(Protocol::parse),
    };
    let number = port.get("containerPort").and_then(super::value::port);
    match (protocol, number) {
        (Some(protocol), Some(number)) => {
            let range = one(protocol, number);
            if protocols.contains(&protocol) && !found.contains(&range) {
                found.push(range);
            }
            true
        }
        _ => false,
    }
}

/// A Service that stands for a DNS name: whoever asks for it is sent there.
fn named(service: &Service<'_>, port: &ServicePort<'_>, name: &Said<&str>) -> Landing {
    let label = service.found.resource.label();
    let (end, doubts) = match name {
        Said::Is(name) => (TargetEnd::Name((*name).into()), Vec::new()),
        Said::Absent => (
            TargetEnd::Absent(format!("the name that {label} stands for").into()),
            vec![format!("`{label}` names nothing")],
        ),
        Said::Unknown(why) => {
            (TargetEnd::Absent(format!("the name that {label} stands for").into()), vec![why.clone()])
        }
    };
    // No port is translated: a CNAME is all there is.
    Landing { end, ports: port.listens(), doubts }
}

/// What slices say of one port.
struct Listed {
    landings: Vec<Landing>,
    /// Whether they stand in place of the selector.
    replaces: bool,
}

/// Set by the controller that resolves selectors.
const MANAGED: &str = "endpointslice-controller.k8s.io";

impl Index<'_> {
    fn listed(&self, service: &Service<'_>, port: &ServicePort<'_>) -> Listed {
        let mut listed = Listed { landings: Vec::new(), replaces: false };
        let slices = self.slices(service.found);
        let has_slices = slices.iter().any(|slice| slice.resource.kind.name() == "EndpointSlice");
        let mut resolved = true;
        for slice in slices {
            if slice.resource.kind.name() == "EndpointSlice" {
                resolved &= self.add_slice(slice, port, &mut listed.landings);
                listed.replaces |= is_managed(slice);
            } else if !has_slices {
                // The older API says the same, and is mirrored into slices.
                resolved &= self.add_endpoints(slice, port, &mut listed.landings);
                listed.replaces = true;
            }
        }
        // A pod that is listed but is not in the input is still one that the selector finds.
        listed.replaces &= resolved;
        if !resolved && !service.is_selectorless() {
            listed.landings.retain(|landing| matches!(landing.end, TargetEnd::Workload(_)));
        }
        listed
    }

    /// Adds what an EndpointSlice lists; false where a pod of it is not in the input.
    fn add_slice(&self, slice: Found<'_>, port: &ServicePort<'_>, landings: &mut Vec<Landing>) -> bool {
        let (ports, doubt) = slice_ports(slice.field("ports"), port);
        let is_name = slice.resource.body.text("addressType") == Some("FQDN");
        let mut resolved = true;
        for endpoint in slice.field("endpoints").present().map(Node::items).unwrap_or_default() {
            let addresses = endpoint.get("addresses").map(Node::items).unwrap_or_default();
            let target = endpoint.field("targetRef");
            for end in self.ends(slice, target, addresses, is_name) {
                resolved &= matches!(end, TargetEnd::Workload(_)) || target.node().is_none();
                landings.push(Landing {
                    end,
                    ports: ports.clone(),
                    doubts: doubt.clone().into_iter().collect(),
                });
            }
        }
        resolved
    }

    /// Adds what an Endpoints object lists; false where a pod of it is not in the input.
    fn add_endpoints(&self, object: Found<'_>, port: &ServicePort<'_>, landings: &mut Vec<Landing>) -> bool {
        let mut resolved = true;
        for subset in object.field("subsets").present().map(Node::items).unwrap_or_default() {
            let (ports, doubt) = slice_ports(subset.field("ports"), port);
            let lists = ["addresses", "notReadyAddresses"].into_iter().filter_map(|key| subset.get(key));
            for address in lists.flat_map(Node::items) {
                let target = address.field("targetRef");
                let addresses = address.get("ip").map(std::slice::from_ref).unwrap_or_default();
                for end in self.ends(object, target, addresses, false) {
                    resolved &= matches!(end, TargetEnd::Workload(_)) || target.node().is_none();
                    let doubts = doubt.clone().into_iter().collect();
                    landings.push(Landing { end, ports: ports.clone(), doubts });
                }
            }
        }
        resolved
    }

    /// Who an endpoint is: the pod that it refers to, else whoever has its address.
    fn ends(&self, slice: Found<'_>, target: Field<'_>, addresses: &[Node], is_name: bool) -> Vec<TargetEnd> {
        let pod = target.present().filter(|target| target.text("kind") == Some("Pod"));
        let named = pod.and_then(|target| {
            let namespace = target.text("namespace").unwrap_or(slice.resource.namespace());
            let found = self.named(Kind::Pod, slice, namespace, target.text("name")?);
            found.iter().find_map(|pod| self.estate.workload_of(pod.id))
        });
        if let Some(id) = named {
            return vec![TargetEnd::Workload(id)];
        }
        let end = |node: &Node| match node.as_str() {
            Some(name) if is_name => TargetEnd::Name(name.into()),
            Some(text) => match text.parse::<IpAddr>() {
                Ok(address) => {
                    self.at(slice, address).map_or(TargetEnd::Address(address), TargetEnd::Workload)
                }
                Err(_) => TargetEnd::Absent("an address that cannot be read".into()),
            },
            None => TargetEnd::Absent("an address that is not known".into()),
        };
        addresses.iter().map(end).collect()
    }
}

fn is_managed(slice: Found<'_>) -> bool {
    let labels = slice.field("metadata.labels").present();
    let label = labels.and_then(|labels| labels.child("endpointslice.kubernetes.io/managed-by").present());
    label.and_then(Node::as_str) == Some(MANAGED)
}

/// The ports of a slice that carry the name of the Service port.
fn slice_ports(list: Field<'_>, port: &ServicePort<'_>) -> (Vec<PortRange>, Option<String>) {
    let whole = || port.protocols().into_iter().map(any).collect::<Vec<PortRange>>();
    let unknown = || (whole(), Some("the port of an endpoint is not known".to_owned()));
    let list = match list {
        Field::Absent => return unknown(),
        Field::Unresolved(..) => return unknown(),
        Field::Present(list) => list.items(),
    };
    let mut found = Vec::new();
    for item in list {
        let named = item.text("name").unwrap_or("") == port.name.unwrap_or("");
        let protocol = match item.field("protocol") {
            Field::Absent => Some(Protocol::Tcp),
            field => field.present().and_then(Node::as_str).and_then(Protocol::parse),
        };
        let fits = named && port.protocol.is_none_or(|wanted| protocol.is_none_or(|there| there == wanted));
        match (fits, protocol, item.get("port").and_then(super::value::port)) {
            (false, ..) => {}
            (true, Some(protocol), Some(number)) => found.push(one(protocol, number)),
            _ => return unknown(),
        }
    }
    (found, None)
}

/// Each end once, its ports together.
fn merged(landings: Vec<Landing>) -> Vec<Landing> {
    let mut merged: Vec<Landing> = Vec::with_capacity(landings.len());
    let mut sorted = landings;
    sorted.retain(|landing| !landing.ports.is_empty());
    sorted.sort_by(|a, b| (&a.end, &a.doubts).cmp(&(&b.end, &b.doubts)));
    for landing in sorted {
        match merged.last_mut() {
            Some(last) if (&last.end, &last.doubts) == (&landing.end, &landing.doubts) => {
                last.ports.extend(landing.ports);
                last.ports.sort_unstable();
                last.ports.dedup();
            }
            _ => merged.push(landing),
        }
    }
    merged
}
