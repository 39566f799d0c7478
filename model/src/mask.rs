//! Digit runs that could be a card number never leave the process whole.

use std::borrow::Cow;

/// The shortest run that is masked. Twelve digits would hide every AWS account id.
const SHORTEST: usize = 13;
/// The longest card number.
const LONGEST: usize = 19;
/// How many digits at the end stay readable (PCI DSS 3.4.1 allows the last four).
const SHOWN: usize = 4;
/// How many digits a group has before a separator may follow: every layout of a card number starts
/// its groups with four or six, dates and addresses do not.
const GROUP: usize = 4;
/// The shortest last group of a card number.
const LAST_GROUP: usize = 3;
/// How many separators in a row may stand between two groups.
const GAP: usize = 3;

/// `text` with every run of 13 or more digits masked but for its last four. A single space, hyphen,
/// dot or no-break space after a group of four does not end a run; digits of other scripts count.
///
/// Groups further apart (`4111  1111`, `4111_1111`, `4111, 1111`) may be ports, versions or years: of
/// these, what some issuer could have given out is masked. Characters that nobody sees part nothing.
pub fn mask(text: &str) -> Cow<'_, str> {
    masked_where(text, |_| true)
}

/// `text` with only what could be a card number of some issuer masked: for paths, which pipelines open
/// and in which dates make long runs of digits (`cluster-20261124120000.json`).
pub fn mask_cards(text: &str) -> Cow<'_, str> {
    masked_where(text, |run| (SHORTEST..=LONGEST).any(|length| run.windows(length).any(could_be_card_number)))
}

/// [`mask`] for an owned text.
pub fn masked(text: String) -> String {
    match mask(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(masked) => masked,
    }
}

/// Masks the close runs for which `counts` holds, and card numbers whose groups are further apart.
fn masked_where(text: &str, counts: fn(&[Digit]) -> bool) -> Cow<'_, str> {
    if !could_hold_run(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let hidden = hidden(text, counts);
    if hidden.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(apply(text, &hidden)) }
}

/// Whether there are digits enough for a run. Nearly every text ends here, so this looks at bytes, in
/// pieces that a compiler can vectorise; a byte beyond ASCII may belong to a digit.
fn could_hold_run(bytes: &[u8]) -> bool {
    let is_digit = |byte: &u8| u8::from(byte.is_ascii_digit() || !byte.is_ascii());
    let count = |piece: &[u8]| usize::from(piece.iter().map(is_digit).sum::<u8>());
    bytes.len() >= SHORTEST && bytes.chunks(128).map(count).sum::<usize>() >= SHORTEST
}

/// A digit of a run.
#[derive(Clone, Copy, Debug)]
struct Digit {
    /// Its byte offset in the text.
    at: usize,
    /// What it is worth; a digit of another script is never let through by its value.
    value: Option<u32>,
    before: Gap,
}

/// What stands between a digit and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    Nothing,
    /// One separator that card numbers are usually written with.
    Narrow,
    /// Several separators, or an unusual one.
    Wide,
}

/// Byte offsets of the digits to mask, in ascending order.
fn hidden(text: &str, counts: fn(&[Digit]) -> bool) -> Vec<usize> {
    let mut hidden = Vec::new();
    let mut run: Vec<Digit> = Vec::new();
    let (mut group, mut separators, mut gap) = (0, 0, Gap::Nothing);
    for (at, character) in text.char_indices() {
        if is_digit(character) {
            group = if gap == Gap::Nothing { group + 1 } else { 1 };
            run.push(Digit { at, value: character.to_digit(10), before: gap });
            (separators, gap) = (0, Gap::Nothing);
        } else if is_invisible(character) || run.is_empty() {
            continue;
        } else {
            let is_narrow = is_narrow(character);
            separators += 1;
            gap = if is_narrow && separators == 1 { Gap::Narrow } else { Gap::Wide };
            if group < GROUP || separators > GAP || !(is_narrow || is_wide(character)) {
                close(&mut run, &mut hidden, counts);
                (group, separators, gap) = (0, 0, Gap::Nothing);
            }
        }
    }
    close(&mut run, &mut hidden, counts);
    hidden
}

fn close(run: &mut Vec<Digit>, hidden: &mut Vec<usize>, counts: fn(&[Digit]) -> bool) {
    if run.len() >= SHORTEST {
        let mut is_hidden = vec![false; run.len()];
        let mut hide = |start: usize, length: usize| {
            is_hidden.iter_mut().skip(start).take(length - SHOWN).for_each(|one| *one = true);
        };
        let mut start = 0;
        for near in run.chunk_by(|_, next| next.before != Gap::Wide) {
            if near.len() >= SHORTEST && counts(near) {
                hide(start, near.len());
            }
            start += near.len();
        }
        if run.iter().any(|digit| digit.before == Gap::Wide) {
            spread(run, hide);
        }
        hidden.extend(run.iter().zip(is_hidden).filter(|(_, hidden)| *hidden).map(|(digit, _)| digit.at));
    }
    run.clear();
}

/// Calls `hide` with start and length of each sequence of whole groups that could be a card number.
fn spread(run: &[Digit], mut hide: impl FnMut(usize, usize)) {
    let starts = run.iter().enumerate().skip(1).filter(|(_, digit)| digit.before != Gap::Nothing);
    let bounds: Vec<usize> = std::iter::once(0).chain(starts.map(|(index, _)| index)).collect();
    let short = bounds.last().is_some_and(|last| run.len() - last < LAST_GROUP);
    let end = (!short).then_some(run.len());
    for (index, start) in bounds.iter().enumerate() {
        let ends = bounds.iter().skip(index + 1).copied().chain(end);
        for end in ends.take_while(|end| end - start <= LONGEST).filter(|end| end - start >= SHORTEST) {
            if run.get(*start..end).is_some_and(could_be_card_number) {
                hide(*start, end - start);
            }
        }
    }
}

/// Whether some issuer could have given the number out: its range and its check digit.
fn could_be_card_number(digits: &[Digit]) -> bool {
    if digits.iter().any(|digit| digit.value.is_none()) {
        return true;
    }
    let values = || digits.iter().filter_map(|digit| digit.value);
    let issuer = values().take(4).fold(0, |number, digit| number * 10 + digit);
    matches!(issuer, 2200..=2204 | 2221..=2720 | 3000..=6999) && luhn(values().rev())
}

/// Whether the check digit is right; `digits` start at the last one.
fn luhn(digits: impl Iterator<Item = u32>) -> bool {
    let add = |sum: u32, (index, digit): (usize, u32)| {
        let value = if index % 2 == 1 { digit * 2 } else { digit };
        sum + value / 10 + value % 10
    };
    digits.enumerate().fold(0, add) % 10 == 0
}

fn apply(text: &str, hidden: &[usize]) -> String {
    let mut next = hidden.iter().peekable();
    let mask_at = |(at, character): (usize, char)| {
        if next.next_if(|offset| **offset == at).is_some() { '*' } else { character }
    };
    text.char_indices().map(mask_at).collect()
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit() || (!character.is_ascii() && character.is_numeric())
}

/// What card numbers are usually written with.
fn is_narrow(character: char) -> bool {
    matches!(
        character,
        ' ' | '-'
            | '.'
            | '\u{a0}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2010}'..='\u{2015}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{2212}'
            | '\u{3000}'
    )
}

/// What lists, tables and paths are written with.
fn is_wide(character: char) -> bool {
    matches!(character, '_' | '/' | ',' | '\t')
}

/// What has no width: soft hyphens, joiners, marks of direction, variants of a digit.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{20e3}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests;
