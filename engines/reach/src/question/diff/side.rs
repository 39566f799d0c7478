//! One of two answers, read party by party and in the cells of both.

use std::hash::{BuildHasher, BuildHasherDefault};

use roaring::RoaringBitmap;
use rustc_hash::{FxHashMap, FxHasher};

use super::super::align::{Parties, Party};
use super::Open;
use crate::Reach;
use crate::policy::Direction;
use crate::port::{Cells, Mask};
use crate::product::{Block, Ends, blocks};
use crate::row::Row;

/// One of two answers.
pub(super) struct Side<'a> {
    reach: &'a Reach,
    classes: fn(&Party) -> &[u32],
    parties: &'a Parties,
    cells: &'a Cells,
    /// For each class the parties that it is of; sources and destinations outside have classes of their own.
    of_class: Vec<Vec<u32>>,
    /// For each class a number that stands for its parties, whatever the class is called.
    weights: Vec<u128>,
    known: FxHashMap<Mask, Mask>,
}

impl<'a> Side<'a> {
    pub(super) fn new(
        reach: &'a Reach,
        cells: &'a Cells,
        parties: &'a Parties,
        classes: fn(&Party) -> &[u32],
    ) -> Self {
        let mut of_class = vec![Vec::new(); reach.classes.members.len()];
        for (index, party) in (0..).zip(&parties.all) {
            for class in classes(party) {
                of_class.get_mut(*class as usize).into_iter().for_each(|of: &mut Vec<u32>| of.push(index));
            }
        }
        let weight = |of: &Vec<u32>| of.iter().fold(0_u128, |sum, party| sum.wrapping_add(spread(*party)));
        let weights = of_class.iter().map(weight).collect();
        Self { reach, classes, parties, cells, of_class, weights, known: FxHashMap::default() }
    }

    /// For each party what its rows say, as a number that does not hang on how classes are called.
    pub(super) fn prints(&mut self, direction: Direction) -> Vec<u128> {
        let reach = self.reach;
        let table = reach.rows.get(direction);
        let rows: Vec<u128> = table.rows.iter().map(|row| self.print(row)).collect();
        let row_of =
            |class: &u32| table.of_class.get(*class as usize).and_then(|row| rows.get(*row as usize));
        let of_party = |party: &Party| {
            let classes = (self.classes)(party).iter().filter_map(row_of);
            classes.fold(0_u128, |sum, print| sum.wrapping_mul(3).wrapping_add(*print))
        };
        self.parties.all.iter().map(of_party).collect()
    }

    fn print(&mut self, row: &Row) -> u128 {
        let builder = BuildHasherDefault::<FxHasher>::default();
        let mut sum = 0_u128;
        for said in row.said() {
            let open = Open { sure: self.common(&said.group.sure), maybe: self.common(&said.group.maybe) };
            let hash = builder.hash_one(&open);
            let factor = u128::from(mixed(hash)) << 64 | u128::from(mixed(hash ^ u64::MAX)) | 1;
            let mut peers = 0_u128;
            said.each_peer(|peer| {
                peers = peers.wrapping_add(self.weights.get(peer as usize).copied().unwrap_or_default());
            });
            sum = sum.wrapping_add(peers.wrapping_mul(factor));
        }
        sum
    }

    /// What is open between parties of which either side says something else in the other answer:
    /// source, destination, ports; sorted.
    pub(super) fn open(&mut self, changed: &Changed, opens: &mut Opens) -> Vec<Opened> {
        let to = self.classes_of(&changed.ingress);
        let (from, rest) = (self.classes_of(&changed.egress), self.all() - &to);
        let reach = self.reach;
        let mut pairs: Vec<Opened> = Vec::new();
        let mut visit = |block: &Block<'_>| self.add(block, changed, opens, &mut pairs);
        blocks(&reach.rows, &reach.reached, Ends { from: None, to: Some(&to) }, &mut visit);
        blocks(&reach.rows, &reach.reached, Ends { from: Some(&from), to: Some(&rest) }, &mut visit);
        pairs.sort_unstable_by_key(|(from, to, _)| (*from, *to));
        // A workload whose pods differ may do what any of them may.
        pairs.dedup_by(|later, kept| {
            let same = (later.0, later.1) == (kept.0, kept.1);
            if same {
                kept.2 = opens.either(kept.2, later.2);
            }
            same
        });
        pairs
    }

