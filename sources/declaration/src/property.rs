//! What holds for every input: the bodies of property tests and the fuzz target.

use ringfence_model::Sources;
use ringfence_text::Budget;

/// Reads any text as a declaration: every diagnostic has a place and says what to do.
pub fn text(text: &str) {
    let mut sources = Sources::default();
    let file = sources.add("ringfence.yaml", text);
    let (documents, _) = ringfence_text::read(file, text, &Budget::default());
    for document in &documents {
        let (_, diagnostics) = crate::read(file, document);
        assert!(diagnostics.iter().all(|one| one.location.is_some() && one.help.is_some()));
    }
}
