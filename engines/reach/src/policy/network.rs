//! `NetworkPolicy` of `networking.k8s.io/v1`.

use ringfence_model::fact::{PortRange, Protocol, RuleAction};
use ringfence_model::selector::Selector;
use ringfence_model::{Diagnostic, Field, Node, Resource, ResourceId, Text, Value};

use super::reader::{Reader, port_number};
use super::{Api, Direction, PeerSpec, Policy, PortSpec, Rank, Reading, Rule, Rules, Scope};
use crate::address::{self, Span};
use crate::condition::{Certainty, ConditionId};

pub(super) fn read(id: ResourceId, resource: &Resource, reading: &mut Reading<'_>) -> Policy {
    let cluster = reading.namespaces.cluster_id(resource.place.cluster.as_ref());
    let name = Text::from(resource.namespace());
    let namespace = reading.namespaces.id(resource.place.cluster.as_ref(), &name);
    let mut reader = Reader::new(reading, id, resource, cluster, Some(namespace));
    let spec = resource.body.field("spec");
    if let Field::Unresolved(_, unresolved) = spec {
        reader.doubt(&format!("`spec` is not known: {}", unresolved.cause.describe()));
    }
    reader.check_keys(spec, &["podSelector", "policyTypes", "ingress", "egress"]);
    reader.check_types(spec);
    let selector = spec.node().and_then(|spec| Selector::read(spec.field("podSelector"))).unwrap_or_default();
    let selector = reader.pod_selector(selector);
    let subject = reader.reading.sets.id(Scope::Within(namespace), selector);
    let [ingress, egress] = Direction::BOTH.map(|direction| reader.rules(spec, direction));
    Policy {
        resource: id,
        location: resource.location(),
        cluster,
        namespace: Some(namespace),
        api: Api::Network,
        rank: Rank::network(),
        stage: 0,
        slot: 0,
        name: (name, resource.name.clone()),
        subject,
        selector,
        doubt: reader.doubt,
        ingress,
        egress,
    }
}

impl Reader<'_, '_> {
    /// The rules of one direction, `None` where the policy leaves it alone.
    fn rules(&mut self, spec: Field<'_>, direction: Direction) -> Option<Rules> {
        let field = spec.node().map_or(Field::Absent, |spec| spec.field(direction.key()));
        let doubt = self.applies(spec, direction).or_else(|| self.left_out(field, direction))?;
        let rules = match field {
            Field::Absent => Vec::new(),
            Field::Present(Node { value: Value::List(items), .. }) => {
                let numbered = items.iter().enumerate();
                numbered.map(|(index, item)| self.rule(direction, index, item)).collect()
            }
            Field::Present(node) => {
                self.refuse("list-expected", &format!("`{}` is not a list", direction.key()), node);
                Vec::new()
            }
            Field::Unresolved(node, _) => {
                let condition = self.unknown(direction.key(), node);
                vec![self.unknown_rule(direction.key(), RuleAction::Allow, node, condition)]
            }
        };
        Some(Rules { doubt, isolates: true, rules })
    }

    /// Whether the policy concerns `direction`: `None` no, `Some(None)` yes, else under a condition.
    fn applies(&mut self, spec: Field<'_>, direction: Direction) -> Option<Certainty> {
        let Some(spec) = spec.node() else { return (direction == Direction::Ingress).then_some(None) };
        let implied = self.implied(spec, direction);
        if implied == Some(None) {
            return implied;
        }
        self.applies_by_type(spec, direction).or(implied)
    }

    /// Whether the rules of `direction` alone make the policy concern it.
    fn implied(&mut self, spec: &Node, direction: Direction) -> Option<Certainty> {
        let implies = self.reading.cilium.get(&self.cluster).is_some_and(|one| one.rules_imply_type);
        match spec.field(direction.key()) {
            Field::Present(rules) if implies && !rules.items().is_empty() => Some(None),
            Field::Unresolved(node, _) if implies => Some(Some(self.unknown(direction.key(), node))),
            _ => None,
        }
    }

