//! Peers by name, and the pairs of a map by the peer that connects.

use ringfence_model::fact::{Peer, ReachMap};
use rustc_hash::FxHashMap;

use super::names::Names;

/// All peers, sorted by name.
pub(super) struct Ranked {
    pub(super) names: Vec<String>,
    /// Whether there is more than one pod behind it.
    pub(super) several: Vec<bool>,
    /// One peer of each name.
    pub(super) peers: Vec<Peer>,
    /// For each class the ranks of its members.
    pub(super) classes: Vec<Vec<u32>>,
}

impl Ranked {
    pub(super) fn new(map: &ReachMap, names: &Names<'_>) -> Self {
        let members = map.classes.iter().flat_map(|class| &class.members).copied();
        let listed = |peer: &Peer| map.lists_landmarks || !matches!(peer, Peer::Landmark(_));
        let mut peers: Vec<Peer> = members.filter(listed).collect();
        peers.sort_unstable();
        peers.dedup();
        let mut named: Vec<(String, Peer)> = peers.into_iter().map(|peer| (names.name(peer), peer)).collect();
        named.sort_unstable();
        let mut ranks: FxHashMap<Peer, u32> = FxHashMap::default();
        let mut ranked =
            Self { names: Vec::new(), several: Vec::new(), peers: Vec::new(), classes: Vec::new() };
        for (name, peer) in named {
            let several = names.is_several(peer);
            // Two definitions of one workload have one name, and one line.
            if ranked.names.last() == Some(&name) {
                ranked.several.last_mut().into_iter().for_each(|last| *last |= several);
            } else {
                ranked.names.push(name);
                ranked.several.push(several);
                ranked.peers.push(peer);
            }
            ranks.insert(peer, u32::try_from(ranked.names.len() - 1).unwrap_or(u32::MAX));
        }
        let of_class =
            |members: &Vec<Peer>| members.iter().filter_map(|peer| ranks.get(peer).copied()).collect();
        ranked.classes = map.classes.iter().map(|class| of_class(&class.members)).collect();
        ranked
    }

    pub(super) fn name(&self, rank: usize) -> &str {
        self.names.get(rank).map(String::as_str).unwrap_or_default()
    }

    pub(super) fn of(&self, class: u32) -> &[u32] {
        self.classes.get(class as usize).map(Vec::as_slice).unwrap_or_default()
    }
}

/// From a source to the pairs that concern it.
pub(super) struct Index {
    /// For each rank the sets that hold one of its classes.
    sets: Vec<Vec<u32>>,
    /// For each set the pairs that start there.
    pairs: Vec<Vec<u32>>,
}

impl Index {
    pub(super) fn new(map: &ReachMap, peers: &Ranked) -> Self {
        let mut index =
            Self { sets: vec![Vec::new(); peers.names.len()], pairs: vec![Vec::new(); map.sets.len()] };
        for (id, pair) in (0..).zip(&map.pairs) {
            let of_set = index.pairs.get_mut(pair.from as usize);
            of_set.into_iter().for_each(|pairs| pairs.push(id));
        }
        for (id, set) in (0..).zip(&map.sets) {
            if index.pairs.get(id as usize).is_none_or(Vec::is_empty) {
                continue;
            }
            for rank in set.iter().flat_map(|class| peers.of(*class)) {
                let sets = index.sets.get_mut(*rank as usize);
                sets.into_iter().filter(|sets| sets.last() != Some(&id)).for_each(|sets| sets.push(id));
            }
        }
        index
    }

    /// The indices of the pairs that start at `source`.
    pub(super) fn of(&self, source: usize) -> impl Iterator<Item = &u32> {
        let sets = self.sets.get(source).into_iter().flatten();
        sets.filter_map(|set| self.pairs.get(*set as usize)).flatten()
    }
}
