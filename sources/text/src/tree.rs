//! Where events become nodes: one builder for YAML and JSON.
//!
//! Children of open maps and lists wait on two shared stacks, so that each map and list is
//! allocated once, exactly as long as it is.

use ringfence_model::{Diagnostic, Entry, FileId, Key, Location, Map, Node, Value};

use crate::Budget;
use crate::fault::{Fault, Log, shown};
use crate::keys::Keys;

mod duplicates;

pub(crate) type Result<T> = std::result::Result<T, Box<Fault>>;

/// Builds the nodes of one file, a document after the other.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) file: FileId,
    pub(crate) budget: Budget,
    pub(crate) keys: Keys,
    pub(crate) log: Log,
    open: Vec<Open>,
    items: Vec<Node>,
    entries: Vec<Entry>,
    root: Option<Node>,
    /// Values so far; long texts count for more than one.
    weight: usize,
    /// Weight of what aliases have copied.
    copied: usize,
}

/// A map or list that is not closed yet.
#[derive(Debug)]
struct Open {
    shape: Shape,
    start: usize,
    /// Where its children begin on the stack.
    base: usize,
    /// What the next value of a map belongs to.
    slot: Option<Slot>,
    /// Maps that merge keys bring in, in the order in which they win, each with its place among the entries.
    merged: Vec<(usize, Map)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    List,
    Map,
}

/// What the next value of a map belongs to.
#[derive(Debug)]
pub(crate) enum Slot {
    /// A key and where it is written.
    Key(Key, usize, usize),
    /// `<<` and where it is written.
    Merge(usize, usize),
    /// A key that cannot be; its value is dropped.
    Dropped,
}

/// What [`Tree::back_to`] needs.
pub(crate) struct Mark {
    weight: usize,
    diagnostics: (usize, usize),
}

impl Tree {
    pub(crate) fn new(file: FileId, budget: Budget) -> Self {
        Self {
            file,
            budget,
            keys: Keys::new(),
            log: Log::new(budget.diagnostics),
            open: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            root: None,
            weight: 0,
            copied: 0,
        }
    }

    /// Where things stand, to come back to.
    pub(crate) fn mark(&self) -> Mark {
        Mark { weight: self.weight, diagnostics: self.log.mark() }
    }

    /// Forgets what was read since.
    pub(crate) fn back_to(&mut self, mark: &Mark) {
        self.reset();
        self.weight = mark.weight;
        self.log.back_to(mark.diagnostics);
    }

    /// Forgets an unfinished document.
    pub(crate) fn reset(&mut self) {
        self.open.clear();
        self.items.clear();
        self.entries.clear();
        self.root = None;
    }

    /// The finished document.
    pub(crate) fn take(&mut self) -> Option<Node> {
        self.root.take()
    }

    /// Whether the document has no value yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// What the next value goes into.
    pub(crate) fn inside(&self) -> Option<Shape> {
        self.open.last().map(|open| open.shape)
    }

    /// Where the innermost open map or list starts.
    pub(crate) fn opened_at(&self) -> Option<usize> {
        self.open.last().map(|open| open.start)
    }

    /// Whether the next thing is a key.
    pub(crate) fn awaits_key(&self) -> bool {
        self.open.last().is_some_and(|open| open.shape == Shape::Map && open.slot.is_none())
    }

    /// Says what the next value of the innermost map belongs to.
    pub(crate) fn key(&mut self, slot: Slot) {
        if let Some(open) = self.open.last_mut() {
            open.slot = Some(slot);
        }
    }

    /// Opens a map or list.
    pub(crate) fn begin(&mut self, shape: Shape, start: usize) -> Result<()> {
        if self.open.len() >= self.budget.depth {
            return Err(self.too_deep(start));
        }
        self.count(1, start)?;
        let base = match shape {
            Shape::List => self.items.len(),
            Shape::Map => self.entries.len(),
        };
        self.open.push(Open { shape, start, base, slot: None, merged: Vec::new() });
        Ok(())
    }

    /// Closes the innermost map or list. `end` is where it ends if it is not the value of a key.
    pub(crate) fn end(&mut self, end: usize) -> Option<Node> {
        let open = self.open.pop()?;
        let value = match open.shape {
            Shape::List => Value::List(self.items.drain(open.base..).collect()),
            Shape::Map => Value::Map(self.close_map(open.base, open.merged)),
        };
        let location = match self.slot() {
            Some((start, end)) => Location::new(self.file, start, end),
            None => Location::new(self.file, open.start, end),
        };
        Some(Node::explicit(value, location))
    }

