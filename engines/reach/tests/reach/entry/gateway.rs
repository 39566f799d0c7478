//! Gateways: listeners that take routes, grants across namespaces, load balancers of AWS.

use serde_json::{Value as Json, json};

use super::{check, codes, conditions, lines, service};
use crate::fixture::{UNKNOWN, app, namespace, policy, with};

const API: &str = "gateway.networking.k8s.io/v1";

fn gateway(listeners: Json) -> Json {
    json!({"apiVersion": API, "kind": "Gateway", "metadata": {"name": "gw", "namespace": "n"},
        "spec": {"gatewayClassName": "c", "listeners": listeners}})
}

fn class(controller: &str) -> Json {
    json!({"apiVersion": API, "kind": "GatewayClass", "metadata": {"name": "c"}, "spec": {"controllerName": controller}})
}

fn route(kind: &str, spec: Json) -> Json {
    let mut all =
        json!({"parentRefs": [{"name": "gw"}], "rules": [{"backendRefs": [{"name": "web", "port": 443}]}]});
    spec.as_object().unwrap().iter().for_each(|(key, value)| all[key] = value.clone());
    json!({"apiVersion": API, "kind": kind, "metadata": {"name": "r", "namespace": "n"}, "spec": all})
}

fn http() -> Json {
    json!([{"name": "http", "port": 80, "protocol": "HTTP"}])
}

/// Pod and Service `web` behind these objects.
fn behind(objects: Vec<Json>) -> Vec<Json> {
    with(&["web"], [vec![service("web", json!({"type": "NodePort"}))], objects].concat())
}

/// What is attached, without the node port.
fn found(objects: Vec<Json>) -> Vec<String> {
    lines(&behind(objects)).into_iter().filter(|line| line.starts_with("gateway")).collect()
}

const ALB: &str = "gateway.k8s.aws/alb";

#[test]
fn listeners_take_routes_by_protocol_name_namespace_and_hostname() {
    let attached = |listeners: Json, of: Json| {
        let found = found(vec![class(ALB), gateway(listeners), of]);
        found.first().map(|line| {
            let (_, listeners) = line.split_once(" on ").unwrap();
            listeners.split_once(" =>").unwrap().0.to_owned()
        })
    };
    let all = json!([
        {"name": "http", "port": 80, "protocol": "HTTP"},
        {"name": "https", "port": 443, "protocol": "HTTPS", "hostname": "shop.example.com"},
        {"name": "tls", "port": 8443, "protocol": "TLS", "tls": {"mode": "Passthrough"}},
        {"name": "tcp", "port": 9000, "protocol": "TCP"},
        {"name": "udp", "port": 9000, "protocol": "UDP"},
    ]);
    let of = |kind: &str, spec: Json| attached(all.clone(), route(kind, spec));
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(of("HTTPRoute", json!({})), some("TCP 80,TCP 443+TLS"));
    assert_eq!(of("TLSRoute", json!({})), some("TCP 8443+TLS through"));
    assert_eq!(of("TCPRoute", json!({})), some("TCP 8443+TLS through,TCP 9000"));
    assert_eq!(of("UDPRoute", json!({})), some("UDP 9000"));
    let parent = |parent: Json| json!({"parentRefs": [parent]});
    assert_eq!(of("HTTPRoute", parent(json!({"name": "gw", "sectionName": "https"}))), some("TCP 443+TLS"));
    assert_eq!(of("HTTPRoute", parent(json!({"name": "gw", "port": 80}))), some("TCP 80"));
    assert_eq!(of("HTTPRoute", parent(json!({"name": "other"}))), None);
    assert_eq!(of("HTTPRoute", parent(json!({"name": "gw", "namespace": "m"}))), None);
    assert_eq!(of("HTTPRoute", parent(json!({"name": "gw", "kind": "Service", "group": ""}))), None);
    assert_eq!(of("HTTPRoute", json!({"hostnames": ["www.example.com"]})), some("TCP 80"));
    assert_eq!(of("HTTPRoute", json!({"hostnames": ["*.example.com"]})), some("TCP 80,TCP 443+TLS"));
}

