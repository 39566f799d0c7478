//! The query `scope.flows-resolve` (SC01): every flow leads from an entry to an end, over endpoints that exist.

use ringfence_model::declaration::{Declaration, Endpoint, Flow, Hop, Role, Storage};
use ringfence_model::fact::Answer;
use ringfence_model::{Estate, Location, Missing, Reason, Subject, Verdict};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::card::encrypted;
use crate::estate_subject;
use crate::flow::{self, Flows, Standing};

pub(crate) fn answers(estate: &Estate, declaration: &Declaration) -> Vec<Answer> {
    if !flow::any(declaration) {
        let why = "no flow of card data is declared".to_owned();
        let missing = vec![Missing { remedy: "`flows:`".to_owned(), why: why.clone() }];
        let answer = Answer { missing, ..answer(estate_subject(), Verdict::Unknown, why, Vec::new()) };
        return vec![answer];
    }
    let flows = Flows::resolve(estate, declaration);
    flows.flows().iter().map(|flow| judge(&flows, flow)).collect()
}

fn judge(flows: &Flows<'_>, flow: &Flow) -> Answer {
    let mut faults = endpoints(flows, flow);
    faults.extend(ends(flows, flow));
    let subject = Subject { kind: "Flow".into(), name: flow.id.value.clone(), ..Subject::default() };
    match faults.first() {
        None => {
            let reasons = vec![Reason::new("every hop resolves and every branch ends", flow.id.location)];
            answer(subject, Verdict::Pass, "leads from an entry to an end".to_owned(), reasons)
        }
        Some(first) => {
            let message = first.text.clone();
            let locations = faults.iter().filter_map(|fault| fault.location).collect();
            Answer { locations, ..answer(subject, Verdict::Fail, message, faults) }
        }
    }
}

fn answer(subject: Subject, verdict: Verdict, message: String, reasons: Vec<Reason>) -> Answer {
    let locations: Vec<Location> = reasons.iter().filter_map(|reason| reason.location).collect();
    Answer { subject, element: String::new(), verdict, message, locations, reasons, missing: Vec::new() }
}

/// Ends of hops that name nothing.
fn endpoints(flows: &Flows<'_>, flow: &Flow) -> Vec<Reason> {
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    let names = flow.hops.iter().flat_map(|hop| [&hop.from, &hop.to]);
    names
        .filter(|name| seen.insert(name.value.as_str()))
        .filter_map(|name| match flows.end(name) {
            None => Some(Reason::new(format!("endpoint `{}` is not declared", **name), name.location)),
            Some(end) if end.standing == Standing::Missing => {
                Some(Reason::new(end.nothing(), end.endpoint.location))
            }
            Some(_) => None,
        })
        .collect()
}

/// What keeps the flow from having an entry, and each of its branches an end.
fn ends(flows: &Flows<'_>, flow: &Flow) -> Vec<Reason> {
    if flow.hops.is_empty() {
        return vec![Reason::new("the flow has no hops", flow.id.location)];
    }
    if flow.hops.iter().all(|hop| !hop.after.is_empty()) {
        return vec![Reason::new("the flow has no entry: every hop comes after another", flow.id.location)];
    }
    let followed = followed(flow);
    let hops = flow.hops.iter().zip(followed);
    hops.filter_map(|(hop, followed)| open_end(flows, flow, hop, followed)).collect()
}

/// For each hop, whether a later one carries card data on: everything that comes before one that does.
fn followed(flow: &Flow) -> Vec<bool> {
    let indices = flow.hops.iter().enumerate().map(|(index, hop)| (hop.id.value.as_str(), index));
    let at: FxHashMap<&str, usize> = indices.collect();
    let mut followed = vec![false; flow.hops.len()];
    let mut pending: Vec<&Hop> = flow.hops.iter().filter(|hop| carries_card_data(hop)).collect();
    while let Some(hop) = pending.pop() {
        for earlier in hop.after.iter().filter_map(|id| at.get(id.value.as_str()).copied()) {
            if let (Some(seen @ false), Some(hop)) = (followed.get_mut(earlier), flow.hops.get(earlier)) {
                *seen = true;
                pending.push(hop);
            }
        }
    }
    followed
}

/// Whether account data goes either way, in clear or encrypted.
fn carries_card_data(hop: &Hop) -> bool {
    hop.carries_account_data()
        || hop.request.iter().chain(&hop.response).any(|element| encrypted(element).is_some())
}

/// Why card data stays for ever where `hop` takes it.
fn open_end(flows: &Flows<'_>, flow: &Flow, hop: &Hop, followed: bool) -> Option<Reason> {
    if !carries_card_data(hop) || hop.no_storage || hop.roles.contains(&Role::Dispose) {
        return None;
    }
    let fault = |text: String| Some(Reason::new(text, hop.location));
    let stores = hop.roles.contains(&Role::Store);
    let receivers = [(&hop.request, &hop.to), (&hop.response, &hop.from)];
    for (elements, receiver) in receivers {
        let takes = elements.iter().any(|one| one.is_account_data() || encrypted(one).is_some());
        let kept = stores && receiver.value == hop.to.value;
        let end = flows.end(receiver);
        let outside = end.is_some_and(|end| matches!(end.standing, Standing::Outside | Standing::People));
        if !takes || outside || (followed && !kept) || disposed_later(flow, receiver) {
            continue;
        }
        let storage = hop.storage.as_ref().filter(|_| receiver.value == hop.to.value);
        let own = end.map(|end| end.endpoint).and_then(own_storage);
        match lacking(storage, own) {
            None => {}
            Some(lacking) if kept => {
                return fault(format!("`{}` stores card data without {lacking}", **receiver));
            }
            Some(_) => {
                return fault(format!(
                    "hop `{}` ends at `{}`, which neither disposes of the card data, hands it over nor says how long it stays",
                    *hop.id, **receiver
                ));
            }
        }
    }
    None
}

