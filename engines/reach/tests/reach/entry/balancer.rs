//! Load balancers of Services: who makes them, whom they let in, what pods see.

use serde_json::{Value as Json, json};

use super::{annotated, check, conditions, lines, service};
use crate::fixture::{UNKNOWN, app, policy, with};

/// The line of the load balancer, without that of the node ports.
fn balancer(spec: Json, annotations: Json, more: Vec<Json>) -> Vec<String> {
    let mut whole = json!({"type": "LoadBalancer"});
    for (key, value) in spec.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let service = annotated(service("web", whole), annotations);
    let manifests = [with(&["web"], vec![service]), more].concat();
    lines(&manifests).into_iter().filter(|line| line.starts_with("load")).collect()
}

#[track_caller]
fn line(spec: Json, annotations: Json, expected: &str) {
    let found = balancer(spec, annotations, vec![]);
    assert_eq!(found, [format!("load balancer n/web[Service] {expected}")]);
}

const CLASS: &str = "service.k8s.aws/nlb";

fn aws(pairs: &[(&str, &str)]) -> Json {
    let prefixed = |(key, value): &(&str, &str)| (format!("service.beta.kubernetes.io/{key}"), json!(value));
    Json::Object(pairs.iter().map(prefixed).collect())
}

#[test]
fn the_add_on_makes_internal_ones_and_the_built_in_controller_others() {
    let class = || json!({"loadBalancerClass": CLASS});
    let to_node = "on TCP 443 => n/web TCP 8080 seen as node : allow TCP 8080";
    line(class(), json!({}), &format!("internal {to_node}"));
    line(
        class(),
        aws(&[("aws-load-balancer-scheme", "internet-facing")]),
        &format!("internet-facing {to_node}"),
    );
    line(class(), aws(&[("aws-load-balancer-internal", "false")]), &format!("internet-facing {to_node}"));
    line(json!({}), aws(&[("aws-load-balancer-type", "external")]), &format!("internal {to_node}"));
    line(json!({}), aws(&[("aws-load-balancer-type", "nlb")]), &format!("internet-facing {to_node}"));
    line(
        json!({}),
        aws(&[("aws-load-balancer-type", "nlb"), ("aws-load-balancer-internal", "true")]),
        &format!("internal {to_node}"),
    );
    // The built-in controller does not know `scheme`.
    line(
        json!({}),
        aws(&[("aws-load-balancer-type", "nlb"), ("aws-load-balancer-scheme", "internal")]),
        &format!("internet-facing {to_node}"),
    );
}

#[test]
fn where_it_is_not_known_who_makes_it_only_what_both_agree_on_is_known() {
    let depends = "on TCP 443 => n/web TCP 8080 seen as node : TCP 8080?";
    let unknown = "internet-facing or internal, not known";
    line(json!({}), json!({}), &format!("{unknown} {depends}"));
    line(json!({}), aws(&[("aws-load-balancer-scheme", "internal")]), &format!("{unknown} {depends}"));
    let agreed = "on TCP 443 => n/web TCP 8080 seen as node : allow TCP 8080";
    line(json!({}), aws(&[("aws-load-balancer-internal", "true")]), &format!("internal {agreed}"));
    line(
        json!({}),
        aws(&[("aws-load-balancer-scheme", "internet-facing")]),
        &format!("internet-facing {agreed}"),
    );
    // Its webhook shows that the add-on takes every new one; Auto Mode does so by itself.
    let webhook = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "aws-load-balancer-webhook"}, "webhooks": [{"name": "mservice.elbv2.k8s.aws"}],
    });
    assert_eq!(
        balancer(json!({}), json!({}), vec![webhook]),
        [format!("load balancer n/web[Service] internal {agreed}")]
    );
    let cluster = json!({"Type": "AWS::EKS::Cluster", "Id": "c", "Properties": {"Name": "c",
        "KubernetesNetworkConfig": {"ElasticLoadBalancing": {"Enabled": true}}}});
    assert_eq!(
        balancer(json!({}), json!({}), vec![cluster]),
        [
            "load balancer n/web[Service] internal on TCP 443 => n/web TCP 8080 seen as balancer|node : TCP 8080?"
        ]
    );
}

