//! The editor schema (JSON Schema draft 7, which all YAML editors understand), from the same table.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::language::{Choice, DECLARATION, Record, Shape};

/// The JSON schema of `ringfence.yaml`, pretty-printed.
pub fn schema() -> String {
    let mut definitions = Definitions::default();
    let Value::Object(mut schema) = definitions.object(&DECLARATION) else { return String::new() };
    schema.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    schema.insert("title".to_owned(), json!("Ringfence declaration"));
    schema.insert("definitions".to_owned(), Value::Object(definitions.0.into_iter().collect()));
    format!("{:#}\n", Value::Object(schema))
}

/// Records under their names; each is written once.
#[derive(Default)]
struct Definitions(BTreeMap<String, Value>);

impl Definitions {
    fn reference(&mut self, record: &'static Record) -> Value {
        if !self.0.contains_key(record.name) {
            // Named before it is written, should it ever hold itself.
            self.0.insert(record.name.to_owned(), Value::Null);
            let object = self.object(record);
            self.0.insert(record.name.to_owned(), object);
        }
        json!({ "$ref": format!("#/definitions/{}", record.name) })
    }

    fn object(&mut self, record: &'static Record) -> Value {
        let mut properties = Map::new();
        for key in record.keys {
            let mut shape = self.shape(&key.shape);
            // Beside `$ref` draft 7 ignores everything else.
            if shape.get("$ref").is_some() {
                shape = json!({ "allOf": [shape] });
            }
            if let Value::Object(fields) = &mut shape {
                fields.insert("description".to_owned(), json!(key.about));
            }
            properties.insert(key.name.to_owned(), shape);
        }
        let required: Vec<&str> = record.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        let mut object = json!({
            "type": "object",
            "description": record.about,
            "additionalProperties": false,
            "properties": properties,
            "required": required,
        });
        if let (Value::Object(fields), Some((keyword, choice))) = (&mut object, choice(&record.choice)) {
            fields.insert(keyword.to_owned(), choice);
        }
        object
    }

    fn shape(&mut self, shape: &'static Shape) -> Value {
        match shape {
            Shape::Text(form) => json!({ "type": "string", "pattern": form.pattern }),
            Shape::Bool => json!({ "type": "boolean" }),
            Shape::Word(words) => {
                let each = |word: &(&str, &str)| json!({ "const": word.0, "description": word.1 });
                json!({ "oneOf": words.iter().map(each).collect::<Vec<_>>() })
            }
            Shape::List(item) => json!({ "type": "array", "items": self.shape(item) }),
            Shape::Many(item) => {
                let one = self.shape(item);
                json!({ "oneOf": [one, { "type": "array", "items": one }] })
            }
            Shape::Record(record) => self.reference(record),
            Shape::Named(record) => {
                json!({ "type": "object", "additionalProperties": self.reference(record) })
            }
            Shape::Either(plain, record) => json!({ "oneOf": [self.shape(plain), self.reference(record)] }),
            Shape::Marker => json!({ "enum": [{}, null, true] }),
            Shape::Labels => {
                json!({ "type": "object", "additionalProperties": { "type": ["string", "object", "array"] } })
            }
            Shape::Tags => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        }
    }
}

fn choice(choice: &Choice) -> Option<(&'static str, Value)> {
    match choice {
        Choice::Free => None,
        Choice::OneOf(names) => {
            Some(("oneOf", names.iter().map(|name| json!({ "required": [name] })).collect()))
        }
        Choice::AtLeastOne => Some(("minProperties", json!(1))),
    }
}
