//! What offers room for pods: node groups, Fargate profiles and Karpenter pools, as far as the input says.
//!
//! INVARIANT: what is not known of a pool keeps no pod away from it, and what is not known of a Fargate
//! profile takes no pod off the nodes that it would share.

use rustc_hash::FxHashMap;

use super::dangling::What;
use super::join::{Found, Joins};
use crate::{Field, Node, ResourceId, Value};

/// Nodes of one make: labels that they bear, and taints that keep pods away.
pub(super) struct Pool<'a> {
    pub(super) id: ResourceId,
    /// `None` where it is not known.
    pub(super) cluster: Option<&'a str>,
    pub(super) labels: NodeLabels<'a>,
    pub(super) taints: Vec<Taint<'a>>,
}

/// A taint of which everything is known; no other keeps a pod away.
pub(super) struct Taint<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) effect: &'static str,
}

/// The labels of nodes of one make.
#[derive(Default)]
pub(super) struct NodeLabels<'a> {
    values: FxHashMap<&'a str, Values<'a>>,
    /// Some keys are not known, so any may be there.
    open: bool,
}

/// What a label may be.
enum Values<'a> {
    /// One of these; of none where AWS makes the value up.
    OneOf(Vec<&'a str>),
    /// Anything but these, or not there.
    NoneOf(Vec<&'a str>),
    /// Not there.
    Absent,
}

/// Domains of the labels that AWS, the kubelet and Karpenter set by themselves.
const SET_BY_THE_CLUSTER: [&str; 4] = ["kubernetes.io", "k8s.io", "amazonaws.com", "k8s.aws"];

impl<'a> NodeLabels<'a> {
    /// Whether nodes may have one of `values` under `key`.
    pub(super) fn may_be(&self, key: &str, values: &[&str]) -> bool {
        match self.values.get(key) {
            Some(Values::OneOf(there)) => there.iter().any(|value| values.contains(value)),
            Some(Values::NoneOf(not)) => values.iter().any(|value| !not.contains(value)),
            Some(Values::Absent) => false,
            None => self.open || set_by_the_cluster(key),
        }
    }

    /// Whether nodes may have `key`.
    pub(super) fn may_exist(&self, key: &str) -> bool {
        match self.values.get(key) {
            Some(there) => !matches!(there, Values::Absent),
            None => self.open || set_by_the_cluster(key),
        }
    }

    /// Whether nodes may lack `key`.
    pub(super) fn may_lack(&self, key: &str) -> bool {
        !matches!(self.values.get(key), Some(Values::OneOf(_)))
    }

    /// Whether nodes may have something else than `values` under `key`, or nothing.
    pub(super) fn may_differ(&self, key: &str, values: &[&str]) -> bool {
        match self.values.get(key) {
            Some(Values::OneOf(there)) => {
                there.is_empty() || there.iter().any(|value| !values.contains(value))
            }
            _ => true,
        }
    }

    /// The labels of a map.
    fn extend(&mut self, field: Field<'a>, gap: &mut Gap<'a>) {
        let Some(map) = field.node() else { return };
        self.open |= !matches!(map.value, Value::Map(_));
        gap.note(map);
        for entry in map.entries() {
            self.insert(
                &entry.key,
                known(&entry.node, gap).map_or_else(any, |value| Values::OneOf(vec![value])),
            );
        }
    }

    /// What is said twice holds as it is said most narrowly.
    fn insert(&mut self, key: &'a str, values: Values<'a>) {
        let narrow = matches!(values, Values::OneOf(_));
        if narrow || !matches!(self.values.get(key), Some(Values::OneOf(_))) {
            self.values.insert(key, values);
        }
    }

    /// What a Karpenter requirement lets a label be.
    fn require(&mut self, requirement: &'a Node, gap: &mut Gap<'a>) {
        let Some(key) = known_text(requirement.child("key"), gap) else {
            self.open = true;
            return;
        };
        let values = requirement.child("values").node();
        if let Some(list) = values {
            gap.note(list);
        }
        let values: Option<Vec<&str>> =
            values.map_or(&[][..], Node::items).iter().map(|value| known(value, gap)).collect();
        let list_known = requirement.child("values").node().is_none_or(|list| list.as_unresolved().is_none());
        let values = values.filter(|_| list_known);
        let values = match (known_text(requirement.child("operator"), gap), values) {
            (Some("In"), Some(values)) => Values::OneOf(values),
            (Some("NotIn"), Some(values)) => Values::NoneOf(values),
            (Some("DoesNotExist"), _) => Values::Absent,
            _ => any(),
        };
        self.insert(key, values);
    }
}

fn any<'a>() -> Values<'a> {
    Values::NoneOf(Vec::new())
}

/// A label that the cluster sets keeps nobody away: any node may turn out to have it.
fn set_by_the_cluster(key: &str) -> bool {
    let Some((domain, _)) = key.split_once('/') else { return false };
    let within = |known: &&str| {
        domain.strip_suffix(*known).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    domain.starts_with("karpenter.") || SET_BY_THE_CLUSTER.iter().any(within)
}

/// A Fargate profile: a pod that one of its selectors matches runs there, on a kernel of its own.
pub(super) struct Profile<'a> {
    pub(super) id: ResourceId,
    /// `None` where it is not known.
    pub(super) cluster: Option<&'a str>,
    /// `None` stands for one that is not known.
    pub(super) selectors: Vec<Option<ProfileSelector<'a>>>,
}

pub(super) struct ProfileSelector<'a> {
    /// `None` where it is not known.
    pub(super) namespace: Option<&'a str>,
    /// `None` stands for one that is not known.
    pub(super) labels: Vec<Option<(&'a str, &'a str)>>,
}

