//! Enforcement as a fact of its own: on which pods an engine enforces policies, and where none does.
//!
//! What is said of a pod is said for all pods alike: a reason names a cluster's setting, a Fargate profile or a
//! kind of pod, never one pod, so that it parts no classes.

use ringfence_model::fact::{Enforcement, Peer, Policed};
use ringfence_model::{Estate, Field, Instance, Location, Node, Resource, Text, Workload, glob, pod_spec};
use rustc_hash::FxHashMap;

use crate::Reach;
use crate::condition::{Certainty, ConditionId, Conditions};
use crate::detect;
use crate::namespace::{ClusterId, Namespaces};
use crate::pod::{Enforced, HostNetwork};
use crate::profile::{Chosen, Engine, Profile, Profiles};

/// Says of pods whether their policies are enforced.
#[derive(Debug)]
pub(crate) struct Policing {
    /// By cluster.
    clusters: Vec<Cluster>,
}

#[derive(Debug)]
struct Cluster {
    /// What holds for every pod, unless more is known of it.
    all: Enforced,
    /// Why nothing at all is certain of a pod.
    doubt: Certainty,
    fargate: Vec<FargateProfile>,
    /// Set where AWS's agent is the engine.
    agent: Option<Agent>,
    /// Whether a pod on Fargate is looked for at all.
    detects: bool,
    on_fargate: ConditionId,
}

/// Why the agent does not police a pod.
#[derive(Clone, Copy, Debug)]
struct Agent {
    windows: ConditionId,
    windows_perhaps: ConditionId,
    host: ConditionId,
    /// Absent in the steady state that a fixed profile means.
    without_owner: Certainty,
}

/// A Fargate profile: the pods that it takes.
#[derive(Debug)]
struct FargateProfile {
    selectors: Vec<FargateSelector>,
    on: ConditionId,
    perhaps: ConditionId,
}

#[derive(Debug)]
struct FargateSelector {
    /// `None`: not known.
    namespace: Option<Text>,
    labels: Vec<(Text, Text)>,
    /// Whether a part of it is not known.
    unknown: bool,
}

/// Where the reasons are written.
pub(crate) type Places = FxHashMap<ConditionId, Option<Location>>;

impl Policing {
    pub(crate) fn new(
        estate: &Estate,
        namespaces: &Namespaces,
        profiles: &Profiles,
        conditions: &mut Conditions,
    ) -> (Self, Places) {
        let mut places = Places::default();
        let clusters = namespaces.named_clusters().map(|(id, name)| {
            let chosen = profiles.of(id);
            Cluster::new(estate, name, chosen, profiles.detects(), conditions, &mut places)
        });
        (Self { clusters: clusters.collect() }, places)
    }

    /// Whether the policies of a pod are enforced, and why nothing is certain of it.
    pub(crate) fn of(
        &self,
        cluster: ClusterId,
        workload: &Workload,
        pod: &Instance,
        resource: &Resource,
        host: HostNetwork,
    ) -> (Enforced, Certainty) {
        let Some(cluster) = self.clusters.get(cluster.index()) else { return (Enforced::Yes, None) };
        let special = cluster
            .fargate(workload, pod, resource)
            .or_else(|| cluster.agent.and_then(|agent| agent.of(workload, resource, host)));
        let enforced = match (cluster.all, special) {
            (Enforced::No(why), _) => Enforced::No(why),
            (Enforced::Perhaps(why), None) => Enforced::Perhaps(why),
            (_, Some(special)) => special,
            (Enforced::Yes, None) => Enforced::Yes,
        };
        (enforced, cluster.doubt.filter(|_| !matches!(enforced, Enforced::No(_))))
    }
}