#[test]
fn routes_of_other_namespaces_need_leave() {
    let elsewhere = |allowed: Json, labels: Json| {
        let mut of = route("HTTPRoute", json!({"parentRefs": [{"name": "gw", "namespace": "n"}]}));
        of["metadata"]["namespace"] = json!("m");
        let mut front = service("web", json!({}));
        front["metadata"]["namespace"] = json!("m");
        let listeners = json!([{"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": allowed}]);
        let found = found(vec![class(ALB), gateway(listeners), namespace("m", labels), front, of]);
        found.len()
    };
    let team = || json!({"team": "shop"});
    assert_eq!(elsewhere(json!({}), team()), 0);
    assert_eq!(elsewhere(json!({"namespaces": {"from": "Same"}}), team()), 0);
    assert_eq!(elsewhere(json!({"namespaces": {"from": "None"}}), team()), 0);
    assert_eq!(elsewhere(json!({"namespaces": {"from": "All"}}), team()), 1);
    let selector = |value: &str| json!({"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": value}}}});
    assert_eq!(elsewhere(selector("shop"), team()), 1);
    assert_eq!(elsewhere(selector("other"), team()), 0);
    let name = json!({"namespaces": {"from": "Selector", "selector": {"matchLabels": {"kubernetes.io/metadata.name": "m"}}}});
    assert_eq!(elsewhere(name, team()), 1);
    assert_eq!(
        elsewhere(json!({"kinds": [{"kind": "GRPCRoute"}], "namespaces": {"from": "All"}}), team()),
        0
    );
}

#[test]
fn services_of_other_namespaces_need_a_grant() {
    let objects = |grant: Option<Json>| {
        let mut front = service("web", json!({}));
        front["metadata"]["namespace"] = json!("m");
        let target = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "m", "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c"}]},
        });
        let of = route(
            "HTTPRoute",
            json!({"rules": [{"backendRefs": [{"name": "web", "namespace": "m", "port": 443}]}]}),
        );
        let grant = grant.map(|spec| {
            json!({"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant",
                "metadata": {"name": "g", "namespace": "m"}, "spec": spec})
        });
        let base = vec![
            namespace("n", json!({})),
            namespace("m", json!({})),
            target,
            front,
            class(ALB),
            gateway(http()),
            of,
        ];
        [base, grant.into_iter().collect()].concat()
    };
    let from = |kind: &str| json!([{"group": "gateway.networking.k8s.io", "kind": kind, "namespace": "n"}]);
    let granted = [
        "gateway n/gw[Gateway] n/r[HTTPRoute] internal on TCP 80 => m/web TCP 8080 seen as node : allow TCP 8080",
    ];
    let refused = ["gateway n/gw[Gateway] n/r[HTTPRoute] internal on TCP 80 => nowhere"];
    check(
        &objects(Some(json!({"from": from("HTTPRoute"), "to": [{"group": "", "kind": "Service"}]}))),
        &granted,
    );
    check(
        &objects(Some(
            json!({"from": from("HTTPRoute"), "to": [{"group": "", "kind": "Service", "name": "web"}]}),
        )),
        &granted,
    );
    for spec in [
        None,
        Some(json!({"from": from("TCPRoute"), "to": [{"group": "", "kind": "Service"}]})),
        Some(json!({"from": from("HTTPRoute"), "to": [{"group": "", "kind": "Service", "name": "other"}]})),
        Some(json!({"from": from("HTTPRoute"), "to": [{"group": "", "kind": "Secret"}]})),
    ] {
        check(&objects(spec.clone()), &refused);
        assert_eq!(codes(&objects(spec)), ["reference-not-granted"]);
    }
    let unknown = objects(Some(json!({"from": UNKNOWN, "to": [{"group": "", "kind": "Service"}]})));
    assert_eq!(conditions(&unknown), ["whether `m/web` may be referred to is not known"]);
}

