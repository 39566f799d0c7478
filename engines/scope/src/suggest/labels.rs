//! Selectors for pods: the smallest one that selects the pods of some workloads and no others of their
//! namespace.
//!
//! A label counts only where all pods of a workload and its template bear it. Labels that a controller
//! gives to each revision or pod are passed over, since the next pod has others.

mod choice;

use std::collections::{BTreeMap, BTreeSet};

use ringfence_model::selector::{KnownLabels, Selector, Unknown};
use ringfence_model::{Estate, Field, Labels, Text, Workload, WorkloadId, pod_template};
use rustc_hash::FxHashMap;

use choice::Choice;

/// Labels of one revision, one pod or one run.
const VOLATILE: [&str; 11] = [
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
    "rollouts-pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// The workloads of one namespace, and which of them labels tell apart.
#[derive(Debug)]
pub(super) struct Town<'e> {
    members: Vec<Member<'e>>,
    /// Workloads that no selector tells apart, as indices of members; each is in one.
    units: Vec<Vec<usize>>,
    unit_of: FxHashMap<WorkloadId, usize>,
}

/// One workload, as selectors see it.
#[derive(Debug)]
struct Member<'e> {
    id: WorkloadId,
    label: String,
    /// What all of its pods and its template bear, but for what is volatile.
    common: BTreeMap<&'e str, &'e str>,
    /// The labels of each kind of pod that it has.
    variants: Vec<Labels>,
    /// Whether all of its labels are known.
    is_known: bool,
    /// Keys that its controller selects by: they cannot change.
    kept: BTreeSet<&'e str>,
}

impl<'e> Town<'e> {
    pub(super) fn new(estate: &'e Estate, cluster: Option<&Text>, namespace: &str) -> Self {
        let here = |one: &Workload| one.namespace == namespace && one.cluster.as_ref() == cluster;
        let workloads = estate.iter_workloads().filter(|(_, one)| here(one));
        let mut members: Vec<Member<'e>> =
            workloads.map(|(id, workload)| Member::new(estate, id, workload)).collect();
        members.sort_by(|a, b| (&a.label, a.id).cmp(&(&b.label, b.id)));
        let mut town = Self { members, units: Vec::new(), unit_of: FxHashMap::default() };
        town.units = town.find_units();
        for (unit, members) in town.units.iter().enumerate() {
            let ids = members.iter().filter_map(|index| town.members.get(*index)).map(|member| member.id);
            town.unit_of.extend(ids.map(|id| (id, unit)));
        }
        town
    }

    /// How many units there are.
    pub(super) fn len(&self) -> usize {
        self.units.len()
    }

    pub(super) fn unit_of(&self, id: WorkloadId) -> Option<usize> {
        self.unit_of.get(&id).copied()
    }

    /// The workloads of a unit, by name.
    pub(super) fn workloads(&self, unit: usize) -> impl Iterator<Item = WorkloadId> {
        self.of(unit).filter_map(|index| self.members.get(index)).map(|member| member.id)
    }

    /// `ns/name[Kind]` of the first workload of a unit.
    pub(super) fn label(&self, unit: usize) -> &str {
        self.of(unit).next().and_then(|index| self.members.get(index)).map_or("", |member| &member.label)
    }

    /// Workloads of which some labels are not known: a selector may hold them or not.
    pub(super) fn unknown(&self) -> impl Iterator<Item = WorkloadId> {
        self.members.iter().filter(|member| !member.is_known).map(|member| member.id)
    }

    /// The smallest selector that holds exactly these units; `None` where there is none.
    pub(super) fn selector(&self, units: &[usize]) -> Option<Selector> {
        let inside: Vec<usize> = units.iter().flat_map(|unit| self.of(*unit)).collect();
        self.choice(&inside)?.smallest()
    }

    fn of(&self, unit: usize) -> impl Iterator<Item = usize> {
        self.units.get(unit).into_iter().flatten().copied()
    }

