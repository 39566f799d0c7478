//! Checks a document against the language: keys, shapes, words and forms.

use ringfence_model::selector::Selector;
use ringfence_model::{Location, Map, Node, Value, masked, nearest};

use crate::form::Form;
use crate::language::{Choice, DECLARATION, Key, Record, Shape, Word};
use crate::report::{Report, shown};
use crate::suggest;

/// Everything that is wrong with `document`, in the order it is written.
pub(crate) fn check(document: &Node, report: &mut Report) {
    let mut check = Check { report };
    match &document.value {
        Value::Map(map) => check.record(map, document, &DECLARATION),
        Value::Null => check.error(
            "declaration-empty",
            document,
            "the declaration is empty".to_owned(),
            "write `schema: ringfence.declaration/1`".to_owned(),
        ),
        _ => check.wrong(document, "the declaration", "a map"),
    }
}

struct Check<'a> {
    report: &'a mut Report,
}

impl Check<'_> {
    fn error(&mut self, code: &'static str, node: &Node, message: String, help: String) {
        self.report.error(code, node.location(), message, help);
    }

    fn wrong(&mut self, node: &Node, what: &str, expected: &str) {
        let (found, help) = match &node.value {
            Value::Null => {
                ("has no value".to_owned(), "remove the key, or write `[]` where there is none".to_owned())
            }
            Value::Unresolved(unresolved) => {
                (format!("is not known: {}", unresolved.cause.describe()), format!("write {expected}"))
            }
            Value::Bool(_) | Value::Int(_) | Value::Float(_)
                if expected.contains("text") || expected.starts_with("one of") =>
            {
                (format!("is {}, not {expected}", node.value.noun()), "put the value in quotes".to_owned())
            }
            value => (format!("is {}, not {expected}", value.noun()), format!("write {expected}")),
        };
        self.error("declaration-wrong-type", node, format!("{what} {found}"), help);
    }

    fn record(&mut self, map: &Map, node: &Node, record: &'static Record) {
        for entry in map.entries() {
            match record.key(&entry.key) {
                Some(key) => self.value(&entry.node, &format!("`{}`", key.name), &key.shape),
                None => self.unknown_key(&entry.key, &entry.node, record),
            }
        }
        for key in record.keys.iter().filter(|key| key.required && map.get(key.name).is_none()) {
            let help = format!("write `{}`: {}", key.name, first_sentence(key.about));
            self.error(
                "declaration-missing-key",
                node,
                format!("{} has no `{}`", record.noun, key.name),
                help,
            );
        }
        self.choice(map, node, record);
    }

    fn unknown_key(&mut self, key: &str, node: &Node, record: &'static Record) {
        if self.report.overflows() {
            return;
        }
        let message = format!("{} has no key {}", record.noun, shown(key));
        let help = match (&node.value, key.contains(' ')) {
            // `{function: logs, images and keys}`: nobody means a key of several words.
            (Value::Null, true) => {
                "in braces a comma starts a new key: put the text before it in quotes".to_owned()
            }
            _ => suggest::help(key, "keys", record.keys.iter().map(|key| key.name)),
        };
        self.report.error("declaration-unknown-key", key_only(node, key), message, help);
    }

    fn choice(&mut self, map: &Map, node: &Node, record: &'static Record) {
        let present = |name: &&&str| map.get(name).is_some();
        match record.choice {
            Choice::Free => {}
            Choice::OneOf(names) => {
                let found: Vec<&&str> = names.iter().filter(present).collect();
                match found.as_slice() {
                    [_] => {}
                    [] => self.error(
                        "declaration-missing-key",
                        node,
                        format!("{} says nothing of what it is", record.noun),
                        format!("write one of {}", list(names.iter().copied())),
                    ),
                    [_, second, ..] => {
                        let at = map.get(second).unwrap_or(node);
                        self.error(
                            "declaration-conflict",
                            at,
                            format!(
                                "{} says twice what it is: {}",
                                record.noun,
                                list(found.iter().map(|name| **name))
                            ),
                            "keep one of them".to_owned(),
                        );
                    }
                }
            }
            Choice::AtLeastOne => {
                if !record.keys.iter().any(|key: &Key| map.get(key.name).is_some()) {
                    self.error(
                        "declaration-missing-key",
                        node,
                        format!("{} says nothing", record.noun),
                        format!("write one or more of {}", list(record.keys.iter().map(|key| key.name))),
                    );
                }
            }
        }
    }

    /// `what` names the value in messages: its key in backticks, or "an item of" that.
    fn value(&mut self, node: &Node, what: &str, shape: &'static Shape) {
        match (shape, &node.value) {
            (Shape::Text(form), Value::Text(text)) => self.form(node, what, text, form),
            (Shape::Word(words), Value::Text(text)) => self.word(node, what, text, words),
            (Shape::Bool, Value::Bool(_)) | (Shape::Marker, Value::Null | Value::Bool(true)) => {}
            (Shape::Marker, Value::Map(map)) if map.entries().is_empty() => {}
            (Shape::List(item) | Shape::Many(item), Value::List(items)) => {
                items.iter().for_each(|one| self.value(one, &format!("an item of {what}"), item));
            }
            (Shape::Many(item), _) => self.value(node, what, item),
            (Shape::Record(record), Value::Map(map)) => self.record(map, node, record),
            (Shape::Named(record), Value::Map(map)) => self.named(map, record),
            (Shape::Either(_, record), Value::Map(map)) => self.record(map, node, record),
            (Shape::Either(plain, record), Value::Text(text)) if record.key(text).is_some() => {
                self.bare(node, what, text, plain, record)
            }
            (Shape::Either(plain, _), Value::Text(_)) => self.value(node, what, plain),
            (Shape::Labels, Value::Map(_)) => self.labels(node),
            (Shape::Tags, Value::Map(map)) => self.tags(map),
            _ => self.wrong(node, what, &expected(shape)),
        }
    }

    fn form(&mut self, node: &Node, what: &str, text: &str, form: &'static Form) {
        if !(form.accepts)(text) {
            self.error(
                "declaration-bad-value",
                node,
                format!("{what} is {}, not {}", shown(text), form.noun),
                form.help.to_owned(),
            );
        }
    }

    fn word(&mut self, node: &Node, what: &str, text: &str, words: &'static [Word]) {
        if words.iter().any(|word| word.0 == text) {
            return;
        }
        let near = nearest(text, words.iter().map(|word| word.0));
        let near = near.map(|word| format!("did you mean `{word}`? ")).unwrap_or_default();
        let help = format!("{near}allowed: {}", list(words.iter().map(|word| word.0)));
        self.error("declaration-unknown-word", node, format!("{what} is {}", shown(text)), help);
    }

    /// A plain word of which more must be said: `sad` for `{sad: before-authorisation}`.
    fn bare(&mut self, node: &Node, what: &str, text: &str, plain: &'static Shape, record: &'static Record) {
        let Some(key) = record.key(text) else { return };
        if let Shape::Word(words) = plain
            && words.iter().any(|word| word.0 == text)
        {
            return;
        }
        let example = match &key.shape {
            Shape::Word(words) => list(words.iter().map(|word| word.0)),
            Shape::Record(inner) => list(inner.keys.iter().filter(|key| key.required).map(|key| key.name)),
            _ => "more".to_owned(),
        };
        let message = format!("{what} is {}, of which more must be said", shown(text));
        self.error("declaration-bad-value", node, message, format!("write `{{{text}: …}}` with {example}"));
    }

    fn named(&mut self, map: &Map, record: &'static Record) {
        for entry in map.entries() {
            let what = format!(
                "{} {}",
                record.noun.trim_start_matches("an ").trim_start_matches("a "),
                shown(&entry.key)
            );
            if entry.key.trim().is_empty() {
                self.error(
                    "declaration-bad-value",
                    &entry.node,
                    format!("{} has no name", record.noun),
                    "write a name before the colon".to_owned(),
                );
            }
            match &entry.node.value {
                Value::Map(fields) => self.record(fields, &entry.node, record),
                _ => self.wrong(&entry.node, &what, "a map"),
            }
        }
    }

    fn labels(&mut self, node: &Node) {
        for part in labels(node).unreadable {
            let help = "write labels as `name: \"value\"`, or `matchLabels` and `matchExpressions`";
            self.report.error(
                "declaration-bad-value",
                part.location.or(node.location()),
                masked(part.why),
                help.to_owned(),
            );
        }
    }

    fn tags(&mut self, map: &Map) {
        for entry in map.entries().iter().filter(|entry| entry.node.as_str().is_none()) {
            self.wrong(&entry.node, &format!("tag {}", shown(&entry.key)), "a text");
        }
    }
}

