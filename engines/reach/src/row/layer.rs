//! Layers: one rule, the peers that it matches alike, and the ports on which it does.

use std::sync::Arc;

use ringfence_model::fact::{PortRange, Protocol, RuleAction};
use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;

use super::prefix::Entry;
use crate::class::{Classes, Held};
use crate::condition::{Certainty, ConditionId, Conditions};
use crate::namespace::{ClusterId, NamespaceId};
use crate::pod::{HostNetwork, NamedPorts};
use crate::policy::{
    Both, Direction, NameId, PeerSpec, Plane, Policies, Policy, PortSpec, Rank, Rule, RuleId, SetId, Term,
};
use crate::port::{Cells, Mask};
use crate::profile::{Profiles, Switches};

/// One rule with peers that it matches alike.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(super) rule: RuleId,
    pub(super) action: RuleAction,
    /// Where its policy stands.
    pub(super) place: Place,
    pub(super) peers: Arc<RoaringBitmap>,
    /// Whether it matches them by labels, which says little of pods on the host network.
    pub(super) by_labels: bool,
    pub(super) sure: Mask,
    pub(super) maybe: Mask,
    /// What it is in a table of addresses, where the engine keeps one.
    pub(super) entry: Option<Entry>,
    /// Whether it may not match its peers.
    pub(super) uncertain_peers: bool,
    /// Why it may not match its peers, or not all of its ports.
    pub(super) doubts: Vec<ConditionId>,
}

/// Where the policy of a rule stands in the order of evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) plane: Plane,
    pub(super) stage: u32,
    pub(super) slot: u32,
    /// Whether rules of one slot are sorted by what they do.
    pub(super) deny_first: bool,
    /// Whether the policy leaves pods on the host network out.
    pub(super) without_host: bool,
}

impl Place {
    pub(super) fn of(policy: &Policy) -> Self {
        let Policy { stage, slot, api, .. } = *policy;
        let Rank { plane, deny_first, .. } = policy.rank;
        Self { plane, stage, slot, deny_first, without_host: api.leaves_host_out() }
    }
}

/// On which ports a rule matches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct OnPorts {
    sure: Mask,
    maybe: Mask,
    doubts: Vec<ConditionId>,
}

/// Peers that a rule matches alike.
pub(super) struct Match {
    pub(super) peers: Arc<RoaringBitmap>,
    pub(super) by_labels: bool,
    pub(super) certainty: Certainty,
}

/// What comes between a pod and the node that it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnNode {
    /// Nothing.
    Open,
    /// Perhaps something.
    Perhaps(ConditionId),
    /// The policies of the pod.
    Policed,
}

impl OnPorts {
    /// Every port of every protocol.
    pub(super) fn all(cells: &Cells) -> Self {
        Self { sure: cells.all(), maybe: cells.all(), doubts: Vec::new() }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.maybe.is_empty()
    }

    /// With the ports of `more`, perhaps.
    pub(super) fn or_perhaps(mut self, more: Self, doubt: Certainty) -> Self {
        self.maybe = self.maybe.or(&more.maybe);
        self.doubts.extend(more.doubts.into_iter().chain(doubt));
        self
    }
}

/// Makes layers.
#[derive(Debug)]
pub(crate) struct Layers<'a> {
    pub(super) policies: &'a Policies,
    pub(super) classes: &'a Classes,
    pub(super) cells: &'a Cells,
    profiles: &'a Profiles,
    pub(super) conditions: &'a mut Conditions,
    pub(super) peers: &'a PeerClasses,
}

/// The classes that rules can match, in the forms that layers need.
#[derive(Debug)]
pub(crate) struct PeerClasses {
    pub(super) universe: Both<Arc<RoaringBitmap>>,
    /// The classes with each map of named ports.
    by_ports: Vec<RoaringBitmap>,
    /// Classes that may have one identity to the engine, and differ in their named ports.
    alike: RoaringBitmap,
}

impl PeerClasses {
    /// The classes with each map of named ports.
    pub(super) fn by_ports(&self) -> &[RoaringBitmap] {
        &self.by_ports
    }

    pub(crate) fn new(classes: &Classes, profiles: &Profiles) -> Self {
        let mut by_ports = vec![RoaringBitmap::new(); classes.ports.len()];
        for (class, traits) in (0..).zip(&classes.pods) {
            by_ports.get_mut(traits.ports as usize).into_iter().for_each(|held| {
                held.insert(class);
            });
        }
        let [ingress, egress] = Direction::BOTH.map(|one| Arc::new(classes.universe(one)));
        let by_identity = profiles.any(|switches| switches.last_named_port_only) && by_ports.len() > 1;
        let alike = if by_identity { alike(classes) } else { RoaringBitmap::new() };
        Self { universe: Both { ingress, egress }, by_ports, alike }
    }
}

