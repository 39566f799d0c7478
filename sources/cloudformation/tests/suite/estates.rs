//! Templates joined into an estate: parts fold into what they belong to, references become links.

use ringfence_cloudformation::{Inputs, read};
use ringfence_model::{Estate, EstateBuilder, Resource, ResourceId};

use crate::dump::{Files, value};

fn estate(templates: &[(&str, &str)]) -> (Estate, Vec<&'static str>) {
    let mut files = Files::default();
    for (stack, text) in templates {
        files.add(stack, text);
    }
    let (resources, diagnostics) = read(files.templates, &Inputs::default());
    let mut builder = EstateBuilder::default();
    builder.extend(resources);
    let (estate, more) = builder.finish();
    (estate, diagnostics.iter().chain(&more).map(|one| one.code).collect())
}

fn named<'a>(estate: &'a Estate, name: &str) -> (ResourceId, &'a Resource) {
    estate.iter().find(|(_, one)| one.name == name).unwrap()
}

/// What the property `path` of resource `name` holds once everything is joined; `gone` for what was folded away.
#[track_caller]
fn check(template: &str, rows: &[(&str, &str)], codes: &[&str]) {
    let (estate, said) = estate(&[("s", template)]);
    for (path, expected) in rows {
        let (name, property) = path.split_once('.').unwrap_or((path, ""));
        let found = estate.resources().iter().find(|one| one.name == name);
        let found = found.map_or("gone".to_owned(), |one| {
            one.body.field(property).node().map_or("absent".to_owned(), value)
        });
        assert_eq!(found, *expected, "{path}");
    }
    assert_eq!(said, codes);
}

#[test]
fn rules_become_part_of_their_group() {
    check(
        "
Resources:
  FromOffice: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !GetAtt Group.GroupId, CidrIp: 10.0.0.0/8}}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties: {SecurityGroupIngress: [{CidrIp: 10.1.0.0/16}]}
  Out: {Type: AWS::EC2::SecurityGroupEgress, Properties: {GroupId: !Ref Group, CidrIp: 0.0.0.0/0}}
  Elsewhere: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: sg-1, CidrIp: 0.0.0.0/0}}
