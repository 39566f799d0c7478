//! Calico and Cilium: by what runs them, else by their kinds of policies and the definitions of those.

use ringfence_model::Resource;

use super::{Shown, Sighting};

/// An engine that is not AWS's own.
struct Other {
    name: &'static str,
    title: &'static str,
    /// DaemonSets that run it; the namespaces that their charts and manifests use.
    daemons: &'static [&'static str],
    /// Further objects that show it: kind, name (any where empty).
    objects: &'static [(&'static str, &'static str)],
    /// API groups of its policies.
    groups: &'static [&'static str],
    /// Kinds of its policies.
    policies: &'static [&'static str],
}

const DEFINITION: &str = "apiextensions.k8s.io/v1/CustomResourceDefinition";

const OTHERS: [Other; 2] = [
    Other {
        name: "calico",
        title: "Calico",
        daemons: &["calico-node"],
        objects: &[("operator.tigera.io/v1/Installation", "")],
        groups: &["crd.projectcalico.org", "projectcalico.org"],
        policies: &[
            "projectcalico.org/v3/GlobalNetworkPolicy",
            "projectcalico.org/v3/NetworkPolicy",
            "crd.projectcalico.org/v1/GlobalNetworkPolicy",
            "crd.projectcalico.org/v1/NetworkPolicy",
        ],
    },
    Other {
        name: "cilium",
        title: "Cilium",
        daemons: &["cilium"],
        objects: &[("v1/ConfigMap", "cilium-config")],
        groups: &["cilium.io"],
        policies: &["cilium.io/v2/CiliumClusterwideNetworkPolicy", "cilium.io/v2/CiliumNetworkPolicy"],
    },
];

impl<'a> Shown<'a> {
    /// The engines besides AWS's own that the cluster shows.
    pub(super) fn others(self) -> Vec<Sighting> {
        OTHERS.iter().filter_map(|other| self.other_engine(other)).collect()
    }

    fn other_engine(self, other: &'static Other) -> Option<Sighting> {
        let daemons = self.objects("apps/v1/DaemonSet").map(|(_, resource)| resource);
        let daemon = daemons.filter(|daemon| other.daemons.contains(&daemon.name.as_str())).min_by_key(order);
        let objects = other.objects.iter().flat_map(|(kind, name)| {
            let named = move |resource: &&Resource| name.is_empty() || resource.name == *name;
            self.objects(kind).map(|(_, resource)| resource).filter(named)
        });
        let found = daemon.or_else(|| objects.min_by_key(order)).or_else(|| self.policy_of(other));
        let sighting = |resource: &Resource| Sighting {
            name: other.name,
            reason: format!("`{}` shows {}", resource.label(), other.title),
            location: resource.location(),
        };
        found.map(sighting)
    }

    /// A policy of its own kind, or the definition of one.
    fn policy_of(self, other: &'static Other) -> Option<&'a Resource> {
        let policies = other.policies.iter().flat_map(|kind| self.objects(kind));
        let is_its =
            |name: &str| name.split_once('.').is_some_and(|(_, group)| other.groups.contains(&group));
        let definitions = self.objects(DEFINITION).filter(|(_, definition)| is_its(&definition.name));
        policies.chain(definitions).map(|(_, resource)| resource).min_by_key(order)
    }
}

/// An order that does not hang on the order of files.
pub(super) fn order<'r>(resource: &&'r Resource) -> (&'r str, &'r str, &'r str) {
    (resource.kind.as_str(), resource.namespace(), resource.name.as_str())
}
