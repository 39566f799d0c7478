//! Selectors of identities, taken apart: what they ask of a pod, of its namespace, of its cluster; and
//! which of those that are no pods they match.
//!
//! ```text
//! app, any:app, k8s:app                         label of the pod, where Cilium keeps it
//! k8s:io.kubernetes.pod.namespace               name of the namespace
//! k8s:io.cilium.k8s.namespace.labels.<key>      label of the namespace
//! k8s:io.cilium.k8s.policy.serviceaccount       name of the service account
//! k8s:io.cilium.k8s.policy.cluster              name of the cluster
//! reserved:<name>                               no pod has one
//! ```
//!
//! A policy of a namespace selects there, unless a selector of it names a namespace; a policy of a cluster
//! selects in all of its namespaces (`pkg/k8s/apis/cilium.io/utils`).

use ringfence_model::selector::{Operator, Requirement, Selector, Unreadable};
use ringfence_model::{Diagnostic, Field, Location, Node, Text};

use super::entity::{Peers, Reserved, when};
use super::rule::RuleReader;
use crate::identity::SERVICE_ACCOUNT;
use crate::namespace::{ClusterId, NAME_LABEL, NamespaceId};
use crate::policy::{PeerSpec, Reading, Scope, SetId};
use crate::selector::SelectorId;

const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";
const NAMESPACE_LABELS: &str = "io.cilium.k8s.namespace.labels.";
const CLUSTER: &str = "io.cilium.k8s.policy.cluster";
const ACCOUNT: &str = "io.cilium.k8s.policy.serviceaccount";

/// Where a label comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Any,
    Kubernetes,
    Reserved,
    Other,
}

fn source(key: &str) -> (Source, &str) {
    if let Some(name) = key.strip_prefix('$') {
        return (Source::Reserved, name);
    }
    match key.split_once(':') {
        None => (Source::Any, key),
        Some(("any" | "", key)) => (Source::Any, key),
        Some(("k8s", key)) => (Source::Kubernetes, key),
        Some(("reserved", key)) => (Source::Reserved, key),
        Some((_, key)) => (Source::Other, key),
    }
}

/// What a selector asks for.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pods: Selector,
    namespaces: Selector,
    clusters: Vec<Requirement>,
    /// All of it, for what is no pod.
    all: Vec<Requirement>,
    /// Whether no pod can meet it.
    never: bool,
    /// Whether it names a namespace, by name or label.
    names_namespace: bool,
    names_by_name: bool,
    reserved: bool,
    /// A label that Cilium does not keep.
    dropped: Option<Text>,
}

/// What holds of a label that is not there.
fn holds_without(operator: &Operator) -> bool {
    operator.is_negative()
}

impl Parts {
    /// Whether a label of that source is asked for that says where the pod is.
    fn file(&mut self, requirement: Requirement, keeps: &dyn Fn(&str) -> Option<bool>) {
        self.all.push(requirement.clone());
        let Requirement { key, operator } = requirement;
        let (source, name) = source(&key);
        match source {
            Source::Reserved | Source::Other => {
                self.reserved |= source == Source::Reserved;
                self.never |= !holds_without(&operator);
            }
            Source::Any | Source::Kubernetes => self.file_pod(name, operator, keeps),
        }
    }

    fn file_pod(&mut self, name: &str, operator: Operator, keeps: &dyn Fn(&str) -> Option<bool>) {
        if name == POD_NAMESPACE {
            (self.names_namespace, self.names_by_name) = (true, true);
            self.namespaces.requirements.push(Requirement { key: NAME_LABEL.into(), operator });
        } else if let Some(label) = name.strip_prefix(NAMESPACE_LABELS) {
            self.names_namespace = true;
            self.namespaces.requirements.push(Requirement { key: label.into(), operator });
        } else if name == CLUSTER {
            self.clusters.push(Requirement { key: CLUSTER.into(), operator });
        } else if name == ACCOUNT {
            self.pods.requirements.push(Requirement { key: SERVICE_ACCOUNT.into(), operator });
        } else {
            match keeps(name) {
                Some(true) => self.pods.requirements.push(Requirement { key: name.into(), operator }),
                Some(false) => {
                    self.dropped = Some(name.into());
                    self.never |= !holds_without(&operator);
                }
                None => self.pods.unreadable.push(Unreadable {
                    why: format!("whether Cilium keeps label `{name}` is not known"),
                    location: None,
                }),
            }
        }
    }

