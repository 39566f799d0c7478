//! What is known so far of each resource: its widest class, the tests it fails, and why.

use std::sync::Arc;

use ringfence_model::fact::{Basis, ScopeClass, ScopeFact, TestState, Tests};
use ringfence_model::{Estate, Location, Reason, ResourceId, Stage, WorkloadId};
use rustc_hash::FxHashMap;

use crate::declared::Declared;

/// How many reasons one resource gives; a vault on fifty hops is in scope after the first.
const MOST_REASONS: usize = 12;

/// A reason that several resources may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ReasonId(u32);

#[derive(Debug)]
pub(crate) struct Marks<'a> {
    pub(crate) estate: &'a Estate,
    marks: Vec<Mark>,
    reasons: Vec<Reason>,
    ids: FxHashMap<(String, Option<Location>), ReasonId>,
}

#[derive(Clone, Debug)]
struct Mark {
    class: ScopeClass,
    tests: Tests,
    reasons: Vec<(ScopeClass, ReasonId)>,
}

impl<'a> Marks<'a> {
    pub(crate) fn new(estate: &'a Estate) -> Self {
        let unknown = Mark { class: ScopeClass::Unknown, tests: Tests::default(), reasons: Vec::new() };
        let marks = vec![unknown; estate.resources().len()];
        Self { estate, marks, reasons: Vec::new(), ids: FxHashMap::default() }
    }

    pub(crate) fn reason(&mut self, reason: Reason) -> ReasonId {
        let next = ReasonId(u32::try_from(self.reasons.len()).unwrap_or(u32::MAX));
        let id = *self.ids.entry((reason.text.clone(), reason.location)).or_insert(next);
        if id == next {
            self.reasons.push(reason);
        }
        id
    }

    /// Says that `id` is at least of `class`, and fails `tests`. Whether its class became wider.
    pub(crate) fn mark(&mut self, id: ResourceId, class: ScopeClass, tests: Tests, reason: ReasonId) -> bool {
        let Some(mark) = self.marks.get_mut(id.index()) else { return false };
        mark.tests = Tests {
            network: worse(mark.tests.network, tests.network),
            segment: worse(mark.tests.segment, tests.segment),
            identity: worse(mark.tests.identity, tests.identity),
            impact: worse(mark.tests.impact, tests.impact),
        };
        if mark.reasons.len() < MOST_REASONS && !mark.reasons.iter().any(|there| there.1 == reason) {
            mark.reasons.push((class, reason));
        }
        let wider = class < mark.class;
        mark.class = mark.class.min(class);
        wider
    }

    pub(crate) fn class(&self, id: ResourceId) -> ScopeClass {
        self.marks.get(id.index()).map_or(ScopeClass::Unknown, |mark| mark.class)
    }

    /// The resources of `class`, in the order of the estate.
    pub(crate) fn of_class(&self, class: ScopeClass) -> Vec<ResourceId> {
        let marked = self.estate.iter().zip(&self.marks).filter(|(_, mark)| mark.class == class);
        marked.map(|((id, _), _)| id).collect()
    }

    /// The workloads of the CDE.
    pub(crate) fn cde_workloads(&self) -> impl Iterator<Item = WorkloadId> {
        let workloads = self.estate.iter_workloads();
        workloads.filter(|(_, one)| self.class(one.resource) == ScopeClass::Cde).map(|(id, _)| id)
    }

    /// The facts, one for each resource. What is the same for many resources is shared.
    pub(crate) fn finish(mut self, declared: &Declared<'_>, presumed: bool) -> Vec<ScopeFact> {
        let nothing = self.reason(Reason::new(
            "nothing in the input ties it to the CDE; identity and impact are not evaluated, so it counts as in scope",
            None,
        ));
        let mut shared: FxHashMap<Vec<ReasonId>, Arc<[Reason]>> = FxHashMap::default();
        let mut facts = Vec::with_capacity(self.marks.len());
        for (id, resource) in self.estate.iter() {
            let Some(mark) = self.marks.get(self.representative(id).index()) else { continue };
            let mut order = mark.reasons.clone();
            order.sort_by_key(|(class, _)| *class);
            let mut ids: Vec<ReasonId> = order.into_iter().map(|(_, reason)| reason).collect();
            if ids.is_empty() {
                ids.push(nothing);
            }
            let text = |ids: &[ReasonId]| {
                ids.iter().filter_map(|id| self.reasons.get(id.0 as usize)).cloned().collect()
            };
            let reasons = shared.entry(ids).or_insert_with_key(|ids| text(ids)).clone();
            let basis = if resource.stage == Stage::Live { Basis::Observed } else { Basis::Designed };
            let declared = declared.class(id);
            facts.push(ScopeFact {
                resource: id,
                class: mark.class,
                presumed,
                declared,
                tests: mark.tests,
                basis,
                reasons,
            });
        }
        facts
    }

    /// A pod or replica set is what its workload is.
    pub(crate) fn representative(&self, id: ResourceId) -> ResourceId {
        let workload = self.estate.workload_of(id).and_then(|workload| self.estate.workload(workload));
        workload.map_or(id, |workload| workload.resource)
    }
}

/// A failed test stays failed; one that passed is passed until something shows otherwise.
fn worse(one: TestState, other: TestState) -> TestState {
    match (one, other) {
        (TestState::Failed, _) | (_, TestState::Failed) => TestState::Failed,
        (TestState::Passed, _) | (_, TestState::Passed) => TestState::Passed,
        _ => TestState::NotEvaluated,
    }
}
