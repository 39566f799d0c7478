//! SARIF 2.1.0, as code scanning services read it.
//!
//! A fail is a result of kind `fail`; an unknown is `open` ("insufficient information to decide"),
//! so no consumer can take it for a pass. What could not be read is a notification of the run.

mod shape;

use std::io::{self, Write};

use ringfence_model::{Diagnostic, Finding, Level, Location, Severity, Sources, Verdict};
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::assessment::{Assessment, Extent, by_level};
use crate::json::Pen;
use crate::page::{ControlPage, ids};
use crate::shown;
use shape::{
    Artifact, Descriptor, Help, LogicalLocation, Message, Notification, Outcome, Physical, Place, Properties,
    Region, Rule,
};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Notifications at most; a consumer that is flooded drops all.
const NOTIFICATIONS: usize = 1_000;

/// Writes the log; `extent` says which findings.
pub fn write(out: &mut dyn Write, assessment: &Assessment<'_>, extent: Extent) -> io::Result<()> {
    let findings = assessment.findings(extent);
    let (rules, indices) = rules(assessment, &findings);
    let mut pen = Pen::new(out);
    pen.raw("{\"$schema\":");
    pen.word(SCHEMA);
    pen.raw(
        ",\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"Ringfence\",\"semanticVersion\":",
    );
    pen.word(env!("CARGO_PKG_VERSION"));
    pen.raw(",\"rules\":");
    list(&mut pen, rules.iter())?;
    pen.raw("}},\n\"columnKind\":\"unicodeCodePoints\",\n\"invocations\":[");
    pen.raw("{\"executionSuccessful\":true,\"toolExecutionNotifications\":");
    let sources = assessment.sources();
    let diagnostics = by_level(assessment.diagnostics).into_iter().take(NOTIFICATIONS);
    list(&mut pen, diagnostics.map(|diagnostic| notification(sources, diagnostic)))?;
    pen.raw("}],\n\"results\":");
    list(&mut pen, findings.iter().map(|finding| result(sources, finding, &indices)))?;
    pen.raw("}]}\n");
    pen.finish()
}

/// A list with one item a line, written as it is made.
fn list<T: Serialize>(pen: &mut Pen<'_>, items: impl Iterator<Item = T>) -> io::Result<()> {
    pen.raw("[");
    for item in items {
        pen.item()?;
        pen.value(&item)?;
    }
    pen.raw("]");
    Ok(())
}

/// A rule for each control that was evaluated or has a finding, and its index.
fn rules<'a>(
    assessment: &Assessment<'a>,
    findings: &[&'a Finding],
) -> (Vec<Rule<'a>>, FxHashMap<&'a str, usize>) {
    let mut indices = FxHashMap::default();
    let mut rules = Vec::new();
    for page in assessment.controls {
        indices.entry(page.id).or_insert_with(|| {
            rules.push(rule_of_page(page));
            rules.len() - 1
        });
    }
    for finding in findings {
        indices.entry(&*finding.control).or_insert_with(|| {
            rules.push(rule_of_finding(finding));
            rules.len() - 1
        });
    }
    (rules, indices)
}

fn rule_of_page<'a>(page: &ControlPage<'a>) -> Rule<'a> {
    let text = format!("{}\n\n{}\n\nFix: {}", page.what.trim(), page.why.trim(), page.fix.trim());
    let markdown = format!(
        "## What\n{}\n\n## Why\n{}\n\n## Fix\n{}\n",
        page.what.trim(),
        page.why.trim(),
        page.fix.trim()
    );
    Rule {
        id: page.id,
        name: shown::line(page.name).into_owned(),
        short_description: Message::new(page.title),
        full_description: Message::new(page.what.trim()),
        help: Help { text: shown::line_breaks(&text), markdown: shown::line_breaks(&markdown) },
        help_uri: page.address,
        default_configuration: shape::Configuration { level: level_of(page.severity) },
        properties: Properties::new(page.severity, page.requirements),
    }
}

