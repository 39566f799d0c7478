//! A control: one rule with its requirements, logic, documentation and examples, read from one Markdown file.

mod example;
mod fault;
mod front;
mod markdown;
mod message;
mod path;
mod tree;
pub(crate) mod yaml;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use ringfence_model::{FileId, Requirements, Severity, Verdict};

use crate::cel::Program;
use crate::policy::Condition;
pub use example::{Example, Expectation, Format};
pub(crate) use fault::{Fault, nearest};
use front::Front;
use markdown::Layout;
pub(crate) use path::Path;

/// A control.
#[derive(Debug)]
pub struct Control {
    front: Front,
    name: Arc<str>,
    chapter: Arc<str>,
    remedy: Arc<str>,
    text: Cow<'static, str>,
    layout: Layout,
    file: Option<FileId>,
    compiled: OnceLock<Result<Compiled, Vec<Fault>>>,
}

/// The logic of a control, ready to be evaluated.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// When the control applies; always where absent.
    pub(crate) when: Option<Box<dyn Condition>>,
    /// What must hold.
    pub(crate) policy: Box<dyn Condition>,
}

/// What a control's policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy<'a> {
    /// A CEL expression.
    Cel(&'a str),
    /// A question that an engine answers, e.g. `reach.default-deny`.
    Query(&'a str),
}

/// A section of a control file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What is judged, and when it passes, fails or is unknown.
    What,
    /// Why it matters.
    Why,
    /// How to put it right.
    Fix,
    /// The logic.
    Policy,
    /// Inputs with their verdicts: the control's tests.
    Examples,
}

impl Section {
    /// All sections, in the order of the file.
    pub const ALL: [Self; 5] = [Self::What, Self::Why, Self::Fix, Self::Policy, Self::Examples];

    /// The heading.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::What => "What",
            Self::Why => "Why",
            Self::Fix => "Fix",
            Self::Policy => "Policy",
            Self::Examples => "Examples",
        }
    }
}

impl Control {
    /// Reads a control from the text of its file, which lies at `path` below the catalogue
    /// (`chapter/name.md`; the chapter may be absent).
    pub(crate) fn read(
        path: &str,
        text: impl Into<Cow<'static, str>>,
        file: Option<FileId>,
        tokens: Option<&[yaml::Token]>,
    ) -> Result<Self, Vec<Fault>> {
        let text = text.into();
        let layout = Layout::of(&text).map_err(|fault| vec![fault])?;
        let front = Front::read(&text, &layout, tokens)?;
        let stem = path.strip_suffix(".md").unwrap_or(path);
        let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let chapter = folder.rsplit('/').next().unwrap_or(folder);
        let fix = layout.section(Section::Fix).and_then(|range| text.get(range));
        let remedy = fix.map(first_sentence).filter(|sentence| !sentence.is_empty());
        let remedy = remedy.unwrap_or_else(|| front.title.clone());
        Ok(Self {
            name: name.into(),
            chapter: chapter.into(),
            remedy: remedy.into(),
            front,
            text,
            layout,
            file,
            compiled: OnceLock::new(),
        })
    }

    /// Its id, e.g. `WL05.2`.
    pub fn id(&self) -> &Arc<str> {
        &self.front.id
    }

    /// The row of the control list that it is a part of, e.g. `WL05`.
    pub fn row(&self) -> &Arc<str> {
        &self.front.row
    }

    /// Its name: the fault, e.g. `privileged-container`.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The chapter, e.g. `host-and-image-hardening`; empty for a control that lies in none.
    pub fn chapter(&self) -> &Arc<str> {
        &self.chapter
    }

    /// The fault in a few words.
    pub fn title(&self) -> &str {
        &self.front.title
    }

    /// How bad a fail is.
    pub fn severity(&self) -> Severity {
        self.front.severity
    }

