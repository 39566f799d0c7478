//! Random small meshes, their manifests, and the engine against the second evaluator.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use ringfence_model::fact::{Edge, Peer, Protocol};
use ringfence_model::{Estate, WorkloadId};
use ringfence_reach::{Endpoints, Profile, Reach};
use serde_json::{Value as Json, json};

use super::spec::{self, Attribute, Chain, Demand, Member, Mesh, Mode, Policy, Proxy, ROOT, Rule, World};
use crate::fixture::{estate, namespace, workload};
use crate::random::{OUTSIDE, address, cluster, manifests as of_network};
use crate::spec::End;

/// Ports worth asking for.
const PORTS: [u16; 4] = [53, 80, 8080, 9000];

const VALUES: [(Attribute, &[&str]); 6] = [
    (
        Attribute::Principal,
        &[
            "*",
            "cluster.local/ns/ns0/sa/s0",
            "cluster.local/ns/ns1/sa/s1",
            "cluster.local/ns/ns0/*",
            "cluster.local/ns/ns0/sa/s*",
            "*/sa/s1",
            "*/ns/ns1/sa/s0",
        ],
    ),
    (Attribute::Namespace, &["*", "ns0", "ns1", "ns*", "*1"]),
    (Attribute::Address, &["10.0.0.0/8", "10.0.1.0/24", "10.0.0.2", "203.0.113.0/24"]),
    (Attribute::Port, &["53", "80", "8080"]),
    (Attribute::Method, &["GET", "POST"]),
    (Attribute::Header, &["x"]),
];

