//! What a run has found out so far: diagnostics, conditions and imports already evaluated, and how much it may still grow.

use ringfence_model::{Cause, Diagnostic, Key, Location, Node, Text, Unresolved, Value, masked};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::condition::Truth;
use crate::evaluate::Halt;

/// Values that mappings, lists and imports may copy. A real template copies a few thousand.
const NODES: usize = 4_000_000;
/// Bytes of long texts that may be built or copied.
const BYTES: usize = 64 << 20;
/// Texts up to this length are free: what is written takes almost as much.
const SHORT: usize = 256;
/// Suggestions cost time quadratic in the length of a name; nobody reads more than a screen of them.
const SUGGESTIONS: usize = 100;

/// Diagnostics of one run; what is beyond is counted in one more.
const DIAGNOSTICS: usize = 10_000;
/// That a bound was reached; reported whatever the number.
const BOUND: &str = "template-bound";
/// Places at which a bound is reported.
const BOUNDS: usize = 20;

/// How far the evaluation of something named has come.
#[derive(Clone, Debug)]
pub(crate) enum Standing<T> {
    /// It is being evaluated: meeting it again is a cycle.
    Open,
    /// Evaluated.
    Known(T),
}

/// What a run has found out so far.
#[derive(Debug)]
pub(crate) struct Record {
    diagnostics: Vec<Diagnostic>,
    said: FxHashSet<(Location, String)>,
    nodes: usize,
    bytes: usize,
    suggestions: usize,
    bounds: usize,
    unlisted: usize,
    conditions: Vec<FxHashMap<Key, Standing<Truth>>>,
    /// Values of exports, by stack and name.
    pub(crate) imports: FxHashMap<(usize, Text), Standing<Node>>,
}

impl Record {
    pub(crate) fn new(stacks: usize) -> Self {
        Self {
            diagnostics: Vec::new(),
            said: FxHashSet::default(),
            nodes: NODES,
            bytes: BYTES,
            suggestions: SUGGESTIONS,
            bounds: BOUNDS,
            unlisted: 0,
            conditions: vec![FxHashMap::default(); stacks],
            imports: FxHashMap::default(),
        }
    }

    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        if self.unlisted > 0 {
            let message = format!("{} more problems of templates are not listed", self.unlisted);
            let help = "solve those that are listed first";
            self.diagnostics.push(Diagnostic::error("more-problems", message).help(help));
        }
        self.diagnostics
    }

    /// Keeps `diagnostic`, unless the same was said of the same place: loops evaluate a place many times.
    pub(crate) fn report(&mut self, mut diagnostic: Diagnostic) {
        if self.diagnostics.len() >= DIAGNOSTICS && diagnostic.code != BOUND {
            self.unlisted += 1;
            return;
        }
        diagnostic.message = masked(diagnostic.message);
        if let Some(location) = diagnostic.location
            && !self.said.insert((location, diagnostic.message.clone()))
        {
            return;
        }
        diagnostic.help = diagnostic.help.map(masked);
        self.diagnostics.push(diagnostic);
    }

    /// Whether another suggestion may be looked for.
    pub(crate) fn may_suggest(&mut self) -> bool {
        let left = self.suggestions > 0;
        self.suggestions = self.suggestions.saturating_sub(1);
        left
    }

    /// Pays for `nodes` copied values and `bytes` of text.
    pub(crate) fn charge(&mut self, nodes: usize, bytes: usize, at: Option<Location>) -> Result<(), Halt> {
        let bytes = bytes.saturating_sub(SHORT);
        if nodes <= self.nodes && bytes <= self.bytes {
            self.nodes -= nodes;
            self.bytes -= bytes;
            return Ok(());
        }
        self.bound("what the templates evaluate to is too large", at)
    }

    /// Says that a bound was reached.
    pub(crate) fn bound<T>(&mut self, what: &'static str, at: Option<Location>) -> Result<T, Halt> {
        if self.bounds > 0 {
            self.bounds -= 1;
            let message = format!("{what}; it is not evaluated further");
            let help = "split the template, or assess what it is expanded to";
            self.report(Diagnostic::error(BOUND, message).at(at).help(help));
        }
        Err(Halt::unknown(Cause::Bound(what.into()), None))
    }

    /// What is known of condition `name` of stack `index`.
    pub(crate) fn condition(&self, index: usize, name: &str) -> Option<&Standing<Truth>> {
        self.conditions.get(index).and_then(|conditions| conditions.get(name))
    }

    pub(crate) fn set_condition(&mut self, index: usize, name: &Key, standing: Standing<Truth>) {
        if let Some(conditions) = self.conditions.get_mut(index) {
            conditions.insert(name.clone(), standing);
        }
    }
}

/// How many values `node` holds, itself included, and the bytes of its texts.
pub(crate) fn size(node: &Node) -> (usize, usize) {
    let add = |(nodes, bytes): (usize, usize), child: &Node| {
        let (more, longer) = size(child);
        (nodes + more, bytes + longer)
    };
    match &node.value {
        Value::Text(text) => (1, text.len()),
        Value::List(items) => items.iter().fold((1, 0), add),
        Value::Map(map) => map.entries().iter().map(|entry| &entry.node).fold((1, 0), add),
        _ => (1, 0),
    }
}

/// A value that is not known because of `cause`.
pub(crate) fn unknown(cause: Cause) -> Box<Unresolved> {
    Box::new(Unresolved { cause, target: None })
}
