//! Where the documents of a stream are parted: lines that start with `---`.
//!
//! Inside a document no such line can be (a scalar in quotes that holds one is an error), so that
//! each part can be read without the others.

use std::ops::Range;

use memchr::memmem::Finder;

/// The parts of `text`, in order and without gaps.
pub(crate) fn chunks(text: &str) -> impl Iterator<Item = Range<usize>> {
    let marker = Finder::new("\n---").into_owned();
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= text.len() {
            return None;
        }
        let end = end_of_chunk(text, start, &marker);
        let chunk = start..end;
        start = end;
        Some(chunk)
    })
}

fn end_of_chunk(text: &str, start: usize, marker: &Finder<'_>) -> usize {
    let bytes = text.as_bytes();
    let mut from = start;
    while let Some(found) = bytes.get(from..).and_then(|rest| marker.find(rest)) {
        let line = from + found + 1;
        let ends = bytes.get(line + 3).is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        // Directives belong to the marker that follows them.
        if ends && !ends_with_directive(text.get(start..line).unwrap_or_default()) {
            return line;
        }
        from = line;
    }
    text.len()
}

fn ends_with_directive(text: &str) -> bool {
    let content = |line: &&str| !line.trim_start().is_empty() && !line.trim_start().starts_with('#');
    text.lines().rev().find(content).is_some_and(|line| line.starts_with('%'))
}

/// Where the content of a chunk begins: after its marker, blank lines and comments.
pub(crate) fn content(text: &str, chunk: &Range<usize>) -> usize {
    let part = text.get(chunk.clone()).unwrap_or_default();
    let mut rest = part.strip_prefix("---").unwrap_or(part);
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if !rest.starts_with('#') {
            return chunk.end - rest.len();
        }
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = chunks(text).map(|chunk| text.get(chunk).unwrap()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn markers_at_the_start_of_a_line_part() {
        check("a: 1\n---\nb: 2\n", &["a: 1\n", "---\nb: 2\n"]);
        check("---\r\na: 1\r\n---\r\nb: 2", &["---\r\na: 1\r\n", "---\r\nb: 2"]);
        check("a\n--- # x\nb\n---", &["a\n", "--- # x\nb\n", "---"]);
        check("", &[]);
    }

    #[test]
    fn what_only_looks_like_a_marker_does_not() {
        check("a: |\n  x\n  ---\n  y\n", &["a: |\n  x\n  ---\n  y\n"]);
        check("-----BEGIN\n---x\n", &["-----BEGIN\n---x\n"]);
    }

    #[test]
    fn directives_stay_with_their_marker() {
        check("%YAML 1.1\n# x\n---\na: 1\n---\nb", &["%YAML 1.1\n# x\n---\na: 1\n", "---\nb"]);
    }

    #[test]
    fn content_starts_after_comments() {
        let text = "--- # one\n# two\n\n {}";
        assert_eq!(content(text, &(0..text.len())), text.len() - 2);
        assert_eq!(content("# only", &(0..6)), 6);
    }
}
