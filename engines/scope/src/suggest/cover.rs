//! The fewest rules for peers and ports.
//!
//! A rule opens all of its ports to all of its peers. To say which peer may use which port with as few rules
//! as possible is to cover a relation with complete parts of it. The largest such parts are few in
//! practice; where they are many, the better of two simple ways is taken: a rule for each set of ports, or
//! one for each port.

use std::collections::{BTreeMap, BTreeSet};

use ringfence_model::fact::{PortRange, Ports, Protocol};

/// How many ports and peers of different kinds are looked at.
const MOST: usize = 64;
/// How many complete parts are looked at.
const PARTS: usize = 512;
/// How many steps the search takes.
const STEPS: usize = 20_000;

/// Rules, as indices of peers with the ports that all of them may use; the fewest that say the same.
pub(super) fn rules(peers: &[&Ports]) -> Vec<(Vec<usize>, Ports)> {
    let grid = Grid::new(peers);
    let simple = grid.simple();
    let parts = grid.best(simple.len()).unwrap_or(simple);
    let mut rules: Vec<(Vec<usize>, Ports)> = parts.into_iter().map(|part| grid.rule(&part)).collect();
    rules.sort();
    rules
}

/// Which group of peers may use which group of ports.
struct Grid {
    /// Peers that may use the same ports.
    peers: Vec<Vec<usize>>,
    /// Ports that the same peers may use.
    ports: Vec<Vec<PortRange>>,
    /// For each group of peers the groups of ports, sorted.
    rows: Vec<BTreeSet<usize>>,
}

/// A complete part: all of these ports are open to all of these peers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    peers: BTreeSet<usize>,
    ports: BTreeSet<usize>,
}

impl Grid {
    fn new(all: &[&Ports]) -> Self {
        let mut same: BTreeMap<&Ports, Vec<usize>> = BTreeMap::new();
        for (index, ports) in all.iter().enumerate() {
            same.entry(ports).or_default().push(index);
        }
        let mut columns: BTreeMap<Vec<usize>, Vec<PortRange>> = BTreeMap::new();
        for cell in cells(same.keys().copied()) {
            let open = same.keys().enumerate().filter(|(_, ports)| ports.contains(cell.protocol, cell.start));
            let open: Vec<usize> = open.map(|(row, _)| row).collect();
            if !open.is_empty() {
                columns.entry(open).or_default().push(cell);
            }
        }
        let mut rows = vec![BTreeSet::new(); same.len()];
        for (column, open) in columns.keys().enumerate() {
            for row in open {
                rows.get_mut(*row).into_iter().for_each(|row| _ = row.insert(column));
            }
        }
        Self { peers: same.into_values().collect(), ports: columns.into_values().collect(), rows }
    }

    fn rule(&self, part: &Part) -> (Vec<usize>, Ports) {
        let mut peers: Vec<usize> =
            part.peers.iter().filter_map(|row| self.peers.get(*row)).flatten().copied().collect();
        peers.sort_unstable();
        let ports = part.ports.iter().filter_map(|column| self.ports.get(*column)).flatten().copied();
        (peers, Ports::new(ports.collect()))
    }

    /// A rule for each set of ports, or for each port; what is fewer.
    fn simple(&self) -> Vec<Part> {
        let by_peer = self.rows.iter().enumerate();
        let by_peer: Vec<Part> = by_peer
            .filter(|(_, ports)| !ports.is_empty())
            .map(|(row, ports)| Part { peers: [row].into(), ports: ports.clone() })
            .collect();
        let by_port: Vec<Part> = (0..self.ports.len())
            .map(|column| Part { peers: self.column(column), ports: [column].into() })
            .collect();
        if by_port.len() < by_peer.len() { by_port } else { by_peer }
    }

    fn column(&self, column: usize) -> BTreeSet<usize> {
        let open = self.rows.iter().enumerate().filter(|(_, ports)| ports.contains(&column));
        open.map(|(row, _)| row).collect()
    }

