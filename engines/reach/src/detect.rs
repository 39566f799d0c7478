//! Which engine enforces policies in each cluster, as far as the estate shows it, and what shows it.
//!
//! An engine is shown by what runs it (DaemonSets, the operator's Installation, the settings of an add-on),
//! by what it makes (PolicyEndpoints), and at last by its kinds of policies and their definitions. Where
//! nothing shows one, the API definition holds.

mod addon;
mod agent;
mod others;

use std::net::IpAddr;

use ringfence_model::{
    Diagnostic, Estate, Field, Location, Relation, Resource, ResourceId, Text, cluster_name,
};

use crate::address::Family;
use crate::profile::{Chosen, Engine, Profile};

pub(crate) use agent::Versions;

/// The profile of each of `clusters`.
pub(crate) fn detect(estate: &Estate, clusters: Vec<Option<Text>>) -> (Vec<Chosen>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let only = clusters.len() == 1;
    let chosen = clusters.into_iter().map(|cluster| {
        let shown = Shown { estate, cluster: cluster.as_ref(), only };
        shown.choose(&mut diagnostics)
    });
    (chosen.collect(), diagnostics)
}

/// The only address family of a cluster's pods and services; EKS knows no dual stack.
pub(crate) fn family(estate: &Estate, cluster: Option<&Text>) -> Option<Family> {
    let shown = Shown { estate, cluster, only: estate.of_kind("AWS::EKS::Cluster").len() <= 1 };
    let written = shown.cluster().map(|(_, cluster)| cluster.body.field("KubernetesNetworkConfig.IpFamily"));
    match written {
        Some(Field::Unresolved(..)) => return None,
        Some(Field::Present(node)) => {
            let v6 = node.as_str().is_some_and(|family| family.eq_ignore_ascii_case("ipv6"));
            return Some(if v6 { Family::V6 } else { Family::V4 });
        }
        Some(Field::Absent) => return Some(Family::V4),
        None => {}
    }
    let pods = estate.workloads().iter().filter(|workload| workload.cluster.as_ref() == cluster);
    let mut addresses =
        pods.flat_map(|workload| &workload.instances).flat_map(|pod| &pod.addresses).peekable();
    let v6 = addresses.peek().is_some() && addresses.all(IpAddr::is_ipv6);
    Some(if v6 { Family::V6 } else { Family::V4 })
}

/// The Fargate profiles of a cluster.
pub(crate) fn fargate_profiles<'a>(
    estate: &'a Estate,
    cluster: Option<&'a Text>,
) -> impl Iterator<Item = &'a Resource> {
    let only = estate.of_kind("AWS::EKS::Cluster").len() <= 1;
    let shown = Shown { estate, cluster, only };
    shown.parts("AWS::EKS::FargateProfile").map(|(_, profile)| profile)
}

/// What the estate shows of one cluster.
#[derive(Clone, Copy, Debug)]
struct Shown<'a> {
    estate: &'a Estate,
    cluster: Option<&'a Text>,
    /// Whether there is no other.
    only: bool,
}

/// An engine, and what shows it.
#[derive(Clone, Debug)]
struct Sighting {
    name: &'static str,
    /// One clause.
    reason: String,
    location: Option<Location>,
}

impl<'a> Shown<'a> {
    /// Kubernetes objects of a kind, whatever its version.
    fn objects(self, kind: &'a str) -> impl Iterator<Item = (ResourceId, &'a Resource)> {
        let ids = self.estate.of_kind(kind).iter();
        let resources = ids.filter_map(move |id| Some((*id, self.estate.resource(*id)?)));
        resources.filter(move |(_, resource)| resource.place.cluster.as_ref() == self.cluster)
    }

