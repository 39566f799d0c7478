//! The nouns of Ringfence.
//!
//! ```text
//! sources ─▶ estate (resources, links, workloads) ─▶ facts ─▶ findings ─▶ outputs
//!            every value: node = value + origin
//! ```
//!
//! This crate is what all layers share. It performs no IO, knows no source format, and has no clock:
//! sources translate what they read into [`Resource`]s, [`EstateBuilder`] joins them into an
//! [`Estate`], engines add [`fact`]s, controls produce [`Finding`]s.
//!
//! INVARIANT: an unresolved value never looks like an absent one. [`Node::field`] tells the two
//! apart, and nothing here turns [`Value::Unresolved`] into a default.

pub mod declaration;
pub mod defaults;
mod diagnostic;
mod estate;
pub mod fact;
mod finding;
mod fold;
mod glob;
mod kind;
mod link;
mod mask;
mod nearest;
mod node;
mod origin;
mod place;
mod resource;
pub mod selector;
mod source;
mod subject;
mod workload;

pub use diagnostic::{Diagnostic, Level};
pub use estate::{Estate, EstateBuilder, Label, cluster_name};
pub use finding::{Finding, Fingerprint, Missing, Reason, Requirements, Severity, Verdict};
pub use fold::{Fold, Satellite};
pub use glob::glob;
pub use kind::Kind;
pub use link::{Link, Relation};
pub use mask::{mask, mask_cards, masked};
pub use nearest::nearest;
pub use node::{Cause, Entry, Field, Key, Map, Node, Target, Text, Unresolved, Value};
pub use origin::{Derivation, Document, Observation, Origin};
pub use place::Place;
pub use resource::{Resource, ResourceId, Stage};
pub use source::{FileId, Location, Position, SourceFile, Sources};
pub use subject::Subject;
pub use workload::{Instance, Labels, Workload, WorkloadId, pod_spec, pod_template};
