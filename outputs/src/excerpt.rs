//! Source excerpts: the lines a finding or a diagnostic rests on, with the stretch that matters marked.
//!
//! INVARIANT: every text that reaches the renderer has gone through [`shown`] or [`Window`], so it is
//! masked and holds no control character; and no line of a source is copied beyond its window.

use std::ops::{Range, RangeInclusive};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use ringfence_model::{Diagnostic, FileId, Finding, Location, Reason, Severity, Sources, Verdict};

use crate::look::{Look, Tone, tone_of};
use crate::shown;
use crate::window::Window;

/// Columns of a source line that are shown at most.
const COLUMNS: usize = 160;
/// Columns that line numbers and the frame take.
const FRAME: usize = 12;
/// Lines shown before and after a marked one.
const BEFORE: u32 = 2;
const AFTER: u32 = 1;
/// Places that one excerpt shows at most; the others are named in a note.
const PLACES: usize = 6;
/// Characters of a fingerprint that tell the findings of a run apart.
const PREFIX: usize = 12;
/// Stands for the place of a block until it is rendered: the renderer would count columns in the
/// window, and people need those of the file. No text of a user holds it ([`shown::visible`]).
const STAND_IN: char = '\u{fdd0}';

/// A finding with the source at each of its places, its reasons and its fix.
pub fn finding(sources: &Sources, finding: &Finding, look: Look) -> String {
    with_note(sources, finding, look, None)
}

/// The same with the beginning of its fingerprint, by which `ringfence explain` finds it.
pub(crate) fn finding_to_explain(sources: &Sources, finding: &Finding, look: Look) -> String {
    let prefix: String = finding.fingerprint.0.chars().take(PREFIX).collect();
    with_note(sources, finding, look, Some(format!("fingerprint {prefix}")))
}

fn with_note(sources: &Sources, finding: &Finding, look: Look, note: Option<String>) -> String {
    let label = finding.subject.label();
    let title = format!("{label}: {}", finding.message);
    let (level, name) = match (finding.verdict, finding.severity) {
        (Verdict::Fail, severity @ (Severity::Critical | Severity::High)) => {
            (Level::ERROR, severity.as_str())
        }
        (Verdict::Fail, severity @ Severity::Medium) => (Level::WARNING, severity.as_str()),
        (Verdict::Fail, severity @ Severity::Low) => (Level::NOTE, severity.as_str()),
        (verdict, _) => (Level::INFO, verdict.as_str()),
    };
    let said = |location: &Location| finding.reasons.iter().find(|reason| reason.location == Some(*location));
    let labelled = finding.locations.iter().enumerate().map(|(index, location)| Place {
        location: *location,
        label: said(location).map(|reason| reason.text.as_str()),
        is_primary: index == 0,
    });
    let shown: Vec<Place<'_>> = labelled.take(PLACES).collect();
    let is_labelled = |reason: &&Reason| {
        shown.iter().any(|place| place.label.is_some() && reason.location == Some(place.location))
    };
    let reasons = finding.reasons.iter().filter(|reason| !is_labelled(reason));
    let mut notes: Vec<String> = reasons.map(|reason| reason_line(sources, reason)).collect();
    let more = finding.locations.iter().skip(PLACES).map(|location| place(sources, *location));
    notes.extend(more.map(|place| format!("also at {place}")));
    notes.extend(finding.missing.iter().map(|missing| shown::line(&missing.why).into_owned()));
    notes.extend(note);
    let waits = finding.missing.iter().map(|missing| format!("{} would tell", missing.remedy));
    let fix = (finding.verdict == Verdict::Fail).then(|| finding.remedy.to_string());
    let helps = waits.chain(fix).filter(|text| !text.is_empty()).collect();
    let style = tone_of(finding.verdict, finding.severity);
    Report { level, name, id: &finding.control, title: &title, style, notes, helps }
        .render(sources, &shown, look)
}

