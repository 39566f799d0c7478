//! From the characters that the parser counts to bytes.

/// Converts positions; each lies near the one before, so that the way is walked about once in all.
pub(super) struct Places<'t> {
    text: &'t [u8],
    /// In ASCII a character is a byte.
    ascii: bool,
    character: usize,
    byte: usize,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text: text.as_bytes(), ascii: text.is_ascii(), character: 0, byte: 0 }
    }

    /// The byte at which this character starts.
    pub(super) fn at(&mut self, character: usize) -> usize {
        if self.ascii {
            return character.min(self.text.len());
        }
        if character >= self.character {
            self.forward(character)
        } else {
            self.back(character)
        }
        self.byte
    }

    fn forward(&mut self, character: usize) {
        let rest = self.text.get(self.byte..).unwrap_or_default();
        let starts = rest.iter().enumerate().filter(|(_, byte)| is_start(**byte));
        match starts.map(|(at, _)| at).nth(character - self.character) {
            Some(step) => {
                self.byte += step;
                self.character = character;
            }
            None => {
                self.character += rest.iter().filter(|byte| is_start(**byte)).count();
                self.byte = self.text.len();
            }
        }
    }

    fn back(&mut self, character: usize) {
        let before = self.text.get(..self.byte).unwrap_or_default();
        let starts = before.iter().enumerate().rev().filter(|(_, byte)| is_start(**byte));
        let steps = self.character - character;
        self.byte = starts.map(|(at, _)| at).nth(steps - 1).unwrap_or(0);
        self.character = character;
    }
}

/// Continuation bytes do not start a character.
fn is_start(byte: u8) -> bool {
    (byte & 0xC0) != 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_found_in_any_order() {
        for text in ["", "plain", "köln: 日本語 🦀 x", "é"] {
            let expected: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let mut places = Places::new(text);
            let count = expected.len();
            for character in (0..count).chain((0..count).rev()).chain([count / 2, 0, count - 1]) {
                assert_eq!(places.at(character), expected[character], "{character} in {text:?}");
            }
            assert_eq!(places.at(count + 5), text.len());
        }
    }
}
