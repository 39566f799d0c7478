//! Linkerd: Servers, authorizations, defaults.

use serde_json::{Value as Json, json};

use super::{check, edge, linked, of_linkerd, says};
use crate::fixture::{app, estate, namespace, pod};

/// `n/a`, `n/b`, `n/c` with a proxy, `n/plain` without; `o/a` with one.
fn pods(more: Vec<Json>) -> Vec<Json> {
    let pods = [
        linked("n", "a", 1),
        linked("n", "b", 2),
        linked("n", "c", 3),
        pod("n", "plain", 4),
        linked("o", "a", 5),
    ];
    [namespace("n", json!({})), namespace("o", json!({}))].into_iter().chain(pods).chain(more).collect()
}

fn server() -> Json {
    of_linkerd("Server", "s", json!({"podSelector": app("b"), "port": 80}))
}

fn authorization(client: Json) -> Json {
    of_linkerd("ServerAuthorization", "z", json!({"server": {"name": "s"}, "client": client}))
}

fn policy(target: Json, references: Json) -> Json {
    of_linkerd(
        "AuthorizationPolicy",
        "p",
        json!({"targetRef": target, "requiredAuthenticationRefs": references}),
    )
}

fn reference(kind: &str, name: &str) -> Json {
    let group = if kind == "ServiceAccount" { "" } else { "policy.linkerd.io" };
    json!({"group": group, "kind": kind, "name": name})
}

fn of_server() -> Json {
    json!({"group": "policy.linkerd.io", "kind": "Server", "name": "s"})
}

#[test]
fn a_server_denies_its_port_and_no_other() {
    check(&pods(vec![server()]), &["n/a>n/b:80 mesh", "n/a>n/b:81 open", "n/a>n/c:80 open"]);
    let named = of_linkerd("Server", "s", json!({"podSelector": app("b"), "port": "http"}));
    check(&pods(vec![named]), &["n/a>n/b:8080 mesh", "n/a>n/b:80 open"]);
    let open = |policy: &str| {
        of_linkerd("Server", "s", json!({"podSelector": app("b"), "port": 80, "accessPolicy": policy}))
    };
    check(&pods(vec![open("all-unauthenticated")]), &["n/plain>n/b:80 open"]);
    check(&pods(vec![open("all-authenticated")]), &["n/a>n/b:80 open", "n/plain>n/b:80 mesh"]);
    check(&pods(vec![open("cluster-unauthenticated")]), &["n/plain>n/b:80 open", "203.0.113.7>n/b:80 mesh"]);
}

#[test]
fn server_authorizations() {
    let with = |client: Json| pods(vec![server(), authorization(client)]);
    check(&with(json!({"unauthenticated": true})), &["n/a>n/b:80 open", "n/plain>n/b:80 open"]);
    let a = json!({"meshTLS": {"serviceAccounts": [{"name": "a"}]}});
    check(&with(a), &["n/a>n/b:80 open", "n/c>n/b:80 mesh", "o/a>n/b:80 mesh", "n/plain>n/b:80 mesh"]);
    let identity = |text: &str| json!({"meshTLS": {"identities": [text]}});
    let tail = "serviceaccount.identity.linkerd.cluster.local";
    check(&with(identity("*")), &["n/a>n/b:80 open", "o/a>n/b:80 open", "n/plain>n/b:80 mesh"]);
    check(&with(identity(&format!("a.o.{tail}"))), &["n/a>n/b:80 mesh", "o/a>n/b:80 open"]);
    check(
        &with(identity(&format!("*.n.{tail}"))),
        &["n/a>n/b:80 open", "n/c>n/b:80 open", "o/a>n/b:80 mesh"],
    );
    check(&with(identity("a.n.serviceaccount.identity.other.td")), &["n/a>n/b:80 depends"]);
    let networks =
        json!({"networks": [{"cidr": "10.0.0.0/24", "except": ["10.0.0.3/32"]}], "unauthenticated": true});
    check(&with(networks), &["n/a>n/b:80 open", "n/c>n/b:80 mesh", "n/plain>n/b:80 open"]);
    let nobody = with(json!({}));
    check(&nobody, &["n/a>n/b:80 mesh"]);
    says(&nobody, &["linkerd-client-missing"]);
    let by_label = of_linkerd(
        "ServerAuthorization",
        "z",
        json!({"server": {"selector": app("x")}, "client": {"unauthenticated": true}}),
    );
    let mut labelled = server();
    labelled["metadata"]["labels"] = json!({"app": "x"});
    check(&pods(vec![labelled, by_label.clone()]), &["n/a>n/b:80 open"]);
    check(&pods(vec![server(), by_label]), &["n/a>n/b:80 mesh"]);
}

