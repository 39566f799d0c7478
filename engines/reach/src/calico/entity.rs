//! The two ends of a rule: whom it matches at the other end, and to which of its own endpoints it applies.
//!
//! Source: `GetEntityRuleSelector` in `libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go`. In a
//! policy of a namespace, selectors of any kind reach that namespace alone, unless `namespaceSelector`
//! says otherwise; `notSelector` leaves out whom it selects anywhere.

use ringfence_model::selector::Selector;
use ringfence_model::{Field, Node, Resource, Value};

use super::around::within;
use super::expression::{OF_SERVICE_ACCOUNT, SERVICE_ACCOUNT};
use super::port::is_empty_list;
use super::rule::RuleReader;
use super::selector::{Expression, Test};
use crate::address::{Span, union};
use crate::condition::Certainty;
use crate::policy::{Direction, PeerSpec, PortSpec, Scope, Term, port_number};

const ENTITY: [&str; 9] = [
    "nets",
    "notNets",
    "selector",
    "notSelector",
    "namespaceSelector",
    "serviceAccounts",
    "services",
    "ports",
    "notPorts",
];

/// Which of the policy's endpoints a rule is for.
pub(super) struct Own {
    pub(super) expression: Expression,
    /// What of it selectors cannot say.
    pub(super) doubt: Certainty,
}

/// Peers of whom one of each list must match; `None` for everyone.
pub(super) fn each(lists: impl IntoIterator<Item = Vec<PeerSpec>>) -> Option<Vec<PeerSpec>> {
    all_terms(lists.into_iter().map(|any| Term { negated: false, any }).collect())
}

fn all_terms(mut terms: Vec<Term>) -> Option<Vec<PeerSpec>> {
    match terms.as_mut_slice() {
        [] => None,
        [Term { negated: false, any }] => Some(std::mem::take(any)),
        _ => Some(vec![PeerSpec::Each(terms.into())]),
    }
}

