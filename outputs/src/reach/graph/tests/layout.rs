//! Pictures that can be read: nothing lies upon anything else, and lines lead where they should.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{built, connections, ring, shown};
use crate::reach::fixture::{cluster, map};
use crate::reach::graph::draw::Drawing;
use crate::reach::graph::gather::Place;
use crate::reach::graph::layout::{self, Layout, Point, Rect, size};

fn overlap(a: &Rect, b: &Rect) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/// A piece of a line, ends sorted.
type Piece = (Point, Point);

fn pieces(layout: &Layout) -> Vec<(usize, Piece)> {
    let paths = layout.wires.iter().flat_map(|wire| wire.paths.iter().map(|path| (wire.line, path)));
    paths
        .flat_map(|(line, path)| {
            path.windows(2).map(move |ends| (line, (ends[0].min(ends[1]), ends[0].max(ends[1]))))
        })
        .collect()
}

fn crosses_inside(piece: &Piece, rect: &Rect) -> bool {
    let (a, b) = piece;
    a.x < rect.x + rect.width && rect.x < b.x && a.y < rect.y + rect.height && rect.y < b.y
        || (a.y == b.y
            && rect.y < a.y
            && a.y < rect.y + rect.height
            && a.x < rect.x + rect.width
            && rect.x < b.x)
        || (a.x == b.x
            && rect.x < a.x
            && a.x < rect.x + rect.width
            && a.y < rect.y + rect.height
            && rect.y < b.y)
}

/// How many pixels two pieces on one straight line have in common.
fn shared(a: &Piece, b: &Piece) -> i32 {
    let level = |piece: &Piece| piece.0.y == piece.1.y;
    if level(a) && level(b) && a.0.y == b.0.y {
        return a.1.x.min(b.1.x) - a.0.x.max(b.0.x);
    }
    if !level(a) && !level(b) && a.0.x == b.0.x {
        return a.1.y.min(b.1.y) - a.0.y.max(b.0.y);
    }
    0
}

#[track_caller]
fn check(drawing: &Drawing) {
    let layout = layout::of(drawing);
    for (index, (node, rect)) in drawing.nodes.iter().zip(&layout.nodes).enumerate() {
        for other in layout.nodes.iter().skip(index + 1) {
            assert!(!overlap(rect, other), "two nodes share a place: {rect:?} {other:?}");
        }
        for (lane, around) in layout.lanes.iter().enumerate() {
            let own = node.place == Place::Lane(u32::try_from(lane).unwrap());
            assert_eq!(overlap(rect, around), own, "{} and the box of {}", node.title, drawing.lanes[lane]);
        }
        assert!(rect.x >= 0 && rect.x + rect.width <= layout.width && rect.y + rect.height <= layout.height);
    }
    for (index, lane) in layout.lanes.iter().enumerate().filter(|(_, lane)| lane.width > 0) {
        let others = layout.lanes.iter().skip(index + 1).filter(|other| other.width > 0);
        others.for_each(|other| assert!(!overlap(lane, other), "two boxes share a place"));
    }
    for (_, piece) in pieces(&layout) {
        for rect in &layout.nodes {
            assert!(!crosses_inside(&piece, rect), "a line runs through a node: {piece:?} {rect:?}");
        }
    }
    connected(drawing, &layout);
}

/// Each line is in one piece, from the right of every source to the left of its row.
fn connected(drawing: &Drawing, layout: &Layout) {
    for wire in &layout.wires {
        let line = &drawing.lines[wire.line];
        let target = layout.nodes[line.to];
        let entry = target.y + size::entry(&drawing.nodes[line.to], line.row);
        assert_eq!(wire.tip, Point { x: target.x, y: entry });
        let own: Vec<Piece> =
            pieces(layout).into_iter().filter(|(of, _)| *of == wire.line).map(|(_, one)| one).collect();
        let mut reached: BTreeSet<usize> = BTreeSet::new();
        let mut fresh = vec![(wire.tip, wire.tip)];
        while let Some(from) = fresh.pop() {
            for (index, piece) in own.iter().enumerate() {
                if !reached.contains(&index) && touch(&from, piece) {
                    reached.insert(index);
                    fresh.push(*piece);
                }
            }
        }
        assert_eq!(reached.len(), own.len(), "a line is in several parts");
        for from in &line.from {
            let rect = layout.nodes[*from];
            let start = Point { x: rect.x + rect.width, y: rect.y + size::exit() };
            assert!(own.iter().any(|piece| touch(&(start, start), piece)), "nothing leaves a source");
        }
    }
}

fn touch(a: &Piece, b: &Piece) -> bool {
    a.0.x <= b.1.x
        && b.0.x <= a.1.x
        && a.0.y.min(a.1.y) <= b.0.y.max(b.1.y)
        && b.0.y.min(b.1.y) <= a.0.y.max(a.1.y)
}

/// How many pairs of lines with different targets lie upon one another for more than a corner, apart from
/// the stubs at a common source.
fn upon_one_another(drawing: &Drawing) -> usize {
    let layout = layout::of(drawing);
    let all = pieces(&layout);
    let exits: BTreeSet<i32> = layout.nodes.iter().map(|rect| rect.y + size::exit()).collect();
    let mut count = 0;
    for (index, (line, a)) in all.iter().enumerate() {
        for (other, b) in all.iter().skip(index + 1).filter(|(other, _)| other != line) {
            let same_source =
                drawing.lines[*line].from.iter().any(|from| drawing.lines[*other].from.contains(from));
            let stub = a.0.y == a.1.y && exits.contains(&a.0.y) && same_source;
            count += usize::from(shared(a, b) > 12 && !stub);
        }
    }
    count
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_lies_upon_anything_else((names, lines) in connections(20)) {
        let (estate, map) = built(&names, &lines);
        check(&Drawing::new(shown(&estate, &map)));
    }

    #[test]
    fn lines_of_different_targets_keep_apart((names, lines) in connections(12)) {
        let (estate, map) = built(&names, &lines);
        prop_assert_eq!(upon_one_another(&Drawing::new(shown(&estate, &map))), 0);
    }
}

#[test]
fn a_hundred_workloads_stay_readable() {
    for (namespaces, each) in [(10, 10), (4, 25), (25, 4), (100, 1), (1, 100)] {
        let (names, lines) = ring(namespaces, each);
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let estate = cluster(&all);
        let lines: Vec<(&str, &str, &str)> =
            lines.iter().map(|(from, to, ports)| (all[*from], all[*to], ports.as_str())).collect();
        let map = map(&estate, &lines);
        check(&Drawing::new(shown(&estate, &map)));
    }
}
