//! AuthorizationPolicy and PeerAuthentication on sidecars.

use serde_json::{Value as Json, json};

use super::{authorization, check, edge, meshed, peer_authentication, says, sidecars, with};
use crate::fixture::{app, estate, namespace, pod};

fn from(source: Json) -> Json {
    json!([{"source": source}])
}

/// A policy of namespace `n`.
fn policy(action: &str, rules: Json) -> Json {
    authorization("n", "p", json!({"action": action, "rules": rules}))
}

#[track_caller]
fn allow(rule: Json, expected: &[&str]) {
    check(&sidecars(vec![policy("ALLOW", json!([rule]))]), expected);
}

#[track_caller]
fn deny(rule: Json, expected: &[&str]) {
    check(&sidecars(vec![policy("DENY", json!([rule]))]), expected);
}

#[test]
fn no_allow_policy_allows_and_one_without_rules_allows_nothing() {
    check(&sidecars(vec![]), &["n/a>n/b:80 open", "n/plain>n/b:80 open"]);
    check(&sidecars(vec![authorization("n", "p", json!({}))]), &["n/a>n/b:80 mesh", "n/a>n/plain:80 open"]);
    check(&sidecars(vec![policy("ALLOW", json!([{}]))]), &["n/a>n/b:80 open", "n/plain>n/b:80 open"]);
    check(&sidecars(vec![policy("DENY", json!([{}]))]), &["n/a>n/b:80 mesh"]);
    check(&sidecars(vec![policy("DENY", json!([]))]), &["n/a>n/b:80 open"]);
}

#[test]
fn sources_by_principal_namespace_account_and_address() {
    let only_a = ["n/a>n/b:80 open", "n/c>n/b:80 mesh", "o/a>n/b:80 mesh", "n/plain>n/b:80 mesh"];
    allow(json!({"from": from(json!({"principals": ["cluster.local/ns/n/sa/a"]}))}), &only_a);
    allow(json!({"from": from(json!({"serviceAccounts": ["a"]}))}), &only_a);
    allow(json!({"from": from(json!({"serviceAccounts": ["n/a"]}))}), &only_a);
    let both_a = ["n/a>n/b:80 open", "n/c>n/b:80 mesh", "o/a>n/b:80 open", "n/plain>n/b:80 mesh"];
    allow(json!({"from": from(json!({"principals": ["*/sa/a"]}))}), &both_a);
    let of_n = ["n/a>n/b:80 open", "n/c>n/b:80 open", "o/a>n/b:80 mesh", "n/plain>n/b:80 mesh"];
    allow(json!({"from": from(json!({"namespaces": ["n"]}))}), &of_n);
    allow(json!({"from": from(json!({"principals": ["cluster.local/ns/n/*"]}))}), &of_n);
    let all = ["n/a>n/b:80 open", "o/a>n/b:80 open", "n/plain>n/b:80 mesh"];
    allow(json!({"from": from(json!({"principals": ["*"]}))}), &all);
    allow(json!({"from": from(json!({"namespaces": ["*"]}))}), &all);
    let by_address = ["n/a>n/b:80 open", "n/c>n/b:80 mesh", "n/plain>n/b:80 open"];
    allow(json!({"from": from(json!({"ipBlocks": ["10.0.0.1", "10.0.0.5/32"]}))}), &by_address);
}

#[test]
fn clauses_of_one_source_add_up_and_sources_are_alternatives() {
    let both = json!({"namespaces": ["n"], "ipBlocks": ["10.0.0.3/32", "10.0.0.4/32"]});
    allow(json!({"from": from(both)}), &["n/a>n/b:80 mesh", "n/c>n/b:80 open", "o/a>n/b:80 mesh"]);
    let either = json!([{"source": {"namespaces": ["o"]}}, {"source": {"ipBlocks": ["10.0.0.5"]}}]);
    allow(json!({"from": either}), &["n/a>n/b:80 mesh", "o/a>n/b:80 open", "n/plain>n/b:80 open"]);
    let not = json!({"namespaces": ["n"], "notPrincipals": ["cluster.local/ns/n/sa/a"]});
    allow(json!({"from": from(not)}), &["n/a>n/b:80 mesh", "n/c>n/b:80 open", "o/a>n/b:80 mesh"]);
}

