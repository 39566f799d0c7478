//! `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy` of `policy.networking.k8s.io/v1alpha1`.
//!
//! Rules match in order and the first match decides; nothing is isolated implicitly. Peers and ports of
//! unknown kind fail closed: an `Allow` rule with one matches nothing, any other denies everything.

use ringfence_model::fact::{PortRange, Protocol, RuleAction};
use ringfence_model::selector::Selector;
use ringfence_model::{Diagnostic, Field, Node, Resource, ResourceId, Text};

use super::reader::{Reader, port_number};
use super::{Api, Direction, PeerSpec, Policy, PortSpec, Rank, Reading, Rule, Rules, Scope};
use crate::address;
use crate::selector::SelectorId;

pub(super) fn read(id: ResourceId, resource: &Resource, reading: &mut Reading<'_>) -> Policy {
    let baseline = resource.kind.name() == "BaselineAdminNetworkPolicy";
    let cluster = reading.namespaces.cluster_id(resource.place.cluster.as_ref());
    let mut reader = Reader::new(reading, id, resource, cluster, None);
    let spec = resource.body.field("spec");
    if let Field::Unresolved(_, unresolved) = spec {
        reader.doubt(&format!("`spec` is not known: {}", unresolved.cause.describe()));
    }
    reader.check_keys(spec, &["priority", "subject", "ingress", "egress"]);
    let priority = if baseline { 0 } else { reader.priority(&resource.body) };
    let (scope, selector) = reader.subject(&resource.body);
    let subject = reader.reading.sets.id(scope, selector);
    let [ingress, egress] = Direction::BOTH.map(|direction| reader.tier_rules(&resource.body, direction));
    Policy {
        resource: id,
        location: resource.location(),
        cluster,
        namespace: None,
        api: Api::Admin,
        rank: if baseline { Rank::baseline(0) } else { Rank::admin(priority) },
        stage: 0,
        slot: 0,
        name: (Text::default(), resource.name.clone()),
        subject,
        selector,
        doubt: reader.doubt,
        ingress,
        egress,
    }
}

/// Which of two policies of equal priority comes first is undefined.
pub(super) fn settle_priorities(policies: &mut [Policy], reading: &mut Reading<'_>) {
    let admin = policies.iter().enumerate().filter(|(_, policy)| policy.api == Api::Admin);
    let mut order: Vec<(usize, Rank, usize)> =
        admin.map(|(index, policy)| (policy.cluster.index(), policy.rank.clone(), index)).collect();
    order.sort_unstable();
    for equal in order.chunk_by(|a, b| (a.0, &a.1) == (b.0, &b.1)) {
        let mut names = equal.iter().filter_map(|(_, _, index)| policies.get(*index)).map(|one| &one.name);
        let first = names.next();
        if names.all(|name| Some(name) == first) {
            continue;
        }
        for (_, rank, index) in equal {
            let Some(policy) = policies.get_mut(*index) else { continue };
            let message = format!(
                "several policies of tier {} have one priority, and their order is undefined",
                rank.tier_name
            );
            policy.doubt.get_or_insert(reading.conditions.id(&message));
            reading.diagnostics.push(
                Diagnostic::warning("priority-not-unique", message)
                    .at(policy.location)
                    .help("give each policy a priority of its own"),
            );
        }
    }
}

/// What one element of a list stands for; `None` where it is of unknown kind.
type Known<T> = Option<Vec<T>>;

impl Reader<'_, '_> {
    fn priority(&mut self, body: &Node) -> i32 {
        let field = body.field("spec.priority");
        let priority = field.present().and_then(Node::as_int).filter(|number| (0..=1000).contains(number));
        let priority = priority.and_then(|number| i32::try_from(number).ok());
        priority.unwrap_or_else(|| {
            let at = field.node().unwrap_or(body);
            self.refuse("priority-invalid", "`priority` is a number from 0 to 1000", at);
            0
        })
    }

    fn subject(&mut self, body: &Node) -> (Scope, SelectorId) {
        let read = |path: &str| Selector::read(body.field(path));
        let (namespaces, pods) = match (read("spec.subject.namespaces"), body.field("spec.subject.pods")) {
            (Some(namespaces), _) => (namespaces, Selector::default()),
            (None, Field::Absent) => {
                self.refuse("subject-missing", "`subject` selects nothing that is known", body);
                (Selector::default(), Selector::default())
            }
            (None, _) => (
                read("spec.subject.pods.namespaceSelector").unwrap_or_default(),
                read("spec.subject.pods.podSelector").unwrap_or_default(),
            ),
        };
        (Scope::Matching(self.cluster, self.selector(namespaces)), self.selector(pods))
    }

