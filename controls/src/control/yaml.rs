//! The front matter's small part of YAML: maps, lists and texts with their places.
//!
//! The build script reads the front matter of the catalogue with this very file and embeds the tokens, so
//! that a run does not parse it again.

use std::borrow::Cow;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScanError, Span};

/// How deep front matter may nest.
const DEEPEST: usize = 8;

/// A value, followed by what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// First byte in the file.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
    /// What it is.
    pub(crate) form: Form,
}

/// What a value is; lists and maps say how many tokens they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text(Cow<'static, str>),
    List(usize),
    Map(usize),
}

/// Why something is not front matter: bytes of the file, what is wrong, what to do.
pub(crate) type Mistake = (Range<usize>, String, &'static str);

/// Reads the front matter that lies at `range` of `text`.
pub(crate) fn read(text: &str, range: Range<usize>) -> Result<Vec<Token>, Mistake> {
    let source = text.get(range.clone()).unwrap_or_default();
    let events = Parser::new_from_str(source);
    let mut reader =
        Reader { source, base: range.start, ascii: source.is_ascii(), events, tokens: Vec::new() };
    while let Some((event, span)) = reader.next()? {
        match event {
            Event::StreamEnd => break,
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            _ if !reader.tokens.is_empty() => break,
            event => reader.value(event, span, 0)?,
        }
    }
    match reader.tokens.is_empty() {
        true => Err((range, "the front matter is empty".to_owned(), "begin with `id:`")),
        false => Ok(reader.tokens),
    }
}

struct Reader<'s, E> {
    source: &'s str,
    base: usize,
    ascii: bool,
    events: E,
    tokens: Vec<Token>,
}

impl<'s, E: Iterator<Item = Result<(Event<'s>, Span), ScanError>>> Reader<'s, E> {
    fn next(&mut self) -> Result<Option<(Event<'s>, Span)>, Mistake> {
        self.events.next().transpose().map_err(|error| {
            let at = self.offset(error.marker().index());
            let message = format!("the front matter is not YAML: {}", error.info());
            (at..at + 1, message, "write `key: value`, one a line")
        })
    }

    /// The parser counts characters.
    fn offset(&self, index: usize) -> usize {
        let within = if self.ascii {
            index.min(self.source.len())
        } else {
            self.source.char_indices().nth(index).map_or(self.source.len(), |(at, _)| at)
        };
        self.base + within
    }

    fn value(&mut self, event: Event<'s>, span: Span, depth: usize) -> Result<(), Mistake> {
        let (start, end) = (self.offset(span.start.index()), self.offset(span.end.index()));
        if depth > DEEPEST {
            let message = format!("the front matter nests deeper than {DEEPEST}");
            return Err((start..end, message, "write it flat"));
        }
        let at = self.tokens.len();
        let mut push = |form| self.tokens.push(Token { start, end, form });
        match event {
            Event::Scalar(text, ..) => push(Form::Text(text.into_owned().into())),
            Event::SequenceStart(..) => {
                push(Form::List(0));
                self.list(depth)?;
            }
            Event::MappingStart(..) => {
                push(Form::Map(0));
                self.map(depth)?;
            }
            _ => return Err((start..end, "front matter has no aliases".to_owned(), "repeat the value")),
        }
        let held = self.tokens.len() - at - 1;
        if let Some(Token { form: Form::List(count) | Form::Map(count), .. }) = self.tokens.get_mut(at) {
            *count = held;
        }
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<(), Mistake> {
        while let Some((event, span)) = self.next()? {
            if event == Event::SequenceEnd {
                break;
            }
            self.value(event, span, depth + 1)?;
        }
        Ok(())
    }

    fn map(&mut self, depth: usize) -> Result<(), Mistake> {
        let mut keys: Vec<usize> = Vec::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                break;
            }
            let key = self.tokens.len();
            self.value(event, span, depth + 1)?;
            self.check_key(&keys, key)?;
            keys.push(key);
            let Some((event, span)) = self.next()? else { break };
            self.value(event, span, depth + 1)?;
        }
        Ok(())
    }

    fn check_key(&self, keys: &[usize], key: usize) -> Result<(), Mistake> {
        let Some(token) = self.tokens.get(key) else { return Ok(()) };
        let Form::Text(name) = &token.form else {
            return Err((token.start..token.end, "a key is not a text".to_owned(), "write `key: value`"));
        };
        let is_same = |other: &usize| self.tokens.get(*other).is_some_and(|other| other.form == token.form);
        match keys.iter().any(is_same) {
            true => Err((token.start..token.end, format!("`{name}` is given twice"), "keep one of them")),
            false => Ok(()),
        }
    }
}
