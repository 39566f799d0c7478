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
    /// Each of its properties is set on the owner.
    Merge,
}

/// CloudFormation types that are parts: type, property that names the owner, owner, how.
const CLOUDFORMATION: &[(&str, &str, &str, Option<&str>)] = &[
    ("AWS::EC2::SecurityGroupIngress", "GroupId", "AWS::EC2::SecurityGroup", Some("SecurityGroupIngress")),
    ("AWS::EC2::SecurityGroupEgress", "GroupId", "AWS::EC2::SecurityGroup", Some("SecurityGroupEgress")),
    ("AWS::EC2::NetworkAclEntry", "NetworkAclId", "AWS::EC2::NetworkAcl", Some("Entries")),
    ("AWS::EC2::Route", "RouteTableId", "AWS::EC2::RouteTable", Some("Routes")),
    ("AWS::S3::BucketPolicy", "Bucket", "AWS::S3::Bucket", Some("BucketPolicy")),
    ("AWS::SQS::QueuePolicy", "Queues.0", "AWS::SQS::Queue", Some("QueuePolicy")),
    ("AWS::SNS::TopicPolicy", "Topics.0", "AWS::SNS::Topic", Some("TopicPolicy")),
    ("AWS::IAM::RolePolicy", "RoleName", "AWS::IAM::Role", Some("Policies")),
    (
        "AWS::ElasticLoadBalancingV2::ListenerCertificate",
        "ListenerArn",
        "AWS::ElasticLoadBalancingV2::Listener",
        Some("Certificates"),
    ),
];

impl Satellite {
    /// The satellite that a CloudFormation resource of this kind is, if it is one.
    pub fn of_cloudformation(kind: &Kind, properties: &Node) -> Option<Self> {
        let (_, path, owner_kind, list) = CLOUDFORMATION.iter().find(|row| row.0 == kind.as_str())?;
        let owner = properties.field(path).node()?.clone();
        let fold = list.map_or(Fold::Merge, |list| Fold::Append(list.into()));
        Some(Self { owner_kind: Kind::new(*owner_kind), owner, fold })
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
        match lookup.resolve(&satellite.owner, Some(satellite.owner_kind.as_str())) {
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
        for index in indices {
            if let Some(part) = slots.get_mut(*index).and_then(Option::take) {
                absorb(&mut whole, part);
            }
        }
        if let Some(slot) = slots.get_mut(owner.index()) {
            *slot = Some(whole);
        }
    }
    slots.into_iter().flatten().collect()
}

fn absorb(owner: &mut Resource, part: Resource) {
    let Some(satellite) = part.satellite else { return };
    if !matches!(owner.body.value, Value::Map(_)) {
        owner.body.value = Value::Map(Map::default());
    }
    match satellite.fold {
        Fold::Append(list) => owner.body.append(&list, part.body),
        Fold::Merge => {
            if let Value::Map(map) = part.body.value {
                map.into_entries().into_iter().for_each(|entry| owner.body.set(entry.key, entry.node));
            }
        }
    }
}
