//! Terraform plans into resources.
//!
//! ```text
//! plan ─▶ planned values ─┐
//!     ─▶ after_unknown ───┼▶ completed values ─▶ table (`tables/*.map`) ─▶ `Resource`s of canonical kinds
//!     ─▶ configuration ───┘   (references)
//! ```
//!
//! Values are taken out of the plan, not copied. What the plan does not know is unresolved and refers
//! to the resource it will come from, as far as `configuration` says; sensitive values are taken away.
//! The AWS and Kubernetes providers' types are translated by a table of text files, with no code for
//! any single type; a type without a mapping keeps its names and is counted.
//!
//! INVARIANT: a value that is known after apply is never absent, unless the configuration shows that
//! nobody configured it, which is what absent means in CloudFormation.

mod change;
mod configuration;
mod draft;
mod format;
mod index;
mod kubernetes;
mod plan;
mod policy;
#[cfg(any(test, feature = "property"))]
pub mod property;
mod provider;
mod reference;
mod repeated;
mod sensitive;
mod table;
mod tally;
mod translate;
mod unknown;

use ringfence_model::{Diagnostic, Location, Node, Resource};

/// Whether a document is Terraform's: a plan or state as `terraform show -json` prints it, or
/// something of Terraform that cannot be read, for which [`read`] names the command.
pub fn recognises(document: &Node) -> bool {
    format::recognises(document)
}

/// The resources of a plan, and what is wrong with it. `scope` names the plan: addresses hold in it.
pub fn read(plan: Node, scope: &str) -> (Vec<Resource>, Vec<Diagnostic>) {
    plan::read(plan, scope)
}

/// Where sensitive values are written in a plan, sorted: no excerpt may show these stretches.
pub fn sensitive(plan: &Node) -> Vec<Location> {
    sensitive::stretches(plan)
}
