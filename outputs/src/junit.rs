//! JUnit XML: a suite for each control, a case for each subject. An unknown is `skipped`, with what
//! it waits for, since no pipeline takes that for a pass.

use std::fmt::Write as _;
use std::io::{self, Write};

use ringfence_model::{Finding, Level, Sources, Verdict};

use crate::assessment::{Assessment, Extent, by_level};
use crate::{excerpt, shown};

/// Writes all suites; `extent` says which findings.
pub fn write(out: &mut dyn Write, assessment: &Assessment<'_>, extent: Extent) -> io::Result<()> {
    let mut findings = assessment.findings(extent);
    // A stable sort, so that cases stay in the order of all reports.
    findings.sort_by(|one, other| one.control.cmp(&other.control));
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"ringfence\" {}>", totals(&findings, errors(assessment)))?;
    for suite in findings.chunk_by(|one, other| one.control == other.control) {
        let Some(first) = suite.first() else { continue };
        let name = escaped(&format!("{} {}", first.control, first.name));
        writeln!(out, "  <testsuite name=\"{name}\" {}>", totals(suite, 0))?;
        for finding in suite {
            case(out, assessment.sources(), finding)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    unread(out, assessment)?;
    writeln!(out, "</testsuites>")?;
    out.flush()
}

/// The attributes that count the cases of a suite: a case for each finding and for each of `errors`.
fn totals(findings: &[&Finding], errors: usize) -> String {
    let count =
        |wanted: &[Verdict]| findings.iter().filter(|finding| wanted.contains(&finding.verdict)).count();
    let failures = count(&[Verdict::Fail]);
    let skipped = count(&[Verdict::Unknown, Verdict::NotApplicable]);
    let tests = findings.len() + errors;
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
}

/// How many diagnostics are errors.
fn errors(assessment: &Assessment<'_>) -> usize {
    assessment.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).count()
}

fn case(out: &mut dyn Write, sources: &Sources, finding: &Finding) -> io::Result<()> {
    let mut label = finding.subject.label();
    if let Some(container) = &finding.subject.container {
        let _ = write!(label, " {container}");
    }
    let place = finding.locations.first().map(|location| sources.position(*location));
    let file = place.as_ref().map_or_else(String::new, |place| {
        format!(" file=\"{}\" line=\"{}\"", escaped_path(&place.file), place.line)
    });
    let class = escaped(&finding.control);
    write!(out, "    <testcase classname=\"{class}\" name=\"{}\"{file}", escaped(&label))?;
    let message = escaped(&finding.message);
    match finding.verdict {
        Verdict::Pass => return writeln!(out, "/>"),
        Verdict::Fail => {
            write!(out, "><failure type=\"{}\" message=\"{message}\">", finding.severity)?;
            write!(out, "{}</failure>", escaped(&body(sources, finding)))?;
        }
        Verdict::Unknown => {
            let waits: Vec<&str> = finding.missing.iter().map(|missing| missing.remedy.as_str()).collect();
            let waits =
                if waits.is_empty() { String::new() } else { format!("; waits for {}", waits.join(", ")) };
            write!(out, "><skipped message=\"unknown: {message}{}\"/>", escaped(&waits))?;
        }
        Verdict::NotApplicable => write!(out, "><skipped message=\"not applicable: {message}\"/>")?,
    }
    writeln!(out, "</testcase>")
}

fn body(sources: &Sources, finding: &Finding) -> String {
    let places = finding.locations.iter().map(|location| excerpt::place(sources, *location));
    let reasons = finding.reasons.iter().map(|reason| excerpt::reason_line(sources, reason));
    let fix = std::iter::once(format!("fix: {}", finding.remedy));
    places.chain(reasons).chain(fix).collect::<Vec<_>>().join("\n")
}

/// What could not be read, as errors of a suite of their own.
fn unread(out: &mut dyn Write, assessment: &Assessment<'_>) -> io::Result<()> {
    let errors = errors(assessment);
    if errors == 0 {
        return Ok(());
    }
    let diagnostics = by_level(assessment.diagnostics);
    writeln!(out, "  <testsuite name=\"input\" {}>", totals(&[], errors))?;
    for diagnostic in diagnostics.iter().take(errors) {
        let at = diagnostic.location.map_or_else(String::new, |at| excerpt::place(assessment.sources(), at));
        let help = diagnostic.help.as_deref().unwrap_or_default();
        writeln!(
            out,
            "    <testcase classname=\"input\" name=\"{} {}\"><error type=\"{}\" message=\"{}\">{}</error></testcase>",
            escaped(diagnostic.code),
            escaped(&at),
            escaped(diagnostic.code),
            escaped(&diagnostic.message),
            escaped(help),
        )?;
    }
    writeln!(out, "  </testsuite>")
}

/// Masked, and safe in text and attributes; control characters, which XML 1.0 cannot hold, are visible.
fn escaped(text: &str) -> String {
    entities(&shown::line_breaks(text))
}

fn escaped_path(path: &str) -> String {
    entities(&shown::path_line(path))
}

fn entities(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
