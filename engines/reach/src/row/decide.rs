//! The decision of one row on one group of peers, over all planes and stages.
//!
//! Within a stage rules match in order and the first match decides; a run of rules of one action adds up,
//! so that NetworkPolicy, whose rules only allow, is the plain case. What a stage leaves open is denied
//! where a policy of it isolates, and goes to the next stage otherwise. Each set of ports is kept twice:
//! what holds for certain, and what may hold.

use super::Hit;
use super::layer::Layer;
use super::prefix::{self, Table};
use super::tunnel::Tunnel;
use crate::condition::{Certainty, ConditionId};
use crate::policy::Plane;
use crate::port::Mask;
use ringfence_model::fact::RuleAction;

/// What holds for a whole row, or for a group of its peers.
#[derive(Clone, Debug)]
pub(super) struct Circumstances {
    pub(super) all: Mask,
    pub(super) none: Mask,
    /// The policies that isolate the class, with their stage and why they may not do so; in order.
    pub(super) isolating: Vec<Isolating>,
    /// Set where either end is on the host network, of which NetworkPolicy says nothing.
    pub(super) host: Certainty,
    /// Why nothing is certain.
    pub(super) doubts: Vec<ConditionId>,
    /// Whether policies that are not evaluated may decide otherwise altogether.
    pub(super) overruled: bool,
    /// Why peers that are nodes to the engine may be let in whatever rules say.
    pub(super) nodes_may_open: Certainty,
    /// Why these peers may be let in whatever rules say.
    pub(super) may_open: Certainty,
    /// `None` where no mesh policy selects the class.
    pub(super) mesh: Option<OnMesh>,
    /// The tunnel through which connections travel, so that policies see its port.
    pub(super) tunnel: Option<Tunnel>,
    /// Why policies may not come between the two at all: whether they are in force is not known, both may be
    /// on one node.
    pub(super) open_if: Vec<ConditionId>,
    /// Set where what no policy decides is closed, with why it may not be.
    pub(super) closed: Option<Certainty>,
    /// Set where the engine keeps a table of addresses.
    pub(super) table: Option<Table>,
}

/// A class that policies of a mesh select.
#[derive(Clone, Debug)]
pub(super) struct OnMesh {
    /// What to say where proxies alone close a connection.
    pub(super) closed: ConditionId,
    /// Ports that no proxy sees.
    pub(super) unproxied: Mask,
}

/// A policy that isolates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Isolating {
    pub(super) policy: u32,
    pub(super) plane: Plane,
    pub(super) stage: u32,
    pub(super) certainty: Certainty,
}

/// A layer as it counts in a row: with the doubts of the policy it comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted<'a> {
    pub(super) layer: &'a Layer,
    pub(super) policy: Certainty,
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
    prefix::settled(on, layers, |layers| decide_settled(on, layers))
}

