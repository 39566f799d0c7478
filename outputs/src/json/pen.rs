//! Writes JSON piece by piece. The caller keeps the braces right; the pen keeps texts right.

use std::io::{self, Write};

use ringfence_model::mask;
use serde::Serialize;

use crate::shown;

/// Bytes gathered before they are handed on.
const BUFFER: usize = 1 << 16;

/// A buffer of JSON in front of a writer.
pub(crate) struct Pen<'w> {
    out: &'w mut dyn Write,
    bytes: Vec<u8>,
    last: u8,
}

impl<'w> Pen<'w> {
    pub(crate) fn new(out: &'w mut dyn Write) -> Self {
        Self { out, bytes: Vec::with_capacity(BUFFER + BUFFER / 4), last: 0 }
    }

    /// JSON as it is.
    pub(crate) fn raw(&mut self, json: &str) {
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// A string that needs no escape and holds nothing of a user.
    pub(crate) fn word(&mut self, word: &str) {
        self.raw("\"");
        self.raw(word);
        self.raw("\"");
    }

    /// A text of a user, masked.
    pub(crate) fn text(&mut self, text: &str) {
        self.texts(&[text]);
    }

    /// Several texts as one string. Each is masked on its own, and the whole where they could join
    /// to a longer run of digits.
    pub(crate) fn texts(&mut self, texts: &[&str]) {
        self.raw("\"");
        match texts {
            [text] => self.escaped(&mask(text)),
            _ => self.escaped(&mask(&texts.concat())),
        }
        self.raw("\"");
    }

    /// A path.
    pub(crate) fn path(&mut self, path: &str) {
        self.raw("\"");
        self.escaped(&shown::path(path));
        self.raw("\"");
    }

    /// A number.
    pub(crate) fn number(&mut self, number: u32) {
        let mut digits = [0_u8; 10];
        let mut rest = number;
        let mut used = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
            used += 1;
            if rest == 0 {
                break;
            }
        }
        self.bytes.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
    }

    /// A count.
    pub(crate) fn count(&mut self, count: usize) {
        self.raw(&count.to_string());
    }

    /// The next key of an object that has one already.
    pub(crate) fn key(&mut self, key: &str) {
        self.raw(",\"");
        self.raw(key);
        self.raw("\":");
    }

    /// A key and its text, unless absent.
    pub(crate) fn optional(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.key(key);
            self.text(value);
        }
    }

    /// Requirement ids by standard.
    pub(crate) fn requirements(&mut self, requirements: &[(String, Vec<String>)]) {
        for (index, (standard, ids)) in requirements.iter().enumerate() {
            self.raw(if index > 0 { "," } else { "{" });
            self.text(standard);
            self.raw(":");
            self.list(ids.iter().map(String::as_str));
        }
        self.raw(if requirements.is_empty() { "{}" } else { "}" });
    }

    /// A value with a shape of its own.
    pub(crate) fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        Ok(serde_json::to_writer(&mut self.bytes, value)?)
    }

    /// A list of texts.
    pub(crate) fn list<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        self.raw("[");
        for (index, text) in texts.enumerate() {
            self.raw(if index > 0 { "," } else { "" });
            self.text(text);
        }
        self.raw("]");
    }

    /// Begins the next item of a list, on a line of its own; what is complete is handed on.
    pub(crate) fn item(&mut self) -> io::Result<()> {
        let before = self.bytes.last().copied().unwrap_or(self.last);
        self.raw(if before == b'[' { "\n" } else { ",\n" });
        if self.bytes.len() >= BUFFER { self.hand_on() } else { Ok(()) }
    }

    /// Hands on the rest.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.hand_on()?;
        self.out.flush()
    }

    fn hand_on(&mut self) -> io::Result<()> {
        self.out.write_all(&self.bytes)?;
        self.last = self.bytes.last().copied().unwrap_or(self.last);
        self.bytes.clear();
        Ok(())
    }

    fn escaped(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let is_special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
        // Without a way out of the loop a compiler vectorises it, and most texts need no escape.
        if !bytes.iter().fold(false, |found, byte| found | is_special(byte)) {
            return self.bytes.extend_from_slice(bytes);
        }
        let mut done = 0;
        for (at, byte) in bytes.iter().enumerate() {
            if !is_special(byte) {
                continue;
            }
            self.bytes.extend_from_slice(bytes.get(done..at).unwrap_or_default());
            self.escape(*byte);
            done = at + 1;
        }
        self.bytes.extend_from_slice(bytes.get(done..).unwrap_or_default());
    }

    fn escape(&mut self, byte: u8) {
        match byte {
            b'"' => self.raw("\\\""),
            b'\\' => self.raw("\\\\"),
            b'\n' => self.raw("\\n"),
            b'\r' => self.raw("\\r"),
            b'\t' => self.raw("\\t"),
            other => self.raw(&format!("\\u{other:04x}")),
        }
    }
}

/// What `write` writes, as a text.
pub(crate) fn to_string(write: impl FnOnce(&mut Pen<'_>)) -> String {
    let mut nowhere = io::sink();
    let mut pen = Pen { out: &mut nowhere, bytes: Vec::new(), last: 0 };
    write(&mut pen);
    String::from_utf8(pen.bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_read_back(text in "\\PC{0,40}|[\\x00-\\x2f\"\\\\]{0,40}") {
            let json = to_string(|pen| pen.text(&text));
            let back: String = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(back, mask(&text).into_owned());
        }

        #[test]
        fn numbers_read_back(number in any::<u32>()) {
            prop_assert_eq!(to_string(|pen| pen.number(number)), number.to_string());
        }
    }
}
