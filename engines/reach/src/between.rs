//! The question for two sets of endpoints, with the rules that decide on both sides.

use std::sync::Arc;

use ringfence_model::fact::{
    AddressRange, DecidingRule, Edge, Landmark, Matching, MeshEdge, Openness, Peer, Ports, Selecting, Side,
};
use roaring::RoaringBitmap;

use crate::address::Span;
use crate::condition::Conditions;
use crate::map::conditions;
use crate::policy::{Direction, DnsId, DnsNames};
use crate::port::Mask;
use crate::product::{Block, Ends, blocks};
use crate::row::{Group, Hit, Layers, Pairing, Row, Said};
use crate::{Endpoints, Reach};

impl Reach {
    /// What `from` may open towards `to`: one edge for each pair of classes, denied ones included. Addresses
    /// outside say nothing to one another.
    pub fn between(&self, from: &Endpoints, to: &Endpoints) -> Vec<Edge> {
        let (sources, destinations) = self.ends(from, to);
        let (mut edges, mut conditions) = (Vec::new(), self.conditions.clone());
        let mut pairing = self.pairing(&mut conditions);
        for source in &sources {
            for destination in &destinations {
                if self.speaks(source, destination) {
                    edges.push(self.edge((source, from), (destination, to), &mut pairing));
                }
            }
        }
        edges
    }

    /// The edges of [`Reach::between`] that are not denied, found without looking at those that are.
    pub fn open(&self, from: &Endpoints, to: &Endpoints) -> Vec<Edge> {
        let (sources, destinations) = self.ends(from, to);
        let mut edges = Vec::new();
        blocks(&self.rows, &self.reached, Ends { from: Some(&sources), to: Some(&destinations) }, |block| {
            for source in block.from {
                for destination in block.to.iter().filter(|one| self.speaks(*source, **one)) {
                    edges.push((*source, *destination));
                }
            }
        });
        edges.sort_unstable();
        let mut conditions = self.conditions.clone();
        let mut pairing = self.pairing(&mut conditions);
        let edge = |(source, destination)| self.edge((source, from), (destination, to), &mut pairing);
        edges.into_iter().map(edge).collect()
    }

    pub(crate) fn pairing<'a>(&'a self, conditions: &'a mut Conditions) -> Pairing<'a> {
        let Self { policies, classes, cells, peers, profiles, .. } = self;
        Pairing::new(Layers::new(policies, classes, cells, peers, profiles, conditions))
    }

    /// The widest connection that any of `from` may open towards any of `to`.
    pub fn openness(&self, from: &Endpoints, to: &Endpoints) -> Openness {
        let (sources, destinations) = self.ends(from, to);
        let (all, mut widest) = (self.cells.all(), Openness::Closed);
        blocks(&self.rows, &self.reached, Ends { from: Some(&sources), to: Some(&destinations) }, |block| {
            widest = widest.max(openness(&all, &block.maybe()));
        });
        widest
    }

    fn ends(&self, from: &Endpoints, to: &Endpoints) -> (RoaringBitmap, RoaringBitmap) {
        (self.classes_of(from, Direction::Ingress), self.classes_of(to, Direction::Egress))
    }

    /// The classes that endpoints touch, as peers of rules of `direction`: sources are peers of ingress rules.
    pub(crate) fn classes_of(&self, endpoints: &Endpoints, direction: Direction) -> RoaringBitmap {
        let workloads = endpoints.workloads.iter().filter_map(|id| self.classes.of_workload.get(id.index()));
        let mut classes: RoaringBitmap = workloads.flatten().copied().collect();
        let space = self.spaces.get(direction);
        for range in &endpoints.ranges {
            let touched = space.touched(Span::from(*range));
            classes.extend(touched.map(|interval| self.classes.of_signature(direction, interval.signature)));
        }
        let landmarks = endpoints.landmarks.iter();
        classes.extend(landmarks.filter_map(|landmark| self.classes.landmark(direction, *landmark)));
        if direction == Direction::Egress {
            let names = endpoints.names.iter().flat_map(|name| self.policies.dns.find(name));
            classes.extend(names.map(|name| self.classes.of_name(name)));
        }
        classes
    }

    /// Whether the pair is any of our concern: the only pod of a class reaches itself in any case.
    fn speaks(&self, source: u32, destination: u32) -> bool {
        let outside = &self.classes.outside;
        let alone = source == destination && self.is_single(source);
        let both_outside = outside.ingress.contains(source) && outside.egress.contains(destination);
        !(alone || both_outside)
    }

    /// The members of a class that were asked for.
    pub(crate) fn members(&self, class: u32, endpoints: &Endpoints) -> Vec<Peer> {
        let members = self.classes.members.get(class as usize).map(Vec::as_slice).unwrap_or_default();
        let mut asked: Vec<Peer> =
            members.iter().flat_map(|member| asked(*member, endpoints, &self.policies.dns)).collect();
        asked.sort_unstable();
        asked.dedup();
        asked
    }