fn alike(classes: &Classes) -> RoaringBitmap {
    type Identity<'a> = (NamespaceId, &'a [(SetId, Certainty)]);
    let mut same: FxHashMap<Identity<'_>, Vec<(u32, u32)>> = FxHashMap::default();
    for (class, traits) in (0..).zip(&classes.pods) {
        same.entry((traits.namespace, &traits.sets)).or_default().push((class, traits.ports));
    }
    let differ = |all: &&Vec<(u32, u32)>| all.windows(2).any(|pair| matches!(pair, [a, b] if a.1 != b.1));
    same.values().filter(differ).flatten().map(|(class, _)| *class).collect()
}

impl<'a> Layers<'a> {
    pub(crate) fn new(
        policies: &'a Policies,
        classes: &'a Classes,
        cells: &'a Cells,
        peers: &'a PeerClasses,
        profiles: &'a Profiles,
        conditions: &'a mut Conditions,
    ) -> Self {
        Self { policies, classes, cells, profiles, conditions, peers }
    }

    /// The layers of all rules of a policy in one direction. `ports`: the named ports of the selected
    /// class, on which ingress rules resolve names.
    pub(super) fn of(&mut self, policy: u32, direction: Direction, ports: &NamedPorts) -> Vec<Layer> {
        let Some(policy) = self.policies.all.get(policy as usize) else { return Vec::new() };
        let rules = policy.rules(direction).map(|rules| rules.rules.as_slice()).unwrap_or_default();
        let place = Place::of(policy);
        let switches = self.profiles.switches(policy.cluster);
        if Self::is_tabled(policy, switches) {
            return self.entries(policy, direction, switches);
        }
        let mut layers = Vec::new();
        for rule in rules {
            for matched in self.matches(rule, direction, place) {
                for (peers, on) in self.ports(rule, direction, ports, &matched.peers, switches) {
                    layers.push(layer(rule, place, &matched, peers, on));
                }
            }
        }
        layers
    }

    pub(super) fn switches(&self, cluster: ClusterId) -> Switches {
        self.profiles.switches(cluster)
    }

    /// The layer that a rule would make for a peer of which only `names` is known.
    pub(super) fn imagined(
        &mut self,
        policy: &Policy,
        rule: &Rule,
        names: &NamedPorts,
        nobody: &Arc<RoaringBitmap>,
        certainty: Certainty,
    ) -> Layer {
        let on = self.on_ports(rule.ports.as_deref(), names, self.profiles.switches(policy.cluster));
        let matched = Match { peers: Arc::clone(nobody), by_labels: true, certainty };
        layer(rule, Place::of(policy), &matched, Arc::clone(nobody), on)
    }

    /// The peers of a rule.
    fn matches(&mut self, rule: &Rule, direction: Direction, place: Place) -> Vec<Match> {
        let Some(specs) = &rule.peers else {
            let peers = Arc::clone(self.peers.universe.get(direction));
            return vec![Match { peers, by_labels: false, certainty: None }];
        };
        let (mut pods, mut others) = (Held::default(), Held::default());
        for spec in specs {
            match spec {
                _ if spec.has_pods() => self.hold(spec, direction, &mut pods),
                _ => self.hold(spec, direction, &mut others),
            }
        }
        if place.without_host && !self.classes.host.is_empty() {
            self.exclude_host(&mut pods);
        }
        let matches = |held: Held, by_labels| {
            let uncertain = held.uncertain.into_iter().map(|(condition, peers)| (peers, Some(condition)));
            let all = [(held.certain, None)].into_iter().chain(uncertain);
            all.filter(|(peers, _)| !peers.is_empty()).map(move |(peers, certainty)| Match {
                peers: Arc::new(peers),
                by_labels,
                certainty,
            })
        };
        matches(pods, true).chain(matches(others, false)).collect()
    }

    pub(super) fn has_peers(&self, rule: &Rule, direction: Direction) -> bool {
        let Some(specs) = &rule.peers else { return true };
        let mut held = Held::default();
        specs.iter().for_each(|spec| self.hold(spec, direction, &mut held));
        !held.any().is_empty()
    }

    /// Adds to `held` whom `spec` matches.
    pub(super) fn hold(&self, spec: &PeerSpec, direction: Direction, held: &mut Held) {
        let universe = self.peers.universe.get(direction);
        let blocks = self.classes.blocks.get(direction);
        let join = |held: &mut Held, found: Option<&Held>| found.into_iter().for_each(|one| held.join(one));
        match spec {
            PeerSpec::Pods(set) => join(held, self.classes.sets.get(set.index())),
            PeerSpec::Block(block, None) => join(held, blocks.get(*block as usize)),
            PeerSpec::Block(block, Some(condition)) => {
                let found = blocks.get(*block as usize);
                found.into_iter().for_each(|found| held.add_all(&found.any(), *condition));
            }
            PeerSpec::Each(terms) => held.join(&self.each(terms, direction)),
            PeerSpec::Name(name) => join(held, self.classes.names.get(name.number() as usize)),
            PeerSpec::Landmark(landmark) => {
                let class = self.classes.landmark(direction, *landmark);
                class
                    .filter(|class| universe.contains(*class))
                    .into_iter()
                    .for_each(|class| held.add(class, None));
            }
            PeerSpec::HostNetwork => self.hold_host(held),
            PeerSpec::Unknown(condition) => held.add_all(universe, *condition),
        }
    }

