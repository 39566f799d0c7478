//! Texts: found eight bytes at a time, copied only where they hold escapes.

use std::ops::Range;

use super::Json;
use crate::fault::Fault;
use crate::tree::Result;

/// Where the content of a text lies, and whether it holds escapes.
pub(super) struct Raw {
    content: Range<usize>,
    escaped: bool,
}

impl Json<'_> {
    /// The text that starts here.
    pub(super) fn string(&mut self) -> Result<&str> {
        let raw = self.raw_string()?;
        content(self.text, raw, &mut self.unescaped)
    }

    /// Steps over the text that starts here.
    pub(super) fn raw_string(&mut self) -> Result<Raw> {
        let bytes = self.text.as_bytes();
        let opened = self.at;
        let start = opened + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            at = special(bytes, at);
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(byte) => return Err(control(*byte, opened, at)),
                None => return Err(unterminated(opened, self.text.len())),
            }
        }
        self.at = at + 1;
        Ok(Raw { content: start..at, escaped })
    }
}

/// The content of a text, without its escapes.
pub(super) fn content<'a>(text: &'a str, raw: Raw, unescaped: &'a mut String) -> Result<&'a str> {
    let start = raw.content.start;
    let content = text.get(raw.content).unwrap_or_default();
    if !raw.escaped {
        return Ok(content);
    }
    unescaped.clear();
    unescape(content, start, unescaped)?;
    Ok(unescaped)
}

/// The first byte from `at` on that a text does not hold as it is: `"`, `\` or a control character.
fn special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*block);
        // Above the lowest hit a borrow may make false ones; only the lowest is used.
        let below = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let hits = zero(word ^ (ONES * b'"' as u64)) | zero(word ^ (ONES * b'\\' as u64)) | below;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
}

fn control(byte: u8, opened: usize, at: usize) -> Box<Fault> {
    if matches!(byte, b'\n' | b'\r') {
        return Fault::new("json-syntax", opened, at, "a text in quotes does not end on its line")
            .help("add the missing `\"`, or write `\\n` for a line break");
    }
    let message = format!("control character U+{byte:04X} stands in a text");
    Fault::new("json-syntax", at, at + 1, message).help("write it as an escape")
}

fn unterminated(opened: usize, end: usize) -> Box<Fault> {
    Fault::new("truncated", opened, end.min(opened + 1), "the file ends inside quotes")
        .help("make the file again: its end is missing")
}

/// `content` without escapes, appended to `out`.
fn unescape(content: &str, start: usize, out: &mut String) -> Result<()> {
    let mut rest = content;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (before, after) = rest.split_at_checked(at).unwrap_or_default();
        out.push_str(before);
        let offset = start + content.len() - after.len();
        rest = escape(after, offset, out)?;
    }
    out.push_str(rest);
    Ok(())
}

/// One escape at the front of `text`; what follows it.
fn escape<'t>(text: &'t str, offset: usize, out: &mut String) -> Result<&'t str> {
    let mut characters = text.chars();
    characters.next();
    out.push(match characters.next() {
        Some(character @ ('"' | '\\' | '/')) => character,
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => return unicode(text, offset, out),
        other => {
            let shown: String = other.into_iter().flat_map(char::escape_debug).collect();
            let message = format!("`\\{shown}` is no escape");
            return Err(
                Fault::new("json-syntax", offset, offset + 2, message).help("write `\\\\` for a backslash")
            );
        }
    });
    Ok(characters.as_str())
}

/// `\uXXXX`, or two of them for a character beyond the first plane; half a pair becomes U+FFFD.
fn unicode<'t>(text: &'t str, offset: usize, out: &mut String) -> Result<&'t str> {
    let Some((high, rest)) = unit(text) else {
        let message = "`\\u` needs four hexadecimal digits";
        return Err(Fault::new("json-syntax", offset, offset + 2, message).help("write `\\\\u` for the text"));
    };
    if let Some(character) = char::from_u32(high) {
        out.push(character);
        return Ok(rest);
    }
    let pair = unit(rest).filter(|(low, _)| high < 0xDC00 && (0xDC00..0xE000).contains(low));
    let Some((low, after)) = pair else {
        out.push(char::REPLACEMENT_CHARACTER);
        return Ok(rest);
    };
    let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    Ok(after)
}

/// The code unit of a `\uXXXX` at the front of `text`.
fn unit(text: &str) -> Option<(u32, &str)> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let value = u32::from_str_radix(digits, 16).ok().filter(|_| all_digits)?;
    Some((value, text.get(6..)?))
}
