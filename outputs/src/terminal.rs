//! The summary that one can read in ten seconds.
//!
//! ```text
//! presumed  No flow of card data is declared …          said first, because all else rests on it
//! fail      38   5 critical, 14 high, 12 medium, 7 low
//! unknown   48
//! pass     812   and 311 not applicable
//!
//! critical  CL01.2 public-cluster-endpoint              the worst first
//!           platform/eks.yaml:14:7
//!           what is wrong
//!           fix: what to do
//!
//! scope     12 cde, 9 connected-to, …
//! unknown   48 checks wait for `registries:`            never one by one
//! unread    charts/pay/Chart.yaml:1:1: …
//! ```

mod gutter;

use std::io::{self, Write};

use ringfence_model::{Finding, Level, Sources};

use crate::assessment::{Assessment, Fault, by_kind};
use crate::look::{Look, Tone};
use crate::prose::{counted, grouped, sentence};
use crate::{excerpt, shown};
use gutter::Gutter;

/// Controls listed in the summary.
const LISTED: usize = 6;
/// Groups of unknowns listed.
const WAITING: usize = 8;
/// Kinds of input that could not be read listed.
const UNREAD: usize = 6;
/// Excerpts of one control that `-v` shows.
const EXCERPTS: usize = 10;

/// Writes the summary; `verbose` puts source excerpts of the fails before it.
pub fn write(out: &mut dyn Write, assessment: &Assessment<'_>, look: Look, verbose: bool) -> io::Result<()> {
    let faults = assessment.faults();
    if verbose {
        excerpts(out, assessment, &faults, look)?;
    }
    let mut gutter = Gutter::new(out, look);
    presumption(&mut gutter, assessment)?;
    counts(&mut gutter, assessment)?;
    worst(&mut gutter, assessment.sources(), &faults, verbose)?;
    scope(&mut gutter, assessment)?;
    unknowns(&mut gutter, assessment)?;
    unread(&mut gutter, assessment)?;
    ending(&mut gutter, &faults, verbose)
}

fn excerpts(
    out: &mut dyn Write,
    assessment: &Assessment<'_>,
    faults: &[Fault<'_>],
    look: Look,
) -> io::Result<()> {
    for fault in faults {
        for finding in fault.findings.iter().take(EXCERPTS) {
            writeln!(out, "{}", excerpt::finding_to_explain(assessment.sources(), finding, look))?;
        }
        if let (Some(more @ 1..), Some(first)) =
            (fault.findings.len().checked_sub(EXCERPTS), fault.findings.first())
        {
            writeln!(out, "… and {} of {}\n", counted(more, "more finding"), shown::line(&first.control))?;
        }
    }
    Ok(())
}

/// Where no flow is declared that is the first thing to know (PCI SSC scoping guidance).
fn presumption(gutter: &mut Gutter<'_>, assessment: &Assessment<'_>) -> io::Result<()> {
    if !assessment.scope.presumed {
        return Ok(());
    }
    let resources = assessment.estate.resources().len();
    let count = if resources == 1 {
        "1 resource counts".to_owned()
    } else {
        format!("all {} count", counted(resources, "resource"))
    };
    let declared = match assessment.declaration {
        Some(path) => format!("Add `flows:` to {}; `ringfence init` drafts them.", shown::path_line(path)),
        None => "Run `ringfence init` to draft a ringfence.yaml that says where card data flows.".to_owned(),
    };
    gutter.row(
        "presumed",
        Tone::Unknown,
        Tone::Strong,
        &format!("No flow of card data is declared, so {count} as in scope."),
    )?;
    gutter.more(Tone::Plain, &declared)?;
    gutter.gap();
    Ok(())
}

fn counts(gutter: &mut Gutter<'_>, assessment: &Assessment<'_>) -> io::Result<()> {
    let counts = &assessment.counts;
    let severities: Vec<String> = counts
        .severities()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{} {severity}", grouped(count)))
        .collect();
    let worst =
        counts.severities().find(|(_, count)| *count > 0).map_or(Tone::Good, |(severity, _)| severity.into());
    let unknown = if counts.unknown == 0 { Tone::Good } else { Tone::Unknown };
    let rest = match counts.not_applicable {
        0 => String::new(),
        count => format!("and {} not applicable", grouped(count)),
    };
    gutter.counts(&[
        ("fail", worst, counts.fail(), &severities.join(", ")),
        ("unknown", unknown, counts.unknown, ""),
        ("pass", Tone::Good, counts.pass, &rest),
    ])?;
    gutter.gap();
    Ok(())
}

fn worst(gutter: &mut Gutter<'_>, sources: &Sources, faults: &[Fault<'_>], verbose: bool) -> io::Result<()> {
    for fault in faults.iter().take(LISTED) {
        fault_rows(gutter, sources, fault)?;
        gutter.gap();
    }
    let rest = faults.get(LISTED..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(());
    }
    let findings = rest.iter().map(|fault| fault.findings.len()).sum();
    let more = format!("… and {} of {}", counted(findings, "finding"), counted(rest.len(), "other control"));
    let hint = if verbose { "" } else { " (`-v` lists them)" };
    gutter.more(Tone::Faint, &format!("{more}{hint}"))?;
    gutter.gap();
    Ok(())
}