    /// Pods that are on the host network, and those that may be.
    fn hold_host(&self, held: &mut Held) {
        self.classes.nodes.iter().for_each(|class| held.add(class, None));
        for class in &self.classes.host {
            let host = self.classes.pods.get(class as usize).map(|traits| traits.host);
            match (host, self.classes.host_doubt) {
                (Some(HostNetwork::Perhaps), doubt @ Some(_)) => held.add(class, doubt),
                _ => held.add(class, None),
            }
        }
    }

    /// Those of whom every term holds.
    fn each(&self, terms: &[Term], direction: Direction) -> Held {
        let universe = self.peers.universe.get(direction);
        let mut all = Held { certain: RoaringBitmap::clone(universe), uncertain: Vec::new() };
        for term in terms {
            let mut any = Held::default();
            term.any.iter().for_each(|spec| self.hold(spec, direction, &mut any));
            all = all.and(&if term.negated { any.not(universe) } else { any });
        }
        all
    }

    /// Admin policies leave pods on the host network out.
    fn exclude_host(&mut self, pods: &mut Held) {
        let host = &pods.certain & &self.classes.host;
        if !host.is_empty() {
            pods.certain -= &host;
            let condition = self.host_condition();
            pods.add_all(&host, condition);
        }
    }

    /// What comes between a pod and its own node.
    pub(super) fn own_node(&mut self, cluster: ClusterId, direction: Direction) -> OwnNode {
        let mut policed = self.policies.own_nodes.iter();
        match policed.find(|(there, one, _)| (*there, *one) == (cluster, direction)) {
            Some((_, _, None)) => OwnNode::Policed,
            Some((_, _, Some(condition))) => OwnNode::Perhaps(*condition),
            None => self.setting_of_own_node(cluster, direction).map_or(OwnNode::Open, OwnNode::Perhaps),
        }
    }

    /// Why a pod on the host network may be let in whatever rules say: its node may be the pod's own.
    pub(super) fn nodes_may_open(&mut self, cluster: ClusterId, direction: Direction) -> Certainty {
        let nodes = !self.classes.nodes.is_empty() && self.profiles.switches(cluster).cilium;
        let open =
            nodes && direction == Direction::Ingress && self.own_node(cluster, direction) == OwnNode::Open;
        open.then(|| {
            self.conditions
                .id("a pod on the host network of the pod's own node is let in, whatever rules say")
        })
    }

    /// Why a pod may not reach its own node.
    fn setting_of_own_node(&mut self, cluster: ClusterId, direction: Direction) -> Certainty {
        let policed = self.profiles.switches(cluster).own_node_is_policed && direction == Direction::Egress;
        policed.then(|| {
            self.conditions
                .id("Calico polices what goes to the pod's own node, and then a setting of it decides")
        })
    }

    pub(super) fn host_condition(&mut self) -> ConditionId {
        self.conditions.id("what policies do to pods on the host network is not defined")
    }

    /// The ports of a rule for each part of `peers`: an egress rule resolves names on the peer.
    fn ports(
        &mut self,
        rule: &Rule,
        direction: Direction,
        subject: &NamedPorts,
        peers: &Arc<RoaringBitmap>,
        switches: Switches,
    ) -> Vec<(Arc<RoaringBitmap>, OnPorts)> {
        let named = rule.ports.iter().flatten().any(|port| matches!(port.named(), PortSpec::Named(_)));
        if direction == Direction::Ingress || !named {
            return vec![(Arc::clone(peers), self.on_ports(rule.ports.as_deref(), subject, switches))];
        }
        let mut parts: FxHashMap<OnPorts, RoaringBitmap> = FxHashMap::default();
        let outside = self.on_ports(rule.ports.as_deref(), &NamedPorts::default(), switches);
        parts.insert(outside, self.classes.outside.get(direction) & peers.as_ref());
        for (ports, classes) in self.classes.ports.iter().zip(&self.peers.by_ports) {
            let on = self.on_ports(rule.ports.as_deref(), ports, switches);
            let here = classes & peers.as_ref();
            let unsure =
                if switches.last_named_port_only { &here & &self.peers.alike } else { RoaringBitmap::new() };
            if !unsure.is_empty() && !on.sure.is_empty() {
                let mut on = OnPorts { sure: self.cells.none(), ..on.clone() };
                let why =
                    "pods of one identity may give a port name different numbers, which then counts for none";
                on.doubts.push(self.conditions.id(why));
                *parts.entry(on).or_default() |= &unsure;
            }
            *parts.entry(on).or_default() |= here - unsure;
            *parts.entry(self.on_ports(rule.ports.as_deref(), ports, switches)).or_default() |=
                classes & peers.as_ref();
        }
        let mut parts: Vec<(Arc<RoaringBitmap>, OnPorts)> =
            parts.into_iter().map(|(on, peers)| (Arc::new(peers), on)).collect();
        parts.retain(|(peers, on)| !peers.is_empty() && !on.maybe.is_empty());
        parts.sort_by_key(|(peers, _)| peers.min());
        parts
    }

