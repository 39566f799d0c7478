//! What policies of Calico refer to besides pods, and how their selectors become sets of pods.

use ringfence_model::fact::Landmark;
use ringfence_model::selector::{Selector, Unreadable};
use ringfence_model::{Estate, Node, Resource, Sources, Text};
use rustc_hash::FxHashMap;

use super::expression::NAMESPACE;
use super::selector::{Expression, Test};
use super::set::{Labelled, host_endpoints, network_sets};
use super::tier::Tiers;
use crate::condition::ConditionId;
use crate::identity::OF_NAMESPACE;
use crate::namespace::{ClusterId, NAME_LABEL};
use crate::policy::{Direction, PeerSpec, Reading, Scope, SetId, Term};
use crate::profile::Profiles;
use crate::selector::SelectorId;

/// What is said of connections that begin or end at a node with a host endpoint.
pub(super) const POLICED: &str = "host endpoints of Calico police connections of the nodes themselves";

/// Cluster, namespace and name of a Service.
type ServiceKey = (Option<Text>, Text, Text);

/// What the policies of a run refer to.
#[derive(Debug)]
pub(crate) struct Around<'a> {
    pub(super) sources: &'a Sources,
    pub(super) tiers: Tiers,
    network_sets: Vec<Labelled>,
    pub(super) host_endpoints: Vec<Labelled>,
    services: FxHashMap<ServiceKey, &'a Resource>,
    slices: FxHashMap<ServiceKey, Vec<&'a Resource>>,
}

impl<'a> Around<'a> {
    pub(crate) fn new(estate: &'a Estate, reading: &mut Reading<'_>) -> Self {
        let of_kind = |kind: &str| estate.of_kind(kind).iter().filter_map(|id| estate.resource(*id));
        let key = |resource: &Resource, name: &str| -> ServiceKey {
            (resource.place.cluster.clone(), resource.namespace().into(), name.into())
        };
        let mut slices: FxHashMap<ServiceKey, Vec<&'a Resource>> = FxHashMap::default();
        for slice in of_kind("discovery.k8s.io/v1/EndpointSlice") {
            let labels = slice.body.get("metadata.labels").map(Node::entries).unwrap_or_default();
            let service = labels.iter().find(|entry| &*entry.key == "kubernetes.io/service-name");
            if let Some(name) = service.and_then(|entry| entry.node.as_str()) {
                slices.entry(key(slice, name)).or_default().push(slice);
            }
        }
        let services = of_kind("v1/Service").map(|service| (key(service, &service.name), service)).collect();
        Self {
            sources: estate.sources(),
            tiers: Tiers::read(estate, reading),
            network_sets: network_sets(estate, reading),
            host_endpoints: host_endpoints(estate, reading),
            services,
            slices,
        }
    }

