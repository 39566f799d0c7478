//! A canonical text of what was read, for expectations.

use std::fmt::Write as _;

use ringfence_cloudformation::{Inputs, Template, read};
use ringfence_model::{Diagnostic, Location, Node, Resource, Sources, Value};
use ringfence_text::Budget;

/// Files as a run reads them.
#[derive(Default)]
pub(crate) struct Files {
    pub(crate) sources: Sources,
    pub(crate) templates: Vec<Template>,
}

impl Files {
    /// Adds a template that is deployed as `stack`.
    pub(crate) fn add(&mut self, stack: &str, text: &str) {
        self.add_to(stack, text, None, None);
    }

    /// The same, deployed to an account and a region of its own.
    pub(crate) fn add_to(&mut self, stack: &str, text: &str, account: Option<&str>, region: Option<&str>) {
        let file = self.sources.add(stack, text);
        let (documents, diagnostics) = ringfence_text::read(file, text, &Budget::default());
        assert!(diagnostics.is_empty(), "{stack}: {diagnostics:?}");
        let template = |document| Template {
            stack: stack.into(),
            path: "".into(),
            document,
            account: account.map(Into::into),
            region: region.map(Into::into),
        };
        self.templates.extend(documents.into_iter().map(template));
    }

    /// Reads everything; the dump of it.
    pub(crate) fn dump(self, inputs: &Inputs) -> String {
        let (resources, diagnostics) = read(self.templates, inputs);
        let mut out = String::new();
        resources.iter().for_each(|one| resource(one, &self.sources, &mut out));
        diagnostics.iter().for_each(|one| diagnostic(one, &self.sources, &mut out));
        out
    }
}

fn resource(resource: &Resource, sources: &Sources, out: &mut String) {
    let at = place(resource.location(), sources);
    let scope = resource.scope.as_deref().unwrap_or("");
    let _ = write!(out, "{at} {} {scope}/{}", resource.kind, resource.address.as_deref().unwrap_or("?"));
    if let Some(satellite) = &resource.satellite {
        let _ = write!(
            out,
            " part of {} {} ({:?})",
            satellite.owner_kind,
            value(&satellite.owner),
            satellite.fold
        );
    }
    out.push('\n');
    if resource.body.as_unresolved().is_some() {
        let _ = writeln!(out, "  {}", value(&resource.body));
    }
    for entry in resource.body.entries() {
        let at = place(entry.node.location(), sources);
        let _ = writeln!(out, "  {at} {} = {}", entry.key, value(&entry.node));
    }
}

fn diagnostic(diagnostic: &Diagnostic, sources: &Sources, out: &mut String) {
    let Diagnostic { level, code, message, location, related, help } = diagnostic;
    let _ = writeln!(out, "{level:?} {code} at {}: {message}", place(*location, sources));
    for (location, label) in related {
        let _ = writeln!(out, "  {}: {label}", place(Some(*location), sources));
    }
    let _ = writeln!(out, "  help: {}", help.as_deref().unwrap_or("none"));
}

fn place(location: Option<Location>, sources: &Sources) -> String {
    let Some(location) = location else { return "-".to_owned() };
    let position = sources.position(location);
    format!("{}:{}:{}", position.file, position.line, position.column)
}

/// A value in flow style; unresolved ones with their cause and target.
pub(crate) fn value(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let entry = |entry: &ringfence_model::Entry| format!("{}: {}", entry.key, value(&entry.node));
            format!("{{{}}}", map.entries().iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::Unresolved(unresolved) => {
            let target = unresolved.target.as_ref().map(|target| {
                let attribute = target.attribute.as_ref().map(|one| format!(".{one}")).unwrap_or_default();
                format!(" -> {}/{}{attribute}", target.scope, target.address)
            });
            format!("?({}){}", unresolved.cause.describe(), target.unwrap_or_default())
        }
    }
}
