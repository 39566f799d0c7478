//! Objects: one policy for each of `spec` and `specs`, for pods or for nodes.

use ringfence_model::fact::RuleAction;
use ringfence_model::{Diagnostic, Field, Node, Resource, ResourceId, Text, Value};

use super::around::Around;
use super::rule::RuleReader;
use super::selector::Own;
use crate::condition::Certainty;
use crate::policy::{Api, Direction, Policy, Reader, Reading, Rule, Rules, SetId};
use crate::selector::SelectorId;

const SPEC: [&str; 10] = [
    "endpointSelector",
    "nodeSelector",
    "ingress",
    "ingressDeny",
    "egress",
    "egressDeny",
    "labels",
    "enableDefaultDeny",
    "description",
    "log",
];

/// The policies of an object; Cilium takes all of them or none.
pub(super) fn read(
    id: ResourceId,
    resource: &Resource,
    reading: &mut Reading<'_>,
    around: &Around<'_>,
) -> Vec<Policy> {
    let clusterwide = resource.kind.name() == "CiliumClusterwideNetworkPolicy";
    let cluster_name = resource.place.cluster.as_ref();
    let cluster = reading.namespaces.cluster_id(cluster_name);
    let namespace: Own = (!clusterwide).then(|| {
        let name = Text::from(resource.namespace());
        (reading.namespaces.id(cluster_name, &name), name)
    });
    let base = Reader::new(reading, id, resource, cluster, namespace.as_ref().map(|(id, _)| *id));
    let mut reader = RuleReader { base, around, namespace, matches_init: false, denies: false };
    let mut policies = Vec::new();
    for (prefix, spec) in reader.specs(resource) {
        policies.extend(reader.policies(resource, &prefix, spec));
    }
    let doubt = reader.base.doubt;
    for policy in &mut policies {
        policy.doubt = policy.doubt.or(doubt);
    }
    policies
}

/// The rules of one direction before they are a policy.
#[derive(Default)]
struct OfDirection {
    rules: Vec<Rule>,
    /// Whether it isolates, `None` where that is not known.
    isolates: Option<bool>,
    doubt: Certainty,
}