fn demand(attributes: &'static [(Attribute, &'static [&'static str])]) -> impl Strategy<Value = Demand> {
    (select(attributes), any::<bool>()).prop_flat_map(|((attribute, values), negated)| {
        subsequence(values, 1..=2.min(values.len())).prop_map(move |values| Demand {
            attribute,
            negated,
            values,
        })
    })
}

/// Demands of one clause, each field once.
fn clause(attributes: &'static [(Attribute, &'static [&'static str])]) -> impl Strategy<Value = Vec<Demand>> {
    vec(demand(attributes), 1..=2).prop_map(|demands| {
        let mut once: Vec<Demand> = Vec::new();
        for demand in demands {
            if !once
                .iter()
                .any(|known| (known.attribute, known.negated) == (demand.attribute, demand.negated))
            {
                once.push(demand);
            }
        }
        once
    })
}

fn policy(http: bool) -> impl Strategy<Value = Policy> {
    const SOURCE: &[(Attribute, &[&str])] = &[VALUES[0], VALUES[1], VALUES[2]];
    const OPERATION: &[(Attribute, &[&str])] = &[VALUES[3], VALUES[4]];
    const PORT: &[(Attribute, &[&str])] = &[VALUES[3]];
    const WHEN: &[(Attribute, &[&str])] = &[VALUES[0], VALUES[1], VALUES[2], VALUES[3], VALUES[5]];
    const BELOW: &[(Attribute, &[&str])] = &[VALUES[0], VALUES[1], VALUES[2], VALUES[3]];
    let rule = (
        vec(clause(SOURCE), 0..=2),
        vec(clause(if http { OPERATION } else { PORT }), 0..=2),
        vec(demand(if http { WHEN } else { BELOW }), 0..=1),
    );
    let rule = rule.prop_map(|(from, to, when)| Rule { from, to, when });
    (place(), selector(), any::<bool>(), vec(rule, 0..=2)).prop_map(|(namespace, selector, deny, rules)| {
        Policy { namespace, name: String::new(), selector, deny, rules }
    })
}

fn place() -> impl Strategy<Value = String> {
    select(&["ns0", "ns0", "ns1", "ns2", ROOT][..]).prop_map(str::to_owned)
}

fn selector() -> impl Strategy<Value = Option<(&'static str, &'static str)>> {
    option::of((select(&["app", "tier"][..]), select(&["x", "y"][..])))
}

fn peer(modes: &'static [Mode]) -> impl Strategy<Value = spec::Peer> {
    let ports = vec((select(&[80_u16, 8080][..]), select(modes)), 0..=2);
    (place(), selector(), option::of(select(modes)), ports).prop_map(
        |(namespace, selector, mode, mut ports)| {
            ports.sort_by_key(|(port, _)| *port);
            ports.dedup_by_key(|(port, _)| *port);
            let ports = if selector.is_some() { ports } else { Vec::new() };
            spec::Peer { namespace, name: String::new(), selector, mode, ports }
        },
    )
}

fn member() -> impl Strategy<Value = Member> {
    let chain = || option::of(select(&[Chain::Http, Chain::Stream][..]));
    let proxy = select(&[Proxy::None, Proxy::Sidecar, Proxy::Sidecar, Proxy::Ambient][..]);
    (proxy, select(&["s0", "s1"][..]), chain(), chain()).prop_map(|(proxy, account, first, second)| Member {
        proxy,
        account,
        declared: [(80, first), (8080, second)]
            .into_iter()
            .filter_map(|(port, chain)| Some((port, chain?)))
            .collect(),
    })
}

/// A mesh in which everything is defined; with demands on HTTP and plaintext by order, or without.
fn mesh(http: bool) -> impl Strategy<Value = Mesh> {
    const ALL: &[Mode] = &[Mode::Strict, Mode::Permissive, Mode::Disable];
    const MUTUAL: &[Mode] = &[Mode::Strict, Mode::Permissive];
    let modes = if http { ALL } else { MUTUAL };
    (cluster(), vec(member(), 5), vec(policy(http), 0..=4), vec(peer(modes), 0..=3)).prop_map(
        |(mut network, mut members, mut policies, mut peers)| {
            network.policies.truncate(2);
            network.pods.iter_mut().for_each(|pod| pod.addresses.retain(|address| address.is_ipv4()));
            members.truncate(network.pods.len());
            for (index, policy) in policies.iter_mut().enumerate() {
                policy.name = format!("p{index}");
            }
            for (index, peer) in peers.iter_mut().enumerate() {
                peer.name = format!("a{index}");
            }
            // Of equals the oldest counts; here there are none.
            let mut levels = Vec::new();
            peers.retain(|peer| {
                let level = (peer.namespace.clone(), peer.selector.is_some());
                let fresh = !levels.contains(&level);
                levels.push(level);
                fresh
            });
            Mesh { network, members, policies, peers }
        },
    )
}

/// The manifests of a mesh.
fn manifests(mesh: &Mesh) -> Vec<Json> {
    let mut all = of_network(&mesh.network);
    all.push(namespace(ROOT, json!({})));
    all.push(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": ROOT},
        "data": {"mesh": "enablePrometheusMerge: true\n"},
    }));
    for manifest in all.iter_mut().filter(|one| one["kind"] == "Pod") {
        let index =
            mesh.network.pods.iter().position(|pod| manifest["metadata"]["name"] == pod.name.as_str());
        let member = &mesh.members[index.unwrap()];
        manifest["spec"]["serviceAccountName"] = json!(member.account);
        manifest["metadata"]["labels"]["id"] = manifest["metadata"]["name"].clone();
        match member.proxy {
            Proxy::None => {}
            Proxy::Sidecar => {
                manifest["metadata"]["labels"]["security.istio.io/tlsMode"] = json!("istio");
                manifest["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "istio-proxy"}));
            }
            Proxy::Ambient => {
                manifest["metadata"]["labels"]["istio.io/dataplane-mode"] = json!("ambient");
                manifest["metadata"]["annotations"] = json!({"ambient.istio.io/redirection": "enabled"});
            }
        }
    }
    for (pod, member) in mesh.network.pods.iter().zip(&mesh.members) {
        let port = |(port, chain): &(u16, Chain)| {
            let name = if *chain == Chain::Http { "http" } else { "tcp" };
            json!({"name": format!("{name}-{port}"), "port": port})
        };
        let ports: Vec<Json> = member.declared.iter().map(port).collect();
        let namespace = &mesh.network.namespaces[pod.namespace].name;
        all.push(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": pod.name, "namespace": namespace},
            "spec": {"selector": {"id": pod.name}, "ports": ports},
        }));
    }
    all.extend(mesh.policies.iter().map(policy_manifest));
    all.extend(mesh.peers.iter().map(peer_manifest));
    all
}

