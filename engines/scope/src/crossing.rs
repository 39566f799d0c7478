//! The query `reach.out-of-scope-to-cde` (RE03): nothing that is declared out of scope may open a
//! connection to the CDE.
//!
//! Declared classes are compared, never computed ones: whatever reaches the CDE is connected to it by
//! definition. What a declared flow says to hold card data is declared too.

use std::collections::BTreeSet;

use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{Answer, Peer, ScopeClass, ScopeFacts};
use ringfence_model::{
    Estate, Location, Missing, Reason, Resource, ResourceId, Subject, Verdict, Workload, WorkloadId,
};
use ringfence_reach::{Contact, Edge, Endpoints, Openness, Reach};
use rustc_hash::FxHashMap;

use crate::card;
use crate::estate_subject;
use crate::flow::Flows;

/// How many findings name the rules on both sides; behind them a glance at one is a glance at all.
const EXPLAINED: usize = 1_000;
/// How many rules one finding names.
const MOST_RULES: usize = 8;

pub(crate) fn answers(
    estate: &Estate,
    declaration: &Declaration,
    facts: &ScopeFacts,
    reach: &Reach,
) -> Vec<Answer> {
    let declared = |id: ResourceId| facts.of(id).and_then(|fact| fact.declared);
    let of = |class: ScopeClass| {
        let workloads = estate.iter_workloads();
        workloads.filter(move |(_, one)| declared(one.resource) == Some(class)).map(|(id, _)| id)
    };
    let outside: BTreeSet<WorkloadId> = of(ScopeClass::OutOfScope).collect();
    let mut cde: BTreeSet<WorkloadId> = of(ScopeClass::Cde).collect();
    let holders = holders(estate, declaration);
    cde.extend(holders.keys());
    cde.retain(|id| !outside.contains(id));
    let entries = declaration.classes.as_deref().unwrap_or_default();
    let says = |class: ScopeClass| entries.iter().any(|entry| entry.class == class);
    if outside.is_empty() && !says(ScopeClass::OutOfScope) {
        return vec![undeclared("no class `out-of-scope` is declared")];
    }
    if cde.is_empty() && !says(ScopeClass::Cde) && holders.is_empty() {
        return vec![undeclared("neither a class `cde` nor a flow of card data is declared")];
    }
    let target = Endpoints::workloads(cde);
    let contacts: FxHashMap<WorkloadId, Contact> = reach
        .sources(&target)
        .into_iter()
        .filter(|contact| contact.openness != Openness::Closed)
        .filter_map(|contact| if let Peer::Workload(id) = contact.peer { Some((id, contact)) } else { None })
        .collect();
    let judge = Judge { estate, reach, contacts, holders };
    outside.iter().enumerate().filter_map(|(index, id)| judge.answer(*id, index < EXPLAINED)).collect()
}

/// Workloads that declared flows take card data to, with why.
fn holders(estate: &Estate, declaration: &Declaration) -> FxHashMap<WorkloadId, Reason> {
    let flows = Flows::resolve(estate, declaration);
    let mut holders = FxHashMap::default();
    for held in card::held(&flows) {
        for id in flows.resources(held.endpoint).iter().filter_map(|id| estate.workload_of(*id)) {
            holders.entry(id).or_insert_with(|| held.reason());
        }
    }
    holders
}

fn undeclared(why: &str) -> Answer {
    Answer {
        subject: estate_subject(),
        element: String::new(),
        verdict: Verdict::Unknown,
        message: why.to_owned(),
        locations: Vec::new(),
        reasons: Vec::new(),
        missing: vec![Missing { remedy: "`classes:`".to_owned(), why: why.to_owned() }],
    }
}

struct Judge<'a> {
    estate: &'a Estate,
    reach: &'a Reach,
    contacts: FxHashMap<WorkloadId, Contact>,
    holders: FxHashMap<WorkloadId, Reason>,
}

impl Judge<'_> {
    fn answer(&self, id: WorkloadId, explained: bool) -> Option<Answer> {
        let workload = self.estate.workload(id)?;
        let resource = self.estate.resource(workload.resource)?;
        if let Some(reason) = self.holders.get(&id) {
            let message = "declared out of scope, and a flow takes card data to it".to_owned();
            return Some(found(resource, Verdict::Fail, message, vec![reason.clone()], Vec::new()));
        }
        let Some(contact) = self.contacts.get(&id) else {
            let message = "no path to a CDE pod on any port".to_owned();
            return Some(found(resource, Verdict::Pass, message, Vec::new(), Vec::new()));
        };
        let with = self.label(&contact.with);
        let mut reasons = vec![Reason::new(format!("may open {} to {with}", contact.ports), None)];
        if explained {
            reasons.extend(self.rules(id, contact));
        }
        if contact.certain {
            let message = format!("reaches {with} on {}", contact.ports);
            return Some(found(resource, Verdict::Fail, message, reasons, Vec::new()));
        }
        let why = self.condition(id, contact);
        let message = format!("may reach {with} on {}, depending on what is not known: {why}", contact.ports);
        let missing = vec![Missing { remedy: why.clone(), why }];
        Some(found(resource, Verdict::Unknown, message, reasons, missing))
    }

    fn label(&self, peer: &Peer) -> String {
        let Peer::Workload(id) = peer else { return peer_name() };
        self.estate.workload(*id).map(Workload::label).map_or_else(peer_name, |label| format!("`{label}`"))
    }

    fn edges(&self, id: WorkloadId, contact: &Contact) -> Vec<Edge> {
        let Peer::Workload(with) = contact.with else { return Vec::new() };
        self.reach.between(&Endpoints::workloads([id]), &Endpoints::workloads([with]))
    }

    fn condition(&self, id: WorkloadId, contact: &Contact) -> String {
        let edges = self.edges(id, contact);
        let condition = edges.iter().find_map(|edge| edge.condition.clone());
        condition.map_or_else(|| "a policy that cannot be read".to_owned(), |text| text.to_string())
    }

    /// The rules that open the path; where no policy selects a side, that is why.
    fn rules(&self, id: WorkloadId, contact: &Contact) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for edge in self.edges(id, contact).iter().filter(|edge| !edge.is_denied()) {
            for (side, direction) in [(&edge.egress, "leave"), (&edge.ingress, "enter")] {
                if side.policies.is_empty() {
                    reasons.push(Reason::new(format!("no policy decides what may {direction}"), None));
                }
                for matching in &side.rules {
                    let policy =
                        self.estate.resource(matching.rule.policy).map(Resource::label).unwrap_or_default();
                    let text = format!("`{policy}` lets it {direction} by {}", matching.rule.element);
                    reasons.push(Reason::new(text, matching.rule.location));
                }
            }
        }
        reasons.dedup();
        reasons.truncate(MOST_RULES);
        reasons
    }
}

