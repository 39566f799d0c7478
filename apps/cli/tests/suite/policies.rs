//! Policies with mistakes, from a fixed seed: each is refused with a place, or judges without a panic.

use ringfence_controls::Catalogue;
use ringfence_model::Sources;

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Replaces, removes or doubles a character of `text`.
fn mistake(text: &str, state: &mut u64) -> String {
    let marks: Vec<char> = "(){}[].,?:!&|<>=+-*/\"' \naé0".chars().collect();
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=next(state) % 3 {
        let at = next(state) as usize % characters.len().max(1);
        match next(state) % 3 {
            0 => drop(characters.remove(at)),
            1 => characters.insert(at, marks[next(state) as usize % marks.len()]),
            _ => characters[at] = marks[next(state) as usize % marks.len()],
        }
    }
    characters.into_iter().collect()
}

#[test]
fn a_control_with_mistakes_is_located_or_runs() {
    let controls: Vec<String> =
        Catalogue::built_in().controls().map(|one| one.markdown().to_owned()).collect();
    let mut state = 2026;
    let mut refused = 0;
    for round in 0..1_000 {
        let text = mistake(&controls[round % controls.len()], &mut state);
        let mut sources = Sources::default();
        let file = sources.add("own.md", text.as_str());
        let diagnostics = Catalogue::default().add(file, "own/own.md", text.clone());
        refused += usize::from(!diagnostics.is_empty());
        for diagnostic in diagnostics {
            let location = diagnostic.location.unwrap_or_else(|| panic!("no place: {diagnostic:?}"));
            assert!(location.end as usize <= text.len() && location.file == file, "{diagnostic:?}");
        }
    }
    assert!((100..1_000).contains(&refused), "{refused} refused: mistakes must show, and not all are fatal");
}
