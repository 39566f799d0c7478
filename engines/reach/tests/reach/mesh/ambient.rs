//! Ambient mode: network policies see port 15008, and ztunnel judges no HTTP.

use serde_json::{Value as Json, json};

use super::{authorization, captured, check, edge, meshed, peer_authentication, with};
use crate::fixture::{app, estate, pod, policy};

/// `n/a` and `n/b` in ambient mode, `n/plain` outside the mesh, `n/s` with a sidecar.
fn pods(more: Vec<Json>) -> Vec<Json> {
    with(vec![captured("n", "a", 1), captured("n", "b", 2), pod("n", "plain", 3), meshed("n", "s", 4)], more)
}

/// A network policy that lets `ports` into `n/b`.
fn only(ports: &[u16]) -> Json {
    let ports: Vec<Json> = ports.iter().map(|port| json!({"port": port})).collect();
    policy("p", json!({"podSelector": app("b"), "ingress": [{"ports": ports}]}))
}

#[test]
fn port_15008_open_means_every_port_open() {
    check(&pods(vec![only(&[15008])]), &["n/a>n/b:80 open", "n/a>n/b:9999 open"]);
    check(&pods(vec![only(&[15008])]), &["n/plain>n/b:80 closed", "n/plain>n/b:15008 open"]);
    // Without it, only a client that bypasses ztunnel comes to the port.
    check(&pods(vec![only(&[80])]), &["n/a>n/b:80 depends", "n/a>n/b:81 closed", "n/plain>n/b:80 open"]);
    check(&pods(vec![only(&[80, 15008])]), &["n/a>n/b:80 open", "n/a>n/b:81 open", "n/plain>n/b:81 closed"]);
    check(&pods(vec![only(&[])]), &["n/a>n/b:80 open"]);
    let udp = policy(
        "p",
        json!({"podSelector": app("b"), "ingress": [{"ports": [{"port": 53, "protocol": "UDP"}]}]}),
    );
    check(&pods(vec![udp]), &["n/a>n/b:80 closed"]);
}

#[test]
fn both_sides_must_leave_the_tunnel_open() {
    let out = |port: u16| {
        policy(
            "out",
            json!({"podSelector": app("a"), "policyTypes": ["Egress"], "egress": [{"ports": [{"port": port}]}]}),
        )
    };
    check(&pods(vec![only(&[15008]), out(15008)]), &["n/a>n/b:80 open", "n/a>n/plain:80 closed"]);
    check(
        &pods(vec![only(&[15008]), out(80)]),
        &["n/a>n/b:80 depends", "n/a>n/b:81 closed", "n/a>n/plain:80 open"],
    );
}

#[test]
fn sidecars_may_or_may_not_use_the_tunnel() {
    check(&pods(vec![only(&[15008])]), &["n/s>n/b:80 depends"]);
    check(&pods(vec![only(&[80])]), &["n/s>n/b:80 depends", "n/s>n/b:81 closed"]);
    check(&pods(vec![only(&[80, 15008])]), &["n/s>n/b:80 open", "n/s>n/b:81 depends"]);
}

#[test]
fn ztunnel_alone_narrows_what_comes_through() {
    let allow = |rule: Json| authorization("n", "p", json!({"rules": [rule]}));
    let port = allow(json!({"to": [{"operation": {"ports": ["80"]}}]}));
    check(&pods(vec![only(&[15008]), port]), &["n/a>n/b:80 open", "n/a>n/b:81 mesh"]);
    let principal = allow(json!({"from": [{"source": {"principals": ["cluster.local/ns/n/sa/a"]}}]}));
    check(&pods(vec![principal]), &["n/a>n/b:80 open", "n/s>n/b:80 mesh", "n/plain>n/b:80 mesh"]);
}

#[test]
fn ztunnel_judges_no_http() {
    let get = json!({"to": [{"operation": {"methods": ["GET"], "ports": ["80"]}}]});
    let with_action = |action: &str, rule: Json| {
        pods(vec![authorization("n", "p", json!({"action": action, "rules": [rule]}))])
    };
    check(&with_action("ALLOW", get.clone()), &["n/a>n/b:80 mesh", "n/a>n/b:81 mesh"]);
    check(&with_action("DENY", get), &["n/a>n/b:80 mesh", "n/a>n/b:81 open"]);
    let only_http = json!({"to": [{"operation": {"methods": ["GET"]}}]});
    check(&with_action("DENY", only_http), &["n/a>n/b:80 depends"]);
    let custom = json!({"action": "CUSTOM", "provider": {"name": "x"}, "rules": [{}]});
    check(&pods(vec![authorization("n", "p", custom)]), &["n/a>n/b:80 open", "n/a>n/s:80 depends"]);
    // A policy for a waypoint is none of ztunnel's business.
    let target = json!({"action": "DENY", "rules": [{}], "targetRefs": [{"kind": "Service", "group": "", "name": "b"}]});
    check(&pods(vec![authorization("n", "p", target)]), &["n/a>n/b:80 open"]);
}

#[test]
fn strict_closes_to_whoever_is_outside_the_mesh() {
    let strict = peer_authentication("n", "p", json!({"mtls": {"mode": "STRICT"}}));
    let manifests = pods(vec![strict]);
    check(
        &manifests,
        &["n/a>n/b:80 open", "n/s>n/b:80 open", "n/plain>n/b:80 mesh", "203.0.113.7>n/b:80 mesh"],
    );
    let disable = peer_authentication("n", "p", json!({"mtls": {"mode": "DISABLE"}}));
    check(&pods(vec![disable]), &["n/plain>n/b:80 open"]);
}

#[test]
fn the_tunnel_and_the_layers_are_facts() {
    let nothing = authorization("n", "none", json!({}));
    let found = estate(&pods(vec![only(&[15008]), nothing.clone()]));
    let edge_of = |from: &str| edge(&found, from, "n/b");
    let mesh = edge_of("n/a").mesh.unwrap();
    assert_eq!((mesh.tunnel, mesh.mtls.as_str()), (Some(15008), "permissive"));
    assert_eq!(edge_of("n/plain").mesh.unwrap().tunnel, None);
    let layers =
        |from: &str, port: u16| edge_of(from).layers_that_close(ringfence_model::fact::Protocol::Tcp, port);
    assert_eq!((layers("n/a", 80), layers("n/plain", 80)), (1, 2));
}
