//! Estates from JSON: `{"$unresolved": "P"}` is a value that is not known, `{"$ref": "Key"}` one that refers
//! to a resource. Every value has a place of its own.

use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{Answer, Queries, ScopeFacts};
use ringfence_model::{
    Cause, Estate, EstateBuilder, FileId, Kind, Location, Map, Node, Origin, Resource, Sources, Stage,
    Target, Value,
};

use crate::policy::{Input, Item};
use crate::world::World;
use crate::{Catalogue, Evaluation, Selection};

pub(crate) use serde_json::json;

pub(crate) type Json = serde_json::Value;

/// Numbers the values of a body in the order they are written: the n-th lies at byte n.
pub(crate) struct Builder {
    file: FileId,
    next: usize,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self { file: Sources::default().add("test.yaml", ""), next: 0 }
    }

    pub(crate) fn node(&mut self, json: &Json) -> Node {
        let origin = Origin::Explicit(Location::new(self.file, self.next, self.next + 1));
        self.next += 1;
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(number) => Value::Int(number),
                None => Value::Float(number.as_f64().unwrap()),
            },
            Json::String(text) => Value::from(text.as_str()),
            Json::Array(items) => items.iter().map(|item| self.node(item)).collect::<Vec<_>>().into(),
            Json::Object(entries) => {
                let text = |key: &str| entries.get(key).and_then(Json::as_str);
                if let Some(name) = text("$unresolved") {
                    return Node::unresolved(Cause::Parameter(name.into()), None, origin);
                }
                if let Some(name) = text("$ref") {
                    let target = Target { scope: "stack".into(), address: name.into(), attribute: None };
                    return Node::unresolved(Cause::Assigned(name.into()), Some(target), origin);
                }
                entries
                    .iter()
                    .map(|(key, value)| (key.as_str().into(), self.node(value)))
                    .collect::<Map>()
                    .into()
            }
        };
        Node::new(value, origin)
    }
}

pub(crate) fn node(json: &Json) -> Node {
    Builder::new().node(json)
}

/// A Kubernetes object, or an AWS resource as `{"Type": …, "Name": …, "Properties": …}`.
pub(crate) fn resource(builder: &mut Builder, json: &Json) -> Resource {
    let text = |path: &str| json.pointer(path).and_then(Json::as_str);
    if let (Some(kind), Some(name)) = (text("/Type"), text("/Name")) {
        let body = builder.node(json.get("Properties").unwrap_or(&json!({})));
        let mut resource = Resource::new(Kind::new(kind), name, body, Stage::Template);
        (resource.scope, resource.address) = (Some("stack".into()), Some(name.into()));
        return resource;
    }
    let kind = Kind::kubernetes(text("/apiVersion").unwrap(), text("/kind").unwrap());
    let mut resource =
        Resource::new(kind, text("/metadata/name").unwrap(), builder.node(json), Stage::Manifest);
    resource.place.namespace = text("/metadata/namespace").map(Into::into);
    resource
}

pub(crate) fn estate(objects: &[Json]) -> Estate {
    let mut builder = Builder::new();
    let mut estate = EstateBuilder::default();
    estate.sources_mut().add("test.yaml", "");
    estate.extend(objects.iter().map(|one| resource(&mut builder, one)).collect::<Vec<_>>());
    estate.finish().0
}

/// No engine answers anything.
pub(crate) struct NoQueries;

impl Queries for NoQueries {
    fn ask(&self, _: &str) -> Option<Vec<Answer>> {
        None
    }
}

/// Judges `objects` with one control.
pub(crate) fn judge(
    catalogue: &Catalogue,
    id: &str,
    objects: &[Json],
    declaration: &Declaration,
) -> Evaluation {
    let selection = Selection { controls: vec![id.to_owned()], all: true };
    catalogue.assess(&estate(objects), declaration, &ScopeFacts::default(), &NoQueries, &selection)
}

/// Evaluates `source` about the first of `objects`, with its body or pod spec as the element.
pub(crate) fn holds(source: &str, objects: &[Json], declaration: &Declaration) -> Result<bool, Vec<String>> {
    let program = crate::cel::Program::compile(source).unwrap_or_else(|flaws| panic!("{source}: {flaws:?}"));
    let estate = estate(objects);
    let scope = ScopeFacts::default();
    let world = World::new(&estate, declaration, &scope);
    let (id, resource) = estate.iter().next().unwrap();
    let pod = ringfence_model::pod_spec(&resource.kind, &resource.body);
    let input = Input { world: &world, id, resource, pod, item: Item::Node(&resource.body), path: "" };
    let result = crate::policy::Condition::holds(&program, &input, None);
    result.map_err(|doubts| doubts.iter().map(|doubt| doubt.missing().why).collect())
}
