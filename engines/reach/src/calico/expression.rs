//! What selectors of several fields say together, over labels as Calico gives them to endpoints.
//!
//! ```text
//! app                            a label of the endpoint
//! pcns.team                      a label of its namespace
//! pcsa.team                      a label of its service account
//! projectcalico.org/namespace    its namespace; host endpoints and global network sets have none
//! ```
//! Source: `libcalico-go/lib/backend/syncersv1/updateprocessors`, where a policy becomes one selector.

use ringfence_model::Text;
use ringfence_model::selector::{Operator, Requirement};

use super::selector::{Expression, Seen, Test};

/// The label that holds the namespace of an endpoint.
pub(super) const NAMESPACE: &str = "projectcalico.org/namespace";
/// The label that holds what made the endpoint; pods have `k8s`.
const ORCHESTRATOR: &str = "projectcalico.org/orchestrator";
/// The label that holds the name of the service account.
pub(super) const SERVICE_ACCOUNT: &str = "projectcalico.org/serviceaccount";
/// Before the key of a label of the namespace.
pub(super) const OF_NAMESPACE: &str = "pcns.";
/// Before the key of a label of the service account.
pub(super) const OF_SERVICE_ACCOUNT: &str = "pcsa.";
/// Under either prefix: the name.
pub(super) const NAME: &str = "projectcalico.org/name";

impl Expression {
    /// Nothing is selected.
    pub(super) fn none() -> Self {
        Self::Not(Box::new(Self::All))
    }

    /// Who has the label.
    pub(super) fn has(key: &str) -> Self {
        Self::Label(key.into(), Test::Has)
    }

    /// Who has the label with that value.
    pub(super) fn equal(key: &str, value: &str) -> Self {
        Self::Label(key.into(), Test::Equal(value.into()))
    }

    /// Whom all of `parts` select.
    pub(super) fn all_of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Vec::new();
        for part in parts {
            match part {
                Self::All => {}
                Self::And(more) => all.extend(more),
                part => all.push(part),
            }
        }
        match <[Self; 1]>::try_from(all) {
            Ok([one]) => one,
            Err(none) if none.is_empty() => Self::All,
            Err(all) => Self::And(all),
        }
    }

    /// Whom it does not select.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::Unknown => Self::Unknown,
            other => Self::Not(Box::new(other)),
        }
    }

    /// The same of labels under a prefix, with what `all()` and `global()` stand for there.
    pub(super) fn under(&self, prefix: &str, everyone: &Self, global: &Self) -> Self {
        self.map(&|leaf| match leaf {
            Self::Label(key, test) => Self::Label(Text::from(format!("{prefix}{key}")), test.clone()),
            Self::All => everyone.clone(),
            Self::Global => global.clone(),
            other => other.clone(),
        })
    }

    /// The same with other leaves, simplified where they are known to hold or not.
    pub(super) fn map(&self, leaf: &impl Fn(&Self) -> Self) -> Self {
        match self {
            Self::Not(inner) => inner.map(leaf).negated(),
            Self::And(parts) => {
                let parts: Vec<Self> = parts.iter().map(|part| part.map(leaf)).collect();
                if parts.contains(&Self::none()) { Self::none() } else { Self::all_of(parts) }
            }
            Self::Or(parts) => {
                let mut parts: Vec<Self> = parts.iter().map(|part| part.map(leaf)).collect();
                if parts.contains(&Self::All) {
                    return Self::All;
                }
                parts.retain(|part| *part != Self::none());
                match <[Self; 1]>::try_from(parts) {
                    Ok([one]) => one,
                    Err(none) if none.is_empty() => Self::none(),
                    Err(parts) => Self::Or(parts),
                }
            }
            one => leaf(one),
        }
    }

    /// The parts that must all hold.
    pub(super) fn conjuncts(self) -> Vec<Self> {
        match self {
            Self::And(parts) => parts,
            Self::All => Vec::new(),
            other => vec![other],
        }
    }

    /// Calls `visit` for the key of each label that it asks for.
    pub(crate) fn each_key<'a>(&'a self, visit: &mut impl FnMut(&'a Text)) {
        match self {
            Self::Label(key, _) => visit(key),
            Self::Not(inner) => inner.each_key(visit),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.each_key(visit)),
            Self::All | Self::Global | Self::Unknown => {}
        }
    }

    /// Whether a part of it could not be read.
    pub(super) fn is_doubtful(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Not(inner) => inner.is_doubtful(),
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::is_doubtful),
            Self::Label(..) | Self::All | Self::Global => false,
        }
    }

    /// The same as one requirement of a Kubernetes selector, where there is one.
    pub(super) fn requirement(&self) -> Option<Requirement> {
        let (key, test, negated) = match self {
            Self::Label(key, test) => (key, test, false),
            Self::Not(inner) => match &**inner {
                Self::Label(key, test) => (key, test, true),
                _ => return None,
            },
            _ => return None,
        };
        let one = |value: &Text| vec![value.clone()];
        let operator = match (test, negated) {
            (Test::Has, false) => Operator::Exists,
            (Test::Has, true) => Operator::DoesNotExist,
            (Test::Equal(value), false) | (Test::NotEqual(value), true) => Operator::In(one(value)),
            (Test::NotEqual(value), false) | (Test::Equal(value), true) => Operator::NotIn(one(value)),
            (Test::In(values), false) | (Test::NotIn(values), true) => Operator::In(values.to_vec()),
            (Test::NotIn(values), false) | (Test::In(values), true) => Operator::NotIn(values.to_vec()),
            (Test::Contains(_) | Test::StartsWith(_) | Test::EndsWith(_), _) => return None,
        };
        Some(Requirement { key: key.clone(), operator })
    }

    /// Requirements of which at least one must hold, as few as can be told; `None` where there are none.
    pub(crate) fn anchors(&self) -> Option<Vec<Requirement>> {
        let one = |requirement: Requirement| (!requirement.operator.is_negative()).then(|| vec![requirement]);
        match self {
            Self::And(parts) => parts.iter().filter_map(Self::anchors).min_by_key(Vec::len),
            Self::Or(parts) => {
                let anchors: Option<Vec<Vec<Requirement>>> = parts.iter().map(Self::anchors).collect();
                anchors.map(|anchors| anchors.into_iter().flatten().collect())
            }
            Self::Label(key, Test::Contains(_) | Test::StartsWith(_) | Test::EndsWith(_)) => {
                one(Requirement { key: key.clone(), operator: Operator::Exists })
            }
            other => other.requirement().and_then(one),
        }
    }

    /// The same for pods, whose virtual labels the engine knows under names of its own.
    pub(super) fn of_pods(&self) -> Self {
        self.map(&|leaf| match leaf {
            Self::Label(_, Test::In(values)) if values.is_empty() => Self::none(),
            Self::Label(_, Test::NotIn(values)) if values.is_empty() => Self::All,
            Self::Label(key, test) => pod_label(key, test),
            Self::Global => Self::All,
            other => other.clone(),
        })
    }
}