#[test]
fn nothing_unknown_is_taken_for_internal() {
    let class = || json!({"loadBalancerClass": CLASS});
    let unknown = "internet-facing or internal, not known";
    for (spec, annotations) in [
        (class(), aws(&[("aws-load-balancer-scheme", UNKNOWN)])),
        (class(), aws(&[("aws-load-balancer-scheme", "Internal")])),
        (class(), json!(UNKNOWN)),
        (json!({"loadBalancerClass": UNKNOWN}), aws(&[("aws-load-balancer-scheme", "internal")])),
        (json!({"loadBalancerClass": "example.com/lb"}), json!({})),
    ] {
        let found = balancer(spec.clone(), annotations.clone(), vec![]);
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert!(found.contains(unknown) && found.ends_with("TCP 8080?"), "{spec} {annotations}: {found}");
    }
}

#[test]
fn source_ranges_narrow_who_may_connect() {
    let class = |ranges: Json| json!({"loadBalancerClass": CLASS, "loadBalancerSourceRanges": ranges});
    let tail = "on TCP 443 => n/web TCP 8080 seen as node : allow TCP 8080";
    line(class(json!(["10.0.0.0/8"])), json!({}), &format!("internal from 10.0.0.0-10.255.255.255 {tail}"));
    let annotation = aws(&[("load-balancer-source-ranges", "192.0.2.0/24, 198.51.100.1/32")]);
    line(
        json!({"loadBalancerClass": CLASS}),
        annotation.clone(),
        &format!("internal from 192.0.2.0-192.0.2.255 198.51.100.1-198.51.100.1 {tail}"),
    );
    // The field counts before the annotation.
    line(
        class(json!(["203.0.113.0/24"])),
        annotation,
        &format!("internal from 203.0.113.0-203.0.113.255 {tail}"),
    );
    // What cannot be read lets in anyone, and so do security groups that are not evaluated.
    let depends = tail.replace("allow TCP 8080", "TCP 8080?");
    line(class(json!(["ten"])), json!({}), &format!("internal {depends}"));
    line(class(json!([UNKNOWN])), json!({}), &format!("internal {depends}"));
    line(
        class(json!(["10.0.0.0/8"])),
        aws(&[("aws-load-balancer-security-groups", "sg-1")]),
        &format!("internal {depends}"),
    );
}

#[test]
fn what_the_pod_sees_hangs_on_target_type_and_attributes() {
    let ip = ("aws-load-balancer-nlb-target-type", "ip");
    let class = |more: Json| {
        let mut spec = json!({"loadBalancerClass": CLASS});
        more.as_object().unwrap().iter().for_each(|(key, value)| spec[key] = value.clone());
        spec
    };
    let attributes = |text: &'static str| ("aws-load-balancer-target-group-attributes", text);
    let to = |seen: &str| format!("internal on TCP 443 => n/web TCP 8080 seen as {seen} : allow TCP 8080");
    let clients = " to 0.0.0.0-255.255.255.255";
    line(class(json!({})), aws(&[ip]), &to("balancer"));
    line(
        class(json!({})),
        aws(&[ip, attributes("preserve_client_ip.enabled=true")]),
        &format!("{}{clients}", to("client")),
    );
    line(class(json!({"externalTrafficPolicy": "Local"})), json!({}), &format!("{}{clients}", to("client")));
    line(
        class(json!({"externalTrafficPolicy": "Local"})),
        aws(&[attributes("preserve_client_ip.enabled=false")]),
        &to("balancer"),
    );
    let udp = json!({"ports": [{"port": 53, "protocol": "UDP"}]});
    line(
        class(udp),
        aws(&[ip]),
        &format!("internal on UDP 53 => n/web UDP 53 seen as client : allow UDP 53{clients}"),
    );
    line(json!({}), aws(&[("aws-load-balancer-type", "nlb-ip")]), &to("balancer"));
}