#[test]
fn rules_lead_by_weight_and_by_copies() {
    let leads = |rules: Json| {
        let copy = service("copy", json!({}));
        let all =
            behind(vec![copy, class(ALB), gateway(http()), route("HTTPRoute", json!({"rules": rules}))]);
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "copy", "namespace": "n", "labels": {"app": "copy"}},
            "spec": {"containers": [{"name": "c"}]},
        });
        let found = lines(&[all, vec![pod]].concat()).into_iter().filter(|line| line.starts_with("gateway"));
        found
            .map(|line| line.split_once("=> ").unwrap().1.split_once(' ').unwrap().0.to_owned())
            .collect::<Vec<_>>()
    };
    let web = |weight: i64| json!({"name": "web", "port": 443, "weight": weight});
    let mirror =
        json!([{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "copy", "port": 443}}}]);
    assert_eq!(leads(json!([{"backendRefs": [web(1)], "filters": mirror}])), ["n/copy", "n/web"]);
    assert_eq!(leads(json!([{"backendRefs": [web(0), {"name": "copy", "port": 443}]}])), ["n/copy"]);
}

fn configuration(kind: &str, name: &str, spec: Json) -> Json {
    json!({"apiVersion": "gateway.k8s.aws/v1beta1", "kind": kind, "metadata": {"name": name, "namespace": "n"}, "spec": spec})
}

#[test]
fn configurations_of_aws_say_who_may_connect_and_what_pods_see() {
    let of = |own: Json, of_class: Option<Json>, target: Option<Json>, controller: &str| {
        let mut front = gateway(http());
        front["spec"]["infrastructure"] = json!({"parametersRef": {"group": "gateway.k8s.aws", "kind": "LoadBalancerConfiguration", "name": "own"}});
        let mut class = class(controller);
        let mut objects = vec![configuration("LoadBalancerConfiguration", "own", own)];
        if let Some(spec) = of_class {
            class["spec"]["parametersRef"] = json!({"group": "gateway.k8s.aws", "kind": "LoadBalancerConfiguration", "name": "wide", "namespace": "n"});
            objects.push(configuration("LoadBalancerConfiguration", "wide", spec));
        }
        objects.extend(target.map(|spec| configuration("TargetGroupConfiguration", "t", spec)));
        let found = found([vec![class, front, route("HTTPRoute", json!({}))], objects].concat());
        found[0].strip_prefix("gateway n/gw[Gateway] n/r[HTTPRoute] ").unwrap().to_owned()
    };
    let open = json!({"scheme": "internet-facing"});
    let tail = |seen: &str| format!("on TCP 80 => n/web TCP 8080 seen as {seen} : allow TCP 8080");
    assert_eq!(of(json!({}), None, None, ALB), format!("internal {}", tail("node")));
    assert_eq!(of(open.clone(), None, None, ALB), format!("internet-facing {}", tail("node")));
    // The class counts before the Gateway, unless it says otherwise.
    let inside = json!({"scheme": "internal"});
    assert_eq!(of(open.clone(), Some(inside), None, ALB), format!("internal {}", tail("node")));
    let yields = json!({"scheme": "internal", "mergingMode": "prefer-gateway"});
    assert_eq!(of(open, Some(yields), None, ALB), format!("internet-facing {}", tail("node")));
    assert_eq!(
        of(json!({"sourceRanges": ["192.0.2.0/24"]}), None, None, ALB),
        format!("internal from 192.0.2.0-192.0.2.255 {}", tail("node"))
    );
    let ip = |more: Json| {
        let mut spec =
            json!({"targetReference": {"name": "web"}, "defaultConfiguration": {"targetType": "ip"}});
        more.as_object().unwrap().iter().for_each(|(key, value)| spec[key] = value.clone());
        spec
    };
    assert_eq!(of(json!({}), None, Some(ip(json!({}))), ALB), format!("internal {}", tail("balancer")));
    let other = json!({"targetReference": {"name": "other"}, "defaultConfiguration": {"targetType": "ip"}});
    assert_eq!(of(json!({}), None, Some(other), ALB), format!("internal {}", tail("node")));
    let default = json!({"defaultTargetGroupConfiguration": {"name": "t"}});
    let unnamed = json!({"defaultConfiguration": {"targetType": "ip"}});
    assert_eq!(of(default, None, Some(unnamed), ALB), format!("internal {}", tail("balancer")));
    let by_route = json!({"routeConfigurations": [
        {"routeIdentifier": {"kind": "HTTPRoute"}, "targetGroupProps": {"targetType": "ip"}},
        {"routeIdentifier": {"kind": "HTTPRoute", "namespace": "n", "name": "r"}, "targetGroupProps": {"targetType": "instance"}}]});
    assert_eq!(of(json!({}), None, Some(ip(by_route)), ALB), format!("internal {}", tail("node")));
}