#[test]
fn ports_and_conditions() {
    let ports = json!([{"operation": {"ports": ["80", "443"], "notPorts": ["443"]}}]);
    allow(json!({"to": ports}), &["n/a>n/b:80 open", "n/a>n/b:443 mesh", "n/a>n/b:81 mesh"]);
    let when = json!([{"key": "source.namespace", "values": ["n"]}, {"key": "destination.port", "notValues": ["80"]}]);
    allow(json!({"when": when}), &["n/a>n/b:80 mesh", "n/a>n/b:81 open", "o/a>n/b:81 mesh"]);
    let when = json!([{"key": "request.headers[x]", "values": ["y"]}]);
    allow(json!({"when": when}), &["n/a>n/b:80 depends"]);
    let sni = json!([{"key": "connection.sni", "values": ["y"]}]);
    allow(json!({"when": sni}), &["n/a>n/b:80 depends"]);
}

#[test]
fn custom_comes_before_deny_before_allow() {
    let all = |action: &str, rule: Json| {
        let mut policy = policy(action, json!([rule]));
        policy["metadata"]["name"] = json!(action.to_lowercase());
        if action == "CUSTOM" {
            policy["spec"]["provider"] = json!({"name": "opa"});
        }
        policy
    };
    let to_80 = json!({"to": [{"operation": {"ports": ["80"]}}]});
    let policies = vec![all("ALLOW", json!({})), all("DENY", to_80.clone())];
    check(&sidecars(policies), &["n/a>n/b:80 mesh", "n/a>n/b:81 open"]);
    let policies = vec![all("CUSTOM", to_80.clone()), all("ALLOW", json!({}))];
    check(&sidecars(policies), &["n/a>n/b:80 depends", "n/a>n/b:81 open"]);
    let policies = vec![all("CUSTOM", to_80.clone()), all("DENY", to_80)];
    check(&sidecars(policies), &["n/a>n/b:80 mesh", "n/a>n/b:81 open"]);
}

#[test]
fn what_is_no_policy_in_force_refuses_nothing() {
    let mut dry = policy("DENY", json!([{}]));
    dry["metadata"]["annotations"] = json!({"istio.io/dry-run": "true"});
    let manifests = sidecars(vec![dry]);
    check(&manifests, &["n/a>n/b:80 open"]);
    says(&manifests, &["mesh-policy-idle"]);
    let manifests = sidecars(vec![policy("AUDIT", json!([{}]))]);
    check(&manifests, &["n/a>n/b:80 open"]);
    says(&manifests, &["mesh-policy-idle"]);
}

#[test]
fn a_policy_selects_within_its_namespace_and_the_root_everywhere() {
    let nothing = |namespace: &str, spec: Json| sidecars(vec![authorization(namespace, "p", spec)]);
    check(&nothing("n", json!({"selector": app("b")})), &["n/a>n/b:80 mesh", "n/a>n/c:80 open"]);
    check(&nothing("o", json!({})), &["n/a>n/b:80 open", "n/a>o/a:80 mesh"]);
    check(&nothing("istio-system", json!({})), &["n/a>n/b:80 mesh", "n/a>o/a:80 mesh"]);
    let selecting = nothing("istio-system", json!({"selector": app("a")}));
    check(&selecting, &["n/a>n/b:80 open", "n/c>n/a:80 mesh", "n/c>o/a:80 mesh"]);
    let mut settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"}});
    settings["data"] = json!({"mesh": "rootNamespace: o\ntrustDomain: td\n"});
    let named = sidecars(vec![authorization("o", "p", json!({})), settings.clone()]);
    check(&named, &["n/a>n/b:80 mesh", "n/a>o/a:80 mesh"]);
    let other = sidecars(vec![authorization("istio-system", "p", json!({})), settings]);
    check(&other, &["n/a>n/b:80 open"]);
    // Where the settings are not in the input, a namespace in which nothing runs may be the root.
    let perhaps = sidecars(vec![namespace("r", json!({})), authorization("r", "p", json!({}))]);
    check(&perhaps, &["n/a>n/b:80 depends"]);
}

