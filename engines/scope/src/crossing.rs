//! The query `reach.out-of-scope-to-cde` (RE03): nothing that is declared out of scope may open a
//! connection to the CDE.
//!
//! Declared classes are compared, never computed ones: whatever reaches the CDE is connected to it by
//! definition. What a declared flow says to hold card data is declared too.
//!
//! INVARIANT: nothing passes where a part of the CDE may be out of sight: an entry that matches nothing, an
//! endpoint that is not found, a workload whose class is in doubt, pods in another cluster.

mod sides;

use std::collections::BTreeSet;

use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{Answer, Peer, ScopeFacts};
use ringfence_model::{
    Estate, Location, Missing, Reason, Resource, Subject, Text, Verdict, Workload, WorkloadId,
};
use ringfence_reach::{Contact, Edge, Endpoints, Openness, Reach};
use rustc_hash::FxHashMap;

use sides::Sides;

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
    let sides = Sides::new(estate, declaration, facts);
    if let Some(answer) = sides.nobody_outside().or_else(|| sides.no_cde()) {
        return vec![answer];
    }
    let judge = Judge::new(estate, reach, &sides);
    let outside = sides.outside.iter().enumerate();
    let mut answers: Vec<Answer> =
        outside.filter_map(|(index, id)| judge.answer(*id, index < EXPLAINED)).collect();
    let in_doubt = sides.perhaps_outside.iter();
    answers.extend(in_doubt.filter_map(|(id, missing)| judge.doubtful(*id, (*missing).clone())));
    answers
}

struct Judge<'a> {
    estate: &'a Estate,
    reach: &'a Reach,
    sides: &'a Sides<'a>,
    contacts: FxHashMap<WorkloadId, Contact>,
    /// Contacts with what may be part of the CDE.
    doubtful: FxHashMap<WorkloadId, Contact>,
    /// Clusters of the CDE's pods.
    clusters: BTreeSet<Option<&'a Text>>,
    /// Why a part of the CDE may be out of sight.
    gap: Option<Missing>,
}

impl<'a> Judge<'a> {
    fn new(estate: &'a Estate, reach: &'a Reach, sides: &'a Sides<'a>) -> Self {
        let members = sides.cde.iter().chain(sides.perhaps_cde.keys());
        let clusters = members.filter_map(|id| estate.workload(*id)).map(|one| one.cluster.as_ref());
        Self {
            estate,
            reach,
            sides,
            contacts: contacts(reach, sides.cde.iter().copied()),
            doubtful: contacts(reach, sides.perhaps_cde.keys().copied()),
            clusters: clusters.collect(),
            gap: sides.gap(),
        }
    }

