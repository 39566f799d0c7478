//! What is wrong with a control file.

use std::ops::Range;

/// A mistake at a place of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Bytes of the file.
    pub(crate) range: Range<usize>,
    /// Lower case, no full stop.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: Option<String>,
}

impl Fault {
    pub(crate) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// `` (did you mean `x`?) `` for the known word that is nearest to `word`, if one is near.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let scored = known.map(|one| (distance(word, one), one));
    match scored.filter(|(far, one)| *far * 3 <= one.len().max(3)).min() {
        Some((_, one)) => format!(" (did you mean `{one}`?)"),
        None => String::new(),
    }
}

/// How many characters to insert, remove or replace.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, left) in one.chars().take(64).enumerate() {
        let mut diagonal = index;
        let mut last = index + 1;
        for (slot, right) in row.iter_mut().skip(1).zip(&other) {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = *slot;
            last = replaced.min(diagonal + 1).min(last + 1);
            *slot = last;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested() {
        assert_eq!(distance("severty", "severity"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        let known = || ["severity", "kinds", "each"].into_iter();
        assert_eq!(nearest("severty", known()), " (did you mean `severity`?)");
        assert_eq!(nearest("colour", known()), "");
    }
}
