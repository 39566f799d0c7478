//! An order of the items of each column in which few lines cross.

use std::collections::BTreeMap;

use super::items::{Band, End, Items, Side};

/// Passes over all columns.
const SWEEPS: usize = 24;

/// Orders the items of every column.
pub(super) fn settle(items: &mut Items) {
    for column in &mut items.columns {
        column.sort_by_key(|item| items.all.get(*item).map(|item| (item.band, !item.first)));
    }
    for column in 0..items.columns.len() {
        stack(items, column);
    }
    let mut best = (crossings(items), items.columns.clone());
    for sweep in 0..SWEEPS {
        let count = items.columns.len();
        for step in 0..count {
            let column = if sweep % 2 == 0 { step } else { count - 1 - step };
            arrange(items, column);
        }
        let now = crossings(items);
        if now < best.0 {
            best = (now, items.columns.clone());
        }
    }
    items.columns = best.1;
    for column in 0..items.columns.len() {
        stack(items, column);
    }
}

/// Items of one band close together, the middle of all bands at the same height in every column.
fn stack(items: &mut Items, column: usize) {
    let members = items.columns.get(column).cloned().unwrap_or_default();
    // A band is given more room than it can need, so that bands keep apart.
    const ROOM: i32 = 4000;
    let mut y = 0;
    let mut band = Band::Free;
    for member in members {
        let Some(item) = items.all.get_mut(member) else { continue };
        if item.band != band {
            band = item.band;
            y = 0;
        }
        let top = match band {
            Band::Free => 0,
            Band::At(index) => i32::try_from(index).unwrap_or(0).saturating_mul(ROOM),
        };
        item.y = top.saturating_add(y);
        y = y.saturating_add(item.height + 8);
    }
}

/// Sorts a column by where its items' lines lead.
fn arrange(items: &mut Items, column: usize) {
    let wanted = wanted(items, column);
    let key = |item: &usize| {
        let band = items.all.get(*item).map(|item| (item.band, !item.first));
        (band, wanted.get(item).copied().unwrap_or_default())
    };
    let mut members = items.columns.get(column).cloned().unwrap_or_default();
    members.sort_by_key(key);
    if let Some(slot) = items.columns.get_mut(column) {
        *slot = members;
    }
    stack(items, column);
}

/// How much more a straight line over several columns counts than one that ends here.
const STRAIGHT: i64 = 8;

/// For each item of a column the mean height of what it is connected to; its own where it is not. What
/// stands first wants to be at the top.
pub(super) fn wanted(items: &Items, column: usize) -> BTreeMap<usize, i32> {
    let mut sums: BTreeMap<usize, (i64, i64)> = BTreeMap::new();
    let is_node = |end: &End| items.all.get(end.item).is_none_or(|item| item.is_node);
    for (channel, side) in [(column, Side::Right), (column + 1, Side::Left)] {
        for ends in items.channels.get(channel).into_iter().flat_map(|channel| channel.values()) {
            for own in ends.iter().filter(|end| end.side == side) {
                for other in ends.iter().filter(|end| end.item != own.item && end.out != own.out) {
                    let weight = if is_node(own) || is_node(other) { 1 } else { STRAIGHT };
                    let sum = sums.entry(own.item).or_default();
                    sum.0 += weight * i64::from(items.y(other) - own.offset);
                    sum.1 += weight;
                }
            }
        }
    }
    let mean = |item: &usize| match (items.all.get(*item), sums.get(item)) {
        (Some(one), _) if one.first => i32::MIN / 2,
        (_, Some((sum, count))) if *count > 0 => i32::try_from(sum / count).unwrap_or(0),
        (one, _) => one.map_or(0, |one| one.y),
    };
    items.columns.get(column).into_iter().flatten().map(|item| (*item, mean(item))).collect()
}

/// How many pairs of lines cross.
fn crossings(items: &Items) -> usize {
    items
        .channels
        .iter()
        .map(|channel| {
            let mut spans: Vec<(i32, i32, usize)> = Vec::new();
            for (line, ends) in channel {
                for left in ends.iter().filter(|end| end.side == Side::Left) {
                    for right in ends.iter().filter(|end| end.side == Side::Right) {
                        spans.push((items.y(left), items.y(right), *line));
                    }
                }
            }
            let cross =
                |a: &(i32, i32, usize), b: &(i32, i32, usize)| a.2 != b.2 && (a.0 < b.0) != (a.1 < b.1);
            spans
                .iter()
                .enumerate()
                .map(|(at, a)| spans.iter().skip(at + 1).filter(|b| cross(a, b)).count())
                .sum::<usize>()
        })
        .sum()
}
