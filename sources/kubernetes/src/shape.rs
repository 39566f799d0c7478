//! Whether values have the shape that the API takes, on the paths that controls and engines read.
//!
//! The API refuses an object with a text where it wants a truth value. Such a value becomes
//! unresolved, so that a control says `unknown` and never takes it for absent; the same goes for
//! template marks (`{{ … }}`) that nobody rendered.

mod table;

use ringfence_model::{Cause, Diagnostic, Location, Map, Node, Resource, Unresolved, Value};

/// What the API takes at a place.
#[derive(Debug)]
enum Shape {
    /// Anything; not looked at.
    Any,
    /// A text.
    Text,
    /// A text that a process gets as it is: only the marks of Helm itself cannot be meant for it.
    Literal,
    /// A text that may be anything, templates too.
    Data,
    /// A truth value.
    Bool,
    /// A whole number.
    Int,
    /// A whole number or a text.
    IntOrText,
    /// A map whose values are of one shape.
    Each(&'static Shape),
    /// A list whose items are of one shape.
    List(&'static Shape),
    /// A map; keys that are not listed are not looked at.
    Map(Fields),
}

/// Keys with the shapes of their values.
type Fields = &'static [(&'static str, Shape)];

/// Makes values that the API cannot take unresolved, and says so.
pub(crate) fn check(resource: &mut Resource) -> Vec<Diagnostic> {
    let Some(shape) = table::of(&resource.kind) else { return Vec::new() };
    let mut faults = Vec::new();
    find(&resource.body, shape, &Trail::Root, &mut faults);
    if faults.is_empty() {
        return Vec::new();
    }
    let label = resource.label();
    if faults.len() > MOST {
        refuse(&mut resource.body);
        return vec![too_many(&label, faults.first().and_then(|fault| fault.location))];
    }
    let diagnostics = diagnostics(&label, &faults);
    faults.into_iter().for_each(|fault| fault.apply(&mut resource.body));
    diagnostics
}

/// With so many wrong values the object is not what its kind says; hostile input must not grow either.
const MOST: usize = 100;

/// Makes everything but the object's identity unresolved.
fn refuse(body: &mut Node) {
    let Value::Map(map) = &mut body.value else { return };
    let unread = || {
        Value::Unresolved(Box::new(Unresolved {
            cause: Cause::Unreadable("the object".into()),
            target: None,
        }))
    };
    let mut entries = std::mem::take(map).into_entries();
    for entry in entries.iter_mut().filter(|entry| !matches!(&*entry.key, "apiVersion" | "kind" | "metadata"))
    {
        entry.node.value = unread();
    }
    if let Some(metadata) = entries.iter_mut().find(|entry| &*entry.key == "metadata") {
        for key in ["labels", "annotations", "ownerReferences"] {
            metadata.node.get_mut(key).into_iter().for_each(|node| node.value = unread());
        }
    }
    *map = Map::new(entries);
}

fn too_many(label: &str, at: Option<Location>) -> Diagnostic {
    Diagnostic::error(
        "wrong-type",
        format!("`{label}` has more than {MOST} values of the wrong type, so nothing of it is judged"),
    )
    .at(at)
    .help("check that it is an object of the kind it says")
}

/// The way from the root to a node; nothing is allocated before there is a fault.
enum Trail<'a> {
    Root,
    Key(&'a Trail<'a>, &'a str),
    Item(&'a Trail<'a>, usize),
}

impl Trail<'_> {
    fn steps(&self) -> Vec<Step> {
        match self {
            Trail::Root => Vec::new(),
            Trail::Key(parent, key) => push(parent.steps(), Step::Key((*key).to_owned())),
            Trail::Item(parent, index) => push(parent.steps(), Step::Item(*index)),
        }
    }
}

fn push(mut steps: Vec<Step>, step: Step) -> Vec<Step> {
    steps.push(step);
    steps
}

enum Step {
    Key(String),
    Item(usize),
}

/// A value of the wrong shape.
struct Fault {
    steps: Vec<Step>,
    location: Option<Location>,
    /// What stands there and what should; absent for a template mark.
    wrong: Option<(&'static str, &'static str)>,
}

impl Fault {
    fn path(&self) -> String {
        let step = |step: &Step| match step {
            Step::Key(key) => key.clone(),
            Step::Item(index) => index.to_string(),
        };
        self.steps.iter().map(step).collect::<Vec<_>>().join(".")
    }

