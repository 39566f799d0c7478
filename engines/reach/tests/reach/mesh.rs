//! Service meshes: who is in one, what its policies refuse, what network policies see of it.

use ringfence_model::fact::Protocol;
use ringfence_model::{Diagnostic, Estate};
use ringfence_reach::{Edge, Endpoints, Profile, Reach};
use serde_json::{Value as Json, json};

use crate::fixture::{deployment, estate, namespace, pod, workload};

mod ambient;
mod istio;
mod linkerd;
mod membership;
mod random;
mod spec;

/// A running pod with Istio's proxy beside it and a service account of its own name.
pub(crate) fn meshed(namespace: &str, name: &str, last: u8) -> Json {
    let mut pod = pod(namespace, name, last);
    pod["spec"]["serviceAccountName"] = json!(name);
    pod["metadata"]["labels"]["security.istio.io/tlsMode"] = json!("istio");
    pod["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "istio-proxy"}));
    pod
}

/// A running pod that ztunnel captures.
pub(crate) fn captured(namespace: &str, name: &str, last: u8) -> Json {
    let mut pod = pod(namespace, name, last);
    pod["spec"]["serviceAccountName"] = json!(name);
    pod["metadata"]["labels"]["istio.io/dataplane-mode"] = json!("ambient");
    pod["metadata"]["annotations"] = json!({"ambient.istio.io/redirection": "enabled"});
    pod
}

/// A running pod with Linkerd's proxy beside it.
pub(crate) fn linked(namespace: &str, name: &str, last: u8) -> Json {
    let mut pod = pod(namespace, name, last);
    pod["spec"]["serviceAccountName"] = json!(name);
    pod["metadata"]["labels"]["linkerd.io/control-plane-ns"] = json!("linkerd");
    pod["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "linkerd-proxy"}));
    pod
}

pub(crate) fn authorization(namespace: &str, name: &str, spec: Json) -> Json {
    json!({
        "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
        "metadata": {"name": name, "namespace": namespace}, "spec": spec,
    })
}

pub(crate) fn peer_authentication(namespace: &str, name: &str, spec: Json) -> Json {
    json!({
        "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
        "metadata": {"name": name, "namespace": namespace}, "spec": spec,
    })
}

pub(crate) fn of_linkerd(kind: &str, name: &str, spec: Json) -> Json {
    let version = match kind {
        "Server" => "v1beta3",
        "ServerAuthorization" => "v1beta1",
        _ => "v1alpha1",
    };
    json!({
        "apiVersion": format!("policy.linkerd.io/{version}"), "kind": kind,
        "metadata": {"name": name, "namespace": "n"}, "spec": spec,
    })
}

/// What is said of a connection: `open`, `mesh` (the mesh alone refuses it), `depends`, `closed`.
fn word(edge: &Edge, port: u16) -> &'static str {
    let by_mesh = edge.mesh.as_ref().is_some_and(|mesh| mesh.closed.contains(Protocol::Tcp, port));
    match (edge.allowed.contains(Protocol::Tcp, port), edge.depends.contains(Protocol::Tcp, port)) {
        (true, _) => "open",
        (false, true) if by_mesh => "mesh",
        (false, true) => "depends",
        (false, false) => "closed",
    }
}

/// The edge between two workloads, `ns/name` each with kind Pod unless it says otherwise.
pub(crate) fn edge(estate: &Estate, from: &str, to: &str) -> Edge {
    let (reach, _) = Reach::new(estate, Profile::Spec);
    let end = |text: &str| {
        let label = if text.ends_with(']') { text.to_owned() } else { format!("{text}[Pod]") };
        Endpoints::cidr(text).unwrap_or_else(|| Endpoints::workloads([workload(estate, &label)]))
    };
    let mut edges = reach.between(&end(from), &end(to));
    assert_eq!(edges.len(), 1, "{from} => {to}: {edges:#?}");
    edges.remove(0)
}

/// Checks what is said of connections `from => to:port`, each with the word for it.
#[track_caller]
pub(crate) fn check(manifests: &[Json], expected: &[&str]) {
    let estate = estate(manifests);
    let found: Vec<String> = expected
        .iter()
        .map(|line| {
            let (question, _) = line.split_once(' ').unwrap();
            let (from, to, port) = parts(question);
            format!("{question} {}", word(&edge(&estate, from, to), port))
        })
        .collect();
    assert_eq!(found, expected, "{manifests:#?}");
}

/// `a>b:80` within namespace `n`, or `other/a>n/b:80`.
fn parts(question: &str) -> (&str, &str, u16) {
    let (from, to) = question.split_once('>').unwrap();
    let (to, port) = to.rsplit_once(':').unwrap();
    (from, to, port.parse().unwrap())
}

pub(crate) fn diagnostics(manifests: &[Json]) -> Vec<Diagnostic> {
    Reach::new(&estate(manifests), Profile::Spec).1
}

/// The codes of what is said about `manifests`.
#[track_caller]
pub(crate) fn says(manifests: &[Json], expected: &[&str]) {
    let codes: Vec<&str> = diagnostics(manifests).iter().map(|one| one.code).collect();
    assert_eq!(codes, expected, "{manifests:#?}");
}

/// Namespaces `n`, `o` and `istio-system`, with pods.
pub(crate) fn with(pods: Vec<Json>, more: Vec<Json>) -> Vec<Json> {
    let namespaces = ["n", "o", "istio-system"].map(|name| namespace(name, json!({})));
    namespaces.into_iter().chain(pods).chain(more).collect()
}

/// Clients `n/a`, `n/c`, `o/a` with a proxy and `n/plain` without one; `n/b` with a proxy.
pub(crate) fn sidecars(more: Vec<Json>) -> Vec<Json> {
    let pods = vec![
        meshed("n", "a", 1),
        meshed("n", "b", 2),
        meshed("n", "c", 3),
        meshed("o", "a", 4),
        pod("n", "plain", 5),
    ];
    with(pods, more)
}

/// A workload of which only the template is known, in the namespace `name`.
pub(crate) fn template(name: &str) -> Json {
    deployment(name, "d")
}