fn policy_manifest(policy: &Policy) -> Json {
    let mut spec = json!({"action": if policy.deny { "DENY" } else { "ALLOW" }});
    if let Some((key, value)) = policy.selector {
        spec["selector"] = json!({"matchLabels": {key: value}});
    }
    spec["rules"] = policy.rules.iter().map(rule_manifest).collect();
    super::authorization(&policy.namespace, &policy.name, spec)
}

fn rule_manifest(rule: &Rule) -> Json {
    let mut manifest = json!({});
    for (list, inner, clauses) in [("from", "source", &rule.from), ("to", "operation", &rule.to)] {
        if !clauses.is_empty() {
            manifest[list] = clauses.iter().map(|demands| json!({inner: fields(demands)})).collect();
        }
    }
    if !rule.when.is_empty() {
        manifest["when"] = rule.when.iter().map(condition).collect();
    }
    manifest
}

fn fields(demands: &[Demand]) -> Json {
    let mut object = json!({});
    for demand in demands {
        let (name, negating) = match demand.attribute {
            Attribute::Principal => ("principals", "notPrincipals"),
            Attribute::Namespace => ("namespaces", "notNamespaces"),
            Attribute::Address => ("ipBlocks", "notIpBlocks"),
            Attribute::Port => ("ports", "notPorts"),
            Attribute::Method => ("methods", "notMethods"),
            Attribute::Header => panic!("headers are conditions"),
        };
        object[if demand.negated { negating } else { name }] = json!(demand.values);
    }
    object
}

fn condition(demand: &Demand) -> Json {
    let key = match demand.attribute {
        Attribute::Principal => "source.principal",
        Attribute::Namespace => "source.namespace",
        Attribute::Address => "source.ip",
        Attribute::Port => "destination.port",
        Attribute::Header => "request.headers[x]",
        Attribute::Method => panic!("methods are operations"),
    };
    json!({"key": key, if demand.negated { "notValues" } else { "values" }: demand.values})
}

fn peer_manifest(peer: &spec::Peer) -> Json {
    let word = |mode: Mode| match mode {
        Mode::Strict => "STRICT",
        Mode::Permissive => "PERMISSIVE",
        Mode::Disable => "DISABLE",
    };
    let mut spec = json!({});
    if let Some((key, value)) = peer.selector {
        spec["selector"] = json!({"matchLabels": {key: value}});
    }
    if let Some(mode) = peer.mode {
        spec["mtls"] = json!({"mode": word(mode)});
    }
    for (port, mode) in &peer.ports {
        spec["portLevelMtls"][port.to_string()] = json!({"mode": word(*mode)});
    }
    super::peer_authentication(&peer.namespace, &peer.name, spec)
}

/// One estate and its answers.
struct Subject<'a> {
    mesh: &'a Mesh,
    estate: Estate,
    reach: Reach,
}

/// What the engine says of one port, and what is true.
/// What is said of policies that select nobody.
const IDLE: [&str; 2] = ["mesh-policy-idle", "policy-nowhere"];

#[derive(Debug)]
struct Said {
    allowed: bool,
    perhaps: bool,
    closed_by_mesh: bool,
}

impl<'a> Subject<'a> {
    fn new(mesh: &'a Mesh) -> Self {
        let estate = estate(&manifests(mesh));
        let (reach, diagnostics) = Reach::new(&estate, Profile::Spec);
        assert!(
            diagnostics
                .iter()
                .all(|one| one.level == ringfence_model::Level::Note || IDLE.contains(&one.code)),
            "{diagnostics:#?}"
        );
        Self { mesh, estate, reach }
    }

    fn pod(&self, index: usize) -> WorkloadId {
        let pod = &self.mesh.network.pods[index];
        let namespace = &self.mesh.network.namespaces[pod.namespace].name;
        workload(&self.estate, &format!("{namespace}/{}[Pod]", pod.name))
    }

    fn is(&self, peer: Peer, end: End) -> bool {
        match (peer, end) {
            (Peer::External(range), End::Address(address)) => (range.first..=range.last).contains(&address),
            (Peer::Workload(id), End::Pod(index)) => self.pod(index) == id,
            _ => false,
        }
    }

