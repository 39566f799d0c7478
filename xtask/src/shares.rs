//! Medians and shares of the code: printed, never enforced.

use std::path::Path;

/// Lengths and shares of a set of files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shares {
    functions: Vec<usize>,
    files: Vec<usize>,
    lines: usize,
    test_lines: usize,
}

impl Shares {
    /// Counts one file.
    pub(crate) fn add(&mut self, path: &Path, text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        let below_tests = path.components().any(|part| part.as_os_str() == "tests");
        let is_test_file = below_tests || path.file_stem().is_some_and(|stem| stem == "tests");
        let tests_from = lines.iter().position(|line| line.trim() == "#[cfg(test)]").unwrap_or(lines.len());
        let tests_from = if is_test_file { 0 } else { tests_from };
        self.files.push(lines.len());
        self.lines += lines.len();
        self.test_lines += lines.len() - tests_from;
        self.functions.extend(function_lengths(lines.get(..tests_from).unwrap_or_default()));
    }

    /// One line for people.
    pub(crate) fn describe(mut self) -> String {
        let share = self.test_lines * 100 / self.lines.max(1);
        format!(
            "functions: median {} lines, longest {}; files: median {}, longest {}; tests: {share} % of {} lines",
            median(&mut self.functions),
            self.functions.last().copied().unwrap_or(0),
            median(&mut self.files),
            self.files.last().copied().unwrap_or(0),
            self.lines
        )
    }
}

/// Sorts, and gives the one in the middle.
fn median(lengths: &mut [usize]) -> usize {
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied().unwrap_or(0)
}

/// Lines from each `fn` to the brace that closes it, as rustfmt lays them out: at the same indent.
fn function_lengths(lines: &[&str]) -> Vec<usize> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lengths = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if !is_function(line) {
            continue;
        }
        let rest = lines.get(at..).unwrap_or_default();
        let end = rest.iter().position(|other| {
            indent(other) == indent(line)
                && (other.trim() == "}" || (*other == *line && other.ends_with('}')))
        });
        let declared_only =
            rest.iter().take_while(|other| !other.contains('{')).any(|other| other.trim_end().ends_with(';'));
        if let (Some(end), false) = (end, declared_only) {
            lengths.push(end + 1);
        }
    }
    lengths
}

fn is_function(line: &str) -> bool {
    let words = line.trim_start();
    let rest = ["pub(crate) ", "pub ", "const "]
        .iter()
        .fold(words, |words, word| words.strip_prefix(word).unwrap_or(words));
    rest.starts_with("fn ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_counted_from_their_name_to_their_brace() {
        let text = "fn a() {\n    b();\n}\n\nimpl X {\n    pub(crate) fn c() {}\n    fn d(\n        x: u8,\n    ) -> u8 {\n        x\n    }\n}\n";
        assert_eq!(function_lengths(&text.lines().collect::<Vec<_>>()), [3, 1, 5]);
    }

    #[test]
    fn test_lines_are_told_apart() {
        let mut shares = Shares::default();
        shares.add(Path::new("a/src/b.rs"), "fn a() {}\n#[cfg(test)]\nmod tests {\n}\n");
        shares.add(Path::new("a/tests/b.rs"), "fn a() {}\n");
        assert_eq!((shares.lines, shares.test_lines, shares.functions.len()), (5, 4, 1));
    }
}
