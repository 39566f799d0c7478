//! A column for each node: whoever connects stands left of whoever answers, as far as that is possible.

use super::super::draw::{Drawing, Shape};
use super::super::gather::Place;
use super::lanes::{self, Lanes};
use super::size;

/// Columns of one stretch at most.
const MOST: usize = 5;
/// Columns of one stretch at most, where there are several.
const MOST_OF_SEVERAL: usize = 3;
/// Columns for lanes without lines, where no others need more.
const SHELF: usize = 4;

/// A column for each node, and how many there are.
pub(super) struct Columns {
    pub(super) of: Vec<usize>,
    pub(super) count: usize,
}

impl Columns {
    pub(super) fn new(drawing: &Drawing, lanes: &mut Lanes) -> Self {
        let lines = lines(drawing);
        let mut ranks = vec![0; drawing.nodes.len()];
        let mut first = 0;
        for stretch in 0..lanes.stretches {
            let is_of = |node: &usize| {
                lane(drawing, *node).and_then(|lane| lanes.stretch.get(lane)) == Some(&stretch)
            };
            let members: Vec<usize> = (0..drawing.nodes.len()).filter(is_of).collect();
            if lanes.stretches == 1 {
                rank(drawing, &members, &lines, MOST, &mut ranks);
            } else {
                for own in by_lane(drawing, &members) {
                    rank(drawing, &own, &lines, MOST_OF_SEVERAL, &mut ranks);
                }
            }
            for own in by_lane(drawing, &members) {
                spread(drawing, &own, &lines, lanes.stretches == 1, &mut ranks);
            }
            for node in &members {
                ranks.get_mut(*node).into_iter().for_each(|rank| *rank += first);
            }
            first = members.iter().filter_map(|node| ranks.get(*node)).max().map_or(first, |last| last + 1);
        }
        let first = shelve(drawing, lanes, first, &mut ranks);
        let of = drawing.nodes.iter().zip(&ranks).map(|(node, rank)| match node.place {
            Place::From => 0,
            Place::Lane(_) => rank + 1,
            Place::To => first + 1,
        });
        Self { of: of.collect(), count: first + 2 }
    }
}

/// Lanes without lines stand below the others, as many side by side as there are columns.
fn shelve(drawing: &Drawing, lanes: &mut Lanes, columns: usize, ranks: &mut [usize]) -> usize {
    let columns = if columns == 0 { SHELF } else { columns.max(SHELF.min(drawing.lanes.len())) };
    let (mut band, mut used) = (lanes.bands_with_lines(), 0);
    for index in (0..drawing.lanes.len()).filter(|lane| !lanes.is_linked(*lane)).collect::<Vec<_>>() {
        let members = (0..drawing.nodes.len()).filter(|node| lane(drawing, *node) == Some(index));
        let members: Vec<usize> = members.collect();
        let wide = members.len().clamp(1, columns.min(if drawing.lanes.len() == 1 { SHELF } else { 2 }));
        if used + wide > columns {
            (band, used) = (band + 1, 0);
        }
        lanes.put(index, band);
        for (at, node) in members.iter().enumerate() {
            ranks.get_mut(*node).into_iter().for_each(|rank| *rank = used + at % wide);
        }
        used += wide;
    }
    columns
}

/// The members of each lane.
fn by_lane(drawing: &Drawing, members: &[usize]) -> Vec<Vec<usize>> {
    let of = |index| members.iter().copied().filter(|node| lane(drawing, *node) == Some(index)).collect();
    (0..drawing.lanes.len()).map(of).collect()
}

fn lane(drawing: &Drawing, node: usize) -> Option<usize> {
    drawing.nodes.get(node).and_then(|node| lanes::of(node.place))
}

