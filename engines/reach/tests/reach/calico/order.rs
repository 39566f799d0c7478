//! Tiers, orders, directions: which policy decides.

use ringfence_reach::{Profile, Reach};
use serde_json::{Value as Json, json};

use super::{diagnostics, from, global, ingress, object, own, tier, towards_b};
use crate::fixture::{UNKNOWN, app, check_as, estate, policy, with};

#[test]
fn a_policy_that_selects_isolates_in_its_directions() {
    towards_b(vec![global("p", ingress(json!([])))], &[]);
    towards_b(vec![global("p", ingress(json!([from("app == 'a'", "Allow")])))], &["a All Connections"]);
    towards_b(
        vec![global("p", json!({"selector": "app == 'b'", "types": ["Egress"]}))],
        &["a All Connections", "c All Connections"],
    );
    // Absent types: ingress, unless there are egress rules alone.
    towards_b(vec![own("p", json!({"selector": "app == 'b'"}))], &[]);
    towards_b(
        vec![own("p", json!({"selector": "app == 'b'", "egress": [{"action": "Allow"}]}))],
        &["a All Connections", "c All Connections"],
    );
}

#[test]
fn stored_as_it_is_absent_types_may_mean_both() {
    let mut raw = own("p", json!({"selector": "app == 'b'", "egress": [{"action": "Allow"}]}));
    raw["apiVersion"] = json!("crd.projectcalico.org/v1");
    towards_b(vec![raw.clone()], &["a All Connections?", "c All Connections?"]);
    assert!(diagnostics(vec![raw]).iter().any(|one| one.starts_with("types-missing")));
}

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = json!([from("app == 'a'", "Deny"), from("has(app)", "Allow"), from("app == 'c'", "Deny")]);
    towards_b(vec![global("p", ingress(rules))], &["c All Connections"]);
    let rules = json!([from("app == 'a'", "Log"), from("app == 'a'", "Allow")]);
    towards_b(vec![global("p", ingress(rules))], &["a All Connections"]);
    let first =
        global("z", json!({"order": 1.5, "selector": "app == 'b'", "ingress": [from("app == 'a'", "Deny")]}));
    let second = global("y", json!({"order": 2, "selector": "all()", "ingress": [{"action": "Allow"}]}));
    towards_b(vec![second, first], &["c All Connections"]);
    // Absent order comes last.
    let last = global("a", ingress(json!([{"action": "Allow"}])));
    let numbered = global(
        "b",
        json!({"order": 1e9 as i64, "selector": "app == 'b'", "ingress": [from("app == 'a'", "Deny")]}),
    );
    towards_b(vec![last, numbered], &["c All Connections"]);
}

#[test]
fn tiers_come_one_after_the_other() {
    let early = |action: &str, rules: Json| {
        vec![
            tier("early", json!(10), action),
            global("early.p", json!({"tier": "early", "selector": "app == 'b'", "ingress": rules})),
        ]
    };
    let and = |mut more: Vec<Json>, one: Json| {
        more.push(one);
        more
    };
    let open = || own("q", ingress(json!([{"action": "Allow"}])));
    towards_b(and(early("Deny", json!([from("app == 'a'", "Pass")])), open()), &["a All Connections"]);
    towards_b(and(early("Pass", json!([from("app == 'a'", "Deny")])), open()), &["c All Connections"]);
    towards_b(early("Deny", json!([from("app == 'a'", "Pass")])), &["a All Connections"]);
    towards_b(early("Pass", json!([])), &["a All Connections", "c All Connections"]);
    // An Allow is final.
    towards_b(
        and(early("Pass", json!([from("app == 'a'", "Allow")])), own("q", ingress(json!([])))),
        &["a All Connections"],
    );
    // NetworkPolicy is tier `default`: a tier after it, and one before.
    let network =
        policy("k", json!({"podSelector": app("b"), "ingress": [{"from": [{"podSelector": app("a")}]}]}));
    let tiered = |order: i64| {
        vec![
            tier("t", json!(order), "Deny"),
            global(
                "t.p",
                json!({"tier": "t", "selector": "app == 'b'", "ingress": [from("app == 'a'", "Deny")]}),
            ),
            network.clone(),
        ]
    };
    towards_b(tiered(2_000_000), &["a All Connections"]);
    towards_b(tiered(1), &[]);
}

#[test]
fn network_policy_has_order_1000() {
    let network =
        policy("k", json!({"podSelector": app("b"), "ingress": [{"from": [{"podSelector": app("a")}]}]}));
    let deny = |order: i64| {
        global("d", json!({"order": order, "selector": "app == 'b'", "ingress": [{"action": "Deny"}]}))
    };
    towards_b(vec![network.clone(), deny(999)], &[]);
    towards_b(vec![network.clone(), deny(1001)], &["a All Connections"]);
    let pass = global("d", json!({"order": 1, "selector": "app == 'b'", "ingress": [{"action": "Pass"}]}));
    towards_b(vec![network, pass], &["a All Connections", "c All Connections"]);
}

