//! What arguments name: workloads, address blocks, scope classes.

use ringfence_model::fact::{Landmark, ScopeClass};
use ringfence_model::{Estate, Workload, WorkloadId};
use ringfence_reach::{Endpoints, Reach};

use crate::exit::Failure;
use crate::intake::Intake;

/// What an argument names.
pub(super) fn ends(text: &str, intake: &Intake, reach: &Reach) -> Result<Endpoints, Failure> {
    if text == "internet" {
        return Ok(Endpoints::internet());
    }
    if let Some(landmark) = Landmark::parse(text) {
        return Ok(Endpoints::landmarks([landmark]));
    }
    if let Some(cidr) = Endpoints::cidr(text) {
        return Ok(cidr);
    }
    workloads(text, intake, reach).map(Endpoints::workloads)
}

/// The workloads that an argument names.
pub(super) fn workloads(text: &str, intake: &Intake, reach: &Reach) -> Result<Vec<WorkloadId>, Failure> {
    if let Some(class) = ScopeClass::parse(text) {
        let (scope, _) = ringfence_scope::scope(&intake.estate, &intake.declaration, reach);
        let of_class =
            |workload: &Workload| scope.of(workload.resource).is_some_and(|fact| fact.class == class);
        let found: Vec<WorkloadId> = all(&intake.estate, of_class).collect();
        if found.is_empty() {
            let message = format!("no workload has the scope class `{text}`");
            return Err(Failure::usage(
                message,
                "`ringfence scope` lists the classes; what is `unknown` is asked for by that word",
            ));
        }
        return Ok(found);
    }
    let found: Vec<WorkloadId> = all(&intake.estate, |workload| is_named(workload, text)).collect();
    if found.is_empty() {
        return Err(Failure::usage(
            format!("nothing is called `{text}`"),
            "write NAMESPACE/NAME, NAMESPACE/NAME[KIND], NAMESPACE/*, an address block, `internet` or a scope class",
        ));
    }
    Ok(found)
}

pub(super) fn all<'a>(
    estate: &'a Estate,
    wanted: impl Fn(&Workload) -> bool + 'a,
) -> impl Iterator<Item = WorkloadId> + 'a {
    estate.iter_workloads().filter(move |(_, workload)| wanted(workload)).map(|(id, _)| id)
}

/// `ns/*`, `ns/name` or `ns/name[Kind]`.
fn is_named(workload: &Workload, text: &str) -> bool {
    match text.strip_suffix("/*") {
        Some(namespace) => workload.namespace == namespace,
        None if text.ends_with(']') => workload.label() == text,
        None => text
            .split_once('/')
            .is_some_and(|(namespace, name)| workload.namespace == namespace && workload.name == name),
    }
}