    /// A Service.
    pub(super) fn service(
        &self,
        cluster: Option<&Text>,
        namespace: &str,
        name: &str,
    ) -> Option<&'a Resource> {
        self.services.get(&(cluster.cloned(), namespace.into(), name.into())).copied()
    }

    /// The endpoint slices of a Service.
    pub(super) fn slices(&self, cluster: Option<&Text>, namespace: &str, name: &str) -> &[&'a Resource] {
        let slices = self.slices.get(&(cluster.cloned(), namespace.into(), name.into()));
        slices.map(Vec::as_slice).unwrap_or_default()
    }

    /// Everyone whom a selector selects: pods, addresses of network sets, and nodes with a host endpoint.
    pub(super) fn selected(
        &self,
        expression: &Expression,
        cluster: (ClusterId, Option<&Text>),
        direction: Direction,
        reading: &mut Reading<'_>,
    ) -> Vec<PeerSpec> {
        let mut any = Vec::new();
        if expression.of_pods() != Expression::none() {
            any.push(PeerSpec::Pods(pods(expression, cluster, reading)));
        }
        for (set, certain) in self.matching(&self.network_sets, expression, cluster.0, reading) {
            let why = format!("a label that decides whether `{}` is selected is not known", set.name);
            let doubt = (!certain).then(|| reading.conditions.id(&why));
            any.extend(set.block.map(|block| PeerSpec::Block(block, doubt)));
            any.extend(set.doubt.map(PeerSpec::Unknown));
            let names = set.domains.iter().filter(|_| direction == Direction::Egress);
            any.extend(names.map(|name| match doubt {
                None => PeerSpec::Name(*name),
                Some(condition) => under(PeerSpec::Name(*name), condition),
            }));
        }
        any.extend(self.nodes(expression, cluster.0, reading));
        any
    }

    /// Whether a selector selects addresses besides pods.
    pub(super) fn selects_addresses(
        &self,
        expression: &Expression,
        cluster: ClusterId,
        reading: &Reading<'_>,
    ) -> bool {
        let sets = self.matching(&self.network_sets, expression, cluster, reading);
        sets.iter().any(|(set, _)| set.block.is_some() || set.doubt.is_some())
    }

    /// Nodes behind host endpoints that a selector selects: which nodes those are is not known.
    fn nodes(&self, expression: &Expression, cluster: ClusterId, reading: &mut Reading<'_>) -> Vec<PeerSpec> {
        let mut any = Vec::new();
        for (endpoint, _) in self.matching(&self.host_endpoints, expression, cluster, reading) {
            let why = format!("which node `{}` stands for is not known", endpoint.name);
            let condition = reading.conditions.id(&why);
            any.extend(endpoint.block.map(|block| PeerSpec::Block(block, None)));
            for node in [PeerSpec::HostNetwork, PeerSpec::Landmark(Landmark::OtherNodes)] {
                any.push(under(node, condition));
            }
        }
        any
    }

    /// The clusters whose nodes have host endpoints, and what is said of connections of those nodes.
    pub(crate) fn policed_nodes(
        &self,
        profiles: &Profiles,
        reading: &mut Reading<'_>,
    ) -> Vec<(ClusterId, ConditionId)> {
        let mut policed: Vec<(ClusterId, ConditionId)> = Vec::new();
        for endpoint in &self.host_endpoints {
            let known = policed.iter().any(|(cluster, _)| *cluster == endpoint.cluster);
            if !known && profiles.switches(endpoint.cluster).calico {
                policed.push((endpoint.cluster, reading.conditions.id(POLICED)));
            }
        }
        policed
    }

    /// Those of `all` that a selector selects, with whether it certainly does.
    pub(super) fn matching<'s>(
        &self,
        all: &'s [Labelled],
        expression: &Expression,
        cluster: ClusterId,
        reading: &Reading<'_>,
    ) -> Vec<(&'s Labelled, bool)> {
        let here = all.iter().filter(|one| one.cluster == cluster);
        let judged = here.map(|one| (one, one.is_selected(expression, reading.namespaces)));
        judged.filter(|(_, yes)| *yes != Some(false)).map(|(one, yes)| (one, yes.is_some())).collect()
    }
}

/// A peer, if something holds that is not known.
pub(super) fn under(peer: PeerSpec, condition: ConditionId) -> PeerSpec {
    let term = |peer| Term { negated: false, any: vec![peer] };
    PeerSpec::Each([term(peer), term(PeerSpec::Unknown(condition))].into())
}

/// The pods that a selector selects.
pub(super) fn pods(
    expression: &Expression,
    (cluster, name): (ClusterId, Option<&Text>),
    reading: &mut Reading<'_>,
) -> SetId {
    let (mut of_namespaces, mut others) = (Vec::new(), Vec::new());
    for part in expression.of_pods().conjuncts() {
        match of_namespace(&part) {
            Some(part) => of_namespaces.push(part),
            None => others.push(part),
        }
    }
    let scope = match of_namespaces.as_slice() {
        [Expression::Label(key, Test::Equal(namespace))] if key == NAME_LABEL => {
            Scope::Within(reading.namespaces.id(name, namespace))
        }
        _ => Scope::Matching(cluster, selector(of_namespaces, reading)),
    };
    let selector = selector(others, reading);
    reading.sets.id(scope, selector)
}

/// A condition that is about labels of the namespace alone, over that namespace's own labels.
fn of_namespace(part: &Expression) -> Option<Expression> {
    let (mut namespaces, mut others) = (0, 0);
    part.each_key(&mut |key| match key.strip_prefix(OF_NAMESPACE) {
        Some(_) => namespaces += 1,
        None => others += 1,
    });
    (namespaces > 0 && others == 0).then(|| {
        part.map(&|leaf| match leaf {
            Expression::Label(key, test) => {
                let key = key.strip_prefix(OF_NAMESPACE).unwrap_or(key);
                Expression::Label(key.into(), test.clone())
            }
            other => other.clone(),
        })
    })
}

/// The selector of all of `parts`: as requirements where they are that simple.
fn selector(parts: Vec<Expression>, reading: &mut Reading<'_>) -> SelectorId {
    let mut necessary = Selector::default();
    let mut simple = true;
    for part in &parts {
        match part.requirement() {
            Some(requirement) => necessary.requirements.push(requirement),
            None => simple &= *part == Expression::Unknown,
        }
    }
    necessary.requirements.sort();
    necessary.requirements.dedup();
    let all = Expression::all_of(parts);
    if all.is_doubtful() {
        let why = "it cannot be read".to_owned();
        necessary.unreadable.push(Unreadable { why, location: None });
    }
    if simple { reading.selectors.id(necessary) } else { reading.selectors.expression(all, necessary) }
}

/// Who is in a namespace.
pub(super) fn within(namespace: &str) -> Expression {
    Expression::equal(NAMESPACE, namespace)
}
