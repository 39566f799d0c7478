//! An example as an estate.

use ringfence_cloudformation::{Inputs, Template};
use ringfence_controls::{Catalogue, Control, Evaluation, Example, Format, Selection};
use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{Answer, Queries, ScopeFacts};
use ringfence_model::{Diagnostic, Estate, EstateBuilder, FileId, Finding, Resource};
use ringfence_reach::{Profile, Reach};
use ringfence_text::Budget;

/// What an example reads into.
pub(crate) struct Input {
    resources: Vec<Resource>,
    texts: Vec<(&'static str, String)>,
    declaration: Declaration,
    diagnostics: Vec<Diagnostic>,
    declaration_file: Option<FileId>,
}

impl Input {
    pub(crate) fn of(example: &Example<'_>) -> Self {
        let mut builder = EstateBuilder::default();
        let mut diagnostics = Vec::new();
        let mut texts = vec![("example", example.text.to_owned())];
        let file = builder.sources_mut().add("example", example.text);
        let (documents, found) = ringfence_text::read(file, example.text, &Budget::default());
        diagnostics.extend(found);
        let mut resources = Vec::new();
        let mut take = |(more, found): (Vec<Resource>, Vec<Diagnostic>)| {
            resources.extend(more);
            diagnostics.extend(found);
        };
        match example.format {
            Format::Kubernetes => documents.into_iter().for_each(|one| take(ringfence_kubernetes::read(one))),
            Format::Terraform => {
                documents.into_iter().for_each(|one| take(ringfence_terraform::read(one, "plan")))
            }
            Format::CloudFormationYaml | Format::CloudFormationJson => {
                let template = |document| Template {
                    stack: "example".into(),
                    path: "".into(),
                    document,
                    account: None,
                    region: None,
                };
                take(ringfence_cloudformation::read(
                    documents.into_iter().map(template).collect(),
                    &Inputs::default(),
                ));
            }
        }
        let mut declaration = Declaration::default();
        let mut declaration_file = None;
        if let Some((text, _)) = example.declaration {
            texts.push(("ringfence.yaml", text.to_owned()));
            let file = builder.sources_mut().add("ringfence.yaml", text);
            declaration_file = Some(file);
            let (documents, found) = ringfence_text::yaml(file, text, &Budget::default());
            diagnostics.extend(found);
            for document in &documents {
                let (read, found) = ringfence_declaration::read(file, document);
                declaration = read;
                diagnostics.extend(found);
            }
        }
        Self { resources, texts, declaration, diagnostics, declaration_file }
    }

    /// The resources as the sources read them, before they are joined.
    pub(crate) fn resources(&self) -> &[Resource] {
        &self.resources
    }

    pub(crate) fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    pub(crate) fn judge(&self, catalogue: &Catalogue, control: &Control) -> Evaluation {
        self.judge_with(catalogue, control, self.resources.clone())
    }

    /// Judges other resources in place of those of the example.
    pub(crate) fn judge_with(
        &self,
        catalogue: &Catalogue,
        control: &Control,
        resources: Vec<Resource>,
    ) -> Evaluation {
        let estate = self.estate(resources);
        let (reach, _) = Reach::new(&estate, Profile::Spec);
        let (computed, _) = ringfence_scope::scope(&estate, &self.declaration, &reach);
        let engines =
            Engines { estate: &estate, declaration: &self.declaration, reach: &reach, scope: &computed };
        let selection = Selection { all: true, ..Selection::of([&**control.id()]) };
        // An example is about the control; what it says of scope is not to switch the control off.
        let scope = ScopeFacts::default();
        catalogue.assess(&estate, &self.declaration, &scope, &engines, &selection)
    }

    fn estate(&self, resources: Vec<Resource>) -> Estate {
        let mut builder = EstateBuilder::default();
        for (path, text) in &self.texts {
            builder.sources_mut().add(*path, text.as_str());
        }
        builder.extend(resources);
        builder.finish().0
    }

    /// Whether a finding points into the declaration, and at which line; line 0 where it points nowhere.
    pub(crate) fn place(&self, finding: &Finding) -> (bool, usize) {
        let Some(location) = finding.locations.first() else { return (false, 0) };
        let declared = Some(location.file) == self.declaration_file;
        let text = self.texts.get(usize::from(declared)).map(|(_, text)| text.as_str()).unwrap_or_default();
        let before = text.get(..location.start as usize).unwrap_or(text);
        (declared, before.matches('\n').count() + 1)
    }
}

struct Engines<'a> {
    estate: &'a Estate,
    declaration: &'a Declaration,
    reach: &'a Reach,
    scope: &'a ScopeFacts,
}

impl Queries for Engines<'_> {
    fn ask(&self, query: &str) -> Option<Vec<Answer>> {
        self.reach
            .ask(query, self.estate)
            .or_else(|| ringfence_scope::ask(query, self.estate, self.declaration, self.scope, self.reach))
    }
}
