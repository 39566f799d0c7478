//! Whatever a control file holds, reading and compiling it ends in an answer.

use proptest::prelude::*;

use crate::cel::Program;
use crate::control::Control;

/// Pieces that make random text look like a control.
const PIECES: &[&str] = &[
    "---\n",
    "id: A1\n",
    "title: a\n",
    "severity: low\n",
    "kinds: [Pod]\n",
    "message: x\n",
    "each: a.*\n",
    "# a\n",
    "## Policy\n",
    "## Fix\n",
    "## Examples\n",
    "```cel\n",
    "```query\n",
    "```\n",
    "true\n",
    "has(object.a)",
    "&&",
    "||",
    "?",
    ":",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    ".all(x, ",
    "in",
    "declaration",
    "object",
    "\\",
    "\u{e9}",
    "日本",
    "\r\n",
    "\t",
    "1",
    "u",
    "0x",
    "r'",
    "b'",
    "''' ",
    "//",
    "-",
    "!",
    "`",
    "%",
    "lines=2",
    "yaml kubernetes fail\n",
    ": &a [*a]\n",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![prop::sample::select(PIECES).prop_map(str::to_owned), "\\PC{0,3}"],
        0..24,
    )
    .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in pieces()) {
        for flawed in [Control::read("a/b.md", text.clone(), None, None).map(|control| control.check())] {
            if let Err(faults) = flawed {
                prop_assert!(!faults.is_empty());
            }
        }
    }

    #[test]
    fn any_policy_is_compiled_or_refused(source in pieces()) {
        if let Err(flaws) = Program::compile(&source) {
            prop_assert!(!flaws.is_empty());
            prop_assert!(flaws.iter().all(|(offset, _)| *offset <= source.len()), "{:?} {:?}", source, flaws);
        }
    }
}

#[test]
fn deep_and_long_policies_are_refused() {
    let deep = format!("{}true{}", "(".repeat(3000), ")".repeat(3000));
    let chain = format!("1{} == 2", "+1".repeat(3900));
    let long = "true || ".repeat(2000) + "true";
    let nested = format!("{}true", "!".repeat(7000));
    for source in [deep, chain, long, nested] {
        let length = source.len();
        assert!(Program::compile(&source).is_err() || length < 8_000, "{length} bytes");
    }
}