    fn add(&mut self, block: &Block<'_>, changed: &Changed, opens: &mut Opens, pairs: &mut Vec<Opened>) {
        let open = opens.id(Open { sure: self.common(&block.sure()), maybe: self.common(&block.maybe()) });
        let parties = |classes: &'_ [u32]| -> Vec<u32> {
            classes.iter().filter_map(|class| self.of_class.get(*class as usize)).flatten().copied().collect()
        };
        let destinations = parties(block.to);
        for from in parties(block.from) {
            let wanted = |to: &u32| {
                let alone = from == *to && self.parties.is_single(*to);
                !alone && (changed.egress.contains(from) || changed.ingress.contains(*to))
            };
            pairs.extend(destinations.iter().copied().filter(wanted).map(|to| (from, to, open)));
        }
    }

    fn classes_of(&self, parties: &RoaringBitmap) -> RoaringBitmap {
        let parties = parties.iter().filter_map(|party| self.parties.all.get(party as usize));
        parties.flat_map(|party| (self.classes)(party)).copied().collect()
    }

    fn all(&self) -> RoaringBitmap {
        (0..self.reach.classes.len()).collect()
    }

    /// A mask of this answer in the cells of both.
    fn common(&mut self, mask: &Mask) -> Mask {
        if let Some(known) = self.known.get(mask) {
            return known.clone();
        }
        let (ports, cells) = (self.reach.cells.ports(mask), self.cells);
        let common = ports.ranges().iter().fold(cells.none(), |all, range| all.or(&cells.mask(*range)));
        self.known.insert(mask.clone(), common.clone());
        common
    }
}

/// Source, destination, and what is open; index into [`Opens`].
pub(super) type Opened = (u32, u32, u32);

/// Everything that is open anywhere, each once.
#[derive(Debug, Default)]
pub(super) struct Opens {
    all: Vec<Open>,
    ids: FxHashMap<Open, u32>,
}

impl Opens {
    pub(super) fn id(&mut self, open: Open) -> u32 {
        if let Some(id) = self.ids.get(&open) {
            return *id;
        }
        let id = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(open.clone());
        self.ids.insert(open, id);
        id
    }

    pub(super) fn get(&self, id: u32) -> Option<&Open> {
        self.all.get(id as usize)
    }

    fn either(&mut self, a: u32, b: u32) -> u32 {
        let both = self.get(a).zip(self.get(b));
        let either = both.map(|(a, b)| Open { sure: a.sure.or(&b.sure), maybe: a.maybe.or(&b.maybe) });
        either.map_or(a, |either| self.id(either))
    }
}

/// The parties whose rows say something else in the other answer.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub(super) ingress: RoaringBitmap,
    pub(super) egress: RoaringBitmap,
}

impl Changed {
    pub(super) fn new(parties: &Parties, sides: &mut [Side<'_>; 2]) -> Self {
        let mut of = |direction| {
            let [old, new] = sides.each_mut().map(|side| side.prints(direction));
            let differs = (0..).zip(&parties.all).zip(old.iter().zip(&new));
            let differs = differs.filter(|((_, party), (old, new))| old != new || party.is_new_or_gone());
            let inside = differs.map(|((index, _), _)| index).filter(|index| !parties.is_outside(*index));
            inside.collect()
        };
        Self { ingress: of(Direction::Ingress), egress: of(Direction::Egress) }
    }
}

/// A number as 128 bits without pattern.
fn spread(number: u32) -> u128 {
    let number = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    u128::from(mixed(number)) << 64 | u128::from(mixed(number.wrapping_add(0xd1b5_4a32_d192_ed03)))
}

/// Spreads the bits of a number over all of it (the finaliser of SplitMix64).
fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}
