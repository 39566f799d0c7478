//! Where pods land, as data.

use serde_json::{Value as Json, json};

use super::{aws, check, name, pod};
use crate::estate::fixture::{build, read};

/// Where a pod with `spec` lands, given a bare group `plain` and a group `cde` (label `pool=cde`, taint `pool=cde`).
#[track_caller]
fn check_landing(spec: Json, expected: &[&str]) {
    let group = |id: &str, more: Json| {
        let mut properties = json!({"ClusterName": "c"});
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        aws("EKS::Nodegroup", id, properties)
    };
    let cde = json!({"NodegroupName": "cde", "Labels": {"pool": "cde"},
        "Taints": [{"Key": "pool", "Value": "cde", "Effect": "NO_SCHEDULE"}]});
    let (estate, _) = build(read(json!([
        group("plain", json!({"Taints": [{"Key": "x", "Effect": "PREFER_NO_SCHEDULE"}]})),
        group("cde", cde),
        pod("p", spec)
    ])));
    let landed = estate.links().iter().filter(|link| link.relation == crate::Relation::RunsOn);
    let landed: Vec<String> = landed.map(|link| name(&estate, link.to)).collect();
    assert_eq!(landed, expected);
}

#[test]
fn pods_land_where_selectors_and_taints_let_them() {
    let tolerating = json!([{"key": "pool", "value": "cde", "effect": "NoSchedule"}]);
    let required = |expression: Json| {
        json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
            {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}})
    };
    let pool_in = |operator: &str| required(json!({"key": "pool", "operator": operator, "values": ["cde"]}));
    check_landing(json!({}), &["plain"]);
    check_landing(json!({"tolerations": tolerating}), &["plain", "cde"]);
    check_landing(json!({"tolerations": [{"operator": "Exists"}]}), &["plain", "cde"]);
    check_landing(
        json!({"tolerations": [{"key": "pool", "value": "cde", "effect": "NoExecute"}]}),
        &["plain"],
    );
    check_landing(json!({"tolerations": tolerating, "nodeSelector": {"pool": "cde"}}), &["cde"]);
    check_landing(json!({"nodeSelector": {"pool": "cde"}}), &[]);
    check_landing(json!({"tolerations": tolerating, "affinity": pool_in("In")}), &["cde"]);
    check_landing(json!({"tolerations": tolerating, "affinity": pool_in("NotIn")}), &["plain"]);
    check_landing(json!({"nodeSelector": {"topology.kubernetes.io/zone": "a"}}), &["plain"]);
    check_landing(
        json!({"tolerations": tolerating, "nodeSelector": {"eks.amazonaws.com/nodegroup": "cde"}}),
        &["cde"],
    );
}

#[test]
fn only_what_is_known_keeps_a_pod_away() {
    let unknown = json!({"Unknown": "Pool"});
    let tolerating = json!([{"key": "pool", "value": "cde"}]);
    let required = |expression: Json| {
        json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
            {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}})
    };
    let everywhere = &["plain", "cde"];
    check_landing(json!({"nodeSelector": {"pool": unknown}}), &[]);
    check_landing(json!({"nodeSelector": {"pool": unknown}, "tolerations": tolerating}), &["cde"]);
    check_landing(json!({"nodeSelector": unknown, "tolerations": tolerating}), everywhere);
    check_landing(json!({"tolerations": unknown}), everywhere);
    check_landing(json!({"tolerations": [unknown]}), everywhere);
    for part in ["key", "operator", "value", "effect"] {
        let mut toleration = tolerating[0].clone();
        toleration[part] = unknown.clone();
        check_landing(json!({"tolerations": [toleration]}), everywhere);
    }
    for operator in ["In", "NotIn"] {
        let some = json!({"key": "pool", "operator": operator, "values": ["a", unknown]});
        let none = json!({"key": "pool", "operator": operator, "values": unknown});
        let expected: &[&str] = if operator == "In" { &["cde"] } else { everywhere };
        check_landing(json!({"tolerations": tolerating, "affinity": required(some)}), expected);
        check_landing(json!({"tolerations": tolerating, "affinity": required(none)}), expected);
    }
    check_landing(json!({"tolerations": tolerating, "affinity": required(unknown.clone())}), everywhere);
    check_landing(json!({"tolerations": tolerating, "affinity": unknown}), everywhere);
    check_landing(unknown, everywhere);
}

