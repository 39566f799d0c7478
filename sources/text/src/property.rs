//! What holds for every input: the bodies of property tests and fuzz targets.

use ringfence_model::{Diagnostic, FileId, Node, Sources, Value};

use crate::Budget;

mod random;

pub use random::Random;

/// Small bounds, so that they are reached.
pub const TIGHT: Budget = Budget { size: 1 << 20, depth: 20, nodes: 2_000, copies: 500, diagnostics: 8 };

/// Bytes become text or a refusal that lies within them.
pub fn decode(bytes: &[u8]) {
    match crate::decode(bytes.to_vec()) {
        Ok(text) => assert!(text.len() <= bytes.len() * 3 / 2, "text grows beyond UTF-16"),
        Err(refusal) => assert!(refusal.offset() <= bytes.len(), "offset beyond the file"),
    }
}

/// YAML, and what looks like YAML, is read within its bounds and located within its text.
pub fn yaml(text: &str) {
    both_budgets(text, crate::yaml);
    both_budgets(text, crate::read);
    yaml_readers_agree(text);
}

/// Both readers of YAML agree on every document that both can read, to the byte.
pub fn yaml_readers_agree(text: &str) {
    if let Some((usual, full)) = crate::yaml::both(file(), text) {
        assert_eq!(usual, full, "the usual form and the full parser differ on {text:?}");
    }
}

/// JSON, and what looks like JSON, is read within its bounds and located within its text.
pub fn json(text: &str) {
    both_budgets(text, crate::json);
    both_budgets(text, crate::read);
}

/// What JSON prints is read back, as JSON and as YAML.
pub fn json_reads_back(bytes: &[u8]) {
    let value = Random::new(bytes).value(8);
    let mut printed = String::new();
    random::print_json(&value, &mut printed);
    for (name, read) in [("json", crate::json as Read), ("yaml", crate::yaml), ("read", crate::read)] {
        let (nodes, diagnostics) = read(file(), &printed, &Budget::default());
        assert!(diagnostics.is_empty(), "{name} of {printed}: {diagnostics:?}");
        let same = |node: &Node| random::same(&value, node);
        assert!(nodes.len() == 1 && nodes.iter().all(same), "{name} of {printed}: {nodes:?}");
    }
}

/// A tree printed as block YAML is read back, and every value is located where it is printed.
pub fn yaml_reads_back(bytes: &[u8]) {
    let value = Random::new(bytes).value(8);
    let mut printed = String::new();
    random::print_yaml(&value, 0, &mut printed);
    yaml_readers_agree(&printed);
    let (nodes, diagnostics) = crate::yaml(file(), &printed, &Budget::default());
    assert!(diagnostics.is_empty(), "{printed}: {diagnostics:?}");
    let same = |node: &Node| random::same(&value, node);
    assert!(nodes.len() == 1 && nodes.iter().all(same), "{printed}: {nodes:?}");
}

type Read = fn(FileId, &str, &Budget) -> (Vec<Node>, Vec<Diagnostic>);

fn file() -> FileId {
    Sources::default().add("property", "")
}

fn both_budgets(text: &str, read: Read) {
    for budget in [Budget::default(), TIGHT] {
        let (nodes, diagnostics) = read(file(), text, &budget);
        assert!(diagnostics.len() <= budget.diagnostics + 1, "too many diagnostics");
        for diagnostic in &diagnostics {
            let places = diagnostic.related.iter().map(|(place, _)| *place).chain(diagnostic.location);
            assert!(diagnostic.location.is_some(), "no location: {diagnostic:?}");
            places.for_each(|place| within(text, place.start, place.end));
        }
        // Only aliases put a value before what is written before it.
        let in_order = !text.contains('*');
        let mut count = 0;
        nodes.iter().for_each(|node| count += check(text, node, in_order, &budget));
        assert!(count <= budget.nodes + budget.copies, "{count} values");
    }
}

/// Checks a document; how many values it holds.
fn check(text: &str, root: &Node, in_order: bool, budget: &Budget) -> usize {
    let mut pending = vec![(root, 0)];
    let (mut count, mut last) = (0, 0);
    while let Some((node, depth)) = pending.pop() {
        count += 1;
        assert!(depth <= budget.depth, "deeper than {}", budget.depth);
        let place = node.location().unwrap_or_else(|| unreachable!("a value without location"));
        within(text, place.start, place.end);
        assert!(!in_order || place.start >= last, "{node:?} starts before {last}");
        last = place.start;
        pending.extend(node.entries().iter().rev().map(|entry| (&entry.node, depth + 1)));
        pending.extend(node.items().iter().rev().map(|item| (item, depth + 1)));
        unique(node);
    }
    count
}

fn within(text: &str, start: u32, end: u32) {
    let piece = text.get(start as usize..end as usize);
    assert!(piece.is_some(), "{start}..{end} is no stretch of {text:?}");
}

fn unique(node: &Node) {
    let Value::Map(map) = &node.value else { return };
    let mut keys: Vec<&str> = map.entries().iter().map(|entry| &*entry.key).collect();
    keys.sort_unstable();
    assert!(!keys.windows(2).any(|pair| pair.first() == pair.last()), "a key stands twice: {keys:?}");
}

#[cfg(test)]
mod tests;
