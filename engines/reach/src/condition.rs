//! Conditions: why a decision is neither allow nor deny, each text once.

use std::sync::Arc;

use rustc_hash::FxHashMap;

/// A condition; index into [`Conditions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConditionId(u32);

impl ConditionId {
    /// Stands for conditions that are too many to tell apart.
    pub(crate) const SEVERAL: Self = Self(0);
}

/// Whether something holds: certainly, or under a condition.
pub(crate) type Certainty = Option<ConditionId>;

/// All conditions of a run.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    texts: Vec<Arc<str>>,
    ids: FxHashMap<Arc<str>, ConditionId>,
}

impl Default for Conditions {
    fn default() -> Self {
        let mut conditions = Self { texts: Vec::new(), ids: FxHashMap::default() };
        conditions.id("the labels of several namespaces or pods are not known");
        conditions
    }
}

impl Conditions {
    /// The condition that reads `text`: one clause, lower case, no full stop.
    pub(crate) fn id(&mut self, text: &str) -> ConditionId {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let text: Arc<str> = text.into();
        let id = ConditionId(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(Arc::clone(&text));
        self.ids.insert(text, id);
        id
    }

    /// The condition that reads `text`, if anything hangs on it.
    pub(crate) fn find(&self, text: &str) -> Option<ConditionId> {
        self.ids.get(text).copied()
    }

    /// The text of `ids` together; `None` where there is none.
    pub(crate) fn join(&self, ids: &[ConditionId]) -> Option<Arc<str>> {
        let mut texts = ids.iter().filter_map(|id| self.texts.get(id.0 as usize));
        let first = texts.next()?;
        let rest: Vec<&str> = texts.map(|text| &**text).collect();
        if rest.is_empty() {
            return Some(Arc::clone(first));
        }
        Some(format!("{first}; {}", rest.join("; ")).into())
    }
}
