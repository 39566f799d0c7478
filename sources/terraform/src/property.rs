//! What holds for every input; the body of the fuzz target and of the property tests.

#[cfg(test)]
mod tests;

use ringfence_model::{Diagnostic, Node, Resource, Sources};
use ringfence_text::Budget;

/// Reads any text as plans.
pub fn text(text: &str) {
    let file = Sources::default().add("fuzz.json", text);
    let budget = Budget { diagnostics: 4, ..Budget::default() };
    ringfence_text::json(file, text, &budget).0.into_iter().for_each(tree);
}

/// Reads any tree as a plan, recognised or not. Nothing panics, and the same tree gives the same answer.
pub fn tree(document: Node) {
    crate::recognises(&document);
    crate::sensitive(&document);
    let (first, second) = (crate::read(document.clone(), "fuzz"), crate::read(document, "fuzz"));
    assert!(first.1 == second.1, "the same plan gives the same diagnostics");
    assert!(described(&first) == described(&second), "and resources");
}

fn described(read: &(Vec<Resource>, Vec<Diagnostic>)) -> Vec<(&str, &Node)> {
    read.0.iter().map(|one| (one.address.as_deref().unwrap_or_default(), &one.body)).collect()
}
