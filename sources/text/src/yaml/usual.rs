//! The usual form of manifests, read at several times the speed of the full parser.
//!
//! One pass over the lines of one document: block maps and lists, scalars on one line, literal
//! blocks, brackets on one line, local tags. At anything else this gives up, and the document is
//! read by the full parser instead.
//!
//! INVARIANT: what is read here is what the full parser reads, to the byte of every location; a
//! property compares the two. Whatever is in doubt gives up.

use ringfence_model::{Node, Text, Value};

use crate::scalar;
use crate::tree::{Shape, Slot, Tree};

mod flow;
mod line;
mod literal;

use line::{Quoted, quoted};

/// The document of `text`, which stands at `base` in its file: `None` if it is not of the usual
/// form, `Some(None)` if it is empty.
pub(super) fn document(tree: &mut Tree, text: &str, base: usize) -> Option<Option<Node>> {
    let mark = tree.mark();
    let read =
        Usual { tree, text, base, next: 0, levels: Vec::new(), pending: false, tag: false, last_end: base }
            .document();
    if read.is_none() {
        tree.back_to(&mark);
    }
    read
}

struct Usual<'t> {
    tree: &'t mut Tree,
    text: &'t str,
    base: usize,
    /// Where the next line starts.
    next: usize,
    levels: Vec<Level>,
    /// Whether the innermost level waits for the value of a key or item.
    pending: bool,
    /// Whether that value has a local tag, whose map is open.
    tag: bool,
    /// Where the last scalar or bracket ends, in the file.
    last_end: usize,
}

/// An open block map or list.
struct Level {
    indent: usize,
    shape: Shape,
    /// Whether a map with the tag as its key is around it.
    tagged: bool,
}

/// A line, or what is left of it: where it stands in `text`, and its column.
#[derive(Clone, Copy)]
struct Rest<'t> {
    text: &'t str,
    at: usize,
    column: usize,
}

impl<'t> Usual<'t> {
    fn document(mut self) -> Option<Option<Node>> {
        if !line::is_usual(self.text) {
            return None;
        }
        self.tree.reset();
        if let Some(after) = self.text.strip_prefix("---") {
            let line = after.split_once('\n').map_or(after, |(line, _)| line);
            line::is_end(line::without_return(line)).then_some(())?;
            self.next = (3 + line.len() + 1).min(self.text.len());
        }
        while let Some(line) = self.line() {
            self.entry(line)?;
        }
        while !self.levels.is_empty() {
            self.pop()?;
        }
        Some(self.tree.take())
    }