/// A diagnostic with the source at its place and what to do.
pub fn diagnostic(sources: &Sources, diagnostic: &Diagnostic, look: Look) -> String {
    let (level, name, style) = match diagnostic.level {
        ringfence_model::Level::Error => (Level::ERROR, "error", Tone::High),
        ringfence_model::Level::Warning => (Level::WARNING, "warning", Tone::Medium),
        ringfence_model::Level::Note => (Level::NOTE, "note", Tone::Low),
    };
    let primary = diagnostic.location.map(|location| Place { location, label: None, is_primary: true });
    let related = diagnostic.related.iter().map(|(location, label)| Place {
        location: *location,
        label: Some(label),
        is_primary: false,
    });
    let places: Vec<Place<'_>> = primary.into_iter().chain(related).take(PLACES).collect();
    let helps = diagnostic.help.iter().cloned().collect();
    let title = &diagnostic.message;
    Report { level, name, id: diagnostic.code, title, style, notes: Vec::new(), helps }
        .render(sources, &places, look)
}

/// `file:line:column` on one line of a terminal.
pub(crate) fn place(sources: &Sources, location: Location) -> String {
    let position = sources.position(location);
    format!("{}:{}:{}", shown::path_line(&position.file), position.line, position.column)
}

/// A reason and the place it rests on.
pub(crate) fn reason_line(sources: &Sources, reason: &Reason) -> String {
    let text = shown::line(&reason.text);
    reason
        .location
        .map_or_else(|| text.to_string(), |location| format!("{text} ({})", place(sources, location)))
}

/// What is rendered around the places.
struct Report<'a> {
    level: Level<'static>,
    name: &'static str,
    id: &'a str,
    title: &'a str,
    style: Tone,
    notes: Vec<String>,
    helps: Vec<String>,
}

impl Report<'_> {
    fn render(self, sources: &Sources, places: &[Place<'_>], look: Look) -> String {
        let title = shown::line(self.title);
        let mut group =
            Group::with_title(self.level.with_name(self.name).primary_title(title).id(shown::line(self.id)));
        let columns = columns(look);
        let blocks = blocks(sources, places, columns);
        for block in &blocks {
            group = group.element(block.element(sources, columns));
        }
        let notes = self.notes.iter().map(|note| Level::NOTE.message(note));
        let helps = self.helps.iter().map(|help| Level::HELP.message(shown::line(help)));
        let group = group.elements(notes.chain(helps));
        let rendered = renderer(look, self.style).render(&[group]);
        named(&rendered, blocks.iter().map(|block| place(sources, block.origin)))
    }
}

/// `rendered` with the places in place of their stand-ins, and the line and column after those.
fn named(rendered: &str, places: impl Iterator<Item = String>) -> String {
    let mut parts = rendered.split(STAND_IN);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (part, place) in parts.zip(places) {
        text.push_str(&place);
        text.push_str(
            part.trim_start_matches(|character: char| character == ':' || character.is_ascii_digit()),
        );
    }
    text.push('\n');
    text
}

fn renderer(look: Look, tone: Tone) -> Renderer {
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(COLUMNS + FRAME + 8);
    if !look.colour {
        return renderer;
    }
    // One report has one level, so each level's style may be the style of this report.
    let style = tone.style();
    renderer.error(style).warning(style).info(style).line_num(Tone::Faint.style())
}

fn columns(look: Look) -> usize {
    look.width.saturating_sub(FRAME).clamp(40, COLUMNS)
}

/// A place to show.
struct Place<'a> {
    location: Location,
    label: Option<&'a str>,
    is_primary: bool,
}

/// Lines of one file that are shown together.
struct Block<'a> {
    file: FileId,
    first: u32,
    last: u32,
    origin: Location,
    marks: Vec<Mark<'a>>,
}

/// A stretch to mark in a block: bytes of line `line`.
struct Mark<'a> {
    line: u32,
    span: Range<usize>,
    label: Option<&'a str>,
    is_primary: bool,
}

