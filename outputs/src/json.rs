//! `ringfence.assess/1`: the contract that pipelines rely on (`schemas/ringfence.assess-1.json`).
//!
//! Findings come in one order whatever the engines' order: files as they were read, then place,
//! control, subject; each stands on a line of its own. Everything is streamed.

mod pen;
mod summary;

use std::io::{self, Write};

use ringfence_model::fact::ScopeFact;
use ringfence_model::{Diagnostic, Finding, Location, Reason, Sources, Subject};
use rustc_hash::FxHashMap;

use crate::assessment::{Assessment, Extent, by_level, level};
use crate::shown;
pub(crate) use pen::Pen;

/// Writes the whole assessment; `extent` says which findings.
pub fn write(out: &mut dyn Write, assessment: &Assessment<'_>, extent: Extent) -> io::Result<()> {
    let mut pen = Pen::new(out);
    let sources = assessment.sources();
    pen.raw("{\"schema\":\"ringfence.assess/1\",\n\"summary\":");
    summary::write(&mut pen, assessment);
    pen.raw(",\n\"scope\":[");
    scopes(&mut pen, assessment)?;
    pen.raw("],\n\"findings\":[");
    let mut heads = Heads::default();
    for finding in assessment.findings(extent) {
        pen.item()?;
        heads.finding(&mut pen, sources, finding);
    }
    pen.raw("],\n\"diagnostics\":[");
    for diagnostic in by_level(assessment.diagnostics) {
        pen.item()?;
        self::diagnostic(&mut pen, sources, diagnostic);
    }
    pen.raw("]}\n");
    pen.finish()
}

/// The scope entries, one a line.
pub(crate) fn scopes(pen: &mut Pen<'_>, assessment: &Assessment<'_>) -> io::Result<()> {
    for fact in &assessment.scope.facts {
        let Some(resource) = assessment.estate.resource(fact.resource) else { continue };
        pen.item()?;
        scope(pen, assessment.sources(), &Subject::of(resource), fact);
    }
    Ok(())
}

fn scope(pen: &mut Pen<'_>, sources: &Sources, resource: &Subject, fact: &ScopeFact) {
    pen.raw("{\"resource\":");
    subject(pen, resource);
    pen.raw(",\"class\":\"");
    pen.raw(fact.class.as_str());
    pen.raw(if fact.presumed { "\",\"presumed\":true" } else { "\",\"presumed\":false" });
    pen.key("declared");
    match fact.declared {
        Some(class) => pen.word(class.as_str()),
        None => pen.raw("null"),
    }
    let tests = &fact.tests;
    let states = [
        (",\"tests\":{\"network\":", tests.network),
        (",\"segment\":", tests.segment),
        (",\"identity\":", tests.identity),
        (",\"impact\":", tests.impact),
    ];
    for (key, state) in states {
        pen.raw(key);
        pen.word(state.as_str());
    }
    pen.raw("},\"basis\":");
    pen.word(fact.basis.as_str());
    pen.key("reasons");
    reasons(pen, sources, &fact.reasons, None);
    pen.raw("]}");
}

/// Identity of a resource or subject; absent parts are omitted.
pub(crate) fn subject(pen: &mut Pen<'_>, subject: &Subject) {
    pen.raw("{\"kind\":");
    pen.text(&subject.kind);
    let optional = [
        ("account", &subject.account),
        ("region", &subject.region),
        ("cluster", &subject.cluster),
        ("namespace", &subject.namespace),
    ];
    for (key, value) in optional {
        pen.optional(key, value.as_deref());
    }
    pen.key("name");
    pen.text(&subject.name);
    pen.optional("address", subject.address.as_deref());
    pen.optional("container", subject.container.as_deref());
    pen.raw("}");
}

/// `"file":…,"line":…,"column":…`, without braces.
pub(crate) fn position(pen: &mut Pen<'_>, sources: &Sources, location: Location) {
    let position = sources.position(location);
    pen.raw("\"file\":");
    pen.path(&position.file);
    pen.raw(",\"line\":");
    pen.number(position.line);
    pen.raw(",\"column\":");
    pen.number(position.column);
}

/// The texts of `reasons`, each with its place unless that is `primary`; the list stays open.
fn reasons(pen: &mut Pen<'_>, sources: &Sources, reasons: &[Reason], primary: Option<Location>) {
    pen.raw("[");
    for (index, reason) in reasons.iter().enumerate() {
        pen.raw(if index > 0 { "," } else { "" });
        match reason.location.filter(|location| Some(*location) != primary) {
            None => pen.text(&reason.text),
            Some(location) => {
                let at = sources.position(location);
                let file = shown::path(&at.file);
                pen.texts(&[&reason.text, " (", &file, &format!(":{}:{})", at.line, at.column)]);
            }
        }
    }
}

/// What all findings of one control have in common, written once: `{"control":…,"name":…` and the
/// requirements.
#[derive(Default)]
struct Heads<'a> {
    heads: FxHashMap<&'a str, (String, String)>,
}

impl<'a> Heads<'a> {
    fn finding(&mut self, pen: &mut Pen<'_>, sources: &Sources, finding: &'a Finding) {
        let (head, requirements) =
            self.heads.entry(&finding.control).or_insert_with(|| (head(finding), requirements(finding)));
        pen.raw(head);
        pen.raw(finding.verdict.as_str());
        pen.raw("\",\"severity\":\"");
        pen.raw(finding.severity.as_str());
        pen.raw("\",\"subject\":");
        subject(pen, &finding.subject);
        pen.key("locations");
        pen.raw("[");
        for (index, location) in finding.locations.iter().enumerate() {
            pen.raw(if index > 0 { ",{" } else { "{" });
            position(pen, sources, *location);
            pen.raw("}");
        }
        pen.raw("],\"message\":");
        pen.text(&finding.message);
        pen.key("reasons");
        reasons(pen, sources, &finding.reasons, finding.locations.first().copied());
        for (index, missing) in finding.missing.iter().enumerate() {
            pen.raw(if index > 0 || !finding.reasons.is_empty() { "," } else { "" });
            pen.texts(&[&missing.why, "; waits for ", &missing.remedy]);
        }
        pen.raw("],\"requirements\":");
        pen.raw(requirements);
        pen.raw(",\"fingerprint\":\"");
        pen.raw(&finding.fingerprint.0);
        pen.raw("\"}");
    }
}

fn head(finding: &Finding) -> String {
    pen::to_string(|pen| {
        pen.raw("{\"control\":");
        pen.text(&finding.control);
        pen.key("row");
        pen.text(&finding.row);
        pen.key("name");
        pen.text(&finding.name);
        pen.raw(",\"verdict\":\"");
    })
}

fn requirements(finding: &Finding) -> String {
    pen::to_string(|pen| pen.requirements(&finding.requirements))
}

fn diagnostic(pen: &mut Pen<'_>, sources: &Sources, diagnostic: &Diagnostic) {
    pen.raw("{");
    if let Some(location) = diagnostic.location {
        position(pen, sources, location);
        pen.raw(",");
    }
    pen.raw("\"severity\":");
    pen.word(level(diagnostic.level));
    pen.key("message");
    match &diagnostic.help {
        Some(help) => pen.texts(&[&diagnostic.message, "; ", help]),
        None => pen.text(&diagnostic.message),
    }
    pen.raw("}");
}

#[cfg(test)]
mod tests;