fn peer_name() -> String {
    "a CDE pod".to_owned()
}

fn found(
    resource: &Resource,
    verdict: Verdict,
    message: String,
    reasons: Vec<Reason>,
    missing: Vec<Missing>,
) -> Answer {
    let name = resource.body.field("metadata.name").node().and_then(|node| node.location());
    let mut locations: Vec<Location> = name.or(resource.location()).into_iter().collect();
    locations.extend(reasons.iter().filter_map(|reason| reason.location));
    locations.dedup();
    Answer {
        subject: Subject::of(resource),
        element: String::new(),
        verdict,
        message,
        locations,
        reasons,
        missing,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::fixture::Case;
    use crate::tests::{allow, deployment};

    const CLASSES: &str = "class cde: namespaces=cde\nclass out-of-scope: namespaces=blog\n";

    #[track_caller]
    fn check(policies: &[Json], lines: &str, expected: &str) -> Case {
        let mut resources = vec![deployment("cde", "tokenizer"), deployment("blog", "blog")];
        resources.extend_from_slice(policies);
        let case = Case::new(&Json::Array(resources), lines);
        assert_eq!(case.answers("reach.out-of-scope-to-cde"), [expected]);
        case
    }

    #[test]
    fn declared_classes_are_compared_with_reach() {
        let pass = "pass blog/blog[Deployment] : no path to a CDE pod on any port";
        check(&[allow("cde", "", &[])], CLASSES, pass);
        check(&[allow("cde", "", &["shop"])], CLASSES, pass);
        let reaches = "fail blog/blog[Deployment] : reaches `cde/tokenizer[Deployment]` on";
        check(&[allow("cde", "", &["blog"])], CLASSES, &format!("{reaches} TCP 8443"));
        check(&[], CLASSES, &format!("{reaches} All Connections"));
    }

    #[test]
    fn the_rules_of_both_sides_are_named() {
        let case = check(
            &[allow("cde", "", &["blog"])],
            CLASSES,
            "fail blog/blog[Deployment] : reaches `cde/tokenizer[Deployment]` on TCP 8443",
        );
        let answers = crate::ask(
            "reach.out-of-scope-to-cde",
            &case.estate,
            &case.declaration,
            &case.facts,
            &case.reach,
        )
        .unwrap();
        let reasons: Vec<&str> = answers[0].reasons.iter().map(|reason| reason.text.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "may open TCP 8443 to `cde/tokenizer[Deployment]`",
                "no policy decides what may leave",
                "`cde/allow-[NetworkPolicy]` lets it enter by ingress[0]",
            ]
        );
    }

    #[test]
    fn what_cannot_be_compared_waits_for_classes() {
        check(
            &[],
            "class cde: namespaces=cde\n",
            "unknown estate[Estate] : no class `out-of-scope` is declared",
        );
        check(&[], "", "unknown estate[Estate] : no class `out-of-scope` is declared");
        check(
            &[],
            "class out-of-scope: namespaces=blog\n",
            "unknown estate[Estate] : neither a class `cde` nor a flow of card data is declared",
        );
    }

    #[test]
    fn what_a_flow_takes_card_data_to_is_part_of_the_comparison() {
        let flow =
            "end browser: browser\nend a: workload cde/tokenizer\nflow f\nhop h: browser > a; receive; pan\n";
        let outside = "class out-of-scope: namespaces=blog\n";
        check(
            &[],
            &format!("{flow}{outside}"),
            "fail blog/blog[Deployment] : reaches `cde/tokenizer[Deployment]` on All Connections",
        );
        check(
            &[],
            &format!("{}{outside}", flow.replace("cde/tokenizer", "blog/blog")),
            "fail blog/blog[Deployment] 4: declared out of scope, and a flow takes card data to it",
        );
    }

    #[test]
    fn a_policy_that_is_not_known_decides_nothing() {
        let policy = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "p", "namespace": "cde"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": {"Unknown": "Rules"}}});
        let case =
            Case::new(&json!([deployment("cde", "tokenizer"), deployment("blog", "blog"), policy]), CLASSES);
        let answers = case.answers("reach.out-of-scope-to-cde");
        assert!(
            answers[0]
                .starts_with("unknown blog/blog[Deployment] : may reach `cde/tokenizer[Deployment]` on"),
            "{answers:?}"
        );
    }
}
