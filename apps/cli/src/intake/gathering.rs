//! Files into documents, documents to the source that reads them, and all of it into one estate.

use std::path::Path;

use ringfence_cloudformation::{Inputs, Parameter, Template};
use ringfence_kubernetes as kubernetes;
use ringfence_model::declaration::SourceEntry;
use ringfence_model::{Diagnostic, EstateBuilder, Field, FileId, Location, Node, Text, Value};
use ringfence_text::Budget;
use rustc_hash::FxHashSet;

use super::declared::{self, Declared};
use super::file::{self, is_worth_reading, promises};
use super::roots::{self, Root, Tool};
use super::walk::{Found, Walked};
use super::{Intake, Skipped, led_back, unreadable};
use crate::arguments::Input;
use crate::exit::Failure;

/// Everything read so far.
pub(crate) struct Gathering<'a> {
    builder: EstateBuilder,
    declared: &'a Declared,
    roots: Vec<Root>,
    templates: Vec<Template>,
    stacks: FxHashSet<Text>,
    /// Paths of the plans, since a plan makes the `.tf` files beside it superfluous.
    plans: Vec<String>,
    inputs: Inputs,
    diagnostics: Vec<Diagnostic>,
    recognised: usize,
    skipped: Skipped,
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Declaration,
    Template,
    Plan,
    Manifest,
    Other,
}

impl<'a> Gathering<'a> {
    /// Nothing read yet but the parameters of templates.
    pub(crate) fn new(
        mut builder: EstateBuilder,
        declared: &'a Declared,
        input: &Input,
    ) -> Result<Self, Failure> {
        let mut diagnostics = Vec::new();
        let inputs = inputs(input, &mut builder, &mut diagnostics)?;
        Ok(Self {
            builder,
            declared,
            roots: Vec::new(),
            templates: Vec::new(),
            stacks: FxHashSet::default(),
            plans: Vec::new(),
            inputs,
            diagnostics,
            recognised: 0,
            skipped: Skipped::default(),
        })
    }

    /// Reads every file of a walk.
    pub(crate) fn add_all(&mut self, walked: Walked) {
        self.skipped = walked.skipped;
        for (shown, why) in walked.failed {
            let file = self.builder.sources_mut().add_unread(shown.as_str());
            self.diagnostics.push(unreadable(file, &shown, &why));
        }
        for shown in walked.loops {
            let file = self.builder.sources_mut().add_unread(shown.as_str());
            self.diagnostics.push(led_back(file, &shown));
        }
        self.roots = roots::roots(&walked.files);
        for found in &walked.files {
            let name = found.shown.rsplit('/').next().unwrap_or_default();
            if self.declared.is(&found.path) {
                self.recognised += 1;
            } else if found.named || Tool::marked_by(name).is_none() {
                self.add(found);
            }
        }
    }

