//! Scope as data: an estate and a declaration in, classes and tests out.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::fixture::Case;

/// Resources, a declaration, and `label: class tests` for some resources.
#[track_caller]
fn check(resources: &Json, lines: &str, expected: &[(&str, &str)]) -> Case {
    let case = Case::new(resources, lines);
    let found: Vec<(&str, String)> = expected.iter().map(|(label, _)| (*label, case.line(label))).collect();
    let expected: Vec<(&str, String)> =
        expected.iter().map(|(label, line)| (*label, (*line).to_owned())).collect();
    assert_eq!(found, expected);
    case
}

pub(crate) fn workload(kind: &str, namespace: &str, name: &str, spec: &Json) -> Json {
    let labels = json!({"app": name});
    json!({"apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"template": {"metadata": {"labels": labels}, "spec": spec}}})
}

pub(crate) fn deployment(namespace: &str, name: &str) -> Json {
    workload("Deployment", namespace, name, &json!({"containers": [{"name": "c"}]}))
}

/// Ingress to pods of `app` (all of the namespace where empty) from pods of namespaces `from`, on a port.
pub(crate) fn allow(namespace: &str, app: &str, from: &[&str]) -> Json {
    let peers: Vec<Json> = from
        .iter()
        .map(|name| json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}))
        .collect();
    let selector = if app.is_empty() { json!({}) } else { json!({"matchLabels": {"app": app}}) };
    let rules = if from.is_empty() { json!([]) } else { json!([{"from": peers, "ports": [{"port": 8443}]}]) };
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": format!("allow-{app}"), "namespace": namespace},
        "spec": {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": rules}})
}

pub(crate) fn aws(kind: &str, id: &str, properties: Json) -> Json {
    json!({"Type": format!("AWS::{kind}"), "Id": id, "Properties": properties})
}

fn core(kind: &str, namespace: &str, name: &str, spec: Json) -> Json {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec})
}

const SALE: &str = "end browser: browser\nend vault: workload cde/vault\nflow sale\n\
                    hop pay: browser > vault; receive; pan\n";

#[test]
fn without_flows_everything_is_presumed_in_scope() {
    let case = check(
        &json!([deployment("cde", "vault")]),
        "",
        &[("cde/vault", "cde ----"), ("cde[Namespace]", "cde ----")],
    );
    assert!(case.facts.presumed && case.facts.facts.iter().all(|fact| fact.presumed));
    assert_eq!(
        case.why("cde/vault"),
        ["no flow of card data is declared, so everything is presumed in scope"]
    );
}

#[test]
fn a_default_allow_cluster_is_cde_as_a_whole() {
    check(
        &json!([deployment("cde", "vault"), deployment("blog", "blog")]),
        SALE,
        &[("cde/vault", "cde FF-F"), ("blog/blog", "cde FF--")],
    );
}

#[test]
fn narrowed_connectivity_connects_and_none_is_unknown_with_the_network_test_passed() {
    let resources = json!([
        deployment("cde", "vault"),
        deployment("shop", "web"),
        deployment("blog", "blog"),
        allow("cde", "", &["shop"]),
        allow("blog", "", &[]),
        allow("shop", "", &[])
    ]);
    let case = check(
        &resources,
        SALE,
        &[("cde/vault", "cde FF-F"), ("shop/web", "connected-to FP--"), ("blog/blog", "unknown PP--")],
    );
    assert_eq!(case.why("shop/web"), ["may open TCP 8443 to `cde/vault[Deployment]`"]);
    assert!(case.facts.facts.iter().all(|fact| fact.class != ringfence_model::fact::ScopeClass::OutOfScope));
}

#[test]
fn connectivity_from_the_cde_counts_too() {
    let resources = json!([deployment("cde", "vault"), deployment("blog", "blog"), allow("cde", "", &[])]);
    check(&resources, SALE, &[("blog/blog", "connected-to FP--")]);
}

#[test]
fn a_flow_that_names_nothing_is_said_and_rules_no_path_out() {
    let lines = SALE.replace("cde/vault", "cde/valut");
    let resources = json!([deployment("cde", "vault"), allow("cde", "", &[])]);
    let case = check(&resources, &lines, &[("cde/vault", "unknown ----")]);
    let messages: Vec<&str> = case.diagnostics.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, ["endpoint `vault` names `cde/valut`, which is not in the input"]);
}

#[test]
fn an_iframe_keeps_the_page_server_out_of_the_cde_but_in_scope() {
    let lines = "end browser: browser\nend psp: third-party Acme\nend web: workload shop/web; influences psp\n\
                 flow sale\nhop pay: browser > psp; receive; pan sad\nhop notice: psp > web; receive; token; after pay\n";
    let resources = json!([deployment("shop", "web"), deployment("blog", "blog")]);
    let case =
        check(&resources, lines, &[("shop/web", "security-impacting PP-F"), ("blog/blog", "unknown PP--")]);
    assert_eq!(
        case.facts.parties,
        [("Acme".to_owned(), "third-party"), ("customer-browser".to_owned(), "untrusted")]
    );
}

