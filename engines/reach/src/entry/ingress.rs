//! Ingresses: which Services they lead to, and by what.

pub(super) mod alb;
pub(super) mod class;
mod group;

use std::sync::Arc;

use ringfence_model::fact::{Clients, Entry, Facing, Front, Seen, Target, TargetEnd, Way};
use ringfence_model::{Diagnostic, Field, Node, Text};

use super::Builder;
use super::index::{Found, Kind};
use super::service::Service;
use super::value::{self, Said, annotation};
use class::{Class, Controller};

/// A Service that an Ingress or a route leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backend {
    pub(super) namespace: Text,
    pub(super) name: Text,
    pub(super) number: Option<u16>,
    pub(super) port_name: Option<Text>,
    /// Why it may be another: one clause each.
    pub(super) doubts: Vec<String>,
}

/// What an Ingress leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Backends {
    pub(super) services: Vec<Backend>,
    /// What it leads to that is no Service of the cluster.
    pub(super) elsewhere: Vec<Text>,
    /// What else it may lead to: one clause each.
    pub(super) doubts: Vec<String>,
}

impl<'a> Builder<'a> {
    /// Adds the ways in that all Ingresses open.
    pub(super) fn add_ingresses(&mut self) {
        let mut behind_alb = Vec::new();
        for ingress in self.index.all(Kind::Ingress) {
            let mut class = Class::of(&self.index, ingress);
            class.doubts.extend(self.index.twice(Kind::Ingress, ingress));
            match &class.controller {
                Controller::Refuses(why) => self.refused(ingress, why),
                Controller::Alb | Controller::AutoMode => behind_alb.push((ingress, class)),
                Controller::Pods(..) | Controller::Unknown => self.add_ingress(ingress, &class),
            }
        }
        self.add_albs(behind_alb);
    }

    /// One that its controller does not take.
    fn refused(&mut self, ingress: Found<'a>, why: &str) {
        let message = format!("no controller takes `{}`: {why}", ingress.resource.label());
        self.diagnostics.push(
            Diagnostic::warning("ingress-refused", message)
                .at(ingress.resource.location())
                .help("nothing gets in by it; give it a class that takes Ingresses of its namespace"),
        );
    }

    /// One that pods of the cluster serve, or nobody knows who.
    fn add_ingress(&mut self, ingress: Found<'a>, class: &Class<'a>) {
        let (front, seen, doubt) = self.controller(ingress, &class.controller);
        let backends = backends(ingress, &mut self.diagnostics);
        let mut entry = Entry {
            way: Way::Ingress,
            front,
            through: vec![ingress.id],
            group: None,
            cluster: ingress.cluster().cloned(),
            clients: Clients::everyone(Facing::Unknown),
            addresses: Vec::new(),
            listeners: Vec::new(),
            targets: Vec::new(),
            via: Vec::new(),
            conditions: Vec::new(),
            location: ingress.resource.location(),
        };
        if class.controller == Controller::Unknown {
            let cluster = ingress.cluster();
            entry.addresses = self.surroundings.vpcs.balancers(cluster, Facing::Unknown, true);
        }
        self.add_conditions(&mut entry, class.doubts.iter().cloned().chain(doubt).chain(backends.doubts));
        add_elsewhere(&mut entry, &backends.elsewhere);
        for backend in backends.services {
            self.add_backend(&mut entry, ingress, &backend, |_, _| seen.clone());
        }
        self.push(entry);
    }

    /// The pods that serve it, and what pods behind it take for the source.
    fn controller(
        &mut self,
        ingress: Found<'a>,
        controller: &Controller<'a>,
    ) -> (Front, Vec<Seen>, Option<String>) {
        let Controller::Pods(name, known) = controller else {
            let seen = vec![Seen::LoadBalancer, Seen::Node, Seen::AbsentPods];
            return (Front::Unknown, seen, None);
        };
        let pods = self.controllers().of(ingress.cluster(), name, known);
        if pods.is_empty() {
            let doubt = format!("the pods of the controller `{name}` are not in the input");
            return (Front::AbsentPods, vec![Seen::AbsentPods], Some(doubt));
        }
        let unsure = known.is_empty().then(|| format!("what the controller `{name}` is is not known"));
        (Front::Pods(pods), vec![Seen::Pods], unsure)
    }

    /// Adds what is behind one backend. `seen`: what a pod of that Service takes for the source.
    pub(super) fn add_backend(
        &mut self,
        entry: &mut Entry,
        from: Found<'a>,
        backend: &Backend,
        seen: impl Fn(&Service<'a>, &super::service::ServicePort<'a>) -> Vec<Seen>,
    ) {
        let found = self.index.named(Kind::Service, from, &backend.namespace, &backend.name).to_vec();
        let twice = found.first().and_then(|one| self.index.twice(Kind::Service, *one));
        if found.is_empty() {
            self.add_absent(entry, backend);
        }
        for service in found {
            let service = self.service(service);
            let doubts: Vec<String> =
                backend.doubts.iter().cloned().chain(twice.clone()).chain(service.doubts.clone()).collect();
            let ports = service.ports_called(backend.number, backend.port_name.as_deref());
            if ports.is_empty() {
                self.port_missing(entry, &service, backend);
            }
            for port in ports {
                let seen = seen(&service, port);
                self.add_landings(entry, &service, port, &seen, &doubts);
            }
        }
    }