    fn answer(&self, id: WorkloadId, explained: bool) -> Option<Answer> {
        let workload = self.estate.workload(id)?;
        let resource = self.estate.resource(workload.resource)?;
        if let Some(reason) = self.sides.holders.get(&id) {
            let message = "declared out of scope, and a flow takes card data to it".to_owned();
            return Some(found(resource, Verdict::Fail, message, vec![reason.clone()], Vec::new()));
        }
        let Some(contact) = self.contacts.get(&id) else { return Some(self.closed(id, workload, resource)) };
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

    /// The answer where no path is found: a pass, unless there may be one that cannot be seen.
    fn closed(&self, id: WorkloadId, workload: &Workload, resource: &Resource) -> Answer {
        let unseen = self.gap.clone().or_else(|| self.in_doubt(id)).or_else(|| self.elsewhere(workload));
        match unseen {
            None => {
                let message = "no path to a CDE pod on any port".to_owned();
                found(resource, Verdict::Pass, message, Vec::new(), Vec::new())
            }
            Some(missing) => {
                let message = format!("no path to a CDE pod is found, but {}", missing.why);
                found(resource, Verdict::Unknown, message, Vec::new(), vec![missing])
            }
        }
    }

    fn in_doubt(&self, id: WorkloadId) -> Option<Missing> {
        let contact = self.doubtful.get(&id)?;
        let Peer::Workload(with) = contact.with else { return None };
        let missing = self.sides.perhaps_cde.get(&with)?;
        let label = self.label(&contact.with);
        let why =
            format!("it may reach {label}, and whether that is declared `cde` is not known: {}", missing.why);
        Some(Missing { remedy: missing.remedy.clone(), why })
    }

    fn elsewhere(&self, workload: &Workload) -> Option<Missing> {
        let alone = self.clusters.iter().all(|cluster| *cluster == workload.cluster.as_ref());
        (!alone).then(|| Missing {
            remedy: "a look at the paths between clusters".to_owned(),
            why: "CDE pods run in another cluster, and paths between clusters are not evaluated".to_owned(),
        })
    }

    /// The answer for what may be declared out of scope.
    fn doubtful(&self, id: WorkloadId, missing: Missing) -> Option<Answer> {
        let resource = self.estate.resource(self.estate.workload(id)?.resource)?;
        let message = format!("whether it is declared out of scope is not known: {}", missing.why);
        Some(found(resource, Verdict::Unknown, message, Vec::new(), vec![missing]))
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

/// Who may open a connection to one of `targets`.
fn contacts(
    reach: &Reach,
    targets: impl ExactSizeIterator<Item = WorkloadId>,
) -> FxHashMap<WorkloadId, Contact> {
    if targets.len() == 0 {
        return FxHashMap::default();
    }
    let contacts = reach.sources(&Endpoints::workloads(targets)).into_iter();
    contacts
        .filter(|contact| contact.openness != Openness::Closed)
        .filter_map(|contact| if let Peer::Workload(id) = contact.peer { Some((id, contact)) } else { None })
        .collect()
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

    /// The answers about `resources`, none of which reaches what it should not.
    #[track_caller]
    fn check_all(resources: &[Json], lines: &str, expected: &[&str]) {
        let case = Case::new(&Json::Array(resources.to_vec()), lines);
        let answers = case.answers("reach.out-of-scope-to-cde");
        assert_eq!(answers, expected, "{lines}");
        let asked = crate::ask(
            "reach.out-of-scope-to-cde",
            &case.estate,
            &case.declaration,
            &case.facts,
            &case.reach,
        );
        for answer in asked.unwrap() {
            let unknown = answer.verdict == ringfence_model::Verdict::Unknown;
            assert_eq!(unknown, !answer.missing.is_empty(), "{answer:?}");
        }
    }

    fn closed() -> Vec<Json> {
        vec![deployment("cde", "tokenizer"), deployment("blog", "blog"), allow("cde", "", &[])]
    }

    #[test]
    fn a_cde_that_is_not_found_lets_nothing_pass() {
        let outside = "class out-of-scope: namespaces=blog\n";
        let check = |lines: &str, expected: &str| {
            check_all(&closed(), &format!("{lines}{outside}"), &[expected]);
        };
        check(
            "class cde: namespaces=ced\n",
            "unknown estate[Estate] 1: the entry of `classes:` for `cde` matches nothing in the input",
        );
        check(
            "class cde: kinds=v1/Namespace\n",
            "unknown estate[Estate] : no workload in the input is declared `cde`, and no flow takes card data to one",
        );
        check(
            "class cde: namespaces=cde\nclass cde: namespaces=ced\n",
            "unknown blog/blog[Deployment] : no path to a CDE pod is found, but the entry of `classes:` for `cde` \
             matches nothing in the input",
        );
        // An entry for AWS resources could not have been for pods.
        check(
            "class cde: namespaces=cde\nclass cde: tags=scope=cde\nclass cde: kinds=AWS::RDS::*\n",
            "pass blog/blog[Deployment] : no path to a CDE pod on any port",
        );
        let flow =
            "end browser: browser\nend a: workload cde/gone\nflow f\nhop h: browser > a; receive; pan\n";
        check(flow, "unknown estate[Estate] : endpoint `a` names `cde/gone`, which is not in the input");
        check(
            &format!("{flow}class cde: namespaces=cde\n"),
            "unknown blog/blog[Deployment] : no path to a CDE pod is found, but endpoint `a` names `cde/gone`, which \
             is not in the input",
        );
    }

    #[test]
    fn a_workload_in_doubt_lets_pass_only_what_does_not_reach_it() {
        let unknown = |namespace: &str| {
            let mut hub = deployment(namespace, "hub");
            hub["spec"]["template"]["metadata"]["labels"]["scope"] = json!({"Unknown": "Scope"});
            hub
        };
        let lines =
            "class cde: labels=scope=cde\nclass cde: namespaces=cde\nclass out-of-scope: namespaces=blog\n";
        let resources = |more: &[Json]| [&closed()[..], &[unknown("hub")], more].concat();
        check_all(
            &resources(&[]),
            lines,
            &[
                "unknown blog/blog[Deployment] : no path to a CDE pod is found, but it may reach `hub/hub[Deployment]`, and \
               whether that is declared `cde` is not known: parameter `Scope` has no value",
            ],
        );
        check_all(
            &resources(&[allow("hub", "", &[])]),
            lines,
            &["pass blog/blog[Deployment] : no path to a CDE pod on any port"],
        );
        let outside = "class out-of-scope: labels=scope=out\nclass cde: namespaces=cde\n";
        check_all(
            &[&closed()[..], &[unknown("blog")]].concat(),
            outside,
            &[
                "unknown blog/hub[Deployment] : whether it is declared out of scope is not known: parameter `Scope` has no value",
            ],
        );
    }

    #[test]
    fn paths_between_clusters_are_not_known() {
        let mut resources = closed();
        resources[1]["cluster"] = json!("web");
        for at in [0, 2] {
            resources[at]["cluster"] = json!("pay");
        }
        check_all(
            &resources,
            CLASSES,
            &[
                "unknown blog/blog[Deployment] : no path to a CDE pod is found, but CDE pods run in another cluster, and \
               paths between clusters are not evaluated",
            ],
        );
    }

    #[test]
    fn a_class_out_of_scope_that_covers_no_workload_is_said() {
        let check = |resources: &[Json], lines: &str, expected: &str| {
            check_all(resources, &format!("class cde: namespaces=cde\n{lines}"), &[expected]);
        };
        check(
            &closed(),
            "class out-of-scope: namespaces=bolg\n",
            "unknown estate[Estate] 2: the entry of `classes:` for `out-of-scope` matches nothing in the input",
        );
        let tags = "class out-of-scope: tags=scope=out\n";
        let none = "not-applicable estate[Estate] 2: the class `out-of-scope` is declared for no workload in the input";
        check(&closed(), tags, none);
        check(&[], "class out-of-scope: namespaces=bolg\n", none);
    }

    #[test]
    fn what_takes_card_data_counts_although_it_is_declared_out_of_scope() {
        let lines = "end browser: browser\nend a: workload blog/blog\nflow f\nhop h: browser > a; receive; pan\n\
                     class out-of-scope: namespaces=blog\n";
        check_all(
            &[deployment("blog", "blog"), deployment("blog", "comments")],
            lines,
            &[
                "fail blog/blog[Deployment] 4: declared out of scope, and a flow takes card data to it",
                "fail blog/comments[Deployment] : reaches `blog/blog[Deployment]` on All Connections",
            ],
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
