//! Where a policy stands in the order of evaluation.
//!
//! ```text
//! plane    network, mesh: both must let a connection through
//! tier     stage after stage; what a stage does not decide goes to the next
//! order    within a tier: lower first, absent last, then by name
//! ```

use std::cmp::Ordering;

use ringfence_model::Text;

use super::Policy;

/// What enforces a policy; every plane must let a connection through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Plane {
    /// The network, by packets.
    #[default]
    Network,
    /// Proxies of a mesh, by connections and requests. Packets reach the pod all the same.
    Mesh,
}

/// A number by which engines sort; Calico's is a float, and absent sorts last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Order(u64);

impl Order {
    /// Before everything that has a number.
    pub(crate) const FIRST: Self = Self(0);

    /// After everything that has a number.
    pub(crate) const LAST: Self = Self(u64::MAX);

    /// In the order of numbers.
    pub(crate) fn of(number: f64) -> Self {
        // Floats of one sign sort as their bits do, negative ones the other way round.
        let bits = number.to_bits();
        Self(if bits >> 63 == 1 { !bits } else { bits | 1 << 63 })
    }
}

impl Order {
    /// A text that sorts as the order does.
    pub(crate) fn text(self) -> String {
        format!("{:016x}", self.0)
    }
}

impl From<i32> for Order {
    fn from(number: i32) -> Self {
        Self::of(number.into())
    }
}

/// Where a policy stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Rank {
    pub(crate) plane: Plane,
    pub(crate) tier: Order,
    /// Tells tiers of one order apart.
    pub(crate) tier_name: Text,
    pub(crate) order: Order,
    /// Whether, among policies of one order, rules that deny come before those that allow, and those
    /// before rules that pass. Otherwise policies come one after the other.
    pub(crate) deny_first: bool,
    /// Tells policies of one order apart, where an engine does so by more than namespace and name.
    pub(crate) tie: Text,
}

impl Rank {
    /// Admin policies: before NetworkPolicy, by priority.
    pub(crate) fn admin(priority: i32) -> Self {
        Self { order: priority.into(), ..Self::tier(0, "admin") }
    }

    /// NetworkPolicy: rules add up, so the order of its policies does not matter.
    pub(crate) fn network() -> Self {
        Self::tier(NETWORK, "network")
    }

    /// Baseline policies: after NetworkPolicy.
    pub(crate) fn baseline(priority: i32) -> Self {
        Self { order: priority.into(), ..Self::tier(2 * NETWORK, "baseline") }
    }

    /// The tier of that order and name.
    pub(crate) fn tier(order: i32, name: &'static str) -> Self {
        Self { tier: order.into(), tier_name: Text::const_new(name), ..Self::default() }
    }
}

const NETWORK: i32 = 1000;

/// Sorts policies by the order of evaluation and numbers their stages. Equals are told apart by name, so
/// that the order of files never matters.
pub(super) fn settle(policies: &mut [Policy]) {
    policies.sort_by(order);
    let stage = |policy: &Policy| (policy.rank.plane, policy.rank.tier, policy.rank.tier_name.clone());
    let (mut stages, mut slots) = (0, 0);
    let mut last: Option<(_, Rank)> = None;
    for policy in policies {
        let here = (stage(policy), policy.rank.clone());
        stages += u32::from(last.as_ref().is_some_and(|last| last.0 != here.0));
        let together = policy.rank.deny_first && last.as_ref().is_some_and(|last| last.1 == here.1);
        slots += u32::from(last.is_some() && !together);
        (policy.stage, policy.slot) = (stages, slots);
        last = Some(here);
    }
}

fn order(a: &Policy, b: &Policy) -> Ordering {
    let key = |policy: &Policy| (policy.rank.clone(), policy.cluster);
    key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name)).then_with(|| a.resource.cmp(&b.resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_numbers() {
        let numbers = [-3.0, -0.5, 0.0, 10.5, 1000.0, 1e6, 1e7];
        let orders: Vec<Order> = numbers.map(Order::of).into_iter().chain([Order::LAST]).collect();
        assert!(orders.is_sorted_by(|a, b| a < b), "{orders:?}");
    }
}
