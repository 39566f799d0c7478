//! Values as a policy sees them: read in place where they are of the estate.

use std::borrow::Cow;
use std::rc::Rc;

use ringfence_model::fact::ScopeFact;
use ringfence_model::{Entry, Field, Location, Node, Resource, Value as Model, mask};

use crate::policy::Item;
use crate::world::Declared;

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value<'e> {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(Cow<'e, str>),
    /// A value of the estate, known or not.
    Node(&'e Node),
    /// An entry of a map of the estate, with `key` and `value`.
    Entry(&'e Entry),
    /// What the resource is.
    Resource(&'e Resource),
    /// What engines concluded of the resource.
    Facts(Option<&'e ScopeFact>),
    /// Its scope.
    Scope(&'e ScopeFact),
    /// A list of the declaration.
    Declared(&'static str, Declared<'e>),
    /// A list that the policy made.
    List(Rc<[Value<'e>]>),
    /// A map that the policy made.
    Map(Rc<[(Value<'e>, Value<'e>)]>),
}

/// What `resource` has.
pub(super) const RESOURCE_KEYS: &[&str] =
    &["account", "cluster", "kind", "label", "name", "namespace", "region"];

/// A value without regard to where it comes from.
pub(crate) enum View<'v, 'e> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'v str),
    List(Items<'v, 'e>),
    Map(Entries<'v, 'e>),
    /// Not known.
    Unresolved(&'e Node),
}

/// The items of a list.
#[derive(Clone, Copy)]
pub(crate) enum Items<'v, 'e> {
    Nodes(&'e [Node]),
    Declared(Declared<'e>),
    Values(&'v [Value<'e>]),
}

/// The entries of a map.
#[derive(Clone, Copy)]
pub(crate) enum Entries<'v, 'e> {
    Nodes(&'e Node),
    Entry(&'e Entry),
    Resource(&'e Resource),
    Facts(Option<&'e ScopeFact>),
    Scope(&'e ScopeFact),
    Values(&'v [(Value<'e>, Value<'e>)]),
}

impl<'e> Value<'e> {
    /// The value as its kind has it.
    pub(crate) fn view(&self) -> View<'_, 'e> {
        match self {
            Self::Null => View::Null,
            Self::Bool(value) => View::Bool(*value),
            Self::Int(value) => View::Int(*value),
            Self::Float(value) => View::Float(*value),
            Self::Text(text) => View::Text(text),
            Self::Node(node) => view_of(node),
            Self::Entry(entry) => View::Map(Entries::Entry(entry)),
            Self::Resource(resource) => View::Map(Entries::Resource(resource)),
            Self::Facts(fact) => View::Map(Entries::Facts(*fact)),
            Self::Scope(fact) => View::Map(Entries::Scope(fact)),
            Self::Declared(_, list) => View::List(Items::Declared(*list)),
            Self::List(items) => View::List(Items::Values(items)),
            Self::Map(entries) => View::Map(Entries::Values(entries)),
        }
    }

    /// The text, if it is one and known.
    pub(crate) fn as_text(&self) -> Option<&str> {
        if let View::Text(text) = self.view() { Some(text) } else { None }
    }

    /// The node, where the value is read in place.
    pub(crate) fn as_node(&self) -> Option<&'e Node> {
        match self {
            Self::Node(node) => Some(node),
            Self::Entry(entry) => Some(&entry.node),
            _ => None,
        }
    }

    /// The node that says why the value is not known.
    pub(crate) fn unresolved(&self) -> Option<&'e Node> {
        self.as_node().filter(|node| node.as_unresolved().is_some())
    }

    /// Where it is written.
    pub(crate) fn location(&self) -> Option<Location> {
        self.as_node().and_then(Node::location)
    }

    /// What people call its type.
    pub(crate) fn noun(&self) -> &'static str {
        match self.view() {
            View::Null => "null",
            View::Bool(_) => "a boolean",
            View::Int(_) | View::Float(_) => "a number",
            View::Text(_) => "a text",
            View::List(_) => "a list",
            View::Map(_) => "a map",
            View::Unresolved(_) => "not known",
        }
    }

    /// The value as people may see it, without card numbers.
    pub(crate) fn show(&self) -> String {
        match self.view() {
            View::Null => "null".to_owned(),
            View::Bool(value) => value.to_string(),
            View::Int(value) => mask(&value.to_string()).into_owned(),
            View::Float(value) => mask(&value.to_string()).into_owned(),
            View::Text(text) => excerpt(text),
            View::List(items) => format!("a list of {}", items.len()),
            View::Map(_) => "a map".to_owned(),
            View::Unresolved(_) => "not known".to_owned(),
        }
    }
}

/// How many characters of a text are shown.
const SHOWN: usize = 80;
/// How many are looked at to mask what is shown: more than any card number, however it is written.
const LOOKED_AT: usize = 1_000;

/// The beginning of the first line of `text`, without card numbers. It is masked first and shortened then:
/// what is left of a number would not look like one.
pub(crate) fn excerpt(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let masked = mask(upto(line, LOOKED_AT));
    let shown = upto(&masked, SHOWN);
    let is_whole = shown.len() == masked.len() && line.len() == text.trim_end().len();
    if is_whole || text.trim_end().is_empty() { shown.to_owned() } else { format!("{shown}…") }
}

fn upto(text: &str, characters: usize) -> &str {
    let end = text.char_indices().nth(characters).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or_default()
}

fn view_of<'v, 'e>(node: &'e Node) -> View<'v, 'e> {
    match &node.value {
        Model::Null => View::Null,
        Model::Bool(value) => View::Bool(*value),
        Model::Int(value) => View::Int(*value),
        Model::Float(value) => View::Float(*value),
        // The text of a node lives as long as the node, which outlives every view.
        Model::Text(text) => View::Text(text_of(text)),
        Model::List(items) => View::List(Items::Nodes(items)),
        Model::Map(_) => View::Map(Entries::Nodes(node)),
        Model::Unresolved(_) => View::Unresolved(node),
    }
}

fn text_of<'v, 'e: 'v>(text: &'e str) -> &'v str {
    text
}

impl<'e> From<Item<'e>> for Value<'e> {
    fn from(item: Item<'e>) -> Self {
        match item {
            Item::Node(node) => Self::Node(node),
            Item::Entry(entry) => Self::Entry(entry),
        }
    }
}

impl<'v, 'e> Items<'v, 'e> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Nodes(nodes) => nodes.len(),
            Self::Declared(list) => list.len(),
            Self::Values(values) => values.len(),
        }
    }

    pub(crate) fn get(self, index: usize) -> Option<Value<'e>> {
        match self {
            Self::Nodes(nodes) => nodes.get(index).map(Value::Node),
            Self::Declared(list) => list.get(index).map(|one| Value::Text(Cow::Borrowed(one.value.as_str()))),
            Self::Values(values) => values.get(index).cloned(),
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Value<'e>> + use<'v, 'e> {
        (0..self.len()).filter_map(move |index| self.get(index))
    }
}

impl<'v, 'e> Entries<'v, 'e> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Nodes(node) => node.entries().len(),
            Self::Entry(_) => 2,
            Self::Resource(_) => RESOURCE_KEYS.len(),
            Self::Facts(_) => 1,
            Self::Scope(_) => 3,
            Self::Values(values) => values.len(),
        }
    }

    /// The value under `key`; null counts as absent. An unresolved value is a value.
    pub(crate) fn get(self, key: &str) -> Option<Value<'e>> {
        match self {
            Self::Nodes(node) => match node.child(key) {
                Field::Absent => None,
                Field::Unresolved(node, _) | Field::Present(node) => Some(Value::Node(node)),
            },
            Self::Entry(entry) => match key {
                "key" => Some(Value::Text(Cow::Borrowed(&entry.key))),
                "value" => entry.node.as_field().node().map(Value::Node),
                _ => None,
            },
            Self::Resource(resource) => attribute(resource, key).map(Value::Text),
            Self::Facts(fact) => fact.filter(|_| key == "scope").map(Value::Scope),
            Self::Scope(fact) => scope_attribute(fact, key),
            Self::Values(values) => {
                let found = values.iter().find(|(there, _)| there.as_text() == Some(key));
                found.map(|(_, value)| value.clone()).filter(|value| !matches!(value, Value::Null))
            }
        }
    }

    /// Keys and values, null included, sorted by key.
    pub(super) fn sorted(self) -> Vec<(Value<'e>, Value<'e>)> {
        let mut pairs: Vec<_> = match self {
            Self::Nodes(node) => {
                let pair =
                    |entry: &'e Entry| (Value::Text(Cow::Borrowed(&*entry.key)), Value::Node(&entry.node));
                node.entries().iter().map(pair).collect()
            }
            Self::Values(values) => values.to_vec(),
            _ => {
                let value =
                    |key: &Value<'e>| key.as_text().and_then(|key| self.get(key)).unwrap_or(Value::Null);
                self.keys()
                    .into_iter()
                    .map(|key| (value(&key), key))
                    .map(|(value, key)| (key, value))
                    .collect()
            }
        };
        pairs.sort_by(|(one, _), (other, _)| one.as_text().cmp(&other.as_text()));
        pairs
    }

    /// The keys, in order.
    pub(crate) fn keys(self) -> Vec<Value<'e>> {
        match self {
            Self::Nodes(node) => {
                node.entries().iter().map(|entry| Value::Text(Cow::Borrowed(&*entry.key))).collect()
            }
            Self::Values(values) => values.iter().map(|(key, _)| key.clone()).collect(),
            Self::Entry(_) => ["key", "value"].map(|key| Value::Text(Cow::Borrowed(key))).into(),
            Self::Resource(_) => RESOURCE_KEYS.iter().map(|key| Value::Text(Cow::Borrowed(*key))).collect(),
            Self::Facts(_) => vec![Value::Text(Cow::Borrowed("scope"))],
            Self::Scope(_) => {
                ["class", "declared", "presumed"].map(|key| Value::Text(Cow::Borrowed(key))).into()
            }
        }
    }
}

