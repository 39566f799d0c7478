//! Which requirements to choose: the fewest that leave all others out, the steadiest keys first.

use std::collections::BTreeSet;

use ringfence_model::selector::{Operator, Requirement, Selector};
use ringfence_model::{Text, WorkloadId};

use super::Member;

/// Keys by which people tell workloads apart, the best first.
const PREFERRED: [&str; 9] = [
    "app.kubernetes.io/name",
    "app",
    "k8s-app",
    "app.kubernetes.io/component",
    "component",
    "name",
    "app.kubernetes.io/instance",
    "tier",
    "role",
];

/// Keys whose value changes with a release.
const FLEETING: [&str; 10] = [
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/version",
    "build",
    "chart",
    "commit",
    "date",
    "helm.sh/chart",
    "heritage",
    "release",
    "version",
];

/// How many requirements are tried in every combination.
const TRIED: usize = 24;
/// How large those combinations are.
const LARGEST: usize = 3;
/// What a further value of a key costs, in ranks.
const VALUE: usize = 3;

/// Requirements that the pods in question meet, and the workloads that are to be left out.
#[derive(Debug)]
pub(super) struct Choice<'m, 'e> {
    /// The best first, positive ones before negative ones.
    candidates: Vec<Candidate>,
    others: Vec<&'m Member<'e>>,
}

#[derive(Debug)]
struct Candidate {
    requirement: Requirement,
    /// The others that do not meet it, as bits.
    excludes: Vec<u64>,
}

impl<'m, 'e> Choice<'m, 'e> {
    /// The choice for `inside`; `None` where nobody is inside.
    pub(super) fn new(inside: &[&Member<'e>], others: Vec<&'m Member<'e>>) -> Option<Self> {
        let first = inside.first()?;
        let mut found: Vec<(usize, Requirement)> = Vec::new();
        for (place, key) in first.common.keys().enumerate() {
            let values: Option<BTreeSet<&str>> =
                inside.iter().map(|one| one.common.get(key).copied()).collect();
            if let Some(values) = values {
                let kept = inside.iter().all(|one| one.kept.contains(key));
                let cost = rank(key, kept) + place + (values.len() - 1) * VALUE;
                found.push((cost, require(key, Operator::In(texts(values)))));
            }
        }
        found.sort();
        // What a pod lacks can only be said where all of its labels are known.
        let is_known = inside.iter().all(|one| one.is_known);
        let negative = if is_known { negative(inside, &others) } else { Vec::new() };
        found.extend(negative.into_iter().map(|one| (usize::MAX, one)));
        let candidate = |(_, requirement): (usize, Requirement)| {
            let excludes = excluded(&requirement, &others);
            Candidate { requirement, excludes }
        };
        let candidates = found.into_iter().map(candidate).collect();
        Some(Self { candidates, others })
    }

    /// One of the others that no requirement leaves out.
    pub(super) fn stuck(&self) -> Option<WorkloadId> {
        let left = self.left(self.candidates.iter());
        let index = (0..self.others.len()).find(|index| has(&left, *index))?;
        self.others.get(index).map(|member| member.id)
    }

    /// The smallest selector; positive requirements alone where they do. Negative ones come with a positive
    /// one where there is any: alone, they would hold for whatever comes later.
    pub(super) fn smallest(&self) -> Option<Selector> {
        let is_positive = |one: &&Candidate| !one.requirement.operator.is_negative();
        let positive: Vec<&Candidate> = self.candidates.iter().take_while(is_positive).collect();
        let all: Vec<&Candidate> = self.candidates.iter().collect();
        let chosen = self.among(&positive, None).or_else(|| self.among(&all, positive.first().copied()));
        // Without any label that could be asked for, only a namespace without others will do.
        let chosen = chosen.or_else(|| self.others.is_empty().then(Vec::new))?;
        let mut requirements: Vec<Requirement> =
            chosen.into_iter().map(|one| one.requirement.clone()).collect();
        requirements.sort();
        Some(Selector { requirements, unreadable: Vec::new() })
    }

    /// The fewest of `candidates` that leave nobody else, `with` in any case.
    fn among<'c>(
        &self,
        candidates: &[&'c Candidate],
        with: Option<&'c Candidate>,
    ) -> Option<Vec<&'c Candidate>> {
        if candidates.is_empty() || !is_empty(&self.left(candidates.iter().copied())) {
            return None;
        }
        let left = self.left(with.into_iter());
        let tried = candidates.get(..TRIED).unwrap_or(candidates);
        let mut chosen: Vec<&Candidate> = with.into_iter().collect();
        let small = (1..=LARGEST).find_map(|size| combination(tried, size, &left, &mut chosen));
        small.or_else(|| Some(greedy(candidates, left, chosen)))
    }