/// Where pods `vault` and `web` land that ask for label `pool=cde`, given one pool.
#[track_caller]
fn check_pool(pool: Json, expected: bool) {
    let asking = json!({"nodeSelector": {"pool": "cde"}});
    let (estate, diagnostics) = build(read(json!([pool, pod("p", asking)])));
    let landed = estate.links().iter().any(|link| link.relation == crate::Relation::RunsOn);
    assert_eq!(landed, expected, "{pool}");
    let told = diagnostics.iter().any(|one| one.code == "link-unresolved");
    assert_eq!(told, pool.to_string().contains("Unknown"), "{pool}");
}

#[test]
fn what_is_not_known_of_a_pool_keeps_nobody_away() {
    let group = |properties: Json| aws("EKS::Nodegroup", "nodes", properties);
    let unknown = json!({"Unknown": "Pool"});
    let labels = json!({"pool": "cde"});
    check_pool(group(json!({"ClusterName": "c"})), false);
    check_pool(group(json!({"ClusterName": "c", "Labels": labels})), true);
    check_pool(group(json!({"ClusterName": "c", "Labels": unknown})), true);
    check_pool(group(json!({"ClusterName": "c", "Labels": {"pool": unknown}})), true);
    check_pool(group(json!({"ClusterName": unknown, "Labels": labels})), true);
    check_pool(group(json!({"ClusterName": "c", "Labels": labels, "Taints": unknown})), true);
    let taint = json!({"Key": "a", "Value": "b", "Effect": "NO_SCHEDULE"});
    check_pool(group(json!({"ClusterName": "c", "Labels": labels, "Taints": [taint]})), false);
    for part in ["Key", "Value", "Effect"] {
        let mut taint = taint.clone();
        taint[part] = unknown.clone();
        check_pool(group(json!({"ClusterName": "c", "Labels": labels, "Taints": [taint]})), true);
    }
    let karpenter = |template: Json| {
        json!({"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "spot"},
            "spec": {"template": template}})
    };
    let require = |rest: Json| {
        let mut requirement = json!({"key": "pool"});
        requirement.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        karpenter(json!({"spec": {"requirements": [requirement]}}))
    };
    check_pool(karpenter(json!({})), false);
    check_pool(karpenter(unknown.clone()), true);
    check_pool(karpenter(json!({"spec": {"requirements": unknown}})), true);
    check_pool(karpenter(json!({"spec": {"requirements": [unknown]}})), true);
    check_pool(require(json!({"operator": "In", "values": ["a"]})), false);
    check_pool(require(json!({"operator": "In", "values": ["a", unknown]})), true);
    check_pool(require(json!({"operator": "In", "values": unknown})), true);
    check_pool(require(json!({"operator": unknown, "values": ["a"]})), true);
    check_pool(require(json!({"operator": "NotIn", "values": ["a"]})), true);
    check_pool(require(json!({"operator": "NotIn", "values": ["cde"]})), false);
    check_pool(require(json!({"operator": "Exists"})), true);
    check_pool(require(json!({"operator": "DoesNotExist"})), false);
}

#[test]
fn manifests_of_no_known_cluster_may_land_in_any() {
    let cluster = |name: &str| aws("EKS::Cluster", name, json!({"Name": name}));
    check(
        json!([
            cluster("one"),
            cluster("two"),
            aws("EKS::Nodegroup", "nodes", json!({"ClusterName": "two"})),
            pod("p", json!({}))
        ]),
        &[
            "p RunsOn nodes",
            "nodes Cluster two",
            "cluster-ambiguous: 1 manifests do not say which of 2 clusters they belong to",
        ],
    );
}

