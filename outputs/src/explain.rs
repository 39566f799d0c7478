//! `ringfence explain`: what a control asks and why, and what a finding rests on.

use std::io::{self, Write};

use ringfence_model::{Finding, Origin, Sources, Verdict};

use crate::look::{Look, Tone, tone_of};
use crate::page::{ControlPage, standard};
use crate::prose::paragraphs;
use crate::{excerpt, shown};

/// Explains a control: what, why, fix, requirements, how to pass.
pub fn control(out: &mut dyn Write, page: &ControlPage<'_>, look: Look) -> io::Result<()> {
    let severity = look.paint(page.severity.into(), page.severity);
    let head = look.paint(Tone::Strong, format!("{} {}", shown::line(page.id), shown::line(page.title)));
    writeln!(out, "{head}  {severity}")?;
    writeln!(out, "{}", look.paint(Tone::Faint, shown::line(page.name)))?;
    section(out, look, "What", page.what)?;
    section(out, look, "Why", page.why)?;
    section(out, look, "Fix", page.fix)?;
    requirements(out, look, page.requirements)?;
    if !page.kinds.is_empty() {
        heading(out, look, "Judges")?;
        lines(out, &shown::line(&page.kinds.join(", ")), look)?;
    }
    if !page.needs.is_empty() {
        let needs: Vec<String> = page.needs.iter().map(|key| format!("`{key}:`")).collect();
        heading(out, look, "Asks ringfence.yaml for")?;
        lines(out, &shown::line(&needs.join(", ")), look)?;
    }
    if let Some(example) = page.example {
        heading(out, look, "To pass")?;
        for line in example.trim_end().lines() {
            writeln!(out, "  {}", shown::line(line).replace('→', "  "))?;
        }
    }
    match page.address {
        Some(address) => writeln!(out, "\n{}", look.paint(Tone::Faint, address)),
        None => Ok(()),
    }
}

/// Explains a finding: verdict, source, reasons with their places, fingerprint; `page` adds what the
/// catalogue says of its control.
pub fn finding(
    out: &mut dyn Write,
    sources: &Sources,
    finding: &Finding,
    page: Option<&ControlPage<'_>>,
    look: Look,
) -> io::Result<()> {
    let title = page.map_or(&*finding.name, |page| page.title);
    let head = look.paint(Tone::Strong, format!("{} {}", shown::line(&finding.control), shown::line(title)));
    let tone = tone_of(finding.verdict, finding.severity);
    let verdict = match finding.verdict {
        Verdict::Fail => format!("{} ({})", finding.verdict, finding.severity),
        other => other.to_string(),
    };
    writeln!(out, "{head}  {}\n", look.paint(tone, verdict))?;
    write!(out, "{}", excerpt::finding(sources, finding, look))?;
    subject(out, finding, look)?;
    reasons(out, sources, finding, look)?;
    if let Some(page) = page {
        section(out, look, "Why it matters", page.why)?;
    }
    if finding.verdict == Verdict::Fail || finding.verdict == Verdict::Unknown {
        section(out, look, "Fix", page.map_or(&finding.remedy, |page| page.fix))?;
    }
    requirements(out, look, &finding.requirements)?;
    heading(out, look, "Fingerprint")?;
    writeln!(out, "  {}", finding.fingerprint.0)
}

fn subject(out: &mut dyn Write, finding: &Finding, look: Look) -> io::Result<()> {
    let subject = &finding.subject;
    heading(out, look, "Subject")?;
    let parts = [
        ("kind", Some(&subject.kind)),
        ("account", subject.account.as_ref()),
        ("region", subject.region.as_ref()),
        ("cluster", subject.cluster.as_ref()),
        ("namespace", subject.namespace.as_ref()),
        ("name", Some(&subject.name)),
        ("address", subject.address.as_ref()),
        ("container", subject.container.as_ref()),
    ];
    for (key, value) in parts {
        if let Some(value) = value {
            writeln!(out, "  {key:<10} {}", shown::line(value))?;
        }
    }
    Ok(())
}

fn reasons(out: &mut dyn Write, sources: &Sources, finding: &Finding, look: Look) -> io::Result<()> {
    if !finding.reasons.is_empty() {
        heading(out, look, "Reasons")?;
    }
    for reason in &finding.reasons {
        lines(out, &excerpt::reason_line(sources, reason), look)?;
    }
    if !finding.missing.is_empty() {
        heading(out, look, "Waits for")?;
    }
    for missing in &finding.missing {
        lines(out, &shown::line(&format!("{}: {}", missing.remedy, missing.why)), look)?;
    }
    Ok(())
}

/// Where a value comes from, in a clause; for reasons of controls and the tables of `scope`.
pub fn origin(sources: &Sources, origin: &Origin) -> String {
    match origin {
        Origin::Explicit(location) => format!("written at {}", excerpt::place(sources, *location)),
        Origin::Default(document) => format!("not set; default by {} ({})", document.title, document.address),
        Origin::Derived(derivation) => match derivation.location {
            Some(at) => format!("{} ({})", shown::line(&derivation.because), excerpt::place(sources, at)),
            None => shown::line(&derivation.because).into_owned(),
        },
        Origin::Observed(call) => {
            format!("answered by {} at {}", shown::line(&call.call), shown::line(&call.at))
        }
    }
}

fn requirements(out: &mut dyn Write, look: Look, requirements: &[(String, Vec<String>)]) -> io::Result<()> {
    let listed: Vec<_> = requirements.iter().filter(|(_, ids)| !ids.is_empty()).collect();
    if listed.is_empty() {
        return Ok(());
    }
    heading(out, look, "Requirements")?;
    let width = listed.iter().map(|(key, _)| standard(key).chars().count()).max().unwrap_or(0);
    for (key, ids) in listed {
        writeln!(out, "  {:<width$}  {}", shown::line(standard(key)), shown::line(&ids.join(", ")))?;
    }
    Ok(())
}

fn section(out: &mut dyn Write, look: Look, title: &str, markdown: &str) -> io::Result<()> {
    if markdown.trim().is_empty() {
        return Ok(());
    }
    heading(out, look, title)?;
    for line in paragraphs(&shown::line_breaks(markdown), look.columns() - 2) {
        writeln!(out, "{}", format!("  {line}").trim_end())?;
    }
    Ok(())
}

fn heading(out: &mut dyn Write, look: Look, title: &str) -> io::Result<()> {
    writeln!(out, "\n{}", look.paint(Tone::Strong, title))
}

fn lines(out: &mut dyn Write, text: &str, look: Look) -> io::Result<()> {
    for (index, line) in crate::prose::wrap(text, look.columns() - 4).into_iter().enumerate() {
        writeln!(out, "{}{line}", if index == 0 { "  " } else { "    " })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
