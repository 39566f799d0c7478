//! One run as all writers see it.

use std::cmp::Reverse;

use ringfence_model::fact::{ScopeClass, ScopeFacts};
use ringfence_model::{Diagnostic, Estate, Finding, Level, Location, Severity, Sources, Verdict};
use rustc_hash::FxHashMap;

use crate::page::ControlPage;

/// Everything that a report is made of. Borrowed, because an estate may be hundreds of megabytes.
#[derive(Clone, Debug)]
pub struct Assessment<'a> {
    /// What was read.
    pub estate: &'a Estate,
    /// What is in scope.
    pub scope: &'a ScopeFacts,
    /// The findings, in any order. Those that pass need not be here; [`Assessment::counts`] has their number.
    pub findings: &'a [Finding],
    /// What could not be read or evaluated, and what is worth knowing.
    pub diagnostics: &'a [Diagnostic],
    /// How many checks came out how.
    pub counts: Counts,
    /// The controls that were evaluated.
    pub controls: &'a [ControlPage<'a>],
    /// Path of the declaration that was used.
    pub declaration: Option<&'a str>,
    /// How many flows it declares.
    pub flows: usize,
    /// How many documents were recognised.
    pub documents: usize,
    /// What was seen and left out, one clause a reason (`3 folders such as .git`).
    pub left_out: &'a [String],
}

/// How many checks came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Fails by severity, worst first.
    pub failed: [usize; 4],
    /// Neither one nor the other.
    pub unknown: usize,
    /// Passes.
    pub pass: usize,
    /// Checks that do not concern their subject.
    pub not_applicable: usize,
}

impl Counts {
    /// Counts `findings`, which hold the passes too.
    pub fn of(findings: &[Finding]) -> Self {
        let mut counts = Self::default();
        findings.iter().for_each(|finding| counts.add(finding.verdict, finding.severity, 1));
        counts
    }

    /// Counts that many checks.
    pub fn add(&mut self, verdict: Verdict, severity: Severity, many: usize) {
        let at = Severity::ALL.iter().position(|one| *one == severity).unwrap_or(0);
        match verdict {
            Verdict::Fail => self.failed.iter_mut().skip(at).take(1).for_each(|count| *count += many),
            Verdict::Unknown => self.unknown += many,
            Verdict::Pass => self.pass += many,
            Verdict::NotApplicable => self.not_applicable += many,
        }
    }

    /// All fails.
    pub fn fail(&self) -> usize {
        self.failed.iter().sum()
    }

    /// Fails by severity, worst first.
    pub fn severities(&self) -> impl Iterator<Item = (Severity, usize)> {
        Severity::ALL.into_iter().zip(self.failed)
    }
}

/// Which findings a report lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// Fail and unknown.
    #[default]
    Open,
    /// Pass and not applicable too (`--all`).
    All,
}

impl Extent {
    fn holds(self, verdict: Verdict) -> bool {
        self == Self::All || matches!(verdict, Verdict::Fail | Verdict::Unknown)
    }
}

/// Where something is, to sort by: order of reading and offset. What has no place comes first.
fn key(location: Option<Location>) -> u64 {
    let pack = |location: Location| (location.file.index() as u64 + 1) << 32 | u64::from(location.start);
    location.map_or(0, pack)
}

/// All faults of one control.
#[derive(Debug)]
pub(crate) struct Fault<'a> {
    /// The findings, by place.
    pub(crate) findings: Vec<&'a Finding>,
}