    /// Whether it asks for pods that are starting.
    pub(super) fn asks_for_init(&self) -> bool {
        self.all.iter().any(|requirement| source(&requirement.key) == (Source::Reserved, "init"))
    }

    /// Forgets what `matchLabels` says of the namespace by `k8s:io.kubernetes.pod.namespace`.
    pub(super) fn forget_namespace(&mut self, value: &str) {
        let said = Requirement { key: NAME_LABEL.into(), operator: Operator::In(vec![value.into()]) };
        self.namespaces.requirements.retain(|one| *one != said);
    }

    fn sorted(mut self) -> Self {
        for selector in [&mut self.pods, &mut self.namespaces] {
            selector.requirements.sort();
            selector.requirements.dedup();
        }
        self
    }
}

impl RuleReader<'_, '_, '_> {
    /// Takes a selector apart; `None` where there is none.
    pub(super) fn parts(&mut self, field: Field<'_>) -> Option<Parts> {
        let selector = Selector::read(field)?;
        let mut parts = Parts::default();
        parts.pods.unreadable = selector.unreadable;
        let labels = self.around.cluster(self.base.cluster).map(|cluster| &cluster.labels);
        let keeps = |key: &str| match labels {
            Some(Ok(filter)) => Some(filter.keeps(key)),
            Some(Err(_)) => None,
            None => Some(true),
        };
        selector.requirements.into_iter().for_each(|one| parts.file(one, &keeps));
        if let (Some(key), Some(node)) = (&parts.dropped, field.node()) {
            self.base.reading.dropped_label(key, &self.base.label, node.location());
        }
        Some(parts.sorted())
    }

    /// The pods that a policy applies to: those of its own namespace, whatever it names. `None`: none.
    pub(super) fn subject(&mut self, parts: Parts) -> Option<(SetId, SelectorId)> {
        if parts.never || self.in_own_cluster(&parts) == Some(false) {
            return None;
        }
        let mut pods = parts.pods;
        if self.in_own_cluster_unknown(&parts.clusters) {
            pods.unreadable.push(self.unknown_cluster());
        }
        let pods = self.base.selector(pods);
        let scope = match &self.namespace {
            Some((own, _)) if parts.namespaces.requirements.is_empty() => Scope::Within(*own),
            Some((_, name)) => {
                let mut namespaces = parts.namespaces;
                namespaces.requirements.push(name_is(name));
                Scope::Matching(self.base.cluster, self.base.selector(namespaces))
            }
            None => Scope::Matching(self.base.cluster, self.base.selector(parts.namespaces)),
        };
        Some((self.base.reading.sets.id(scope, pods), pods))
    }

    /// Adds the peers that a selector matches.
    pub(super) fn select(&mut self, item: &Node, peers: &mut Peers) {
        let Some(parts) = self.parts(item.as_field()) else {
            peers.specs.push(PeerSpec::Unknown(self.base.unknown("selector", item)));
            return;
        };
        self.select_reserved(&parts, peers);
        if parts.never {
            return;
        }
        let own = (self.base.cluster, self.in_own_cluster(&parts));
        let elsewhere = self.elsewhere(&parts);
        for (cluster, answer) in [own].into_iter().chain(elsewhere) {
            let doubt = match answer {
                Some(false) => continue,
                Some(true) => None,
                None => {
                    Some(self.base.reading.conditions.id("the name of a cluster in its mesh is not known"))
                }
            };
            let spec = self.pods_of(cluster, &parts);
            peers.specs.push(when(spec, doubt));
        }
    }

    /// The pods of a cluster that a selector matches.
    fn pods_of(&mut self, cluster: ClusterId, parts: &Parts) -> PeerSpec {
        let pods = self.base.selector(parts.pods.clone());
        let everywhere = parts.reserved || parts.names_namespace;
        let scope = match &self.namespace {
            Some((own, _)) if !everywhere && cluster == self.base.cluster => Scope::Within(*own),
            Some((_, name)) if !everywhere => {
                let own = Selector { requirements: vec![name_is(name)], unreadable: Vec::new() };
                Scope::Matching(cluster, self.base.selector(own))
            }
            _ => Scope::Matching(cluster, self.base.selector(parts.namespaces.clone())),
        };
        PeerSpec::Pods(self.base.reading.sets.id(scope, pods))
    }

    /// Whether pods of the policy's own cluster are selected, as far as their cluster goes.
    fn in_own_cluster(&self, parts: &Parts) -> Option<bool> {
        holds(&parts.clusters, self.config().cluster_name())
    }

    fn in_own_cluster_unknown(&self, clusters: &[Requirement]) -> bool {
        holds(clusters, self.config().cluster_name()).is_none()
    }

    fn unknown_cluster(&self) -> Unreadable {
        Unreadable { why: "the name of the cluster in its mesh is not known".to_owned(), location: None }
    }

    /// The other clusters of which pods may be selected. Without a name of a cluster in it, a selector stays
    /// in its own (`policy-default-local-cluster`).
    fn elsewhere(&self, parts: &Parts) -> Vec<(ClusterId, Option<bool>)> {
        if parts.clusters.is_empty() && !parts.reserved && self.stays_local() == Some(true) {
            return Vec::new();
        }
        let others = self.around.clusters.iter().filter(|cluster| cluster.id != self.base.cluster);
        others.map(|cluster| (cluster.id, holds(&parts.clusters, cluster.config.cluster_name()))).collect()
    }

    fn stays_local(&self) -> Option<bool> {
        self.config().switch("policy-default-local-cluster", true).ok()
    }

    /// Adds those that are no pods. They have neither a namespace nor a cluster.
    fn select_reserved(&mut self, parts: &Parts, peers: &mut Peers) {
        let asks_for_namespace = match &self.namespace {
            _ if parts.names_by_name => false,
            Some(_) => !parts.names_namespace,
            None => !self.matches_init,
        };
        let asks_for_cluster = parts.clusters.is_empty() && self.stays_local() == Some(true);
        if !parts.reserved && (asks_for_namespace || asks_for_cluster) {
            return;
        }
        for reserved in Reserved::ALL {
            let answers = parts.all.iter().map(|requirement| of_reserved(requirement, reserved));
            let readable = if parts.pods.unreadable.is_empty() { Some(true) } else { None };
            match ringfence_model::selector::all(answers.chain([readable])) {
                Some(true) => peers.add(reserved, None),
                Some(false) => {}
                None => {
                    let why = "which identities besides pods a selector matches is not known";
                    peers.add(reserved, Some(self.base.reading.conditions.id(why)));
                }
            }
        }
    }
}

