//! Who talks to a set of endpoints, and how wide: what PCI scope asks.

use std::sync::Arc;

use ringfence_model::fact::{Openness, Peer, Ports};
use rustc_hash::FxHashMap;

use crate::between::openness;
use crate::policy::Direction;
use crate::port::Mask;
use crate::product::{Ends, blocks};
use crate::{Endpoints, Reach};

/// One peer that may talk to (or be talked to by) a set of endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The peer.
    pub peer: Peer,
    /// The member of the set with which the connection is widest.
    pub with: Peer,
    /// How wide the widest connection is, conditional ports counted as open.
    pub openness: Openness,
    /// Whether any port is open for certain.
    pub certain: bool,
    /// The ports of that widest connection, conditional ones included.
    pub ports: Arc<Ports>,
}

/// The widest connection of one class so far.
struct Widest {
    openness: Openness,
    certain: bool,
    ports: Mask,
    /// A class of the set with which it is that wide.
    with: u32,
}

impl Reach {
    /// Everyone who may open a connection to any of `to`, each once, sorted; members of `to` among them
    /// where they may talk to one another.
    pub fn sources(&self, to: &Endpoints) -> Vec<Contact> {
        self.contacts(to, Direction::Ingress)
    }

    /// Everyone to whom any of `from` may open a connection, each once, sorted.
    pub fn targets(&self, from: &Endpoints) -> Vec<Contact> {
        self.contacts(from, Direction::Egress)
    }

    fn contacts(&self, of: &Endpoints, direction: Direction) -> Vec<Contact> {
        // Whoever is asked for is the other end of rules of this direction.
        let set = self.classes_of(of, direction.opposite());
        let all = self.cells.all();
        let ends = match direction {
            Direction::Ingress => Ends { from: None, to: Some(&set) },
            Direction::Egress => Ends { from: Some(&set), to: None },
        };
        let mut widest: FxHashMap<u32, Widest> = FxHashMap::default();
        blocks(&self.rows, &self.reached, ends, |block| {
            let (peers, with) = match direction {
                Direction::Ingress => (block.from, block.to),
                Direction::Egress => (block.to, block.from),
            };
            let (sure, ports) = (block.sure(), block.maybe());
            let (openness, certain) = (openness(&all, &ports), !sure.is_empty());
            for peer in peers {
                // A pod alone in its class talks to no other of it.
                let other = with.iter().find(|other| *other != peer || !self.is_single(*peer));
                let Some(with) = other.copied() else { continue };
                let better = |there: &Widest| (there.openness, there.certain) < (openness, certain);
                if widest.get(peer).is_none_or(better) {
                    widest.insert(*peer, Widest { openness, certain, ports: ports.clone(), with });
                }
            }
        });
        self.by_peer(&widest, of)
    }

    /// Whether a class is one pod, so that it cannot talk to another of its own.
    pub(crate) fn is_single(&self, class: u32) -> bool {
        self.single.contains(class)
    }

    fn by_peer(&self, widest: &FxHashMap<u32, Widest>, of: &Endpoints) -> Vec<Contact> {
        let mut contacts: FxHashMap<Peer, (&Widest, u32)> = FxHashMap::default();
        for (class, there) in widest {
            let members = self.classes.members.get(*class as usize).map(Vec::as_slice).unwrap_or_default();
            // Landmarks are told of by name: they reach every cluster alike.
            for peer in members.iter().filter(|peer| !matches!(peer, Peer::Landmark(_))) {
                let order = |one: &Widest, class: u32| (one.openness, one.certain, std::cmp::Reverse(class));
                let better = |known: &(&Widest, u32)| order(known.0, known.1) < order(there, *class);
                if contacts.get(peer).is_none_or(better) {
                    contacts.insert(*peer, (there, *class));
                }
            }
        }
        let mut sorted: Vec<(Peer, &Widest)> =
            contacts.into_iter().map(|(peer, (one, _))| (peer, one)).collect();
        sorted.sort_unstable_by_key(|(peer, _)| *peer);
        let mut ports = FxHashMap::default();
        let mut first: FxHashMap<u32, Vec<Peer>> = FxHashMap::default();
        let contact = |(peer, there): (Peer, &Widest)| {
            let ports =
                ports.entry(there.ports.clone()).or_insert_with(|| Arc::new(self.cells.ports(&there.ports)));
            // Members of one class are as good as one another; two are enough to find one that is not the peer.
            let some = first
                .entry(there.with)
                .or_insert_with(|| self.members(there.with, of).into_iter().take(2).collect::<Vec<Peer>>());
            let with = some.iter().copied().find(|with| *with != peer).unwrap_or(peer);
            Contact { peer, with, openness: there.openness, certain: there.certain, ports: Arc::clone(ports) }
        };
        sorted.into_iter().map(contact).collect()
    }
}
