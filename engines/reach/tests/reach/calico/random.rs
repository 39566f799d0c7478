//! Random small clusters under Calico, and their manifests.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value as Json, json};

use super::model::{Cluster, Entity, Labels, Namespace, Pod, Policy, Port, Rule, Sel, Set, Tier};

const POD_KEYS: &[&str] = &["app", "tier"];
const NAMES: &[&str] = &["http", "dns"];
const ACCOUNTS: &[&str] = &["default", "s1", "s2"];
const PROTOCOLS: &[&str] = &["TCP", "UDP", "SCTP"];
/// What selectors of pods may ask for.
const ALL_KEYS: &[&str] = &[
    "app",
    "tier",
    "app",
    "role",
    "projectcalico.org/namespace",
    "projectcalico.org/orchestrator",
    "projectcalico.org/serviceaccount",
    "pcns.team",
    "pcsa.role",
];
const VALUES: &[&str] = &["a", "ab", "b", "ns0", "ns1", "k8s", "s1"];

/// Ports that tests ask for.
pub(crate) const PROBED: [u16; 6] = [53, 80, 81, 8080, 1, 65535];
/// Addresses that tests ask for.
pub(crate) const OUTSIDE: [&str; 3] = ["10.9.9.9", "203.0.113.5", "203.0.113.200"];

const NETS: &[(&str, u8)] = &[
    ("10.0.0.0", 8),
    ("10.0.0.0", 24),
    ("10.0.1.0", 24),
    ("203.0.113.0", 25),
    ("0.0.0.0", 0),
    ("10.0.0.1", 32),
];

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn labels(keys: &'static [&'static str]) -> impl Strategy<Value = Labels> {
    vec(option::of(select(&["a", "ab", "b"][..])), keys.len()).prop_map(move |values| {
        let pairs = keys.iter().zip(values);
        pairs.filter_map(|(key, value)| Some(((*key).to_owned(), value?.to_owned()))).collect()
    })
}

fn leaf(keys: &'static [&'static str]) -> impl Strategy<Value = Sel> {
    let key = select(keys);
    let values = || subsequence(VALUES, 0..=2);
    (key, select(VALUES), values(), 0..9_u8).prop_map(|(key, value, values, kind)| match kind {
        0 => Sel::All,
        1 => Sel::Has(key),
        2 => Sel::NotEqual(key, value),
        3 => Sel::In(key, values),
        4 => Sel::NotIn(key, values),
        5 => Sel::Contains(key, value),
        6 => Sel::Starts(key, value),
        7 => Sel::Ends(key, value),
        _ => Sel::Equal(key, value),
    })
}

fn selector(keys: &'static [&'static str]) -> impl Strategy<Value = Sel> {
    leaf(keys).prop_recursive(2, 5, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| Sel::Not(Box::new(one))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Sel::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner).prop_map(|(a, b)| Sel::Or(Box::new(a), Box::new(b))),
        ]
    })
}

/// Selectors that no network set fulfils: what such a one says of the pod that the policy selects is a
/// condition to the engine.
fn own_selector() -> impl Strategy<Value = Sel> {
    (select(POD_KEYS), select(&["a", "ab"][..])).prop_map(|(key, value)| Sel::Equal(key, value))
}

fn of_namespaces() -> impl Strategy<Value = Sel> {
    prop_oneof![4 => selector(&["team", "projectcalico.org/name"]), 1 => Just(Sel::Global), 1 => Just(Sel::All)]
}

fn nets(count: usize) -> impl Strategy<Value = Vec<(IpAddr, u8)>> {
    vec(select(NETS), 0..=count)
        .prop_map(|nets| nets.into_iter().map(|(network, length)| (address(network), length)).collect())
}

fn ports() -> impl Strategy<Value = Vec<Port>> {
    let port = prop_oneof![
        3 => select(&[53, 80, 8080][..]).prop_map(|port| Port::Range(port, port)),
        1 => Just(Port::Range(80, 8079)),
        1 => select(NAMES).prop_map(Port::Named),
    ];
    vec(port, 0..=2)
}

