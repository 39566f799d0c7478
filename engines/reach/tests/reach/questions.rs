//! Questions about whole maps, against the answers for single pairs.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use ringfence_model::Estate;
use ringfence_model::fact::{DiffEnd, Exposure, Opened, Peer, PortRange, Ports, Protection, WhyIdle};
use ringfence_reach::{Comparison, Endpoints, Profile, Reach, compare, diff};
use serde_json::{Value as Json, json};

use crate::fixture::{app, check, estate, everyone, name, namespace, pod, policy, with, workload};
use crate::random::{cluster, manifests};

struct Subject {
    estate: Estate,
    reach: Reach,
}

fn subject(manifests: &[Json]) -> Subject {
    let estate = estate(manifests);
    let (reach, _) = Reach::new(&estate, Profile::Spec);
    Subject { estate, reach }
}

impl Subject {
    fn pair(&self) -> (&Estate, &Reach) {
        (&self.estate, &self.reach)
    }

    /// What is open for each pair of pods by name: certainly, and perhaps.
    fn opened(&self) -> BTreeMap<(String, String), (Ports, Ports)> {
        let everyone = everyone(&self.estate);
        let mut opened: BTreeMap<(String, String), (Ports, Ports)> = BTreeMap::new();
        for edge in self.reach.between(&everyone, &everyone) {
            for (from, to) in edge.from.iter().flat_map(|from| edge.to.iter().map(move |to| (from, to))) {
                let pair = (name(&self.estate, *from), name(&self.estate, *to));
                if pair.0 != pair.1 {
                    let (sure, maybe) = opened.entry(pair).or_default();
                    *sure = sure.union(&edge.allowed);
                    *maybe = maybe.union(&edge.ports());
                }
            }
        }
        opened
    }
}

/// What `diff` says of each pair of pods: opened and closed ports.
fn changed(before: &Subject, after: &Subject) -> BTreeMap<(String, String), (Ports, Ports)> {
    let named = |end: &DiffEnd| match (end.before, end.after) {
        (_, Some(peer @ Peer::Workload(_))) => Some(name(&after.estate, peer)),
        (Some(peer @ Peer::Workload(_)), None) => Some(name(&before.estate, peer)),
        _ => None,
    };
    let mut found = BTreeMap::new();
    for change in diff(before.pair(), after.pair()).changes {
        for from in change.from.iter().filter_map(named) {
            for to in change.to.iter().filter_map(named).filter(|to| *to != from) {
                let ports = (Ports::clone(&change.opened), Ports::clone(&change.closed));
                assert!(found.insert((from.clone(), to), ports).is_none(), "a pair is listed once");
            }
        }
    }
    found.retain(|_, (opened, closed)| !(opened.is_empty() && closed.is_empty()));
    found
}

fn expected(before: &Subject, after: &Subject) -> BTreeMap<(String, String), (Ports, Ports)> {
    let (old, new) = (before.opened(), after.opened());
    let pairs: BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
    let none = (Ports::default(), Ports::default());
    let change = |pair: (String, String)| {
        let (old, new) = (&old.get(&pair).unwrap_or(&none).1, &new.get(&pair).unwrap_or(&none).1);
        let change = (new.minus(old), old.minus(new));
        (change != (Ports::default(), Ports::default())).then_some((pair, change))
    };
    pairs.into_iter().filter_map(change).collect()
}

