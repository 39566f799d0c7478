//! One line for each ordered pair of workloads that may talk:
//! `ns/name[Kind] => ns/name[Kind] : TCP 80,443`.
//!
//! Lines are sorted by name. Where the decision is `depends` the line ends in `?`; a pair of which some
//! ports are certain and others are not has a line for each. A workload whose pods behave differently is
//! listed with what any of them may do. Source by source is written: the whole never is in memory.

use std::io::{self, Write};

use ringfence_model::Estate;
use ringfence_model::fact::{Decision, Peer, Ports, ReachMap};
use rustc_hash::FxHashMap;

use super::names::Names;

/// Writes every pair, or with `only` those that these ports concern.
pub fn write(out: &mut dyn Write, estate: &Estate, map: &ReachMap, only: Option<&Ports>) -> io::Result<()> {
    let names = Names::new(estate, &map.names);
    let peers = Ranked::new(map, &names);
    let mut ports = PortTexts::default();
    let pairs: Vec<Open> = map
        .pairs
        .iter()
        .map(|pair| Open::of(pair.from, pair.to, &pair.decision, ports.cut(&pair.ports, only)))
        .collect();
    let index = Index::new(map, &peers, &pairs);
    let mut line = String::new();
    let mut row = Row::new(peers.names.len());
    for source in 0..peers.names.len() {
        index.collect(source, map, &peers, &pairs, &mut ports, &mut row);
        line.clear();
        row.write(source, map.lists_self, &peers, &mut ports, &mut line);
        out.write_all(line.as_bytes())?;
    }
    controller(out, map, &names, only)?;
    out.flush()
}

