//! "Did you mean": the nearest of what is allowed.

/// The allowed word nearest to `text`, if it is near enough to be meant.
pub(crate) fn nearest<'a>(text: &str, allowed: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Nobody mistypes forty letters of a key, and distances cost the product of the lengths.
    let text: Vec<char> = text.chars().take(41).collect();
    if text.is_empty() || text.len() > 40 {
        return None;
    }
    let plain = plain(&text);
    let ranked = allowed.into_iter().filter_map(|word| Some((rank(&plain, word)?, word)));
    ranked.min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

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

fn rank(text: &[char], word: &str) -> Option<usize> {
    let word: Vec<char> = plain(&word.chars().take(64).collect::<Vec<_>>());
    let distance = distance(text, &word);
    let allowed = (word.len().min(text.len()) / 3).clamp(1, 4);
    // `port` for `ports`, `retain` for `retention`: a long common beginning counts as near.
    let starts = text.len() >= 4 && word.starts_with(text);
    (distance <= allowed || starts).then_some(distance)
}

/// Without case and separators: `thirdParties` and `third_parties` are `third-parties`.
fn plain(text: &[char]) -> Vec<char> {
    text.iter().filter(|character| !"-_ ".contains(**character)).flat_map(|one| one.to_lowercase()).collect()
}

/// Insertions, deletions, changes and swaps of neighbours that turn one into the other.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut earlier: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let mut above = None;
    for (index, left) in one.iter().enumerate() {
        let mut row = vec![index + 1];
        let mut before = None;
        for (at, right) in other.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX - 1);
            let changed = cell(&last, at) + usize::from(left != right);
            let shorter = cell(&last, at + 1).min(cell(&row, at)) + 1;
            let is_swap = above == Some(right) && before == Some(left);
            let swapped =
                if is_swap { cell(&earlier, at.wrapping_sub(1)).saturating_add(1) } else { usize::MAX };
            row.push(changed.min(shorter).min(swapped));
            before = Some(right);
        }
        above = Some(left);
        earlier = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_suggested_if_it_is_near() {
        let allowed = ["registries", "register", "third-parties", "entry-points", "authorisation"];
        for (text, expected) in [
            ("registeries", Some("registries")),
            ("registry", Some("register")),
            ("thirdParties", Some("third-parties")),
            ("entry_points", Some("entry-points")),
            ("authorization", Some("authorisation")),
            ("zebra", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, allowed), expected, "{text}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), allowed), None);
    }

    #[test]
    fn distances() {
        for (one, other, expected) in [
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("ca", "abc", 3),
            ("valut", "vault", 1),
            ("kitten", "sitting", 3),
        ] {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(distance(&chars(one), &chars(other)), expected, "{one} {other}");
        }
    }
}
