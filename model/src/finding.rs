//! Findings: control × subject → verdict, with places and reasons.

use std::fmt;
use std::sync::Arc;

use crate::{Location, Subject};

/// What a control says of a subject. Nothing missing, denied, unresolved or unparsed is ever `Pass`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The condition does not hold.
    Fail,
    /// It cannot be told; [`Finding::missing`] says what would tell.
    Unknown,
    /// The condition holds.
    Pass,
    /// The control does not concern this subject; the reason names the fact that makes it so.
    NotApplicable,
}

impl Verdict {
    /// All, worst first.
    pub const ALL: [Self; 4] = [Self::Fail, Self::Unknown, Self::Pass, Self::NotApplicable];

    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Pass => "pass",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// Severity as the catalogue's list gives it (C, H, M, L), worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// C.
    Critical,
    /// H.
    High,
    /// M.
    Medium,
    /// L.
    Low,
}

impl Severity {
    /// All, worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// As printed and as written in control files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// The severity spelled `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One sentence of an explanation and the place it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Lower case, no full stop.
    pub text: String,
    /// The place.
    pub location: Option<Location>,
}

impl Reason {
    /// A reason that rests on `location`.
    pub fn new(text: impl Into<String>, location: Option<Location>) -> Self {
        Self { text: text.into(), location }
    }
}

/// What an unknown verdict waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Missing {
    /// What would resolve it, as people are told; unknowns are grouped by this (`` `registries:` ``).
    pub remedy: String,
    /// Why it is missing.
    pub why: String,
}

/// Ids of the requirements behind a control, by standard (`pci-4.0.1`, `pci-3.2.1`, `cis-eks-1.8`, `ledger`).
pub type Requirements = Arc<[(String, Vec<String>)]>;

/// A stable identity: a hash of control, subject and path of the element; never of line, file or order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub String);

/// A control's word on one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Control id, e.g. `WL05.2`.
    pub control: Arc<str>,
    /// Row of the control list, e.g. `WL05`.
    pub row: Arc<str>,
    /// Name of the control: the fault, e.g. `privileged-container`.
    pub name: Arc<str>,
    /// The verdict.
    pub verdict: Verdict,
    /// How bad a fail is.
    pub severity: Severity,
    /// Who or what.
    pub subject: Subject,
    /// Places, the primary one first.
    pub locations: Vec<Location>,
    /// One clause: what is wrong, missing or fine.
    pub message: String,
    /// How to put it right, one sentence.
    pub remedy: Arc<str>,
    /// Why the verdict is what it is.
    pub reasons: Vec<Reason>,
    /// What an unknown waits for.
    pub missing: Vec<Missing>,
    /// The requirements behind the control.
    pub requirements: Requirements,
    /// The stable identity.
    pub fingerprint: Fingerprint,
}
