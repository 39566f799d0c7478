//! What a value holds, without regard to where it is written and in which order. Fingerprints rest on it,
//! so that what is hashed here never changes.

use ringfence_model::{Node, Value};
use sha2::{Digest, Sha256};

/// How many bytes of a hash are kept.
const BYTES: usize = 16;

/// A hash of what `node` holds, in hexadecimal digits.
pub(super) fn digest(node: &Node) -> String {
    let mut canonical = Vec::new();
    write(node, &mut canonical);
    hex(&Sha256::digest(&canonical))
}

/// The beginning of a hash in hexadecimal digits.
pub(super) fn hex(hash: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    hash.iter().take(BYTES).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Writes `node` so that no two values are written alike: each part has a mark, and a length where it
/// could run into the next one.
fn write(node: &Node, out: &mut Vec<u8>) {
    match &node.value {
        Value::Null => out.push(b'n'),
        Value::Bool(value) => out.extend([b'b', u8::from(*value)]),
        Value::Int(value) => {
            out.push(b'i');
            out.extend(value.to_le_bytes());
        }
        Value::Float(value) => {
            out.push(b'f');
            out.extend(value.to_bits().to_le_bytes());
        }
        Value::Text(text) => write_text(b't', text, out),
        Value::Unresolved(unresolved) => write_text(b'u', &format!("{:?}", unresolved.cause), out),
        Value::List(items) => {
            let parts = items.iter().map(|item| {
                let mut part = Vec::new();
                write(item, &mut part);
                part
            });
            write_sorted(b'l', parts.collect(), out);
        }
        Value::Map(map) => {
            // Null is read as absent.
            let there = map.entries().iter().filter(|entry| entry.node.value != Value::Null);
            let parts = there.map(|entry| {
                let mut part = Vec::new();
                write_text(b'k', &entry.key, &mut part);
                write(&entry.node, &mut part);
                part
            });
            write_sorted(b'm', parts.collect(), out);
        }
    }
}

fn write_text(mark: u8, text: &str, out: &mut Vec<u8>) {
    out.push(mark);
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn write_sorted(mark: u8, mut parts: Vec<Vec<u8>>, out: &mut Vec<u8>) {
    parts.sort_unstable();
    out.push(mark);
    out.extend((parts.len() as u64).to_le_bytes());
    out.extend(parts.into_iter().flatten());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::build::{Json, json, node};

    #[test]
    fn order_and_place_do_not_count_and_all_else_does() {
        let of = |value: &Json| digest(&node(value));
        let one = json!({"a": [1, {"b": "x", "c": null}], "d": {"$unresolved": "P"}});
        assert_eq!(of(&one), of(&json!({"d": {"$unresolved": "P"}, "a": [{"b": "x"}, 1]})));
        let others = [
            json!({"a": [1, {"b": "x"}], "d": {"$unresolved": "Q"}}),
            json!({"a": [1, {"b": "y"}], "d": {"$unresolved": "P"}}),
            json!({"a": [1, 1, {"b": "x"}], "d": {"$unresolved": "P"}}),
            json!({"a": ["1", {"b": "x"}], "d": {"$unresolved": "P"}}),
            json!({"a": [true, {"b": "x"}], "d": {"$unresolved": "P"}}),
            json!({"a": [1, ["b", "x"]], "d": {"$unresolved": "P"}}),
        ];
        for other in others {
            assert_ne!(of(&one), of(&other), "{other}");
        }
    }

    #[test]
    fn a_digest_never_changes() {
        let rule = json!({"IpProtocol": "tcp", "FromPort": 22, "CidrIp": {"$unresolved": "Cidr"}, "Tags": ["b", "a"]});
        assert_eq!(digest(&node(&rule)), "ebdf05fa7136e4a368e9620b7c9aa3c2");
    }
}
