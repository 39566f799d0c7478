//! Both sides joined: what a row of the one lets out and a row of the other lets in.
//!
//! ```text
//! allowed(src, dst) = I(dst)[src] ∩ E(src)[dst]
//! ```
//!
//! Joined row by row, never pair by pair: a block is a set of sources, a set of destinations, and the two
//! groups that hold for all of them. The work is that of reading all rows once, and of what comes out.

use roaring::RoaringBitmap;

use crate::port::Mask;
use crate::row::{Row, Rows, Said, Table};

/// Sources and destinations for which the same groups hold on both sides.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    /// Sorted.
    pub(crate) from: &'a [u32],
    /// Sorted.
    pub(crate) to: &'a [u32],
    pub(crate) egress: Said<'a>,
    pub(crate) ingress: Said<'a>,
}

impl Block<'_> {
    pub(crate) fn sure(&self) -> Mask {
        self.egress.group.sure.and(&self.ingress.group.sure)
    }

    pub(crate) fn maybe(&self) -> Mask {
        self.egress.group.maybe.and(&self.ingress.group.maybe)
    }
}

/// Only these sources or destinations; `None` for all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ends<'a> {
    pub(crate) from: Option<&'a RoaringBitmap>,
    pub(crate) to: Option<&'a RoaringBitmap>,
}

/// For each destination the egress rows that speak of it, and the groups in which they do.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    starts: Vec<u32>,
    groups: Vec<(u32, u32)>,
}

impl Reached {
    pub(crate) fn new(egress: &Table) -> Self {
        let mut starts = vec![0_u32; egress.of_class.len() + 1];
        let each = |visit: &mut dyn FnMut(u32, (u32, u32))| {
            for (row_index, row) in (0..).zip(&egress.rows).filter(|(_, row)| !row.members.is_empty()) {
                for (index, said) in (0..).zip(row.said()) {
                    said.each_peer(|peer| visit(peer, (row_index, index)));
                }
            }
        };
        each(&mut |peer, _| starts.get_mut(peer as usize + 1).into_iter().for_each(|count| *count += 1));
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut groups = vec![(0, 0); sum as usize];
        let mut next = starts.clone();
        each(&mut |peer, at| {
            let Some(next) = next.get_mut(peer as usize) else { return };
            groups.get_mut(*next as usize).into_iter().for_each(|slot| *slot = at);
            *next += 1;
        });
        Self { starts, groups }
    }

    fn of(&self, destination: u32) -> &[(u32, u32)] {
        let bound = |index: usize| self.starts.get(index).map_or(0, |start| *start as usize);
        let at = destination as usize;
        self.groups.get(bound(at)..bound(at + 1)).unwrap_or_default()
    }
}

/// Calls `visit` for each block that is not denied, in a stable order.
pub(crate) fn blocks(rows: &Rows, reached: &Reached, ends: Ends<'_>, mut visit: impl FnMut(&Block<'_>)) {
    let mut join = Join::default();
    for row in &rows.ingress.rows {
        if !join.destinations(row, reached, ends.to) {
            continue;
        }
        for ingress in row.said() {
            join.sources(ingress, &rows.egress, ends.from);
            join.visit(&rows.egress, ingress, &mut visit);
        }
    }
}

/// Both sides of one ingress row, sorted by egress row; used again for every row.
#[derive(Debug, Default)]
struct Join {
    /// Egress row, its group, destination.
    to: Vec<(u32, u32, u32)>,
    /// Egress row, source.
    from: Vec<(u32, u32)>,
    destinations: Vec<u32>,
    sources: Vec<u32>,
}

impl Join {
    /// Collects the destinations of a row by the egress rows that speak of them; false where there are none.
    fn destinations(&mut self, row: &Row, reached: &Reached, only: Option<&RoaringBitmap>) -> bool {
        self.to.clear();
        let asked = row.members.iter().copied().filter(|one| only.is_none_or(|only| only.contains(*one)));
        for destination in asked {
            let groups = reached.of(destination).iter();
            self.to.extend(groups.map(|(row, group)| (*row, *group, destination)));
        }
        self.to.sort_unstable();
        !self.to.is_empty()
    }

    /// Collects the sources of a group by their egress rows.
    fn sources(&mut self, said: Said<'_>, egress: &Table, only: Option<&RoaringBitmap>) {
        self.from.clear();
        let row_of = |class: u32| egress.of_class.get(class as usize).copied().unwrap_or_default();
        let asked = |source: &u32| only.is_none_or(|only| only.contains(*source));
        let from = &mut self.from;
        said.each_peer(|source| {
            from.extend(Some(source).filter(asked).map(|source| (row_of(source), source)))
        });
        self.from.sort_unstable();
    }

    fn visit(&mut self, egress: &Table, ingress: Said<'_>, visit: &mut impl FnMut(&Block<'_>)) {
        let Self { to, from, destinations, sources } = self;
        let mut rest = to.as_slice();
        for same in from.chunk_by(|a, b| a.0 == b.0) {
            let Some((index, _)) = same.first() else { continue };
            rest = rest.get(rest.partition_point(|one| one.0 < *index)..).unwrap_or_default();
            let (here, _) = rest.split_at(rest.partition_point(|one| one.0 == *index));
            let Some(row) = egress.rows.get(*index as usize).filter(|_| !here.is_empty()) else { continue };
            sources.clear();
            sources.extend(same.iter().map(|(_, source)| *source));
            for of_group in here.chunk_by(|a, b| a.1 == b.1) {
                let said = of_group.first().and_then(|one| row.said_at(one.1));
                let touches = |said: &Said<'_>| said.group.maybe.touches(&ingress.group.maybe);
                let Some(said) = said.filter(touches) else { continue };
                destinations.clear();
                destinations.extend(of_group.iter().map(|one| one.2));
                visit(&Block { from: sources, to: destinations, egress: said, ingress });
            }
        }
    }
}
