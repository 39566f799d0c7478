//! Values with origins: the one tree that every source is read into.

use std::sync::Arc;

use compact_str::CompactString;

use crate::{Location, Origin};

/// A short text, inline up to 24 bytes.
pub type Text = CompactString;

/// A key of a map, shared between the maps of a file.
pub type Key = Arc<str>;

/// A value and where it comes from. Forty bytes: a 400 MB cluster dump is ten million of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`; the Kubernetes API reads it as absent.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(Text),
    /// A list.
    List(Box<[Node]>),
    /// A map, in source order.
    Map(Map),
    /// Something is written here, but what it will be cannot be known.
    Unresolved(Box<Unresolved>),
}

/// A map in source order. Keys are unique: of duplicates the last one counts, and a diagnostic names both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(Box<[Entry]>);

/// One entry of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value; its origin starts at the key.
    pub node: Node,
}

/// A value that cannot be known from the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// Why.
    pub cause: Cause,
    /// The resource it will come from, where the input names one (`!Ref Key`): present and not null.
    pub target: Option<Target>,
}

/// A resource that an unresolved value points at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The template or plan in which `address` holds; equals [`Resource::scope`](crate::Resource::scope).
    pub scope: Key,
    /// Logical id or Terraform address.
    pub address: Text,
    /// The attribute asked for, e.g. `Arn`; absent for the resource's own id.
    pub attribute: Option<Text>,
}

/// Why a value cannot be known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// A template parameter without value or default.
    Parameter(Text),
    /// The account or the region (`AWS::AccountId`, `AWS::Region`) of a template.
    Surroundings(Text),
    /// Assigned when the resource is created (ids, ARNs, addresses).
    Assigned(Text),
    /// Terraform's "known after apply".
    KnownAfterApply,
    /// An export of another stack that is not in the input.
    Import(Text),
    /// An intrinsic function or dynamic reference that is not evaluated.
    Function(Text),
    /// A reference to something that does not exist.
    Missing(Text),
    /// A reference that leads back to itself.
    Cycle(Text),
    /// A bound on hostile input was reached.
    Bound(Text),
    /// A template mark (`{{ … }}`) that was not rendered.
    Unrendered,
    /// The text cannot be read as what it should be (a policy document that is not JSON, …).
    Unreadable(Text),
}

impl Cause {
    /// One clause without a full stop.
    pub fn describe(&self) -> String {
        match self {
            Self::Parameter(name) => format!("parameter `{name}` has no value"),
            Self::Surroundings(name) => format!("`{name}` is not given"),
            Self::Assigned(what) => format!("`{what}` is assigned when the resource is created"),
            Self::KnownAfterApply => "the plan says known after apply".to_owned(),
            Self::Import(name) => format!("export `{name}` is not in the input"),
            Self::Function(name) => format!("`{name}` is not evaluated"),
            Self::Missing(name) => format!("`{name}` does not exist"),
            Self::Cycle(name) => format!("`{name}` refers to itself"),
            Self::Bound(what) => format!("{what}"),
            Self::Unrendered => "the template is not rendered".to_owned(),
            Self::Unreadable(what) => format!("{what} cannot be read"),
        }
    }

    /// What a person can do about it; unknown verdicts are grouped by this.
    pub fn remedy(&self) -> String {
        match self {
            Self::Parameter(name) => format!("--parameter {name}=…"),
            Self::Surroundings(name) if name.ends_with("Region") => "--region".to_owned(),
            Self::Surroundings(_) => "--account".to_owned(),
            Self::Assigned(_) | Self::KnownAfterApply => {
                "the deployed resource (a later plan or live data)".to_owned()
            }
            Self::Import(name) => format!("the template that exports `{name}`"),
            Self::Function(name) => format!("a value in place of `{name}`"),
            Self::Missing(name) => format!("the definition of `{name}`"),
            Self::Cycle(name) => format!("a `{name}` that does not refer to itself"),
            Self::Bound(_) => "a smaller input".to_owned(),
            Self::Unrendered => "the rendered output (`helm template`, `kustomize build`)".to_owned(),
            Self::Unreadable(what) => format!("a readable {what}"),
        }
    }
}

/// What stands at a path: the three cases that must never be mixed up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field<'a> {
    /// Nothing, or null.
    Absent,
    /// Something, but not known.
    Unresolved(&'a Node, &'a Unresolved),
    /// A known value.
    Present(&'a Node),
}