impl RuleReader<'_, '_, '_> {
    /// Whom a rule matches at the other end, `None` for everyone; and the ports of the Service that it names.
    pub(super) fn peers(&mut self, entity: Option<&Node>) -> (Option<Vec<PeerSpec>>, Option<Vec<PortSpec>>) {
        let Some(entity) = entity else { return (None, None) };
        if entity.as_unresolved().is_some() {
            return (Some(vec![PeerSpec::Unknown(self.base.unknown(&self.element.clone(), entity))]), None);
        }
        self.check_entity(entity);
        let mut terms = Vec::new();
        let mut ports = None;
        let term = |negated, any| Term { negated, any };
        let not = self.selector(entity, "notSelector");
        if let Some(expression) = self.positive(entity, not.is_some()) {
            terms.push(term(false, self.selected(&expression)));
        }
        if let Some(expression) = not {
            terms.push(term(true, self.selected(&expression)));
        }
        if let Some(nets) = self.nets(entity, "nets") {
            terms.push(term(false, nets));
        }
        if let Some(nets) = self.nets(entity, "notNets") {
            terms.push(term(true, nets));
        }
        if let Some(names) = self.domains(entity) {
            terms.push(term(false, names));
        }
        if let Some(service) = entity.field("services").node() {
            let (pods, of_service) = self.service(service);
            terms.push(term(false, pods));
            ports = of_service.filter(|_| self.direction == Direction::Egress);
        }
        (all_terms(terms), ports)
    }

    /// To which of the policy's own endpoints a rule applies.
    pub(super) fn own(&mut self, entity: Option<&Node>) -> Own {
        let Some(entity) = entity else { return Own { expression: Expression::All, doubt: None } };
        if entity.as_unresolved().is_some() {
            let doubt = Some(self.base.unknown(&self.element.clone(), entity));
            return Own { expression: Expression::All, doubt };
        }
        self.check_entity(entity);
        let not = self.selector(entity, "notSelector");
        // Its own endpoints are in its own namespace.
        let positive = match self.positive(entity, not.is_some()) {
            Some(own) if Some(&own) == self.namespace.as_deref().map(within).as_ref() => None,
            positive => positive,
        };
        // A selector is met by the addresses of a network set, too, among which the pod's may be.
        let in_sets = positive.iter().chain(&not).any(|one| self.meets_addresses(one));
        let addresses = ["nets", "notNets", "services", "domains"];
        let given =
            |key: &&str| !matches!(entity.field(key), Field::Absent) && !is_empty_list(entity.field(key));
        let by_address = addresses.iter().any(given) || in_sets;
        let doubt = by_address.then(|| {
            let (element, label) = (&self.element, &self.base.label);
            let why =
                format!("`{element}` of `{label}` is only for some addresses of the pods that it selects");
            self.base.reading.conditions.id(&why)
        });
        let parts = positive.into_iter().chain(not.map(Expression::negated));
        let expression = if in_sets { Expression::All } else { Expression::all_of(parts) };
        Own { expression, doubt }
    }

    /// Whether a selector selects addresses of a network set, among which an endpoint may lie.
    fn meets_addresses(&self, expression: &Expression) -> bool {
        *expression != Expression::All
            && self.around.selects_addresses(expression, self.base.cluster, self.base.reading)
    }

    fn check_entity(&mut self, entity: &Node) {
        let domains = ["domains"];
        let known: Vec<&str> = ENTITY.into_iter().chain(domains).collect();
        self.base.check_keys(entity.as_field(), &known);
    }

    /// What the selectors of an entity say together; `None` where there is none. `not`: whether it leaves
    /// anyone out.
    fn positive(&mut self, entity: &Node, not: bool) -> Option<Expression> {
        let namespaces = self.namespaces(entity);
        let selector = self.selector(entity, "selector");
        let accounts = self.accounts(entity);
        if namespaces.is_none() && selector.is_none() && accounts.is_none() && !not {
            return None;
        }
        let own = self.namespace.as_deref().map(within);
        let parts = [namespaces.or(own), accounts, selector];
        let given = parts.into_iter().flatten().collect::<Vec<_>>();
        (!given.is_empty()).then(|| Expression::all_of(given))
    }

    fn accounts(&mut self, entity: &Node) -> Option<Expression> {
        let accounts = entity.field("serviceAccounts").node()?;
        self.base.check_keys(accounts.as_field(), &["names", "selector"]);
        if accounts.as_unresolved().is_some() {
            return Some(Expression::Unknown);
        }
        let selector = self.selector(accounts, "selector");
        let selector = selector.map(|one| one.under(OF_SERVICE_ACCOUNT, &Expression::All, &Expression::All));
        let names = match accounts.field("names") {
            Field::Absent => None,
            Field::Unresolved(..) => Some(Expression::Unknown),
            Field::Present(list) if list.items().is_empty() => None,
            Field::Present(list) => {
                let mut names: Vec<_> =
                    list.items().iter().filter_map(Node::as_str).map(Into::into).collect();
                names.sort();
                names.dedup();
                let all = list.items().iter().all(|item| item.as_str().is_some());
                let named = Expression::Label(SERVICE_ACCOUNT.into(), Test::In(names.into()));
                Some(if all { named } else { Expression::Or(vec![named, Expression::Unknown]) })
            }
        };
        let given: Vec<Expression> = selector.into_iter().chain(names).collect();
        (!given.is_empty()).then(|| Expression::all_of(given))
    }

    fn selected(&mut self, expression: &Expression) -> Vec<PeerSpec> {
        let cluster = (self.base.cluster, self.cluster.as_ref());
        self.around.selected(expression, cluster, self.direction, self.base.reading)
    }

    /// A list of address blocks and addresses; `None` where there is none.
    fn nets(&mut self, entity: &Node, key: &str) -> Option<Vec<PeerSpec>> {
        let list = match entity.field(key) {
            Field::Absent => return None,
            Field::Present(list) if list.items().is_empty() && matches!(list.value, Value::List(_)) => {
                return None;
            }
            Field::Present(list) => list,
            Field::Unresolved(node, _) => return Some(vec![PeerSpec::Unknown(self.base.unknown(key, node))]),
        };
        let (mut spans, mut any) = (Vec::new(), Vec::new());
        for item in list.items() {
            match item.as_str().and_then(Span::parse) {
                Some(span) => spans.push(span),
                None => any.push(self.no_block(key, item)),
            }
        }
        if !matches!(list.value, Value::List(_)) {
            self.base.refuse("list-expected", &format!("`{key}` is not a list"), list);
            any.push(PeerSpec::Unknown(self.base.unknown(key, list)));
        }
        any.push(PeerSpec::Block(self.base.reading.blocks.id(union(spans)), None));
        Some(any)
    }

    fn no_block(&mut self, key: &str, item: &Node) -> PeerSpec {
        if item.as_unresolved().is_none() {
            let shown = item.as_str().unwrap_or("this value");
            self.base.refuse("cidr-invalid", &format!("`{shown}` is not an address block"), item);
        }
        PeerSpec::Unknown(self.base.unknown(key, item))
    }

    /// Destinations by name, which Calico Enterprise knows in rules that allow egress.
    fn domains(&mut self, entity: &Node) -> Option<Vec<PeerSpec>> {
        let list = match entity.field("domains") {
            Field::Absent => return None,
            Field::Present(list) => list,
            Field::Unresolved(node, _) => {
                return Some(vec![PeerSpec::Unknown(self.base.unknown("domains", node))]);
            }
        };
        if self.direction == Direction::Ingress {
            self.base.refuse("domains-invalid", "`domains` are for destinations of egress rules", list);
        }
        let named = list.items().iter().map(|item| match item.as_str() {
            Some(name) => PeerSpec::Name(self.base.reading.dns.id(name)),
            None => PeerSpec::Unknown(self.base.unknown("domains", item)),
        });
        Some(named.collect())
    }
}

