//! Who is connected to the CDE, as reach says (PCI DSS 4.0.1 §4).

use std::collections::BTreeSet;

use ringfence_model::fact::{Peer, ScopeClass, TestState, Tests};
use ringfence_model::{Reason, ResourceId, Text, WorkloadId};
use ringfence_reach::{Contact, Endpoints, Openness, Reach};

use crate::failed;
use crate::flow::Flows;
use crate::marks::Marks;

/// Marks connected workloads, and says of all others that they are not, as far as that can be said.
pub(crate) fn mark(marks: &mut Marks<'_>, flows: &Flows<'_>, reach: &Reach) {
    let holders: Vec<WorkloadId> = marks.cde_workloads().collect();
    if !holders.is_empty() {
        for contact in reach.sources(&Endpoints::workloads(holders)) {
            if contact.openness == Openness::Unrestricted {
                unrestricted(marks, &contact);
            }
        }
        let members: Vec<WorkloadId> = marks.cde_workloads().collect();
        let cde = Endpoints::workloads(members);
        let sources = reach.sources(&cde);
        sources.iter().for_each(|contact| connected(marks, contact, Direction::Towards));
        let targets = reach.targets(&cde);
        targets.iter().for_each(|contact| connected(marks, contact, Direction::From));
    }
    hops(marks, flows);
    rest(marks, flows);
}

/// A declared hop is a connection whatever it carries; stores are known to be connected by nothing else yet.
fn hops(marks: &mut Marks<'_>, flows: &Flows<'_>) {
    for (flow, hop) in flows.hops() {
        for (near, far) in [(&hop.from, &hop.to), (&hop.to, &hop.from)] {
            let in_cde = |id: &ResourceId| marks.class(*id) == ScopeClass::Cde;
            if !flows.resources(near).iter().any(in_cde) {
                continue;
            }
            let text = format!("hop `{}` of flow `{}` connects it to `{}`", *hop.id, *flow.id, **near);
            let reason = marks.reason(Reason::new(text, hop.location));
            for id in flows.resources(far) {
                if marks.class(*id) != ScopeClass::Cde {
                    marks.mark(*id, ScopeClass::ConnectedTo, failed(true, false, false, false), reason);
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Towards,
    From,
}

/// Unrestricted connectivity towards what holds card data makes a system part of the CDE itself.
fn unrestricted(marks: &mut Marks<'_>, contact: &Contact) {
    let (Some(workload), Some(with)) = (workload(&contact.peer), label(marks, &contact.with)) else { return };
    let text = format!("no control narrows by port or protocol what it may open to {with}");
    let reason = marks.reason(Reason::new(text, None));
    if let Some(one) = marks.estate.workload(workload) {
        marks.mark(one.resource, ScopeClass::Cde, failed(true, true, false, false), reason);
    }
}

fn connected(marks: &mut Marks<'_>, contact: &Contact, direction: Direction) {
    let Some(one) = workload(&contact.peer).and_then(|id| marks.estate.workload(id)) else { return };
    if contact.openness == Openness::Closed || marks.class(one.resource) == ScopeClass::Cde {
        return;
    }
    let Some(with) = label(marks, &contact.with) else { return };
    let ports = &contact.ports;
    let text = match (direction, contact.certain) {
        (Direction::Towards, true) => format!("may open {ports} to {with}"),
        (Direction::Towards, false) => format!("may open {ports} to {with}, depending on what is not known"),
        (Direction::From, true) => format!("{with} may open {ports} to it"),
        (Direction::From, false) => format!("{with} may open {ports} to it, depending on what is not known"),
    };
    let reason = marks.reason(Reason::new(text, None));
    let tests = Tests { segment: TestState::Passed, ..failed(true, false, false, false) };
    marks.mark(one.resource, ScopeClass::ConnectedTo, tests, reason);
}

/// No contact in either direction. Where an endpoint of a flow is missing, or the CDE's pods run in
/// another cluster, nobody can say so.
fn rest(marks: &mut Marks<'_>, flows: &Flows<'_>) {
    let estate = marks.estate;
    let members = marks.cde_workloads().filter_map(|id| estate.workload(id));
    let clusters: BTreeSet<Option<&Text>> = members.map(|one| one.cluster.as_ref()).collect();
    let incomplete = marks.reason(Reason::new(
        "an endpoint of a declared flow is not found, so no path to the CDE can be ruled out",
        None,
    ));
    let elsewhere = marks.reason(Reason::new(
        "CDE pods run in another cluster, and paths between clusters are not evaluated",
        None,
    ));
    let passed = marks.reason(Reason::new(
        "no path to or from a CDE pod on any port; identity and impact are not evaluated, so it counts as in scope",
        None,
    ));
    let complete = flows.is_complete();
    for workload in estate.workloads() {
        if marks.class(workload.resource) != ScopeClass::Unknown {
            continue;
        }
        let alone = clusters.iter().all(|cluster| *cluster == workload.cluster.as_ref());
        let (reason, state) = match (complete, alone) {
            (false, _) => (incomplete, TestState::NotEvaluated),
            (true, false) => (elsewhere, TestState::NotEvaluated),
            (true, true) => (passed, TestState::Passed),
        };
        let tests = Tests { network: state, segment: state, ..Tests::default() };
        marks.mark(workload.resource, ScopeClass::Unknown, tests, reason);
    }
}

fn workload(peer: &Peer) -> Option<WorkloadId> {
    if let Peer::Workload(id) = peer { Some(*id) } else { None }
}

fn label(marks: &Marks<'_>, peer: &Peer) -> Option<String> {
    Some(format!("`{}`", marks.estate.workload(workload(peer)?)?.label()))
}
