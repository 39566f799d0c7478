//! Errors in the order found, up to a bound.

use ringfence_model::{Diagnostic, FileId, Location, masked};

/// After so many errors nobody reads on, and hostile input must not grow without bound.
const MOST: usize = 200;
/// Characters of the user's text that a message shows.
const SHOWN: usize = 80;

/// Collects errors.
#[derive(Debug)]
pub(crate) struct Report {
    file: FileId,
    diagnostics: Vec<Diagnostic>,
    more: usize,
}

impl Report {
    pub(crate) fn new(file: FileId) -> Self {
        Self { file, diagnostics: Vec::new(), more: 0 }
    }

    pub(crate) fn error(&mut self, code: &'static str, at: Option<Location>, message: String, help: String) {
        let at = at.unwrap_or(Location::start_of(self.file));
        self.push(Diagnostic::error(code, message).at(at).help(help));
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if !self.overflows() {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Counts an error that will not be shown, if so many are there already: its help need not be made.
    pub(crate) fn overflows(&mut self) -> bool {
        let full = self.diagnostics.len() >= MOST;
        self.more += usize::from(full);
        full
    }

    /// The first errors, and how many more there are.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        if self.more > 0 {
            let message = format!("{} more errors are not shown", self.more);
            let at = Location::start_of(self.file);
            let rest = Diagnostic::error("declaration-errors", message).at(at);
            self.diagnostics.push(rest.help("correct those above first"));
        }
        self.diagnostics
    }
}

/// A text of the user as a message may show it: masked, on one line, not too long.
pub(crate) fn shown(text: &str) -> String {
    let one_line = |one: char| if one.is_control() { ' ' } else { one };
    let short: String = text.chars().take(SHOWN).map(one_line).collect();
    let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("`{}{more}`", masked(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_masked_and_short() {
        assert_eq!(shown("4111111111111111"), "`************1111`");
        assert_eq!(shown("a\nb"), "`a b`");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 83);
    }
}
