//! From an estate to findings: elements, places, messages, reasons.

use ringfence_model::declaration::{Declaration, Located};
use ringfence_model::fact::{Answer, Basis, Queries, ScopeClass, ScopeFact, ScopeFacts, Tests};
use ringfence_model::{Finding, Missing, Reason, Sources, Subject, Verdict};

use super::build::{Json, NoQueries, estate, json, judge};
use crate::{Catalogue, Evaluation, Selection};

/// Adds one control to an empty catalogue.
pub(super) fn control(front: &str, policy: &str) -> Catalogue {
    let text = format!(
        "---\nid: MY01\ntitle: Thing is wrong\nseverity: high\n{front}\nmessage: \"`{{item.name}}` of \
         `{{resource.name}}` is wrong\"\n---\n# Thing is wrong\n\n## Fix\nPut it right.\n\n## Policy\n```cel\n{policy}\n```\n"
    );
    let mut catalogue = Catalogue::default();
    let file = Sources::default().add("own.md", text.as_str());
    let diagnostics = catalogue.add(file, "own.md", text);
    assert_eq!(diagnostics, []);
    catalogue
}

/// `verdict element-or-container message`, one a finding.
fn lines(evaluation: &Evaluation) -> Vec<String> {
    let line = |one: &Finding| {
        let container = one.subject.container.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
        format!("{}{container}: {}", one.verdict, one.message)
    };
    evaluation.findings.iter().map(line).collect()
}

pub(super) fn deployment(spec: Json) -> Json {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "vault", "namespace": "cde"},
        "spec": {"template": {"metadata": {"annotations": {"a": "x", "b": "y"}}, "spec": spec}}
    })
}

pub(super) const POD: &str = "kinds: [Pod]\neach: containers\nat: securityContext.privileged";
const UNPRIVILEGED: &str =
    "!has(item.securityContext) || !has(item.securityContext.privileged) || !item.securityContext.privileged";

fn run(front: &str, policy: &str, object: Json) -> Evaluation {
    judge(&control(front, policy), "MY01", &[object], &Declaration::default())
}

#[test]
fn every_container_is_judged_and_named() {
    let evaluation = run(
        POD,
        UNPRIVILEGED,
        deployment(json!({
            "initContainers": [{"name": "init", "securityContext": {"privileged": true}}],
            "containers": [{"name": "app"}, {"name": "log", "securityContext": {"privileged": {"$unresolved": "P"}}}],
            "ephemeralContainers": [{"name": "debug", "securityContext": {"privileged": "x"}}]
        })),
    );
    assert_eq!(
        lines(&evaluation),
        [
            "pass (app): container `app` is free of the fault: Thing is wrong",
            "unknown (log): cannot tell whether `log` of `vault` is wrong",
            "fail (init): `init` of `vault` is wrong",
            "unknown (debug): cannot tell whether `debug` of `vault` is wrong",
        ]
    );
    let count = &evaluation.counts[0];
    assert_eq!((count.pass, count.fail, count.unknown, count.not_applicable), (1, 1, 2, 0));
    let missing: Vec<_> = evaluation.findings.iter().flat_map(|one| one.missing.clone()).collect();
    assert_eq!(
        missing,
        [
            Missing { remedy: "--parameter P=…".into(), why: "parameter `P` has no value".into() },
            Missing {
                remedy: "values of the right type".into(),
                why:
                    "`ephemeralContainers.debug.securityContext.privileged` is a text, and not true or false"
                        .into()
            },
        ]
    );
}

#[test]
fn reasons_say_what_was_read() {
    let evaluation = run(
        POD,
        UNPRIVILEGED,
        deployment(json!({
            "containers": [{"name": "a", "securityContext": {"privileged": true}}, {"name": "b"},
                {"name": "c", "securityContext": {"privileged": {"$unresolved": "P"}}}]
        })),
    );
    let reasons: Vec<_> = evaluation
        .findings
        .iter()
        .map(|one| one.reasons.iter().map(|reason| &*reason.text).collect::<Vec<_>>())
        .collect();
    assert_eq!(
        reasons,
        [
            vec!["`containers.a.securityContext.privileged` is `true`"],
            vec!["`containers.b.securityContext` is not set"],
            vec!["`containers.c.securityContext.privileged` is not known"],
        ]
    );
}

