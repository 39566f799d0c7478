//! What offers room for pods: node groups, Fargate profiles and Karpenter pools, as far as the input says.

use rustc_hash::FxHashMap;

use super::dangling::{Dangling, What};
use super::join::{Found, Joins};
use crate::{Field, Node, ResourceId};

/// Nodes of one make: labels that they bear, and taints that keep pods away.
pub(super) struct Pool<'a> {
    pub(super) id: ResourceId,
    /// A label may have one of several values (Karpenter requirements).
    pub(super) labels: FxHashMap<&'a str, Vec<&'a str>>,
    pub(super) taints: Vec<Taint<'a>>,
}

pub(super) struct Taint<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) effect: &'static str,
}

/// A Fargate profile: a pod that one of its selectors matches runs there, on a kernel of its own.
pub(super) struct Profile<'a> {
    pub(super) id: ResourceId,
    pub(super) selectors: Vec<ProfileSelector<'a>>,
}

pub(super) struct ProfileSelector<'a> {
    pub(super) namespace: &'a str,
    pub(super) labels: Vec<(&'a str, &'a str)>,
}

/// All that one cluster offers.
#[derive(Default)]
pub(super) struct Pools<'a> {
    pub(super) pools: Vec<Pool<'a>>,
    pub(super) profiles: Vec<Profile<'a>>,
}

/// What each cluster offers; what is not known is noted and offers nothing.
pub(super) fn by_cluster<'a>(joins: &mut Joins<'a>) -> FxHashMap<Option<&'a str>, Pools<'a>> {
    let mut clusters: FxHashMap<Option<&'a str>, Pools<'a>> = FxHashMap::default();
    for group in joins.aws("AWS::EKS::Nodegroup") {
        let cluster = aws_cluster(joins, group);
        if let (Some(cluster), Some(pool)) = (cluster, node_group(group, &mut joins.dangling)) {
            clusters.entry(Some(cluster)).or_default().pools.push(pool);
        }
    }
    for group in joins.aws("AWS::EKS::FargateProfile") {
        let cluster = aws_cluster(joins, group);
        if let (Some(cluster), Some(profile)) = (cluster, profile(group, &mut joins.dangling)) {
            clusters.entry(Some(cluster)).or_default().profiles.push(profile);
        }
    }
    for pool in joins.of("karpenter.sh", "NodePool") {
        let made = karpenter(pool, &mut joins.dangling);
        clusters.entry(pool.cluster()).or_default().pools.extend(made);
    }
    clusters
}

fn aws_cluster<'a>(joins: &mut Joins<'a>, part: Found<'a>) -> Option<&'a str> {
    let name = part.resource.body.child("ClusterName").node()?;
    let cluster = joins.cluster_name(name);
    if cluster.is_none() {
        joins.dangling.untold(What::Pool, name);
    }
    cluster
}

fn node_group<'a>(group: Found<'a>, dangling: &mut Dangling<'a>) -> Option<Pool<'a>> {
    let body = &group.resource.body;
    let mut labels = FxHashMap::default();
    for (key, value) in known_entries(body.child("Labels"), dangling)? {
        labels.insert(key, vec![value]);
    }
    // A name that is not written is made up by AWS, and is none that a pod could ask for.
    if body.field("NodegroupName").node().is_none_or(|name| name.as_str().is_some()) {
        let name = body.text("NodegroupName").into_iter().collect();
        labels.insert("eks.amazonaws.com/nodegroup", name);
    }
    let keys = TaintKeys { key: "Key", value: "Value", effect: "Effect" };
    Some(Pool { id: group.id, labels, taints: taints(body.child("Taints"), &keys, dangling)? })
}

fn karpenter<'a>(pool: Found<'a>, dangling: &mut Dangling<'a>) -> Option<Pool<'a>> {
    let template = pool.resource.body.get("spec.template")?;
    let mut labels: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    for (key, value) in known_entries(template.field("metadata.labels"), dangling)? {
        labels.insert(key, vec![value]);
    }
    labels.insert("karpenter.sh/nodepool", vec![pool.resource.name.as_str()]);
    let requirements = template.get("spec.requirements").map(Node::items).unwrap_or_default();
    for requirement in requirements.iter().filter(|one| one.text("operator") == Some("In")) {
        let values = requirement.get("values").map(Node::items).unwrap_or_default();
        if let Some(key) = requirement.text("key") {
            labels.insert(key, values.iter().filter_map(Node::as_str).collect());
        }
    }
    let keys = TaintKeys { key: "key", value: "value", effect: "effect" };
    Some(Pool { id: pool.id, labels, taints: taints(template.field("spec.taints"), &keys, dangling)? })
}

fn profile<'a>(profile: Found<'a>, dangling: &mut Dangling<'a>) -> Option<Profile<'a>> {
    let mut selectors = Vec::new();
    for item in known_items(profile.resource.body.child("Selectors"), dangling)? {
        let mut labels = Vec::new();
        for label in known_items(item.child("Labels"), dangling)? {
            labels.push((
                known_text(label.child("Key"), dangling)?,
                known_text(label.child("Value"), dangling)?,
            ));
        }
        selectors.push(ProfileSelector { namespace: known_text(item.child("Namespace"), dangling)?, labels });
    }
    Some(Profile { id: profile.id, selectors })
}

/// The spelling of a taint's parts.
struct TaintKeys {
    key: &'static str,
    value: &'static str,
    effect: &'static str,
}

fn taints<'a>(field: Field<'a>, keys: &TaintKeys, dangling: &mut Dangling<'a>) -> Option<Vec<Taint<'a>>> {
    let mut taints = Vec::new();
    for item in known_items(field, dangling)? {
        let effect = match known_text(item.child(keys.effect), dangling)? {
            "NO_SCHEDULE" | "NoSchedule" => "NoSchedule",
            "NO_EXECUTE" | "NoExecute" => "NoExecute",
            // A preference keeps nobody away.
            _ => continue,
        };
        let value = match item.child(keys.value) {
            Field::Absent => "",
            field => known_text(field, dangling)?,
        };
        taints.push(Taint { key: known_text(item.child(keys.key), dangling)?, value, effect });
    }
    Some(taints)
}

/// The entries of a map of texts; `None`, and a note, where one is not known.
fn known_entries<'a>(field: Field<'a>, dangling: &mut Dangling<'a>) -> Option<Vec<(&'a str, &'a str)>> {
    let map = match field {
        Field::Absent => return Some(Vec::new()),
        Field::Unresolved(node, _) => {
            dangling.untold(What::Pool, node);
            return None;
        }
        Field::Present(map) => map,
    };
    let entry = |entry: &'a crate::Entry| Some((&*entry.key, known_text(entry.node.as_field(), dangling)?));
    map.entries().iter().map(entry).collect()
}

fn known_items<'a>(field: Field<'a>, dangling: &mut Dangling<'a>) -> Option<&'a [Node]> {
    match field {
        Field::Absent => Some(&[]),
        Field::Unresolved(node, _) => {
            dangling.untold(What::Pool, node);
            None
        }
        Field::Present(list) => Some(list.items()),
    }
}

fn known_text<'a>(field: Field<'a>, dangling: &mut Dangling<'a>) -> Option<&'a str> {
    let node = field.node()?;
    dangling.untold(What::Pool, node);
    node.as_str()
}
