//! Sources that many targets share: a letter stands for them instead of lines.

use std::collections::BTreeSet;

use super::FAN;
use super::gather::{Gathered, Place};
use super::nets::Net;

/// Letters at most; more than these nobody keeps in mind.
const LETTERS: usize = 9;

/// Sources that a letter stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Its vertices. Sorted.
    pub(super) members: Vec<u32>,
    /// Whether the legend names who is not of it.
    pub(super) inverted: bool,
}

/// Takes out of `nets` the sources that are better said by a letter, the widest first.
pub(super) fn take(nets: &mut [Net], gathered: &Gathered) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    while groups.len() < LETTERS {
        let Some(members) = widest(nets) else { break };
        let letter = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        for net in nets.iter_mut().filter(|net| serves(net, &members)) {
            net.groups.push(letter);
            net.sources.retain(|source| members.binary_search(source).is_err());
        }
        groups.push(Group { inverted: is_most(&members, gathered), members });
    }
    groups
}

/// The set of sources that saves most lines; `None` where none is wide enough.
fn widest(nets: &[Net]) -> Option<Vec<u32>> {
    let sets: BTreeSet<&Vec<u32>> = nets.iter().map(|net| &net.sources).collect();
    let saved = |set: &&Vec<u32>| {
        let uses = nets.iter().filter(|net| serves(net, set));
        let counts = uses.map(|net| set.iter().filter(|source| **source != net.to).count());
        let (uses, lines) = counts.fold((0, 0), |(uses, lines), count| (uses + 1, lines + count));
        let wide = set.len() > FAN || uses > FAN;
        if wide && lines > FAN { lines } else { 0 }
    };
    // The first of the widest, whatever the order of comparison.
    let mut best: Option<(usize, &Vec<u32>)> = None;
    for set in sets {
        let lines = saved(&set);
        if lines > best.map_or(0, |(most, _)| most) {
            best = Some((lines, set));
        }
    }
    best.map(|(_, set)| set.clone())
}

/// Whether all of `members` are sources of the net; the target itself may be one of them or not.
fn serves(net: &Net, members: &[u32]) -> bool {
    let mut others = members.iter().filter(|one| **one != net.to).peekable();
    others.peek().is_some() && others.all(|one| net.sources.binary_search(one).is_ok())
}

/// Whether it is shorter to say who is not in a set: at least three quarters of all workloads are.
fn is_most(members: &[u32], gathered: &Gathered) -> bool {
    let is_inside = |id: &u32| {
        gathered.vertices.get(*id as usize).is_some_and(|vertex| matches!(vertex.place, Place::Lane(_)))
    };
    let all = (0..).take(gathered.vertices.len()).filter(is_inside).count();
    let inside = members.iter().filter(|id| is_inside(id)).count();
    inside > FAN && inside * 4 >= all * 3
}
