//! What the evaluator asks of a policy language, and how a language says that it cannot tell.

use std::fmt::Debug;

use ringfence_model::{Entry, Field, Location, Missing, Node, Reason, Resource, ResourceId, masked};

use crate::world::World;

/// A condition in some language. CEL is the only one today; another one implements this and nothing else.
pub(crate) trait Condition: Debug + Send + Sync {
    /// Whether it holds of `input`. What was read on the way goes to `readings`, where somebody asks.
    fn holds<'e>(
        &'e self,
        input: &Input<'_, 'e>,
        readings: Option<&mut Readings>,
    ) -> Result<bool, Doubts<'e>>;

    /// Whether it looks at the element and not only at the resource.
    fn concerns_item(&self) -> bool;

    /// What will go wrong whenever it is evaluated: offset into its source, and why.
    fn flaws(&self) -> Vec<(usize, String)>;
}

/// What a condition is about.
#[derive(Clone, Copy)]
pub(crate) struct Input<'w, 'e> {
    /// Everything around it.
    pub(crate) world: &'w World<'e>,
    /// The resource that is judged.
    pub(crate) id: ResourceId,
    /// The same.
    pub(crate) resource: &'e Resource,
    /// The pod spec, for kinds that bear pods.
    pub(crate) pod: Option<Field<'e>>,
    /// The element that is judged; the whole body where the control names none.
    pub(crate) item: Item<'e>,
    /// Path of the element for people; only needed together with readings.
    pub(crate) path: &'w str,
}

/// An element of a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item<'e> {
    /// A value.
    Node(&'e Node),
    /// An entry of a map (`metadata.annotations.*`), with `key` and `value`.
    Entry(&'e Entry),
}

impl<'e> Item<'e> {
    /// The value.
    pub(crate) fn node(self) -> &'e Node {
        match self {
            Self::Node(node) => node,
            Self::Entry(entry) => &entry.node,
        }
    }
}

/// Why a condition cannot be told; never empty.
pub(crate) type Doubts<'e> = Vec<Doubt<'e>>;

/// One reason why a condition cannot be told.
#[derive(Clone, Debug)]
pub(crate) enum Doubt<'e> {
    /// It depends on a value that is not known.
    Unresolved(&'e Node),
    /// It depends on a list that the declaration does not give.
    Undeclared(&'static str),
    /// It depends on something that is not in the input.
    Elsewhere(Box<Missing>),
    /// A value is not what it should be.
    Mismatch(Box<Mismatch>),
}

/// A value that is not what it should be.
#[derive(Clone, Debug)]
pub(crate) struct Mismatch {
    /// One clause.
    pub(crate) what: String,
    /// Where the value is written.
    pub(crate) location: Option<Location>,
}

impl<'e> Doubt<'e> {
    /// A value is not what it should be.
    pub(crate) fn mismatch(what: impl Into<String>, location: Option<Location>) -> Self {
        Self::Mismatch(Box::new(Mismatch { what: what.into(), location }))
    }

    /// Something is not in the input.
    pub(crate) fn elsewhere(remedy: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Elsewhere(Box::new(Missing { remedy: remedy.into(), why: why.into() }))
    }

    /// What would resolve it, and why it is missing.
    pub(crate) fn missing(&self) -> Missing {
        match self {
            Self::Unresolved(node) => {
                let cause = node.as_unresolved().map(|unresolved| &unresolved.cause);
                Missing {
                    remedy: cause.map(ringfence_model::Cause::remedy).unwrap_or_default(),
                    why: cause.map(ringfence_model::Cause::describe).unwrap_or_default(),
                }
            }
            Self::Undeclared(key) => Missing {
                remedy: format!("`{key}:`"),
                why: format!("`ringfence.yaml` does not list `{key}`"),
            },
            Self::Elsewhere(missing) => (**missing).clone(),
            Self::Mismatch(mismatch) => {
                Missing { remedy: "values of the right type".to_owned(), why: mismatch.what.clone() }
            }
        }
    }

    /// Where it is written.
    pub(crate) fn location(&self) -> Option<Location> {
        match self {
            Self::Unresolved(node) => node.location(),
            Self::Mismatch(mismatch) => mismatch.location,
            Self::Undeclared(_) | Self::Elsewhere(_) => None,
        }
    }
}

/// How many readings are kept; more would not be read.
const MOST: usize = 12;

/// What was read on the way to a verdict.
#[derive(Debug, Default)]
pub(crate) struct Readings(Vec<Reading>);

#[derive(Debug)]
struct Reading {
    label: String,
    /// What it says; where it says nothing, only that it is there counted, and its value says more.
    text: Option<String>,
    location: Option<Location>,
}

impl Readings {
    /// `text`, about the value of `label`, counted.
    pub(crate) fn value(&mut self, label: String, text: String, location: Option<Location>) {
        self.push(Reading { label, text: Some(text), location });
    }

    /// That `label` is there counted.
    pub(crate) fn presence(&mut self, label: String, location: Option<Location>) {
        self.push(Reading { label, text: None, location });
    }

    fn push(&mut self, reading: Reading) {
        let is_said = |one: &Reading| match reading.text {
            Some(_) => one.label == reading.label && one.text == reading.text,
            None => is_below(&one.label, &reading.label),
        };
        if self.0.iter().any(is_said) {
            return;
        }
        self.0.retain(|one| one.text.is_some() || !is_below(&reading.label, &one.label));
        if self.0.len() < MOST {
            self.0.push(reading);
        }
    }

    /// All of them, in the order they were read.
    pub(crate) fn into_reasons(self) -> Vec<Reason> {
        let reason = |Reading { label, text, location }| {
            let text = text.unwrap_or_else(|| format!("`{label}` is set"));
            Reason { text: masked(text), location }
        };
        self.0.into_iter().map(reason).collect()
    }
}

/// Whether `label` is `above` or a part of it.
fn is_below(label: &str, above: &str) -> bool {
    label.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_says_more_than_its_presence() {
        let mut readings = Readings::default();
        readings.presence("a".into(), None);
        readings.presence("a.b".into(), None);
        readings.value("a.b".into(), "`a.b` is `true`".into(), None);
        readings.presence("a.b".into(), None);
        readings.presence("ab".into(), None);
        let texts: Vec<_> = readings.into_reasons().into_iter().map(|reason| reason.text).collect();
        assert_eq!(texts, ["`a.b` is `true`", "`ab` is set"]);
    }
}