#[test]
fn findings_point_at_the_field_or_what_is_nearest() {
    let object = deployment(json!({"containers": [
        {"name": "a", "securityContext": {"privileged": true}}, {"name": "b", "securityContext": {"other": 1}}, {"name": "c"}
    ]}));
    let evaluation = run(POD, "false", object.clone());
    let estate = estate(&[object]);
    let body = &estate.resources()[0].body;
    let at = |path: &str| body.field(path).node().unwrap().location().unwrap();
    let list = "spec.template.spec.containers";
    let expected = [
        at(&format!("{list}.0.securityContext.privileged")),
        at(&format!("{list}.1.securityContext")),
        at(&format!("{list}.2")),
    ];
    let found: Vec<_> = evaluation.findings.iter().map(|one| one.locations[0]).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_first_field_that_is_there_is_pointed_at() {
    let front = "kinds: [Pod]\nat: [serviceAccountName, automountServiceAccountToken]";
    let place = |spec: Json, path: &str| {
        let object = deployment(spec);
        let found = run(front, "false", object.clone()).findings[0].locations[0];
        let estate = estate(&[object]);
        assert_eq!(Some(found), estate.resources()[0].body.field(path).node().unwrap().location(), "{path}");
    };
    place(
        json!({"serviceAccountName": "a", "automountServiceAccountToken": true}),
        "spec.template.spec.serviceAccountName",
    );
    place(json!({"automountServiceAccountToken": true}), "spec.template.spec.automountServiceAccountToken");
    place(json!({"containers": []}), "spec.template.spec");
}

#[test]
fn what_stands_in_the_way_of_elements_is_unknown() {
    let front = "kinds: [Pod]\neach: containers.env";
    let all = |spec: Json| lines(&run(front, "false", deployment(spec)));
    let whole = "unknown: cannot tell whether `vault` is free of the fault: Thing is wrong";
    assert_eq!(
        all(json!({"containers": [{"name": "a", "env": {"$unresolved": "P"}}]})),
        [
            "unknown (a): cannot tell whether `containers.a.env` of `vault` is free of the fault: Thing is wrong"
        ]
    );
    assert_eq!(
        all(json!({"containers": [{"name": "a", "env": "X=1"}]})),
        [
            "unknown (a): cannot tell whether `containers.a.env` of `vault` is free of the fault: Thing is wrong"
        ]
    );
    assert_eq!(all(json!({"containers": "a"})), [whole.replace("`vault`", "`containers` of `vault`")]);
    assert_eq!(
        all(json!({"containers": {"$unresolved": "P"}})),
        [whole.replace("`vault`", "`containers` of `vault`")]
    );
    assert_eq!(all(json!({})), [whole]);
    assert_eq!(all(json!({"$unresolved": "P"})), [whole]);
    let nothing = all(json!({"containers": [{"name": "a", "env": null}, {"name": "b"}]}));
    assert_eq!(nothing, ["pass: `vault` is free of the fault: Thing is wrong"]);
}

#[test]
fn a_pod_without_spec_is_unknown() {
    let front = "kinds: [Pod]";
    let bare =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "b"}});
    let evaluation = run(front, "!has(pod.hostPID) || !pod.hostPID", bare);
    assert_eq!(evaluation.findings[0].verdict, Verdict::Unknown);
    assert_eq!(evaluation.findings[0].missing[0].why, "`spec.template.spec` is not set");
}

