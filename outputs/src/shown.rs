//! Text of users as it may be shown: card numbers masked, control characters visible.

use std::borrow::Cow;

use ringfence_model::{mask, mask_cards};

/// `text` on one line of a terminal: masked, and without a character that moves or hides others.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    tame(mask(text))
}

/// A path on one line of a terminal.
pub(crate) fn path_line(text: &str) -> Cow<'_, str> {
    tame(path(text))
}

/// `text` in a report: masked, line breaks kept, other control characters visible.
pub(crate) fn line_breaks(text: &str) -> String {
    let masked = mask(text);
    if is_tame(&masked) {
        return masked.into_owned();
    }
    let keep = |character| if character == '\n' { character } else { visible(character) };
    masked.chars().filter(|character| *character != '\r').map(keep).collect()
}

fn tame(text: Cow<'_, str>) -> Cow<'_, str> {
    if is_tame(&text) { text } else { Cow::Owned(text.chars().map(visible).collect()) }
}

/// Whether every character is visible as it is.
fn is_tame(text: &str) -> bool {
    let is_plain = |byte: u8| (0x20..0x7f).contains(&byte);
    text.bytes().all(is_plain) || text.chars().all(|character| visible(character) == character)
}

/// A path in a report. Pipelines open what it names, and dates make long runs of digits
/// (`cluster-20261124120000.json`), so only what could be a card number is masked.
pub(crate) fn path(text: &str) -> Cow<'_, str> {
    mask_cards(text)
}

/// One column for one character, whatever it is: control characters as their pictures; those that
/// reorder or hide text as a replacement character.
pub(crate) fn visible(character: char) -> char {
    match character {
        '\t' => '→',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '␡',
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fdd0}'..='\u{fdef}'
        | '\u{fffe}'
        | '\u{ffff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_visible() {
        assert_eq!(line("a\tb\n\u{1b}[31m\u{202e}x\u{7f}"), "a→b␊␛[31m\u{fffd}x␡");
        assert!(matches!(line("plain – text"), Cow::Borrowed(_)));
    }

    #[test]
    fn paths_keep_their_dates_and_lose_card_numbers() {
        assert_eq!(path("dumps/cluster-20261124120000.json"), "dumps/cluster-20261124120000.json");
        assert_eq!(path("run-1764000000000/a.yaml"), "run-1764000000000/a.yaml");
        assert_eq!(path("4111111111111111.yaml"), "************1111.yaml");
        assert_eq!(path("a/5555-5555-5555-4444"), "a/****-****-****-4444");
        assert_eq!(path("20261124120000/5555_5555_5555_4444"), "20261124120000/****_****_****_4444");
        assert_eq!(path("2223003122003222"), "************3222");
        assert_eq!(path("４１１１１１１１１１１１１１１１"), "************１１１１");
    }
}
