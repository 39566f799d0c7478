//! Tests of the whole crate on real YAML: fixtures that carry their errors beside the line.

mod drafting;
mod errors;
mod examples;
mod properties;
mod reading;

use ringfence_model::declaration::Declaration;
use ringfence_model::{Diagnostic, Level, Node, Sources};
use ringfence_text::Budget;

/// A fixture as it was read.
struct Read {
    sources: Sources,
    document: Node,
    declaration: Declaration,
    diagnostics: Vec<Diagnostic>,
}

impl Read {
    fn new(text: &str) -> Self {
        let mut sources = Sources::default();
        let file = sources.add("ringfence.yaml", text);
        let (mut documents, unread) = ringfence_text::read(file, text, &Budget::default());
        assert_eq!(unread, [], "the fixture is no YAML");
        assert_eq!(documents.len(), 1, "the fixture is one document");
        let document = documents.remove(0);
        let (declaration, diagnostics) = crate::read(file, &document);
        Self { sources, document, declaration, diagnostics }
    }

    fn line(&self, diagnostic: &Diagnostic) -> usize {
        self.sources.position(diagnostic.location.expect("every diagnostic has a place")).line as usize
    }

    /// `line: message; help`, one a diagnostic.
    fn told(&self) -> Vec<String> {
        let tell = |one: &Diagnostic| {
            assert_eq!(one.level, Level::Error);
            let help = one.help.as_deref().expect("every error says what to do");
            format!("{}: {}; {help}", self.line(one), one.message)
        };
        self.diagnostics.iter().map(tell).collect()
    }
}

/// What a text without errors says.
#[track_caller]
fn declared(text: &str) -> Declaration {
    let read = Read::new(&format!("schema: ringfence.declaration/1\n{text}"));
    assert_eq!(read.told(), [""; 0]);
    read.declaration
}
