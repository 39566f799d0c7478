//! A fingerprint follows names and what elements hold, never line, file or order; no two are alike.

use std::collections::BTreeSet;

use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{Answer, Queries, ScopeFacts};
use ringfence_model::{Location, Reason, Subject, Verdict};

use super::build::{Builder, Json, estate, json, judge};
use super::judging::{POD, control, deployment};
use crate::{Catalogue, Evaluation, Selection};

fn prints(evaluation: Evaluation) -> Vec<String> {
    evaluation.findings.into_iter().map(|one| one.fingerprint.0).collect()
}

/// Every element fails.
fn of(front: &str, object: &Json) -> Vec<String> {
    prints(judge(&control(front, "false"), "MY01", std::slice::from_ref(object), &Declaration::default()))
}

fn containers(list: Json) -> Json {
    deployment(json!({"containers": list}))
}

#[test]
fn names_count_and_order_does_not() {
    let one = of(POD, &containers(json!([{"name": "a"}, {"name": "b"}])));
    let mut other = of(POD, &containers(json!([{"name": "b", "image": "x"}, {"name": "a"}])));
    other.reverse();
    assert_eq!(one, other);
    assert_ne!(one[0], one[1]);
}

#[test]
fn several_of_one_name_are_numbered_by_what_they_hold() {
    let (one, other) = (json!({"name": "a", "image": "1"}), json!({"name": "a", "image": "2"}));
    let forward = of(POD, &containers(json!([one, other])));
    let mut backward = of(POD, &containers(json!([other, one])));
    backward.reverse();
    assert_eq!(forward, backward);
    assert_ne!(forward[0], forward[1]);
    let only = of(POD, &containers(json!([one])));
    assert!(forward.contains(&only[0]), "one of them is called by its name alone");
}

/// Lists whose elements have no name: another order, and an element before them, change nothing.
#[test]
fn elements_without_names_are_told_apart_by_what_they_hold() {
    let check = |front: &str, wrap: &dyn Fn(Json) -> Json, one: Json, other: Json| {
        let forward = of(front, &wrap(json!([one, other])));
        let mut backward = of(front, &wrap(json!([other, one])));
        backward.reverse();
        assert_eq!(forward, backward, "{one}");
        assert_ne!(forward[0], forward[1], "{one}");
        let alone = of(front, &wrap(json!([other])));
        assert_eq!(alone, [forward[1].clone()], "{one}");
        let twice = of(front, &wrap(json!([one, other, one])));
        assert_eq!(twice.iter().collect::<BTreeSet<_>>().len(), 3, "{one}");
        assert_eq!(twice[..2], forward, "{one}");
    };
    let group = |rules: Json| json!({"Type": "AWS::EC2::SecurityGroup", "Name": "Web", "Properties": {"SecurityGroupIngress": rules}});
    check(
        "kinds: [AWS::EC2::SecurityGroup]\neach: SecurityGroupIngress",
        &group,
        json!({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}),
        json!({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": {"$unresolved": "Cidr"}}),
    );
    let role = |rules: Json| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r", "namespace": "cde"}, "rules": rules});
    check("kinds: [Role]\neach: rules", &role, json!({"verbs": ["*"]}), json!({"verbs": ["get"]}));
    let added =
        |list: Json| containers(json!([{"name": "a", "securityContext": {"capabilities": {"add": list}}}]));
    let front = "kinds: [Pod]\neach: containers.securityContext.capabilities.add";
    check(front, &added, json!("NET_ADMIN"), json!("SYS_ADMIN"));
    let policy = |peers: Json| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "n", "namespace": "cde"}, "spec": {"ingress": [{"from": peers}]}})
    };
    let rules = |rules: Json| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "n", "namespace": "cde"}, "spec": {"ingress": rules}})
    };
    let front = "kinds: [NetworkPolicy]\neach: spec.ingress";
    check(front, &rules, json!({"from": []}), json!({"ports": [{"port": 1}]}));
    // The rule that a peer is in counts too, so that peers are compared within one rule.
    let front = "kinds: [NetworkPolicy]\neach: spec.ingress.from";
    let (one, other) = (json!({"podSelector": {}}), json!({"namespaceSelector": {}}));
    let forward = of(front, &policy(json!([one, other])));
    let mut backward = of(front, &policy(json!([other, one])));
    backward.reverse();
    assert_eq!(forward, backward);
}