    /// The rules of one direction; a direction without rules is left alone.
    fn tier_rules(&mut self, body: &Node, direction: Direction) -> Option<Rules> {
        let rules: Vec<Rule> = match body.field("spec").node()?.field(direction.key()) {
            Field::Absent => Vec::new(),
            Field::Unresolved(node, _) => {
                let condition = self.unknown(direction.key(), node);
                let mut rule = |action| self.unknown_rule(direction.key(), action, node, condition);
                vec![rule(RuleAction::Allow), rule(RuleAction::Deny)]
            }
            Field::Present(list) => {
                let numbered = list.items().iter().enumerate();
                numbered.map(|(index, item)| self.tier_rule(direction, index, item)).collect()
            }
        };
        (!rules.is_empty()).then_some(Rules { doubt: None, isolates: false, rules })
    }

    fn tier_rule(&mut self, direction: Direction, index: usize, item: &Node) -> Rule {
        let element = format!("{}[{index}]", direction.key());
        let id = self.reading.rule(self.id, &element, item.location());
        self.check_keys(item.as_field(), &["name", "action", direction.peers(), "ports"]);
        let action = self.action(item);
        let peers = self.list(item, direction.peers(), Self::tier_peer, |condition| {
            Some(vec![PeerSpec::Unknown(condition)])
        });
        let ports = self
            .list(item, "ports", Self::tier_port, |condition| Some(vec![PortSpec::Unknown(None, condition)]));
        let peers: Known<PeerSpec> = peers.and_then(flatten);
        let ports: Option<Option<Vec<PortSpec>>> = ports.map(flatten);
        match (peers, ports, action) {
            (Some(peers), None, _) => Rule { id, action, peers: Some(peers), ports: None, when: None },
            (Some(peers), Some(Some(ports)), _) => {
                Rule { id, action, peers: Some(peers), ports: Some(ports), when: None }
            }
            (_, _, RuleAction::Allow) => {
                Rule { id, action, peers: Some(Vec::new()), ports: None, when: None }
            }
            (_, _, RuleAction::Deny | RuleAction::Pass) => {
                Rule { id, action: RuleAction::Deny, peers: None, ports: None, when: None }
            }
        }
    }

    fn action(&mut self, item: &Node) -> RuleAction {
        match item.text("action") {
            Some("Allow") => RuleAction::Allow,
            Some("Deny") => RuleAction::Deny,
            Some("Pass") => RuleAction::Pass,
            _ => {
                self.refuse("action-invalid", "`action` knows `Allow`, `Deny` and `Pass` only", item);
                RuleAction::Deny
            }
        }
    }

    fn tier_peer(&mut self, item: &Node) -> Option<Known<PeerSpec>> {
        let known = match item.entries() {
            [entry] => match &*entry.key {
                "namespaces" => {
                    let namespaces = Selector::read(item.field("namespaces")).unwrap_or_default();
                    Some(vec![self.pods(Some(namespaces), Selector::default())])
                }
                "pods" => {
                    let read = |key| Selector::read(entry.node.field(key)).unwrap_or_default();
                    Some(vec![self.pods(Some(read("namespaceSelector")), read("podSelector"))])
                }
                "networks" => Some(entry.node.items().iter().map(|network| self.network(network)).collect()),
                _ => None,
            },
            _ => None,
        };
        if known.is_none() {
            self.unknown_peer(item, "an `Allow` rule with it matches no one, any other denies everything");
        }
        Some(known)
    }

    fn network(&mut self, network: &Node) -> PeerSpec {
        match self.cidr(network) {
            Some(span) => PeerSpec::Block(self.reading.blocks.id(address::minus(span, &[])), None),
            None => PeerSpec::Unknown(self.unknown("networks", network)),
        }
    }

    fn tier_port(&mut self, item: &Node) -> Option<Known<PortSpec>> {
        let [entry] = item.entries() else { return Some(None) };
        let number = |key| entry.node.get(key).and_then(port_number);
        let range = match &*entry.key {
            "portNumber" => number("port").map(|port| (port, port)),
            "portRange" => number("start").zip(number("end")),
            "namedPort" => {
                let name = entry.node.as_str().unwrap_or_default();
                let named = Protocol::ALL.map(|one| PortSpec::Named(self.reading.names.id(name, one)));
                return Some(Some(named.into()));
            }
            _ => None,
        };
        let protocol = match entry.node.field("protocol").node() {
            None => Some(Protocol::Tcp),
            Some(node) => self.protocol(node),
        };
        Some(
            range
                .zip(protocol)
                .map(|((start, end), protocol)| vec![PortSpec::Range(PortRange { protocol, start, end })]),
        )
    }
}

/// All elements together; `None` where one is of unknown kind.
fn flatten<T>(elements: Vec<Known<T>>) -> Known<T> {
    let known: Option<Vec<Vec<T>>> = elements.into_iter().collect();
    known.map(|known| known.into_iter().flatten().collect())
}
