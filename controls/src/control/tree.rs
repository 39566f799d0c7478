//! Front matter as a tree over its tokens.

use std::ops::Range;

use super::yaml::{Form, Token};

/// A value: its own token and those of what it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Yaml<'t> {
    own: &'t Token,
    held: &'t [Token],
}

impl<'t> Yaml<'t> {
    /// The value that `tokens` begin with, and the tokens after it.
    pub(super) fn first(tokens: &'t [Token]) -> Option<(Self, &'t [Token])> {
        let (own, rest) = tokens.split_first()?;
        let count = match own.form {
            Form::Text(_) => 0,
            Form::List(count) | Form::Map(count) => count,
        };
        let (held, after) = rest.split_at_checked(count)?;
        Some((Self { own, held }, after))
    }

    /// Where it is written.
    pub(super) fn range(self) -> Range<usize> {
        self.own.start..self.own.end
    }

    pub(super) fn as_text(self) -> Option<&'t str> {
        if let Form::Text(text) = &self.own.form { Some(text) } else { None }
    }

    pub(super) fn is_map(self) -> bool {
        matches!(self.own.form, Form::Map(_))
    }

    /// The texts of a list, or the one text that stands for a list of one.
    pub(super) fn texts(self) -> Option<Vec<&'t str>> {
        match &self.own.form {
            Form::Text(text) => Some(vec![text]),
            Form::List(_) => self.held().map(Self::as_text).collect(),
            Form::Map(_) => None,
        }
    }

    /// Keys and values of a map; none for anything else.
    pub(super) fn entries(self) -> impl Iterator<Item = (Self, Self)> {
        let mut held = self.held();
        let is_map = self.is_map();
        std::iter::from_fn(move || if is_map { held.next().zip(held.next()) } else { None })
    }

    fn held(self) -> impl Iterator<Item = Self> {
        let mut rest = self.held;
        std::iter::from_fn(move || {
            let (next, after) = Self::first(rest)?;
            rest = after;
            Some(next)
        })
    }
}
