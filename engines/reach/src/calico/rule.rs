//! Rules of a policy: what they do, to whom, on which ports, and under which condition.
//!
//! Source: `api/pkg/apis/projectcalico/v3/policy_common.go`. All criteria of a rule must hold. The end of a
//! connection that the policy selects may be narrowed, too: by selector, which parts the policy, or by
//! address, which makes the rule conditional.

use ringfence_model::fact::RuleAction;
use ringfence_model::{Field, Node, Text, Value};

use super::around::Around;
use super::expression::NAMESPACE;
use super::port::is_empty_list;
use super::selector::Expression;
use crate::condition::{Certainty, ConditionId};
use crate::policy::{Direction, PeerSpec, PortSpec, Reader, Rule};

/// A policy while its rules are read.
pub(super) struct RuleReader<'p, 'r, 'a> {
    pub(super) base: Reader<'r, 'a>,
    pub(super) around: &'p Around<'p>,
    /// Name of the cluster, where known.
    pub(super) cluster: Option<Text>,
    /// The policy's namespace; absent for global ones.
    pub(super) namespace: Option<Text>,
    pub(super) direction: Direction,
    /// The rule that is being read, e.g. `ingress[0]`.
    pub(super) element: String,
}

/// A rule, and which of the policy's endpoints it is for.
#[derive(Debug)]
pub(super) struct OwnRule {
    pub(super) own: Expression,
    pub(super) rule: Rule,
}

const RULE: [&str; 11] = [
    "action",
    "ipVersion",
    "protocol",
    "notProtocol",
    "icmp",
    "notICMP",
    "source",
    "destination",
    "http",
    "metadata",
    "name",
];

/// What a rule does.
enum Action {
    Known(RuleAction),
    /// Nothing: the next rule decides.
    Log,
    Unknown(ConditionId),
}

