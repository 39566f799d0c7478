//! Ingresses: classes, Application Load Balancers and their groups, controllers that are pods.

use serde_json::{Value as Json, json};

use super::{annotated, check, codes, conditions, lines, service};
use crate::fixture::{UNKNOWN, app, namespace, policy, with};

fn ingress(name: &str, spec: Json) -> Json {
    let mut all = json!({"rules": [{"host": "shop.example.com", "http": {"paths": [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 443}}}}]}}]});
    spec.as_object().unwrap().iter().for_each(|(key, value)| all[key] = value.clone());
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name, "namespace": "n"}, "spec": all})
}

fn class(name: &str, controller: &str, params: Option<&str>) -> Json {
    let mut spec = json!({"controller": controller});
    if let Some(name) = params {
        spec["parameters"] = json!({"apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": name});
    }
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": name}, "spec": spec})
}

fn params(spec: Json) -> Json {
    json!({"apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "IngressClassParams", "metadata": {"name": "p"}, "spec": spec})
}

fn alb(pairs: &[(&str, &str)]) -> Json {
    let prefixed = |(key, value): &(&str, &str)| (format!("alb.ingress.kubernetes.io/{key}"), json!(value));
    Json::Object(pairs.iter().map(prefixed).collect())
}

const IP: (&str, &str) = ("target-type", "ip");

/// An Ingress of class `alb` with these annotations, before a Service inside the cluster.
#[track_caller]
fn line(annotations: Json, more: Vec<Json>, expected: &str) {
    let spec = json!({"ingressClassName": "alb"});
    let objects = vec![
        service("web", json!({})),
        class("alb", "ingress.k8s.aws/alb", None),
        annotated(ingress("i", spec), annotations),
    ];
    check(&[with(&["web"], objects), more].concat(), &[&format!("ingress n/i[Ingress] {expected}")]);
}

#[test]
fn an_application_load_balancer_is_internal_and_plain_unless_it_is_said() {
    let tail = "=> n/web TCP 8080 seen as balancer : allow TCP 8080";
    line(alb(&[IP]), vec![], &format!("internal on TCP 80 {tail}"));
    line(alb(&[IP, ("scheme", "internet-facing")]), vec![], &format!("internet-facing on TCP 80 {tail}"));
    line(alb(&[IP, ("certificate-arn", "arn:x")]), vec![], &format!("internal on TCP 443+TLS {tail}"));
    let both = ("listen-ports", r#"[{"HTTP": 80}, {"HTTPS": 8443}]"#);
    line(alb(&[IP, both]), vec![], &format!("internal on TCP 80,TCP 8443+TLS {tail}"));
    // Who comes without TLS is only sent on.
    line(alb(&[IP, both, ("ssl-redirect", "8443")]), vec![], &format!("internal on TCP 8443+TLS {tail}"));
    line(
        alb(&[IP, ("inbound-cidrs", "192.0.2.0/24")]),
        vec![],
        &format!("internal from 192.0.2.0-192.0.2.255 on TCP 80 {tail}"),
    );
}

#[test]
fn nodes_are_the_targets_unless_it_is_said_and_need_a_node_port() {
    let lines_of = |spec: Json| {
        let objects = vec![
            service("web", spec),
            class("alb", "ingress.k8s.aws/alb", None),
            ingress("i", json!({"ingressClassName": "alb"})),
        ];
        let manifests = with(&["web"], objects);
        let found = lines(&manifests).into_iter().filter(|line| line.starts_with("ingress"));
        (found.collect::<Vec<_>>(), conditions(&manifests))
    };
    let head = "ingress n/i[Ingress] internal on TCP 80 => n/web TCP 8080 seen as";
    assert_eq!(lines_of(json!({"type": "NodePort"})).0, [format!("{head} node : allow TCP 8080")]);
    assert_eq!(
        lines_of(json!({"type": "NodePort", "externalTrafficPolicy": "Local"})).0,
        [format!("{head} balancer : allow TCP 8080")]
    );
    let (found, why) = lines_of(json!({}));
    assert_eq!(found, [format!("{head} node : TCP 8080?")]);
    assert_eq!(
        why,
        ["`n/web[Service]` has no node port, which target type `instance` takes: the controller refuses it"]
    );
}

#[test]
fn the_annotation_of_the_service_and_the_parameters_of_the_class_count_first() {
    let service = annotated(service("web", json!({})), alb(&[IP]));
    let class_of = |spec: Json| vec![class("alb", "ingress.k8s.aws/alb", Some("p")), params(spec)];
    let found = |annotations: Json, spec: Json| {
        let own = annotated(ingress("i", json!({"ingressClassName": "alb"})), annotations);
        lines(&[with(&["web"], vec![service.clone(), own]), class_of(spec)].concat())
    };
    let tail = "=> n/web TCP 8080 seen as balancer : allow TCP 8080";
    assert_eq!(
        found(
            alb(&[("target-type", "instance"), ("scheme", "internal")]),
            json!({"scheme": "internet-facing"})
        ),
        [format!("ingress n/i[Ingress] internet-facing on TCP 80 {tail}")]
    );
    assert_eq!(
        found(
            alb(&[("inbound-cidrs", "0.0.0.0/0")]),
            json!({"inboundCIDRs": ["10.0.0.0/8"], "group": {"name": "g"}})
        ),
        [format!("ingress n/i[Ingress] in group g internal from 10.0.0.0-10.255.255.255 on TCP 80 {tail}")]
    );
    // Parameters that are named but not in the input may say anything.
    let own = annotated(
        ingress("i", json!({"ingressClassName": "alb"})),
        alb(&[("scheme", "internal"), ("inbound-cidrs", "10.0.0.0/8")]),
    );
    check(
        &with(&["web"], vec![service, own, class("alb", "ingress.k8s.aws/alb", Some("gone"))]),
        &[
            "ingress n/i[Ingress] internet-facing or internal, not known on TCP 80,TCP 443+TLS => n/web TCP 8080 seen as balancer|node : TCP 8080?",
        ],
    );
}

#[test]
fn a_group_shares_scheme_listeners_and_clients() {
    let member = |name: &str, more: &[(&str, &str)]| {
        let pairs = [&[IP, ("group.name", "shop")], more].concat();
        annotated(ingress(name, json!({"ingressClassName": "alb"})), alb(&pairs))
    };
    let objects = |members: Vec<Json>| {
        let base = vec![service("web", json!({})), class("alb", "ingress.k8s.aws/alb", None)];
        with(&["web"], [base, members].concat())
    };
    let tail = "=> n/web TCP 8080 seen as balancer : allow TCP 8080";
    check(
        &objects(vec![
            member("a", &[("scheme", "internet-facing"), ("inbound-cidrs", "192.0.2.0/24")]),
            member("b", &[("listen-ports", r#"[{"HTTP": 80}, {"HTTP": 8080}]"#)]),
        ]),
        &[
            &format!(
                "ingress n/a[Ingress] in group shop internet-facing from 192.0.2.0-192.0.2.255 on TCP 80 {tail}"
            ),
            &format!(
                "ingress n/b[Ingress] in group shop internet-facing from 192.0.2.0-192.0.2.255 on TCP 80 {tail}"
            ),
            &format!("ingress n/b[Ingress] in group shop internet-facing on TCP 8080 {tail}"),
        ],
    );
    let torn =
        objects(vec![member("a", &[("scheme", "internet-facing")]), member("b", &[("scheme", "internal")])]);
    assert_eq!(
        conditions(&torn),
        ["the members of its group disagree on `scheme`, and the controller refuses them"]
    );
    let found = lines(&torn);
    assert!(found.iter().all(|line| line.contains("not known") && line.ends_with('?')), "{found:?}");
}

#[test]
fn actions_lead_where_they_say() {
    let spec = json!({"ingressClassName": "alb", "rules": [{"http": {"paths": [
        {"backend": {"service": {"name": "weighted", "port": {"name": "use-annotation"}}}},
        {"backend": {"service": {"name": "sorry", "port": {"name": "use-annotation"}}}}]}}]});
    let forward = r#"{"type":"forward","forwardConfig":{"targetGroups":[
        {"serviceName":"web","servicePort":"web","weight":1},{"targetGroupARN":"arn:x","weight":1}]}}"#;
    let annotations =
        alb(&[IP, ("actions.weighted", forward), ("actions.sorry", r#"{"type":"fixed-response"}"#)]);
    let objects = |annotations: Json| {
        with(
            &["web"],
            vec![
                service("web", json!({})),
                class("alb", "ingress.k8s.aws/alb", None),
                annotated(ingress("i", spec.clone()), annotations),
            ],
        )
    };
    let head = "ingress n/i[Ingress] internal on TCP 80 =>";
    check(
        &objects(annotations),
        &[
            &format!("{head} n/web TCP 8080 seen as balancer : allow TCP 8080"),
            &format!("{head} (a target group that is made elsewhere)  seen as "),
        ],
    );
    check(&objects(alb(&[IP])), &[&format!("{head} nowhere")]);
}

/// A controller of ingress-nginx in namespace `edge`, open to the internet.
fn nginx(labels: Json) -> Vec<Json> {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "nginx", "namespace": "edge", "labels": {"app": "nginx"}},
        "spec": {"containers": [{"name": "c", "image": "registry.k8s.io/ingress-nginx/controller:v1.11.1"}]},
        "status": {"podIP": "10.0.9.9"},
    });
    let mut front =
        service("nginx", json!({"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb"}));
    front["metadata"]["namespace"] = json!("edge");
    let scheme = json!({"service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing"});
    let mut node_ports = front["spec"].clone();
    node_ports["allocateLoadBalancerNodePorts"] = json!(false);
    front["spec"] = node_ports;
    vec![namespace("edge", labels), pod, annotated(front, scheme)]
}

const NGINX: &str = "k8s.io/ingress-nginx";

#[test]
fn a_controller_in_the_cluster_is_pods_to_be_judged() {
    let own = |spec: Json| {
        let objects = vec![
            service("web", json!({})),
            class("nginx", NGINX, None),
            ingress("i", json!({"ingressClassName": "nginx"})),
            policy("p", json!({"podSelector": app("web"), "ingress": [spec]})),
        ];
        let found = lines(&[with(&["web"], objects), nginx(json!({"team": "edge"}))].concat());
        found.into_iter().filter(|line| line.starts_with("ingress")).collect::<Vec<_>>()
    };
    let line = |rest: &str| {
        vec![format!(
            "ingress n/i[Ingress] internet-facing on TCP 443 => n/web TCP 8080 seen as pods : {rest}"
        )]
    };
    let edge = json!([{"namespaceSelector": {"matchLabels": {"team": "edge"}}}]);
    assert_eq!(own(json!({"from": edge.clone()})), line("allow TCP 8080"));
    assert_eq!(own(json!({"from": edge, "ports": [{"port": 9000}]})), line("deny"));
    // An address block of everyone holds the controller, too.
    assert_eq!(own(json!({"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]})), line("allow TCP 8080"));
    assert_eq!(own(json!({"from": [{"podSelector": {}}]})), line("deny"));
}

#[test]
fn who_cannot_reach_the_controller_cannot_go_on() {
    let shut = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "shut", "namespace": "edge"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    });
    let objects = |more: Vec<Json>| {
        let base = vec![
            service("web", json!({})),
            class("nginx", NGINX, None),
            ingress("i", json!({"ingressClassName": "nginx"})),
        ];
        let all = [with(&["web"], base), nginx(json!({})), more].concat();
        lines(&all)
            .into_iter()
            .filter(|line| line.starts_with("ingress"))
            .map(|line| line.rsplit_once(" : ").unwrap().1.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(objects(vec![]), ["allow TCP 8080"]);
    // Behind nodes: their own address is let in, or it is not.
    assert_eq!(objects(vec![shut]), ["TCP 8080?"]);
}

#[test]
fn a_controller_that_is_not_in_the_input_may_be_anyone() {
    let found = |ingress_rules: Option<Json>| {
        let mut objects = vec![
            service("web", json!({})),
            class("nginx", NGINX, None),
            ingress("i", json!({"ingressClassName": "nginx"})),
        ];
        objects.extend(
            ingress_rules.map(|rules| policy("p", json!({"podSelector": app("web"), "ingress": rules}))),
        );
        let lines = lines(&with(&["web"], objects));
        lines[0].split_once("=> ").unwrap().1.to_owned()
    };
    let line = |rest: &str| format!("n/web TCP 8080 seen as absent pods : {rest}");
    // It may be on the host network, and pass on the pod's own node whatever policies say.
    let edge = json!([{"from": [{"namespaceSelector": {"matchLabels": {"team": "edge"}}}]}]);
    for rules in
        [None, Some(json!([{}])), Some(edge), Some(json!([])), Some(json!([{"ports": [{"port": 9000}]}]))]
    {
        assert_eq!(found(rules.clone()), line("TCP 8080?"), "{rules:?}");
    }
}

#[test]
fn two_controllers_are_told_apart_by_their_argument() {
    let pod = |name: &str, args: Json| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "n", "labels": {"app": name}},
            "spec": {"containers": [{"name": "c", "image": "registry.k8s.io/ingress-nginx/controller:v1", "args": args}]},
        })
    };
    let objects = |controller: &str| {
        let from = json!([{"podSelector": app("inner")}]);
        with(
            &["web"],
            vec![
                pod("outer", json!([])),
                pod("inner", json!(["--controller-class=k8s.io/inner-nginx"])),
                service("web", json!({})),
                class("x", controller, None),
                ingress("i", json!({"ingressClassName": "x"})),
                policy("p", json!({"podSelector": app("web"), "ingress": [{"from": from}]})),
            ],
        )
    };
    let decided = |controller: &str| lines(&objects(controller))[0].rsplit_once(" : ").unwrap().1.to_owned();
    // Nothing leads to the controllers from outside, so both depend or are closed.
    assert_eq!(decided("k8s.io/inner-nginx"), "TCP 8080?");
    assert_eq!(decided(NGINX), "deny");
}

#[test]
fn classes_are_found_as_the_api_finds_them() {
    let objects = |own: Json, more: Vec<Json>| {
        let base = vec![annotated(service("web", json!({})), alb(&[IP])), own];
        lines(&[with(&["web"], base), more].concat())
    };
    let known =
        ["ingress n/i[Ingress] internal on TCP 80 => n/web TCP 8080 seen as balancer : allow TCP 8080"];
    let default = annotated(
        class("alb", "ingress.k8s.aws/alb", None),
        json!({"ingressclass.kubernetes.io/is-default-class": "true"}),
    );
    assert_eq!(objects(ingress("i", json!({})), vec![default.clone()]), known);
    let old = annotated(
        ingress("i", json!({"ingressClassName": "other"})),
        json!({"kubernetes.io/ingress.class": "alb"}),
    );
    assert_eq!(objects(old, vec![]), known);
    let unknown = "ingress n/i[Ingress] internet-facing or internal, not known on";
    for (own, more) in [
        (ingress("i", json!({})), vec![]),
        (
            ingress("i", json!({})),
            vec![
                default,
                annotated(
                    class("b", NGINX, None),
                    json!({"ingressclass.kubernetes.io/is-default-class": "true"}),
                ),
            ],
        ),
        (ingress("i", json!({"ingressClassName": "alb"})), vec![]),
        (ingress("i", json!({"ingressClassName": UNKNOWN})), vec![]),
        (ingress("i", json!({"ingressClassName": "x"})), vec![class("x", UNKNOWN, None)]),
    ] {
        let found = objects(own.clone(), more);
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert!(found.starts_with(unknown) && found.ends_with('?'), "{own}: {found}");
    }
}

#[test]
fn a_class_may_be_kept_to_some_namespaces() {
    let found = |selector: Json, labels: Json| {
        let objects = vec![
            namespace("n", labels),
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "n", "labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c"}]}}),
            annotated(service("web", json!({})), alb(&[IP])),
            class("alb", "ingress.k8s.aws/alb", Some("p")),
            params(json!({"namespaceSelector": selector})),
            ingress("i", json!({"ingressClassName": "alb"})),
        ];
        (lines(&objects), codes(&objects))
    };
    let team = |name: &str| json!({"matchLabels": {"team": name}});
    let head = "ingress n/i[Ingress] internal on TCP 80 => n/web TCP 8080 seen as balancer :";
    assert_eq!(found(team("a"), json!({"team": "a"})), (vec![format!("{head} allow TCP 8080")], vec![]));
    assert_eq!(found(team("a"), json!({"team": "b"})), (vec![], vec!["ingress-refused"]));
    assert_eq!(found(json!(UNKNOWN), json!({"team": "b"})), (vec![format!("{head} TCP 8080?")], vec![]));
}