    fn applies_by_type(&mut self, spec: &Node, direction: Direction) -> Option<Certainty> {
        let types = match spec.field("policyTypes") {
            Field::Unresolved(node, _) => return Some(Some(self.unknown("policyTypes", node))),
            Field::Present(types) if !types.items().is_empty() => types.items(),
            Field::Present(_) | Field::Absent => return self.applies_by_default(spec, direction),
        };
        let mut uncertain = None;
        for item in types {
            match item.as_str() {
                Some(text) if text == direction.policy_type() => return Some(None),
                Some("Ingress" | "Egress") => {}
                _ => uncertain = Some(self.unknown("policyTypes", item)),
            }
        }
        uncertain.map(Some)
    }

    /// Rules of a direction that `policyTypes` leaves out, where the engine may enforce them all the same.
    fn left_out(&mut self, rules: Field<'_>, direction: Direction) -> Option<Certainty> {
        let has_rules = match rules {
            Field::Absent => false,
            Field::Present(rules) => !rules.items().is_empty(),
            Field::Unresolved(..) => true,
        };
        let counts = self.switches.left_out_rules_count && has_rules;
        let why = || {
            let (label, key) = (&self.label, direction.key());
            format!(
                "`policyTypes` of `{label}` leaves {key} out, and its {key} rules may be enforced all the same"
            )
        };
        counts.then(|| Some(self.reading.conditions.id(&why())))
    }

    fn check_types(&mut self, spec: Field<'_>) {
        let types = spec.node().and_then(|spec| spec.get("policyTypes")).map(Node::items).unwrap_or_default();
        for item in types.iter().filter(|item| item.as_unresolved().is_none()) {
            if !matches!(item.as_str(), Some("Ingress" | "Egress")) {
                self.refuse("policy-type-invalid", "`policyTypes` knows `Ingress` and `Egress` only", item);
            }
        }
    }

    /// Ingress always; egress where there are egress rules.
    fn applies_by_default(&mut self, spec: &Node, direction: Direction) -> Option<Certainty> {
        match (direction, spec.field("egress")) {
            (Direction::Ingress, _) => Some(None),
            (Direction::Egress, Field::Unresolved(node, _)) => Some(Some(self.unknown("egress", node))),
            (Direction::Egress, Field::Present(rules)) if !rules.items().is_empty() => Some(None),
            (Direction::Egress, _) => None,
        }
    }

    fn rule(&mut self, direction: Direction, index: usize, item: &Node) -> Rule {
        let element = format!("{}[{index}]", direction.key());
        if item.as_unresolved().is_some() {
            let condition = self.unknown(&element, item);
            return self.unknown_rule(&element, RuleAction::Allow, item, condition);
        }
        let id = self.reading.rule(self.id, &element, item.location());
        self.check_keys(item.as_field(), &[direction.peers(), "ports"]);
        let peers = self.list(item, direction.peers(), Self::peer, PeerSpec::Unknown);
        let ports = self.list(item, "ports", Self::port, |condition| PortSpec::Unknown(None, condition));
        Rule { id, action: RuleAction::Allow, peers, ports, when: None }
    }

    /// A peer. One of which no known field is set matches nothing: an unknown kind of peer fails closed.
    fn peer(&mut self, item: &Node) -> Option<PeerSpec> {
        let set = |key| !matches!(item.field(key), Field::Absent);
        match (set("podSelector") || set("namespaceSelector"), set("ipBlock")) {
            (false, false) => {
                self.unknown_peer(item, "it matches no one");
                None
            }
            (true, true) => {
                self.refuse("peer-mixed", "`ipBlock` cannot be combined with selectors", item);
                Some(PeerSpec::Unknown(self.unknown("ipBlock", item)))
            }
            (true, false) => {
                self.check_keys(item.as_field(), &["podSelector", "namespaceSelector"]);
                let namespaces = Selector::read(item.field("namespaceSelector"));
                let pods = Selector::read(item.field("podSelector")).unwrap_or_default();
                Some(self.pods(namespaces, pods))
            }
            (false, true) => {
                self.check_keys(item.as_field(), &["ipBlock"]);
                item.field("ipBlock").node().and_then(|block| self.block(block))
            }
        }
    }

