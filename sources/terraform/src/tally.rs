//! What a plan holds and Ringfence does not translate, counted.

use std::collections::BTreeMap;

use ringfence_model::{Diagnostic, Location, Text};

/// How many are listed by name.
const LISTED: usize = 20;
/// How many problems of one plan are told.
const PROBLEMS: usize = 256;

/// One note for all types without a mapping.
pub(crate) fn unmapped(types: &BTreeMap<Text, (usize, Option<Location>)>) -> Option<Diagnostic> {
    let first = types.values().filter_map(|found| found.1).min();
    let total: usize = types.values().map(|found| found.0).sum();
    let listed = types.iter().map(|(name, (count, _))| format!("`{name}` ({count})"));
    let (have, keep) =
        if total == 1 { ("resource has", "it keeps") } else { ("resources have", "they keep") };
    let what = format!(
        "{total} {have} a type without a mapping, so {keep} the names of the provider: {}",
        list(listed)
    );
    let help = "controls for AWS kinds do not see them; `--controls` may name such types as kinds";
    (total > 0).then(|| Diagnostic::note("terraform-unmapped", what).at(first).help(help))
}

/// One message for all Helm releases, whose objects the plan does not show.
pub(crate) fn charts(charts: &[(Text, Option<Location>)]) -> Option<Diagnostic> {
    let (_, first) = charts.first()?;
    let listed = charts.iter().map(|(address, _)| format!("`{address}`"));
    let what = format!("the plan does not show the objects of {}", list(listed));
    let mut diagnostic = Diagnostic::error("not-rendered", what).at(*first).help(
        "render each chart with the release's values: `helm template NAME CHART --values VALUES > rendered.yaml`",
    );
    for (address, location) in charts.iter().skip(1).take(LISTED) {
        diagnostic = diagnostic.related(*location, format!("`{address}`, not rendered"));
    }
    Some(diagnostic)
}

/// A plan that is no plan at all is told of often enough.
pub(crate) fn shorten(diagnostics: &mut Vec<Diagnostic>) {
    let more = diagnostics.len().saturating_sub(PROBLEMS);
    if more > 0 {
        diagnostics.truncate(PROBLEMS);
        let at = diagnostics.last().and_then(|last| last.location);
        let what = format!("{more} more problems of the same plan");
        diagnostics.push(Diagnostic::error("terraform-shape", what).at(at).help("mend those above first"));
    }
}

fn list(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(LISTED);
    let mut listed: Vec<String> = all.take(LISTED).collect();
    if more > 0 {
        listed.push(format!("and {more} more"));
    }
    listed.join(", ")
}