/// All that the clusters offer.
#[derive(Default)]
pub(super) struct Offers<'a> {
    pub(super) pools: Vec<Pool<'a>>,
    pub(super) profiles: Vec<Profile<'a>>,
}

/// The first thing that is not known of one pool, which one message names.
#[derive(Default)]
struct Gap<'a>(Option<&'a Node>);

impl<'a> Gap<'a> {
    fn note(&mut self, node: &'a Node) {
        if self.0.is_none() && node.as_unresolved().is_some() {
            self.0 = Some(node);
        }
    }

    fn tell(self, joins: &mut Joins<'a>) {
        if let Some(node) = self.0 {
            joins.dangling.untold(What::Pool, node);
        }
    }
}

/// What all clusters offer; what is not known is noted.
pub(super) fn offers<'a>(joins: &mut Joins<'a>) -> Offers<'a> {
    let mut offers = Offers::default();
    for group in joins.aws("AWS::EKS::Nodegroup") {
        let mut gap = Gap::default();
        offers.pools.push(node_group(joins, group, &mut gap));
        gap.tell(joins);
    }
    for group in joins.aws("AWS::EKS::FargateProfile") {
        let mut gap = Gap::default();
        offers.profiles.push(profile(joins, group, &mut gap));
        gap.tell(joins);
    }
    for pool in joins.of("karpenter.sh", "NodePool") {
        let mut gap = Gap::default();
        offers.pools.extend(karpenter(pool, &mut gap));
        gap.tell(joins);
    }
    offers
}

fn aws_cluster<'a>(joins: &Joins<'a>, part: Found<'a>, gap: &mut Gap<'a>) -> Option<&'a str> {
    let name = part.resource.body.child("ClusterName").node()?;
    let cluster = joins.cluster_name(name);
    if cluster.is_none() {
        gap.note(name);
    }
    cluster
}