    pub(super) fn on_ports(
        &mut self,
        ports: Option<&[PortSpec]>,
        names: &NamedPorts,
        switches: Switches,
    ) -> OnPorts {
        let all = self.cells.all();
        let Some(ports) = ports else {
            return OnPorts { sure: all.clone(), maybe: all, doubts: Vec::new() };
        };
        let mut on = self.all_ports(ports.iter().filter(|port| port.named() == *port), names, switches);
        let except = ports.iter().filter(|port| port.named() != *port).map(PortSpec::named);
        let except = self.all_ports(except, names, switches);
        (on.sure, on.maybe) = (on.sure.minus(&except.maybe), on.maybe.minus(&except.sure));
        on.doubts.extend(except.doubts);
        on
    }

    /// The ports of all of `specs`.
    fn all_ports<'s>(
        &mut self,
        specs: impl Iterator<Item = &'s PortSpec>,
        names: &NamedPorts,
        switches: Switches,
    ) -> OnPorts {
        let (all, none) = (self.cells.all(), self.cells.none());
        let mut on = OnPorts { sure: none.clone(), maybe: none, doubts: Vec::new() };
        for port in specs {
            match port {
                PortSpec::Except(_) => {}
                PortSpec::Range(range) => on.sure = on.sure.or(&self.cells.mask(*range)),
                PortSpec::Named(name) => self.resolve(*name, names, switches, &mut on),
                PortSpec::Unknown(protocol, condition) => {
                    on.maybe = on.maybe.or(&protocol.map_or(all.clone(), |one| self.cells.mask(whole(one))));
                    on.doubts.push(*condition);
                }
            }
        }
        on.maybe = on.maybe.or(&on.sure);
        on
    }

    /// The first declaration counts; what a second one of that name means is not defined.
    fn resolve(&mut self, name: NameId, names: &NamedPorts, switches: Switches, on: &mut OnPorts) {
        let Some((text, protocol)) = self.policies.names.get(name) else { return };
        let any = self.cells.mask(whole(*protocol));
        let mut declared =
            names.declared.iter().filter(|(declared, _)| *declared == name).map(|(_, number)| number);
        let mask = |number: &Option<u16>| {
            number.map(|port| self.cells.mask(PortRange { protocol: *protocol, start: port, end: port }))
        };
        let mut doubt = None;
        match declared.next().map(mask) {
            Some(Some(first)) => on.sure = on.sure.or(&first),
            Some(None) => doubt = Some(any.clone()),
            None => {}
        }
        for further in declared.filter(|_| !switches.first_named_port_only) {
            if let (true, Some(mask)) = (switches.every_named_port, mask(further)) {
                on.sure = on.sure.or(&mask);
                continue;
            }
            doubt = Some(doubt.unwrap_or(self.cells.none()).or(&mask(further).unwrap_or(any.clone())));
        }
        if names.incomplete {
            doubt = Some(any);
        }
        if let Some(doubt) = doubt.filter(|doubt| !doubt.minus(&on.sure).is_empty()) {
            on.maybe = on.maybe.or(&doubt);
            on.doubts.push(
                self.conditions.id(&format!("port name `{text}` is not unique or not known on the pod")),
            );
        }
    }
}

pub(super) fn layer(
    rule: &Rule,
    place: Place,
    matched: &Match,
    peers: Arc<RoaringBitmap>,
    on: OnPorts,
) -> Layer {
    let OnPorts { sure, maybe, doubts } = on;
    Layer {
        rule: rule.id,
        action: rule.action,
        place,
        peers,
        by_labels: matched.by_labels,
        sure,
        maybe,
        entry: None,
        uncertain_peers: matched.certainty.or(rule.when).is_some(),
        doubts: matched.certainty.into_iter().chain(rule.when).chain(doubts).collect(),
    }
}

fn whole(protocol: Protocol) -> PortRange {
    PortRange { protocol, start: 1, end: u16::MAX }
}