    /// Fewer than `known` parts that cover everything; `None` where none are found.
    fn best(&self, known: usize) -> Option<Vec<Part>> {
        if known < 3 || self.rows.len() > MOST || self.ports.len() > MOST {
            return None;
        }
        let parts = self.parts()?;
        let open = self.rows.iter().enumerate();
        let open: BTreeSet<(usize, usize)> =
            open.flat_map(|(row, ports)| ports.iter().map(move |port| (row, *port))).collect();
        let mut search = Search { parts: &parts, best: None, fewest: known, steps: 0 };
        search.go(&open, &mut Vec::new());
        search.best.map(|chosen| chosen.into_iter().filter_map(|index| parts.get(index).cloned()).collect())
    }

    /// The largest complete parts: the ports that some peers have in common, with all peers that have them.
    fn parts(&self) -> Option<Vec<Part>> {
        let mut found: BTreeSet<BTreeSet<usize>> = BTreeSet::new();
        for row in self.rows.iter().filter(|row| !row.is_empty()) {
            let met: Vec<BTreeSet<usize>> =
                found.iter().map(|ports| ports & row).filter(|ports| !ports.is_empty()).collect();
            found.extend(met);
            found.insert(row.clone());
            if found.len() > PARTS {
                return None;
            }
        }
        let part = |ports: BTreeSet<usize>| {
            let with = self.rows.iter().enumerate().filter(|(_, row)| ports.is_subset(row));
            Part { peers: with.map(|(row, _)| row).collect(), ports }
        };
        Some(found.into_iter().map(part).collect())
    }
}

struct Search<'p> {
    parts: &'p [Part],
    best: Option<Vec<usize>>,
    /// As many as there need not be.
    fewest: usize,
    steps: usize,
}

impl Search<'_> {
    fn go(&mut self, open: &BTreeSet<(usize, usize)>, chosen: &mut Vec<usize>) {
        self.steps += 1;
        if open.is_empty() {
            self.fewest = chosen.len();
            self.best = Some(chosen.clone());
            return;
        }
        if self.steps > STEPS || chosen.len() + 1 >= self.fewest {
            return;
        }
        let holding = |at: &(usize, usize)| {
            let parts = self.parts.iter().enumerate();
            parts.filter(|(_, part)| part.holds(at)).map(|(index, _)| index).collect::<Vec<_>>()
        };
        let hardest = open.iter().map(holding).min_by_key(Vec::len).unwrap_or_default();
        for index in hardest {
            let Some(part) = self.parts.get(index) else { continue };
            let left = open.iter().filter(|at| !part.holds(at)).copied().collect();
            chosen.push(index);
            self.go(&left, chosen);
            chosen.pop();
        }
    }
}

impl Part {
    fn holds(&self, (peer, port): &(usize, usize)) -> bool {
        self.peers.contains(peer) && self.ports.contains(port)
    }
}

