//! The parser's errors in our words.

use saphyr_parser::ScanError;

use crate::fault::Fault;

/// What a person can do, by a piece of the parser's message.
const ADVICE: &[(&str, &str)] = &[
    ("tab", "indent with spaces"),
    ("escape", "write `\\\\` for a backslash, or use single quotes"),
    ("quoted scalar", "close the quotes where the text ends"),
    ("simple key expect", "write `:` and a value after the key, or quote the text"),
    ("mapping values are not allowed", "quote the text if it holds `: `, and indent keys of one map alike"),
    ("indentation", "indent keys and items of one block alike"),
    ("anchor", "add the anchor before its alias"),
    ("unexpected character", "quote the text"),
    ("bracket", "remove the bracket or open it before"),
    ("did not find expected ',' or", "close the bracket, or quote the text"),
    ("document start", "part documents with `---`, and indent keys of one map alike"),
    ("did not find expected key", "indent keys of one map alike"),
    ("unprintable", "remove the control character"),
];

const HELP: &str = "correct the YAML here or just before";

/// An error of the parser at byte `at` of the file.
pub(super) fn fault(error: &ScanError, at: usize) -> Box<Fault> {
    let info = error.info();
    if info.contains("recursion limit") {
        let message = "more than 255 maps and lists in brackets inside each other";
        return Fault::new("too-deep", at, at + 1, message).help("nest less deeply");
    }
    if info.contains("unknown anchor") {
        let message = "the alias has no anchor in this document";
        return Fault::new("unknown-alias", at, at + 1, message)
            .help("write the value out, or add the anchor before it");
    }
    let advice = ADVICE.iter().find(|(piece, _)| info.contains(piece)).map_or(HELP, |(_, advice)| advice);
    let info = info.replace('\'', "`");
    Fault::new("yaml-syntax", at, at + 1, format!("the YAML is not valid: {info}")).help(advice)
}
