//! "Did you mean": the nearest of what is allowed.

use ringfence_model::nearest;

/// `help` for what is not allowed: the nearest, or all of them.
pub(crate) fn help<'a>(text: &str, what: &str, allowed: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(word) = nearest(text, allowed.clone()) {
        return format!("did you mean `{word}`?");
    }
    // A list of hundreds of names helps nobody.
    let mut words: Vec<String> = allowed.into_iter().take(25).map(|word| format!("`{word}`")).collect();
    match words.len() {
        0 => format!("there is no {what} yet"),
        25 => {
            words.truncate(24);
            format!("{what}: {}, …", words.join(", "))
        }
        _ => format!("{what}: {}", words.join(", ")),
    }
}