/// A change of a cluster.
#[derive(Clone, Debug)]
enum Edit {
    Remove(Index),
    Relabel(Index, &'static str),
    Replace(Index, Box<Json>),
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<Index>;
    prop_oneof![
        index().prop_map(Edit::Remove),
        (index(), prop::sample::select(&["x", "y", "z"][..]))
            .prop_map(|(at, value)| Edit::Relabel(at, value)),
        (index(), cluster()).prop_filter_map("another policy", |(at, other)| {
            let all = manifests(&other);
            let policy = all.into_iter().find(|one| one["kind"] == "NetworkPolicy")?;
            Some(Edit::Replace(at, Box::new(policy)))
        }),
    ]
}

fn edited(manifests: &[Json], edit: &Edit) -> Vec<Json> {
    let mut all = manifests.to_vec();
    match edit {
        Edit::Remove(at) => drop(all.remove(at.index(all.len()))),
        Edit::Relabel(at, value) => {
            let at = at.index(all.len());
            all[at]["metadata"]["labels"]["app"] = json!(value);
        }
        Edit::Replace(at, policy) => {
            let at = at.index(all.len());
            if all[at]["kind"] == "NetworkPolicy" {
                all[at] = Json::clone(policy);
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, ..ProptestConfig::default() })]

    #[test]
    fn a_diff_is_what_pairs_say_before_and_after(cluster in cluster(), edits in prop::collection::vec(edit(), 1..4)) {
        let before = manifests(&cluster);
        let after = edits.iter().fold(before.clone(), |all, edit| edited(&all, edit));
        let [before, after] = [before, after].map(|all| subject(&all));
        prop_assert_eq!(changed(&before, &after), expected(&before, &after));
        let back = changed(&after, &before).into_iter().map(|(pair, (opened, closed))| (pair, (closed, opened)));
        prop_assert_eq!(back.collect::<BTreeMap<_, _>>(), expected(&before, &after));
        prop_assert!(diff(before.pair(), before.pair()).is_empty());
    }

    #[test]
    fn what_is_idle_can_go(cluster in cluster()) {
        let all = manifests(&cluster);
        let whole = subject(&all);
        let listed = whole.opened();
        for idle in whole.reach.idle() {
            let resource = whole.estate.resource(idle.rule.policy).unwrap();
            let mut less = all.clone();
            let at = less.iter().position(|one| {
                one["kind"] == "NetworkPolicy"
                    && one["metadata"]["name"] == resource.name.as_str()
                    && one["metadata"]["namespace"] == resource.namespace()
            });
            let at = at.unwrap();
            match idle.rule.element.as_str() {
                "" => drop(less.remove(at)),
                element => {
                    let (direction, index) = element.trim_end_matches(']').split_once('[').unwrap();
                    let spec = &mut less[at]["spec"];
                    // Without its last egress rule a policy would leave egress alone.
                    let mut types = vec!["Ingress"];
                    types.extend(spec["egress"].as_array().is_some_and(|rules| !rules.is_empty()).then_some("Egress"));
                    if spec["policyTypes"].as_array().is_none_or(Vec::is_empty) {
                        spec["policyTypes"] = json!(types);
                    }
                    spec[direction].as_array_mut().unwrap().remove(index.parse().unwrap());
                }
            }
            prop_assert_eq!(&subject(&less).opened(), &listed, "{:?}", idle);
        }
    }

    #[test]
    fn a_pod_to_come_gets_what_exposure_says(cluster in cluster()) {
        let mut all = manifests(&cluster);
        let exposures = subject(&all);
        let exposed = exposures.reach.exposure(&exposures.estate);
        all.push(namespace("new", json!({})));
        let mut newcomer = pod("new", "plain", 1);
        newcomer["metadata"]["labels"] = json!({});
        newcomer["status"] = json!({});
        all.push(newcomer);
        let after = subject(&all);
        let plain = Endpoints::workloads([workload(&after.estate, "new/plain[Pod]")]);
        for exposure in exposed {
            for member in &exposure.members {
                let Peer::Workload(id) = member else { panic!("{member:?}") };
                let label = exposures.estate.workload(*id).unwrap().label();
                let one = Endpoints::workloads([workload(&after.estate, &label)]);
                for edge in after.reach.between(&plain, &one) {
                    let open = exposure.ingress.cluster.allowed.union(&exposure.ingress.cluster.depends);
                    prop_assert!(edge.ingress.allowed.minus(&open).is_empty(), "{}: {:?}", label, edge);
                    prop_assert!(exposure.ingress.cluster.allowed.minus(&edge.ingress.allowed.union(&edge.ingress.depends)).is_empty());
                }
                for edge in after.reach.between(&one, &plain) {
                    let open = exposure.egress.cluster.allowed.union(&exposure.egress.cluster.depends);
                    prop_assert!(edge.egress.allowed.minus(&open).is_empty(), "{}: {:?}", label, edge);
                }
            }
        }
    }
}

fn allow(name: &str, to: &str, from: Json, port: u16) -> Json {
    policy(name, json!({"podSelector": app(to), "ingress": [{"from": from, "ports": [{"port": port}]}]}))
}

fn deny(name: &str) -> Json {
    policy(name, json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}))
}

