//! Small random clusters, and the manifests that describe them.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value as Json, json};

use crate::spec::{Cluster, Host, Labels, Namespace, Number, Peer, Pod, Policy, Port, Rule, Selector};

const KEYS: [&str; 2] = ["app", "tier"];
const VALUES: [&str; 3] = ["x", "y", "z"];
pub(crate) const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
pub(crate) const NAMES: [&str; 2] = ["http", "dns"];

/// Ports worth asking for: those in rules, and their neighbours.
pub(crate) const PROBED: [u16; 9] = [1, 53, 60, 79, 80, 8080, 9000, 9010, 9011];

/// An address and a prefix length.
pub(crate) type Cidr = (&'static str, u8);

/// Blocks: of pods, of everyone, of others; each with exceptions.
pub(crate) const BLOCKS: [(&str, u8, &[Cidr]); 10] = [
    ("10.0.0.0", 8, &[("10.0.0.0", 30), ("10.0.1.0", 24)]),
    ("10.0.0.0", 24, &[("10.0.0.2", 32)]),
    ("10.0.0.3", 32, &[]),
    ("0.0.0.0", 0, &[("10.0.0.0", 8), ("10.0.0.0", 16), ("169.254.169.254", 32)]),
    ("0.0.0.0", 0, &[]),
    ("203.0.113.0", 24, &[("203.0.113.128", 25)]),
    ("192.168.0.0", 16, &[("192.168.1.0", 24)]),
    ("fd00::", 8, &[("fd00::1", 128)]),
    ("2001:db8::", 32, &[("2001:db8:1::", 48)]),
    ("::", 0, &[("fd00::", 8)]),
];

/// Addresses worth asking for.
pub(crate) const OUTSIDE: [&str; 8] = [
    "10.0.0.200",
    "10.0.1.9",
    "192.168.1.1",
    "203.0.113.5",
    "203.0.113.200",
    "8.8.8.8",
    "2001:db8::1",
    "fd00::1:1",
];

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn labels() -> impl Strategy<Value = Labels> {
    vec(option::of(select(&VALUES[..])), KEYS.len()).prop_map(|values| {
        KEYS.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))).collect()
    })
}

pub(crate) fn selector() -> impl Strategy<Value = Selector> {
    let expression = (
        select(&KEYS[..]),
        select(&["In", "NotIn", "Exists", "DoesNotExist"][..]),
        subsequence(&VALUES[..], 1..=2),
    );
    let expression = expression.prop_map(|(key, operator, values)| {
        let values = if operator.ends_with("In") { values } else { Vec::new() };
        (key, operator, values)
    });
    let pair = (select(&KEYS[..]), select(&VALUES[..]));
    prop_oneof![
        1 => Just(Selector::default()),
        4 => (vec(pair, 0..=1), vec(expression, 0..=1))
            .prop_map(|(labels, expressions)| Selector { labels, expressions }),
    ]
}

fn peer() -> impl Strategy<Value = Peer> {
    let selected = (option::of(selector()), option::of(selector())).prop_map(|(namespaces, pods)| {
        let pods = if namespaces.is_none() { Some(pods.unwrap_or_default()) } else { pods };
        Peer::Selected { namespaces, pods }
    });
    let block = select(&BLOCKS[..]).prop_flat_map(|(network, length, holes)| {
        subsequence(holes, 0..=holes.len()).prop_map(move |except| Peer::Block {
            cidr: (address(network), length),
            except: except.into_iter().map(|(network, length)| (address(network), length)).collect(),
        })
    });
    prop_oneof![2 => selected, 1 => block]
}

fn port() -> impl Strategy<Value = Port> {
    let number = prop_oneof![
        4 => select(&[53, 80, 8080, 9000, 1, 65535][..]).prop_map(|port| (Some(Number::Is(port)), None)),
        1 => Just((Some(Number::Is(9000)), Some(9010))),
        1 => Just((Some(Number::Is(53)), Some(80))),
        2 => select(&NAMES[..]).prop_map(|name| (Some(Number::Named(name)), None)),
        1 => Just((None, None)),
    ];
    (option::of(select(&PROTOCOLS[..])), number).prop_map(|(protocol, (port, end))| Port {
        protocol,
        port,
        end,
    })
}

pub(crate) fn rule() -> impl Strategy<Value = Rule> {
    (option::of(vec(peer(), 0..=2)), option::of(vec(port(), 0..=2)))
        .prop_map(|(peers, ports)| Rule { peers, ports })
}

fn policy(namespaces: usize) -> impl Strategy<Value = Policy> {
    let types = option::of(subsequence(&["Ingress", "Egress"][..], 0..=2));
    let rules = || option::of(vec(rule(), 0..=2));
    (0..namespaces, selector(), types, rules(), rules()).prop_map(
        |(namespace, selector, types, ingress, egress)| Policy {
            namespace,
            name: String::new(),
            selector,
            types,
            ingress,
            egress,
        },
    )
}

fn pod(namespaces: usize) -> impl Strategy<Value = Pod> {
    let ports = vec((select(&NAMES[..]), select(&PROTOCOLS[..]), select(&[53, 80, 8080][..])), 0..=3);
    (0..namespaces, labels(), ports, any::<bool>()).prop_map(|(namespace, labels, ports, v6)| {
        // A name of a protocol once: what a second one means is not defined.
        let mut once: Vec<(&str, &str, u16)> = Vec::new();
        for port in ports {
            if !once.iter().any(|known| (known.0, known.1) == (port.0, port.1)) {
                once.push(port);
            }
        }
        let addresses = if v6 { vec![address("fd00::")] } else { Vec::new() };
        Pod { namespace, name: String::new(), labels, addresses, ports: once, host: Host::No }
    })
}

