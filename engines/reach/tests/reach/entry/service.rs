//! Services by type: node ports, external addresses, names, slices, ports by name, host ports.

use serde_json::{Value as Json, json};

use super::{check, codes, conditions, service};
use crate::fixture::{UNKNOWN, app, deployment, namespace, policy, with};

/// Pod `web`, and the Service of that name with `spec`.
fn web(spec: Json) -> Vec<Json> {
    with(&["web"], vec![service("web", spec)])
}

const NODE_PORT: &str =
    "node port n/web[Service] wherever a node can be reached on TCP 30000-32767 => n/web TCP 8080 seen as";

#[test]
fn a_service_inside_the_cluster_is_no_way_in() {
    check(&web(json!({})), &[]);
    check(&web(json!({"type": "ClusterIP", "clusterIP": "None"})), &[]);
    check(&web(json!({"type": "ExternalName", "externalName": "db.example.com"})), &[]);
}

#[test]
fn a_node_passes_on_with_its_own_address_unless_it_is_told_not_to() {
    let line = |rest: &str| format!("{NODE_PORT} {rest}");
    check(&web(json!({"type": "NodePort"})), &[&line("node : allow TCP 8080")]);
    check(
        &web(json!({"type": "NodePort", "externalTrafficPolicy": "Local"})),
        &[&line("client : allow TCP 8080 to 0.0.0.0-255.255.255.255")],
    );
    let numbered = json!({"type": "NodePort", "ports": [{"port": 80, "protocol": "UDP", "nodePort": 30080}]});
    check(
        &web(numbered),
        &[
            "node port n/web[Service] wherever a node can be reached on UDP 30080 => n/web UDP 80 seen as node : allow UDP 80",
        ],
    );
}

#[test]
fn policies_judge_what_the_pod_sees() {
    let guarded = |external: &str, from: Json| {
        let spec = json!({"podSelector": app("web"), "ingress": [{"from": from}]});
        let service = service("web", json!({"type": "NodePort", "externalTrafficPolicy": external}));
        with(&["web"], vec![service, policy("p", spec)])
    };
    let line = |rest: &str| format!("{NODE_PORT} {rest}");
    // What the pod's own node sends is let in; whether that is judged before or after the source is
    // rewritten is not defined.
    check(&guarded("Cluster", json!([{"podSelector": {}}])), &[&line("node : TCP 8080?")]);
    check(
        &guarded("Cluster", json!([{"ipBlock": {"cidr": "0.0.0.0/0"}}])),
        &[&line("node : allow TCP 8080")],
    );
    check(
        &guarded("Local", json!([{"ipBlock": {"cidr": "203.0.113.0/24"}}])),
        &[&line("client : deny"), &line("client : allow TCP 8080 to 203.0.113.0-203.0.113.255")],
    );
    check(
        &guarded("Local", json!([{"podSelector": {}}])),
        &[&line("client : deny to 0.0.0.0-255.255.255.255")],
    );
}

#[test]
fn external_addresses_are_answered_by_nodes() {
    check(
        &web(json!({"externalIPs": ["198.51.100.7"]})),
        &[
            "external address n/web[Service] wherever a node can be reached on TCP 443 => n/web TCP 8080 seen as node : allow TCP 8080",
        ],
    );
    check(&web(json!({"externalIPs": []})), &[]);
    assert_eq!(
        conditions(&web(json!({"externalIPs": [UNKNOWN]}))),
        ["`externalIPs` is not known: parameter `P` has no value"]
    );
}

#[test]
fn ports_by_name_are_looked_up_on_each_pod() {
    let other = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "other", "namespace": "n", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 9090}]}]},
    });
    let mut manifests = web(json!({"type": "NodePort", "ports": [{"port": 80, "targetPort": "http"}]}));
    manifests.push(other);
    let found = "node port n/web[Service] wherever a node can be reached on TCP 30000-32767 =>";
    check(
        &manifests,
        &[
            &format!("{found} n/other TCP 9090 seen as node : allow TCP 9090"),
            &format!("{found} n/web TCP 8080 seen as node : allow TCP 8080"),
        ],
    );
    let missing = web(json!({"type": "NodePort", "ports": [{"port": 80, "targetPort": "nothing"}]}));
    check(
        &missing,
        &["node port n/web[Service] wherever a node can be reached on TCP 30000-32767 => nowhere"],
    );
    assert_eq!(codes(&missing), ["target-port-missing"]);
}

fn slice(managed: bool, endpoints: Json) -> Json {
    let mut labels = json!({"kubernetes.io/service-name": "web"});
    if managed {
        labels["endpointslice.kubernetes.io/managed-by"] = json!("endpointslice-controller.k8s.io");
    }
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": "web-1", "namespace": "n", "labels": labels},
        "addressType": "IPv4", "ports": [{"name": "web", "port": 9000}], "endpoints": endpoints,
    })
}

