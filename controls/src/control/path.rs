//! Dotted paths of the front matter: `each` names elements, `at` names the field to point at.

use ringfence_model::Kind;

/// Steps from a body or an element. `*` stands for every entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Box<[Box<str>]>);

impl Path {
    /// The path spelled `text`; `None` where a step is empty.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let steps: Box<[Box<str>]> = text.split('.').map(Box::from).collect();
        steps
            .iter()
            .all(|step| !step.is_empty() && !step.contains(char::is_whitespace))
            .then_some(Self(steps))
    }

    /// The steps.
    pub(crate) fn steps(&self) -> &[Box<str>] {
        &self.0
    }
}

/// Something that is the same for all kinds, or given for some of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PerKind<T> {
    /// For all kinds.
    Same(T),
    /// By kind; the others have none.
    Kinds(Vec<(Box<str>, T)>),
}

impl<T> PerKind<T> {
    /// What holds for `kind`.
    pub(crate) fn of(&self, kind: &Kind) -> Option<&T> {
        match self {
            Self::Same(one) => Some(one),
            Self::Kinds(kinds) => kinds.iter().find(|(name, _)| kind.is(name)).map(|(_, one)| one),
        }
    }
}
