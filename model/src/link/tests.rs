//! Joins as data: resources in, links and messages out.

use serde_json::{Value as Json, json};

use crate::estate::fixture::{build, read};
use crate::{Estate, ResourceId};

/// `from Relation to`, without the labels' kinds where names suffice; then `code: message`.
#[track_caller]
fn check(resources: Json, expected: &[&str]) {
    let (estate, diagnostics) = build(read(resources));
    let name = |id: ResourceId| name(&estate, id);
    let links = estate
        .links()
        .iter()
        .map(|link| format!("{} {:?} {}", name(link.from), link.relation, name(link.to)))
        .filter(|line| !line.contains(" RefersTo "));
    let messages = diagnostics.iter().map(|one| format!("{}: {}", one.code, one.message));
    let mut found: Vec<String> = links.chain(messages).collect();
    let mut expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

fn name(estate: &Estate, id: ResourceId) -> String {
    estate.resource(id).unwrap().name.to_string()
}

fn pod(name: &str, spec: Json) -> Json {
    json!({"apiVersion": "v1", "kind": "Pod", "spec": spec,
        "metadata": {"name": name, "namespace": "pay", "labels": {"app": name, "team": "pay"}}})
}

fn core(kind: &str, name: &str) -> Json {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "pay"}})
}

fn rbac(kind: &str, name: &str, rest: Json) -> Json {
    let mut object = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
        "metadata": {"name": name, "namespace": if kind.starts_with("Cluster") { Json::Null } else { json!("pay") }}});
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

fn aws(kind: &str, id: &str, properties: Json) -> Json {
    json!({"Type": format!("AWS::{kind}"), "Id": id, "Properties": properties})
}

#[test]
fn a_pod_leads_to_its_account_and_mounts() {
    let env = json!([{"name": "A", "value": "x"},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s1", "key": "k"}}}]);
    let spec = json!({
        "serviceAccountName": "runner",
        "imagePullSecrets": [{"name": "s3"}],
        "initContainers": [{"name": "i", "envFrom": [{"configMapRef": {"name": "c1"}}]}],
        "containers": [{"name": "c", "env": env}],
        "volumes": [
            {"name": "v1", "configMap": {"name": "c2"}},
            {"name": "v2", "persistentVolumeClaim": {"claimName": "p1"}},
            {"name": "v3", "projected": {"sources": [{"secret": {"name": "s2"}}, {"serviceAccountToken": {}}]}},
            {"name": "v4", "csi": {"driver": "x", "volumeAttributes": {"secretProviderClass": "k1"}}}]});
    let class = json!({"apiVersion": "secrets-store.csi.x-k8s.io/v1", "kind": "SecretProviderClass",
        "metadata": {"name": "k1", "namespace": "pay"}});
    check(
        json!([
            pod("p", spec),
            core("ServiceAccount", "runner"),
            core("Secret", "s1"),
            core("Secret", "s2"),
            core("Secret", "s3"),
            core("ConfigMap", "c1"),
            core("ConfigMap", "c2"),
            core("PersistentVolumeClaim", "p1"),
            class
        ]),
        &[
            "p ServiceAccount runner",
            "p Mounts s1",
            "p Mounts s2",
            "p Mounts s3",
            "p Mounts c1",
            "p Mounts c2",
            "p Mounts p1",
            "p Mounts k1",
        ],
    );
}

#[test]
fn what_is_not_there_is_said_once() {
    let env = json!([{"name": "B", "valueFrom": {"secretKeyRef": {"name": "gone", "key": "k"}}}]);
    let optional = json!([{"configMapRef": {"name": "may-be", "optional": true}}]);
    let spec = json!({"serviceAccountName": "gone", "containers": [{"name": "c", "env": env, "envFrom": optional}],
        "volumes": [{"name": "v", "configMap": {"name": "kube-root-ca.crt"}}]});
    check(
        json!([pod("a", spec.clone()), pod("b", spec), pod("c", json!({"serviceAccountName": "default"}))]),
        &[
            "dangling-reference: ServiceAccount `pay/gone` is not in the input",
            "dangling-reference: referred to and not in the input: 1 Secret (`pay/gone`)",
        ],
    );
}

#[test]
fn a_pod_without_an_account_runs_as_default() {
    check(json!([pod("p", json!({})), core("ServiceAccount", "default")]), &["p ServiceAccount default"]);
}

#[test]
fn names_hold_within_their_cluster_and_namespace() {
    let mut elsewhere = core("ServiceAccount", "runner");
    elsewhere["cluster"] = json!("other");
    let mut neighbour = core("ServiceAccount", "runner");
    neighbour["metadata"]["namespace"] = json!("shop");
    check(
        json!([pod("p", json!({"serviceAccountName": "runner"})), elsewhere, neighbour]),
        &["dangling-reference: ServiceAccount `pay/runner` is not in the input"],
    );
}

#[test]
fn services_select_pods_and_ingresses_lead_to_services() {
    let service = |name: &str, selector: Json| {
        let mut service = core("Service", name);
        service["spec"] = json!({"selector": selector});
        service
    };
    let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "i", "namespace": "pay"}, "spec": {
            "defaultBackend": {"service": {"name": "gone", "port": {"number": 80}}},
            "rules": [{"http": {"paths": [
                {"backend": {"service": {"name": "one", "port": {"number": 80}}}},
                {"backend": {"service": {"name": "redirect", "port": {"name": "use-annotation"}}}}]}}]}});
    check(
        json!([
            pod("a", json!({})),
            pod("b", json!({})),
            ingress,
            service("one", json!({"team": "pay", "app": "a"})),
            service("both", json!({"team": "pay"})),
            service("none", json!({"app": "c"})),
            service("headless", Json::Null),
            service("unknown", json!({"app": {"Unknown": "App"}}))
        ]),
        &[
            "one Selects a",
            "both Selects a",
            "both Selects b",
            "i Backend one",
            "dangling-reference: Service `pay/gone` is not in the input",
            "selects-nothing: no pod in the input is selected by 1 service (`pay/none`)",
            "link-unresolved: which pods are selected is not told for 1 service: parameter `App` has no value",
        ],
    );
}

