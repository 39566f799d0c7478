//! Ways in as nodes of their own: load balancers, Ingresses, Gateways, node ports, with a line to whatever
//! policies let them reach.

use std::collections::BTreeMap;

use ringfence_model::fact::{Entry, Facing, Peer, Ports};
use ringfence_model::{Estate, Resource, WorkloadId};
use rustc_hash::FxHashMap;

use super::Shown;
use super::gather::{Detail, Gathered, Member, Open, Place, Vertex};
use super::outside::in_words;
use crate::reach::peers::Ranked;
use crate::shown;

/// The vertex of each workload.
pub(super) fn vertices(ranked: &Ranked, of_rank: &[[u32; 2]]) -> FxHashMap<WorkloadId, u32> {
    let ranks = ranked.peers.iter().zip(of_rank);
    ranks
        .filter_map(|(peer, [from, _])| match peer {
            Peer::Workload(id) => Some((*id, *from)),
            _ => None,
        })
        .collect()
}

impl Gathered {
    /// Adds the ways in that are open, or may be.
    pub(super) fn add_doors(&mut self, shown: Shown<'_>, vertices: &FxHashMap<WorkloadId, u32>) {
        for entry in shown.entries {
            let mut open: BTreeMap<u32, Open> = BTreeMap::new();
            for (workload, _, passage) in entry.passages() {
                let Some(vertex) = vertices.get(&workload) else { continue };
                let narrowed = |ports: &Ports| match shown.only {
                    Some(only) => ports.intersection(only),
                    None => ports.clone(),
                };
                let [certain, perhaps] =
                    [&passage.allowed, &passage.depends].map(|ports| self.ports.id(narrowed(ports)));
                let slot = open.entry(*vertex).or_default();
                slot.certain = self.ports.union(slot.certain, certain);
                slot.perhaps = self.ports.union(slot.perhaps, perhaps);
            }
            open.retain(|_, open| *open != Open::default());
            if !open.is_empty() {
                self.add_door(shown.estate, entry, open);
            }
        }
    }

    fn add_door(&mut self, estate: &Estate, entry: &Entry, open: BTreeMap<u32, Open>) {
        let door = u32::try_from(self.vertices.len()).unwrap_or(u32::MAX);
        let member = member(estate, entry, self.detail);
        self.vertices.push(Vertex {
            place: Place::From,
            members: vec![member],
            workloads: 0,
            class: None,
            several: false,
        });
        for (to, mut open) in open {
            open.perhaps = self.ports.minus(open.perhaps, open.certain);
            self.links.insert((door, to), open);
        }
    }
}

/// What a way in is called: the object that opens it, what kind of door it is, and who may knock.
fn member(estate: &Estate, entry: &Entry, detail: Detail) -> Member {
    let opener = entry.through.first().and_then(|id| estate.resource(*id));
    let label = opener.map(Resource::label).unwrap_or_default();
    let name = label.split('[').next().unwrap_or_default();
    let name = match (&entry.group, name.is_empty()) {
        (Some(group), _) => format!("group {group}"),
        (None, true) => entry.way.as_str().to_owned(),
        (None, false) => name.to_owned(),
    };
    let facing = match entry.clients.facing {
        Facing::Internet => "internet-facing",
        Facing::Internal => "internal",
        Facing::NodeAddress => "at every node",
        Facing::Unknown => "internet-facing or not",
    };
    let listens = Ports::new(entry.listeners.iter().map(|listener| listener.port).collect());
    let on = if listens.is_empty() { String::new() } else { format!(", on {listens}") };
    let mut lines = vec![format!("{facing}{on}")];
    if detail == Detail::Workloads {
        lines.push(match entry.clients.security_groups.as_slice() {
            [] => format!("for {}", in_words(&entry.clients.ranges)),
            groups => format!("for whom {} let in", groups.join(", ")),
        });
    }
    let lines = lines.iter().map(|line| shown::line(line).into_owned()).collect();
    let name = shown::line(&name).into_owned();
    Member { name, kind: entry.way.as_str().to_owned(), range: None, lines }
}
