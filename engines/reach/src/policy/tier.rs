//! What the admin and baseline tiers of both versions of `policy.networking.k8s.io` have in common.
//!
//! Rules match in order and the first match decides; nothing is isolated implicitly, and a direction
//! without rules is left alone. Peers and ports of unknown kind fail closed: a rule with one that allows
//! matches nothing, any other denies everything.

use ringfence_model::fact::{Landmark, Protocol, RuleAction};
use ringfence_model::selector::Selector;
use ringfence_model::{Diagnostic, Entry, Field, Node, Resource, ResourceId, Text};

use super::reader::Reader;
use super::{
    Api, Direction, PeerSpec, Policy, PortSpec, Rank, Reading, Rule, RuleId, Rules, Scope, SetId, Term,
};
use crate::address;
use crate::condition::{Certainty, ConditionId};
use crate::selector::SelectorId;
use element::{is_domain_name, set_entries};

pub(super) use element::{Element, only_entry};

mod element;

/// What tells versions of the API apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grammar {
    pub(super) api: Api,
    /// How a rule is spelled that allows.
    pub(super) allow: &'static str,
    /// The key of the ports of a rule.
    pub(super) ports: &'static str,
    /// Reads one element of the ports of a rule.
    pub(super) port: for<'n> fn(&mut Reader<'_, '_>, &'n Node) -> Option<Element<PortSpec>>,
}