/// A rollout takes its pods from the workload that it names, which must be there; nothing else does.
#[test]
fn a_rollout_may_refer_to_a_workload() {
    let referring = |api: &str, kind: &str, reference: Json| {
        json!({"apiVersion": api, "kind": kind, "metadata": {"name": "web", "namespace": "cde"},
            "spec": {"workloadRef": reference}})
    };
    let check = |object: &Json, expected: &str, missing: &[(&str, &str)]| {
        let there = deployment(json!({"containers": [{"name": "a"}]}));
        let catalogue = control("kinds: [Pod]", "!has(pod.hostPID)");
        let evaluation = judge(&catalogue, "MY01", &[object.clone(), there], &Declaration::default());
        assert_eq!(lines(&evaluation)[0], expected, "{object}");
        let found = evaluation.findings[0].missing.iter().map(|one| (&*one.remedy, &*one.why));
        assert_eq!(found.collect::<Vec<_>>(), missing, "{object}");
    };
    let unknown = "unknown: cannot tell whether `web` is free of the fault: Thing is wrong";
    let rollout = |reference| referring("argoproj.io/v1alpha1", "Rollout", reference);
    let elsewhere = "not-applicable: its pods are those of the workload that it refers to";
    check(&rollout(json!({"kind": "Deployment", "name": "vault"})), elsewhere, &[]);
    let absent = ("the definition of Deployment `cde/shop`", "Deployment `cde/shop` is not in the input");
    check(&rollout(json!({"kind": "Deployment", "name": "shop"})), unknown, &[absent]);
    let other_kind =
        ("the definition of ReplicaSet `cde/vault`", "ReplicaSet `cde/vault` is not in the input");
    check(&rollout(json!({"kind": "ReplicaSet", "name": "vault"})), unknown, &[other_kind]);
    let parameter = ("--parameter P=…", "parameter `P` has no value");
    check(&rollout(json!({"kind": "Deployment", "name": {"$unresolved": "P"}})), unknown, &[parameter]);
    let nameless = ("values of the right type", "`spec.workloadRef.name` is not a text");
    check(&rollout(json!({"kind": "Deployment"})), unknown, &[nameless]);
    let no_rollout = referring("apps/v1", "StatefulSet", json!({"kind": "Deployment", "name": "vault"}));
    let message = "unknown: cannot tell whether `(none)` of `web` is wrong";
    check(&no_rollout, message, &[("values of the right type", "`spec.template.spec` is not set")]);
}

#[test]
fn entries_of_maps_are_elements() {
    let front = "kinds: [Pod]\neach: [annotations.*, securityContext.seLinuxOptions]";
    let evaluation = run(
        front,
        "has(item.key) && item.value == \"x\"",
        deployment(json!({
            "securityContext": {"seLinuxOptions": {"type": "spc_t"}}, "containers": [{"name": "a"}]
        })),
    );
    let verdicts: Vec<_> = evaluation.findings.iter().map(|one| one.verdict.as_str()).collect();
    assert_eq!(verdicts, ["pass", "fail", "fail"]);
}

#[test]
fn a_condition_may_make_it_not_applicable_or_unknown() {
    let front = "kinds: [Pod]\nwhen: \"!has(pod.os) || pod.os.name != 'windows'\"\nwhen-not: not on Windows";
    let check = |os: Json, expected: &str| {
        let evaluation = run(front, "true", deployment(json!({"os": os, "containers": [{"name": "a"}]})));
        assert_eq!(lines(&evaluation)[0].split(':').next().unwrap(), expected);
    };
    check(json!({"name": "windows"}), "not-applicable");
    check(json!({"name": "linux"}), "pass");
    check(json!(null), "pass");
    check(json!({"name": {"$unresolved": "Os"}}), "unknown");
}

#[test]
fn instances_of_a_workload_are_not_judged_again() {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "vault-1", "namespace": "cde", "ownerReferences": [{"kind": "Deployment", "name": "vault"}]},
        "spec": {"containers": [{"name": "app"}]}
    });
    let objects = [deployment(json!({"containers": [{"name": "app"}]})), pod];
    let evaluation = judge(&control(POD, "false"), "MY01", &objects, &Declaration::default());
    assert_eq!(evaluation.findings.len(), 1);
    assert_eq!(evaluation.findings[0].subject.kind, "Deployment");
}

