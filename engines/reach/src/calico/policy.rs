//! Reads NetworkPolicy and GlobalNetworkPolicy of either API group.

use ringfence_model::{Diagnostic, Field, Location, Node, Resource, ResourceId, Text, Value};

use super::around::{Around, within};
use super::expression::{NAMESPACE, OF_NAMESPACE, OF_SERVICE_ACCOUNT, SERVICE_ACCOUNT};
use super::rule::{OwnRule, RuleReader};
use super::selector::Expression;
use super::tier::{DEFAULT, Tier, number};
use crate::condition::{Certainty, ConditionId};
use crate::namespace::{ClusterId, NamespaceId};
use crate::policy::{Direction, Order, Reader, Reading};

const SPEC: [&str; 12] = [
    "tier",
    "order",
    "selector",
    "types",
    "ingress",
    "egress",
    "serviceAccountSelector",
    "performanceHints",
    "namespaceSelector",
    "doNotTrack",
    "preDNAT",
    "applyOnForward",
];

/// How many keys of [`SPEC`] a policy of a namespace knows.
const NAMESPACED: usize = 8;

/// A policy, read but not yet in parts.
pub(super) struct Read {
    pub(super) id: ResourceId,
    pub(super) location: Option<Location>,
    /// As it is called in messages.
    pub(super) label: String,
    pub(super) cluster: (ClusterId, Option<Text>),
    /// Absent for a global policy.
    pub(super) namespace: Option<(NamespaceId, Text)>,
    pub(super) name: Text,
    pub(super) tier_name: Text,
    pub(super) tier: Tier,
    pub(super) order: Order,
    /// Whom it selects.
    pub(super) subject: Expression,
    pub(super) doubt: Certainty,
    pub(super) ingress: Option<OwnRules>,
    pub(super) egress: Option<OwnRules>,
    /// Whether it is for connections before addresses are translated or tracked: at host endpoints alone.
    pub(super) before: bool,
    /// Whether, at a host endpoint, it is for forwarded connections, too.
    pub(super) on_forward: bool,
}

/// The rules of one direction.
#[derive(Debug)]
pub(super) struct OwnRules {
    /// Why the policy may leave this direction alone.
    pub(super) doubt: Certainty,
    pub(super) rules: Vec<OwnRule>,
}

pub(super) fn read(
    id: ResourceId,
    resource: &Resource,
    reading: &mut Reading<'_>,
    around: &Around<'_>,
) -> Read {
    let global = resource.kind.name() == "GlobalNetworkPolicy";
    let cluster_name = resource.place.cluster.clone();
    let cluster = reading.namespaces.cluster_id(cluster_name.as_ref());
    let namespace = (!global).then(|| Text::from(resource.namespace()));
    let of_namespace = namespace.as_ref().map(|name| reading.namespaces.id(cluster_name.as_ref(), name));
    if of_namespace.is_some_and(|namespace| reading.namespaces.is_left_out(namespace)) {
        let (label, name) = (resource.label(), resource.namespace());
        reading.diagnostics.push(
            Diagnostic::warning(
                "namespace-unknown",
                format!("namespace `{name}` of `{label}` is not in the input"),
            )
            .at(resource.location())
            .help("add the Namespace, or correct the name: a policy of no namespace is refused"),
        );
    }
    let base = Reader::new(reading, id, resource, cluster, of_namespace);
    let mut reader = RuleReader {
        base,
        around,
        cluster: cluster_name.clone(),
        namespace: namespace.clone(),
        direction: Direction::Ingress,
        element: String::new(),
    };
    let field = resource.body.field("spec");
    if let Field::Unresolved(_, unresolved) = field {
        reader.base.doubt(&format!("`spec` is not known: {}", unresolved.cause.describe()));
    }
    reader.base.check_keys(field, SPEC.get(..if global { SPEC.len() } else { NAMESPACED }).unwrap_or(&SPEC));
    let spec = field.node();
    let (tier_name, tier) = reader.tier(spec);
    let subject = reader.subject(spec);
    let ingress = reader.direction(resource, spec, Direction::Ingress);
    let egress = reader.direction(resource, spec, Direction::Egress);
    let (pre_dnat, untracked) = (reader.flag(spec, "preDNAT"), reader.flag(spec, "doNotTrack"));
    let on_forward = reader.flag(spec, "applyOnForward");
    let order = reader.order(spec);
    Read {
        id,
        location: resource.location(),
        label: resource.label(),
        cluster: (cluster, cluster_name),
        namespace: of_namespace.zip(namespace),
        name: short_name(&resource.name, &tier_name),
        tier_name,
        tier,
        order,
        subject,
        doubt: reader.base.doubt.or(tier.doubt),
        ingress,
        egress,
        before: pre_dnat || untracked,
        on_forward,
    }
}