fn decide_settled(on: &Circumstances, layers: &[Counted<'_>]) -> Option<Decided> {
    let mut opened = walk(on, layers, Plane::Network);
    let mut conditions: Vec<ConditionId> = Vec::new();
    if !on.open_if.is_empty() && opened.maybe != on.all {
        opened.maybe = on.all.clone();
        conditions.extend(&on.open_if);
    }
    if let Some(tunnel) = &on.tunnel {
        conditions.extend(tunnel.through(&mut opened));
    }
    let Opened { mut sure, mut maybe } = opened;
    if let Some((mesh, closed)) = by_mesh(on, layers).zip(on.mesh.as_ref().map(|mesh| mesh.closed)) {
        // Packets reach the pod's proxy all the same, and a client's proxy can be bypassed.
        conditions.extend(Some(closed).filter(|_| !maybe.minus(&mesh.maybe).is_empty()));
        sure = sure.and(&mesh.sure);
    }
    if !on.doubts.is_empty() {
        sure = on.none.clone();
    }
    if on.overruled || on.may_open.is_some() {
        maybe = on.all.clone();
    }
    if maybe.is_empty() {
        return None;
    }
    if sure == maybe {
        conditions.clear();
    } else {
        add_conditions(on, layers, &mut conditions);
    }
    Some(Decided { sure, maybe, conditions })
}

/// What proxies of a mesh let through; `None` where no policy of one selects the class.
pub(super) fn by_mesh(on: &Circumstances, layers: &[Counted<'_>]) -> Option<Opened> {
    let unproxied = &on.mesh.as_ref()?.unproxied;
    let Opened { sure, maybe } = walk(on, layers, Plane::Mesh);
    Some(Opened { sure: sure.or(unproxied), maybe: maybe.or(unproxied) })
}

fn add_conditions(on: &Circumstances, layers: &[Counted<'_>], all: &mut Vec<ConditionId>) {
    let of_layers = layers.iter().flat_map(|counted| counted.policy.iter().chain(&counted.layer.doubts));
    let isolating = on.isolating.iter().filter_map(|isolating| isolating.certainty.as_ref());
    let closed = on.closed.iter().flatten();
    all.extend(on.doubts.iter().chain(&on.host).chain(&on.may_open).chain(closed));
    all.extend(isolating.chain(of_layers));
    all.sort_unstable();
    all.dedup();
}

impl Counted<'_> {
    /// The layer as the group that it makes remembers it; `None` where it is about no port.
    pub(super) fn hit(&self, host: Certainty, none: &Mask) -> Option<Hit> {
        let Layer { rule, action, maybe, .. } = self.layer;
        let sure = self.sure(host, none);
        (!maybe.is_empty()).then(|| Hit { rule: *rule, action: *action, sure, maybe: maybe.clone() })
    }

    /// The ports on which it certainly matches.
    fn sure(&self, host: Certainty, none: &Mask) -> Mask {
        let by_host = host.is_some() && self.layer.by_labels;
        let doubtful = self.policy.is_some() || self.layer.uncertain_peers || by_host;
        if doubtful { none.clone() } else { self.layer.sure.clone() }
    }
}

/// What the stages of one plane open.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) sure: Mask,
    pub(super) maybe: Mask,
}

fn walk(on: &Circumstances, layers: &[Counted<'_>], plane: Plane) -> Opened {
    let mut ports = Ports {
        sure_left: on.all.clone(),
        maybe_left: on.all.clone(),
        sure: on.none.clone(),
        maybe: on.none.clone(),
    };
    let mut isolating = on.isolating.iter().filter(|one| one.plane == plane).peekable();
    let mut stages = layers
        .chunk_by(|a, b| a.layer.place.stage == b.layer.place.stage)
        .filter(|stage| stage.first().is_some_and(|one| one.layer.place.plane == plane))
        .peekable();
    // A stage may have policies that isolate and no rule that matches, or the other way round.
    loop {
        let next = stages.peek().and_then(|stage| stage.first()).map(|one| one.layer.place.stage);
        let Some(stage) = next.into_iter().chain(isolating.peek().map(|one| one.stage)).min() else { break };
        let rules = stages.next_if(|_| next == Some(stage)).unwrap_or_default();
        let passed = ports.first_match(on, rules);
        let (mut isolates, mut certainly) = (false, false);
        while let Some(one) = isolating.next_if(|one| one.stage == stage) {
            isolates = true;
            certainly |= one.certainty.is_none() && on.host.is_none();
        }
        ports.close(on, isolates, certainly, &passed);
    }
    match on.closed.filter(|_| plane == Plane::Network) {
        Some(None) => Opened { sure: ports.sure, maybe: ports.maybe },
        Some(Some(_)) => Opened { maybe: ports.maybe.or(&ports.maybe_left), sure: ports.sure },
        None => Opened { sure: ports.sure.or(&ports.sure_left), maybe: ports.maybe.or(&ports.maybe_left) },
    }
}

/// Ports while stages are walked.
struct Ports {
    /// Reached by the next rule, not decided yet.
    sure_left: Mask,
    maybe_left: Mask,
    sure: Mask,
    maybe: Mask,
}

impl Ports {
    /// Rules in order, the first that matches decides; gives what is passed on to the next stage.
    fn first_match(&mut self, on: &Circumstances, rules: &[Counted<'_>]) -> Opened {
        let mut passed = Opened { sure: on.none.clone(), maybe: on.none.clone() };
        for run in rules.chunk_by(|a, b| a.layer.action == b.layer.action) {
            let (mut sure_hit, mut maybe_hit) = (on.none.clone(), on.none.clone());
            for counted in run {
                (sure_hit, maybe_hit) =
                    (sure_hit.or(&counted.sure(on.host, &on.none)), maybe_hit.or(&counted.layer.maybe));
            }
            let (sure, maybe) = (sure_hit.and(&self.sure_left), maybe_hit.and(&self.maybe_left));
            match run.first().map(|counted| counted.layer.action) {
                Some(RuleAction::Allow) => {
                    (self.sure, self.maybe) = (self.sure.or(&sure), self.maybe.or(&maybe));
                }
                Some(RuleAction::Pass) => {
                    (passed.sure, passed.maybe) = (passed.sure.or(&sure), passed.maybe.or(&maybe));
                }
                Some(RuleAction::Deny) | None => {}
            }
            self.sure_left = self.sure_left.minus(&maybe_hit);
            self.maybe_left = self.maybe_left.minus(&sure_hit);
        }
        passed
    }

    /// The end of a stage: what is left is denied where it isolates.
    fn close(&mut self, on: &Circumstances, isolates: bool, certainly: bool, passed: &Opened) {
        if isolates {
            self.sure_left = on.none.clone();
        }
        if certainly {
            self.maybe_left = on.none.clone();
        }
        self.sure_left = self.sure_left.or(&passed.sure);
        self.maybe_left = self.maybe_left.or(&passed.maybe);
    }
}
