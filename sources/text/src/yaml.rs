//! YAML events into the tree.

use std::borrow::Cow;

#[cfg(any(test, feature = "property"))]
use ringfence_model::FileId;
use ringfence_model::{Diagnostic, Location, Node, Text, Value};
use rustc_hash::FxHashMap;
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::fault::{Fault, shown};
use crate::read::not_rendered;
use crate::scalar;
use crate::tree::{Result, Shape, Slot, Tree};

mod bounded;
mod places;
mod quotes;
mod syntax;
mod tag;
mod usual;

use bounded::{Bounded, Tokens};
use places::Places;
use tag::Meaning;

/// Reads the documents of `text`, which stands at `base` in its file. A fault ends the part; the
/// documents before it count.
pub(crate) fn documents(tree: &mut Tree, text: &str, base: usize, nodes: &mut Vec<Node>) -> Result<()> {
    if let Some(document) = usual::document(tree, text, base) {
        nodes.extend(document);
        return Ok(());
    }
    full(tree, text, base, nodes)
}

/// What each reader makes of `text`, if the first one does not give up: its nodes and its diagnostics.
#[cfg(any(test, feature = "property"))]
pub(crate) fn both(file: FileId, text: &str) -> Option<(Read, Read)> {
    let tree = || Tree::new(file, crate::Budget::default());
    let (mut first, mut second) = (tree(), tree());
    let usual = usual::document(&mut first, text, 0)?.into_iter().collect();
    let mut nodes = Vec::new();
    let done = full(&mut second, text, 0, &mut nodes);
    let mut diagnostics = second.log.finish(file);
    diagnostics.extend(done.err().map(|fault| fault.diagnostic(file, text)));
    Some(((usual, first.log.finish(file)), (nodes, diagnostics)))
}

#[cfg(any(test, feature = "property"))]
type Read = (Vec<Node>, Vec<Diagnostic>);

/// The same by the full parser.
fn full(tree: &mut Tree, text: &str, base: usize, nodes: &mut Vec<Node>) -> Result<()> {
    let tokens = Tokens::default();
    let mut parser = Parser::new(Bounded::new(text, &tokens));
    let mut compose = Compose::new(tree, text, base);
    // The parser goes on for ever after an error, so that the first one ends the loop.
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::DocumentEnd, _)) => nodes.extend(compose.finish()),
            Ok((event, span)) => compose.event(event, span)?,
            Err(error) => {
                let at = base + compose.places.at(error.marker().index());
                return Err(if tokens.too_many() { too_large(at) } else { syntax::fault(&error, at) });
            }
        }
        tokens.restart();
    }
    Ok(())
}

fn too_large(at: usize) -> Box<Fault> {
    Fault::new("too-large", at, at + 1, "too much stands in these brackets")
        .help("write it as valid JSON, or without brackets")
}

struct Compose<'t> {
    tree: &'t mut Tree,
    text: &'t str,
    /// Where `text` starts in its file.
    base: usize,
    places: Places<'t>,
    frames: Vec<Frame>,
    anchors: FxHashMap<usize, Anchored>,
    /// Where the last scalar or bracket ends: the end of a block that has no mark of its own.
    last_end: usize,
    /// Whether the document holds nothing at all.
    empty: bool,
}

/// What is known of an open map or list beyond what the tree knows.
struct Frame {
    anchor: usize,
    /// Whether a map with the tag as its key is around it.
    tagged: bool,
    /// Whether it is a key, which cannot be.
    key: bool,
    weight: usize,
    height: usize,
}

/// What an anchor stands for.
struct Anchored {
    node: Node,
    weight: usize,
    height: usize,
}

type Tagged<'e> = Option<Cow<'e, Tag>>;

