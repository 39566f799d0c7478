//! Joins as data: resources in, links and messages out.

mod landing;

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

#[test]
fn many_references_of_one_resource_take_linear_time() {
    let file = crate::Sources::default().add("t", "");
    let target = crate::Target { scope: "t".into(), address: "Key".into(), attribute: None };
    let reference = |at: usize| {
        let origin = crate::Origin::Explicit(crate::Location::new(file, at, at + 1));
        crate::Node::unresolved(crate::Cause::Assigned("Key".into()), Some(target.clone()), origin)
    };
    let origin = crate::Origin::derived("test", None);
    let list = crate::Node::new((0..200_000).map(reference).collect::<Vec<_>>(), origin.clone());
    let body = crate::Node::new([("X".into(), list)].into_iter().collect::<crate::Map>(), origin);
    let mut resources = read(json!([aws("KMS::Key", "Key", json!({})), aws("S3::Bucket", "B", json!({}))]));
    resources[1].body = body;
    // A look at all earlier ones for each would take many minutes.
    let (estate, _) = build(resources);
    assert_eq!(estate.links().len(), 200_000);
}
