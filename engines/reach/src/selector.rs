//! Selectors of all policies, each once, and which of them match an object's labels.

use ringfence_model::selector::{Operator, Requirement, Selector};
use ringfence_model::{Field, Labels, Text};
use rustc_hash::FxHashMap;

/// A selector; index into [`Selectors`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SelectorId(u32);

/// All selectors of a run.
#[derive(Debug, Default)]
pub(crate) struct Selectors {
    all: Vec<Selector>,
    ids: FxHashMap<Selector, SelectorId>,
}

impl Selectors {
    pub(crate) fn id(&mut self, selector: Selector) -> SelectorId {
        if let Some(id) = self.ids.get(&selector) {
            return *id;
        }
        let id = SelectorId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(selector.clone());
        self.ids.insert(selector, id);
        id
    }

    pub(crate) fn get(&self, id: SelectorId) -> Option<&Selector> {
        self.all.get(id.0 as usize)
    }
}

/// The labels of an object as far as they are known.
#[derive(Clone, Debug)]
pub(crate) struct KnownLabels<'a> {
    pub(crate) labels: &'a Labels,
    pub(crate) unknown: Unknown,
}

/// Which labels are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    Nothing,
    /// The values of these keys, which may also be absent.
    Keys(Vec<Text>),
    /// Whatever is not among the known ones.
    Rest,
}

impl Unknown {
    /// What cannot be known of the labels of `object` (what has `metadata.labels`).
    pub(crate) fn of(object: Field<'_>) -> Self {
        let labels = match object {
            Field::Present(node) => node.field("metadata.labels"),
            other => other,
        };
        match labels {
            Field::Absent => Self::Nothing,
            Field::Unresolved(..) => Self::Rest,
            Field::Present(labels) => {
                let unread = labels.entries().iter().filter(|entry| entry.node.as_str().is_none());
                let keys: Vec<Text> = unread.map(|entry| Text::from(&*entry.key)).collect();
                if keys.is_empty() { Self::Nothing } else { Self::Keys(keys) }
            }
        }
    }
}

impl KnownLabels<'_> {
    /// Whether `selector` matches; `None` where an unknown label or an unreadable part decides.
    fn judge(&self, selector: &Selector) -> Option<bool> {
        let mut certain = selector.unreadable.is_empty();
        for requirement in &selector.requirements {
            if self.is_unknown(&requirement.key) {
                certain = false;
            } else if !requirement.holds(self.labels) {
                return Some(false);
            }
        }
        certain.then_some(true)
    }

    fn is_unknown(&self, key: &str) -> bool {
        match &self.unknown {
            Unknown::Nothing => false,
            Unknown::Keys(keys) => keys.iter().any(|unknown| unknown == key),
            Unknown::Rest => self.labels.get(key).is_none(),
        }
    }
}

/// Finds the selectors that match, without trying all: each is filed under one label that it requires.
#[derive(Debug, Default)]
pub(crate) struct Index {
    keys: FxHashMap<Text, Filed>,
    /// Selectors that require no label.
    scanned: Vec<SelectorId>,
    all: Vec<SelectorId>,
}

#[derive(Debug, Default)]
struct Filed {
    any_value: Vec<SelectorId>,
    values: FxHashMap<Text, Vec<SelectorId>>,
}

impl Index {
    pub(crate) fn new(selectors: &Selectors, ids: impl IntoIterator<Item = SelectorId>) -> Self {
        let mut index = Self::default();
        index.all.extend(ids);
        index.all.sort_unstable();
        index.all.dedup();
        for id in index.all.clone() {
            let Some(selector) = selectors.get(id) else { continue };
            index.file(id, selector);
        }
        index
    }

