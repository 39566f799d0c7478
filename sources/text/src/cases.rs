//! Cases as data: a text, and below it the located tree and the diagnostics that it becomes.
//!
//! ```text
//! === what the case shows
//! a: 1
//! ===>
//! . = map of 1 @ `a: 1`
//! .a = 1 @ `a: 1`
//! ```
//!
//! After `@` stands the piece of text that the origin names.

use std::fmt::Write;

use ringfence_model::{Diagnostic, FileId, Location, Node, Sources, Value};

use crate::Budget;

type Read = fn(FileId, &str, &Budget) -> (Vec<Node>, Vec<Diagnostic>);

#[test]
fn yaml() {
    check(include_str!("cases/yaml.txt"), crate::yaml);
}

#[test]
fn yaml_streams() {
    check(include_str!("cases/yaml-streams.txt"), crate::yaml);
}

#[test]
fn json() {
    check(include_str!("cases/json.txt"), crate::json);
}

#[test]
fn either() {
    check(include_str!("cases/read.txt"), crate::read);
}

#[track_caller]
fn check(cases: &str, read: Read) {
    let mut wrong = String::new();
    for case in cases.split("=== ").skip(1) {
        let (name, rest) = case.split_once('\n').unwrap();
        let (text, expected) = rest.split_once("===>\n").unwrap();
        let found = printed(text, read);
        if found.trim_end() != expected.trim_end() {
            writeln!(wrong, "=== {name}\n{text}===>\n{found}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "these cases give something else, namely\n\n{wrong}");
}

fn printed(text: &str, read: Read) -> String {
    let file = Sources::default().add("case", "");
    let (nodes, diagnostics) = read(file, text, &Budget::default());
    let mut out = String::new();
    nodes.iter().for_each(|node| print_node(text, node, "", &mut out));
    for diagnostic in &diagnostics {
        let place = piece(text, diagnostic.location.unwrap());
        writeln!(out, "{}: {} @ {place}", diagnostic.code, diagnostic.message).unwrap();
        for (location, label) in &diagnostic.related {
            writeln!(out, "  {label} @ {}", piece(text, *location)).unwrap();
        }
        assert!(diagnostic.help.as_ref().is_some_and(|help| !help.is_empty()), "no help: {diagnostic:?}");
    }
    out
}

fn print_node(text: &str, node: &Node, path: &str, out: &mut String) {
    let value = match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Text(value) => format!("{value:?}"),
        Value::List(items) => format!("list of {}", items.len()),
        Value::Map(map) => format!("map of {}", map.entries().len()),
        Value::Unresolved(unresolved) => format!("unresolved ({})", unresolved.cause.describe()),
    };
    let place = piece(text, node.location().unwrap());
    writeln!(out, "{} = {value} @ {place}", if path.is_empty() { "." } else { path }).unwrap();
    for (at, item) in node.items().iter().enumerate() {
        print_node(text, item, &format!("{path}.{at}"), out);
    }
    for entry in node.entries() {
        print_node(text, &entry.node, &format!("{path}.{}", entry.key), out);
    }
}

/// The text at a location, the middle of a long one left out; the byte offset of an empty one.
fn piece(text: &str, location: Location) -> String {
    let piece = text.get(location.start as usize..location.end as usize).unwrap();
    if piece.is_empty() {
        return format!("byte {}", location.start);
    }
    let characters: Vec<char> = piece.chars().collect();
    let shown = match characters.len() {
        0..40 => piece.to_owned(),
        length => {
            let (start, end) = (characters.iter().take(16), characters.iter().skip(length - 16));
            start.chain(&['…']).chain(end).collect()
        }
    };
    format!("`{}`", shown.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'"))
}
