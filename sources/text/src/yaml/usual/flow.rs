//! Brackets that close on their line.

use ringfence_model::{Text, Value};

use super::{Rest, Usual, line, quoted};
use crate::scalar;
use crate::tree::{Shape, Slot};

/// Deeper brackets are for the full parser, which has its own bound.
const DEPTH: usize = 32;

impl<'t> Usual<'t> {
    /// The map or list in brackets that `rest` starts with, to the end of its line.
    pub(super) fn flow(&mut self, mut rest: Rest<'t>) -> Option<()> {
        let outer = self.tree.depth();
        'values: loop {
            let (next, opened) = match rest.text.as_bytes().first()? {
                b'{' => self.flow_open(Shape::Map, rest, outer)?,
                b'[' => self.flow_open(Shape::List, rest, outer)?,
                b'!' => (self.flow_tagged(rest)?, false),
                _ => (self.flow_scalar(rest, false)?, false),
            };
            rest = next;
            if opened {
                continue;
            }
            while let Some(shape) = self.tree.inside().filter(|_| self.tree.depth() > outer) {
                let after = rest.trim();
                match (shape, after.text.as_bytes().first()?) {
                    (_, b',') => {
                        rest = self.flow_key(shape, after.skip(1).trim())?;
                        continue 'values;
                    }
                    (Shape::Map, b'}') | (Shape::List, b']') => rest = self.flow_close(after)?,
                    _ => return None,
                }
            }
            return line::is_end(rest.text).then_some(());
        }
    }

    /// Opens brackets up to the first value and says true, or closes them again.
    fn flow_open(&mut self, shape: Shape, rest: Rest<'t>, outer: usize) -> Option<(Rest<'t>, bool)> {
        (self.tree.depth() < outer + DEPTH).then_some(())?;
        let start = self.base + rest.at;
        self.tree.begin(shape, start).ok()?;
        self.last_end = self.last_end.max(start);
        let inside = rest.skip(1).trim();
        match (shape, inside.text.as_bytes().first()?) {
            (Shape::Map, b'}') | (Shape::List, b']') => Some((self.flow_close(inside)?, false)),
            _ => Some((self.flow_key(shape, inside)?, true)),
        }
    }

    fn flow_close(&mut self, rest: Rest<'t>) -> Option<Rest<'t>> {
        self.last_end = self.base + rest.at + 1;
        self.close()?;
        Some(rest.skip(1))
    }

    fn flow_scalar(&mut self, rest: Rest<'t>, tagged: bool) -> Option<Rest<'t>> {
        let (value, length) = match rest.text.as_bytes().first()? {
            b'"' | b'\'' => {
                let found = quoted(rest.text)?;
                (Value::Text(Text::new(&found.text)), found.length)
            }
            _ => {
                let text = word(rest.text)?;
                (if tagged { Value::Text(Text::new(text)) } else { scalar::plain(text) }, text.len())
            }
        };
        self.scalar(value, rest.at, length)?;
        Some(rest.skip(length))
    }

    /// A scalar with a local tag.
    fn flow_tagged(&mut self, rest: Rest<'t>) -> Option<Rest<'t>> {
        let after = self.open_tag(rest)?;
        let next = self.flow_scalar(after.trim(), true)?;
        self.close()?;
        Some(next)
    }

    /// In a map, the key that comes before a value.
    fn flow_key(&mut self, shape: Shape, rest: Rest<'t>) -> Option<Rest<'t>> {
        if shape == Shape::List {
            return Some(rest);
        }
        let quotes = rest.text.starts_with(['"', '\'']);
        let (text, length) = if quotes {
            let found = quoted(rest.text)?;
            (found.text, found.length)
        } else {
            let text = word(rest.text)?;
            (scalar::plain_key(text)?, text.len())
        };
        let after = rest.skip(length);
        (after.text.starts_with(": ") || (quotes && after.text.starts_with(':'))).then_some(())?;
        let key = self.tree.keys.share(&text);
        let start = self.base + rest.at;
        self.last_end = start + length;
        self.tree.key(Slot::Key(key, start, start + length));
        let value = after.skip(1).trim();
        (!value.text.starts_with([',', '}'])).then_some(value)
    }
}

/// A scalar without quotes, of characters that mean nothing else where they stand.
fn word(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let starts = match bytes {
        [b'-', next, ..] => next.is_ascii_alphanumeric(),
        [first, ..] => first.is_ascii_alphanumeric() || matches!(first, b'.' | b'/' | b'_' | b'$'),
        [] => false,
    };
    starts.then_some(())?;
    let part = |(at, byte): (usize, &u8)| match byte {
        b':' => bytes.get(at + 1).is_some_and(|next| is_inner(*next) || *next == b':'),
        byte => is_inner(*byte) || *byte == b' ',
    };
    let length = bytes.iter().enumerate().take_while(|(at, byte)| part((*at, byte))).count();
    let word = text.get(..length)?.trim_end_matches(' ');
    // A dash after a space may be an error.
    (!word.contains(" -")).then_some(word)
}

fn is_inner(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'$' | b'+' | b'=' | b'@' | b'*' | b'%')
}
