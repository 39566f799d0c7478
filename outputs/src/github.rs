//! GitHub Actions: annotations as workflow commands, and the summary of a job as Markdown.

use std::io::{self, Write};

use ringfence_model::{Diagnostic, Finding, Level, Severity, Sources};

use crate::assessment::{Assessment, by_kind};
use crate::prose::{counted, grouped};
use crate::{excerpt, shown};

/// Annotations at most. GitHub shows ten of each level for a step and fifty for a job.
const ANNOTATIONS: usize = 50;
/// Diagnostics of one kind that are annotated.
const OF_A_KIND: usize = 3;
/// Controls in the table of the summary.
const ROWS: usize = 30;

/// Writes workflow commands: each fail, the worst first, and what could not be read. Unknowns are
/// one notice by what would resolve them.
pub fn write(out: &mut dyn Write, assessment: &Assessment<'_>) -> io::Result<()> {
    let sources = assessment.sources();
    let faults = assessment.faults();
    let fails = faults.iter().flat_map(|fault| fault.findings.iter());
    for finding in fails.take(ANNOTATIONS) {
        annotation(out, sources, finding)?;
    }
    for kind in by_kind(assessment.diagnostics) {
        for diagnostic in kind.diagnostics.iter().take(OF_A_KIND) {
            notice(out, sources, diagnostic)?;
        }
    }
    for (remedy, count) in assessment.waiting().into_iter().take(OF_A_KIND) {
        let text = format!("{} for {}", waiting(count), remedy);
        writeln!(out, "::notice title=unknown::{}", data(&text))?;
    }
    out.flush()
}

fn annotation(out: &mut dyn Write, sources: &Sources, finding: &Finding) -> io::Result<()> {
    let command = match finding.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "notice",
    };
    let place = finding.locations.first().map_or_else(String::new, |location| {
        let place = sources.position(*location);
        format!("file={},line={},col={},", property(&shown::path_line(&place.file)), place.line, place.column)
    });
    let title =
        property(&shown::line(&format!("{} {} ({})", finding.control, finding.name, finding.severity)));
    let text = format!("{}: {}\nfix: {}", finding.subject.label(), finding.message, finding.remedy);
    writeln!(out, "::{command} {place}title={title}::{}", data(&text))
}

fn notice(out: &mut dyn Write, sources: &Sources, diagnostic: &Diagnostic) -> io::Result<()> {
    let command = match diagnostic.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let place = diagnostic.location.map_or_else(String::new, |location| {
        let place = sources.position(location);
        format!("file={},line={},col={},", property(&shown::path_line(&place.file)), place.line, place.column)
    });
    let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
    let text = format!("{}{help}", diagnostic.message);
    writeln!(out, "::{command} {place}title={}::{}", property(diagnostic.code), data(&text))
}

/// Text after `::`, where line breaks and `%` are escaped.
fn data(text: &str) -> String {
    shown::line_breaks(text).replace('%', "%25").replace('\n', "%0A")
}

/// Text of a property, where `:` and `,` end it too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn waiting(count: usize) -> String {
    format!("{} {}", counted(count, "check"), if count == 1 { "waits" } else { "wait" })
}

/// Writes the summary of a job (`$GITHUB_STEP_SUMMARY`) as Markdown.
pub fn summary(out: &mut dyn Write, assessment: &Assessment<'_>) -> io::Result<()> {
    let counts = &assessment.counts;
    writeln!(out, "## Ringfence\n")?;
    if assessment.scope.presumed {
        writeln!(
            out,
            "> No flow of card data is declared, so everything counts as in scope. `ringfence init` drafts a declaration.\n"
        )?;
    }
    writeln!(out, "| fail | unknown | pass | not applicable |\n|--:|--:|--:|--:|")?;
    let cells = [counts.fail(), counts.unknown, counts.pass, counts.not_applicable].map(grouped);
    writeln!(out, "| {} |\n", cells.join(" | "))?;
    faults(out, assessment)?;
    for (remedy, count) in assessment.waiting() {
        writeln!(out, "- {} for {}", waiting(count), markdown(remedy))?;
    }
    for kind in by_kind(assessment.diagnostics).iter().filter_map(|kind| kind.diagnostics.first()) {
        if kind.level == Level::Error {
            let at = kind
                .location
                .map_or_else(String::new, |at| format!("{}: ", excerpt::place(assessment.sources(), at)));
            writeln!(out, "- not read: {}", markdown(&format!("{at}{}", kind.message)))?;
        }
    }
    out.flush()
}

fn faults(out: &mut dyn Write, assessment: &Assessment<'_>) -> io::Result<()> {
    let faults = assessment.faults();
    if faults.is_empty() {
        return Ok(());
    }
    writeln!(out, "| severity | control | findings | first | fix |\n|---|---|--:|---|---|")?;
    for fault in faults.iter().take(ROWS) {
        let Some(first) = fault.findings.first() else { continue };
        let at =
            first.locations.first().map_or_else(String::new, |at| excerpt::place(assessment.sources(), *at));
        let name = format!("{} {}", first.control, first.name);
        let (name, at, fix) = (markdown(&name), markdown(&at), markdown(&first.remedy));
        writeln!(out, "| {} | {name} | {} | {at} | {fix} |", first.severity, grouped(fault.findings.len()))?;
    }
    if faults.len() > ROWS {
        writeln!(out, "\n… and {} more", counted(faults.len() - ROWS, "control"))?;
    }
    writeln!(out)
}

/// Text in a cell of a table, where neither HTML nor `|` may act.
pub(crate) fn markdown(text: &str) -> String {
    let text = shown::line(text).replace('\\', "\\\\").replace('|', "\\|");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