",
        &[
            ("Group.SecurityGroupIngress.0.CidrIp", r#""10.1.0.0/16""#),
            ("Group.SecurityGroupIngress.1.CidrIp", r#""10.0.0.0/8""#),
            ("Group.SecurityGroupEgress.0.CidrIp", r#""0.0.0.0/0""#),
            ("FromOffice", "gone"),
            ("Out", "gone"),
            ("Elsewhere.CidrIp", r#""0.0.0.0/0""#),
        ],
        &["satellite-without-owner"],
    );
}

#[test]
fn a_part_keeps_its_own_place() {
    let template = "Resources:\n  Group: {Type: AWS::EC2::SecurityGroup}\n  Rule:\n    Type: AWS::EC2::SecurityGroupIngress\n    Properties:\n      GroupId: !Ref Group\n      CidrIp: 0.0.0.0/0\n";
    let (estate, _) = estate(&[("s", template)]);
    let location =
        |path: &str| named(&estate, "Group").1.body.get(path).and_then(|node| node.location()).unwrap();
    let start = template.find("CidrIp").unwrap();
    assert_eq!(location("SecurityGroupIngress.0.CidrIp").start as usize, start);
}

#[test]
fn a_policy_of_several_queues_is_a_part_of_each() {
    let template = "
Resources:
  A: {Type: AWS::SQS::Queue}
  B: {Type: AWS::SQS::Queue}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties: {Queues: [!Ref A, !Ref B], PolicyDocument: {Statement: [{Effect: Allow}]}}
";
    check(
        template,
        &[
            ("A.QueuePolicy.0.PolicyDocument.Statement.0.Effect", r#""Allow""#),
            ("B.QueuePolicy.0.PolicyDocument.Statement.0.Effect", r#""Allow""#),
            ("Policy", "gone"),
        ],
        &[],
    );
    let elsewhere = template.replace("!Ref A, !Ref B", "'https://sqs/1/x', !Ref B, 'https://sqs/1/y'");
    check(
        &elsewhere,
        &[
            ("A.QueuePolicy", "absent"),
            ("B.QueuePolicy.0.PolicyDocument.Statement.0.Effect", r#""Allow""#),
            ("Policy.PolicyDocument.Statement.0.Effect", r#""Allow""#),
        ],
        &["satellite-without-owner"],
    );
}

#[test]
fn a_part_that_may_not_be_there_hides_nothing() {
    check(
        "
Parameters: {Strict: {Type: String}}
Conditions: {Strict: !Equals [!Ref Strict, 'true']}
Resources:
  Edge: {Type: AWS::EC2::NetworkAcl}
  Deny:
    Type: AWS::EC2::NetworkAclEntry
    Condition: Strict
    Properties: {NetworkAclId: !Ref Edge, RuleNumber: 1, RuleAction: deny}
  Allow: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Edge, RuleNumber: 2, RuleAction: allow}}
",
        &[
            ("Edge.Entries.0", "?(parameter `Strict` has no value)"),
            ("Edge.Entries.0.RuleAction", "?(parameter `Strict` has no value)"),
            ("Edge.Entries.1.RuleAction", r#""allow""#),
        ],
        &["condition-unknown"],
    );
}

#[test]
fn an_owner_of_which_nothing_is_known_stays_unknown() {
    check(
        "
Resources:
  Bucket: {Type: AWS::S3::Bucket, Properties: text}
  Policy: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref Bucket, PolicyDocument: {Statement: []}}}
",
        &[("Bucket.BucketPolicy", "?(properties cannot be read)"), ("Policy.PolicyDocument.Statement", "[]")],
        &["properties-not-map"],
    );
}

#[test]
fn a_name_made_of_another_resource_is_no_owner() {
    check(
        "
Resources:
  Role: {Type: AWS::IAM::Role}
  Policy: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Sub '${Role}-files', PolicyDocument: {Statement: []}}}
",
        &[("Role.BucketPolicy", "absent"), ("Policy.PolicyDocument.Statement", "[]")],
        &["satellite-without-owner"],
    );
}

#[test]
fn other_parts_find_their_owners() {
    check(
        "
Resources:
  Subnet: {Type: AWS::EC2::Subnet}
  Routes: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Subnet, RouteTableId: rtb-1}}
  Acl: {Type: AWS::EC2::SubnetNetworkAclAssociation, Properties: {SubnetId: !Ref Subnet, NetworkAclId: acl-1}}
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: vault, Policies: [{PolicyName: own}]}}
  Inline: {Type: AWS::IAM::RolePolicy, Properties: {RoleName: vault, PolicyName: inline}}
  Attached: {Type: AWS::IAM::Policy, Properties: {Roles: [!Ref Role], PolicyName: attached}}
  Vpc: {Type: AWS::EC2::VPC}
  Gateway: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Vpc, InternetGatewayId: igw-1}}
  Topic: {Type: AWS::SNS::Topic}
  TopicPolicy: {Type: AWS::SNS::TopicPolicy, Properties: {Topics: [!Ref Topic], PolicyDocument: {Statement: []}}}
  Key: {Type: AWS::KMS::Key}
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/a, TargetKeyId: !Ref Key}}
",
        &[
            ("Subnet.RouteTableAssociations.0.RouteTableId", r#""rtb-1""#),
            ("Subnet.NetworkAclAssociations.0.NetworkAclId", r#""acl-1""#),
            ("Role.Policies.0.PolicyName", r#""own""#),
            ("Role.Policies.1.PolicyName", r#""inline""#),
            ("Role.Policies.2.PolicyName", r#""attached""#),
            ("Vpc.GatewayAttachments.0.InternetGatewayId", r#""igw-1""#),
            ("Topic.TopicPolicy.0.PolicyDocument.Statement", "[]"),
            ("Alias.AliasName", r#""alias/a""#),
        ],
        &[],
    );
}

#[test]
fn references_across_stacks_become_links() {
    let keys = "Resources: {Key: {Type: AWS::KMS::Key}}\nOutputs: {K: {Value: !GetAtt Key.Arn, Export: {Name: key}}}";
    let data = "Resources: {Vault: {Type: AWS::RDS::DBInstance, Properties: {KmsKeyId: !ImportValue key}}}";
    for templates in [[("keys", keys), ("data", data)], [("data", data), ("keys", keys)]] {
        let (estate, codes) = estate(&templates);
        let (vault, key) = (named(&estate, "Vault").0, named(&estate, "Key").0);
        let links: Vec<String> = estate
            .links_from(vault)
            .iter()
            .filter(|link| link.to == key)
            .map(|link| format!("{:?}", link.relation))
            .collect();
        assert_eq!(links, ["EncryptionKey"]);
        assert!(codes.is_empty(), "{codes:?}");
    }
}
