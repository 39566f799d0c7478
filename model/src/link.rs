//! Typed links between resources, and how a written value finds the resource it names.

mod dangling;
mod identity;
mod join;
mod landing;
mod logs;
mod lookup;
mod mount;
mod pool;
mod property;
mod rbac;
mod traffic;

#[cfg(test)]
mod tests;

use crate::estate::Kinds;
use crate::{Diagnostic, Location, Resource, ResourceId, Workload};
use join::Joins;
pub(crate) use lookup::{Lookup, physical_name};

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
    /// Trail, flow log, cluster → log group it writes to.
    LogGroup,
    /// Subnet → route table or network ACL.
    RouteTable,
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

/// A property path with a meaning.
type Property = (&'static str, &'static str, &'static str, Relation);

/// Property paths with a meaning: kind (`*` for any AWS kind), path, kind of the target, relation.
const PROPERTIES: &[Property] = &[
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
    (
        "AWS::EC2::Subnet",
        "RouteTableAssociations.*.RouteTableId",
        "AWS::EC2::RouteTable",
        Relation::RouteTable,
    ),
    (
        "AWS::EC2::Subnet",
        "NetworkAclAssociations.*.NetworkAclId",
        "AWS::EC2::NetworkAcl",
        Relation::RouteTable,
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

/// Every link of the estate, sorted, and what dangles.
pub(crate) fn all(
    resources: &[Resource],
    workloads: &[Workload],
    kinds: &Kinds,
) -> (Vec<Link>, Vec<Diagnostic>) {
    let lookup = Lookup::new(resources);
    let (links, mut diagnostics) = property::properties(resources, &lookup);
    let mut joins = Joins::new(resources, workloads, kinds, &lookup, links);
    mount::link(&mut joins);
    traffic::link(&mut joins);
    rbac::link(&mut joins);
    identity::link(&mut joins);
    landing::link(&mut joins);
    logs::link(&mut joins);
    let (mut links, dangling) = joins.finish();
    diagnostics.extend(dangling);
    links.sort_unstable();
    links.dedup();
    (links, diagnostics)
}
