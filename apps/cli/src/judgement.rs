//! Engines and controls over what was read: scope, and a finding for each control and subject.

use std::fs;
use std::path::{Path, PathBuf};

use ringfence_controls::{Catalogue, Count, Selection};
use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{Answer, Queries, ScopeFacts};
use ringfence_model::{Diagnostic, Estate, Finding, Level};
use ringfence_outputs::Counts;
use ringfence_reach::{Profile, Reach};

use crate::arguments::Selected;
use crate::exit::{Failure, Outcome};
use crate::intake::Intake;

/// What engines and controls say.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    /// Scope class of every resource.
    pub(crate) scope: ScopeFacts,
    /// One finding for each control and subject; those that pass or do not apply only where asked for.
    pub(crate) findings: Vec<Finding>,
    /// How many of each verdict there are, kept or not.
    pub(crate) counts: Counts,
}

/// Runs every engine and the selected controls; what they could not do joins the diagnostics.
pub(crate) fn judge(intake: &mut Intake, catalogue: &Catalogue, selection: &Selection) -> Judgement {
    let (reach, diagnostics) = Reach::new(&intake.estate, Profile::Spec);
    intake.diagnostics.extend(diagnostics);
    let (scope, diagnostics) = ringfence_scope::scope(&intake.estate, &intake.declaration, &reach);
    intake.diagnostics.extend(diagnostics);
    let engines =
        Engines { estate: &intake.estate, declaration: &intake.declaration, reach: &reach, scope: &scope };
    let evaluation = catalogue.assess(&intake.estate, &intake.declaration, &scope, &engines, selection);
    intake.diagnostics.extend(evaluation.diagnostics);
    let counts = counts(&evaluation.counts);
    Judgement { scope, findings: evaluation.findings, counts }
}

fn counts(controls: &[Count]) -> Counts {
    let mut counts = Counts::default();
    for control in controls {
        if let Some(slot) = counts.failed.get_mut(control.severity as usize) {
            *slot += control.fail;
        }
        counts.unknown += control.unknown;
        counts.pass += control.pass;
        counts.not_applicable += control.not_applicable;
    }
    counts
}

/// All engines behind one door: the first that knows a query answers it.
struct Engines<'a> {
    estate: &'a Estate,
    declaration: &'a Declaration,
    reach: &'a Reach,
    scope: &'a ScopeFacts,
}

impl Queries for Engines<'_> {
    fn ask(&self, query: &str) -> Option<Vec<Answer>> {
        self.reach
            .ask(query, self.estate)
            .or_else(|| ringfence_scope::ask(query, self.estate, self.declaration, self.scope, self.reach))
    }
}

/// The shipped catalogue and the user's own controls. Broken ones are named, the others run.
pub(crate) fn catalogue(folders: &[PathBuf], intake: &mut Intake) -> Result<Catalogue, Failure> {
    let mut catalogue = Catalogue::built_in();
    for folder in folders {
        for path in markdown(folder)? {
            let text = fs::read_to_string(&path).map_err(|error| {
                Failure::usage(
                    format!("`{}` cannot be read: {error}", path.display()),
                    "name a folder of control files",
                )
            })?;
            let file =
                intake.estate.sources_mut().add(path.to_string_lossy().replace('\\', "/"), text.as_str());
            intake.diagnostics.extend(catalogue.add(file, &path.to_string_lossy(), text));
        }
    }
    Ok(catalogue)
}

fn markdown(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| {
        Failure::usage(
            format!("`{}` cannot be read: {error}", folder.display()),
            "name a folder after --controls",
        )
    })?;
    let mut paths = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            paths.extend(markdown(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The selection that the arguments make; an id that no control has is a mistake.
pub(crate) fn selection(selected: &Selected, catalogue: &Catalogue) -> Result<Selection, Failure> {
    let selection = Selection::of(selected.control.iter().map(String::as_str));
    match catalogue.unknown_words(&selection).into_iter().next() {
        None => Ok(selection),
        Some((word, hint)) => Err(Failure::usage(
            format!("no control is called `{word}`{hint}"),
            "`ringfence controls` lists ids and rows, e.g. `WL05` or `WL05.2`",
        )),
    }
}

/// Whether some input could not be read, parsed or evaluated.
pub(crate) fn is_incomplete(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error)
}

/// The outcome of a verb that judges nothing.
pub(crate) fn outcome(intake: &Intake) -> Outcome {
    if intake.recognised == 0 {
        Outcome::Nothing
    } else if is_incomplete(&intake.diagnostics) {
        Outcome::Incomplete
    } else {
        Outcome::Clean
    }
}
