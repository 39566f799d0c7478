//! Workloads → the nodes, node groups and Fargate profiles that their pods can land on.
//!
//! The scheduler's rules, as far as templates say what nodes will be like: node selector, required node
//! affinity, taints. A label that AWS or the kubelet sets (zone, architecture, …) keeps nobody away,
//! since any node may turn out to have it.

use rustc_hash::FxHashMap;

use super::Relation;
use super::dangling::What;
use super::join::{Identity, Joins, cluster_of};
use super::pool::{self, Pool, Pools, Profile, Taint};
use crate::{Field, Location, Node, Workload, glob, pod_spec};

/// Domains of the labels that AWS, the kubelet and Karpenter set by themselves.
const SET_BY_THE_CLUSTER: [&str; 4] = ["kubernetes.io", "k8s.io", "amazonaws.com", "k8s.aws"];

pub(super) fn link(joins: &mut Joins<'_>) {
    let clusters = pool::by_cluster(joins);
    for workload in joins.workloads {
        nodes(joins, workload);
        if let Some(pools) = clusters.get(&cluster_of(workload)) {
            land(joins, workload, pools);
        }
    }
}

/// The nodes on which pods were observed.
fn nodes(joins: &mut Joins<'_>, workload: &Workload) {
    let mut last = None;
    for instance in &workload.instances {
        let Some(node) = instance.node.as_deref().filter(|node| last != Some(*node)) else { continue };
        last = Some(node);
        let identity = Identity { kind: "Node", cluster: cluster_of(workload), namespace: "", name: node };
        if let Some(to) = joins.object(&identity) {
            let at = joins.resources.get(instance.resource.index()).and_then(|pod| pod.location());
            joins.add(workload.resource, Relation::RunsOn, to, at);
        }
    }
}

fn land(joins: &mut Joins<'_>, workload: &Workload, pools: &Pools<'_>) {
    let Some(resource) = joins.resources.get(workload.resource.index()) else { return };
    let Some(Field::Present(spec)) = pod_spec(&resource.kind, &resource.body) else { return };
    let at = resource.location();
    // Daemon sets do not run on Fargate.
    let profiles = if workload.kind == "DaemonSet" { &[][..] } else { &pools.profiles };
    let mut fargate = profiles.iter().filter(|profile| matches(profile, workload)).peekable();
    if fargate.peek().is_some() {
        fargate.for_each(|profile| joins.add(workload.resource, Relation::RunsOn, profile.id, at));
        return;
    }
    match Demands::read(spec) {
        Ok(demands) => {
            for pool in pools.pools.iter().filter(|pool| demands.accept(pool)) {
                joins.add(workload.resource, Relation::RunsOn, pool.id, demands.at.or(at));
            }
        }
        Err(node) => joins.dangling.untold(What::Scheduling, node),
    }
}

fn matches(profile: &Profile<'_>, workload: &Workload) -> bool {
    let Some(pod) = workload.instances.first() else { return false };
    profile.selectors.iter().any(|selector| {
        glob(selector.namespace, &workload.namespace)
            && selector
                .labels
                .iter()
                .all(|(key, wanted)| pod.labels.get(key).is_some_and(|value| glob(wanted, value)))
    })
}

/// What a pod asks of a node.
struct Demands<'a> {
    labels: Vec<(&'a str, &'a str)>,
    /// Terms of required affinity, one of which must hold; none where nothing is required.
    terms: &'a [Node],
    tolerations: &'a [Node],
    /// Where the pod asks for something; that is why it lands where it does.
    at: Option<Location>,
}

impl<'a> Demands<'a> {
    /// The demands of a pod spec, or the node that is not known.
    fn read(spec: &'a Node) -> Result<Self, &'a Node> {
        let selector = known(spec.child("nodeSelector"))?;
        let entries = selector.map(Node::entries).unwrap_or_default();
        let mut labels = Vec::with_capacity(entries.len());
        for entry in entries {
            labels.push((&*entry.key, entry.node.as_str().ok_or(&entry.node)?));
        }
        let required =
            "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
        let terms = known(spec.field(required))?;
        let tolerations = known(spec.child("tolerations"))?;
        Ok(Self {
            labels,
            terms: terms.map(Node::items).unwrap_or_default(),
            tolerations: tolerations.map(Node::items).unwrap_or_default(),
            at: selector.or(terms).and_then(Node::location),
        })
    }

    fn accept(&self, pool: &Pool<'_>) -> bool {
        self.labels.iter().all(|(key, value)| may_have(&pool.labels, key, &[value]))
            && (self.terms.is_empty() || self.terms.iter().any(|term| holds(term, pool)))
            && pool.taints.iter().all(|taint| self.tolerations.iter().any(|one| tolerates(one, taint)))
    }
}

fn known<'a>(field: Field<'a>) -> Result<Option<&'a Node>, &'a Node> {
    match field {
        Field::Absent => Ok(None),
        Field::Present(node) => Ok(Some(node)),
        Field::Unresolved(node, _) => Err(node),
    }
}

/// Whether nodes with these labels may have one of `values` under `key`.
fn may_have(labels: &FxHashMap<&str, Vec<&str>>, key: &str, values: &[&str]) -> bool {
    match labels.get(key) {
        Some(there) => there.iter().any(|value| values.contains(value)),
        None => set_by_the_cluster(key),
    }
}

fn set_by_the_cluster(key: &str) -> bool {
    let Some((domain, _)) = key.split_once('/') else { return false };
    let within = |known: &&str| {
        domain.strip_suffix(*known).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    domain.starts_with("karpenter.") || SET_BY_THE_CLUSTER.iter().any(within)
}

/// Whether a term of required node affinity may hold; one that cannot be read keeps nobody away.
fn holds(term: &Node, pool: &Pool<'_>) -> bool {
    let expressions = term.get("matchExpressions").map(Node::items).unwrap_or_default();
    expressions.iter().all(|expression| {
        let (Some(key), Some(operator)) = (expression.text("key"), expression.text("operator")) else {
            return true;
        };
        let values: Vec<&str> = expression
            .get("values")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::as_str)
            .collect();
        match operator {
            "In" => may_have(&pool.labels, key, &values),
            "NotIn" => {
                let there = pool.labels.get(key);
                there.is_none_or(|there| there.iter().any(|value| !values.contains(value)))
            }
            "Exists" => pool.labels.contains_key(key) || set_by_the_cluster(key),
            "DoesNotExist" => !pool.labels.contains_key(key),
            _ => true,
        }
    })
}

fn tolerates(toleration: &Node, taint: &Taint<'_>) -> bool {
    let effect = toleration.text("effect").unwrap_or("");
    if !effect.is_empty() && effect != taint.effect {
        return false;
    }
    let key = toleration.text("key").unwrap_or("");
    match toleration.text("operator") {
        Some("Exists") => key.is_empty() || key == taint.key,
        _ => key == taint.key && toleration.text("value").unwrap_or("") == taint.value,
    }
}
