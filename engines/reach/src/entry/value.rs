//! Values as ways in need them: texts, numbers, lists of addresses, and why they are not known.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use ringfence_model::fact::AddressRange;
use ringfence_model::{Field, Node, mask};

use super::index::Found;

/// A value that may be absent, and may not be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said<T> {
    Absent,
    Is(T),
    /// One clause: what is not known, and why.
    Unknown(String),
}

impl<T> Said<T> {
    pub(super) fn map<U>(self, of: impl FnOnce(T) -> U) -> Said<U> {
        match self {
            Self::Absent => Said::Absent,
            Self::Is(value) => Said::Is(of(value)),
            Self::Unknown(why) => Said::Unknown(why),
        }
    }

    /// This one, or the other where it is absent.
    pub(super) fn or(self, other: impl FnOnce() -> Self) -> Self {
        if matches!(self, Self::Absent) { other() } else { self }
    }

    pub(super) fn is(self) -> Option<T> {
        if let Self::Is(value) = self { Some(value) } else { None }
    }

    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// A text at `path`, called so in messages.
pub(super) fn text<'a>(field: Field<'a>, called: &str) -> Said<&'a str> {
    match field {
        Field::Absent => Said::Absent,
        Field::Unresolved(_, unresolved) => {
            Said::Unknown(format!("`{called}` is not known: {}", unresolved.cause.describe()))
        }
        Field::Present(node) => match node.as_str() {
            Some(text) => Said::Is(text),
            None => Said::Unknown(format!("`{called}` is not a text")),
        },
    }
}

/// One annotation.
pub(super) fn annotation<'a>(of: Found<'a>, key: &str) -> Said<&'a str> {
    let annotations = match of.field("metadata.annotations") {
        Field::Absent => return Said::Absent,
        Field::Unresolved(_, unresolved) => {
            return Said::Unknown(format!("`annotations` is not known: {}", unresolved.cause.describe()));
        }
        Field::Present(annotations) => annotations,
    };
    text(annotations.child(key), key)
}

/// The parts of a list that is written as one text: `a, b`.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// The pairs of a map that is written as one text: `a=1, b=2`.
pub(super) fn pairs(text: &str) -> BTreeMap<&str, &str> {
    parts(text)
        .filter_map(|part| part.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect()
}

/// A truth value as annotations write it (Go's `strconv.ParseBool`).
pub(super) fn truth(text: &str, called: &str) -> Said<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Said::Is(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Said::Is(false),
        _ => Said::Unknown(format!("`{called}` is neither true nor false")),
    }
}

/// An address block or a single address.
pub(super) fn range(text: &str, called: &str) -> Said<AddressRange> {
    let text = text.trim();
    let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    match net {
        Ok(net) => Said::Is(AddressRange { first: net.network(), last: net.broadcast() }),
        Err(_) => Said::Unknown(format!("`{called}` names `{}`, which is no address block", mask(text))),
    }
}

/// The address blocks of a list of texts; `Absent` where there is none.
pub(super) fn ranges<'a>(
    texts: impl IntoIterator<Item = Said<&'a str>>,
    called: &str,
) -> Said<Vec<AddressRange>> {
    let mut all = Vec::new();
    for text in texts {
        match text {
            Said::Absent => {}
            Said::Is(text) => match range(text, called) {
                Said::Is(range) => all.push(range),
                Said::Unknown(why) => return Said::Unknown(why),
                Said::Absent => {}
            },
            Said::Unknown(why) => return Said::Unknown(why),
        }
    }
    all.sort_unstable();
    all.dedup();
    if all.is_empty() { Said::Absent } else { Said::Is(all) }
}

/// The address blocks of a list at `field`.
pub(super) fn range_list(field: Field<'_>, called: &str) -> Said<Vec<AddressRange>> {
    match field {
        Field::Absent => Said::Absent,
        Field::Unresolved(_, unresolved) => {
            Said::Unknown(format!("`{called}` is not known: {}", unresolved.cause.describe()))
        }
        Field::Present(list) => ranges(list.items().iter().map(|item| text(item.as_field(), called)), called),
    }
}

/// A port number.
pub(super) fn port(node: &Node) -> Option<u16> {
    node.as_int().and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_lists_maps_and_truths() {
        assert_eq!(parts(" a, b,,c ").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(pairs("a=1, b = 2,c").into_iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
        assert_eq!(truth("True", "x"), Said::Is(true));
        assert_eq!(truth("yes", "x"), Said::Unknown("`x` is neither true nor false".into()));
    }

    #[test]
    fn one_bad_block_makes_the_whole_list_unknown() {
        let list = |texts: &[&'static str]| ranges(texts.iter().map(|text| Said::Is(*text)), "list");
        assert_eq!(list(&[]), Said::Absent);
        let Said::Is(found) = list(&["10.1.2.3/8", "192.0.2.1"]) else { panic!() };
        assert_eq!(
            found.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["10.0.0.0-10.255.255.255", "192.0.2.1-192.0.2.1"]
        );
        assert_eq!(
            list(&["10.0.0.0/8", "ten"]),
            Said::Unknown("`list` names `ten`, which is no address block".into())
        );
    }
}