/// The class of `shop/web`, which gets `data` from the vault by a hop; the shop can reach the vault or not.
#[track_caller]
fn check_data(more: &str, data: &str, isolated: bool, expected: &str) -> Case {
    let lines = format!(
        "{SALE}end web: workload shop/web\nend hub: workload hub/hub\nend psp: third-party Acme\n\
        {more}\nhop give: hub > web; receive; {data}\n"
    );
    let vault = if isolated { allow("cde", "", &[]) } else { allow("cde", "", &["shop"]) };
    let resources = json!([
        deployment("cde", "vault"),
        deployment("shop", "web"),
        deployment("hub", "hub"),
        vault,
        allow("shop", "", &[]),
        allow("hub", "", &[])
    ]);
    check(&resources, &lines, &[("shop/web", expected)])
}

#[test]
fn tokens_are_out_only_where_nothing_turns_them_back() {
    let detokenise = "hop back: hub > vault; process; token / pan; detokenise";
    let case = check_data(detokenise, "token", true, "connected-to F---");
    assert_eq!(
        case.why("shop/web"),
        [
            "hop `give` of flow `sale` connects it to `hub`",
            "holds tokens only, and reaches nothing that turns them back",
        ]
    );
    let case = check_data(detokenise, "token", false, "connected-to FP-F");
    assert!(
        case.why("shop/web")
            .contains(&"holds tokens, and can reach `vault`, which turns them back".to_owned())
    );
    let outside = check_data(
        "hop back: hub > psp; process; token / pan; detokenise",
        "payment-token",
        true,
        "connected-to F---",
    );
    assert!(
        outside
            .why("shop/web")
            .contains(&"holds tokens; whether it can reach what turns them back is not told".to_owned())
    );
}

#[test]
fn encrypted_data_is_in_where_it_can_be_decrypted() {
    check_data("", "encrypted", true, "cde FF-F");
    check_data("", "encrypted=vault", true, "cde FF-F");
    check_data("", "encrypted=psp", true, "unknown PP--");
    check_data("hop open: psp > vault; process; encrypted=psp; decrypt", "encrypted=psp", true, "cde FF-F");
    check_data(
        "hop open: psp > vault; process; encrypted=vault; decrypt",
        "encrypted=psp",
        true,
        "unknown PP--",
    );
}

#[test]
fn who_holds_the_key_of_card_data_could_impact_it() {
    let lines = "end psp: third-party Acme\nend store: resource AWS::S3::Bucket/Files\nend key: resource AWS::KMS::Key/Key\n\
                 end job: workload cde/job\nflow f\nhop keep: job > store; store; encrypted=key\n";
    let resources = json!([
        deployment("cde", "job"),
        allow("cde", "", &[]),
        aws("S3::Bucket", "Files", json!({})),
        aws("KMS::Key", "Key", json!({})),
    ]);
    check(
        &resources,
        lines,
        &[("AWS::S3::Bucket/Files", "cde FF-F"), ("AWS::KMS::Key/Key", "security-impacting ---F")],
    );
}

#[test]
fn truncated_numbers_are_in_where_another_form_of_them_is_there() {
    check_data("", "truncated", true, "unknown PP--");
    check_data("", "hash", true, "unknown PP--");
    check_data("", "truncated hash", true, "cde FF-F");
    check_data("hop report: psp > web; receive; truncated", "truncated", true, "cde FF-F");
    // The hub passes on what the provider truncated: one truncation, twice.
    check_data(
        "hop report: psp > hub; receive; truncated\nhop copy: psp > web; receive; truncated",
        "truncated",
        true,
        "unknown PP--",
    );
}

#[test]
fn copies_and_services_count_with_what_they_copy_and_lead_to() {
    let lines = "end browser: browser\nend vault: service cde/vault; backups copy\nend copy: resource AWS::S3::Bucket/Copy\n\
                 flow sale\nhop pay: browser > vault; store; pan\n";
    let resources = json!([
        deployment("cde", "vault"),
        core("Service", "cde", "vault", json!({"selector": {"app": "vault"}})),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "in", "namespace": "cde"},
            "spec": {"defaultBackend": {"service": {"name": "vault"}}}}),
        aws("S3::Bucket", "Copy", json!({"KmsKeyId": {"Ref": "Key"}})),
        aws("KMS::Key", "Key", json!({})),
        aws("KMS::Key", "Other", json!({}))
    ]);
    check(
        &resources,
        lines,
        &[
            ("cde/vault[Service]", "cde FF-F"),
            ("cde/vault[Deployment]", "cde FF-F"),
            ("cde/in[Ingress]", "cde FF-F"),
            ("AWS::S3::Bucket/Copy", "cde FF-F"),
            ("AWS::KMS::Key/Key", "security-impacting ---F"),
            ("AWS::KMS::Key/Other", "unknown ----"),
        ],
    );
}

