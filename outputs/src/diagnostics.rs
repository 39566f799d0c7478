//! Diagnostics for people, on stderr: compact, and never a flood.

use std::io::{self, Write};

use ringfence_model::{Diagnostic, Level, Sources};

use crate::assessment::{by_kind, level};
use crate::look::{Look, Tone};
use crate::prose::grouped;
use crate::{excerpt, shown};

/// Diagnostics of one kind that are shown; a folder of ten thousand broken files must not flood.
const SHOWN: usize = 5;
/// The same where each comes with its source.
const SHOWN_VERBOSE: usize = 50;

/// Writes `diagnostics`, errors first: one line each and what to do; with the source where `verbose`.
pub fn write(
    out: &mut dyn Write,
    sources: &Sources,
    diagnostics: &[Diagnostic],
    look: Look,
    verbose: bool,
) -> io::Result<()> {
    let most = if verbose { SHOWN_VERBOSE } else { SHOWN };
    for kind in by_kind(diagnostics) {
        let mut helped = None;
        for diagnostic in kind.diagnostics.iter().take(most) {
            if verbose {
                writeln!(out, "{}", excerpt::diagnostic(sources, diagnostic, look))?;
                continue;
            }
            line(out, sources, diagnostic, look)?;
            // The same advice five times is once too often.
            if helped != Some(&diagnostic.help) {
                help(out, diagnostic, look)?;
            }
            helped = Some(&diagnostic.help);
        }
        if let (Some(more @ 1..), Some(first)) =
            (kind.diagnostics.len().checked_sub(most), kind.diagnostics.first())
        {
            let text = format!("… and {} more like it ({})", grouped(more), first.code);
            writeln!(out, "{}", look.paint(Tone::Faint, text))?;
        }
    }
    Ok(())
}

/// `file:line:column: error: message`, which editors and terminals make a link of.
fn line(out: &mut dyn Write, sources: &Sources, diagnostic: &Diagnostic, look: Look) -> io::Result<()> {
    if let Some(location) = diagnostic.location {
        write!(out, "{}: ", excerpt::place(sources, location))?;
    }
    let tone = match diagnostic.level {
        Level::Error => Tone::High,
        Level::Warning => Tone::Medium,
        Level::Note => Tone::Low,
    };
    let head = look.paint(tone, level(diagnostic.level));
    write!(out, "{head}: {}", shown::line(&diagnostic.message))?;
    for (location, label) in &diagnostic.related {
        write!(out, " ({}: {})", shown::line(label), excerpt::place(sources, *location))?;
    }
    writeln!(out)
}

fn help(out: &mut dyn Write, diagnostic: &Diagnostic, look: Look) -> io::Result<()> {
    let Some(help) = &diagnostic.help else { return Ok(()) };
    writeln!(out, "  {}: {}", look.paint(Tone::Good, "help"), shown::line(help))
}

#[cfg(test)]
mod tests;