/// The blocks that show all `places`, in their order; places near each other share one.
fn blocks<'a>(sources: &Sources, places: &[Place<'a>], columns: usize) -> Vec<Block<'a>> {
    let mut blocks: Vec<Block<'a>> = Vec::new();
    for place in places {
        let mark = mark(sources, place);
        let file = place.location.file;
        let (first, last) = (mark.line.saturating_sub(BEFORE).max(1), mark.line.saturating_add(AFTER));
        let fits = line_of(sources, file, mark.line).is_some_and(|(_, text)| text.len() < columns);
        let near = |block: &&mut Block<'_>| {
            block.file == file
                && first <= block.last.saturating_add(1)
                && block.first <= last.saturating_add(1)
        };
        // A line that will be cut needs a window, and so a block, for each place in it.
        match blocks.iter_mut().find(near).filter(|_| fits) {
            Some(block) => {
                (block.first, block.last) = (block.first.min(first), block.last.max(last));
                block.marks.push(mark);
            }
            None => blocks.push(Block { file, first, last, origin: place.location, marks: vec![mark] }),
        }
    }
    blocks
}

fn line_of(sources: &Sources, file: FileId, line: u32) -> Option<(usize, &str)> {
    let (start, text) = sources.file(file)?.line(line)?;
    Some((start as usize, text))
}

/// Of a location that runs over several lines the first one is marked.
fn mark<'a>(sources: &Sources, place: &Place<'a>) -> Mark<'a> {
    let Place { location, label, is_primary } = *place;
    let line = sources.position(location).line;
    let (start, text) = line_of(sources, location.file, line).unwrap_or((0, ""));
    let inside = |offset: u32| (offset as usize).saturating_sub(start).min(text.len());
    Mark { line, span: inside(location.start)..inside(location.end), label, is_primary }
}

impl Block<'_> {
    fn element(&self, sources: &Sources, columns: usize) -> Element<'static> {
        let stand_in = STAND_IN.to_string();
        let lines = self.lines(sources);
        let (text, annotations) = self.text(sources, lines.clone(), columns);
        if text.trim().is_empty() {
            return Origin::path(stand_in).into();
        }
        let snippet = Snippet::source(text).path(stand_in).line_start(*lines.start() as usize).fold(false);
        snippet.annotations(annotations).into()
    }

    /// The lines to show: those of the block, without blank ones at its ends.
    fn lines(&self, sources: &Sources) -> RangeInclusive<u32> {
        let is_blank = |line: &u32| {
            let text = line_of(sources, self.file, *line).map_or("", |(_, text)| text);
            text.len() <= COLUMNS && text.trim().is_empty()
        };
        let marked = || self.marks.iter().map(|mark| mark.line);
        let first = (self.first..marked().min().unwrap_or(self.first)).find(|line| !is_blank(line));
        let last = (marked().max().unwrap_or(self.last) + 1..=self.last).rev().find(|line| !is_blank(line));
        first.or(marked().min()).unwrap_or(self.first)..=last.or(marked().max()).unwrap_or(self.last)
    }

    /// The lines as they are shown, and the annotations in them.
    fn text(
        &self,
        sources: &Sources,
        lines: RangeInclusive<u32>,
        columns: usize,
    ) -> (String, Vec<Annotation<'static>>) {
        let mut text = String::new();
        let mut annotations = Vec::new();
        for number in lines {
            let Some((_, line)) = line_of(sources, self.file, number) else { break };
            let marks: Vec<&Mark<'_>> = self.marks.iter().filter(|mark| mark.line == number).collect();
            let focus = marks.first().map_or(0..0, |mark| mark.span.clone());
            let window = Window::around(line, &focus, columns);
            for mark in marks {
                let span = window.span(&mark.span);
                annotations.push(mark.annotation(text.len() + span.start..text.len() + span.end));
            }
            text.push_str(&window.text);
            text.push('\n');
        }
        (text, annotations)
    }
}

impl Mark<'_> {
    fn annotation(&self, span: Range<usize>) -> Annotation<'static> {
        let kind = if self.is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        kind.span(span).label(self.label.map(|label| shown::line(label).into_owned()))
    }
}

#[cfg(test)]
mod tests;