/// What Ingresses lead to, where the profile lists it so. The brace sorts after every name.
fn controller(
    out: &mut dyn Write,
    map: &ReachMap,
    names: &Names<'_>,
    only: Option<&Ports>,
) -> io::Result<()> {
    let mut lines = Vec::with_capacity(map.controller.len());
    for (workload, ports) in &map.controller {
        let ports = only.map_or_else(|| (**ports).clone(), |only| ports.intersection(only));
        if !ports.is_empty() {
            lines.push(format!(
                "{{ingress-controller}} => {} : {ports}",
                names.name(Peer::Workload(*workload))
            ));
        }
    }
    lines.sort_unstable();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// What one pair of sets opens; ports as ids of [`PortTexts`], 0 for none.
struct Open {
    from: u32,
    to: u32,
    certain: u32,
    depends: u32,
}

impl Open {
    fn of(from: u32, to: u32, decision: &Decision, ports: u32) -> Self {
        let (certain, depends) = match decision {
            Decision::Allow => (ports, 0),
            Decision::Depends(_) => (0, ports),
            Decision::Deny => (0, 0),
        };
        Self { from, to, certain, depends }
    }
}

/// All peers, sorted by name.
struct Ranked {
    names: Vec<String>,
    several: Vec<bool>,
    /// For each class the ranks of its members.
    classes: Vec<Vec<u32>>,
}

impl Ranked {
    fn new(map: &ReachMap, names: &Names<'_>) -> Self {
        let members = map.classes.iter().flat_map(|class| &class.members).copied();
        let listed = |peer: &Peer| map.lists_landmarks || !matches!(peer, Peer::Landmark(_));
        let mut peers: Vec<Peer> = members.filter(listed).collect();
        peers.sort_unstable();
        peers.dedup();
        let mut named: Vec<(String, Peer)> = peers.into_iter().map(|peer| (names.name(peer), peer)).collect();
        named.sort_unstable();
        let mut ranks: FxHashMap<Peer, u32> = FxHashMap::default();
        let mut ranked = Self { names: Vec::new(), several: Vec::new(), classes: Vec::new() };
        for (name, peer) in named {
            let several = names.is_several(peer);
            // Two definitions of one workload have one name, and one line.
            if ranked.names.last() == Some(&name) {
                ranked.several.last_mut().into_iter().for_each(|last| *last |= several);
            } else {
                ranked.names.push(name);
                ranked.several.push(several);
            }
            ranks.insert(peer, u32::try_from(ranked.names.len() - 1).unwrap_or(u32::MAX));
        }
        let of_class =
            |members: &Vec<Peer>| members.iter().filter_map(|peer| ranks.get(peer).copied()).collect();
        ranked.classes = map.classes.iter().map(|class| of_class(&class.members)).collect();
        ranked
    }

    fn name(&self, rank: usize) -> &str {
        self.names.get(rank).map(String::as_str).unwrap_or_default()
    }

    fn of(&self, class: u32) -> &[u32] {
        self.classes.get(class as usize).map(Vec::as_slice).unwrap_or_default()
    }
}

/// From a source to the pairs that concern it.
struct Index {
    /// For each rank the sets that hold one of its classes.
    sets: Vec<Vec<u32>>,
    /// For each set the pairs that start there.
    pairs: Vec<Vec<u32>>,
}

impl Index {
    fn new(map: &ReachMap, peers: &Ranked, pairs: &[Open]) -> Self {
        let mut index =
            Self { sets: vec![Vec::new(); peers.names.len()], pairs: vec![Vec::new(); map.sets.len()] };
        for (id, pair) in (0..).zip(pairs) {
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

    /// Collects into `row` what `source` may open to whom.
    fn collect(
        &self,
        source: usize,
        map: &ReachMap,
        peers: &Ranked,
        pairs: &[Open],
        ports: &mut PortTexts,
        row: &mut Row,
    ) {
        let sets = self.sets.get(source).into_iter().flatten();
        let ids = sets.filter_map(|set| self.pairs.get(*set as usize)).flatten();
        for pair in ids.filter_map(|id| pairs.get(*id as usize)) {
            for rank in map.set(pair.to).iter().flat_map(|class| peers.of(*class)) {
                row.add(*rank, pair, ports);
            }
        }
    }
}

/// What one source may open: ports by rank of the destination, used again for each source.
struct Row {
    certain: Vec<u32>,
    depends: Vec<u32>,
    touched: Vec<u32>,
}

impl Row {
    fn new(peers: usize) -> Self {
        Self { certain: vec![0; peers], depends: vec![0; peers], touched: Vec::new() }
    }

    fn add(&mut self, rank: u32, pair: &Open, ports: &mut PortTexts) {
        let at = rank as usize;
        let (Some(certain), Some(depends)) = (self.certain.get_mut(at), self.depends.get_mut(at)) else {
            return;
        };
        if (*certain, *depends) == (0, 0) {
            self.touched.push(rank);
        }
        *certain = ports.union(*certain, pair.certain);
        *depends = ports.union(*depends, pair.depends);
    }

    /// Writes all lines of `source`, and is empty again.
    fn write(
        &mut self,
        source: usize,
        lists_self: bool,
        peers: &Ranked,
        ports: &mut PortTexts,
        out: &mut String,
    ) {
        self.touched.sort_unstable();
        self.touched.dedup();
        for rank in std::mem::take(&mut self.touched) {
            let at = rank as usize;
            let take = |all: &mut Vec<u32>| all.get_mut(at).map(std::mem::take).unwrap_or_default();
            let (certain, depends) = (take(&mut self.certain), take(&mut self.depends));
            let alone = peers.several.get(at).is_none_or(|several| !several);
            if at == source && (!lists_self || alone) {
                continue;
            }
            let depends = ports.minus(depends, certain);
            for (ports, mark) in [(ports.text(certain), ""), (ports.text(depends), "?")] {
                if !ports.is_empty() {
                    for part in [peers.name(source), " => ", peers.name(at), " : ", ports, mark, "\n"] {
                        out.push_str(part);
                    }
                }
            }
        }
    }
}

/// Sets of ports by id, with their texts; 0 is the empty set.
struct PortTexts {
    all: Vec<(Ports, String)>,
    ids: FxHashMap<Ports, u32>,
    unions: FxHashMap<(u32, u32), u32>,
    rests: FxHashMap<(u32, u32), u32>,
}

impl Default for PortTexts {
    fn default() -> Self {
        let none = Ports::default();
        let ids = [(none.clone(), 0)].into_iter().collect();
        Self {
            all: vec![(none, String::new())],
            ids,
            unions: FxHashMap::default(),
            rests: FxHashMap::default(),
        }
    }
}

impl PortTexts {
    fn id(&mut self, ports: Ports) -> u32 {
        if let Some(id) = self.ids.get(&ports) {
            return *id;
        }
        let id = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push((ports.clone(), ports.to_string()));
        self.ids.insert(ports, id);
        id
    }

    fn cut(&mut self, ports: &Ports, only: Option<&Ports>) -> u32 {
        match (self.ids.get(ports), only) {
            (Some(id), None) => *id,
            (None, None) => self.id(ports.clone()),
            (_, Some(only)) => self.id(ports.intersection(only)),
        }
    }

    fn get(&self, id: u32) -> Ports {
        self.all.get(id as usize).map(|(ports, _)| ports.clone()).unwrap_or_default()
    }

    fn text(&self, id: u32) -> &str {
        self.all.get(id as usize).map(|(_, text)| text.as_str()).unwrap_or_default()
    }

    fn union(&mut self, a: u32, b: u32) -> u32 {
        if a == b || b == 0 {
            return a;
        }
        if a == 0 {
            return b;
        }
        if let Some(id) = self.unions.get(&(a, b)) {
            return *id;
        }
        let id = self.id(self.get(a).union(&self.get(b)));
        self.unions.insert((a, b), id);
        id
    }

    fn minus(&mut self, a: u32, b: u32) -> u32 {
        if a == 0 || b == 0 {
            return a;
        }
        if let Some(id) = self.rests.get(&(a, b)) {
            return *id;
        }
        let id = self.id(self.get(a).minus(&self.get(b)));
        self.rests.insert((a, b), id);
        id
    }
}
