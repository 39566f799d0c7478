//! The properties on seeded input.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

/// The same cases every time; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` ask for others.
fn config() -> ProptestConfig {
    let given = ProptestConfig::default();
    let rng_seed = match given.rng_seed {
        RngSeed::Random => RngSeed::Fixed(0x7269_6e67),
        given => given,
    };
    ProptestConfig { failure_persistence: None, cases: given.cases * 8, rng_seed, ..given }
}

/// Pieces of selectors, and what is none.
const WORDS: &[&str] = &[
    "a",
    "b",
    "app/x.y",
    "==",
    "!=",
    "=",
    "in",
    "not in",
    "notin",
    "{",
    "}",
    ",",
    "'x'",
    "\"xy\"",
    "'",
    "has(a)",
    "has(",
    "all()",
    "global( )",
    "(",
    ")",
    "!",
    "&&",
    "||",
    "&",
    " ",
    "\t",
    "\n",
    "é",
    "contains",
    "starts with",
    "ends with",
    "a == 'x'",
    "b in {'x', ''}",
    "a contains 'x'",
];

const TERMS: &[&str] = &[
    "a == 'x'",
    "a != \"xy\"",
    "b not in {'x', 'y'}",
    "a starts with 'x'",
    "a ends with \"y\"",
    "has(b)",
    "a in {'x', \"it's\"}",
    "all()",
];

/// Any text, texts that nearly are selectors, and selectors.
fn selector() -> impl Strategy<Value = String> {
    let near = vec(select(WORDS), 0..12).prop_map(|words| words.join(" "));
    let term = select(TERMS).prop_map(str::to_owned);
    let whole = term.prop_recursive(4, 24, 3, |inner| {
        let both = |operator: &'static str| {
            (inner.clone(), inner.clone()).prop_map(move |(a, b)| format!("({a}) {operator} {b}"))
        };
        prop_oneof![both("&&"), both("||"), inner.clone().prop_map(|inner| format!("!({inner})"))]
    });
    prop_oneof![1 => any::<String>(), 2 => near, 3 => whole]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn calico_selectors_read_back(text in selector()) {
        super::calico_selector(&text);
    }
}
