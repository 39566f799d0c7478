//! Ports as pods see them: what a Service takes becomes what it hands on.

use ringfence_model::fact::{PortRange, Ports, Protocol};
use ringfence_model::{Estate, Field, Node, Relation, Resource, ResourceId, WorkloadId, pod_spec};

/// Ports of pods, and why others cannot be told: one clause each.
#[derive(Clone, Debug, Default)]
pub(super) struct Behind {
    pub(super) ports: Ports,
    pub(super) gaps: Vec<String>,
}

/// The ports of a workload's pods at which connections to the declared ports of a Service arrive.
pub(super) fn behind(estate: &Estate, service: ResourceId, workload: WorkloadId, declared: &Ports) -> Behind {
    let as_declared = || Behind { ports: declared.clone(), gaps: Vec::new() };
    let Some(resource) = estate.resource(service) else { return as_declared() };
    // A headless Service only gives names to addresses: clients connect to the pods' own ports.
    if resource.body.text("spec.clusterIP") == Some("None") {
        return as_declared();
    }
    let label = resource.label();
    if let Field::Unresolved(_, unresolved) = resource.body.field("spec.ports") {
        let why = format!("the ports of `{label}` are not known: {}", unresolved.cause.describe());
        return Behind { gaps: vec![why], ..Behind::default() };
    }
    let (mut ports, mut gaps, mut left) = (Vec::new(), Vec::new(), declared.clone());
    for (from, node) in offered(resource) {
        let taken = Ports::new(vec![from]);
        if !taken.intersection(declared).is_empty() {
            left = left.minus(&taken);
            match target(estate, node, from, workload, &label) {
                Ok(targets) => ports.extend(targets),
                Err(why) => gaps.push(why),
            }
        }
    }
    // Of a declared range, what the Service does not offer leads nowhere; of single ports, it is a mistake.
    let single = |range: &&PortRange| range.start == range.end && declared.ranges().contains(range);
    let missing = left.ranges().iter().filter(single);
    gaps.extend(
        missing.map(|range| format!("`{label}` has no port {}/{}", range.start, range.protocol.as_str())),
    );
    if ports.is_empty() && gaps.is_empty() {
        gaps.push(format!("`{label}` has none of the ports {declared}"));
    }
    Behind { ports: Ports::new(ports), gaps }
}

/// A Service that takes one of `declared` at a port of its own and hands it on to another one of the
/// workload, where no container says that it listens on it.
pub(super) fn elsewhere(estate: &Estate, workload: WorkloadId, declared: &Ports) -> Option<(String, Ports)> {
    let resource = estate.workload(workload)?.resource;
    let listens = listening(estate, workload);
    if listens.is_empty() || !listens.intersection(declared).is_empty() {
        return None;
    }
    let selecting = estate.links_to(resource).filter(|link| link.relation == Relation::Selects);
    selecting.filter_map(|link| estate.resource(link.from).map(|one| (link.from, one))).find_map(
        |(id, one)| {
            let Behind { ports, gaps } = behind(estate, id, workload, declared);
            let leads = gaps.is_empty() && ports != *declared;
            leads.then(|| (format!("{}/{}", one.namespace(), one.name), ports))
        },
    )
}

/// The ports that containers say they listen on.
fn listening(estate: &Estate, workload: WorkloadId) -> Ports {
    let mut all = Vec::new();
    for port in specs(estate, workload).into_iter().flat_map(container_ports) {
        all.extend(number(port.get("containerPort")).map(|port_number| one(protocol(port), port_number)));
    }
    Ports::new(all)
}

fn offered(service: &Resource) -> impl Iterator<Item = (PortRange, &Node)> {
    let ports = service.body.get("spec.ports").map(Node::items).unwrap_or_default();
    ports.iter().filter_map(|port| Some((one(protocol(port), number(port.get("port"))?), port)))
}

fn target(
    estate: &Estate,
    port: &Node,
    from: PortRange,
    workload: WorkloadId,
    label: &str,
) -> Result<Vec<PortRange>, String> {
    let PortRange { protocol, start, .. } = from;
    let node = match port.field("targetPort") {
        Field::Absent => return Ok(vec![from]),
        Field::Unresolved(_, unresolved) => {
            let why = unresolved.cause.describe();
            return Err(format!("`targetPort` of port {start} of `{label}` is not known: {why}"));
        }
        Field::Present(node) => node,
    };
    match (number(Some(node)), node.as_str()) {
        (Some(number), _) => Ok(vec![one(protocol, number)]),
        (None, Some(name)) => named(estate, workload, name, protocol),
        (None, None) => Err(format!("`targetPort` of port {start} of `{label}` cannot be read")),
    }
}

/// The numbers that a port name stands for on the pods of a workload.
fn named(
    estate: &Estate,
    workload: WorkloadId,
    name: &str,
    wanted: Protocol,
) -> Result<Vec<PortRange>, String> {
    let mut numbers = Vec::new();
    for spec in specs(estate, workload) {
        let is_it = |port: &&Node| port.text("name") == Some(name) && protocol(port) == wanted;
        let found = container_ports(spec).into_iter().find(is_it);
        let Some(number) = found.and_then(|port| number(port.get("containerPort"))) else {
            let label = estate.workload(workload).map(|one| one.label()).unwrap_or_default();
            return Err(format!("no container of `{label}` has a port called `{name}`"));
        };
        numbers.push(one(wanted, number));
    }
    Ok(numbers)
}

/// The pod specs of a workload.
fn specs(estate: &Estate, workload: WorkloadId) -> Vec<&Node> {
    let instances = estate.workload(workload).map(|one| one.instances.as_slice()).unwrap_or_default();
    let mut ids: Vec<ResourceId> = instances.iter().map(|pod| pod.resource).collect();
    ids.dedup();
    let resources = ids.into_iter().filter_map(|id| estate.resource(id));
    resources.filter_map(|one| pod_spec(&one.kind, &one.body)?.present()).collect()
}

fn container_ports(spec: &Node) -> Vec<&Node> {
    let containers = ["containers", "initContainers"].into_iter().filter_map(|key| spec.get(key));
    let ports = containers.flat_map(Node::items).filter_map(|container| container.get("ports"));
    ports.flat_map(Node::items).collect()
}

fn protocol(port: &Node) -> Protocol {
    port.text("protocol").and_then(Protocol::parse).unwrap_or(Protocol::Tcp)
}

fn number(node: Option<&Node>) -> Option<u16> {
    node.and_then(Node::as_int).and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0)
}

fn one(protocol: Protocol, port: u16) -> PortRange {
    PortRange { protocol, start: port, end: port }
}
