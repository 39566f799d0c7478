//! Satellites: resources that are a part of another one, folded into it with their own location.

use rustc_hash::FxHashMap;

use crate::link::Lookup;
use crate::{Diagnostic, Key, Kind, Map, Node, Resource, ResourceId, Value};

/// A resource that is a part of another one.
#[derive(Clone, Debug)]
pub struct Satellite {
    /// Kind of the owner.
    pub owner_kind: Kind,
    /// What names the owner: a reference, an id, an ARN or a name.
    pub owner: Node,
    /// How it becomes a part.
    pub fold: Fold,
}

/// How a satellite becomes a part of its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Its properties are appended to this list of the owner.
    Append(Key),
    /// The value of one of its properties is appended to a list of the owner.
    AppendValue {
        /// The list of the owner.
        list: Key,
        /// The property of the part.
        property: Key,
    },
    /// Each of its properties is set on the owner.
    Merge,
}

/// CloudFormation types that are parts: type, property that names the owner, owner, how.
///
/// A path that ends in `.0` names a list of owners: the satellite is a part of each. Types that others
/// refer to by their own id (aliases, managed policies, listener rules) are no parts.
const CLOUDFORMATION: &[(&str, &str, &str, Option<&str>)] = &[
    ("AWS::EC2::SecurityGroupIngress", "GroupId", "AWS::EC2::SecurityGroup", Some("SecurityGroupIngress")),
    ("AWS::EC2::SecurityGroupEgress", "GroupId", "AWS::EC2::SecurityGroup", Some("SecurityGroupEgress")),
    ("AWS::EC2::NetworkAclEntry", "NetworkAclId", "AWS::EC2::NetworkAcl", Some("Entries")),
    ("AWS::EC2::Route", "RouteTableId", "AWS::EC2::RouteTable", Some("Routes")),
    ("AWS::EC2::SubnetCidrBlock", "SubnetId", "AWS::EC2::Subnet", Some("CidrBlockAssociations")),
    ("AWS::EC2::SubnetNetworkAclAssociation", "SubnetId", "AWS::EC2::Subnet", Some("NetworkAclAssociations")),
    ("AWS::EC2::SubnetRouteTableAssociation", "SubnetId", "AWS::EC2::Subnet", Some("RouteTableAssociations")),
    ("AWS::EC2::VPCCidrBlock", "VpcId", "AWS::EC2::VPC", Some("CidrBlockAssociations")),
    ("AWS::EC2::VPCDHCPOptionsAssociation", "VpcId", "AWS::EC2::VPC", Some("DhcpOptionsAssociations")),
    ("AWS::EC2::VPCGatewayAttachment", "VpcId", "AWS::EC2::VPC", Some("GatewayAttachments")),
    (
        "AWS::EC2::VPCEndpointServicePermissions",
        "ServiceId",
        "AWS::EC2::VPCEndpointService",
        Some("ServicePermissions"),
    ),
    (
        "AWS::ElastiCache::SecurityGroupIngress",
        "CacheSecurityGroupName",
        "AWS::ElastiCache::SecurityGroup",
        Some("Ingress"),
    ),
    ("AWS::Events::EventBusPolicy", "EventBusName", "AWS::Events::EventBus", Some("EventBusPolicy")),
    ("AWS::IAM::GroupPolicy", "GroupName", "AWS::IAM::Group", Some("Policies")),
    ("AWS::IAM::Policy", "Roles.0", "AWS::IAM::Role", Some("Policies")),
    ("AWS::IAM::RolePolicy", "RoleName", "AWS::IAM::Role", Some("Policies")),
    ("AWS::IAM::UserPolicy", "UserName", "AWS::IAM::User", Some("Policies")),
    ("AWS::Kinesis::ResourcePolicy", "ResourceArn", "AWS::Kinesis::Stream", Some("ResourcePolicies")),
    ("AWS::Lambda::Permission", "FunctionName", "AWS::Lambda::Function", Some("Permissions")),
    (
        "AWS::RDS::DBSecurityGroupIngress",
        "DBSecurityGroupName",
        "AWS::RDS::DBSecurityGroup",
        Some("DBSecurityGroupIngress"),
    ),
    (
        "AWS::Redshift::ClusterSecurityGroupIngress",
        "ClusterSecurityGroupName",
        "AWS::Redshift::ClusterSecurityGroup",
        Some("Ingress"),
    ),
    ("AWS::S3::BucketPolicy", "Bucket", "AWS::S3::Bucket", Some("BucketPolicy")),
    ("AWS::SNS::TopicInlinePolicy", "TopicArn", "AWS::SNS::Topic", Some("TopicPolicy")),
    ("AWS::SNS::TopicPolicy", "Topics.0", "AWS::SNS::Topic", Some("TopicPolicy")),
    ("AWS::SQS::QueueInlinePolicy", "Queue", "AWS::SQS::Queue", Some("QueuePolicy")),
    ("AWS::SQS::QueuePolicy", "Queues.0", "AWS::SQS::Queue", Some("QueuePolicy")),
    (
        "AWS::SecretsManager::ResourcePolicy",
        "SecretId",
        "AWS::SecretsManager::Secret",
        Some("ResourcePolicies"),
    ),
    (
        "AWS::SecretsManager::RotationSchedule",
        "SecretId",
        "AWS::SecretsManager::Secret",
        Some("RotationSchedules"),
    ),
    (
        "AWS::ElasticLoadBalancingV2::ListenerCertificate",
        "ListenerArn",
        "AWS::ElasticLoadBalancingV2::Listener",
        Some("Certificates"),
    ),
];

