//! Random clusters in which everything is defined.
//!
//! Left out on purpose: pods on the host network and one port name in two containers (the definition
//! leaves both open), and two admin policies of one priority (undefined).

use ringfence_model::fact::Protocol;
use serde_json::{Map, Value as Json, json};

use crate::address::Plan;
use crate::case::Case;
use crate::dice::Dice;
use crate::{cilium, tiers};

/// Which kinds of policies there are besides NetworkPolicy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tiers {
    None,
    /// `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy` of v1alpha1.
    V1alpha1,
    /// `ClusterNetworkPolicy` of v1alpha2.
    V1alpha2,
    /// `CiliumNetworkPolicy` and `CiliumClusterwideNetworkPolicy`.
    Cilium,
}

/// What an oracle can read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taste {
    /// Kinds of admin policies.
    pub(crate) tiers: &'static [Tiers],
    /// Once in how many clusters addresses are IPv6; 0 for never.
    pub(crate) v6_once_in: usize,
    /// How many pods at most.
    pub(crate) pods: usize,
    /// How many ports are asked for.
    pub(crate) ports: usize,
}

/// Names of namespaces.
pub(crate) const NAMESPACES: [&str; 4] = ["shop", "pay", "ops", "edge"];
const APPS: [&str; 4] = ["web", "api", "db", "job"];
const TIERS: [&str; 2] = ["front", "back"];
const TEAMS: [&str; 3] = ["a", "b", "c"];
const ENVIRONMENTS: [&str; 2] = ["prod", "dev"];

/// Named ports that a pod may have; of each name at most one.
const NAMED: [(&str, &str, u16); 8] = [
    ("http", "TCP", 80),
    ("http", "TCP", 8080),
    ("web", "TCP", 8081),
    ("dns", "UDP", 53),
    ("dns", "TCP", 53),
    ("diameter", "SCTP", 3868),
    ("admin", "TCP", 9000),
    ("admin", "UDP", 9005),
];

/// Numbers that rules name; what is asked for lies on and beside them.
const NUMBERS: [u16; 8] = [1, 53, 80, 8080, 8081, 9000, 3868, 65535];

/// Ranges that rules name.
const RANGES: [(u16, u16); 5] = [(9000, 9010), (53, 80), (80, 80), (8000, 65535), (1, 65535)];

const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

const ASKED: [(Protocol, u16); 26] = [
    (Protocol::Tcp, 1),
    (Protocol::Tcp, 53),
    (Protocol::Tcp, 60),
    (Protocol::Tcp, 79),
    (Protocol::Tcp, 80),
    (Protocol::Tcp, 81),
    (Protocol::Tcp, 3868),
    (Protocol::Tcp, 7999),
    (Protocol::Tcp, 8080),
    (Protocol::Tcp, 8081),
    (Protocol::Tcp, 8999),
    (Protocol::Tcp, 9000),
    (Protocol::Tcp, 9005),
    (Protocol::Tcp, 9010),
    (Protocol::Tcp, 9011),
    (Protocol::Tcp, 65535),
    (Protocol::Udp, 52),
    (Protocol::Udp, 53),
    (Protocol::Udp, 80),
    (Protocol::Udp, 9000),
    (Protocol::Udp, 9005),
    (Protocol::Udp, 9011),
    (Protocol::Sctp, 80),
    (Protocol::Sctp, 3868),
    (Protocol::Sctp, 3869),
    (Protocol::Sctp, 9005),
];

/// The cluster of `seed`.
pub(crate) fn of(seed: u64, taste: &Taste) -> Case {
    let mut dice = Dice::new(seed);
    let v6 = taste.v6_once_in > 0 && dice.once_in(taste.v6_once_in);
    let spaces = dice.some(&NAMESPACES, 2, 4);
    let mut manifests: Vec<Json> = spaces.iter().map(|name| namespace(&mut dice, name)).collect();
    let count = dice.between(4, taste.pods);
    let plan = Plan::new(&mut dice, count, v6);
    for (index, address) in plan.pods().iter().enumerate() {
        let space = dice.pick(&spaces);
        manifests.push(pod(&mut dice, space, &format!("p{index}"), address));
    }
    for index in 0..dice.between(0, 8) {
        let space = dice.pick(&spaces);
        manifests.push(policy(&mut dice, &plan, space, &format!("np{index}")));
    }
    match dice.pick(taste.tiers) {
        Tiers::None => {}
        Tiers::V1alpha1 => manifests.extend(tiers::v1alpha1(&mut dice, &plan)),
        Tiers::V1alpha2 => manifests.extend(tiers::v1alpha2(&mut dice, &plan)),
        Tiers::Cilium => manifests.extend(cilium::policies(&mut dice, &plan, &spaces)),
    }
    Case {
        manifests: dice.shuffled(&manifests),
        outside: plan.outside(&mut dice),
        ports: dice.some(&ASKED, taste.ports, taste.ports),
    }
}

fn namespace(dice: &mut Dice, name: &str) -> Json {
    let mut labels = Map::new();
    if !dice.once_in(4) {
        labels.insert("team".into(), dice.pick(&TEAMS).into());
    }
    if !dice.once_in(3) {
        labels.insert("env".into(), dice.pick(&ENVIRONMENTS).into());
    }
    let mut metadata = json!({"name": name});
    if !labels.is_empty() {
        metadata["labels"] = labels.into();
    }
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
}

