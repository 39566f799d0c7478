//! What it means for a pod that a policy selects it in any direction, or that none does.

use super::build::{Builder, Key};
use crate::condition::{Certainty, ConditionId, Conditions};
use crate::namespace::ClusterId;
use crate::pod::Enforced;
use crate::policy::{Api, Direction, Plane, Policies, Policy, Rank};
use crate::profile::{Chosen, Mode, Profiles};

/// Whether policies of namespaces select a pod; `None`: none does, `Some(None)`: one does for certain.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Selected {
    /// In whichever direction.
    pub(super) anywhere: Option<Certainty>,
    /// In the direction that is asked for.
    here: Option<Certainty>,
}

impl Selected {
    /// Takes in a policy that selects the pod, perhaps.
    pub(super) fn add(&mut self, policy: &Policy, direction: Direction, certainty: Certainty) {
        if !policy.api.is_namespaced() || (policy.ingress.is_none() && policy.egress.is_none()) {
            return;
        }
        self.anywhere = surer(self.anywhere, certainty);
        if let Some(rules) = policy.rules(direction) {
            self.here = surer(self.here, certainty.or(rules.doubt));
        }
    }

    /// A pod that such a policy selects is judged by it in both directions: where it leaves one alone,
    /// everything is allowed there, and the baseline is not asked.
    pub(super) fn skip_baseline(&self, policies: &Policies, selecting: &mut Vec<(u32, Certainty)>) {
        let is_baseline = |index: &u32| {
            policies.all.get(*index as usize).is_some_and(|policy| policy.rank.tier > Rank::network().tier)
        };
        match (self.anywhere, self.here) {
            (None, _) | (_, Some(None)) => {}
            (Some(None), _) => selecting.retain(|(index, _)| !is_baseline(index)),
            (Some(Some(condition)), _) => {
                for (index, certainty) in selecting.iter_mut().filter(|(index, _)| is_baseline(index)) {
                    let _ = index;
                    certainty.get_or_insert(condition);
                }
            }
        }
    }
}

fn surer(known: Option<Certainty>, more: Certainty) -> Option<Certainty> {
    match known {
        Some(None) => known,
        Some(there) => Some(there.filter(|_| more.is_some())),
        None => Some(more),
    }
}

/// What the modes of AWS's engine say, by cluster.
#[derive(Debug)]
pub(super) struct Modes(Vec<InMode>);

#[derive(Clone, Copy, Debug, Default)]
struct InMode {
    /// Set where a pod that no policy selects is closed, with why it may not be.
    closed: Option<Certainty>,
    /// Why a pod may be open whatever its policies say.
    starts_open: Certainty,
}

impl Modes {
    pub(super) fn new(profiles: &Profiles, conditions: &mut Conditions) -> Self {
        let of = |chosen: &Chosen| {
            let unknown = match &chosen.mode {
                Mode::Unknown(why) => Some(conditions.id(why)),
                Mode::Settled | Mode::Standard | Mode::Strict => None,
            };
            let window = "in standard mode a new pod is open until its policies are in force";
            InMode {
                closed: chosen.switches.unselected_is_closed.then_some(unknown),
                starts_open: chosen
                    .switches
                    .starts_open
                    .then(|| unknown.unwrap_or_else(|| conditions.id(window))),
            }
        };
        Self(profiles.chosen().iter().map(of).collect())
    }

    fn get(&self, cluster: ClusterId) -> InMode {
        self.0.get(cluster.index()).copied().unwrap_or_default()
    }

    /// Whether strict mode closes a pod of which that is known.
    pub(super) fn closed(&self, cluster: ClusterId, selected: Option<Certainty>) -> Option<Certainty> {
        let doubt = self.get(cluster).closed?;
        match selected {
            Some(None) => None,
            Some(selected) => Some(doubt.or(selected)),
            None => Some(doubt),
        }
    }
}

impl Builder<'_> {
    /// Why the policies of a row may not come between a pod and anyone.
    pub(super) fn open_if(&self, key: &Key) -> Vec<ConditionId> {
        let mut open_if = Vec::new();
        if let Enforced::Perhaps(condition) = key.enforced() {
            open_if.push(condition);
        }
        let policies = self.layers.policies;
        let mut selecting = key.policies().iter().filter_map(|(index, _)| policies.all.get(*index as usize));
        if selecting.any(|policy| policy.rank.plane == Plane::Network) {
            open_if.extend(self.modes.get(key.cluster()).starts_open);
        }
        open_if
    }
}

impl Api {
    /// Whether its policies select pods of one namespace, and add up.
    pub(crate) fn is_namespaced(self) -> bool {
        matches!(self, Self::Network)
    }
}
