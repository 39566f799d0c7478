//! Trees made of random bytes, and their printed forms.

use std::fmt::Write;

use ringfence_model::{Key, Location, Map, Node, Sources, Value};

/// Characters that texts and keys are made of: what needs escapes, and what looks like YAML.
const CHARACTERS: &[char] = &[
    'a', 'B', '0', '7', ' ', ':', '#', '-', '{', '}', '[', ']', ',', '&', '*', '!', '|', '>', '\'', '"', '%',
    '@', '`', '\\', '/', '\n', '\t', '\r', '\u{1}', '\u{7f}', 'é', '日', '🦀', '\u{2028}', '~', '.', '=',
    '<',
];

/// Texts that are something else without quotes.
const TRAPS: &[&str] =
    &["", "no", "y", "~", "null", "0420", "1e3", "<<", "---", "...", "- x", "a: b", ".inf", "{{x}}"];

/// A source of choices: the same bytes give the same tree.
pub struct Random<'b> {
    bytes: &'b [u8],
}

impl<'b> Random<'b> {
    /// Choices from these bytes; zeros when they end.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes }
    }

    /// A value of at most this depth.
    pub fn value(&mut self, depth: usize) -> Value {
        match self.next() % if depth == 0 { 6 } else { 12 } {
            0 => Value::Null,
            1 => Value::Bool(self.next().is_multiple_of(2)),
            2 => Value::Int(i64::from(self.next())),
            3 => Value::Int(i64::from_le_bytes(self.eight())),
            4 => Value::Float(self.float()),
            5 => Value::from(self.text().as_str()),
            6..9 => {
                Value::from((0..self.next() % 5).map(|_| node(self.value(depth - 1))).collect::<Vec<_>>())
            }
            _ => Value::Map(self.map(depth - 1)),
        }
    }

    fn map(&mut self, depth: usize) -> Map {
        let mut map = Map::default();
        for _ in 0..self.next() % 6 {
            let key = Key::from(self.text());
            map.set(key, node(self.value(depth)));
        }
        map
    }

    fn text(&mut self) -> String {
        let length = usize::from(self.next() % 40);
        if length > 30 {
            return (*self.one_of(TRAPS)).to_owned();
        }
        (0..length).map(|_| *self.one_of(CHARACTERS)).collect()
    }

    fn float(&mut self) -> f64 {
        let value = f64::from_le_bytes(self.eight());
        if value.is_finite() { value } else { 0.5 }
    }

    fn one_of<T>(&mut self, choices: &'static [T]) -> &'static T {
        let at = usize::from(self.next()) % choices.len();
        choices.get(at).unwrap_or_else(|| unreachable!("{at} is below the length"))
    }

    fn eight(&mut self) -> [u8; 8] {
        std::array::from_fn(|_| self.next())
    }

    fn next(&mut self) -> u8 {
        let (first, rest) = self.bytes.split_first().map_or((0, self.bytes), |(first, rest)| (*first, rest));
        self.bytes = rest;
        first
    }
}

fn node(value: Value) -> Node {
    Node::explicit(value, Location::start_of(Sources::default().add("random", "")))
}

/// Whether a node holds the value; a float without fraction is a whole number to Kubernetes.
pub(super) fn same(value: &Value, node: &Node) -> bool {
    match (value, &node.value) {
        (Value::Float(left), Value::Float(right)) => left == right,
        (Value::Float(left), Value::Int(right)) => *left == *right as f64,
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(&left.value, right))
        }
        (Value::Map(left), Value::Map(right)) => {
            let (left, right) = (left.entries(), right.entries());
            let same_entry = |(left, right): (&ringfence_model::Entry, &ringfence_model::Entry)| {
                left.key == right.key && same(&left.node.value, &right.node)
            };
            left.len() == right.len() && left.iter().zip(right).all(same_entry)
        }
        (left, right) => left == right,
    }
}

/// A value as JSON on one line.
pub(super) fn print_json(value: &Value, out: &mut String) {
    match value {
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                print_json(&item.value, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (at, entry) in map.entries().iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                print_text(&entry.key, out);
                out.push(':');
                print_json(&entry.node.value, out);
            }
            out.push('}');
        }
        scalar => print_scalar(scalar, out),
    }
}

/// A value as block YAML; what is in it is indented by `indent`.
pub(super) fn print_yaml(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::List(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(out, "{:indent$}-", "");
                print_below(&item.value, indent, out);
            }
        }
        Value::Map(map) if !map.entries().is_empty() => {
            for entry in map.entries() {
                let _ = write!(out, "{:indent$}", "");
                print_text(&entry.key, out);
                out.push(':');
                print_below(&entry.node.value, indent, out);
            }
        }
        flow => {
            print_json(flow, out);
            out.push('\n');
        }
    }
}

fn print_below(value: &Value, indent: usize, out: &mut String) {
    let block = match value {
        Value::List(items) => !items.is_empty(),
        Value::Map(map) => !map.entries().is_empty(),
        _ => false,
    };
    out.push(if block { '\n' } else { ' ' });
    print_yaml(value, indent + 2, out);
}

fn print_scalar(value: &Value, out: &mut String) {
    let _ = match value {
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Float(value) => write!(out, "{value:e}"),
        Value::Text(text) => {
            print_text(text, out);
            Ok(())
        }
        _ => write!(out, "null"),
    };
}

fn print_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        let _ = match character {
            '"' | '\\' => write!(out, "\\{character}"),
            '\n' => write!(out, "\\n"),
            control if control < ' ' => write!(out, "\\u{:04x}", control as u32),
            other => write!(out, "{other}"),
        };
    }
    out.push('"');
}
