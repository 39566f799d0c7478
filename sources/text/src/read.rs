//! A text into its documents: JSON where it looks like it, else YAML.

use std::ops::Range;

use ringfence_model::{Diagnostic, FileId, Node};

use crate::fault::Fault;
use crate::json::Json;
use crate::tree::{Result, Tree};
use crate::yaml::documents;
use crate::{Budget, chunk, looks_unrendered};

/// The documents of a text and what is wrong with it; YAML or JSON as each document looks.
pub fn read(file: FileId, text: &str, budget: &Budget) -> (Vec<Node>, Vec<Diagnostic>) {
    each_chunk(file, text, budget, |tree, chunk, nodes| {
        let start = chunk::content(text, &chunk);
        if matches!(text.as_bytes().get(start), Some(b'{' | b'[')) {
            json_or_yaml(tree, text, chunk, start, nodes)
        } else {
            read_yaml(tree, text, chunk, nodes)
        }
    })
}

/// The documents of a YAML stream.
pub fn yaml(file: FileId, text: &str, budget: &Budget) -> (Vec<Node>, Vec<Diagnostic>) {
    each_chunk(file, text, budget, |tree, chunk, nodes| read_yaml(tree, text, chunk, nodes))
}

/// The documents of a JSON text: one, or several one after the other.
pub fn json(file: FileId, text: &str, budget: &Budget) -> (Vec<Node>, Vec<Diagnostic>) {
    let mut tree = Tree::new(file, *budget);
    let mut nodes = Vec::new();
    let mut at = check_size(text, budget)
        .map_err(|fault| tree.log.push(|| fault.diagnostic(file, text)))
        .map(|()| 0)
        .ok();
    while let Some(start) = at.take() {
        if let Err(broken) = read_json(&mut tree, text, start, &mut nodes) {
            at = next_line(text, &broken);
            tree.log.push(|| broken.fault.diagnostic(file, text));
        }
    }
    (nodes, tree.log.finish(file))
}

fn each_chunk(
    file: FileId,
    text: &str,
    budget: &Budget,
    mut read: impl FnMut(&mut Tree, Range<usize>, &mut Vec<Node>) -> Result<()>,
) -> (Vec<Node>, Vec<Diagnostic>) {
    let mut tree = Tree::new(file, *budget);
    let mut nodes = Vec::new();
    let mut chunks = chunk::chunks(text);
    let mut done = check_size(text, budget);
    loop {
        if let Err(fault) = done {
            tree.log.push(|| fault.diagnostic(file, text));
        }
        let Some(chunk) = chunks.next().filter(|_| text.len() <= largest(budget)) else { break };
        done = read(&mut tree, chunk, &mut nodes);
    }
    (nodes, tree.log.finish(file))
}

/// Locations count bytes in 32 bits.
fn largest(budget: &Budget) -> usize {
    budget.size.min(u32::MAX as usize)
}

fn check_size(text: &str, budget: &Budget) -> Result<()> {
    if text.len() <= largest(budget) {
        return Ok(());
    }
    let message =
        format!("the file holds {} bytes, more than the {} that are read", text.len(), largest(budget));
    Err(Fault::new("too-large", 0, 0, message).help("split the file"))
}

/// A YAML document that fails because it is a template is reported as such.
fn read_yaml(tree: &mut Tree, text: &str, chunk: Range<usize>, nodes: &mut Vec<Node>) -> Result<()> {
    let start = chunk.start;
    let part = text.get(chunk).unwrap_or_default();
    documents(tree, part, start, nodes).map_err(|fault| template(part, start, &fault).unwrap_or(fault))
}

/// The template mark that made the YAML break: it stands on the line of the break or the one before.
/// Marks elsewhere were read as text.
fn template(part: &str, start: usize, fault: &Fault) -> Option<Box<Fault>> {
    if fault.code != "yaml-syntax" {
        return None;
    }
    let (before, after) = part.split_at_checked(part.floor_char_boundary(fault.start - start))?;
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let previous = before.get(..line.saturating_sub(1))?.rfind('\n').map_or(0, |at| at + 1);
    let end = before.len() + after.find('\n').unwrap_or(after.len());
    let region = part.get(previous..end)?;
    let at = looks_unrendered(region)?;
    let rest = region.get(at..)?;
    let length = ["}}", "%}"].iter().filter_map(|close| Some(rest.find(close)? + 2)).min()?;
    let mark = start + previous + at;
    Some(not_rendered(mark, mark + length))
}

/// A template mark is where a value should be.
pub(crate) fn not_rendered(start: usize, end: usize) -> Box<Fault> {
    Fault::new("not-rendered", start, end, "the template is not rendered")
        .help("run `helm template` (or the tool that fills in the marks) and check what it prints")
}

/// JSON; where that fails, YAML, whose flow style looks alike; where both fail, what got further.
fn json_or_yaml(
    tree: &mut Tree,
    text: &str,
    chunk: Range<usize>,
    start: usize,
    nodes: &mut Vec<Node>,
) -> Result<()> {
    let json = text.get(..chunk.end).unwrap_or_default();
    let Err(mut broken) = read_json(tree, json, start, nodes) else { return Ok(()) };
    let rest = broken.start..chunk.end;
    let fault = &broken.fault;
    if fault.code == "json-syntax" {
        let Err(other) = read_yaml(tree, text, rest, nodes) else { return Ok(()) };
        // In a stream with one document a line each line stands for itself.
        let further =
            other.start > fault.start && other.code != "too-large" && next_line(json, &broken).is_none();
        if other.code == "not-rendered" || further {
            broken.fault = other;
        }
    }
    while let Some(at) = next_line(json, &broken) {
        tree.log.push(|| broken.fault.diagnostic(tree.file, text));
        let Err(next) = read_json(tree, json, at, nodes) else { return Ok(()) };
        broken = next;
    }
    Err(broken.fault)
}

/// A JSON document that cannot be read, and where it starts.
struct Broken {
    fault: Box<Fault>,
    start: usize,
}

fn read_json(
    tree: &mut Tree,
    text: &str,
    at: usize,
    nodes: &mut Vec<Node>,
) -> std::result::Result<(), Broken> {
    let mut mark = tree.mark();
    let mut json = Json::new(text, at, tree);
    while let Some(start) = json.start() {
        match json.document() {
            Ok(node) => nodes.extend(node),
            Err(fault) => {
                tree.back_to(&mark);
                return Err(Broken { fault, start });
            }
        }
        mark = json.mark();
    }
    Ok(())
}

/// Where a stream with one document a line goes on after a broken one.
fn next_line(text: &str, broken: &Broken) -> Option<usize> {
    let bytes = text.as_bytes();
    let starts_line = broken.start == 0 || bytes.get(broken.start - 1) == Some(&b'\n');
    let before = bytes.get(broken.start..broken.fault.start)?;
    if !starts_line || memchr::memchr(b'\n', before).is_some() {
        return None;
    }
    let next = broken.fault.start + memchr::memchr(b'\n', bytes.get(broken.fault.start..)?)? + 1;
    matches!(bytes.get(next), Some(b'{' | b'[')).then_some(next)
}
