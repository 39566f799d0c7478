//! Patterns over names: Fargate profiles, declared classes.

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters (slashes too) and `?`
/// for one.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut rest) = (pattern.chars(), text.chars());
    // Where to go on after the last `*`: the pattern behind it, and the text that it has not taken yet.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let (before, character) = (rest.clone(), rest.next());
        match (pattern.next(), character) {
            (Some('*'), _) => {
                rest = before.clone();
                retry = Some((pattern.clone(), before));
            }
            (None, None) => return true,
            (Some('?'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => {
                let Some((after, taken)) = &mut retry else { return false };
                if taken.next().is_none() {
                    return false;
                }
                (pattern, rest) = (after.clone(), taken.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[track_caller]
    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        for text in yes {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for text in no {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn stars_stand_for_any_run() {
        check("cde", &["cde"], &["cde2", "", "c"]);
        check("cde-*", &["cde-", "cde-a-b"], &["cde", "xcde-a"]);
        check("*", &["", "a/b"], &[]);
        check("*/x[Deploy*]", &["a/x[Deployment]", "a/b/x[Deploy]"], &["x[Deployment]"]);
        check("a*b*c", &["abc", "aXbYbZc"], &["ab", "acb"]);
        check("v-?", &["v-1", "v-é"], &["v-", "v-12"]);
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        let pattern = "*a".repeat(200);
        assert!(!glob(&pattern, &"a".repeat(199)));
        assert!(glob(&pattern, &"a".repeat(2_000)));
    }
}
