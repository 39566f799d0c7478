//! What stands in columns: nodes, and the places where lines cross a column. And which of them a line
//! connects in each channel, the room left of a column.

use std::collections::BTreeMap;

use super::super::draw::{Drawing, Line, Shape};
use super::columns::Columns;
use super::lanes::{self, Lanes};
use super::size;

/// Height of a crossing, with the room around it.
pub(super) const CROSSING: i32 = 11;

/// Something that takes room in a column.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) column: usize,
    pub(super) band: Band,
    pub(super) height: i32,
    /// Its top.
    pub(super) y: i32,
    /// Whether it is a node; else a line crosses here.
    pub(super) is_node: bool,
    /// The lane that it belongs to: its own, or that of a line which never leaves it.
    pub(super) lane: Option<usize>,
    /// Whether it stands above all others of its lane.
    pub(super) first: bool,
}

/// Where in its column an item may stand: addresses outside anywhere, all else in a band. Even bands lie
/// between lanes, odd ones are lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Band {
    Free,
    At(usize),
}

/// On which side of a channel something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Left,
    Right,
}

/// What a line touches in one channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) item: usize,
    pub(super) side: Side,
    /// Below the top of the item.
    pub(super) offset: i32,
    /// Whether the line leaves the channel here; it does so once.
    pub(super) out: bool,
}

/// Everything of all columns.
pub(super) struct Items {
    /// Nodes first, in the order of the drawing.
    pub(super) all: Vec<Item>,
    /// The items of each column, from top to bottom.
    pub(super) columns: Vec<Vec<usize>>,
    pub(super) widths: Vec<i32>,
    /// For each channel what each line touches there.
    pub(super) channels: Vec<BTreeMap<usize, Vec<End>>>,
}

impl Items {
    pub(super) fn new(drawing: &Drawing, columns: &Columns, lanes: &Lanes) -> Self {
        let mut items = Self {
            all: Vec::new(),
            columns: vec![Vec::new(); columns.count],
            widths: vec![0; columns.count],
            channels: vec![BTreeMap::new(); columns.count + 1],
        };
        for (node, column) in drawing.nodes.iter().zip(&columns.of) {
            let width = items.widths.get_mut(*column);
            width.into_iter().for_each(|width| *width = size::wanted(node).max(*width));
            items.push(Item {
                column: *column,
                band: lanes::of(node.place).map_or(Band::Free, |lane| Band::At(2 * lanes.at(lane) + 1)),
                height: size::height(node),
                y: 0,
                is_node: true,
                lane: lanes::of(node.place),
                first: matches!(node.shape, Shape::Entry | Shape::Exit),
            });
        }
        for (index, line) in drawing.lines.iter().enumerate() {
            items.route(drawing, columns, lanes, index, line);
        }
        items
    }

    fn push(&mut self, item: Item) -> usize {
        let index = self.all.len();
        self.columns.get_mut(item.column).into_iter().for_each(|column| column.push(index));
        self.all.push(item);
        index
    }

    /// A line goes from its sources through the columns between to the channel before its target; from
    /// the right it comes back the same way.
    fn route(&mut self, drawing: &Drawing, columns: &Columns, lanes: &Lanes, index: usize, line: &Line) {
        let column = |node: usize| columns.of.get(node).copied().unwrap_or_default();
        let target = column(line.to);
        let first = line.from.iter().map(|from| column(*from)).min().unwrap_or(target);
        let last = line.from.iter().map(|from| column(*from)).max().unwrap_or(target);
        let (band, lane) = band(drawing, lanes, line);
        let item = |column| Item { column, band, height: CROSSING, y: 0, is_node: false, lane, first: false };
        for from in &line.from {
            self.end(
                column(*from) + 1,
                index,
                End { item: *from, side: Side::Left, offset: size::exit(), out: false },
            );
        }
        let end = |item, side, out| End { item, side, offset: CROSSING / 2, out };
        for crossed in first + 1..target {
            let item = self.push(item(crossed));
            self.end(crossed, index, end(item, Side::Right, true));
            self.end(crossed + 1, index, end(item, Side::Left, false));
        }
        for crossed in target..=last {
            let item = self.push(item(crossed));
            self.end(crossed, index, end(item, Side::Right, false));
            self.end(crossed + 1, index, end(item, Side::Left, true));
        }
        if let Some(node) = drawing.nodes.get(line.to) {
            let offset = size::entry(node, line.row);
            self.end(target, index, End { item: line.to, side: Side::Right, offset, out: true });
        }
    }

    fn end(&mut self, channel: usize, line: usize, end: End) {
        let channel = self.channels.get_mut(channel);
        channel.into_iter().for_each(|channel| channel.entry(line).or_default().push(end));
    }

    /// Where an end is.
    pub(super) fn y(&self, end: &End) -> i32 {
        self.all.get(end.item).map_or(0, |item| item.y + end.offset)
    }
}

/// Where a line crosses columns: within its lane, else beside that of its target, on the side it comes from.
fn band(drawing: &Drawing, lanes: &Lanes, line: &Line) -> (Band, Option<usize>) {
    let lane = |node: usize| drawing.nodes.get(node).and_then(|node| lanes::of(node.place));
    let from: Vec<usize> = line.from.iter().filter_map(|node| lane(*node)).collect();
    let mut bands: Vec<usize> = from.iter().map(|lane| lanes.at(*lane)).collect();
    bands.sort_unstable();
    let median = bands.get(bands.len() / 2).copied();
    let only = |to: usize| from.len() == line.from.len() && from.iter().all(|one| *one == to);
    let is_entry = drawing.nodes.get(line.to).is_some_and(|node| node.shape == Shape::Entry);
    let band = match (lane(line.to), median) {
        (Some(to), _) if only(to) => return (Band::At(2 * lanes.at(to) + 1), Some(to)),
        (Some(to), Some(median)) if median > lanes.at(to) && !is_entry => 2 * lanes.at(to) + 2,
        (Some(to), _) => 2 * lanes.at(to),
        (None, Some(median)) => 2 * median + 2,
        (None, None) => 0,
    };
    (Band::At(band), None)
}
