//! Pairs of peers one by one, with the rules and conditions of each. Source by source: the whole never is
//! in memory.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use ringfence_model::fact::{Decision, Ports, ReachMap, ReachPair};

use super::peers::{Index, Ranked};

/// Says of every pair of peers, sorted by name, what it may open. Pods of one workload are a pair of their
/// own where the profile lists that.
pub(super) fn each<'m>(
    map: &'m ReachMap,
    peers: &Ranked,
    mut say: impl FnMut(usize, usize, &Open<'m>) -> io::Result<()>,
) -> io::Result<()> {
    let index = Index::new(map, peers);
    for source in 0..peers.names.len() {
        for (destination, mut open) in open(map, peers, index.of(source)) {
            let alone = peers.several.get(destination).is_none_or(|several| !several);
            if destination == source && (!map.lists_self || alone) {
                continue;
            }
            open.perhaps.ports = open.perhaps.ports.minus(&open.certain.ports);
            say(source, destination, &open)?;
        }
    }
    Ok(())
}

/// What one pair of peers may open.
#[derive(Default)]
pub(super) struct Open<'m> {
    pub(super) certain: Part<'m>,
    pub(super) perhaps: Part<'m>,
}

/// Ports of one decision, with what opens them.
#[derive(Default)]
pub(super) struct Part<'m> {
    pub(super) ports: Ports,
    conditions: Vec<&'m Arc<str>>,
    rules: Vec<u32>,
}

impl<'m> Part<'m> {
    fn add(&mut self, pair: &'m ReachPair) {
        if self.ports.is_empty() {
            self.ports = Ports::clone(&pair.ports);
        } else {
            self.ports = self.ports.union(&pair.ports);
        }
        self.rules.extend_from_slice(&pair.rules);
        if let Decision::Depends(condition) = &pair.decision {
            self.conditions.push(condition);
        }
    }

    /// What it hangs on, each once.
    pub(super) fn conditions(&self) -> Vec<&'m str> {
        let mut conditions: Vec<&str> = self.conditions.iter().map(|one| &***one).collect();
        conditions.sort_unstable();
        conditions.dedup();
        conditions
    }

    /// The rules that open it, each once.
    pub(super) fn rules(&self) -> Vec<u32> {
        let mut rules = self.rules.clone();
        rules.sort_unstable();
        rules.dedup();
        rules
    }
}

/// What one source may open, by destination.
fn open<'m, 'i>(
    map: &'m ReachMap,
    peers: &Ranked,
    pairs: impl Iterator<Item = &'i u32>,
) -> BTreeMap<usize, Open<'m>> {
    let mut all: BTreeMap<usize, Open<'m>> = BTreeMap::new();
    for pair in pairs.filter_map(|id| map.pairs.get(*id as usize)) {
        for rank in map.set(pair.to).iter().flat_map(|class| peers.of(*class)) {
            let open = all.entry(*rank as usize).or_default();
            match &pair.decision {
                Decision::Allow => open.certain.add(pair),
                Decision::Depends(_) => open.perhaps.add(pair),
                Decision::Deny => {}
            }
        }
    }
    all
}
