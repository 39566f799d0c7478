//! The part of a line that is shown: at most so many columns around a span, masked.
//!
//! Plans and templates are often one line of megabytes. Nothing here looks at more of a line than it
//! shows and [`AROUND`] characters on both sides.

use std::ops::Range;

use ringfence_model::mask;
use unicode_width::UnicodeWidthChar;

use crate::shown::visible;

/// Characters beyond the window that masking looks at: a card number that the cut would halve is
/// still seen whole (19 digits and their separators at most).
const AROUND: usize = 64;

/// A stretch of a line as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The text, with `…` where it is cut.
    pub(crate) text: String,
    /// Whether a part of the line is left out.
    pub(crate) cut: bool,
    /// Offset in the line and offset in `text` of each character shown, and of the end.
    offsets: Vec<(usize, usize)>,
}

impl Window {
    /// Shows at most `columns` of `line`, so that `focus` (bytes of `line`) begins inside.
    pub(crate) fn around(line: &str, focus: &Range<usize>, columns: usize) -> Self {
        let start = line.floor_char_boundary(focus.start.min(line.len()));
        let extent = extent(line, start, columns);
        let from = back(line, extent.start, AROUND);
        let to = forth(line, extent.end, AROUND);
        let whole = line.get(from..to).unwrap_or_default();
        let masked = mask(whole);
        let mut window = Self {
            text: String::with_capacity(extent.len() + 8),
            cut: extent.len() < line.len(),
            offsets: Vec::new(),
        };
        if extent.start > 0 {
            window.text.push('…');
        }
        // Masking keeps the number of characters, so both run in step.
        for ((at, _), character) in whole.char_indices().zip(masked.chars()) {
            if extent.contains(&(from + at)) {
                window.offsets.push((from + at, window.text.len()));
                window.text.push(visible(character));
            }
        }
        window.offsets.push((extent.end, window.text.len()));
        if extent.end < line.len() {
            window.text.push('…');
        }
        window
    }

    /// Where `span` of the line is in the text; what is outside of the window is clipped.
    pub(crate) fn span(&self, span: &Range<usize>) -> Range<usize> {
        let shown = |offset: usize| {
            let index = self.offsets.partition_point(|(there, _)| *there < offset);
            self.offsets.get(index).or(self.offsets.last()).map_or(0, |(_, shown)| *shown)
        };
        let start = shown(span.start);
        start..shown(span.end).max(start)
    }
}

/// The bytes of `line` to show: a third of the columns before `start`, the rest after it.
fn extent(line: &str, start: usize, columns: usize) -> Range<usize> {
    // Two columns for the marks of the cuts.
    let room = columns.saturating_sub(2).max(1);
    let (end, used) = take(line.get(start..).unwrap_or_default().chars(), room - room / 3);
    let (before, used_before) = take(line.get(..start).unwrap_or_default().chars().rev(), room - used);
    let (more, _) = take(line.get(start + end..).unwrap_or_default().chars(), room - used - used_before);
    start - before..start + end + more
}

/// How many bytes of `characters` fit into `columns`, and the columns they take.
fn take(characters: impl Iterator<Item = char>, columns: usize) -> (usize, usize) {
    let mut bytes = 0;
    let mut used = 0;
    for character in characters {
        // At least one column each, so that marks without width cannot fill a window without end.
        let width = visible(character).width().unwrap_or(1).max(1);
        if used + width > columns {
            break;
        }
        used += width;
        bytes += character.len_utf8();
    }
    (bytes, used)
}

fn back(line: &str, offset: usize, characters: usize) -> usize {
    let before = line.get(..offset).unwrap_or_default();
    before.char_indices().rev().take(characters).last().map_or(offset, |(at, _)| at)
}

fn forth(line: &str, offset: usize, characters: usize) -> usize {
    let after = line.get(offset..).unwrap_or_default();
    after.char_indices().nth(characters).map_or(line.len(), |(at, _)| offset + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[track_caller]
    fn check(line: &str, focus: &str, columns: usize, expected: &str, marked: &str) {
        let start = line.find(focus).unwrap();
        let span = start..start + focus.len();
        let window = Window::around(line, &span, columns);
        assert_eq!(window.text, expected);
        assert_eq!(window.text.get(window.span(&span)), Some(marked));
    }

    #[test]
    fn a_short_line_is_shown_whole() {
        check("  privileged: yes", "privileged: yes", 40, "  privileged: yes", "privileged: yes");
        check("\tä: \u{1b}[1mx", "x", 40, "→ä: ␛[1mx", "x");
    }

    #[test]
    fn a_long_line_is_cut_around_the_span() {
        check("abcdefghijklmnopqrstuvwxyz", "k", 12, "…hijklmnopq…", "k");
        check("abcdefghijklmnopqrstuvwxyz", "a", 12, "abcdefghij…", "a");
        check("abcdefghijklmnopqrstuvwxyz", "z", 12, "…qrstuvwxyz", "z");
        check("abcdefghijklmnopqrstuvwxyz", "mnopqrstuvwxyz", 12, "…jklmnopqrs…", "mnopqrs");
    }

    #[test]
    fn a_card_number_at_the_cut_is_masked_as_a_whole() {
        for shift in 0..40 {
            let line = format!("{}x4111 1111 1111 1111 {}", "a".repeat(shift), "b".repeat(200));
            let window = Window::around(&line, &(30..31), 40);
            assert!(!window.text.contains("4111"), "{}", window.text);
            let back = format!("{}5555555555554444{}", "a".repeat(100 + shift), "b".repeat(200));
            let window = Window::around(&back, &(125..126), 40);
            assert!(!window.text.contains('5'), "{}", window.text);
        }
    }

    proptest! {
        #[test]
        fn windows_stay_in_bounds(line in "\\PC{0,300}", start in 0usize..400, length in 0usize..50, columns in 3usize..170) {
            let span = start..start + length;
            let window = Window::around(&line, &span, columns);
            prop_assert!(window.text.width() <= columns);
            prop_assert!(window.text.get(window.span(&span)).is_some());
        }

        #[test]
        fn no_window_holds_a_card_number(before in "[a-z -]{0,120}", after in "[a-z -]{0,120}", at in 0usize..260) {
            let line = format!("{before}:4242424242424242:{after}");
            let window = Window::around(&line, &(at..at), 50);
            prop_assert!(!window.text.contains("42424"));
        }
    }
}