impl RuleReader<'_, '_, '_> {
    /// Every rule set, with what stands before the elements of its rules.
    fn specs<'n>(&mut self, resource: &'n Resource) -> Vec<(String, &'n Node)> {
        let mut specs: Vec<(String, &Node)> = Vec::new();
        specs.extend(resource.body.field("spec").node().map(|spec| (String::new(), spec)));
        match resource.body.field("specs") {
            Field::Absent => {}
            Field::Present(Node { value: Value::List(items), .. }) => {
                specs
                    .extend(items.iter().enumerate().map(|(index, spec)| (format!("specs[{index}]."), spec)));
            }
            Field::Present(node) => self.base.refuse("list-expected", "`specs` is not a list", node),
            Field::Unresolved(node, _) => specs.push(("specs".to_owned(), node)),
        }
        if specs.is_empty() {
            self.base.refuse("spec-missing", "`spec` or `specs` is needed", &resource.body);
        }
        specs
    }

    fn policies(&mut self, resource: &Resource, prefix: &str, spec: &Node) -> Vec<Policy> {
        self.base.check_keys(spec.as_field(), &SPEC);
        let rules = ["ingress", "ingressDeny", "egress", "egressDeny"];
        let has = |key: &&str| {
            spec.field(key)
                .node()
                .is_some_and(|node| node.as_unresolved().is_some() || !node.items().is_empty())
        };
        if spec.as_unresolved().is_none() && !rules.iter().any(has) {
            self.base.refuse("rules-missing", "a policy needs a rule", spec);
        }
        let Some((subject, selector)) = self.subject_of(spec) else { return Vec::new() };
        let [ingress, egress] = Direction::BOTH.map(|direction| self.direction(prefix, spec, direction));
        self.parts_of(resource, (subject, selector), ingress, egress)
    }

    /// The pods that it applies to; `None` for none.
    fn subject_of(&mut self, spec: &Node) -> Option<(SetId, SelectorId)> {
        let (pods, nodes) = (spec.field("endpointSelector"), spec.field("nodeSelector"));
        self.matches_init = false;
        if let Some(nodes) = nodes.node().filter(|_| spec.as_unresolved().is_none()) {
            self.for_nodes(nodes, pods);
            return None;
        }
        let parts = self.parts(pods);
        if parts.is_none() {
            self.base.refuse("subject-missing", "`endpointSelector` or `nodeSelector` is needed", spec);
        }
        let parts = parts.unwrap_or_default();
        self.matches_init = parts.asks_for_init();
        let mut parts = parts;
        // The namespace of the policy takes its place.
        let key = "k8s:io.kubernetes.pod.namespace";
        let named =
            pods.node().and_then(|node| node.get("matchLabels")).and_then(|labels| labels.child(key).node());
        if let (Some((_, own)), Some(value)) = (&self.namespace, named.and_then(Node::as_str)) {
            if own != value {
                let message = format!("`{}` selects in its own namespace, not in `{value}`", self.base.label);
                self.base.reading.diagnostics.push(
                    Diagnostic::warning("namespace-ignored", message)
                        .at(named.and_then(Node::location))
                        .help("move the policy to that namespace, or use a cluster-wide policy"),
                );
            }
            parts.forget_namespace(value);
        }
        self.subject(parts)
    }

    /// A policy of nodes: what they let in and out is not computed.
    fn for_nodes(&mut self, nodes: &Node, pods: Field<'_>) {
        if self.namespace.is_some() || !matches!(pods, Field::Absent) {
            let message = "`nodeSelector` belongs in cluster-wide policies, without `endpointSelector`";
            self.base.refuse("node-selector-invalid", message, nodes);
            return;
        }
        let label = self.base.label.clone();
        let on = self.config().switch("enable-host-firewall", false);
        let (message, help) = if on == Ok(false) && self.config().is_there() {
            (
                format!("`{label}` is for nodes, and the host firewall of Cilium is off: it does nothing"),
                "set `enable-host-firewall` in `cilium-config`, or remove the policy",
            )
        } else {
            let why = format!("`{label}` is for nodes, and policies of nodes are not evaluated");
            let condition = self.base.reading.conditions.id(&why);
            self.base.reading.policed_nodes.push((self.base.cluster, condition));
            (why, "connections of pods on the host network are reported as depends")
        };
        self.base
            .reading
            .diagnostics
            .push(Diagnostic::warning("node-policy-not-evaluated", message).at(nodes.location()).help(help));
    }

    fn direction(&mut self, prefix: &str, spec: &Node, direction: Direction) -> Option<OfDirection> {
        let mut found = OfDirection::default();
        let mut any = false;
        for denies in [true, false] {
            self.denies = denies;
            let key = match (direction, denies) {
                (Direction::Ingress, false) => "ingress",
                (Direction::Ingress, true) => "ingressDeny",
                (Direction::Egress, false) => "egress",
                (Direction::Egress, true) => "egressDeny",
            };
            let element = format!("{prefix}{key}");
            match spec.field(key) {
                Field::Absent => {}
                Field::Unresolved(node, _) => {
                    any = true;
                    let condition = self.base.unknown(&element, node);
                    found.doubt = Some(condition);
                    let action = if denies { RuleAction::Deny } else { RuleAction::Allow };
                    found.rules.push(self.base.unknown_rule(&element, action, node, condition));
                }
                Field::Present(list) => {
                    for (index, item) in list.items().iter().enumerate() {
                        any = true;
                        found.rules.extend(self.rule(direction, &format!("{element}[{index}]"), item));
                    }
                }
            }
        }
        found.isolates = self.isolates(spec, direction);
        any.then_some(found)
    }

    /// `enableDefaultDeny`; a direction with rules isolates where it says nothing.
    fn isolates(&mut self, spec: &Node, direction: Direction) -> Option<bool> {
        match self.config().switch("enable-non-default-deny-policies", true) {
            Ok(true) => {}
            Ok(false) => return Some(true),
            Err(_) => return None,
        }
        match spec.child("enableDefaultDeny") {
            Field::Absent => Some(true),
            Field::Unresolved(..) => None,
            Field::Present(node) => match node.field(direction.key()) {
                Field::Absent => Some(true),
                Field::Unresolved(..) => None,
                Field::Present(value) => {
                    if value.as_bool().is_none() {
                        let message = "`enableDefaultDeny` holds `true` or `false`";
                        self.base.refuse("default-deny-invalid", message, value);
                    }
                    value.as_bool()
                }
            },
        }
    }

    /// The policy, and where it is not known whether it isolates a part that does nothing else.
    fn parts_of(
        &mut self,
        resource: &Resource,
        (subject, selector): (SetId, SelectorId),
        ingress: Option<OfDirection>,
        egress: Option<OfDirection>,
    ) -> Vec<Policy> {
        let unsure = |found: &Option<OfDirection>| {
            let found = found.as_ref()?;
            (found.isolates.is_none() || found.doubt.is_some() && found.isolates == Some(true)).then_some(())
        };
        let perhaps = [unsure(&ingress), unsure(&egress)];
        let rules = |found: Option<OfDirection>| {
            let isolates = |found: &OfDirection| found.isolates == Some(true) && found.doubt.is_none();
            found.map(|found| Rules { doubt: None, isolates: isolates(&found), rules: found.rules })
        };
        let policy = |reader: &Self, [ingress, egress]: [Option<Rules>; 2], doubt: Certainty| Policy {
            resource: reader.base.id,
            location: resource.location(),
            cluster: reader.base.cluster,
            namespace: reader.namespace.as_ref().map(|(id, _)| *id),
            api: Api::Cilium,
            rank: super::settle::rank(),
            stage: 0,
            slot: 0,
            name: (
                reader.namespace.as_ref().map(|(_, name)| name.clone()).unwrap_or_default(),
                resource.name.clone(),
            ),
            subject,
            selector,
            doubt,
            ingress,
            egress,
        };
        let mut policies = vec![policy(self, [rules(ingress), rules(egress)], None)];
        if perhaps.iter().any(Option::is_some) {
            let label = &self.base.label;
            let why = format!("whether `{label}` isolates the pods that it selects is not known");
            let condition = self.base.reading.conditions.id(&why);
            let closed = || Rules { doubt: None, isolates: true, rules: Vec::new() };
            let closed = perhaps.map(|one| one.map(|()| closed()));
            policies.push(policy(self, closed, Some(condition)));
        }
        policies
    }
}
