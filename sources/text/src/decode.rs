//! Bytes into text.

use ringfence_model::{Diagnostic, FileId, Location};

/// Why bytes are no text that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: &'static str,
    message: String,
    help: &'static str,
    offset: usize,
}

impl Refusal {
    /// The byte at which it shows, from 0.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The message about the file.
    pub fn diagnostic(&self, file: FileId) -> Diagnostic {
        Diagnostic::error(self.code, self.message.clone()).at(Location::start_of(file)).help(self.help)
    }

    fn new(code: &'static str, offset: usize, message: String, help: &'static str) -> Self {
        Self { code, message, help, offset }
    }
}

/// The text of a file: UTF-8, or UTF-16 with a byte order mark or where it is obvious. The byte
/// order mark goes.
pub fn decode(bytes: Vec<u8>) -> Result<String, Refusal> {
    match encoding(&bytes) {
        Encoding::Utf8 { mark } => utf8(bytes, mark),
        Encoding::Utf16 { mark, unit } => utf16(bytes.get(mark..).unwrap_or_default(), mark, unit),
        Encoding::Other(what, help) => Err(Refusal::new("not-text", 0, format!("the file is {what}"), help)),
    }
}

enum Encoding {
    Utf8 { mark: usize },
    Utf16 { mark: usize, unit: fn([u8; 2]) -> u16 },
    Other(&'static str, &'static str),
}

/// First bytes of files that are no text.
const KNOWN: &[(&[u8], &str, &str)] = &[
    (&[0x1F, 0x8B], "a gzip archive", "unpack it"),
    (b"PK\x03\x04", "a zip archive", "unpack it"),
    (&[0x28, 0xB5, 0x2F, 0xFD], "a zstd archive", "unpack it"),
    (&[0xFF, 0xFE, 0, 0], "text in UTF-32", "convert it with `iconv -f UTF-32 -t UTF-8`"),
    (&[0, 0, 0xFE, 0xFF], "text in UTF-32", "convert it with `iconv -f UTF-32 -t UTF-8`"),
    (b"\x7FELF", "a program", "leave it out with `--exclude`"),
    (b"\x89PNG", "an image", "leave it out with `--exclude`"),
];

fn encoding(bytes: &[u8]) -> Encoding {
    if let Some((_, what, help)) = KNOWN.iter().find(|(start, ..)| bytes.starts_with(start)) {
        return Encoding::Other(what, help);
    }
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Encoding::Utf8 { mark: 3 },
        [0xFF, 0xFE, ..] => Encoding::Utf16 { mark: 2, unit: u16::from_le_bytes },
        [0xFE, 0xFF, ..] => Encoding::Utf16 { mark: 2, unit: u16::from_be_bytes },
        // Two ASCII characters with a zero beside each: no UTF-8 text starts like that.
        [first, 0, second, 0, ..] if is_ascii(*first) && is_ascii(*second) => {
            Encoding::Utf16 { mark: 0, unit: u16::from_le_bytes }
        }
        [0, first, 0, second, ..] if is_ascii(*first) && is_ascii(*second) => {
            Encoding::Utf16 { mark: 0, unit: u16::from_be_bytes }
        }
        _ => Encoding::Utf8 { mark: 0 },
    }
}

fn is_ascii(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte.is_ascii_whitespace()
}

/// A zero among the first bytes means that this is no text.
const HEAD: usize = 8192;

fn utf8(bytes: Vec<u8>, mark: usize) -> Result<String, Refusal> {
    if let Some(at) = memchr::memchr(0, bytes.get(..HEAD).unwrap_or(&bytes)) {
        let message = format!("the file is binary (byte {at} is zero)");
        return Err(Refusal::new("not-text", at, message, "leave it out with `--exclude`"));
    }
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            text.drain(..mark);
            Ok(text)
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(at).copied().unwrap_or_default();
            let message = format!("the file is not valid UTF-8: byte {at} is 0x{byte:02X}");
            Err(Refusal::new(
                "not-utf-8",
                at,
                message,
                "convert it, for example with `iconv -f LATIN1 -t UTF-8`",
            ))
        }
    }
}

fn utf16(bytes: &[u8], mark: usize, unit: fn([u8; 2]) -> u16) -> Result<String, Refusal> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let fault = |at: usize, what: &str| {
        let message = format!("the file is not valid UTF-16: {what} at byte {at}");
        Refusal::new("not-utf-16", at, message, "convert it to UTF-8 by the tool that makes it")
    };
    if !rest.is_empty() {
        return Err(fault(mark + bytes.len() - 1, "half a character"));
    }
    let mut text = String::with_capacity(pairs.len());
    let mut at = mark;
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let character = decoded.map_err(|_| fault(at, "half a surrogate pair"))?;
        at += 2 * character.len_utf16();
        text.push(character);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(decode(bytes.to_vec()).as_deref(), Ok(expected));
    }

    #[track_caller]
    fn check_refused(bytes: &[u8], code: &str, offset: usize) {
        let refusal = decode(bytes.to_vec()).unwrap_err();
        assert_eq!((refusal.code, refusal.offset()), (code, offset), "{bytes:?}");
        assert!(refusal.message.contains("file") && !refusal.help.is_empty());
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf_8_with_and_without_mark() {
        check(b"", "");
        check("köln: 日本\r\n".as_bytes(), "köln: 日本\r\n");
        check(b"\xEF\xBB\xBFa: 1", "a: 1");
        check(b"\xEF\xBB\xBF", "");
    }

    #[test]
    fn utf_16_in_both_orders() {
        let text = "kind: Pod\nname: 日本 🦀\n";
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            check(&utf16(&format!("\u{feff}{text}"), bytes), text);
            check(&utf16(text, bytes), text);
        }
        check(&[0xFF, 0xFE], "");
    }

    #[test]
    fn utf_16_that_is_broken() {
        check_refused(&[0xFF, 0xFE, b'a', 0, b'b'], "not-utf-16", 4);
        check_refused(&[0xFF, 0xFE, b'a', 0, 0x3E, 0xD8, b'b', 0], "not-utf-16", 4);
        check_refused(&[0xFE, 0xFF, 0, b'a', 0xDC, 0x00], "not-utf-16", 4);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        check_refused(b"\x1F\x8B\x08\0", "not-text", 0);
        check_refused(b"PK\x03\x04", "not-text", 0);
        check_refused(&[0xFF, 0xFE, 0, 0, b'a', 0, 0, 0], "not-text", 0);
        check_refused(b"abc\0def", "not-text", 3);
        check_refused(b"a: caf\xE9\n", "not-utf-8", 6);
        check_refused(b"\xEF\xBB\xBFa\xFF", "not-utf-8", 4);
        check_refused(b"a: \xF0\x9F\xA6", "not-utf-8", 3);
    }

    #[test]
    fn the_message_is_about_the_file() {
        let file = ringfence_model::Sources::default().add("x", "");
        let diagnostic = decode(b"a\xFF".to_vec()).unwrap_err().diagnostic(file);
        assert_eq!(diagnostic.location, Some(Location::start_of(file)));
        assert_eq!(diagnostic.message, "the file is not valid UTF-8: byte 1 is 0xFF");
    }
}