    fn object(self, kind: &'a str, namespaces: &'a [&str], name: &'a str) -> Option<&'a Resource> {
        let mut found = self
            .objects(kind)
            .map(|(_, resource)| resource)
            .filter(|resource| resource.name == name && namespaces.contains(&resource.namespace()));
        found.next()
    }

    /// AWS resources of a kind that belong to the cluster.
    fn parts(self, kind: &'a str) -> impl Iterator<Item = (ResourceId, &'a Resource)> {
        let ids = self.estate.of_kind(kind).iter();
        let resources = ids.filter_map(move |id| Some((*id, self.estate.resource(*id)?)));
        resources.filter(move |(id, resource)| self.has(*id, resource))
    }

    /// Whether a node group, an add-on and the like belongs to the cluster.
    fn has(self, id: ResourceId, part: &Resource) -> bool {
        let links = self.estate.links_from(id).iter();
        let cluster = links
            .filter(|link| link.relation == Relation::Cluster)
            .find_map(|link| self.estate.resource(link.to));
        match cluster.map(cluster_name).or_else(|| part.body.text("ClusterName")) {
            Some(name) => self.cluster.is_none_or(|cluster| cluster == name),
            None => self.only,
        }
    }

    /// The cluster itself.
    fn cluster(self) -> Option<(ResourceId, &'a Resource)> {
        let ids = self.estate.of_kind("AWS::EKS::Cluster").iter();
        let mut all = ids.filter_map(|id| Some((*id, self.estate.resource(*id)?)));
        all.find(|(_, resource)| match self.cluster {
            Some(name) => cluster_name(resource) == name,
            None => self.only,
        })
    }

    fn choose(self, diagnostics: &mut Vec<Diagnostic>) -> Chosen {
        let agent = self.agent(diagnostics);
        let others = self.others();
        let mut chosen = match (agent, others.as_slice()) {
            (agent::State::Off(what), []) => self.off(what),
            (agent::State::On(what), []) => self.aws(what, None),
            (agent::State::Perhaps(what), []) => self.aws(what.clone(), Some(what)),
            (agent::State::Unseen, []) => Chosen::new(
                self.cluster.cloned(),
                Profile::Spec,
                "nothing that was read shows an engine".to_owned(),
                None,
            ),
            (agent::State::Off(_) | agent::State::Unseen, [other]) => self.other(other),
            (agent::State::On(what) | agent::State::Perhaps(what), [other, ..]) => {
                two(self.aws(what.clone(), None), &what, other)
            }
            (_, [one, other, ..]) => two(self.other(one), one, other),
        };
        if chosen.profile == Profile::AwsVpcCni {
            self.set(&mut chosen);
        }
        chosen
    }

    fn aws(self, what: Sighting, perhaps: Option<Sighting>) -> Chosen {
        let mut chosen = Chosen::new(self.cluster.cloned(), Profile::AwsVpcCni, what.reason, what.location);
        if let Some(what) = perhaps {
            chosen.engine = Engine::Perhaps(what.reason, what.location);
        }
        chosen
    }

    fn off(self, what: Sighting) -> Chosen {
        let mut chosen = self.aws(what.clone(), None);
        chosen.engine = Engine::Off(what.reason, what.location);
        chosen
    }

    fn other(self, what: &Sighting) -> Chosen {
        let cluster = self.cluster.cloned();
        match Profile::parse(what.name) {
            Some(profile) => Chosen::new(cluster, profile, what.reason.clone(), what.location),
            None => {
                let reason = format!("{}, whose profile is not built", what.reason);
                let mut chosen = Chosen::new(cluster, Profile::Spec, reason.clone(), what.location);
                chosen.engine = Engine::Perhaps(reason, what.location);
                chosen
            }
        }
    }
}

/// Neither of two engines supports the other.
fn two(mut chosen: Chosen, one: &Sighting, other: &Sighting) -> Chosen {
    let reason = format!("two engines are at work at once: {}, and {}", one.reason, other.reason);
    chosen.engine = Engine::Two(reason, other.location.or(one.location));
    chosen
}
