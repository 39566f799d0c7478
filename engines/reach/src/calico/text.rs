//! Reads a selector out of a field, and says where in its text it cannot be understood.

use ringfence_model::{Diagnostic, Field, Location, Node};

use super::selector::{Expression, Selector};
use crate::policy::Reader;

/// The selector that is written under `key`; `None` where none is.
pub(super) fn selector(reader: &mut Reader<'_, '_>, at: &Node, key: &str) -> Option<Expression> {
    let node = match at.field(key) {
        Field::Absent => return None,
        Field::Present(node) => node,
        Field::Unresolved(node, unresolved) => {
            let why = unresolved.cause.describe();
            let message = format!("a selector of `{}` cannot be read: {why}", reader.label);
            reader.reading.diagnostics.push(
                Diagnostic::error("selector-unreadable", message)
                    .at(node.location())
                    .help("correct the selector; what it may select is reported as depends"),
            );
            return Some(Expression::Unknown);
        }
    };
    let Some(text) = node.as_str() else {
        reader.refuse("selector-invalid", &format!("`{key}` is not a text"), node);
        return Some(Expression::Unknown);
    };
    match Selector::parse(text) {
        _ if text.is_empty() => None,
        Ok(selector) => Some(selector.0),
        Err(error) => {
            let message = format!("`{key}` is not a selector: {error}");
            reader.refuse_at("selector-invalid", &message, place(node, text, error.offset));
            Some(Expression::Unknown)
        }
    }
}

/// Where in the file the byte `offset` of a text is; the whole node where it is written in another way.
fn place(node: &Node, text: &str, offset: usize) -> Option<Location> {
    let whole = node.location()?;
    let length = (whole.end - whole.start) as usize;
    let quotes = match length.checked_sub(text.len()) {
        Some(0) => 0,
        Some(2) => 1,
        _ => return Some(whole),
    };
    let start = (whole.start as usize).saturating_add(quotes).saturating_add(offset);
    Some(Location::new(whole.file, start.min(whole.end as usize), whole.end as usize))
}