impl<'a> Field<'a> {
    /// The node, unless absent.
    pub fn node(self) -> Option<&'a Node> {
        match self {
            Self::Absent => None,
            Self::Unresolved(node, _) | Self::Present(node) => Some(node),
        }
    }

    /// The known value, if there is one.
    pub fn present(self) -> Option<&'a Node> {
        if let Self::Present(node) = self { Some(node) } else { None }
    }
}

impl Node {
    /// A value with an origin.
    pub fn new(value: impl Into<Value>, origin: Origin) -> Self {
        Self { value: value.into(), origin }
    }

    /// A value that is written at `location`.
    pub fn explicit(value: impl Into<Value>, location: Location) -> Self {
        Self::new(value, Origin::Explicit(location))
    }

    /// A value that cannot be known, written at `origin`.
    pub fn unresolved(cause: Cause, target: Option<Target>, origin: Origin) -> Self {
        Self { value: Value::Unresolved(Box::new(Unresolved { cause, target })), origin }
    }

    /// What stands at the dotted `path` below this node (`spec.template`, `rules.0.verbs`).
    pub fn field(&self, path: &str) -> Field<'_> {
        let mut node = self;
        for step in path.split('.').filter(|step| !step.is_empty()) {
            match node.child(step) {
                Field::Present(next) => node = next,
                other => return other,
            }
        }
        node.as_field()
    }

    /// What stands under one key (which may hold dots) or list index.
    pub fn child(&self, step: &str) -> Field<'_> {
        let found = match &self.value {
            Value::Unresolved(unresolved) => return Field::Unresolved(self, unresolved),
            Value::Map(map) => map.get(step),
            Value::List(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        found.map_or(Field::Absent, Node::as_field)
    }

    /// This node as the end of a path.
    pub fn as_field(&self) -> Field<'_> {
        match &self.value {
            Value::Null => Field::Absent,
            Value::Unresolved(unresolved) => Field::Unresolved(self, unresolved),
            _ => Field::Present(self),
        }
    }

    /// The known value at `path`; `None` where it is absent or unresolved, so only for what no verdict rests on.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.field(path).present()
    }

    /// The text at `path`, if it is known and a text.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.get(path).and_then(Node::as_str)
    }

    /// This value as a text.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// This value as a truth value.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self.value { Some(value) } else { None }
    }

    /// This value as a whole number.
    pub fn as_int(&self) -> Option<i64> {
        if let Value::Int(value) = self.value { Some(value) } else { None }
    }

    /// The elements of a list; none for anything else.
    pub fn items(&self) -> &[Node] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// The entries of a map; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        if let Value::Map(map) = &self.value { map.entries() } else { &[] }
    }

    /// The reason, if this value is unresolved.
    pub fn as_unresolved(&self) -> Option<&Unresolved> {
        if let Value::Unresolved(unresolved) = &self.value { Some(unresolved) } else { None }
    }

    /// Where it is written or what it was derived from.
    pub fn location(&self) -> Option<Location> {
        self.origin.location()
    }

    /// Sets the value at one key of a map, replacing what is there. Nothing happens on other values.
    pub fn set(&mut self, key: impl Into<Key>, node: Node) {
        if let Value::Map(map) = &mut self.value {
            map.set(key.into(), node);
        }
    }

    /// The value at one key of a map, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        if let Value::Map(map) = &mut self.value { map.get_mut(key) } else { None }
    }

    /// Appends to the list under `key`, which is made where it is absent. What stands there and is no
    /// list, or is not known, stays beside what is appended. The list is copied once, however many are
    /// appended.
    pub fn append_all(&mut self, key: &str, nodes: Vec<Self>) {
        let Some(first) = nodes.first() else { return };
        let Some(there) = self.get_mut(key).filter(|there| there.value != Value::Null) else {
            let origin = first.origin.clone();
            return self.set(key, Self::new(nodes, origin));
        };
        let mut items = match std::mem::replace(&mut there.value, Value::Null) {
            Value::List(items) => items.into_vec(),
            value => vec![Self { value, origin: there.origin.clone() }],
        };
        items.extend(nodes);
        there.value = Value::from(items);
    }
}

impl Value {
    /// What people call it, for messages.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Unresolved(_) => "not known",
        }
    }
}

