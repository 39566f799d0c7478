//! The sections of a template, and how one is recognised.

use ringfence_model::{Cause, Diagnostic, Entry, Node, Value};

use crate::record::Record;
use crate::stack::not_run;
use crate::suggest;

/// Every section a template may have.
const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

/// Whether `document` is a CloudFormation template: it says so, or its resources have types like `AWS::S3::Bucket`.
///
/// A template with faults is still one, so that its faults are reported.
pub fn recognises(document: &Node) -> bool {
    let at = |key: &str| document.entries().iter().find(|entry| &*entry.key == key).map(|entry| &entry.node);
    if at("AWSTemplateFormatVersion").is_some() {
        return true;
    }
    at("Resources").is_some_and(|resources| {
        let mut entries = resources.entries().iter();
        let typed = |node: &Node| node.text("Type").is_some_and(|kind| kind.contains("::"));
        entries.any(|entry| typed(&entry.node) || crate::shape::is_for_each(&entry.key))
            || resources.items().iter().any(typed)
    })
}

/// The sections that are read.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    pub(crate) transform: Option<Node>,
    pub(crate) parameters: Vec<Entry>,
    pub(crate) mappings: Vec<Entry>,
    pub(crate) conditions: Vec<Entry>,
    pub(crate) resources: Vec<Entry>,
    pub(crate) outputs: Vec<Entry>,
    /// That an include may add names to a section.
    pub(crate) included: Option<Cause>,
}

impl Sections {
    /// Takes `document` apart. `Rules`, `Metadata` and the like have no effect on what is deployed.
    pub(crate) fn of(document: Node, record: &mut Record) -> Self {
        let mut sections = Self::default();
        let start = document.location();
        let Value::Map(map) = document.value else {
            record.report(wrong("template", &document.value).at(start));
            return sections;
        };
        let mut has_resources = false;
        for Entry { key, node } in map.into_entries() {
            match &*key {
                "Transform" => sections.transform = Some(node),
                "Parameters" => sections.parameters = sections.section(&key, node, record),
                "Mappings" => sections.mappings = sections.section(&key, node, record),
                "Conditions" => sections.conditions = sections.section(&key, node, record),
                "Outputs" => sections.outputs = sections.section(&key, node, record),
                "Resources" => {
                    has_resources = true;
                    sections.resources = sections.section(&key, node, record);
                }
                other if SECTIONS.contains(&other) => {}
                other => record.report(unknown(other).at(node.location())),
            }
        }
        if !has_resources {
            record.report(
                Diagnostic::error("resources-missing", "template has no `Resources`")
                    .at(start)
                    .help("write the resources under `Resources`"),
            );
        }
        sections
    }

    /// The entries of a section. An include is not one of them: it is reported, and may add any name.
    fn section(&mut self, name: &str, node: Node, record: &mut Record) -> Vec<Entry> {
        let mut entries = match node.value {
            Value::Map(map) => map.into_entries(),
            Value::Null => return Vec::new(),
            other => {
                record.report(wrong(&format!("`{name}`"), &other).at(node.origin.location()));
                return Vec::new();
            }
        };
        entries.retain(|Entry { key, node }| {
            let include = &**key == "Fn::Transform";
            if include {
                record.report(not_run(node.text("Name").unwrap_or("Fn::Transform")).at(node.location()));
                self.included.get_or_insert_with(|| Cause::Function("Fn::Transform".into()));
            }
            !include
        });
        entries
    }
}

fn wrong(what: &str, value: &Value) -> Diagnostic {
    Diagnostic::error("section-not-map", format!("{what} is {}, not a map", value.noun()))
        .help("write a map from names to definitions")
}

fn unknown(name: &str) -> Diagnostic {
    let otherwise = "it has no effect; remove it, or move it below `Metadata`";
    Diagnostic::warning("unknown-section", format!("templates have no section `{name}`")).help(suggest::help(
        name,
        SECTIONS.iter().copied(),
        otherwise,
    ))
}
