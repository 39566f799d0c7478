//! Peers that do not exist yet: one for each set of pods that a rule names and that holds none, and one
//! without any label.

use std::fmt::Write;

use ringfence_model::selector::{Operator, Requirement};
use ringfence_model::{Labels, Text};

use crate::Reach;
use crate::condition::ConditionId;
use crate::namespace::{ClusterId, NamespaceId};
use crate::policy::{Scope, SetId};
use crate::row::{Address, Home, Stranger};
use crate::selector::{KnownLabels, SelectorId, Unknown};

/// A pod that does not exist yet.
#[derive(Debug)]
pub(super) struct FuturePod {
    cluster: ClusterId,
    /// Absent: a namespace that does not exist yet either.
    namespace: Option<NamespaceId>,
    namespace_labels: Labels,
    labels: Labels,
}

/// A value for a label of which only the key is asked for.
const ANY: &str = "any";

impl FuturePod {
    /// A pod without labels in a namespace without labels.
    pub(super) fn plain(cluster: ClusterId) -> Self {
        Self { cluster, namespace: None, namespace_labels: Labels::default(), labels: Labels::default() }
    }

    /// A pod without labels in that namespace.
    pub(super) fn within(reach: &Reach, namespace: NamespaceId) -> Self {
        let namespace_labels = reach.namespaces.labels(namespace).cloned().unwrap_or_default();
        let cluster = reach.namespaces.cluster(namespace);
        Self { cluster, namespace: Some(namespace), namespace_labels, labels: Labels::default() }
    }

    /// The least that a set selects; `None` where its selector cannot be met or read.
    pub(super) fn of(reach: &Reach, set: SetId) -> Option<Self> {
        let (scope, selector) = reach.sets.get(set)?;
        let labels = least(reach, selector)?;
        Some(match scope {
            Scope::Within(namespace) => {
                let namespace_labels = reach.namespaces.labels(namespace).cloned().unwrap_or_default();
                let cluster = reach.namespaces.cluster(namespace);
                Self { cluster, namespace: Some(namespace), namespace_labels, labels }
            }
            Scope::Matching(cluster, namespaces) => {
                let namespace_labels = least(reach, namespaces)?;
                Self { cluster, namespace: None, namespace_labels, labels }
            }
        })
    }

    /// What rules see of it.
    pub(super) fn as_stranger<'a>(&'a self, reach: &'a Reach, unknown: ConditionId) -> Stranger<'a> {
        let known = |labels| KnownLabels { labels, unknown: Unknown::Nothing };
        let matches_blocks = reach.profiles.switches(self.cluster).ip_block_matches_pods;
        Stranger {
            cluster: self.cluster,
            sets: &reach.sets,
            selectors: &reach.selectors,
            labels: known(&self.labels),
            home: self.namespace.map_or(Home::New, Home::In),
            namespace: known(&self.namespace_labels),
            unknown,
            address: if matches_blocks { Address::OfPod(&reach.blocks) } else { Address::None },
        }
    }
}

/// The fewest labels that a selector asks for; `None` where it cannot be read or contradicts itself.
fn least(reach: &Reach, id: SelectorId) -> Option<Labels> {
    let selector = reach.selectors.get(id)?;
    let asked = selector.requirements.iter().filter_map(|Requirement { key, operator }| match operator {
        Operator::In(values) => Some((key.clone(), values.first().cloned().unwrap_or_default())),
        Operator::Exists => Some((key.clone(), Text::const_new(ANY))),
        Operator::NotIn(_) | Operator::DoesNotExist => None,
    });
    let labels: Labels = asked.collect();
    let known = KnownLabels { labels: &labels, unknown: Unknown::Nothing };
    (reach.selectors.judge(id, &known) == Some(true)).then_some(labels)
}

/// ``pods `app=checkout` of namespaces `pci=cde` ``.
pub(super) fn described(reach: &Reach, set: SetId) -> Option<String> {
    let (scope, selector) = reach.sets.get(set)?;
    let pods = text(reach, selector);
    let mut who = if pods.is_empty() { "any pod".to_owned() } else { format!("pods `{pods}`") };
    match scope {
        Scope::Within(namespace) => {
            let name = reach.namespaces.name(namespace);
            write!(who, " of namespace `{name}`").ok()?;
        }
        Scope::Matching(_, namespaces) => {
            let namespaces = text(reach, namespaces);
            let of = if namespaces.is_empty() {
                "any namespace".to_owned()
            } else {
                format!("namespaces `{namespaces}`")
            };
            write!(who, " of {of}").ok()?;
        }
    }
    Some(who)
}

/// `app=checkout,tier in (a, b),!legacy`.
fn text(reach: &Reach, id: SelectorId) -> String {
    if let Some(expression) = reach.selectors.as_expression(id) {
        return expression.to_string();
    }
    let Some(selector) = reach.selectors.get(id) else { return String::new() };
    let requirement = |Requirement { key, operator }: &Requirement| match operator {
        Operator::In(values) if values.len() == 1 => format!("{key}={}", values.join("")),
        Operator::In(values) => format!("{key} in ({})", values.join(", ")),
        Operator::NotIn(values) => format!("{key} not in ({})", values.join(", ")),
        Operator::Exists => key.to_string(),
        Operator::DoesNotExist => format!("!{key}"),
    };
    selector.requirements.iter().map(requirement).collect::<Vec<_>>().join(",")
}