impl Satellite {
    /// The satellite that a CloudFormation resource of this kind is, if it is one.
    pub(crate) fn of_cloudformation(kind: &Kind, properties: &Node) -> Option<Self> {
        let (_, path, owner_kind, list) = CLOUDFORMATION.iter().find(|row| row.0 == kind.as_str())?;
        let owner = properties.field(path).node()?.clone();
        let fold = list.map_or(Fold::Merge, |list| Fold::Append(list.into()));
        Some(Self { owner_kind: Kind::new(*owner_kind), owner, fold })
    }

    /// The same for each of its owners: a queue policy names several queues.
    pub fn all_of_cloudformation(kind: &Kind, properties: &Node) -> Vec<Self> {
        let Some(first) = Self::of_cloudformation(kind, properties) else { return Vec::new() };
        let row = CLOUDFORMATION.iter().find(|row| row.0 == kind.as_str());
        let list = row.and_then(|row| row.1.strip_suffix(".0")).and_then(|path| properties.get(path));
        let others = list.map(Node::items).unwrap_or_default().iter().skip(1);
        let others: Vec<Self> = others.map(|owner| Self { owner: owner.clone(), ..first.clone() }).collect();
        std::iter::once(first).chain(others).collect()
    }
}

/// Folds every satellite into its owner. One whose owner is not in the input stays a resource of its own.
pub(crate) fn fold(resources: Vec<Resource>) -> (Vec<Resource>, Vec<Diagnostic>) {
    if resources.iter().all(|resource| resource.satellite.is_none()) {
        return (resources, Vec::new());
    }
    let lookup = Lookup::new(&resources);
    let mut diagnostics = Vec::new();
    let mut parts: FxHashMap<ResourceId, Vec<usize>> = FxHashMap::default();
    for (index, resource) in resources.iter().enumerate() {
        let Some(satellite) = &resource.satellite else { continue };
        let owner = lookup.resolve(&satellite.owner, Some(satellite.owner_kind.as_str()));
        // A reference may lead to something else: `!Sub "${Other}-copy"` names no bucket of the input.
        let fits =
            |id: &ResourceId| resources.get(id.index()).is_some_and(|one| one.kind == satellite.owner_kind);
        match owner.filter(fits) {
            Some(owner) => parts.entry(owner).or_default().push(index),
            None => diagnostics.push(orphan(resource, satellite)),
        }
    }
    (assemble(resources, &parts), diagnostics)
}

fn orphan(resource: &Resource, satellite: &Satellite) -> Diagnostic {
    let what =
        format!("the {} that `{}` belongs to is not in the input", satellite.owner_kind, resource.name);
    Diagnostic::note("satellite-without-owner", what)
        .at(satellite.owner.location())
        .help("assess the template or plan that defines it in the same run")
}

fn assemble(resources: Vec<Resource>, parts: &FxHashMap<ResourceId, Vec<usize>>) -> Vec<Resource> {
    let mut slots: Vec<Option<Resource>> = resources.into_iter().map(Some).collect();
    let mut owners: Vec<(&ResourceId, &Vec<usize>)> = parts.iter().collect();
    owners.sort();
    for (owner, indices) in owners {
        let Some(mut whole) = slots.get_mut(owner.index()).and_then(Option::take) else { continue };
        // An owner of which nothing is known stays unknown, and its parts are judged by themselves.
        let indices = if whole.body.as_unresolved().is_some() { &[][..] } else { indices };
        let parts = indices.iter().filter_map(|index| slots.get_mut(*index).and_then(Option::take));
        absorb(&mut whole, parts);
        if let Some(slot) = slots.get_mut(owner.index()) {
            *slot = Some(whole);
        }
    }
    slots.into_iter().flatten().collect()
}

