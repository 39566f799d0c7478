//! The picture itself: one SVG without scripts or references, light and dark as the viewer prefers.

mod legend;
mod style;

use std::io::{self, Write};

use super::draw::{Drawing, Line, Node, Row, Shape, Style};
use super::layout::size::{self, LARGE, SMALL};
use super::layout::{Layout, Point, Rect, Wire};
use super::text::{bold, fit, fit_bold, width};
use legend::Legend;

/// Not narrower than its legend.
const NARROWEST: i32 = 760;

/// Writes the picture.
pub(super) fn write(out: &mut dyn Write, drawing: &Drawing, layout: &Layout) -> io::Result<()> {
    let across = layout.width.max(NARROWEST);
    let legend = Legend::new(drawing, across);
    let high = layout.height + legend.height + size::MARGIN;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{across}\" height=\"{high}\" viewBox=\"0 0 {across} {high}\" \
         role=\"img\" aria-labelledby=\"reach-title reach-desc\">"
    )?;
    writeln!(out, "<title id=\"reach-title\">{}</title>", escaped(&drawing.title))?;
    writeln!(out, "<desc id=\"reach-desc\">{}</desc>", escaped(&described(drawing)))?;
    writeln!(out, "<style>{}</style>", style::SHEET)?;
    writeln!(out, "<rect class=\"page\" width=\"{across}\" height=\"{high}\"/>")?;
    text(out, "heading", size::MARGIN, 32, &drawing.title)?;
    text(out, "faint", size::MARGIN, 50, &drawing.summary)?;
    for (title, rect) in drawing.lanes.iter().zip(&layout.lanes).filter(|(_, rect)| rect.width > 0) {
        lane(out, title, *rect)?;
    }
    for wire in &layout.wires {
        if let Some(line) = drawing.lines.get(wire.line) {
            connection(out, drawing, line, wire)?;
        }
    }
    for (node, rect) in drawing.nodes.iter().zip(&layout.nodes) {
        self::node(out, node, *rect)?;
    }
    legend.write(out, layout.height)?;
    writeln!(out, "</svg>")?;
    out.flush()
}

/// The picture in words, for those who do not see it.
fn described(drawing: &Drawing) -> String {
    let mut lines = vec![drawing.summary.clone()];
    let answers = drawing.nodes.iter().filter(|node| !node.rows.is_empty());
    lines.extend(answers.map(|node| node.full.replace('\n', "; ")));
    lines.extend(drawing.letters.iter().map(|one| format!("{} is {}", one.letter, one.text)));
    lines.extend(drawing.notes.iter().cloned());
    lines.join("\n")
}

fn lane(out: &mut dyn Write, title: &str, rect: Rect) -> io::Result<()> {
    let Rect { x, y, width, height } = rect;
    writeln!(
        out,
        "<rect class=\"lane\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>"
    )?;
    let room = width - 2 * size::PAD;
    text(out, "lane-title", x + size::PAD, y + 21, &fit_bold(title, LARGE, room))
}

fn connection(out: &mut dyn Write, drawing: &Drawing, line: &Line, wire: &Wire) -> io::Result<()> {
    let title =
        |node: usize| drawing.nodes.get(node).map(|node| node.full.lines().next().unwrap_or_default());
    let from: Vec<&str> = line.from.iter().filter_map(|from| title(*from)).collect();
    let row = drawing.nodes.get(line.to).and_then(|node| node.rows.get(line.row));
    let ports = row.map(|row| row.text.as_str()).unwrap_or_default();
    let told = format!("{} to {}: {ports}", from.join(", "), title(line.to).unwrap_or_default());
    writeln!(out, "<g class=\"{}\"><title>{}</title>", kind(line.style), escaped(&told))?;
    let paths: Vec<String> = wire.paths.iter().map(|points| path(points)).collect();
    writeln!(out, "<path d=\"{}\"/>", paths.join(""))?;
    let Point { x, y } = wire.tip;
    writeln!(out, "<path class=\"tip\" d=\"M{x} {y}l-9 -4.5v9z\"/></g>")
}

/// The class of a line.
fn kind(style: Style) -> &'static str {
    match (style.certain, style.wide) {
        (true, false) => "line",
        (true, true) => "line wide",
        (false, false) => "line perhaps",
        (false, true) => "line wide perhaps",
    }
}

/// A path through points, with round corners.
fn path(points: &[Point]) -> String {
    const RADIUS: i32 = 6;
    let mut d = String::new();
    for (index, point) in points.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| points.get(before));
        d.push_str(&match (before, points.get(index + 1)) {
            (None, _) => format!("M{} {}", point.x, point.y),
            (Some(_), None) => format!("L{} {}", point.x, point.y),
            (Some(before), Some(after)) => {
                let (into, away) = (distance(before, point) / 2, distance(point, after) / 2);
                let last = index + 2 == points.len();
                // A piece that ends at the next point may be used up by the corner.
                let away = if last { away * 2 } else { away };
                let radius = RADIUS.min(into.max(0)).min(away);
                let (a, b) = (toward(point, before, radius), toward(point, after, radius));
                format!("L{} {}Q{} {} {} {}", a.x, a.y, point.x, point.y, b.x, b.y)
            }
        });
    }
    d
}

