//! Which engine an estate shows, and how it is set.

use ringfence_reach::{Choice, Profile, Reach};
use serde_json::{Value as Json, json};

use crate::fixture::{UNKNOWN, app, deployment, estate, everyone, lines, namespace, policy};

pub(super) fn eks(properties: Json) -> Json {
    json!({"Type": "AWS::EKS::Cluster", "Id": "C", "Properties": properties})
}

pub(super) fn addon(values: Json) -> Json {
    json!({"Type": "AWS::EKS::Addon", "Id": "Network", "Properties": {
        "ClusterName": "pay", "AddonName": "vpc-cni", "ConfigurationValues": values}})
}

pub(super) fn named() -> Json {
    eks(json!({"Name": "pay"}))
}

fn object(kind: &str, name: &str, more: Json) -> Json {
    let (version, kind) = kind.rsplit_once('/').unwrap();
    let mut object =
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "kube-system"}});
    for (key, value) in more.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

pub(super) fn aws_node(args: Json, env: Json) -> Json {
    object(
        "apps/v1/DaemonSet",
        "aws-node",
        json!({"spec": {"template": {"spec": {"containers": [
            {"name": "aws-node", "image": "602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni:v1.21.1-eksbuild.1", "env": env},
            {"name": "aws-eks-nodeagent", "args": args}]}}}}),
    )
}

fn controller(value: Json) -> Json {
    object("v1/ConfigMap", "amazon-vpc-cni", json!({"data": {"enable-network-policy-controller": value}}))
}

fn node_class(name: &str, policy: Json) -> Json {
    json!({"apiVersion": "eks.amazonaws.com/v1", "kind": "NodeClass", "metadata": {"name": name},
        "spec": {"networkPolicy": policy}})
}

/// Three pods, of which a policy lets one into the second: what the engine does to the others, in lines.
fn cluster(more: Vec<Json>) -> Vec<Json> {
    let spec = json!({"podSelector": app("b"), "ingress": [{"from": [{"podSelector": app("a")}]}]});
    let mut all = vec![
        namespace("n", json!({})),
        deployment("n", "a"),
        deployment("n", "b"),
        deployment("n", "c"),
        policy("p", spec),
    ];
    all.extend(more);
    all
}

/// Checks the profile, a part of the reason, and what goes from `c` to `b`, which the policy denies, and to `a`,
/// which no policy selects.
#[track_caller]
fn check(more: Vec<Json>, profile: Profile, reason: &str, denied: &str, unselected: &str) {
    let estate = estate(&cluster(more));
    let (reach, _) = Reach::new(&estate, Choice::Detect);
    let chosen = &reach.profiles()[0];
    assert_eq!(chosen.profile, profile, "{chosen:?}");
    assert!(chosen.reason.contains(reason), "{}", chosen.reason);
    let all = everyone(&estate);
    let lines: Vec<String> =
        lines(&estate, &reach, &all, &all).iter().map(|line| line.replace("pay:", "")).collect();
    for (pair, expected) in [("c => n/b", denied), ("c => n/a", unselected)] {
        let found: Vec<&str> =
            lines.iter().filter_map(|line| line.split_once(pair)).map(|(_, rest)| rest).collect();
        assert_eq!(found.join(","), expected, "{pair} of {lines:#?}");
    }
}

const OPEN: &str = " : All Connections";
const PERHAPS: &str = " : All Connections?";
const CLOSED: &str = "";

#[test]
fn nothing_shows_an_engine() {
    check(vec![], Profile::Spec, "nothing that was read", CLOSED, OPEN);
    check(vec![named()], Profile::Spec, "nothing that was read", CLOSED, OPEN);
}

