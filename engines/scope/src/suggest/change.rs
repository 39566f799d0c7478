//! What a suggestion changes: reach of the estate as it is, against reach with the suggested policies.
//!
//! Workload by workload, so that no more than one row of connections is in memory.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{
    AddressRange, Connection, Connections, Edge, Peer, Ports, SuggestedChange, Suggestion,
};
use ringfence_model::{Estate, WorkloadId};
use ringfence_reach::{Endpoints, Reach};
use rustc_hash::FxHashSet;

use super::Home;
use super::labels::Town;
use super::wanted::{self, AllWanted, Party, Wanted};

/// How many connections of a kind are named.
const NAMED: usize = 12;

/// What `suggestion` changes between `before` and `after` for the pods of its namespace. Both are of estates
/// with the same workloads; `estate` is either.
pub fn change(
    estate: &Estate,
    declaration: &Declaration,
    suggestion: &Suggestion,
    before: &Reach,
    after: &Reach,
) -> SuggestedChange {
    let home = &Home { cluster: suggestion.cluster.clone(), namespace: suggestion.namespace.clone() };
    let wanted = wanted::collect(estate, declaration, home, &mut Vec::new());
    let mut comparison = Comparison {
        estate,
        home,
        wanted: &wanted,
        suggestion,
        everyone: Endpoints::workloads(estate.iter_workloads().map(|(id, _)| id)).and(Endpoints::outside()),
        change: SuggestedChange::default(),
    };
    let town = Town::new(estate, home.cluster.as_ref(), &home.namespace);
    for id in (0..town.len()).flat_map(|unit| town.workloads(unit)) {
        for outwards in [true, false] {
            comparison.compare(id, outwards, before, after);
        }
    }
    comparison.still_closed(after);
    comparison.change
}

struct Comparison<'a> {
    estate: &'a Estate,
    home: &'a Home,
    wanted: &'a AllWanted,
    suggestion: &'a Suggestion,
    everyone: Endpoints,
    change: SuggestedChange,
}

/// What one workload may open to, or take from, each peer.
#[derive(Default)]
struct Row {
    certain: BTreeMap<Peer, Ports>,
    open: BTreeMap<Peer, Ports>,
}

impl Comparison<'_> {
    fn compare(&mut self, id: WorkloadId, outwards: bool, before: &Reach, after: &Reach) {
        let (old, new) = (self.row(id, outwards, before), self.row(id, outwards, after));
        let cuts = cuts([&old.open, &new.open].into_iter().flat_map(BTreeMap::keys));
        let [old_open, new_open, new_certain] =
            [&old.open, &new.open, &new.certain].map(|peers| spread(peers, &cuts));
        let opened = missing(&new_certain, &old_open);
        let perhaps = missing(&missing(&new_open, &old_open), &opened);
        let pairs = [
            (missing(&old_open, &new_open), 0),
            (opened, 1),
            (perhaps, 2),
            (self.beyond(id, outwards, &new), 3),
        ];
        for (peers, kind) in pairs {
            let list = match kind {
                0 => &mut self.change.closed,
                1 => &mut self.change.opened,
                2 => &mut self.change.perhaps,
                _ => &mut self.change.beyond,
            };
            for (peer, ports) in joined(peers) {
                let own = Peer::Workload(id);
                let (from, to) = if outwards { (own, peer) } else { (peer, own) };
                add(list, Connection { from, to, ports });
            }
        }
    }

    /// What reach says of one workload in one direction; connections within the namespace count as outwards.
    fn row(&self, id: WorkloadId, outwards: bool, reach: &Reach) -> Row {
        let own = Endpoints::workloads([id]);
        let edges =
            if outwards { reach.open(&own, &self.everyone) } else { reach.open(&self.everyone, &own) };
        let mut row = Row::default();
        for edge in &edges {
            let Edge { from, to, allowed, .. } = edge;
            let others = if outwards { to } else { from };
            for peer in others.iter().filter(|peer| !self.is_own(peer, id, outwards)) {
                let open = row.open.entry(*peer).or_default();
                *open = open.union(&edge.ports());
                let certain = row.certain.entry(*peer).or_default();
                *certain = certain.union(allowed);
            }
        }
        row
    }

    fn is_own(&self, peer: &Peer, id: WorkloadId, outwards: bool) -> bool {
        let Peer::Workload(other) = peer else { return false };
        let at_home = self.estate.workload(*other).is_some_and(|one| self.home.holds(one));
        *other == id || (!outwards && at_home)
    }

    /// What is certainly open between pods and is not declared.
    fn beyond(&self, id: WorkloadId, outwards: bool, row: &Row) -> BTreeMap<Peer, Ports> {
        let mut beyond = BTreeMap::new();
        for (peer, ports) in &row.certain {
            let Peer::Workload(other) = peer else { continue };
            let (from, to) = if outwards { (id, *other) } else { (*other, id) };
            let rest = ports.minus(&self.declared(from, to));
            if !rest.is_empty() {
                beyond.insert(*peer, rest);
            }
        }
        beyond
    }

    /// What is declared or, for the cluster's DNS, allowed without that.
    fn declared(&self, from: WorkloadId, to: WorkloadId) -> Ports {
        let at_home = self.estate.workload(from).is_some_and(|one| self.home.holds(one));
        let dns = self.suggestion.dns.iter().filter(|(id, _)| at_home && *id == to);
        let mut ports = dns.fold(Ports::default(), |all, (_, ports)| all.union(ports));
        for Wanted { from: sources, to: targets, .. } in &self.wanted.wanted {
            if sources.iter().any(|party| self.holds(party, from)) {
                let own = targets.iter().filter(|(party, _)| self.holds(party, to));
                ports = own.fold(ports, |all, (_, ports)| all.union(ports));
            }
        }
        ports
    }

    fn holds(&self, party: &Party, id: WorkloadId) -> bool {
        let Some(workload) = self.estate.workload(id) else { return false };
        match party {
            Party::Pods(own) => *own == id,
            Party::Namespace(name) => workload.namespace == *name && workload.cluster == self.home.cluster,
            Party::Block(net) if net.prefix_len() == 0 => true,
            Party::Block(net) => {
                workload.instances.iter().flat_map(|pod| &pod.addresses).any(|one| net.contains(one))
            }
            Party::Internet => false,
        }
    }

    /// What is declared and not certainly open all the same: something else closes it.
    fn still_closed(&mut self, after: &Reach) {
        let mut seen: FxHashSet<Connection> = FxHashSet::default();
        for Wanted { from, to, .. } in &self.wanted.wanted {
            let sources = self.endpoints(from.iter());
            let mut targets: BTreeMap<&Ports, Vec<&Party>> = BTreeMap::new();
            to.iter().for_each(|(party, ports)| targets.entry(ports).or_default().push(party));
            for (ports, parties) in targets {
                for edge in after.between(&sources, &self.endpoints(parties.into_iter())) {
                    let closed = ports.minus(&edge.allowed);
                    let closed = (!closed.is_empty()).then(|| pairs(&edge, &closed));
                    for connection in closed.into_iter().flatten() {
                        if seen.insert(connection.clone()) {
                            add(&mut self.change.still_closed, connection);
                        }
                    }
                }
            }
        }
    }

    fn endpoints<'p>(&self, parties: impl Iterator<Item = &'p Party>) -> Endpoints {
        let one = |party: &Party| match party {
            Party::Pods(id) => Endpoints::workloads([*id]),
            Party::Namespace(name) => {
                let cluster = &self.home.cluster;
                let here = self.estate.iter_workloads();
                let here = here.filter(|(_, one)| one.namespace == *name && one.cluster == *cluster);
                Endpoints::workloads(here.map(|(id, _)| id))
            }
            Party::Block(net) => Endpoints::cidr(&net.to_string()).unwrap_or_default(),
            Party::Internet => Endpoints::internet(),
        };
        parties.map(one).fold(Endpoints::default(), Endpoints::and)
    }
}

