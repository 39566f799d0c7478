//! Where policies are enforced, and where not.

use ringfence_model::fact::{Enforcement, Policed};
use ringfence_reach::{Choice, Profile, Reach};
use serde_json::{Value as Json, json};

use super::detect::{addon, named};
use crate::fixture::{UNKNOWN, deployment, estate, name, namespace, pod};

fn on() -> Vec<Json> {
    vec![
        named(),
        addon(json!(
            r#"{"enableNetworkPolicy": "true", "env": {"NETWORK_POLICY_ENFORCING_MODE": "strict"}}"#
        )),
    ]
}

fn fargate(selectors: Json) -> Json {
    json!({"Type": "AWS::EKS::FargateProfile", "Id": "Batch", "Properties": {"ClusterName": "pay", "Selectors": selectors}})
}

fn with_spec(mut manifest: Json, spec: Json) -> Json {
    let target = if manifest["kind"] == "Pod" {
        &mut manifest["spec"]
    } else {
        &mut manifest["spec"]["template"]["spec"]
    };
    for (key, value) in spec.as_object().unwrap() {
        target[key] = value.clone();
    }
    manifest
}

/// What is said of `n/a`.
fn of(choice: impl Into<Choice>, manifests: &[Json]) -> Vec<(Policed, String)> {
    let estate = estate(manifests);
    let (reach, _) = Reach::new(&estate, choice);
    let holds = |fact: &Enforcement| fact.members.iter().any(|peer| name(&estate, *peer).ends_with("n/a"));
    let facts = reach.enforcement(&estate);
    facts.into_iter().filter(holds).map(|fact| (fact.policed, fact.reason.to_string())).collect()
}

#[track_caller]
fn check(one: Json, more: Vec<Json>, policed: Policed, reason: &str) {
    let manifests = [vec![namespace("n", json!({})), one], on(), more].concat();
    let found = of(Choice::Detect, &manifests);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0 == policed && found[0].1.contains(reason), "{found:?}");
}

#[test]
fn a_pod_of_a_controller_on_a_linux_node_is_policed() {
    check(deployment("n", "a"), vec![], Policed::Yes, "in strict mode");
}

#[test]
fn fargate_has_no_engine() {
    let a = || deployment("n", "a");
    check(a(), vec![fargate(json!([{"Namespace": "n"}]))], Policed::No, "AWS::EKS::FargateProfile/Batch");
    check(
        a(),
        vec![fargate(json!([{"Namespace": "n*", "Labels": [{"Key": "app", "Value": "?"}]}]))],
        Policed::No,
        "Fargate",
    );
    check(
        a(),
        vec![fargate(json!([{"Namespace": "n", "Labels": [{"Key": "app", "Value": "b"}]}]))],
        Policed::Yes,
        "",
    );
    check(a(), vec![fargate(json!([{"Namespace": "m"}]))], Policed::Yes, "");
    check(a(), vec![fargate(json!([{"Namespace": UNKNOWN}]))], Policed::Perhaps, "whether");
    check(a(), vec![fargate(json!(UNKNOWN))], Policed::Perhaps, "whether");
    let selects = json!({"nodeSelector": {"eks.amazonaws.com/compute-type": "fargate"}});
    check(with_spec(a(), selects), vec![], Policed::No, "Fargate");
    let mut daemon = a();
    daemon["kind"] = json!("DaemonSet");
    check(daemon, vec![fargate(json!([{"Namespace": "n"}]))], Policed::Yes, "");
}

#[test]
fn the_node_of_a_pod_tells_more_than_a_profile() {
    let on_node = |node: &str| {
        let mut one = with_spec(pod("n", "a-1", 1), json!({"nodeName": node}));
        one["metadata"]["ownerReferences"] =
            json!([{"kind": "ReplicaSet", "name": "a", "apiVersion": "apps/v1"}]);
        one
    };
    let profile = || vec![fargate(json!([{"Namespace": "n"}]))];
    check(on_node("fargate-ip-10-0-0-1.ec2.internal"), vec![], Policed::No, "Fargate");
    check(on_node("ip-10-0-0-1.ec2.internal"), profile(), Policed::Yes, "");
}

#[test]
fn windows_and_the_host_network_are_not_policed() {
    let a = |spec| with_spec(deployment("n", "a"), spec);
    check(a(json!({"nodeSelector": {"kubernetes.io/os": "windows"}})), vec![], Policed::No, "Windows");
    check(a(json!({"os": {"name": "windows"}})), vec![], Policed::No, "Windows");
    check(a(json!({"os": {"name": UNKNOWN}})), vec![], Policed::Perhaps, "Windows");
    check(a(json!({"nodeSelector": {"kubernetes.io/os": "linux"}})), vec![], Policed::Yes, "");
    check(a(json!({"hostNetwork": true})), vec![], Policed::No, "host network");
}

#[test]
fn a_pod_without_owner_hangs_on_the_version() {
    check(pod("n", "a", 1), vec![], Policed::Perhaps, "no owner");
    let manifests = [namespace("n", json!({})), pod("n", "a", 1)];
    assert_eq!(of(Profile::AwsVpcCni, &manifests)[0].0, Policed::Yes, "a fixed profile is the steady state");
}

#[test]
fn where_nothing_shows_an_engine_everything_is_taken_for_enforced() {
    let manifests =
        [namespace("n", json!({})), with_spec(pod("n", "a", 1), json!({"os": {"name": "windows"}}))];
    for found in [of(Choice::Detect, &manifests), of(Profile::Spec, &manifests)] {
        assert_eq!(found[0].0, Policed::Yes, "{found:?}");
    }
    let fargate = [manifests.to_vec(), vec![fargate(json!([{"Namespace": "n"}]))]].concat();
    assert_eq!(of(Choice::Detect, &fargate)[0].0, Policed::No, "no engine runs on Fargate");
    assert_eq!(of(Profile::Spec, &fargate)[0].0, Policed::Yes);
}
