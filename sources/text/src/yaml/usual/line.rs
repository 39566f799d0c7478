//! The pieces of one line. `None` where the full parser must decide.

use std::borrow::Cow;

use crate::scalar;

/// The longest key; the full parser has its own bound a little above.
const KEY: usize = 1000;

/// Whether there is nothing in the text that this form has no idea of: control characters, carriage
/// returns within a line, byte order marks.
pub(super) fn is_usual(text: &str) -> bool {
    let bytes = text.as_bytes();
    let unusual = |byte: u8| (byte < b' ') & (byte != b'\n') & (byte != b'\t') & (byte != b'\r');
    let control = bytes.iter().fold(false, |found, byte| found | unusual(*byte));
    let returns = memchr::memchr_iter(b'\r', bytes).all(|at| bytes.get(at + 1) == Some(&b'\n'));
    !control && returns && memchr::memmem::find(text.as_bytes(), "\u{feff}".as_bytes()).is_none()
}

/// The line without the first half of its end.
pub(super) fn without_return(line: &str) -> &str {
    line.strip_suffix('\r').unwrap_or(line)
}

/// Whether nothing but spaces and perhaps a comment follows.
pub(super) fn is_end(text: &str) -> bool {
    let rest = text.trim_start_matches(' ');
    rest.is_empty() || (rest.starts_with('#') && rest.len() < text.len())
}

/// The key that a line starts with, and its length up to the colon; `Some(None)` if it is no key.
pub(super) fn key(text: &str) -> Option<Option<(Cow<'_, str>, usize)>> {
    match text.as_bytes().first()? {
        b'"' | b'\'' => quoted_key(text),
        b'{' | b'[' | b'|' | b'!' => Some(None),
        _ => plain_key(text),
    }
}

fn quoted_key(text: &str) -> Option<Option<(Cow<'_, str>, usize)>> {
    let Quoted { text: key, length } = quoted(text)?;
    let after = text.get(length..)?;
    if is_end(after) {
        return Some(None);
    }
    is_separator(after.as_bytes()).then_some(())?;
    (length < KEY).then_some(Some((key, length)))
}

fn plain_key(text: &str) -> Option<Option<(Cow<'_, str>, usize)>> {
    let bytes = text.as_bytes();
    starts_plain(bytes).then_some(())?;
    let mut before = b' ';
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b':' if is_separator(bytes.get(at..)?) => {
                let key = text.get(..at)?;
                let usual = at < KEY && before != b' ' && key != "<<";
                return usual.then_some(Some((scalar::plain_key(key)?, at)));
            }
            b'#' if before == b' ' => break,
            b'\t' => return None,
            _ => before = *byte,
        }
    }
    Some(None)
}

/// Whether a colon that ends a key is first.
fn is_separator(bytes: &[u8]) -> bool {
    matches!(bytes, [b':'] | [b':', b' ', ..])
}

/// Whether a scalar without quotes can start like that.
fn starts_plain(bytes: &[u8]) -> bool {
    match bytes {
        [b'-' | b'?' | b':', rest @ ..] => !matches!(rest.first(), None | Some(b' ' | b'\t')),
        [b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' | b'#', ..] => false,
        [b'{' | b'}' | b'[' | b']' | b',' | b' ' | b'\t', ..] | [] => false,
        _ => true,
    }
}

/// The scalar without quotes that fills the line.
pub(super) fn plain(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    starts_plain(bytes).then_some(())?;
    let mut end = bytes.len();
    let mut before = b' ';
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b':' if is_separator(bytes.get(at..)?) => return None,
            b'\t' => return None,
            b'#' if before == b' ' => {
                end = at;
                break;
            }
            _ => before = *byte,
        }
    }
    Some(text.get(..end)?.trim_end_matches(' '))
}

/// A local tag: its name with the mark.
pub(super) fn tag(text: &str) -> Option<&str> {
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
    let length = 1 + text.as_bytes().get(1..)?.iter().take_while(|byte| name(byte)).count();
    let ends = matches!(text.as_bytes().get(length), None | Some(b' '));
    (ends && length > 1).then(|| text.get(..length)).flatten()
}

/// A scalar in quotes on one line.
pub(super) struct Quoted<'t> {
    /// Its content.
    pub(super) text: Cow<'t, str>,
    /// Its length with the quotes.
    pub(super) length: usize,
}

/// The scalar in quotes that `text` starts with.
pub(super) fn quoted(text: &str) -> Option<Quoted<'_>> {
    if text.starts_with('"') { double(text) } else { single(text) }
}

fn single(text: &str) -> Option<Quoted<'_>> {
    let bytes = text.as_bytes();
    let mut at = 1;
    let mut doubled = false;
    loop {
        at += memchr::memchr(b'\'', bytes.get(at..)?)?;
        if bytes.get(at + 1) != Some(&b'\'') {
            break;
        }
        doubled = true;
        at += 2;
    }
    let content = text.get(1..at)?;
    let text = if doubled { Cow::Owned(content.replace("''", "'")) } else { Cow::Borrowed(content) };
    Some(Quoted { text, length: at + 1 })
}

fn double(text: &str) -> Option<Quoted<'_>> {
    let bytes = text.as_bytes();
    let mut at = 1;
    let mut escaped = false;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            break;
        }
        escaped = true;
        at += 2;
    }
    let content = text.get(1..at)?;
    let text = if escaped { Cow::Owned(unescape(content)?) } else { Cow::Borrowed(content) };
    Some(Quoted { text, length: at + 1 })
}

/// The escapes that manifests hold; others are for the full parser.
fn unescape(content: &str) -> Option<String> {
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut characters = after.chars();
        out.push(match characters.next()? {
            same @ ('"' | '\\' | '/') => same,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            _ => return None,
        });
        rest = characters.as_str();
    }
    out.push_str(rest);
    Some(out)
}
