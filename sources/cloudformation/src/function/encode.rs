//! `Fn::Base64` and `Fn::ToJsonString`.

use std::fmt::Write as _;

use ringfence_model::{Node, Unresolved, Value};

use crate::evaluate::{Answer, Evaluator};

impl Evaluator<'_> {
    /// `Fn::Base64`.
    pub(crate) fn base64(&mut self, argument: Node) -> Answer {
        let text = self.text("Base64", argument)?;
        self.record.charge(0, text.len() / 3 * 4 + 4, self.at)?;
        Ok(Value::Text(base64(text.as_bytes()).into()))
    }

    /// `Fn::ToJsonString`.
    pub(crate) fn json(&mut self, argument: Node) -> Answer {
        let node = self.argument("ToJsonString", argument)?;
        if !matches!(node.value, Value::List(_) | Value::Map(_)) {
            return Err(self.wrong("ToJsonString"));
        }
        let mut text = String::new();
        write(&node, &mut text)?;
        self.record.charge(0, text.len(), self.at)?;
        Ok(Value::Text(text.into()))
    }
}

/// Writes `node` as JSON without spaces; what is unresolved inside makes the whole unresolved.
fn write(node: &Node, out: &mut String) -> Result<(), Box<Unresolved>> {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Float(value) => out.push_str(&value.to_string()),
        Value::Text(text) => quote(text, out),
        Value::List(items) => {
            separated(items.iter(), ('[', ']'), out, write)?;
        }
        Value::Map(map) => separated(map.entries().iter(), ('{', '}'), out, |entry, out| {
            quote(&entry.key, out);
            out.push(':');
            write(&entry.node, out)
        })?,
        Value::Unresolved(unresolved) => return Err(unresolved.clone()),
    }
    Ok(())
}

fn separated<T>(
    items: impl Iterator<Item = T>,
    (open, close): (char, char),
    out: &mut String,
    mut write: impl FnMut(T, &mut String) -> Result<(), Box<Unresolved>>,
) -> Result<(), Box<Unresolved>> {
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out)?;
    }
    out.push(close);
    Ok(())
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for one in text.chars() {
        match one {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                // Writing to a text cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |value: u32| ALPHABET.get((value & 63) as usize).map_or('A', |byte| char::from(*byte));
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| chunk.get(at).copied().map_or(0, u32::from);
        let value = byte(0) << 16 | byte(1) << 8 | byte(2);
        out.extend([letter(value >> 18), letter(value >> 12)]);
        out.push(if chunk.len() > 1 { letter(value >> 6) } else { '=' });
        out.push(if chunk.len() > 2 { letter(value) } else { '=' });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        let rows =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("ÿ>", "w78+")];
        for (text, expected) in rows {
            assert_eq!(base64(text.as_bytes()), expected, "{text}");
        }
    }
}