impl<'a> Assessment<'a> {
    /// The files that were read.
    pub(crate) fn sources(&self) -> &'a Sources {
        self.estate.sources()
    }

    /// The findings in the order of all reports: files as they were read, then place, control, subject.
    pub(crate) fn findings(&self, extent: Extent) -> Vec<&'a Finding> {
        let listed = self.findings.iter().filter(|finding| extent.holds(finding.verdict));
        let mut keyed: Vec<(u64, &Finding)> =
            listed.map(|finding| (key(finding.locations.first().copied()), finding)).collect();
        keyed.sort_unstable_by(|(place, one), (other_place, other)| {
            place
                .cmp(other_place)
                .then_with(|| one.control.cmp(&other.control))
                .then_with(|| one.subject.cmp(&other.subject))
                .then_with(|| one.fingerprint.cmp(&other.fingerprint))
        });
        keyed.into_iter().map(|(_, finding)| finding).collect()
    }

    /// The fails by control: the worst first, of equals the most frequent.
    pub(crate) fn faults(&self) -> Vec<Fault<'a>> {
        let mut at: FxHashMap<&str, usize> = FxHashMap::default();
        let mut faults: Vec<Fault<'a>> = Vec::new();
        for finding in self.findings(Extent::Open) {
            if finding.verdict != Verdict::Fail {
                continue;
            }
            let index = *at.entry(&finding.control).or_insert(faults.len());
            match faults.get_mut(index) {
                Some(fault) => fault.findings.push(finding),
                None => faults.push(Fault { findings: vec![finding] }),
            }
        }
        faults.sort_by_key(|fault| {
            let first = fault.findings.first();
            let severity = first.map(|finding| finding.severity);
            (severity, Reverse(fault.findings.len()), first.map(|finding| &*finding.control))
        });
        faults
    }

    /// The unknowns by what would resolve them, the most frequent first. A check that waits for two
    /// things counts at both.
    pub(crate) fn waiting(&self) -> Vec<(&'a str, usize)> {
        let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
        for finding in self.findings.iter().filter(|finding| finding.verdict == Verdict::Unknown) {
            let mut remedies: Vec<&str> =
                finding.missing.iter().map(|missing| missing.remedy.as_str()).collect();
            remedies.sort_unstable();
            remedies.dedup();
            remedies.into_iter().for_each(|remedy| *counts.entry(remedy).or_default() += 1);
        }
        let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|(remedy, count)| (Reverse(*count), *remedy));
        counts
    }

    /// How many unknowns name nothing that would resolve them.
    pub(crate) fn stuck(&self) -> usize {
        let is_stuck = |finding: &&Finding| finding.verdict == Verdict::Unknown && finding.missing.is_empty();
        self.findings.iter().filter(is_stuck).count()
    }

    /// How many resources are in each class.
    pub(crate) fn classes(&self) -> impl Iterator<Item = (ScopeClass, usize)> {
        let mut counts = [0; ScopeClass::ALL.len()];
        for fact in &self.scope.facts {
            let at = ScopeClass::ALL.iter().position(|class| *class == fact.class);
            counts.iter_mut().skip(at.unwrap_or(0)).take(1).for_each(|count| *count += 1);
        }
        ScopeClass::ALL.into_iter().zip(counts)
    }
}

/// Diagnostics in the order of all reports: the worst first, then by place.
pub(crate) fn by_level(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by(|one, other| {
        let rank = |diagnostic: &Diagnostic| (diagnostic.level, key(diagnostic.location), diagnostic.code);
        rank(one).cmp(&rank(other)).then_with(|| one.message.cmp(&other.message))
    });
    sorted
}

/// Diagnostics of one kind.
#[derive(Debug)]
pub(crate) struct Kind<'a> {
    /// At least one, by place.
    pub(crate) diagnostics: Vec<&'a Diagnostic>,
}

/// Diagnostics by level and code, so that ten thousand of a kind can be counted instead of listed.
pub(crate) fn by_kind(diagnostics: &[Diagnostic]) -> Vec<Kind<'_>> {
    let mut at: FxHashMap<(Level, &str), usize> = FxHashMap::default();
    let mut kinds: Vec<Kind<'_>> = Vec::new();
    for diagnostic in by_level(diagnostics) {
        let index = *at.entry((diagnostic.level, diagnostic.code)).or_insert(kinds.len());
        match kinds.get_mut(index) {
            Some(kind) => kind.diagnostics.push(diagnostic),
            None => kinds.push(Kind { diagnostics: vec![diagnostic] }),
        }
    }
    kinds
}

/// A level as printed.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}