impl Cluster {
    fn new(
        estate: &Estate,
        name: Option<&Text>,
        chosen: Option<&Chosen>,
        detects: bool,
        conditions: &mut Conditions,
        places: &mut Places,
    ) -> Self {
        let mut place = |conditions: &mut Conditions, text: &str, at: Option<Location>| {
            let id = conditions.id(text);
            places.entry(id).or_insert(at);
            id
        };
        let (mut all, mut doubt) = (Enforced::Yes, None);
        match chosen.map(|chosen| &chosen.engine) {
            None | Some(Engine::On) => {}
            Some(Engine::Off(why, at)) => all = Enforced::No(place(conditions, why, *at)),
            Some(Engine::Perhaps(why, at)) => all = Enforced::Perhaps(place(conditions, why, *at)),
            Some(Engine::Two(why, at)) => {
                let id = place(conditions, why, *at);
                (all, doubt) = (Enforced::Perhaps(id), Some(id));
            }
        }
        let profile = chosen.map_or(Profile::Spec, |chosen| chosen.profile);
        let is_agent = profile == Profile::AwsVpcCni;
        let mut fargate = Vec::new();
        if detects || is_agent {
            for profile in detect::fargate_profiles(estate, name) {
                let label = profile.label();
                let on = format!("`{label}` takes the pod, and no engine enforces policies on Fargate");
                let perhaps = format!(
                    "whether `{label}` takes the pod, where no engine enforces policies, is not known"
                );
                fargate.push(FargateProfile {
                    selectors: selectors(profile),
                    on: place(conditions, &on, profile.location()),
                    perhaps: place(conditions, &perhaps, profile.location()),
                });
            }
        }
        let mut id = |text: &str| place(conditions, text, None);
        let agent = is_agent.then(|| Agent {
            windows: id("the pod runs on a Windows node, where the agent of the VPC CNI does not enforce policies"),
            windows_perhaps: id("whether the pod runs on a Windows node, where policies are not enforced, is not known"),
            host: id("the pod is on the host network, where no policy selects it"),
            without_owner: detects.then(|| {
                id("the pod has no owner, and whether its policies are enforced depends on the version of the agent")
            }),
        });
        let on_fargate = id("the pod runs on Fargate, where no engine enforces policies");
        Self { all, doubt, fargate, agent, detects: detects || is_agent, on_fargate }
    }

    /// Whether the pod runs on Fargate: its node or its labels say so, or a profile takes it.
    fn fargate(&self, workload: &Workload, pod: &Instance, resource: &Resource) -> Option<Enforced> {
        if !self.detects {
            return None;
        }
        if let Some(node) = &pod.node {
            return node.starts_with("fargate-").then_some(Enforced::No(self.on_fargate));
        }
        if pod.labels.get("eks.amazonaws.com/fargate-profile").is_some() || asks_for_fargate(resource) {
            return Some(Enforced::No(self.on_fargate));
        }
        if workload.kind == "DaemonSet" {
            return None;
        }
        let matches = self.fargate.iter().filter_map(|profile| {
            Some(match profile.takes(workload, pod)? {
                true => Enforced::No(profile.on),
                false => Enforced::Perhaps(profile.perhaps),
            })
        });
        // One that certainly takes the pod tells more than one that may.
        matches.min_by_key(|enforced| !matches!(enforced, Enforced::No(_)))
    }
}

impl FargateProfile {
    /// Whether it takes the pod for certain, or perhaps; `None` for not at all.
    fn takes(&self, workload: &Workload, pod: &Instance) -> Option<bool> {
        let found = self.selectors.iter().filter_map(|selector| selector.selects(workload, pod));
        found.max()
    }
}

impl FargateSelector {
    /// Namespaces and label values may hold wildcards.
    fn selects(&self, workload: &Workload, pod: &Instance) -> Option<bool> {
        let namespace = self.namespace.as_ref().is_none_or(|pattern| glob(pattern, &workload.namespace));
        let label =
            |(key, pattern): &(Text, Text)| pod.labels.get(key).is_some_and(|value| glob(pattern, value));
        (namespace && self.labels.iter().all(label)).then_some(self.namespace.is_some() && !self.unknown)
    }
}

fn selectors(profile: &Resource) -> Vec<FargateSelector> {
    let all = match profile.body.field("Selectors") {
        Field::Present(node) => node.items(),
        Field::Absent => &[],
        Field::Unresolved(..) => {
            return vec![FargateSelector { namespace: None, labels: Vec::new(), unknown: true }];
        }
    };
    all.iter().map(selector).collect()
}

fn selector(node: &Node) -> FargateSelector {
    let namespace = node.text("Namespace").map(Text::from);
    let (mut labels, mut unknown) = (Vec::new(), node.as_unresolved().is_some());
    match node.field("Labels") {
        Field::Absent => {}
        Field::Unresolved(..) => unknown = true,
        Field::Present(list) => {
            for label in list.items() {
                match label.text("Key").zip(label.text("Value")) {
                    Some((key, value)) => labels.push((key.into(), value.into())),
                    None => unknown = true,
                }
            }
        }
    }
    FargateSelector { namespace, labels, unknown }
}

