//! Classes that are no pods: addresses outside, landmarks, named destinations; and who lies in a block.

use ringfence_model::fact::{AddressRange, Landmark, Peer};
use roaring::RoaringBitmap;

use super::{Builder, Classes, Held, SHARED, bound};
use crate::address::{Cover, Family, Span, cover_of_pods};
use crate::condition::Certainty;
use crate::pod::Addresses;
use crate::policy::{Both, Direction, DnsId};

impl Builder<'_> {
    /// Addresses outside: one class for each signature.
    pub(super) fn add_outside(&self, classes: &mut Classes) {
        for direction in Direction::BOTH {
            let space = self.reader.spaces.get(direction);
            let (first, count) = (classes.members.len(), space.signatures.len());
            classes.members.resize(first + count, Vec::new());
            classes.counts.resize(first + count, 0);
            for interval in &space.intervals {
                let members = classes.members.get_mut(first + interval.signature as usize);
                let peer = Peer::External(AddressRange::from(interval.span));
                members.into_iter().for_each(|members| members.push(peer));
            }
            let landmarks = Landmark::ALL.into_iter().filter(|_| self.landmarks).map(Peer::Landmark);
            let names = (0..).zip(self.names.all()).map(|(name, _)| Peer::Name(name));
            let names = names.filter(|_| direction == Direction::Egress);
            for peer in landmarks.chain(names) {
                classes.members.push(vec![peer]);
                classes.counts.push(0);
            }
            let added = (bound(first)..bound(classes.members.len())).collect();
            match direction {
                Direction::Ingress => {
                    (classes.outside.ingress, classes.signatures.ingress) = (added, bound(count))
                }
                Direction::Egress => {
                    (classes.outside.egress, classes.signatures.egress) = (added, bound(count))
                }
            }
        }
    }

    /// A rule that names a destination opens it to that name, and perhaps to any address outside.
    pub(super) fn hold_names(&mut self, classes: &mut Classes) {
        let addresses = classes.addresses(Direction::Egress);
        let mut held = Vec::with_capacity(self.names.all().len());
        for (name, text) in (0..).zip(self.names.all()) {
            let name = DnsId::from(name);
            let mut holds = Held::default();
            self.names.covered(name).for_each(|covered| holds.add(classes.of_name(covered), None));
            holds
                .add_all(&addresses, self.conditions.id(&format!("an address that `{text}` may resolve to")));
            held.push(holds);
        }
        classes.names = held;
    }

    pub(super) fn hold_blocks(&mut self, classes: &mut Classes) {
        let [ingress, egress] = Direction::BOTH.map(|direction| self.held_by_blocks(direction, classes));
        classes.blocks = Both { ingress, egress };
    }

    fn held_by_blocks(&mut self, direction: Direction, classes: &Classes) -> Vec<Held> {
        let mut blocks = vec![Held::default(); self.blocks.len()];
        let signatures = &self.reader.spaces.get(direction).signatures;
        let mut hold = |signature: u32, class: u32, certainty: Certainty| {
            for block in signatures.get(signature as usize).into_iter().flatten() {
                blocks.get_mut(*block as usize).into_iter().for_each(|held| held.add(class, certainty));
            }
        };
        for (signature, _) in (0..).zip(signatures) {
            hold(signature, classes.of_signature(direction, signature), None);
        }
        let (mut unknown, mut shared) = (RoaringBitmap::new(), RoaringBitmap::new());
        for (class, traits) in (0..).zip(&classes.pods) {
            match &traits.addresses {
                Addresses::Ignored => {}
                Addresses::Unknown => {
                    unknown.insert(class);
                }
                Addresses::Known(known) => known.iter().for_each(|(ingress, egress)| match direction {
                    Direction::Ingress => hold(*ingress, class, traits.shared),
                    Direction::Egress => hold(*egress, class, traits.shared),
                }),
            }
            if traits.shared.is_some() {
                shared.insert(class);
            }
        }
        // One that is another pod's may be anywhere.
        self.hold_unknown(&mut blocks, &shared, SHARED);
        self.hold_unknown(&mut blocks, &unknown, "the address of a pod that is not running yet is not known");
        for landmark in [Landmark::OtherNodes, Landmark::ControlPlane] {
            let class = classes.landmark(direction, landmark).into_iter().collect();
            let why = match landmark {
                Landmark::ControlPlane => "the address of the control plane is not known",
                Landmark::OwnNode | Landmark::OtherNodes => "the addresses of the nodes are not known",
            };
            self.hold_unknown(&mut blocks, &class, why);
        }
        if direction == Direction::Egress {
            self.hold_named(&mut blocks, classes);
        }
        blocks
    }

    /// Where a named destination lies is not known, unless a block holds every address.
    fn hold_named(&mut self, blocks: &mut [Held], classes: &Classes) {
        let named = (0..).map(DnsId::from).zip(self.names.all()).map(|(name, _)| classes.of_name(name));
        let named: RoaringBitmap = named.collect();
        if named.is_empty() {
            return;
        }
        let condition = self.conditions.id("what address a named destination has is not known");
        for (id, held) in (0..).zip(blocks) {
            match self.blocks.get(id).contains(&Span::whole(Family::V4)) {
                true => held.certain |= &named,
                false => held.add_all(&named, condition),
            }
        }
    }

    /// Peers somewhere among the addresses of pods.
    fn hold_unknown(&mut self, blocks: &mut [Held], unknown: &RoaringBitmap, why: &str) {
        if unknown.is_empty() {
            return;
        }
        let condition = self.conditions.id(why);
        for (id, held) in (0..).zip(blocks) {
            match cover_of_pods(self.blocks.get(id)) {
                Cover::All => held.certain |= unknown,
                Cover::Some => held.add_all(unknown, condition),
                Cover::None => {}
            }
        }
    }
}