/// Lines between nodes of lanes.
fn lines(drawing: &Drawing) -> Vec<(usize, usize)> {
    let all = drawing.lines.iter().flat_map(|line| line.from.iter().map(|from| (*from, line.to)));
    let is_inside = |(from, to): &(usize, usize)| {
        from != to && lane(drawing, *from).is_some() && lane(drawing, *to).is_some()
    };
    let mut lines: Vec<(usize, usize)> = all.filter(is_inside).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// The length of the longest path to each of `members` over lines that lead forward, within `most` columns.
fn rank(drawing: &Drawing, members: &[usize], lines: &[(usize, usize)], most: usize, ranks: &mut [usize]) {
    let lines = among(members, lines);
    let sequence = sequence(members, &lines);
    let mut at = vec![usize::MAX; ranks.len()];
    for (index, node) in sequence.iter().enumerate() {
        at.get_mut(*node).into_iter().for_each(|at| *at = index);
    }
    let forward: Vec<(usize, usize)> =
        lines.iter().filter(|(from, to)| at.get(*from) < at.get(*to)).copied().collect();
    for node in &sequence {
        let before = forward.iter().filter(|(_, to)| to == node);
        let rank = before.filter_map(|(from, _)| ranks.get(*from)).map(|rank| rank + 1).max();
        ranks.get_mut(*node).into_iter().for_each(|slot| *slot = rank.unwrap_or(0));
    }
    pull(&sequence, &forward, ranks);
    squeeze(drawing, members, most, ranks);
}

/// Lines between members, sorted.
fn among(members: &[usize], lines: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let is = |node: &usize| members.binary_search(node).is_ok();
    lines.iter().filter(|(from, to)| is(from) && is(to)).copied().collect()
}

/// Where there are more ranks than columns, neighbouring ranks share one, so that columns are equally high.
fn squeeze(drawing: &Drawing, members: &[usize], most: usize, ranks: &mut [usize]) {
    let last = members.iter().filter_map(|node| ranks.get(*node)).copied().max().unwrap_or(0);
    if last < most {
        return;
    }
    let mut heights = vec![0; last + 1];
    for node in members {
        let slot = ranks.get(*node).and_then(|rank| heights.get_mut(*rank));
        slot.into_iter().for_each(|slot| *slot += usize::try_from(high(drawing, *node)).unwrap_or(0));
    }
    let total: usize = heights.iter().sum::<usize>().max(1);
    let mut before = 0;
    let columns: Vec<usize> = heights
        .iter()
        .map(|height| {
            let column = ((before + height / 2) * most / total).min(most - 1);
            before += height;
            column
        })
        .collect();
    for node in members {
        if let Some(rank) = ranks.get_mut(*node) {
            *rank = columns.get(*rank).copied().unwrap_or_default();
        }
    }
}

/// Who only connects moves next to the first that answers it.
fn pull(sequence: &[usize], forward: &[(usize, usize)], ranks: &mut [usize]) {
    for node in sequence.iter().rev().filter(|node| forward.iter().all(|(_, to)| to != *node)) {
        let after = forward.iter().filter(|(from, _)| from == node);
        if let Some(first) = after.filter_map(|(_, to)| ranks.get(*to)).copied().min() {
            ranks.get_mut(*node).into_iter().for_each(|rank| *rank = first.saturating_sub(1));
        }
    }
}

/// An order in which few lines lead backward (Eades, Lin and Smyth 1993).
pub(super) fn sequence(members: &[usize], lines: &[(usize, usize)]) -> Vec<usize> {
    let mut left: Vec<usize> = members.to_vec();
    let mut lines: Vec<(usize, usize)> = lines.to_vec();
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    while !left.is_empty() {
        let out = |node: &usize| lines.iter().filter(|(from, _)| from == node).count();
        let into = |node: &usize| lines.iter().filter(|(_, to)| to == node).count();
        let sink = left.iter().copied().find(|node| out(node) == 0 && into(node) > 0);
        let source = || left.iter().copied().find(|node| into(node) == 0);
        let widest =
            || left.iter().copied().max_by_key(|node| (delta(out(node), into(node)), usize::MAX - node));
        let Some(node) = sink.or_else(source).or_else(widest) else { break };
        if sink.is_some() {
            tail.push(node)
        } else {
            head.push(node)
        }
        left.retain(|one| *one != node);
        lines.retain(|(from, to)| *from != node && *to != node);
    }
    head.extend(tail.into_iter().rev());
    head
}

fn delta(out: usize, into: usize) -> i64 {
    i64::try_from(out).unwrap_or(i64::MAX) - i64::try_from(into).unwrap_or(i64::MAX)
}

/// Nodes of a lane without a line to another of their stretch fill its columns, each the emptiest; where
/// lines between lanes begin and end is at either side of it.
fn spread(drawing: &Drawing, own: &[usize], lines: &[(usize, usize)], whole: bool, ranks: &mut [usize]) {
    let is_own = |node: &usize| own.binary_search(node).is_ok();
    let is_linked = |node: &&usize| {
        let other = |from: &usize, to: &usize| {
            (from == *node && (whole || is_own(to))) || (to == *node && (whole || is_own(from)))
        };
        lines.iter().any(|(from, to)| other(from, to))
    };
    let fixed: Vec<usize> = own.iter().filter(is_linked).copied().collect();
    let used: Vec<usize> = fixed.iter().filter_map(|node| ranks.get(*node).copied()).collect();
    let (first, wide) = match (used.iter().min(), used.iter().max()) {
        (Some(first), Some(last)) => (*first, last - first + 1),
        _ => (0, own.len().min(2)),
    };
    let mut heights = vec![0; wide.max(1)];
    for node in &fixed {
        let at = ranks.get(*node).copied().unwrap_or_default().saturating_sub(first);
        heights.get_mut(at).into_iter().for_each(|there| *there += high(drawing, *node));
    }
    for node in own.iter().copied().filter(|node| fixed.binary_search(node).is_err()) {
        let at = match drawing.nodes.get(node).map(|node| node.shape) {
            Some(Shape::Entry) => 0,
            Some(Shape::Exit) => heights.len() - 1,
            _ => heights.iter().enumerate().min_by_key(|(_, height)| **height).map_or(0, |(at, _)| at),
        };
        heights.get_mut(at).into_iter().for_each(|there| *there += high(drawing, node));
        ranks.get_mut(node).into_iter().for_each(|rank| *rank = first + at);
    }
}

fn high(drawing: &Drawing, node: usize) -> i32 {
    drawing.nodes.get(node).map(size::height).unwrap_or_default() + size::GAP
}