    fn apply(self, body: &mut Node) {
        let cause = match self.wrong {
            Some(_) => Cause::Unreadable(format!("`{}`", self.path()).into()),
            None => Cause::Unrendered,
        };
        let mut node = body;
        for step in &self.steps {
            let next = match (step, &mut node.value) {
                (Step::Key(key), Value::Map(map)) => map.get_mut(key),
                (Step::Item(index), Value::List(items)) => items.get_mut(*index),
                _ => None,
            };
            let Some(next) = next else { return };
            node = next;
        }
        node.value = Value::Unresolved(Box::new(Unresolved { cause, target: None }));
    }
}

/// Recursion ends with the table, whatever the depth of the document.
fn find(node: &Node, shape: &'static Shape, trail: &Trail<'_>, faults: &mut Vec<Fault>) {
    if faults.len() > MOST {
        return;
    }
    match (shape, &node.value) {
        (_, Value::Null | Value::Unresolved(_)) | (Shape::Any, _) => {}
        (Shape::Text | Shape::IntOrText, Value::Text(text)) if !is_template(text) => {}
        (Shape::Literal, Value::Text(text)) if !is_helm(text) => {}
        (Shape::Text | Shape::Literal | Shape::IntOrText | Shape::Bool | Shape::Int, Value::Text(text))
            if is_template(text) =>
        {
            faults.push(Fault { steps: trail.steps(), location: node.location(), wrong: None });
        }
        (Shape::Data, Value::Text(_))
        | (Shape::Bool, Value::Bool(_))
        | (Shape::Int | Shape::IntOrText, Value::Int(_)) => {}
        (Shape::Each(each), Value::Map(map)) => {
            for entry in map.entries() {
                find(&entry.node, each, &Trail::Key(trail, &entry.key), faults);
            }
        }
        (Shape::List(each), Value::List(items)) => {
            for (index, item) in items.iter().enumerate() {
                let trail = Trail::Item(trail, index);
                match item.value {
                    Value::Null => faults.push(wrong(item, each, &trail)),
                    _ => find(item, each, &trail, faults),
                }
            }
        }
        (Shape::Map(fields), Value::Map(map)) => {
            for entry in map.entries() {
                if let Some((_, shape)) = fields.iter().find(|(key, _)| *key == &*entry.key) {
                    find(&entry.node, shape, &Trail::Key(trail, &entry.key), faults);
                }
            }
        }
        _ => faults.push(wrong(node, shape, trail)),
    }
}

fn wrong(node: &Node, shape: &Shape, trail: &Trail<'_>) -> Fault {
    let expected = match shape {
        Shape::Any => "a value",
        Shape::Text | Shape::Literal | Shape::Data => "a text",
        Shape::Bool => "a boolean",
        Shape::Int => "a whole number",
        Shape::IntOrText => "a whole number or a text",
        Shape::List(_) => "a list",
        Shape::Each(_) | Shape::Map(_) => "a map",
    };
    Fault { steps: trail.steps(), location: node.location(), wrong: Some((node.value.noun(), expected)) }
}

/// Marks that only Helm fills in.
fn is_helm(text: &str) -> bool {
    const WORDS: &[&str] = &[".Values", ".Release.", ".Chart.", ".Capabilities.", "include \"", "nindent"];
    is_template(text) && WORDS.iter().any(|word| text.contains(word))
}

/// Marks of Helm and its like; the braces of other languages do not close this way.
pub(crate) fn is_template(text: &str) -> bool {
    text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}"))
}

/// One error for each wrong value, and one for all template marks together.
fn diagnostics(label: &str, faults: &[Fault]) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> =
        faults.iter().filter_map(|fault| wrong_type(label, fault)).collect();
    let marks: Vec<&Fault> = faults.iter().filter(|fault| fault.wrong.is_none()).collect();
    if let Some(first) = marks.first() {
        let what = if marks.len() == 1 { "a template mark" } else { "template marks" };
        diagnostics.push(
            Diagnostic::error("not-rendered", format!("`{label}` holds {what} at `{}`", first.path()))
                .at(first.location)
                .help("run `helm template` on its chart and assess what it prints"),
        );
    }
    diagnostics
}

fn wrong_type(label: &str, fault: &Fault) -> Option<Diagnostic> {
    let (found, expected) = fault.wrong?;
    let help = match (found, expected) {
        ("a text", "a boolean" | "a whole number") => {
            "remove the quotes; the API refuses the object as it is".to_owned()
        }
        ("a boolean" | "a number", "a text") => {
            "put the value in quotes; the API refuses the object as it is".to_owned()
        }
        _ => format!("write {expected}; the API refuses the object as it is"),
    };
    let message = format!("`{}` of `{label}` is {found}, not {expected}", fault.path());
    Some(Diagnostic::error("wrong-type", message).at(fault.location).help(help))
}
