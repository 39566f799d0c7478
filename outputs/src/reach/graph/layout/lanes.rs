//! Lanes side by side: of many nodes the lanes that connect stand left of those that answer.

use super::super::draw::Drawing;
use super::super::gather::Place;
use super::columns::sequence;

/// Nodes for which one lane below the other is enough.
const FEW: usize = 24;
/// Nodes for which two lanes side by side are enough.
const SOME: usize = 64;

/// Where lanes stand.
pub(super) struct Lanes {
    /// For each lane the stretch of columns it is in, from the left; none where it has no lines.
    pub(super) stretch: Vec<usize>,
    /// For each lane its band, from the top.
    pub(super) band: Vec<usize>,
    /// How many stretches there are.
    pub(super) stretches: usize,
    /// Whether any line begins or ends in it.
    linked: Vec<bool>,
}

impl Lanes {
    pub(super) fn new(drawing: &Drawing) -> Self {
        let count = drawing.lanes.len();
        let mut lanes = Self {
            stretch: vec![usize::MAX; count],
            band: vec![0; count],
            stretches: 1,
            linked: vec![false; count],
        };
        let pairs = lanes.pairs(drawing);
        let mut nodes = vec![0; count];
        for lane in
            drawing.nodes.iter().filter_map(|node| of(node.place)).filter(|lane| lanes.is_linked(*lane))
        {
            nodes.get_mut(lane).into_iter().for_each(|nodes| *nodes += 1);
        }
        let total: usize = nodes.iter().sum();
        let wanted = [FEW, SOME].iter().filter(|most| total > **most).count() + 1;
        lanes.stretches = wanted.min(nodes.iter().filter(|nodes| **nodes > 0).count()).max(1);
        lanes.fill(&pairs, &nodes, total);
        lanes.stack();
        lanes.shorten(&pairs);
        lanes
    }

    /// Whether any line begins or ends in a lane.
    pub(super) fn is_linked(&self, lane: usize) -> bool {
        self.linked.get(lane) == Some(&true)
    }

    /// Lines between lanes; and which lanes have lines at all.
    fn pairs(&mut self, drawing: &Drawing) -> Vec<(usize, usize)> {
        let lane = |node: usize| drawing.nodes.get(node).and_then(|node| of(node.place));
        let mut pairs = Vec::new();
        for line in &drawing.lines {
            for from in &line.from {
                let ends = [lane(*from), lane(line.to)];
                for end in ends.into_iter().flatten() {
                    self.linked.get_mut(end).into_iter().for_each(|linked| *linked = true);
                }
                if let [Some(from), Some(to)] = ends
                    && from != to
                {
                    pairs.push((from, to));
                }
            }
        }
        pairs
    }

    /// Fills the stretches in the order in which lanes connect, each with as many nodes as the others.
    fn fill(&mut self, pairs: &[(usize, usize)], nodes: &[usize], total: usize) {
        let all: Vec<usize> = (0..nodes.len()).filter(|lane| self.is_linked(*lane)).collect();
        let mut before = 0;
        for lane in sequence(&all, pairs) {
            let own = nodes.get(lane).copied().unwrap_or_default();
            // A lane is where its middle is.
            let middle = before + own / 2;
            let stretch = (middle * self.stretches / total.max(1)).min(self.stretches - 1);
            self.stretch.get_mut(lane).into_iter().for_each(|slot| *slot = stretch);
            before += own;
        }
    }

    /// One lane below the other in each stretch.
    fn stack(&mut self) {
        let mut next = vec![0; self.stretches];
        for (stretch, band) in self.stretch.iter().zip(&mut self.band) {
            if let Some(next) = next.get_mut(*stretch) {
                *band = *next;
                *next += 1;
            }
        }
    }

    /// Exchanges lanes of one stretch as long as that makes lines shorter; each exchange does, so this ends.
    fn shorten(&mut self, pairs: &[(usize, usize)]) {
        let length = |band: &[usize]| -> usize {
            let distance =
                |(a, b): &(usize, usize)| band.get(*a).zip(band.get(*b)).map_or(0, |(a, b)| a.abs_diff(*b));
            pairs.iter().map(distance).sum()
        };
        let count = self.band.len();
        let mut best = length(&self.band);
        loop {
            let before = best;
            for (a, b) in (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b))) {
                if self.stretch.get(a) != self.stretch.get(b) {
                    continue;
                }
                self.band.swap(a, b);
                let now = length(&self.band);
                if now < best { best = now } else { self.band.swap(a, b) }
            }
            if best == before {
                return;
            }
        }
    }

    /// The band of a lane.
    pub(super) fn at(&self, lane: usize) -> usize {
        self.band.get(lane).copied().unwrap_or_default()
    }

    /// Puts a lane without lines below the others.
    pub(super) fn put(&mut self, lane: usize, band: usize) {
        self.band.get_mut(lane).into_iter().for_each(|slot| *slot = band);
    }

    /// How many bands lanes with lines take.
    pub(super) fn bands_with_lines(&self) -> usize {
        let linked = self.band.iter().zip(&self.linked).filter(|(_, linked)| **linked);
        linked.map(|(band, _)| band + 1).max().unwrap_or(0)
    }

    /// How many bands there are.
    pub(super) fn bands(&self) -> usize {
        self.band.iter().max().map_or(0, |last| last + 1)
    }
}

/// The lane of a place.
pub(super) fn of(place: Place) -> Option<usize> {
    match place {
        Place::Lane(lane) => Some(lane as usize),
        Place::From | Place::To => None,
    }
}
