//! Keys that stand twice in one map, and keys that merge keys bring in.

use std::collections::HashSet;
use std::sync::Arc;

use ringfence_model::{Entry, Key, Map};

/// Up to this many entries, comparing all pairs is the fastest.
const FEW: usize = 16;

/// Pairs of places with the same key: one that is overruled, and the last. Sorted by the first.
pub(crate) fn find(entries: &[Entry]) -> Vec<(usize, usize)> {
    // Keys of a file are shared, so that equal keys are the same allocation.
    if entries.len() <= FEW { among_few(entries) } else { among_many(entries) }
}

fn among_few(entries: &[Entry]) -> Vec<(usize, usize)> {
    let mut doubles = Vec::new();
    for (first, entry) in entries.iter().enumerate() {
        let last = entries.iter().rposition(|other| Key::ptr_eq(&entry.key, &other.key));
        doubles.extend(last.filter(|last| *last > first).map(|last| (first, last)));
    }
    doubles
}

fn among_many(entries: &[Entry]) -> Vec<(usize, usize)> {
    let address = |entry: &Entry| Arc::as_ptr(&entry.key).cast::<u8>() as usize;
    let mut order: Vec<(usize, usize)> =
        entries.iter().enumerate().map(|(at, entry)| (address(entry), at)).collect();
    order.sort_unstable();
    let mut doubles = Vec::new();
    for group in order.chunk_by(|left, right| left.0 == right.0) {
        let Some(((_, last), overruled)) = group.split_last() else { continue };
        doubles.extend(overruled.iter().map(|(_, first)| (*first, *last)));
    }
    doubles.sort_unstable();
    doubles
}

/// Puts the entries of `merged` whose keys are not there yet in their places: what is written
/// counts, then the first map.
pub(crate) fn merge(entries: Vec<Entry>, merged: Vec<(usize, Map)>) -> Vec<Entry> {
    let mut there: HashSet<Key> = entries.iter().map(|entry| Key::clone(&entry.key)).collect();
    let mut all = Vec::with_capacity(entries.len() + merged.len());
    let mut entries = entries.into_iter();
    let mut taken = 0;
    for (at, map) in merged {
        all.extend(entries.by_ref().take(at - taken));
        taken = at;
        all.extend(map.into_entries().into_iter().filter(|entry| there.insert(Key::clone(&entry.key))));
    }
    all.extend(entries);
    all
}
