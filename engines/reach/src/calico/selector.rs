//! Calico's selector language: `app == 'shop' && !has(canary)`.
//!
//! Source: `libcalico-go/lib/selector` (tokenizer and parser). `!=` and `not in` hold for an absent label;
//! the empty text selects everything; `global()` selects everything here, what it stands for in a
//! `namespaceSelector` is the reader's business.

mod parse;

use std::fmt;

use ringfence_model::Text;
use ringfence_model::selector::{KnownLabels, all, any};

/// A selector that was understood.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Selector(pub(crate) Expression);

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorError {
    /// What was expected, one clause.
    pub why: &'static str,
    /// The byte of the text at which it is missing.
    pub offset: usize,
}

/// What must hold of an object's labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Expression {
    /// `all()`, or nothing at all.
    All,
    /// `global()`.
    Global,
    /// A condition on one label.
    Label(Text, Test),
    /// Something that could not be read.
    Unknown,
    Not(Box<Self>),
    /// Two or more.
    And(Vec<Self>),
    /// Two or more.
    Or(Vec<Self>),
}

/// What must hold of one label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Test {
    Has,
    Equal(Text),
    NotEqual(Text),
    /// Sorted, each once.
    In(Box<[Text]>),
    /// Sorted, each once.
    NotIn(Box<[Text]>),
    Contains(Text),
    StartsWith(Text),
    EndsWith(Text),
}

/// What is known of one label of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen<'a> {
    Value(&'a str),
    Absent,
    /// Whether it is there, or with which value, is not known.
    Unknown,
}

impl Selector {
    /// Reads a selector. Texts longer than 16 KiB and parentheses nested deeper than 64 are refused.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        parse::parse(text).map(Self)
    }

    /// Whether it selects an object with these labels; `None` where a label that is not known decides.
    pub fn judge(&self, known: &KnownLabels<'_>) -> Option<bool> {
        self.0.judge(&|key: &str| Seen::of(known, key))
    }
}

impl<'a> Seen<'a> {
    /// What `known` says of the label `key`.
    pub(crate) fn of(known: &KnownLabels<'a>, key: &str) -> Self {
        match known.labels.get(key) {
            _ if known.is_unknown(key) => Self::Unknown,
            Some(value) => Self::Value(value),
            None => Self::Absent,
        }
    }
}

impl Expression {
    /// Whether it holds for an object of which `label` tells the labels.
    pub(crate) fn judge<'a>(&self, label: &impl Fn(&str) -> Seen<'a>) -> Option<bool> {
        match self {
            Self::All | Self::Global => Some(true),
            Self::Unknown => None,
            Self::Label(key, test) => test.holds(label(key)),
            Self::Not(inner) => inner.judge(label).map(|holds| !holds),
            Self::And(parts) => all(parts.iter().map(|part| part.judge(label))),
            Self::Or(parts) => any(parts.iter().map(|part| part.judge(label))),
        }
    }

    /// Every part and the whole.
    fn write_joined(parts: &[Self], operator: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in parts.iter().enumerate() {
            write!(f, "{}{part}", if index == 0 { "(" } else { operator })?;
        }
        f.write_str(")")
    }
}

impl Test {
    /// Whether a label of which that is known fulfils it.
    pub(super) fn holds(&self, seen: Seen<'_>) -> Option<bool> {
        let value = match seen {
            Seen::Unknown => return None,
            Seen::Absent => return Some(matches!(self, Self::NotEqual(_) | Self::NotIn(_))),
            Seen::Value(value) => value,
        };
        let is_in = |values: &[Text]| values.binary_search_by(|known| known.as_str().cmp(value)).is_ok();
        Some(match self {
            Self::Has => true,
            Self::Equal(wanted) => wanted == value,
            Self::NotEqual(unwanted) => unwanted != value,
            Self::In(values) => is_in(values),
            Self::NotIn(values) => !is_in(values),
            Self::Contains(part) => value.contains(part.as_str()),
            Self::StartsWith(start) => value.starts_with(start.as_str()),
            Self::EndsWith(end) => value.ends_with(end.as_str()),
        })
    }
}

