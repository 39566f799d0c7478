//! Workloads → the nodes, node groups and Fargate profiles that their pods can land on.
//!
//! The scheduler's rules, as far as templates say what nodes will be like: node selector, required node
//! affinity, taints. A label that AWS or the kubelet sets (zone, architecture, …) keeps nobody away,
//! since any node may turn out to have it.
//!
//! INVARIANT: only what is known keeps a pod away. A pod that is wrongly held to be elsewhere would not be
//! said to share a kernel with the CDE.

use super::Relation;
use super::dangling::What;
use super::join::{Identity, Joins, cluster_of};
use super::pool::{self, Offers, Pool, Profile, ProfileSelector, Taint};
use crate::selector::{KnownLabels, all, any};
use crate::{Entry, Field, Location, Node, Value, Workload, glob, pod_spec};

pub(super) fn link(joins: &mut Joins<'_>) {
    let offers = pool::offers(joins);
    for workload in joins.workloads {
        nodes(joins, workload);
        if !offers.pools.is_empty() || !offers.profiles.is_empty() {
            land(joins, workload, &offers);
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

fn land(joins: &mut Joins<'_>, workload: &Workload, offers: &Offers<'_>) {
    let Some(resource) = joins.resources.get(workload.resource.index()) else { return };
    let Some(spec) = pod_spec(&resource.kind, &resource.body).and_then(Field::node) else { return };
    let at = resource.location();
    if fargate(joins, workload, offers, at) == Some(true) {
        return;
    }
    let demands = Demands::read(spec);
    let here = |pool: &&Pool<'_>| in_one_cluster(pool.cluster, workload) != Some(false);
    for pool in offers.pools.iter().filter(here).filter(|pool| demands.may_accept(pool)) {
        joins.add(workload.resource, Relation::RunsOn, pool.id, demands.at.or(at));
    }
    if let Some(node) = demands.unknown() {
        joins.dangling.untold(What::Scheduling, node);
    }
}

/// Links what may run on Fargate; whether all pods certainly do.
fn fargate(
    joins: &mut Joins<'_>,
    workload: &Workload,
    offers: &Offers<'_>,
    at: Option<Location>,
) -> Option<bool> {
    // Daemon sets do not run on Fargate.
    let profiles = if workload.kind == "DaemonSet" { &[][..] } else { &offers.profiles };
    let mut on_fargate = Some(false);
    for profile in profiles {
        let taken = takes(joins, profile, workload);
        if taken != Some(false) {
            joins.add(workload.resource, Relation::RunsOn, profile.id, at);
        }
        on_fargate = any([on_fargate, taken]);
    }
    on_fargate
}

/// Whether a part of `cluster` is in the cluster of `workload`.
fn in_one_cluster(cluster: Option<&str>, workload: &Workload) -> Option<bool> {
    Some(cluster? == cluster_of(workload)?)
}

/// Whether `profile` takes all pods of `workload`; `None` too where it takes some of them.
fn takes(joins: &Joins<'_>, profile: &Profile<'_>, workload: &Workload) -> Option<bool> {
    let here = in_one_cluster(profile.cluster, workload);
    let mut pods = workload.instances.iter().map(|pod| {
        let labels = pod.known_labels(joins.resources.get(pod.resource.index())?);
        any(profile.selectors.iter().map(|one| selects(one.as_ref()?, &workload.namespace, &labels)))
    });
    let first = pods.next().unwrap_or(Some(false));
    let alike = if pods.all(|pod| pod == first) { first } else { None };
    all([here, alike])
}

fn selects(selector: &ProfileSelector<'_>, namespace: &str, pod: &KnownLabels<'_>) -> Option<bool> {
    let label = |wanted: &Option<(&str, &str)>| {
        let (key, value) = (*wanted)?;
        if pod.is_unknown(key) { None } else { Some(pod.labels.get(key).is_some_and(|own| glob(value, own))) }
    };
    let namespace = selector.namespace.map(|pattern| glob(pattern, namespace));
    all(std::iter::once(namespace).chain(selector.labels.iter().map(label)))
}

/// What a pod asks of a node.
struct Demands<'a> {
    selector: Field<'a>,
    /// Terms of required affinity, one of which must hold.
    terms: Field<'a>,
    tolerations: Field<'a>,
    /// Where the pod asks for something; that is why it lands where it does.
    at: Option<Location>,
}

impl<'a> Demands<'a> {
    fn read(spec: &'a Node) -> Self {
        let required =
            "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
        let (selector, terms) = (spec.child("nodeSelector"), spec.field(required));
        let at = selector.node().or(terms.node()).and_then(Node::location);
        Self { selector, terms, tolerations: spec.child("tolerations"), at }
    }

    /// The first part that is not known.
    fn unknown(&self) -> Option<&'a Node> {
        [self.selector, self.terms, self.tolerations].into_iter().find_map(|field| unknown(field.node()?))
    }

    fn may_accept(&self, pool: &Pool<'_>) -> bool {
        let wanted = |entry: &Entry| match entry.node.as_str() {
            Some(value) => pool.labels.may_be(&entry.key, &[value]),
            None => pool.labels.may_exist(&entry.key),
        };
        let items = |field: Field<'a>| field.node().map(Node::items).unwrap_or_default();
        let terms = items(self.terms);
        let tolerated =
            |taint: &Taint<'_>| items(self.tolerations).iter().any(|one| may_tolerate(one, taint));
        let selector = self.selector.node().map(Node::entries).unwrap_or_default();
        selector.iter().all(wanted)
            && (terms.is_empty() || terms.iter().any(|term| may_hold(term, pool)))
            && (matches!(self.tolerations, Field::Unresolved(..)) || pool.taints.iter().all(tolerated))
    }
}

fn unknown(node: &Node) -> Option<&Node> {
    match &node.value {
        Value::Unresolved(_) => Some(node),
        Value::List(items) => items.iter().find_map(unknown),
        Value::Map(map) => map.entries().iter().find_map(|entry| unknown(&entry.node)),
        _ => None,
    }
}

/// Whether a term of required node affinity may hold; what cannot be read keeps nobody away.
fn may_hold(term: &Node, pool: &Pool<'_>) -> bool {
    let expressions = term.get("matchExpressions").map(Node::items).unwrap_or_default();
    expressions.iter().all(|expression| {
        let (Some(key), Some(operator)) = (expression.text("key"), expression.text("operator")) else {
            return true;
        };
        let values: Option<Vec<&str>> = match expression.child("values") {
            Field::Absent => Some(Vec::new()),
            Field::Unresolved(..) => None,
            Field::Present(list) => list.items().iter().map(Node::as_str).collect(),
        };
        match (operator, values) {
            ("In", Some(values)) => pool.labels.may_be(key, &values),
            ("NotIn", Some(values)) => pool.labels.may_differ(key, &values),
            ("In" | "Exists", _) => pool.labels.may_exist(key),
            ("DoesNotExist", _) => pool.labels.may_lack(key),
            _ => true,
        }
    })
}

fn may_tolerate(toleration: &Node, taint: &Taint<'_>) -> bool {
    // `None` for what is not known.
    let part = |key: &str| match toleration.child(key) {
        Field::Absent => Some(""),
        field => field.node().and_then(Node::as_str),
    };
    let key = part("key");
    let effect = part("effect").is_none_or(|effect| effect.is_empty() || effect == taint.effect);
    effect
        && match part("operator") {
            Some("Exists") | None => key.is_none_or(|key| key.is_empty() || key == taint.key),
            _ => {
                key.is_none_or(|key| key == taint.key)
                    && part("value").is_none_or(|value| value == taint.value)
            }
        }
}
