//! The decision of one row on one group of peers, over all tiers.
//!
//! Each set of ports is kept twice: what holds for certain, and what may hold.

use super::Hit;
use super::layer::Layer;
use crate::condition::{Certainty, ConditionId};
use crate::policy::Tier;
use crate::port::Mask;
use ringfence_model::fact::RuleAction;

/// What holds for a whole row, or for a group of its peers.
#[derive(Clone, Debug)]
pub(super) struct Circumstances {
    pub(super) all: Mask,
    pub(super) none: Mask,
    /// Why each NetworkPolicy that selects the class may not do so; empty where none selects it.
    pub(super) isolating: Vec<Certainty>,
    /// Set where either end is on the host network, of which NetworkPolicy says nothing.
    pub(super) host: Certainty,
    /// Why nothing is certain.
    pub(super) doubts: Vec<ConditionId>,
    /// Whether policies that are not evaluated may decide otherwise altogether.
    pub(super) overruled: bool,
}

/// A layer as it counts in a row: with the doubts of the policy it comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted<'a> {
    pub(super) layer: &'a Layer,
    pub(super) policy: Certainty,
}

/// Ports while tiers are walked.
struct Ports {
    /// Reached by the next rule, not decided yet.
    sure_left: Mask,
    maybe_left: Mask,
    sure: Mask,
    maybe: Mask,
}

/// What exactly `layers`, in the order of evaluation, say of a peer.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) sure: Mask,
    pub(super) maybe: Mask,
    pub(super) conditions: Vec<ConditionId>,
}

/// Decides; `None` for denied.
pub(super) fn decide(on: &Circumstances, layers: &[Counted<'_>]) -> Option<Decided> {
    let mut ports = Ports {
        sure_left: on.all.clone(),
        maybe_left: on.all.clone(),
        sure: on.none.clone(),
        maybe: on.none.clone(),
    };
    ports.first_match(on, layers, Tier::Admin);
    ports.isolation(on, layers);
    ports.first_match(on, layers, Tier::Baseline);
    let mut sure = ports.sure.or(&ports.sure_left);
    let mut maybe = ports.maybe.or(&ports.maybe_left);
    if !on.doubts.is_empty() {
        sure = on.none.clone();
    }
    if on.overruled {
        maybe = on.all.clone();
    }
    if maybe.is_empty() {
        return None;
    }
    let conditions = if sure == maybe { Vec::new() } else { conditions(on, layers) };
    Some(Decided { sure, maybe, conditions })
}

fn conditions(on: &Circumstances, layers: &[Counted<'_>]) -> Vec<ConditionId> {
    let of_layers = layers.iter().flat_map(|counted| counted.policy.iter().chain(&counted.layer.doubts));
    let isolating = on.isolating.iter().flatten();
    let mut all: Vec<ConditionId> =
        on.doubts.iter().chain(on.host.iter()).chain(isolating).chain(of_layers).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Counted<'_> {
    /// The layer as the group that it makes remembers it; `None` where it is about no port.
    pub(super) fn hit(&self, on: &Circumstances) -> Option<Hit> {
        let Layer { rule, action, maybe, .. } = self.layer;
        let sure = self.sure(on);
        (!maybe.is_empty()).then(|| Hit { rule: *rule, action: *action, sure, maybe: maybe.clone() })
    }

    /// The ports on which it certainly matches.
    fn sure(&self, on: &Circumstances) -> Mask {
        let by_host = on.host.is_some() && self.layer.by_labels;
        let doubtful = self.policy.is_some() || self.layer.uncertain_peers || by_host;
        if doubtful { on.none.clone() } else { self.layer.sure.clone() }
    }
}

impl Ports {
    /// Rules in order, the first that matches decides; `Pass` leaves the ports to the next tier.
    fn first_match(&mut self, on: &Circumstances, layers: &[Counted<'_>], tier: Tier) {
        let (mut sure_passed, mut maybe_passed) = (on.none.clone(), on.none.clone());
        for counted in layers.iter().filter(|counted| counted.layer.tier == tier) {
            let (sure_hit, maybe_hit) = (counted.sure(on), &counted.layer.maybe);
            let (sure, maybe) = (sure_hit.and(&self.sure_left), maybe_hit.and(&self.maybe_left));
            match counted.layer.action {
                RuleAction::Allow => (self.sure, self.maybe) = (self.sure.or(&sure), self.maybe.or(&maybe)),
                RuleAction::Pass => {
                    (sure_passed, maybe_passed) = (sure_passed.or(&sure), maybe_passed.or(&maybe));
                }
                RuleAction::Deny => {}
            }
            self.sure_left = self.sure_left.minus(maybe_hit);
            self.maybe_left = self.maybe_left.minus(&sure_hit);
        }
        self.sure_left = self.sure_left.or(&sure_passed);
        self.maybe_left = self.maybe_left.or(&maybe_passed);
    }

    /// A pod that a NetworkPolicy selects is isolated: what no rule allows is denied, in whatever order.
    fn isolation(&mut self, on: &Circumstances, layers: &[Counted<'_>]) {
        if on.isolating.is_empty() {
            return;
        }
        let (mut sure, mut maybe) = (on.none.clone(), on.none.clone());
        for counted in layers.iter().filter(|counted| counted.layer.tier == Tier::Network) {
            (sure, maybe) = (sure.or(&counted.sure(on)), maybe.or(&counted.layer.maybe));
        }
        let isolated_for_certain = on.isolating.iter().any(Option::is_none);
        if !isolated_for_certain || on.host.is_some() {
            maybe = on.all.clone();
        }
        if isolated_for_certain {
            self.sure = self.sure.or(&sure.and(&self.sure_left));
        }
        self.maybe = self.maybe.or(&maybe.and(&self.maybe_left));
        (self.sure_left, self.maybe_left) = (on.none.clone(), on.none.clone());
    }
}
