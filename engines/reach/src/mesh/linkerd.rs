//! Linkerd: a Server takes a port of pods and denies it; authorizations let clients in again. Ports that no
//! Server takes are left to the default of the pod, the namespace, or the mesh.
//!
//! As the policy controller has it (linkerd2: `policy-controller/k8s/index/src/inbound`).

mod authentication;
mod authorization;
mod default;
mod server;

use ringfence_model::{Estate, Resource, ResourceId, Text};
use rustc_hash::FxHashMap;

use super::Mesh;
use super::mark;
use super::peers::Identities;
use crate::namespace::ClusterId;
use crate::policy::{Policy, Reading};

const SERVERS: [&str; 4] = [
    "policy.linkerd.io/v1beta3/Server",
    "policy.linkerd.io/v1beta2/Server",
    "policy.linkerd.io/v1beta1/Server",
    "policy.linkerd.io/v1alpha1/Server",
];
const SERVER_AUTHORIZATIONS: [&str; 2] =
    ["policy.linkerd.io/v1beta1/ServerAuthorization", "policy.linkerd.io/v1alpha1/ServerAuthorization"];
const POLICIES: [&str; 1] = ["policy.linkerd.io/v1alpha1/AuthorizationPolicy"];
const MESH_TLS: [&str; 1] = ["policy.linkerd.io/v1alpha1/MeshTLSAuthentication"];
const NETWORKS: [&str; 1] = ["policy.linkerd.io/v1alpha1/NetworkAuthentication"];
const ROUTES: [&str; 8] = [
    "policy.linkerd.io/v1beta3/HTTPRoute",
    "policy.linkerd.io/v1beta2/HTTPRoute",
    "policy.linkerd.io/v1beta1/HTTPRoute",
    "policy.linkerd.io/v1alpha1/HTTPRoute",
    "gateway.networking.k8s.io/v1/HTTPRoute",
    "gateway.networking.k8s.io/v1beta1/HTTPRoute",
    "gateway.networking.k8s.io/v1/GRPCRoute",
    "gateway.networking.k8s.io/v1alpha2/GRPCRoute",
];

/// Cluster and namespace.
type Home<'e> = (Option<&'e Text>, &'e str);

/// The objects of one kind, by where they are.
type Objects<'e> = FxHashMap<Home<'e>, Vec<(ResourceId, &'e Resource)>>;

/// All objects of Linkerd.
struct Linkerd<'e> {
    estate: &'e Estate,
    servers: Vec<(ResourceId, &'e Resource)>,
    authorizations: Objects<'e>,
    policies: Objects<'e>,
    mesh_tls: Objects<'e>,
    networks: Objects<'e>,
    routes: Objects<'e>,
}

/// Reads all objects of Linkerd.
pub(super) fn read(estate: &Estate, reading: &mut Reading<'_>, mesh: &mut Mesh, policies: &mut Vec<Policy>) {
    let linkerd = Linkerd {
        estate,
        servers: objects(estate, &SERVERS),
        authorizations: by_home(objects(estate, &SERVER_AUTHORIZATIONS)),
        policies: by_home(objects(estate, &POLICIES)),
        mesh_tls: by_home(objects(estate, &MESH_TLS)),
        networks: by_home(objects(estate, &NETWORKS)),
        routes: by_home(objects(estate, &ROUTES)),
    };
    linkerd.add_servers(reading, mesh, policies);
    linkerd.add_defaults(reading, mesh, policies);
}

fn objects<'e>(estate: &'e Estate, kinds: &[&str]) -> Vec<(ResourceId, &'e Resource)> {
    let ids = kinds.iter().flat_map(|kind| estate.of_kind(kind));
    ids.filter_map(|id| Some((*id, estate.resource(*id)?))).collect()
}

fn by_home<'e>(objects: Vec<(ResourceId, &'e Resource)>) -> Objects<'e> {
    let mut homes: Objects<'e> = FxHashMap::default();
    for (id, object) in objects {
        homes.entry(home(object)).or_default().push((id, object));
    }
    for objects in homes.values_mut() {
        objects.sort_by(|a, b| (&a.1.name, a.1.location()).cmp(&(&b.1.name, b.1.location())));
    }
    homes
}

fn home(object: &Resource) -> Home<'_> {
    (object.place.cluster.as_ref(), object.namespace())
}

fn identities<'m>(mesh: &'m Mesh, cluster: ClusterId, name: Option<&'m Text>) -> Identities<'m> {
    Identities { mark: mark::LINKERD_IDENTITY, cluster, name, seen: &mesh.marks }
}
