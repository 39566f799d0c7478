//! `ringfence init`: a first `ringfence.yaml`, drafted from what was read.
//!
//! Every guess is marked with its reason and its place. What is not known is left out, and a comment
//! says so: a draft never turns "not known" into an answer.

mod entrances;
mod flows;
mod names;
mod outside;
mod page;
mod people;
mod places;

use std::collections::BTreeSet;

use ringfence_model::{Estate, Location};

use entrances::Entrance;
use outside::Host;
use page::Page;

/// A draft of `ringfence.yaml` for `estate`. It reads back without an error.
pub fn draft(estate: &Estate) -> String {
    let entrances = entrances::find(estate);
    let hosts = outside::find(estate);
    let mut page = Page::new(estate);
    page.comments(0, HEAD);
    page.line(0, "schema: ringfence.declaration/1");
    page.gap();
    page.comments(0, &["Not known: what the assessed party is.", "entity: merchant   # or service-provider"]);
    page.gap();
    places::accounts(&mut page);
    flows::write(&mut page, &entrances, &hosts);
    places::classes(&mut page);
    people::registries(&mut page);
    people::administrators(&mut page);
    people::system_agents(&mut page);
    entrances::write(&mut page, &entrances);
    page.comments(0, TAIL);
    page.finish()
}

const HEAD: &[&str] = &[
    "Drafted by `ringfence init` from what it read. Each line marked `guess` says why and where; until",
    "someone has confirmed or corrected it, every result that rests on it rests on a guess.",
    "What is not known is left out: controls that need it say `unknown` and name the key.",
];

const TAIL: &[&str] = &[
    "Not known, and left out: `capabilities` (Linux capabilities that containers may add), `register`",
    "(permitted services and ports, PCI DSS 1.2.5), `exceptions`, `attestations`.",
];

/// Something guessed, why, and from where.
#[derive(Clone, Debug, PartialEq)]
struct Guess {
    /// As written in the draft.
    text: String,
    /// One clause.
    why: String,
    /// The place that gave rise to it.
    at: Option<Location>,
}

/// Guesses without repetition; the first reason counts.
fn distinct(guesses: impl IntoIterator<Item = Guess>) -> Vec<Guess> {
    let mut seen = BTreeSet::new();
    guesses.into_iter().filter(|guess| seen.insert(guess.text.clone())).collect()
}

/// Writes `key:` with one guess a line, or says that it is not known.
fn list(page: &mut Page<'_>, key: &str, guesses: &[Guess], not_known: &str) {
    if guesses.is_empty() {
        page.comment(0, &format!("Not known: {not_known}. Write `{key}: []` if there is none."));
    } else {
        page.line(0, &format!("{key}:"));
        guesses.iter().for_each(|guess| page.guess(1, &format!("- {}", guess.text), &guess.why, guess.at));
    }
    page.gap();
}
