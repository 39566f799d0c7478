//! Gateways and the routes attached to them.
//!
//! Source: the Gateway API (v1.5): listeners, `parentRefs`, `allowedRoutes`, ReferenceGrant. A route that
//! no listener takes opens nothing; where it cannot be told, it is taken to be attached, under a condition.

mod attach;
mod aws;
mod route;

use ringfence_model::fact::{AddressRange, Clients, Entry, Facing, Front, Listener, Seen, Way};
use ringfence_model::{Field, Text, WorkloadId};
use rustc_hash::FxHashMap;

use super::Builder;
use super::controller::Known;
use super::index::{Found, Kind};
use super::value::{Said, text};
use attach::attached;
pub(super) use attach::selects;
use aws::Configuration;

/// Where VPC Lattice sends from: link-local addresses (VPC Lattice user guide, security groups).
const LATTICE: [&str; 2] = ["169.254.171.0/24", "fd00:ec2:80::/64"];

/// Routes by cluster and name of a parent.
type Routes<'a> = FxHashMap<(Option<&'a Text>, Option<&'a str>), Vec<Found<'a>>>;

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
        let routes = by_parent(self.index.all(Kind::Route));
        for gateway in gateways {
            let mut doubts: Vec<String> = self.index.twice(Kind::Gateway, gateway).into_iter().collect();
            let served = self.served(gateway, &mut doubts);
            for name in [Some(gateway.resource.name.as_str()), None] {
                for route in routes.get(&(gateway.cluster(), name)).into_iter().flatten() {
                    let Some(attached) = attached(&self.index, gateway, *route) else { continue };
                    let twice = self.index.twice(Kind::Route, *route).filter(|_| self.is_of_one_kind(*route));
                    let doubts = doubts.iter().cloned().chain(attached.doubts).chain(twice);
                    self.add_route(gateway, *route, &served, attached.listeners, doubts.collect());
                }
            }
        }
        self.name_parents();
    }

    /// Whether the routes of its name are of one kind: an HTTPRoute and a TCPRoute are two things.
    fn is_of_one_kind(&self, route: Found<'a>) -> bool {
        let (namespace, name) = (route.resource.namespace(), route.resource.name.as_str());
        let same = self.index.named(Kind::Route, route, namespace, name);
        same.iter().filter(|one| one.resource.kind.name() == route.resource.kind.name()).count() > 1
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
    fn labelled(&mut self, gateway: Found<'a>) -> Vec<WorkloadId> {
        let (name, namespace) = (gateway.resource.name.as_str(), gateway.resource.namespace());
        self.controllers().of_gateway(gateway.cluster(), namespace, name)
    }
}

/// Routes by cluster and by the names of their parents; by none where those are not known.
fn by_parent(routes: Vec<Found<'_>>) -> Routes<'_> {
    let mut found = Routes::default();
    for route in routes {
        let parents = match route.field("spec.parentRefs") {
            Field::Present(list) => list.items(),
            Field::Absent => &[],
            Field::Unresolved(..) => {
                found.entry((route.cluster(), None)).or_default().push(route);
                continue;
            }
        };
        let mut names: Vec<Option<&str>> = parents.iter().map(|parent| parent.text("name")).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            found.entry((route.cluster(), name)).or_default().push(route);
        }
    }
    found
}

fn lattice() -> Vec<AddressRange> {
    LATTICE.iter().filter_map(|text| super::value::range(text, "VPC Lattice").is()).collect()
}

/// A name that a reference gives, or what it is where none is given.
fn or<'a>(said: Option<&'a str>, default: &'a str) -> Text {
    said.filter(|text| !text.is_empty()).unwrap_or(default).into()
}