#[test]
fn the_trust_domain_may_go_by_another_name() {
    let settings = |text: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"}, "data": {"mesh": text}});
    let only = |principal: &str| policy("ALLOW", json!([{"from": from(json!({"principals": [principal]}))}]));
    let td = settings("trustDomain: td\n");
    for local in ["cluster.local/ns/n/sa/a", "td/ns/n/sa/a", "*/ns/n/sa/a"] {
        check(&sidecars(vec![only(local), td.clone()]), &["n/a>n/b:80 open", "n/c>n/b:80 mesh"]);
    }
    check(&sidecars(vec![only("other/ns/n/sa/a"), td]), &["n/a>n/b:80 mesh"]);
    check(&sidecars(vec![only("other/ns/n/sa/a")]), &["n/a>n/b:80 depends", "n/c>n/b:80 depends"]);
}

/// A Service that gives ports of `n/b` their protocols.
fn service() -> Json {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "b", "namespace": "n"},
        "spec": {"selector": {"app": "b"}, "ports": [
            {"name": "http", "port": 80, "targetPort": 8080}, {"name": "tcp-db", "port": 5432}]},
    })
}

#[test]
fn http_fields_on_ports_that_carry_none() {
    let get = json!({"to": [{"operation": {"methods": ["GET"]}}]});
    let lines = |http: &str, tcp: &str, other: &str| {
        [format!("n/a>n/b:8080 {http}"), format!("n/a>n/b:5432 {tcp}"), format!("n/a>n/b:9999 {other}")]
    };
    let on = |action: &str, rule: Json, http: &str, tcp: &str, other: &str| {
        let lines = lines(http, tcp, other);
        let expected: Vec<&str> = lines.iter().map(String::as_str).collect();
        check(&sidecars(vec![service(), policy(action, json!([rule]))]), &expected);
    };
    // An ALLOW rule is dropped, and in a DENY rule only the field.
    on("ALLOW", get.clone(), "depends", "mesh", "depends");
    on("DENY", get, "depends", "mesh", "depends");
    // One clause about HTTP drops the whole ALLOW rule on a stream.
    let mixed = json!({"to": [{"operation": {"methods": ["GET"]}}, {"operation": {"ports": ["8080", "5432", "9999"]}}]});
    on("ALLOW", mixed.clone(), "open", "mesh", "depends");
    on("DENY", mixed, "mesh", "mesh", "mesh");
    let jwt = json!({"from": from(json!({"requestPrincipals": ["*"]}))});
    on("ALLOW", jwt.clone(), "depends", "mesh", "depends");
    on("DENY", jwt, "depends", "mesh", "depends");
}

#[test]
fn a_client_that_bypasses_its_proxy_has_no_principal() {
    let a = || from(json!({"principals": ["cluster.local/ns/n/sa/a"]}));
    deny(json!({"from": a()}), &["n/a>n/b:80 depends", "n/c>n/b:80 open", "n/plain>n/b:80 open"]);
    let strict = peer_authentication("n", "strict", json!({"mtls": {"mode": "STRICT"}}));
    let policies = vec![policy("DENY", json!([{"from": a()}])), strict.clone()];
    check(&sidecars(policies), &["n/a>n/b:80 mesh", "n/c>n/b:80 open", "n/plain>n/b:80 mesh"]);
    let not_a = || json!([{"from": from(json!({"notPrincipals": ["cluster.local/ns/n/sa/a"]}))}]);
    check(&sidecars(vec![policy("ALLOW", not_a())]), &["n/a>n/b:80 depends", "n/plain>n/b:80 open"]);
    check(&sidecars(vec![policy("ALLOW", not_a()), strict]), &["n/a>n/b:80 mesh", "n/plain>n/b:80 mesh"]);
}