fn peer() -> impl Strategy<Value = Entity> {
    let selectors = (
        option::weighted(0.4, selector(ALL_KEYS)),
        option::weighted(0.15, selector(ALL_KEYS)),
        option::weighted(0.2, of_namespaces()),
        option::weighted(0.1, selector(&["role", "projectcalico.org/name"])),
    );
    let names = prop_oneof![5 => Just(Vec::new()), 1 => subsequence(ACCOUNTS, 1..=2)];
    let nets =
        (prop_oneof![2 => Just(Vec::new()), 1 => nets(2)], prop_oneof![4 => Just(Vec::new()), 1 => nets(1)]);
    (selectors, names, nets).prop_map(
        |((selector, not_selector, namespaces, accounts), account_names, (nets, not_nets))| Entity {
            selector,
            not_selector,
            namespaces,
            accounts,
            account_names,
            nets,
            not_nets,
            ..Entity::default()
        },
    )
}

/// The end that the policy selects.
fn own() -> impl Strategy<Value = Entity> {
    let pair = (option::weighted(0.15, own_selector()), option::weighted(0.1, own_selector()));
    pair.prop_map(|(selector, not_selector)| Entity { selector, not_selector, ..Entity::default() })
}

fn rule(ingress: bool) -> impl Strategy<Value = Rule> {
    let action = select(&["Allow", "Allow", "Deny", "Deny", "Pass", "Log"][..]);
    let protocol = (option::weighted(0.6, select(PROTOCOLS)), option::weighted(0.2, select(PROTOCOLS)));
    (action, protocol, peer(), own(), ports(), ports()).prop_map(
        move |(action, (protocol, not_protocol), peer, own, ports, not_ports)| {
            let (source, mut destination) = if ingress { (peer, own) } else { (own, peer) };
            // Ports need a protocol.
            if protocol.is_some() {
                (destination.ports, destination.not_ports) = (ports, not_ports);
            }
            Rule { action, protocol, not_protocol, source, destination }
        },
    )
}

fn policy(namespaces: usize) -> impl Strategy<Value = Policy> {
    let place = (option::of(0..namespaces), select(&["default", "default", "early", "late"][..]));
    let subject = (
        option::weighted(0.6, selector(ALL_KEYS)),
        option::weighted(0.3, selector(&["team", "projectcalico.org/name"])),
        option::weighted(0.15, selector(&["role", "projectcalico.org/name"])),
    );
    let types = option::of(subsequence(&["Ingress", "Egress"][..], 1..=2));
    let rules = (vec(rule(true), 0..=3), vec(rule(false), 0..=3));
    (place, subject, types, rules).prop_map(
        |((namespace, tier), (selector, of_namespaces, accounts), types, (ingress, egress))| Policy {
            name: String::new(),
            namespace,
            kubernetes: false,
            tier,
            order: None,
            selector,
            namespaces: of_namespaces.filter(|_| namespace.is_none()),
            accounts,
            types,
            ingress,
            egress,
        },
    )
}

/// A NetworkPolicy of Kubernetes.
fn network_policy(namespaces: usize) -> impl Strategy<Value = Policy> {
    let peer = || option::of(own_selector());
    let rules = || vec((peer(), select(&[80, 8080][..])), 0..=2);
    (0..namespaces, option::of(own_selector()), rules(), rules()).prop_map(
        |(namespace, selector, ingress, egress)| {
            let rule = |ingress: bool| {
                move |(selector, port): (Option<Sel>, u16)| {
                    let peer = Entity { selector, ..Entity::default() };
                    let ports = vec![Port::Range(port, port)];
                    let (source, destination) = match ingress {
                        true => (peer, Entity { ports, ..Entity::default() }),
                        false => (Entity::default(), Entity { ports, ..peer }),
                    };
                    Rule { action: "Allow", protocol: Some("TCP"), not_protocol: None, source, destination }
                }
            };
            Policy {
                name: String::new(),
                namespace: Some(namespace),
                kubernetes: true,
                tier: "default",
                order: Some(1000),
                selector,
                namespaces: None,
                accounts: None,
                types: Some(vec!["Ingress", "Egress"]),
                ingress: ingress.into_iter().map(rule(true)).collect(),
                egress: egress.into_iter().map(rule(false)).collect(),
            }
        },
    )
}

fn pod(namespaces: usize) -> impl Strategy<Value = Pod> {
    let ports = vec((select(NAMES), select(PROTOCOLS), select(&[53, 80, 8080][..])), 0..=3);
    (0..namespaces, labels(POD_KEYS), select(ACCOUNTS), ports, prop::bool::weighted(0.1)).prop_map(
        |(namespace, labels, account, ports, host)| Pod {
            namespace,
            name: String::new(),
            labels,
            account,
            address: address("10.0.0.0"),
            ports,
            host,
        },
    )
}

