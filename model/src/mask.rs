//! Digit runs that could be a card number never leave the process whole.

use std::borrow::Cow;

/// The shortest run that is masked. Twelve digits would hide every AWS account id.
const SHORTEST: usize = 13;
/// How many digits at the end stay readable (PCI DSS 3.4.1 allows the last four).
const SHOWN: usize = 4;

/// How many digits a group has before a separator may follow: every layout of a card number starts
/// its groups with four or six, dates and addresses do not.
const GROUP: usize = 4;

/// `text` with every run of 13 or more digits masked but for its last four. A single space, hyphen,
/// dot or no-break space after a group of four does not end a run; digits of other scripts count.
pub fn mask(text: &str) -> Cow<'_, str> {
    if !could_hold_run(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let runs = runs(text);
    if runs.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(apply(text, &runs)) }
}

/// Whether there are digits enough for a run. Nearly every text ends here, so this looks at bytes, in
/// pieces that a compiler can vectorise; a byte beyond ASCII may belong to a digit.
fn could_hold_run(bytes: &[u8]) -> bool {
    let is_digit = |byte: &u8| u8::from(byte.is_ascii_digit() || !byte.is_ascii());
    let count = |piece: &[u8]| usize::from(piece.iter().map(is_digit).sum::<u8>());
    bytes.len() >= SHORTEST && bytes.chunks(128).map(count).sum::<usize>() >= SHORTEST
}

/// [`mask`] for an owned text.
pub fn masked(text: String) -> String {
    match mask(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(masked) => masked,
    }
}

/// Byte offsets of the digits of each run to mask, without the digits that stay readable.
fn runs(text: &str) -> Vec<usize> {
    let mut hidden = Vec::new();
    let mut run: Vec<usize> = Vec::new();
    let mut group = 0;
    for (at, character) in text.char_indices() {
        if is_digit(character) {
            run.push(at);
            group += 1;
        } else {
            if !is_separator(character) || group < GROUP {
                close(&mut run, &mut hidden);
            }
            group = 0;
        }
    }
    close(&mut run, &mut hidden);
    hidden
}

fn close(run: &mut Vec<usize>, hidden: &mut Vec<usize>) {
    if run.len() >= SHORTEST {
        hidden.extend(run.iter().take(run.len() - SHOWN));
    }
    run.clear();
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

fn is_separator(character: char) -> bool {
    matches!(character, ' ' | '-' | '.' | '\u{a0}' | '\u{2010}'..='\u{2015}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(mask(text), expected);
    }

    #[test]
    fn card_numbers_lose_all_but_the_last_four() {
        check("card 4111111111111111 x", "card ************1111 x");
        check("4111 1111 1111 1111", "**** **** **** 1111");
        check("4111-1111-1111-1111,", "****-****-****-1111,");
        check("４１１１１１１１１１１１１１１１", "************１１１１");
    }

    #[test]
    fn what_cannot_be_a_card_number_stays() {
        check("arn:aws:iam::123456789012:role/x", "arn:aws:iam::123456789012:role/x");
        check("10.0.0.0/8 and 172.16.0.0/12", "10.0.0.0/8 and 172.16.0.0/12");
        check("2026-11-24 12:00:00", "2026-11-24 12:00:00");
        check("0.0.0.0-255.255.255.255", "0.0.0.0-255.255.255.255");
    }

    #[test]
    fn longer_runs_are_masked_too() {
        check("1234567890123456789012", "******************9012");
    }
}
