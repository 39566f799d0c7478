//! What lines, colours and letters mean; only what the picture shows.

use std::io::{self, Write};

use ringfence_model::fact::ScopeClass;

use super::super::draw::{Drawing, Shape, Style};
use super::super::layout::size::{self, SMALL};
use super::super::text::width;
use super::{chip, kind, text};

const ROW: i32 = 20;

/// The legend, broken into rows that fit.
pub(super) struct Legend {
    rows: Vec<Vec<(i32, Entry)>>,
    pub(super) height: i32,
}

#[derive(Clone)]
enum Entry {
    Line(Style, &'static str),
    Class(ScopeClass),
    Within(&'static str),
    Any(&'static str),
    Letter(char),
    Text(String),
}

impl Entry {
    fn sign(&self) -> i32 {
        match self {
            Self::Line(..) => 40,
            Self::Any(_) => 28,
            Self::Class(_) => 12,
            Self::Within(_) => 18,
            Self::Letter(_) => 0,
            Self::Text(_) => 0,
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Line(_, text) | Self::Within(text) | Self::Any(text) => text,
            Self::Class(class) => class.as_str(),
            Self::Letter(_) => "",
            Self::Text(text) => text,
        }
    }
}

impl Legend {
    pub(super) fn new(drawing: &Drawing, across: i32) -> Self {
        let mut legend = Self { rows: vec![Vec::new()], height: 0 };
        let room = across - 2 * size::MARGIN;
        let mut x = 0;
        for entry in signs(drawing) {
            let wide = entry.sign() + width(entry.text(), SMALL) + 24;
            if x + wide > room && x > 0 {
                legend.rows.push(Vec::new());
                x = 0;
            }
            legend.rows.last_mut().into_iter().for_each(|row| row.push((x, entry.clone())));
            x += wide;
        }
        for letter in &drawing.letters {
            legend.wrapped(Some(letter.letter), &letter.text, room);
        }
        for note in &drawing.notes {
            legend.wrapped(None, note, room);
        }
        legend.rows.retain(|row| !row.is_empty());
        legend.height = 16 + ROW * i32::try_from(legend.rows.len()).unwrap_or(0);
        legend
    }

    fn wrapped(&mut self, letter: Option<char>, text: &str, room: i32) {
        let indent = if letter.is_some() { size::CHIP + 4 } else { 0 };
        let mut rows = vec![String::new()];
        for word in text.split(' ') {
            let Some(row) = rows.last_mut() else { return };
            let longer = format!("{row} {word}");
            if row.is_empty() || width(&longer, SMALL) <= room - indent {
                *row = longer.trim_start().to_owned();
            } else {
                rows.push(word.to_owned());
            }
        }
        for (index, row) in rows.into_iter().enumerate() {
            let mut entries = vec![(indent, Entry::Text(row))];
            entries.extend(letter.filter(|_| index == 0).map(|letter| (0, Entry::Letter(letter))));
            self.rows.push(entries);
        }
    }

    pub(super) fn write(&self, out: &mut dyn Write, top: i32) -> io::Result<()> {
        for (row, y) in self.rows.iter().zip((top + 24..).step_by(20)) {
            for (x, entry) in row {
                entry.write(out, size::MARGIN + x, y)?;
            }
        }
        Ok(())
    }
}

impl Entry {
    fn write(&self, out: &mut dyn Write, x: i32, y: i32) -> io::Result<()> {
        let middle = y - 4;
        match self {
            Self::Line(style, _) => {
                let (class, end) = (kind(*style), x + 32);
                writeln!(out, "<g class=\"{class}\"><path d=\"M{x} {middle}H{}\"/>", end - 8)?;
                writeln!(out, "<path class=\"tip\" d=\"M{end} {middle}l-9 -4.5v9z\"/></g>")?;
            }
            Self::Class(class) => {
                let class = class.as_str();
                writeln!(
                    out,
                    "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"5\" height=\"14\" rx=\"2\"/>",
                    y - 11
                )?;
            }
            Self::Within(_) => {
                writeln!(
                    out,
                    "<path class=\"within\" d=\"M{} {}a4 4 0 1 1 -3.5 -6m0 -2.5l.5 3l-3 .5\"/>",
                    x + 8,
                    y - 3
                )?;
            }
            Self::Any(_) => {
                writeln!(
                    out,
                    "<g class=\"any\"><rect class=\"box\" x=\"{x}\" y=\"{}\" width=\"22\" height=\"14\" rx=\"7\"/></g>",
                    y - 11
                )?;
            }
            Self::Letter(letter) => return chip(out, *letter, x, middle),
            Self::Text(_) => {}
        }
        text(out, "small", x + self.sign(), y, self.text())
    }
}

/// Signs that the picture uses.
fn signs(drawing: &Drawing) -> Vec<Entry> {
    let rows = || drawing.nodes.iter().flat_map(|node| &node.rows);
    let of = |certain, wide| rows().any(|row| row.style == Style { certain, wide });
    let styles = [
        (true, false, "may open these ports"),
        (true, true, "thick: every port of every protocol"),
        (false, false, "dashed or `?`: depends on what is not known"),
        (false, true, "every port, depending on what is not known"),
    ];
    let lines = styles.into_iter().filter(|(certain, wide, _)| of(*certain, *wide));
    let mut signs: Vec<Entry> =
        lines.map(|(certain, wide, text)| Entry::Line(Style { certain, wide }, text)).collect();
    if rows().any(|row| row.within) {
        signs.push(Entry::Within("open among its members"));
    }
    if drawing.nodes.iter().any(|node| matches!(node.shape, Shape::Lane | Shape::Entry | Shape::Exit)) {
        signs.push(Entry::Any("all of the namespace"));
    }
    let shown = |class: &ScopeClass| drawing.nodes.iter().any(|node| node.class == Some(*class));
    signs.extend(ScopeClass::ALL.into_iter().filter(shown).map(Entry::Class));
    signs
}
