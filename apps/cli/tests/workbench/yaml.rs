//! Manifests as JSON values and as block YAML, to be read by ours and by theirs.

use libtest_mimic::Failed;
use ringfence_model::{FileId, Node, Value};
use serde_json::Value as Json;

/// One stream of documents.
pub(crate) fn stream(manifests: &[Json]) -> String {
    manifests.iter().fold(String::new(), |mut text, manifest| {
        text.push_str("---\n");
        block(manifest, 0, &mut text);
        text
    })
}

fn block(value: &Json, indent: usize, text: &mut String) {
    let space = " ".repeat(indent);
    match value {
        Json::Object(entries) => {
            for (key, value) in entries {
                text.push_str(&format!("{space}{}:", scalar(key)));
                nested(value, indent + 2, text);
            }
        }
        Json::Array(items) => {
            for item in items {
                text.push_str(&format!("{space}-"));
                nested(item, indent + 2, text);
            }
        }
        _ => text.push_str(&format!("{space}{}\n", plain(value))),
    }
}

fn nested(value: &Json, indent: usize, text: &mut String) {
    let is_block = value.as_object().is_some_and(|entries| !entries.is_empty())
        || value.as_array().is_some_and(|items| !items.is_empty());
    if is_block {
        text.push('\n');
        block(value, indent, text);
    } else {
        text.push_str(&format!(" {}\n", plain(value)));
    }
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), scalar)
}

/// Quoted, unless it cannot be anything but a text.
fn scalar(text: &str) -> String {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/' | b'.');
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let reserved = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if starts && text.bytes().all(word) && !reserved.contains(&&*text.to_ascii_lowercase()) {
        text.to_owned()
    } else {
        Json::from(text).to_string()
    }
}

/// The documents of a stream, without a single diagnostic.
pub(crate) fn documents(file: FileId, stream: &str) -> Result<Vec<Node>, Failed> {
    let source = ringfence_text::decode(stream.as_bytes().to_vec()).map_err(|_| "no text")?;
    let (documents, diagnostics) = ringfence_text::read(file, &source, &ringfence_text::Budget::default());
    match diagnostics.first() {
        Some(first) => Err(format!("the stream cannot be read: {first:?}").into()),
        None => Ok(documents),
    }
}

/// A node as JSON.
pub(crate) fn json(node: &Node) -> Json {
    match &node.value {
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(_) => {
            node.entries().iter().map(|entry| (entry.key.to_string(), json(&entry.node))).collect()
        }
        Value::Null | Value::Unresolved(_) => Json::Null,
    }
}
