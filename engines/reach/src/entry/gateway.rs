//! Gateways and the routes attached to them.
//!
//! Source: the Gateway API (v1.5): listeners, `parentRefs`, `allowedRoutes`, ReferenceGrant. A route that
//! no listener takes opens nothing; where it cannot be told, it is taken to be attached, under a condition.

mod attach;
mod aws;
mod route;

use ringfence_model::fact::{AddressRange, Clients, Entry, Facing, Front, Listener, Seen, Way};
use ringfence_model::{Labels, Text, Workload, WorkloadId};

use super::Builder;
use super::controller::Known;
use super::index::{Found, Kind};
use super::value::{Said, text};
use attach::attached;
use aws::Configuration;

/// Set on the pods that a controller makes for a Gateway (GEP-1762).
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";
/// Set by Envoy Gateway.
const OWNER: [&str; 2] =
    ["gateway.envoyproxy.io/owning-gateway-name", "gateway.envoyproxy.io/owning-gateway-namespace"];

/// Where VPC Lattice sends from: link-local addresses (VPC Lattice user guide, security groups).
const LATTICE: [&str; 2] = ["169.254.171.0/24", "fd00:ec2:80::/64"];

/// What serves a Gateway.
enum Served<'a> {
    Application(Configuration<'a>),
    Network(Configuration<'a>),
    Lattice,
    /// Pods of the cluster.
    Pods(Vec<WorkloadId>),
    /// Pods that are not in the input, or nobody knows what.
    Absent,
    Unknown,
}

impl<'a> Builder<'a> {
    /// Adds the ways in that routes open.
    pub(super) fn add_gateways(&mut self) {
        let gateways = self.index.all(Kind::Gateway);
        let routes = self.index.all(Kind::Route);
        for gateway in gateways {
            let mut doubts = Vec::new();
            let served = self.served(gateway, &mut doubts);
            for route in routes.iter().filter(|route| route.cluster() == gateway.cluster()) {
                let Some(attached) = attached(&self.index, gateway, *route) else { continue };
                let listeners = attached.listeners;
                let doubts = doubts.iter().cloned().chain(attached.doubts);
                self.add_route(gateway, *route, &served, listeners, doubts.collect());
            }
        }
        self.name_parents();
    }

    fn add_route(
        &mut self,
        gateway: Found<'a>,
        route: Found<'a>,
        served: &Served<'a>,
        listeners: Vec<Listener>,
        doubts: Vec<String>,
    ) {
        let mut entry = self.gateway_entry(gateway, route, served, listeners);
        let found = route::backends(&self.index, route, &mut self.diagnostics);
        self.add_conditions(&mut entry, doubts.into_iter().chain(found.doubts));
        super::ingress::add_elsewhere(&mut entry, &found.elsewhere);
        for backend in &found.services {
            match served {
                Served::Application(configuration) | Served::Network(configuration) => {
                    self.add_configured(&mut entry, route, backend, configuration);
                }
                Served::Lattice => {
                    self.add_backend(&mut entry, route, backend, |_, _| vec![Seen::LoadBalancer])
                }
                Served::Pods(_) => self.add_backend(&mut entry, route, backend, |_, _| vec![Seen::Pods]),
                Served::Absent => self.add_backend(&mut entry, route, backend, |_, _| vec![Seen::AbsentPods]),
                Served::Unknown => self.add_backend(&mut entry, route, backend, |_, _| {
                    vec![Seen::Client, Seen::LoadBalancer, Seen::Node, Seen::AbsentPods]
                }),
            }
        }
        self.push(entry);
    }

    fn gateway_entry(
        &self,
        gateway: Found<'a>,
        route: Found<'a>,
        served: &Served<'a>,
        listeners: Vec<Listener>,
    ) -> Entry {
        let cluster = gateway.cluster();
        let unknown = || Clients::everyone(Facing::Unknown);
        let (front, clients, picked) = match served {
            Served::Application(one) => (Front::ApplicationLoadBalancer, one.clients.clone(), one.picked),
            Served::Network(one) => (Front::NetworkLoadBalancer, one.clients.clone(), one.picked),
            Served::Lattice => (Front::Lattice, Clients::everyone(Facing::Internal), false),
            Served::Pods(pods) => (Front::Pods(pods.clone()), unknown(), false),
            Served::Absent => (Front::AbsentPods, unknown(), false),
            Served::Unknown => (Front::Unknown, unknown(), true),
        };
        let addresses = match front {
            Front::Lattice => lattice(),
            Front::Pods(_) | Front::AbsentPods => Vec::new(),
            _ => self.surroundings.vpcs.balancers(cluster, clients.facing, picked),
        };
        Entry {
            way: Way::Gateway,
            front,
            through: vec![gateway.id, route.id],
            group: None,
            cluster: cluster.cloned(),
            clients,
            addresses,
            listeners,
            targets: Vec::new(),
            via: Vec::new(),
            conditions: Vec::new(),
            location: route.resource.location(),
        }
    }

    /// What serves a Gateway, by the controller that its class names.
    fn served(&mut self, gateway: Found<'a>, doubts: &mut Vec<String>) -> Served<'a> {
        let labelled = self.labelled(gateway);
        let name = match text(gateway.field("spec.gatewayClassName"), "gatewayClassName") {
            Said::Is(name) => name,
            Said::Absent => "",
            Said::Unknown(why) => {
                doubts.push(why);
                return Served::Unknown;
            }
        };
        let class = match self.index.named(Kind::GatewayClass, gateway, "", name).as_slice() {
            [class] => *class,
            // Its pods are shown by their labels, whatever the class is.
            _ if !labelled.is_empty() => return Served::Pods(labelled),
            [] => {
                doubts.push(format!("GatewayClass `{name}` is not in the input"));
                return Served::Unknown;
            }
            _ => {
                doubts.push(format!("GatewayClass `{name}` is defined twice"));
                return Served::Unknown;
            }
        };
        let controller = match text(class.field("spec.controllerName"), "controllerName") {
            Said::Is(controller) => controller,
            Said::Absent => "",
            Said::Unknown(why) => {
                doubts.push(why);
                return Served::Unknown;
            }
        };
        match controller {
            "gateway.k8s.aws/alb" => {
                Served::Application(Configuration::of(&self.index, gateway, class, doubts))
            }
            "gateway.k8s.aws/nlb" => Served::Network(Configuration::of(&self.index, gateway, class, doubts)),
            "application-networking.k8s.aws/gateway-api-controller" => {
                doubts.push("who may call the Lattice service network is not evaluated".to_owned());
                Served::Lattice
            }
            _ => self.in_cluster(gateway, controller, labelled, doubts),
        }
    }

    fn in_cluster(
        &mut self,
        gateway: Found<'a>,
        controller: &str,
        labelled: Vec<WorkloadId>,
        doubts: &mut Vec<String>,
    ) -> Served<'a> {
        if !labelled.is_empty() {
            return Served::Pods(labelled);
        }
        let known = Known::named(controller);
        let found = self.controllers().of(gateway.cluster(), controller, &known);
        if found.is_empty() {
            doubts.push(format!("the pods of Gateway `{}` are not in the input", gateway.resource.label()));
            return Served::Absent;
        }
        Served::Pods(found)
    }

    /// The pods that labels show to be those of a Gateway.
    fn labelled(&self, gateway: Found<'a>) -> Vec<WorkloadId> {
        let (name, namespace) = (gateway.resource.name.as_str(), gateway.resource.namespace());
        let carries = |labels: &Labels| {
            let [owner, owner_namespace] = OWNER;
            labels.get(owner) == Some(name) && labels.get(owner_namespace) == Some(namespace)
        };
        let beside = self.index.workloads(gateway, namespace).into_iter();
        let of_gateway = |labels: &Labels| labels.get(GATEWAY_NAME) == Some(name);
        let mut found: Vec<WorkloadId> = beside.filter(|id| self.any_pod(*id, of_gateway)).collect();
        if found.is_empty() {
            let all = self.index.estate.iter_workloads();
            let here = all.filter(|(_, workload)| workload.cluster.as_ref() == gateway.cluster());
            found = here.map(|(id, _)| id).filter(|id| self.any_pod(*id, carries)).collect();
        }
        let estate = self.index.estate;
        found.sort_by_cached_key(|id| estate.workload(*id).map(Workload::label));
        found
    }

    fn any_pod(&self, id: WorkloadId, of: impl Fn(&Labels) -> bool) -> bool {
        let workload = self.index.estate.workload(id);
        workload.is_some_and(|workload| workload.instances.iter().any(|pod| of(&pod.labels)))
    }
}

fn lattice() -> Vec<AddressRange> {
    LATTICE.iter().filter_map(|text| super::value::range(text, "VPC Lattice").is()).collect()
}

/// A name that a reference gives, or what it is where none is given.
fn or<'a>(said: Option<&'a str>, default: &'a str) -> Text {
    said.filter(|text| !text.is_empty()).unwrap_or(default).into()
}
