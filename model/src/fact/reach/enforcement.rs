//! Where policies are enforced.

use std::sync::Arc;

use super::Peer;
use crate::Location;

/// Whether policies are enforced on some workloads. Workloads of which the same holds stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforcement {
    /// The workloads, sorted by name; one whose pods differ is a member of several facts.
    pub members: Vec<Peer>,
    /// The profile whose engine is at work in their cluster, e.g. `aws-vpc-cni`.
    pub engine: &'static str,
    /// Whether it enforces policies on their pods.
    pub policed: Policed,
    /// Why, one clause.
    pub reason: Arc<str>,
    /// The object that shows it, where it is one.
    pub location: Option<Location>,
}

/// Whether an engine enforces policies on a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policed {
    /// It does.
    Yes,
    /// Not known.
    Perhaps,
    /// None does: policies that select the pod do nothing.
    No,
}

impl Policed {
    /// As printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "enforced",
            Self::Perhaps => "perhaps enforced",
            Self::No => "not enforced",
        }
    }
}