fn rule_of_finding(finding: &Finding) -> Rule<'_> {
    let help = shown::line_breaks(&finding.remedy);
    Rule {
        id: &finding.control,
        name: shown::line(&finding.name).into_owned(),
        short_description: Message::new(&finding.name),
        full_description: Message::new(&finding.name),
        help: Help { text: help.clone(), markdown: help },
        help_uri: None,
        default_configuration: shape::Configuration { level: level_of(finding.severity) },
        properties: Properties::new(finding.severity, &finding.requirements),
    }
}

impl<'a> Properties<'a> {
    fn new(severity: Severity, requirements: &'a [(String, Vec<String>)]) -> Self {
        // The numbers are the bands of CVSS, by which code scanning services sort.
        let security_severity = match severity {
            Severity::Critical => "9.5",
            Severity::High => "8.0",
            Severity::Medium => "5.5",
            Severity::Low => "2.5",
        };
        let pci =
            ids(requirements, "pci-4.0.1").iter().map(|id| format!("pci-dss-4.0.1/{}", shown::line(id)));
        Self {
            security_severity,
            tags: std::iter::once("security".to_owned()).chain(pci).collect(),
            requirements: shape::ByStandard(requirements),
        }
    }
}

fn level_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

fn result<'a>(sources: &Sources, finding: &'a Finding, indices: &FxHashMap<&str, usize>) -> Outcome<'a> {
    let (kind, level) = match finding.verdict {
        Verdict::Fail => ("fail", level_of(finding.severity)),
        Verdict::Unknown => ("open", "none"),
        Verdict::Pass => ("pass", "none"),
        Verdict::NotApplicable => ("notApplicable", "none"),
    };
    let label = finding.subject.label();
    let reasons = finding.reasons.iter().map(|reason| reason.text.clone());
    let missing =
        finding.missing.iter().map(|missing| format!("{}; waits for {}", missing.why, missing.remedy));
    let logical = LogicalLocation::new(&label);
    let primary = finding.locations.first().map(|location| Place {
        id: None,
        physical_location: physical(sources, *location),
        logical_locations: vec![logical],
        message: None,
    });
    let said = |location: &Location| finding.reasons.iter().find(|reason| reason.location == Some(*location));
    let related = finding.locations.iter().skip(1).enumerate().map(|(index, location)| Place {
        id: Some(index + 1),
        physical_location: physical(sources, *location),
        logical_locations: Vec::new(),
        message: Some(Message::new(said(location).map_or("related", |reason| &reason.text))),
    });
    Outcome {
        rule_id: &finding.control,
        rule_index: indices.get(&*finding.control).copied(),
        kind,
        level,
        message: Message::new(&format!("{label}: {}", finding.message)),
        locations: primary.into_iter().collect(),
        related_locations: related.collect(),
        partial_fingerprints: shape::Fingerprints { ringfence: &finding.fingerprint.0 },
        properties: shape::Reasons {
            severity: finding.severity.as_str(),
            reasons: reasons.chain(missing).map(|text| shown::line_breaks(&text)).collect(),
        },
    }
}

fn physical(sources: &Sources, location: Location) -> Physical {
    let start = sources.position(location);
    let end = sources.position(Location { start: location.end, ..location });
    // An empty region is a point: SARIF then wants the same column twice.
    let region = Region {
        start_line: start.line,
        start_column: start.column,
        end_line: end.line.max(start.line),
        end_column: if end.line > start.line { end.column } else { end.column.max(start.column) },
    };
    Physical { artifact_location: Artifact { uri: uri(&start.file) }, region }
}

/// A path as a URI reference: percent-encoded, relative unless the path is not.
fn uri(path: &str) -> String {
    let masked = shown::path(path);
    let mut uri = String::from(if masked.starts_with('/') { "file://" } else { "" });
    for byte in masked.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

fn notification(sources: &Sources, diagnostic: &Diagnostic) -> Notification<'static> {
    let text = match &diagnostic.help {
        Some(help) => format!("{}; {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let place = |location: Location| Place {
        id: None,
        physical_location: physical(sources, location),
        logical_locations: Vec::new(),
        message: None,
    };
    Notification {
        descriptor: Descriptor { id: diagnostic.code },
        level: match diagnostic.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        },
        message: Message::new(&text),
        locations: diagnostic.location.map(place).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests;