/// A cluster with a group for the CDE and one for the rest, and everything closed.
fn platform() -> Json {
    let pool =
        |name: &str| json!({"nodeSelector": {"pool": name}, "serviceAccountName": name, "containers": []});
    let group = |name: &str| {
        aws(
            "EKS::Nodegroup",
            name,
            json!({"ClusterName": {"Ref": "Cluster"}, "Labels": {"pool": name},
            "LaunchTemplate": {"Id": {"Ref": format!("{name}-template")}}, "NodeRole": {"Ref": "NodeRole"}}),
        )
    };
    let mut mounting = pool("cde");
    mounting["volumes"] = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "c", "configMap": {"name": "conf"}}]);
    let account = |namespace: &str, name: &str| {
        let mut account = core("ServiceAccount", namespace, name, Json::Null);
        account["metadata"]["annotations"] =
            json!({"eks.amazonaws.com/role-arn": format!("arn:aws:iam::1:role/{name}")});
        account
    };
    json!([
        workload("StatefulSet", "cde", "vault", &mounting),
        workload("Deployment", "cde", "beside", &pool("cde")),
        workload("Deployment", "blog", "blog", &pool("general")),
        workload("DaemonSet", "kube-system", "agent", &json!({})),
        workload("Deployment", "kube-system", "coredns", &pool("general")),
        allow("cde", "", &[]),
        allow("cde", "beside", &[]),
        allow("blog", "", &[]),
        allow("kube-system", "", &[]),
        core("PersistentVolumeClaim", "cde", "data", Json::Null),
        core("ConfigMap", "cde", "conf", Json::Null),
        core("ConfigMap", "blog", "conf", Json::Null),
        account("cde", "cde"),
        account("blog", "general"),
        aws("IAM::Role", "cde-role", json!({"RoleName": "cde"})),
        aws("IAM::Role", "general-role", json!({"RoleName": "general"})),
        aws("IAM::Role", "NodeRole", json!({})),
        aws("EKS::Cluster", "Cluster", json!({"Name": "pay"})),
        group("cde"),
        group("general"),
        aws(
            "EC2::LaunchTemplate",
            "cde-template",
            json!({"LaunchTemplateData": {"SecurityGroupIds": [{"Ref": "Group"}]}})
        ),
        aws("EC2::LaunchTemplate", "general-template", json!({})),
        aws("EC2::SecurityGroup", "Group", json!({"VpcId": {"Ref": "Vpc"}})),
        aws("EC2::VPC", "Vpc", json!({})),
        aws("CloudTrail::Trail", "Trail", json!({"S3BucketName": {"Ref": "Logs"}})),
        aws("S3::Bucket", "Logs", json!({})),
        aws("EKS::AccessEntry", "Entry", json!({"ClusterName": {"Ref": "Cluster"}})),
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "hook"},
            "webhooks": [{"clientConfig": {"service": {"namespace": "blog", "name": "judge"}}}]}),
        core("Service", "blog", "judge", json!({"selector": {"app": "blog"}}))
    ])
}

#[test]
fn what_a_cde_pod_runs_on_and_uses_is_in_scope() {
    // The vault denies everything but what leaves it, so egress is closed too.
    let mut resources = platform();
    let closed = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "out", "namespace": "cde"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"]}});
    resources.as_array_mut().unwrap().push(closed);
    let case = check(
        &resources,
        SALE,
        &[
            ("cde/vault", "cde FF-F"),
            ("AWS::EKS::Nodegroup/cde", "cde FF-F"),
            ("AWS::EC2::LaunchTemplate/cde-template", "cde FF-F"),
            ("AWS::EKS::Cluster/Cluster", "cde FF-F"),
            ("cde/data[PersistentVolumeClaim]", "cde FF-F"),
            ("AWS::EKS::Nodegroup/general", "connected-to F---"),
            ("AWS::EC2::LaunchTemplate/general-template", "unknown ----"),
            ("cde/beside", "security-impacting PP-F"),
            ("kube-system/agent", "security-impacting PP-F"),
            ("kube-system/coredns", "security-impacting PP-F"),
            ("cde/conf[ConfigMap]", "security-impacting ---F"),
            ("blog/conf[ConfigMap]", "unknown ----"),
            ("cde/cde[ServiceAccount]", "security-impacting --F-"),
            ("AWS::IAM::Role/cde-role", "security-impacting --F-"),
            ("AWS::IAM::Role/NodeRole", "security-impacting --F-"),
            ("AWS::IAM::Role/general-role", "unknown ----"),
            ("AWS::EC2::SecurityGroup/Group", "security-impacting ---F"),
            ("AWS::EC2::VPC/Vpc", "security-impacting ---F"),
            ("AWS::CloudTrail::Trail/Trail", "security-impacting ---F"),
            ("AWS::S3::Bucket/Logs", "security-impacting ---F"),
            ("AWS::EKS::AccessEntry/Entry", "security-impacting --F-"),
            ("hook[ValidatingWebhookConfiguration]", "security-impacting ---F"),
            ("blog/judge[Service]", "security-impacting ---F"),
            ("blog/blog", "security-impacting PP-F"),
            ("cde[Namespace]", "security-impacting ---F"),
            ("blog[Namespace]", "unknown ----"),
            ("cde/allow-[NetworkPolicy]", "security-impacting ---F"),
        ],
    );
    assert_eq!(
        case.why("cde/beside"),
        [
            "shares a kernel with pods of the CDE on `AWS::EKS::Nodegroup/cde`",
            "no path to or from a CDE pod on any port; identity and impact are not evaluated, so it counts as in scope",
        ]
    );
}

