//! Lines between two columns: each has a track of its own where it goes up or down.

use std::collections::{BTreeMap, BTreeSet};

use super::super::draw::Drawing;
use super::items::{End, Items, Side};
use super::{Point, Wire, size};

/// Between two tracks.
const PITCH: i32 = 9;
/// Room for the arrow, right of the last track.
const ARROW: i32 = 20;
/// Left of the first track.
const START: i32 = 14;
/// How far an item moves that lines need apart.
const NUDGE: i32 = 4;
/// Corners are this round.
pub(super) const RADIUS: i32 = 6;

/// The room between columns.
pub(super) struct Channels {
    /// For each channel the tracks of lines, and how many there are.
    tracks: Vec<(BTreeMap<usize, usize>, usize)>,
}

impl Channels {
    /// Assigns tracks. Where lines would need each to turn before the other, an item moves a little.
    pub(super) fn new(items: &mut Items) -> Self {
        /// Moves at most, each by less than the room between items.
        const MOVES: usize = 64;
        let mut moved = BTreeSet::new();
        for _ in 0..MOVES {
            let knots = items.channels.iter().flat_map(|channel| assign(items, channel).knots);
            let Some(item) = knots.flatten().find(|item| !moved.contains(item)) else { break };
            moved.insert(item);
            items.all.get_mut(item).into_iter().for_each(|item| item.y += NUDGE);
        }
        let assigned = items.channels.iter().map(|channel| assign(items, channel));
        Self { tracks: assigned.map(|one| (one.tracks, one.count)).collect() }
    }

    /// How wide a channel is; the first is the margin.
    pub(super) fn width(&self, channel: usize) -> i32 {
        if channel == 0 {
            return 0;
        }
        let tracks = self.tracks.get(channel).map_or(0, |(_, count)| *count);
        START + PITCH * i32::try_from(tracks).unwrap_or(0) + ARROW + 2 * size::PAD
    }

    /// The lines, with columns starting at `lefts`.
    pub(super) fn wires(&self, items: &Items, drawing: &Drawing, lefts: &[i32]) -> Vec<Wire> {
        let mut wires: Vec<Wire> = (0..drawing.lines.len())
            .map(|line| Wire { line, paths: Vec::new(), tip: Point::default() })
            .collect();
        for (channel, lines) in items.channels.iter().enumerate() {
            for (line, ends) in lines {
                let Some(wire) = wires.get_mut(*line) else { continue };
                self.draw(items, lefts, (channel, *line), ends, wire);
                let Some(tip) = drawing.lines.get(*line).map(|line| line.to) else { continue };
                if let Some(end) = ends.iter().find(|end| end.out && end.item == tip) {
                    wire.tip = Point { x: x_of(items, lefts, channel, end), y: items.y(end) };
                }
            }
        }
        for (index, item) in items.all.iter().enumerate().filter(|(_, item)| !item.is_node) {
            // A crossing is a straight piece over its column.
            let left = lefts.get(item.column).copied().unwrap_or_default();
            let right = left + items.widths.get(item.column).copied().unwrap_or_default();
            let through = |end: &&End| end.item == index;
            let lines = items.channels.get(item.column).into_iter().flatten();
            let found = lines.filter_map(|(line, ends)| Some((line, ends.iter().find(through)?))).next();
            if let Some((line, end)) = found {
                let y = items.y(end);
                let path = vec![Point { x: left, y }, Point { x: right, y }];
                wires.get_mut(*line).into_iter().for_each(|wire| wire.paths.push(path.clone()));
            }
        }
        wires
    }

    /// The pieces of one line in one channel.
    fn draw(&self, items: &Items, lefts: &[i32], at: (usize, usize), ends: &[End], wire: &mut Wire) {
        let (channel, line) = at;
        let Some(out) = ends.iter().find(|end| end.out) else { return };
        let point = |end: &End| Point { x: x_of(items, lefts, channel, end), y: items.y(end) };
        let goal = point(out);
        let left = lefts.get(channel).copied().unwrap_or_default() - self.width(channel);
        let track = self.tracks.get(channel).and_then(|(tracks, _)| tracks.get(&line)).copied();
        let x = left + size::PAD + START + PITCH * i32::try_from(track.unwrap_or(0)).unwrap_or(0);
        let mut sources: Vec<Point> = ends.iter().filter(|end| !end.out).map(point).collect();
        sources.sort_unstable_by_key(|source| (source.y, source.x));
        sources.dedup();
        let above = sources.iter().filter(|source| source.y < goal.y);
        let below = sources.iter().rev().filter(|source| source.y > goal.y);
        for (far, source) in above.enumerate().chain(below.enumerate()) {
            let turn = Point { x, y: source.y };
            if far == 0 {
                wire.paths.push(vec![*source, turn, Point { x, y: goal.y }, goal]);
            } else {
                let step = RADIUS.min((goal.y - source.y).abs()) * (goal.y - source.y).signum();
                wire.paths.push(vec![*source, turn, Point { x, y: source.y + step }]);
            }
        }
        for source in sources.iter().filter(|source| source.y == goal.y) {
            wire.paths.push(if (source.x < x) == (goal.x < x) && track.is_some() {
                vec![*source, Point { x, y: source.y }, goal]
            } else {
                vec![*source, goal]
            });
        }
    }
}

