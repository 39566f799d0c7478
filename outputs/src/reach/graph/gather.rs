//! From a map to vertices and links: peers that no rule tells apart are one vertex from the start.

use std::collections::BTreeMap;

use ringfence_model::fact::{AddressRange, Decision, Peer, Ports, ScopeClass};
use rustc_hash::FxHashMap;

use super::{Shown, doors};
use crate::reach::names::{Names, Parts};
use crate::reach::peers::Ranked;
use crate::reach::ports::PortTexts;

/// What a node of the picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Detail {
    /// Workloads, within their namespaces.
    Workloads,
    /// Namespaces, within their clusters.
    Namespaces,
}

/// More pairs of vertices than this are not worth counting: no picture of them is readable.
const WORK: u64 = 30_000_000;

/// Vertices and links between them.
pub(super) struct Gathered {
    pub(super) detail: Detail,
    /// What lies around vertices: namespaces, or clusters. Sorted.
    pub(super) lanes: Vec<String>,
    pub(super) vertices: Vec<Vertex>,
    /// Links by (from, to).
    pub(super) links: BTreeMap<(u32, u32), Open>,
    pub(super) ports: PortTexts,
}

/// Peers that behave alike.
#[derive(Clone, Debug)]
pub(super) struct Vertex {
    pub(super) place: Place,
    /// Its members, sorted; workloads without their namespace.
    pub(super) members: Vec<Member>,
    /// How many workloads it stands for.
    pub(super) workloads: usize,
    /// The widest class of its members.
    pub(super) class: Option<ScopeClass>,
    /// Whether one member stands for several pods.
    pub(super) several: bool,
}

/// A workload, a namespace or addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    pub(super) name: String,
    /// Its kind; empty for a namespace.
    pub(super) kind: String,
    /// The addresses, where it is no workload.
    pub(super) range: Option<AddressRange>,
    /// What else there is to say of it.
    pub(super) lines: Vec<String>,
}

/// Where a vertex stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// Addresses outside that connect.
    From,
    /// Within a lane.
    Lane(u32),
    /// Addresses outside that answer.
    To,
}

/// Ports by number: certain ones, and those that depend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Open {
    pub(super) certain: u32,
    pub(super) perhaps: u32,
}

impl Gathered {
    /// The vertices and links at `detail`; `None` where there are too many to count.
    pub(super) fn new(shown: Shown<'_>, detail: Detail) -> Option<Self> {
        let names = Names::new(shown.estate, &shown.map.names);
        let ranked = Ranked::new(shown.map, &names);
        let mut census = Census::new(shown, detail, &names);
        let of_rank: Vec<[u32; 2]> = {
            let classes = classes_of(&ranked);
            classes
                .into_iter()
                .enumerate()
                .map(|(rank, classes)| census.add(&ranked, rank, classes))
                .collect()
        };
        let mut gathered = Self {
            detail,
            lanes: Vec::new(),
            vertices: census.vertices,
            links: BTreeMap::new(),
            ports: PortTexts::default(),
        };
        gathered.name_lanes(&census.lanes);
        gathered.link(shown, &ranked, &of_rank)?;
        gathered.add_doors(shown, &doors::vertices(&ranked, &of_rank));
        Some(gathered)
    }

    /// Lanes in the order of their names.
    fn name_lanes(&mut self, found: &FxHashMap<String, u32>) {
        let mut sorted: Vec<(&String, u32)> = found.iter().map(|(name, id)| (name, *id)).collect();
        sorted.sort_unstable();
        self.lanes = sorted.iter().map(|(name, _)| (*name).clone()).collect();
        let moved: FxHashMap<u32, u32> = (0..).zip(&sorted).map(|(new, (_, old))| (*old, new)).collect();
        for vertex in &mut self.vertices {
            vertex.members.sort_unstable();
            if let Place::Lane(lane) = &mut vertex.place {
                *lane = moved.get(lane).copied().unwrap_or_default();
            }
        }
    }

    fn link(&mut self, shown: Shown<'_>, ranked: &Ranked, of_rank: &[[u32; 2]]) -> Option<()> {
        let set = |set: &[u32], side: usize| {
            let ranks = set.iter().flat_map(|class| ranked.of(*class));
            let mut vertices: Vec<u32> =
                ranks.filter_map(|rank| of_rank.get(*rank as usize)?.get(side).copied()).collect();
            vertices.sort_unstable();
            vertices.dedup();
            vertices
        };
        let sides: [Vec<Vec<u32>>; 2] =
            [0, 1].map(|side| shown.map.sets.iter().map(|one| set(one, side)).collect());
        let [from, to] = sides.each_ref();
        let of = |all: &'_ [Vec<u32>], id: u32| all.get(id as usize).map_or(0, Vec::len) as u64;
        let work: u64 = shown.map.pairs.iter().map(|pair| of(from, pair.from) * of(to, pair.to)).sum();
        if work > WORK {
            return None;
        }
        for pair in &shown.map.pairs {
            let (certain, ports) = (pair.decision == Decision::Allow, self.ports.cut(&pair.ports, None));
            for source in from.get(pair.from as usize).into_iter().flatten() {
                for target in to.get(pair.to as usize).into_iter().flatten() {
                    let open = self.links.entry((*source, *target)).or_default();
                    let part = if certain { &mut open.certain } else { &mut open.perhaps };
                    *part = self.ports.union(*part, ports);
                }
            }
        }
        for open in self.links.values_mut() {
            open.perhaps = self.ports.minus(open.perhaps, open.certain);
        }
        Some(())
    }

    /// An empty picture.
    pub(super) fn nothing() -> Self {
        Self {
            detail: Detail::Namespaces,
            lanes: Vec::new(),
            vertices: Vec::new(),
            links: BTreeMap::new(),
            ports: PortTexts::default(),
        }
    }

