//! What holds for the peers of a row: circumstances that rules do not tell apart.

use std::borrow::Cow;

use roaring::RoaringBitmap;

use super::build::{Builder, Key, isolating};
use super::decide::{Circumstances, OnMesh};
use crate::condition::{Certainty, ConditionId};
use crate::namespace::ClusterId;
use crate::policy::{Direction, Plane};

impl Builder<'_> {
    pub(super) fn circumstances(
        &mut self,
        key: &Key,
        direction: Direction,
        host: Certainty,
    ) -> Circumstances {
        let policies = self.layers.policies;
        let selecting = key.policies.iter().filter_map(|(index, _)| policies.all.get(*index as usize));
        let mesh = selecting.into_iter().any(|policy| policy.rank.plane == Plane::Mesh);
        let open_if = self.open_if(key);
        Circumstances {
            all: self.layers.cells.all(),
            none: self.layers.cells.none(),
            isolating: isolating(policies, &key.policies, direction),
            host: host.filter(|_| key.host),
            doubts: key.doubt.into_iter().chain(key.other).collect(),
            overruled: key.other.is_some(),
            nodes_may_open: self.layers.nodes_may_open(key.cluster, direction),
            may_open: None,
            mesh: self.tunnels.as_ref().filter(|_| mesh).map(|tunnels| OnMesh {
                closed: self.layers.conditions.id("the mesh alone closes it, and packets reach the pod"),
                unproxied: tunnels.unproxied(key.end, self.layers.cells),
            }),
            tunnel: None,
            open_if,
            closed: key.closed,
            table: self.layers.table(key.cluster),
        }
    }

    /// Calls `visit` for the peers under the circumstances that hold for them: host network, foreign
    /// clusters and tunnels differ.
    pub(super) fn each_circumstance(
        &mut self,
        key: &Key,
        on: &Circumstances,
        mut peers: Cow<'_, [u32]>,
        mut visit: impl FnMut(&Circumstances, &[u32]),
    ) {
        let classes = self.layers.classes;
        if let Some(node) = self.apart.filter(|node| peers.contains(node)) {
            peers = Cow::Owned(peers.iter().copied().filter(|peer| *peer != node).collect());
        }
        if classes.clusters.len() > 1 {
            let foreign = (0..).zip(&classes.clusters).filter(|(cluster, _)| *cluster != key.cluster.index());
            for (cluster, members) in foreign {
                let (there, here) = split(&peers, members);
                peers = Cow::Owned(here);
                if !there.is_empty() {
                    let mut on = on.clone();
                    on.doubts.push(self.between_clusters(key.cluster, cluster));
                    self.each_host(key, &on, &there, &mut visit);
                }
            }
        }
        self.each_host(key, on, &peers, &mut visit);
    }

    fn each_host(
        &mut self,
        key: &Key,
        on: &Circumstances,
        peers: &[u32],
        visit: &mut impl FnMut(&Circumstances, &[u32]),
    ) {
        let classes = self.layers.classes;
        if on.nodes_may_open.is_some() {
            let (nodes, others) = split(peers, &classes.nodes);
            let plain = Circumstances { nodes_may_open: None, ..on.clone() };
            visit(&Circumstances { may_open: on.nodes_may_open, ..plain.clone() }, &nodes);
            return self.each_host(key, &plain, &others, visit);
        }
        if !classes.on_node.is_empty() {
            let (on_node, others) = split(peers, &classes.on_node);
            let mut together = on.clone();
            together.open_if.push(self.layers.conditions.id("it is open where both run on one node"));
            visit(&together, &on_node);
            return self.each_undefined(key, on, &others, visit);
        }
        self.each_undefined(key, on, peers, visit);
    }

    fn each_undefined(
        &mut self,
        key: &Key,
        on: &Circumstances,
        peers: &[u32],
        visit: &mut impl FnMut(&Circumstances, &[u32]),
    ) {
        let classes = self.layers.classes;
        if classes.host.is_empty() || on.host.is_some() {
            return self.each_tunnel(key, on, peers, visit);
        }
        let (host, others) = split(peers, &classes.host);
        let on_host = Circumstances { host: Some(self.layers.host_condition()), ..on.clone() };
        self.each_tunnel(key, &on_host, &host, visit);
        self.each_tunnel(key, on, &others, visit);
    }

    /// Policies see the port of a tunnel where there is one between the class and its peers.
    fn each_tunnel(
        &self,
        key: &Key,
        on: &Circumstances,
        peers: &[u32],
        visit: &mut impl FnMut(&Circumstances, &[u32]),
    ) {
        let Some(tunnels) = self.tunnels.as_ref().filter(|_| key.end.is_tunnelled()) else {
            return visit(on, peers);
        };
        for (tunnel, peers) in tunnels.part(key.end, peers) {
            visit(&Circumstances { tunnel, ..on.clone() }, &peers);
        }
    }

    fn between_clusters(&mut self, one: ClusterId, other: usize) -> ConditionId {
        let name = |index: usize| {
            let found = self.namespaces.clusters().find(|(id, _)| id.index() == index);
            found.map(|(_, name)| name).unwrap_or_default()
        };
        let mut names = [name(one.index()), name(other)];
        names.sort_unstable();
        let [a, b] = names;
        self.layers.conditions.id(&format!("whether clusters `{a}` and `{b}` reach each other is not known"))
    }
}

/// The classes that are in `of`, and the others.
fn split(classes: &[u32], of: &RoaringBitmap) -> (Vec<u32>, Vec<u32>) {
    classes.iter().partition(|class| of.contains(**class))
}
