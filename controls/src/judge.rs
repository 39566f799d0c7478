//! Judging: each selected control on each resource of its kinds.

mod content;
mod duplicate;
mod element;
mod fingerprint;
mod kind;
mod place;
mod report;
mod rollout;

pub(crate) use report::broken;

use ringfence_model::fact::{Queries, ScopeClass, ScopeFact};
use ringfence_model::{Diagnostic, Field, Node, Resource, ResourceId, Verdict};
use rustc_hash::FxHashSet;

use crate::control::{Compiled, Control, Path, Policy};
use crate::policy::{Doubt, Doubts, Input, Item, Readings};
use crate::selection::{Count, Evaluation, Selection};
use crate::world::World;
use duplicate::Duplicates;
use element::{Found, Step};
use kind::{ByKind, Judged};
use rollout::{Pods, Workloads};

/// Judges `controls`, in their order.
pub(crate) fn judge<'e>(
    controls: impl Iterator<Item = &'e Control>,
    world: &World<'e>,
    queries: &dyn Queries,
    selection: &Selection,
) -> Evaluation {
    let by_kind = ByKind::of(world.estate);
    let mut run = Run {
        world,
        keep_all: selection.all,
        duplicates: Duplicates::new(world.estate),
        workloads: Workloads::new(world.estate),
        count: Count::default(),
        found: Evaluation::default(),
    };
    for control in controls {
        run.count = Count::of(control);
        match control.policy() {
            Policy::Query(query) => run.ask(control, query, queries),
            Policy::Cel(_) => run.control(control, &by_kind),
        }
        run.found.counts.push(std::mem::take(&mut run.count));
    }
    run.found
}

struct Run<'r, 'e> {
    world: &'r World<'e>,
    keep_all: bool,
    duplicates: Duplicates<'e>,
    workloads: Workloads<'e>,
    count: Count,
    found: Evaluation,
}

/// A control on a resource.
struct Case<'e> {
    control: &'e Control,
    compiled: &'e Compiled,
    id: ResourceId,
    resource: &'e Resource,
    pod: Option<Field<'e>>,
    /// What `each` and `at` start from: the pod spec, else the body.
    root: &'e Node,
    /// Whether the control applies to the resource as a whole.
    applies: Result<(), Doubts<'e>>,
}

/// What a control says of an element.
enum Ruling<'e> {
    Pass,
    Fail,
    Unknown(Doubts<'e>),
    NotApplicable,
}

