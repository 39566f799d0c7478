//! One class and one peer: the rules that match, those included that deny.
//!
//! Rows keep what is open; who asks about one pair wants to see what closes it, too.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::build::counted;
use super::layer::{Layer, Layers};
use super::{Hit, Row};
use crate::condition::Certainty;
use crate::pod::NamedPorts;
use crate::policy::Direction;

/// Answers for pairs.
#[derive(Debug)]
pub(crate) struct Pairing<'a> {
    layers: Layers<'a>,
    /// By policy, direction, and the named ports of the selected class.
    known: FxHashMap<(u32, Direction, u32), Arc<Vec<Layer>>>,
}

impl<'a> Pairing<'a> {
    pub(crate) fn new(layers: Layers<'a>) -> Self {
        Self { layers, known: FxHashMap::default() }
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
        let policies = row.map(|row| row.policies.as_slice()).unwrap_or_default();
        let sources: Vec<(Arc<Vec<Layer>>, Certainty)> = policies
            .iter()
            .map(|(policy, certainty)| (self.layers_of(*policy, direction, traits.ports), *certainty))
            .collect();
        let on_host = traits.host.is_undefined();
        let host = (on_host || self.layers.classes.host.contains(peer)).then(|| self.layers.host_condition());
        let all = counted(&sources, host.filter(|_| on_host));
        let matching = all.iter().filter(|one| one.layer.peers.contains(peer));
        let mut hits: Vec<Hit> = Vec::new();
        for hit in matching.filter_map(|one| one.hit(host, &self.layers.cells.none())) {
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
