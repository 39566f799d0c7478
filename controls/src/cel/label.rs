//! What people read of an evaluation: names of values, what was read, and what is wrong with it.

use ringfence_model::{Location, Origin};

use super::evaluate::{Machine, literal_value};
use super::expression::{Expression, Variable};
use super::function::{Function, Outcome, Trouble};
use super::value::{Value, View};
use crate::policy::{Doubt, Doubts};
use crate::world::Declared;

impl<'e> Machine<'_, '_, 'e> {
    /// Says that the value of `label` counted, where somebody asks.
    pub(super) fn read(&mut self, label: String, value: &Value<'e>) {
        if let Some(readings) = self.readings.as_deref_mut() {
            match value.view() {
                // What is read of it says more than the list or map as a whole.
                View::List(_) | View::Map(_) => readings.presence(label, value.location()),
                _ => {
                    let text = reading(&label, value);
                    readings.value(label, text, value.location());
                }
            }
        }
    }

    pub(super) fn note_listed(
        &mut self,
        list: &'static str,
        entries: Declared<'e>,
        key: &Value<'e>,
        found: bool,
    ) {
        let entry = entries.iter().find(|one| key.as_text() == Some(&one.value));
        let verb = if found { "is listed" } else { "is not listed" };
        let text = format!("`{}` {verb} in `{list}`", key.show());
        self.note(format!("{list} {}", key.show()), text, entry.and_then(|one| one.location));
    }

    /// What a function of our own read of its arguments, and what it says where that rests on more.
    pub(super) fn note_answer(
        &mut self,
        function: &Function,
        arguments: &[Expression],
        values: &[Value<'e>],
        found: &Outcome<'e>,
    ) {
        if self.readings.is_none() || function.help.is_empty() {
            return;
        }
        for (argument, value) in arguments.iter().zip(values) {
            let View::Map(entries) = value.view() else { continue };
            let label = self.label(argument);
            for keys in function.reads {
                let parts = keys.split('|').map(|key| (key, entries.get(key)));
                match parts.clone().find_map(|(key, part)| Some((key, part?))) {
                    Some((key, part)) => self.read_all(part_of(&label, key), &part, DEEPEST),
                    None => {
                        let label = part_of(&label, parts.map(|(key, _)| key).next().unwrap_or_default());
                        self.note(label.clone(), format!("`{label}` is not set"), value.location());
                    }
                }
            }
            if let (true, Ok(Value::Bool(answer))) = (function.told, found) {
                let answer = if *answer { "yes" } else { "no" };
                let text = format!("`{label}`: {}: {answer}", function.help);
                self.note(format!("{} {label}", function.name), text, value.location());
            }
        }
    }

    /// Says that all of a value counted, as far as it would be read.
    fn read_all(&mut self, label: String, value: &Value<'e>, depth: usize) {
        match value.view() {
            View::Map(entries) if depth > 0 && entries.len() > 0 => {
                for key in entries.keys().iter().take(WIDEST) {
                    let key = key.as_text().unwrap_or_default();
                    if let Some(part) = entries.get(key) {
                        self.read_all(part_of(&label, key), &part, depth - 1);
                    }
                }
            }
            View::List(items) if depth > 0 && items.len() > 0 => {
                for (index, item) in items.iter().take(WIDEST).enumerate() {
                    self.read_all(format!("{label}[{index}]"), &item, depth - 1);
                }
            }
            _ => self.read(label, value),
        }
    }

    pub(super) fn note(&mut self, label: String, text: String, location: Option<Location>) {
        if let Some(readings) = self.readings.as_deref_mut() {
            readings.value(label, text, location);
        }
    }

    /// What people call `expression`: the path from the resource or the pod.
    pub(super) fn label(&self, expression: &Expression) -> String {
        let mut label = String::new();
        self.write_label(expression, &mut label);
        label
    }

    fn write_label(&self, expression: &Expression, label: &mut String) {
        match expression {
            Expression::Variable(Variable::Item) => label.push_str(self.input.path),
            Expression::Variable(Variable::Resource) => label.push_str("resource"),
            Expression::Variable(_) => {}
            Expression::Local(index, name) => {
                let known = self.locals.get(*index).and_then(|local| local.label.as_deref());
                label.push_str(known.unwrap_or(name));
            }
            Expression::Declared(key) => label.push_str(key),
            Expression::Select { base, key, .. } => {
                self.write_label(base, label);
                push_key(label, key);
            }
            Expression::Index(sides) => {
                let [base, index] = &**sides;
                self.write_label(base, label);
                label.push('[');
                self.write_label(index, label);
                label.push(']');
            }
            Expression::Literal(literal) => label.push_str(&literal_value(literal).show()),
            Expression::Call(function, _) => label.push_str(&function.name.replace('_', " ")),
            _ => label.push_str("the value"),
        }
    }

    pub(super) fn label_of_first(&self, sides: &[Expression; 2]) -> String {
        let [left, right] = sides;
        self.label(if matches!(left, Expression::Literal(_)) { right } else { left })
    }

    /// The doubt that `value` is not what it should be.
    pub(super) fn mismatch(&self, expression: &Expression, value: &Value<'e>, wanted: &str) -> Doubts<'e> {
        if let Some(node) = value.unresolved() {
            return vec![Doubt::Unresolved(node)];
        }
        let label = match self.label(expression) {
            label if label.is_empty() => "the body".to_owned(),
            label => format!("`{label}`"),
        };
        vec![Doubt::mismatch(format!("{label} is {}, and not {wanted}", value.noun()), value.location())]
    }

    pub(super) fn explain(
        &self,
        trouble: Trouble<'e>,
        arguments: &[Expression],
        values: &[Value<'e>],
    ) -> Doubts<'e> {
        match trouble {
            Trouble::Doubts(doubts) => doubts,
            Trouble::Argument(index, wanted) => match (arguments.get(index), values.get(index)) {
                (Some(expression), Some(value)) => self.mismatch(expression, value, wanted),
                _ => vec![Doubt::mismatch(format!("{wanted} is missing"), None)],
            },
        }
    }
}

/// How deep and wide a value is told that a function looked at.
const DEEPEST: usize = 3;
const WIDEST: usize = 12;

fn part_of(label: &str, key: &str) -> String {
    let mut label = label.to_owned();
    push_key(&mut label, key);
    label
}

pub(super) fn push_key(label: &mut String, key: &str) {
    if !label.is_empty() {
        label.push('.');
    }
    label.push_str(key);
}

/// One sentence on what a value is and where it comes from. A `value` may be a secret and is not shown.
fn reading(label: &str, value: &Value<'_>) -> String {
    if let Some(unresolved) = value.unresolved().and_then(|node| node.as_unresolved()) {
        return format!("`{label}` is not known: {}", unresolved.cause.describe());
    }
    let shown = match value.view() {
        View::Text(_) if label.ends_with(".value") => "is written out".to_owned(),
        _ => format!("is `{}`", value.show()),
    };
    match value.as_node().map(|node| &node.origin) {
        Some(Origin::Default(document)) => {
            format!("`{label}` {shown} where nothing is written ({})", document.title)
        }
        Some(Origin::Derived(derivation)) => format!("`{label}` {shown}, since {}", derivation.because),
        Some(Origin::Observed(call)) => format!("`{label}` {shown}, says {} at {}", call.call, call.at),
        Some(Origin::Explicit(_)) | None => format!("`{label}` {shown}"),
    }
}
