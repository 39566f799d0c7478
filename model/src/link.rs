//! Typed links between resources, and how a written value finds the resource it names.

use rustc_hash::FxHashMap;

use crate::{Diagnostic, Key, Location, Node, Resource, ResourceId, Text, Value};

/// A resolved reference from one resource to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// What refers.
    pub from: ResourceId,
    /// What it means.
    pub relation: Relation,
    /// What it refers to.
    pub to: ResourceId,
    /// Where it is written.
    pub location: Option<Location>,
}

/// What a link means, read from → to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Relation {
    /// Any reference without a meaning of its own here.
    RefersTo,
    /// Node group or instance → launch template.
    LaunchTemplate,
    /// Node group, Fargate profile, add-on, access entry → cluster.
    Cluster,
    /// Anything → IAM role it assumes.
    Role,
    /// Anything → KMS key it is encrypted with.
    EncryptionKey,
    /// Anything → security group on its interfaces.
    SecurityGroup,
    /// Anything → subnet it lives in.
    Subnet,
    /// Subnet, security group, gateway → VPC.
    Vpc,
    /// Listener → load balancer.
    LoadBalancer,
    /// Listener or rule → target group.
    TargetGroup,
    /// Trail, flow log → bucket it writes to.
    LogBucket,
    /// Trail, flow log → log group it writes to.
    LogGroup,
    /// Workload → service account.
    ServiceAccount,
    /// Service account → IAM role (IRSA annotation, Pod Identity).
    AssumesRole,
    /// Service → workload it selects.
    Selects,
    /// Ingress → service.
    Backend,
    /// Role binding → role.
    RoleRef,
    /// Role binding → service account.
    BoundSubject,
    /// Workload → config map, secret, claim.
    Mounts,
    /// Access entry or `aws-auth` → IAM role or user it admits.
    Admits,
    /// Workload → node group or Fargate profile it can land on.
    RunsOn,
}