#[test]
fn tls_ends_where_a_certificate_is() {
    let spec = || {
        json!({"loadBalancerClass": CLASS, "ports": [
            {"name": "web", "port": 443, "targetPort": 8080}, {"name": "plain", "port": 80, "targetPort": 8080}]})
    };
    let certificate = ("aws-load-balancer-ssl-cert", "arn:aws:acm:x");
    let tail = "=> n/web TCP 8080 seen as node : allow TCP 8080";
    line(spec(), json!({}), &format!("internal on TCP 80,TCP 443 {tail}"));
    line(spec(), aws(&[certificate]), &format!("internal on TCP 80+TLS,TCP 443+TLS {tail}"));
    for ports in ["443", "web"] {
        let annotations = aws(&[certificate, ("aws-load-balancer-ssl-ports", ports)]);
        line(spec(), annotations, &format!("internal on TCP 80,TCP 443+TLS {tail}"));
    }
}

fn vpc(subnets: Json) -> Vec<Json> {
    let mut all = vec![
        json!({"Type": "AWS::EC2::VPC", "Id": "Vpc", "Properties": {"CidrBlock": "10.0.0.0/16"}}),
        json!({"Type": "AWS::EKS::Cluster", "Id": "c", "Properties": {"Name": "c",
            "ResourcesVpcConfig": {"SubnetIds": [{"Ref": "S0"}]}}}),
    ];
    for (index, subnet) in subnets.as_array().unwrap().iter().enumerate() {
        let mut properties = subnet.clone();
        properties["VpcId"] = json!({"Ref": "Vpc"});
        all.push(json!({"Type": "AWS::EC2::Subnet", "Id": format!("S{index}"), "Properties": properties}));
    }
    all
}

#[test]
fn the_address_of_the_load_balancer_lies_in_its_subnets() {
    let tagged = |cidr: &str, role: &str| json!({"CidrBlock": cidr, "Tags": [{"Key": format!("kubernetes.io/role/{role}"), "Value": "1"}]});
    let from = |cidr: &str| {
        policy("p", json!({"podSelector": app("web"), "ingress": [{"from": [{"ipBlock": {"cidr": cidr}}]}]}))
    };
    let decided = |cidr: &str, vpc: Vec<Json>| {
        let annotations = aws(&[
            ("aws-load-balancer-nlb-target-type", "ip"),
            ("aws-load-balancer-scheme", "internet-facing"),
        ]);
        let more = [vec![from(cidr)], vpc].concat();
        let found = balancer(json!({"loadBalancerClass": CLASS}), annotations, more);
        found[0].rsplit_once(" : ").unwrap().1.to_owned()
    };
    let subnets = json!([tagged("10.0.0.0/20", "internal-elb"), tagged("10.0.100.0/24", "elb")]);
    assert_eq!(decided("10.0.100.0/24", vpc(subnets.clone())), "allow TCP 8080");
    assert_eq!(decided("10.0.0.0/20", vpc(subnets.clone())), "deny");
    assert_eq!(decided("10.0.100.0/25", vpc(subnets)), "TCP 8080?");
    // Without roles it is somewhere in the VPC, and without a VPC somewhere in private space.
    let plain = json!([{"CidrBlock": "10.0.0.0/20"}]);
    assert_eq!(decided("10.0.0.0/16", vpc(plain.clone())), "allow TCP 8080");
    assert_eq!(decided("10.0.100.0/24", vpc(plain.clone())), "TCP 8080?");
    assert_eq!(decided("192.168.0.0/16", vpc(plain)), "deny");
    assert_eq!(decided("192.168.0.0/16", vec![]), "TCP 8080?");
    assert_eq!(decided("203.0.113.0/24", vec![]), "deny");
}

#[test]
fn a_target_group_binding_leads_in_from_a_load_balancer_made_elsewhere() {
    let binding = json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
        "metadata": {"name": "b", "namespace": "n"},
        "spec": {"targetGroupARN": "arn:x", "targetType": "ip", "serviceRef": {"name": "web", "port": 443}},
    });
    let manifests = with(&["web"], vec![service("web", json!({})), binding]);
    check(
        &manifests,
        &[
            "target group n/b[TargetGroupBinding] internet-facing or internal, not known on  => n/web TCP 8080 seen as client|balancer : TCP 8080?",
        ],
    );
    assert_eq!(
        conditions(&manifests),
        ["whom the load balancer of the target group lets in is not evaluated"]
    );
}
