//! The examples of `examples/flows` read without a word, and fit the schema.

#![expect(clippy::disallowed_methods, reason = "a test reads the examples that are in the repository")]

use std::path::{Path, PathBuf};

use ringfence_model::{Node, Value};
use serde_json::json;

use super::Read;

fn examples() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/flows");
    let entries = std::fs::read_dir(&folder).expect("the examples are in the repository");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), text(&path))).collect()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a readable example")
}

#[test]
fn every_pattern_has_an_example_that_reads() {
    let examples = examples();
    let names: Vec<_> = examples.iter().filter_map(|(path, _)| path.file_stem()?.to_str()).collect();
    assert_eq!(
        names,
        [
            "call-centre",
            "direct-post",
            "hosted-page",
            "in-house-tokenisation",
            "point-to-point-encryption",
            "settlement-bucket",
            "settlement-sftp",
            "third-party-tokenisation",
        ]
    );
    for (path, text) in &examples {
        assert_eq!(Read::new(text).told(), [""; 0], "{}", path.display());
    }
}

#[test]
fn the_schema_takes_the_examples_and_refuses_what_the_reader_refuses() {
    let schema = serde_json::from_str(&crate::schema()).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for (path, text) in examples() {
        let document = value(&Read::new(&text).document);
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{}", path.display());
    }
    // What only references can tell is beyond a schema.
    for fixture in [
        include_str!("errors/unknown-keys.yaml"),
        include_str!("errors/wrong-types.yaml"),
        include_str!("errors/unknown-words.yaml"),
        include_str!("errors/forms.yaml"),
        include_str!("errors/missing.yaml"),
    ] {
        assert!(!validator.is_valid(&value(&Read::new(fixture).document)), "{fixture}");
    }
    assert!(validator.is_valid(&value(&Read::new(include_str!("errors/references.yaml")).document)));
}

/// As an editor sees it.
fn value(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => json!(null),
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::Float(value) => json!(value),
        Value::Text(value) => json!(value.as_str()),
        Value::List(items) => items.iter().map(value_of).collect(),
        Value::Map(map) => {
            map.entries().iter().map(|entry| (entry.key.to_string(), value(&entry.node))).collect()
        }
        Value::Unresolved(_) => json!(null),
    }
}

fn value_of(node: &Node) -> serde_json::Value {
    value(node)
}
