//! Parts peers by the layers that match them: partition refinement, linear in the sizes of the layers.

use std::ops::Range;

use roaring::RoaringBitmap;

/// Peers that exactly the same layers match.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// A stretch of [`Parting::peers`], sorted.
    pub(super) peers: Range<usize>,
    /// Indices of the layers, sorted.
    pub(super) layers: Vec<u32>,
}

/// Tables that are used again for every row.
#[derive(Debug)]
pub(super) struct Parting {
    /// The cell of each class; 0 for those that no layer matched so far.
    cell_of: Vec<u32>,
    touched: Vec<u32>,
    cells: Vec<Cell>,
    /// All classes that were matched, part by part.
    pub(super) peers: Vec<u32>,
}

/// Classes that the layers up to here match alike.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// The cell that a layer made this one of, and that layer.
    parent: u32,
    layer: u32,
    /// What the current layer makes of this cell, and which layer that is.
    split: u32,
    split_by: u32,
}

const ROOT: Cell = Cell { parent: 0, layer: u32::MAX, split: 0, split_by: u32::MAX };

impl Parting {
    pub(super) fn new(classes: u32) -> Self {
        let cell_of = vec![0; usize::try_from(classes).unwrap_or(0)];
        Self { cell_of, touched: Vec::new(), cells: vec![ROOT], peers: Vec::new() }
    }

    /// The parts of all classes that `layers` (each with its index) match, in the order of their first
    /// class.
    pub(super) fn part<'l>(&mut self, layers: impl Iterator<Item = (u32, &'l RoaringBitmap)>) -> Vec<Part> {
        for (layer, peers) in layers {
            peers.iter().for_each(|class| self.refine(class, layer));
        }
        self.touched.sort_unstable();
        let mut parts: Vec<Part> = Vec::new();
        let mut part_of: Vec<u32> = vec![u32::MAX; self.cells.len()];
        for class in &self.touched {
            let Some(cell) = self.cell_of.get(*class as usize) else { continue };
            let Some(part) = part_of.get_mut(*cell as usize) else { continue };
            if *part == u32::MAX {
                *part = u32::try_from(parts.len()).unwrap_or(u32::MAX);
                parts.push(Part { layers: chain(&self.cells, *cell), peers: 0..0 });
            }
            parts.get_mut(*part as usize).into_iter().for_each(|part| part.peers.end += 1);
        }
        self.list(&mut parts, &part_of);
        self.touched.clear();
        self.cells.clear();
        self.cells.push(ROOT);
        parts
    }

    /// Lists the peers part by part; so far each part has its count as the end of its stretch.
    fn list(&mut self, parts: &mut [Part], part_of: &[u32]) {
        let mut end = 0;
        for part in parts.iter_mut() {
            let count = part.peers.end;
            part.peers = end..end;
            end += count;
        }
        self.peers.clear();
        self.peers.resize(end, 0);
        for class in &self.touched {
            let cell = self.cell_of.get_mut(*class as usize).map(std::mem::take).unwrap_or_default();
            let part = part_of.get(cell as usize).and_then(|part| parts.get_mut(*part as usize));
            let Some(part) = part else { continue };
            self.peers.get_mut(part.peers.end).into_iter().for_each(|slot| *slot = *class);
            part.peers.end += 1;
        }
    }

    fn refine(&mut self, class: u32, layer: u32) {
        let next = u32::try_from(self.cells.len()).unwrap_or(u32::MAX);
        let Some(cell) = self.cell_of.get_mut(class as usize) else { return };
        let Some(old) = self.cells.get_mut(*cell as usize) else { return };
        if *cell == 0 {
            self.touched.push(class);
        }
        let parent = *cell;
        if old.split_by == layer {
            *cell = old.split;
            return;
        }
        (old.split, old.split_by) = (next, layer);
        *cell = next;
        self.cells.push(Cell { parent, layer, ..ROOT });
    }
}

/// The layers that made a cell, first to last.
fn chain(cells: &[Cell], cell: u32) -> Vec<u32> {
    let mut layers = Vec::new();
    let mut at = cell;
    while at != 0 {
        let Some(cell) = cells.get(at as usize) else { break };
        layers.push(cell.layer);
        at = cell.parent;
    }
    layers.reverse();
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_parted_by_what_matches_them() {
        let mut parting = Parting::new(10);
        let layers: [RoaringBitmap; 3] = [[1, 2, 3].into(), [3, 4].into(), [2, 3, 4].into()];
        for _ in 0..2 {
            let parts = parting.part((5..).zip(&layers));
            let found: Vec<(&[u32], Vec<u32>)> =
                parts.into_iter().map(|part| (&parting.peers[part.peers], part.layers)).collect();
            let expected: [(&[u32], Vec<u32>); 4] =
                [(&[1], vec![5]), (&[2], vec![5, 7]), (&[3], vec![5, 6, 7]), (&[4], vec![6, 7])];
            assert_eq!(found, expected);
        }
    }
}
