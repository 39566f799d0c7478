//! One class and one peer: the rules that match, those included that deny.
//!
//! Rows keep what is open; who asks about one pair wants to see what closes it, too.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::build::{counted, isolating};
use super::decide::{Circumstances, Counted, OnMesh, by_mesh};
use super::layer::{Layer, Layers};
use super::prefix;
use super::tunnel::Tunnels;
use super::{Hit, Row};
use crate::condition::Certainty;
use crate::pod::NamedPorts;
use crate::policy::Direction;
use crate::port::Mask;

/// Answers for pairs.
#[derive(Debug)]
pub(crate) struct Pairing<'a> {
    layers: Layers<'a>,
    /// By policy, direction, and the named ports of the selected class.
    known: FxHashMap<(u32, Direction, u32), Arc<Vec<Layer>>>,
    /// Absent where there is no mesh.
    tunnels: Option<Tunnels<'a>>,
}

impl<'a> Pairing<'a> {
    pub(crate) fn new(layers: Layers<'a>) -> Self {
        let Layers { policies, classes, cells, .. } = layers;
        let tunnels = Tunnels::new(&policies.mesh, classes, cells, layers.conditions);
        Self { layers, known: FxHashMap::default(), tunnels }
    }

    /// What proxies of a mesh refuse of connections from `peer` to `class`, whose ingress row that is, and
    /// the port that policies see instead; `None` where there is no mesh.
    pub(crate) fn mesh(&mut self, row: Option<&Row>, class: u32, peer: u32) -> Option<(Mask, Option<u16>)> {
        let traits = self.layers.classes.pods.get(class as usize)?;
        let tunnels = self.tunnels.as_ref()?;
        let end = tunnels.end(traits);
        let tunnel = tunnels.between(end, peer).map(|tunnel| tunnel.port);
        let (all, none) = (self.layers.cells.all(), self.layers.cells.none());
        let closed = self.layers.conditions.id("the mesh alone closes it, and packets reach the pod");
        let unproxied = tunnels.unproxied(end, self.layers.cells);
        let selecting = row.map(|row| row.policies.as_slice()).unwrap_or_default();
        let on = Circumstances {
            all: all.clone(),
            none,
            isolating: isolating(self.layers.policies, selecting, Direction::Ingress),
            host: None,
            doubts: Vec::new(),
            overruled: false,
            nodes_may_open: None,
            may_open: None,
            mesh: Some(OnMesh { closed, unproxied }),
            tunnel: None,
            open_if: Vec::new(),
            closed: None,
            table: None,
        };
        let sources = self.sources(row, traits.ports, Direction::Ingress);
        let layers = counted(&sources, None);
        let matching: Vec<Counted<'_>> =
            layers.into_iter().filter(|one| one.layer.peers.contains(peer)).collect();
        let opened = by_mesh(&on, &matching);
        Some((opened.map_or(on.none, |opened| all.minus(&opened.maybe)), tunnel))
    }

    /// The layers of each policy of a row.
    fn sources(
        &mut self,
        row: Option<&Row>,
        ports: u32,
        direction: Direction,
    ) -> Vec<(Arc<Vec<Layer>>, Certainty)> {
        let policies = row.map(|row| row.policies.as_slice()).unwrap_or_default().iter();
        policies.map(|(policy, certainty)| (self.layers_of(*policy, direction, ports), *certainty)).collect()
    }

    /// The rules of `class`, whose row that is, that match `peer`; in the order of evaluation.
    pub(crate) fn hits(
        &mut self,
        row: Option<&Row>,
        class: u32,
        peer: u32,
        direction: Direction,
    ) -> Vec<Hit> {
        let Some(traits) = self.layers.classes.pods.get(class as usize) else { return Vec::new() };
        let sources = self.sources(row, traits.ports, direction);
        let on_host = traits.host.is_undefined();
        let host = (on_host || self.layers.classes.host.contains(peer)).then(|| self.layers.host_condition());
        let all = counted(&sources, host.filter(|_| on_host));
        let matching: Vec<Counted<'_>> =
            all.into_iter().filter(|one| one.layer.peers.contains(peer)).collect();
        let policies = row.map(|row| row.policies.as_slice()).unwrap_or_default();
        let policy = policies.first().and_then(|(policy, _)| self.layers.policies.all.get(*policy as usize));
        let table = policy.and_then(|policy| self.layers.table(policy.cluster));
        let none = self.layers.cells.none();
        let all: Vec<Hit> = prefix::of_table(table.as_ref(), &none, &matching, |layers| {
            layers.iter().filter_map(|one| one.hit(host, &none)).collect()
        });
        let mut hits: Vec<Hit> = Vec::new();
        for hit in all {
            // Parts of one rule that match the same peer add up.
            match hits.last_mut().filter(|last| last.rule == hit.rule && last.action == hit.action) {
                Some(last) => {
                    (last.sure, last.maybe) = (last.sure.or(&hit.sure), last.maybe.or(&hit.maybe));
                }
                None => hits.push(hit),
            }
        }
        hits
    }

    fn layers_of(&mut self, policy: u32, direction: Direction, ports: u32) -> Arc<Vec<Layer>> {
        if let Some(layers) = self.known.get(&(policy, direction, ports)) {
            return Arc::clone(layers);
        }
        let none = NamedPorts::default();
        let names = self.layers.classes.ports.get(ports as usize).unwrap_or(&none);
        let layers = Arc::new(self.layers.of(policy, direction, names));
        self.known.insert((policy, direction, ports), Arc::clone(&layers));
        layers
    }
}