fn distance(a: &Point, b: &Point) -> i32 {
    (a.x - b.x).abs() + (a.y - b.y).abs()
}

/// The point `by` pixels from `from` toward `to`, on the same row or column.
fn toward(from: &Point, to: &Point, by: i32) -> Point {
    Point { x: from.x + by * (to.x - from.x).signum(), y: from.y + by * (to.y - from.y).signum() }
}

fn node(out: &mut dyn Write, node: &Node, rect: Rect) -> io::Result<()> {
    let Rect { x, y, width: across, height } = rect;
    let shape = match node.shape {
        Shape::Inside => "",
        Shape::Outside => " outside",
        Shape::Lane | Shape::Entry | Shape::Exit => " any",
    };
    writeln!(out, "<g class=\"node{shape}\"><title>{}</title>", escaped(&node.full))?;
    let round = if node.shape == Shape::Inside { 5 } else { 13 };
    writeln!(
        out,
        "<rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{across}\" height=\"{height}\" rx=\"{round}\"/>"
    )?;
    if let Some(class) = node.class {
        let (y, height, class) = (y + 4, height - 8, class.as_str());
        writeln!(
            out,
            "<rect class=\"{class}\" x=\"{}\" y=\"{y}\" width=\"4\" height=\"{height}\" rx=\"2\"/>",
            x + 4
        )?;
    }
    title(out, node, rect)?;
    let mut line = y + size::TITLE + 12;
    for name in &node.names {
        text(out, "small", x + size::INSET, line, &fit(name, SMALL, across - 2 * size::INSET))?;
        line += size::LINE;
    }
    for one in &node.rows {
        row(out, one, x, line, across)?;
        line += size::LINE;
        for name in &one.names {
            text(out, "faint small", x + size::INSET, line - 2, &fit(name, SMALL, across - 2 * size::INSET))?;
            line += size::LINE;
        }
    }
    writeln!(out, "</g>")
}

/// Title, what stands beside it, and the letters that stand for the node.
fn title(out: &mut dyn Write, node: &Node, rect: Rect) -> io::Result<()> {
    let right = rect.x + rect.width - size::INSET;
    let chips = size::CHIP * i32::try_from(node.letters.len()).unwrap_or(0);
    let room = rect.width - 2 * size::INSET - chips;
    let shown = fit_bold(&node.title, LARGE, room);
    text(out, "title", rect.x + size::INSET, rect.y + 18, &shown)?;
    let used = bold(&shown, LARGE) + 6;
    if !node.aside.is_empty() && room - used > 40 {
        let aside = fit(&node.aside, SMALL, room - used);
        text(out, "faint small", rect.x + size::INSET + used, rect.y + 18, &aside)?;
    }
    for (letter, at) in node.letters.iter().zip(0..) {
        chip(out, *letter, right - chips + at * size::CHIP + 3, rect.y + 13)?;
    }
    Ok(())
}

/// A row: what is open, and to which letters.
fn row(out: &mut dyn Write, row: &Row, x: i32, y: i32, across: i32) -> io::Result<()> {
    let mut left = x + size::INSET;
    if row.within {
        writeln!(
            out,
            "<path class=\"within\" d=\"M{} {}a4 4 0 1 1 -3.5 -6m0 -2.5l.5 3l-3 .5\"/>",
            left + 8,
            y - 3
        )?;
        left += size::MARK;
    }
    let chips = size::CHIP * i32::try_from(row.letters.len()).unwrap_or(0);
    let room = x + across - size::INSET - left - chips;
    let shown = fit_bold(&row.text, SMALL, room);
    text(out, if row.style.wide { "small wide" } else { "small" }, left, y, &shown)?;
    let used = if row.style.wide { bold(&shown, SMALL) } else { width(&shown, SMALL) };
    let mut at = left + used + 4;
    for letter in &row.letters {
        chip(out, *letter, at, y - 4)?;
        at += size::CHIP;
    }
    Ok(())
}

/// A letter in a circle whose middle is at the height `y`.
fn chip(out: &mut dyn Write, letter: char, x: i32, y: i32) -> io::Result<()> {
    writeln!(out, "<circle class=\"chip\" cx=\"{}\" cy=\"{y}\" r=\"7\"/>", x + 7)?;
    writeln!(out, "<text class=\"letter\" x=\"{}\" y=\"{}\">{letter}</text>", x + 7, y + 4)
}

fn text(out: &mut dyn Write, class: &str, x: i32, y: i32, text: &str) -> io::Result<()> {
    writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(text))
}

/// Text between tags; what XML does not know is visible already.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