#[test]
fn only_a_profile_that_certainly_takes_a_pod_takes_it_off_the_nodes() {
    let lands = |selector: Json, app: Json, expected: &[&str]| {
        let mut pod = pod("p", json!({}));
        pod["metadata"]["labels"]["app"] = app;
        let profile = json!({"ClusterName": "c", "Selectors": selector});
        let (estate, _) = build(read(json!([
            aws("EKS::FargateProfile", "serverless", profile),
            aws("EKS::Nodegroup", "nodes", json!({"ClusterName": "c"})),
            pod
        ])));
        let runs_on = estate.links().iter().filter(|link| link.relation == crate::Relation::RunsOn);
        let landed: Vec<String> = runs_on.map(|link| name(&estate, link.to)).collect();
        assert_eq!(landed, expected);
    };
    let unknown = json!({"Unknown": "X"});
    let both = &["serverless", "nodes"];
    let by_label = |value: &Json| json!([{"Namespace": "pay", "Labels": [{"Key": "app", "Value": value}]}]);
    lands(json!([{"Namespace": "pay"}]), json!("p"), &["serverless"]);
    lands(json!([{"Namespace": "shop"}, unknown]), json!("p"), both);
    lands(json!([{"Namespace": unknown}]), json!("p"), both);
    lands(unknown.clone(), json!("p"), both);
    lands(by_label(&json!("p")), json!("p"), &["serverless"]);
    lands(by_label(&unknown), json!("p"), both);
    lands(by_label(&json!("p")), unknown, both);
    lands(by_label(&json!("p")), json!("q"), &["nodes"]);
}

#[test]
fn fargate_takes_what_its_selectors_match() {
    let profile = json!({"ClusterName": "c", "Selectors": [
        {"Namespace": "p*", "Labels": [{"Key": "app", "Value": "vault-?"}]}]});
    let agent = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent", "namespace": "pay"},
        "spec": {"template": {"metadata": {"labels": {"app": "vault-2"}}, "spec": {"containers": []}}}});
    check(
        json!([
            aws("EKS::FargateProfile", "serverless", profile),
            aws("EKS::Nodegroup", "nodes", json!({"ClusterName": "c"})),
            pod("vault-1", json!({})),
            pod("web", json!({})),
            agent
        ]),
        &["vault-1 RunsOn serverless", "web RunsOn nodes", "agent RunsOn nodes"],
    );
}

#[test]
fn a_group_of_which_too_little_is_known_takes_everybody_and_says_so() {
    check(
        json!([
            aws(
                "EKS::Nodegroup",
                "nodes",
                json!({"ClusterName": "c", "Labels": {"pool": {"Unknown": "Pool"}}})
            ),
            pod("a", json!({})),
            pod("b", json!({}))
        ]),
        &[
            "a RunsOn nodes",
            "b RunsOn nodes",
            "link-unresolved: which pods land on which nodes is not told for 1 node group: parameter `Pool` has no value",
        ],
    );
}

#[test]
fn karpenter_pools_take_pods_and_observed_nodes_are_named() {
    let pool = json!({"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "spot"}, "spec": {
        "template": {"metadata": {"labels": {"pool": "spot"}}, "spec": {
            "taints": [{"key": "spot", "effect": "NoExecute"}],
            "requirements": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]}}}});
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "ip-10-0-0-1"}});
    let wanted = json!({"nodeName": "ip-10-0-0-1", "nodeSelector": {"pool": "spot", "tier": "b"},
        "tolerations": [{"key": "spot", "operator": "Exists"}]});
    check(
        json!([pool, node, pod("p", wanted), pod("q", json!({}))]),
        &["p RunsOn spot", "p RunsOn ip-10-0-0-1"],
    );
}
