//! A YAML text in the making, whose guesses carry their reasons.

use ringfence_model::{Estate, Location, mask, masked};

/// The draft as far as it is written.
pub(super) struct Page<'a> {
    pub(super) estate: &'a Estate,
    text: String,
}

impl<'a> Page<'a> {
    pub(super) fn new(estate: &'a Estate) -> Self {
        Self { estate, text: String::new() }
    }

    pub(super) fn line(&mut self, depth: usize, text: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(text);
        self.text.push('\n');
    }

    pub(super) fn comment(&mut self, depth: usize, text: &str) {
        self.line(depth, &format!("# {}", one_line(text)));
    }

    pub(super) fn comments(&mut self, depth: usize, lines: &[&str]) {
        lines.iter().for_each(|line| self.comment(depth, line));
    }

    /// A line with the reason why it is guessed.
    pub(super) fn guess(&mut self, depth: usize, text: &str, why: &str, at: Option<Location>) {
        let comment = format!("guess: {why}{}", self.place(at));
        self.line(depth, &format!("{text}   # {}", one_line(&comment)));
    }

    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// ` (file:line)`, where there is one.
    pub(super) fn place(&self, at: Option<Location>) -> String {
        let Some(at) = at else { return String::new() };
        let position = self.estate.sources().position(at);
        format!(" ({}:{})", position.file, position.line)
    }

    pub(super) fn finish(self) -> String {
        format!("{}\n", self.text.trim_end())
    }
}

/// A comment ends with its line, and shows no card number.
fn one_line(text: &str) -> String {
    masked(text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect())
}

/// A text as a YAML value: plain where nothing can be mistaken, else in double quotes.
pub(super) fn scalar(text: &str) -> String {
    const RESERVED: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let plain = text.chars().all(|one| one.is_ascii_alphanumeric() || "-_./".contains(one));
    let letter = text.starts_with(|first: char| first.is_ascii_alphabetic());
    if plain && letter && !RESERVED.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    let escaped: String = text.chars().flat_map(escape).collect();
    format!("\"{escaped}\"")
}

fn escape(character: char) -> Vec<char> {
    match character {
        '"' | '\\' => vec!['\\', character],
        _ if character.is_control() => vec![' '],
        _ => vec![character],
    }
}

/// Whether a text may stand in the draft: of the right form, and no card number.
pub(super) fn fits(form: &crate::form::Form, text: &str) -> bool {
    (form.accepts)(text) && mask(text) == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_mistaken_is_plain() {
        for (text, expected) in [
            ("cde/vault", "cde/vault"),
            ("no", "\"no\""),
            ("Y", "\"Y\""),
            ("1e3", "\"1e3\""),
            ("cde/vault[Pod]", "\"cde/vault[Pod]\""),
            ("a\"b\\c\nd", "\"a\\\"b\\\\c d\""),
            ("", "\"\""),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }
}
