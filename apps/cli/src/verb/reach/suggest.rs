//! `ringfence reach suggest NAMESPACE`: the smallest set of policies that allows exactly what is declared.
//!
//! The text is read back through the source that reads all manifests, and reach of the estate with it is
//! compared with reach of the estate as it is, before a line is printed.

use ringfence_model::fact::{SuggestedChange, Suggestion};
use ringfence_model::{Diagnostic, Resource, Sources};
use ringfence_outputs::reach::suggest;
use ringfence_reach::{Profile, Reach};
use ringfence_scope::{Home, Options};
use ringfence_text::Budget;

use crate::arguments::Suggest;
use crate::exit::{Failure, Outcome};
use crate::intake::Intake;
use crate::stream::Results;
use crate::verb::{outcome, read, talk};

/// Reads, suggests, reads back, compares, and prints.
pub(crate) fn run(options: &Suggest, quiet: bool) -> Result<Outcome, Failure> {
    let mut intake = read(&options.input, quiet)?;
    if intake.recognised == 0 {
        talk(&intake, quiet);
        return Ok(outcome(&intake));
    }
    let home = home(&options.namespace, &intake)?;
    let Some(declaration) = intake.declaration_path().map(str::to_owned) else {
        return Err(Failure::usage(
            "there is no ringfence.yaml that says what may be allowed",
            "declare flows and the register there; `ringfence init` drafts one from what is read",
        ));
    };
    let (before, diagnostics) = Reach::new(&intake.estate, Profile::Spec);
    intake.diagnostics.extend(diagnostics);
    let (suggestion, diagnostics) = ringfence_scope::suggest(
        &intake.estate,
        &intake.declaration,
        &before,
        &home,
        Options { dns: !options.no_dns },
    );
    intake.diagnostics.extend(diagnostics);
    let change = change(&mut intake, &home, &suggestion, &before)?;
    talk(&intake, quiet);
    let mut out = Results::open(&options.output)?;
    suggest::write(&mut out, &intake.estate, &suggestion, &change, &declaration)?;
    out.finish()?;
    Ok(outcome(&intake))
}

/// The namespace that the argument names.
fn home(text: &str, intake: &Intake) -> Result<Home, Failure> {
    let mut homes = Home::find(&intake.estate, text);
    match (homes.pop(), homes.pop()) {
        (Some(home), None) => Ok(home),
        (Some(one), Some(_)) => Err(Failure::usage(
            format!("several clusters have a namespace `{text}`"),
            format!("write `{}/{text}`", one.cluster.as_deref().unwrap_or("CLUSTER")),
        )),
        (None, _) => {
            let namespaces = intake.estate.of_kind("v1/Namespace");
            let names =
                namespaces.iter().filter_map(|id| intake.estate.resource(*id)).map(|one| one.name.as_str());
            let near = ringfence_model::nearest(text, names).map(|name| format!("`{name}` is; "));
            Err(Failure::usage(
                format!("no namespace `{text}` is in the input"),
                format!("{}write `ringfence reach suggest NAMESPACE [PATH]…`", near.unwrap_or_default()),
            ))
        }
    }
}

/// What the suggestion changes once it is in force in place of the present policies.
fn change(
    intake: &mut Intake,
    home: &Home,
    suggestion: &Suggestion,
    before: &Reach,
) -> Result<SuggestedChange, Failure> {
    let mut text = Vec::new();
    suggest::policies(&mut text, suggestion)?;
    let policies = read_back(&String::from_utf8_lossy(&text), home, &mut intake.diagnostics);
    let estate = intake.estate.changed(|resource| home.holds_policy(resource), policies);
    let (after, _) = Reach::new(&estate, Profile::Spec);
    Ok(ringfence_scope::change(&intake.declaration, suggestion, (&intake.estate, before), (&estate, &after)))
}

/// The policies in `text`, as the source reads them.
fn read_back(text: &str, home: &Home, diagnostics: &mut Vec<Diagnostic>) -> Vec<Resource> {
    let mut sources = Sources::default();
    let file = sources.add("suggestion", text);
    let (documents, mut faults) = ringfence_text::read(file, text, &Budget::default());
    let mut policies = Vec::new();
    for document in documents {
        let (resources, more) = ringfence_kubernetes::read(document);
        policies.extend(resources);
        faults.extend(more);
    }
    for policy in &mut policies {
        policy.place.cluster.clone_from(&home.cluster);
    }
    diagnostics.extend(faults.into_iter().map(|fault| {
        let message = format!("the suggestion cannot be read back: {}", fault.message);
        Diagnostic::error("suggest-unreadable", message).help("do not apply it; a name or label is not valid")
    }));
    policies
}
