//! References as `configuration` writes them: `module.keys["a"].arn`, `aws_subnet.s[0].id`, `var.x`.

/// One step of a reference: a name and the index behind it, with its brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    /// The name.
    pub(crate) name: &'a str,
    /// The index, e.g. `["a"]`; empty where there is none.
    pub(crate) index: &'a str,
}

/// The steps of `reference`. Dots inside brackets do not end a step.
pub(crate) fn segments(reference: &str) -> Vec<Segment<'_>> {
    let mut found = Vec::new();
    let mut rest = reference;
    while !rest.is_empty() {
        let end = step_end(rest);
        let (step, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (name, index) = split_index(step);
        found.push(Segment { name, index });
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    found
}

/// `name["a"]` into `name` and `["a"]`.
pub(crate) fn split_index(step: &str) -> (&str, &str) {
    step.find('[').and_then(|at| step.split_at_checked(at)).unwrap_or((step, ""))
}

/// Where the first step of `text` ends: at the first dot outside brackets and quotes.
fn step_end(text: &str) -> usize {
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_usize);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            // A dot at the very start would make no progress.
            '.' if !quoted && depth == 0 && at > 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// Drops every reference that the one before it includes: Terraform lists `a.b.c`, `a.b`, `a`.
pub(crate) fn longest<'a>(references: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut kept: Vec<&str> = Vec::new();
    for reference in references {
        let included = |longer: &&str| {
            longer.strip_prefix(reference).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        if !kept.last().is_some_and(included) {
            kept.push(reference);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reference: &str, expected: &[(&str, &str)]) {
        let found: Vec<_> = segments(reference).iter().map(|step| (step.name, step.index)).collect();
        assert_eq!(found, expected, "{reference}");
    }

    #[test]
    fn a_reference_has_steps() {
        check("aws_kms_key.vault.arn", &[("aws_kms_key", ""), ("vault", ""), ("arn", "")]);
        check(r#"module.a["x.y"].key"#, &[("module", ""), ("a", r#"["x.y"]"#), ("key", "")]);
        check(r#"a.b["]\"."].c"#, &[("a", ""), ("b", r#"["]\"."]"#), ("c", "")]);
        check("a[0][1].b", &[("a", "[0][1]"), ("b", "")]);
        check("", &[]);
        check("..", &[(".", "")]);
        check("a[\"", &[("a", "[\"")]);
    }

    #[test]
    fn shorter_forms_are_dropped() {
        let all = ["a.b[0].c", "a.b[0]", "a.b", "var.x", "a.bc"];
        assert_eq!(longest(all.into_iter()), ["a.b[0].c", "var.x", "a.bc"]);
    }
}