#[test]
fn the_narrowest_peer_authentication_counts() {
    let mode = |mode: &str| json!({"mtls": {"mode": mode}});
    let on = |namespace: &str, name: &str, spec: Json| peer_authentication(namespace, name, spec);
    let strict = || on("istio-system", "mesh", mode("STRICT"));
    check(
        &sidecars(vec![strict()]),
        &["n/a>n/b:80 open", "n/plain>n/b:80 mesh", "n/plain>n/plain2:1 closed"][..2],
    );
    check(
        &sidecars(vec![strict(), on("n", "own", mode("PERMISSIVE"))]),
        &["n/plain>n/b:80 open", "n/plain>o/a:80 mesh"],
    );
    check(&sidecars(vec![strict(), on("n", "own", mode("UNSET"))]), &["n/plain>n/b:80 mesh"]);
    let mut of_b = mode("PERMISSIVE");
    of_b["selector"] = app("b");
    check(&sidecars(vec![strict(), on("n", "b", of_b)]), &["n/plain>n/b:80 open", "n/plain>n/a:80 mesh"]);
    let ports = json!({"selector": app("b"), "mtls": {"mode": "STRICT"}, "portLevelMtls": {"8080": {"mode": "DISABLE"}}});
    check(&sidecars(vec![on("n", "b", ports)]), &["n/plain>n/b:80 mesh", "n/plain>n/b:8080 open"]);
    let ports = json!({"selector": app("b"), "portLevelMtls": {"8080": {"mode": "STRICT"}}});
    check(&sidecars(vec![on("n", "b", ports.clone())]), &["n/plain>n/b:80 open", "n/plain>n/b:8080 mesh"]);
    check(&sidecars(vec![on("n", "b", ports), strict()]), &["n/plain>n/b:80 mesh", "n/plain>n/b:8080 mesh"]);
    // Addresses outside have no certificate of the mesh.
    check(&sidecars(vec![strict()]), &["203.0.113.7>n/b:80 mesh"]);
    let selecting = json!({"selector": app("b"), "mtls": {"mode": "STRICT"}});
    let manifests = sidecars(vec![on("istio-system", "x", selecting)]);
    check(&manifests, &["n/plain>n/b:80 open"]);
    says(&manifests, &["mesh-policy-idle", "mesh-root-assumed"]);
}

#[test]
fn of_equals_the_oldest_counts() {
    let at = |name: &str, mode: &str, created: Option<&str>| {
        let mut peer = peer_authentication("n", name, json!({"mtls": {"mode": mode}}));
        created.into_iter().for_each(|time| peer["metadata"]["creationTimestamp"] = json!(time));
        peer
    };
    let old = at("y", "STRICT", Some("2024-01-01T00:00:00Z"));
    let young = at("x", "PERMISSIVE", Some("2025-01-01T00:00:00Z"));
    check(&sidecars(vec![young.clone(), old.clone()]), &["n/plain>n/b:80 mesh"]);
    check(&sidecars(vec![old, young]), &["n/plain>n/b:80 mesh"]);
    check(&sidecars(vec![at("x", "STRICT", None), at("y", "PERMISSIVE", None)]), &["n/plain>n/b:80 depends"]);
}

#[test]
fn mutual_tls_is_required_offered_or_absent() {
    let tls = |more: Vec<Json>, from: &str| {
        let estate = estate(&sidecars(more));
        edge(&estate, from, "n/b").mesh.unwrap().mtls.as_str()
    };
    let peer = |spec: Json| vec![peer_authentication("n", "p", spec)];
    let mode = |mode: &str| peer(json!({"mtls": {"mode": mode}}));
    assert_eq!(tls(vec![], "n/a"), "permissive");
    assert_eq!(tls(vec![], "n/plain"), "absent");
    assert_eq!(tls(mode("STRICT"), "n/a"), "required");
    assert_eq!(tls(mode("STRICT"), "n/plain"), "required");
    assert_eq!(tls(mode("DISABLE"), "n/a"), "absent");
    let ports = json!({"selector": app("b"), "portLevelMtls": {"80": {"mode": "STRICT"}}});
    assert_eq!(tls(peer(ports), "n/a"), "differs by port");
}

