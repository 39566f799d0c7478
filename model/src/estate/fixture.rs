//! Estates from JSON, for tests: Kubernetes objects as they are, AWS resources as
//! `{"Type", "Id", "Address", "Account", "Properties"}`, with `{"Ref": "Id"}` for a reference and
//! `{"Unknown": "why"}` for what is not known.

use serde_json::Value as Json;

use crate::{
    Cause, Diagnostic, Estate, EstateBuilder, Kind, Map, Node, Origin, Resource, Satellite, Stage, Target,
    Text, Value,
};

pub(crate) fn build(resources: Vec<Resource>) -> (Estate, Vec<Diagnostic>) {
    let mut builder = EstateBuilder::default();
    builder.extend(resources);
    builder.finish()
}

pub(crate) fn read(list: Json) -> Vec<Resource> {
    list.as_array().expect("a list").iter().cloned().map(object).collect()
}

pub(crate) fn object(json: Json) -> Resource {
    let text = |path: &str| json.pointer(path).and_then(Json::as_str);
    if let Some(kind) = text("/Type") {
        let body = node(json.get("Properties").unwrap_or(&Json::Null));
        let mut resource = Resource::new(Kind::new(kind), text("/Id").unwrap(), body, Stage::Template);
        resource.scope = Some("t".into());
        resource.address = text("/Address").or(text("/Id")).map(Text::from);
        resource.place.account = text("/Account").map(Text::from);
        resource.satellite = Satellite::of_cloudformation(&resource.kind, &resource.body).map(Box::new);
        return resource;
    }
    let kind = Kind::kubernetes(text("/apiVersion").unwrap(), text("/kind").unwrap());
    let mut resource = Resource::new(kind, text("/metadata/name").unwrap(), node(&json), Stage::Manifest);
    resource.place.namespace = text("/metadata/namespace").map(Text::from);
    resource.place.cluster = text("/cluster").map(Text::from);
    resource
}

fn node(json: &Json) -> Node {
    let origin = Origin::derived("test", None);
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(value) => value.as_i64().map_or(Value::Float(0.5), Value::Int),
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().map(node).collect::<Vec<_>>().into(),
        Json::Object(map) => match (map.get("Ref"), map.get("Unknown")) {
            (Some(Json::String(address)), _) => {
                let target = Target { scope: "t".into(), address: address.into(), attribute: None };
                return Node::unresolved(Cause::Assigned(address.into()), Some(target), origin);
            }
            (_, Some(Json::String(name))) => {
                return Node::unresolved(Cause::Parameter(name.into()), None, origin);
            }
            _ => map.iter().map(|(key, json)| (key.as_str().into(), node(json))).collect::<Map>().into(),
        },
    };
    Node::new(value, origin)
}