/// The place of the key alone: a map entry's location starts there.
fn key_only(node: &Node, key: &str) -> Option<Location> {
    let whole = node.location()?;
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    Some(Location { end: whole.start.saturating_add(length).min(whole.end), ..whole })
}

/// Labels as written: plain, or as a selector of the Kubernetes API.
pub(crate) fn labels(node: &Node) -> Selector {
    let selects = ["matchLabels", "matchExpressions"]
        .iter()
        .any(|key| node.entries().iter().any(|entry| &*entry.key == *key));
    if selects { Selector::read(node.as_field()).unwrap_or_default() } else { Selector::of_labels(node) }
}

fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// What a shape asks for, with its article.
fn expected(shape: &Shape) -> String {
    match shape {
        Shape::Text(form) => format!("{} (a text)", form.noun).replace("a text (a text)", "a text"),
        Shape::Bool => "true or false".to_owned(),
        Shape::Word(words) => format!("one of {}", list(words.iter().map(|word| word.0))),
        Shape::List(_) => "a list".to_owned(),
        Shape::Many(item) => format!("{}, or a list", expected(item)),
        Shape::Record(_) | Shape::Named(_) | Shape::Labels | Shape::Tags => "a map".to_owned(),
        Shape::Either(plain, _) => format!("{}, or a map", expected(plain)),
        Shape::Marker => "`{}`".to_owned(),
    }
}

/// Up to the first full stop, in lower case unless it starts with a name in capitals.
fn first_sentence(about: &str) -> String {
    let sentence = about.split(". ").next().unwrap_or(about).trim_end_matches('.');
    let mut characters = sentence.chars();
    match (characters.next(), characters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain([second]).chain(characters).collect()
        }
        _ => sentence.to_owned(),
    }
}