    fn block(&mut self, block: &Node) -> Option<PeerSpec> {
        if block.as_unresolved().is_some() {
            return Some(PeerSpec::Unknown(self.unknown("ipBlock", block)));
        }
        self.check_keys(block.as_field(), &["cidr", "except"]);
        let Some(node) = block.field("cidr").node() else {
            self.refuse("cidr-missing", "`ipBlock` has no `cidr`", block);
            return None;
        };
        let Some(whole) = self.cidr(node) else {
            return Some(PeerSpec::Unknown(self.unknown("cidr", node)));
        };
        let (holes, doubt) = self.holes(block.field("except"), whole);
        let id = match self.switches.longest_prefix_decides {
            true => self.reading.blocks.written(whole, holes),
            false => self.reading.blocks.id(address::minus(whole, &holes)),
        };
        Some(PeerSpec::Block(id, doubt))
    }

    fn holes(&mut self, field: Field<'_>, whole: Span) -> (Vec<Span>, Certainty) {
        let items = match field {
            Field::Absent => return (Vec::new(), None),
            Field::Unresolved(node, _) => return (Vec::new(), Some(self.unknown("except", node))),
            Field::Present(list) => list.items(),
        };
        let (mut holes, mut doubt) = (Vec::new(), None);
        for item in items {
            match self.cidr(item) {
                Some(hole) if whole.covers(hole) && hole != whole => holes.push(hole),
                Some(_) => self.refuse("except-invalid", "`except` must lie within `cidr`", item),
                None => doubt = Some(self.unknown("except", item)),
            }
        }
        (holes, doubt)
    }

    fn port(&mut self, item: &Node) -> Option<PortSpec> {
        self.check_keys(item.as_field(), &["protocol", "port", "endPort"]);
        let protocol = match item.field("protocol").node() {
            None => Protocol::Tcp,
            Some(node) => match self.protocol(node) {
                Some(protocol) => protocol,
                None => return Some(PortSpec::Unknown(None, self.unknown("protocol", node))),
            },
        };
        Some(match (item.field("port"), item.field("endPort").node()) {
            (Field::Unresolved(node, _), _) => PortSpec::Unknown(Some(protocol), self.unknown("port", node)),
            (Field::Absent, None) => PortSpec::Range(PortRange { protocol, start: 1, end: u16::MAX }),
            (Field::Present(port), None) => self.single(port, protocol),
            (port, Some(end)) => self.range(port.node(), end, protocol),
        })
    }

    fn single(&mut self, port: &Node, protocol: Protocol) -> PortSpec {
        if let Some(number) = port_number(port) {
            return PortSpec::Range(PortRange { protocol, start: number, end: number });
        }
        match port.as_str().filter(|name| name.bytes().any(|byte| byte.is_ascii_alphabetic())) {
            Some(name) => PortSpec::Named(self.reading.names.id(name, protocol)),
            None => {
                self.refuse(
                    "port-invalid",
                    "a port is a number from 1 to 65535, without quotes, or a name",
                    port,
                );
                PortSpec::Unknown(Some(protocol), self.unknown("port", port))
            }
        }
    }

    fn range(&mut self, port: Option<&Node>, end: &Node, protocol: Protocol) -> PortSpec {
        match (port.and_then(port_number), port_number(end)) {
            (Some(start), Some(end)) if start <= end => {
                return PortSpec::Range(PortRange { protocol, start, end });
            }
            (Some(_), _) if end.as_unresolved().is_some() => {}
            _ => self.refuse("end-port-invalid", "`endPort` needs a numeric `port` that is not greater", end),
        }
        PortSpec::Unknown(Some(protocol), self.unknown("endPort", end))
    }

    /// A rule of which nothing is known.
    pub(crate) fn unknown_rule(
        &mut self,
        element: &str,
        action: RuleAction,
        node: &Node,
        condition: ConditionId,
    ) -> Rule {
        let id = self.reading.rule(self.id, element, node.location());
        let peers = Some(vec![PeerSpec::Unknown(condition)]);
        Rule { id, action, peers, ports: Some(vec![PortSpec::Unknown(None, condition)]), when: None }
    }

    /// Says that a peer is of no known kind.
    pub(super) fn unknown_peer(&mut self, item: &Node, consequence: &str) {
        let message = format!("a peer of `{}` selects nothing that is known: {consequence}", self.label);
        self.reading.diagnostics.push(
            Diagnostic::warning("peer-unknown", message)
                .at(item.location())
                .help("use a kind of peer that the API defines"),
        );
    }
}