/// A later hop, or one of another flow's end, that deletes what this store holds.
fn disposed_later(flow: &Flow, store: &str) -> bool {
    flow.hops.iter().any(|hop| hop.roles.contains(&Role::Dispose) && *hop.to == store)
}

fn own_storage(endpoint: &Endpoint) -> Option<&Storage> {
    endpoint.storage.as_ref()
}

/// Which of retention and disposal neither the hop nor the endpoint gives.
fn lacking(hop: Option<&Storage>, endpoint: Option<&Storage>) -> Option<&'static str> {
    let given = |part: fn(&Storage) -> bool| hop.is_some_and(part) || endpoint.is_some_and(part);
    match (given(|one| one.retention.is_some()), given(|one| one.disposal.is_some())) {
        (true, true) => None,
        (false, true) => Some("`retention`"),
        (true, false) => Some("`disposal`"),
        (false, false) => Some("`retention` and `disposal`"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::fixture::Case;
    use crate::tests::{aws, deployment};

    const ENDS: &str = "end browser: browser\nend vault: workload cde/vault\nend psp: third-party Acme\n\
        end archive: resource AWS::S3::Bucket/Recordings\nend kept: resource AWS::S3::Bucket/Recordings; keep 90 days\n";

    /// `hops` are lines of one flow, the first of which is line 7.
    #[track_caller]
    fn check(hops: &str, expected: &str) {
        let resources = json!([deployment("cde", "vault"), aws("S3::Bucket", "Recordings", json!({}))]);
        let case = Case::new(&resources, &format!("{ENDS}flow sale\n{hops}"));
        assert_eq!(case.answers("scope.flows-resolve"), [expected]);
    }

    #[test]
    fn without_flows_the_answer_waits_for_them() {
        let case = Case::new(&json!([]), "end browser: browser\n");
        assert_eq!(
            case.answers("scope.flows-resolve"),
            ["unknown estate[Estate] : no flow of card data is declared"]
        );
    }

    #[test]
    fn branches_end_in_disposal_hand_over_or_a_store_with_an_end() {
        const PASS: &str = "pass sale[Flow] 6: leads from an entry to an end";
        check(
            "hop a: browser > vault; receive no-storage; pan / token\nhop b: vault > psp; transmit; pan; after a",
            PASS,
        );
        check("hop a: browser > vault; receive; pan\nhop b: vault > psp; transmit; pan; after a", PASS);
        check("hop a: browser > kept; store; pan", PASS);
        check("hop a: browser > archive; store; pan\nhop b: vault > archive; dispose; pan; after a", PASS);
        check("hop a: browser > psp; receive; pan\nhop b: psp > vault; receive; token; after a", PASS);
    }

    #[test]
    fn what_keeps_card_data_for_ever_is_named_by_its_hop() {
        check(
            "hop a: browser > archive; store; pan",
            "fail sale[Flow] 7: `archive` stores card data without `retention` and `disposal`",
        );
        check(
            "hop a: browser > archive; store; pan\nhop b: archive > psp; transmit; pan; after a",
            "fail sale[Flow] 7: `archive` stores card data without `retention` and `disposal`",
        );
        let open = "which neither disposes of the card data, hands it over nor says how long it stays";
        check(
            "hop a: browser > vault; receive; pan",
            &format!("fail sale[Flow] 7: hop `a` ends at `vault`, {open}"),
        );
        check(
            "hop a: browser > vault; receive; pan\nhop b: vault > psp; transmit; pan; after a\nhop c: vault > vault; process; pan; after a",
            &format!("fail sale[Flow] 9: hop `c` ends at `vault`, {open}"),
        );
        check(
            "hop a: vault > psp; process; token / pan; detokenise",
            &format!("fail sale[Flow] 7: hop `a` ends at `vault`, {open}"),
        );
    }

    #[test]
    fn a_flow_needs_hops_and_an_entry() {
        check("", "fail sale[Flow] 6: the flow has no hops");
        check(
            "hop a: browser > psp; receive; pan; after b\nhop b: psp > psp; receive; pan; after a",
            "fail sale[Flow] 6: the flow has no entry: every hop comes after another",
        );
    }

    #[test]
    fn endpoints_must_name_something_and_the_line_of_the_endpoint_is_named() {
        check(
            "hop a: browser > gone; receive no-storage; pan",
            "fail sale[Flow] 7: endpoint `gone` is not declared",
        );
        let lines = "end vault: workload cde/valut\nend role: role nobody\nflow sale\n\
            hop a: role > vault; receive no-storage; pan\nhop b: vault > role; receive no-storage; pan; after a\n";
        let case = Case::new(&json!([deployment("cde", "vault")]), lines);
        let expected = "fail sale[Flow] 2,1: endpoint `role` names `nobody`, which is not in the input";
        assert_eq!(case.answers("scope.flows-resolve"), [expected]);
    }

    #[test]
    fn roles_are_iam_roles_or_groups_that_something_binds() {
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "b"}, "subjects": [{"kind": "Group", "name": "agents"}]});
        let resources = json!([binding, aws("IAM::Role", "Batch", json!({"RoleName": "batch"}))]);
        let lines = "end agents: role agents\nend batch: role arn:aws:iam::111122223333:role/batch\nflow sale\n\
            hop a: agents > batch; process no-storage; pan\n";
        let case = Case::new(&resources, lines);
        assert_eq!(case.answers("scope.flows-resolve"), ["pass sale[Flow] 3: leads from an entry to an end"]);
    }
}