#[test]
fn staged_policies_do_nothing() {
    let staged = object("StagedGlobalNetworkPolicy", "s", ingress(json!([])));
    towards_b(vec![staged.clone()], &["a All Connections", "c All Connections"]);
    let said = "policy-staged `s[StagedGlobalNetworkPolicy]` is staged: it allows and denies nothing";
    assert_eq!(diagnostics(vec![staged]), [said]);
}

#[test]
fn two_policies_of_one_order() {
    // Sorted by name; releases that sort by namespace first agree within a namespace.
    let allow = own("a", ingress(json!([from("app == 'a'", "Allow")])));
    let deny = own("b", ingress(json!([{"action": "Deny"}])));
    towards_b(vec![deny.clone(), allow.clone()], &["a All Connections"]);
    // `default.b` comes before `n/default.a`, but `b//…` after `a/n/…`.
    let everywhere = global("b", ingress(json!([{"action": "Deny"}])));
    towards_b(vec![everywhere.clone(), allow.clone()], &["a All Connections?"]);
    assert_eq!(diagnostics(vec![everywhere, allow]).len(), 2);
    // Rules that only allow add up.
    let more = global("b", ingress(json!([from("app == 'c'", "Allow")])));
    let allow = own("a", ingress(json!([from("app == 'a'", "Allow")])));
    towards_b(vec![more, allow], &["a All Connections", "c All Connections"]);
}

#[test]
fn both_groups_name_one_object() {
    let mut stored = own("default.p", ingress(json!([from("app == 'a'", "Allow")])));
    stored["apiVersion"] = json!("crd.projectcalico.org/v1");
    let shown = own("p", ingress(json!([from("app == 'a'", "Allow")])));
    towards_b(vec![stored.clone(), shown], &["a All Connections"]);
    let other = own("p", ingress(json!([from("app == 'c'", "Allow")])));
    towards_b(vec![stored, other], &["a All Connections?", "c All Connections?"]);
}

#[test]
fn other_profiles_do_not_enforce_it() {
    let manifests = with(&["a", "b"], vec![global("p", ingress(json!([])))]);
    check_as(Profile::Spec, &manifests, &["n/a => n/b : All Connections?", "n/b => n/a : All Connections?"]);
}

#[test]
fn default_deny_may_come_from_calico() {
    use ringfence_model::Verdict;
    let verdict = |more: Vec<Json>| {
        let estate = estate(&with(&["a"], more));
        let (reach, _) = Reach::new(&estate, Profile::Calico);
        reach.ask("reach.default-deny", &estate).unwrap()[0].verdict
    };
    let both = |mut spec: Json| {
        spec["types"] = json!(["Ingress", "Egress"]);
        spec
    };
    assert_eq!(verdict(vec![]), Verdict::Fail);
    assert_eq!(verdict(vec![global("p", both(json!({})))]), Verdict::Pass);
    assert_eq!(verdict(vec![own("p", both(json!({"selector": "all()"})))]), Verdict::Pass);
    assert_eq!(verdict(vec![global("p", both(json!({"selector": "app == 'a'"})))]), Verdict::Fail);
    assert_eq!(verdict(vec![global("p", both(json!({"namespaceSelector": "has(x)"})))]), Verdict::Fail);
    assert_eq!(verdict(vec![global("p", both(json!({"namespaceSelector": "!has(x)"})))]), Verdict::Pass);
    let allow = json!({"ingress": [{"action": "Allow"}]});
    assert_eq!(verdict(vec![global("p", both(allow))]), Verdict::Fail);
    let pass = json!({"ingress": [{"action": "Pass"}]});
    assert_eq!(verdict(vec![global("p", both(pass.clone()))]), Verdict::Fail);
    assert_eq!(verdict(vec![global("p", both(json!({}))), own("q", pass)]), Verdict::Fail);
    let soft = |spec: Json| vec![tier("t", json!(1), "Pass"), global("t.p", both(spec))];
    assert_eq!(verdict(soft(json!({"tier": "t"}))), Verdict::Fail);
    let deny = json!({"tier": "t", "ingress": [{"action": "Deny"}], "egress": [{"action": "Deny"}]});
    assert_eq!(verdict(soft(deny)), Verdict::Pass);
    assert_eq!(verdict(vec![global("p", both(json!({"selector": UNKNOWN})))]), Verdict::Unknown);
}

#[test]
fn a_policy_in_parts_is_one_policy() {
    let rules = json!([
        {"action": "Allow", "source": {"selector": "app == 'a'"}, "destination": {"selector": "app == 'c'"}},
        {"action": "Allow", "source": {"selector": "app == 'a'"}},
        {"action": "Allow", "source": {"selector": "app == 'z'"}},
    ]);
    let manifests =
        with(&["a", "b", "c"], vec![global("p", json!({"types": ["Ingress"], "ingress": rules}))]);
    let estate = estate(&manifests);
    let (reach, _) = Reach::new(&estate, Profile::Calico);
    let everyone = crate::fixture::everyone(&estate);
    let edges = reach.between(&everyone, &everyone);
    assert!(!edges.is_empty() && edges.iter().all(|edge| edge.ingress.policies.len() == 1));
    let idle: Vec<String> = reach.idle().iter().map(|idle| idle.rule.element.to_string()).collect();
    assert_eq!(idle, ["ingress[0]", "ingress[2]"]);
}
