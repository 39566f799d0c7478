//! Where a value comes from.

use std::sync::Arc;

use crate::Location;

/// Where a value comes from. Sixteen bytes, because every node carries one.
///
/// A value that cannot be known is [`Value::Unresolved`](crate::Value::Unresolved): its reason is in
/// the value, and its origin still says where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Written there. For the value of a map entry the location runs from the key to the end of a
    /// scalar value, so that it always names the line that a person would change.
    Explicit(Location),
    /// Not written: the API or the provider fills it in, as the document says.
    Default(&'static Document),
    /// Concluded from something else.
    Derived(Arc<Derivation>),
    /// Answered by a call.
    Observed(Arc<Observation>),
}

/// A document that states a default.
#[derive(Debug, PartialEq, Eq)]
pub struct Document {
    /// Title as its publisher prints it.
    pub title: &'static str,
    /// Address of the page.
    pub address: &'static str,
}

/// What a derived value follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    /// One sentence without a full stop, e.g. ``namespace `cde` is used but not in the input``.
    pub because: String,
    /// The place that gave rise to it.
    pub location: Option<Location>,
}

/// The call that observed a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Service and call, e.g. `eks:DescribeCluster`.
    pub call: String,
    /// When, RFC 3339.
    pub at: String,
}

impl Origin {
    /// A value concluded from something at `location`.
    pub fn derived(because: impl Into<String>, location: Option<Location>) -> Self {
        Self::Derived(Arc::new(Derivation { because: because.into(), location }))
    }

    /// The place in a file, where there is one.
    pub fn location(&self) -> Option<Location> {
        match self {
            Self::Explicit(location) => Some(*location),
            Self::Derived(derivation) => derivation.location,
            Self::Default(_) | Self::Observed(_) => None,
        }
    }
}
