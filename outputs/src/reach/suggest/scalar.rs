//! Texts as YAML scalars that read back as the same texts.

use std::fmt::Write;

use ringfence_model::mask;

/// Words that YAML 1.1, as Kubernetes reads it, takes for something else than a text.
const WORDS: [&str; 12] =
    ["false", "n", "no", "null", "off", "on", "true", "y", "yes", "nan", "inf", "infinity"];

/// `text` as it can stand in a block or in braces: plain where it is a plain word, else in double quotes.
/// Card numbers are masked; what is left of one is no valid label, so that the API refuses it.
pub(super) fn scalar(text: &str) -> String {
    let text = mask(text);
    if is_plain(&text) { text.into_owned() } else { quoted(&text) }
}

fn is_plain(text: &str) -> bool {
    // An IPv4 block is no number in any reading: it has dots and a slash.
    if text.bytes().all(|byte| byte.is_ascii_digit() || b"./".contains(&byte)) {
        return text.ends_with(|last: char| last.is_ascii_digit()) && text.matches(['.', '/']).count() == 4;
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
    text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && text.bytes().all(allowed)
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            // Nothing that a terminal or an editor would take for a command, or hide.
            _ if crate::shown::visible(character) != character => {
                // Writing into memory cannot fail.
                write!(quoted, "\\U{:08x}", u32::from(character)).unwrap_or_default();
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plain_word_is_quoted() {
        for plain in ["web", "app.kubernetes.io/name", "a-b_c.d", "nothing", "10.0.0.0/8"] {
            assert_eq!(scalar(plain), plain);
        }
        for (text, expected) in [
            ("yes", "\"yes\""),
            ("No", "\"No\""),
            ("1e3", "\"1e3\""),
            ("1.5", "\"1.5\""),
            ("1...5/", "\"1...5/\""),
            ("2001:db8::/32", "\"2001:db8::/32\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("a#b", "\"a#b\""),
            ("say \"hi\" \\", "\"say \\\"hi\\\" \\\\\""),
            ("a\nb\u{202e}", "\"a\\U0000000ab\\U0000202e\""),
            ("4111111111111111", "\"************1111\""),
        ] {
            assert_eq!(scalar(text), expected, "{text:?}");
        }
    }
}