#[test]
fn where_mutual_tls_is_off_a_principal_decides_nothing_certain() {
    let only_a =
        || policy("ALLOW", json!([{"from": from(json!({"principals": ["cluster.local/ns/n/sa/a"]}))}]));
    let rule = |host: &str, mode: &str| {
        json!({
            "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": "d", "namespace": "n"},
            "spec": {"host": host, "trafficPolicy": {"tls": {"mode": mode}}},
        })
    };
    check(
        &sidecars(vec![only_a(), rule("b.n.svc.cluster.local", "DISABLE")]),
        &["n/a>n/b:80 depends", "n/c>n/b:80 mesh"],
    );
    check(&sidecars(vec![only_a(), rule("b.o.svc.cluster.local", "DISABLE")]), &["n/a>n/b:80 open"]);
    check(&sidecars(vec![only_a(), rule("b.n.svc.cluster.local", "ISTIO_MUTUAL")]), &["n/a>n/b:80 open"]);
    let disable = peer_authentication("n", "p", json!({"mtls": {"mode": "DISABLE"}}));
    check(&sidecars(vec![only_a(), disable]), &["n/a>n/b:80 depends"]);
    let strict = peer_authentication("n", "p", json!({"mtls": {"mode": "STRICT"}}));
    check(&sidecars(vec![strict, rule("*.n.svc.cluster.local", "DISABLE")]), &["n/a>n/b:80 depends"]);
}

#[test]
fn gateways_and_waypoints() {
    let mut gateway = meshed("n", "gw", 6);
    gateway["metadata"]["annotations"] = json!({"inject.istio.io/templates": "gateway"});
    let mut waypoint = meshed("n", "wp", 7);
    waypoint["metadata"]["labels"]["gateway.istio.io/managed"] = json!("istio.io-mesh-controller");
    waypoint["metadata"]["labels"]["gateway.networking.k8s.io/gateway-name"] = json!("wp");
    let pods = |policy: Json| {
        with(
            vec![meshed("n", "a", 1), meshed("n", "b", 2), gateway.clone(), waypoint.clone(), policy],
            vec![],
        )
    };
    // Who connects to a gateway need not show a certificate.
    let principal = policy("ALLOW", json!([{"from": from(json!({"principals": ["*"]}))}]));
    check(&pods(principal), &["n/a>n/b:80 open", "n/a>n/gw:80 depends", "n/a>n/wp:80 open"]);
    let by_port = policy("ALLOW", json!([{"to": [{"operation": {"ports": ["8443"]}}]}]));
    check(&pods(by_port), &["n/a>n/gw:80 mesh", "n/a>n/gw:8443 open"]);
    let of = |kind: &str, group: &str, name: &str| {
        let mut policy = policy("DENY", json!([{}]));
        policy["spec"]["targetRefs"] = json!([{"kind": kind, "group": group, "name": name}]);
        policy
    };
    let on_waypoint = of("Gateway", "gateway.networking.k8s.io", "wp");
    check(&pods(on_waypoint), &["n/a>n/b:80 open", "n/a>n/gw:80 open", "n/a>n/wp:15008 depends"]);
    check(&pods(of("Service", "", "b")), &["n/a>n/b:80 open", "n/a>n/wp:15008 depends"]);
    says(&pods(of("Pod", "", "b")), &["target-unknown"]);
}