    /// The `most` vertices with the most links, and how many others there are.
    pub(super) fn most_connected(mut self, most: usize) -> (Self, usize) {
        let Some(left_out) = self.vertices.len().checked_sub(most).filter(|more| *more > 0) else {
            return (self, 0);
        };
        let mut degrees: Vec<(std::cmp::Reverse<usize>, u32)> =
            (0..).take(self.vertices.len()).map(|id| (std::cmp::Reverse(0), id)).collect();
        for (from, to) in self.links.keys() {
            for end in [from, to] {
                degrees.get_mut(*end as usize).into_iter().for_each(|(degree, _)| degree.0 += 1);
            }
        }
        degrees.sort_unstable();
        let mut kept: Vec<u32> = degrees.iter().take(most).map(|(_, id)| *id).collect();
        kept.sort_unstable();
        let at = |id: &u32| kept.binary_search(id).ok().and_then(|at| u32::try_from(at).ok());
        self.links = self.links.iter().filter_map(|((a, b), open)| Some(((at(a)?, at(b)?), *open))).collect();
        self.vertices = kept.iter().filter_map(|id| self.vertices.get(*id as usize).cloned()).collect();
        (self, left_out)
    }

    /// The ports of a link.
    pub(super) fn ports(&self, id: u32) -> Ports {
        self.ports.get(id)
    }
}

/// For each rank its classes, sorted.
fn classes_of(ranked: &Ranked) -> Vec<Vec<u32>> {
    let mut classes = vec![Vec::new(); ranked.names.len()];
    for (class, ranks) in (0..).zip(&ranked.classes) {
        for rank in ranks {
            classes.get_mut(*rank as usize).into_iter().for_each(|classes| classes.push(class));
        }
    }
    classes
}

/// What vertices of one place are told apart by, at first.
type Sort = (Place, Option<ScopeClass>, Vec<u32>);

/// Makes vertices of peers.
struct Census<'a> {
    shown: Shown<'a>,
    detail: Detail,
    names: &'a Names<'a>,
    lanes: FxHashMap<String, u32>,
    namespaces: FxHashMap<String, u32>,
    sorts: FxHashMap<Sort, u32>,
    vertices: Vec<Vertex>,
}

impl<'a> Census<'a> {
    fn new(shown: Shown<'a>, detail: Detail, names: &'a Names<'a>) -> Self {
        Self {
            shown,
            detail,
            names,
            lanes: FxHashMap::default(),
            namespaces: FxHashMap::default(),
            sorts: FxHashMap::default(),
            vertices: Vec::new(),
        }
    }

    /// The vertices of one peer: as the one who connects, and as the one who answers.
    fn add(&mut self, ranked: &Ranked, rank: usize, classes: Vec<u32>) -> [u32; 2] {
        let several = ranked.several.get(rank).copied().unwrap_or_default();
        match ranked.peers.get(rank).copied() {
            Some(peer @ Peer::Workload(_)) => [self.workload(peer, several, classes); 2],
            Some(peer) => {
                let range = if let Peer::External(range) = peer { Some(range) } else { None };
                let name = ranked.name(rank).to_owned();
                let member = Member { name, kind: String::new(), range, lines: Vec::new() };
                [Place::From, Place::To].map(|place| {
                    let id = self.vertex((place, None, classes.clone()));
                    self.join(id, |vertex| vertex.members.push(member.clone()));
                    id
                })
            }
            None => [u32::MAX; 2],
        }
    }

    fn workload(&mut self, peer: Peer, several: bool, classes: Vec<u32>) -> u32 {
        let Parts { cluster, namespace, name, kind } = self.names.parts(peer);
        let class = self.class(peer);
        let whole = if cluster.is_empty() { namespace.clone() } else { format!("{cluster}/{namespace}") };
        let (id, member) = match self.detail {
            Detail::Workloads => {
                let lane = number(&mut self.lanes, whole);
                (
                    self.vertex((Place::Lane(lane), class, classes)),
                    Member { name, kind, range: None, lines: Vec::new() },
                )
            }
            Detail::Namespaces => {
                let lane = number(&mut self.lanes, cluster);
                let own = number(&mut self.namespaces, whole);
                let member = Member { name: namespace, kind: String::new(), range: None, lines: Vec::new() };
                (self.vertex((Place::Lane(lane), None, vec![own])), member)
            }
        };
        self.join(id, |vertex| {
            vertex.workloads += 1;
            vertex.several |= several || vertex.workloads > 1;
            vertex.class = [vertex.class, class].into_iter().flatten().min();
            if vertex.members.last() != Some(&member) {
                vertex.members.push(member);
            }
        });
        id
    }

    fn class(&self, peer: Peer) -> Option<ScopeClass> {
        let Peer::Workload(id) = peer else { return None };
        let workload = self.shown.estate.workload(id)?;
        self.shown.scope?.of(workload.resource).map(|fact| fact.class)
    }

    /// The vertex of a sort, new where there is none.
    fn vertex(&mut self, sort: Sort) -> u32 {
        let next = u32::try_from(self.vertices.len()).unwrap_or(u32::MAX);
        let (place, class) = (sort.0, sort.1);
        let id = *self.sorts.entry(sort).or_insert(next);
        if id == next {
            self.vertices.push(Vertex { place, members: Vec::new(), workloads: 0, class, several: false });
        }
        id
    }

    fn join(&mut self, id: u32, join: impl FnOnce(&mut Vertex)) {
        if let Some(vertex) = self.vertices.get_mut(id as usize) {
            join(vertex);
        }
    }
}

/// The number of a name, the next one where it is new.
fn number(numbers: &mut FxHashMap<String, u32>, name: String) -> u32 {
    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    *numbers.entry(name).or_insert(next)
}
