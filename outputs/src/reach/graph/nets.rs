//! From links to nets: for each target and set of ports one, with all that may open them.

use std::collections::BTreeMap;

use ringfence_model::fact::Ports;

use super::PLAIN;
use super::gather::{Detail, Gathered, Place};
use super::groups::{self, Group};

/// What one target answers on some ports, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Net {
    pub(super) to: u32,
    /// A number of the table of ports.
    pub(super) ports: u32,
    /// Whether it is certain; else it depends.
    pub(super) certain: bool,
    /// Whether the members of the target may open them to one another.
    pub(super) within: bool,
    /// Vertices that a line comes from. Sorted.
    pub(super) sources: Vec<u32>,
    /// Lanes all of whose vertices may.
    pub(super) lanes: Vec<u32>,
    /// Groups that may; numbers of letters.
    pub(super) groups: Vec<u32>,
    /// Vertices and lanes that are named beside the ports, where a line leads from lane to lane instead.
    pub(super) named: (Vec<u32>, Vec<u32>),
}

/// What one lane may open towards another, for any of either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bundle {
    pub(super) from: Vec<u32>,
    pub(super) to: u32,
    pub(super) ports: Ports,
    pub(super) certain: bool,
}

/// All nets, sorted by target, and the groups they refer to.
pub(super) struct Nets {
    pub(super) all: Vec<Net>,
    pub(super) groups: Vec<Group>,
    /// Lines from lane to lane, sorted by target.
    pub(super) bundles: Vec<Bundle>,
}

impl Nets {
    pub(super) fn new(gathered: &Gathered) -> Self {
        // By what the ports are, not by their numbers: those depend on the order of pairs.
        let mut by_target: BTreeMap<(u32, bool, Ports, u32), Vec<u32>> = BTreeMap::new();
        for ((from, to), open) in &gathered.links {
            for (ports, perhaps) in [(open.certain, false), (open.perhaps, true)] {
                if ports != 0 {
                    by_target.entry((*to, perhaps, gathered.ports(ports), ports)).or_default().push(*from);
                }
            }
        }
        let net = |((to, perhaps, _, ports), sources): ((u32, bool, Ports, u32), Vec<u32>)| {
            let within = sources.contains(&to);
            let (lanes, groups) = (Vec::new(), Vec::new());
            Net { to, ports, certain: !perhaps, within, sources, lanes, groups, named: Default::default() }
        };
        let mut all: Vec<Net> = by_target.into_iter().map(net).collect();
        let groups = groups::take(&mut all, gathered);
        for net in &mut all {
            net.sources.retain(|source| *source != net.to);
        }
        let mut nets = Self { all, groups, bundles: Vec::new() };
        if gathered.detail == Detail::Workloads {
            nets.gather_lanes(gathered);
        }
        if gathered.detail == Detail::Workloads && nets.lines() > PLAIN {
            nets.bundle(gathered);
        }
        nets
    }

    /// Where all vertices of a lane may, the lane stands for them.
    fn gather_lanes(&mut self, gathered: &Gathered) {
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); gathered.lanes.len()];
        for (id, vertex) in (0..).zip(&gathered.vertices) {
            if let Place::Lane(lane) = vertex.place {
                members.get_mut(lane as usize).into_iter().for_each(|members| members.push(id));
            }
        }
        for net in &mut self.all {
            for (lane, members) in (0..).zip(&members) {
                let others = || members.iter().filter(|one| **one != net.to);
                if others().count() > 1 && others().all(|one| net.sources.binary_search(one).is_ok()) {
                    net.lanes.push(lane);
                    net.sources.retain(|source| members.binary_search(source).is_err());
                }
            }
        }
    }

    /// Lines between lanes become one for each pair of lanes and set of ports; the ends of each are named.
    fn bundle(&mut self, gathered: &Gathered) {
        let lane = |id: u32| match gathered.vertices.get(id as usize)?.place {
            Place::Lane(lane) => Some(lane),
            Place::From | Place::To => None,
        };
        let mut between: BTreeMap<(u32, u32, bool), Ports> = BTreeMap::new();
        for net in &mut self.all {
            let Some(to) = lane(net.to) else { continue };
            let abroad = |id: &u32| lane(*id).is_some_and(|from| from != to);
            let named: Vec<u32> = net.sources.iter().copied().filter(abroad).collect();
            let lanes: Vec<u32> = net.lanes.iter().copied().filter(|lane| *lane != to).collect();
            net.sources.retain(|id| !abroad(id));
            net.lanes.retain(|lane| *lane == to);
            for from in named.iter().filter_map(|id| lane(*id)).chain(lanes.iter().copied()) {
                let ports = between.entry((to, from, !net.certain)).or_default();
                *ports = ports.union(&gathered.ports(net.ports));
            }
            net.named = (named, lanes);
        }
        for ((to, from, perhaps), ports) in between {
            let same = |one: &&mut Bundle| one.to == to && one.certain != perhaps && one.ports == ports;
            match self.bundles.iter_mut().find(same) {
                Some(bundle) => bundle.from.push(from),
                None => self.bundles.push(Bundle { from: vec![from], to, ports, certain: !perhaps }),
            }
        }
    }

    /// How many lines the picture has.
    pub(super) fn lines(&self) -> usize {
        let bundles: usize = self.bundles.iter().map(|bundle| bundle.from.len()).sum();
        self.all.iter().map(|net| net.sources.len() + net.lanes.len()).sum::<usize>() + bundles
    }
}
