//! Parameters of a template: their types, defaults and given values.

use ringfence_model::{Cause, Diagnostic, Entry, Key, Location, Node, Origin, Text, Unresolved, Value};
use rustc_hash::FxHashMap;

use crate::input::Given;
use crate::record::{Record, unknown};
use crate::shape::scalar;
use crate::stack::Stack;
use crate::{Inputs, input, suggest};

/// A parameter of a template, as far as its value is known.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) value: Result<Value, Box<Unresolved>>,
    /// `NoEcho`: conditions may depend on it, but it is never shown.
    pub(crate) hidden: bool,
}

/// The parameters of one template.
pub(crate) fn declare(
    stack: &str,
    entries: Vec<Entry>,
    given: &Given<'_>,
    record: &mut Record,
) -> FxHashMap<Key, Parameter> {
    let one = |Entry { key, node }: Entry| {
        let parameter = Parameter::of(&key, &node, given.value(stack, &key), record);
        (key, parameter)
    };
    entries.into_iter().map(one).collect()
}

/// Warns of given values that no template takes.
pub(crate) fn unused(inputs: &Inputs, stacks: &[Stack], record: &mut Record) {
    for input::Parameter { stack, key, value: _ } in &inputs.parameters {
        let named = |one: &&Stack| stack.as_ref().is_none_or(|stack| one.name == *stack);
        let mut chosen = stacks.iter().filter(named).peekable();
        if let (None, Some(stack)) = (chosen.peek(), stack) {
            record.report(no_stack(stack, stacks));
        } else if !chosen.clone().any(|one| one.parameters.contains_key(key.as_str())) {
            let mut keys: Vec<&str> =
                chosen.flat_map(|one| one.parameters.keys()).map(|key| &**key).collect();
            keys.sort_unstable();
            record.report(no_parameter(stack.as_deref(), key, keys));
        }
    }
}

fn no_stack(stack: &str, stacks: &[Stack]) -> Diagnostic {
    let mut names: Vec<&str> = stacks.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    Diagnostic::warning(
        "unknown-stack",
        format!("a parameter is given for stack `{stack}`, which is not in the input"),
    )
    .help(suggest::help(
        stack,
        names.into_iter(),
        "name a stack of the input, or assess its template too",
    ))
}

fn no_parameter(stack: Option<&str>, key: &str, keys: Vec<&str>) -> Diagnostic {
    let place = stack.map_or_else(|| "no template".to_owned(), |stack| format!("stack `{stack}` does not"));
    let message = match stack {
        Some(_) => format!("{place} declare the parameter `{key}`, for which a value is given"),
        None => format!("{place} declares the parameter `{key}`, for which a value is given"),
    };
    Diagnostic::warning("unused-parameter", message).help(suggest::help(
        key,
        keys.into_iter(),
        "leave it out, or assess the template that declares it",
    ))
}

impl Parameter {
    fn of(key: &Key, node: &Node, given: Option<&Text>, record: &mut Record) -> Self {
        let missing = || Err(unknown(Cause::Parameter(Text::from(&**key))));
        if !matches!(node.value, Value::Map(_)) {
            record.report(
                Diagnostic::error(
                    "parameter-not-map",
                    format!("parameter `{key}` is {}, not a map", node.value.noun()),
                )
                .at(node.location())
                .help("write `Type` and, where there is one, `Default`"),
            );
        }
        let hidden = node.get("NoEcho").is_some_and(|flag| scalar(&flag.value).as_deref() != Some("false"));
        let kind = node.text("Type").unwrap_or("String");
        let default = node.child("Default").node();
        if kind.starts_with("AWS::SSM::Parameter::Value<") {
            let value = if given.is_some() || default.is_some() {
                Err(unknown(Cause::Function(kind.into())))
            } else {
                missing()
            };
            return Self { value, hidden };
        }
        let value = match (given, default) {
            (Some(text), _) => Some(typed(kind, text, node.location())),
            (None, Some(default)) => typed_default(key, kind, default, record),
            (None, None) => None,
        };
        if let (Some(_), Some(value)) = (given, &value) {
            check_allowed(key, node, value, record);
        }
        Self { value: value.map_or_else(missing, Ok), hidden }
    }
}

/// A default as its type reads it; `None` and a diagnostic where it cannot be one.
fn typed_default(key: &str, kind: &str, default: &Node, record: &mut Record) -> Option<Value> {
    if let Some(text) = scalar(&default.value) {
        return Some(typed(kind, &text, default.location()));
    }
    if is_list(kind) && default.items().iter().all(|item| scalar(&item.value).is_some()) {
        let item = |node: &Node| {
            let text = scalar(&node.value).unwrap_or_default();
            Node::new(typed(item_kind(kind), &text, None), node.origin.clone())
        };
        return Some(Value::List(default.items().iter().map(item).collect()));
    }
    record.report(
        Diagnostic::error(
            "default-not-text",
            format!("the default of parameter `{key}` is {}, not a text", default.value.noun()),
        )
        .at(default.location())
        .help("write a text; functions are not allowed here"),
    );
    None
}

fn is_list(kind: &str) -> bool {
    kind == "CommaDelimitedList" || kind.starts_with("List<")
}

fn item_kind(kind: &str) -> &str {
    kind.strip_prefix("List<").and_then(|rest| rest.strip_suffix('>')).unwrap_or("String")
}

/// `text` as a value of that type. The items of a list stand where the list does.
fn typed(kind: &str, text: &Text, at: Option<Location>) -> Value {
    if is_list(kind) {
        let origin = at.map_or_else(|| Origin::derived("item of a list parameter", None), Origin::Explicit);
        let item = |item: &str| Node::new(typed(item_kind(kind), &item.trim().into(), None), origin.clone());
        let items = text.split(',').map(item).filter(|_| !text.trim().is_empty());
        return Value::List(items.collect());
    }
    if kind == "Number" { number(text) } else { Value::Text(text.clone()) }
}

/// A number that prints as it was written; any other text stays one.
fn number(text: &Text) -> Value {
    let text = Text::from(text.trim());
    let whole = text.parse().ok().filter(|whole: &i64| *text == *whole.to_string()).map(Value::Int);
    let float = || text.parse().ok().filter(|float: &f64| *text == *float.to_string()).map(Value::Float);
    whole.or_else(float).unwrap_or(Value::Text(text))
}

/// Warns of a value that the template would refuse. The value itself may be secret.
fn check_allowed(key: &str, node: &Node, value: &Value, record: &mut Record) {
    let Some(allowed) = node.get("AllowedValues").filter(|allowed| !allowed.items().is_empty()) else {
        return;
    };
    let among = |value: &Value| {
        let text = scalar(value);
        allowed.items().iter().any(|item| scalar(&item.value) == text)
    };
    let good = match value {
        Value::List(items) => items.iter().all(|item| among(&item.value)),
        value => among(value),
    };
    if !good {
        record.report(
            Diagnostic::warning(
                "value-not-allowed",
                format!("the value given for `{key}` is not an allowed one"),
            )
            .at(allowed.location())
            .help("give one of `AllowedValues`"),
        );
    }
}
