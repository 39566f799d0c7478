//! What a suggestion changes: reach of the estate as it is, against reach with the suggested policies.

use std::collections::BTreeMap;

use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{
    Connection, Connections, DiffEnd, Edge, Peer, Ports, ReachChange, SuggestedChange, Suggestion,
};
use ringfence_model::{Estate, WorkloadId};
use ringfence_reach::{Endpoints, Reach};
use rustc_hash::FxHashSet;

use super::Home;
use super::wanted::{self, AllWanted, Party, Wanted};

/// How many connections of a kind are named.
const NAMED: usize = 12;

/// What `suggestion` changes for the pods of its namespace: `before` is the estate as it is, `after` the one
/// that differs from it in policies alone.
pub fn change(
    declaration: &Declaration,
    suggestion: &Suggestion,
    before: (&Estate, &Reach),
    after: (&Estate, &Reach),
) -> SuggestedChange {
    let home = &Home { cluster: suggestion.cluster.clone(), namespace: suggestion.namespace.clone() };
    let wanted = wanted::collect(before.0, declaration, before.1, home, &mut Vec::new());
    let mut change = SuggestedChange::default();
    for one in &ringfence_reach::diff(before, after).changes {
        add_change(&mut change, one, after.0, after.1);
    }
    let judge = Judge { estate: after.0, home, wanted: &wanted, suggestion, reach: after.1 };
    change.beyond = judge.beyond();
    change.still_closed = judge.still_closed();
    change
}

fn add_change(change: &mut SuggestedChange, one: &ReachChange, estate: &Estate, after: &Reach) {
    let peers =
        |ends: &[DiffEnd]| ends.iter().filter_map(|end| end.after.or(end.before)).collect::<Vec<Peer>>();
    let (from, mut to) = (peers(&one.from), peers(&one.to));
    // Nothing keeps a pod from itself.
    if let [own] = from.as_slice() {
        to.retain(|peer| peer != own || !is_bare_pod(estate, *own));
    }
    if !one.closed.is_empty() && !to.is_empty() {
        let (from, to) = (from.clone(), to.clone());
        add(&mut change.closed, Connection { from, to, ports: Ports::clone(&one.closed) });
    }
    if one.opened.is_empty() {
        return;
    }
    // Whether a block holds a node is hardly ever known: nodes are looked at by themselves.
    let is_landmark = |peer: &Peer| matches!(peer, Peer::Landmark(_));
    let ((nodes, from), (other_nodes, others)): (Split, Split) =
        (from.into_iter().partition(is_landmark), to.iter().copied().partition(is_landmark));
    for (from, to) in [(from.clone(), others), (from, other_nodes), (nodes, to)] {
        if from.is_empty() || to.is_empty() {
            continue;
        }
        let edges = after.between(&endpoints(&from), &endpoints(&to));
        let certain = edges.iter().all(|edge| one.opened.minus(&edge.allowed).is_empty());
        let list = if certain { &mut change.opened } else { &mut change.perhaps };
        add(list, Connection { from, to, ports: Ports::clone(&one.opened) });
    }
}

/// Peers that are landmarks, and all others.
type Split = (Vec<Peer>, Vec<Peer>);

fn is_bare_pod(estate: &Estate, peer: Peer) -> bool {
    let Peer::Workload(id) = peer else { return false };
    estate.workload(id).is_some_and(|one| one.kind == "Pod")
}

fn endpoints(peers: &[Peer]) -> Endpoints {
    let workload = |peer: &Peer| if let Peer::Workload(id) = peer { Some(*id) } else { None };
    let range = |peer: &Peer| if let Peer::External(range) = peer { Some(*range) } else { None };
    let landmark = |peer: &Peer| if let Peer::Landmark(one) = peer { Some(*one) } else { None };
    Endpoints::workloads(peers.iter().filter_map(workload))
        .and(Endpoints::ranges(peers.iter().filter_map(range)))
        .and(Endpoints::landmarks(peers.iter().filter_map(landmark)))
}

struct Judge<'a> {
    estate: &'a Estate,
    home: &'a Home,
    wanted: &'a AllWanted,
    suggestion: &'a Suggestion,
    reach: &'a Reach,
}

impl Judge<'_> {
    /// What is certainly open between pods and is not declared.
    fn beyond(&self) -> Connections {
        let all = Endpoints::workloads(self.estate.iter_workloads().map(|(id, _)| id));
        let mut beyond = Connections::default();
        for (id, _) in self.estate.iter_workloads().filter(|(_, one)| self.home.holds(one)) {
            let own = Endpoints::workloads([id]);
            let edges = self.reach.open(&own, &all).into_iter().chain(self.reach.open(&all, &own));
            for connection in edges.flat_map(|edge| pairs(&edge, &edge.allowed)) {
                let (Some(Peer::Workload(from)), Some(Peer::Workload(to))) =
                    (connection.from.first(), connection.to.first())
                else {
                    continue;
                };
                let ports = connection.ports.minus(&self.declared(*from, *to));
                if !ports.is_empty()
                    && !beyond.first.iter().any(|one| one.from == connection.from && one.to == connection.to)
                {
                    add(&mut beyond, Connection { ports, ..connection });
                }
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
    fn still_closed(&self) -> Connections {
        let mut list = Connections::default();
        let mut seen: FxHashSet<Connection> = FxHashSet::default();
        for Wanted { from, to, .. } in &self.wanted.wanted {
            let sources = self.ends(from.iter());
            let mut targets: BTreeMap<&Ports, Vec<&Party>> = BTreeMap::new();
            to.iter().for_each(|(party, ports)| targets.entry(ports).or_default().push(party));
            for (ports, parties) in targets {
                for edge in self.reach.between(&sources, &self.ends(parties.into_iter())) {
                    let closed = ports.minus(&edge.allowed);
                    let pairs = if closed.is_empty() { Vec::new() } else { pairs(&edge, &closed) };
                    for connection in pairs.into_iter().filter(|one| seen.insert(one.clone())) {
                        add(&mut list, connection);
                    }
                }
            }
        }
        list
    }

    fn ends<'p>(&self, parties: impl Iterator<Item = &'p Party>) -> Endpoints {
        let mut ids: Vec<WorkloadId> = Vec::new();
        let mut others = Endpoints::default();
        for party in parties {
            match party {
                Party::Pods(id) => ids.push(*id),
                Party::Namespace(name) => {
                    let cluster = &self.home.cluster;
                    let here = self.estate.iter_workloads();
                    let here = here.filter(|(_, one)| one.namespace == *name && one.cluster == *cluster);
                    ids.extend(here.map(|(id, _)| id));
                }
                Party::Block(net) => {
                    others = others.and(Endpoints::cidr(&net.to_string()).unwrap_or_default());
                }
                Party::Internet => others = others.and(Endpoints::internet()),
            }
        }
        Endpoints::workloads(ids).and(others)
    }
}

/// The pairs of an edge that are not one workload.
fn pairs(edge: &Edge, ports: &Ports) -> Vec<Connection> {
    let pairs = edge.from.iter().flat_map(|from| edge.to.iter().map(move |to| (*from, *to)));
    let pair = |(from, to): (Peer, Peer)| Connection { from: vec![from], to: vec![to], ports: ports.clone() };
    pairs.filter(|(from, to)| from != to).map(pair).collect()
}

fn add(list: &mut Connections, connection: Connection) {
    if list.first.len() < NAMED {
        list.first.push(connection);
    } else {
        list.more += 1;
    }
}