    fn add(&mut self, found: &Found) {
        if !found.named && file::only_quotes(&found.shown) {
            self.skipped.unrecognised += 1;
            return;
        }
        let bytes = match file::bytes(&found.path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let file = self.builder.sources_mut().add_unread(found.shown.as_str());
                return self.diagnostics.push(unreadable(file, &found.shown, &error.to_string()));
            }
        };
        let promised = found.named || promises(&found.shown);
        if !promised && file::looks_binary(&bytes) {
            self.skipped.unrecognised += 1;
            return;
        }
        match ringfence_text::decode(bytes) {
            Ok(text) if found.named || is_worth_reading(&text) => self.add_text(found, text),
            Err(refusal) if promised => {
                let file = self.builder.sources_mut().add_unread(found.shown.as_str());
                self.diagnostics.push(refusal.diagnostic(file));
            }
            _ => self.skipped.unrecognised += 1,
        }
    }

    fn add_text(&mut self, found: &Found, text: String) {
        let unrendered = ringfence_text::looks_unrendered(&text);
        let file = self.builder.sources_mut().add(found.shown.as_str(), text);
        let text = self.builder.sources_mut().file(file).map(|file| file.text().clone()).unwrap_or_default();
        let (mut documents, diagnostics) = ringfence_text::read(file, &text, &Budget::default());
        let is_raw = self.roots.iter().any(|root| root.owns_manifest(found));
        if is_raw {
            let all = documents.len();
            documents.retain(|document| matches!(form(document), Form::Template | Form::Plan));
            self.skipped.unrendered += (all - documents.len()).max(1);
            if documents.is_empty() {
                return;
            }
        }
        match unrendered.filter(|_| !diagnostics.is_empty()) {
            Some(offset) => {
                self.diagnostics.push(template_mark(Location::new(file, offset, offset + 2), &found.shown));
            }
            None => self.diagnostics.extend(diagnostics),
        }
        self.documents(found, file, documents);
    }

    fn documents(&mut self, found: &Found, file: FileId, documents: Vec<Node>) {
        let before = self.recognised;
        let source = self.declared.source(&found.path);
        let manifests = documents.iter().any(|document| form(document) == Form::Manifest);
        for document in documents {
            match form(&document) {
                Form::Template => self.template(found, source, document),
                Form::Plan => self.plan(found, source, document),
                Form::Declaration => {
                    self.recognised += 1;
                    self.diagnostics.push(unused_declaration(file));
                }
                Form::Manifest => self.manifest(source, document),
                // A stream of manifests: what is none among them is a mistake, and is said to be one.
                Form::Other if manifests && document.value != Value::Null => self.manifest(source, document),
                Form::Other => {}
            }
        }
        if self.recognised == before {
            self.skipped.unrecognised += 1;
        }
    }

    fn manifest(&mut self, source: Option<&SourceEntry>, document: Node) {
        if let Some(diagnostic) = eksctl(&document) {
            self.recognised += 1;
            self.diagnostics.push(diagnostic);
            return;
        }
        let (mut resources, diagnostics) = kubernetes::read(document);
        if let Some(cluster) = source.and_then(|source| source.cluster.clone()) {
            resources.iter_mut().for_each(|resource| resource.place.cluster = Some(cluster.clone()));
        }
        // One that is refused was recognised all the same: it must not count as a file of something else.
        self.recognised += resources.len().max(1);
        self.builder.extend(resources);
        self.diagnostics.extend(diagnostics);
    }

    fn template(&mut self, found: &Found, source: Option<&SourceEntry>, document: Node) {
        let declared = source.and_then(|source| source.stack.clone());
        let stack = declared.unwrap_or_else(|| self.stack_name(&found.shown));
        self.recognised += 1;
        self.templates.push(Template {
            stack,
            path: found.shown.as_str().into(),
            document,
            account: source.and_then(|source| source.account.clone()),
            region: source.and_then(|source| source.region.clone()),
        });
    }

    /// The stem of the file; the path where two files have the same one.
    fn stack_name(&mut self, shown: &str) -> Text {
        let name = shown.rsplit('/').next().unwrap_or(shown);
        let stem: Text = name.rsplit_once('.').map_or(name, |(stem, _)| stem).into();
        if self.stacks.insert(stem.clone()) { stem } else { shown.into() }
    }

    fn plan(&mut self, found: &Found, source: Option<&SourceEntry>, document: Node) {
        let (mut resources, diagnostics) = ringfence_terraform::read(document, &found.shown);
        if let Some(source) = source {
            for place in resources.iter_mut().map(|resource| &mut resource.place) {
                place.account = place.account.take().or_else(|| source.account.clone());
                place.region = place.region.take().or_else(|| source.region.clone());
            }
        }
        self.recognised += 1;
        self.plans.push(found.shown.clone());
        self.builder.extend(resources);
        self.diagnostics.extend(diagnostics);
    }

    /// Joins everything.
    pub(crate) fn finish(mut self, declared: &Declared) -> Intake {
        self.report_roots();
        let (resources, diagnostics) =
            ringfence_cloudformation::read(std::mem::take(&mut self.templates), &self.inputs);
        self.builder.extend(resources);
        self.diagnostics.extend(diagnostics);
        let (estate, diagnostics) = self.builder.finish();
        self.diagnostics.extend(diagnostics);
        self.diagnostics.extend(declared.diagnostics.iter().cloned());
        Intake {
            estate,
            declaration: declared.declaration.clone(),
            diagnostics: self.diagnostics,
            recognised: self.recognised,
            skipped: self.skipped,
        }
    }

    fn report_roots(&mut self) {
        for root in std::mem::take(&mut self.roots) {
            let planned = self.plans.iter().any(|plan| root.is_planned_by(plan));
            if !planned {
                let marker = self.builder.sources_mut().add_unread(root.marker());
                self.diagnostics.push(root.diagnostic(marker));
            }
        }
    }
}

