//! Typed links between resources, and how a written value finds the resource it names.

mod dangling;
mod identity;
mod join;
mod landing;
mod mount;
mod pool;
mod rbac;
mod traffic;

#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;

use crate::estate::Kinds;
use crate::{Diagnostic, Key, Kind, Location, Node, Resource, ResourceId, Text, Value, Workload};
use join::Joins;

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
    /// Workload or Pod Identity association → service account.
    ServiceAccount,
    /// Service account → IAM role (IRSA annotation, Pod Identity).
    AssumesRole,
    /// Service → workload it selects.
    Selects,
    /// Ingress or route → service.
    Backend,
    /// Admission webhook or aggregated API → service that the API server calls.
    Calls,
    /// Role binding → role.
    RoleRef,
    /// Role binding → service account.
    BoundSubject,
    /// Workload or service account → config map, secret, claim, secret provider class.
    Mounts,
    /// Access entry or `aws-auth` → IAM role or user it admits.
    Admits,
    /// Access entry or `aws-auth` → role binding of a group that it puts its subjects into.
    BoundGroup,
    /// Workload → node, node group, Fargate profile or Karpenter pool it can land on.
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
    ("AWS::EKS::AccessEntry", "PrincipalArn", "AWS::IAM::User", Relation::Admits),
    ("AWS::EKS::PodIdentityAssociation", "ClusterName", "AWS::EKS::Cluster", Relation::Cluster),
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
    (
        "AWS::EC2::LaunchTemplate",
        "LaunchTemplateData.BlockDeviceMappings.*.Ebs.KmsKeyId",
        "AWS::KMS::Key",
        Relation::EncryptionKey,
    ),
    ("AWS::ECR::Repository", "EncryptionConfiguration.KmsKey", "AWS::KMS::Key", Relation::EncryptionKey),
    (
        "AWS::Elasticsearch::Domain",
        "EncryptionAtRestOptions.KmsKeyId",
        "AWS::KMS::Key",
        Relation::EncryptionKey,
    ),
    (
        "AWS::Elasticsearch::Domain",
        "VPCOptions.SecurityGroupIds.*",
        "AWS::EC2::SecurityGroup",
        Relation::SecurityGroup,
    ),
    ("AWS::Elasticsearch::Domain", "VPCOptions.SubnetIds.*", "AWS::EC2::Subnet", Relation::Subnet),
    (
        "AWS::OpenSearchService::Domain",
        "VPCOptions.SecurityGroupIds.*",
        "AWS::EC2::SecurityGroup",
        Relation::SecurityGroup,
    ),
    ("AWS::OpenSearchService::Domain", "VPCOptions.SubnetIds.*", "AWS::EC2::Subnet", Relation::Subnet),
    (
        "AWS::Lambda::Function",
        "VpcConfig.SecurityGroupIds.*",
        "AWS::EC2::SecurityGroup",
        Relation::SecurityGroup,
    ),
    ("AWS::Lambda::Function", "VpcConfig.SubnetIds.*", "AWS::EC2::Subnet", Relation::Subnet),
    ("AWS::SNS::Topic", "KmsMasterKeyId", "AWS::KMS::Key", Relation::EncryptionKey),
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

/// Every link of the estate, sorted, and what dangles.
pub(crate) fn all(
    resources: &[Resource],
    workloads: &[Workload],
    kinds: &Kinds,
) -> (Vec<Link>, Vec<Diagnostic>) {
    let lookup = Lookup::new(resources);
    let (links, mut diagnostics) = properties(resources, &lookup);
    let mut joins = Joins::new(resources, workloads, kinds, &lookup, links);
    mount::link(&mut joins);
    traffic::link(&mut joins);
    rbac::link(&mut joins);
    identity::link(&mut joins);
    landing::link(&mut joins);
    let (mut links, dangling) = joins.finish();
    diagnostics.extend(dangling);
    links.sort_unstable();
    links.dedup();
    (links, diagnostics)
}

/// The name that AWS knows `resource` by, where its properties say it.
pub(crate) fn physical_name(resource: &Resource) -> Option<&str> {
    let (_, property) = NAMES.iter().find(|row| row.0 == resource.kind.as_str())?;
    resource.body.text(property)
}

