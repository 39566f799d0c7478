//! Where a scalar in quotes ends: the parser's span runs on over what follows on the line.

/// The length of the anchor, tag and scalar in quotes that `text` starts with.
pub(super) fn length(text: &[u8]) -> Option<usize> {
    let quote = opening(text)?;
    if text.get(quote) == Some(&b'"') { double(text, quote + 1) } else { single(text, quote + 1) }
}

/// The opening quote, after anchor, tag, comments and line breaks.
fn opening(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let space = |byte: &u8| byte.is_ascii_whitespace();
        at += match rest.first()? {
            b'"' | b'\'' => return Some(at),
            b'&' | b'!' => rest.iter().position(space)?,
            b'#' => memchr::memchr2(b'\n', b'\r', rest)?,
            byte if space(byte) => 1,
            _ => return None,
        };
    }
}

fn single(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr(b'\'', text.get(at..)?)? + 1;
        if text.get(at) != Some(&b'\'') {
            return Some(at);
        }
        at += 1;
    }
}

fn double(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)? + 1;
        if text.get(at - 1) == Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
}