#[test]
fn out_of_scope_is_not_applicable_and_unknown_scope_is_judged() {
    let estate = estate(&[deployment(json!({"containers": [{"name": "a"}]}))]);
    let catalogue = control(POD, "false");
    let selection = Selection { all: true, ..Selection::default() };
    let with = |class: ScopeClass| {
        let fact = |resource| ScopeFact {
            resource,
            class,
            presumed: false,
            declared: None,
            tests: Tests::default(),
            basis: Basis::Designed,
            reasons: vec![Reason::new("all four tests passed", None)].into(),
        };
        let facts = estate.iter().map(|(id, _)| fact(id)).collect();
        let scope = ScopeFacts { facts, ..ScopeFacts::default() };
        catalogue.assess(&estate, &Declaration::default(), &scope, &NoQueries, &selection).findings.remove(0)
    };
    let skipped = with(ScopeClass::OutOfScope);
    assert_eq!(
        (skipped.verdict, &*skipped.reasons[0].text),
        (Verdict::NotApplicable, "all four tests passed")
    );
    assert_eq!(with(ScopeClass::Unknown).verdict, Verdict::Fail);
}

#[test]
fn only_fail_and_unknown_are_kept_but_all_are_counted() {
    let estate = estate(&[deployment(json!({"containers": [{"name": "a"}]}))]);
    let catalogue = control(POD, UNPRIVILEGED);
    let evaluation = catalogue.assess(
        &estate,
        &Declaration::default(),
        &ScopeFacts::default(),
        &NoQueries,
        &Selection::default(),
    );
    assert_eq!(evaluation.findings, []);
    assert_eq!(evaluation.counts[0].pass, 1);
}

#[test]
fn a_list_that_is_absent_is_named() {
    let front = "kinds: [Pod]\neach: containers\nneeds: [registries]";
    let catalogue = control(
        front,
        "image_registry(item.image) != \"\" && declaration.registries.exists(r, item.image.startsWith(r))",
    );
    let object = deployment(
        json!({"containers": [{"name": "a", "image": "r.example.com/a"}, {"name": "b", "image": "b"}]}),
    );
    let none = judge(&catalogue, "MY01", std::slice::from_ref(&object), &Declaration::default());
    let verdicts: Vec<_> = none.findings.iter().map(|one| one.verdict).collect();
    assert_eq!(verdicts, [Verdict::Unknown, Verdict::Fail]);
    assert_eq!(none.findings[0].missing[0].remedy, "`registries:`");
    let mut declaration = Declaration {
        registries: Some(vec![Located::new("r.example.com".into(), None)]),
        ..Declaration::default()
    };
    let listed = judge(&catalogue, "MY01", std::slice::from_ref(&object), &declaration);
    assert_eq!(listed.findings[0].verdict, Verdict::Pass);
    declaration.registries = Some(Vec::new());
    let empty = judge(&catalogue, "MY01", &[object], &declaration);
    assert_eq!(empty.findings[0].verdict, Verdict::Fail);
    assert!(empty.findings[0].reasons.iter().any(|one| one.text == "no entry of `registries` fits"));
}

#[test]
fn secrets_and_card_numbers_are_not_shown() {
    let front = "kinds: [Pod]\neach: containers.env";
    let policy = "item.value == \"\" && item.name == \"\"";
    let object = deployment(
        json!({"containers": [{"name": "a", "env": [{"name": "4111111111111111", "value": "hunter2"}]}]}),
    );
    let finding = run(front, policy, object).findings.remove(0);
    let shown = format!("{} {:?}", finding.message, finding.reasons);
    assert!(!shown.contains("hunter2") && !shown.contains("4111111111111111"), "{shown}");
    assert_eq!(finding.message, "`************1111` of `vault` is wrong");
}

/// What an unknown waits for is said once, with what would resolve it.
#[test]
fn reasons_do_not_repeat_what_is_missing() {
    let check = |spec: Json, policy: &str, expected: &[&str]| {
        let finding = run("kinds: [Pod]\neach: containers", policy, deployment(spec)).findings.remove(0);
        let reasons: Vec<_> = finding.reasons.iter().map(|one| &*one.text).collect();
        assert_eq!(reasons, expected);
        for missing in &finding.missing {
            assert!(!reasons.iter().any(|one| one.contains(&missing.why)), "{reasons:?} {missing:?}");
        }
        assert!(!finding.missing.is_empty());
    };
    let unresolved = json!({"containers": [{"name": "a", "image": {"$unresolved": "P"}}]});
    check(unresolved.clone(), "item.image == 'a'", &["`containers.a.image` is not known"]);
    check(unresolved, "item.image.deep == 'a'", &["this leaves it open"]);
    let listed = json!({"containers": [{"name": "a", "image": "r"}]});
    check(listed, "item.image in declaration.registries", &["`containers.a.image` is `r`"]);
    let list = json!({"containers": [{"$unresolved": "P"}]});
    check(list, "true", &["this leaves it open"]);
}

