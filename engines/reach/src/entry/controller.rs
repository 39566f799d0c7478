//! Ingress controllers and gateways that are pods of the cluster: which they are.
//!
//! They are ordinary pods: what they may reach and who may reach them is a question to policies. A
//! controller is recognised by the name that its IngressClass or GatewayClass gives it, its pods by the
//! images and labels that the project ships.

use ringfence_model::{Estate, Field, Instance, Labels, Node, Text, Workload, WorkloadId, pod_spec};
use rustc_hash::FxHashMap;

/// A controller whose data plane is pods.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// `spec.controller` of an IngressClass, or `controllerName` of a GatewayClass; all that begins so
    /// where it ends in `/`.
    controllers: &'static [&'static str],
    /// Names that people give its class.
    classes: &'static [&'static str],
    /// Repositories of its images, from the last path segments on.
    images: &'static [&'static str],
    /// Labels of its pods: all of one list.
    labels: &'static [&'static [(&'static str, &'static str)]],
}

const NAME: &str = "app.kubernetes.io/name";
const COMPONENT: &str = "app.kubernetes.io/component";

/// The controllers that are known, from their own charts and manifests.
pub(super) const KNOWN: [Known; 14] = [
    Known {
        controllers: &["k8s.io/ingress-nginx"],
        classes: &["nginx"],
        images: &[
            "ingress-nginx/controller",
            "ingress-nginx/controller-chroot",
            "bitnami/nginx-ingress-controller",
            "kubernetes-ingress-controller/nginx-ingress-controller",
        ],
        labels: &[&[(NAME, "ingress-nginx"), (COMPONENT, "controller")]],
    },
    Known {
        controllers: &["nginx.org/ingress-controller"],
        classes: &["nginx"],
        images: &["nginx/nginx-ingress", "nginx-ic/nginx-plus-ingress"],
        labels: &[&[(NAME, "nginx-ingress")]],
    },
    Known {
        controllers: &["traefik.io/ingress-controller", "traefik.io/gateway-controller"],
        classes: &["traefik"],
        images: &["traefik", "traefik/traefik", "traefik-hub/traefik-hub"],
        labels: &[&[(NAME, "traefik")]],
    },
    Known {
        controllers: &["haproxy-ingress.github.io/controller", "haproxy-ingress.github.io/"],
        classes: &["haproxy"],
        images: &["jcmoraisjr/haproxy-ingress"],
        labels: &[&[(NAME, "haproxy-ingress")]],
    },
    Known {
        controllers: &["haproxy.org/ingress-controller", "haproxy.org/ingress-controller/"],
        classes: &["haproxy"],
        images: &["haproxytech/kubernetes-ingress"],
        labels: &[],
    },
    Known {
        controllers: &["projectcontour.io/"],
        classes: &["contour"],
        images: &[],
        labels: &[&[(NAME, "contour"), (COMPONENT, "envoy")], &[("app", "envoy")]],
    },
    Known {
        controllers: &[
            "ingress-controllers.konghq.com/kong",
            "konghq.com/kic-gateway-controller",
            "konghq.com/gateway-operator",
        ],
        classes: &["kong"],
        images: &["kong", "kong/kong", "kong/kong-gateway"],
        labels: &[],
    },
    Known {
        controllers: &["istio.io/ingress-controller", "istio.io/gateway-controller"],
        classes: &["istio"],
        images: &[],
        labels: &[&[("istio", "ingressgateway")]],
    },
    Known {
        controllers: &["getambassador.io/ingress-controller"],
        classes: &["ambassador"],
        images: &["emissaryingress/emissary", "datawire/emissary", "datawire/aes"],
        labels: &[],
    },
    Known {
        controllers: &["higress.io/higress-controller"],
        classes: &["higress"],
        images: &["higress/gateway"],
        labels: &[&[("app", "higress-gateway")]],
    },
    Known {
        controllers: &["gateway.envoyproxy.io/gatewayclass-controller"],
        classes: &[],
        images: &[],
        labels: &[&[(NAME, "envoy"), (COMPONENT, "proxy")]],
    },
    Known {
        controllers: &["gateway.nginx.org/nginx-gateway-controller"],
        classes: &[],
        images: &[
            "nginx-gateway-fabric/nginx",
            "nginx/nginx-gateway-fabric/nginx",
            "nginxinc/nginx-gateway-fabric/nginx",
        ],
        labels: &[],
    },
    Known {
        controllers: &["apisix.apache.org/apisix-ingress", "apisix.apache.org/apisix-ingress-controller"],
        classes: &["apisix"],
        images: &["apache/apisix"],
        labels: &[&[(NAME, "apisix")]],
    },
    Known {
        controllers: &["zalando.org/skipper"],
        classes: &["skipper"],
        images: &["skipper-team/skipper", "zalando/skipper"],
        labels: &[&[("application", "skipper-ingress")]],
    },
];