fn namespace() -> impl Strategy<Value = Namespace> {
    (labels(&["team"]), vec(labels(&["role"]), ACCOUNTS.len())).prop_map(|(labels, accounts)| Namespace {
        name: String::new(),
        labels,
        accounts: ACCOUNTS.iter().copied().zip(accounts).collect(),
    })
}

fn set(namespaces: usize) -> impl Strategy<Value = Set> {
    (option::of(0..namespaces), labels(&["role"]), nets(2)).prop_map(|(namespace, labels, nets)| Set {
        namespace,
        labels,
        nets,
    })
}

/// A cluster in which everything is defined, and no two policies have one order.
pub(crate) fn cluster() -> impl Strategy<Value = Cluster> {
    let tiers = (any::<bool>(), any::<bool>(), option::of(Just(2_000_000)));
    (vec(namespace(), 1..=3), tiers).prop_flat_map(|(namespaces, (early, late, order))| {
        let count = namespaces.len();
        let tiers = vec![
            Tier { name: "early", order: Some(5), passes: early },
            Tier { name: "late", order, passes: late },
        ];
        let policies = (vec(policy(count), 0..=4), vec(network_policy(count), 0..=2));
        let orders = Just((0..5).map(|index| index * 400 + 1).collect::<Vec<i32>>()).prop_shuffle();
        (Just((namespaces, tiers)), vec(pod(count), 2..=4), vec(set(count), 0..=2), policies, orders)
            .prop_map(|((namespaces, tiers), pods, sets, (policies, network), orders)| {
                let mut cluster = Cluster { namespaces, pods, sets, tiers, policies };
                for (policy, order) in cluster.policies.iter_mut().zip(orders) {
                    // One may have none.
                    policy.order = (order != 1).then_some(order);
                }
                cluster.policies.extend(network);
                name(&mut cluster);
                cluster
            })
    })
}

fn name(cluster: &mut Cluster) {
    for (index, namespace) in cluster.namespaces.iter_mut().enumerate() {
        namespace.name = format!("ns{index}");
    }
    for (index, pod) in (1_u8..).zip(&mut cluster.pods) {
        pod.name = format!("pod{index}");
        pod.address = address(&format!("10.0.{}.{index}", index % 2));
    }
    for (index, policy) in cluster.policies.iter_mut().enumerate() {
        policy.name = format!("policy{index}");
    }
}

/// The manifests of a cluster.
pub(crate) fn manifests(cluster: &Cluster) -> Vec<Json> {
    let space = |index: usize| cluster.namespaces[index].name.as_str();
    let mut all = Vec::new();
    for one in &cluster.namespaces {
        all.push(json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": one.name, "labels": one.labels}}));
        for (name, labels) in &one.accounts {
            all.push(json!({"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": name, "namespace": one.name, "labels": labels}}));
        }
    }
    all.extend(cluster.pods.iter().map(|pod| pod_manifest(pod, space(pod.namespace))));
    for tier in &cluster.tiers {
        let action = if tier.passes { "Pass" } else { "Deny" };
        let mut spec = json!({"defaultAction": action});
        tier.order.iter().for_each(|order| spec["order"] = json!(order));
        all.push(object("Tier", tier.name, None, spec));
    }
    for (index, set) in cluster.sets.iter().enumerate() {
        let kind = if set.namespace.is_some() { "NetworkSet" } else { "GlobalNetworkSet" };
        let mut one = object(
            kind,
            &format!("set{index}"),
            set.namespace.map(space),
            json!({"nets": blocks(&set.nets)}),
        );
        one["metadata"]["labels"] = json!(set.labels);
        all.push(one);
    }
    all.extend(cluster.policies.iter().map(|policy| policy_manifest(policy, policy.namespace.map(space))));
    all
}

fn object(kind: &str, name: &str, namespace: Option<&str>, spec: Json) -> Json {
    let mut metadata = json!({"name": name});
    namespace.iter().for_each(|namespace| metadata["namespace"] = json!(namespace));
    json!({"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": metadata, "spec": spec})
}

fn pod_manifest(pod: &Pod, namespace: &str) -> Json {
    let port = |(name, protocol, number): &(&str, &str, u16)| json!({"name": name, "protocol": protocol, "containerPort": number});
    let containers: Vec<Json> =
        pod.ports.iter().map(|one| json!({"name": "c", "ports": [port(one)]})).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": pod.name, "namespace": namespace, "labels": pod.labels},
        "spec": {"containers": containers, "serviceAccountName": pod.account, "hostNetwork": pod.host},
        "status": {"podIP": pod.address.to_string()},
    })
}