#[test]
fn what_is_not_evaluated_is_named_and_conditional() {
    let object = |version: &str, kind: &str, spec: Json| json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x", "namespace": "n"}, "spec": spec});
    let filter = |context: &str| {
        let patches = json!([{"applyTo": "HTTP_FILTER", "match": {"context": context}}]);
        object(
            "networking.istio.io/v1alpha3",
            "EnvoyFilter",
            json!({"workloadSelector": {"labels": {"app": "b"}}, "configPatches": patches}),
        )
    };
    let manifests = sidecars(vec![filter("SIDECAR_INBOUND")]);
    check(&manifests, &["n/a>n/b:80 depends", "n/a>n/c:80 open"]);
    says(&manifests, &["mesh-filter-not-evaluated"]);
    check(&sidecars(vec![filter("SIDECAR_OUTBOUND")]), &["n/a>n/b:80 open"]);
    let sidecar = object(
        "networking.istio.io/v1",
        "Sidecar",
        json!({"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}),
    );
    let manifests = sidecars(vec![sidecar]);
    check(&manifests, &["n/a>n/b:80 open"]);
    says(&manifests, &["mesh-client-side"]);
    let app_mesh = object("appmesh.k8s.aws/v1beta2", "VirtualNode", json!({}));
    says(&sidecars(vec![app_mesh]), &["app-mesh-end-of-life"]);
}

#[test]
fn what_the_api_refuses_may_not_be_in_force() {
    for (spec, code) in [
        (json!({"action": "PERMIT"}), "action-invalid"),
        (json!({"rules": [{"from": [{"source": {}}]}]}), "clause-empty"),
        (json!({"rules": [{"from": []}]}), "list-empty"),
        (json!({"rules": [{"to": [{"operation": {"ports": ["http"]}}]}]}), "port-invalid"),
        (json!({"rules": [{"from": [{"source": {"ipBlocks": ["10.0.0"]}}]}]}), "cidr-invalid"),
        (json!({"rules": [{"from": [{"source": {"users": ["x"]}}]}]}), "field-unknown"),
        (json!({"rules": [{"when": [{"key": "moon.phase", "values": ["full"]}]}]}), "attribute-unknown"),
    ] {
        let manifests = sidecars(vec![authorization("n", "p", spec)]);
        says(&manifests, &[code]);
        check(&manifests, &["n/a>n/b:80 depends"]);
    }
}

#[test]
fn two_policies_of_one_name_are_in_doubt_unless_they_are_alike() {
    let one = || authorization("n", "p", json!({"provider": null}));
    check(&sidecars(vec![one(), one()]), &["n/a>n/b:80 mesh"]);
    check(&sidecars(vec![one(), authorization("n", "p", json!({"rules": [{}]}))]), &["n/a>n/b:80 depends"]);
}

#[test]
fn what_is_not_known_is_conditional() {
    let unknown = crate::fixture::UNKNOWN;
    for spec in [
        json!({"rules": unknown}),
        json!({"rules": [{"from": unknown}]}),
        json!({"rules": [{"from": [{"source": {"namespaces": unknown}}]}]}),
        json!({"rules": [{"from": [{"source": {"namespaces": [unknown]}}]}]}),
        json!({"rules": [{"to": [{"operation": {"ports": [unknown]}}]}]}),
        json!({"action": unknown}),
        json!({"selector": {"matchLabels": {"app": unknown}}}),
    ] {
        check(&sidecars(vec![authorization("n", "p", spec)]), &["n/a>n/b:80 depends"]);
    }
    let mode = peer_authentication("n", "p", json!({"mtls": {"mode": unknown}}));
    check(&sidecars(vec![mode]), &["n/a>n/b:80 open", "n/plain>n/b:80 depends"]);
}

#[test]
fn what_proxies_do_not_see() {
    let mut excluded = meshed("n", "e", 6);
    excluded["metadata"]["annotations"] =
        json!({"traffic.sidecar.istio.io/excludeInboundPorts": "9000,9100-9110"});
    let nothing = authorization("n", "p", json!({}));
    let manifests = with(vec![meshed("n", "a", 1), excluded], vec![nothing]);
    check(&manifests, &["n/a>n/e:80 mesh", "n/a>n/e:9000 open", "n/a>n/e:9105 open", "n/a>n/a2:1 x"][..3]);
    check(&manifests, &["n/e>n/a:80 mesh", "n/e>n/a:15021 open"]);
    let edge = edge(&estate(&manifests), "n/a", "n/e");
    assert!(edge.allowed.to_string().contains("UDP 1-65535"), "{}", edge.allowed);
    // Outgoing connections that go round the proxy carry no certificate.
    let mut out = meshed("n", "x", 7);
    out["metadata"]["annotations"] = json!({"traffic.sidecar.istio.io/excludeOutboundPorts": "80"});
    let strict = peer_authentication("n", "p", json!({"mtls": {"mode": "STRICT"}}));
    check(
        &with(vec![out, meshed("n", "b", 2), pod("n", "c", 3)], vec![strict]),
        &["n/x>n/b:80 depends", "n/c>n/b:80 mesh"],
    );
}
