//! Ways in: what leads from outside a cluster to its pods.
//!
//! ```text
//! Services, Ingresses, Gateways, TargetGroupBindings, host ports ─▶ doors, without a look at policies
//!     (service, balancer, ingress, gateway)      who may connect, through what, to which pods and ports
//! doors × policies ─▶ passages                   what the pod takes for the source, and what is let in
//!     (join)
//! ```
//!
//! What a pod takes for the source decides: the client itself, an address of the load balancer, a node, or
//! the pods of an ingress controller. Where it is not known which, all must be let in for a passage to be
//! open for certain, and none for it to be closed.
//!
//! INVARIANT: what is not known (a scheme, a list of address blocks, a class) widens and is named as a
//! condition; it never narrows.

mod backend;
mod balancer;
mod binding;
mod cluster_address;
mod compat;
mod controller;
mod gateway;
mod host;
mod index;
mod ingress;
mod join;
mod question;
mod seen;
mod service;
mod surroundings;
mod unread;
mod value;
mod vpc;

use std::sync::Arc;

use ringfence_model::fact::{
    Clients, Entry, Facing, Front, Listener, Ports, Seen, Target, TargetEnd, Tls, Way,
};
use ringfence_model::selector::any;
use ringfence_model::{Diagnostic, Estate, Resource, ResourceId, Workload};
use rustc_hash::FxHashMap;

use crate::Reach;
use balancer::Balancer;
use controller::Controllers;
use index::{Found, Index, Kind};
use seen::through_node;
use service::{Service, ServicePort, Traffic, Type};
use surroundings::Surroundings;

pub use cluster_address::{ClusterAddress, RulePort, Wanted, cluster_address};
pub use question::Behind;

impl Reach {
    /// Every way from outside into the clusters of `estate`, with what policies say of what arrives,
    /// sorted by where it leads. What cannot be read widens, and is named in a condition or a diagnostic.
    pub fn entries(&self, estate: &Estate) -> (Vec<Entry>, Vec<Diagnostic>) {
        let (mut entries, diagnostics) = doors(estate);
        self.join(&mut entries);
        (entries, diagnostics)
    }
}

/// The ways in, without what policies say.
fn doors(estate: &Estate) -> (Vec<Entry>, Vec<Diagnostic>) {
    let mut builder = Builder::new(estate);
    builder.add_services();
    builder.add_ingresses();
    builder.add_gateways();
    builder.add_bindings();
    builder.add_host_ports();
    builder.name_unread();
    builder.finish()
}