fn pod(dice: &mut Dice, namespace: &str, name: &str, address: &str) -> Json {
    let mut labels = Map::new();
    if !dice.once_in(6) {
        labels.insert("app".into(), dice.pick(&APPS).into());
    }
    if !dice.once_in(3) {
        labels.insert("tier".into(), dice.pick(&TIERS).into());
    }
    let mut containers = vec![json!({"name": "c0", "image": "registry.example/c0:1"})];
    let mut named: Vec<(&str, &str, u16)> = Vec::new();
    for port in dice.some(&NAMED, 0, 5) {
        if !named.iter().any(|known| known.0 == port.0) {
            named.push(port);
        }
    }
    for (index, (name, protocol, number)) in named.into_iter().enumerate() {
        let mut port = json!({"name": name, "containerPort": number});
        if protocol != "TCP" || dice.once_in(2) {
            port["protocol"] = protocol.into();
        }
        containers.push(json!({
            "name": format!("c{}", index + 1), "image": "registry.example/c1:1", "ports": [port],
        }));
    }
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": containers},
        "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
    })
}

fn policy(dice: &mut Dice, plan: &Plan, namespace: &str, name: &str) -> Json {
    let mut spec = json!({"podSelector": pods(dice)});
    let types = dice.pick(&[
        None,
        None,
        Some(vec!["Ingress"]),
        Some(vec!["Egress"]),
        Some(vec!["Ingress", "Egress"]),
    ]);
    if let Some(types) = types {
        spec["policyTypes"] = json!(types);
    }
    for (key, peers) in [("ingress", "from"), ("egress", "to")] {
        if !dice.once_in(3) {
            let rules: Vec<Json> = (0..dice.between(0, 3)).map(|_| rule(dice, plan, peers)).collect();
            spec[key] = rules.into();
        }
    }
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace}, "spec": spec,
    })
}

fn rule(dice: &mut Dice, plan: &Plan, peers: &str) -> Json {
    let mut rule = json!({});
    if !dice.once_in(6) {
        rule[peers] = (0..dice.between(0, 3)).map(|_| peer(dice, plan)).collect();
    }
    if !dice.once_in(3) {
        rule["ports"] = (0..dice.between(0, 3)).map(|_| port(dice)).collect();
    }
    rule
}

fn peer(dice: &mut Dice, plan: &Plan) -> Json {
    match dice.below(4) {
        0 => json!({"podSelector": pods(dice)}),
        1 => json!({"namespaceSelector": namespaces(dice)}),
        2 => json!({"namespaceSelector": namespaces(dice), "podSelector": pods(dice)}),
        _ => {
            let (cidr, except) = plan.block(dice);
            let mut block = json!({"cidr": cidr});
            if !except.is_empty() {
                block["except"] = json!(except);
            }
            json!({"ipBlock": block})
        }
    }
}

fn port(dice: &mut Dice) -> Json {
    let mut port = json!({});
    if !dice.once_in(3) {
        port["protocol"] = dice.pick(&PROTOCOLS).into();
    }
    match dice.below(8) {
        0..=2 => port["port"] = number(dice).into(),
        3..=4 => port["port"] = port_name(dice).into(),
        5 => port["port"] = "nobody-has-it".into(),
        6 => {
            let (start, end) = range(dice);
            port["port"] = start.into();
            port["endPort"] = end.into();
        }
        _ => {}
    }
    port
}

/// A number that rules name.
pub(crate) fn number(dice: &mut Dice) -> u16 {
    dice.pick(&NUMBERS)
}

/// A name of ports that pods may have.
pub(crate) fn port_name(dice: &mut Dice) -> &'static str {
    dice.pick(&NAMED).0
}

/// A range that rules name.
pub(crate) fn range(dice: &mut Dice) -> (u16, u16) {
    dice.pick(&RANGES)
}

/// A protocol.
pub(crate) fn protocol(dice: &mut Dice) -> &'static str {
    dice.pick(&PROTOCOLS)
}

/// Keys that labels of pods or of namespaces have, with their values.
fn keys(of_namespaces: bool) -> &'static [(&'static str, &'static [&'static str])] {
    if of_namespaces {
        &[("team", &TEAMS), ("env", &ENVIRONMENTS), ("kubernetes.io/metadata.name", &NAMESPACES)]
    } else {
        &[("app", &APPS), ("tier", &TIERS)]
    }
}

/// A label that pods or namespaces may have.
pub(crate) fn label(dice: &mut Dice, of_namespaces: bool) -> (&'static str, &'static str) {
    let (key, values) = dice.pick(keys(of_namespaces));
    (key, dice.pick(values))
}

/// A selector of pods.
pub(crate) fn pods(dice: &mut Dice) -> Json {
    selector(dice, false)
}

/// A selector of namespaces.
pub(crate) fn namespaces(dice: &mut Dice) -> Json {
    selector(dice, true)
}

fn selector(dice: &mut Dice, of_namespaces: bool) -> Json {
    let mut selector = json!({});
    if dice.once_in(5) {
        return selector;
    }
    let labels = |dice: &mut Dice| {
        let (key, value) = label(dice, of_namespaces);
        json!({key: value})
    };
    if dice.once_in(2) {
        selector["matchLabels"] = labels(dice);
    } else {
        let expressions: Vec<Json> =
            (0..dice.between(1, 2)).map(|_| expression(dice, of_namespaces)).collect();
        selector["matchExpressions"] = expressions.into();
        if dice.once_in(4) {
            selector["matchLabels"] = labels(dice);
        }
    }
    selector
}

/// A requirement that pods or namespaces may meet.
pub(crate) fn expression(dice: &mut Dice, of_namespaces: bool) -> Json {
    let (key, values) = dice.pick(keys(of_namespaces));
    match dice.pick(&["In", "In", "NotIn", "NotIn", "Exists", "DoesNotExist"]) {
        operator @ ("Exists" | "DoesNotExist") => json!({"key": key, "operator": operator}),
        operator => json!({"key": key, "operator": operator, "values": dice.some(values, 1, 2)}),
    }
}