/// What a function of our own decides on is among the reasons, whatever the verdict.
#[test]
fn functions_say_what_they_read() {
    let check = |statement: Json, verdict: Verdict, expected: &[&str]| {
        let policy = json!({"Type": "AWS::S3::BucketPolicy", "Name": "P", "Properties": {"PolicyDocument": {"Statement": [statement]}}});
        let finding =
            judge(&Catalogue::built_in(), "NA02.4", &[policy], &Declaration::default()).findings.remove(0);
        assert_eq!(finding.verdict, verdict);
        let reasons: Vec<_> = finding.reasons.iter().map(|one| &*one.text).collect();
        assert_eq!(reasons, expected);
        assert!(finding.reasons.iter().all(|one| one.location.is_some()));
    };
    let open = json!({"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "*"]}});
    let facts = [
        "`PolicyDocument.Statement[0].Effect` is `Allow`",
        "`PolicyDocument.Statement[0].Principal.AWS[0]` is `arn:aws:iam::111122223333:root`",
        "`PolicyDocument.Statement[0].Principal.AWS[1]` is `*`",
        "`PolicyDocument.Statement[0].Condition` is not set",
    ];
    check(open, Verdict::Fail, &facts);
    let fixed = json!({"Sid": "Vpc", "Effect": "Allow", "Principal": "*", "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}});
    let facts = [
        "`PolicyDocument.Statement.Vpc.Effect` is `Allow`",
        "`PolicyDocument.Statement.Vpc.Principal` is `*`",
        "`PolicyDocument.Statement.Vpc.Condition.StringEquals.aws:SourceVpce` is `vpce-1`",
    ];
    check(fixed, Verdict::Pass, &facts);
    let unknown = json!({"Sid": "S", "Effect": "Allow", "Principal": {"$unresolved": "P"}});
    let facts = [
        "`PolicyDocument.Statement.S.Effect` is `Allow`",
        "`PolicyDocument.Statement.S.Principal` is not known",
        "`PolicyDocument.Statement.S.Condition` is not set",
    ];
    check(unknown, Verdict::Unknown, &facts);
}

/// Answers one query for two subjects.
struct Engine;

impl Queries for Engine {
    fn ask(&self, query: &str) -> Option<Vec<Answer>> {
        let answer = |name: &str, verdict| Answer {
            subject: Subject {
                name: name.into(),
                ..Subject::of(&estate(&[deployment(json!({}))]).resources()[0])
            },
            element: String::new(),
            verdict,
            message: format!("{name} said so"),
            locations: Vec::new(),
            reasons: Vec::new(),
            missing: Vec::new(),
        };
        (query == "reach.default-deny").then(|| vec![answer("a", Verdict::Fail), answer("b", Verdict::Pass)])
    }
}

#[test]
fn an_engine_answers_and_silence_is_unknown() {
    let catalogue = Catalogue::built_in();
    let estate = estate(&[]);
    let ask = |id: &str, queries: &dyn Queries| {
        let selection = Selection { controls: vec![id.into()], ..Selection::default() };
        catalogue.assess(&estate, &Declaration::default(), &ScopeFacts::default(), queries, &selection)
    };
    let answered = ask("NK03", &Engine);
    assert_eq!(lines(&answered), ["fail: a said so"]);
    assert_eq!((answered.counts[0].fail, answered.counts[0].pass), (1, 1));
    let silent = ask("SC01", &Engine);
    assert_eq!(lines(&silent), ["unknown: `scope.flows-resolve` has no answer"]);
    let finding = &silent.findings[0];
    assert_eq!((finding.reasons.as_slice(), finding.missing.len()), (&[][..], 1), "it is said once");
    assert_eq!(silent.diagnostics[0].code, "no-such-query");
}