/// The normal form: two selectors that read the same are written the same.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all()"),
            Self::Global => f.write_str("global()"),
            Self::Unknown => f.write_str("?"),
            Self::Label(key, Test::Has) => write!(f, "has({key})"),
            Self::Label(key, test) => write!(f, "{key} {test}"),
            Self::Not(inner) => write!(f, "!{inner}"),
            Self::And(parts) => Self::write_joined(parts, " && ", f),
            Self::Or(parts) => Self::write_joined(parts, " || ", f),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operator, value) = match self {
            Self::Has => return Ok(()),
            Self::In(values) => return write_set("in", values, f),
            Self::NotIn(values) => return write_set("not in", values, f),
            Self::Equal(value) => ("==", value),
            Self::NotEqual(value) => ("!=", value),
            Self::Contains(value) => ("contains", value),
            Self::StartsWith(value) => ("starts with", value),
            Self::EndsWith(value) => ("ends with", value),
        };
        write!(f, "{operator} ")?;
        write_quoted(value, f)
    }
}

fn write_set(operator: &str, values: &[Text], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{operator} {{")?;
    for (index, value) in values.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        write_quoted(value, f)?;
    }
    f.write_str("}")
}

/// A text never holds both quotes: there is no escaping.
fn write_quoted(value: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let quote = if value.contains('"') { '\'' } else { '"' };
    write!(f, "{quote}{value}{quote}")
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at character {}", self.why, self.offset.saturating_add(1))
    }
}

impl std::error::Error for SelectorError {}

#[cfg(test)]
mod tests {
    use ringfence_model::Labels;
    use ringfence_model::selector::Unknown;

    use super::*;

    /// Labels are `key=value`; `key=?` is not known; `*` says that others may be there.
    fn judge(text: &str, labels: &[&str]) -> Option<bool> {
        let pairs = labels.iter().filter_map(|label| label.split_once('='));
        let (unknown, known): (Vec<_>, Vec<_>) = pairs.partition(|(_, value)| *value == "?");
        let known: Labels = known.into_iter().map(|(key, value)| (Text::from(key), value.into())).collect();
        let unknown = match (labels.contains(&"*"), unknown.is_empty()) {
            (true, _) => Unknown::Rest,
            (false, true) => Unknown::Nothing,
            (false, false) => Unknown::Keys(unknown.iter().map(|(key, _)| Text::from(*key)).collect()),
        };
        Selector::parse(text).unwrap().judge(&KnownLabels { labels: &known, unknown })
    }

    #[track_caller]
    fn check(text: &str, labels: &[&str], expected: Option<bool>) {
        assert_eq!(judge(text, labels), expected, "{text} on {labels:?}");
    }

    #[test]
    fn labels_are_tested() {
        for (text, labels, expected) in [
            ("app == 'shop'", &["app=shop"][..], true),
            ("app != 'shop'", &[], true),
            ("app not in {'shop', 'till'}", &["app=till"], false),
            ("app in {}", &["app=shop"], false),
            ("app contains 'ho'", &["app=shop"], true),
            ("app contains ''", &[], false),
            ("app starts with 'sh' && app ends   with \"op\"", &["app=shop"], true),
            ("!app contains 'x' || has(b)", &[], true),
            ("a == '1' || b == '1' && c == '1'", &["a=1"], true),
            ("(a == '1' || b == '1') && c == '1'", &["a=1"], false),
            ("", &[], true),
            ("!all()", &[], false),
        ] {
            check(text, labels, Some(expected));
        }
    }

    #[test]
    fn an_unknown_label_decides_neither_way() {
        for (text, labels, expected) in [
            ("app == 'shop'", &["app=?"][..], None),
            ("app != 'shop'", &["app=?"], None),
            ("has(app) || all()", &["app=?"], Some(true)),
            ("has(app) && zone == 'a'", &["app=?", "zone=b"], Some(false)),
            ("!has(app)", &["*"], None),
            ("app == 'shop'", &["*", "app=shop"], Some(true)),
        ] {
            check(text, labels, expected);
        }
    }
}
