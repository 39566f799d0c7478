//! What each workload of the namespace may: peers and ports, per direction.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::{IpNet, Ipv4Net};
use ringfence_model::fact::Ports;
use ringfence_model::{Estate, Text, WorkloadId};
use ringfence_reach::Endpoints;

use super::Home;
use super::labels::Town;
use super::wanted::{AllWanted, Party};

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    /// Every pod of a namespace.
    Namespace(Text),
    /// A unit of a namespace: workloads that labels do not tell apart.
    Unit(Text, usize),
    /// The cluster's DNS, where its pods are not in the input.
    Dns,
    /// Addresses.
    Block(IpNet),
    /// The internet.
    Internet,
}

/// What is allowed with one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Allowed {
    pub(super) ports: Ports,
    /// What declares it; indices into [`Tables::because`].
    pub(super) because: BTreeSet<usize>,
}

pub(super) type Rules = BTreeMap<Peer, Allowed>;

/// Rules of both directions, and what is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sides {
    pub(super) ingress: Rules,
    pub(super) egress: Rules,
    pub(super) left_out: Vec<String>,
}

/// The namespaces that rules speak of.
#[derive(Debug)]
pub(super) struct Towns<'e> {
    estate: &'e Estate,
    cluster: Option<Text>,
    home: Text,
    towns: BTreeMap<Text, Town<'e>>,
}

impl<'e> Towns<'e> {
    pub(super) fn new(estate: &'e Estate, home: &Home) -> Self {
        let (cluster, home) = (home.cluster.clone(), home.namespace.clone());
        let mut towns = Self { estate, cluster, home: home.clone(), towns: BTreeMap::new() };
        towns.enter(&home);
        towns
    }

    pub(super) fn get(&self, namespace: &Text) -> Option<&Town<'e>> {
        self.towns.get(namespace)
    }

    /// The namespace itself.
    pub(super) fn home(&self) -> Option<&Town<'e>> {
        self.towns.get(&self.home)
    }

    pub(super) fn is_home(&self, namespace: &Text) -> bool {
        *namespace == self.home
    }

    /// Whether both ends are one bare pod: nothing keeps a pod from itself.
    fn is_alone(&self, own: &Peer, other: &Peer) -> bool {
        let Peer::Unit(namespace, unit) = own else { return false };
        let pods = self.get(namespace).into_iter().flat_map(|town| town.workloads(*unit));
        let mut pods = pods.filter_map(|id| self.estate.workload(id));
        own == other && pods.next().is_some_and(|one| one.kind == "Pod") && pods.next().is_none()
    }

    /// The unit of a workload.
    pub(super) fn unit(&mut self, id: WorkloadId) -> Option<(Text, usize)> {
        let namespace = self.estate.workload(id)?.namespace.clone();
        let unit = self.enter(&namespace)?.unit_of(id)?;
        Some((namespace, unit))
    }

    fn enter(&mut self, namespace: &Text) -> Option<&Town<'e>> {
        if !self.towns.contains_key(namespace) {
            let town = Town::new(self.estate, self.cluster.as_ref(), namespace);
            self.towns.insert(namespace.clone(), town);
        }
        self.towns.get(namespace)
    }

    fn peer(&mut self, party: &Party) -> Option<Peer> {
        Some(match party {
            Party::Pods(id) => {
                let (namespace, unit) = self.unit(*id)?;
                Peer::Unit(namespace, unit)
            }
            Party::Namespace(name) => Peer::Namespace(name.clone()),
            Party::Block(net) => Peer::Block(*net),
            Party::Internet => Peer::Internet,
        })
    }
}

/// Whom rules hold for: a unit of the namespace, or every pod of it.
type Subject = Option<usize>;

/// What is allowed for each unit of the namespace, and for every pod.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) every: Sides,
    pub(super) units: BTreeMap<usize, Sides>,
    pub(super) because: Vec<String>,
}