    /// A scalar, located from its key.
    pub(crate) fn scalar(&mut self, value: Value, start: usize, end: usize) -> Result<Node> {
        let weight = if let Value::Text(text) = &value { 1 + text.len() / 64 } else { 1 };
        self.count(weight, start)?;
        let start = self.slot().map_or(start, |(key, _)| key);
        Ok(Node::explicit(value, Location::new(self.file, start, end)))
    }

    /// A value that is not written, located at its key.
    pub(crate) fn nothing(&mut self, at: usize) -> Result<Node> {
        self.count(1, at)?;
        let (start, end) = self.slot().unwrap_or((at, at));
        Ok(Node::explicit(Value::Null, Location::new(self.file, start, end)))
    }

    /// A value that an alias copies, located where the alias stands.
    pub(crate) fn copied(&self, value: Value, start: usize, end: usize) -> Node {
        let start = self.slot().map_or(start, |(key, _)| key);
        Node::explicit(value, Location::new(self.file, start, end))
    }

    /// Puts a finished node where it belongs.
    pub(crate) fn place(&mut self, node: Node) -> Result<()> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match open.shape {
            Shape::List => self.items.push(node),
            Shape::Map => match open.slot.take() {
                Some(Slot::Key(key, ..)) => self.entries.push(Entry { key, node }),
                Some(Slot::Merge(start, end)) => {
                    let at = self.entries.len() - open.base;
                    merge(&mut open.merged, at, node, start, end)?;
                }
                Some(Slot::Dropped) | None => {}
            },
        }
        Ok(())
    }

    /// Counts what an alias copies.
    pub(crate) fn copy(&mut self, weight: usize, start: usize, end: usize) -> Result<()> {
        self.weight += weight;
        self.copied += weight;
        if self.copied <= self.budget.copies {
            return Ok(());
        }
        let message = format!("aliases copy more than {} values", self.budget.copies);
        Err(Fault::new("too-many-aliases", start, end, message).help("write the values out"))
    }

    pub(crate) fn too_deep(&self, at: usize) -> Box<Fault> {
        let message = format!("more than {} maps and lists inside each other", self.budget.depth);
        Fault::new("too-deep", at, at + 1, message).help("nest less deeply")
    }

    /// Where the key of the next value is written.
    fn slot(&self) -> Option<(usize, usize)> {
        match self.open.last()?.slot.as_ref()? {
            Slot::Key(_, start, end) | Slot::Merge(start, end) => Some((*start, *end)),
            Slot::Dropped => None,
        }
    }

    fn count(&mut self, weight: usize, at: usize) -> Result<()> {
        self.weight += weight;
        if self.weight.saturating_sub(self.copied) <= self.budget.nodes {
            return Ok(());
        }
        let message = format!("the file holds more than {} values", self.budget.nodes);
        Err(Fault::new("too-large", at, at + 1, message).help("split the file"))
    }

    fn close_map(&mut self, base: usize, merged: Vec<(usize, Map)>) -> Map {
        let mut entries: Vec<Entry> = self.entries.drain(base..).collect();
        if !merged.is_empty() {
            entries = duplicates::merge(entries, merged);
        }
        let doubles = duplicates::find(&entries);
        if !doubles.is_empty() {
            self.drop_doubles(&mut entries, &doubles);
        }
        Map::new(entries)
    }

    /// Of each pair of entries with one key the first one goes.
    fn drop_doubles(&mut self, entries: &mut Vec<Entry>, doubles: &[(usize, usize)]) {
        for (first, last) in doubles {
            let (Some(first), Some(last)) = (entries.get(*first), entries.get(*last)) else { continue };
            self.log.push(|| {
                let message = format!("key `{}` is written twice; the last one counts", shown(&last.key));
                Diagnostic::warning("duplicate-key", message)
                    .at(last.node.location())
                    .related(first.node.location(), "also written here")
                    .help("remove one of them")
            });
        }
        let mut gone = doubles.iter().map(|(first, _)| *first).peekable();
        let mut at = 0;
        entries.retain(|_| {
            let keep = gone.next_if_eq(&at).is_none();
            at += 1;
            keep
        });
    }
}

/// Adds the map, or the list of maps, that a merge key brings in.
fn merge(merged: &mut Vec<(usize, Map)>, at: usize, node: Node, start: usize, end: usize) -> Result<()> {
    let fault = || {
        Fault::new("merge-not-map", start, end, "`<<` needs a map or a list of maps")
            .help("give `<<` an alias of a map")
    };
    match node.value {
        Value::Map(map) => merged.push((at, map)),
        Value::List(items) => {
            for item in items {
                let Value::Map(map) = item.value else { return Err(fault()) };
                merged.push((at, map));
            }
        }
        _ => return Err(fault()),
    }
    Ok(())
}
