//! Literal blocks: `|`, `|-`, `|+`.

use ringfence_model::{Text, Value};

use super::{Rest, Usual, line};

impl<'t> Usual<'t> {
    /// The literal block whose mark `rest` starts with.
    pub(super) fn literal(&mut self, rest: Rest<'t>) -> Option<()> {
        let header = rest.text.trim_end_matches(' ');
        let outer = self.levels.last()?.indent;
        let mut lines = Lines { text: self.text, next: self.next };
        let first = lines.first()?;
        let indent = first.indent;
        (indent > outer).then_some(())?;
        let mut content = String::new();
        let mut end = first.start;
        let mut blank = first.blank_before;
        let mut line = first;
        loop {
            (0..blank).for_each(|_| content.push('\n'));
            content.push_str(line.text);
            content.push('\n');
            let written = line.text.trim_end_matches([' ', '\t']).len();
            end = if written > 0 { line.start + written } else { end };
            self.next = lines.next;
            match lines.content(indent)? {
                Found::Line(found) => {
                    blank = found.blank_before;
                    line = found;
                }
                Found::End { blank_before, indent: after } => {
                    (after <= outer).then_some(())?;
                    chomp(header, blank_before, &mut content)?;
                    break;
                }
            }
        }
        self.scalar(Value::Text(Text::new(&content)), first.start, end - first.start)
    }
}

/// Takes and adds line breaks at the end as the header says.
fn chomp(header: &str, blank: usize, content: &mut String) -> Option<()> {
    match header {
        "|" => {}
        "|-" => drop(content.pop()),
        "|+" => (0..blank).for_each(|_| content.push('\n')),
        _ => return None,
    }
    Some(())
}

struct Lines<'t> {
    text: &'t str,
    next: usize,
}

/// A line of a block, without its indentation.
#[derive(Clone, Copy)]
struct Line<'t> {
    text: &'t str,
    start: usize,
    indent: usize,
    blank_before: usize,
}

enum Found<'t> {
    Line(Line<'t>),
    End { blank_before: usize, indent: usize },
}

impl<'t> Lines<'t> {
    fn line(&mut self) -> Option<Line<'t>> {
        let start = self.next;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        self.next = (start + length + 1).min(self.text.len());
        let whole = line::without_return(rest.get(..length)?);
        let text = whole.trim_start_matches(' ');
        let indent = whole.len() - text.len();
        Some(Line { text, start: start + indent, indent, blank_before: 0 })
    }

    /// The first line with content; before it only empty lines.
    fn first(&mut self) -> Option<Line<'t>> {
        let mut blank_before = 0;
        loop {
            let line = self.line()?;
            if !line.text.is_empty() {
                (!line.text.starts_with('\t')).then_some(())?;
                return Some(Line { blank_before, ..line });
            }
            (line.indent == 0).then_some(())?;
            blank_before += 1;
        }
    }

    /// The next line of the block, or that there is none.
    fn content(&mut self, indent: usize) -> Option<Found<'t>> {
        let mut blank_before = 0;
        loop {
            let Some(line) = self.line() else { return Some(Found::End { blank_before, indent: 0 }) };
            if line.text.is_empty() {
                // Spaces beyond the indentation are content; whether the last line has a break matters.
                (line.indent == 0 && self.text.get(..self.next)?.ends_with('\n')).then_some(())?;
                blank_before += 1;
                continue;
            }
            if line.indent < indent {
                return Some(Found::End { blank_before, indent: line.indent });
            }
            let extra = line.indent - indent;
            let text = self.text.get(line.start - extra..line.start + line.text.len())?;
            return Some(Found::Line(Line { text, start: line.start - extra, indent, blank_before }));
        }
    }
}
