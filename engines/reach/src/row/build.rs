//! Builds the rows of all classes.

use std::borrow::Cow;
use std::sync::Arc;

use ringfence_model::fact::{Landmark, RuleAction};
use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;

use super::decide::{Circumstances, Counted, Decided, Isolating, decide};
use super::layer::{Layer, Layers, OwnNode, PeerClasses};
use super::part::Parting;
use super::prefix::settled;
use super::selected::{Modes, Selected};
use super::tunnel::{End, Tunnels};
use super::{Group, Peers, Row, Rows, Table};
use crate::class::{Classes, Traits};
use crate::condition::{Certainty, Conditions};
use crate::namespace::{ClusterId, Namespaces};
use crate::pod::{Enforced, NamedPorts};
use crate::policy::{Both, Direction, Plane, Policies, PortSpec, Rules};
use crate::port::Cells;
use crate::profile::Profiles;

/// What decides a row; classes that have it in common share the row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(super) cluster: ClusterId,
    /// The policies that select the class, in the order of evaluation.
    pub(super) policies: Vec<(u32, Certainty)>,
    /// The named ports of the class, where an ingress rule resolves names on it.
    ports: Option<u32>,
    pub(super) host: bool,
    enforced: Enforced,
    /// Set where what no policy decides is closed, with why it may not be.
    pub(super) closed: Option<Certainty>,
    pub(super) doubt: Certainty,
    /// A policy that is not evaluated and may select the class.
    pub(super) other: Certainty,
    /// What the class is to a mesh.
    pub(super) end: End,
}

impl Key {
    /// The policies that select the class, in the order of evaluation.
    pub(crate) fn policies(&self) -> &[(u32, Certainty)] {
        &self.policies
    }

    /// Why nothing that is read decides: a policy that is not evaluated, a workload defined twice.
    pub(crate) fn doubt(&self) -> Certainty {
        self.other.or(self.doubt)
    }

    /// The named ports of the class, where an ingress rule resolves names on it.
    pub(super) fn ports(&self) -> Option<u32> {
        self.ports
    }

    pub(crate) fn enforced(&self) -> Enforced {
        self.enforced
    }

    pub(crate) fn cluster(&self) -> ClusterId {
        self.cluster
    }

    pub(super) fn is_on_host(&self) -> bool {
        self.host
    }
}

