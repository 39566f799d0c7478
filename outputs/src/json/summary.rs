//! The `summary` of `ringfence.assess/1`.

use ringfence_model::Level;

use super::Pen;
use crate::assessment::{Assessment, level};

pub(super) fn write(pen: &mut Pen<'_>, assessment: &Assessment<'_>) {
    pen.raw(if assessment.scope.presumed { "{\"presumed\":true" } else { "{\"presumed\":false" });
    if let Some(path) = assessment.declaration {
        pen.key("declaration");
        pen.path(path);
    }
    let sizes = [
        ("flows", assessment.flows),
        ("documents", assessment.documents),
        ("resources", assessment.estate.resources().len()),
        ("controls", assessment.controls.len()),
    ];
    for (key, count) in sizes {
        pen.key(key);
        pen.count(count);
    }
    counts(pen, assessment);
    waiting(pen, assessment);
    pen.key("parties");
    pen.raw("[");
    for (index, (name, standing)) in assessment.scope.parties.iter().enumerate() {
        pen.raw(if index > 0 { ",{\"name\":" } else { "{\"name\":" });
        pen.text(name);
        pen.key("standing");
        pen.word(standing);
        pen.raw("}");
    }
    pen.raw("],\"left-out\":");
    pen.list(assessment.left_out.iter().map(String::as_str));
    pen.raw("}");
}

fn counts(pen: &mut Pen<'_>, assessment: &Assessment<'_>) {
    let counts = &assessment.counts;
    let verdicts = [
        ("fail", counts.fail()),
        ("unknown", counts.unknown),
        ("pass", counts.pass),
        ("not-applicable", counts.not_applicable),
    ];
    object(pen, "verdicts", verdicts.into_iter());
    object(pen, "severities", counts.severities().map(|(severity, count)| (severity.as_str(), count)));
    object(pen, "scope", assessment.classes().map(|(class, count)| (class.as_str(), count)));
    let levels = [Level::Error, Level::Warning, Level::Note].map(|one| {
        (level(one), assessment.diagnostics.iter().filter(|diagnostic| diagnostic.level == one).count())
    });
    object(pen, "diagnostics", levels.into_iter());
}

fn object<'k>(pen: &mut Pen<'_>, key: &str, counts: impl Iterator<Item = (&'k str, usize)>) {
    pen.key(key);
    for (index, (key, count)) in counts.enumerate() {
        pen.raw(if index > 0 { ",\"" } else { "{\"" });
        pen.raw(key);
        pen.raw("\":");
        pen.count(count);
    }
    pen.raw("}");
}

/// The unknowns by what would resolve them.
fn waiting(pen: &mut Pen<'_>, assessment: &Assessment<'_>) {
    pen.key("waiting");
    pen.raw("[");
    for (index, (remedy, count)) in assessment.waiting().into_iter().enumerate() {
        pen.raw(if index > 0 { ",{\"for\":" } else { "{\"for\":" });
        pen.text(remedy);
        pen.key("checks");
        pen.count(count);
        pen.raw("}");
    }
    pen.raw("]");
}
