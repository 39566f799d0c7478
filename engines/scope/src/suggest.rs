//! The smallest set of NetworkPolicies that allows exactly what is declared for a namespace.
//!
//! ```text
//! hops, register ─▶ parties, ports (party, port) ─▶ what each workload may (wanted, table)
//! labels: the smallest selector for each (labels)   fewest rules (cover)   ─▶ policies
//! estate with them, against estate without them (change)
//! ```
//!
//! INVARIANT: what cannot be resolved or expressed is left out, named in a diagnostic with its place, and
//! named in the suggestion; nothing is opened in its stead.

mod change;
mod cover;
mod dns;
mod door;
mod labels;
mod party;
mod policies;
mod port;
mod subnets;
mod table;
mod wanted;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ringfence_model::declaration::Declaration;
use ringfence_model::fact::Suggestion;
use ringfence_model::{Diagnostic, Estate, Location, Relation, Resource, ResourceId, Text, Workload};
use ringfence_reach::Reach;

pub use change::change;

/// The namespace that policies are suggested for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Its cluster, where known.
    pub cluster: Option<Text>,
    /// Its name.
    pub namespace: Text,
}

impl Home {
    /// The namespaces of the estate that are called `text`: `NAMESPACE`, or `CLUSTER/NAMESPACE`.
    pub fn find(estate: &Estate, text: &str) -> Vec<Self> {
        let (cluster, name) =
            text.split_once('/').map_or((None, text), |(before, name)| (Some(before), name));
        let namespaces = estate.of_kind("v1/Namespace").iter().filter_map(|id| estate.resource(*id));
        let called = namespaces.filter(|one| one.name == name);
        let homes =
            called.map(|one| Self { cluster: one.place.cluster.clone(), namespace: one.name.clone() });
        let mut homes: Vec<Self> = homes.collect();
        homes.retain(|home| cluster.is_none() || home.cluster.as_deref() == cluster);
        homes.sort_by(|a, b| a.cluster.cmp(&b.cluster));
        homes.dedup();
        homes
    }

    /// Whether a workload is one of this namespace.
    pub(crate) fn holds(&self, workload: &Workload) -> bool {
        workload.namespace == self.namespace && workload.cluster == self.cluster
    }

    /// Whether an object is a NetworkPolicy of this namespace.
    pub fn holds_policy(&self, resource: &Resource) -> bool {
        let kinds = ["networking.k8s.io/v1/NetworkPolicy", "extensions/v1beta1/NetworkPolicy"];
        kinds.contains(&resource.kind.as_str())
            && resource.place.cluster == self.cluster
            && resource.namespace() == self.namespace
    }
}

/// What the reader decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether pods may ask the cluster's DNS where the present policies let them.
    pub dns: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { dns: true }
    }
}

/// The policies that allow exactly what `declaration` says of `home`, and what had to be left out. `reach`
/// is of the estate as it is.
pub fn suggest(
    estate: &Estate,
    declaration: &Declaration,
    reach: &Reach,
    home: &Home,
    options: Options,
) -> (Suggestion, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let wanted = wanted::collect(estate, declaration, reach, home, &mut diagnostics);
    let mut towns = table::Towns::new(estate, home);
    let mut tables = table::Tables::new(&wanted, &mut towns);
    let dns = dns::add(estate, reach, home, options, &mut towns, &mut tables);
    let mut suggestion = policies::build(estate, home, tables, &towns, &mut diagnostics);
    suggestion.notes = [dns.note].into_iter().chain(wanted.notes()).chain(called(estate, home)).collect();
    suggestion.dns = dns.servers;
    suggestion.left_out.extend(wanted.unplaced());
    suggestion.replaced = present(estate, home);
    if wanted.is_empty() {
        diagnostics.push(nothing_declared(declaration, home));
    }
    (suggestion, diagnostics)
}

/// Services of the namespace that the API server calls: no peer of a NetworkPolicy stands for it.
fn called(estate: &Estate, home: &Home) -> Vec<String> {
    let here = |one: &&Resource| one.place.cluster == home.cluster && one.namespace() == home.namespace;
    let calls = estate.links().iter().filter(|link| link.relation == Relation::Calls);
    let called = calls.filter_map(|link| {
        let service = estate.resource(link.to).filter(here)?;
        Some((service.label(), estate.resource(link.from)?.label()))
    });
    let called: BTreeMap<String, String> = called.collect();
    let note = |(service, caller)| {
        format!(
            "the API server calls `{service}` for `{caller}`, and no pod label stands for it: register its addresses, or the call is closed"
        )
    };
    called.into_iter().map(note).collect()
}

/// The present policies of the namespace, by name.
fn present(estate: &Estate, home: &Home) -> Vec<ResourceId> {
    let mut present: Vec<(&Text, ResourceId)> =
        estate.iter().filter(|(_, one)| home.holds_policy(one)).map(|(id, one)| (&one.name, id)).collect();
    present.sort();
    present.into_iter().map(|(_, id)| id).collect()
}

fn nothing_declared(declaration: &Declaration, home: &Home) -> Diagnostic {
    let message = format!("no hop and no register entry speaks of namespace `{}`", home.namespace);
    Diagnostic::warning("suggest-nothing-declared", message)
        .at(declaration.file.map(Location::start_of)).help(
        "declare its flows under `flows:` and all else under `register:`; until then everything is denied",
    )
}
