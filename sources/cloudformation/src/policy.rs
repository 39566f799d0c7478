//! Policy documents that are written as text: read as the JSON they are.

use ringfence_model::{Cause, Diagnostic, Key, Node, Origin, Text, Value};

use crate::record::{Record, unknown};
use crate::shape::bare;

/// Properties that hold policy documents, and whether they hold nothing else.
const DOCUMENTS: &[(&str, bool)] = &[
    ("AccessPolicies", true),
    ("AccessPolicy", true),
    ("AssumeRolePolicyDocument", true),
    ("Content", false),
    ("FileSystemPolicy", true),
    ("InlinePolicy", true),
    ("KeyPolicy", true),
    ("Policy", false),
    ("PolicyDocument", true),
    ("PolicyText", false),
    ("RepositoryPolicyText", true),
    ("ResourcePolicy", false),
];

fn row(key: &str) -> Option<bool> {
    DOCUMENTS.iter().find(|row| row.0 == key).map(|row| row.1)
}

/// A document given as `Fn::ToJsonString` is the map inside: its parts keep their own places.
pub(crate) fn unwrap_text(key: &str, node: &mut Node) {
    let Value::Map(map) = &mut node.value else { return };
    let [entry] = map.entries() else { return };
    if bare(&entry.key) == "ToJsonString" && &*entry.key != "ToJsonString" && row(key).is_some() {
        let inner = std::mem::take(map).into_entries().pop();
        node.value = inner.map_or(Value::Null, |inner| inner.node.value);
    }
}

/// Reads a text below `key` as a policy document; one that cannot be read is unresolved.
pub(crate) fn parse(key: &Key, node: &mut Node, record: &mut Record) {
    let Value::Text(text) = &node.value else { return };
    let Some(only) = row(key) else { return };
    if !only && !text.trim_start().starts_with('{') {
        return;
    }
    node.value = document(text, &node.origin).unwrap_or_else(|| {
        record.report(
            Diagnostic::error("policy-unreadable", format!("`{key}` is not a policy document"))
                .at(node.location())
                .help("write it as a map, or as valid JSON"),
        );
        Value::Unresolved(unknown(Cause::Unreadable("policy document".into())))
    });
}

/// The JSON object that `text` is.
fn document(text: &Text, origin: &Origin) -> Option<Value> {
    let because = "part of a policy document written as text";
    let value = ringfence_text::embedded_json(text, because, origin.location()?)?.value;
    matches!(value, Value::Map(_)).then_some(value)
}