fn form(document: &Node) -> Form {
    if declared::is_declaration(document) {
        Form::Declaration
    } else if ringfence_terraform::recognises(document) {
        Form::Plan
    } else if ringfence_cloudformation::recognises(document) {
        Form::Template
    } else if is_manifest(document) {
        Form::Manifest
    } else {
        Form::Other
    }
}

/// Two of the keys that every object has: enough to be sure, even where one of them is wrong.
fn is_manifest(document: &Node) -> bool {
    let has = |key: &str| document.child(key) != Field::Absent;
    kubernetes::recognises(document)
        || kubernetes::unrendered(document).is_some()
        || (has("apiVersion") && (has("kind") || has("metadata") || has("spec")))
        || (has("kind") && has("metadata"))
}

fn template_mark(location: Location, shown: &str) -> Diagnostic {
    Diagnostic::error("not-rendered", format!("`{shown}` is a template that is not rendered"))
        .at(location)
        .help("render it first, e.g. `helm template CHART | ringfence assess -`")
}

fn unused_declaration(file: FileId) -> Diagnostic {
    Diagnostic::warning("declaration-not-used", "this declaration is not the one in use")
        .at(Location::start_of(file))
        .help("name it with --config, or assess its folder alone")
}

fn eksctl(document: &Node) -> Option<Diagnostic> {
    document.text("apiVersion").filter(|version| version.starts_with("eksctl.io/"))?;
    Some(
        Diagnostic::error("not-rendered", "an eksctl configuration is not evaluated")
            .at(document.get("apiVersion").and_then(Node::location))
            .help("assess the templates it makes: `aws cloudformation get-template --stack-name eksctl-NAME-cluster`"),
    )
}

/// Template parameters from the command line and from files.
fn inputs(
    input: &Input,
    builder: &mut EstateBuilder,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Inputs, Failure> {
    let mut parameters = Vec::new();
    for path in &input.parameters {
        parameters.extend(parameters_of(path, builder, diagnostics)?);
    }
    for text in &input.parameter {
        parameters.push(parameter(text)?);
    }
    let text = |value: &Option<String>| value.as_deref().map(Text::from);
    Ok(Inputs { parameters, account: text(&input.account), region: text(&input.region) })
}

fn parameter(text: &str) -> Result<Parameter, Failure> {
    let usage = || {
        Failure::usage(
            format!("`{text}` is no parameter"),
            "write `--parameter KEY=VALUE`, or `--parameter STACK:KEY=VALUE` for one stack",
        )
    };
    let (name, value) = text.split_once('=').ok_or_else(usage)?;
    let (stack, key) = match name.split_once(':') {
        Some((stack, key)) => (Some(Text::from(stack)), key),
        None => (None, name),
    };
    if key.is_empty() || stack.as_deref() == Some("") {
        return Err(usage());
    }
    Ok(Parameter { stack, key: key.into(), value: value.into() })
}

fn parameters_of(
    path: &Path,
    builder: &mut EstateBuilder,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Vec<Parameter>, Failure> {
    let shown = super::walk::shown(path);
    let refuse =
        |why: String| Failure::usage(format!("`{shown}` cannot be read: {why}"), "name a JSON or YAML file");
    let bytes = file::bytes(path).map_err(|error| refuse(error.to_string()))?;
    let text = ringfence_text::decode(bytes)
        .map_err(|refusal| refuse(format!("byte {} is no text", refusal.offset())))?;
    let file = builder.sources_mut().add(shown.as_str(), text.as_str());
    let (documents, found) = ringfence_text::read(file, &text, &Budget::default());
    diagnostics.extend(found);
    let mut parameters = Vec::new();
    for document in &documents {
        let (read, found) = ringfence_cloudformation::parameters_file(document);
        parameters.extend(read);
        diagnostics.extend(found);
    }
    Ok(parameters)
}