    fn file(&mut self, id: SelectorId, selector: &Selector) {
        // The fewest values first: it is likely the rarest.
        let narrowest = selector.requirements.iter().min_by_key(|requirement| match &requirement.operator {
            Operator::In(values) => values.len(),
            Operator::Exists => usize::MAX - 1,
            Operator::NotIn(_) | Operator::DoesNotExist => usize::MAX,
        });
        match narrowest {
            Some(Requirement { key, operator: Operator::In(values) }) => {
                let filed = self.keys.entry(key.clone()).or_default();
                values.iter().for_each(|value| filed.values.entry(value.clone()).or_default().push(id));
            }
            Some(Requirement { key, operator: Operator::Exists }) => {
                self.keys.entry(key.clone()).or_default().any_value.push(id);
            }
            _ => self.scanned.push(id),
        }
    }

    /// Calls `found` for each selector that matches, with whether it certainly does.
    pub(crate) fn matches(
        &self,
        selectors: &Selectors,
        known: &KnownLabels<'_>,
        mut found: impl FnMut(SelectorId, bool),
    ) {
        let mut judge = |id: &SelectorId| {
            let answer = selectors.get(*id).map(|selector| known.judge(selector));
            match answer {
                Some(Some(true)) => found(*id, true),
                Some(None) => found(*id, false),
                Some(Some(false)) | None => {}
            }
        };
        if known.unknown != Unknown::Nothing {
            return self.all.iter().for_each(judge);
        }
        self.scanned.iter().for_each(&mut judge);
        for (key, value) in known.labels.iter() {
            let Some(filed) = self.keys.get(key) else { continue };
            filed.any_value.iter().for_each(&mut judge);
            filed.values.get(value).into_iter().flatten().for_each(&mut judge);
        }
    }
}

#[cfg(test)]
mod tests {
    use ringfence_model::selector::Unreadable;

    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(key, value)| (Text::from(*key), Text::from(*value))).collect()
    }

    fn selector(requirements: Vec<(&str, Operator)>) -> Selector {
        let requirement = |(key, operator): (&str, Operator)| Requirement { key: key.into(), operator };
        Selector { requirements: requirements.into_iter().map(requirement).collect(), unreadable: Vec::new() }
    }

    fn one_of(values: &[&str]) -> Operator {
        Operator::In(values.iter().map(|value| Text::from(*value)).collect())
    }

    #[track_caller]
    fn check(pairs: &[(&str, &str)], unknown: Unknown, expected: &[(u32, bool)]) {
        let mut selectors = Selectors::default();
        let mut unreadable = selector(vec![("app", one_of(&["a"]))]);
        unreadable.unreadable.push(Unreadable { why: "x".into(), location: None });
        let ids = [
            selector(vec![]),
            selector(vec![("app", one_of(&["a", "b"])), ("tier", one_of(&["web"]))]),
            selector(vec![("app", Operator::Exists), ("tier", Operator::DoesNotExist)]),
            selector(vec![("app", Operator::NotIn(vec!["a".into()]))]),
            unreadable,
        ]
        .map(|selector| selectors.id(selector));
        let index = Index::new(&selectors, ids);
        let labels = labels(pairs);
        let mut found = Vec::new();
        index.matches(&selectors, &KnownLabels { labels: &labels, unknown }, |id, certain| {
            found.push((id.0, certain))
        });
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn exactly_what_matches_is_found() {
        check(&[], Unknown::Nothing, &[(0, true), (3, true)]);
        check(&[("app", "b"), ("tier", "web")], Unknown::Nothing, &[(0, true), (1, true), (3, true)]);
        check(&[("app", "a")], Unknown::Nothing, &[(0, true), (2, true), (4, false)]);
    }

    #[test]
    fn an_unknown_label_never_selects_nor_excludes_by_itself() {
        check(
            &[("tier", "web")],
            Unknown::Keys(vec!["app".into()]),
            &[(0, true), (1, false), (3, false), (4, false)],
        );
        check(&[("app", "b")], Unknown::Rest, &[(0, true), (1, false), (2, false), (3, true)]);
    }
}
