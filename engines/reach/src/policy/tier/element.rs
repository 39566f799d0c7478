//! Elements of lists of peers and ports, which may be of a kind that is not known.

use ringfence_model::{Entry, Field, Node};

use crate::condition::{Certainty, ConditionId};

/// What one element stands for, or all of a list together.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Element<T> {
    pub(in crate::policy) specs: Vec<T>,
    /// Set where it is of a kind that is not known, or under a condition: the rule then fails closed.
    pub(in crate::policy) closed: Option<Certainty>,
}

impl<T> Element<T> {
    /// Of a kind that is known.
    pub(in crate::policy) fn of(specs: Vec<T>) -> Self {
        Self { specs, closed: None }
    }

    /// Of a kind that is not known.
    pub(in crate::policy) fn other() -> Self {
        Self { specs: Vec::new(), closed: Some(None) }
    }

    /// Not known, so that it may be of any kind.
    pub(in crate::policy) fn unknown(spec: T, condition: ConditionId) -> Self {
        Self { specs: vec![spec], closed: Some(Some(condition)) }
    }

    /// All elements of a list.
    pub(super) fn all(elements: Vec<Self>) -> Self {
        let mut all = Self::of(Vec::new());
        for element in elements {
            all.closed = match (all.closed, element.closed) {
                (Some(None), _) | (_, Some(None)) => Some(None),
                (first, second) => first.or(second),
            };
            all.specs.extend(element.specs);
        }
        all
    }
}

/// The entries of a map that are not null.
pub(super) fn set_entries(node: &Node) -> impl Iterator<Item = &Entry> {
    node.entries().iter().filter(|entry| !matches!(entry.node.as_field(), Field::Absent))
}

/// The entry of a map that has one.
pub(in crate::policy) fn only_entry(node: &Node) -> Option<&Entry> {
    let mut entries = set_entries(node);
    entries.next().filter(|_| entries.next().is_none())
}

/// As the API's pattern has it: labels with dots between them, at least two, and perhaps `*.` before them.
pub(super) fn is_domain_name(text: &str) -> bool {
    let text = text.strip_prefix("*.").unwrap_or(text);
    let text = text.strip_suffix('.').unwrap_or(text);
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let label = |label: &str| {
        let bytes = label.as_bytes();
        edge(bytes.first()) && edge(bytes.last()) && bytes.iter().copied().all(inner)
    };
    text.contains('.') && text.split('.').all(label)
}