/// What building rows takes.
#[derive(Debug)]
pub(crate) struct Builder<'a> {
    pub(super) namespaces: &'a Namespaces,
    pub(super) layers: Layers<'a>,
    /// For each set the policies whose subject it is.
    by_subject: Vec<Vec<u32>>,
    /// For each policy whether an ingress rule of it names a port.
    named: Vec<bool>,
    /// Layers by policy, direction, and where it matters the named ports of the selected class.
    known: FxHashMap<(u32, Direction, Option<u32>), Arc<Vec<Layer>>>,
    pub(super) parting: Parting,
    /// A peer of the row at hand that is judged apart.
    pub(super) apart: Option<u32>,
    /// Absent where there is no mesh.
    pub(super) tunnels: Option<Tunnels<'a>>,
    pub(super) modes: Modes,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(
        namespaces: &'a Namespaces,
        policies: &'a Policies,
        classes: &'a Classes,
        cells: &'a Cells,
        peers: &'a PeerClasses,
        profiles: &'a Profiles,
        conditions: &'a mut Conditions,
    ) -> Self {
        let mut by_subject = vec![Vec::new(); classes.sets.len()];
        for (index, policy) in (0..).zip(&policies.all) {
            let subjects = by_subject.get_mut(policy.subject.index());
            subjects.into_iter().for_each(|policies: &mut Vec<u32>| policies.push(index));
        }
        let tunnels = Tunnels::new(&policies.mesh, classes, cells, conditions);
        let modes = Modes::new(profiles, conditions);
        let layers = Layers::new(policies, classes, cells, peers, profiles, conditions);
        let named =
            policies.all.iter().map(|policy| policy.ingress.as_ref().is_some_and(names_ports)).collect();
        let parting = Parting::new(classes.len());
        let known = FxHashMap::default();
        Self { namespaces, layers, by_subject, named, known, parting, apart: None, tunnels, modes }
    }

    pub(crate) fn build(mut self) -> Rows {
        Both { ingress: self.table(Direction::Ingress), egress: self.table(Direction::Egress) }
    }

    fn table(&mut self, direction: Direction) -> Table {
        let classes = self.layers.classes;
        let mut table = Table::default();
        let mut keys: FxHashMap<Key, u32> = FxHashMap::default();
        for (class, traits) in (0..).zip(&classes.pods) {
            let key = self.key(traits, direction);
            let next = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
            let row = *keys.entry(key.clone()).or_insert(next);
            if row == next {
                table.rows.push(self.row(&key, direction));
            }
            table.of_class.push(row);
            table.rows.get_mut(row as usize).into_iter().for_each(|row| row.members.push(class));
        }
        self.add_outside(&mut table, direction);
        table
    }

    /// No policy selects what is outside; what outside addresses say to one another is not our concern.
    fn add_outside(&self, table: &mut Table, direction: Direction) {
        let classes = self.layers.classes;
        let row = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
        table.of_class.resize(classes.members.len(), row);
        // What ingress rules take for sources is, seen from a pod, what lets in nothing.
        let members = match direction {
            Direction::Ingress => classes.outside.egress.clone(),
            Direction::Egress => classes.outside.ingress.clone(),
        };
        let peers = Peers::Rest((0..u32::try_from(classes.pods.len()).unwrap_or(u32::MAX)).collect());
        let all = self.layers.cells.all();
        let group = Group { peers, sure: all.clone(), maybe: all, conditions: Box::default(), hits: 0..0 };
        let members = members.iter().collect();
        table.rows.push(Row { groups: vec![group], members, ..Row::default() });
    }

    pub(crate) fn key(&self, traits: &Traits, direction: Direction) -> Key {
        let policies = self.layers.policies;
        let mut selecting: Vec<(u32, Certainty)> = Vec::new();
        let mut named = false;
        let is_policed = !matches!(traits.enforced, Enforced::No(_));
        let mut selected = Selected::default();
        for (set, certainty) in &traits.sets {
            for index in self.by_subject.get(set.index()).into_iter().flatten() {
                let Some(policy) = policies.all.get(*index as usize) else { continue };
                let selects = policy.doubt.or(*certainty);
                selected.add(policy, direction, selects);
                let Some(rules) = policy.rules(direction) else { continue };
                if !is_policed && policy.rank.plane == Plane::Network {
                    continue;
                }
                selecting.push((*index, selects.or(rules.doubt)));
                named |= direction == Direction::Ingress && self.is_named(*index);
            }
        }
        selecting.sort_unstable();
        let cluster = self.namespaces.cluster(traits.namespace);
        let switches = self.layers.switches(cluster);
        if switches.selected_pods_skip_baseline {
            selected.skip_baseline(policies, &mut selecting);
        }
        let closed = (switches.unselected_is_closed && is_policed).then_some(selected.anywhere);
        let other = policies.others.iter().find(|(there, namespace, _)| {
            *there == cluster && namespace.is_none_or(|namespace| namespace == traits.namespace)
        });
        Key {
            cluster,
            policies: selecting,
            ports: named.then_some(traits.ports),
            host: traits.host.is_undefined(),
            enforced: traits.enforced,
            closed: closed.and_then(|selected| self.modes.closed(cluster, selected)),
            doubt: traits.doubt,
            other: other.map(|(_, _, condition)| *condition),
            end: self.tunnels.as_ref().map(|tunnels| tunnels.end(traits)).unwrap_or_default(),
        }
    }

    fn row(&mut self, key: &Key, direction: Direction) -> Row {
        let sources = self.sources(key, direction);
        let host = (!self.layers.classes.host.is_empty()).then(|| self.layers.host_condition());
        let layers = counted(&sources, host.filter(|_| key.host));
        let mut row = Row { policies: key.policies.clone(), ..Row::default() };
        let on = self.circumstances(key, direction, host);
        let universe = Arc::clone(self.layers.peers.universe.get(direction));
        let own_node = self.layers.classes.landmark(direction, Landmark::OwnNode);
        let own_node = own_node.map(|node| (node, self.layers.own_node(key.cluster, direction)));
        // Where rules of other clusters match it, it is a peer like any other.
        let apart = own_node.filter(|(node, own)| *own != OwnNode::Policed && universe.contains(*node));
        self.apart = apart.map(|(node, _)| node);
        let everyone = |layer: &Layer| Arc::ptr_eq(&layer.peers, &universe);
        let numbered = || (0_u32..).zip(layers.iter().map(|counted| counted.layer));
        let narrow = numbered().filter(|(_, layer)| !everyone(layer));
        let wide: Vec<u32> =
            numbered().filter(|(_, layer)| everyone(layer)).map(|(index, _)| index).collect();
        let parts = self.parting.part(narrow.map(|(index, layer)| (index, layer.peers.as_ref())));
        let matched = std::mem::take(&mut self.parting.peers);
        for mut part in parts {
            if !wide.is_empty() {
                part.layers.extend(&wide);
                part.layers.sort_unstable();
            }
            let counted = part.layers.iter().filter_map(|index| layers.get(*index as usize));
            let counted: Vec<Counted<'_>> = counted.copied().collect();
            let peers = matched.get(part.peers).unwrap_or_default();
            self.each_circumstance(key, &on, Cow::Borrowed(peers), |on, peers| row.add(on, &counted, peers));
        }
        let counted: Vec<Counted<'_>> =
            wide.iter().filter_map(|index| layers.get(*index as usize)).copied().collect();
        self.add_rest(&mut row, key, &on, &counted, &universe, &matched);
        self.parting.peers = matched;
        if let Some((node, own)) = own_node.filter(|(_, own)| *own != OwnNode::Policed) {
            row.add_own_node(node, &on, own);
        }
        row
    }

    /// The layers of each policy that selects.
    pub(super) fn sources(&mut self, key: &Key, direction: Direction) -> Vec<(Arc<Vec<Layer>>, Certainty)> {
        let policies = key.policies.iter();
        policies
            .map(|(policy, certainty)| (self.layers_of(*policy, direction, key.ports), *certainty))
            .collect()
    }

    /// Adds the groups of those whom no layer matches but those that match everyone.
    fn add_rest(
        &mut self,
        row: &mut Row,
        key: &Key,
        on: &Circumstances,
        wide: &[Counted<'_>],
        universe: &RoaringBitmap,
        matched: &[u32],
    ) {
        let classes = self.layers.classes;
        let special = !classes.host.is_empty()
            || on.nodes_may_open.is_some()
            || classes.clusters.len() > 1
            || !classes.on_node.is_empty()
            || key.end.is_tunnelled();
        if !special && decide(on, wide).is_none() {
            return;
        }
        let mut rest = universe.clone();
        matched.iter().chain(&self.apart).for_each(|class| {
            rest.remove(*class);
        });
        if special {
            let rest: Vec<u32> = rest.iter().collect();
            self.each_circumstance(key, on, Cow::Owned(rest), |on, peers| row.add(on, wide, peers));
        } else {
            row.add_group(on, wide, |_| Peers::Rest(rest));
        }
    }

    /// Whether an ingress rule of the policy names a port, so that its layers depend on the selected class.
    fn is_named(&self, policy: u32) -> bool {
        self.named.get(policy as usize).copied().unwrap_or_default()
    }

    fn layers_of(&mut self, policy: u32, direction: Direction, ports: Option<u32>) -> Arc<Vec<Layer>> {
        let ports = ports.filter(|_| self.is_named(policy));
        if let Some(layers) = self.known.get(&(policy, direction, ports)) {
            return Arc::clone(layers);
        }
        let classes = self.layers.classes;
        let none = NamedPorts::default();
        let names = ports.and_then(|ports| classes.ports.get(ports as usize)).unwrap_or(&none);
        let layers = Arc::new(self.layers.of(policy, direction, names));
        self.known.insert((policy, direction, ports), Arc::clone(&layers));
        layers
    }
}

