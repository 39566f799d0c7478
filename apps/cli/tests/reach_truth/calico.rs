//! Calico's selector language against the table of its own parser: what matches, what does not, what must
//! be refused, and the normal form.

use std::path::Path;

use libtest_mimic::{Failed, Trial};
use ringfence_model::selector::{KnownLabels, Unknown};
use ringfence_model::{Labels, Text};
use ringfence_reach::calico::Selector;
use serde_json::Value;

/// One trial for each row of each table.
pub(crate) fn selectors(file: &Path) -> Result<Vec<Trial>, Failed> {
    let tables: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let rows = |key: &str| tables.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut trials = Vec::new();
    for (index, row) in rows("rows").into_iter().enumerate() {
        let name = format!("calico/match {index} `{}`", text(&row, "selector"));
        trials.push(Trial::test(name, move || matches(&row)));
    }
    for (index, row) in rows("reject").into_iter().enumerate() {
        let text = row.as_str().unwrap_or_default().to_owned();
        trials.push(Trial::test(format!("calico/reject {index} `{text}`"), move || refused(&text)));
    }
    for (index, row) in rows("canonical").into_iter().enumerate() {
        let name = format!("calico/normal form {index} `{}`", text(&row, "selector"));
        trials.push(Trial::test(name, move || normal(&row)));
    }
    Ok(trials)
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn parse(row: &Value) -> Result<Selector, Failed> {
    Selector::parse(text(row, "selector")).map_err(|error| Failed::from(error.to_string()))
}

fn matches(row: &Value) -> Result<(), Failed> {
    let selector = parse(row)?;
    for (key, expected) in [("match", true), ("no_match", false)] {
        for labels in row.get(key).and_then(Value::as_array).into_iter().flatten() {
            let pairs = labels.as_object().into_iter().flatten();
            let labels: Labels = pairs
                .map(|(key, value)| (Text::from(key), Text::from(value.as_str().unwrap_or_default())))
                .collect();
            let found = selector.judge(&KnownLabels { labels: &labels, unknown: Unknown::Nothing });
            if found != Some(expected) {
                return Err(format!("{found:?} for {labels:?}, expected {expected}").into());
            }
        }
    }
    Ok(())
}

fn refused(text: &str) -> Result<(), Failed> {
    match Selector::parse(text) {
        Ok(selector) => Err(format!("read as {selector}").into()),
        Err(error) if error.offset <= text.len() => Ok(()),
        Err(error) => Err(format!("{error} lies outside").into()),
    }
}

fn normal(row: &Value) -> Result<(), Failed> {
    let (found, expected) = (parse(row)?.to_string(), text(row, "canonical"));
    if found == expected { Ok(()) } else { Err(format!("{found}, expected {expected}").into()) }
}