/// Property paths with a meaning: kind (`*` for any AWS kind), path, kind of the target, relation.
const PROPERTIES: &[(&str, &str, &str, Relation)] = &[
    ("AWS::EKS::Nodegroup", "LaunchTemplate.Id", "AWS::EC2::LaunchTemplate", Relation::LaunchTemplate),
    ("AWS::EKS::Nodegroup", "LaunchTemplate.Name", "AWS::EC2::LaunchTemplate", Relation::LaunchTemplate),
    ("AWS::EKS::Nodegroup", "NodeRole", "AWS::IAM::Role", Relation::Role),
    ("AWS::EKS::Nodegroup", "ClusterName", "AWS::EKS::Cluster", Relation::Cluster),
    ("AWS::EKS::FargateProfile", "ClusterName", "AWS::EKS::Cluster", Relation::Cluster),
    ("AWS::EKS::FargateProfile", "PodExecutionRoleArn", "AWS::IAM::Role", Relation::Role),
    ("AWS::EKS::Addon", "ClusterName", "AWS::EKS::Cluster", Relation::Cluster),
    ("AWS::EKS::AccessEntry", "ClusterName", "AWS::EKS::Cluster", Relation::Cluster),
    ("AWS::EKS::AccessEntry", "PrincipalArn", "AWS::IAM::Role", Relation::Admits),
    ("AWS::EKS::PodIdentityAssociation", "RoleArn", "AWS::IAM::Role", Relation::AssumesRole),
    ("AWS::EKS::Cluster", "RoleArn", "AWS::IAM::Role", Relation::Role),
    ("AWS::EKS::Cluster", "EncryptionConfig.*.Provider.KeyArn", "AWS::KMS::Key", Relation::EncryptionKey),
    (
        "AWS::EKS::Cluster",
        "ResourcesVpcConfig.SecurityGroupIds.*",
        "AWS::EC2::SecurityGroup",
        Relation::SecurityGroup,
    ),
    ("AWS::EKS::Cluster", "ResourcesVpcConfig.SubnetIds.*", "AWS::EC2::Subnet", Relation::Subnet),
    (
        "AWS::EC2::LaunchTemplate",
        "LaunchTemplateData.SecurityGroupIds.*",
        "AWS::EC2::SecurityGroup",
        Relation::SecurityGroup,
    ),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        "LaunchTemplate.LaunchTemplateId",
        "AWS::EC2::LaunchTemplate",
        Relation::LaunchTemplate,
    ),
    (
        "AWS::ElasticLoadBalancingV2::Listener",
        "LoadBalancerArn",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        Relation::LoadBalancer,
    ),
    (
        "AWS::ElasticLoadBalancingV2::Listener",
        "DefaultActions.*.TargetGroupArn",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        Relation::TargetGroup,
    ),
    ("AWS::CloudTrail::Trail", "S3BucketName", "AWS::S3::Bucket", Relation::LogBucket),
    ("AWS::CloudTrail::Trail", "CloudWatchLogsLogGroupArn", "AWS::Logs::LogGroup", Relation::LogGroup),
    ("AWS::CloudTrail::Trail", "KMSKeyId", "AWS::KMS::Key", Relation::EncryptionKey),
    ("AWS::EC2::FlowLog", "LogDestination", "AWS::S3::Bucket", Relation::LogBucket),
    (
        "AWS::S3::Bucket",
        "BucketEncryption.ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault.KMSMasterKeyID",
        "AWS::KMS::Key",
        Relation::EncryptionKey,
    ),
    ("AWS::DynamoDB::Table", "SSESpecification.KMSMasterKeyId", "AWS::KMS::Key", Relation::EncryptionKey),
    ("AWS::SQS::Queue", "KmsMasterKeyId", "AWS::KMS::Key", Relation::EncryptionKey),
    ("AWS::Kinesis::Stream", "StreamEncryption.KeyId", "AWS::KMS::Key", Relation::EncryptionKey),
    (
        "AWS::OpenSearchService::Domain",
        "EncryptionAtRestOptions.KmsKeyId",
        "AWS::KMS::Key",
        Relation::EncryptionKey,
    ),
    ("*", "KmsKeyId", "AWS::KMS::Key", Relation::EncryptionKey),
    ("*", "KmsKeyArn", "AWS::KMS::Key", Relation::EncryptionKey),
    ("*", "VpcId", "AWS::EC2::VPC", Relation::Vpc),
    ("*", "SubnetId", "AWS::EC2::Subnet", Relation::Subnet),
    ("*", "SubnetIds.*", "AWS::EC2::Subnet", Relation::Subnet),
    ("*", "Subnets.*", "AWS::EC2::Subnet", Relation::Subnet),
    ("*", "SecurityGroups.*", "AWS::EC2::SecurityGroup", Relation::SecurityGroup),
    ("*", "SecurityGroupIds.*", "AWS::EC2::SecurityGroup", Relation::SecurityGroup),
    ("*", "VPCSecurityGroups.*", "AWS::EC2::SecurityGroup", Relation::SecurityGroup),
    ("*", "VpcSecurityGroupIds.*", "AWS::EC2::SecurityGroup", Relation::SecurityGroup),
    ("*", "RoleArn", "AWS::IAM::Role", Relation::Role),
];

/// The property that holds the name by which others may refer to a kind.
const NAMES: &[(&str, &str)] = &[
    ("AWS::CloudTrail::Trail", "TrailName"),
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateName"),
    ("AWS::EC2::SecurityGroup", "GroupName"),
    ("AWS::ECR::Repository", "RepositoryName"),
    ("AWS::EKS::Cluster", "Name"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::KMS::Key", "Alias"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::RDS::DBCluster", "DBClusterIdentifier"),
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier"),
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::SQS::Queue", "QueueName"),
];

/// Finds the resource that a value names.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    addresses: FxHashMap<(Key, Text), ResourceId>,
    names: FxHashMap<(&'static str, Text), ResourceId>,
}

impl Lookup {
    pub(crate) fn new(resources: &[Resource]) -> Self {
        let mut lookup = Self::default();
        for (index, resource) in resources.iter().enumerate() {
            let id = ResourceId(u32::try_from(index).unwrap_or(u32::MAX));
            if let (Some(scope), Some(address)) = (&resource.scope, &resource.address) {
                lookup.addresses.insert((scope.clone(), address.clone()), id);
            }
            let row = NAMES.iter().find(|row| row.0 == resource.kind.as_str());
            if let Some((kind, name)) = row.and_then(|row| Some((row.0, resource.body.text(row.1)?))) {
                lookup.names.entry((kind, name.into())).or_insert(id);
            }
        }
        lookup
    }