/// The policies that isolate, among those that select.
pub(super) fn isolating(
    policies: &Policies,
    selecting: &[(u32, Certainty)],
    direction: Direction,
) -> Vec<Isolating> {
    let all = selecting
        .iter()
        .filter_map(|(index, certainty)| Some((*index, policies.all.get(*index as usize)?, *certainty)));
    let isolating = all.filter(|(_, policy, _)| policy.rules(direction).is_some_and(|rules| rules.isolates));
    let isolating = isolating.map(|(index, policy, certainty)| Isolating {
        policy: index,
        plane: policy.rank.plane,
        stage: policy.stage,
        certainty,
    });
    isolating.collect()
}

/// The layers of all policies of a row, in the order of evaluation. `host`: set where the class is on
/// the host network.
pub(super) fn counted<'l>(sources: &'l [(Arc<Vec<Layer>>, Certainty)], host: Certainty) -> Vec<Counted<'l>> {
    let layers = sources.iter().flat_map(|(layers, policy)| layers.iter().map(|layer| (layer, *policy)));
    let mut counted: Vec<Counted<'_>> = layers
        .map(|(layer, policy)| {
            // Admin policies leave pods on the host network out.
            let excluded = host.filter(|_| layer.place.without_host);
            Counted { layer, policy: policy.or(excluded) }
        })
        .collect();
    if counted.windows(2).any(
        |pair| matches!(pair, [a, b] if a.layer.place.slot == b.layer.place.slot && a.layer.place.deny_first),
    ) {
        counted.sort_by_key(|one| (one.layer.place.slot, action_order(one.layer)));
    }
    counted
}

