//! Files of parameter values, in each of the forms that AWS tools take.

use ringfence_model::{Diagnostic, Entry, Node, Text, Value};

use crate::Parameter;
use crate::shape::scalar;

/// The parameters that a file gives: the list of the AWS CLI (`ParameterKey`, `ParameterValue`, or texts
/// `Key=Value`), the map of CodePipeline (below `Parameters`), or a plain map.
pub fn parameters_file(document: &Node) -> (Vec<Parameter>, Vec<Diagnostic>) {
    let mut reader = Reader::default();
    match &document.value {
        Value::List(items) => items.iter().for_each(|item| reader.item(item)),
        Value::Map(_) => match document.get("Parameters") {
            Some(inner) if inner.as_str().is_none() => reader.map(inner),
            _ => reader.map(document),
        },
        Value::Null => {}
        _ => reader.wrong(document, "a file of parameters"),
    }
    (reader.parameters, reader.diagnostics)
}

#[derive(Default)]
struct Reader {
    parameters: Vec<Parameter>,
    diagnostics: Vec<Diagnostic>,
}

impl Reader {
    fn map(&mut self, node: &Node) {
        match &node.value {
            Value::Map(map) => map.entries().iter().for_each(|Entry { key, node }| self.value(key, node)),
            Value::List(items) => items.iter().for_each(|item| self.item(item)),
            _ => self.wrong(node, "`Parameters`"),
        }
    }

    fn item(&mut self, item: &Node) {
        if let Some((key, value)) = item.as_str().and_then(|text| text.split_once('=')) {
            return self.push(key.trim(), value.into());
        }
        match (item.child("ParameterKey").node(), item.child("ParameterValue").node()) {
            (Some(key), Some(value)) => match scalar(&key.value) {
                Some(key) => self.value(&key, value),
                None => self.wrong(key, "`ParameterKey`"),
            },
            (Some(_), None) if item.child("UsePreviousValue").node().is_some() => self.diagnostics.push(
                Diagnostic::note(
                    "previous-value",
                    "a parameter keeps its previous value, which is not known",
                )
                .at(item.location())
                .help("write its value as `ParameterValue`"),
            ),
            (key, _) => {
                let missing = if key.is_some() { "ParameterValue" } else { "ParameterKey" };
                self.diagnostics.push(
                    Diagnostic::error("parameter-incomplete", format!("a parameter has no `{missing}`"))
                        .at(item.location())
                        .help("write `ParameterKey` and `ParameterValue`"),
                );
            }
        }
    }

    /// A value as text; of a list the items with commas, as `CommaDelimitedList` takes them.
    fn value(&mut self, key: &str, node: &Node) {
        if let Some(text) = scalar(&node.value) {
            return self.push(key, text);
        }
        let texts: Option<Vec<Text>> = match &node.value {
            Value::List(items) => items.iter().map(|item| scalar(&item.value)).collect(),
            _ => None,
        };
        match texts {
            Some(texts) => self.push(key, texts.join(",").into()),
            None => self.wrong(node, &format!("the value of `{key}`")),
        }
    }

    fn push(&mut self, key: &str, value: Text) {
        self.parameters.push(Parameter { stack: None, key: key.into(), value });
    }

    fn wrong(&mut self, node: &Node, what: &str) {
        let message = format!("{what} is {}", node.value.noun());
        self.diagnostics.push(
            Diagnostic::error("parameter-unreadable", ringfence_model::masked(message))
                .at(node.location())
                .help("write a map from parameter names to texts, or a list of `ParameterKey` and `ParameterValue`"),
        );
    }
}