/// Stretches of ports that no set tells apart.
fn cells<'p>(all: impl Iterator<Item = &'p Ports>) -> Vec<PortRange> {
    let mut starts: BTreeSet<(Protocol, u16)> = BTreeSet::new();
    let mut ends: BTreeSet<(Protocol, u16)> = BTreeSet::new();
    for range in all.flat_map(Ports::ranges) {
        starts.insert((range.protocol, range.start));
        ends.insert((range.protocol, range.end));
    }
    let after = |(protocol, end): &(Protocol, u16)| end.checked_add(1).map(|next| (*protocol, next));
    let before = |(protocol, start): &(Protocol, u16)| (*protocol, start.saturating_sub(1));
    let all_starts: BTreeSet<(Protocol, u16)> =
        starts.iter().copied().chain(ends.iter().filter_map(after)).collect();
    let all_ends: BTreeSet<(Protocol, u16)> = ends.iter().copied().chain(starts.iter().map(before)).collect();
    let cell = |(protocol, start): (Protocol, u16)| {
        let (_, end) = all_ends.range((protocol, start)..).next().filter(|(of, _)| *of == protocol)?;
        Some(PortRange { protocol, start, end: *end })
    };
    all_starts.into_iter().filter_map(cell).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn tcp(start: u16, end: u16) -> PortRange {
        PortRange { protocol: Protocol::Tcp, start, end }
    }

    #[track_caller]
    fn check(peers: &[&[(u16, u16)]], expected: &[(&[usize], &str)]) {
        let peers: Vec<Ports> = peers
            .iter()
            .map(|ranges| Ports::new(ranges.iter().map(|(start, end)| tcp(*start, *end)).collect()))
            .collect();
        let found = rules(&peers.iter().collect::<Vec<_>>());
        let found: Vec<(&[usize], String)> =
            found.iter().map(|(peers, ports)| (peers.as_slice(), ports.to_string())).collect();
        let expected: Vec<(&[usize], String)> =
            expected.iter().map(|(peers, ports)| (*peers, (*ports).to_owned())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn peers_and_ports_are_merged() {
        check(&[&[(80, 80)], &[(80, 80)]], &[(&[0, 1], "TCP 80")]);
        check(&[&[(80, 80)], &[(443, 443)]], &[(&[0], "TCP 80"), (&[1], "TCP 443")]);
        let three: [&[(u16, u16)]; 3] = [&[(80, 80)], &[(443, 443)], &[(80, 80), (443, 443)]];
        check(&three, &[(&[0, 2], "TCP 80"), (&[1, 2], "TCP 443")]);
        check(
            &[&[(80, 90)], &[(85, 95)], &[(1, 1)]],
            &[(&[0], "TCP 80-90"), (&[1], "TCP 85-95"), (&[2], "TCP 1")],
        );
        check(&[], &[]);
    }

    /// As few rules as there can be, found by trying every set of complete parts.
    fn fewest(grid: &[Vec<bool>]) -> usize {
        let (rows, columns) = (grid.len(), grid.first().map_or(0, Vec::len));
        let masks = 1_u32 << (rows * columns);
        let open = (0..rows * columns).filter(|at| grid[at / columns][at % columns]);
        let open: u32 = open.map(|at| 1 << at).sum();
        let mut parts = BTreeSet::new();
        for peers in 1_u32..1 << rows {
            let shared = (0..columns)
                .filter(|column| (0..rows).all(|row| peers >> row & 1 == 0 || grid[row][*column]));
            let shared: Vec<usize> = shared.collect();
            let cells = (0..rows).filter(|row| peers >> row & 1 == 1);
            let mask: u32 =
                cells.flat_map(|row| shared.iter().map(move |column| 1 << (row * columns + column))).sum();
            parts.insert(mask);
        }
        let mut least = vec![usize::MAX; masks as usize];
        least[0] = 0;
        for covered in 0..masks {
            if least[covered as usize] == usize::MAX {
                continue;
            }
            for part in &parts {
                let next = (covered | part) as usize;
                least[next] = least[next].min(least[covered as usize] + 1);
            }
        }
        least[open as usize]
    }

    proptest! {
        #[test]
        fn rules_say_what_is_asked_and_no_fewer_would(grid in vec(vec(any::<bool>(), 4), 1..=4)) {
            let number = |column: usize| 10 + 2 * u16::try_from(column).unwrap();
            let peers: Vec<Ports> = grid.iter().map(|row| {
                let open = row.iter().enumerate().filter(|(_, open)| **open);
                Ports::new(open.map(|(column, _)| tcp(number(column), number(column))).collect())
            }).collect();
            let found = rules(&peers.iter().collect::<Vec<_>>());
            for (index, ports) in peers.iter().enumerate() {
                let said = found.iter().filter(|(peers, _)| peers.contains(&index));
                let said = said.fold(Ports::default(), |all, (_, ports)| all.union(ports));
                prop_assert_eq!(&said, ports);
            }
            prop_assert_eq!(found.len(), fewest(&grid), "{:?}", found);
        }
    }
}