impl Known {
    /// The controllers of that name.
    pub(super) fn named(controller: &str) -> Vec<&'static Self> {
        let is_it =
            |there: &&str| *there == controller || there.ends_with('/') && controller.starts_with(*there);
        KNOWN.iter().filter(|known| known.controllers.iter().any(is_it)).collect()
    }

    /// The controllers whose class people call so.
    pub(super) fn of_class(class: &str) -> Vec<&'static Self> {
        KNOWN.iter().filter(|known| known.classes.contains(&class)).collect()
    }
}

/// The workloads that look like the pods of a controller, found by one look at all of them.
#[derive(Debug, Default)]
pub(super) struct Controllers {
    found: Vec<Candidate>,
    /// The pods of Gateways, as their labels say.
    gateways: FxHashMap<Gateway, Vec<WorkloadId>>,
}

/// Cluster, namespace and name.
type Gateway = (Option<Text>, Text, Text);

/// Set on the pods that a controller makes for a Gateway beside it (GEP-1762).
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";
/// Set by Envoy Gateway on pods that lie in its own namespace.
const OWNER: [&str; 2] =
    ["gateway.envoyproxy.io/owning-gateway-name", "gateway.envoyproxy.io/owning-gateway-namespace"];

#[derive(Debug)]
struct Candidate {
    workload: WorkloadId,
    cluster: Option<Text>,
    /// Indices into [`KNOWN`].
    known: Vec<usize>,
    /// What `--controller-class` of a container says.
    class: Option<Text>,
}

impl Controllers {
    pub(super) fn new(estate: &Estate) -> Self {
        let found = estate.iter_workloads().filter_map(|(id, workload)| candidate(estate, id, workload));
        let mut found: Vec<Candidate> = found.collect();
        found.sort_by_cached_key(|candidate| estate.workload(candidate.workload).map(Workload::label));
        let mut controllers = Self { found, gateways: FxHashMap::default() };
        for (id, workload) in estate.iter_workloads() {
            if let Some(gateway) = gateway_of(workload) {
                controllers.gateways.entry(gateway).or_default().push(id);
            }
        }
        for pods in controllers.gateways.values_mut() {
            pods.sort_by_cached_key(|id| estate.workload(*id).map(Workload::label));
        }
        controllers
    }

    /// The pods that labels show to be those of a Gateway.
    pub(super) fn of_gateway(&self, cluster: Option<&Text>, namespace: &str, name: &str) -> Vec<WorkloadId> {
        let key = (cluster.cloned(), namespace.into(), name.into());
        self.gateways.get(&key).cloned().unwrap_or_default()
    }

    /// The pods of a controller: those that name it in their arguments, else those that look like it.
    pub(super) fn of(&self, cluster: Option<&Text>, controller: &str, known: &[&Known]) -> Vec<WorkloadId> {
        let here = || self.found.iter().filter(|candidate| candidate.cluster.as_ref() == cluster);
        let named: Vec<WorkloadId> = here()
            .filter(|candidate| candidate.class.as_deref() == Some(controller))
            .map(|candidate| candidate.workload)
            .collect();
        if !named.is_empty() {
            return named;
        }
        let looks = |candidate: &&Candidate| {
            let is_known = |index: &usize| KNOWN.get(*index).is_some_and(|one| known.contains(&one));
            // One that names another class takes nothing of this one.
            candidate.class.is_none() && candidate.known.iter().any(is_known)
        };
        here().filter(looks).map(|candidate| candidate.workload).collect()
    }
}