    fn edge(
        &self,
        (source, from): (u32, &Endpoints),
        (destination, to): (u32, &Endpoints),
        pairing: &mut Pairing<'_>,
    ) -> Edge {
        let egress = self.rows.egress.row(source);
        let ingress = self.rows.ingress.row(destination);
        let out = egress.and_then(|row| row.said_of(destination));
        let into = ingress.and_then(|row| row.said_of(source));
        let none = self.cells.none();
        let mask = |pick: fn(&Group) -> &Mask| match (out, into) {
            (Some(out), Some(into)) => pick(out.group).and(pick(into.group)),
            _ => none.clone(),
        };
        let (sure, maybe) = (mask(|group| &group.sure), mask(|group| &group.maybe));
        let open = maybe.minus(&sure);
        let condition = out.zip(into).filter(|_| !open.is_empty()).and_then(|(egress, ingress)| {
            let block = Block { from: &[], to: &[], egress, ingress };
            self.conditions.join(&conditions(&block, &open))
        });
        Edge {
            from: self.members(source, from),
            to: self.members(destination, to),
            allowed: self.port_set(&sure),
            depends: self.port_set(&open),
            condition,
            egress: self.side(egress, out, &pairing.hits(egress, source, destination, Direction::Egress)),
            ingress: self.side(
                ingress,
                into,
                &pairing.hits(ingress, destination, source, Direction::Ingress),
            ),
            mesh: self.mesh_edge(ingress, source, destination, pairing),
        }
    }

    /// What a mesh does to connections between two classes, the second of which is a pod's.
    fn mesh_edge(
        &self,
        row: Option<&Row>,
        source: u32,
        destination: u32,
        pairing: &mut Pairing<'_>,
    ) -> Option<MeshEdge> {
        if self.classes.landmark(Direction::Ingress, Landmark::OwnNode) == Some(source) {
            return None;
        }
        let traits = self.classes.pods.get(destination as usize)?;
        let (closed, tunnel) = pairing.mesh(row, destination, source)?;
        let policies = row.map(|row| row.policies.as_slice()).unwrap_or_default();
        let from = self.classes.pods.get(source as usize);
        let mtls = self.policies.mesh.mtls(&self.policies, from, traits, policies);
        Some(MeshEdge { mtls, closed: self.port_set(&closed), tunnel })
    }

    fn side(&self, row: Option<&Row>, said: Option<Said<'_>>, hits: &[Hit]) -> Side {
        let selecting = |(index, certainty): &(u32, Option<_>)| {
            let policy = self.policies.all.get(*index as usize)?;
            let rule = DecidingRule {
                policy: policy.resource,
                element: ringfence_model::Text::default(),
                location: policy.location,
            };
            Some(Selecting { rule, certain: certainty.is_none() })
        };
        let matching = |hit: &Hit| {
            let rule = self.policies.rules.get(hit.rule.0 as usize)?.clone();
            let ports = self.port_set(&hit.maybe);
            Some(Matching { rule, action: hit.action, ports, certain: hit.sure == hit.maybe })
        };
        let none = self.cells.none();
        let (sure, maybe) = said.map_or((&none, &none), |said| (&said.group.sure, &said.group.maybe));
        let mut policies: Vec<Selecting> =
            row.into_iter().flat_map(|row| &row.policies).filter_map(selecting).collect();
        // Some policies are evaluated in parts.
        policies.dedup_by(|part, first| {
            let same = part.rule.policy == first.rule.policy;
            first.certain |= same && part.certain;
            same
        });
        Side {
            policies,
            rules: hits.iter().filter_map(matching).collect(),
            allowed: self.port_set(sure),
            depends: self.port_set(&maybe.minus(sure)),
        }
    }

    fn port_set(&self, mask: &Mask) -> Arc<Ports> {
        Arc::new(self.cells.ports(mask))
    }
}

pub(crate) fn openness(all: &Mask, open: &Mask) -> Openness {
    if open.is_empty() {
        Openness::Closed
    } else if open == all {
        Openness::Unrestricted
    } else {
        Openness::Narrowed
    }
}

/// What `endpoints` asks of one member: the workload, or the part of the range that they have in common.
fn asked(member: Peer, endpoints: &Endpoints, dns: &DnsNames) -> Vec<Peer> {
    match member {
        Peer::Landmark(landmark) => {
            endpoints.landmarks.contains(&landmark).then_some(member).into_iter().collect()
        }
        Peer::Name(name) => {
            let name = dns.get(DnsId::from(name)).filter(|name| endpoints.names.contains(name));
            name.map(|_| member).into_iter().collect()
        }
        Peer::Workload(id) if endpoints.workloads.binary_search(&id).is_ok() => vec![member],
        Peer::Workload(_) => Vec::new(),
        Peer::External(range) => {
            let spans = endpoints.ranges.iter().map(|range| Span::from(*range));
            let common = spans.filter_map(|span| span.overlap(Span::from(range)));
            common.map(|span| Peer::External(AddressRange::from(span))).collect()
        }
    }
}