    /// The kinds that it judges, as written: `Pod` stands for everything that bears pods.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.front.kinds.iter().map(|kind| &**kind)
    }

    /// Keys of `ringfence.yaml` that its verdict may depend on.
    pub fn needs(&self) -> impl Iterator<Item = &str> {
        self.front.needs.iter().map(|key| &**key)
    }

    /// Stages of a resource's life at which it can be judged.
    pub fn stages(&self) -> impl Iterator<Item = &str> {
        self.front.stages.iter().map(|stage| &**stage)
    }

    /// The version that it came with.
    pub fn since(&self) -> &str {
        &self.front.since
    }

    /// The requirements behind it, by standard.
    pub fn requirements(&self) -> &Requirements {
        &self.front.requirements
    }

    /// How to put it right, one sentence.
    pub fn remedy(&self) -> &Arc<str> {
        &self.remedy
    }

    /// The text of a section as Markdown, without its heading; empty where it is absent.
    pub fn section(&self, section: Section) -> &str {
        let range = self.layout.section(section);
        range.and_then(|range| self.text.get(range)).unwrap_or_default().trim_matches('\n')
    }

    /// What is judged, and when it passes, fails or is unknown.
    pub fn what(&self) -> &str {
        self.section(Section::What)
    }

    /// Why it matters.
    pub fn why(&self) -> &str {
        self.section(Section::Why)
    }

    /// How to put it right.
    pub fn fix(&self) -> &str {
        self.section(Section::Fix)
    }

    /// The first example that passes.
    pub fn passing_example(&self) -> Option<&str> {
        let passing = |example: &Example<'_>| example.expectation.verdict == Verdict::Pass;
        self.examples().into_iter().find(passing).map(|example| example.text)
    }

    /// The whole file.
    pub fn markdown(&self) -> &str {
        &self.text
    }

    /// The logic.
    pub fn policy(&self) -> Policy<'_> {
        let source = self.text.get(self.layout.policy.body.clone()).unwrap_or_default();
        if self.layout.is_query { Policy::Query(source.trim()) } else { Policy::Cel(source) }
    }

    /// The inputs with their verdicts that are the control's tests.
    pub fn examples(&self) -> Vec<Example<'_>> {
        example::of(&self.text, &self.layout).0
    }

    /// What is wrong with the examples.
    pub(crate) fn example_faults(&self) -> Vec<Fault> {
        example::of(&self.text, &self.layout).1
    }

    pub(crate) fn front(&self) -> &Front {
        &self.front
    }

    pub(crate) fn file(&self) -> Option<FileId> {
        self.file
    }

    /// The line and column, from 1, of a byte of the file.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(start..).unwrap_or_default().chars().count();
        (before.matches('\n').count() + 1, column + 1)
    }

    /// The logic, compiled when first asked: a run needs the controls of the kinds that it meets.
    pub(crate) fn compiled(&self) -> &Result<Compiled, Vec<Fault>> {
        self.compiled.get_or_init(|| self.compile())
    }

    fn compile(&self) -> Result<Compiled, Vec<Fault>> {
        let mut faults = Vec::new();
        let policy = self.program(self.layout.policy.body.clone(), &mut faults);
        let when = self.front.when.as_ref().map(|when| {
            let compiled = Program::compile(&when.value);
            compiled.map_err(|flaws| {
                // Escapes in the front matter shift columns, so the value as a whole is named.
                let fault =
                    |(_, why): (usize, String)| Fault::new(when.range.clone(), format!("`when`: {why}"));
                faults.extend(flaws.into_iter().map(fault));
            })
        });
        match (policy, when) {
            (Some(policy), None) => Ok(Compiled { when: None, policy }),
            (Some(policy), Some(Ok(when))) => Ok(Compiled { when: Some(Box::new(when)), policy }),
            _ => Err(faults),
        }
    }

    fn program(&self, range: Range<usize>, faults: &mut Vec<Fault>) -> Option<Box<dyn Condition>> {
        match Program::compile(self.text.get(range.clone()).unwrap_or_default()) {
            Ok(program) => Some(Box::new(program)),
            Err(flaws) => {
                let fault = |(offset, why): (usize, String)| {
                    let at = range.start + offset;
                    Fault::new(at..at + 1, why).help("`docs/controls/README.md` says what a policy may use")
                };
                faults.extend(flaws.into_iter().map(fault));
                None
            }
        }
    }

    /// Compiles and checks everything that is otherwise only looked at when needed.
    pub(crate) fn check(&self) -> Vec<Fault> {
        let mut faults = self.example_faults();
        if matches!(self.policy(), Policy::Query(_)) {
            return faults;
        }
        match self.compiled() {
            Err(broken) => faults.extend(broken.iter().cloned()),
            Ok(compiled) => {
                let start = self.layout.policy.body.start;
                for (offset, why) in compiled.policy.flaws() {
                    faults.push(Fault::new(start + offset..start + offset + 1, why));
                }
                for (when, one) in compiled.when.iter().zip(&self.front.when) {
                    let flaws = when.flaws().into_iter();
                    faults.extend(flaws.map(|(_, why)| Fault::new(one.range.clone(), why)));
                }
            }
        }
        faults
    }
}

/// The first sentence of a section on one line, without its full stop. Code is not looked into.
fn first_sentence(section: &str) -> String {
    let mut code = false;
    let mut after = section.char_indices().map(|(at, one)| (at, one, section.get(at + one.len_utf8()..)));
    let end = after.find_map(|(at, one, rest)| {
        code ^= one == '`';
        let ends = one == '.'
            && !code
            && rest.is_none_or(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        ends.then_some(at)
    });
    let sentence = section.get(..end.unwrap_or(section.len())).unwrap_or(section);
    sentence.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_is_the_first_sentence() {
        let check = |section, expected| assert_eq!(first_sentence(section), expected);
        check("\nRemove it. Or not.\n", "Remove it");
        check("Set `a.b. c`: no more.\nNext", "Set `a.b. c`: no more");
        check("Pin `x:1.4@sha256:…`, with\nthe tag", "Pin `x:1.4@sha256:…`, with the tag");
        check("", "");
    }
}