/// Keys and lists within an element have no order either.
#[test]
fn the_order_within_an_element_does_not_count() {
    let front = "kinds: [AWS::EC2::SecurityGroup]\neach: SecurityGroupIngress";
    let group = |rule: Json| json!({"Type": "AWS::EC2::SecurityGroup", "Name": "Web", "Properties": {"SecurityGroupIngress": [rule]}});
    let one = of(front, &group(json!({"IpProtocol": "tcp", "CidrIp": "0.0.0.0/0", "Ports": [1, 2]})));
    let other = of(
        front,
        &group(json!({"CidrIp": "0.0.0.0/0", "Ports": [2, 1], "IpProtocol": "tcp", "Description": null})),
    );
    assert_eq!(one, other);
}

#[test]
fn objects_of_one_identity_are_told_apart_by_what_they_hold() {
    let of_image = |image: &str| containers(json!([{"name": "a", "image": image}]));
    let all =
        |objects: &[Json]| prints(judge(&control(POD, "false"), "MY01", objects, &Declaration::default()));
    let forward = all(&[of_image("1"), of_image("2")]);
    let mut backward = all(&[of_image("2"), of_image("1")]);
    backward.reverse();
    assert_eq!(forward, backward);
    assert_ne!(forward[0], forward[1]);
}

/// A subject does not say its API group.
#[test]
fn one_name_under_two_versions_of_a_kind_is_told_apart() {
    let ingress = |api: &str| json!({"apiVersion": api, "kind": "Ingress", "metadata": {"name": "web", "namespace": "cde"}});
    let objects = [ingress("networking.k8s.io/v1"), ingress("extensions/v1beta1")];
    let all = prints(judge(&control("kinds: [Ingress]", "false"), "MY01", &objects, &Declaration::default()));
    assert_ne!(all[0], all[1]);
}

/// An obstacle that lies on two paths is told once.
#[test]
fn several_paths_to_one_obstacle_are_one_finding() {
    let front = "kinds: [Pod]\neach: [securityContext.seLinuxOptions, securityContext.windowsOptions]";
    let object = deployment(json!({"securityContext": {"$unresolved": "P"}, "containers": [{"name": "a"}]}));
    assert_eq!(of(front, &object).len(), 1);
}

/// Answers as if a namespace were defined several times.
struct Twice(Vec<&'static str>);

impl Queries for Twice {
    fn ask(&self, _: &str) -> Option<Vec<Answer>> {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cde"}});
        let mut builder = Builder::new();
        let mut answer = |why: &&str| Answer {
            subject: Subject::of(&estate(std::slice::from_ref(&namespace)).resources()[0]),
            element: String::new(),
            verdict: Verdict::Fail,
            message: "denies nothing by default".into(),
            locations: builder.node(&json!(1)).location().into_iter().collect::<Vec<Location>>(),
            reasons: vec![Reason::new(*why, None)],
            missing: Vec::new(),
        };
        Some(self.0.iter().map(&mut answer).collect())
    }
}

#[test]
fn answers_of_engines_about_one_subject_are_told_apart() {
    let ask = |whys: &[&'static str]| {
        let selection = Selection::of(["NK03"]);
        let (estate, declared, scope) = (estate(&[]), Declaration::default(), ScopeFacts::default());
        prints(Catalogue::built_in().assess(&estate, &declared, &scope, &Twice(whys.to_vec()), &selection))
    };
    let forward = ask(&["a", "b", "b"]);
    assert_eq!(forward.iter().collect::<BTreeSet<_>>().len(), 3);
    let backward = ask(&["b", "b", "a"]);
    assert_eq!(forward[0], backward[2]);
    assert_eq!(forward[1..], backward[..2]);
    assert!(forward.contains(&ask(&["a"])[0]), "one of them has the fingerprint of a single one");
}

/// Every element of a long list has its name from one pass over the list: this takes seconds, and minutes
/// where each element looks at all others.
#[test]
#[expect(clippy::disallowed_methods, reason = "it is about time")]
fn long_lists_are_named_in_one_pass() {
    const MANY: usize = 30_000;
    let started = std::time::Instant::now();
    let same: Vec<Json> = (0..MANY).map(|_| json!({"name": "a"})).collect();
    let nameless: Vec<Json> = (0..MANY).map(|number| json!({"image": number})).collect();
    for list in [same, nameless] {
        let all = of(POD, &containers(json!(list)));
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), MANY);
    }
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}