/// A cluster in which everything is defined.
pub(crate) fn cluster() -> impl Strategy<Value = Cluster> {
    vec(labels(), 1..=3).prop_flat_map(|namespaces| {
        let count = namespaces.len();
        (Just(namespaces), vec(pod(count), 2..=5), vec(policy(count), 0..=5)).prop_map(
            |(labels, mut pods, mut policies)| {
                let namespaces =
                    (0..).zip(labels).map(|(index, labels)| Namespace { name: format!("ns{index}"), labels });
                for (index, pod) in (1_u8..).zip(&mut pods) {
                    pod.name = format!("pod{index}");
                    if !pod.addresses.is_empty() {
                        pod.addresses = vec![address(&format!("fd00::{index}"))];
                    }
                    pod.addresses.insert(0, address(&format!("10.0.{}.{index}", index % 2)));
                }
                for (index, policy) in policies.iter_mut().enumerate() {
                    policy.name = format!("policy{index}");
                }
                Cluster { namespaces: namespaces.collect(), pods, policies, every_named_port: false }
            },
        )
    })
}

/// The manifests of a cluster.
pub(crate) fn manifests(cluster: &Cluster) -> Vec<Json> {
    let namespace = |index: usize| cluster.namespaces[index].name.as_str();
    let namespaces = cluster.namespaces.iter().map(|one| {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": one.name, "labels": one.labels}})
    });
    let pods = cluster.pods.iter().map(|pod| pod_manifest(pod, namespace(pod.namespace)));
    let policies = cluster.policies.iter().map(|policy| policy_manifest(policy, namespace(policy.namespace)));
    namespaces.chain(pods).chain(policies).collect()
}

fn pod_manifest(pod: &Pod, namespace: &str) -> Json {
    let port = |(name, protocol, number): &(&str, &str, u16)| json!({"name": name, "protocol": protocol, "containerPort": number});
    let containers: Vec<Json> =
        pod.ports.iter().map(|one| json!({"name": "c", "ports": [port(one)]})).collect();
    let mut spec = json!({"containers": containers});
    if pod.host != Host::No {
        spec["hostNetwork"] = json!(true);
    }
    let addresses: Vec<Json> = pod.addresses.iter().map(|one| json!({"ip": one.to_string()})).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": pod.name, "namespace": namespace, "labels": pod.labels},
        "spec": spec, "status": {"podIPs": addresses},
    })
}

pub(crate) fn policy_manifest(policy: &Policy, namespace: &str) -> Json {
    let mut spec = json!({"podSelector": selector_manifest(&policy.selector)});
    if let Some(types) = &policy.types {
        spec["policyTypes"] = json!(types);
    }
    for (key, peers, rules) in [("ingress", "from", &policy.ingress), ("egress", "to", &policy.egress)] {
        if let Some(rules) = rules {
            spec[key] = rules.iter().map(|rule| rule_manifest(rule, peers)).collect();
        }
    }
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": policy.name, "namespace": namespace}, "spec": spec,
    })
}

fn rule_manifest(rule: &Rule, key: &str) -> Json {
    let mut manifest = json!({});
    if let Some(peers) = &rule.peers {
        manifest[key] = peers.iter().map(peer_manifest).collect();
    }
    if let Some(ports) = &rule.ports {
        manifest["ports"] = ports.iter().map(port_manifest).collect();
    }
    manifest
}

fn peer_manifest(peer: &Peer) -> Json {
    let block = |(network, length): &(IpAddr, u8)| format!("{network}/{length}");
    match peer {
        Peer::Block { cidr, except } => {
            let except: Vec<String> = except.iter().map(block).collect();
            json!({"ipBlock": {"cidr": block(cidr), "except": except}})
        }
        Peer::Selected { namespaces, pods } => {
            let mut manifest = json!({});
            for (key, selector) in [("namespaceSelector", namespaces), ("podSelector", pods)] {
                if let Some(selector) = selector {
                    manifest[key] = selector_manifest(selector);
                }
            }
            manifest
        }
    }
}

fn port_manifest(port: &Port) -> Json {
    let mut manifest = json!({});
    if let Some(protocol) = port.protocol {
        manifest["protocol"] = json!(protocol);
    }
    match &port.port {
        Some(Number::Is(number)) => manifest["port"] = json!(number),
        Some(Number::Named(name)) => manifest["port"] = json!(name),
        None => {}
    }
    if let Some(end) = port.end {
        manifest["endPort"] = json!(end);
    }
    manifest
}

pub(crate) fn selector_manifest(selector: &Selector) -> Json {
    let mut manifest = json!({});
    if !selector.labels.is_empty() {
        manifest["matchLabels"] =
            selector.labels.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    }
    if !selector.expressions.is_empty() {
        let expression = |(key, operator, values): &(&str, &str, Vec<&str>)| {
            if values.is_empty() {
                json!({"key": key, "operator": operator})
            } else {
                json!({"key": key, "operator": operator, "values": values})
            }
        };
        manifest["matchExpressions"] = selector.expressions.iter().map(expression).collect();
    }
    manifest
}
