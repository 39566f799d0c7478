//! Rows with a label on the left and wrapped text beside it.

use std::io::{self, Write};

use crate::look::{Look, Tone};
use crate::prose::{grouped, wrap};

/// Columns of the label.
const LABEL: usize = 10;

/// Writes rows. A gap is written only before a row that follows, so nothing ends in an empty line.
pub(super) struct Gutter<'w> {
    out: &'w mut dyn Write,
    look: Look,
    gap: bool,
}

impl<'w> Gutter<'w> {
    pub(super) fn new(out: &'w mut dyn Write, look: Look) -> Self {
        Self { out, look, gap: false }
    }

    /// An empty line before the next row.
    pub(super) fn gap(&mut self) {
        self.gap = true;
    }

    /// `text` beside `label`.
    pub(super) fn row(&mut self, label: &str, label_tone: Tone, tone: Tone, text: &str) -> io::Result<()> {
        if std::mem::take(&mut self.gap) {
            writeln!(self.out)?;
        }
        let mut label = label;
        for line in wrap(text, self.look.columns() - LABEL) {
            let padding = LABEL.saturating_sub(label.chars().count());
            let head = self.look.paint(label_tone, label);
            writeln!(self.out, "{head}{:padding$}{}", "", self.look.paint(tone, line))?;
            label = "";
        }
        Ok(())
    }

    /// `text` below the row before.
    pub(super) fn more(&mut self, tone: Tone, text: &str) -> io::Result<()> {
        self.row("", Tone::Plain, tone, text)
    }

    /// Several texts beside one label.
    pub(super) fn rows(&mut self, label: &str, label_tone: Tone, texts: &[String]) -> io::Result<()> {
        let mut label = label;
        for text in texts {
            self.row(label, label_tone, Tone::Plain, text)?;
            label = "";
        }
        Ok(())
    }

    /// Numbers beside their labels, aligned, each with a word more.
    pub(super) fn counts(&mut self, rows: &[(&str, Tone, usize, &str)]) -> io::Result<()> {
        if std::mem::take(&mut self.gap) {
            writeln!(self.out)?;
        }
        let width = rows.iter().map(|row| grouped(row.2).len()).max().unwrap_or(0);
        for (label, tone, count, rest) in rows {
            let padding = LABEL.saturating_sub(label.chars().count());
            let head = self.look.paint(*tone, label);
            let space = if rest.is_empty() { "" } else { "   " };
            writeln!(self.out, "{head}{:padding$}{:>width$}{space}{rest}", "", grouped(*count))?;
        }
        Ok(())
    }
}