impl Map {
    /// A map of `entries`, whose keys are unique.
    pub fn new(entries: Vec<Entry>) -> Self {
        Self(entries.into_boxed_slice())
    }

    /// All entries in source order.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The entries, owned.
    pub fn into_entries(self) -> Vec<Entry> {
        self.0.into_vec()
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|entry| &*entry.key == key).map(|entry| &entry.node)
    }

    /// The value under `key`, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.0.iter_mut().find(|entry| &*entry.key == key).map(|entry| &mut entry.node)
    }

    /// The values, to change them.
    pub fn nodes_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        self.0.iter_mut().map(|entry| &mut entry.node)
    }

    /// Sets the value under `key`.
    pub fn set(&mut self, key: Key, node: Node) {
        if let Some(there) = self.get_mut(&key) {
            *there = node;
            return;
        }
        let mut entries = std::mem::take(&mut self.0).into_vec();
        entries.push(Entry { key, node });
        self.0 = entries.into_boxed_slice();
    }

    /// Removes and returns the value under `key`.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let at = self.0.iter().position(|entry| &*entry.key == key)?;
        let mut entries = std::mem::take(&mut self.0).into_vec();
        let entry = entries.remove(at);
        self.0 = entries.into_boxed_slice();
        Some(entry.node)
    }
}

impl FromIterator<(Key, Node)> for Map {
    fn from_iter<T: IntoIterator<Item = (Key, Node)>>(entries: T) -> Self {
        Self::new(entries.into_iter().map(|(key, node)| Entry { key, node }).collect())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<Text> for Value {
    fn from(value: Text) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<Node>> for Value {
    fn from(items: Vec<Node>) -> Self {
        Self::List(items.into_boxed_slice())
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(value: impl Into<Value>) -> Node {
        Node::new(value, Origin::derived("test", None))
    }

    fn map(entries: Vec<(&str, Node)>) -> Node {
        derived(entries.into_iter().map(|(key, node)| (Key::from(key), node)).collect::<Map>())
    }

    #[test]
    fn nodes_stay_small() {
        assert_eq!(std::mem::size_of::<Value>(), 24);
        assert_eq!(std::mem::size_of::<Origin>(), 16);
        assert_eq!(std::mem::size_of::<Node>(), 40);
    }

    #[test]
    fn unresolved_on_the_way_is_never_absent() {
        let unknown = Node::unresolved(Cause::KnownAfterApply, None, Origin::derived("test", None));
        let body = map(vec![("spec", unknown), ("none", derived(Value::Null))]);
        assert!(matches!(body.field("spec.template.spec"), Field::Unresolved(..)));
        assert_eq!(body.field("none.x"), Field::Absent);
        assert_eq!(body.field("nothing"), Field::Absent);
    }

    #[test]
    fn paths_reach_into_lists() {
        let body = map(vec![("rules", derived(vec![map(vec![("verb", derived("get"))])]))]);
        assert_eq!(body.text("rules.0.verb"), Some("get"));
        assert_eq!(body.field("rules.1"), Field::Absent);
    }

    #[test]
    fn append_all_makes_the_list_and_keeps_what_is_there() {
        let unknown = Node::unresolved(Cause::KnownAfterApply, None, Origin::derived("test", None));
        let mut body = map(vec![("egress", unknown), ("none", derived(Value::Null))]);
        body.append_all("ingress", vec![derived(1), derived(2)]);
        body.append_all("ingress", vec![derived(3)]);
        body.append_all("egress", vec![derived(1)]);
        body.append_all("none", vec![derived(1)]);
        body.append_all("nothing", vec![]);
        let lengths = ["ingress", "egress", "none"].map(|key| body.get(key).map(|list| list.items().len()));
        assert_eq!(lengths, [Some(3), Some(2), Some(1)]);
        assert_eq!(body.field("nothing"), Field::Absent);
        assert!(matches!(body.field("egress.0"), Field::Unresolved(..)));
    }

    #[test]
    fn every_value_has_a_noun() {
        let unknown = Node::unresolved(Cause::KnownAfterApply, None, Origin::derived("test", None)).value;
        let values =
            [Value::Null, true.into(), 1.into(), "x".into(), vec![].into(), Map::default().into(), unknown];
        let nouns = ["null", "a boolean", "a number", "a text", "a list", "a map", "not known"];
        assert_eq!(values.map(|value| value.noun()), nouns);
    }
}