#[test]
fn each_fargate_pod_has_a_kernel_of_its_own() {
    let profile = aws(
        "EKS::FargateProfile",
        "serverless",
        json!({"ClusterName": "pay", "Selectors": [{"Namespace": "*"}]}),
    );
    let resources = json!([
        deployment("cde", "vault"),
        deployment("blog", "blog"),
        allow("cde", "", &[]),
        allow("blog", "", &[]),
        profile
    ]);
    check(
        &resources,
        SALE,
        &[("AWS::EKS::FargateProfile/serverless", "cde FF-F"), ("blog/blog", "unknown PP--")],
    );
}

#[test]
fn where_no_node_is_known_daemon_sets_run_beside_the_cde() {
    let resources = json!([
        deployment("cde", "vault"),
        workload("DaemonSet", "ops", "agent", &json!({})),
        allow("cde", "", &[]),
        allow("ops", "", &[])
    ]);
    check(&resources, SALE, &[("ops/agent", "security-impacting PP-F")]);
}

#[test]
fn another_cluster_is_not_told_to_be_apart() {
    let mut other = deployment("blog", "blog");
    other["cluster"] = json!("other");
    let mut vault = deployment("cde", "vault");
    vault["cluster"] = json!("pay");
    let closed = |namespace: &str, cluster: &str| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "cluster": cluster,
            "metadata": {"name": "closed", "namespace": namespace},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}})
    };
    let resources = json!([vault, other, closed("cde", "pay"), closed("blog", "other")]);
    let case = check(&resources, SALE, &[("blog/blog", "unknown ----")]);
    assert_eq!(
        case.why("blog/blog"),
        ["CDE pods run in another cluster, and paths between clusters are not evaluated"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Classes and tests depend on what is read, never on the order in which it is.
    #[test]
    fn order_never_matters(seed in any::<u64>()) {
        let resources = platform();
        let expected = Case::new(&resources, SALE);
        let mut shuffled = resources.as_array().unwrap().clone();
        let mut state = seed;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(index, usize::try_from(state >> 33).unwrap() % (index + 1));
        }
        let found = Case::new(&Json::Array(shuffled), SALE);
        for (_, resource) in expected.estate.iter() {
            let label = resource.label();
            prop_assert_eq!(expected.line(&label), found.line(&label), "{}", label);
        }
    }

    /// A flow more never narrows a class, nor takes anything out of scope.
    #[test]
    fn a_flow_more_never_takes_a_resource_out_of_scope(ends in prop::collection::vec((0..6usize, 0..6usize, 0..6usize), 1..6)) {
        let names = ["browser", "vault", "beside", "blog", "coredns", "gone"];
        let data = ["pan", "token", "encrypted=vault", "truncated", "hash", "encrypted"];
        let mut lines = "end browser: browser\nend vault: workload cde/vault\nend beside: workload cde/beside\n\
            end blog: workload blog/blog\nend coredns: workload kube-system/coredns\nend gone: workload x/y\n".to_owned();
        let resources = platform();
        let mut before: Option<Case> = None;
        for (index, (from, to, what)) in ends.into_iter().enumerate() {
            lines += &format!("flow f{index}\nhop h: {} > {}; receive; {}\n", names[from], names[to], data[what]);
            let after = Case::new(&resources, &lines);
            for (fact, earlier) in after.facts.facts.iter().zip(before.iter().flat_map(|case| &case.facts.facts)) {
                prop_assert!(fact.class <= earlier.class);
            }
            before = Some(after);
        }
    }
}
