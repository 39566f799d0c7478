//! Examples: inputs with the verdict that they must get. They are a control's tests.

use super::Section;
use super::fault::Fault;
use super::markdown::{self, Block, Layout};
use ringfence_model::Verdict;

/// An input and what must come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example<'a> {
    /// What the input is.
    pub format: Format,
    /// What must come of it.
    pub expectation: Expectation,
    /// The input.
    pub text: &'a str,
    /// The line of the file, from 1, that the input starts at.
    pub line: usize,
    /// The declaration that goes with it, and the line that it starts at.
    pub declaration: Option<(&'a str, usize)>,
}

/// What an example's input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Kubernetes manifests.
    Kubernetes,
    /// A CloudFormation template in YAML.
    CloudFormationYaml,
    /// A CloudFormation template in JSON.
    CloudFormationJson,
    /// A Terraform plan in JSON.
    Terraform,
}

/// What must come of an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// `Pass`: no fail and no unknown; `Fail`: a fail at each of the lines and nowhere else; `Unknown`: an
    /// unknown and no fail; `NotApplicable`: a not-applicable, no fail and no unknown.
    pub verdict: Verdict,
    /// The lines of the input, from 1, that must be reported.
    pub lines: Vec<usize>,
    /// The lines of the declaration, from 1, that must be reported.
    pub declaration_lines: Vec<usize>,
}

/// Ends a line that must be reported.
const MARK: &str = "# finding";

/// The examples of a control, and what is wrong with the others.
pub(super) fn of<'a>(text: &'a str, layout: &Layout) -> (Vec<Example<'a>>, Vec<Fault>) {
    let Some(section) = layout.section(Section::Examples) else { return (Vec::new(), Vec::new()) };
    let mut examples = Vec::new();
    let mut faults = Vec::new();
    let mut declaration = None;
    for block in markdown::blocks(text, section) {
        let info = text.get(block.info.clone()).unwrap_or_default();
        let body = text.get(block.body.clone()).unwrap_or_default();
        let line = line_of(text, block.body.start);
        if info == "yaml declaration" {
            declaration = Some((body, line));
            continue;
        }
        match read(info, body, &block) {
            Ok((format, mut expectation)) => {
                let declaration = declaration.take();
                expectation.declaration_lines = declaration.map(|(text, _)| marked(text)).unwrap_or_default();
                examples.push(Example { format, expectation, text: body, line, declaration });
            }
            Err(fault) => faults.push(fault),
        }
    }
    (examples, faults)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or_default().matches('\n').count() + 1
}

fn read(info: &str, body: &str, block: &Block) -> Result<(Format, Expectation), Fault> {
    let fault = |message: String| {
        Fault::new(block.info.clone(), message).help(
            "write for instance `yaml kubernetes fail`, `yaml cloudformation pass`, `json terraform fail lines=2` \
             or `yaml declaration`",
        )
    };
    let mut words = info.split_whitespace();
    let (syntax, source, verdict) = (words.next(), words.next(), words.next());
    let format = match (syntax, source) {
        (Some("yaml"), Some("kubernetes")) => Format::Kubernetes,
        (Some("yaml"), Some("cloudformation")) => Format::CloudFormationYaml,
        (Some("json"), Some("cloudformation")) => Format::CloudFormationJson,
        (Some("json"), Some("terraform")) => Format::Terraform,
        _ => return Err(fault(format!("`{info}` is no kind of example"))),
    };
    let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable];
    let Some(verdict) = verdicts.into_iter().find(|one| Some(one.as_str()) == verdict) else {
        return Err(fault(format!("`{}` is no verdict", verdict.unwrap_or_default())));
    };
    let lines = match words.next().map(|word| word.strip_prefix("lines=")) {
        None => marked(body),
        Some(Some(list)) => {
            let lines: Result<_, _> = list.split(',').map(str::parse).collect();
            lines.map_err(|_| fault(format!("`lines={list}` is not a list of numbers")))?
        }
        Some(None) => return Err(fault(format!("`{info}` has a word too many"))),
    };
    Ok((format, Expectation { verdict, lines, declaration_lines: Vec::new() }))
}

fn marked(text: &str) -> Vec<usize> {
    let lines = text.lines().enumerate();
    lines.filter(|(_, line)| line.trim_end().ends_with(MARK)).map(|(index, _)| index + 1).collect()
}