/// Finds the resource that a value names.
#[derive(Debug)]
pub(crate) struct Lookup<'a> {
    resources: &'a [Resource],
    addresses: FxHashMap<(Key, Text), ResourceId>,
    names: FxHashMap<(&'static str, &'a str), Named>,
}

/// The resources of one kind and name: several where templates for several accounts are read together.
#[derive(Debug)]
struct Named {
    first: ResourceId,
    others: Vec<ResourceId>,
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(resources: &'a [Resource]) -> Self {
        let mut lookup = Self { resources, addresses: FxHashMap::default(), names: FxHashMap::default() };
        for (index, resource) in resources.iter().enumerate() {
            let id = ResourceId::at(index);
            if let (Some(scope), Some(address)) = (&resource.scope, &resource.address) {
                lookup.addresses.insert((scope.clone(), address.clone()), id);
            }
            let row = NAMES.iter().find(|row| row.0 == resource.kind.as_str());
            if let Some((kind, name)) = row.and_then(|row| Some((row.0, resource.body.text(row.1)?))) {
                let named = lookup.names.entry((kind, name));
                let named = named.or_insert_with(|| Named { first: id, others: Vec::new() });
                if named.first != id {
                    named.others.push(id);
                }
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

    /// The one resource of `kind` that `text` names, by name or ARN. Where several have the name and
    /// neither account nor ARN tells which, none is: a guess could make a finding pass.
    pub(crate) fn by_name(&self, text: &str, kind: &str) -> Option<ResourceId> {
        let kind = NAMES.iter().find(|row| row.0 == kind)?.0;
        let Some(arn) = Arn::parse(text) else { return self.one(kind, text, None) };
        if !arn.may_name(kind) {
            return None;
        }
        let last = || self.one(kind, arn.resource.rsplit(['/', ':']).next()?, Some(arn.account));
        self.one(kind, arn.resource, Some(arn.account)).or_else(last)
    }

    fn one(&self, kind: &'static str, name: &str, account: Option<&str>) -> Option<ResourceId> {
        let named = self.names.get(&(kind, name))?;
        let fits = |id: &ResourceId| {
            let there = self.resources.get(id.index()).and_then(|one| one.place.account.as_deref());
            there.is_none_or(|there| account.is_none_or(|account| account.is_empty() || account == there))
        };
        let mut fitting = std::iter::once(named.first).chain(named.others.iter().copied()).filter(fits);
        fitting.next().filter(|_| fitting.next().is_none())
    }
}

/// An Amazon Resource Name, as far as links need it.
struct Arn<'a> {
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        let (_partition, _service, _region) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { account: parts.next()?, resource: parts.next()? })
    }

    /// A role and a user may have the same name; the ARN says which is meant.
    fn may_name(&self, kind: &str) -> bool {
        match kind {
            "AWS::IAM::Role" => !self.resource.starts_with("user/"),
            "AWS::IAM::User" => !self.resource.starts_with("role/"),
            _ => true,
        }
    }
}

/// All links that properties of AWS resources make, and what dangles.
fn properties(resources: &[Resource], lookup: &Lookup<'_>) -> (Vec<Link>, Vec<Diagnostic>) {
    let mut links = Vec::new();
    let mut diagnostics = Vec::new();
    for (index, resource) in resources.iter().enumerate() {
        if resource.kind.is_kubernetes() {
            continue;
        }
        let from = ResourceId::at(index);
        let typed = links.len();
        typed_links(from, resource, lookup, &mut links);
        let mut walk = Walk { from, lookup, typed, links: &mut links, diagnostics: &mut diagnostics };
        walk.node(&resource.body);
    }
    (links, diagnostics)
}

fn typed_links(from: ResourceId, resource: &Resource, lookup: &Lookup<'_>, links: &mut Vec<Link>) {
    for (kind, path, target, relation) in PROPERTIES {
        if *kind != "*" && *kind != resource.kind.as_str() {
            continue;
        }
        each(&resource.body, path, &mut |value| {
            if let Some(to) = lookup.resolve(value, Some(target))
                && !(*kind == "*" && has_row_of_its_own(&resource.kind, path))
            {
                links.push(Link { from, relation: *relation, to, location: value.location() });
            }
        });
    }
}

fn has_row_of_its_own(kind: &Kind, path: &str) -> bool {
    PROPERTIES.iter().any(|row| row.0 == kind.as_str() && row.1 == path)
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
    lookup: &'a Lookup<'a>,
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