fn names_ports(rules: &Rules) -> bool {
    let mut ports = rules.rules.iter().filter_map(|rule| rule.ports.as_ref()).flatten();
    ports.any(|port| matches!(port.named(), PortSpec::Named(_)))
}

/// Among rules of one slot those that deny come first, those that pass last.
fn action_order(layer: &Layer) -> u8 {
    match layer.action {
        RuleAction::Deny if layer.place.deny_first => 0,
        RuleAction::Allow if layer.place.deny_first => 1,
        RuleAction::Pass if layer.place.deny_first => 2,
        RuleAction::Deny | RuleAction::Allow | RuleAction::Pass => 0,
    }
}

impl Row {
    fn add(&mut self, on: &Circumstances, layers: &[Counted<'_>], peers: &[u32]) {
        if !peers.is_empty() {
            self.add_group(on, layers, |row| {
                let start = row.peers.len();
                row.peers.extend(peers);
                Peers::Listed(start..row.peers.len())
            });
        }
    }

    /// Nothing comes between a pod and the node that it runs on, unless the engine says so: `policed`.
    fn add_own_node(&mut self, node: u32, on: &Circumstances, own: OwnNode) {
        let policed = match own {
            OwnNode::Perhaps(condition) => Some(condition),
            OwnNode::Open | OwnNode::Policed => None,
        };
        let start = self.peers.len();
        self.peers.push(node);
        self.groups.push(Group {
            peers: Peers::Listed(start..self.peers.len()),
            sure: if policed.is_some() { on.none.clone() } else { on.all.clone() },
            maybe: on.all.clone(),
            conditions: policed.into_iter().collect(),
            hits: 0..0,
        });
    }

    /// Adds a group, unless it is denied.
    fn add_group(
        &mut self,
        on: &Circumstances,
        layers: &[Counted<'_>],
        peers: impl FnOnce(&mut Self) -> Peers,
    ) {
        let Some(Decided { sure, maybe, conditions }) = decide(on, layers) else { return };
        let start = self.hits.len();
        settled(on, layers, |layers| {
            self.hits.extend(layers.iter().filter_map(|counted| counted.hit(on.host, &on.none)));
        });
        let (hits, peers) = (start..self.hits.len(), peers(self));
        self.groups.push(Group { peers, sure, maybe, conditions: conditions.into(), hits });
    }
}