fn fault_rows(gutter: &mut Gutter<'_>, sources: &Sources, fault: &Fault<'_>) -> io::Result<()> {
    let Some(first) = fault.findings.first() else { return Ok(()) };
    let times = if fault.findings.len() > 1 {
        format!("  ×{}", grouped(fault.findings.len()))
    } else {
        String::new()
    };
    let head = format!("{} {}{times}", shown::line(&first.control), shown::line(&first.name));
    gutter.row(first.severity.as_str(), first.severity.into(), Tone::Strong, &head)?;
    if let Some(location) = first.locations.first() {
        gutter.more(Tone::Plain, &excerpt::place(sources, *location))?;
    }
    gutter.more(Tone::Plain, &told(first))?;
    if !first.remedy.is_empty() {
        gutter.more(Tone::Good, &format!("fix: {}", sentence(&shown::line(&first.remedy))))?;
    }
    Ok(())
}

/// The message, led by the subject where it does not name it.
fn told(finding: &Finding) -> String {
    let message = shown::line(&finding.message);
    if message.contains(&format!("`{}`", finding.subject.name)) {
        return message.into_owned();
    }
    format!("{}: {message}", shown::line(&finding.subject.label()))
}

fn scope(gutter: &mut Gutter<'_>, assessment: &Assessment<'_>) -> io::Result<()> {
    let classes: Vec<String> = assessment
        .classes()
        .filter(|(_, count)| *count > 0)
        .map(|(class, count)| format!("{} {}", grouped(count), class.as_str()))
        .collect();
    let basis = match (assessment.scope.presumed, assessment.declaration) {
        (true, _) => "presumed".to_owned(),
        (false, Some(path)) => {
            format!("by {} in {}", counted(assessment.flows, "flow"), shown::path_line(path))
        }
        (false, None) => format!("by {}", counted(assessment.flows, "flow")),
    };
    let classes = if classes.is_empty() { "nothing to class".to_owned() } else { classes.join(", ") };
    gutter.row("scope", Tone::Strong, Tone::Plain, &format!("{classes} ({basis})"))?;
    Ok(())
}

fn unknowns(gutter: &mut Gutter<'_>, assessment: &Assessment<'_>) -> io::Result<()> {
    let waiting = assessment.waiting();
    let stuck = assessment.stuck();
    let mut rows: Vec<String> =
        waiting.iter().take(WAITING).map(|(remedy, count)| waits(*count, remedy)).collect();
    if waiting.len() > WAITING {
        rows.push(format!("… and {} more", counted(waiting.len() - WAITING, "other missing thing")));
    }
    if stuck > 0 {
        rows.push(format!("{}, each for its own reason (`ringfence explain`)", counted(stuck, "check")));
    }
    if rows.is_empty() {
        return Ok(());
    }
    gutter.rows("unknown", Tone::Unknown, &rows)?;
    Ok(())
}

fn waits(count: usize, remedy: &str) -> String {
    let wait = if count == 1 { "waits" } else { "wait" };
    format!("{} {wait} for {}", counted(count, "check"), shown::line(remedy))
}

/// What could not be read and why, one row a kind, and what was left out on purpose.
fn unread(gutter: &mut Gutter<'_>, assessment: &Assessment<'_>) -> io::Result<()> {
    let kinds = by_kind(assessment.diagnostics);
    let errors: Vec<_> = kinds
        .iter()
        .filter_map(|kind| Some((kind.diagnostics.first()?, kind.diagnostics.len())))
        .filter(|(first, _)| first.level == Level::Error)
        .collect();
    let mut rows: Vec<String> = Vec::new();
    for (first, count) in errors.iter().take(UNREAD) {
        let place = first
            .location
            .map_or_else(String::new, |at| format!("{}: ", excerpt::place(assessment.sources(), at)));
        let help = first.help.as_ref().map_or_else(String::new, |help| format!("; {}", shown::line(help)));
        let more =
            if *count > 1 { format!(" (and {} more like it)", grouped(count - 1)) } else { String::new() };
        rows.push(format!("{place}{}{help}{more}", shown::line(&first.message)));
    }
    if errors.len() > UNREAD {
        rows.push(format!("… and {} more", counted(errors.len() - UNREAD, "kind of fault")));
    }
    if !rows.is_empty() {
        gutter.rows("unread", Tone::Medium, &rows)?;
    }
    if !assessment.left_out.is_empty() {
        gutter.row("left out", Tone::Faint, Tone::Faint, &shown::line(&assessment.left_out.join(", ")))?;
    }
    Ok(())
}

fn ending(gutter: &mut Gutter<'_>, faults: &[Fault<'_>], verbose: bool) -> io::Result<()> {
    let Some(first) = faults.first().and_then(|fault| fault.findings.first()) else { return Ok(()) };
    gutter.gap();
    let control = shown::line(&first.control);
    let lines = if verbose { "" } else { "`-v` shows the lines, " };
    gutter.more(Tone::Faint, &format!("{lines}`ringfence explain {control}` says why and how to pass"))
}

#[cfg(test)]
mod tests;
