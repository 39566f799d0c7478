//! What holds for every input: the bodies of property tests and the fuzz target.

use ringfence_model::{Diagnostic, Node, Resource, Sources};
use ringfence_text::Budget;

use crate::{Inputs, Template, parameters_file, read, recognises};

/// Reads `text` as a template and as a file of parameters. Nothing panics, and the same text gives the same answer.
pub fn text(text: &str) {
    let file = Sources::default().add("property", text);
    let (documents, _) = ringfence_text::read(file, text, &Budget::default());
    trees(&documents);
}

/// The same for documents made otherwise.
pub fn trees(documents: &[Node]) {
    for document in documents {
        recognises(document);
    }
    let parameters = documents.iter().flat_map(|document| parameters_file(document).0).collect();
    let given = Inputs { parameters, account: Some("111122223333".into()), region: Some("eu-west-1".into()) };
    for inputs in [Inputs::default(), given] {
        let (first, second) = (run(documents, &inputs), run(documents, &inputs));
        assert!(first.1 == second.1, "the same input gives the same diagnostics");
        let same = |(one, other): (&Resource, &Resource)| one.body == other.body && one.name == other.name;
        assert!(first.0.len() == second.0.len() && first.0.iter().zip(&second.0).all(same), "and resources");
    }
}

fn run(documents: &[Node], inputs: &Inputs) -> (Vec<Resource>, Vec<Diagnostic>) {
    let template = |document: &Node| Template {
        stack: "property".into(),
        path: "property.yaml".into(),
        document: document.clone(),
        account: None,
        region: None,
    };
    read(documents.iter().map(template).collect(), inputs)
}
