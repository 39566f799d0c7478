//! What policies say of one source, or of one of several that it may be.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ringfence_model::fact::{AddressRange, DecidingRule, Matching, Ports, Selecting, Side};

use crate::Reach;
use crate::condition::Certainty;
use crate::policy::RuleId;
use crate::port::Mask;
use crate::row::Hit;

/// What the policies of one side say, while it is collected.
#[derive(Clone, Debug, Default)]
pub(super) struct Collected {
    policies: BTreeMap<u32, bool>,
    rules: BTreeMap<RuleId, Hit>,
    /// What it alone opens.
    opens: Option<(Mask, Mask)>,
}

/// What is let in.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) sure: Mask,
    pub(super) maybe: Mask,
    /// Why not all of `maybe` is sure: one clause each.
    pub(super) conditions: Vec<Arc<str>>,
    pub(super) ingress: Collected,
    pub(super) egress: Collected,
}

impl Judged {
    pub(super) fn new(sure: Mask, maybe: Mask) -> Self {
        let (ingress, egress) = (Collected::default(), Collected::default());
        Self { sure, maybe, conditions: Vec::new(), ingress, egress }
    }

    /// Either may be the source, and it is not known which.
    pub(super) fn either(mut self, other: Self, why: &str) -> Self {
        if self.sure != other.sure || self.maybe != other.maybe {
            self.condition(why.into());
        }
        self.join(other, Mask::and)
    }

    /// Either is a source.
    pub(super) fn also(self, other: Self) -> Self {
        self.join(other, Mask::or)
    }

    fn join(mut self, other: Self, sure: impl Fn(&Mask, &Mask) -> Mask) -> Self {
        self.sure = sure(&self.sure, &other.sure);
        self.maybe = self.maybe.or(&other.maybe);
        other.conditions.into_iter().for_each(|condition| self.condition(condition));
        self.ingress.take(other.ingress);
        self.egress.take(other.egress);
        self
    }

    pub(super) fn condition(&mut self, condition: Arc<str>) {
        if !self.conditions.contains(&condition) {
            self.conditions.push(condition);
        }
    }
}

impl Collected {
    pub(super) fn policies(&mut self, policies: &[(u32, Certainty)]) {
        for (index, certainty) in policies {
            let certain = self.policies.entry(*index).or_default();
            *certain |= certainty.is_none();
        }
    }

    pub(super) fn hits(&mut self, hits: Vec<Hit>) {
        for hit in hits {
            match self.rules.get_mut(&hit.rule) {
                Some(there) => {
                    (there.sure, there.maybe) = (there.sure.and(&hit.sure), there.maybe.or(&hit.maybe))
                }
                None => {
                    self.rules.insert(hit.rule, hit);
                }
            }
        }
    }

    pub(super) fn opens(&mut self, sure: &Mask, maybe: &Mask) {
        self.opens = Some(match self.opens.take() {
            None => (sure.clone(), maybe.clone()),
            Some((there, perhaps)) => (there.or(sure), perhaps.or(maybe)),
        });
    }

    fn take(&mut self, other: Self) {
        for (index, certain) in other.policies {
            *self.policies.entry(index).or_default() |= certain;
        }
        self.hits(other.rules.into_values().collect());
        if let Some((sure, maybe)) = &other.opens {
            self.opens(sure, maybe);
        }
    }

    pub(super) fn side(self, reach: &Reach) -> Side {
        let selecting = |(index, certain): (u32, bool)| {
            let policy = reach.policies.all.get(index as usize)?;
            let rule = DecidingRule {
                policy: policy.resource,
                element: ringfence_model::Text::default(),
                location: policy.location,
            };
            Some(Selecting { rule, certain })
        };
        let ports = |mask: &Mask| Arc::new(reach.cells.ports(mask));
        let matching = |hit: Hit| {
            let rule = reach.policies.rules.get(hit.rule.0 as usize)?.clone();
            Some(Matching {
                rule,
                action: hit.action,
                ports: ports(&hit.maybe),
                certain: hit.sure == hit.maybe,
            })
        };
        let (sure, maybe) = self.opens.unwrap_or_else(|| (reach.cells.none(), reach.cells.none()));
        Side {
            policies: self.policies.into_iter().filter_map(selecting).collect(),
            rules: self.rules.into_values().filter_map(matching).collect(),
            allowed: ports(&sure),
            depends: ports(&maybe.minus(&sure)),
        }
    }
}

/// Ranges that touch or overlap are one.
pub(super) fn together(mut ranges: Vec<AddressRange>) -> Vec<AddressRange> {
    ranges.sort_unstable();
    let mut merged: Vec<AddressRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut().filter(|last| touches(last.last, range.first)) {
            Some(last) => last.last = last.last.max(range.last),
            None => merged.push(range),
        }
    }
    merged
}

/// Whether nothing lies between the end of one range and the start of a later one.
fn touches(end: IpAddr, start: IpAddr) -> bool {
    match (end, start) {
        (IpAddr::V4(end), IpAddr::V4(start)) => u32::from(start) <= u32::from(end).saturating_add(1),
        (IpAddr::V6(end), IpAddr::V6(start)) => u128::from(start) <= u128::from(end).saturating_add(1),
        _ => false,
    }
}

/// The ports of `mask` that are among `wanted`.
pub(super) fn cut(reach: &Reach, mask: &Mask, wanted: &Ports) -> Ports {
    reach.cells.ports(mask).intersection(wanted)
}