/// One condition on a label of a pod.
fn pod_label(key: &Text, test: &Test) -> Expression {
    use crate::identity;
    let known = |value: Option<bool>| if value == Some(true) { Expression::All } else { Expression::none() };
    let of_namespace = |key: &str| Text::from(format!("{}{key}", identity::OF_NAMESPACE));
    let key = match (key.as_str(), key.strip_prefix(OF_NAMESPACE), key.strip_prefix(OF_SERVICE_ACCOUNT)) {
        (ORCHESTRATOR, ..) => return known(test.holds(Seen::Value("k8s"))),
        (NAMESPACE, ..) | (_, Some(NAME), _) if *test == Test::Has => return Expression::All,
        (NAMESPACE, ..) | (_, Some(NAME), _) => of_namespace(crate::namespace::NAME_LABEL),
        (_, Some(key), _) => of_namespace(key),
        (SERVICE_ACCOUNT, ..) | (_, _, Some(NAME)) => Text::const_new(identity::SERVICE_ACCOUNT),
        (_, _, Some(key)) => Text::from(format!("{}{key}", identity::OF_SERVICE_ACCOUNT)),
        _ => key.clone(),
    };
    Expression::Label(key, test.clone())
}

#[cfg(test)]
mod tests {
    use super::super::Selector;
    use super::*;

    fn read(text: &str) -> Expression {
        Selector::parse(text).unwrap().0
    }

    #[test]
    fn what_is_known_of_every_pod_is_left_out() {
        for (text, expected) in [
            ("projectcalico.org/orchestrator == 'k8s' && app == 'a'", "app == \"a\""),
            ("projectcalico.org/orchestrator != 'k8s' || app == 'a'", "app == \"a\""),
            ("has(projectcalico.org/namespace)", "all()"),
            ("!has(projectcalico.org/namespace) && app == 'a'", "!all()"),
            ("projectcalico.org/namespace == 'n'", "@ns.kubernetes.io/metadata.name == \"n\""),
            ("pcns.projectcalico.org/name in {'n'}", "@ns.kubernetes.io/metadata.name in {\"n\"}"),
            ("pcns.team == 'x' && pcsa.role == 'y'", "(@ns.team == \"x\" && @sa.role == \"y\")"),
            ("projectcalico.org/serviceaccount == 'z'", "@serviceaccount == \"z\""),
            ("app in {} || app not in {}", "all()"),
            ("!(app in {})", "all()"),
        ] {
            assert_eq!(read(text).of_pods().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn plain_conditions_are_requirements() {
        for (text, expected) in [
            ("has(a)", Some(Operator::Exists)),
            ("!has(a)", Some(Operator::DoesNotExist)),
            ("!(a == 'x')", Some(Operator::NotIn(vec!["x".into()]))),
            ("a not in {'y', 'x'}", Some(Operator::NotIn(vec!["x".into(), "y".into()]))),
            ("a contains 'x'", None),
            ("a == 'x' || a == 'y'", None),
        ] {
            assert_eq!(read(text).requirement().map(|one| one.operator), expected, "{text}");
        }
    }

    #[test]
    fn a_selector_is_filed_where_it_can_match() {
        for (text, expected) in [
            ("a == 'x' || b in {'y', 'z'}", Some("a b")),
            ("(a == 'x' || b == 'y') && has(c)", Some("c")),
            ("a contains 'x'", Some("a")),
            ("a == 'x' || b != 'y'", None),
            ("!(a == 'x' || b == 'y')", None),
            ("!(a != 'x') || has(b)", Some("a b")),
        ] {
            let anchors = read(text).anchors();
            let keys =
                anchors.map(|all| all.iter().map(|one| one.key.to_string()).collect::<Vec<_>>().join(" "));
            assert_eq!(keys.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_prefix_reaches_every_label() {
        let everyone = Expression::has(NAMESPACE);
        let under =
            |text: &str| read(text).under(OF_NAMESPACE, &everyone, &everyone.clone().negated()).to_string();
        assert_eq!(under("a == 'x' && !has(b)"), "(pcns.a == \"x\" && !has(pcns.b))");
        assert_eq!(under("all()"), "has(projectcalico.org/namespace)");
        assert_eq!(under("global()"), "!has(projectcalico.org/namespace)");
    }
}
