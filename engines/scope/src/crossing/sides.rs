//! Who is declared out of scope, and who is declared to be of the CDE, as far as that is known.

use std::collections::{BTreeMap, BTreeSet};

use ringfence_model::declaration::{ClassEntry, Declaration};
use ringfence_model::fact::{Answer, ScopeClass, ScopeFacts};
use ringfence_model::{Estate, Location, Missing, Reason, ResourceId, Verdict, WorkloadId};
use rustc_hash::FxHashMap;

use crate::card;
use crate::declared::Declared;
use crate::estate_subject;
use crate::flow::Flows;

pub(super) struct Sides<'a> {
    estate: &'a Estate,
    declaration: &'a Declaration,
    declared: Declared<'a>,
    flows: Flows<'a>,
    pub(super) outside: BTreeSet<WorkloadId>,
    /// Declared so, or holding card data by a declared flow.
    pub(super) cde: BTreeSet<WorkloadId>,
    /// Workloads that declared flows take card data to, with why.
    pub(super) holders: FxHashMap<WorkloadId, Reason>,
    /// What may be outside, and what would tell.
    pub(super) perhaps_outside: BTreeMap<WorkloadId, Missing>,
    /// What may be of the CDE, and what would tell.
    pub(super) perhaps_cde: BTreeMap<WorkloadId, Missing>,
}

impl<'a> Sides<'a> {
    pub(super) fn new(estate: &'a Estate, declaration: &'a Declaration, facts: &ScopeFacts) -> Self {
        let (declared, _) = Declared::new(estate, declaration);
        let flows = Flows::resolve(estate, declaration);
        let class = |id: ResourceId| facts.of(id).and_then(|fact| fact.declared);
        let of = |wanted: ScopeClass| {
            let workloads = estate.iter_workloads();
            workloads.filter(move |(_, one)| class(one.resource) == Some(wanted)).map(|(id, _)| id)
        };
        let perhaps = |wanted: ScopeClass| {
            let workloads = estate.iter_workloads();
            workloads
                .filter_map(|(id, one)| Some((id, declared.may_be(one.resource, wanted)?.clone())))
                .collect::<BTreeMap<_, _>>()
        };
        let holders = holders(estate, &flows);
        let mut cde: BTreeSet<WorkloadId> = of(ScopeClass::Cde).collect();
        cde.extend(holders.keys());
        let (perhaps_outside, perhaps_cde) = (perhaps(ScopeClass::OutOfScope), perhaps(ScopeClass::Cde));
        let outside = of(ScopeClass::OutOfScope).collect();
        Self { estate, declaration, declared, flows, outside, cde, holders, perhaps_outside, perhaps_cde }
    }

    /// The one answer where nothing is declared out of scope.
    pub(super) fn nobody_outside(&self) -> Option<Answer> {
        if !self.outside.is_empty() || !self.perhaps_outside.is_empty() {
            return None;
        }
        if !self.says(ScopeClass::OutOfScope) {
            return Some(unknown(vec![undeclared("no class `out-of-scope` is declared")], None));
        }
        if let Some(entry) = self.lost(ScopeClass::OutOfScope).filter(|_| !self.estate.workloads().is_empty())
        {
            return Some(unknown(vec![matches_nothing(entry)], entry.location));
        }
        let entries = self.declaration.classes.iter().flatten();
        let entry =
            entries.filter(|entry| entry.class == ScopeClass::OutOfScope).find_map(|one| one.location);
        let message = "the class `out-of-scope` is declared for no workload in the input".to_owned();
        Some(answer(Verdict::NotApplicable, message, Vec::new(), entry))
    }

    /// The one answer where no pod of the CDE is known.
    pub(super) fn no_cde(&self) -> Option<Answer> {
        if !self.cde.is_empty() {
            return None;
        }
        let gap = self.gap();
        let doubt = self.perhaps_cde.values().next().cloned();
        let entry = self.lost(ScopeClass::Cde).filter(|_| self.flows.gap().is_none());
        let mut missing: Vec<Missing> = gap.into_iter().chain(doubt).collect();
        if missing.is_empty() {
            let nothing = !self.says(ScopeClass::Cde) && card::held(&self.flows).is_empty();
            missing.push(undeclared(if nothing {
                "neither a class `cde` nor a flow of card data is declared"
            } else {
                "no workload in the input is declared `cde`, and no flow takes card data to one"
            }));
        }
        Some(unknown(missing, entry.and_then(|entry| entry.location)))
    }

    /// Why a part of the CDE may be out of sight as a whole.
    pub(super) fn gap(&self) -> Option<Missing> {
        let flow = self.flows.gap().map(|why| Missing { remedy: "`endpoints:`".to_owned(), why });
        flow.or_else(|| self.lost(ScopeClass::Cde).map(matches_nothing))
    }

    /// Whether anything is declared to be of `class`.
    fn says(&self, class: ScopeClass) -> bool {
        let accounts = self.declaration.accounts.iter().flatten();
        let entries = self.declaration.classes.iter().flatten();
        entries.map(|entry| entry.class).chain(accounts.filter_map(|one| one.class)).any(|one| one == class)
    }

    /// An entry of `class` that matches nothing, and could be meant for pods.
    fn lost(&self, class: ScopeClass) -> Option<&'a ClassEntry> {
        self.declared.unmatched(class).find(|entry| may_cover_pods(entry))
    }
}

fn may_cover_pods(entry: &ClassEntry) -> bool {
    let of_aws = |list: &[ringfence_model::Text]| {
        !list.is_empty() && list.iter().all(|one| one.starts_with("AWS::") || one.starts_with("aws_"))
    };
    let matches = &entry.matches;
    matches.tags.is_empty() && !of_aws(&matches.kinds) && !of_aws(&matches.resources)
}

fn holders(estate: &Estate, flows: &Flows<'_>) -> FxHashMap<WorkloadId, Reason> {
    let mut holders = FxHashMap::default();
    for held in card::held(flows) {
        for id in flows.resources(held.endpoint).iter().filter_map(|id| estate.workload_of(*id)) {
            holders.entry(id).or_insert_with(|| held.reason());
        }
    }
    holders
}

fn undeclared(why: &str) -> Missing {
    Missing { remedy: "`classes:`".to_owned(), why: why.to_owned() }
}

fn matches_nothing(entry: &ClassEntry) -> Missing {
    undeclared(&format!(
        "the entry of `classes:` for `{}` matches nothing in the input",
        entry.class.as_str()
    ))
}

fn unknown(missing: Vec<Missing>, at: Option<Location>) -> Answer {
    let message = missing.first().map(|first| first.why.clone()).unwrap_or_default();
    answer(Verdict::Unknown, message, missing, at)
}

fn answer(verdict: Verdict, message: String, missing: Vec<Missing>, at: Option<Location>) -> Answer {
    Answer {
        subject: estate_subject(),
        element: String::new(),
        verdict,
        message,
        locations: at.into_iter().collect(),
        reasons: Vec::new(),
        missing,
    }
}
