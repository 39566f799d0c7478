//! Why a document cannot be read, and the diagnostics of a file.

use ringfence_model::{Diagnostic, FileId, Location, mask};

/// Why a document cannot be read: it ends the document.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    /// Byte offset in the file.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) message: String,
    pub(crate) help: &'static str,
    /// Another place and what it is.
    pub(crate) related: Option<(usize, &'static str)>,
}

impl Fault {
    pub(crate) fn new(code: &'static str, start: usize, end: usize, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { code, start, end, message: message.into(), help: "", related: None })
    }

    pub(crate) fn help(mut self: Box<Self>, help: &'static str) -> Box<Self> {
        self.help = help;
        self
    }

    pub(crate) fn related(mut self: Box<Self>, at: Option<usize>, label: &'static str) -> Box<Self> {
        self.related = at.map(|at| (at, label));
        self
    }

    /// The message about `text`; its place is rounded to whole characters.
    pub(crate) fn diagnostic(self, file: FileId, text: &str) -> Diagnostic {
        let place = |start: usize, end: usize| {
            let start = text.floor_char_boundary(start);
            Location::new(file, start, text.ceil_char_boundary(end.max(start)))
        };
        let mut diagnostic = Diagnostic::error(self.code, self.message).at(place(self.start, self.end));
        if let Some((at, label)) = self.related {
            diagnostic = diagnostic.related(Some(place(at, at + 1)), label);
        }
        if !self.help.is_empty() {
            diagnostic = diagnostic.help(self.help);
        }
        diagnostic
    }
}

/// The diagnostics of a file, so many and no more.
#[derive(Debug)]
pub(crate) struct Log {
    diagnostics: Vec<Diagnostic>,
    most: usize,
    beyond: usize,
}

impl Log {
    pub(crate) fn new(most: usize) -> Self {
        Self { diagnostics: Vec::new(), most, beyond: 0 }
    }

    /// Makes the diagnostic only where it is kept.
    pub(crate) fn push(&mut self, diagnostic: impl FnOnce() -> Diagnostic) {
        if self.diagnostics.len() < self.most {
            self.diagnostics.push(diagnostic());
        } else {
            self.beyond += 1;
        }
    }

    /// How many there are.
    pub(crate) fn mark(&self) -> (usize, usize) {
        (self.diagnostics.len(), self.beyond)
    }

    /// Drops those that were added since.
    pub(crate) fn back_to(&mut self, (kept, beyond): (usize, usize)) {
        self.diagnostics.truncate(kept);
        self.beyond = beyond;
    }

    pub(crate) fn finish(mut self, file: FileId) -> Vec<Diagnostic> {
        if self.beyond > 0 {
            let message = format!("{} more messages about this file are not shown", self.beyond);
            let more = Diagnostic::warning("more-diagnostics", message)
                .at(Location::start_of(file))
                .help("correct those that are shown and run again");
            self.diagnostics.push(more);
        }
        self.diagnostics
    }
}

/// The longest piece of user text in a message, in characters.
const SHOWN: usize = 60;

/// User text for a message: on one line, masked, and not too long.
pub(crate) fn shown(text: &str) -> String {
    let masked = mask(text);
    let mut shown: String =
        masked.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if masked.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
