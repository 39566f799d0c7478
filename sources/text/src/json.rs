//! JSON as RFC 8259 has it, also as a stream of documents.

use ringfence_model::{Node, Text, Value};

use crate::fault::{Fault, shown};
use crate::tree::{Mark, Result, Shape, Slot, Tree};

mod number;
mod string;

/// Reads one document after the other from `text`, starting at `at`; `text` is the file up to where they end.
pub(crate) struct Json<'a> {
    text: &'a str,
    at: usize,
    tree: &'a mut Tree,
    /// For texts with escapes.
    unescaped: String,
}

impl<'a> Json<'a> {
    pub(crate) fn new(text: &'a str, at: usize, tree: &'a mut Tree) -> Self {
        Self { text, at, tree, unescaped: String::new() }
    }

    /// Where the next document starts, if there is one.
    pub(crate) fn start(&mut self) -> Option<usize> {
        self.skip_space();
        (self.at < self.text.len()).then_some(self.at)
    }

    /// Where things stand between two documents.
    pub(crate) fn mark(&self) -> Mark {
        self.tree.mark()
    }

    /// The document that starts here.
    pub(crate) fn document(&mut self) -> Result<Option<Node>> {
        self.tree.reset();
        loop {
            self.value()?;
            while self.after_value()? {}
            if self.tree.depth() == 0 {
                return Ok(self.tree.take());
            }
        }
    }

    /// A scalar, or the start of a map or list up to its first value.
    fn value(&mut self) -> Result<()> {
        loop {
            self.skip_space();
            let start = self.at;
            let value = match self.peek() {
                Some(b'"') => Value::Text(Text::new(self.string()?)),
                Some(b'{') => {
                    if self.open(Shape::Map, b'}')? {
                        return Ok(());
                    }
                    self.key()?;
                    continue;
                }
                Some(b'[') => {
                    if self.open(Shape::List, b']')? {
                        return Ok(());
                    }
                    continue;
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.word("true", Value::Bool(true))?,
                Some(b'f') => self.word("false", Value::Bool(false))?,
                Some(b'n') => self.word("null", Value::Null)?,
                _ => return Err(self.unexpected("a value")),
            };
            let node = self.tree.scalar(value, start, self.at)?;
            return self.tree.place(node);
        }
    }

    /// Opens a map or list; true if it is empty and therefore closed again.
    fn open(&mut self, shape: Shape, close: u8) -> Result<bool> {
        self.tree.begin(shape, self.at)?;
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(close) {
            self.close()?;
            return Ok(true);
        }
        Ok(false)
    }

    fn close(&mut self) -> Result<()> {
        self.at += 1;
        self.tree.end(self.at).map_or(Ok(()), |node| self.tree.place(node))
    }

    /// What follows a value: true if it closed a map or list, which is a value again.
    fn after_value(&mut self) -> Result<bool> {
        let Some(shape) = self.tree.inside() else { return Ok(false) };
        self.skip_space();
        match (shape, self.peek()) {
            (Shape::Map, Some(b',')) => {
                self.at += 1;
                self.skip_space();
                self.key()?;
                Ok(false)
            }
            (Shape::List, Some(b',')) => {
                self.at += 1;
                Ok(false)
            }
            (Shape::Map, Some(b'}')) | (Shape::List, Some(b']')) => self.close().map(|()| true),
            (Shape::Map, _) => Err(self.unexpected("`,` or `}`")),
            (Shape::List, _) => Err(self.unexpected("`,` or `]`")),
        }
    }

    fn key(&mut self) -> Result<()> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let start = self.at;
        let raw = self.raw_string()?;
        let end = self.at;
        let text = string::content(self.text, raw, &mut self.unescaped)?;
        let key = self.tree.keys.share(text);
        self.tree.key(Slot::Key(key, start, end));
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:`"));
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let after = rest.get(word.len()).copied().unwrap_or(b' ');
        if !rest.starts_with(word.as_bytes()) || after.is_ascii_alphanumeric() {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        self.at += rest.iter().position(|byte| !space(byte)).unwrap_or(rest.len());
    }

    fn unexpected(&self, wanted: &str) -> Box<Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(found) = rest.chars().next() else { return self.truncated() };
        let word: String = rest.chars().take(20).take_while(|c| c.is_alphanumeric()).collect();
        let found = if word.is_empty() { found.to_string() } else { word };
        let wanted = if self.tree.depth() == 0 { "a JSON document" } else { wanted };
        let message = format!("expected {wanted}, found `{}`", shown(&found));
        Fault::new("json-syntax", self.at, self.at + found.len(), message).help(self.advice(&found))
    }

    fn advice(&self, found: &str) -> &'static str {
        match found {
            "}" | "]" if self.tree.depth() == 0 => "remove it, or open it before",
            "}" | "]" => "remove the comma before it, or close what is open",
            "'" => "use double quotes",
            "/" | "#" => "remove the comment: JSON has none",
            "NaN" | "Infinity" | "Inf" | "nan" | "inf" | "undefined" | "None" => "write `null` or a number",
            _ => "write valid JSON, best by the tool that makes this file",
        }
    }

    /// The text ends too early: what is open is what a person looks for.
    fn truncated(&self) -> Box<Fault> {
        let end = self.text.trim_end().len();
        let message = match self.tree.inside() {
            Some(Shape::Map) => "the file ends inside a map",
            Some(Shape::List) => "the file ends inside a list",
            None => "the file ends before a value",
        };
        Fault::new("truncated", end.saturating_sub(1), end, message)
            .related(self.tree.opened_at(), "opened here")
            .help("make the file again: its end is missing")
    }
}