#[test]
fn webhooks_and_aggregated_apis_call_services() {
    let service = json!({"namespace": "pay", "name": "hook"});
    let object = |group: &str, kind: &str, rest: Json| {
        let mut object = json!({"apiVersion": group, "kind": kind, "metadata": {"name": kind}});
        object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        object
    };
    check(
        json!([
            core("Service", "hook"),
            object(
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
                json!({"webhooks": [{"clientConfig": {"service": service}}, {"clientConfig": {"url": "https://x"}}]})
            ),
            object("apiregistration.k8s.io/v1", "APIService", json!({"spec": {"service": service}}))
        ]),
        &["ValidatingWebhookConfiguration Calls hook", "APIService Calls hook"],
    );
}

#[test]
fn bindings_lead_to_roles_and_accounts() {
    let binding = json!({"roleRef": {"kind": "Role", "name": "r"}, "subjects": [
        {"kind": "ServiceAccount", "name": "runner"},
        {"kind": "ServiceAccount", "name": "gone", "namespace": "pay"},
        {"kind": "User", "name": "system:serviceaccount:pay:other"},
        {"kind": "Group", "name": "people"}]});
    check(
        json!([
            rbac("RoleBinding", "b", binding),
            rbac("Role", "r", json!({})),
            rbac(
                "ClusterRoleBinding",
                "admin",
                json!({"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}})
            ),
            rbac("ClusterRoleBinding", "own", json!({"roleRef": {"kind": "ClusterRole", "name": "own"}})),
            core("ServiceAccount", "runner"),
            core("ServiceAccount", "other")
        ]),
        &[
            "b RoleRef r",
            "b BoundSubject runner",
            "b BoundSubject other",
            "dangling-reference: ServiceAccount `pay/gone` is not in the input",
            "dangling-reference: ClusterRole `own` is not in the input",
        ],
    );
}

#[test]
fn accounts_lead_to_iam_roles() {
    let account = |name: &str, role: Json| {
        let mut account = core("ServiceAccount", name);
        account["metadata"]["annotations"] = json!({"eks.amazonaws.com/role-arn": role});
        account
    };
    let association = json!({"ClusterName": {"Ref": "Cluster"}, "Namespace": "pay", "ServiceAccount": "pod-identity",
        "RoleArn": {"Ref": "Generated"}});
    check(
        json!([
            account("named", json!("arn:aws:iam::111122223333:role/path/payments")),
            account("generated", json!("arn:aws:iam::111122223333:role/pay-stack-Generated-1A2B3C4D5E6F")),
            account("referring", json!({"Ref": "Generated"})),
            account("gone", json!("arn:aws:iam::111122223333:role/gone")),
            account("user", json!("arn:aws:iam::111122223333:user/payments")),
            account("unknown", json!({"Unknown": "Role"})),
            core("ServiceAccount", "pod-identity"),
            aws("EKS::Cluster", "Cluster", json!({})),
            aws("EKS::PodIdentityAssociation", "Association", association),
            aws("IAM::Role", "Named", json!({"RoleName": "payments"})),
            aws("IAM::Role", "Generated", json!({}))
        ]),
        &[
            "named AssumesRole Named",
            "generated AssumesRole Generated",
            "referring AssumesRole Generated",
            "pod-identity AssumesRole Generated",
            "Association AssumesRole Generated",
            "Association ServiceAccount pod-identity",
            "Association Cluster Cluster",
            "dangling-reference: referred to and not in the input: 2 IAM roles \
             (`arn:aws:iam::111122223333:role/gone`, `arn:aws:iam::111122223333:user/payments`)",
            "link-unresolved: referred to by a name that is not known: 1 IAM role: parameter `Role` has no value",
        ],
    );
}

#[test]
fn a_name_in_two_accounts_is_told_by_the_arn() {
    let role = |id: &str, account: &str| json!({"Type": "AWS::IAM::Role", "Id": id, "Account": account, "Properties": {"RoleName": "payments"}});
    let entry =
        |id: &str, arn: &str| aws("EKS::AccessEntry", id, json!({"ClusterName": "c", "PrincipalArn": arn}));
    check(
        json!([
            role("One", "111122223333"),
            role("Two", "444455556666"),
            entry("entry", "arn:aws:iam::444455556666:role/payments"),
            entry("vague", "payments")
        ]),
        &["entry Admits Two"],
    );
}

#[test]
fn people_come_in_by_access_entries_and_aws_auth() {
    let mut auth = core("ConfigMap", "aws-auth");
    auth["metadata"]["namespace"] = json!("kube-system");
    auth["data"] = json!({
        "mapRoles": [{"rolearn": "arn:aws:iam::111122223333:role/nodes", "groups": ["system:nodes"]}],
        "mapUsers": [{"userarn": "arn:aws:iam::111122223333:user/eve", "groups": ["people"]}]});
    let entry =
        json!({"ClusterName": "pay", "PrincipalArn": {"Ref": "Nodes"}, "KubernetesGroups": ["people"]});
    check(
        json!([
            auth,
            aws("EKS::AccessEntry", "entry", entry),
            aws("IAM::Role", "Nodes", json!({"RoleName": "nodes"})),
            aws("IAM::User", "Eve", json!({"UserName": "eve"})),
            rbac(
                "ClusterRoleBinding",
                "b",
                json!({"roleRef": {"kind": "ClusterRole", "name": "view"},
                "subjects": [{"kind": "Group", "name": "people"}]})
            )
        ]),
        &[
            "aws-auth Admits Nodes",
            "aws-auth Admits Eve",
            "aws-auth BoundGroup b",
            "entry Admits Nodes",
            "entry BoundGroup b",
        ],
    );
}

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
    check_landing(json!({"nodeSelector": {"pool": {"Unknown": "Pool"}}}), &[]);
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
fn a_group_of_which_too_little_is_known_takes_nobody_and_says_so() {
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

#[test]
fn eks_finds_its_log_group_by_name() {
    check(
        json!([
            aws("EKS::Cluster", "C", json!({"Name": "pay"})),
            aws("Logs::LogGroup", "Mine", json!({"LogGroupName": "/aws/eks/pay/cluster"})),
            aws("Logs::LogGroup", "Other", json!({"LogGroupName": "/aws/eks/other/cluster"})),
            aws(
                "EC2::SubnetRouteTableAssociation",
                "A",
                json!({"SubnetId": {"Ref": "S"}, "RouteTableId": {"Ref": "R"}})
            ),
            aws("EC2::Subnet", "S", json!({})),
            aws("EC2::RouteTable", "R", json!({}))
        ]),
        &["C LogGroup Mine", "S RouteTable R"],
    );
}

#[test]
fn rules_fold_into_their_group_and_links_are_typed() {
    check(
        json!([
            aws(
                "EC2::SecurityGroupIngress",
                "Rule",
                json!({"GroupId": {"Ref": "Group"}, "CidrIp": "0.0.0.0/0"})
            ),
            aws("EC2::SecurityGroup", "Group", json!({})),
            aws(
                "EC2::LaunchTemplate",
                "T",
                json!({"LaunchTemplateData": {"SecurityGroupIds": [{"Ref": "Group"}]}})
            ),
            aws("SQS::Queue", "Q", json!({"KmsMasterKeyId": {"Ref": "Gone"}}))
        ]),
        &["T SecurityGroup Group", "dangling-reference: `Gone` is not defined"],
    );
}
