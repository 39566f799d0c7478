//! Places for everything: namespaces are bands across the picture, lines run from left to right.
//!
//! ```text
//! lanes:   which stand side by side, and which below each other         (lanes)
//! columns: by who connects to whom (0 is outside, the last is outside)     (columns)
//! items:   nodes, and the places where lines cross a column                (items)
//! order:   within each column, so that few lines cross                     (order)
//! heights: bands for namespaces and between them, y of each item           (heights)
//! tracks:  x of each line between two columns                              (tracks)
//! ```
//!
//! Lines of different targets never share a place, and none runs through a node. Whole pixels
//! only, so that the same map gives the same bytes everywhere.

mod columns;
mod heights;
mod items;
mod lanes;
mod order;
pub(super) mod size;
mod tracks;

use super::draw::Drawing;

/// A place in the picture, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    pub(super) x: i32,
    pub(super) y: i32,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A line of the drawing: paths that join, and where the arrow's tip is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wire {
    pub(super) line: usize,
    pub(super) paths: Vec<Vec<Point>>,
    pub(super) tip: Point,
}

/// Where everything is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) nodes: Vec<Rect>,
    /// Boxes around the nodes of each lane; empty where a lane has none.
    pub(super) lanes: Vec<Rect>,
    pub(super) wires: Vec<Wire>,
}

/// Lays a drawing out.
pub(super) fn of(drawing: &Drawing) -> Layout {
    let mut lanes = lanes::Lanes::new(drawing);
    let columns = columns::Columns::new(drawing, &mut lanes);
    let mut items = items::Items::new(drawing, &columns, &lanes);
    order::settle(&mut items);
    let heights = heights::Heights::new(&mut items, &lanes);
    let channels = tracks::Channels::new(&mut items);
    place(drawing, &items, &heights, &channels)
}

fn place(
    drawing: &Drawing,
    items: &items::Items,
    heights: &heights::Heights,
    channels: &tracks::Channels,
) -> Layout {
    let mut layout = Layout { height: heights.bottom, ..Layout::default() };
    let mut lefts = Vec::new();
    let mut x = size::MARGIN;
    for (column, width) in items.widths.iter().enumerate() {
        let channel = channels.width(column);
        x += channel;
        lefts.push(x);
        x += width;
    }
    layout.width = x + size::MARGIN;
    for (index, _) in drawing.nodes.iter().enumerate() {
        let Some(item) = items.all.get(index) else { continue };
        let left = lefts.get(item.column).copied().unwrap_or_default();
        let width = items.widths.get(item.column).copied().unwrap_or_default();
        layout.nodes.push(Rect { x: left, y: item.y, width, height: item.height });
    }
    let around = |lane| around(drawing, &layout.nodes, lane, heights);
    layout.lanes = (0..drawing.lanes.len()).map(around).collect();
    layout.wires = channels.wires(items, drawing, &lefts);
    layout
}

/// The box of a lane: from its first column to its last.
fn around(drawing: &Drawing, nodes: &[Rect], lane: usize, heights: &heights::Heights) -> Rect {
    let is_of = |place| lanes::of(place) == Some(lane);
    let members = drawing.nodes.iter().zip(nodes).filter(|(node, _)| is_of(node.place)).map(|(_, rect)| rect);
    let left = members.clone().map(|rect| rect.x).min();
    let right = members.map(|rect| rect.x + rect.width).max();
    let (Some(left), Some(right), Some(band)) = (left, right, heights.lane(lane)) else {
        return Rect::default();
    };
    let x = left - size::PAD;
    Rect { x, y: band.0, width: right + size::PAD - x, height: band.1 - band.0 }
}