#[test]
fn a_network_load_balancer_may_keep_the_client() {
    let found_with = |properties: Json| {
        let target = configuration(
            "TargetGroupConfiguration",
            "t",
            json!({"targetReference": {"name": "web"}, "defaultConfiguration": properties}),
        );
        let listeners = json!([{"name": "tcp", "port": 443, "protocol": "TCP"}]);
        found(vec![class("gateway.k8s.aws/nlb"), gateway(listeners), route("TCPRoute", json!({})), target])
            .remove(0)
    };
    let keep = json!([{"key": "preserve_client_ip.enabled", "value": "true"}]);
    let line = |seen: &str| {
        format!("gateway n/gw[Gateway] n/r[TCPRoute] internal on TCP 443 => n/web TCP 8080 seen as {seen}")
    };
    assert_eq!(found_with(json!({"targetType": "ip"})), line("balancer : allow TCP 8080"));
    assert_eq!(
        found_with(json!({"targetType": "ip", "targetGroupAttributes": keep})),
        line("client : allow TCP 8080 to 0.0.0.0-255.255.255.255")
    );
}

#[test]
fn pods_that_serve_a_gateway_are_found_by_their_label() {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "gw-istio", "namespace": "n", "labels": {"gateway.networking.k8s.io/gateway-name": "gw", "app": "gw"}},
        "spec": {"containers": [{"name": "c"}]},
    });
    let front = service("gw", json!({"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb"}));
    let guard = |from: Json| policy("p", json!({"podSelector": app("web"), "ingress": [{"from": from}]}));
    let decided = |more: Vec<Json>, class: Option<Json>| {
        let base = vec![gateway(http()), route("HTTPRoute", json!({}))];
        let found = found([base, class.into_iter().collect(), more].concat());
        found[0].strip_prefix("gateway n/gw[Gateway] n/r[HTTPRoute] ").unwrap().to_owned()
    };
    let istio = || Some(class("istio.io/gateway-controller"));
    let by_pods = "internal on TCP 80 => n/web TCP 8080 seen as pods";
    let both = || vec![pod.clone(), front.clone()];
    assert_eq!(
        decided([both(), vec![guard(json!([{"podSelector": app("gw")}]))]].concat(), istio()),
        format!("{by_pods} : allow TCP 8080").replace("internal", "wherever a node can be reached")
    );
    assert_eq!(
        decided([both(), vec![guard(json!([{"podSelector": app("x")}]))]].concat(), None),
        format!("{by_pods} : deny").replace("internal", "wherever a node can be reached")
    );
    let unknown = "internet-facing or internal, not known on TCP 80 => n/web TCP 8080 seen as";
    assert_eq!(decided(vec![], istio()), format!("{unknown} absent pods : TCP 8080?"));
    assert_eq!(decided(vec![], None), format!("{unknown} client|balancer|node|absent pods : TCP 8080?"));
    assert_eq!(
        decided(vec![guard(json!([{"podSelector": app("x")}]))], istio()),
        format!("{unknown} absent pods : TCP 8080?")
    );
}

#[test]
fn what_is_not_followed_is_named() {
    let parent = json!({"parentRefs": [{"name": "set", "kind": "ListenerSet"}]});
    assert_eq!(
        codes(&behind(vec![class(ALB), gateway(http()), route("HTTPRoute", parent)])),
        ["way-in-not-evaluated"]
    );
    let elsewhere = json!({"rules": [{"backendRefs": [{"group": "multicluster.x-k8s.io", "kind": "ServiceImport", "name": "far", "port": 80}]}]});
    let objects = vec![class(ALB), gateway(http()), route("HTTPRoute", elsewhere)];
    assert_eq!(codes(&behind(objects.clone())), ["backend-not-evaluated"]);
    assert_eq!(
        found(objects),
        ["gateway n/gw[Gateway] n/r[HTTPRoute] internal on TCP 80 => (n/far[ServiceImport])  seen as "]
    );
    let istio = json!({"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "g", "namespace": "n"}, "spec": {}});
    assert_eq!(codes(&behind(vec![istio])), ["way-in-not-evaluated"]);
}