impl<'e> Run<'_, 'e> {
    fn control(&mut self, control: &'e Control, by_kind: &ByKind<'e>) {
        match control.compiled() {
            Ok(compiled) => {
                for judged in by_kind.of_control(control) {
                    self.resource(control, compiled, judged);
                }
            }
            Err(faults) => {
                self.found.diagnostics.extend(faults.iter().map(|fault| report::broken(control, fault)));
            }
        }
    }

    fn resource(&mut self, control: &'e Control, compiled: &'e Compiled, judged: Judged<'e>) {
        let Judged { id, resource, pod } = judged;
        if let Some(fact) = self.out_of_scope(id) {
            return self.skip(control, id, resource, "it is out of scope", Some(fact));
        }
        let root = pod.and_then(Field::node).unwrap_or(&resource.body);
        let mut case = Case { control, compiled, id, resource, pod, root, applies: Ok(()) };
        if matches!(pod, Some(Field::Absent)) {
            match self.workloads.pods(resource) {
                Pods::Own => {}
                Pods::Elsewhere => {
                    let why = "its pods are those of the workload that it refers to";
                    return self.skip(control, id, resource, why, None);
                }
                Pods::Unknown(doubt) => return self.settle(&case, None, &[], Ruling::Unknown(vec![doubt])),
            }
        }
        match self.applies(&case) {
            Ok(true) => {}
            Ok(false) => {
                return self.skip(control, id, resource, report::excuse(control), None);
            }
            Err(doubts) => case.applies = Err(doubts),
        }
        match control.front().each.as_ref().and_then(|each| each.of(&resource.kind)) {
            None => self.element(&case, Item::Node(root), &[]),
            Some(paths) => self.elements(&case, paths),
        }
    }

    /// Whether the control applies to the resource, whatever the element.
    fn applies(&self, case: &Case<'e>) -> Result<bool, Doubts<'e>> {
        match &case.compiled.when {
            Some(when) if !when.concerns_item() => {
                when.holds(&self.input(case, Item::Node(case.root), ""), None)
            }
            _ => Ok(true),
        }
    }

    fn input<'w>(&'w self, case: &Case<'e>, item: Item<'e>, path: &'w str) -> Input<'w, 'e> {
        Input { world: self.world, id: case.id, resource: case.resource, pod: case.pod, item, path }
    }

    /// A computed class of out of scope; unknown scope is judged as in scope.
    fn out_of_scope(&self, id: ResourceId) -> Option<&'e ScopeFact> {
        self.world.scope.of(id).filter(|fact| fact.class == ScopeClass::OutOfScope)
    }

    /// Judges each element that the paths name; a resource that has none of them has nothing wrong.
    fn elements(&mut self, case: &Case<'e>, paths: &'e [Path]) {
        if let Some(doubt) = no_pod(case, paths) {
            return self.settle(case, None, &[], Ruling::Unknown(vec![doubt]));
        }
        let mut any = false;
        let mut visited = FxHashSet::default();
        for path in paths {
            let (root, steps) = element::start(case.resource, case.pod, case.root, path.steps());
            let mut trail = Vec::new();
            element::walk(root, steps, &mut trail, &mut |found, trail| {
                any = true;
                let node = trail.last().map_or(root, |step| step.node);
                let is_new = visited.insert(std::ptr::from_ref(node));
                match found {
                    Found::Item(item) => self.element(case, item, trail),
                    // Several paths may end at the same obstacle.
                    Found::Doubt(_) if !is_new => {}
                    Found::Doubt(doubt) => self.settle(case, None, trail, Ruling::Unknown(vec![doubt])),
                }
            });
        }
        if !any {
            let ruling = match &case.applies {
                Ok(()) => Ruling::Pass,
                Err(doubts) => Ruling::Unknown(doubts.clone()),
            };
            self.settle(case, None, &[], ruling);
        }
    }

    fn element(&mut self, case: &Case<'e>, item: Item<'e>, trail: &[Step<'e>]) {
        let ruling = self.rule(case, item, "", None);
        self.settle(case, Some(item), trail, ruling);
    }

    fn rule(
        &self,
        case: &Case<'e>,
        item: Item<'e>,
        path: &str,
        mut readings: Option<&mut Readings>,
    ) -> Ruling<'e> {
        let input = self.input(case, item, path);
        let Compiled { when, policy } = case.compiled;
        let applies = match when {
            Some(when) if when.concerns_item() => when.holds(&input, readings.as_deref_mut()),
            _ => case.applies.clone().map(|()| true),
        };
        match applies {
            Ok(true) => match policy.holds(&input, readings) {
                Ok(true) => Ruling::Pass,
                Ok(false) => Ruling::Fail,
                Err(doubts) => Ruling::Unknown(doubts),
            },
            Ok(false) => Ruling::NotApplicable,
            // Whether it applies is not known, so neither pass nor fail would be true.
            Err(doubts) => Ruling::Unknown(doubts),
        }
    }

    /// Counts a ruling, and makes a finding of it where it is wanted.
    fn settle(&mut self, case: &Case<'e>, item: Option<Item<'e>>, trail: &[Step<'e>], ruling: Ruling<'e>) {
        let verdict = match &ruling {
            Ruling::Pass => Verdict::Pass,
            Ruling::Fail => Verdict::Fail,
            Ruling::Unknown(_) => Verdict::Unknown,
            Ruling::NotApplicable => Verdict::NotApplicable,
        };
        self.count.add(verdict);
        if self.keeps(verdict) {
            let finding = self.finding(case, item, trail, verdict, ruling);
            self.found.findings.push(finding);
        }
    }

    fn keeps(&self, verdict: Verdict) -> bool {
        self.keep_all || matches!(verdict, Verdict::Fail | Verdict::Unknown)
    }

    /// The control does not concern the resource.
    fn skip(
        &mut self,
        control: &'e Control,
        id: ResourceId,
        resource: &'e Resource,
        why: &str,
        fact: Option<&'e ScopeFact>,
    ) {
        self.count.add(Verdict::NotApplicable);
        if self.keep_all {
            let finding = self.skipped(control, id, resource, why, fact);
            self.found.findings.push(finding);
        }
    }

    /// A control whose logic is a question to an engine.
    fn ask(&mut self, control: &Control, query: &str, queries: &dyn Queries) {
        let answers = queries.ask(query).unwrap_or_else(|| {
            let message = format!("no engine answers `{query}`, which control `{}` asks", control.id());
            let diagnostic = Diagnostic::error("no-such-query", message);
            self.found
                .diagnostics
                .push(diagnostic.help("correct the name of the query, or leave the control out"));
            vec![report::unanswered(query)]
        });
        let twins = duplicate::twins(&answers);
        for (answer, twin) in answers.into_iter().zip(twins) {
            self.count.add(answer.verdict);
            if self.keeps(answer.verdict) {
                self.found.findings.push(report::answered(control, answer, twin));
            }
        }
    }
}

/// Why nothing is known of a pod's elements: there is no pod spec, or there are no containers where those
/// are asked for. A pod without containers is no pod.
fn no_pod<'e>(case: &Case<'e>, paths: &[Path]) -> Option<Doubt<'e>> {
    let about = |path: &Path| path.steps().first().is_some_and(|step| &**step == element::CONTAINERS[0]);
    let has_any = |spec: &Node| element::CONTAINERS.iter().any(|key| spec.child(key).node().is_some());
    let missing = |what: &str| Some(Doubt::mismatch(what, case.resource.location()));
    match case.pod? {
        Field::Unresolved(node, _) => Some(Doubt::Unresolved(node)),
        Field::Absent => missing("the pod has no spec"),
        Field::Present(spec) if paths.iter().any(about) && !has_any(spec) => {
            missing("the pod has no containers")
        }
        Field::Present(_) => None,
    }
}
