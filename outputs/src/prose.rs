//! Prose for terminals: wrapping, plurals, numbers.

use unicode_width::UnicodeWidthStr;

/// `text` in lines of at most `columns`; a word that is longer (a path) stays whole on a line of its own.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let width = word.width();
        if used > 0 && used + 1 + width > columns {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += width;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// `1 check`, `1,203 checks`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

/// `1,203`.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `text` with a full stop, unless it ends in one, in a mark or in a piece of code.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let stop = if text.ends_with(['.', '!', '?', '…', ':']) || text.is_empty() { "" } else { "." };
    format!("{text}{stop}")
}

/// Markdown as plain paragraphs: lines of a paragraph joined, fenced blocks and lists kept by line.
pub(crate) fn paragraphs(markdown: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut paragraph = String::new();
    let mut fenced = false;
    for line in markdown.trim().lines() {
        let starts_item = line.trim_start().starts_with(['-', '*', '|']) || line.trim().is_empty();
        if fenced || line.trim_start().starts_with("```") || starts_item {
            lines.extend(wrap(&std::mem::take(&mut paragraph), columns));
        }
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            lines.push(format!("  {line}"));
        } else if line.trim().is_empty() {
            lines.push(String::new());
        } else {
            paragraph.push(' ');
            paragraph.push_str(line.trim());
        }
    }
    lines.extend(wrap(&paragraph, columns));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_long_ones_stay_whole() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("a very-long-path/x.yaml b", 6), ["a", "very-long-path/x.yaml", "b"]);
        assert_eq!(wrap("鍵鍵 鍵鍵", 6), ["鍵鍵", "鍵鍵"]);
        assert_eq!(wrap("", 6), [""; 0]);
    }

    #[test]
    fn numbers_and_plurals() {
        assert_eq!(counted(1, "check"), "1 check");
        assert_eq!(counted(1_203_004, "check"), "1,203,004 checks");
        assert_eq!(grouped(100), "100");
    }

    #[test]
    fn markdown_keeps_its_blocks() {
        let text = "One\ntwo.\n\n```yaml\na:\n  b: 1\n```\n- item\n  more";
        assert_eq!(paragraphs(text, 40), ["One two.", "", "  a:", "    b: 1", "- item more"]);
    }
}
