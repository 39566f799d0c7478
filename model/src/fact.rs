//! What engines conclude, in the form that controls and outputs see.

mod reach;
mod suggest;

use std::sync::Arc;

pub use reach::{
    AddressRange, Clients, Conflict, DecidingRule, Decision, DiffEnd, Edge, Enforcement, Entry, Exposed,
    Exposure, Facing, Front, FuturePeer, Idle, Landmark, Listener, Matching, MeshEdge, Mtls, Opened,
    Openness, Passage, Peer, Policed, PortRange, Ports, Protection, Protocol, ReachChange, ReachClass,
    ReachDiff, ReachMap, ReachPair, RuleAction, Seen, Selecting, Side, Target, TargetEnd, Tls, Way, WhyIdle,
};
pub use suggest::{
    Connection, Connections, SuggestedChange, SuggestedPeer, SuggestedPolicy, SuggestedRule, Suggestion,
};

use crate::{Location, Missing, Reason, ResourceId, Subject, Verdict};

/// Class of a resource with respect to PCI scope (PCI DSS 4.0.1 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeClass {
    /// Stores, processes or transmits account data, or is connected without restriction to what does.
    Cde,
    /// Narrowed connectivity to the CDE in either direction.
    ConnectedTo,
    /// Could impact the security of the CDE.
    SecurityImpacting,
    /// Cannot be told; judged as in scope.
    Unknown,
    /// All four tests passed.
    OutOfScope,
}

impl ScopeClass {
    /// All classes, widest first.
    pub const ALL: [Self; 5] =
        [Self::Cde, Self::ConnectedTo, Self::SecurityImpacting, Self::Unknown, Self::OutOfScope];

    /// As printed and declared.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cde => "cde",
            Self::ConnectedTo => "connected-to",
            Self::SecurityImpacting => "security-impacting",
            Self::Unknown => "unknown",
            Self::OutOfScope => "out-of-scope",
        }
    }

    /// The class spelled `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == text)
    }
}

/// State of one of the four tests that being out of scope takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TestState {
    /// Shown.
    Passed,
    /// Shown not to hold.
    Failed,
    /// Nobody looked.
    #[default]
    NotEvaluated,
}

impl TestState {
    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotEvaluated => "not-evaluated",
        }
    }
}

/// The four tests; a resource is out of scope only where all have passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tests {
    /// No path to or from the CDE.
    pub network: TestState,
    /// Not in the same segment: no unrestricted connectivity.
    pub segment: TestState,
    /// No identity or administrative edge into the CDE.
    pub identity: TestState,
    /// Could not impact the CDE even if compromised.
    pub impact: TestState,
}

/// What a class rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// Templates, plans and manifests.
    #[default]
    Designed,
    /// A running account or cluster.
    Observed,
}

impl Basis {
    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Designed => "designed",
            Self::Observed => "observed",
        }
    }
}

/// Scope class of one resource, with what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeFact {
    /// The resource.
    pub resource: ResourceId,
    /// The computed class.
    pub class: ScopeClass,
    /// True where no flow is declared and everything counts as in scope.
    pub presumed: bool,
    /// What a person says of it in `classes:`.
    pub declared: Option<ScopeClass>,
    /// The four tests.
    pub tests: Tests,
    /// What it rests on.
    pub basis: Basis,
    /// Why; shared between resources that have it in common.
    pub reasons: Arc<[Reason]>,
}

/// All scope facts of an estate, and who is listed without being classed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScopeFacts {
    /// One fact for each resource, in the order of resources.
    pub facts: Vec<ScopeFact>,
    /// True where no flow is declared.
    pub presumed: bool,
    /// Parties outside the estate (`internet`, payment providers): name and `untrusted` or `third-party`.
    pub parties: Vec<(String, &'static str)>,
}

impl ScopeFacts {
    /// The fact of one resource.
    pub fn of(&self, resource: ResourceId) -> Option<&ScopeFact> {
        self.facts.get(resource.index())
    }
}

/// What an engine query says of one subject; the evaluator makes a finding of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Who or what.
    pub subject: Subject,
    /// Path of the element within the subject; empty for the subject itself. Part of the fingerprint.
    pub element: String,
    /// The verdict.
    pub verdict: Verdict,
    /// One clause.
    pub message: String,
    /// Places, the primary one first.
    pub locations: Vec<Location>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What an unknown waits for.
    pub missing: Vec<Missing>,
}

/// Engine answers by query name (`reach.default-deny`). `apps` implements it, controls ask.
pub trait Queries {
    /// The answers to `query`, one for each subject; `None` for a query that no engine knows.
    fn ask(&self, query: &str) -> Option<Vec<Answer>>;
}
