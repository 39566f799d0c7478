//! Resources: first which there are, so that names can be looked up, then their properties.

use ringfence_model::{
    Cause, Diagnostic, Entry, Key, Kind, Map, Node, Origin, Resource, Satellite, Stage, Text, Unresolved,
    Value,
};
use rustc_hash::FxHashMap;

use crate::condition::Truth;
use crate::evaluate::Evaluator;
use crate::for_each::Missing;
use crate::nested;
use crate::record::{Record, unknown};
use crate::stack::{PROCESSED, Presence, World, not_run};

/// A resource that is deployed, as written.
#[derive(Debug)]
pub(crate) struct Declared {
    name: Key,
    kind: Text,
    properties: Option<Node>,
    origin: Origin,
    /// Its condition, where that is not known.
    condition: Option<Box<Unresolved>>,
}

/// Finds out which resources stack `index` has, and makes their names known to it.
pub(crate) fn declare(
    world: &mut World,
    index: usize,
    entries: Vec<Entry>,
    record: &mut Record,
) -> Vec<Declared> {
    let mut evaluator = Evaluator::new(world, index, record);
    let (entries, missing) = evaluator.expand(entries);
    let open = missing.map(|missing| {
        evaluator.record.report(unknown_loop(&missing));
        missing.unresolved.cause
    });
    let mut names = FxHashMap::default();
    let mut modules = FxHashMap::default();
    let mut declared = Vec::with_capacity(entries.len());
    let mut doubtful = Doubtful::default();
    for Entry { key, node } in entries {
        let (presence, one) = evaluator.declare(&key, node, &mut doubtful);
        if let Some(one) = one {
            if one.kind.ends_with("::MODULE") {
                modules.insert(key.clone(), one.kind.clone());
            }
            declared.push(one);
        }
        names.insert(key, presence);
    }
    doubtful.report(record);
    if let Some(stack) = world.stacks.get_mut(index) {
        (stack.names, stack.modules) = (names, modules);
        open.into_iter().for_each(|cause| stack.set_open(cause));
    }
    declared
}

fn unknown_loop(missing: &Missing) -> Diagnostic {
    let cause = &missing.unresolved.cause;
    let message = format!("`Fn::ForEach` makes resources that are not known: {}", cause.describe());
    Diagnostic::error("resources-unknown", message)
        .at(missing.location)
        .help(format!("give {}", cause.remedy()))
}

impl Evaluator<'_> {
    fn declare(&mut self, key: &Key, node: Node, doubtful: &mut Doubtful) -> (Presence, Option<Declared>) {
        let origin = node.origin.clone();
        self.at = node.location();
        let Value::Map(mut map) = node.value else {
            self.fault(
                "resource-not-map",
                &format!("resource `{key}` is {}, not a map", node.value.noun()),
                "write `Type` and `Properties`",
            );
            return (Presence::Broken, None);
        };
        let Some(kind) = self.kind(key, &map) else { return (Presence::Broken, None) };
        let condition = match map.get("Condition").map(|node| (node.location(), self.condition_of(node))) {
            None | Some((_, Ok(true))) => None,
            Some((_, Ok(false))) => {
                let name = map.get("Condition").and_then(Node::as_str).unwrap_or_default();
                return (Presence::LeftOut(name.into()), None);
            }
            Some((location, Err(unresolved))) => {
                doubtful.add(map.get("Condition").and_then(Node::as_str), &unresolved, location);
                Some(unresolved)
            }
        };
        let mut properties = map.remove("Properties");
        if map.get("Fn::Transform").is_some() {
            self.record.report(not_run("Fn::Transform").at(self.at));
            let cause = Cause::Function("Fn::Transform".into());
            properties = Some(Node::unresolved(cause, None, origin.clone()));
        }
        self.note_kind(key, &kind);
        (Presence::There, Some(Declared { name: key.clone(), kind, properties, origin, condition }))
    }

    fn kind(&mut self, key: &Key, map: &Map) -> Option<Text> {
        match map.get("Type").map(|node| &node.value) {
            Some(Value::Text(kind)) if !kind.is_empty() => return Some(kind.clone()),
            None | Some(Value::Null) => {
                self.fault(
                    "type-missing",
                    &format!("resource `{key}` has no `Type`"),
                    "write its type, for example `Type: AWS::S3::Bucket`",
                );
            }
            Some(other) => {
                self.fault(
                    "type-not-text",
                    &format!("the type of resource `{key}` is {}, not a text", other.noun()),
                    "write its type, for example `Type: AWS::S3::Bucket`",
                );
            }
        }
        None
    }

    fn condition_of(&mut self, node: &Node) -> Truth {
        match node.as_str() {
            Some(name) => {
                let outer = std::mem::replace(&mut self.at, node.location());
                let truth = self.condition(name);
                self.at = outer;
                truth
            }
            None => {
                let halt = self.malformed("Condition", "the name of a condition");
                Err(self.cause_of(halt))
            }
        }
    }

    fn note_kind(&mut self, key: &Key, kind: &Text) {
        if kind.ends_with("::MODULE") {
            let message = format!("module `{key}` is not expanded: its resources are not assessed");
            let diagnostic = Diagnostic::error("module-not-expanded", message).help(PROCESSED);
            self.record.report(diagnostic.at(self.at));
        }
    }

    fn fault(&mut self, code: &'static str, message: &str, help: &str) {
        self.record.report(Diagnostic::error(code, message).at(self.at).help(help));
    }

    /// The properties, evaluated. What is no map is unresolved, so that nothing is judged by its absence.
    fn body(&mut self, name: &Key, properties: Option<Node>, origin: &Origin) -> Node {
        let empty = |origin: &Origin| Node::new(Map::default(), origin.clone());
        let Some(mut node) = properties else { return empty(origin) };
        self.at = node.location();
        if !self.node(&mut node) {
            return empty(origin);
        }
        match &node.value {
            Value::Map(_) | Value::Unresolved(_) => node,
            Value::Null => empty(&node.origin),
            other => {
                let message = format!("the properties of resource `{name}` are {}, not a map", other.noun());
                self.fault("properties-not-map", &message, "write a map of properties");
                Node {
                    value: Value::Unresolved(unknown(Cause::Unreadable("properties".into()))),
                    origin: node.origin,
                }
            }
        }
    }
}

