//! Properties: nothing unknown closes or opens a way in, and the order of files never matters.

use ringfence_model::fact::Entry;
use ringfence_reach::{Profile, Reach};
use serde_json::{Value as Json, json};

use super::{annotated, lines, service};
use crate::fixture::{UNKNOWN, app, deployment, estate, namespace, policy, with};

/// A cluster with a way in of every kind.
fn everything() -> Vec<Json> {
    let gateway = "gateway.networking.k8s.io/v1";
    let ingress = |name: &str, class: &str| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name, "namespace": "n"},
            "spec": {"ingressClassName": class, "defaultBackend": {"service": {"name": "web", "port": {"number": 443}}}}})
    };
    let class = |name: &str, controller: &str| json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": name}, "spec": {"controller": controller}});
    let controller = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "nginx", "namespace": "n"},
        "spec": {"template": {"metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": [
            {"name": "c", "image": "registry.k8s.io/ingress-nginx/controller:v1"}]}}},
    });
    let beside = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "beside", "namespace": "n", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c"}]},
    });
    let front = json!({"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb"});
    let alb = json!({"alb.ingress.kubernetes.io/target-type": "ip", "alb.ingress.kubernetes.io/scheme": "internal",
        "alb.ingress.kubernetes.io/inbound-cidrs": "10.0.0.0/8"});
    let from = json!([{"podSelector": app("nginx")}, {"ipBlock": {"cidr": "10.0.0.0/8"}}]);
    with(
        &["web"],
        vec![
            controller,
            beside,
            service("nginx", front),
            service("web", json!({"type": "NodePort", "externalIPs": ["198.51.100.7"]})),
            deployment("n", "other"),
            class("alb", "ingress.k8s.aws/alb"),
            class("nginx", "k8s.io/ingress-nginx"),
            annotated(ingress("a", "alb"), alb),
            ingress("b", "nginx"),
            json!({"apiVersion": gateway, "kind": "GatewayClass", "metadata": {"name": "c"}, "spec": {"controllerName": "gateway.k8s.aws/nlb"}}),
            json!({"apiVersion": gateway, "kind": "Gateway", "metadata": {"name": "gw", "namespace": "n"},
            "spec": {"gatewayClassName": "c", "listeners": [{"name": "t", "port": 443, "protocol": "TCP"}]}}),
            json!({"apiVersion": gateway, "kind": "TCPRoute", "metadata": {"name": "r", "namespace": "n"},
            "spec": {"parentRefs": [{"name": "gw"}], "rules": [{"backendRefs": [{"name": "web", "port": 443}]}]}}),
            policy("p", json!({"podSelector": app("web"), "ingress": [{"from": from}]})),
            namespace("m", json!({})),
        ],
    )
}

#[test]
fn the_order_of_files_does_not_matter() {
    let straight = everything();
    let mut reversed = straight.clone();
    reversed.reverse();
    assert!(straight.len() > 10 && lines(&straight).len() > 6);
    assert_eq!(lines(&straight), lines(&reversed));
}

/// Every path to a value below `spec`, `metadata.annotations` or `spec.template`.
fn paths(json: &Json, at: String, found: &mut Vec<String>) {
    if !at.is_empty() {
        found.push(at.clone());
    }
    match json {
        Json::Object(entries) => entries.iter().for_each(|(key, value)| {
            let key = key.replace('~', "~0").replace('/', "~1");
            paths(value, format!("{at}/{key}"), found);
        }),
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| paths(item, format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// The widest that the entries of an estate let in from the internet: whether anything may come, and
/// whether anything comes for certain, for each workload.
fn reached(manifests: &[Json]) -> Vec<(String, bool, bool)> {
    let estate = estate(manifests);
    let (reach, _) = Reach::new(&estate, Profile::Spec);
    let (entries, _) = reach.entries(&estate);
    let mut found: Vec<(String, bool, bool)> = Vec::new();
    for workload in estate.workloads() {
        let into = entries
            .iter()
            .flat_map(Entry::passages)
            .filter(|(id, ..)| estate.workload(*id).is_some_and(|one| one.label() == workload.label()));
        let (mut maybe, mut sure) = (false, false);
        for (_, _, passage) in into {
            maybe |= !passage.allowed.is_empty() || !passage.depends.is_empty();
            sure |= !passage.allowed.is_empty();
        }
        found.push((workload.label(), maybe, sure));
    }
    found.sort();
    found
}

#[test]
fn a_value_that_is_not_known_never_closes_a_way_in() {
    let known = everything();
    let before = reached(&known);
    assert!(before.iter().any(|(_, maybe, _)| *maybe));
    for (index, object) in known.iter().enumerate().filter(|(_, one)| one["kind"] != "NetworkPolicy") {
        let mut all = Vec::new();
        for part in ["/spec", "/metadata/annotations"] {
            if let Some(value) = object.pointer(part) {
                paths(value, part.to_owned(), &mut all);
            }
        }
        for path in all {
            let mut manifests = known.clone();
            *manifests[index].pointer_mut(&path).unwrap() = json!(UNKNOWN);
            let after = reached(&manifests);
            for (label, maybe, _) in &before {
                let now = after.iter().find(|(there, ..)| there == label);
                assert!(!*maybe || now.is_some_and(|now| now.1), "{label} closed by {path} of {object}");
            }
        }
    }
}

#[test]
fn a_scheme_or_a_range_that_is_not_known_is_never_narrow() {
    for key in ["scheme", "inbound-cidrs"] {
        let mut manifests = everything();
        let ingress = manifests.iter_mut().find(|one| one["metadata"]["name"] == "a").unwrap();
        ingress["metadata"]["annotations"][format!("alb.ingress.kubernetes.io/{key}")] = json!(UNKNOWN);
        let estate = estate(&manifests);
        let (reach, _) = Reach::new(&estate, Profile::Spec);
        let (entries, _) = reach.entries(&estate);
        let id = estate.find("n/a[Ingress]")[0];
        let entry = entries.iter().find(|entry| entry.through == [id]).unwrap();
        assert!(!entry.conditions.is_empty());
        match key {
            "scheme" => assert_eq!(entry.clients.facing.as_str(), "internet-facing or internal, not known"),
            _ => assert_eq!(entry.clients.ranges.len(), 2),
        }
    }
}
