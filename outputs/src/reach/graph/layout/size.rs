//! How large nodes are, and where in them lines begin and end.

use super::super::draw::{Node, Row};
use super::super::text::{bold, width};

/// Around the picture.
pub(crate) const MARGIN: i32 = 24;
/// Around the nodes of a lane.
pub(crate) const PAD: i32 = 14;
/// Above the nodes of a lane, for its title.
pub(crate) const HEADER: i32 = 34;
/// Between nodes of a column.
pub(crate) const GAP: i32 = 12;
/// Height of a title.
pub(crate) const TITLE: i32 = 26;
/// Height of one more line.
pub(crate) const LINE: i32 = 17;
/// Below the last line.
pub(crate) const FOOT: i32 = 6;
/// Font size of titles.
pub(crate) const LARGE: i32 = 13;
/// Font size of all else.
pub(crate) const SMALL: i32 = 11;
/// Left and right of texts in a node.
pub(crate) const INSET: i32 = 12;
/// Room for one letter.
pub(crate) const CHIP: i32 = 17;
/// Room for the mark of what is open within a node.
pub(crate) const MARK: i32 = 16;
/// No node is wider.
const WIDEST: i32 = 270;
/// Nor narrower.
const NARROWEST: i32 = 96;

/// How wide a node wants to be.
pub(crate) fn wanted(node: &Node) -> i32 {
    let chips = |letters: &[char]| CHIP * i32::try_from(letters.len()).unwrap_or(i32::MAX / CHIP);
    let aside = if node.aside.is_empty() { 0 } else { 10 + width(&node.aside, SMALL) };
    let title = bold(&node.title, LARGE) + aside + chips(&node.letters);
    let names = node.names.iter().map(|name| width(name, SMALL));
    let row = |row: &Row| {
        let text = MARK * i32::from(row.within) + bold(&row.text, SMALL) + chips(&row.letters) + 6;
        row.names.iter().map(|name| width(name, SMALL)).chain([text]).max().unwrap_or_default()
    };
    let widest = names.chain(node.rows.iter().map(row)).chain([title]).max().unwrap_or_default();
    (widest + 2 * INSET).clamp(NARROWEST, WIDEST)
}

/// How many lines a row takes.
fn lines(row: &Row) -> usize {
    1 + row.names.len()
}

/// How high a node is.
pub(crate) fn height(node: &Node) -> i32 {
    let lines = node.names.len() + node.rows.iter().map(lines).sum::<usize>();
    TITLE + LINE * i32::try_from(lines).unwrap_or(i32::MAX / 64) + FOOT
}

/// Where lines leave, below the top of the node.
pub(crate) fn exit() -> i32 {
    TITLE / 2
}

/// Where lines into a row end, below the top of the node.
pub(crate) fn entry(node: &Node, row: usize) -> i32 {
    let before = node.names.len() + node.rows.iter().take(row).map(lines).sum::<usize>();
    let before = i32::try_from(before).unwrap_or(i32::MAX / 64);
    TITLE + LINE * before + LINE / 2
}