#[track_caller]
fn check_idle(policies: Vec<Json>, expected: &[(&str, &str, WhyIdle)]) {
    let Subject { estate, reach } = subject(&with(&["a", "b"], policies));
    let idle = reach.idle();
    let found: Vec<(&str, &str, WhyIdle)> = idle
        .iter()
        .map(|one| {
            (estate.resource(one.rule.policy).unwrap().name.as_str(), one.rule.element.as_str(), one.why)
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_selects_or_matches_nothing_is_unused() {
    let nobody = allow("selects-nobody", "nobody", json!([]), 80);
    check_idle(vec![nobody], &[("selects-nobody", "", WhyIdle::SelectsNoPod)]);
    let stranger = policy(
        "stranger",
        json!({"podSelector": app("a"), "ingress": [
            {"from": [{"podSelector": app("stranger")}]},
            {"from": [{"podSelector": app("b")}], "ports": [{"port": "nowhere"}]},
        ]}),
    );
    check_idle(
        vec![stranger],
        &[
            ("stranger", "ingress[0]", WhyIdle::MatchesNoPeer),
            ("stranger", "ingress[1]", WhyIdle::MatchesNoPort),
        ],
    );
}

#[test]
fn what_others_decide_is_shadowed() {
    let from_b = json!([{"podSelector": app("b")}]);
    let wide = policy("wide", json!({"podSelector": app("a"), "ingress": [{"from": from_b}]}));
    check_idle(
        vec![wide.clone(), allow("narrow", "a", from_b.clone(), 80)],
        &[("narrow", "", WhyIdle::Redundant)],
    );
    let both = policy(
        "both",
        json!({"podSelector": app("a"), "ingress": [{"from": from_b, "ports": [{"port": 80}]}, {"from": from_b}]}),
    );
    check_idle(vec![both], &[("both", "ingress[0]", WhyIdle::Shadowed)]);
    check_idle(
        vec![deny("deny"), deny("again")],
        &[("again", "", WhyIdle::Redundant), ("deny", "", WhyIdle::Redundant)],
    );
    // Who is not there yet is protected by it.
    check_idle(vec![deny("deny"), allow("a", "a", from_b.clone(), 80), allow("b", "b", from_b, 80)], &[]);
    check_idle(vec![wide], &[]);
}

#[test]
fn what_covers_a_rule_is_named() {
    let from_b = json!([{"podSelector": app("b")}]);
    let wide = json!({"podSelector": app("a"), "ingress": [{"from": from_b}, {"from": from_b, "ports": [{"port": 1}]}]});
    let Subject { reach, .. } = subject(&with(&["a", "b"], vec![policy("p", wide)]));
    let idle = reach.idle();
    assert_eq!(idle[0].rule.element, "ingress[1]");
    assert_eq!(idle[0].by[0].element, "ingress[0]");
}

fn opened(opened: &Opened) -> String {
    match (opened.allowed.is_empty(), opened.depends.is_empty()) {
        (true, true) => "-".to_owned(),
        (false, true) => opened.allowed.to_string(),
        (true, false) => format!("{}?", opened.depends),
        (false, false) => format!("{} {}?", opened.allowed, opened.depends),
    }
}

fn exposed(estate: &Estate, exposure: &Exposure) -> Vec<String> {
    let members: Vec<String> = exposure.members.iter().map(|peer| name(estate, *peer)).collect();
    let mut lines = vec![members.join(", ")];
    for (direction, side) in [("in", &exposure.ingress), ("out", &exposure.egress)] {
        let protection = match &side.protection {
            Protection::None => "open",
            Protection::Perhaps(_) => "perhaps",
            Protection::Isolated => "isolated",
        };
        let [internet, private, cluster] = [&side.internet, &side.private, &side.cluster].map(opened);
        lines.push(format!(
            "{direction} {protection} internet {internet} private {private} cluster {cluster}"
        ));
        lines.extend(
            side.future
                .iter()
                .map(|future| format!("{direction} {}: {}", future.who, opened(&future.opened))),
        );
    }
    lines
}

#[track_caller]
fn check_exposure(pods: &[&str], policies: Vec<Json>, expected: &[&[&str]]) {
    let Subject { estate, reach } = subject(&with(pods, policies));
    let found: Vec<Vec<String>> = reach.exposure(&estate).iter().map(|one| exposed(&estate, one)).collect();
    assert_eq!(found, expected);
}

const OPEN: &str = "internet All Connections private All Connections cluster All Connections";

#[test]
fn who_is_not_isolated_is_open_to_all() {
    let (ingress, egress) = (format!("in open {OPEN}"), format!("out open {OPEN}"));
    check_exposure(&["a", "b"], vec![], &[&["n/a, n/b", &ingress, &egress]]);
}

#[test]
fn pods_to_come_are_named_by_what_rules_ask_of_them() {
    let from = json!([{"podSelector": app("later"), "namespaceSelector": {"matchLabels": {"pci": "cde"}}}]);
    let closed = "out isolated internet - private - cluster -";
    check_exposure(
        &["a", "b"],
        vec![deny("deny"), allow("later", "a", from, 8443)],
        &[
            &[
                "n/a",
                "in isolated internet - private - cluster -",
                "in pods `app=later` of namespaces `pci=cde`: TCP 8443",
                closed,
            ],
            &["n/b", "in isolated internet - private - cluster -", closed],
        ],
    );
}

#[test]
fn what_any_pod_may_do_is_told_once() {
    let web = policy("web", json!({"podSelector": app("a"), "ingress": [{"ports": [{"port": 80}]}]}));
    let egress = format!("out open {OPEN}");
    check_exposure(
        &["a"],
        vec![web],
        &[&["n/a", "in isolated internet TCP 80 private TCP 80 cluster TCP 80", &egress]],
    );
}

#[test]
fn answers_are_compared_three_valued() {
    let from_b = json!([{"podSelector": app("b")}]);
    let narrow = subject(&with(&["a", "b"], vec![allow("p", "a", from_b.clone(), 80)]));
    let wide = policy("p", json!({"podSelector": app("a"), "ingress": [{"from": from_b}]}));
    let wide = subject(&with(&["a", "b"], vec![wide]));
    let unknown = subject(&with(
        &["a", "b"],
        vec![policy("p", json!({"podSelector": app("a"), "ingress": "(unknown)"}))],
    ));
    let answer = |a: &Subject, b: &Subject| {
        let compared = compare(a.pair(), b.pair());
        (compared.contained, compared.contains, compared.equivalent())
    };
    use Comparison::{Depends, No, Yes};
    assert_eq!(answer(&narrow, &narrow), (Yes, Yes, Yes));
    assert_eq!(answer(&narrow, &wide), (Yes, No, No));
    assert_eq!(answer(&wide, &narrow), (No, Yes, No));
    assert_eq!(answer(&narrow, &unknown), (Depends, Depends, Depends));
}

#[test]
fn rules_that_contradict_each_other_are_named_with_the_one_that_decides() {
    let admin = |name: &str, priority: u32, action: &str| {
        json!({
            "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy",
            "metadata": {"name": name},
            "spec": {"priority": priority, "subject": {"namespaces": {}}, "ingress": [
                {"action": action, "from": [{"namespaces": {}}], "ports": [{"portNumber": {"protocol": "TCP", "port": 80}}]},
            ]},
        })
    };
    let policies = vec![admin("deny", 2, "Deny"), admin("allow", 1, "Allow"), admin("pass", 0, "Pass")];
    let Subject { estate, reach } = subject(&with(&["a", "b"], policies));
    let label = |id| estate.resource(id).unwrap().name.to_string();
    let found: Vec<(String, String, String)> = reach
        .conflicts()
        .iter()
        .map(|one| (label(one.decides.policy), label(one.overruled.policy), one.ports.to_string()))
        .collect();
    assert_eq!(found, [("allow".to_owned(), "deny".to_owned(), "TCP 80".to_owned())]);
}

#[test]
fn a_new_workload_is_told_of() {
    let before = subject(&with(&["a"], vec![]));
    let after = subject(&with(&["a", "b"], vec![]));
    let found = diff(before.pair(), after.pair());
    assert_eq!((found.appeared.len(), found.disappeared.len()), (1, 0));
    let port = PortRange { protocol: ringfence_model::fact::Protocol::Tcp, start: 1, end: 1 };
    assert!(
        found
            .changes
            .iter()
            .all(|change| change.opened.contains(port.protocol, 1) && change.closed.is_empty())
    );
    check(&with(&["a"], vec![]), &[]);
}
