//! The difference of two configurations, by what became of their pods.

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Failed;

use crate::map::{End, Map, Naming, Table, aligned, minus, shows_v6};
use crate::scheme::Config;

/// Where an end of a changed connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Removed,
    Persistent,
    Added,
    Outside,
}

/// Connections that differ, by the tool's heading; headings without any are left out.
pub(crate) fn categories(one: &Config, other: &Config) -> Result<BTreeMap<String, Table>, Failed> {
    let v6 = shows_v6(one) || shows_v6(other);
    let (one, other) = (Map::of(one, Naming::Pods, v6)?, Map::of(other, Naming::Pods, v6)?);
    let (before, after) = aligned(&one, &other);
    let mut found: BTreeMap<String, Table> = BTreeMap::new();
    for (lost, table) in [(true, minus(&before, &after)), (false, minus(&after, &before))] {
        for (pair, ports) in table {
            let mut places = [&pair.0, &pair.1].map(|end| place(end, &one.pods, &other.pods));
            places.sort_unstable();
            found.entry(heading(lost, places)).or_default().insert(pair, ports);
        }
    }
    Ok(found)
}

fn place(end: &str, before: &BTreeSet<String>, after: &BTreeSet<String>) -> Place {
    match (matches!(End::parse(end), End::Range(_)), before.contains(end), after.contains(end)) {
        (true, _, _) => Place::Outside,
        (false, true, true) => Place::Persistent,
        (false, true, false) => Place::Removed,
        (false, false, _) => Place::Added,
    }
}

fn heading(lost: bool, places: [Place; 2]) -> String {
    let changed = if lost { "Removed" } else { "Added" };
    match places {
        [Place::Removed, Place::Removed] => "Lost connections between removed peers".to_owned(),
        [Place::Removed, Place::Outside] => "Lost connections between removed peers and ipBlocks".to_owned(),
        [Place::Removed, _] => "Lost connections between removed peers and persistent peers".to_owned(),
        [Place::Persistent, Place::Persistent] => format!("{changed} connections between persistent peers"),
        [Place::Persistent, Place::Outside] => {
            format!("{changed} connections between persistent peers and ipBlocks")
        }
        [Place::Persistent, _] => "New connections between persistent peers and added peers".to_owned(),
        [Place::Added, Place::Outside] => "New connections between added peers and ipBlocks".to_owned(),
        [Place::Added | Place::Outside, _] => "New connections between added peers".to_owned(),
    }
}
