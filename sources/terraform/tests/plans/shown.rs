//! Resources as text: values with the lines they are written on.

use std::fmt::Write;

use ringfence_model::{Diagnostic, Fold, Location, Node, Origin, Resource, Sources, Target, Value};
use ringfence_text::Budget;

/// Everything that a plan becomes.
pub(crate) fn plan(text: &str) -> String {
    let mut sources = Sources::default();
    let file = sources.add("plan.json", text);
    let (documents, problems) = ringfence_text::json(file, text, &Budget::default());
    assert_eq!(problems, [], "the fixture is JSON");
    let shown = Shown { sources: &sources };
    let mut out = String::new();
    for document in documents {
        assert!(ringfence_terraform::recognises(&document), "the fixture is Terraform's");
        let (resources, diagnostics) = ringfence_terraform::read(document, "plan");
        resources.iter().for_each(|resource| shown.resource(resource, &mut out));
        diagnostics.iter().for_each(|diagnostic| shown.diagnostic(diagnostic, &mut out));
    }
    out
}

struct Shown<'a> {
    sources: &'a Sources,
}

impl Shown<'_> {
    fn line(&self, location: Option<Location>) -> String {
        location.map_or_else(String::new, |location| format!(" @{}", self.sources.position(location).line))
    }

    fn resource(&self, resource: &Resource, out: &mut String) {
        let address = resource.address.as_deref().unwrap_or("-");
        let place = &resource.place;
        let _ = write!(out, "{} {address}", resource.kind);
        for part in [&place.account, &place.region, &place.namespace].into_iter().flatten() {
            let _ = write!(out, " in {part}");
        }
        let _ = writeln!(out, " named {}{}", resource.name, self.line(resource.location()));
        if let Some(satellite) = &resource.satellite {
            let how = match &satellite.fold {
                Fold::Append(list) => format!("append to {list}"),
                Fold::AppendValue { list, property } => format!("append {property} to {list}"),
                Fold::Merge => "merge".to_owned(),
            };
            let owner = self.scalar(&satellite.owner);
            let _ = writeln!(out, "  part of {} {owner}: {how}", satellite.owner_kind);
        }
        self.entries(&resource.body, 1, out);
        out.push('\n');
    }

    fn entries(&self, node: &Node, depth: usize, out: &mut String) {
        if node.as_unresolved().is_some() {
            let _ = writeln!(out, "{}{}", "  ".repeat(depth), self.scalar(node));
        }
        for entry in node.entries() {
            let _ = write!(out, "{}{}:", "  ".repeat(depth), entry.key);
            self.node(&entry.node, depth, out);
        }
    }

    fn node(&self, node: &Node, depth: usize, out: &mut String) {
        let line = self.line(node.location());
        match &node.value {
            Value::Map(map) if map.entries().is_empty() => {
                let _ = writeln!(out, " {{}}{line}");
            }
            Value::List(items) if items.is_empty() => {
                let _ = writeln!(out, " []{line}{}", origin(&node.origin));
            }
            Value::Map(_) => {
                let _ = writeln!(out, "{line}");
                self.entries(node, depth + 1, out);
            }
            Value::List(items) => {
                let _ = writeln!(out, "{line}");
                for item in items {
                    let _ = write!(out, "{}-", "  ".repeat(depth + 1));
                    self.node(item, depth + 1, out);
                }
            }
            _ => {
                let _ = writeln!(out, " {}{line}{}", self.scalar(node), origin(&node.origin));
            }
        }
    }

    fn scalar(&self, node: &Node) -> String {
        match &node.value {
            Value::Unresolved(unresolved) => {
                let target = unresolved.target.as_ref().map(target).unwrap_or_default();
                format!("? {}{target}", unresolved.cause.describe())
            }
            Value::Text(text) => format!("{:?}", text.as_str()),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            other => format!("{other:?}"),
        }
    }

    fn diagnostic(&self, diagnostic: &Diagnostic, out: &mut String) {
        let Diagnostic { level, code, message, help, .. } = diagnostic;
        let _ = writeln!(out, "{level:?} {code}{}: {message}", self.line(diagnostic.location));
        for (place, label) in &diagnostic.related {
            let _ = writeln!(out, "  also{}: {label}", self.line(Some(*place)));
        }
        if let Some(help) = help {
            let _ = writeln!(out, "  help: {help}");
        }
    }
}

fn target(target: &Target) -> String {
    let attribute = target.attribute.as_ref().map(|name| format!(".{name}")).unwrap_or_default();
    format!(" -> {}{attribute}", target.address)
}

fn origin(origin: &Origin) -> &'static str {
    if matches!(origin, Origin::Derived(_)) { " (derived)" } else { "" }
}