#[test]
fn slices_stand_in_place_of_the_selector_or_beside_it() {
    let pods = |slice: Json| with(&["web", "db"], vec![service("web", json!({"type": "NodePort"})), slice]);
    let line = |rest: &str| {
        format!("node port n/web[Service] wherever a node can be reached on TCP 30000-32767 => {rest}")
    };
    let db = json!([{"addresses": ["10.0.0.2"], "targetRef": {"kind": "Pod", "name": "db"}}]);
    check(&pods(slice(true, db.clone())), &[&line("n/db TCP 9000 seen as node : allow TCP 9000")]);
    check(
        &pods(slice(false, db)),
        &[
            &line("n/db TCP 9000 seen as node : allow TCP 9000"),
            &line("n/web TCP 8080 seen as node : allow TCP 8080"),
        ],
    );
    // A pod that is listed but is not in the input is one that the selector finds.
    let gone = json!([{"addresses": ["10.9.9.9"], "targetRef": {"kind": "Pod", "name": "web-7c"}}]);
    check(&pods(slice(true, gone)), &[&line("n/web TCP 8080 seen as node : allow TCP 8080")]);
}

#[test]
fn a_service_without_selector_leads_where_its_slices_say() {
    let bare = |more: Vec<Json>| {
        let mut service = service("web", json!({"type": "NodePort"}));
        service["spec"].as_object_mut().unwrap().remove("selector");
        with(&["db"], [vec![service], more].concat())
    };
    let line = |rest: &str| {
        format!("node port n/web[Service] wherever a node can be reached on TCP 30000-32767 => {rest}")
    };
    let listed = slice(false, json!([{"addresses": ["10.0.0.1", "192.0.2.9"]}]));
    check(
        &bare(vec![listed]),
        &[&line("n/db TCP 9000 seen as node : allow TCP 9000"), &line("192.0.2.9 TCP 9000 seen as node")],
    );
    let old = json!({
        "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "web", "namespace": "n"},
        "subsets": [{"addresses": [{"ip": "10.0.0.1"}], "notReadyAddresses": [{"ip": "192.0.2.1"}],
            "ports": [{"name": "web", "port": 9000}]}],
    });
    check(
        &bare(vec![old]),
        &[&line("n/db TCP 9000 seen as node : allow TCP 9000"), &line("192.0.2.1 TCP 9000 seen as node")],
    );
    check(&bare(vec![]), &[&line("(the endpoints of n/web[Service]) TCP 1-65535 seen as node")]);
}

#[test]
fn host_ports_lead_past_services() {
    let pod = |spec: Json| {
        let metadata = json!({"name": "agent", "namespace": "n", "labels": {"app": "agent"}});
        vec![
            namespace("n", json!({})),
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}),
        ]
    };
    check(
        &pod(
            json!({"containers": [{"name": "c", "ports": [{"containerPort": 9100, "hostPort": 19100}, {"containerPort": 1}]}]}),
        ),
        &[
            "host port n/agent[Pod] wherever a node can be reached on TCP 19100 => n/agent TCP 9100 seen as client : allow TCP 9100 to 0.0.0.0-255.255.255.255",
        ],
    );
    check(
        &pod(json!({"hostNetwork": true, "containers": [{"name": "c", "ports": [{"containerPort": 9100}]}]})),
        &[
            "host port n/agent[Pod] wherever a node can be reached on TCP 9100 => n/agent TCP 9100 seen as client : allow TCP 9100 to 0.0.0.0-255.255.255.255",
        ],
    );
    check(&pod(json!({"containers": [{"name": "c", "ports": [{"containerPort": 9100}]}]})), &[]);
}

#[test]
fn what_the_api_refuses_is_said_and_depends() {
    for (spec, codes_expected) in [
        (json!({"type": "Loadbalancer"}), 1),
        (json!({"type": "NodePort", "ports": [{"port": 0}]}), 1),
        (json!({"type": "NodePort", "ports": [{"port": 80, "targetPort": "8080"}]}), 1),
        (json!({"type": "NodePort", "ports": [{"port": 80, "protocol": "tcp"}]}), 1),
        (json!({"type": "NodePort", "externalTrafficPolicy": "local"}), 1),
    ] {
        let manifests = web(spec.clone());
        assert_eq!(codes(&manifests), vec!["service-invalid"; codes_expected], "{spec}");
        let found = conditions(&manifests);
        assert!(found.iter().all(|one| one.contains("n/web[Service]")) && !found.is_empty(), "{found:?}");
    }
}

#[test]
fn what_is_not_known_widens() {
    let unknown = |spec: Json| conditions(&web(spec));
    assert_eq!(
        unknown(json!({"type": "NodePort", "selector": UNKNOWN})),
        ["the selector of `n/web[Service]` cannot be read"]
    );
    assert_eq!(unknown(json!({"type": "NodePort", "ports": UNKNOWN})).len(), 1);
    assert_eq!(unknown(json!({"type": UNKNOWN})).len(), 2);
    assert_eq!(unknown(json!({"type": "NodePort", "ports": [{"port": 80, "targetPort": UNKNOWN}]})).len(), 1);
    let twice =
        [web(json!({"type": "NodePort"})), vec![service("web", json!({"type": "NodePort"}))]].concat();
    assert_eq!(conditions(&twice), ["`n/web[Service]` is defined twice"]);
    // A template says what pods there will be.
    let template =
        vec![namespace("n", json!({})), deployment("n", "web"), service("web", json!({"type": "NodePort"}))];
    check(&template, &[&format!("{NODE_PORT} node : allow TCP 8080")]);
}