/// Whether what is no pod meets a requirement.
fn of_reserved(requirement: &Requirement, reserved: Reserved) -> Option<bool> {
    let (source, name) = source(&requirement.key);
    let value_is_empty = |operator: &Operator| match operator {
        Operator::In(values) => values.iter().any(|value| value.is_empty()),
        Operator::NotIn(values) => values.iter().all(|value| !value.is_empty()),
        Operator::Exists => true,
        Operator::DoesNotExist => false,
    };
    match source {
        // Addresses and nodes may have labels of these sources.
        Source::Other => None,
        Source::Kubernetes => Some(holds_without(&requirement.operator)),
        Source::Any | Source::Reserved if name == reserved.name() => {
            Some(value_is_empty(&requirement.operator))
        }
        // The API server is on a node or outside.
        Source::Any | Source::Reserved
            if reserved == Reserved::ApiServer && matches!(name, "world" | "host" | "remote-node") =>
        {
            None
        }
        Source::Any | Source::Reserved
            if matches!(reserved, Reserved::Host | Reserved::RemoteNode) && name == "kube-apiserver" =>
        {
            None
        }
        Source::Any | Source::Reserved if reserved == Reserved::World && name.starts_with("world-") => None,
        Source::Any | Source::Reserved => Some(holds_without(&requirement.operator)),
    }
}

fn holds(requirements: &[Requirement], cluster: Option<&str>) -> Option<bool> {
    match cluster {
        _ if requirements.is_empty() => Some(true),
        None => None,
        Some(name) => {
            let labels = [(Text::const_new(CLUSTER), Text::from(name))].into_iter().collect();
            Some(requirements.iter().all(|one| one.holds(&labels)))
        }
    }
}

fn name_is(name: &Text) -> Requirement {
    Requirement { key: NAME_LABEL.into(), operator: Operator::In(vec![name.clone()]) }
}

impl Reading<'_> {
    /// Says that a selector asks for a label that Cilium does not keep.
    pub(crate) fn dropped_label(&mut self, key: &str, policy: &str, location: Option<Location>) {
        let message =
            format!("a selector of `{policy}` asks for label `{key}`, which Cilium does not keep of pods");
        self.diagnostics.push(
            Diagnostic::warning("label-not-identity", message)
                .at(location)
                .help("select by another label, or add this one to `labels` of `cilium-config`"),
        );
    }
}

/// The namespace of a policy, with its name.
pub(super) type Own = Option<(NamespaceId, Text)>;
