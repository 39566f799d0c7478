//! A folder of Kubernetes manifests, CloudFormation templates and a Terraform plan.
//!
//! Half of the resources are manifests, a quarter templates, a quarter one plan. Each kind comes
//! bare and hardened by the toss of a coin, so that controls find both.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::random::Random;

/// Resources in one file of manifests, and in one template.
const IN_A_FILE: usize = 50;

/// Writes about `count` resources below `folder`.
pub(crate) fn write(folder: &Path, count: usize, seed: u64) -> io::Result<()> {
    let mut random = Random::new(seed);
    for part in ["kubernetes", "cloudformation", "terraform"] {
        fs::create_dir_all(folder.join(part))?;
    }
    manifests(&folder.join("kubernetes"), count / 2, &mut random)?;
    templates(&folder.join("cloudformation"), count / 4, &mut random)?;
    let plan = plan(count / 4, &mut random);
    fs::write(folder.join("terraform/plan.json"), plan.to_string())
}

fn manifests(folder: &Path, count: usize, random: &mut Random) -> io::Result<()> {
    for start in (0..count).step_by(IN_A_FILE) {
        let mut text = String::new();
        for index in start..(start + IN_A_FILE).min(count) {
            text.push_str("---\n");
            text.push_str(&manifest(index, random));
        }
        fs::write(folder.join(format!("part-{start:06}.yaml")), text)?;
    }
    Ok(())
}

fn manifest(index: usize, random: &mut Random) -> String {
    let hard = random.once_in(2);
    let meta = format!("metadata:\n  name: x{index}\n  namespace: ns{}\n", index % 25);
    match index % 10 {
        0..=4 => deployment(index, &meta, hard),
        5 | 6 => format!(
            "apiVersion: v1\nkind: Service\n{meta}spec:\n  type: {}\n  selector: {{app: a{}}}\n  ports:\n    - {{port: 443, targetPort: 8443}}\n",
            if hard { "ClusterIP" } else { "LoadBalancer" },
            index - 5
        ),
        7 => policy(index, &meta, hard),
        8 => format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n{meta}rules:\n  - apiGroups: [\"\"]\n    resources: [{0}]\n    verbs: [{0}]\n",
            if hard { "pods" } else { "\"*\"" }
        ),
        _ => format!("apiVersion: v1\nkind: ConfigMap\n{meta}data:\n  mode: daily\n  order: \"{index}\"\n"),
    }
}

fn policy(index: usize, meta: &str, hard: bool) -> String {
    let rule = if hard {
        format!(
            "    - from:\n        - podSelector: {{matchLabels: {{app: a{}}}}}\n      ports:\n        - port: 8443\n",
            index - 6
        )
    } else {
        "    - {}\n".to_owned()
    };
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n{meta}spec:\n  podSelector: {{matchLabels: {{app: a{}}}}}\n  policyTypes: [Ingress]\n  ingress:\n{rule}",
        index - 7
    )
}

fn deployment(index: usize, meta: &str, hard: bool) -> String {
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\n{meta}spec:\n  replicas: 2\n  selector:\n    matchLabels: {{app: a{index}}}\n  template:\n    metadata:\n      labels: {{app: a{index}}}\n    spec:\n      containers:\n        - name: app\n"
    );
    let image = format!("          image: registry.example.com/pay/app{}", index % 40);
    let written = if hard { hardened(&mut text, &image, index) } else { bare(&mut text, &image, index) };
    // Writing into a String cannot fail.
    written.unwrap_or_default();
    text
}

fn hardened(text: &mut String, image: &str, index: usize) -> std::fmt::Result {
    writeln!(text, "{image}@sha256:{index:064x}")?;
    writeln!(text, "          resources:\n            limits: {{cpu: 500m, memory: 256Mi}}")?;
    writeln!(
        text,
        "          securityContext:\n            runAsNonRoot: true\n            allowPrivilegeEscalation: false"
    )?;
    writeln!(text, "            readOnlyRootFilesystem: true\n            capabilities: {{drop: [ALL]}}")?;
    writeln!(text, "            seccompProfile: {{type: RuntimeDefault}}")?;
    writeln!(text, "      serviceAccountName: sa{}\n      automountServiceAccountToken: false", index % 20)
}

