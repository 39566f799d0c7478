//! A Service as the end of a question: who answers for it, on which ports, and what to know about it.

use ringfence_model::fact::{PortRange, Ports, TargetEnd};
use ringfence_model::{Estate, ResourceId, Text, WorkloadId};

use super::index::{Found, Index};
use super::service::{Service, ServicePort, TargetPort, Type};
use super::value::{self, Said};
use crate::Endpoints;

/// Who answers for a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// The pods, and addresses that no pod of the input has.
    pub endpoints: Endpoints,
    /// The ports on which they are spoken to: every port, for a headless Service, whose clients speak to
    /// the pods themselves.
    pub ports: Ports,
    /// The DNS names that it stands for.
    pub names: Vec<Text>,
    /// What to know about it: one sentence each, without full stop.
    pub words: Vec<String>,
}

impl Endpoints {
    /// What is behind a Service. `port`: only behind this port of it, by number or name.
    pub fn behind(estate: &Estate, service: ResourceId, port: Option<&str>) -> Behind {
        let Some(resource) = estate.resource(service) else { return Behind::default() };
        let index = Index::new(estate);
        let read = Service::read(Found { id: service, resource }, &mut Vec::new());
        let mut behind = Behind::default();
        let number = port.and_then(|text| text.parse::<u16>().ok());
        let ports = read.ports_called(number, port.filter(|_| number.is_none()));
        let (mut workloads, mut ranges): (Vec<WorkloadId>, Vec<PortRange>) = (Vec::new(), Vec::new());
        for port in &ports {
            behind.add(&index, &read, port, &mut workloads, &mut ranges);
        }
        if ports.is_empty() && read.headless {
            workloads.extend(index.selection(&read).into_iter().map(|(id, _)| id));
        }
        behind.endpoints = std::mem::take(&mut behind.endpoints).and(Self::workloads(workloads));
        behind.ports = if read.headless { Ports::all() } else { Ports::new(ranges) };
        behind.say(&read, &ports);
        behind
    }
}

impl Behind {
    fn add(
        &mut self,
        index: &Index<'_>,
        service: &Service<'_>,
        port: &ServicePort<'_>,
        workloads: &mut Vec<WorkloadId>,
        ranges: &mut Vec<PortRange>,
    ) {
        for landing in index.landings(service, port, &mut Vec::new()) {
            self.words.extend(landing.doubts);
            match landing.end {
                TargetEnd::Workload(id) => workloads.push(id),
                TargetEnd::Address(address) => {
                    let one = ringfence_model::fact::AddressRange { first: address, last: address };
                    let all = std::mem::take(&mut self.endpoints);
                    self.endpoints = all.and(Endpoints::ranges([one]));
                }
                TargetEnd::Name(name) => self.names.push(name),
                TargetEnd::Absent(_) => continue,
            }
            ranges.extend(landing.ports);
        }
    }

    fn say(&mut self, service: &Service<'_>, ports: &[&ServicePort<'_>]) {
        self.words.sort();
        self.words.dedup();
        let label = service.found.resource.label();
        match &service.kind {
            Type::ExternalName(Said::Is(name)) => {
                self.words
                    .push(format!("`{label}` is an alias of `{name}`: whoever asks for it is sent there, and which address that is is not known"));
                return;
            }
            Type::ExternalName(_) => return,
            Type::ClusterIp | Type::NodePort | Type::LoadBalancer | Type::Unknown(_) => {}
        }
        if service.headless {
            self.words.push(format!(
                "`{label}` has no address of its own: its name leads to the pods themselves, on any port"
            ));
        } else {
            let lines = ports.iter().map(|port| translation(port));
            let lines: Vec<String> = lines.collect();
            if !lines.is_empty() {
                self.words.push(format!("`{label}` stands for its pods: {}", lines.join(", ")));
            }
        }
        let local = value::text(service.found.field("spec.internalTrafficPolicy"), "internalTrafficPolicy");
        if local == Said::Is("Local") {
            self.words.push(format!(
                "`internalTrafficPolicy: Local`: within the cluster, `{label}` leads each client only to pods on its own node"
            ));
        }
    }
}

/// `TCP 443 to TCP 8080`.
fn translation(port: &ServicePort<'_>) -> String {
    let protocol = port.protocol.map_or("any protocol", |protocol| protocol.as_str());
    let number = port.number.map_or_else(|| "any port".to_owned(), |number| number.to_string());
    match port.target {
        TargetPort::Number(target) if Some(target) == port.number => format!("{protocol} {number}"),
        TargetPort::Number(target) => format!("{protocol} {number} leads to {target}"),
        TargetPort::Name(name) => format!("{protocol} {number} leads to the port called `{name}`"),
        TargetPort::Unknown => format!("{protocol} {number} leads to a port that is not known"),
    }
}
