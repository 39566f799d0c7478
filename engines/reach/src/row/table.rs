//! The layers of a policy where the engine keeps a table of addresses.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringfence_model::fact::{Landmark, PortRange, Protocol, RuleAction};
use ringfence_model::{Diagnostic, Estate, Resource, ResourceId};
use roaring::RoaringBitmap;

use super::layer::{Layer, Layers, Match, OnPorts, Place, layer};
use super::prefix::{Entry, Kind, Table};
use super::{Row, Rows};
use crate::address::{Family, Span, Written};
use crate::class::Held;
use crate::condition::{Certainty, ConditionId, Conditions};
use crate::namespace::ClusterId;
use crate::pod::NamedPorts;
use crate::policy::{Api, Direction, NameId, PeerSpec, Policies, Policy, PortSpec, Rule, RuleId};
use crate::port::Mask;
use crate::profile::{Profiles, Switches};

/// Peers of a rule in the forms that entries have.
struct Peers {
    kind: Kind,
    held: Held,
    /// The exceptions of a block, and whom they hold.
    holes: Vec<(Span, Held)>,
    may_except: bool,
}

/// Peers for whom a rule has the same ports.
struct Part {
    held: Held,
    on: OnPorts,
    ports: Ports,
}

/// What strangers need to know of a policy whose rules stand in a table.
pub(super) struct Tabled {
    /// For ingress, the numbers of port names.
    numbers: Option<Numbers>,
    /// Whether an address block of it excepts anything, as far as is known.
    pub(super) excepts: bool,
    switches: Switches,
}

/// The numbers that port names of a policy stand for.
struct Numbers {
    certain: NamedPorts,
    /// Those of pods that the policy may select, too.
    all: NamedPorts,
    doubt: Certainty,
}

/// What is said where an entry would hold more ports than `limit`.
fn too_many(limit: usize) -> String {
    format!("more than {limit} entries of ports for one address: some are lost, and which ones changes")
}

/// Names the policies of which a table loses entries.
pub(crate) fn lost_entries(
    rows: &Rows,
    policies: &Policies,
    profiles: &Profiles,
    conditions: &Conditions,
    estate: &Estate,
) -> Vec<Diagnostic> {
    let limits: BTreeSet<usize> =
        profiles.chosen().iter().filter_map(|one| one.switches.port_entries).collect();
    let ids: Vec<ConditionId> =
        limits.into_iter().filter_map(|limit| conditions.find(&too_many(limit))).collect();
    let mut lost: BTreeSet<RuleId> = BTreeSet::new();
    for said in [&rows.ingress, &rows.egress].into_iter().flat_map(|table| &table.rows).flat_map(Row::said) {
        if ids.iter().any(|id| said.group.conditions.contains(id)) {
            let unsure =
                said.hits().iter().filter(|hit| hit.action == RuleAction::Allow && hit.sure != hit.maybe);
            lost.extend(unsure.map(|hit| hit.rule));
        }
    }
    let mut named: BTreeSet<ResourceId> = BTreeSet::new();
    let rules = lost.into_iter().filter_map(|rule| policies.rules.get(rule.0 as usize));
    let mut diagnostics = Vec::new();
    for rule in rules.filter(|rule| named.insert(rule.policy)) {
        let label = estate.resource(rule.policy).map(Resource::label).unwrap_or_default();
        let message = format!(
            "`{label}`, alone or with others, needs more entries of ports for one address than the engine keeps"
        );
        diagnostics.push(Diagnostic::warning("port-entries-lost", message).at(rule.location).help(
            "write ranges (`endPort`) in place of single ports; which ports are lost changes each time",
        ));
    }
    diagnostics
}