    fn port_missing(&mut self, entry: &Entry, service: &Service<'a>, backend: &Backend) {
        let label = service.found.resource.label();
        let port = backend
            .number
            .map(|number| number.to_string())
            .or(backend.port_name.as_ref().map(Text::to_string));
        let message = format!("`{label}` has no port `{}`, so nothing gets there", port.unwrap_or_default());
        self.diagnostics.push(
            Diagnostic::warning("backend-port-missing", message)
                .at(entry.location)
                .related(service.location(), "the Service")
                .help("name a port of the Service"),
        );
    }
}

/// Adds what is no Service of the cluster.
pub(super) fn add_elsewhere(entry: &mut Entry, elsewhere: &[Text]) {
    entry.targets.extend(elsewhere.iter().map(|name| Target {
        end: TargetEnd::Absent(name.clone()),
        service: None,
        ports: Arc::default(),
        seen: Vec::new(),
        conditions: Vec::new(),
        passages: Vec::new(),
    }));
}

/// The Services that an Ingress leads to.
pub(super) fn backends<'a>(ingress: Found<'a>, diagnostics: &mut Vec<Diagnostic>) -> Backends {
    let mut backends = Backends::default();
    let mut reader = Reader { ingress, backends: &mut backends, diagnostics };
    for key in ["spec.defaultBackend", "spec.backend"] {
        reader.field(ingress.field(key), key);
    }
    match ingress.field("spec.rules") {
        Field::Absent => {}
        Field::Unresolved(..) => reader.doubt("its `rules` are not known".to_owned()),
        Field::Present(rules) => {
            for rule in rules.items() {
                match rule.field("http.paths") {
                    Field::Absent => {}
                    Field::Unresolved(..) => reader.doubt("the paths of a rule are not known".to_owned()),
                    Field::Present(paths) => {
                        paths.items().iter().for_each(|path| reader.field(path.field("backend"), "backend"));
                    }
                }
            }
        }
    }
    backends
}

struct Reader<'r, 'a> {
    ingress: Found<'a>,
    backends: &'r mut Backends,
    diagnostics: &'r mut Vec<Diagnostic>,
}

impl<'a> Reader<'_, 'a> {
    fn field(&mut self, field: Field<'a>, called: &str) {
        match field {
            Field::Absent => {}
            Field::Unresolved(..) => self.doubt(format!("a `{called}` is not known")),
            Field::Present(node) => self.backend(node),
        }
    }

    fn backend(&mut self, node: &'a Node) {
        let (service, port) = match (node.field("service"), node.field("serviceName")) {
            (Field::Present(service), _) => (service.field("name"), service.field("port")),
            (Field::Absent, Field::Absent) => return self.other(node),
            (Field::Absent, old) => (old, node.field("servicePort")),
            (unresolved, _) => (unresolved, Field::Absent),
        };
        let name = match value::text(service, "service") {
            Said::Is(name) => name,
            Said::Absent => return self.other(node),
            Said::Unknown(why) => return self.doubt(why),
        };
        let (number, port_name) = match port.node() {
            Some(node) => {
                let number = node.get("number").or(Some(node)).and_then(value::port);
                (number, node.text("name").or(node.as_str()))
            }
            None => (None, None),
        };
        if port_name == Some("use-annotation") {
            return self.action(name);
        }
        let mut doubts = Vec::new();
        if number.is_none() && port_name.is_none() {
            doubts.push(format!("which port of `{name}` is meant is not known"));
        }
        let namespace = self.ingress.resource.namespace().into();
        self.add(Backend {
            namespace,
            name: name.into(),
            number,
            port_name: port_name.map(Text::from),
            doubts,
        });
    }

    /// An action of the AWS Load Balancer Controller: `actions.NAME`.
    fn action(&mut self, name: &'a str) {
        let key = format!("{}actions.{name}", alb::PREFIX);
        match annotation(self.ingress, &key) {
            Said::Is(text) => {
                let namespace = self.ingress.resource.namespace();
                match alb::action(text, namespace) {
                    Some(found) => {
                        found.services.into_iter().for_each(|backend| self.add(backend));
                        self.backends.elsewhere.extend(found.elsewhere);
                        found.doubts.into_iter().for_each(|doubt| self.doubt(doubt));
                    }
                    None => self.doubt(format!("`{key}` cannot be read")),
                }
            }
            Said::Absent => self.doubt(format!("`{key}` is not there")),
            Said::Unknown(why) => self.doubt(why),
        }
    }

    fn other(&mut self, node: &Node) {
        let label = self.ingress.resource.label();
        let message = format!("a backend of `{label}` is no Service, and is not evaluated");
        self.doubt(message.clone());
        self.diagnostics.push(
            Diagnostic::warning("backend-not-evaluated", message)
                .at(node.location())
                .help("what it leads to is reported as depends; only Services are followed"),
        );
    }

    fn add(&mut self, backend: Backend) {
        if !self.backends.services.contains(&backend) {
            self.backends.services.push(backend);
        }
    }

    fn doubt(&mut self, why: String) {
        if !self.backends.doubts.contains(&why) {
            self.backends.doubts.push(why);
        }
    }
}
