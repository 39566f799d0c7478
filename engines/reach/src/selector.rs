//! Selectors of all policies, each once, and which of them match an object's labels.

use ringfence_model::Text;
pub(crate) use ringfence_model::selector::{KnownLabels, Unknown};
use ringfence_model::selector::{Operator, Requirement, Selector};
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

    /// The virtual labels that are asked for, each once, sorted.
    pub(crate) fn virtual_keys(&self) -> Vec<Text> {
        let requirements = self.all.iter().flat_map(|selector| &selector.requirements);
        let mut keys: Vec<Text> =
            requirements.filter(|one| one.key.starts_with('@')).map(|one| one.key.clone()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    pub(crate) fn get(&self, id: SelectorId) -> Option<&Selector> {
        self.all.get(id.0 as usize)
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
    /// Those filed under any of `values`, each once.
    filed: Vec<SelectorId>,
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
                filed.filed.push(id);
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
        let unknown = match &known.unknown {
            Unknown::Rest => return self.all.iter().for_each(judge),
            Unknown::Nothing => &[],
            Unknown::Keys(keys) => keys.as_slice(),
        };
        self.scanned.iter().for_each(&mut judge);
        // A selector that requires a label of which nothing is known may match, whatever its value.
        for key in unknown.iter().filter_map(|key| self.keys.get(key)) {
            key.any_value.iter().for_each(&mut judge);
            key.filed.iter().for_each(&mut judge);
        }
        for (key, value) in known.labels.iter() {
            let Some(filed) = self.keys.get(key).filter(|_| !unknown.iter().any(|one| one == key)) else {
                continue;
            };
            filed.any_value.iter().for_each(&mut judge);
            filed.values.get(value).into_iter().flatten().for_each(&mut judge);
        }
    }
}

#[cfg(test)]
mod tests {
    use ringfence_model::Labels;
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
