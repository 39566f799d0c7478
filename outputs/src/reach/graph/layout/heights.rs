//! Bands from top to bottom, and the height of each item: as straight lines as the order allows.

use super::items::{Band, Item, Items};
use super::lanes::Lanes;
use super::order::wanted;
use super::size;

/// Above the first band, for the title.
const TOP: i32 = 64;
/// Between lanes.
const BETWEEN: i32 = 14;
/// Passes over all columns.
const SWEEPS: usize = 16;

/// Where bands are.
pub(super) struct Heights {
    /// Top and bottom of each band.
    bands: Vec<(i32, i32)>,
    /// Top and bottom of each lane.
    lanes: Vec<(i32, i32)>,
    pub(super) bottom: i32,
}

impl Heights {
    pub(super) fn new(items: &mut Items, lanes: &Lanes) -> Self {
        let own = |lane: usize| {
            let content = fullest(items, |item| item.lane == Some(lane) && item.band != Band::Free);
            size::HEADER + content + size::PAD - size::GAP
        };
        let own: Vec<i32> = (0..lanes.band.len()).map(own).collect();
        let (mut bands, mut y) = (Vec::new(), TOP);
        for band in 0..=2 * lanes.bands() {
            let height = if band % 2 == 0 {
                BETWEEN + fullest(items, |item| item.band == Band::At(band))
            } else {
                let in_band = own.iter().zip(&lanes.band).filter(|(_, one)| **one == band / 2);
                in_band.map(|(height, _)| *height).max().unwrap_or(0)
            };
            bands.push((y, y + height));
            y += height;
        }
        let tops = lanes.band.iter().map(|band| bands.get(2 * band + 1).map_or(TOP, |band| band.0));
        let lanes = tops.zip(&own).map(|(top, height)| (top, top + height)).collect();
        let free = fullest(items, |item| item.band == Band::Free);
        let mut heights = Self { bands, lanes, bottom: y.max(TOP + free) };
        heights.settle(items);
        heights
    }

    /// Top and bottom of a lane.
    pub(super) fn lane(&self, lane: usize) -> Option<(i32, i32)> {
        self.lanes.get(lane).copied()
    }

    fn settle(&mut self, items: &mut Items) {
        for column in 0..items.columns.len() {
            self.align(items, column, true);
        }
        for sweep in 0..SWEEPS {
            let count = items.columns.len();
            for step in 0..count {
                let column = if sweep % 2 == 0 { step } else { count - 1 - step };
                self.align(items, column, false);
            }
        }
    }

    /// Moves the items of a column to where they want to be, as far as order and bands allow.
    fn align(&self, items: &mut Items, column: usize, first: bool) {
        let wanted = wanted(items, column);
        let members = items.columns.get(column).cloned().unwrap_or_default();
        let band =
            |item: &usize| items.all.get(*item).map_or((Band::Free, None), |item| (item.band, item.lane));
        let mut moved = Vec::new();
        for group in members.chunk_by(|a, b| band(a) == band(b)) {
            let Some(range) = group.first().map(|item| self.room(band(item))) else { continue };
            let slots: Vec<Slot> = group
                .iter()
                .map(|item| Slot {
                    wanted: if first { range.0 } else { wanted.get(item).copied().unwrap_or(range.0) },
                    height: items.all.get(*item).map_or(0, |item| item.height + gap(item.is_node)),
                })
                .collect();
            moved.extend(group.iter().copied().zip(fitted(&slots, range)));
        }
        for (item, y) in moved {
            items.all.get_mut(item).into_iter().for_each(|item| item.y = y);
        }
    }

    /// First and last pixel for items of a band, or of a lane.
    fn room(&self, (band, lane): (Band, Option<usize>)) -> (i32, i32) {
        match (band, lane.and_then(|lane| self.lane(lane))) {
            (Band::Free, _) => (TOP, self.bottom),
            (Band::At(_), Some((top, bottom))) => (top + size::HEADER, bottom - size::PAD + size::GAP),
            (Band::At(index), None) => {
                let (top, bottom) = self.bands.get(index).copied().unwrap_or_default();
                (top + BETWEEN / 2, bottom)
            }
        }
    }
}

fn gap(is_node: bool) -> i32 {
    if is_node { size::GAP } else { 0 }
}

/// The room that items need in the column where they need most.
fn fullest(items: &Items, wanted: impl Fn(&Item) -> bool) -> i32 {
    let of = |column: &Vec<usize>| -> i32 {
        let members = column.iter().filter_map(|item| items.all.get(*item)).filter(|item| wanted(item));
        members.map(|item| item.height + gap(item.is_node)).sum()
    };
    items.columns.iter().map(of).max().unwrap_or(0)
}

/// What an item wants.
struct Slot {
    wanted: i32,
    height: i32,
}

/// The places closest to those wanted, in order and without overlap, within `room` (isotonic regression
/// by pooling adjacent violators).
fn fitted(slots: &[Slot], room: (i32, i32)) -> Vec<i32> {
    let total: i32 = slots.iter().map(|slot| slot.height).sum();
    let mut before = 0;
    // Each pool: the sum of what its items want, and how many they are.
    let mut pools: Vec<(i64, i64)> = Vec::new();
    for slot in slots {
        pools.push((i64::from(slot.wanted - before), 1));
        before += slot.height;
        while let [.., (sum, count), (later, more)] = pools.as_slice() {
            if sum * more < later * count {
                break;
            }
            let merged = (sum + later, count + more);
            pools.truncate(pools.len() - 2);
            pools.push(merged);
        }
    }
    let last = (room.1 - total).max(room.0);
    let means = pools.iter().flat_map(|(sum, count)| {
        let mean = i32::try_from(sum.div_euclid(*count)).unwrap_or(room.0).clamp(room.0, last);
        std::iter::repeat_n(mean, usize::try_from(*count).unwrap_or(0))
    });
    let mut before = 0;
    means
        .zip(slots)
        .map(|(mean, slot)| {
            let y = mean + before;
            before += slot.height;
            y
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &[i32], room: (i32, i32), expected: &[i32]) {
        let slots: Vec<Slot> = wanted.iter().map(|wanted| Slot { wanted: *wanted, height: 10 }).collect();
        assert_eq!(fitted(&slots, room), expected);
    }

    #[test]
    fn items_stand_where_they_want_unless_they_meet() {
        check(&[5, 40], (0, 100), &[5, 40]);
        check(&[40, 40], (0, 100), &[35, 45]);
        check(&[50, 5], (0, 100), &[22, 32]);
        check(&[-20, 200], (0, 100), &[0, 90]);
        check(&[], (0, 100), &[]);
        check(&[7, 7, 7], (0, 10), &[0, 10, 20]);
    }
}