/// What `resource.key` is; a namespace is empty where there is none, other places are absent.
pub(crate) fn attribute<'e>(resource: &'e Resource, key: &str) -> Option<Cow<'e, str>> {
    let place = &resource.place;
    match key {
        "kind" => Some(resource.kind.name().into()),
        "name" => Some(resource.name.as_str().into()),
        "namespace" => Some(resource.namespace().into()),
        "label" => Some(resource.label().into()),
        "account" => place.account.as_deref().map(Cow::Borrowed),
        "region" => place.region.as_deref().map(Cow::Borrowed),
        "cluster" => place.cluster.as_deref().map(Cow::Borrowed),
        _ => None,
    }
}

fn scope_attribute<'e>(fact: &'e ScopeFact, key: &str) -> Option<Value<'e>> {
    match key {
        "class" => Some(Value::Text(fact.class.as_str().into())),
        "declared" => fact.declared.map(|class| Value::Text(class.as_str().into())),
        "presumed" => Some(Value::Bool(fact.presumed)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However a card number lies across the cut, no more of it is shown than of a whole one.
    #[test]
    fn numbers_are_masked_before_texts_are_shortened() {
        let check = |text: &str, expected: &str| assert_eq!(excerpt(text), expected, "{text}");
        let filler = "x".repeat(69);
        check(&format!("{filler}4111111111111111"), &format!("{filler}***********…"));
        check(&format!("{filler}4111 1111 1111 1111 and more"), &format!("{filler}**** **** *…"));
        let near = "x".repeat(64);
        check(&format!("{near}4111111111111111"), &format!("{near}************1111"));
        check(&format!("{near}4111111111111111\n"), &format!("{near}************1111"));
        check("one\ntwo", "one…");
        check("", "");
        check(&"é".repeat(81), &format!("{}…", "é".repeat(80)));
        for start in 60..85 {
            let shown = excerpt(&format!("{}4111-1111-1111-1111{}", "x".repeat(start), "y".repeat(2_000)));
            assert!(shown.chars().filter(char::is_ascii_digit).count() <= 4, "{shown}");
        }
    }
}