/// The Gateway whose pods these are, as a label of any of them says.
fn gateway_of(workload: &Workload) -> Option<Gateway> {
    let [owner, namespace] = OWNER;
    workload.instances.iter().find_map(|pod| {
        let beside = pod.labels.get(GATEWAY_NAME).map(|name| (workload.namespace.as_str(), name));
        let (namespace, name) = pod.labels.get(namespace).zip(pod.labels.get(owner)).or(beside)?;
        Some((workload.cluster.clone(), namespace.into(), name.into()))
    })
}

fn candidate(estate: &Estate, id: WorkloadId, workload: &Workload) -> Option<Candidate> {
    let pod = workload.instances.first()?;
    let resource = estate.resource(pod.resource)?;
    let spec = pod_spec(&resource.kind, &resource.body).and_then(Field::present);
    let containers = spec.and_then(|spec| spec.get("containers")).map(Node::items).unwrap_or_default();
    let class =
        containers.iter().flat_map(arguments).find_map(|text| text.strip_prefix("--controller-class="));
    let known = KNOWN.iter().enumerate().filter(|(_, known)| looks_like(known, pod, containers));
    let known: Vec<usize> = known.map(|(index, _)| index).collect();
    if known.is_empty() && class.is_none() {
        return None;
    }
    Some(Candidate { workload: id, cluster: workload.cluster.clone(), known, class: class.map(Text::from) })
}

fn arguments(container: &Node) -> impl Iterator<Item = &str> {
    let lists = ["args", "command"].into_iter().filter_map(|key| container.get(key));
    lists.flat_map(Node::items).filter_map(Node::as_str)
}

fn looks_like(known: &Known, pod: &Instance, containers: &[Node]) -> bool {
    let images = containers.iter().filter_map(|container| container.text("image"));
    let mut repositories = images.map(repository);
    known.labels.iter().any(|all| carries(&pod.labels, all))
        || repositories.any(|repository| known.images.iter().any(|image| ends(repository, image)))
}

fn carries(labels: &Labels, all: &[(&str, &str)]) -> bool {
    all.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// An image without tag and digest.
fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    }
}

/// Whether `repository` ends in the path `image`; a bare name is an official image.
fn ends(repository: &str, image: &str) -> bool {
    match repository.strip_suffix(image) {
        Some("" | "docker.io/library/" | "library/" | "docker.io/") => true,
        Some(before) => image.contains('/') && before.ends_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_recognised_by_their_last_segments() {
        for (image, wanted, is_it) in [
            ("registry.k8s.io/ingress-nginx/controller:v1.11.1@sha256:ab", "ingress-nginx/controller", true),
            (
                "123.dkr.ecr.eu-west-1.amazonaws.com/mirror/ingress-nginx/controller:v1",
                "ingress-nginx/controller",
                true,
            ),
            ("registry.k8s.io/my-ingress-nginx/controller", "ingress-nginx/controller", false),
            ("traefik:v3", "traefik", true),
            ("docker.io/library/traefik", "traefik", true),
            ("localhost:5000/whoami/traefik", "traefik", false),
            ("traefik/whoami", "traefik", false),
        ] {
            assert_eq!(ends(repository(image), wanted), is_it, "{image}");
        }
    }

    #[test]
    fn a_name_stands_for_its_controllers() {
        assert_eq!(Known::named("k8s.io/ingress-nginx").len(), 1);
        assert_eq!(Known::named("projectcontour.io/contour/contour").len(), 1);
        assert_eq!(Known::named("example.com/other").len(), 0);
        assert_eq!(Known::of_class("nginx").len(), 2);
    }
}
