//! Tiers: in which order policies of Calico are evaluated, and what a tier denies at its end.
//!
//! Source: `api/pkg/apis/projectcalico/v3/tier.go` and `felix/calc/policy_sorter.go`: by order, absent last,
//! then by name. Calico makes the tiers of [`BUILT_IN`] itself.

use ringfence_model::{Diagnostic, Estate, Field, Location, Node, Resource, Text, Value};
use rustc_hash::FxHashMap;

use crate::condition::{Certainty, ConditionId};
use crate::namespace::ClusterId;
use crate::policy::{Order, Reading};

/// The tier of policies that name none, and of NetworkPolicy.
pub(super) const DEFAULT: &str = "default";

/// Tiers that are always there: name, order, whether they pass on what no rule decides. The second and the
/// last are what newer releases call them.
pub(super) const BUILT_IN: [(&str, i32, bool); 5] = [
    ("adminnetworkpolicy", 1_000, true),
    ("kube-admin", 1_000, true),
    (DEFAULT, 1_000_000, false),
    ("baselineadminnetworkpolicy", 10_000_000, true),
    ("kube-baseline", 10_000_000, true),
];

/// One tier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tier {
    pub(super) order: Order,
    /// Whether what no rule decides goes to the next tier; otherwise it is denied.
    pub(super) passes: bool,
    /// Whether it is known which tier it is.
    pub(super) known: bool,
    /// Why its order is not known.
    pub(super) doubt: Certainty,
    /// Why it is not known what it does at its end.
    pub(super) end: Certainty,
    location: Option<Location>,
}

impl Tier {
    /// A tier of which nothing is known: under doubt, first stands for any place.
    pub(super) fn unknown(condition: ConditionId) -> Self {
        let (doubt, order) = (Some(condition), Order::of(f64::NEG_INFINITY));
        Self { order, passes: false, known: false, doubt, end: None, location: None }
    }
}

/// The tiers of every cluster.
#[derive(Debug, Default)]
pub(super) struct Tiers(FxHashMap<(ClusterId, Text), Tier>);

impl Tiers {
    pub(super) fn read(estate: &Estate, reading: &mut Reading<'_>) -> Self {
        let mut tiers = Self::default();
        for kind in ["crd.projectcalico.org/v1/Tier", "projectcalico.org/v3/Tier"] {
            for resource in estate.of_kind(kind).iter().filter_map(|id| estate.resource(*id)) {
                tiers.add(resource, reading);
            }
        }
        tiers.warn(reading);
        tiers
    }

    /// A tier; `None` for one that is not known.
    pub(super) fn find(&self, cluster: ClusterId, name: &Text) -> Option<Tier> {
        let written = self.0.get(&(cluster, name.clone())).copied();
        written.or_else(|| {
            let (_, order, passes) = BUILT_IN.into_iter().find(|(built_in, ..)| built_in == name)?;
            Some(Tier { order: order.into(), passes, known: true, doubt: None, end: None, location: None })
        })
    }

    fn add(&mut self, resource: &Resource, reading: &mut Reading<'_>) {
        let cluster = reading.namespaces.cluster_id(resource.place.cluster.as_ref());
        let tier = read(resource, reading);
        let known = self.0.entry((cluster, resource.name.clone())).or_insert(tier);
        if (known.order, known.passes) != (tier.order, tier.passes) {
            let twice = format!("tier `{}` is defined twice with different orders or actions", resource.name);
            known.doubt = Some(reading.conditions.id(&twice));
            known.end = known.doubt;
            known.order = Order::of(f64::NEG_INFINITY);
        }
    }

    /// Two tiers of one order are sorted by name, which is hardly meant.
    fn warn(&self, reading: &mut Reading<'_>) {
        let mut sorted: Vec<(&(ClusterId, Text), &Tier)> = self.0.iter().collect();
        sorted.sort_by(|(a, one), (b, other)| (a.0, one.order, &a.1).cmp(&(b.0, other.order, &b.1)));
        for pair in sorted.windows(2) {
            let [((there, first), before), ((here, second), after)] = pair else { continue };
            if there != here || before.order != after.order {
                continue;
            }
            let message = format!("tiers `{first}` and `{second}` have one order: the name decides");
            reading.diagnostics.push(
                Diagnostic::warning("tier-order-not-unique", message)
                    .at(after.location)
                    .related(before.location, "same order")
                    .help("give each tier an order of its own"),
            );
        }
    }
}

fn read(resource: &Resource, reading: &mut Reading<'_>) -> Tier {
    let name = &resource.name;
    let mut tier = Tier {
        order: Order::LAST,
        passes: false,
        known: true,
        doubt: None,
        end: None,
        location: resource.location(),
    };
    let mut unknown = |key: &str, node: &Node| {
        let known = node.as_unresolved().is_none();
        if known {
            reading.diagnostics.push(
                Diagnostic::error("tier-invalid", format!("`{key}` of tier `{name}` cannot be read"))
                    .at(node.location())
                    .help("`order` is a number, `defaultAction` is `Deny` or `Pass`"),
            );
        }
        Some(reading.conditions.id(&format!("`{key}` of tier `{name}` is not known")))
    };
    match resource.body.field("spec.order") {
        Field::Absent => {}
        Field::Present(node) if number(node).is_some() => {
            tier.order = number(node).map_or(Order::LAST, Order::of);
        }
        Field::Present(node) | Field::Unresolved(node, _) => {
            (tier.doubt, tier.order) = (unknown("order", node), Order::of(f64::NEG_INFINITY));
        }
    }
    match resource.body.field("spec.defaultAction") {
        Field::Absent => {}
        Field::Present(node) if matches!(node.as_str(), Some("Deny" | "Pass")) => {
            tier.passes = node.as_str() == Some("Pass");
        }
        Field::Present(node) | Field::Unresolved(node, _) => tier.end = unknown("defaultAction", node),
    }
    tier
}

/// A finite number.
pub(super) fn number(node: &Node) -> Option<f64> {
    match node.value {
        // Orders are far below what a float holds exactly.
        Value::Int(number) => i32::try_from(number).ok().map(f64::from),
        Value::Float(number) => Some(number).filter(|number| number.is_finite()),
        _ => None,
    }
}
