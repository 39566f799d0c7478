//! Documents that are written as a text of another one: policies, lists of principals.

use ringfence_model::{Location, Node, Origin, Value};

use crate::{Budget, json};

/// The tree that `text`, written at `location`, describes; `None` unless it is one faultless document
/// of JSON. All of it is derived from the text as a whole: a file shows escapes, so that no place in it
/// is the place of a part.
pub fn embedded_json(text: &str, because: impl Into<String>, location: Location) -> Option<Node> {
    let budget = Budget { diagnostics: 1, ..Budget::default() };
    let (documents, problems) = json(location.file, text, &budget);
    let [mut document] = <[Node; 1]>::try_from(documents).ok()?;
    relocate(&mut document, &Origin::derived(because, Some(location)));
    problems.is_empty().then_some(document)
}

/// Gives a node and all below it one origin.
pub fn relocate(node: &mut Node, origin: &Origin) {
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        node.origin = origin.clone();
        match &mut node.value {
            Value::List(items) => pending.extend(items.iter_mut()),
            Value::Map(map) => pending.extend(map.nodes_mut()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use ringfence_model::{Location, Sources};

    use super::*;

    fn embedded(text: &str) -> Option<Node> {
        embedded_json(text, "read from a text", Location::new(Sources::default().add("x", ""), 7, 9))
    }

    #[test]
    fn parts_are_where_the_text_is() {
        let tree = embedded(r#"{"Statement": [{"Effect": "Allow"}]}"#).unwrap();
        for path in ["", "Statement", "Statement.0", "Statement.0.Effect"] {
            let origin = tree.get(path).map(|node| node.origin.clone());
            let Some(Origin::Derived(derivation)) = origin else { panic!("{path}: {origin:?}") };
            let place = derivation.location.map(|location| (location.start, location.end));
            assert_eq!((derivation.because.as_str(), place), ("read from a text", Some((7, 9))), "{path}");
        }
    }

    #[test]
    fn what_is_not_one_document_is_nothing() {
        for text in ["", "{", "{} {}", "{\"a\": 1, \"a\": 2}", "a: b", "[1,]"] {
            assert!(embedded(text).is_none(), "{text}");
        }
    }
}