/// Collects ways in.
struct Builder<'a> {
    index: Index<'a>,
    surroundings: Surroundings,
    services: FxHashMap<ResourceId, Service<'a>>,
    /// Read when the first is asked for.
    controllers: Option<Controllers>,
    entries: Vec<Entry>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    fn new(estate: &'a Estate) -> Self {
        Self {
            index: Index::new(estate),
            surroundings: Surroundings::new(estate),
            services: FxHashMap::default(),
            controllers: None,
            entries: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    fn finish(mut self) -> (Vec<Entry>, Vec<Diagnostic>) {
        let estate = self.index.estate;
        let label =
            |id: &ResourceId| estate.resource(*id).map(|one| (one.place.cluster.clone(), one.label()));
        self.entries.sort_by_cached_key(|entry| {
            let through: Vec<_> = entry.through.iter().map(label).collect();
            (through, entry.way, entry.listeners.clone(), entry.clients.ranges.clone())
        });
        link_fronts(&mut self.entries);
        (self.entries, self.diagnostics)
    }

    /// The Service, read once.
    fn service(&mut self, found: Found<'a>) -> Service<'a> {
        if let Some(service) = self.services.get(&found.id) {
            return service.clone();
        }
        let service = Service::read(found, &mut self.diagnostics);
        self.services.insert(found.id, service.clone());
        service
    }

    fn controllers(&mut self) -> &Controllers {
        let estate = self.index.estate;
        self.controllers.get_or_insert_with(|| Controllers::new(estate))
    }

    /// The ways in that Services open by themselves.
    fn add_services(&mut self) {
        for found in self.index.all(Kind::Service) {
            let service = self.service(found);
            if service.has_node_ports() {
                self.add_node_ports(&service);
            }
            if matches!(service.kind, Type::LoadBalancer | Type::Unknown(_)) {
                self.add_balancer(&service);
            }
            self.add_external_addresses(&service);
        }
    }

    fn add_node_ports(&mut self, service: &Service<'a>) {
        let clients = Clients::everyone(Facing::NodeAddress);
        let mut entry = self.entry(Way::NodePort, Front::Node, service, clients);
        for port in &service.ports {
            entry
                .listeners
                .extend(port.listens_on_node().into_iter().map(|port| Listener { port, tls: Tls::No }));
            self.add_landings(
                &mut entry,
                service,
                port,
                &through_node(&service.external, &[Seen::Client]),
                &[],
            );
        }
        self.push(entry);
    }

    fn add_balancer(&mut self, service: &Service<'a>) {
        let balancer = Balancer::read(service, &self.surroundings);
        let mut entry =
            self.entry(Way::LoadBalancer, balancer.front.clone(), service, balancer.clients.clone());
        let cluster = service.found.cluster();
        entry.addresses = self.surroundings.vpcs.balancers(cluster, balancer.clients.facing, balancer.picked);
        self.add_conditions(&mut entry, balancer.doubts.iter().cloned());
        for port in &service.ports {
            entry.listeners.extend(balancer.listeners(service, port));
            self.add_landings(&mut entry, service, port, &balancer.seen(&service.external, port), &[]);
        }
        self.push(entry);
    }

    /// Whoever routes one of these addresses to a node is answered there.
    fn add_external_addresses(&mut self, service: &Service<'a>) {
        if service
            .found
            .field("spec.externalIPs")
            .node()
            .is_none_or(|list| list.as_unresolved().is_none() && list.items().is_empty())
            || matches!(service.kind, Type::ExternalName(_))
            || service.headless
        {
            return;
        }
        let clients = Clients::everyone(Facing::NodeAddress);
        let mut entry = self.entry(Way::ExternalIp, Front::Node, service, clients);
        if let value::Said::Unknown(why) =
            value::range_list(service.found.field("spec.externalIPs"), "externalIPs")
        {
            self.add_conditions(&mut entry, [why]);
        }
        for port in &service.ports {
            entry.listeners.extend(port.listens().into_iter().map(|port| Listener { port, tls: Tls::No }));
            self.add_landings(
                &mut entry,
                service,
                port,
                &through_node(&service.external, &[Seen::Client]),
                &[],
            );
        }
        self.push(entry);
    }

    fn entry(&mut self, way: Way, front: Front, service: &Service<'a>, clients: Clients) -> Entry {
        let mut entry = Entry {
            way,
            front,
            through: vec![service.found.id],
            group: None,
            cluster: service.found.cluster().cloned(),
            clients,
            addresses: Vec::new(),
            listeners: Vec::new(),
            targets: Vec::new(),
            via: Vec::new(),
            conditions: Vec::new(),
            location: service.location(),
        };
        let twice = self.index.twice(Kind::Service, service.found);
        self.add_conditions(&mut entry, service.doubts.iter().cloned().chain(twice));
        if let Traffic::Unknown(why) = &service.external {
            self.add_conditions(&mut entry, [why.clone()]);
        }
        entry
    }

    fn add_conditions(&self, entry: &mut Entry, doubts: impl IntoIterator<Item = String>) {
        for doubt in doubts {
            let doubt: Arc<str> = ringfence_model::masked(doubt).into();
            if !entry.conditions.contains(&doubt) {
                entry.conditions.push(doubt);
            }
        }
    }

    /// Adds what is behind one port of a Service.
    fn add_landings(
        &mut self,
        entry: &mut Entry,
        service: &Service<'a>,
        port: &ServicePort<'a>,
        seen: &[Seen],
        doubts: &[String],
    ) {
        for landing in self.index.landings(service, port, &mut self.diagnostics) {
            let conditions = doubts.iter().cloned().chain(landing.doubts).map(ringfence_model::masked);
            let mut conditions: Vec<Arc<str>> = conditions.map(Arc::from).collect();
            conditions.dedup();
            entry.targets.push(Target {
                end: landing.end,
                service: Some(service.found.id),
                ports: Arc::new(Ports::new(landing.ports)),
                seen: seen.to_vec(),
                conditions,
                passages: Vec::new(),
            });
        }
    }

    /// A Service that is named but not in the input.
    fn add_absent(&mut self, entry: &mut Entry, backend: &ingress::Backend) {
        let name = format!("{}/{}[Service]", backend.namespace, backend.name);
        entry.targets.push(Target {
            end: TargetEnd::Absent(name.into()),
            service: None,
            ports: Arc::default(),
            seen: Vec::new(),
            conditions: Vec::new(),
            passages: Vec::new(),
        });
    }

    /// Keeps a way in: each target once, its ports together.
    fn push(&mut self, mut entry: Entry) {
        let key = |target: &Target| {
            (target.end.clone(), target.service, target.seen.clone(), target.conditions.clone())
        };
        let estate = self.index.estate;
        entry.targets.sort_by_cached_key(|target| {
            let service = target.service.and_then(|id| estate.resource(id)).map(Resource::label);
            (
                name(estate, &target.end),
                target.end.clone(),
                service,
                target.seen.clone(),
                target.conditions.clone(),
            )
        });
        let mut targets: Vec<Target> = Vec::with_capacity(entry.targets.len());
        for target in std::mem::take(&mut entry.targets) {
            match targets.last_mut() {
                Some(last) if key(last) == key(&target) => {
                    last.ports = Arc::new(last.ports.union(&target.ports))
                }
                _ => targets.push(target),
            }
        }
        entry.targets = targets;
        entry.listeners.sort_unstable();
        entry.listeners.dedup();
        entry.clients.ranges.sort_unstable();
        self.entries.push(entry);
    }
}

/// What sorts ends, whatever the order of files: pods first.
fn name(estate: &Estate, end: &TargetEnd) -> (bool, Option<String>) {
    let TargetEnd::Workload(id) = end else { return (true, None) };
    (false, estate.workload(*id).map(Workload::label))
}

/// Fronts that are pods are reached by the entries that lead to them: their clients are the clients, their
/// listeners the listeners.
fn link_fronts(entries: &mut [Entry]) {
    let mut into: FxHashMap<_, Vec<u32>> = FxHashMap::default();
    for (index, entry) in
        (0_u32..).zip(entries.iter()).filter(|(_, entry)| !matches!(entry.front, Front::Pods(_)))
    {
        for target in &entry.targets {
            if let TargetEnd::Workload(id) = target.end {
                into.entry(id).or_default().push(index);
            }
        }
    }
    let found: Vec<Vec<u32>> = entries
        .iter()
        .map(|entry| {
            let Front::Pods(pods) = &entry.front else { return Vec::new() };
            let mut via: Vec<u32> = pods.iter().filter_map(|pod| into.get(pod)).flatten().copied().collect();
            via.sort_unstable();
            via.dedup();
            via
        })
        .collect();
    let fronts: Vec<(Clients, Vec<Listener>)> =
        entries.iter().map(|entry| (entry.clients.clone(), entry.listeners.clone())).collect();
    for (entry, via) in entries.iter_mut().zip(found) {
        if !matches!(entry.front, Front::Pods(_)) {
            continue;
        }
        let doors: Vec<&(Clients, Vec<Listener>)> =
            via.iter().filter_map(|index| fronts.get(*index as usize)).collect();
        if doors.is_empty() {
            let why = "nothing in the input leads from outside to the pods of the controller";
            entry.conditions.push(why.into());
        } else {
            entry.clients = together(&doors);
            if entry.listeners.is_empty() {
                entry.listeners = doors.iter().flat_map(|(_, listeners)| listeners.iter().copied()).collect();
                entry.listeners.sort_unstable();
                entry.listeners.dedup();
            }
        }
        entry.via = via;
    }
}

/// Whoever may come by any of these doors. Where one of them is known to be open to the internet, so are all
/// together; where it is not known of one, it is not known.
fn together(doors: &[&(Clients, Vec<Listener>)]) -> Clients {
    let all = || doors.iter().map(|(clients, _)| clients);
    let unknown = || all().filter(|one| one.from_internet().is_none());
    let every = |facing: Facing| all().all(|one| one.facing == facing);
    let facing = match (any(all().map(Clients::from_internet)), every(Facing::Internal)) {
        (Some(true), _) => Facing::Internet,
        (Some(false), true) => Facing::Internal,
        (Some(false), false) => Facing::Internet,
        (None, _) if unknown().all(|one| one.facing == Facing::NodeAddress) => Facing::NodeAddress,
        (None, _) => Facing::Unknown,
    };
    let mut ranges: Vec<_> = all().flat_map(|clients| clients.ranges.iter().copied()).collect();
    ranges.sort_unstable();
    ranges.dedup();
    let mut security_groups: Vec<_> =
        all().flat_map(|clients| clients.security_groups.iter().cloned()).collect();
    security_groups.sort_unstable();
    security_groups.dedup();
    Clients { ranges, facing, security_groups }
}