impl Tables {
    pub(super) fn new(wanted: &AllWanted, towns: &mut Towns<'_>) -> Self {
        let mut tables = Self::default();
        for one in &wanted.wanted {
            let because = tables.reason(&one.because);
            let from: Vec<Peer> = one.from.iter().filter_map(|party| towns.peer(party)).collect();
            let to = one.to.iter().filter_map(|(party, ports)| Some((towns.peer(party)?, ports)));
            let to: Vec<(Peer, &Ports)> = to.collect();
            for own in &from {
                let Some(subject) = subject(own, towns) else { continue };
                let others = to.iter().filter(|(peer, _)| !towns.is_alone(own, peer));
                others
                    .for_each(|(peer, ports)| allow(&mut tables.sides(subject).egress, peer, ports, because));
            }
            for (own, ports) in &to {
                let Some(subject) = subject(own, towns) else { continue };
                let others = from.iter().filter(|peer| !towns.is_alone(own, peer));
                others.for_each(|peer| allow(&mut tables.sides(subject).ingress, peer, ports, because));
            }
        }
        for one in &wanted.left_out {
            let peers: Vec<Peer> = one.parties.iter().filter_map(|party| towns.peer(party)).collect();
            let subjects: BTreeSet<Subject> = peers.iter().filter_map(|peer| subject(peer, towns)).collect();
            subjects.into_iter().for_each(|subject| tables.sides(subject).left_out.push(one.text.clone()));
        }
        tables
    }

    /// Allows what every pod of the namespace may call.
    pub(super) fn every_egress(&mut self, peer: &Peer, ports: &Ports, because: &str) {
        let because = self.reason(because);
        allow(&mut self.every.egress, peer, ports, because);
    }

    /// Takes out what a wider rule says already.
    pub(super) fn reduce(&mut self) {
        reduce(&mut self.every.ingress);
        reduce(&mut self.every.egress);
        for sides in self.units.values_mut() {
            reduce(&mut sides.ingress);
            reduce(&mut sides.egress);
            take_out(&mut sides.ingress, &mut self.every.ingress);
            take_out(&mut sides.egress, &mut self.every.egress);
        }
    }

    fn reason(&mut self, text: &str) -> usize {
        self.because.push(text.to_owned());
        self.because.len() - 1
    }

    fn sides(&mut self, subject: Subject) -> &mut Sides {
        match subject {
            Some(unit) => self.units.entry(unit).or_default(),
            None => &mut self.every,
        }
    }
}

/// Whom a peer is as a subject; `None` outside the namespace.
fn subject(peer: &Peer, towns: &Towns<'_>) -> Option<Subject> {
    match peer {
        Peer::Unit(namespace, unit) if towns.is_home(namespace) => Some(Some(*unit)),
        Peer::Namespace(namespace) if towns.is_home(namespace) => Some(None),
        _ => None,
    }
}

fn allow(rules: &mut Rules, peer: &Peer, ports: &Ports, because: usize) {
    let allowed = rules.entry(peer.clone()).or_default();
    allowed.ports = allowed.ports.union(ports);
    allowed.because.insert(because);
}

fn reduce(rules: &mut Rules) {
    let wide: Vec<Peer> = rules.keys().filter(|peer| is_wide(peer)).cloned().collect();
    for peer in wide {
        let Some(mut allowed) = rules.remove(&peer) else { continue };
        rules.retain(|other, there| !peer.covers(other) || narrow(there, &mut allowed));
        rules.insert(peer, allowed);
    }
}

/// Takes out of `rules` what `every` says for every pod.
fn take_out(rules: &mut Rules, every: &mut Rules) {
    for (peer, allowed) in every {
        rules.retain(|other, there| !(peer == other || peer.covers(other)) || narrow(there, allowed));
    }
}

/// Takes the ports of a wider rule out of a narrower one; what is left of its reasons goes with it.
/// Answers whether anything is left.
fn narrow(narrower: &mut Allowed, wider: &mut Allowed) -> bool {
    let left = narrower.ports.minus(&wider.ports);
    if left.is_empty() {
        wider.because.append(&mut narrower.because);
    }
    narrower.ports = left;
    !narrower.ports.is_empty()
}

fn is_wide(peer: &Peer) -> bool {
    matches!(peer, Peer::Namespace(_) | Peer::Block(_) | Peer::Internet)
}

impl Peer {
    /// Whether it holds all of another peer.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Namespace(name), Self::Unit(namespace, _)) => name == namespace,
            (Self::Block(wide), Self::Block(narrow)) => wide != narrow && wide.contains(narrow),
            (Self::Internet, Self::Block(IpNet::V4(net))) => is_routed(net),
            _ => false,
        }
    }
}

/// Whether a block holds nothing but addresses of the internet.
fn is_routed(net: &Ipv4Net) -> bool {
    let apart = |hole: IpNet| match hole {
        IpNet::V4(hole) => !hole.contains(net) && !net.contains(&hole),
        IpNet::V6(_) => true,
    };
    Endpoints::not_internet().into_iter().all(apart)
}
