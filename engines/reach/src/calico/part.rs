//! Policies in parts, evaluated one after the other: one for each run of rules that are for the same
//! endpoints.
//!
//! The first part stands for the policy as such: that it selects a pod is what isolates the pod in its tier.

use ringfence_model::Text;
use ringfence_model::fact::{Landmark, RuleAction};

use super::around::{Around, POLICED, pods};
use super::policy::{OwnRules, Read};
use super::selector::Expression;
use super::set::Labelled;
use crate::condition::{Certainty, ConditionId};
use crate::policy::{Api, Direction, Order, PeerSpec, Policy, Rank, Reading, Rule, Rules};

/// Rules for the same endpoints.
#[derive(Debug)]
struct Segment {
    own: Expression,
    rules: Rules,
}

impl Read {
    /// The parts of the policy at pods.
    pub(super) fn parts(&self, reading: &mut Reading<'_>) -> Vec<Policy> {
        if self.before {
            return Vec::new();
        }
        let rank = Rank {
            tier: self.tier.order,
            tier_name: self.tier_name.clone(),
            order: self.order,
            tie: self.tie(),
            ..Rank::default()
        };
        let [ingress, egress] = [&self.ingress, &self.egress]
            .map(|rules| rules.as_ref().map(|rules| self.segments(rules)).unwrap_or_default());
        self.assemble(reading, &rank, &self.subject, self.doubt, ingress, egress)
    }

    /// What the policy does to connections of pods where they cross the interface of a node. Whether they do
    /// is not known, so it denies under that condition; what it allows is left to the policies of the pods.
    pub(super) fn forwarded(&self, reading: &mut Reading<'_>, around: &Around<'_>) -> Vec<Policy> {
        let endpoints = around.matching(&around.host_endpoints, &self.subject, self.cluster.0, reading);
        let Some((endpoint, _)) = endpoints.first().filter(|_| self.on_forward) else { return Vec::new() };
        let why =
            format!("where it crosses host endpoint `{}`, `{}` decides, too", endpoint.name, self.label);
        let condition = reading.conditions.id(&why);
        let rank = Rank {
            tier: Order::FIRST,
            tier_name: Text::from(format!("{} {}", self.tier.order.text(), self.tier_name)),
            order: self.order,
            tie: self.tie(),
            ..Rank::default()
        };
        let [ingress, egress] = [(Direction::Ingress, &self.ingress), (Direction::Egress, &self.egress)].map(
            |(direction, rules)| {
                let segments = rules.as_ref().map(|rules| self.segments(rules)).unwrap_or_default();
                let end = rules.as_ref().map(|_| self.end(direction, condition, reading));
                segments
                    .into_iter()
                    .map(|segment| segment.forwarded(condition))
                    .chain(end.flatten())
                    .collect()
            },
        );
        self.assemble(reading, &rank, &Expression::All, None, ingress, egress)
    }

    /// What denies the rest at the end of a tier, as a rule under a condition.
    fn end(
        &self,
        direction: Direction,
        condition: ConditionId,
        reading: &mut Reading<'_>,
    ) -> Option<Segment> {
        let id = reading.rule(self.id, direction.key(), self.location);
        let rule = Rule { id, action: RuleAction::Deny, peers: None, ports: None, when: Some(condition) };
        let rules = Rules { doubt: None, isolates: false, rules: vec![rule] };
        (!self.before && !self.tier.passes).then_some(Segment { own: Expression::All, rules })
    }

    /// Among policies of one order: by name, then namespace, then kind.
    fn tie(&self) -> Text {
        let (namespace, kind) = match &self.namespace {
            Some((_, namespace)) => (namespace.as_str(), "NetworkPolicy"),
            None => ("", "GlobalNetworkPolicy"),
        };
        Text::from(format!("{}/{namespace}/{kind}", self.name))
    }

    /// The first segment is for all endpoints of the policy.
    fn segments(&self, OwnRules { doubt, rules }: &OwnRules) -> Vec<Segment> {
        let isolates = !self.tier.passes;
        let end = self.tier.end;
        let first = Rules { doubt: doubt.or(end), isolates: isolates || end.is_some(), rules: Vec::new() };
        let mut segments = vec![Segment { own: Expression::All, rules: first }];
        for run in rules.chunk_by(|a, b| a.own == b.own) {
            let Some(own) = run.first().map(|one| &one.own) else { continue };
            let rules = run.iter().map(|one| self.placed(one.rule.clone())).collect();
            match segments.as_mut_slice() {
                [first] if *own == Expression::All && end.is_none() => first.rules.rules = rules,
                _ => {
                    let rules = Rules { doubt: *doubt, isolates: false, rules };
                    segments.push(Segment { own: own.clone(), rules });
                }
            }
        }
        segments
    }

