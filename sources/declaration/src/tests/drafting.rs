//! Drafts: what is guessed from an estate, and that a draft of anything reads back.

use proptest::prelude::*;
use ringfence_model::{Estate, EstateBuilder, Kind, Node, Resource, Stage};
use ringfence_text::Budget;

use super::Read;

/// An estate of Kubernetes objects, and of AWS resources written as `type`, `name`, `account`, `properties`.
fn estate(text: &str) -> Estate {
    let mut builder = EstateBuilder::default();
    let file = builder.sources_mut().add("estate.yaml", text);
    let (documents, unread) = ringfence_text::read(file, text, &Budget::default());
    assert_eq!(unread, []);
    builder.extend(documents.into_iter().map(resource));
    builder.finish().0
}

fn resource(document: Node) -> Resource {
    let text = |path: &str| document.text(path).unwrap_or_default().to_owned();
    if document.get("type").is_some() {
        let body = document.get("properties").cloned().expect("an AWS resource has properties");
        let mut resource = Resource::new(Kind::new(text("type")), text("name"), body, Stage::Template);
        resource.origin = document.get("type").expect("there").origin.clone();
        resource.place.account = document.text("account").map(Into::into);
        (resource.scope, resource.address) = (Some("t".into()), Some(resource.name.clone()));
        return resource;
    }
    let kind = Kind::kubernetes(&text("apiVersion"), &text("kind"));
    let (name, namespace) = (text("metadata.name"), document.text("metadata.namespace").map(Into::into));
    let origin = document.get("kind").expect("an object has a kind").origin.clone();
    let mut resource = Resource::new(kind, name, document, Stage::Manifest);
    (resource.place.namespace, resource.origin) = (namespace, origin);
    resource
}

#[track_caller]
fn check(estate: &Estate, expected: &str) {
    let draft = crate::draft(estate);
    assert_eq!(Read::new(&draft).told(), [""; 0], "{draft}");
    assert!(draft == expected, "drafted:\n{draft}");
}

#[test]
fn a_platform_is_drafted_with_reasons() {
    check(&estate(include_str!("drafting/platform.yaml")), include_str!("drafting/platform.expected.yaml"));
}

#[test]
fn nothing_known_is_nothing_said() {
    let draft = crate::draft(&Estate::default());
    let read = Read::new(&draft);
    assert_eq!(read.told(), [""; 0], "{draft}");
    assert!(read.declaration.flows.is_none() && read.declaration.administrators.is_none());
    assert!(!draft.contains("guess:"), "{draft}");
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Names may hold anything: quotes, line ends, words of YAML, card numbers.
    #[test]
    fn any_draft_reads_back(
        names in prop::collection::vec(prop_oneof![
            any::<String>(),
            Just("card-vault".to_owned()),
            Just("no".to_owned()),
            Just("4111111111111111".to_owned()),
            Just("a # b: [c".to_owned()),
        ], 4),
    ) {
        let [name, namespace, host, group] = [0, 1, 2, 3].map(|index| quoted(&names[index]));
        let url = quoted(&format!("https://{}", names[2]));
        let text = format!(
            "{{apiVersion: apps/v1, kind: DaemonSet, metadata: {{name: {name}, namespace: {namespace}}}, spec: {{template: \
             {{metadata: {{labels: {{app: a}}}}, spec: {{hostNetwork: true, containers: [{{name: a, image: {host}, env: \
             [{{name: {group}, value: {url}}}]}}]}}}}}}}}\n---\n\
             {{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: {namespace}}}, spec: {{type: LoadBalancer, \
             selector: {{app: a}}, ports: [{{port: 99999}}, {{port: 443}}]}}}}\n---\n\
             {{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {{name: {name}}}, roleRef: \
             {{kind: ClusterRole, name: cluster-admin}}, subjects: [{{kind: Group, name: {group}}}, \
             {{kind: ServiceAccount, name: {name}, namespace: {namespace}}}]}}\n---\n\
             {{type: 'AWS::S3::Bucket', name: {name}, account: {group}, properties: {{}}}}\n"
        );
        let draft = crate::draft(&estate(&text));
        let read = Read::new(&draft);
        prop_assert!(read.diagnostics.is_empty(), "{:?}\n{draft}", read.told());
        prop_assert!(!draft.contains("4111111111111111"), "{draft}");
    }
}