#[test]
fn the_add_on_switches_it_on() {
    let on = |values: &str| vec![named(), addon(json!(values))];
    let aws = Profile::AwsVpcCni;
    let text = "AWS::EKS::Addon/Network";
    check(on(r#"{"enableNetworkPolicy": "true"}"#), aws, text, PERHAPS, OPEN);
    check(on(r#"{"enableNetworkPolicy": true, "env": {}}"#), aws, "in standard mode", PERHAPS, OPEN);
    let strict = r#"{"enableNetworkPolicy": "true", "env": {"NETWORK_POLICY_ENFORCING_MODE": "strict"}}"#;
    check(on(strict), aws, "in strict mode", CLOSED, CLOSED);
    let neither = r#"{"enableNetworkPolicy": "true", "env": {"NETWORK_POLICY_ENFORCING_MODE": "lax"}}"#;
    check(on(neither), aws, "neither", PERHAPS, PERHAPS);
}

#[test]
fn the_add_on_leaves_it_off() {
    let aws = Profile::AwsVpcCni;
    check(vec![named(), addon(json!(null))], aws, "which is the default", OPEN, OPEN);
    check(vec![named(), addon(json!("{}"))], aws, "which is the default", OPEN, OPEN);
    check(
        vec![named(), addon(json!(r#"{"enableNetworkPolicy": "false"}"#))],
        aws,
        "switches network policy off",
        OPEN,
        OPEN,
    );
}

#[test]
fn what_the_add_on_says_is_not_known() {
    let aws = Profile::AwsVpcCni;
    check(vec![named(), addon(json!(UNKNOWN))], aws, "not known", PERHAPS, PERHAPS);
    check(
        vec![named(), addon(json!("enableNetworkPolicy: 'true'"))],
        aws,
        "cannot be read",
        PERHAPS,
        PERHAPS,
    );
    let estate = estate(&cluster(vec![named(), addon(json!("{"))]));
    let (_, diagnostics) = Reach::new(&estate, Choice::Detect);
    assert!(
        diagnostics.iter().any(|one| one.code == "addon-configuration-unreadable" && one.location.is_some())
    );
}

#[test]
fn the_daemon_set_is_what_runs() {
    let aws = Profile::AwsVpcCni;
    let strict = json!([{"name": "NETWORK_POLICY_ENFORCING_MODE", "value": "strict"}]);
    check(
        vec![aws_node(json!(["--enable-network-policy=true"]), strict.clone())],
        aws,
        "aws-node",
        CLOSED,
        CLOSED,
    );
    check(vec![aws_node(json!(["--enable-network-policy=true"]), json!([]))], aws, "standard", PERHAPS, OPEN);
    check(vec![aws_node(json!(["--enable-network-policy=false"]), strict.clone())], aws, "off", OPEN, OPEN);
    check(vec![aws_node(json!(["--log-level=info"]), json!([]))], aws, "default", OPEN, OPEN);
    check(vec![aws_node(json!([UNKNOWN]), json!([]))], aws, "not known", PERHAPS, OPEN);
    let addon = addon(json!(r#"{"enableNetworkPolicy": "true"}"#));
    check(
        vec![named(), addon, aws_node(json!(["--enable-network-policy=false"]), json!([]))],
        aws,
        "off",
        OPEN,
        OPEN,
    );
    let off = aws_node(json!(["--enable-network-policy=false"]), json!([]));
    let on = aws_node(json!(["--enable-network-policy=true"]), json!([]));
    check(vec![off, on], aws, "defined twice", PERHAPS, OPEN);
    let other_controller = controller(json!("false"));
    check(
        vec![aws_node(json!(["--enable-network-policy=true"]), strict), other_controller],
        aws,
        "controller off",
        PERHAPS,
        PERHAPS,
    );
}

#[test]
fn auto_mode_needs_its_switch() {
    let aws = Profile::AwsVpcCni;
    let auto = || eks(json!({"Name": "pay", "ComputeConfig": {"Enabled": true, "NodePools": []}}));
    let built_in =
        || eks(json!({"Name": "pay", "ComputeConfig": {"Enabled": true, "NodePools": ["general-purpose"]}}));
    let deny = || node_class("closed", json!("DefaultDeny"));
    let on = || controller(json!("true"));
    check(vec![auto()], aws, "which was not read", PERHAPS, OPEN);
    check(vec![auto(), on()], aws, "standard", PERHAPS, OPEN);
    check(vec![auto(), on(), deny()], aws, "strict", CLOSED, CLOSED);
    check(vec![built_in(), on(), deny()], aws, "node classes differ", PERHAPS, PERHAPS);
    check(vec![built_in(), on(), node_class("default", json!("DefaultDeny"))], aws, "strict", CLOSED, CLOSED);
    check(
        vec![auto(), on(), deny(), node_class("open", json!("DefaultAllow"))],
        aws,
        "node classes differ",
        PERHAPS,
        PERHAPS,
    );
    check(vec![auto(), on(), node_class("x", json!(UNKNOWN))], aws, "not known", PERHAPS, PERHAPS);
    check(vec![auto(), controller(json!("false")), deny()], aws, "off", OPEN, OPEN);
}

#[test]
fn policy_endpoints_show_its_controller() {
    let endpoint = object("networking.k8s.aws/v1alpha1/PolicyEndpoint", "p-abcde", json!({}));
    check(vec![endpoint], Profile::AwsVpcCni, "PolicyEndpoint", PERHAPS, OPEN);
}

#[test]
fn two_engines_at_once_leave_nothing_certain() {
    let calico = object("apps/v1/DaemonSet", "calico-node", json!({}));
    let addon = addon(json!(r#"{"enableNetworkPolicy": "true"}"#));
    check(vec![named(), addon, calico], Profile::AwsVpcCni, "on, in standard mode", PERHAPS, PERHAPS);
}

#[test]
fn other_engines_are_seen() {
    let seen = |objects: Vec<Json>, text: &str| {
        let estate = estate(&cluster(objects));
        let (reach, _) = Reach::new(&estate, Choice::Detect);
        let chosen = &reach.profiles()[0];
        assert!(chosen.reason.contains(text) && chosen.location.is_some(), "{chosen:?}");
    };
    seen(vec![object("apps/v1/DaemonSet", "calico-node", json!({}))], "Calico");
    seen(
        vec![
            json!({"apiVersion": "operator.tigera.io/v1", "kind": "Installation", "metadata": {"name": "default"}}),
        ],
        "Calico",
    );
    seen(
        vec![
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "felixconfigurations.crd.projectcalico.org"}}),
        ],
        "Calico",
    );
    seen(vec![object("apps/v1/DaemonSet", "cilium", json!({}))], "Cilium");
    seen(vec![object("v1/ConfigMap", "cilium-config", json!({}))], "Cilium");
    let off = addon(json!(r#"{"enableNetworkPolicy": "false"}"#));
    seen(vec![named(), off, object("apps/v1/DaemonSet", "cilium", json!({}))], "Cilium");
}

#[test]
fn what_was_asked_for_holds_whatever_is_shown() {
    let estate = estate(&cluster(vec![named(), addon(json!(null))]));
    for profile in Profile::ALL {
        let (reach, _) = Reach::new(&estate, profile);
        assert_eq!(reach.profiles()[0].profile, profile);
    }
}