    /// A rule in its tier. Under doubt a policy of an unknown tier is evaluated first, but what it passes may
    /// skip the rest of any tier: that much may be open.
    fn placed(&self, rule: Rule) -> Rule {
        match rule.action {
            RuleAction::Pass if !self.tier.known => Rule { action: RuleAction::Allow, ..rule },
            _ => rule,
        }
    }

    fn assemble(
        &self,
        reading: &mut Reading<'_>,
        rank: &Rank,
        subject: &Expression,
        doubt: Certainty,
        ingress: Vec<Segment>,
        egress: Vec<Segment>,
    ) -> Vec<Policy> {
        let (mut ingress, mut egress) = (ingress.into_iter(), egress.into_iter());
        let first = (ingress.next(), egress.next());
        let own = first.0.as_ref().or(first.1.as_ref()).map(|segment| segment.own.clone());
        let Some(own) = own else { return Vec::new() };
        let mut make = |own: Expression, ingress: Option<Segment>, egress: Option<Segment>| {
            let expression = Expression::all_of([subject.clone(), own]);
            let cluster = (self.cluster.0, self.cluster.1.as_ref());
            let subject = pods(&expression, cluster, reading);
            Policy {
                resource: self.id,
                location: self.location,
                cluster: self.cluster.0,
                namespace: self.namespace.as_ref().map(|(id, _)| *id),
                api: Api::Calico,
                rank: rank.clone(),
                stage: 0,
                slot: 0,
                name: (
                    self.namespace.as_ref().map(|(_, name)| name.clone()).unwrap_or_default(),
                    self.name.clone(),
                ),
                subject,
                selector: reading.sets.get(subject).map(|(_, selector)| selector).unwrap_or_default(),
                doubt,
                ingress: ingress.map(|segment| segment.rules),
                egress: egress.map(|segment| segment.rules),
            }
        };
        let mut parts = vec![make(own, first.0, first.1)];
        parts.extend(
            ingress.map(|segment| make(segment.own.clone(), Some(segment), None)).collect::<Vec<_>>(),
        );
        parts
            .extend(egress.map(|segment| make(segment.own.clone(), None, Some(segment))).collect::<Vec<_>>());
        parts
    }
}

impl Segment {
    /// The same at the interface of a node: what it allows goes on, and it denies only under `condition`.
    fn forwarded(self, condition: ConditionId) -> Self {
        let rules = self.rules.rules.into_iter().map(|rule| match rule.action {
            RuleAction::Allow => Rule { action: RuleAction::Pass, ..rule },
            RuleAction::Pass => rule,
            RuleAction::Deny => Rule { when: Some(condition), ..rule },
        });
        let rules = Rules { isolates: false, rules: rules.collect(), ..self.rules };
        Self { rules, ..self }
    }
}

/// What a host endpoint may do to connections between pods and the nodes that it stands for.
pub(super) fn at_nodes(endpoint: &Labelled, name: Option<&Text>, reading: &mut Reading<'_>) -> Policy {
    let condition = reading.conditions.id(POLICED);
    let subject = pods(&Expression::All, (endpoint.cluster, name), reading);
    let id = reading.rule(endpoint.id, "spec", endpoint.location);
    let peers = Some(vec![PeerSpec::Landmark(Landmark::OtherNodes)]);
    let rule = Rule { id, action: RuleAction::Deny, peers, ports: None, when: Some(condition) };
    let rules = Some(Rules { doubt: None, isolates: false, rules: vec![rule] });
    Policy {
        resource: endpoint.id,
        location: endpoint.location,
        cluster: endpoint.cluster,
        namespace: None,
        api: Api::Calico,
        rank: Rank { tier: Order::FIRST, ..Rank::default() },
        stage: 0,
        slot: 0,
        name: (Text::default(), endpoint.name.as_str().into()),
        subject,
        selector: reading.sets.get(subject).map(|(_, selector)| selector).unwrap_or_default(),
        doubt: None,
        ingress: rules.clone(),
        egress: rules,
    }
}