    /// The resource that `value` names: by reference, else by name or ARN where the kind is known.
    pub(crate) fn resolve(&self, value: &Node, kind: Option<&str>) -> Option<ResourceId> {
        match &value.value {
            Value::Unresolved(unresolved) => {
                let target = unresolved.target.as_ref()?;
                self.addresses.get(&(target.scope.clone(), target.address.clone())).copied()
            }
            Value::Text(text) => self.by_name(text, kind?),
            _ => None,
        }
    }

    fn by_name(&self, text: &str, kind: &str) -> Option<ResourceId> {
        let kind = NAMES.iter().find(|row| row.0 == kind)?.0;
        let resource = text.strip_prefix("arn:").and_then(|arn| arn.splitn(5, ':').last()).unwrap_or(text);
        let by = |name: &str| self.names.get(&(kind, name.into())).copied();
        by(text).or_else(|| by(resource)).or_else(|| by(resource.rsplit(['/', ':']).next()?))
    }
}

/// All links that properties of AWS resources make, and what dangles.
pub(crate) fn properties(resources: &[Resource], lookup: &Lookup) -> (Vec<Link>, Vec<Diagnostic>) {
    let mut links = Vec::new();
    let mut diagnostics = Vec::new();
    for (index, resource) in resources.iter().enumerate() {
        if resource.kind.is_kubernetes() {
            continue;
        }
        let from = ResourceId(u32::try_from(index).unwrap_or(u32::MAX));
        let typed = links.len();
        typed_links(from, resource, lookup, &mut links);
        let mut walk = Walk { from, lookup, typed, links: &mut links, diagnostics: &mut diagnostics };
        walk.node(&resource.body);
    }
    (links, diagnostics)
}

fn typed_links(from: ResourceId, resource: &Resource, lookup: &Lookup, links: &mut Vec<Link>) {
    for (kind, path, target, relation) in PROPERTIES {
        if *kind != "*" && *kind != resource.kind.as_str() {
            continue;
        }
        each(&resource.body, path, &mut |value| {
            if let Some(to) = lookup.resolve(value, Some(target)) {
                links.push(Link { from, relation: *relation, to, location: value.location() });
            }
        });
    }
}

/// Calls `visit` for every value at `path`, in which `*` stands for each element of a list.
fn each(node: &Node, path: &str, visit: &mut impl FnMut(&Node)) {
    let (before, after) = path.split_once('*').map_or((path, None), |(before, after)| (before, Some(after)));
    let Some(found) = node.field(before.trim_end_matches('.')).node() else { return };
    match after {
        None => visit(found),
        Some(_) if found.as_unresolved().is_some() => visit(found),
        Some(rest) => found.items().iter().for_each(|item| each(item, rest.trim_start_matches('.'), visit)),
    }
}

/// Finds the references that no row of the table names.
struct Walk<'a> {
    from: ResourceId,
    lookup: &'a Lookup,
    typed: usize,
    links: &'a mut Vec<Link>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node) {
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| self.node(item)),
            Value::Map(map) => map.entries().iter().for_each(|entry| self.node(&entry.node)),
            Value::Unresolved(unresolved) => {
                if let Some(target) = &unresolved.target {
                    self.reference(node, &target.address);
                }
            }
            _ => {}
        }
    }

    fn reference(&mut self, node: &Node, address: &str) {
        let location = node.location();
        match self.lookup.resolve(node, None) {
            None => self.diagnostics.push(
                Diagnostic::warning("dangling-reference", format!("`{address}` is not defined"))
                    .at(location)
                    .help("define it, or assess the file that does in the same run"),
            ),
            Some(to) => {
                let known =
                    self.links.iter().skip(self.typed).any(|link| link.to == to && link.location == location);
                if !known {
                    self.links.push(Link { from: self.from, relation: Relation::RefersTo, to, location });
                }
            }
        }
    }
}