#[test]
fn authorization_policies_need_every_reference() {
    let tls = of_linkerd(
        "MeshTLSAuthentication",
        "t",
        json!({"identityRefs": [{"kind": "ServiceAccount", "name": "a"}]}),
    );
    let net = of_linkerd("NetworkAuthentication", "w", json!({"networks": [{"cidr": "10.0.0.0/30"}]}));
    let with =
        |references: Json| pods(vec![server(), tls.clone(), net.clone(), policy(of_server(), references)]);
    check(
        &with(json!([reference("MeshTLSAuthentication", "t")])),
        &["n/a>n/b:80 open", "n/c>n/b:80 mesh", "o/a>n/b:80 mesh"],
    );
    check(
        &with(json!([reference("NetworkAuthentication", "w")])),
        &["n/a>n/b:80 open", "n/c>n/b:80 open", "n/plain>n/b:80 mesh"],
    );
    let both = json!([reference("MeshTLSAuthentication", "t"), reference("NetworkAuthentication", "w")]);
    check(&with(both), &["n/a>n/b:80 open", "n/c>n/b:80 mesh"]);
    check(&with(json!([reference("ServiceAccount", "c")])), &["n/c>n/b:80 open", "n/a>n/b:80 mesh"]);
    check(&with(json!([])), &["n/plain>n/b:80 open"]);
    let missing = with(json!([reference("MeshTLSAuthentication", "no")]));
    check(&missing, &["n/a>n/b:80 mesh"]);
    says(&missing, &["linkerd-reference-unusable"]);
    let everywhere = policy(json!({"group": "", "kind": "Namespace", "name": "n"}), json!([]));
    check(&pods(vec![server(), everywhere]), &["n/plain>n/b:80 open"]);
}

#[test]
fn routes_let_single_requests_in() {
    let route = json!({
        "apiVersion": "policy.linkerd.io/v1beta3", "kind": "HTTPRoute", "metadata": {"name": "r", "namespace": "n"},
        "spec": {"parentRefs": [of_server()]},
    });
    let on_route = policy(
        json!({"group": "policy.linkerd.io", "kind": "HTTPRoute", "name": "r"}),
        json!([reference("ServiceAccount", "a")]),
    );
    check(&pods(vec![server(), route.clone(), on_route]), &["n/a>n/b:80 depends", "n/c>n/b:80 mesh"]);
    check(
        &pods(vec![server(), route, authorization(json!({"unauthenticated": true}))]),
        &["n/a>n/b:80 depends"],
    );
}

#[test]
fn defaults_of_namespaces_and_pods() {
    let with = |value: &str, more: Vec<Json>| {
        let mut b = linked("n", "b", 2);
        b["metadata"]["annotations"] = json!({"config.linkerd.io/default-inbound-policy": value});
        let mut all = pods(more);
        all.retain(|one| one["metadata"]["name"] != "b");
        all.push(b);
        all
    };
    check(&with("deny", vec![]), &["n/a>n/b:80 mesh", "n/a>n/c:80 open"]);
    check(&with("all-authenticated", vec![]), &["n/a>n/b:80 open", "n/plain>n/b:80 mesh"]);
    check(
        &with("cluster-authenticated", vec![]),
        &["n/a>n/b:80 open", "n/plain>n/b:80 mesh", "203.0.113.7>n/b:80 mesh"],
    );
    check(&with("audit", vec![]), &["n/plain>n/b:80 open"]);
    check(
        &with("deny", vec![server(), authorization(json!({"unauthenticated": true}))]),
        &["n/a>n/b:80 open", "n/a>n/b:81 mesh"],
    );
    says(&with("nobody", vec![]), &["linkerd-policy-unknown"]);
    assert_eq!(
        edge(&estate(&with("all-authenticated", vec![])), "n/a", "n/b").mesh.unwrap().mtls.as_str(),
        "required"
    );
}

#[test]
fn a_default_that_is_not_known_is_conditional() {
    let mut b = linked("n", "b", 2);
    b["metadata"]["annotations"] =
        json!({"config.linkerd.io/default-inbound-policy": crate::fixture::UNKNOWN});
    let manifests = [namespace("n", json!({})), linked("n", "a", 1), b];
    check(&manifests, &["n/a>n/b:80 depends", "n/b>n/a:80 open"]);
}

#[test]
fn skipped_ports_pass_the_proxy_by() {
    let mut b = linked("n", "b", 2);
    b["metadata"]["annotations"] = json!({
        "config.linkerd.io/skip-inbound-ports": "80,9000-9010", "config.linkerd.io/default-inbound-policy": "deny"});
    let manifests = [namespace("n", json!({})), linked("n", "a", 1), b, server()];
    check(&manifests, &["n/a>n/b:80 open", "n/a>n/b:9005 open", "n/a>n/b:81 mesh", "n/a>n/b:4191 open"]);
}

#[test]
fn two_servers_of_one_port_are_in_doubt() {
    let other = of_linkerd(
        "Server",
        "t",
        json!({"podSelector": {}, "port": 80, "accessPolicy": "all-unauthenticated"}),
    );
    check(&pods(vec![server(), other.clone()]), &["n/a>n/b:80 depends"]);
    let apart = of_linkerd(
        "Server",
        "t",
        json!({"podSelector": app("c"), "port": 80, "accessPolicy": "all-unauthenticated"}),
    );
    check(&pods(vec![server(), apart]), &["n/a>n/b:80 mesh", "n/a>n/c:80 open"]);
}

#[test]
fn network_policies_may_see_the_port_of_the_proxy() {
    let only = |port: u16| {
        crate::fixture::policy(
            "np",
            json!({"podSelector": app("b"), "ingress": [{"ports": [{"port": port}]}]}),
        )
    };
    check(&pods(vec![only(4143)]), &["n/a>n/b:80 depends", "n/plain>n/b:80 closed"]);
    check(&pods(vec![only(80)]), &["n/a>n/b:80 depends", "n/plain>n/b:80 open", "n/a>n/b:81 closed"]);
}
