//! The parts of a control file: front matter, title, sections, fenced blocks.

use std::ops::Range;

use super::Section;
use super::fault::Fault;

/// Where the parts of a file lie, in bytes.
#[derive(Debug)]
pub(super) struct Layout {
    /// Between the lines of three dashes.
    pub(super) front: Range<usize>,
    /// The first heading.
    pub(super) title: Range<usize>,
    sections: Vec<(Section, Range<usize>)>,
    /// The fenced block of the policy.
    pub(super) policy: Block,
    /// Whether the policy is a question to an engine.
    pub(super) is_query: bool,
}

/// A fenced block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// What follows the fence.
    pub(super) info: Range<usize>,
    /// The lines between the fences.
    pub(super) body: Range<usize>,
}

impl Layout {
    /// Finds the parts of `text`.
    pub(super) fn of(text: &str) -> Result<Self, Fault> {
        let mut lines = Lines::new(text);
        let front = front(&mut lines)?;
        let mut title = front.end..front.end;
        let mut sections: Vec<(Section, Range<usize>)> = Vec::new();
        let mut fence = Fence::default();
        for (range, line) in lines {
            if fence.see(line) {
                continue;
            }
            if let Some(heading) = line.strip_prefix("## ") {
                close(&mut sections, range.start);
                let Some(section) = Section::ALL.into_iter().find(|one| one.as_str() == heading.trim())
                else {
                    let names = Section::ALL.map(Section::as_str).join(", ");
                    let message = format!("there is no section `{}`", heading.trim());
                    return Err(Fault::new(range, message).help(format!("sections are {names}")));
                };
                sections.push((section, range.end..text.len()));
                if section == Section::Examples {
                    // The last section, and the longest: it is looked into when somebody asks.
                    break;
                }
            } else if line.starts_with("# ") && title.is_empty() {
                title = range;
            }
        }
        let (policy, is_query) = policy(text, &sections, front.end)?;
        Ok(Self { front, title, sections, policy, is_query })
    }

    /// The text of a section.
    pub(super) fn section(&self, section: Section) -> Option<Range<usize>> {
        self.sections.iter().find(|(one, _)| *one == section).map(|(_, range)| range.clone())
    }
}

fn front(lines: &mut Lines<'_>) -> Result<Range<usize>, Fault> {
    let help = "begin the file with `---`, the front matter and `---`";
    let start = match lines.next() {
        Some((range, "---")) => range.end,
        _ => return Err(Fault::new(0..0, "the file has no front matter").help(help)),
    };
    for (range, line) in lines.by_ref() {
        if line == "---" {
            return Ok(start..range.start);
        }
    }
    Err(Fault::new(0..start, "the front matter does not end").help(help))
}

fn close(sections: &mut [(Section, Range<usize>)], end: usize) {
    if let Some((_, range)) = sections.last_mut() {
        range.end = end;
    }
}

fn policy(
    text: &str,
    sections: &[(Section, Range<usize>)],
    end_of_front: usize,
) -> Result<(Block, bool), Fault> {
    let help = "write a section `## Policy` with one block of `cel` or `query`, before the examples";
    let Some((_, range)) = sections.iter().find(|(section, _)| *section == Section::Policy) else {
        return Err(Fault::new(end_of_front..end_of_front + 3, "the control has no policy").help(help));
    };
    let all = blocks(text, range.clone());
    let [block] = all.as_slice() else {
        let message = format!("a policy is one block, and not {}", all.len());
        return Err(Fault::new(range.start..range.start, message).help(help));
    };
    match text.get(block.info.clone()) {
        Some("cel") => Ok((block.clone(), false)),
        Some("query") => Ok((block.clone(), true)),
        info => {
            let message = format!("a policy is not written in `{}`", info.unwrap_or_default());
            Err(Fault::new(block.info.clone(), message).help(help))
        }
    }
}

/// The fenced blocks in `range` of `text`.
pub(super) fn blocks(text: &str, range: Range<usize>) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut fence = Fence::default();
    for (line_range, line) in Lines::within(text, range) {
        let was_open = fence.marks.is_some();
        fence.see(line);
        match (was_open, fence.marks.is_some()) {
            (false, true) => {
                let marks = line.len() - line.trim_start_matches('`').len();
                let info = line_range.start + marks..line_range.start + line.trim_end().len();
                open = Some(Block { info, body: line_range.end..line_range.end });
            }
            (true, false) => {
                if let Some(mut block) = open.take() {
                    block.body.end = line_range.start;
                    blocks.push(block);
                }
            }
            _ => {}
        }
    }
    blocks
}

/// Whether we are between fences.
#[derive(Default)]
struct Fence {
    marks: Option<usize>,
}

impl Fence {
    /// Takes note of a line; true while it belongs to a block.
    fn see(&mut self, line: &str) -> bool {
        let marks = line.len() - line.trim_start_matches('`').len();
        match self.marks {
            None if marks >= 3 => self.marks = Some(marks),
            Some(open) if marks >= open && line.trim_end().len() == marks => {
                self.marks = None;
                return true;
            }
            _ => {}
        }
        self.marks.is_some()
    }
}

/// Lines without their ends, and the bytes they take with them.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, end: text.len() }
    }

    fn within(text: &'a str, range: Range<usize>) -> Self {
        Self { text, at: range.start, end: range.end }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (Range<usize>, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..self.end).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let range = self.at..self.at + length;
        self.at = range.end;
        let line = rest.get(..length)?;
        Some((range, line.trim_end_matches(['\n', '\r'])))
    }
}
