//! "Did you mean": the nearest of what is known.

/// Nobody mistypes more letters of a name, and distances cost the product of the lengths.
const LONGEST: usize = 64;
/// Words looked at; enough for anything that people write by hand.
const CANDIDATES: usize = 2_000;

/// The word nearest to `text`, if it is near enough to be meant; of equally near ones the first by name.
/// Case and separators do not count.
///
/// Callers that answer many wrong names bound how often they ask.
pub fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = plain(text);
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    let ranked = known.into_iter().take(CANDIDATES).filter_map(|word| Some((rank(&text, word)?, word)));
    ranked.min().map(|(_, word)| word)
}

fn rank(text: &[char], word: &str) -> Option<usize> {
    let word = plain(word);
    let allowed = (word.len().min(text.len()) / 3).clamp(1, 4);
    // `port` for `ports`, `retain` for `retention`: a long common beginning counts as near.
    let starts = text.len() >= 4 && word.starts_with(text);
    if word.len().abs_diff(text.len()) > allowed && !starts {
        return None;
    }
    let distance = distance(text, &word);
    (distance <= allowed || starts).then_some(distance)
}

/// The beginning without case and separators: `thirdParties` and `third_parties` are `third-parties`.
fn plain(text: &str) -> Vec<char> {
    let letters = text.chars().filter(|character| !"-_ ".contains(*character));
    letters.flat_map(char::to_lowercase).take(LONGEST + 1).collect()
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
    fn the_nearest_is_found_if_it_is_near() {
        let known = [
            "registries",
            "register",
            "third-parties",
            "entry-points",
            "authorisation",
            "Environment",
            "VpcId",
            "VaultKey",
        ];
        for (text, expected) in [
            ("registeries", Some("registries")),
            ("registry", Some("register")),
            ("thirdParties", Some("third-parties")),
            ("entry_points", Some("entry-points")),
            ("authorization", Some("authorisation")),
            ("Enviroment", Some("Environment")),
            ("VpcID", Some("VpcId")),
            ("VpcDi", Some("VpcId")),
            ("vaultkey", Some("VaultKey")),
            ("zebra", None),
            ("Cluster", None),
            ("", None),
            ("---", None),
        ] {
            assert_eq!(nearest(text, known), expected, "{text}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), known), None);
    }

    #[test]
    fn of_equally_near_words_the_first_by_name_is_found() {
        assert_eq!(nearest("port", ["sort", "fort"]), Some("fort"));
        assert_eq!(nearest("port", ["fort", "sort"]), Some("fort"));
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
