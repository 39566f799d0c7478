//! How much work one evaluation may be: nested macros over long lists and texts that double end here.

use std::cell::Cell;

use super::value::{Entries, Value, View};
use crate::policy::{Doubt, Doubts};

/// How many steps one evaluation may take.
const MOST: usize = 1_000_000;
/// How many bytes of text are compared or copied in one step.
const BYTES: usize = 64;
/// How many entries of a map are passed over in one step.
const ENTRIES: usize = 32;

/// The steps taken so far.
#[derive(Default)]
pub(super) struct Steps(Cell<usize>);

impl Steps {
    /// Takes `count` more.
    pub(super) fn take<'e>(&self, count: usize) -> Result<(), Doubts<'e>> {
        self.0.set(self.0.get().saturating_add(count));
        if self.are_spent() { Err(vec![spent()]) } else { Ok(()) }
    }

    /// Takes as many as it costs to read or copy all of the texts.
    pub(super) fn take_texts<'v, 'e: 'v>(
        &self,
        values: impl IntoIterator<Item = &'v Value<'e>>,
    ) -> Result<(), Doubts<'e>> {
        let length = |value: &'v Value<'e>| value.as_text().map_or(0, str::len);
        self.take(values.into_iter().map(|value| length(value) / BYTES).sum())
    }

    /// Takes as many as it costs to find a key.
    pub(super) fn take_look_up<'e>(&self, entries: Entries<'_, 'e>) -> Result<(), Doubts<'e>> {
        self.take(entries.len() / ENTRIES)
    }

    /// Takes as many as it costs to copy the items of all lists.
    pub(super) fn take_lists<'e>(&self, values: [&Value<'e>; 2]) -> Result<(), Doubts<'e>> {
        let length = |value: &Value<'e>| if let View::List(items) = value.view() { items.len() } else { 0 };
        self.take(values.into_iter().map(length).sum())
    }

    /// Whether no step is left.
    pub(super) fn are_spent(&self) -> bool {
        self.0.get() > MOST
    }
}

fn spent<'e>() -> Doubt<'e> {
    Doubt::mismatch("the policy takes too many steps on this value", None)
}
