//! Tests on real YAML: fixtures that carry their errors beside the line.

use ringfence_model::{Cause, Diagnostic, Field, Level, Resource, Sources, Value, defaults};
use ringfence_text::Budget;

struct Read {
    sources: Sources,
    resources: Vec<Resource>,
    diagnostics: Vec<Diagnostic>,
}

fn manifests(text: &str) -> Read {
    let mut sources = Sources::default();
    let file = sources.add("a.yaml", text);
    let (documents, unread) = ringfence_text::read(file, text, &Budget::default());
    assert_eq!(unread, [], "the fixture is no YAML");
    let (mut resources, mut diagnostics) = (Vec::new(), Vec::new());
    for document in documents {
        let (found, told) = crate::read(document);
        resources.extend(found);
        diagnostics.extend(told);
    }
    Read { sources, resources, diagnostics }
}

impl Read {
    fn told(&self) -> Vec<String> {
        let tell = |one: &Diagnostic| {
            assert_eq!(one.level, Level::Error);
            let line = self.sources.position(one.location.expect("every error has a place")).line;
            format!("{line}: {}; {}", one.message, one.help.as_deref().expect("every error says what to do"))
        };
        self.diagnostics.iter().map(tell).collect()
    }
}

/// Each line that ends in `#! message; help` must be told exactly that, and no other line anything.
#[track_caller]
fn check(fixture: &str) -> Read {
    let marks = fixture.lines().enumerate().filter_map(|(index, line)| {
        line.split_once("#! ").map(|(_, mark)| format!("{}: {}", index + 1, mark.trim()))
    });
    let expected: Vec<String> = marks.collect();
    let read = manifests(fixture);
    let mut told = read.told();
    told.sort_by_key(|line| line.split(':').next().and_then(|number| number.parse::<usize>().ok()));
    assert!(told == expected, "told:\n{}\nexpected:\n{}", told.join("\n"), expected.join("\n"));
    read
}

#[test]
fn what_the_api_refuses_is_told() {
    let read = check(include_str!("wrong-types.yaml"));
    assert!(read.resources.len() >= 10, "one wrong value costs no object");
}

#[test]
fn what_is_right_is_left_alone() {
    let read = check(include_str!("right.yaml"));
    for resource in &read.resources {
        let mut pending = vec![&resource.body];
        while let Some(node) = pending.pop() {
            assert!(node.as_unresolved().is_none(), "{}: {node:?}", resource.label());
            pending.extend(node.items());
            pending.extend(node.entries().iter().map(|entry| &entry.node));
        }
    }
}

#[track_caller]
fn check_unresolved(text: &str, path: &str, cause: &Cause) {
    let read = manifests(text);
    assert_eq!(read.diagnostics.len(), 1, "{:?}", read.diagnostics);
    match read.resources[0].body.field(path) {
        Field::Unresolved(_, unresolved) => assert_eq!(unresolved.cause, *cause),
        other => panic!("{path} is {other:?}"),
    }
}

#[test]
fn a_wrong_value_is_unresolved_and_never_absent() {
    let pod = |spec: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {spec}\n");
    let unreadable = |path: &str| Cause::Unreadable(format!("`{path}`").into());
    check_unresolved(&pod("[{containers: []}]"), "spec.containers", &unreadable("spec"));
    check_unresolved(&pod("{containers: {name: a}}"), "spec.containers.0", &unreadable("spec.containers"));
    check_unresolved(&pod("{hostNetwork: \"true\"}"), "spec.hostNetwork", &unreadable("spec.hostNetwork"));
    check_unresolved(
        &pod("{serviceAccountName: 7}"),
        "spec.serviceAccountName",
        &unreadable("spec.serviceAccountName"),
    );
    check_unresolved(
        &pod("{containers: [{name: a, securityContext: \"runAsUser:0\"}]}"),
        "spec.containers.0.securityContext.runAsUser",
        &unreadable("spec.containers.0.securityContext"),
    );
    check_unresolved(&pod("{containers: [null]}"), "spec.containers.0", &unreadable("spec.containers.0"));
    check_unresolved(&pod("{hostPID: '{{ .Values.hostPID }}'}"), "spec.hostPID", &Cause::Unrendered);
    check_unresolved(
        &pod("{containers: [{image: \"{{ .Values.image }}\"}]}"),
        "spec.containers.0.image",
        &Cause::Unrendered,
    );
}

