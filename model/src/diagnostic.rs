//! What could not be read or evaluated, with its place and what to do.

use crate::Location;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Something was not read or evaluated: the run is incomplete.
    Error,
    /// Everything was read, but something is likely not meant that way.
    Warning,
    /// Worth knowing.
    Note,
}

/// One message about the input. Engines and parsers return these and go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub level: Level,
    /// A stable name of this kind of message, e.g. `duplicate-key`.
    pub code: &'static str,
    /// Lower case, no full stop, user input in backticks.
    pub message: String,
    /// The place; for a file as a whole, its start.
    pub location: Option<Location>,
    /// Other places, each with two to six words.
    pub related: Vec<(Location, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Something was not read or evaluated.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Error, code, message)
    }

    /// Something is likely not meant that way.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, code, message)
    }

    /// Worth knowing.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Note, code, message)
    }

    fn new(level: Level, code: &'static str, message: impl Into<String>) -> Self {
        Self { level, code, message: message.into(), location: None, related: Vec::new(), help: None }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, location: impl Into<Option<Location>>) -> Self {
        self.location = location.into();
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, location: Option<Location>, label: impl Into<String>) -> Self {
        self.related.extend(location.map(|location| (location, label.into())));
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