fn x_of(items: &Items, lefts: &[i32], channel: usize, end: &End) -> i32 {
    let left = |column: usize| lefts.get(column).copied().unwrap_or_default();
    match end.side {
        Side::Right => left(channel),
        Side::Left => {
            let column = channel.saturating_sub(1);
            left(column) + items.widths.get(column).copied().unwrap_or_default()
        }
    }
}

/// Tracks of one channel.
struct Assigned {
    tracks: BTreeMap<usize, usize>,
    count: usize,
    /// Items at which lines lie upon one another whatever their tracks.
    knots: Vec<Vec<usize>>,
}

/// What one line takes in a channel.
struct Claim {
    line: usize,
    top: i32,
    bottom: i32,
    lefts: Vec<(i32, usize)>,
    rights: Vec<(i32, usize)>,
    order: (bool, i32),
}

impl Claim {
    fn new(items: &Items, line: usize, ends: &[End]) -> Option<Self> {
        let ys: Vec<i32> = ends.iter().map(|end| items.y(end)).collect();
        let (top, bottom) = (*ys.iter().min()?, *ys.iter().max()?);
        let of = |side| {
            let ends = ends.iter().filter(|end| end.side == side);
            ends.map(|end| (items.y(end), end.item)).collect::<Vec<_>>()
        };
        let (lefts, rights) = (of(Side::Left), of(Side::Right));
        if top == bottom && !lefts.is_empty() && !rights.is_empty() {
            return None;
        }
        let out = ends.iter().find(|end| end.out).map(|end| items.y(end))?;
        let down = lefts.iter().filter(|(y, _)| *y < out).count() * 2 >= lefts.len();
        // Of lines that go down the lowest turns first, of lines that go up the highest: they do not cross.
        let order = if down { (false, -out) } else { (true, out) };
        Some(Self { line, top, bottom, lefts, rights, order })
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.top <= other.bottom + 2 && other.top <= self.bottom + 2
    }

    /// Whether this one must turn left of `other`, or they would share a piece.
    fn before(&self, other: &Self) -> bool {
        !self.met(other).is_empty()
    }

    /// The items where a left end of this one meets a right end of `other`.
    fn met(&self, other: &Self) -> Vec<usize> {
        let meets =
            |left: i32| other.rights.iter().filter(move |(right, _)| (left - right).abs() < NUDGE - 1);
        self.lefts
            .iter()
            .flat_map(|(left, item)| meets(*left).flat_map(|(_, there)| [*there, *item]))
            .collect()
    }
}

fn assign(items: &Items, channel: &BTreeMap<usize, Vec<End>>) -> Assigned {
    let mut waiting: Vec<Claim> =
        channel.iter().filter_map(|(line, ends)| Claim::new(items, *line, ends)).collect();
    waiting.sort_by_key(|claim| (claim.order, claim.line));
    let mut placed: Vec<(Claim, usize)> = Vec::new();
    let mut knots = Vec::new();
    while !waiting.is_empty() {
        let is_free = |one: &Claim| !waiting.iter().any(|other| other.line != one.line && other.before(one));
        let free = waiting.iter().position(is_free);
        // Where each must be before another, the first goes first.
        let claim = waiting.remove(free.unwrap_or(0));
        if free.is_none() {
            knots.extend(waiting.iter().map(|other| other.met(&claim)));
        }
        let after = |(other, track): &(Claim, usize)| {
            let behind = other.before(&claim) || (other.overlaps(&claim) && other.order.0 == claim.order.0);
            behind.then_some(track + 1)
        };
        let mut track = placed.iter().filter_map(after).max().unwrap_or(0);
        while placed.iter().any(|(other, there)| *there == track && other.overlaps(&claim)) {
            track += 1;
        }
        placed.push((claim, track));
    }
    let count = placed.iter().map(|(_, track)| track + 1).max().unwrap_or(0);
    Assigned { tracks: placed.into_iter().map(|(claim, track)| (claim.line, track)).collect(), count, knots }
}