fn policy_manifest(policy: &Policy, namespace: Option<&str>) -> Json {
    if policy.kubernetes {
        return network_policy_manifest(policy, namespace);
    }
    let mut spec = json!({"tier": policy.tier});
    policy.order.iter().for_each(|order| spec["order"] = json!(order));
    for (key, selector) in [
        ("selector", &policy.selector),
        ("namespaceSelector", &policy.namespaces),
        ("serviceAccountSelector", &policy.accounts),
    ] {
        selector.iter().for_each(|selector| spec[key] = json!(selector.text()));
    }
    policy.types.iter().for_each(|types| spec["types"] = json!(types));
    for (key, rules) in [("ingress", &policy.ingress), ("egress", &policy.egress)] {
        if !rules.is_empty() {
            spec[key] = rules.iter().map(rule_manifest).collect();
        }
    }
    let kind = if namespace.is_some() { "NetworkPolicy" } else { "GlobalNetworkPolicy" };
    object(kind, &policy.name, namespace, spec)
}

fn rule_manifest(rule: &Rule) -> Json {
    let mut manifest = json!({"action": rule.action});
    rule.protocol.iter().for_each(|protocol| manifest["protocol"] = json!(protocol));
    rule.not_protocol.iter().for_each(|protocol| manifest["notProtocol"] = json!(protocol));
    for (key, entity) in [("source", &rule.source), ("destination", &rule.destination)] {
        let entity = entity_manifest(entity);
        if entity != json!({}) {
            manifest[key] = entity;
        }
    }
    manifest
}

fn entity_manifest(entity: &Entity) -> Json {
    let mut manifest = json!({});
    for (key, selector) in [
        ("selector", &entity.selector),
        ("notSelector", &entity.not_selector),
        ("namespaceSelector", &entity.namespaces),
    ] {
        selector.iter().for_each(|selector| manifest[key] = json!(selector.text()));
    }
    if entity.accounts.is_some() || !entity.account_names.is_empty() {
        let mut accounts = json!({});
        entity.accounts.iter().for_each(|selector| accounts["selector"] = json!(selector.text()));
        if !entity.account_names.is_empty() {
            accounts["names"] = json!(entity.account_names);
        }
        manifest["serviceAccounts"] = accounts;
    }
    for (key, nets) in [("nets", &entity.nets), ("notNets", &entity.not_nets)] {
        if !nets.is_empty() {
            manifest[key] = json!(blocks(nets));
        }
    }
    for (key, ports) in [("ports", &entity.ports), ("notPorts", &entity.not_ports)] {
        if !ports.is_empty() {
            manifest[key] = ports.iter().map(port_manifest).collect();
        }
    }
    manifest
}

fn port_manifest(port: &Port) -> Json {
    match port {
        Port::Range(first, last) if first == last => json!(first),
        Port::Range(first, last) => json!(format!("{first}:{last}")),
        Port::Named(name) => json!(name),
    }
}

fn blocks(nets: &[(IpAddr, u8)]) -> Vec<String> {
    nets.iter().map(|(network, length)| format!("{network}/{length}")).collect()
}

fn network_policy_manifest(policy: &Policy, namespace: Option<&str>) -> Json {
    let pods = |selector: &Option<Sel>| match selector {
        None => json!({}),
        Some(Sel::Equal(key, value)) => json!({"matchLabels": {*key: value}}),
        Some(other) => panic!("{other:?}"),
    };
    let rules = |rules: &[Rule], key: &str, ingress: bool| -> Json {
        let one = |rule: &Rule| {
            let peer = if ingress { &rule.source } else { &rule.destination };
            let ports: Vec<Json> = rule.destination.ports.iter().map(port_manifest).collect();
            let ports: Vec<Json> = ports.into_iter().map(|port| json!({"port": port})).collect();
            let mut manifest = json!({"ports": ports});
            if peer.selector.is_some() {
                manifest[key] = json!([{"podSelector": pods(&peer.selector)}]);
            }
            manifest
        };
        rules.iter().map(one).collect()
    };
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": policy.name, "namespace": namespace},
        "spec": {
            "podSelector": pods(&policy.selector), "policyTypes": policy.types,
            "ingress": rules(&policy.ingress, "from", true), "egress": rules(&policy.egress, "to", false),
        },
    })
}
