//! Ports as bit masks over cells: stretches of ports that no rule tells apart.

use std::ops::Range;
use std::sync::Arc;

use ringfence_model::fact::{PortRange, Ports, Protocol};

/// A set of cells. One word where there are at most 64 cells, which is nearly always.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mask {
    Word(u64),
    Words(Arc<[u64]>),
}

impl Mask {
    pub(crate) fn and(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    pub(crate) fn or(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Word(word) => *word == 0,
            Self::Words(words) => words.iter().all(|word| *word == 0),
        }
    }

    /// Whether both have a cell in common.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Word(a), Self::Word(b)) => a & b != 0,
            _ => self.words().iter().zip(other.words()).any(|(a, b)| a & b != 0),
        }
    }

    fn words(&self) -> &[u64] {
        match self {
            Self::Word(word) => std::slice::from_ref(word),
            Self::Words(words) => words,
        }
    }

    /// INVARIANT: masks of one [`Cells`] have equally many words.
    fn zip(&self, other: &Self, join: impl Fn(u64, u64) -> u64) -> Self {
        match (self, other) {
            (Self::Word(a), Self::Word(b)) => Self::Word(join(*a, *b)),
            _ => Self::Words(self.words().iter().zip(other.words()).map(|(a, b)| join(*a, *b)).collect()),
        }
    }
}

/// The cells that the ports of all rules cut out of all ports.
#[derive(Debug)]
pub(crate) struct Cells {
    /// First port of each cell, sorted, protocol by protocol.
    starts: Vec<(Protocol, u16)>,
    all: Mask,
    none: Mask,
}

impl Cells {
    /// Cells such that each of `ranges` is a whole number of them.
    pub(crate) fn new(ranges: impl IntoIterator<Item = PortRange>) -> Self {
        let mut starts = Protocol::ALL.map(|protocol| (protocol, 1)).to_vec();
        for range in ranges {
            starts.push((range.protocol, range.start.max(1)));
            starts.extend(range.end.checked_add(1).map(|next| (range.protocol, next)));
        }
        Self::cut(starts)
    }

    /// The cells that several cut together.
    pub(crate) fn of<'a>(several: impl IntoIterator<Item = &'a Self>) -> Self {
        let starts = several.into_iter().flat_map(|cells| &cells.starts);
        Self::cut(starts.copied().collect())
    }

    fn cut(mut starts: Vec<(Protocol, u16)>) -> Self {
        starts.sort_unstable();
        starts.dedup();
        let (all, none) = (filled(starts.len(), 0..starts.len()), filled(starts.len(), 0..0));
        Self { starts, all, none }
    }

    pub(crate) fn all(&self) -> Mask {
        self.all.clone()
    }

    pub(crate) fn none(&self) -> Mask {
        self.none.clone()
    }

    /// The cells of `range`.
    pub(crate) fn mask(&self, range: PortRange) -> Mask {
        let before = |port: u16| self.starts.partition_point(|start| *start < (range.protocol, port));
        let up_to = self.starts.partition_point(|start| *start <= (range.protocol, range.end));
        filled(self.starts.len(), before(range.start.max(1))..up_to)
    }

    /// The ports of `mask`.
    pub(crate) fn ports(&self, mask: &Mask) -> Ports {
        let next = self.starts.iter().skip(1).map(Some).chain([None]);
        let mut ranges = Vec::new();
        for (index, ((protocol, start), next)) in self.starts.iter().zip(next).enumerate() {
            if has(mask.words(), index) {
                let end = next.filter(|next| next.0 == *protocol).map_or(u16::MAX, |next| next.1 - 1);
                ranges.push(PortRange { protocol: *protocol, start: *start, end });
            }
        }
        Ports::new(ranges)
    }
}

/// The mask over `count` cells that holds exactly those in `inside`.
fn filled(count: usize, inside: Range<usize>) -> Mask {
    let word = |index: usize| {
        let bit = |at: usize| at.clamp(index * 64, index * 64 + 64) - index * 64;
        let below =
            |bit: usize| 1_u64.checked_shl(u32::try_from(bit).unwrap_or(64)).map_or(u64::MAX, |one| one - 1);
        below(bit(inside.end)) & !below(bit(inside.start))
    };
    if count <= 64 { Mask::Word(word(0)) } else { Mask::Words((0..count.div_ceil(64)).map(word).collect()) }
}

fn has(words: &[u64], index: usize) -> bool {
    words.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(start: u16, end: u16) -> PortRange {
        PortRange { protocol: Protocol::Tcp, start, end }
    }

    #[test]
    fn masks_read_back_as_ports() {
        let cells = Cells::new([tcp(80, 80), tcp(8000, 8010), tcp(1, 1), tcp(65535, 65535)]);
        assert_eq!(cells.ports(&cells.mask(tcp(8000, 8010))).to_string(), "TCP 8000-8010");
        assert_eq!(cells.ports(&cells.all()), Ports::all());
        assert!(cells.none().is_empty());
        let rest = cells.all().minus(&cells.mask(tcp(80, 80)));
        assert_eq!(cells.ports(&rest).to_string(), "SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535");
    }

    #[test]
    fn more_cells_than_a_word_has_bits() {
        let ranges: Vec<_> = (0..100).map(|index| tcp(8000 + 2 * index, 8000 + 2 * index)).collect();
        let cells = Cells::new(ranges.clone());
        let (first, last) = (cells.mask(ranges[0]), cells.mask(ranges[99]));
        assert_eq!(cells.ports(&first.or(&last)).to_string(), "TCP 8000,8198");
        assert!(!first.touches(&last) && first.or(&last).touches(&last));
        assert!(first.and(&last).is_empty());
    }
}
