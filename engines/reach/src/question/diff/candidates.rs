//! The pairs of parties that may differ.
//!
//! Parties whose rows say the same before and after are left out at once, by a hash that does not hang on
//! the numbering of classes; of the others only those count of whom the two rows say different things.

use std::hash::{BuildHasher, BuildHasherDefault};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::super::align::{Parties, Party};
use super::side::{Open, Side};
use crate::policy::Direction;

/// Finds pairs.
pub(super) struct Candidates<'p, 's, 'a> {
    parties: &'p Parties,
    sides: &'s mut [Side<'a>; 2],
    /// Hashes of the rows of one direction, before and after.
    hashes: [Vec<Option<u128>>; 2],
    /// Of whom two rows, before and after, say different things.
    deltas: FxHashMap<[u32; 2], Arc<[u32]>>,
}

impl<'p, 's, 'a> Candidates<'p, 's, 'a> {
    pub(super) fn new(parties: &'p Parties, sides: &'s mut [Side<'a>; 2]) -> Self {
        Self { parties, sides, hashes: Default::default(), deltas: FxHashMap::default() }
    }

    /// Source and destination, each pair once, sorted.
    pub(super) fn pairs(mut self) -> Vec<(usize, usize)> {
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for direction in Direction::BOTH {
            self.hashes = self.sides.each_ref().map(|side| vec![None; side.table(direction).rows.len()]);
            self.deltas.clear();
            for (index, party) in self.parties.all.iter().enumerate() {
                if self.parties.is_outside(index) {
                    continue;
                }
                let others = self.others(direction, party);
                pairs.extend(others.iter().map(|other| match direction {
                    Direction::Ingress => (*other as usize, index),
                    Direction::Egress => (index, *other as usize),
                }));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// The parties of which the rows of `party` may say different things before and after.
    fn others(&mut self, direction: Direction, party: &Party) -> Arc<[u32]> {
        let ([old], [new]) = (&*party.before, &*party.after) else {
            return self.everyone(direction, [&party.before, &party.after]);
        };
        let [before, after] = &*self.sides;
        let rows = [row_of(before, direction, *old), row_of(after, direction, *new)];
        if let Some(delta) = self.deltas.get(&rows) {
            return Arc::clone(delta);
        }
        let delta = match self.same(direction, rows) {
            true => Arc::from([]),
            false => self.delta(direction, rows),
        };
        self.deltas.insert(rows, Arc::clone(&delta));
        delta
    }

    fn same(&mut self, direction: Direction, rows: [u32; 2]) -> bool {
        let mut hashes = self.sides.iter_mut().zip(&mut self.hashes).zip(rows);
        let mut next = || hashes.next().and_then(|((side, known), row)| hash(side, known, direction, row));
        let (old, new) = (next(), next());
        old.is_some() && old == new
    }

    /// The parties of which two rows say different things.
    fn delta(&mut self, direction: Direction, rows: [u32; 2]) -> Arc<[u32]> {
        let mut said: [FxHashMap<u32, Open>; 2] = Default::default();
        for ((side, row), said) in self.sides.iter_mut().zip(rows).zip(&mut said) {
            let Some(row) = side.table(direction).rows.get(row as usize) else { continue };
            side.said(row, |party, open| {
                said.insert(party, open.clone());
            });
        }
        let [old, new] = &said;
        let parties: FxHashSet<u32> = old.keys().chain(new.keys()).copied().collect();
        let mut differing: Vec<u32> =
            parties.into_iter().filter(|party| old.get(party) != new.get(party)).collect();
        differing.sort_unstable();
        differing.into()
    }

    /// Everyone of whom the rows of any of these classes speak.
    fn everyone(&mut self, direction: Direction, classes: [&[u32]; 2]) -> Arc<[u32]> {
        let mut parties: Vec<u32> = Vec::new();
        for (side, classes) in self.sides.iter_mut().zip(classes) {
            for class in classes {
                let Some(row) = side.table(direction).row(*class) else { continue };
                side.said(row, |party, _| parties.push(party));
            }
        }
        parties.sort_unstable();
        parties.dedup();
        parties.into()
    }
}

fn row_of(side: &Side<'_>, direction: Direction, class: u32) -> u32 {
    side.table(direction).of_class.get(class as usize).copied().unwrap_or(u32::MAX)
}

/// A hash of what a row says that does not hang on the order in which it does.
fn hash(side: &mut Side<'_>, known: &mut [Option<u128>], direction: Direction, row: u32) -> Option<u128> {
    let slot = known.get_mut(row as usize)?;
    if slot.is_none() {
        let row = side.table(direction).rows.get(row as usize)?;
        let builder = BuildHasherDefault::<FxHasher>::default();
        let mut sum = 0_u128;
        let mut last: Option<(Open, u64)> = None;
        side.said(row, |party, open| {
            // Parties of one group come in a row.
            let of_ports = match &last {
                Some((same, hash)) if same == open => *hash,
                _ => builder.hash_one(open),
            };
            if last.as_ref().is_none_or(|last| last.1 != of_ports) {
                last = Some((open.clone(), of_ports));
            }
            let number = of_ports ^ u64::from(party).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let (low, high) = (mixed(number), mixed(number.wrapping_add(0xd1b5_4a32_d192_ed03)));
            sum = sum.wrapping_add(u128::from(high) << 64 | u128::from(low));
        });
        *slot = Some(sum);
    }
    *slot
}

/// Spreads the bits of a number over all of it (the finaliser of SplitMix64).
fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}
