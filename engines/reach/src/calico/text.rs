//! Reads a selector out of a field, and says where in its text it cannot be understood.

use ringfence_model::{Diagnostic, Field, Location, Node, Sources};

use super::selector::{Expression, Selector};
use crate::policy::Reader;

/// The selector that is written under `key`; `None` where none is.
pub(super) fn selector(
    reader: &mut Reader<'_, '_>,
    sources: &Sources,
    at: &Node,
    key: &str,
) -> Option<Expression> {
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
            reader.refuse_at("selector-invalid", &message, place(sources, node, text, error.offset));
            Some(Expression::Unknown)
        }
    }
}

/// Where in the file the byte `offset` of the text is; the whole node where it is not written as it is.
fn place(sources: &Sources, node: &Node, text: &str, offset: usize) -> Option<Location> {
    let whole = node.location()?;
    let written = sources.file(whole.file).and_then(|file| {
        let (start, end) = (usize::try_from(whole.start).ok()?, usize::try_from(whole.end).ok()?);
        // An entry begins at its key, so the text is what comes last.
        let at = file.text().get(start..end)?.rfind(text)?;
        start.checked_add(at)
    });
    let Some(start) = written else { return Some(whole) };
    Some(Location::new(whole.file, start.saturating_add(offset), start.saturating_add(text.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_that_of_the_character() {
        for (written, expected) in [
            ("selector: app = 'x'", "= 'x'"),
            ("selector: \"app = 'x'\"", "= 'x'"),
            ("\"selector\":   \"app = 'x'\"", "= 'x'"),
            ("selector: >-\n  app = 'x'", "= 'x'"),
            ("selector: 'app = ''x'''", "selector: 'app = ''x'''"),
        ] {
            let mut sources = Sources::default();
            let file = sources.add("p.yaml", written);
            let node = Node::explicit("app = 'x'", Location::new(file, 0, written.len()));
            let found = place(&sources, &node, "app = 'x'", 4).unwrap();
            assert_eq!(written.get(found.start as usize..found.end as usize), Some(expected));
        }
    }
}
