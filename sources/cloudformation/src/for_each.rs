//! `Fn::ForEach`: a map whose entries are made from a fragment, once for each item of a collection.

use ringfence_model::{Cause, Diagnostic, Entry, Key, Location, Map, Node, Text, Unresolved, Value};
use rustc_hash::FxHashSet;

use crate::evaluate::{Evaluator, Halt};
use crate::record::{size, unknown};
use crate::shape::{function, is_for_each, scalar};

/// What a value that a loop copies costs, so that loops make at most a quarter of a million.
const COPY: usize = 16;
/// Trees deeper than this are not copied.
const DEPTH: usize = 512;

/// Entries after expansion, and why some may be missing.
pub(crate) type Expanded = (Vec<Entry>, Option<Missing>);

/// Why a loop does not say all that it makes, and which loop.
#[derive(Debug)]
pub(crate) struct Missing {
    pub(crate) unresolved: Box<Unresolved>,
    pub(crate) location: Option<Location>,
}

impl Evaluator<'_> {
    /// `entries` with every loop replaced by what it makes, loops in loops included.
    pub(crate) fn expand(&mut self, entries: Vec<Entry>) -> Expanded {
        if !entries.iter().any(|entry| is_for_each(&entry.key)) {
            return (entries, None);
        }
        let mut expanded = (Vec::with_capacity(entries.len()), None);
        for entry in entries {
            if is_for_each(&entry.key) {
                let outer = self.enter(entry.node.location());
                self.repeat(entry.node, &mut expanded);
                self.at = outer;
            } else {
                expanded.0.push(entry);
            }
        }
        let entries = self.without_duplicates(expanded.0);
        (entries, expanded.1)
    }

    /// Of entries with one key the first stays.
    fn without_duplicates(&mut self, mut entries: Vec<Entry>) -> Vec<Entry> {
        let mut keys: FxHashSet<Key> = FxHashSet::default();
        entries.retain(|Entry { key, node }| {
            let new = keys.insert(key.clone());
            if !new {
                self.record.report(
                    Diagnostic::error("duplicate-key", "`Fn::ForEach` makes one key several times")
                        .at(node.location())
                        .help("use the identifier in the key"),
                );
            }
            new
        });
        entries
    }

    fn repeat(&mut self, argument: Node, (made, missing): &mut Expanded) {
        match self.deeper(|evaluator| evaluator.loop_of(argument)) {
            Ok((entries, unknown)) => {
                made.extend(entries);
                *missing = missing.take().or(unknown);
            }
            Err(halt) => {
                let found = self.missing(halt);
                missing.get_or_insert(found);
            }
        }
    }

    fn missing(&mut self, halt: Halt) -> Missing {
        Missing { unresolved: self.cause_of(halt), location: self.at }
    }

    fn loop_of(&mut self, argument: Node) -> Result<Expanded, Halt> {
        let Value::List(items) = argument.value else { return Err(self.not_a_loop()) };
        let Ok([identifier, collection, fragment]) = <[Node; 3]>::try_from(items.into_vec()) else {
            return Err(self.not_a_loop());
        };
        let (Some(identifier), Value::Map(fragment)) = (identifier.as_str(), fragment.value) else {
            return Err(self.not_a_loop());
        };
        let Value::List(items) = self.known(collection)?.value else { return Err(self.not_a_loop()) };
        let pattern = Pattern::new(identifier);
        let mut made = Vec::new();
        let mut missing = None;
        for item in items {
            match self.loop_item(item) {
                Ok(item) => self.instances(&pattern, &item, &fragment, &mut made)?,
                Err(halt) => {
                    let found = self.missing(halt);
                    missing.get_or_insert(found);
                }
            }
        }
        let (made, inner) = self.expand(made);
        Ok((made, missing.or(inner)))
    }

    fn loop_item(&mut self, item: Node) -> Result<Text, Halt> {
        match item.value {
            Value::Unresolved(unresolved) => Err(Halt::Unknown(unresolved)),
            value => scalar(&value).ok_or_else(|| self.not_a_loop()),
        }
    }

    fn not_a_loop(&mut self) -> Halt {
        self.malformed("ForEach", "`[identifier, collection, map]`")
    }

    /// The entries of the fragment for one item.
    fn instances(
        &mut self,
        pattern: &Pattern,
        item: &Text,
        fragment: &Map,
        made: &mut Vec<Entry>,
    ) -> Result<(), Halt> {
        let alphanumeric: Text = item.chars().filter(char::is_ascii_alphanumeric).collect();
        let instance = Instance { pattern, item, alphanumeric: &alphanumeric };
        for Entry { key, node } in fragment.entries() {
            let (nodes, bytes) = size(node);
            self.record.charge(nodes * COPY, bytes, self.at)?;
            let (key, node) = (Key::from(instance.text(key).as_str()), instance.node(node, 0));
            self.record.charge(0, size(&node).1.saturating_sub(bytes), self.at)?;
            made.push(Entry { key, node });
        }
        Ok(())
    }
}

/// How an identifier is written in a fragment.
struct Pattern {
    name: Text,
    dollar: String,
    ampersand: String,
}

impl Pattern {
    fn new(name: &str) -> Self {
        Self { name: name.into(), dollar: format!("${{{name}}}"), ampersand: format!("&{{{name}}}") }
    }
}

/// A fragment for one item: `${X}` is the item, `&{X}` its letters and digits, `!Ref X` the item too.
struct Instance<'a> {
    pattern: &'a Pattern,
    item: &'a Text,
    alphanumeric: &'a Text,
}

impl Instance<'_> {
    fn text(&self, text: &str) -> Text {
        if !text.contains(['$', '&']) {
            return text.into();
        }
        let text = text.replace(&self.pattern.dollar, self.item);
        Text::from(text.replace(&self.pattern.ampersand, self.alphanumeric))
    }

    fn key(&self, key: &Key) -> Key {
        if key.contains(['$', '&']) { Key::from(self.text(key).as_str()) } else { key.clone() }
    }

    fn node(&self, node: &Node, depth: usize) -> Node {
        if depth > DEPTH {
            let cause = Cause::Bound("values nest too deeply".into());
            return Node { value: Value::Unresolved(unknown(cause)), origin: node.origin.clone() };
        }
        let is_item = function(node).is_some_and(|(key, argument)| {
            crate::shape::bare(key) == "Ref" && argument.as_str() == Some(&self.pattern.name)
        });
        let value = match &node.value {
            _ if is_item => Value::Text(self.item.clone()),
            Value::Text(text) => Value::Text(self.text(text)),
            Value::List(items) => Value::List(items.iter().map(|item| self.node(item, depth + 1)).collect()),
            Value::Map(map) => {
                let entry = |Entry { key, node }: &Entry| (self.key(key), self.node(node, depth + 1));
                Value::Map(map.entries().iter().map(entry).collect())
            }
            other => other.clone(),
        };
        Node { value, origin: node.origin.clone() }
    }
}
