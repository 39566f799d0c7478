//! Rules of which one opens what another closes: `reach conflicts`.

use ringfence_model::fact::Conflict;
use rustc_hash::FxHashMap;

use crate::Reach;
use crate::policy::{Direction, RuleId};
use crate::port::Mask;

impl Reach {
    /// Every pair of rules of different policies of which one allows what the other denies, for the same
    /// pods, peers and ports; in the order of rules. NetworkPolicy alone never has any: its rules only allow.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conditions = self.conditions.clone();
        let mut builder = self.builder(&mut conditions);
        let mut found: FxHashMap<(RuleId, RuleId), Mask> = FxHashMap::default();
        for direction in Direction::BOTH {
            for (key, _) in builder.keys(direction) {
                builder.weigh(&key, direction, |part| {
                    part.contradictions(|first, second, ports| {
                        let known = found.entry((first, second)).or_insert_with(|| self.cells.none());
                        *known = known.or(ports);
                    });
                });
            }
        }
        let mut sorted: Vec<((RuleId, RuleId), Mask)> = found.into_iter().collect();
        sorted.sort_unstable_by_key(|(rules, _)| *rules);
        let rule = |id: RuleId| self.policies.rules.get(id.0 as usize).cloned();
        let conflict = |((first, second), ports): ((RuleId, RuleId), Mask)| {
            let (decides, overruled) = (rule(first)?, rule(second)?);
            let ports = self.cells.ports(&ports);
            (decides.policy != overruled.policy).then_some(Conflict { decides, overruled, ports })
        };
        sorted.into_iter().filter_map(conflict).collect()
    }
}
