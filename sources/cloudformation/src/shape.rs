//! Plain questions about the shape of a value.

use ringfence_model::{Entry, Node, Text, Value};

/// The text that CloudFormation makes of a scalar.
pub(crate) fn scalar(value: &Value) -> Option<Text> {
    Some(match value {
        Value::Text(text) => text.clone(),
        Value::Bool(value) => Text::const_new(if *value { "true" } else { "false" }),
        Value::Int(value) => Text::from(value.to_string()),
        Value::Float(value) => Text::from(value.to_string()),
        _ => return None,
    })
}

/// Whether a key that stands alone in its map names a function.
pub(crate) fn is_function(key: &str) -> bool {
    match key.as_bytes().first() {
        Some(b'F') => key.starts_with("Fn::"),
        Some(b'R') => key == "Ref",
        Some(b'!') => true,
        _ => false,
    }
}

/// Whether a key is that of an `Fn::ForEach`.
pub(crate) fn is_for_each(key: &str) -> bool {
    key.strip_prefix("Fn::ForEach").is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// A function's name without `Fn::` or `!`.
pub(crate) fn bare(key: &str) -> &str {
    key.strip_prefix("Fn::").or_else(|| key.strip_prefix('!')).unwrap_or(key)
}

/// The function that `node` is: its key and its argument.
pub(crate) fn function(node: &Node) -> Option<(&str, &Node)> {
    match node.entries() {
        [Entry { key, node }] if is_function(key) => Some((key, node)),
        _ => None,
    }
}