fn node_group<'a>(joins: &Joins<'a>, group: Found<'a>, gap: &mut Gap<'a>) -> Pool<'a> {
    let body = &group.resource.body;
    let cluster = aws_cluster(joins, group, gap);
    let mut labels = NodeLabels::default();
    labels.extend(body.child("Labels"), gap);
    // A name that is not written is made up by AWS, and is none that a pod could ask for.
    if body.field("NodegroupName").node().is_none_or(|name| name.as_str().is_some()) {
        let name = body.text("NodegroupName").into_iter().collect();
        labels.insert("eks.amazonaws.com/nodegroup", Values::OneOf(name));
    }
    let keys = TaintKeys { key: "Key", value: "Value", effect: "Effect" };
    Pool { id: group.id, cluster, labels, taints: taints(body.child("Taints"), &keys, gap) }
}

fn karpenter<'a>(pool: Found<'a>, gap: &mut Gap<'a>) -> Option<Pool<'a>> {
    let template = pool.resource.body.field("spec.template").node()?;
    let mut labels = NodeLabels::default();
    labels.extend(template.field("metadata.labels"), gap);
    labels.insert("karpenter.sh/nodepool", Values::OneOf(vec![pool.resource.name.as_str()]));
    if let Some(requirements) = template.field("spec.requirements").node() {
        labels.open |= requirements.as_unresolved().is_some();
        gap.note(requirements);
        requirements.items().iter().for_each(|one| labels.require(one, gap));
    }
    let keys = TaintKeys { key: "key", value: "value", effect: "effect" };
    let taints = taints(template.field("spec.taints"), &keys, gap);
    Some(Pool { id: pool.id, cluster: pool.cluster(), labels, taints })
}

fn profile<'a>(joins: &Joins<'a>, profile: Found<'a>, gap: &mut Gap<'a>) -> Profile<'a> {
    let cluster = aws_cluster(joins, profile, gap);
    let selectors = each(profile.resource.body.child("Selectors"), gap, |item, gap| {
        gap.note(item);
        item.as_unresolved().is_none().then(|| ProfileSelector {
            namespace: known_text(item.child("Namespace"), gap),
            labels: each(item.child("Labels"), gap, |label, gap| {
                Some((known_text(label.child("Key"), gap)?, known_text(label.child("Value"), gap)?))
            }),
        })
    });
    Profile { id: profile.id, cluster, selectors }
}

/// What `read` makes of each item; where the list itself is not known, one item that is not.
fn each<'a, T>(
    field: Field<'a>,
    gap: &mut Gap<'a>,
    mut read: impl FnMut(&'a Node, &mut Gap<'a>) -> Option<T>,
) -> Vec<Option<T>> {
    match field {
        Field::Absent => Vec::new(),
        Field::Unresolved(node, _) => {
            gap.note(node);
            vec![None]
        }
        Field::Present(list) => list.items().iter().map(|item| read(item, gap)).collect(),
    }
}

/// The spelling of a taint's parts.
struct TaintKeys {
    key: &'static str,
    value: &'static str,
    effect: &'static str,
}

fn taints<'a>(field: Field<'a>, keys: &TaintKeys, gap: &mut Gap<'a>) -> Vec<Taint<'a>> {
    each(field, gap, |item, gap| taint(item, keys, gap)).into_iter().flatten().collect()
}

fn taint<'a>(item: &'a Node, keys: &TaintKeys, gap: &mut Gap<'a>) -> Option<Taint<'a>> {
    let effect = match known_text(item.child(keys.effect), gap)? {
        "NO_SCHEDULE" | "NoSchedule" => "NoSchedule",
        "NO_EXECUTE" | "NoExecute" => "NoExecute",
        // A preference keeps nobody away.
        _ => return None,
    };
    let value = match item.child(keys.value) {
        Field::Absent => "",
        field => known_text(field, gap)?,
    };
    Some(Taint { key: known_text(item.child(keys.key), gap)?, value, effect })
}

fn known_text<'a>(field: Field<'a>, gap: &mut Gap<'a>) -> Option<&'a str> {
    known(field.node()?, gap)
}

fn known<'a>(node: &'a Node, gap: &mut Gap<'a>) -> Option<&'a str> {
    gap.note(node);
    node.as_str()
}
