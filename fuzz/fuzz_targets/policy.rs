//! Any text as the policy of a control: it is refused with a place, or judges without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringfence_controls::{Catalogue, Selection};
use ringfence_model::EstateBuilder;
use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{Answer, Queries, ScopeFacts};
use ringfence_text::Budget;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: a, labels: {x: \"{{ .Values.x }}\"}}\nspec:\n  hostPID: \"perhaps\"\n  containers: [{name: c, image: i, ports: [{containerPort: 80}]}, {name: d}]\n";

struct Nobody;

impl Queries for Nobody {
    fn ask(&self, _query: &str) -> Option<Vec<Answer>> {
        None
    }
}

fuzz_target!(|policy: &str| {
    let control = format!(
        "---\nid: XX01\nrow: XX01\ntitle: Any\nseverity: low\nkinds: [Pod]\neach: containers\nmessage: \"any\"\nrequirements:\n  pci-4.0.1: [2.2.6]\nstages: [manifest]\nsince: 0.1.0\n---\n# Any\n\n## What\nx\n\n## Why\nx\n\n## Fix\nx\n\n## Policy\n```cel\n{policy}\n```\n"
    );
    let mut builder = EstateBuilder::default();
    let file = builder.sources_mut().add("p.yaml", POD);
    let (documents, _) = ringfence_text::read(file, POD, &Budget::default());
    documents.into_iter().for_each(|document| builder.extend(ringfence_kubernetes::read(document).0));
    let (estate, _) = builder.finish();
    let mut catalogue = Catalogue::default();
    catalogue.add(file, "own/any.md", control);
    let (declaration, scope) = (Declaration::default(), ScopeFacts::default());
    catalogue.assess(&estate, &declaration, &scope, &Nobody, &Selection::default());
});