#[test]
fn two_objects_of_one_name_depend() {
    let base = vec![
        service("web", json!({})),
        class("alb", "ingress.k8s.aws/alb", None),
        annotated(ingress("i", json!({"ingressClassName": "alb"})), alb(&[IP])),
        annotated(
            ingress("i", json!({"ingressClassName": "alb"})),
            alb(&[IP, ("scheme", "internet-facing")]),
        ),
    ];
    assert_eq!(conditions(&with(&["web"], base)), ["`n/i[Ingress]` is defined twice"]);
}

#[test]
fn backends_that_lead_nowhere_are_named() {
    let of = |backend: Json| {
        let spec = json!({"ingressClassName": "alb", "rules": [{"http": {"paths": [{"backend": backend}]}}]});
        with(
            &["web"],
            vec![
                service("web", json!({})),
                class("alb", "ingress.k8s.aws/alb", None),
                annotated(ingress("i", spec), alb(&[IP])),
            ],
        )
    };
    let head = "ingress n/i[Ingress] internal on TCP 80 =>";
    let missing = of(json!({"service": {"name": "web", "port": {"number": 81}}}));
    check(&missing, &[&format!("{head} nowhere")]);
    assert_eq!(codes(&missing), ["backend-port-missing"]);
    check(
        &of(json!({"service": {"name": "gone", "port": {"number": 80}}})),
        &[&format!("{head} (n/gone[Service])  seen as ")],
    );
    let other = of(json!({"resource": {"kind": "StorageBucket", "name": "b"}}));
    assert_eq!(codes(&other), ["backend-not-evaluated"]);
    // The older API, and a Service that stands for a name.
    let old = json!({
        "apiVersion": "networking.k8s.io/v1beta1", "kind": "Ingress", "metadata": {"name": "i", "namespace": "n"},
        "spec": {"ingressClassName": "alb", "backend": {"serviceName": "db", "servicePort": "sql"}},
    });
    let name = service(
        "db",
        json!({"type": "ExternalName", "externalName": "db.example.com", "ports": [{"name": "sql", "port": 5432}]}),
    );
    check(
        &with(&["web"], vec![name, class("alb", "ingress.k8s.aws/alb", None), annotated(old, alb(&[IP]))]),
        &[&format!("{head} name db.example.com TCP 5432 seen as balancer")],
    );
}
