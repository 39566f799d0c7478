//! The language of Graphviz: clusters for namespaces, a node of its own for each letter.

use std::fmt::Write as _;
use std::io::{self, Write};

use ringfence_model::fact::ScopeClass;

use super::draw::{Drawing, Node, Row, Shape, Style};
use super::gather::Place;

/// Writes the graph; `dot -Tsvg` lays it out.
pub(super) fn write(out: &mut dyn Write, drawing: &Drawing) -> io::Result<()> {
    writeln!(out, "digraph reach {{")?;
    writeln!(out, "  label={};", quoted(&[drawing.title.as_str(), &drawing.summary].join(": ")))?;
    writeln!(out, "  rankdir=LR; fontname=\"Helvetica\"; labeljust=l; ranksep=1.2; nodesep=0.15;")?;
    writeln!(
        out,
        "  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", fontsize=11];"
    )?;
    writeln!(out, "  edge [fontname=\"Helvetica\", fontsize=9, arrowsize=0.7];")?;
    for (lane, title) in (0..).zip(&drawing.lanes) {
        writeln!(out, "  subgraph \"cluster_{lane}\" {{")?;
        writeln!(out, "    label={}; style=rounded; color=gray70;", quoted(title))?;
        nodes(out, drawing, "    ", |place| place == Place::Lane(lane))?;
        writeln!(out, "  }}")?;
    }
    nodes(out, drawing, "  ", |place| !matches!(place, Place::Lane(_)))?;
    for letter in &drawing.letters {
        let label = quoted(&format!("{}: {}", letter.letter, letter.text));
        writeln!(out, "  {} [shape=ellipse, style=dotted, label={label}];", letter.letter)?;
    }
    edges(out, drawing)?;
    for (index, note) in drawing.notes.iter().enumerate() {
        writeln!(out, "  note{index} [shape=note, label={}];", quoted(note))?;
    }
    writeln!(out, "}}")?;
    out.flush()
}

fn nodes(
    out: &mut dyn Write,
    drawing: &Drawing,
    indent: &str,
    wanted: impl Fn(Place) -> bool,
) -> io::Result<()> {
    for (index, node) in drawing.nodes.iter().enumerate().filter(|(_, node)| wanted(node.place)) {
        let mut text = format!("{indent}n{index} [label={}", quoted(&label(node)));
        if let Some(class) = node.class {
            // Writing into a String cannot fail.
            write!(text, ", fillcolor=\"{}\"", fill(class)).unwrap_or_default();
        }
        match node.shape {
            Shape::Inside => {}
            Shape::Outside => text.push_str(", shape=hexagon"),
            Shape::Lane | Shape::Entry | Shape::Exit => text.push_str(", style=\"rounded,dashed\""),
        }
        writeln!(out, "{text}, tooltip={}];", quoted(&node.full))?;
    }
    Ok(())
}

fn label(node: &Node) -> String {
    let mut lines = vec![node.title.clone()];
    lines.extend((!node.aside.is_empty()).then(|| node.aside.clone()));
    lines.extend(node.names.iter().cloned());
    let letters: String = node.letters.iter().collect();
    lines.extend((!letters.is_empty()).then(|| format!("in {letters}")));
    let within = node.rows.iter().filter(|row| row.within);
    lines.extend(within.map(|row| format!("among them: {}", row.text)));
    let named = node.rows.iter().filter(|row| !row.names.is_empty());
    lines.extend(named.flat_map(|row| std::iter::once(row.text.clone()).chain(row.names.iter().cloned())));
    lines.join("\n")
}

fn edges(out: &mut dyn Write, drawing: &Drawing) -> io::Result<()> {
    for line in &drawing.lines {
        let row = drawing.nodes.get(line.to).and_then(|node| node.rows.get(line.row));
        for from in &line.from {
            writeln!(out, "  n{from} -> n{} [{}];", line.to, edge(row, line.style))?;
        }
    }
    for (index, node) in drawing.nodes.iter().enumerate() {
        for row in &node.rows {
            for letter in &row.letters {
                writeln!(out, "  {letter} -> n{index} [{}];", edge(Some(row), row.style))?;
            }
        }
    }
    Ok(())
}

fn edge(row: Option<&Row>, style: Style) -> String {
    let mut text = format!("label={}", quoted(row.map(|row| row.text.as_str()).unwrap_or_default()));
    if !style.certain {
        text.push_str(", style=dashed");
    }
    if style.wide {
        text.push_str(", penwidth=2.5, color=gray60");
    }
    text
}

fn fill(class: ScopeClass) -> &'static str {
    match class {
        ScopeClass::Cde => "#fecaca",
        ScopeClass::ConnectedTo => "#fed7aa",
        ScopeClass::SecurityImpacting => "#fef08a",
        ScopeClass::Unknown => "#e5e7eb",
        ScopeClass::OutOfScope => "#bbf7d0",
    }
}

/// A string of the language, in which `\` would begin an escape.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}