/// Makes `parts` a part of `owner`, in their order. What is appended is gathered by list first: one group
/// may have a hundred thousand rules.
fn absorb(owner: &mut Resource, parts: impl Iterator<Item = Resource>) {
    let mut lists: Vec<(Key, Vec<Node>)> = Vec::new();
    for part in parts {
        let Some(satellite) = part.satellite else { continue };
        if !matches!(owner.body.value, Value::Map(_)) {
            owner.body.value = Value::Map(Map::default());
        }
        match satellite.fold {
            Fold::Append(list) => gather(&mut lists, list, part.body),
            Fold::AppendValue { list, property } => {
                if let Some(value) = part.body.child(&property).node() {
                    gather(&mut lists, list, value.clone());
                }
            }
            Fold::Merge => merge(owner, part.body, &mut lists),
        }
    }
    lists.into_iter().for_each(|(list, nodes)| owner.body.append_all(&list, nodes));
}

fn gather(lists: &mut Vec<(Key, Vec<Node>)>, list: Key, node: Node) {
    match lists.iter_mut().find(|(there, _)| *there == list) {
        Some((_, nodes)) => nodes.push(node),
        None => lists.push((list, vec![node])),
    }
}

/// Sets the properties of a part, which replace what earlier parts appended.
fn merge(owner: &mut Resource, part: Node, lists: &mut Vec<(Key, Vec<Node>)>) {
    let Value::Map(map) = part.value else { return };
    for entry in map.into_entries() {
        lists.retain(|(list, _)| *list != entry.key);
        owner.body.set(entry.key, entry.node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Origin, Stage};

    fn node(value: impl Into<Value>) -> Node {
        Node::new(value, Origin::derived("test", None))
    }

    fn map(entries: Vec<(&str, Node)>) -> Node {
        node(entries.into_iter().map(|(key, node)| (Key::from(key), node)).collect::<Map>())
    }

    fn part(owner: &str, body: Node, fold: Fold) -> Resource {
        let mut part = Resource::new(Kind::new("AWS::S3::BucketPolicy"), "p", body, Stage::Template);
        let owner = node(owner);
        part.satellite = Some(Box::new(Satellite { owner_kind: Kind::new("AWS::S3::Bucket"), owner, fold }));
        part
    }

    fn bucket(name: &str, properties: Vec<(&str, Node)>) -> Resource {
        let body = map([vec![("BucketName", node(name))], properties].concat());
        Resource::new(Kind::new("AWS::S3::Bucket"), name, body, Stage::Template)
    }

    fn numbers(body: &Node, list: &str) -> Vec<Option<i64>> {
        body.get(list).map(Node::items).unwrap_or_default().iter().map(Node::as_int).collect()
    }

    #[test]
    fn parts_join_in_their_order() {
        let append = |number: i64| {
            let fold = Fold::AppendValue { list: "Rules".into(), property: "Rule".into() };
            part("b", map(vec![("Rule", node(number))]), fold)
        };
        let merge = |number: i64| {
            part("b", map(vec![("Rules", node(vec![node(number)])), ("Set", node(number))]), Fold::Merge)
        };
        let owner = bucket("b", vec![("Rules", node(vec![node(1)]))]);
        let (folded, _) = fold(vec![append(2), owner.clone(), append(3)]);
        assert_eq!(numbers(&folded[0].body, "Rules"), [Some(1), Some(2), Some(3)]);
        let (folded, _) = fold(vec![owner, append(2), merge(4), append(5)]);
        assert_eq!(numbers(&folded[0].body, "Rules"), [Some(4), Some(5)]);
        assert_eq!(folded[0].body.get("Set").and_then(Node::as_int), Some(4));
    }

    #[test]
    fn very_many_parts_of_one_owner_take_linear_time() {
        let parts = (0..200_000).map(|_| part("b", map(vec![]), Fold::Append("Policies".into())));
        let (folded, _) = fold(std::iter::once(bucket("b", vec![])).chain(parts).collect());
        assert_eq!(folded.len(), 1);
        assert_eq!(folded[0].body.get("Policies").map(|list| list.items().len()), Some(200_000));
    }
}