impl<'t> Compose<'t> {
    fn new(tree: &'t mut Tree, text: &'t str, base: usize) -> Self {
        Self {
            tree,
            text,
            base,
            places: Places::new(text),
            frames: Vec::new(),
            anchors: FxHashMap::default(),
            last_end: base,
            empty: false,
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<()> {
        match event {
            Event::DocumentStart(_) => {
                self.start();
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, &tag, span),
            Event::SequenceStart(anchor, tag) => self.begin(Shape::List, anchor, &tag, span),
            Event::MappingStart(anchor, tag) => self.begin(Shape::Map, anchor, &tag, span),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn start(&mut self) {
        self.tree.reset();
        self.frames.clear();
        // Anchors end with their document; the parser would let them live on.
        self.anchors.clear();
        self.empty = false;
    }

    /// The document, unless there is nothing in it.
    fn finish(&mut self) -> Option<Node> {
        self.tree.take().filter(|_| !self.empty)
    }

    /// Start and end of a span in the file.
    fn stretch(&mut self, span: Span) -> (usize, usize) {
        let start = self.places.at(span.start.index());
        let end = self.places.at(span.end.index()).max(start);
        (self.base + start, self.base + end)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: &Tagged<'_>,
        span: Span,
    ) -> Result<()> {
        let plain = style == ScalarStyle::Plain;
        let nothing = plain && text.is_empty();
        if nothing && tag.is_none() {
            return self.nothing(anchor, span);
        }
        let (start, mut end) = self.stretch(span);
        match style {
            ScalarStyle::Plain => {}
            ScalarStyle::Literal | ScalarStyle::Folded => end = self.without_blank_end(start, end),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => end = self.closing_quote(start, end),
        }
        self.last_end = end;
        let meaning = tag::meaning(tag, plain);
        if self.tree.awaits_key() {
            return self.scalar_key(text, &meaning, anchor, start, end);
        }
        let wrapper = self.wrap(&meaning, start)?;
        let value = self.value(text, &meaning, nothing, start, end);
        let mut node = self.tree.scalar(value, start, end)?;
        if wrapper {
            self.tree.place(node)?;
            node = self.close(end);
        }
        self.complete(node, anchor, 1 + text.len() / 64, usize::from(wrapper))
    }

    /// A value that is not there.
    fn nothing(&mut self, anchor: usize, span: Span) -> Result<()> {
        let at = self.base + self.places.at(span.start.index());
        if self.tree.awaits_key() {
            self.no_key(at, at, "null");
            return Ok(());
        }
        self.empty = self.tree.depth() == 0 && anchor == 0;
        let node = self.tree.nothing(at)?;
        self.complete(node, anchor, 1, 0)
    }

    /// The value of a scalar that is not a key.
    fn value(&mut self, text: &str, meaning: &Meaning<'_>, nothing: bool, start: usize, end: usize) -> Value {
        match meaning {
            Meaning::Plain => scalar::plain(text),
            Meaning::Local(_) if nothing => Value::Null,
            Meaning::Text | Meaning::Local(_) => Value::Text(Text::new(text)),
            Meaning::Core(core) => scalar::tagged(core, text).unwrap_or_else(|| {
                let location = Location::new(self.tree.file, start, end);
                self.tree.log.push(|| {
                    Diagnostic::error("tag-mismatch", format!("`{}` is no `!!{core}`", shown(text)))
                        .at(location)
                        .help("remove the tag or correct the value")
                });
                tag::unreadable(core)
            }),
        }
    }

    fn scalar_key(
        &mut self,
        text: &str,
        meaning: &Meaning<'_>,
        anchor: usize,
        start: usize,
        end: usize,
    ) -> Result<()> {
        if let Meaning::Plain = meaning
            && text == "<<"
        {
            self.tree.key(Slot::Merge(start, end));
            return Ok(());
        }
        let key = match meaning {
            Meaning::Plain => scalar::plain_key(text),
            Meaning::Text => Some(Cow::Borrowed(text)),
            Meaning::Core(core) => tag::key(core, text),
            Meaning::Local(_) => None,
        };
        let Some(key) = key else {
            let what =
                if matches!(meaning, Meaning::Plain) { "null" } else { "neither text, number nor boolean" };
            self.no_key(start, end, what);
            return Ok(());
        };
        if anchor > 0 {
            let node =
                Node::explicit(Value::Text(Text::new(&key)), Location::new(self.tree.file, start, end));
            self.remember(anchor, &node, 1, 0)?;
        }
        let key = self.tree.keys.share(&key);
        self.tree.key(Slot::Key(key, start, end));
        Ok(())
    }

    fn begin(&mut self, shape: Shape, anchor: usize, tag: &Tagged<'_>, span: Span) -> Result<()> {
        let start = self.base + self.places.at(span.start.index());
        self.last_end = self.last_end.max(start);
        let weight = self.tree.weight();
        let key = self.tree.awaits_key();
        if key {
            self.tree.key(Slot::Dropped);
        }
        let meaning = tag::meaning(tag, true);
        let tagged = self.wrap(&meaning, start)?;
        self.tree.begin(shape, start)?;
        self.frames.push(Frame { anchor, tagged, key, weight, height: 0 });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<()> {
        // Brackets have a mark of their own, blocks have not.
        if !span.is_empty() {
            self.last_end = self.base + self.places.at(span.start.index()) + 1;
        }
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let mut node = self.close(self.last_end);
        if frame.tagged {
            self.tree.place(node)?;
            node = self.close(self.last_end);
        }
        let height = frame.height + 1 + usize::from(frame.tagged);
        if frame.key {
            return self.complex_key(&node);
        }
        self.complete(node, frame.anchor, self.tree.weight() - frame.weight, height)
    }

    fn close(&mut self, end: usize) -> Node {
        let file = self.tree.file;
        self.tree.end(end).unwrap_or_else(|| Node::explicit(Value::Null, Location::start_of(file)))
    }

    /// A map with the tag as its key, if the tag is a local one.
    fn wrap(&mut self, meaning: &Meaning<'_>, start: usize) -> Result<bool> {
        let Meaning::Local(tag) = meaning else { return Ok(false) };
        self.tree.begin(Shape::Map, start)?;
        let key = self.tree.keys.share(tag);
        let (start, end) = self.tag_place(start);
        self.tree.key(Slot::Key(key, start, end));
        Ok(true)
    }

    /// Where the tag stands of a value that starts here, perhaps with an anchor.
    fn tag_place(&self, start: usize) -> (usize, usize) {
        let rest = self.text.get(start - self.base..).unwrap_or_default();
        let anchor = if rest.starts_with('&') { rest.find([' ', '\t', '\r', '\n']).unwrap_or(0) } else { 0 };
        let after = rest.get(anchor..).unwrap_or_default();
        let tag = after.trim_start();
        let place = start + anchor + after.len() - tag.len();
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
        (place, place + tag.find(ends).unwrap_or(tag.len()))
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<()> {
        let (start, end) = self.stretch(span);
        self.last_end = end;
        let Some(anchored) = self.anchors.get(&anchor) else {
            let fault = Fault::new("unknown-alias", start, end, "the alias has no anchor in this document");
            return Err(fault.help("write the value out, or add the anchor before it"));
        };
        let (weight, height) = (anchored.weight, anchored.height);
        self.tree.copy(weight, start, end)?;
        if self.tree.awaits_key() {
            let Some(text) = scalar::as_key(&anchored.node.value) else {
                self.no_key(start, end, "neither text, number nor boolean");
                return Ok(());
            };
            let key = self.tree.keys.share(&text);
            self.tree.key(Slot::Key(key, start, end));
            return Ok(());
        }
        if self.tree.depth() + height > self.tree.budget.depth {
            return Err(self.tree.too_deep(start));
        }
        let value = self.anchors.get(&anchor).map_or(Value::Null, |anchored| anchored.node.value.clone());
        let node = self.tree.copied(value, start, end);
        self.complete(node, 0, weight, height)
    }

    /// A finished value goes to its place, and to its anchor.
    fn complete(&mut self, node: Node, anchor: usize, weight: usize, height: usize) -> Result<()> {
        if let Some(parent) = self.frames.last_mut() {
            parent.height = parent.height.max(height);
        }
        if anchor > 0 {
            self.remember(anchor, &node, weight, height)?;
        }
        self.tree.place(node)
    }

    fn remember(&mut self, anchor: usize, node: &Node, weight: usize, height: usize) -> Result<()> {
        let at = node.location().map_or(self.last_end, |location| location.start as usize);
        self.tree.copy(weight, at, at + 1)?;
        self.anchors.insert(anchor, Anchored { node: node.clone(), weight, height });
        Ok(())
    }

    /// A map or list as a key: `{{ … }}` is a template, everything else cannot be read.
    fn complex_key(&mut self, node: &Node) -> Result<()> {
        let location = node.location().unwrap_or(Location::start_of(self.tree.file));
        let (start, end) = (location.start as usize, location.end as usize);
        let outer = self.tree.opened_at().unwrap_or(start);
        let marks = self.text.as_bytes().get(outer.saturating_sub(self.base)..).unwrap_or_default();
        if marks.starts_with(b"{{") && start == outer + 1 {
            return Err(not_rendered(outer, end + 1));
        }
        self.no_key(start, end, "a map or a list");
        Ok(())
    }

    /// What stands at `start..end` cannot be a key; its value is dropped.
    fn no_key(&mut self, start: usize, end: usize, what: &str) {
        self.tree.key(Slot::Dropped);
        let location = Location::new(self.tree.file, start, end);
        self.tree.log.push(|| {
            Diagnostic::error("complex-key", format!("the key is {what}"))
                .at(location)
                .help("write the key as a text")
        });
    }

    /// The end of a scalar in quotes, without what follows on its line.
    fn closing_quote(&self, start: usize, end: usize) -> usize {
        let text = self.text.as_bytes().get(start - self.base..end - self.base).unwrap_or_default();
        quotes::length(text).map_or(end, |length| start + length)
    }

    /// The end of a block scalar, without the blank lines after it.
    fn without_blank_end(&self, start: usize, end: usize) -> usize {
        let range = start.saturating_sub(self.base)..end.saturating_sub(self.base);
        let text = self.text.as_bytes().get(range).unwrap_or_default();
        let content = text.iter().rposition(|byte| !byte.is_ascii_whitespace());
        start + content.map_or(0, |last| last + 1)
    }
}

#[cfg(test)]
mod tests;