/// The policy that `reader` reads, at `rank`.
pub(super) fn policy(
    mut reader: Reader<'_, '_>,
    resource: &Resource,
    grammar: Grammar,
    rank: Rank,
) -> Policy {
    let (subject, selector) = reader.subject(&resource.body);
    let [ingress, egress] =
        Direction::BOTH.map(|direction| reader.tier_rules(&resource.body, direction, grammar));
    Policy {
        resource: reader.id,
        location: resource.location(),
        cluster: reader.cluster,
        namespace: None,
        api: grammar.api,
        rank,
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

/// Reads what stands above the rules.
pub(super) fn reader<'r, 'a>(
    id: ResourceId,
    resource: &Resource,
    reading: &'r mut Reading<'a>,
    keys: &[&str],
) -> Reader<'r, 'a> {
    let cluster = reading.namespaces.cluster_id(resource.place.cluster.as_ref());
    let mut reader = Reader::new(reading, id, resource, cluster, None);
    let spec = resource.body.field("spec");
    if let Field::Unresolved(_, unresolved) = spec {
        reader.doubt(&format!("`spec` is not known: {}", unresolved.cause.describe()));
    }
    reader.check_keys(spec, keys);
    reader
}

/// Which of two policies of equal priority comes first is undefined, and so is how policies of both
/// versions of the API stand to one another.
pub(super) fn settle_priorities(policies: &mut [Policy], reading: &mut Reading<'_>) {
    let tiered = policies.iter().enumerate().filter(|(_, policy)| policy.api.leaves_host_out());
    let mut order: Vec<(usize, Rank, usize)> =
        tiered.map(|(index, policy)| (policy.cluster.index(), policy.rank.clone(), index)).collect();
    order.sort_unstable();
    for tier in order.chunk_by(|a, b| (a.0, a.1.tier) == (b.0, b.1.tier)) {
        let api = |index: usize| policies.get(index).map(|policy| policy.api);
        let first = tier.first().and_then(|one| api(one.2));
        if tier.iter().any(|one| api(one.2) != first) {
            let what = "policies of `v1alpha1` and `v1alpha2`";
            doubt(policies, reading, tier, what, "api-versions-mixed", "keep the policies of one version");
            continue;
        }
        for equal in tier.chunk_by(|a, b| a.1 == b.1) {
            let mut names = equal.iter().filter_map(|one| policies.get(one.2)).map(|policy| &policy.name);
            let first = names.next();
            if names.any(|name| Some(name) != first) {
                let (what, help) = ("several policies", "give each policy a priority of its own");
                doubt(policies, reading, equal, what, "priority-not-unique", help);
            }
        }
    }
}

fn doubt(
    policies: &mut [Policy],
    reading: &mut Reading<'_>,
    among: &[(usize, Rank, usize)],
    what: &str,
    code: &'static str,
    help: &str,
) {
    for (_, rank, index) in among {
        let Some(policy) = policies.get_mut(*index) else { continue };
        let tier = &rank.tier_name;
        let message = match code {
            "priority-not-unique" => {
                format!("{what} of tier {tier} have one priority, and their order is undefined")
            }
            _ => format!("{what} stand in tier {tier}, and their order is undefined"),
        };
        policy.doubt.get_or_insert(reading.conditions.id(&message));
        reading.diagnostics.push(Diagnostic::warning(code, message).at(policy.location).help(help));
    }
}

impl Api {
    /// Whether its policies leave pods on the host network out, as subjects and as peers.
    pub(crate) fn leaves_host_out(self) -> bool {
        matches!(self, Self::Admin | Self::Cluster)
    }
}

impl Reader<'_, '_> {
    pub(super) fn priority(&mut self, body: &Node) -> i32 {
        let field = body.field("spec.priority");
        let priority = field.present().and_then(Node::as_int).filter(|number| (0..=1000).contains(number));
        let priority = priority.and_then(|number| i32::try_from(number).ok());
        priority.unwrap_or_else(|| {
            match field {
                Field::Unresolved(_, unresolved) => {
                    self.doubt(&format!("`priority` is not known: {}", unresolved.cause.describe()));
                }
                _ => {
                    let at = field.node().unwrap_or(body);
                    self.refuse("priority-invalid", "`priority` is a number from 0 to 1000", at);
                }
            }
            0
        })
    }

    fn subject(&mut self, body: &Node) -> (SetId, SelectorId) {
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
        let (scope, selector) =
            (Scope::Matching(self.cluster, self.selector(namespaces)), self.pod_selector(pods));
        (self.reading.sets.id(scope, selector), selector)
    }

    /// The rules of one direction.
    fn tier_rules(&mut self, body: &Node, direction: Direction, grammar: Grammar) -> Option<Rules> {
        let rules: Vec<Rule> = match body.field("spec").node()?.field(direction.key()) {
            Field::Absent => Vec::new(),
            Field::Unresolved(node, _) => self.unknown_tier_rules(direction.key(), node),
            Field::Present(list) => {
                let numbered = list.items().iter().enumerate();
                numbered.flat_map(|(index, item)| self.tier_rule(direction, index, item, grammar)).collect()
            }
        };
        (!rules.is_empty()).then_some(Rules { doubt: None, isolates: false, rules })
    }

    /// What is not known may open and may close.
    fn unknown_tier_rules(&mut self, element: &str, node: &Node) -> Vec<Rule> {
        let condition = self.unknown(element, node);
        let both = [RuleAction::Allow, RuleAction::Deny];
        both.map(|action| self.unknown_rule(element, action, node, condition)).into()
    }

    fn tier_rule(&mut self, direction: Direction, index: usize, item: &Node, grammar: Grammar) -> Vec<Rule> {
        let element = format!("{}[{index}]", direction.key());
        if item.as_unresolved().is_some() {
            return self.unknown_tier_rules(&element, item);
        }
        let id = self.reading.rule(self.id, &element, item.location());
        self.check_keys(item.as_field(), &["name", "action", direction.peers(), grammar.ports]);
        let peer = match direction {
            Direction::Ingress => Self::ingress_peer,
            Direction::Egress => Self::egress_peer,
        };
        let peers =
            self.list(item, direction.peers(), peer, |one| Element::unknown(PeerSpec::Unknown(one), one));
        if peers.is_none() {
            self.refuse("peers-missing", &format!("`{}` needs an element", direction.peers()), item);
        }
        let peers = peers.map_or_else(Element::other, Element::all);
        let unknown = |one| Element::unknown(PortSpec::Unknown(None, one), one);
        let ports = self.list(item, grammar.ports, grammar.port, unknown).map(Element::all);
        if grammar.api == Api::Cluster && names_ports_of_no_pod(&peers, ports.as_ref()) {
            self.refuse("named-port-invalid", "a port by name needs peers that are pods", item);
        }
        let (actions, when) = self.actions(item, grammar);
        if peers.specs.iter().any(|one| matches!(one, PeerSpec::Name(_)))
            && !actions.contains(&RuleAction::Allow)
        {
            self.refuse("domain-names-invalid", "`domainNames` belongs in rules that accept", item);
        }
        actions.iter().flat_map(|action| closed(id, *action, when, &peers, ports.as_ref())).collect()
    }

    /// What the rule may do, and why it may not do that.
    fn actions(&mut self, item: &Node, grammar: Grammar) -> (&'static [RuleAction], Certainty) {
        let field = item.field("action");
        match (field, field.node().and_then(Node::as_str)) {
            (Field::Unresolved(node, _), _) => {
                let all = &[RuleAction::Allow, RuleAction::Deny, RuleAction::Pass];
                (all, Some(self.unknown("action", node)))
            }
            (_, Some(action)) if action == grammar.allow => (&[RuleAction::Allow], None),
            (_, Some("Deny")) => (&[RuleAction::Deny], None),
            (_, Some("Pass")) => (&[RuleAction::Pass], None),
            _ => {
                let message = format!("`action` knows `{}`, `Deny` and `Pass` only", grammar.allow);
                self.refuse("action-invalid", &message, item);
                (&[RuleAction::Deny], None)
            }
        }
    }

    fn ingress_peer(&mut self, item: &Node) -> Option<Element<PeerSpec>> {
        self.tier_peer(item, Direction::Ingress)
    }

    fn egress_peer(&mut self, item: &Node) -> Option<Element<PeerSpec>> {
        self.tier_peer(item, Direction::Egress)
    }

    fn tier_peer(&mut self, item: &Node, direction: Direction) -> Option<Element<PeerSpec>> {
        if set_entries(item).nth(1).is_some() {
            self.refuse("peer-mixed", "a peer has one kind", item);
        }
        let specs = match (only_entry(item), direction) {
            (Some(entry), _) if matches!(&*entry.key, "namespaces" | "pods") => {
                Some(vec![self.selected(item, &entry.key)])
            }
            (Some(entry), Direction::Egress) => match &*entry.key {
                "networks" => Some(self.each(entry, Self::network)),
                "domainNames" => Some(self.each(entry, Self::domain_name)),
                "nodes" => Some(self.nodes(item)),
                _ => None,
            },
            _ => None,
        };
        if specs.is_none() {
            self.unknown_peer(item, "a rule with it that allows matches no one, any other denies everything");
        }
        Some(specs.map_or_else(Element::other, Element::of))
    }

    fn selected(&mut self, item: &Node, key: &str) -> PeerSpec {
        let read = |path: &str| Selector::read(item.field(path)).unwrap_or_default();
        match key {
            "namespaces" => self.pods(Some(read("namespaces")), Selector::default()),
            _ => self.pods(Some(read("pods.namespaceSelector")), read("pods.podSelector")),
        }
    }

    fn each(&mut self, entry: &Entry, read: fn(&mut Self, &Node) -> PeerSpec) -> Vec<PeerSpec> {
        match entry.node.as_unresolved() {
            Some(_) => vec![PeerSpec::Unknown(self.unknown(&entry.key, &entry.node))],
            None => entry.node.items().iter().map(|one| read(self, one)).collect(),
        }
    }

    fn network(&mut self, network: &Node) -> PeerSpec {
        match self.cidr(network) {
            Some(span) => PeerSpec::Block(self.reading.blocks.id(address::minus(span, &[])), None),
            None => PeerSpec::Unknown(self.unknown("networks", network)),
        }
    }

    /// `*.` stands for one or more whole labels.
    fn domain_name(&mut self, name: &Node) -> PeerSpec {
        let text = name.as_str().filter(|text| is_domain_name(text));
        match text {
            Some(text) => PeerSpec::Name(self.reading.dns.id(text)),
            None => {
                if name.as_unresolved().is_none() {
                    let message = "`domainNames` holds names such as `example.com` and `*.example.com`";
                    self.refuse("domain-name-invalid", message, name);
                }
                PeerSpec::Unknown(self.unknown("domainNames", name))
            }
        }
    }

    /// Nodes by their addresses, and with them the pods on the host network. Which node a pod runs on and
    /// whether the API server runs on one is not known.
    fn nodes(&mut self, item: &Node) -> Vec<PeerSpec> {
        let selector = Selector::read(item.field("nodes")).unwrap_or_default();
        let doubt = (!selector.is_empty()).then(|| {
            // Unreadable parts are named once.
            self.selector(selector);
            self.reading.conditions.id("which nodes a selector of nodes selects is not known")
        });
        let server = self.reading.conditions.id("whether the API server runs on a node is not known");
        vec![
            when(PeerSpec::Landmark(Landmark::OtherNodes), doubt),
            when(PeerSpec::HostNetwork, doubt),
            when(PeerSpec::Landmark(Landmark::ControlPlane), doubt.or(Some(server))),
        ]
    }

    /// A port by name, whatever its protocol.
    pub(super) fn any_named(&mut self, name: &str) -> Vec<PortSpec> {
        Protocol::ALL.map(|one| PortSpec::Named(self.reading.names.id(name, one))).into()
    }

    /// The condition for a port of which something is not known.
    pub(super) fn unknown_port(&mut self, node: &Node) -> Option<ConditionId> {
        node.as_unresolved().is_some().then(|| self.unknown("port", node))
    }
}

/// The rules that one rule stands for: with peers or ports of a kind that is not known it fails closed.
fn closed(
    id: RuleId,
    action: RuleAction,
    when: Certainty,
    peers: &Element<PeerSpec>,
    ports: Option<&Element<PortSpec>>,
) -> Vec<Rule> {
    let closed = match (peers.closed, ports.and_then(|ports| ports.closed)) {
        (Some(None), _) | (_, Some(None)) => Some(None),
        (first, second) => first.or(second),
    };
    let rule = |when| Rule {
        id,
        action,
        peers: Some(peers.specs.clone()),
        ports: ports.map(|ports| ports.specs.clone()),
        when,
    };
    let whole = |action, when| Rule { id, action, peers: None, ports: None, when };
    match (closed, action) {
        (None, _) => vec![rule(when)],
        (Some(None), RuleAction::Allow) => vec![Rule { peers: Some(Vec::new()), ..rule(when) }],
        (Some(Some(condition)), RuleAction::Allow) => vec![rule(when.or(Some(condition)))],
        (Some(doubt), RuleAction::Deny) => vec![whole(RuleAction::Deny, when.or(doubt))],
        (Some(None), RuleAction::Pass) => vec![whole(RuleAction::Deny, when)],
        (Some(doubt), RuleAction::Pass) => {
            [RuleAction::Pass, RuleAction::Deny].map(|action| whole(action, when.or(doubt))).into()
        }
    }
}

/// Whether a rule names ports for peers that are not pods, which have none.
fn names_ports_of_no_pod(peers: &Element<PeerSpec>, ports: Option<&Element<PortSpec>>) -> bool {
    let pods = |peer: &PeerSpec| matches!(peer, PeerSpec::Pods(_) | PeerSpec::Unknown(_));
    let named = |port: &PortSpec| matches!(port, PortSpec::Named(_));
    ports.is_some_and(|ports| ports.specs.iter().any(named)) && !peers.specs.iter().all(pods)
}

/// A peer that may not be matched.
fn when(peer: PeerSpec, doubt: Certainty) -> PeerSpec {
    let Some(condition) = doubt else { return peer };
    let term = |one| Term { negated: false, any: vec![one] };
    PeerSpec::Each([peer, PeerSpec::Unknown(condition)].map(term).into())
}
