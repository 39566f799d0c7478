//! What kind of Terraform output a document is.

use ringfence_model::{Diagnostic, Entry, Location, Node, Value, mask};

/// The commands that make a plan as it is read here.
const COMMAND: &str =
    "make one with `terraform plan -out tfplan` and `terraform show -json tfplan > tfplan.json`";

/// Whether a document is Terraform's: a plan or state as `terraform show -json` prints it, a state
/// file, or a line of `terraform plan -json`.
pub(crate) fn recognises(document: &Node) -> bool {
    let has = |key: &str| document.child(key).node().is_some();
    let shown = has("format_version") && (has("terraform_version") || has("planned_values") || has("values"));
    let plan = has("planned_values")
        && (has("configuration") || has("resource_changes") || has("terraform_version"));
    shown || plan || is_state_file(document) || is_log(document)
}

fn is_state_file(document: &Node) -> bool {
    let numbered = document.get("version").and_then(Node::as_int).is_some();
    let has = |key: &str| document.child(key).node().is_some();
    numbered && has("terraform_version") && (has("resources") || has("modules"))
}

fn is_log(document: &Node) -> bool {
    document.text("@module") == Some("terraform.ui") && document.text("type") == Some("version")
}

/// Takes the part with the planned values out of a document that can be read; else says what to do.
pub(crate) fn planned(document: &mut Node) -> Result<Node, Box<Diagnostic>> {
    if let Some(problem) = unreadable(document) {
        return Err(Box::new(problem));
    }
    let whole = document.location();
    let key = if document.child("planned_values").node().is_some() { "planned_values" } else { "values" };
    let Value::Map(map) = &mut document.value else { return Err(Box::new(not_shown(whole))) };
    let Some(planned) = map.remove(key).filter(|node| node.value != Value::Null) else {
        return Err(Box::new(nothing(document)));
    };
    match planned.value {
        Value::Map(_) => Ok(planned),
        _ => Err(Box::new(shape(key, "a map", &planned))),
    }
}

fn unreadable(document: &Node) -> Option<Diagnostic> {
    if is_log(document) {
        let what = "this is the log of `terraform plan -json`, not a plan";
        return Some(Diagnostic::error("terraform-format", what).at(first_key(document)).help(COMMAND));
    }
    let Some(version) = document.child("format_version").node() else {
        return Some(without_version(document));
    };
    let written = match &version.value {
        Value::Text(text) => text.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Int(number) => number.to_string(),
        _ => return Some(shape("format_version", "a text", version)),
    };
    let major = written.split('.').next().unwrap_or_default();
    if matches!(major, "0" | "1") {
        return None;
    }
    let what = format!("the plan has format version `{}`, and 0 and 1 are read", mask(&written));
    let help = format!(
        "{COMMAND}, with a version of Terraform from 0.12 on whose `show -json` has format version 1"
    );
    Some(Diagnostic::error("terraform-format", what).at(version.location()).help(help))
}

fn without_version(document: &Node) -> Diagnostic {
    let location = document.child("version").node().and_then(Node::location).or_else(|| first_key(document));
    if !is_state_file(document) {
        return not_shown(location);
    }
    let version = document.get("version").and_then(Node::as_int).unwrap_or_default();
    let what = format!("this is a state file of version {version}, which holds no plan");
    let help = if version < 4 {
        format!(
            "this state is older than Terraform 0.12: upgrade it with `terraform init` and `terraform refresh`, then {COMMAND}"
        )
    } else {
        format!("{COMMAND}, or show the state with `terraform show -json > state.json`")
    };
    Diagnostic::error("terraform-format", what).at(location).help(help)
}

fn not_shown(location: Option<Location>) -> Diagnostic {
    Diagnostic::error("terraform-format", "the plan has no `format_version`").at(location).help(format!(
        "it is not the output of `terraform show -json`, or older than Terraform 0.12: {COMMAND}"
    ))
}

fn nothing(document: &Node) -> Diagnostic {
    let errored = document.get("errored").and_then(Node::as_bool) == Some(true);
    let what = if errored { "the plan ended with an error" } else { "the plan has no `planned_values`" };
    Diagnostic::error("terraform-format", what).at(first_key(document)).help(COMMAND)
}

/// What the plan says of itself: that it does not hold everything.
pub(crate) fn incomplete(document: &Node) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Some(errored) = document.get("errored").filter(|node| node.as_bool() == Some(true)) {
        let what = "the plan ended with an error, so that it does not hold everything";
        found.push(Diagnostic::error("terraform-incomplete", what).at(errored.location()).help(COMMAND));
    }
    if let Some(deferred) = document.get("deferred_changes").filter(|node| !node.items().is_empty()) {
        let what = format!("the plan leaves {} resources for a later one", deferred.items().len());
        let help = "apply it and plan again, then assess the later plan";
        found.push(Diagnostic::error("terraform-incomplete", what).at(deferred.location()).help(help));
    }
    found
}

fn first_key(document: &Node) -> Option<Location> {
    let first: Option<&Entry> = document.entries().first();
    first.map_or_else(|| document.location(), |entry| entry.node.location())
}

/// A part of the plan is not what it should be.
pub(crate) fn shape(what: &str, wanted: &str, node: &Node) -> Diagnostic {
    let found = node.value.noun();
    Diagnostic::error("terraform-shape", format!("`{what}` should be {wanted}, and is {found}"))
        .at(node.location())
        .help("give the output of `terraform show -json` as it is")
}
