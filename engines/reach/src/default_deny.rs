//! Whether namespaces deny by default: the answer to `reach.default-deny`.
//!
//! All pods of a namespace, those to come too, must be selected in both directions, so only a policy
//! whose selector is empty counts, and none of them may allow everything to everyone.

use ringfence_model::fact::{Answer, RuleAction};
use ringfence_model::{Estate, Missing, Reason, Resource, Subject, Verdict};

use crate::Reach;
use crate::condition::Certainty;
use crate::namespace::NamespaceId;
use crate::policy::{Direction, Policy, Rule, Scope};

/// What policies say of one direction.
enum Cover<'a> {
    By(&'a Policy),
    /// A policy of all pods allows everything.
    Open(&'a Policy),
    /// Not known, and why.
    Perhaps(String, Option<&'a Policy>),
    Not,
}

impl Reach {
    /// The answers to an engine query; `None` for a query that is not of this engine.
    pub fn ask(&self, query: &str, estate: &Estate) -> Option<Vec<Answer>> {
        (query == "reach.default-deny").then(|| self.default_deny(estate))
    }

    /// One answer for each namespace of `estate`: whether it denies by default in both directions.
    pub fn default_deny(&self, estate: &Estate) -> Vec<Answer> {
        let namespaces = estate.of_kind("v1/Namespace").iter().filter_map(|id| estate.resource(*id));
        namespaces.map(|namespace| self.judge(namespace, estate)).collect()
    }

    fn judge(&self, namespace: &Resource, estate: &Estate) -> Answer {
        let id = self.namespaces.find(namespace.place.cluster.as_ref(), &namespace.name);
        let covers = Direction::BOTH.map(|direction| (direction, self.cover(id, direction)));
        let open = covers.iter().any(|(_, cover)| matches!(cover, Cover::Not | Cover::Open(_)));
        let unsure = covers.iter().any(|(_, cover)| matches!(cover, Cover::Perhaps(..)));
        let verdict = match (open, unsure) {
            (true, _) => Verdict::Fail,
            (false, true) => Verdict::Unknown,
            (false, false) => Verdict::Pass,
        };
        let name = namespace.body.get("metadata.name").and_then(|name| name.location());
        Answer {
            subject: Subject::of(namespace),
            element: String::new(),
            verdict,
            message: message(verdict, namespace, &covers),
            locations: name.or(namespace.location()).into_iter().collect(),
            reasons: covers.iter().map(|(direction, cover)| reason(*direction, cover, estate)).collect(),
            missing: if verdict == Verdict::Unknown { missing(&covers) } else { Vec::new() },
        }
    }

    fn cover(&self, namespace: Option<NamespaceId>, direction: Direction) -> Cover<'_> {
        let mut perhaps = None;
        let mut by = None;
        let Some(within) = namespace else { return Cover::Not };
        for policy in &self.policies.all {
            let Some(rules) = policy.rules(direction) else { continue };
            let Some(selector) = self.selectors.get(policy.selector) else { continue };
            let Some(doubt) = self.covers(policy, within) else { continue };
            let opens = rules.rules.iter().find(|rule| is_everything(rule, RuleAction::Allow));
            let closes =
                rules.isolates || rules.rules.iter().any(|rule| is_everything(rule, RuleAction::Deny));
            if opens.is_none() && (!closes || self.passes(policy, within, direction)) {
                continue;
            }
            let when = opens.and_then(|rule| rule.when);
            match (selector.unreadable.first(), policy.doubt.or(rules.doubt).or(doubt).or(when)) {
                (None, None) if opens.is_some() => return Cover::Open(policy),
                (None, None) => drop(by.get_or_insert(policy)),
                (Some(part), _) => {
                    let why = format!("its selector cannot be read: {}", part.why);
                    perhaps.get_or_insert(Cover::Perhaps(why, Some(policy)));
                }
                (None, Some(condition)) => {
                    let why = self.conditions.join(&[condition]).unwrap_or_default().to_string();
                    perhaps.get_or_insert(Cover::Perhaps(why, Some(policy)));
                }
            }
        }
        if let Some(policy) = by {
            return Cover::By(policy);
        }
        let cluster = self.namespaces.cluster(within);
        let other = self
            .policies
            .others
            .iter()
            .find(|(there, one, _)| *there == cluster && (one.is_none() || *one == namespace));
        let other = || {
            let why = self.conditions.join(&[other?.2])?;
            Some(Cover::Perhaps(why.to_string(), None))
        };
        perhaps.or_else(other).unwrap_or(Cover::Not)
    }

    /// Whether a policy of the same stage leaves every connection of a namespace to later ones.
    fn passes(&self, policy: &Policy, namespace: NamespaceId, direction: Direction) -> bool {
        let passes = |one: &Policy| {
            let mut rules = one.rules(direction).into_iter().flat_map(|rules| &rules.rules);
            rules.any(|rule| is_everything(rule, RuleAction::Pass))
        };
        let mut stage = self.policies.all.iter().filter(|one| one.stage == policy.stage && passes(one));
        stage.any(|one| self.covers(one, namespace).is_some())
    }

    /// Whether a policy selects every pod of a namespace: `None` no, `Some(None)` yes, else under a condition.
    fn covers(&self, policy: &Policy, namespace: NamespaceId) -> Option<Certainty> {
        let (scope, selector) = self.sets.get(policy.subject)?;
        if policy.api.leaves_host_out() || !self.selectors.asks_nothing(selector) {
            return None;
        }
        match scope {
            Scope::Within(one) => (one == namespace).then_some(None),
            Scope::Matching(cluster, _) if cluster != self.namespaces.cluster(namespace) => None,
            Scope::Matching(_, selector) => {
                self.namespaces.certainty(namespace, selector, &self.selectors, &mut self.conditions.clone())
            }
        }
    }
}

/// Whether a rule does that to every peer on every port. One that allows or passes undoes the denial,
/// whatever must hold besides; one that denies counts only where nothing must.
fn is_everything(rule: &Rule, action: RuleAction) -> bool {
    let always = action != RuleAction::Deny || rule.when.is_none();
    rule.action == action && rule.peers.is_none() && rule.ports.is_none() && always
}

fn message(verdict: Verdict, namespace: &Resource, covers: &[(Direction, Cover<'_>)]) -> String {
    let name = &namespace.name;
    let open = covers.iter().filter(|(_, cover)| matches!(cover, Cover::Not | Cover::Open(_)));
    let open: Vec<&str> = open.map(|(direction, _)| direction.key()).collect();
    match verdict {
        Verdict::Fail => format!("namespace `{name}` does not deny {} by default", open.join(" and ")),
        Verdict::Unknown => format!("whether namespace `{name}` denies by default is not known"),
        Verdict::Pass | Verdict::NotApplicable => format!("namespace `{name}` denies by default"),
    }
}

fn reason(direction: Direction, cover: &Cover<'_>, estate: &Estate) -> Reason {
    let label = |policy: &Policy| estate.resource(policy.resource).map(Resource::label).unwrap_or_default();
    let key = direction.key();
    match cover {
        Cover::By(policy) => {
            Reason::new(format!("`{}` selects every pod for {key}", label(policy)), policy.location)
        }
        Cover::Open(policy) => {
            Reason::new(format!("`{}` allows every pod everything for {key}", label(policy)), policy.location)
        }
        Cover::Perhaps(why, Some(policy)) => {
            Reason::new(format!("`{}` may select every pod for {key}: {why}", label(policy)), policy.location)
        }
        Cover::Perhaps(why, None) => Reason::new(format!("{key}: {why}"), None),
        Cover::Not => Reason::new(
            format!("no policy with an empty `podSelector` has policy type {}", direction.policy_type()),
            None,
        ),
    }
}

fn missing(covers: &[(Direction, Cover<'_>)]) -> Vec<Missing> {
    let mut missing: Vec<Missing> = covers
        .iter()
        .filter_map(|(_, cover)| match cover {
            Cover::Perhaps(why, Some(policy)) => {
                let (namespace, name) = &policy.name;
                let remedy = format!("a readable NetworkPolicy `{namespace}/{name}`");
                Some(Missing { remedy, why: why.clone() })
            }
            Cover::Perhaps(why, None) => {
                Some(Missing { remedy: "support for this kind of policy".to_owned(), why: why.clone() })
            }
            Cover::By(_) | Cover::Open(_) | Cover::Not => None,
        })
        .collect();
    missing.dedup();
    missing
}