fn bare(text: &mut String, image: &str, index: usize) -> std::fmt::Result {
    writeln!(text, "{image}:latest")?;
    if index.is_multiple_of(3) {
        writeln!(text, "          securityContext: {{privileged: true}}\n      hostNetwork: true")
    } else {
        writeln!(
            text,
            "          env:\n            - name: DB_PASSWORD\n              value: hunter2-{index}"
        )
    }
}

fn templates(folder: &Path, count: usize, random: &mut Random) -> io::Result<()> {
    for start in (0..count).step_by(IN_A_FILE) {
        let resources = (start..(start + IN_A_FILE).min(count))
            .map(|index| (format!("R{index}"), template_resource(index, random)))
            .collect::<serde_json::Map<_, _>>();
        let template = json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources});
        fs::write(folder.join(format!("part-{start:06}.json")), format!("{template:#}"))?;
    }
    Ok(())
}

fn template_resource(index: usize, random: &mut Random) -> Value {
    let hard = random.once_in(2);
    let port = if hard { 443 } else { 22 };
    let source = if hard { "10.0.0.0/8" } else { "0.0.0.0/0" };
    match index % 6 {
        0 => json!({"Type": "AWS::S3::Bucket", "Properties": if hard { json!({"BucketEncryption":
            {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "BlockPublicPolicy": true,
            "IgnorePublicAcls": true, "RestrictPublicBuckets": true}}) } else { json!({}) }}),
        1 => json!({"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "g",
            "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": source}]}}),
        2 => json!({"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": hard}}),
        3 => json!({"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 365}}),
        4 => {
            json!({"Type": "AWS::EKS::Cluster", "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/eks",
            "ResourcesVpcConfig": {"SubnetIds": ["subnet-1"], "EndpointPublicAccess": !hard, "EndpointPrivateAccess": hard}}})
        }
        _ => {
            json!({"Type": "AWS::CloudTrail::Trail", "Properties": {"IsLogging": true, "S3BucketName": "logs",
            "EnableLogFileValidation": hard, "IsMultiRegionTrail": hard}})
        }
    }
}

fn plan(count: usize, random: &mut Random) -> Value {
    let resources: Vec<Value> = (0..count).map(|index| plan_resource(index, random)).collect();
    let changes: Vec<Value> = resources
        .iter()
        .map(|one| json!({"address": one["address"], "change": {"actions": ["create"], "after_unknown": {"arn": true}}}))
        .collect();
    json!({"format_version": "1.2", "terraform_version": "1.12.2", "resource_changes": changes,
        "planned_values": {"root_module": {"resources": resources}}})
}

fn plan_resource(index: usize, random: &mut Random) -> Value {
    let hard = random.once_in(2);
    let (kind, values) = match index % 5 {
        0 => ("aws_s3_bucket", json!({"bucket": format!("b{index}")})),
        1 => (
            "aws_security_group",
            json!({"name": format!("g{index}"), "ingress": [{"from_port": 443, "to_port": 443,
            "protocol": "tcp", "cidr_blocks": [if hard { "10.0.0.0/8" } else { "0.0.0.0/0" }], "ipv6_cidr_blocks": [],
            "prefix_list_ids": [], "security_groups": [], "self": false}]}),
        ),
        2 => ("aws_kms_key", json!({"enable_key_rotation": hard})),
        3 => (
            "aws_db_instance",
            json!({"identifier": format!("d{index}"), "engine": "postgres",
            "storage_encrypted": hard, "publicly_accessible": !hard}),
        ),
        _ => ("aws_cloudwatch_log_group", json!({"name": format!("l{index}"), "retention_in_days": 365})),
    };
    json!({"address": format!("{kind}.r{index}"), "mode": "managed", "type": kind, "name": format!("r{index}"),
        "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0, "values": values})
}