impl Layers<'_> {
    /// The table of pods in a cluster whose engine keeps one.
    pub(super) fn table(&mut self, cluster: ClusterId) -> Option<Table> {
        let switches = self.switches(cluster);
        let limit = switches.port_entries?;
        Some(Table {
            limit,
            too_many: self.conditions.id(&too_many(limit)),
            excepted: self
                .conditions
                .id("what an address block excepts is not known, and closes what other rules open"),
        })
    }

    /// Whether the rules of a policy stand in a table.
    pub(super) fn is_tabled(policy: &Policy, switches: Switches) -> bool {
        switches.longest_prefix_decides && matches!(policy.api, Api::Network)
    }

    /// What strangers need to know of a policy whose rules stand in a table; `None` for any other.
    pub(super) fn tabled(&mut self, policy: &Policy, direction: Direction) -> Option<Tabled> {
        let switches = self.switches(policy.cluster);
        if !Self::is_tabled(policy, switches) {
            return None;
        }
        let rules = policy.rules(direction).map(|rules| rules.rules.as_slice()).unwrap_or_default();
        let excepts = |spec: &PeerSpec| match spec {
            PeerSpec::Block(block, doubt) => {
                doubt.is_some()
                    || self.policies.written.get(block).is_some_and(|written| !written.holes.is_empty())
            }
            PeerSpec::Unknown(_) => true,
            _ => false,
        };
        let excepts = rules.iter().filter_map(|rule| rule.peers.as_ref()).flatten().any(excepts);
        let numbers = (direction == Direction::Ingress).then(|| self.numbers(policy));
        Some(Tabled { numbers, excepts, switches })
    }

    /// The layer that a rule of such a policy would make for a peer of which only `names` is known.
    pub(super) fn imagined_entry(
        &mut self,
        (policy, rule): (&Policy, &Rule),
        tabled: &Tabled,
        names: &NamedPorts,
        nobody: &Arc<RoaringBitmap>,
        certainty: Certainty,
    ) -> Layer {
        let matched = Match { peers: Arc::clone(nobody), by_labels: true, certainty };
        let (on, ports) = match &tabled.numbers {
            Some(numbers) => self.by_numbers(rule, numbers, tabled.switches),
            None => self.resolved(rule, names, false, tabled.switches),
        };
        let entry = Entry { kind: Kind::Host, holes: Arc::default(), may_except: false, ports };
        Layer { entry: Some(entry), ..layer(rule, Place::of(policy), &matched, Arc::clone(nobody), on) }
    }

    /// The ports of an ingress rule.
    fn by_numbers(&mut self, rule: &Rule, numbers: &Numbers, switches: Switches) -> (OnPorts, Ports) {
        let (on, ports) = self.resolved(rule, &numbers.certain, true, switches);
        if numbers.doubt.is_none() {
            return (on, ports);
        }
        let (more, ports) = self.resolved(rule, &numbers.all, true, switches);
        (on.or_perhaps(more, numbers.doubt), ports)
    }

    /// The layers of all rules of such a policy in one direction.
    pub(super) fn entries(
        &mut self,
        policy: &Policy,
        direction: Direction,
        switches: Switches,
    ) -> Vec<Layer> {
        let rules = policy.rules(direction).map(|rules| rules.rules.as_slice()).unwrap_or_default();
        let numbers = (direction == Direction::Ingress).then(|| self.numbers(policy));
        let place = Place::of(policy);
        let mut layers = Vec::new();
        for rule in rules {
            for peers in self.table_peers(rule, direction, switches) {
                for part in self.table_parts(rule, direction, &peers, numbers.as_ref(), switches) {
                    self.add_entries(&mut layers, (rule, place), &peers, &part);
                }
            }
        }
        layers
    }

    /// The peers of a rule, one by one: selectors together, each block for itself.
    fn table_peers(&mut self, rule: &Rule, direction: Direction, switches: Switches) -> Vec<Peers> {
        let universe = RoaringBitmap::clone(self.peers.universe.get(direction));
        let Some(specs) = &rule.peers else {
            let kind = Kind::Block(Span::whole(switches.family.unwrap_or(Family::V4)));
            let held = Held { certain: universe, uncertain: Vec::new() };
            return vec![Peers { kind, held, holes: Vec::new(), may_except: false }];
        };
        let mut hosts = Held::default();
        let mut unknown = false;
        let mut all = Vec::new();
        for spec in specs {
            match spec {
                PeerSpec::Block(block, doubt) => match self.policies.written.get(block) {
                    Some(written)
                        if switches.family.is_none_or(|family| family == written.whole.0.family) =>
                    {
                        all.push(self.block(written, *doubt, direction));
                    }
                    Some(_) => {}
                    None => self.hold(spec, direction, &mut hosts),
                },
                PeerSpec::Unknown(_) => {
                    unknown = true;
                    self.hold(spec, direction, &mut hosts);
                }
                _ => self.hold(spec, direction, &mut hosts),
            }
        }
        self.let_in_addresses(direction, &mut hosts);
        all.push(Peers { kind: Kind::Host, held: hosts, holes: Vec::new(), may_except: unknown });
        all
    }

    fn block(&self, written: &Written, doubt: Certainty, direction: Direction) -> Peers {
        let blocks = self.classes.blocks.get(direction);
        let held = |block: u32| blocks.get(block as usize).cloned().unwrap_or_default();
        let (span, whole) = written.whole;
        let holes = written.holes.iter().map(|(hole, block)| (*hole, held(*block))).collect();
        Peers { kind: Kind::Block(span), held: held(whole), holes, may_except: doubt.is_some() }
    }

    /// A peer is let in by its address, and so is whatever else has that address: what shares a node's network,
    /// or a pod of which the input says so.
    fn let_in_addresses(&mut self, direction: Direction, hosts: &mut Held) {
        let (any, classes) = (hosts.any(), self.classes);
        if !any.is_disjoint(&classes.on_node) {
            let why = "a rule names a pod on the host network, and so the address of its node";
            let mut nodes = classes.on_node.clone();
            nodes.extend(classes.landmark(direction, Landmark::OtherNodes));
            hosts.add_all(&(nodes - &hosts.certain), self.conditions.id(why));
        }
        if !any.is_disjoint(&classes.sharing) {
            let why = "a rule names a pod that shares its address with another";
            hosts.add_all(&(&classes.sharing - &hosts.certain), self.conditions.id(why));
        }
    }

    /// The numbers of a policy's port names: those of all pods that it selects.
    fn numbers(&self, policy: &Policy) -> Numbers {
        let mut numbers = Numbers { certain: NamedPorts::default(), all: NamedPorts::default(), doubt: None };
        let Some(held) =
            self.classes.sets.get(policy.subject.index()).filter(|_| !self.policies.names.is_empty())
        else {
            return numbers;
        };
        for class in &held.certain {
            self.add_numbers(class, &mut numbers.certain);
        }
        numbers.all = numbers.certain.clone();
        for (condition, classes) in &held.uncertain {
            numbers.doubt = Some(*condition);
            classes.iter().for_each(|class| self.add_numbers(class, &mut numbers.all));
        }
        numbers
    }

    fn add_numbers(&self, class: u32, numbers: &mut NamedPorts) {
        let ports = self
            .classes
            .pods
            .get(class as usize)
            .and_then(|traits| self.classes.ports.get(traits.ports as usize));
        let Some(ports) = ports else { return };
        numbers.incomplete |= ports.incomplete;
        for (index, (name, number)) in ports.declared.iter().enumerate() {
            let first = !ports.declared.iter().take(index).any(|(before, _)| before == name);
            if first && !numbers.declared.contains(&(*name, *number)) {
                numbers.declared.push((*name, *number));
            }
        }
    }

    /// Parts of the peers for which the rule has the same ports: an egress rule resolves names on each pod, and
    /// on no block.
    fn table_parts(
        &mut self,
        rule: &Rule,
        direction: Direction,
        peers: &Peers,
        numbers: Option<&Numbers>,
        switches: Switches,
    ) -> Vec<Part> {
        let named = rule.ports.iter().flatten().any(|port| matches!(port, PortSpec::Named(_)));
        let none = NamedPorts::default();
        if let Some(numbers) = numbers.filter(|_| named) {
            let (on, ports) = self.by_numbers(rule, numbers, switches);
            return vec![Part { held: peers.held.clone(), on, ports }];
        }
        if direction == Direction::Ingress || !named || peers.kind != Kind::Host {
            let (on, ports) = self.resolved(rule, &none, false, switches);
            return vec![Part { held: peers.held.clone(), on, ports }];
        }
        let (classes, by_ports) = (self.classes, self.peers);
        let pods = classes.ports.iter().zip(by_ports.by_ports());
        let mut parts = Vec::new();
        for (names, within) in [(&none, classes.outside.get(direction))].into_iter().chain(pods) {
            let held = peers.held.within(within);
            if !held.any().is_empty() {
                let (on, ports) = self.resolved(rule, names, false, switches);
                parts.push(Part { held, on, ports });
            }
        }
        parts
    }

    /// Adds the layers of peers for whom a rule has the same ports, and those of the block's exceptions.
    fn add_entries(
        &self,
        layers: &mut Vec<Layer>,
        (rule, place): (&Rule, Place),
        peers: &Peers,
        part: &Part,
    ) {
        if part.on.is_nothing() {
            return;
        }
        let holes: Arc<[Span]> = peers.holes.iter().map(|(hole, _)| *hole).collect();
        let may_except = peers.may_except;
        let entry = Entry { kind: peers.kind, holes, may_except, ports: Arc::clone(&part.ports) };
        let mut push = |held: &Held, entry: &Entry, on: &OnPorts, action: RuleAction| {
            for (classes, certainty) in held.parts() {
                let classes = Arc::new(classes);
                let by_labels = entry.kind == Kind::Host;
                let matched = Match { peers: Arc::clone(&classes), by_labels, certainty };
                let layer = layer(rule, place, &matched, classes, on.clone());
                layers.push(Layer { action, entry: Some(entry.clone()), ..layer });
            }
        };
        push(&part.held, &entry, &part.on, rule.action);
        for (hole, held) in &peers.holes {
            let entry = Entry {
                kind: Kind::Hole(*hole),
                holes: Arc::default(),
                may_except: false,
                ports: Arc::default(),
            };
            push(held, &entry, &OnPorts::all(self.cells), RuleAction::Deny);
        }
    }

    /// The ports of a rule with names resolved: as a mask, and one by one. `every`: all numbers of a name count,
    /// otherwise the first.
    fn resolved(
        &mut self,
        rule: &Rule,
        names: &NamedPorts,
        every: bool,
        switches: Switches,
    ) -> (OnPorts, Ports) {
        let Some(written) = &rule.ports else {
            return (
                self.on_ports(rule.ports.as_deref(), names, switches),
                Arc::from([(None, self.cells.all())]),
            );
        };
        let mut ports: Vec<PortSpec> = Vec::new();
        for port in written {
            match port {
                PortSpec::Named(name) if every => self.all_numbers(*name, names, &mut ports),
                other => ports.push(other.clone()),
            }
        }
        let on = self.on_ports(Some(&ports), names, switches);
        let mut single: Vec<(Option<PortRange>, Mask)> = Vec::new();
        for port in &ports {
            match port {
                PortSpec::Range(range) => single.push((Some(*range), self.cells.mask(*range))),
                PortSpec::Named(name) => {
                    let (number, protocol) = self.first_number(*name, names);
                    let range = number.zip(protocol).map(|(port, protocol)| PortRange {
                        protocol,
                        start: port,
                        end: port,
                    });
                    single.extend(range.map(|range| (Some(range), self.cells.mask(range))));
                }
                _ => {}
            }
        }
        (on, single.into())
    }

    fn all_numbers(&mut self, name: NameId, names: &NamedPorts, ports: &mut Vec<PortSpec>) {
        let Some((text, protocol)) = self.policies.names.get(name).cloned() else { return };
        let mut unknown = names.incomplete;
        for (_, number) in names.declared.iter().filter(|(declared, _)| *declared == name) {
            match number {
                Some(port) => ports.push(PortSpec::Range(PortRange { protocol, start: *port, end: *port })),
                None => unknown = true,
            }
        }
        if unknown {
            let why = format!("port name `{text}` is not known on every pod that the policy selects");
            ports.push(PortSpec::Unknown(Some(protocol), self.conditions.id(&why)));
        }
    }

    fn first_number(&self, name: NameId, names: &NamedPorts) -> (Option<u16>, Option<Protocol>) {
        let number =
            names.declared.iter().find(|(declared, _)| *declared == name).and_then(|(_, number)| *number);
        (number, self.policies.names.get(name).map(|(_, protocol)| *protocol))
    }
}

type Ports = Arc<[(Option<PortRange>, Mask)]>;

impl Held {
    /// What it holds, part by part, each with its certainty.
    fn parts(&self) -> impl Iterator<Item = (RoaringBitmap, Certainty)> {
        let uncertain =
            self.uncertain.iter().map(|(condition, classes)| (classes - &self.certain, Some(*condition)));
        let all = [(self.certain.clone(), None)].into_iter().chain(uncertain);
        all.filter(|(classes, _)| !classes.is_empty())
    }

    /// Those of it that are in `classes`.
    fn within(&self, classes: &RoaringBitmap) -> Self {
        let uncertain = self.uncertain.iter().map(|(condition, held)| (*condition, held & classes));
        Self { certain: &self.certain & classes, uncertain: uncertain.collect::<Vec<(ConditionId, _)>>() }
    }
}
