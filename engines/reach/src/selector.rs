//! Selectors of all policies, each once, and which of them match an object's labels.

use ringfence_model::Text;
pub(crate) use ringfence_model::selector::{KnownLabels, Unknown};
use ringfence_model::selector::{Operator, Requirement, Selector};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::calico::{Expression, Seen};

/// A selector; index into [`Selectors`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SelectorId(u32);

/// All selectors of a run.
#[derive(Debug, Default)]
pub(crate) struct Selectors {
    all: Vec<Selector>,
    ids: FxHashMap<Selector, SelectorId>,
    /// Selectors of Calico that no list of requirements says: of those, `all` holds what must hold in any
    /// case.
    expressions: FxHashMap<SelectorId, Expression>,
    of_expressions: FxHashMap<Expression, SelectorId>,
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

    /// Numbers a selector of Calico. `necessary`: requirements without which it selects nothing, and whether
    /// a part of it cannot be read.
    pub(crate) fn expression(&mut self, expression: Expression, necessary: Selector) -> SelectorId {
        if let Some(id) = self.of_expressions.get(&expression) {
            return *id;
        }
        let id = SelectorId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(necessary);
        self.expressions.insert(id, expression.clone());
        self.of_expressions.insert(expression, id);
        id
    }

    /// Whether it selects an object; `None` where a label that is not known decides.
    pub(crate) fn judge(&self, id: SelectorId, known: &KnownLabels<'_>) -> Option<bool> {
        match self.expressions.get(&id) {
            Some(expression) => expression.judge(&|key: &str| Seen::of(known, key)),
            None => known.judge(self.get(id)?),
        }
    }

    /// The same for a pod that is not in the input: of its service account nothing is known but what `known`
    /// says.
    pub(crate) fn judge_absent(&self, id: SelectorId, known: &KnownLabels<'_>) -> Option<bool> {
        let hidden = |key: &str| key.starts_with('@') && known.labels.get(key).is_none();
        if let Some(expression) = self.expressions.get(&id) {
            return expression.judge(&|key: &str| match hidden(key) {
                true => Seen::Unknown,
                false => Seen::of(known, key),
            });
        }
        let selector = self.get(id)?;
        let (unknown, others): (Vec<&Requirement>, Vec<&Requirement>) =
            selector.requirements.iter().partition(|one| hidden(&one.key));
        match known.meets(others) {
            Some(true) if !unknown.is_empty() || !selector.unreadable.is_empty() => None,
            answer => answer,
        }
    }

    /// A selector of Calico that no list of requirements says.
    pub(crate) fn as_expression(&self, id: SelectorId) -> Option<&Expression> {
        self.expressions.get(&id)
    }

    /// Whether it selects every object; what cannot be read aside.
    pub(crate) fn asks_nothing(&self, id: SelectorId) -> bool {
        let empty = self.get(id).is_some_and(|selector| selector.requirements.is_empty());
        empty && !self.expressions.contains_key(&id)
    }

    /// The virtual labels that are asked for, each once, sorted.
    pub(crate) fn virtual_keys(&self) -> Vec<Text> {
        let requirements = self.all.iter().flat_map(|selector| &selector.requirements);
        let mut keys: Vec<Text> =
            requirements.filter(|one| one.key.starts_with('@')).map(|one| one.key.clone()).collect();
        for expression in self.expressions.values() {
            expression.each_key(&mut |key| keys.extend(key.starts_with('@').then(|| key.clone())));
        }
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
    /// Selectors of which one of several labels must be there, and which are filed under each.
    several: FxHashSet<SelectorId>,
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
            let anchors = selectors.as_expression(id).and_then(Expression::anchors);
            match (selectors.get(id), anchors) {
                (Some(selector), None) => index.file(id, narrowest(selector)),
                (_, Some(anchors)) => {
                    if anchors.len() > 1 {
                        index.several.insert(id);
                    }
                    anchors.iter().for_each(|anchor| index.file(id, Some(anchor)));
                }
                (None, None) => {}
            }
        }
        index
    }

    fn file(&mut self, id: SelectorId, under: Option<&Requirement>) {
        match under {
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

    /// Calls `found` once for each selector that matches, with whether it certainly does. Selectors that are
    /// not `wanted` are passed over.
    pub(crate) fn matches(
        &self,
        selectors: &Selectors,
        known: &KnownLabels<'_>,
        wanted: impl Fn(SelectorId) -> bool,
        mut found: impl FnMut(SelectorId, bool),
    ) {
        let mut judge = |id: &SelectorId| match wanted(*id).then(|| selectors.judge(*id, known)) {
            Some(Some(true)) => found(*id, true),
            Some(None) => found(*id, false),
            Some(Some(false)) | None => {}
        };
        let unknown = match &known.unknown {
            Unknown::Rest => return self.all.iter().for_each(judge),
            Unknown::Nothing => &[],
            Unknown::Keys(keys) => keys.as_slice(),
        };
        self.scanned.iter().for_each(&mut judge);
        let mut done: FxHashSet<SelectorId> = FxHashSet::default();
        let mut once = |id: &SelectorId| {
            if !self.several.contains(id) || done.insert(*id) {
                judge(id);
            }
        };
        // A selector that requires a label of which nothing is known may match, whatever its value.
        for key in unknown.iter().filter_map(|key| self.keys.get(key)) {
            key.any_value.iter().for_each(&mut once);
            key.filed.iter().for_each(&mut once);
        }
        for (key, value) in known.labels.iter() {
            let Some(filed) = self.keys.get(key).filter(|_| !unknown.iter().any(|one| one == key)) else {
                continue;
            };
            filed.any_value.iter().for_each(&mut once);
            filed.values.get(value).into_iter().flatten().for_each(&mut once);
        }
    }
}

/// The requirement under which a selector is filed: the fewest values, since it is likely the rarest.
fn narrowest(selector: &Selector) -> Option<&Requirement> {
    selector.requirements.iter().min_by_key(|requirement| match &requirement.operator {
        Operator::In(values) => values.len(),
        Operator::Exists => usize::MAX - 1,
        Operator::NotIn(_) | Operator::DoesNotExist => usize::MAX,
    })
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
        index.matches(
            &selectors,
            &KnownLabels { labels: &labels, unknown },
            |_| true,
            |id, certain| found.push((id.0, certain)),
        );
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
