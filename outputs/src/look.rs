//! How text looks on a terminal: colours or none, and how wide.

use std::fmt;

use anstyle::{AnsiColor, Color, Style};
use ringfence_model::{Severity, Verdict};

/// Whether to colour, and how many columns there are. The caller decides (terminal or not, `NO_COLOR`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether escape sequences are written.
    pub colour: bool,
    /// Columns of the terminal; text is wrapped at 100 at most.
    pub width: usize,
}

/// Text wider than this is hard to read.
const WIDEST: usize = 100;
/// Narrower than this nothing is legible.
const NARROWEST: usize = 40;

impl Look {
    /// No colours, 100 columns: files and pipes.
    pub const fn plain() -> Self {
        Self { colour: false, width: WIDEST }
    }

    /// Columns to wrap prose at.
    pub(crate) fn columns(self) -> usize {
        self.width.clamp(NARROWEST, WIDEST)
    }

    /// `text` in `tone`.
    pub(crate) fn paint<T: fmt::Display>(self, tone: Tone, text: T) -> Painted<T> {
        Painted { style: if self.colour { tone.style() } else { Style::new() }, text }
    }
}

impl Default for Look {
    fn default() -> Self {
        Self::plain()
    }
}

/// What a stretch of text is, so that one kind of thing has one colour everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Critical,
    High,
    Medium,
    Low,
    Unknown,
    Good,
    Strong,
    Faint,
    Plain,
}

impl Tone {
    pub(crate) fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(Color::Ansi(colour)));
        match self {
            Self::Critical => colour(AnsiColor::BrightRed).bold(),
            Self::High => colour(AnsiColor::Red).bold(),
            Self::Medium => colour(AnsiColor::Yellow).bold(),
            Self::Low => colour(AnsiColor::Cyan).bold(),
            Self::Unknown => colour(AnsiColor::Magenta).bold(),
            Self::Good => colour(AnsiColor::Green),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Plain => Style::new(),
        }
    }
}

impl From<Severity> for Tone {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Critical,
            Severity::High => Self::High,
            Severity::Medium => Self::Medium,
            Severity::Low => Self::Low,
        }
    }
}

/// The tone of a verdict; a fail has that of its severity.
pub(crate) fn tone_of(verdict: Verdict, severity: Severity) -> Tone {
    match verdict {
        Verdict::Fail => severity.into(),
        Verdict::Unknown => Tone::Unknown,
        Verdict::Pass => Tone::Good,
        Verdict::NotApplicable => Tone::Faint,
    }
}

/// Text between the escape sequences of its style.
pub(crate) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.style.render(), self.text, self.style.render_reset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_there_is_no_escape() {
        assert_eq!(Look::plain().paint(Tone::Critical, "x").to_string(), "x");
        let coloured = Look { colour: true, width: 80 };
        assert_eq!(coloured.paint(Tone::Strong, "x").to_string(), "\u{1b}[1mx\u{1b}[0m");
        assert_eq!(coloured.paint(Tone::Plain, "x").to_string(), "x");
    }
}
