//! What holds for every input: the bodies of property tests and the fuzz target.

use ringfence_model::Sources;
use ringfence_text::Budget;

/// Reads any text as manifests: every resource has a name, every diagnostic a place.
pub fn text(text: &str) {
    let mut sources = Sources::default();
    let file = sources.add("property.yaml", text);
    let (documents, _) = ringfence_text::read(file, text, &Budget::default());
    for document in documents {
        let (resources, diagnostics) = crate::read(document);
        assert!(resources.iter().all(|resource| !resource.name.is_empty()));
        assert!(diagnostics.iter().all(|one| one.location.is_some()));
    }
}
