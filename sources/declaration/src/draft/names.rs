//! What names say: which part of a payment something likely plays.

use std::collections::BTreeSet;

/// A part in a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Keeps card numbers or makes tokens.
    Vault,
    /// Sends captured payments to the acquirer.
    Settlement,
    /// Authorises, charges, refunds.
    Payment,
    /// Shows the checkout.
    Front,
}

/// Words, each with the part that it speaks for. The first row that matches counts.
const WORDS: &[(Part, &[&str])] = &[
    (
        Part::Vault,
        &[
            "vault",
            "token",
            "tokens",
            "tokenizer",
            "tokeniser",
            "tokenization",
            "tokenisation",
            "detokenizer",
            "detokeniser",
        ],
    ),
    (
        Part::Settlement,
        &[
            "settlement",
            "settlements",
            "settle",
            "settler",
            "clearing",
            "reconciliation",
            "payout",
            "payouts",
        ],
    ),
    (
        Part::Payment,
        &[
            "payment",
            "payments",
            "pay",
            "card",
            "cards",
            "cardholder",
            "acquirer",
            "acquiring",
            "authorisation",
            "authorization",
            "charge",
            "charges",
            "psp",
            "pan",
            "chd",
            "refund",
            "refunds",
            "chargeback",
            "chargebacks",
            "cde",
        ],
    ),
    (Part::Front, &["checkout", "shop", "storefront", "cart", "basket", "web", "frontend", "portal"]),
];

/// The part that a name speaks for, and the word that says so.
pub(super) fn part(name: &str) -> Option<(Part, &'static str)> {
    let words = words(name);
    WORDS.iter().find_map(|(part, list)| {
        let word = list.iter().find(|word| words.iter().any(|there| there == *word))?;
        Some((*part, *word))
    })
}

/// The words of a name: split at everything but letters, and where a capital follows a small letter.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        if !character.is_alphabetic() || (character.is_uppercase() && before.is_lowercase()) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (character.is_alphabetic(), words.last_mut()) {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Short names for endpoints, each once.
#[derive(Debug, Default)]
pub(super) struct Slugs(BTreeSet<String>);

impl Slugs {
    /// A name made of `wanted`, with a number where it is taken.
    pub(super) fn take(&mut self, wanted: &str) -> String {
        let mut slug = String::new();
        let mut before = ' ';
        for character in wanted.chars().take(60) {
            if character.is_uppercase() && before.is_lowercase() {
                slug.push('-');
            }
            before = character;
            match character {
                'a'..='z' | '0'..='9' => slug.push(character),
                'A'..='Z' => slug.push(character.to_ascii_lowercase()),
                _ if slug.ends_with('-') || slug.is_empty() => {}
                _ => slug.push('-'),
            }
        }
        let slug = slug.trim_end_matches('-');
        // A name of digits alone would be a number, and might be a card's.
        let slug = if slug.starts_with(|first: char| first.is_ascii_alphabetic()) {
            slug.to_owned()
        } else {
            format!("endpoint-{slug}")
        };
        let slug = if ringfence_model::mask(&slug) == slug { slug } else { "endpoint".to_owned() };
        let numbered = (2..).map(|number| format!("{slug}-{number}"));
        let free = std::iter::once(slug.clone()).chain(numbered).find(|one| !self.0.contains(one));
        let free = free.unwrap_or(slug);
        self.0.insert(free.clone());
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_speak_for_parts() {
        for (name, expected) in [
            ("card-vault", Some(Part::Vault)),
            ("PaymentsApi", Some(Part::Payment)),
            ("settlement2", Some(Part::Settlement)),
            ("checkout", Some(Part::Front)),
            ("discard-queue", None),
            ("display", None),
            ("", None),
        ] {
            assert_eq!(part(name).map(|(part, _)| part), expected, "{name}");
        }
    }

    #[test]
    fn slugs_are_distinct_names() {
        let mut slugs = Slugs::default();
        let taken: Vec<String> =
            ["vault", "Vault", "CardData", "api.acquirer.example", "42", "4111111111111111"]
                .iter()
                .map(|name| slugs.take(name))
                .collect();
        assert_eq!(
            taken,
            ["vault", "vault-2", "card-data", "api-acquirer-example", "endpoint-42", "endpoint"]
        );
    }
}
