//! Kubernetes manifests into resources.
//!
//! A document becomes one resource, a list one resource per item. A document that cannot be read
//! costs only itself and is named in a diagnostic.
//!
//! INVARIANT: a name or namespace that is unresolved is an error, never a default. A value that the
//! API would refuse is unresolved, never absent.

mod aws_auth;
mod deploys;
mod list;
#[cfg(any(test, feature = "property"))]
pub mod property;
mod scope;
mod shape;
mod unrendered;

#[cfg(test)]
mod tests;

use ringfence_model::{Diagnostic, Entry, Field, Kind, Node, Origin, Resource, Stage, Text, Value};

use list::{Inherited, Opened};
use scope::Scope;
pub use unrendered::unrendered;

/// Whether `document` says that it is a Kubernetes object: `apiVersion` and `kind` are texts.
pub fn recognises(document: &Node) -> bool {
    [document.child("apiVersion"), document.child("kind")]
        .iter()
        .all(|field| matches!(text(*field), Ok(Some(_))))
}

/// The resources of one document, in source order, and what could not be read.
pub fn read(document: Node) -> (Vec<Resource>, Vec<Diagnostic>) {
    let mut resources = Vec::new();
    let mut diagnostics = Vec::new();
    // A stack of its own, because lists may hold lists to any depth.
    let mut pending = vec![(document, None)];
    while let Some((node, inherited)) = pending.pop() {
        match read_one(node, inherited.as_ref()) {
            Ok(Read::Object(mut resource)) => {
                diagnostics.extend(shape::check(&mut resource));
                diagnostics.extend(deploys::note(&resource));
                if aws_auth::is(&resource) {
                    diagnostics.extend(aws_auth::open(&mut resource));
                }
                resources.push(*resource);
            }
            Ok(Read::List(items, inherited)) => {
                pending.extend(items.into_iter().rev().map(|item| (item, inherited.clone())));
            }
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    (resources, diagnostics)
}

/// What one document or item turned out to be.
enum Read {
    Object(Box<Resource>),
    List(Vec<Node>, Option<Inherited>),
}

type Result<T> = std::result::Result<T, Box<Diagnostic>>;

fn read_one(mut node: Node, inherited: Option<&Inherited>) -> Result<Read> {
    check_map(&node)?;
    if let Some(diagnostic) = unrendered(&node) {
        return Err(Box::new(diagnostic));
    }
    let origin = start(&node).clone();
    if let Some(inherited) = inherited {
        inherited.apply(&mut node);
    }
    let api_version = required(&node, "apiVersion", "api-version-missing", "api-version-not-text")?;
    let kind = required(&node, "kind", "kind-missing", "kind-not-text")?;
    let node = match list::open(node, &api_version, &kind)? {
        Opened::List(items, inherited) => return Ok(Read::List(items, inherited)),
        Opened::Object(node) => node,
    };
    let name = name(&node)?;
    let written = metadata(&node, "metadata.namespace")?;
    let kind = Kind::kubernetes(&api_version, &kind);
    if let Some(known) = scope::respelt(&kind) {
        let message = format!("`{}` is no kind of `{api_version}`", kind.name());
        let help = format!("write `{known}`: the API server reads kinds by case");
        return Err(Box::new(
            Diagnostic::error("unknown-kind", message).at(start(&node).location()).help(help),
        ));
    }
    let namespace = match scope::of(&kind) {
        Scope::Cluster => None,
        Scope::Namespace => written.or(Some(Text::const_new("default"))),
        Scope::Unknown => written,
    };
    let stage = if node.get("metadata.uid").is_some() { Stage::Live } else { Stage::Manifest };
    let mut resource = Resource::new(kind, name, node, stage);
    resource.origin = origin;
    resource.place.namespace = namespace;
    Ok(Read::Object(Box::new(resource)))
}

/// An error unless `node` is a map with something in it.
fn check_map(node: &Node) -> Result<()> {
    let diagnostic = match &node.value {
        Value::Map(map) if !map.entries().is_empty() => return Ok(()),
        Value::Map(_) | Value::Null => Diagnostic::note("empty-document", "the document is empty"),
        Value::Unresolved(unresolved) => Diagnostic::error(
            "object-unresolved",
            format!("object is not known: {}", unresolved.cause.describe()),
        )
        .help(format!("give {}", unresolved.cause.remedy())),
        other => Diagnostic::error(
            "not-an-object",
            format!("expected a Kubernetes object, found {}", other.noun()),
        ),
    };
    Err(Box::new(diagnostic.at(node.location())))
}

/// The name, or the prefix from which the API makes one.
fn name(node: &Node) -> Result<Text> {
    if let Some(name) = metadata(node, "metadata.name")? {
        return Ok(name);
    }
    metadata(node, "metadata.generateName")?.ok_or_else(|| {
        Box::new(
            Diagnostic::error("name-missing", "object has no name")
                .at(node.child("metadata").node().map_or_else(|| start(node).location(), Node::location))
                .help("set `metadata.name`"),
        )
    })
}

/// A text of the metadata; the API reads an empty one as absent.
fn metadata(node: &Node, path: &str) -> Result<Option<Text>> {
    let found = text(node.field(path)).map_err(|node| not_text("name-not-text", path, node))?;
    match found.filter(|text| !text.is_empty()) {
        Some(text) if shape::is_template(&text) => Err(Box::new(
            Diagnostic::error(
                "not-rendered",
                format!("`{path}` is a template mark, so the object is left out"),
            )
            .at(node.field(path).node().and_then(Node::location))
            .help("run `helm template` on its chart and assess what it prints"),
        )),
        found => Ok(found),
    }
}

/// A text that every object has at its top.
fn required(node: &Node, key: &str, missing: &'static str, not: &'static str) -> Result<Text> {
    let found = text(node.child(key)).map_err(|node| not_text(not, key, node))?;
    found.filter(|text| !text.is_empty()).ok_or_else(|| {
        let diagnostic = Diagnostic::error(missing, format!("object has no `{key}`"));
        Box::new(diagnostic.at(start(node).location()).help(format!("set `{key}`")))
    })
}

/// The text of a field; the node itself where it is something else or not known.
fn text(field: Field<'_>) -> std::result::Result<Option<Text>, &Node> {
    match field.node() {
        None => Ok(None),
        Some(Node { value: Value::Text(text), .. }) => Ok(Some(text.clone())),
        Some(other) => Err(other),
    }
}

fn not_text(code: &'static str, path: &str, node: &Node) -> Box<Diagnostic> {
    let (message, help) = match &node.value {
        Value::Unresolved(unresolved) => (
            format!("`{path}` is not known: {}", unresolved.cause.describe()),
            format!("give {}", unresolved.cause.remedy()),
        ),
        value @ (Value::Bool(_) | Value::Int(_) | Value::Float(_)) => (
            format!("`{path}` is {} to Kubernetes, not a text", value.noun()),
            format!("quote the value of `{path}`"),
        ),
        value => (format!("`{path}` is {}, not a text", value.noun()), format!("write a text as `{path}`")),
    };
    let code = if node.as_unresolved().is_some() { "name-unresolved" } else { code };
    Box::new(Diagnostic::error(code, message).at(node.location()).help(help))
}

/// Where an object starts: its `kind`, else its first key.
fn start(node: &Node) -> &Origin {
    let entries = node.entries();
    let kind = entries.iter().find(|entry| &*entry.key == "kind" && entry.node.value != Value::Null);
    kind.or(entries.first()).map_or(&node.origin, |Entry { node, .. }| &node.origin)
}