fn asks_for_fargate(resource: &Resource) -> bool {
    node_label(resource, "eks.amazonaws.com/compute-type") == Some("fargate")
}

/// The value that the pod's `nodeSelector` asks for.
fn node_label<'r>(resource: &'r Resource, key: &str) -> Option<&'r str> {
    spec(resource)?.get("nodeSelector")?.child(key).present()?.as_str()
}

fn spec(resource: &Resource) -> Option<&Node> {
    pod_spec(&resource.kind, &resource.body)?.present()
}

impl Agent {
    fn of(&self, workload: &Workload, resource: &Resource, host: HostNetwork) -> Option<Enforced> {
        if let Some(windows) = self.windows(resource) {
            return Some(windows);
        }
        if host == HostNetwork::Address {
            return Some(Enforced::No(self.host));
        }
        let without_owner = self.without_owner.filter(|_| workload.kind == "Pod");
        without_owner.map(Enforced::Perhaps)
    }

    fn windows(&self, resource: &Resource) -> Option<Enforced> {
        let spec = spec(resource)?;
        let selector = match spec.field("nodeSelector") {
            Field::Present(selector) => selector.child("kubernetes.io/os"),
            _ => Field::Absent,
        };
        let os = spec.field("os.name");
        let is = |field: Field<'_>| field.present().and_then(Node::as_str) == Some("windows");
        if is(selector) || is(os) {
            return Some(Enforced::No(self.windows));
        }
        let unknown = |field: Field<'_>| matches!(field, Field::Unresolved(..));
        (unknown(selector) || unknown(os)).then_some(Enforced::Perhaps(self.windows_perhaps))
    }
}

impl Reach {
    /// On which workloads an engine enforces policies and on which none does, with the reason; workloads of which
    /// the same holds stand together, sorted by the first of them.
    pub fn enforcement(&self, estate: &Estate) -> Vec<Enforcement> {
        let mut all: Vec<Enforcement> = Vec::new();
        let mut known: FxHashMap<(ClusterId, Enforced), usize> = FxHashMap::default();
        for (id, _) in estate.iter_workloads() {
            for class in self.classes.of_workload.get(id.index()).into_iter().flatten() {
                let Some(traits) = self.classes.pods.get(*class as usize) else { continue };
                let cluster = self.namespaces.cluster(traits.namespace);
                let at = *known.entry((cluster, traits.enforced)).or_insert_with(|| {
                    all.push(self.enforcement_of(cluster, traits.enforced));
                    all.len() - 1
                });
                all.get_mut(at).into_iter().for_each(|fact| fact.members.push(Peer::Workload(id)));
            }
        }
        let name = |peer: &Peer| match peer {
            Peer::Workload(id) => estate.workload(*id).map(|one| (one.cluster.clone(), one.label())),
            _ => None,
        };
        for fact in &mut all {
            fact.members.sort_by_cached_key(name);
            fact.members.dedup();
        }
        all.sort_by_cached_key(|fact| fact.members.first().map(name));
        all
    }

    fn enforcement_of(&self, cluster: ClusterId, enforced: Enforced) -> Enforcement {
        let chosen = self.profiles.of(cluster);
        let engine = chosen.map_or(Profile::Spec, |chosen| chosen.profile);
        let of = |condition: ConditionId, policed: Policed| Enforcement {
            members: Vec::new(),
            engine: engine.as_str(),
            policed,
            reason: self.conditions.join(&[condition]).unwrap_or_else(|| "not known".into()),
            location: self.places.get(&condition).copied().flatten(),
        };
        match enforced {
            Enforced::No(condition) => of(condition, Policed::No),
            Enforced::Perhaps(condition) => of(condition, Policed::Perhaps),
            Enforced::Yes => Enforcement {
                members: Vec::new(),
                engine: engine.as_str(),
                policed: Policed::Yes,
                reason: chosen
                    .map_or_else(|| "no engine is shown".into(), |chosen| chosen.reason.as_str().into()),
                location: chosen.and_then(|chosen| chosen.location),
            },
        }
    }
}