/// Evaluates what was declared and appends the resources.
pub(crate) fn build(evaluator: &mut Evaluator<'_>, declared: Vec<Declared>, out: &mut Vec<Resource>) {
    let Some(stack) = evaluator.stack() else { return };
    let (scope, place) = (stack.scope.clone(), stack.place.clone());
    let mut kinds: FxHashMap<Text, Kind> = FxHashMap::default();
    for Declared { name, kind, properties, origin, condition } in declared {
        let url = |body: &Node| body.child("TemplateURL").present().and_then(nested::file_name);
        let noun = nested::noun(&kind);
        let written = properties.as_ref().filter(|_| noun.is_some()).and_then(url);
        let body = evaluator.body(&name, properties, &origin);
        if let Some(noun) = noun {
            evaluator.nested(noun, &name, url(&body).or(written).as_deref(), origin.location());
        }
        let kind = kinds.entry(kind).or_insert_with_key(|kind| Kind::new(kind.as_str())).clone();
        let mut resource = Resource::new(kind, Text::from(&*name), body, Stage::Template);
        resource.place = place.clone();
        resource.scope = Some(scope.clone());
        resource.address = Some(Text::from(&*name));
        resource.origin = origin;
        join_owners(resource, condition, out);
    }
}

/// Appends `resource`, once for each owner that it is a part of. A part that may not be there is unresolved
/// as a whole: were it there, it could hide a fault of its owner.
fn join_owners(mut resource: Resource, condition: Option<Box<Unresolved>>, out: &mut Vec<Resource>) {
    let mut owners = Satellite::all_of_cloudformation(&resource.kind, &resource.body).into_iter();
    resource.satellite = owners.next().map(Box::new);
    if let (Some(unresolved), Some(_)) = (condition, &resource.satellite) {
        resource.body.value = Value::Unresolved(Box::new(Unresolved { target: None, ..*unresolved }));
    }
    // Only owners that are in the input get a copy: the part itself stands for those that are not.
    let known = |owner: &Satellite| owner.owner.as_unresolved().is_some_and(|one| one.target.is_some());
    let copies: Vec<Resource> = owners
        .filter(known)
        .map(|owner| Resource { satellite: Some(Box::new(owner)), ..resource.clone() })
        .collect();
    out.push(resource);
    out.extend(copies);
}

/// Conditions of resources that are not known: one note for each, not one for each resource.
#[derive(Debug, Default)]
struct Doubtful {
    notes: Vec<(Text, usize, Diagnostic)>,
    by_name: FxHashMap<Text, usize>,
}

impl Doubtful {
    fn add(
        &mut self,
        name: Option<&str>,
        unresolved: &Unresolved,
        location: Option<ringfence_model::Location>,
    ) {
        // What is no condition is reported as that.
        if matches!(
            unresolved.cause,
            Cause::Missing(_) | Cause::Unreadable(_) | Cause::Cycle(_) | Cause::Bound(_)
        ) {
            return;
        }
        let name = Text::from(name.unwrap_or("Condition"));
        let at = *self.by_name.entry(name.clone()).or_insert_with(|| {
            let message = format!("condition `{name}` is not known ({})", unresolved.cause.describe());
            let note = Diagnostic::note("condition-unknown", message)
                .at(location)
                .help(format!("give {}", unresolved.cause.remedy()));
            self.notes.push((name, 0, note));
            self.notes.len() - 1
        });
        if let Some(row) = self.notes.get_mut(at) {
            row.1 += 1;
        }
    }

    fn report(self, record: &mut Record) {
        for (_, count, mut note) in self.notes {
            let what = if count == 1 { "a resource is".to_owned() } else { format!("{count} resources are") };
            note.message.push_str(&format!(": {what} judged as if it were true"));
            record.report(note);
        }
    }
}
