//! Marks of templates (`{{ … }}`, `{% … %}`) that were not filled in.

use memchr::memchr2_iter;
use memchr::memmem;

/// A mark is closed within so many bytes.
const LONGEST: usize = 1024;

/// Byte offset of the first template mark that stands where YAML has a key, a value or an item, not
/// in quotes. For text that cannot be read: in what can be read such marks may be meant as text.
pub fn looks_unrendered(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr2_iter(b'{', b'%', bytes).find_map(|at| {
        let rest = bytes.get(at..)?;
        let close: &[u8] = match rest.get(..2)? {
            b"{{" => b"}}",
            b"{%" => b"%}",
            _ => return None,
        };
        let near = rest.get(..LONGEST).unwrap_or(rest);
        (is_structure(bytes.get(..at)?) && memmem::find(near, close).is_some()).then_some(at)
    })
}

/// Whether what precedes a mark on its line leaves it outside of quotes.
fn is_structure(before: &[u8]) -> bool {
    let last = before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
    matches!(last, None | Some(b'\n' | b'\r' | b':' | b'-' | b'}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<usize>) {
        assert_eq!(looks_unrendered(text), expected, "{text:?}");
    }

    #[test]
    fn marks_outside_of_quotes_look_unrendered() {
        check("{{ x }}", Some(0));
        check("a: {{ x }}\n", Some(3));
        check("- {{x}}", Some(2));
        check("a:\n  {{- if x }}\n", Some(5));
        check("{% if x %}", Some(0));
        check("a: {{ x }}{{ y }}", Some(3));
    }

    #[test]
    fn marks_in_text_do_not() {
        check("a: \"{{ x }}\"", None);
        check("a: b {{ x }}", None);
        check("{\"a\": {\"b\": {}}}", None);
        check("a: {b: {}}", None);
        check("a: {{ never closed", None);
        check("100% {", None);
        check("", None);
    }
}
