//! Tokens: out only where turning them back is not reachable.

use ringfence_model::declaration::{DataElement, EndpointTarget, Transform};
use ringfence_model::fact::{ScopeClass, Tests};
use ringfence_model::{Estate, Reason, ResourceId, WorkloadId};
use ringfence_reach::{Endpoints, Openness, Reach};
use rustc_hash::FxHashSet;

use crate::card::passages;
use crate::failed;
use crate::flow::Flows;
use crate::marks::Marks;

/// Says of every endpoint that holds tokens and no card number whether it could turn them back.
pub(crate) fn mark(marks: &mut Marks<'_>, flows: &Flows<'_>, reach: &Reach) {
    let detokenisers = detokenisers(flows);
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for passage in passages(flows) {
        let token = |element: &DataElement| matches!(element, DataElement::Token | DataElement::PaymentToken);
        if !passage.elements.iter().any(token) {
            continue;
        }
        for holder in [passage.giver, passage.taker] {
            if seen.insert(holder) {
                judge(marks, flows, reach, holder, &detokenisers);
            }
        }
    }
}

/// The endpoints that turn tokens back.
fn detokenisers<'a>(flows: &Flows<'a>) -> Vec<&'a str> {
    let hops = flows.hops().filter(|(_, hop)| hop.transforms.contains(&Transform::Detokenise));
    let mut names: Vec<&str> = hops.map(|(_, hop)| hop.to.value.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn judge(marks: &mut Marks<'_>, flows: &Flows<'_>, reach: &Reach, holder: &str, detokenisers: &[&str]) {
    let location = flows.end(holder).and_then(|end| end.endpoint.location);
    for id in flows.resources(holder).to_vec() {
        if marks.class(id) == ScopeClass::Cde {
            continue;
        }
        let (text, tests) = match reachable(marks.estate, flows, reach, id, detokenisers) {
            Some(Way::To(name)) => {
                let text = format!("holds tokens, and can reach `{name}`, which turns them back");
                (text, failed(false, false, false, true))
            }
            Some(Way::Untold) => (
                "holds tokens; whether it can reach what turns them back is not told".to_owned(),
                Tests::default(),
            ),
            None => {
                ("holds tokens only, and reaches nothing that turns them back".to_owned(), Tests::default())
            }
        };
        let reason = marks.reason(Reason::new(text, location));
        marks.mark(id, ScopeClass::Unknown, tests, reason);
    }
}

/// How tokens could be turned back.
enum Way<'a> {
    To(&'a str),
    Untold,
}

fn reachable<'n>(
    estate: &Estate,
    flows: &Flows<'_>,
    reach: &Reach,
    holder: ResourceId,
    detokenisers: &[&'n str],
) -> Option<Way<'n>> {
    let workloads = |ids: &[ResourceId]| {
        let ids = ids.iter().filter_map(|id| estate.workload_of(*id));
        ids.collect::<Vec<WorkloadId>>()
    };
    let from = workloads(&[holder]);
    for name in detokenisers {
        let Some(end) = flows.end(name) else { return Some(Way::Untold) };
        let mut to = Endpoints::workloads(workloads(&end.resources));
        for address in &end.endpoint.addresses {
            to = Endpoints::cidr(address).into_iter().fold(to, Endpoints::and);
        }
        let in_estate = !end.resources.is_empty();
        if from.is_empty() || to.is_empty() {
            // A store connects to nothing by itself; who is outside and where is not said.
            if !from.is_empty() || in_estate || matches!(end.endpoint.target, EndpointTarget::ThirdParty(_)) {
                return Some(Way::Untold);
            }
            continue;
        }
        if reach.openness(&Endpoints::workloads(from.iter().copied()), &to) != Openness::Closed {
            return Some(Way::To(name));
        }
    }
    None
}