    fn left<'c>(&self, candidates: impl Iterator<Item = &'c Candidate>) -> Vec<u64> {
        candidates.fold(bits(self.others.len(), |_| true), |left, one| minus(&left, &one.excludes))
    }
}

/// `chosen`, and whatever leaves out most of those that are left, until nobody is.
fn greedy<'c>(
    candidates: &[&'c Candidate],
    mut left: Vec<u64>,
    mut chosen: Vec<&'c Candidate>,
) -> Vec<&'c Candidate> {
    while !is_empty(&left) {
        let gain = |one: &&&Candidate| count(&left) - count(&minus(&left, &one.excludes));
        let Some(best) = candidates.iter().rev().max_by_key(gain) else { break };
        left = minus(&left, &best.excludes);
        chosen.push(*best);
    }
    chosen
}
/// The first combination of `size` candidates that leaves nobody of `left`.
fn combination<'c>(
    candidates: &[&'c Candidate],
    size: usize,
    left: &[u64],
    chosen: &mut Vec<&'c Candidate>,
) -> Option<Vec<&'c Candidate>> {
    if size == 0 {
        return is_empty(left).then(|| chosen.clone());
    }
    for (index, candidate) in candidates.iter().enumerate() {
        chosen.push(candidate);
        let rest = candidates.get(index + 1..).unwrap_or_default();
        let found = combination(rest, size - 1, &minus(left, &candidate.excludes), chosen);
        if found.is_some() {
            return found;
        }
        chosen.pop();
    }
    None
}

fn rank(key: &str, kept: bool) -> usize {
    let preferred = PREFERRED.iter().position(|known| *known == key).map(|place| place * 4);
    let fleeting = if FLEETING.contains(&key) { 4_000 } else { 400 };
    preferred.unwrap_or(fleeting) + if kept { 0 } else { 200 }
}

/// What none of the pods in question bears and some of the others do.
fn negative(inside: &[&Member<'_>], others: &[&Member<'_>]) -> Vec<Requirement> {
    let (own, theirs) = (pairs(inside), pairs(others));
    let mut keys: Vec<&str> = theirs.iter().map(|(key, _)| *key).collect();
    keys.dedup();
    let requirement = |key: &str| {
        if !own.iter().any(|(there, _)| *there == key) {
            return Some(require(key, Operator::DoesNotExist));
        }
        let values = theirs.iter().filter(|pair| pair.0 == key && !own.contains(pair)).map(|pair| pair.1);
        let values = texts(values.collect());
        (!values.is_empty()).then(|| require(key, Operator::NotIn(values)))
    };
    keys.into_iter().filter_map(requirement).collect()
}

fn pairs<'m>(members: &[&'m Member<'_>]) -> BTreeSet<(&'m str, &'m str)> {
    members.iter().flat_map(|one| &one.variants).flat_map(|labels| labels.iter()).collect()
}

fn require(key: &str, operator: Operator) -> Requirement {
    Requirement { key: key.into(), operator }
}

fn texts(values: BTreeSet<&str>) -> Vec<Text> {
    values.into_iter().map(Text::from).collect()
}

fn excluded(requirement: &Requirement, others: &[&Member<'_>]) -> Vec<u64> {
    let out = |index: usize| {
        others.get(index).is_some_and(|one| !one.variants.iter().any(|labels| requirement.holds(labels)))
    };
    bits(others.len(), out)
}

fn bits(count: usize, is_set: impl Fn(usize) -> bool) -> Vec<u64> {
    let word = |word: usize| {
        let inside = (0..64).filter(|bit| word * 64 + bit < count && is_set(word * 64 + bit));
        inside.fold(0_u64, |bits, bit| bits | 1 << bit)
    };
    (0..count.div_ceil(64)).map(word).collect()
}

fn has(bits: &[u64], index: usize) -> bool {
    bits.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
}

fn minus(left: &[u64], gone: &[u64]) -> Vec<u64> {
    left.iter().zip(gone).map(|(left, gone)| left & !gone).collect()
}

fn is_empty(bits: &[u64]) -> bool {
    bits.iter().all(|word| *word == 0)
}

fn count(bits: &[u64]) -> u32 {
    bits.iter().map(|word| word.count_ones()).sum()
}
