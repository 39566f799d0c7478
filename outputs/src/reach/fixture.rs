//! Small clusters and maps by hand: every workload and range is a class of its own.

use std::sync::Arc;

use ringfence_model::fact::{
    AddressRange, Basis, DecidingRule, Decision, Peer, PortRange, Ports, Protocol, ReachClass, ReachMap,
    ReachPair, ScopeClass, ScopeFact, ScopeFacts, Tests,
};
use ringfence_model::{Estate, EstateBuilder, Kind, Map, Node, Origin, Resource, Stage, Value};

/// An estate of Deployments, named `ns/name` or `cluster:ns/name`.
pub(crate) fn cluster(workloads: &[&str]) -> Estate {
    let mut builder = EstateBuilder::default();
    builder.extend(workloads.iter().map(|whole| {
        let (cluster, name) =
            whole.split_once(':').map_or((None, *whole), |(cluster, name)| (Some(cluster), name));
        let (namespace, name) = name.split_once('/').unwrap();
        let body = Node::new(Map::default(), Origin::derived("fixture", None));
        let mut one = Resource::new(Kind::kubernetes("apps/v1", "Deployment"), name, body, Stage::Manifest);
        (one.place.namespace, one.place.cluster) = (Some(namespace.into()), cluster.map(Into::into));
        one
    }));
    builder.finish().0
}

/// A map of connections: from, to, ports (`TCP 443`, `all`; `?` where it depends). `10.0.0.0-10.0.0.255` is a
/// range outside.
pub(crate) fn map(estate: &Estate, connections: &[(&str, &str, &str)]) -> ReachMap {
    let workloads = estate.iter_workloads().map(|(id, _)| Peer::Workload(id));
    let mut peers: Vec<Peer> = workloads.collect();
    let mut class = |name: &str| {
        let peer = peer(estate, name);
        let at = peers.iter().position(|one| *one == peer).unwrap_or_else(|| {
            peers.push(peer);
            peers.len() - 1
        });
        u32::try_from(at).unwrap()
    };
    let connections: Vec<(u32, u32, &str)> =
        connections.iter().map(|(from, to, ports)| (class(from), class(to), *ports)).collect();
    let pair = |(from, to, text): &(u32, u32, &str)| ReachPair {
        from: *from,
        to: *to,
        decision: match text.ends_with('?') {
            true => Decision::Depends("a label is not known".into()),
            false => Decision::Allow,
        },
        ports: Arc::new(ports(text.trim_end_matches('?'))),
        rules: [0].into(),
    };
    let (policy, _) = estate.iter().next().unwrap();
    ReachMap {
        profile: "spec",
        lists_self: true,
        pairs: connections.iter().map(pair).collect(),
        sets: (0..).take(peers.len()).map(|class| [class].into()).collect(),
        classes: peers.into_iter().map(|peer| ReachClass { members: vec![peer], pods: 1 }).collect(),
        rules: vec![DecidingRule { policy, element: "ingress[0]".into(), location: None }],
        ..ReachMap::default()
    }
}

fn peer(estate: &Estate, name: &str) -> Peer {
    if let Some((first, last)) = name.split_once('-')
        && let (Ok(first), Ok(last)) = (first.parse(), last.parse())
    {
        return Peer::External(AddressRange { first, last });
    }
    let mut all = estate.iter_workloads();
    let found = all.find(|(_, one)| {
        let whole = format!("{}/{}", one.namespace, one.name);
        one.cluster.as_ref().map_or(whole.clone(), |cluster| format!("{cluster}:{whole}")) == name
    });
    Peer::Workload(found.unwrap_or_else(|| panic!("no workload {name}")).0)
}

/// `TCP 80,443-445` or `all`.
pub(crate) fn ports(text: &str) -> Ports {
    if text == "all" {
        return Ports::all();
    }
    let (protocol, numbers) = text.split_once(' ').unwrap();
    let protocol = Protocol::parse(protocol).unwrap();
    let range = |text: &str| {
        let (start, end) = text.split_once('-').unwrap_or((text, text));
        PortRange { protocol, start: start.parse().unwrap(), end: end.parse().unwrap() }
    };
    Ports::new(numbers.split(',').map(range).collect())
}

/// Classes of workloads, all others out of scope.
pub(crate) fn scope(estate: &Estate, classes: &[(&str, ScopeClass)]) -> ScopeFacts {
    let of = |name: &str| classes.iter().find(|(one, _)| *one == name).map(|(_, class)| *class);
    let fact = |(resource, one): (_, &Resource)| ScopeFact {
        resource,
        class: of(&format!("{}/{}", one.namespace(), one.name)).unwrap_or(ScopeClass::OutOfScope),
        presumed: false,
        declared: None,
        tests: Tests::default(),
        basis: Basis::Designed,
        reasons: Vec::new().into(),
    };
    ScopeFacts { facts: estate.iter().map(fact).collect(), ..ScopeFacts::default() }
}

/// JSON as a tree without places.
pub(crate) fn node(json: &serde_json::Value) -> Node {
    use serde_json::Value as Json;
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => Value::Int(number.as_i64().unwrap()),
        Json::String(text) => Value::Text(text.into()),
        Json::Array(items) => items.iter().map(node).collect::<Vec<_>>().into(),
        Json::Object(entries) => {
            let entries =
                entries.iter().map(|(key, value)| (ringfence_model::Key::from(key.as_str()), node(value)));
            entries.collect::<Map>().into()
        }
    };
    Node::new(value, Origin::derived("fixture", None))
}

/// A policy of namespace `shop` with this `spec`.
pub(crate) fn policy(api_version: &str, kind: &str, spec: &serde_json::Value) -> Resource {
    let body = node(&serde_json::json!({ "spec": spec }));
    let mut policy = Resource::new(Kind::kubernetes(api_version, kind), "rule-book", body, Stage::Manifest);
    policy.place.namespace = Some("shop".into());
    policy
}
