//! One line for each ordered pair of workloads that may talk:
//! `ns/name[Kind] => ns/name[Kind] : TCP 80,443`.
//!
//! Lines are sorted by name. Where the decision is `depends` the line ends in `?`; a pair of which some
//! ports are certain and others are not has a line for each. A workload whose pods behave differently is
//! listed with what any of them may do. Source by source is written: the whole never is in memory.

use std::io::{self, Write};

use ringfence_model::Estate;
use ringfence_model::fact::{Decision, Peer, Ports, ReachMap};

use super::names::Names;
use super::peers::{Index, Ranked};
use super::ports::PortTexts;

/// Writes every pair, or with `only` those that these ports concern.
pub fn write(out: &mut dyn Write, estate: &Estate, map: &ReachMap, only: Option<&Ports>) -> io::Result<()> {
    let names = Names::new(estate, &map.names);
    let peers = Ranked::new(map, &names);
    let mut ports = PortTexts::default();
    let pairs: Vec<Open> = map
        .pairs
        .iter()
        .map(|pair| Open::of(pair.to, &pair.decision, ports.cut(&pair.ports, only)))
        .collect();
    let index = Index::new(map, &peers);
    let mut line = String::new();
    let mut row = Row::new(peers.names.len());
    for source in 0..peers.names.len() {
        row.collect(index.of(source), map, &peers, &pairs, &mut ports);
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
    to: u32,
    certain: u32,
    depends: u32,
}

impl Open {
    fn of(to: u32, decision: &Decision, ports: u32) -> Self {
        let (certain, depends) = match decision {
            Decision::Allow => (ports, 0),
            Decision::Depends(_) => (0, ports),
            Decision::Deny => (0, 0),
        };
        Self { to, certain, depends }
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

    /// Collects what the pairs `ids` open to whom.
    fn collect<'i>(
        &mut self,
        ids: impl Iterator<Item = &'i u32>,
        map: &ReachMap,
        peers: &Ranked,
        pairs: &[Open],
        ports: &mut PortTexts,
    ) {
        for pair in ids.filter_map(|id| pairs.get(*id as usize)) {
            for rank in map.set(pair.to).iter().flat_map(|class| peers.of(*class)) {
                self.add(*rank, pair, ports);
            }
        }
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