/// The pairs of an edge that are not one workload.
fn pairs(edge: &Edge, ports: &Ports) -> Vec<Connection> {
    let from = edge.from.iter().flat_map(|from| edge.to.iter().map(move |to| (*from, *to)));
    let pair = |(from, to): (Peer, Peer)| Connection { from, to, ports: ports.clone() };
    from.filter(|(from, to)| from != to).map(pair).collect()
}

fn add(list: &mut Connections, connection: Connection) {
    if list.first.len() < NAMED {
        list.first.push(connection);
    } else {
        list.more += 1;
    }
}

/// What is in `these` and not in `those`.
fn missing(these: &BTreeMap<Peer, Ports>, those: &BTreeMap<Peer, Ports>) -> BTreeMap<Peer, Ports> {
    let rest = these.iter().map(|(peer, ports)| {
        (*peer, those.get(peer).map_or_else(|| ports.clone(), |others| ports.minus(others)))
    });
    rest.filter(|(_, ports)| !ports.is_empty()).collect()
}

/// Where ranges of addresses begin and end.
fn cuts<'p>(peers: impl Iterator<Item = &'p Peer>) -> Vec<IpAddr> {
    let mut cuts: Vec<IpAddr> = Vec::new();
    for peer in peers {
        if let Peer::External(range) = peer {
            cuts.push(range.first);
            cuts.extend(after(range.last));
        }
    }
    cuts.sort();
    cuts.dedup();
    cuts
}

/// Peers with ranges cut, so that those of two estates can be compared.
fn spread(peers: &BTreeMap<Peer, Ports>, cuts: &[IpAddr]) -> BTreeMap<Peer, Ports> {
    let mut spread = BTreeMap::new();
    for (peer, ports) in peers {
        let Peer::External(range) = peer else {
            spread.insert(*peer, ports.clone());
            continue;
        };
        let mut first = range.first;
        let is_inside =
            |cut: &&IpAddr| is_like(**cut, range.first) && **cut > range.first && **cut <= range.last;
        let inside = cuts.iter().filter(is_inside);
        for cut in inside {
            let last = before(*cut).unwrap_or(range.last);
            spread.insert(Peer::External(AddressRange { first, last }), ports.clone());
            first = *cut;
        }
        spread.insert(Peer::External(AddressRange { first, last: range.last }), ports.clone());
    }
    spread
}

/// Ranges next to one another with the same ports become one.
fn joined(peers: BTreeMap<Peer, Ports>) -> Vec<(Peer, Ports)> {
    let mut joined: Vec<(Peer, Ports)> = Vec::new();
    for (peer, ports) in peers {
        if let (Peer::External(next), Some((Peer::External(last), known))) = (peer, joined.last_mut())
            && *known == ports
            && after(last.last) == Some(next.first)
        {
            last.last = next.last;
            continue;
        }
        joined.push((peer, ports));
    }
    joined
}

fn is_like(one: IpAddr, other: IpAddr) -> bool {
    one.is_ipv4() == other.is_ipv4()
}

fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => u32::from(v4).checked_add(1).map(|next| Ipv4Addr::from(next).into()),
        IpAddr::V6(v6) => u128::from(v6).checked_add(1).map(|next| Ipv6Addr::from(next).into()),
    }
}

fn before(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => u32::from(v4).checked_sub(1).map(|last| Ipv4Addr::from(last).into()),
        IpAddr::V6(v6) => u128::from(v6).checked_sub(1).map(|last| Ipv6Addr::from(last).into()),
    }
}