impl RuleReader<'_, '_, '_> {
    /// The rules of one direction, in order.
    pub(super) fn rules(&mut self, spec: Option<&Node>, direction: Direction) -> Vec<OwnRule> {
        self.direction = direction;
        let key = direction.key();
        match spec.map_or(Field::Absent, |spec| spec.field(key)) {
            Field::Absent => Vec::new(),
            Field::Present(Node { value: Value::List(items), .. }) => {
                let numbered = items.iter().enumerate();
                numbered.flat_map(|(index, item)| self.rule(format!("{key}[{index}]"), item)).collect()
            }
            Field::Present(node) => {
                self.base.refuse("list-expected", &format!("`{key}` is not a list"), node);
                Vec::new()
            }
            Field::Unresolved(node, _) => {
                self.element = key.to_owned();
                let condition = self.base.unknown(key, node);
                self.anything(node, Expression::All, None, None, condition)
            }
        }
    }

    fn rule(&mut self, element: String, item: &Node) -> Vec<OwnRule> {
        self.element = element;
        if item.as_unresolved().is_some() {
            let condition = self.base.unknown(&self.element.clone(), item);
            return self.anything(item, Expression::All, None, None, condition);
        }
        self.base.check_keys(item.as_field(), &RULE);
        let action = self.action(item);
        if let Action::Log = action {
            return Vec::new();
        }
        let (peer, own) = match self.direction {
            Direction::Ingress => ("source", "destination"),
            Direction::Egress => ("destination", "source"),
        };
        let part = |key| item.field(key).node();
        let (mut peers, of_service) = self.peers(part(peer));
        self.of_version(item, &mut peers);
        let own = self.own(part(own));
        let ports = match (of_service, part("destination")) {
            (Some(ports), _) => Some(ports),
            (None, destination) => self.ports(item, destination),
        };
        let when = self.when(item, own.doubt);
        match action {
            Action::Known(action) => vec![self.made(item, own.expression, action, peers, ports, when)],
            Action::Unknown(condition) => self.anything(item, own.expression, peers, ports, condition),
            Action::Log => Vec::new(),
        }
    }

    fn made(
        &mut self,
        node: &Node,
        own: Expression,
        action: RuleAction,
        peers: Option<Vec<PeerSpec>>,
        ports: Option<Vec<PortSpec>>,
        when: Certainty,
    ) -> OwnRule {
        let id = self.base.reading.rule(self.base.id, &self.element, node.location());
        OwnRule { own, rule: Rule { id, action, peers, ports, when } }
    }

    /// A rule of which it is not known what it does.
    fn anything(
        &mut self,
        node: &Node,
        own: Expression,
        peers: Option<Vec<PeerSpec>>,
        ports: Option<Vec<PortSpec>>,
        condition: ConditionId,
    ) -> Vec<OwnRule> {
        let actions = [RuleAction::Allow, RuleAction::Deny, RuleAction::Pass];
        let mut made =
            |action| self.made(node, own.clone(), action, peers.clone(), ports.clone(), Some(condition));
        actions.into_iter().map(&mut made).collect()
    }

    fn action(&mut self, item: &Node) -> Action {
        match (item.text("action"), item.field("action")) {
            (Some("Allow"), _) => Action::Known(RuleAction::Allow),
            (Some("Deny"), _) => Action::Known(RuleAction::Deny),
            (Some("Pass"), _) => Action::Known(RuleAction::Pass),
            (Some("Log"), _) => Action::Log,
            (_, Field::Unresolved(node, _)) => Action::Unknown(self.base.unknown("action", node)),
            (_, field) => {
                let at = field.node().unwrap_or(item);
                let message = "`action` knows `Allow`, `Deny`, `Log` and `Pass` only";
                self.base.refuse("action-invalid", message, at);
                Action::Known(RuleAction::Deny)
            }
        }
    }

    /// Narrows `peers` to one version of IP.
    fn of_version(&mut self, item: &Node, peers: &mut Option<Vec<PeerSpec>>) {
        use crate::address::{Family, Span};
        let field = item.field("ipVersion");
        let family = match (field, field.node().and_then(Node::as_int)) {
            (Field::Absent, _) => return,
            (_, Some(4)) => PeerSpec::Block(self.base.reading.blocks.id(vec![Span::whole(Family::V4)]), None),
            (_, Some(6)) => PeerSpec::Block(self.base.reading.blocks.id(vec![Span::whole(Family::V6)]), None),
            (field, _) => {
                let at = field.node().unwrap_or(item);
                if at.as_unresolved().is_none() {
                    self.base.refuse("ip-version-invalid", "`ipVersion` is 4 or 6", at);
                }
                PeerSpec::Unknown(self.base.unknown("ipVersion", at))
            }
        };
        *peers = super::entity::each(peers.take().into_iter().chain([vec![family]]));
    }

    /// What must hold besides: a request over HTTP, a source port.
    fn when(&mut self, item: &Node, own: Certainty) -> Certainty {
        let mut wanted = Vec::new();
        if !matches!(item.field("http"), Field::Absent) {
            wanted.push("HTTP requests that it names".to_owned());
        }
        let source = |key| item.field("source").node().map_or(Field::Absent, |source| source.field(key));
        let given = |key| !matches!(source(key), Field::Absent) && !is_empty_list(source(key));
        if given("ports") || given("notPorts") {
            wanted.push("connections from the source ports that it names".to_owned());
        }
        if wanted.is_empty() {
            return own;
        }
        let (element, label) = (&self.element, &self.base.label);
        let text = format!("`{element}` of `{label}` matches only {}", wanted.join(" and "));
        Some(self.base.reading.conditions.id(&text))
    }

    /// A selector; `None` where there is none.
    pub(super) fn selector(&mut self, at: &Node, key: &str) -> Option<Expression> {
        super::text::selector(&mut self.base, self.around.sources, at, key)
    }

    /// What the selector of namespaces means.
    pub(super) fn namespaces(&mut self, at: &Node) -> Option<Expression> {
        let (inside, outside) = (Expression::has(NAMESPACE), Expression::has(NAMESPACE).negated());
        let written = self.selector(at, "namespaceSelector")?;
        Some(written.under(super::expression::OF_NAMESPACE, &inside, &outside))
    }
}
