//! Tests of the whole crate on hand-made documents.

mod properties;
mod yaml;

use ringfence_model::{
    Cause, Diagnostic, FileId, Key, Level, Location, Map, Node, Origin, Resource, Sources, Stage, Value,
};

use crate::{read, recognises, unrendered};

fn file() -> FileId {
    Sources::default().add("a.yaml", "")
}

fn at(start: usize) -> Location {
    Location::new(file(), start, start + 1)
}

fn node(value: impl Into<Value>) -> Node {
    Node::explicit(value, at(0))
}

/// A map whose n-th value is written at byte n + 1.
fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    let entries = entries.into_iter().enumerate().map(|(index, (key, mut node))| {
        node.origin = Origin::Explicit(at(index + 1));
        (Key::from(key), node)
    });
    node(entries.collect::<Map>())
}

fn object<const N: usize>(api_version: &str, kind: &str, metadata: [(&str, Node); N]) -> Node {
    map([("apiVersion", node(api_version)), ("kind", node(kind)), ("metadata", map(metadata))])
}

fn list(kind: &str, items: Vec<Node>) -> Node {
    map([("apiVersion", node("v1")), ("kind", node(kind)), ("items", node(items))])
}

fn null() -> Node {
    node(Value::Null)
}

fn unresolved() -> Node {
    Node::unresolved(Cause::Unrendered, None, Origin::Explicit(at(0)))
}

#[track_caller]
fn one(document: Node) -> Resource {
    let (mut resources, diagnostics) = read(document);
    assert_eq!(diagnostics, []);
    assert_eq!(resources.len(), 1);
    resources.remove(0)
}

#[track_caller]
fn refused(document: Node) -> Diagnostic {
    let (resources, mut diagnostics) = read(document);
    assert!(resources.is_empty(), "{resources:?}");
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    diagnostics.remove(0)
}

#[track_caller]
fn check_code(document: Node, code: &str, start: usize) {
    let diagnostic = refused(document);
    assert_eq!((diagnostic.code, diagnostic.location), (code, Some(at(start))), "{diagnostic:?}");
}

#[track_caller]
fn check_namespace(document: Node, namespace: Option<&str>) {
    assert_eq!(one(document).place.namespace.as_deref(), namespace);
}

#[test]
fn an_object_becomes_a_resource() {
    let document = object("apps/v1", "Deployment", [("name", node("web")), ("namespace", node("shop"))]);
    assert!(recognises(&document));
    let resource = one(document.clone());
    assert_eq!(resource.label(), "shop/web[Deployment]");
    assert_eq!(resource.kind.as_str(), "apps/v1/Deployment");
    assert_eq!((resource.stage, resource.location()), (Stage::Manifest, Some(at(2))));
    assert_eq!(resource.body, document);
}

#[test]
fn only_texts_are_recognised() {
    assert!(!recognises(&map([("apiVersion", node(1)), ("kind", node("Pod"))])));
    assert!(!recognises(&map([("kind", node("Pod"))])));
    assert!(!recognises(&map([("apiVersion", node("v1")), ("kind", unresolved())])));
    assert!(!recognises(&null()));
}

#[test]
fn the_namespace_follows_the_scope_of_the_kind() {
    check_namespace(object("v1", "Pod", [("name", node("a"))]), Some("default"));
    check_namespace(object("v1", "Pod", [("name", node("a")), ("namespace", node(""))]), Some("default"));
    check_namespace(object("v1", "Pod", [("name", node("a")), ("namespace", null())]), Some("default"));
    check_namespace(object("v1", "Node", [("name", node("a")), ("namespace", node("b"))]), None);
    check_namespace(object("example.org/v1", "Foo", [("name", node("a"))]), None);
    check_namespace(
        object("example.org/v1", "Foo", [("name", node("a")), ("namespace", node("b"))]),
        Some("b"),
    );
}

#[test]
fn a_uid_tells_a_live_object() {
    let live = object("v1", "Pod", [("name", node("a")), ("uid", node("1-2"))]);
    assert_eq!(one(live).stage, Stage::Live);
}

#[test]
fn a_generated_name_is_a_name() {
    assert_eq!(one(object("batch/v1", "Job", [("generateName", node("job-"))])).name, "job-");
    let both = object("batch/v1", "Job", [("generateName", node("job-")), ("name", node("job-1"))]);
    assert_eq!(one(both).name, "job-1");
    let empty = object("batch/v1", "Job", [("name", node("")), ("generateName", node("job-"))]);
    assert_eq!(one(empty).name, "job-");
}

#[test]
fn what_is_missing_is_named() {
    check_code(object("v1", "Pod", []), "name-missing", 3);
    check_code(map([("apiVersion", node("v1")), ("kind", node("Pod"))]), "name-missing", 2);
    check_code(map([("metadata", null()), ("kind", node("Pod"))]), "api-version-missing", 2);
    check_code(map([("apiVersion", node("v1")), ("metadata", null())]), "kind-missing", 1);
    check_code(map([("apiVersion", node(1)), ("kind", node("Pod"))]), "api-version-not-text", 1);
    check_code(node("hello"), "not-an-object", 0);
}