    /// Calls `check` for every pair and port.
    fn each(&self, mut check: impl FnMut(End, usize, u16, Said)) {
        let pods = 0..self.mesh.network.pods.len();
        let outside = OUTSIDE.map(address).into_iter().filter(|address| address.is_ipv4()).map(End::Address);
        let sources: Vec<End> = pods.clone().map(End::Pod).chain(outside).collect();
        let everyone = Endpoints::workloads(pods.clone().map(|pod| self.pod(pod)));
        let edges = self.reach.between(&everyone.clone().and(Endpoints::outside()), &everyone);
        for to in pods {
            for from in sources.iter().filter(|from| !matches!(from, End::Pod(index) if *index == to)) {
                let is_it = |edge: &&Edge| {
                    edge.from.iter().any(|peer| self.is(*peer, *from))
                        && edge.to.iter().any(|peer| self.is(*peer, End::Pod(to)))
                };
                let edge = edges.iter().find(is_it).unwrap();
                PORTS.into_iter().for_each(|port| check(*from, to, port, said(edge, port)));
            }
        }
    }
}

fn said(edge: &Edge, port: u16) -> Said {
    let allowed = edge.allowed.contains(Protocol::Tcp, port);
    let perhaps = allowed || edge.depends.contains(Protocol::Tcp, port);
    let closed_by_mesh = edge.mesh.as_ref().is_some_and(|mesh| mesh.closed.contains(Protocol::Tcp, port));
    Said { allowed, perhaps, closed_by_mesh }
}

/// Whether the network lets a connection arrive in the ways in which it may come: in all, in any.
fn arrives(mesh: &Mesh, from: End, to: usize, port: u16) -> (bool, bool) {
    let by = |tunnelled| mesh.arrives(from, End::Pod(to), port, tunnelled);
    match mesh.is_tunnelled(from, End::Pod(to)) {
        Some(false) => (by(false), by(false)),
        // Who bypasses its own capture comes to the port itself.
        Some(true) => (by(true), by(true) || by(false)),
        None => (by(true) && by(false), by(true) || by(false)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Without demands on HTTP everything is known but whether a client goes round its own proxy.
    #[test]
    fn what_is_open_is_what_network_and_mesh_let_in(mesh in mesh(false)) {
        let subject = Subject::new(&mesh);
        let [usual, every] = [false, true].map(World::all);
        let mut wrong = Vec::new();
        subject.each(|from, to, port, said| {
            let (certainly, perhaps) = arrives(&mesh, from, to, port);
            let admits = |worlds: &[World]| worlds.iter().map(|world| mesh.admits(from, to, port, *world)).collect::<Vec<_>>();
            let open = admits(&usual).into_iter().all(|admits| admits);
            let refused = admits(&every).into_iter().all(|admits| !admits);
            let tunnelled = mesh.is_tunnelled(from, End::Pod(to)) != Some(false);
            let right = said.allowed == (certainly && open)
                // Both sides of a tunnel are judged one by one, so a little more may be said to depend.
                && (said.perhaps == perhaps || (tunnelled && said.perhaps))
                && (!said.closed_by_mesh || refused);
            if !right {
                wrong.push(format!("{from:?} => {to} {port}: {said:?}, arrives {certainly} {perhaps}, open {open}, refused {refused}"));
            }
        });
        prop_assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// With them, the engine is never surer than the truth.
    #[test]
    fn what_hangs_on_requests_is_never_certain(mesh in mesh(true)) {
        let subject = Subject::new(&mesh);
        let [usual, every] = [false, true].map(World::all);
        let mut wrong = Vec::new();
        subject.each(|from, to, port, said| {
            let (certainly, perhaps) = arrives(&mesh, from, to, port);
            let open = usual.iter().all(|world| mesh.admits(from, to, port, *world));
            let refused = every.iter().all(|world| !mesh.admits(from, to, port, *world));
            let right = (!said.allowed || (certainly && open)) && (said.perhaps || !perhaps) && (!said.closed_by_mesh || refused);
            if !right {
                wrong.push(format!("{from:?} => {to} {port}: {said:?}, arrives {certainly} {perhaps}, open {open}, refused {refused}"));
            }
        });
        prop_assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
