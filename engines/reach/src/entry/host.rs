//! Ports of nodes that lead to a pod without a Service: `hostPort`, and what a pod on the host network
//! listens on.

use std::sync::Arc;

use ringfence_model::fact::{
    Clients, Entry, Facing, Front, Listener, PortRange, Ports, Protocol, Seen, Target, TargetEnd, Tls, Way,
};
use ringfence_model::{Field, Node, Workload, WorkloadId, pod_spec};

use super::Builder;
use super::value::port;

/// What one pod opens on its node.
#[derive(Debug, Default)]
struct Opened {
    listeners: Vec<PortRange>,
    ports: Vec<PortRange>,
    doubts: Vec<String>,
}

impl Builder<'_> {
    pub(super) fn add_host_ports(&mut self) {
        let estate = self.index.estate;
        let mut found: Vec<(WorkloadId, &Workload, Opened)> = Vec::new();
        for (id, workload) in estate.iter_workloads() {
            let Some(resource) = workload.instances.first().and_then(|pod| estate.resource(pod.resource))
            else {
                continue;
            };
            let spec = pod_spec(&resource.kind, &resource.body).unwrap_or(Field::Absent);
            let Field::Present(spec) = spec else { continue };
            let opened = opened(spec);
            if !opened.ports.is_empty() {
                found.push((id, workload, opened));
            }
        }
        for (id, workload, opened) in found {
            self.add_host_port(id, workload, opened);
        }
    }

    fn add_host_port(&mut self, id: WorkloadId, workload: &Workload, opened: Opened) {
        let listener = |port: &PortRange| Listener { port: *port, tls: Tls::No };
        let mut entry = Entry {
            way: Way::HostPort,
            front: Front::Node,
            through: vec![workload.resource],
            group: None,
            cluster: workload.cluster.clone(),
            clients: Clients::everyone(Facing::NodeAddress),
            addresses: Vec::new(),
            listeners: opened.listeners.iter().map(listener).collect(),
            targets: vec![Target {
                end: TargetEnd::Workload(id),
                service: None,
                ports: Arc::new(Ports::new(opened.ports)),
                // The node translates the destination and leaves the source (CNI plugin `portmap`).
                seen: vec![Seen::Client],
                conditions: Vec::new(),
                passages: Vec::new(),
            }],
            via: Vec::new(),
            conditions: Vec::new(),
            location: self.index.estate.resource(workload.resource).and_then(|one| one.location()),
        };
        self.add_conditions(&mut entry, opened.doubts);
        self.push(entry);
    }
}

fn opened(spec: &Node) -> Opened {
    let mut opened = Opened::default();
    let on_host = match spec.field("hostNetwork") {
        Field::Absent => Some(false),
        field => field.present().and_then(Node::as_bool),
    };
    if on_host.is_none() {
        opened.doubts.push("whether the pod is on the host network is not known".to_owned());
    }
    for container in
        ["containers", "initContainers"].into_iter().filter_map(|key| spec.get(key)).flat_map(Node::items)
    {
        for item in container.get("ports").map(Node::items).unwrap_or_default() {
            let protocol = item.text("protocol").map_or(Some(Protocol::Tcp), Protocol::parse);
            let Some(protocol) = protocol else { continue };
            let one = |number: u16| PortRange { protocol, start: number, end: number };
            let inside = item.get("containerPort").and_then(port);
            let outside = item.get("hostPort").and_then(port).or(inside.filter(|_| on_host != Some(false)));
            match (outside, inside, item.field("hostPort")) {
                (Some(outside), Some(inside), _) => {
                    opened.listeners.push(one(outside));
                    opened.ports.push(one(inside));
                }
                (None, Some(inside), Field::Unresolved(..)) => {
                    opened.doubts.push("a `hostPort` is not known".to_owned());
                    opened.listeners.push(PortRange { protocol, start: 1, end: u16::MAX });
                    opened.ports.push(one(inside));
                }
                _ => {}
            }
        }
    }
    opened
}