    /// The next line with content.
    fn line(&mut self) -> Option<Rest<'t>> {
        loop {
            let start = self.next;
            let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
            let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            self.next = (start + length + 1).min(self.text.len());
            let line = line::without_return(rest.get(..length)?);
            let text = line.trim_start_matches(' ');
            if !text.is_empty() && !text.starts_with('#') {
                let column = line.len() - text.len();
                return Some(Rest { text, at: start + column, column });
            }
        }
    }

    /// The items and the key that a line starts with, and the value after them.
    fn entry(&mut self, line: Rest<'t>) -> Option<()> {
        if line.column == 0 && (line.text.starts_with("---") || line.text.starts_with("...")) {
            return None;
        }
        let mut rest = line;
        loop {
            if let Some(after) = rest.after_dash() {
                self.settle(rest, Shape::List)?;
                self.pending = true;
                rest = after;
                if line::is_end(rest.text) {
                    return Some(());
                }
                continue;
            }
            match self.key(rest)? {
                Some(after) if line::is_end(after.text) => return Some(()),
                Some(after) => return self.value(after.trim()),
                // A scalar stands only after a dash or a key.
                None if rest.at == line.at => return None,
                None => return self.value(rest),
            }
        }
    }

    /// Closes and opens levels until an item or key at this column fits.
    fn settle(&mut self, rest: Rest<'_>, shape: Shape) -> Option<()> {
        while let Some(level) = self.levels.last() {
            let ended = level.indent > rest.column
                || (level.indent == rest.column && level.shape == Shape::List && shape == Shape::Map);
            if !ended {
                break;
            }
            self.pop()?;
        }
        match self.levels.last() {
            Some(level) if level.indent == rest.column && level.shape == shape => return self.no_value(),
            Some(level) if level.indent == rest.column => {
                (shape == Shape::List && self.pending).then_some(())?
            }
            Some(_) => self.pending.then_some(())?,
            None => self.tree.is_empty().then_some(())?,
        }
        let start = self.base + rest.at;
        self.tree.begin(shape, start).ok()?;
        self.last_end = self.last_end.max(start);
        self.levels.push(Level { indent: rest.column, shape, tagged: self.tag });
        self.pending = false;
        self.tag = false;
        Some(())
    }

    /// The next key or item comes: a value that is pending is not there.
    fn no_value(&mut self) -> Option<()> {
        if !self.pending {
            return Some(());
        }
        (self.tree.inside() == Some(Shape::Map) && !self.tag).then_some(())?;
        self.pending = false;
        let node = self.tree.nothing(self.last_end).ok()?;
        self.tree.place(node).ok()
    }

    fn pop(&mut self) -> Option<()> {
        self.no_value()?;
        let level = self.levels.pop()?;
        self.close()?;
        if level.tagged { self.close() } else { Some(()) }
    }

    fn close(&mut self) -> Option<()> {
        let node = self.tree.end(self.last_end)?;
        self.tree.place(node).ok()
    }

    /// The key that `rest` starts with: what follows its colon, or `Some(None)` if it is no key.
    fn key(&mut self, rest: Rest<'t>) -> Option<Option<Rest<'t>>> {
        let Some((text, length)) = line::key(rest.text)? else { return Some(None) };
        self.settle(rest, Shape::Map)?;
        let key = self.tree.keys.share(&text);
        let start = self.base + rest.at;
        self.last_end = start + length;
        self.tree.key(Slot::Key(key, start, start + length));
        self.pending = true;
        Some(Some(rest.skip(length + 1)))
    }

    /// The value that a key or dash waits for, to the end of its line.
    fn value(&mut self, rest: Rest<'t>) -> Option<()> {
        match rest.text.as_bytes().first()? {
            b'!' => self.tagged(rest),
            _ => {
                self.untagged(rest, false)?;
                self.pending = false;
                Some(())
            }
        }
    }

    fn untagged(&mut self, rest: Rest<'t>, tagged: bool) -> Option<()> {
        match rest.text.as_bytes().first()? {
            b'{' | b'[' => self.flow(rest),
            b'|' => self.literal(rest),
            b'"' | b'\'' => {
                let Quoted { text, length } = quoted(rest.text)?;
                line::is_end(rest.skip(length).text).then_some(())?;
                self.scalar(Value::Text(Text::new(&text)), rest.at, length)
            }
            _ => {
                let text = line::plain(rest.text)?;
                let value = if tagged { Value::Text(Text::new(text)) } else { scalar::plain(text) };
                self.scalar(value, rest.at, text.len())
            }
        }
    }

    fn scalar(&mut self, value: Value, at: usize, length: usize) -> Option<()> {
        let start = self.base + at;
        self.last_end = start + length;
        let node = self.tree.scalar(value, start, start + length).ok()?;
        self.tree.place(node).ok()
    }

    /// Opens the map with the tag as its key.
    fn open_tag(&mut self, rest: Rest<'t>) -> Option<Rest<'t>> {
        let name = line::tag(rest.text)?;
        let start = self.base + rest.at;
        self.tree.begin(Shape::Map, start).ok()?;
        let key = self.tree.keys.share(name);
        self.tree.key(Slot::Key(key, start, start + name.len()));
        self.last_end = self.last_end.max(start);
        Some(rest.skip(name.len()))
    }

    /// A local tag and its value: on the line, or a block on the lines that follow.
    fn tagged(&mut self, rest: Rest<'t>) -> Option<()> {
        let after = self.open_tag(rest)?;
        if line::is_end(after.text) {
            self.tag = true;
            return Some(());
        }
        self.untagged(after.trim(), true)?;
        self.close()?;
        self.pending = false;
        Some(())
    }
}

impl<'t> Rest<'t> {
    fn skip(self, bytes: usize) -> Self {
        let text = self.text.get(bytes..).unwrap_or_default();
        // Columns count characters, but nothing that is compared follows anything but ASCII.
        Self { text, at: self.at + bytes, column: self.column + bytes }
    }

    fn trim(self) -> Self {
        self.skip(self.text.len() - self.text.trim_start_matches(' ').len())
    }

    /// What follows the dash of an item.
    fn after_dash(self) -> Option<Self> {
        let after = self.text.strip_prefix('-')?;
        matches!(after.as_bytes().first(), None | Some(b' ')).then(|| self.skip(1).trim())
    }
}