    fn choice(&self, inside: &[usize]) -> Option<Choice<'_, 'e>> {
        let chosen: Vec<&Member<'e>> = inside.iter().filter_map(|index| self.members.get(*index)).collect();
        let wanted: BTreeSet<usize> = inside.iter().copied().collect();
        let others =
            self.members.iter().enumerate().filter(|(index, one)| one.is_known && !wanted.contains(index));
        Choice::new(&chosen, others.map(|(_, member)| member).collect())
    }

    /// Joins workloads that cannot be told apart until the rest can.
    fn find_units(&self) -> Vec<Vec<usize>> {
        let mut units = self.by_labels();
        // Pods of one workload that differ may be like those of another one.
        while let Some((from, to)) = self.entangled(&units) {
            let moved = units.remove(from.max(to));
            units.get_mut(from.min(to)).into_iter().for_each(|unit| unit.extend(moved.iter().copied()));
        }
        units.iter_mut().for_each(|unit| unit.sort_unstable());
        units.sort();
        units
    }

    /// Workloads by their labels; one of which some are not known is alone.
    fn by_labels(&self) -> Vec<Vec<usize>> {
        type Likeness<'m> = (Option<usize>, &'m BTreeMap<&'m str, &'m str>);
        let mut same: BTreeMap<Likeness<'_>, Vec<usize>> = BTreeMap::new();
        for (index, member) in self.members.iter().enumerate() {
            let alone = (!member.is_known || member.variants.len() > 1).then_some(index);
            same.entry((alone, &member.common)).or_default().push(index);
        }
        same.into_values().collect()
    }

    /// Two units of which the first holds differing pods and has no selector without the second.
    fn entangled(&self, units: &[Vec<usize>]) -> Option<(usize, usize)> {
        let differs = |index: &usize| self.members.get(*index).is_some_and(|one| one.variants.len() > 1);
        units.iter().enumerate().filter(|(_, unit)| unit.iter().any(differs)).find_map(|(from, unit)| {
            let stuck = self.choice(unit)?.stuck()?;
            let to = units.iter().position(|other| {
                other.iter().filter_map(|index| self.members.get(*index)).any(|member| member.id == stuck)
            })?;
            (from != to).then_some((from, to))
        })
    }
}

impl<'e> Member<'e> {
    fn new(estate: &'e Estate, id: WorkloadId, workload: &'e Workload) -> Self {
        let controller = estate.resource(workload.resource);
        let mut is_known = true;
        let mut all: Vec<&'e Labels> = Vec::new();
        for instance in &workload.instances {
            let known = estate.resource(instance.resource).map(|resource| instance.known_labels(resource));
            is_known &= known.is_some_and(|KnownLabels { unknown, .. }| unknown == Unknown::Nothing);
            all.push(&instance.labels);
        }
        let path = controller.and_then(|one| pod_template(&one.kind)).filter(|path| !path.is_empty());
        let template = controller.zip(path).map(|(one, path)| one.body.field(path));
        let template = template.and_then(Field::present).map(Labels::of);
        let mut common: BTreeMap<&str, &str> = BTreeMap::new();
        if let Some(first) = all.first() {
            common.extend(first.iter().filter(|(key, _)| !VOLATILE.contains(key)));
        }
        for labels in all.iter().copied().chain(&template) {
            common.retain(|key, value| labels.get(key) == Some(*value));
        }
        let mut variants: Vec<Labels> = all.into_iter().cloned().chain(template).map(stable).collect();
        variants.sort();
        variants.dedup();
        let kept = controller.and_then(|one| one.body.get("spec.selector.matchLabels"));
        let kept = kept.into_iter().flat_map(|labels| labels.entries()).map(|entry| &*entry.key).collect();
        Self { id, label: workload.label(), common, variants, is_known, kept }
    }
}

fn stable(labels: Labels) -> Labels {
    let kept = labels.iter().filter(|(key, _)| !VOLATILE.contains(key));
    kept.map(|(key, value)| (Text::from(key), Text::from(value))).collect()
}