/// The name without that of the tier, which older releases put before it.
fn short_name(name: &Text, tier: &Text) -> Text {
    let rest = name.strip_prefix(tier.as_str()).and_then(|rest| rest.strip_prefix('.'));
    rest.map_or_else(|| name.clone(), Text::from)
}

impl RuleReader<'_, '_, '_> {
    /// The tier of the policy. Of one that is not known the policy may come first or last.
    fn tier(&mut self, spec: Option<&Node>) -> (Text, Tier) {
        let field = spec.map_or(Field::Absent, |spec| spec.field("tier"));
        let name = match field {
            Field::Absent => Text::const_new(DEFAULT),
            Field::Present(node) => node.as_str().map_or_else(|| Text::const_new("?"), Text::from),
            Field::Unresolved(..) => Text::const_new("?"),
        };
        let name = if name.is_empty() { Text::const_new(DEFAULT) } else { name };
        if let Some(tier) = self.around.tiers.find(self.base.cluster, &name) {
            return (name, tier);
        }
        let node = field.node();
        if node.is_none_or(|node| node.as_unresolved().is_none()) {
            let message = format!("tier `{name}` of `{}` is not in the input", self.base.label);
            self.base.reading.diagnostics.push(
                Diagnostic::error("tier-unknown", message)
                    .at(node.and_then(Node::location))
                    .help("add the Tier to the input; what the policy decides is reported as depends"),
            );
        }
        let why = format!("the tier of `{}` is not known", self.base.label);
        (name, Tier::unknown(self.base.reading.conditions.id(&why)))
    }

    fn order(&mut self, spec: Option<&Node>) -> Order {
        let node = match spec.map_or(Field::Absent, |spec| spec.field("order")) {
            Field::Absent => return Order::LAST,
            Field::Present(node) => match number(node) {
                Some(number) => return Order::of(number),
                None => node,
            },
            Field::Unresolved(node, _) => node,
        };
        if node.as_unresolved().is_none() {
            self.base.refuse("order-invalid", "`order` is a number", node);
        } else {
            self.base.doubt("its `order` is not known");
        }
        // Under doubt, first stands for any place.
        Order::FIRST
    }

    fn flag(&mut self, spec: Option<&Node>, key: &'static str) -> bool {
        let field = spec.map_or(Field::Absent, |spec| spec.field(key));
        let value = field.node().and_then(Node::as_bool);
        if let (Some(node), None) = (field.node(), value) {
            match node.as_unresolved() {
                Some(_) => self.base.doubt(&format!("whether `{key}` is set is not known")),
                None => self.base.refuse("flag-invalid", &format!("`{key}` is true or false"), node),
            }
        }
        value.unwrap_or(false)
    }

    /// Whom the policy selects.
    fn subject(&mut self, spec: Option<&Node>) -> Expression {
        let Some(spec) = spec else { return self.namespace.as_deref().map_or(Expression::All, within) };
        let selector = self.selector(spec, "selector");
        let accounts = self.selector(spec, "serviceAccountSelector").map(|accounts| {
            let everyone = match self.namespace {
                Some(_) => Expression::All,
                None => Expression::has(SERVICE_ACCOUNT),
            };
            accounts.under(OF_SERVICE_ACCOUNT, &everyone, &Expression::All)
        });
        let namespaces = match self.namespace.as_deref().map(within) {
            Some(own) => Some(own),
            None => self.selector(spec, "namespaceSelector").map(|namespaces| {
                let inside = Expression::has(NAMESPACE);
                namespaces.under(OF_NAMESPACE, &inside, &Expression::All)
            }),
        };
        Expression::all_of([namespaces, selector, accounts].into_iter().flatten())
    }

    fn direction(
        &mut self,
        resource: &Resource,
        spec: Option<&Node>,
        direction: Direction,
    ) -> Option<OwnRules> {
        let doubt = self.applies(resource, spec, direction)?;
        Some(OwnRules { doubt, rules: self.rules(spec, direction) })
    }

    /// Whether the policy concerns `direction`: `None` no, `Some(None)` yes, else under a condition.
    fn applies(
        &mut self,
        resource: &Resource,
        spec: Option<&Node>,
        direction: Direction,
    ) -> Option<Certainty> {
        let types = match spec.map_or(Field::Absent, |spec| spec.field("types")) {
            Field::Unresolved(node, _) => return Some(Some(self.base.unknown("types", node))),
            Field::Present(Node { value: Value::List(items), .. }) if !items.is_empty() => items,
            Field::Present(node) if !matches!(node.value, Value::List(_)) => {
                self.base.refuse("list-expected", "`types` is not a list", node);
                return Some(Some(self.base.unknown("types", node)));
            }
            Field::Present(_) | Field::Absent => return self.applies_by_default(resource, spec, direction),
        };
        let mut uncertain = None;
        for item in types {
            match item.as_str() {
                Some(text) if text == direction.policy_type() => return Some(None),
                Some("Ingress" | "Egress") => {}
                _ => {
                    uncertain = Some(self.base.unknown("types", item));
                    if item.as_unresolved().is_none() && direction == Direction::Ingress {
                        let message = "`types` knows `Ingress` and `Egress` only";
                        self.base.refuse("policy-type-invalid", message, item);
                    }
                }
            }
        }
        uncertain.map(Some)
    }

    /// Ingress unless there are egress rules alone; egress where there are egress rules. The API server of
    /// Calico writes that down. Where the resource is stored as it is, Felix takes absence for both.
    fn applies_by_default(
        &mut self,
        resource: &Resource,
        spec: Option<&Node>,
        direction: Direction,
    ) -> Option<Certainty> {
        let field = |key| spec.map_or(Field::Absent, |spec| spec.field(key));
        let has = |key| match field(key) {
            Field::Absent => Some(false),
            Field::Present(rules) => Some(!rules.items().is_empty()),
            Field::Unresolved(..) => None,
        };
        let yes = match (direction, has("ingress"), has("egress")) {
            (Direction::Egress, _, egress) => egress,
            (Direction::Ingress, Some(true), _) | (Direction::Ingress, _, Some(false)) => Some(true),
            (Direction::Ingress, Some(false), Some(true)) => Some(false),
            (Direction::Ingress, None, _) | (Direction::Ingress, _, None) => None,
        };
        let raw = resource.kind.group() == Some("crd.projectcalico.org");
        match yes {
            Some(true) => Some(None),
            None => Some(Some(self.base.unknown("types", spec?))),
            Some(false) if raw => Some(Some(self.raw_types(spec))),
            Some(false) => None,
        }
    }

    fn raw_types(&mut self, spec: Option<&Node>) -> ConditionId {
        let label = &self.base.label;
        let message = format!("`types` is missing in `{label}`, which Calico stores as it is");
        self.base.reading.diagnostics.push(
            Diagnostic::warning("types-missing", message)
                .at(spec.and_then(Node::location))
                .help("write `types`; without it the policy isolates in both directions, unless Calico's API server fills it in"),
        );
        let why = format!("`{label}` has no `types`: Calico's API server may have filled it in");
        self.base.reading.conditions.id(&why)
    }
}
