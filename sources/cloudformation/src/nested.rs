//! Nested stacks: whether the template of one is read in the same run.
//!
//! Nothing of a nested stack stands in the template around it, so a run without its template would be
//! silent about all that it makes.

use std::collections::BTreeMap;

use ringfence_model::{Diagnostic, Key, Location, Node, Text};

use crate::evaluate::Evaluator;
use crate::shape::{bare, function};

/// The types that make stacks of a template that stands elsewhere, and what people call them.
const KINDS: &[(&str, &str)] =
    &[("AWS::CloudFormation::Stack", "nested stack"), ("AWS::CloudFormation::StackSet", "stack set")];

/// What people call a stack of this type, if it is one.
pub(crate) fn noun(kind: &str) -> Option<&'static str> {
    KINDS.iter().find(|row| row.0 == kind).map(|row| row.1)
}

/// What the templates of a run are called: the names of their files, with and without ending, and of their
/// stacks. For each the first and the last template that has it.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<Text, (usize, usize)>);

impl Names {
    /// Adds template `index`, read from `path` and deployed as `stack`.
    pub(crate) fn add(&mut self, index: usize, path: &str, stack: &str) {
        let file = last_part(path);
        for name in [file, stem(file), stack, last_part(stack)] {
            let entry = self.0.entry(name.into()).or_insert((index, index));
            entry.1 = index;
        }
    }

    /// Whether a template other than `index` is called `name`.
    fn has(&self, name: &str, index: usize) -> bool {
        self.0.get(name).is_some_and(|found| *found != (index, index))
    }

    /// Whether the name of a template starts so: AWS names a nested stack after the one around it.
    fn has_start(&self, start: &str) -> bool {
        let mut from = self.0.range(Text::from(start)..);
        from.next().is_some_and(|(name, _)| name.starts_with(start))
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn stem(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

/// The name of the template's file, as far as the value of `TemplateURL` says it: that of
/// `!Sub "https://${Bucket}/network.yaml"` is written, whatever the bucket.
pub(crate) fn file_name(url: &Node) -> Option<Text> {
    let path = ending(url)?.split(['?', '#']).next()?;
    let name = last_part(path);
    (!name.is_empty() && !name.contains("${")).then(|| name.into())
}

/// The text that a value ends with.
fn ending(node: &Node) -> Option<&str> {
    let Some((key, argument)) = function(node) else { return node.as_str() };
    match bare(key) {
        "Sub" => argument.as_str().or_else(|| argument.items().first()?.as_str()),
        "Join" => ending(argument.items().get(1)?.items().last()?),
        _ => None,
    }
}

impl Evaluator<'_> {
    /// Reports the stack `key`, called `noun`, whose template's file is called `file`, as far as that is known.
    pub(crate) fn nested(&mut self, noun: &str, key: &Key, file: Option<&str>, at: Option<Location>) {
        let diagnostic = if self.is_read(key, file) {
            let message =
                format!("{noun} `{key}` is judged as its template says, without the parameters given here");
            Diagnostic::note("nested-stack", message)
                .help("give them with `--parameter`, where verdicts wait for them")
        } else {
            let which = file.map_or_else(String::new, |file| format!(" `{file}`"));
            let message =
                format!("nothing of {noun} `{key}` is assessed: its template{which} is not in the input");
            Diagnostic::error("nested-stack", message).help(
                "assess its template in the same run; `aws cloudformation get-template --stack-name NAME \
                 --template-stage Processed` prints that of a deployed stack",
            )
        };
        self.record.report(diagnostic.at(at));
    }

    /// Whether a template of the run is plausibly that of the nested stack.
    fn is_read(&self, key: &Key, file: Option<&str>) -> bool {
        let names = &self.world.templates;
        let around = self.stack().map_or("", |stack| stack.name.as_str());
        names.has(key, self.index)
            || file.is_some_and(|file| names.has(file, self.index) || names.has(stem(file), self.index))
            || names.has_start(&format!("{around}-{key}-"))
    }
}
