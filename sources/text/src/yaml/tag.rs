//! What tags mean.

use std::borrow::Cow;

use ringfence_model::{Cause, Text, Unresolved, Value};
use saphyr_parser::Tag;

use crate::scalar;

const CORE: &str = "tag:yaml.org,2002:";

/// What a tag, or the lack of one, says of a value.
pub(super) enum Meaning<'e> {
    /// No tag and no quotes: the content decides.
    Plain,
    /// A text.
    Text,
    /// A tag of the core schema, such as `int`.
    Core(Cow<'e, str>),
    /// A tag of the document, such as `!Ref`; the name it gets as a key.
    Local(String),
}

pub(super) fn meaning<'e>(tag: &'e Option<Cow<'_, Tag>>, plain: bool) -> Meaning<'e> {
    let untagged = || if plain { Meaning::Plain } else { Meaning::Text };
    let Some(tag) = tag else { return untagged() };
    let core = match (tag.handle.as_str(), tag.suffix.as_str()) {
        ("", "!") => return Meaning::Text,
        ("!", suffix) => return Meaning::Local(format!("!{suffix}")),
        (CORE, suffix) => suffix,
        ("", suffix) if suffix.starts_with('!') => return Meaning::Local(suffix.to_owned()),
        ("", suffix) => suffix.strip_prefix(CORE).unwrap_or_default(),
        (handle, suffix) if handle.starts_with('!') => return Meaning::Local(format!("{handle}{suffix}")),
        _ => "",
    };
    // Kubernetes passes over tags that it does not know.
    if scalar::is_core(core) { Meaning::Core(Cow::Borrowed(core)) } else { untagged() }
}

/// A key with a tag of the core schema; `None` where it can be no key.
pub(super) fn key<'t>(core: &str, text: &'t str) -> Option<Cow<'t, str>> {
    match core {
        "str" | "timestamp" => Some(Cow::Borrowed(text)),
        "int" | "float" | "bool" => scalar::tagged(core, text).and_then(|_| scalar::plain_key(text)),
        _ => None,
    }
}

/// The value of a scalar that is not what its tag says.
pub(super) fn unreadable(core: &str) -> Value {
    let cause = Cause::Unreadable(Text::from(format!("`!!{core}` value")));
    Value::Unresolved(Box::new(Unresolved { cause, target: None }))
}
