//! What is wrong with a control file.

use std::ops::Range;

/// A mistake at a place of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Bytes of the file.
    pub(crate) range: Range<usize>,
    /// Lower case, no full stop.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: Option<String>,
}

impl Fault {
    pub(crate) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// `` (did you mean `x`?) `` for the known word that is nearest to `word`, if one is near.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    ringfence_model::nearest(word, known).map(|one| format!(" (did you mean `{one}`?)")).unwrap_or_default()
}