#[test]
fn an_object_of_nothing_but_mistakes_is_refused_as_a_whole() {
    let containers = "1, ".repeat(100_000);
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, labels: {{app: a}}}}\nspec: {{containers: [{containers}]}}\n"
    );
    check_unresolved(&text, "spec.hostPID", &Cause::Unreadable("the object".into()));
    check_unresolved(&text, "metadata.labels", &Cause::Unreadable("the object".into()));
}

#[test]
fn a_name_with_a_template_mark_costs_the_object() {
    let read = manifests("apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ .Release.Name }}-web'}\n");
    assert!(read.resources.is_empty());
    assert_eq!(read.diagnostics[0].code, "not-rendered");
}

#[test]
fn a_mark_of_helm_is_meant_for_nobody_else() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{env: [{name: PASSWORD, value: '{{ .Values.password }}'}]}]}\n";
    check_unresolved(text, "spec.containers.0.env.0.value", &Cause::Unrendered);
}

#[test]
fn what_is_deployed_by_others_is_noted() {
    let read = manifests(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a, namespace: b}\n",
    );
    assert_eq!(read.resources.len(), 1);
    let told: Vec<_> = read.diagnostics.iter().map(|one| (one.level, one.message.as_str())).collect();
    assert_eq!(told, [(Level::Note, "what `b/a[HelmRelease]` deploys is not in it")]);
}

#[test]
fn marks_that_are_meant_for_others_stay() {
    let read = manifests(include_str!("marks.yaml"));
    assert_eq!(read.told(), [""; 0]);
}

#[test]
fn the_principals_of_aws_auth_are_lists() {
    let read = check(include_str!("aws-auth.yaml"));
    let body = &read.resources[0].body;
    assert_eq!(body.text("data.mapRoles.0.rolearn"), Some("arn:aws:iam::111122223333:role/break-glass"));
    assert_eq!(body.text("data.mapRoles.0.groups.0"), Some("system:masters"));
    assert!(matches!(body.field("data.mapRoles.1.groups"), Field::Unresolved(..)));
    assert_eq!(body.get("data.mapUsers").map(|users| users.items().len()), Some(0));
    assert_eq!(body.text("data.mapAccounts.0"), Some("111122223333"));
    let location = body.get("data.mapRoles.0.groups.0").and_then(|node| node.location()).unwrap();
    assert_eq!(read.sources.position(location).line, 5, "the line of the text");
    assert!(matches!(read.resources[1].body.field("data.mapRoles"), Field::Unresolved(..)), "unreadable");
    assert!(
        matches!(read.resources[2].body.get("data.mapRoles").unwrap().value, Value::Text(_)),
        "no aws-auth"
    );
}

#[test]
fn the_default_of_a_service_account_says_its_document() {
    let mut account =
        manifests("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n").resources.remove(0);
    defaults::apply(&mut account);
    let automount = account.body.get("automountServiceAccountToken").unwrap();
    assert_eq!((automount.as_bool(), automount.location()), (Some(true), None));
}

#[test]
fn streams_lists_and_rendered_charts() {
    let read = check(include_str!("rendered.yaml"));
    let labels: Vec<String> = read.resources.iter().map(Resource::label).collect();
    assert_eq!(
        labels,
        [
            "shop/web[Service]",
            "shop/web[Deployment]",
            "cde/vault-0[Pod]",
            "cde/settings[ConfigMap]",
            "web.example.org[Widget]",
            "shop/checkout[Rollout]",
        ]
    );
}
