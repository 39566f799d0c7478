//! Engines and controls over what was read: scope, and a finding for each control and subject.

use std::collections::BTreeMap;

use ringfence_controls::{Catalogue, Count, Selection};
use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{Answer, Queries, ScopeFacts};
use ringfence_model::{Diagnostic, Estate, Field, Finding, Level, Resource, Verdict, pod_template};
use ringfence_outputs::Counts;
use ringfence_reach::{Choice, Reach};

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
    let (reach, diagnostics) = Reach::new(&intake.estate, Choice::Detect);
    intake.diagnostics.extend(diagnostics);
    let (scope, diagnostics) = ringfence_scope::scope(&intake.estate, &intake.declaration, &reach);
    intake.diagnostics.extend(diagnostics);
    let engines =
        Engines { estate: &intake.estate, declaration: &intake.declaration, reach: &reach, scope: &scope };
    intake.diagnostics.extend(unread_pods(&intake.estate));
    let evaluation = catalogue.assess(&intake.estate, &intake.declaration, &scope, &engines, selection);
    intake.diagnostics.extend(evaluation.diagnostics);
    let counts = counts(&evaluation.counts);
    Judgement { scope, findings: evaluation.findings, counts }
}

/// Kinds that hold a pod template which no control reads: one message a kind, at its first object.
fn unread_pods(estate: &Estate) -> Vec<Diagnostic> {
    let holds_pods = |resource: &&Resource| {
        resource.kind.is_kubernetes()
            && pod_template(&resource.kind).is_none()
            && resource.body.field("spec.template.spec.containers") != Field::Absent
    };
    let mut kinds: BTreeMap<&str, (&Resource, usize)> = BTreeMap::new();
    for resource in estate.resources().iter().filter(holds_pods) {
        kinds.entry(resource.kind.as_str()).or_insert((resource, 0)).1 += 1;
    }
    let message = |(kind, (first, count)): (&str, (&Resource, usize))| {
        Diagnostic::error("pods-not-read", format!("the pods of {count} `{kind}` are not read"))
            .at(first.location())
            .help("assess the pods it makes, e.g. `kubectl get pods -A -o yaml | ringfence assess -`")
    };
    kinds.into_iter().map(message).collect()
}

fn counts(controls: &[Count]) -> Counts {
    let mut counts = Counts::default();
    for control in controls {
        for verdict in Verdict::ALL {
            counts.add(verdict, control.severity, control.of_verdict(verdict));
        }
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