/// The endpoints of a Service.
impl RuleReader<'_, '_, '_> {
    /// The pods or addresses behind a Service, and the ports at which they take what is sent to it.
    fn service(&mut self, node: &Node) -> (Vec<PeerSpec>, Option<Vec<PortSpec>>) {
        self.base.check_keys(node.as_field(), &["name", "namespace"]);
        let unknown = |reader: &mut Self, why: &str| {
            let condition = reader.base.reading.conditions.id(why);
            (vec![PeerSpec::Unknown(condition)], Some(vec![PortSpec::Unknown(None, condition)]))
        };
        let written = match (node.field("name"), node.field("namespace")) {
            (Field::Present(name), Field::Absent) => name.as_str().zip(self.namespace.as_deref()),
            (Field::Present(name), Field::Present(namespace)) => name.as_str().zip(namespace.as_str()),
            _ => None,
        };
        let Some((name, namespace)) = written.map(|(name, space)| (name.to_owned(), space.to_owned())) else {
            if node.as_unresolved().is_none()
                && !node.entries().iter().any(|one| one.node.as_unresolved().is_some())
            {
                let message = "`services` needs a `name`, and in a global policy a `namespace`";
                self.base.refuse("service-invalid", message, node);
            }
            let why = format!("a Service that `{}` names is not known", self.base.label);
            return unknown(self, &why);
        };
        let cluster = self.cluster.clone();
        let Some(service) = self.around.service(cluster.as_ref(), &namespace, &name) else {
            return unknown(self, &format!("Service `{namespace}/{name}` is not in the input"));
        };
        match service.body.field("spec.selector") {
            _ if service.body.text("spec.type") == Some("ExternalName") => (Vec::new(), Some(Vec::new())),
            Field::Present(selector) if !selector.entries().is_empty() => {
                let selector = self.base.selector(Selector::of_labels(selector));
                let scope =
                    Scope::Within(self.base.reading.namespaces.id(cluster.as_ref(), &namespace.into()));
                let pods = PeerSpec::Pods(self.base.reading.sets.id(scope, selector));
                (vec![pods], self.target_ports(service))
            }
            Field::Absent | Field::Present(_) => {
                let slices = self.around.slices(cluster.as_ref(), &namespace, &name).to_vec();
                if slices.is_empty() {
                    return unknown(
                        self,
                        &format!("the endpoints of Service `{namespace}/{name}` are not known"),
                    );
                }
                (self.listed_addresses(&slices), self.listed_ports(&slices))
            }
            Field::Unresolved(..) => {
                unknown(self, &format!("the selector of Service `{namespace}/{name}` is not known"))
            }
        }
    }

    /// The ports of pods behind a Service.
    fn target_ports(&mut self, service: &Resource) -> Option<Vec<PortSpec>> {
        let list = service.body.field("spec.ports");
        let items = list.present().map(Node::items).unwrap_or_default();
        if let Field::Unresolved(node, _) = list {
            return Some(vec![PortSpec::Unknown(None, self.base.unknown("ports", node))]);
        }
        Some(items.iter().map(|port| self.slice_port(port, "targetPort")).collect())
    }

    fn listed_ports(&mut self, slices: &[&Resource]) -> Option<Vec<PortSpec>> {
        let ports = slices.iter().filter_map(|slice| slice.body.get("ports")).flat_map(Node::items);
        Some(ports.map(|port| self.slice_port(port, "port")).collect())
    }

    /// A port of a Service or of an endpoint slice.
    fn slice_port(&mut self, port: &Node, key: &str) -> PortSpec {
        use ringfence_model::fact::{PortRange, Protocol};
        let protocol = match port.field("protocol") {
            Field::Absent => Some(Protocol::Tcp),
            field => field.present().and_then(Node::as_str).and_then(Protocol::parse),
        };
        let node = port.field(key).node().or(port.field("port").node());
        let range = |protocol, start, end| PortSpec::Range(PortRange { protocol, start, end });
        match (protocol, node, node.and_then(port_number), node.and_then(Node::as_str)) {
            (Some(protocol), _, Some(number), _) => range(protocol, number, number),
            (Some(protocol), _, None, Some(name)) => {
                PortSpec::Named(self.base.reading.names.id(name, protocol))
            }
            // An endpoint slice without a number stands for every port.
            (Some(protocol), None, ..) => range(protocol, 1, u16::MAX),
            (protocol, ..) => PortSpec::Unknown(protocol, self.base.unknown("ports", port)),
        }
    }

    fn listed_addresses(&mut self, slices: &[&Resource]) -> Vec<PeerSpec> {
        let endpoints = slices.iter().filter_map(|slice| slice.body.get("endpoints")).flat_map(Node::items);
        let addresses = endpoints.filter_map(|endpoint| endpoint.get("addresses")).flat_map(Node::items);
        let (mut spans, mut any) = (Vec::new(), Vec::new());
        for address in addresses {
            match address.as_str().and_then(Span::parse) {
                Some(span) => spans.push(span),
                None => any.push(PeerSpec::Unknown(self.base.unknown("services", address))),
            }
        }
        any.push(PeerSpec::Block(self.base.reading.blocks.id(union(spans)), None));
        any
    }
}