#[test]
fn an_empty_document_is_only_a_note() {
    for document in [null(), map([])] {
        let diagnostic = refused(document);
        assert_eq!((diagnostic.code, diagnostic.level), ("empty-document", Level::Note));
        assert_eq!(diagnostic.location, Some(at(0)));
    }
}

#[test]
fn a_boolean_is_no_name() {
    let document = object("v1", "Pod", [("name", node("a")), ("namespace", node(true))]);
    let diagnostic = refused(document);
    assert_eq!((diagnostic.code, diagnostic.level), ("name-not-text", Level::Error));
    assert_eq!(diagnostic.message, "`metadata.namespace` is a boolean to Kubernetes, not a text");
    assert_eq!(diagnostic.help.as_deref(), Some("quote the value of `metadata.namespace`"));
    assert_eq!(diagnostic.location, Some(at(2)));
    check_code(object("v1", "Pod", [("name", node(123))]), "name-not-text", 1);
    check_code(object("v1", "Node", [("name", node("a")), ("namespace", node(false))]), "name-not-text", 2);
    check_code(object("v1", "Pod", [("name", map([]))]), "name-not-text", 1);
}

#[test]
fn an_unresolved_name_never_looks_absent() {
    check_code(object("v1", "Pod", [("name", unresolved())]), "name-unresolved", 1);
    check_code(
        object("v1", "Pod", [("name", unresolved()), ("generateName", node("a"))]),
        "name-unresolved",
        1,
    );
    check_code(object("v1", "Pod", [("name", node("a")), ("namespace", unresolved())]), "name-unresolved", 2);
    check_code(unresolved(), "object-unresolved", 0);
    let metadata = map([("apiVersion", node("v1")), ("kind", node("Pod")), ("metadata", unresolved())]);
    check_code(metadata, "name-unresolved", 3);
}

#[test]
fn a_list_keeps_its_order_and_loses_only_what_is_wrong() {
    let pod = |name: &str| object("v1", "Pod", [("name", node(name))]);
    let inner = list("List", vec![pod("b"), pod("c")]);
    let wrong = object("v1", "Pod", [("name", node(true))]);
    let (resources, diagnostics) = read(list("List", vec![pod("a"), inner, wrong, pod("d")]));
    let names: Vec<_> = resources.iter().map(|resource| resource.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!(diagnostics.iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>(), ["name-not-text"]);
}

#[test]
fn items_of_a_typed_list_inherit_their_kind() {
    let bare = || map([("metadata", map([("name", node("a"))]))]);
    let resource = one(list("PodList", vec![bare()]));
    assert_eq!((resource.kind.as_str(), resource.namespace()), ("v1/Pod", "default"));
    assert_eq!(resource.body.text("kind"), Some("Pod"));
    assert_eq!(resource.location(), Some(at(1)), "the item, not the list");
    check_code(list("List", vec![bare()]), "api-version-missing", 1);
    let other = map([("kind", node("Job")), ("metadata", map([("name", node("a"))]))]);
    check_code(list("PodList", vec![other]), "api-version-missing", 1);
}

#[test]
fn a_list_without_items_is_told_from_an_empty_one() {
    assert!(
        matches!(read(list("PodList", vec![])), (resources, diagnostics) if resources.is_empty() && diagnostics.is_empty())
    );
    let with = |items: Node| map([("apiVersion", node("v1")), ("kind", node("PodList")), ("items", items)]);
    assert!(
        matches!(read(with(null())), (resources, diagnostics) if resources.is_empty() && diagnostics.is_empty())
    );
    check_code(with(node("x")), "items-not-list", 3);
    check_code(with(unresolved()), "items-not-list", 3);
    check_code(map([("apiVersion", node("v1")), ("kind", node("List"))]), "items-missing", 2);
}

#[test]
fn a_named_kind_that_ends_in_list_is_an_object() {
    let resource = one(object("example.org/v1", "AllowList", [("name", node("a"))]));
    assert_eq!(resource.kind.name(), "AllowList");
}

#[test]
fn sources_of_manifests_name_their_command() {
    let help =
        |document: &Node| unrendered(document).and_then(|diagnostic| diagnostic.help).unwrap_or_default();
    let paths = || node(vec![node("a.yaml")]);
    let kind = object("kustomize.config.k8s.io/v1beta1", "Kustomization", []);
    for document in [kind.clone(), map([("resources", paths())])] {
        assert!(help(&document).contains("`kustomize build`"));
    }
    let chart = map([("apiVersion", node("v2")), ("name", node("web")), ("version", node("1.0.0"))]);
    assert!(help(&chart).contains("`helm template`"));
    check_code(kind, "not-rendered", 2);
    check_code(chart, "not-rendered", 1);
}

#[test]
fn objects_are_not_taken_for_sources_of_manifests() {
    let flux = object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", [("name", node("a"))]);
    assert_eq!(unrendered(&flux), None);
    assert_eq!(unrendered(&object("v1", "Pod", [("name", node("a"))])), None);
    assert_eq!(unrendered(&map([("resources", map([("limits", null())]))])), None);
}
