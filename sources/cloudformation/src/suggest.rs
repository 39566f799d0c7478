//! "Did you mean": the known name nearest to a wrong one.

/// Longer names are not compared: the cost is quadratic.
const LONGEST: usize = 64;
/// Candidates looked at; enough for any template by hand.
const CANDIDATES: usize = 2_000;

/// The candidate nearest to `wrong`, if it is near; of equals the first by name.
pub(crate) fn nearest<'a>(wrong: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > LONGEST {
        return None;
    }
    let wrong: Vec<char> = wrong.chars().map(|one| one.to_ascii_lowercase()).collect();
    let limit = (wrong.len() / 3).max(1);
    candidates
        .take(CANDIDATES)
        .filter(|candidate| {
            candidate.len().abs_diff(wrong.len()) <= limit.max(2) && candidate.len() <= LONGEST
        })
        .map(|candidate| (distance(&wrong, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?`, or `otherwise`.
pub(crate) fn help<'a>(
    wrong: &str,
    candidates: impl Iterator<Item = &'a str>,
    otherwise: impl Into<String>,
) -> String {
    nearest(wrong, candidates).map_or_else(|| otherwise.into(), |name| format!("did you mean `{name}`?"))
}

/// Insertions, deletions, replacements and swaps of neighbours that make one of the other.
fn distance(wrong: &[char], candidate: &str) -> usize {
    let width = wrong.len() + 1;
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (vec![0; width], (0..width).collect());
    let mut previous = '\0';
    for (row, one) in candidate.chars().map(|one| one.to_ascii_lowercase()).enumerate() {
        let mut next = Vec::with_capacity(width);
        next.push(row + 1);
        let at = |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX - 1);
        for (column, other) in wrong.iter().enumerate() {
            let replaced = at(&last, column) + usize::from(one != *other);
            let mut best = replaced.min(at(&last, column + 1) + 1).min(at(&next, column) + 1);
            let left = column.checked_sub(1).and_then(|left| wrong.get(left));
            if row > 0 && left == Some(&one) && *other == previous {
                best = best.min(at(&before, column.saturating_sub(1)) + 1);
            }
            next.push(best);
        }
        previous = one;
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wrong: &str, expected: Option<&str>) {
        let names = ["Environment", "Subnets", "VpcId", "VaultKey"];
        assert_eq!(nearest(wrong, names.into_iter()), expected, "{wrong}");
    }

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        check("Enviroment", Some("Environment"));
        check("VpcID", Some("VpcId"));
        check("VpcDi", Some("VpcId"));
        check("vaultkey", Some("VaultKey"));
        check("Cluster", None);
        check("", None);
        check(&"VpcId".repeat(100), None);
    }
}
