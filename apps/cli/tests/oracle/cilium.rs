//! Cilium's own policy repository, profile `cilium`: random policies of Cilium beside NetworkPolicy.
//!
//! The program knows identities of pods alone: no addresses outside, and no service accounts. It resolves
//! port names of ingress rules for TCP and UDP.

use std::path::Path;

use libtest_mimic::Failed;
use serde_json::{Map, Value as Json, json};

use crate::address::Plan;
use crate::case::{Answers, Case, Probe, text};
use crate::cluster::{self, Taste, Tiers};
use crate::dice::Dice;
use crate::{knp, stored};

pub(crate) const TASTE: Taste = Taste {
    tiers: &[Tiers::None, Tiers::Cilium, Tiers::Cilium, Tiers::Cilium],
    v6_once_in: 5,
    pods: 12,
    ports: 10,
};

/// What it says of every pair of pods.
pub(crate) fn answers(binary: &Path, case: &Case) -> Result<Answers, Failed> {
    let pods_alone = Case { outside: Vec::new(), ..case.clone() };
    knp::printed(binary, &[], &pods_alone, &stored::all(&case.manifests))
}

/// Why a probe is not compared: what the program around Cilium's repository leaves out.
pub(crate) fn settled(case: &Case, probe: &Probe) -> Option<&'static str> {
    let named = |key: &str| {
        let rules = case.manifests.iter().flat_map(move |policy| rules(policy, key));
        rules.flat_map(|rule| ports(rule)).any(|port| port["port"].as_str().is_some_and(is_name))
    };
    if named("egress") || named("egressDeny") {
        // `LookupFlow` is given no names of the ports of peers (`GetEgressNamedPorts`).
        return Some("the program resolves no port names of egress rules");
    }
    let names = named("ingress") || named("ingressDeny");
    if names && probe.port.0.as_str() == "SCTP" {
        // `Flow` has names of TCP and UDP only.
        return Some("the program resolves no port names of SCTP");
    }
    None
}

fn is_name(port: &str) -> bool {
    port.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn rules<'a>(policy: &'a Json, key: &str) -> Vec<&'a Json> {
    let specs = policy["specs"].as_array().into_iter().flatten().chain([&policy["spec"]]);
    let key = key.to_owned();
    specs.flat_map(|spec| spec[key.as_str()].as_array().into_iter().flatten()).collect()
}

fn ports(rule: &Json) -> Vec<&Json> {
    let own = rule["ports"].as_array().into_iter().flatten();
    let of_cilium = rule["toPorts"].as_array().into_iter().flatten();
    own.chain(of_cilium.flat_map(|one| one["ports"].as_array().into_iter().flatten())).collect()
}

/// Policies of both kinds.
pub(crate) fn policies(dice: &mut Dice, plan: &Plan, spaces: &[&str]) -> Vec<Json> {
    (0..dice.between(1, 6)).map(|index| policy(dice, plan, spaces, index)).collect()
}

fn policy(dice: &mut Dice, plan: &Plan, spaces: &[&str], index: usize) -> Json {
    let clusterwide = dice.once_in(3);
    let kind = if clusterwide { "CiliumClusterwideNetworkPolicy" } else { "CiliumNetworkPolicy" };
    let mut metadata = json!({"name": format!("cilium{index}")});
    if !clusterwide {
        metadata["namespace"] = dice.pick(spaces).into();
    }
    let mut manifest = json!({"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata});
    if dice.once_in(5) {
        manifest["specs"] = (0..dice.between(1, 2)).map(|_| spec(dice, plan, clusterwide)).collect();
    } else {
        manifest["spec"] = spec(dice, plan, clusterwide);
    }
    manifest
}

fn spec(dice: &mut Dice, plan: &Plan, clusterwide: bool) -> Json {
    let wide = clusterwide && dice.once_in(2);
    let mut spec = json!({"endpointSelector": selector(dice, wide)});
    let keys = dice.some(&["ingress", "ingressDeny", "egress", "egressDeny"], 1, 3);
    for key in keys {
        let egress = key.starts_with("egress");
        spec[key] = (0..dice.between(1, 2)).map(|_| rule(dice, plan, egress)).collect();
    }
    if dice.once_in(4) {
        let mut switches = Map::new();
        for key in dice.some(&["ingress", "egress"], 1, 2) {
            switches.insert(key.to_owned(), dice.once_in(3).into());
        }
        spec["enableDefaultDeny"] = switches.into();
    }
    spec
}

fn rule(dice: &mut Dice, plan: &Plan, egress: bool) -> Json {
    let prefix = if egress { "to" } else { "from" };
    let mut rule = json!({});
    match dice.below(10) {
        0 => {}
        1..=5 => {
            rule[format!("{prefix}Endpoints")] = (0..dice.between(1, 2))
                .map(|_| {
                    let namespaced = dice.once_in(3);
                    selector(dice, namespaced)
                })
                .collect();
        }
        6..=7 => {
            let entities = ["all", "cluster", "world", "host", "remote-node", "none", "health"];
            rule[format!("{prefix}Entities")] = dice.some(&entities, 1, 2).into();
        }
        8 => rule[format!("{prefix}CIDR")] = json!([plan.block(dice).0]),
        _ => {
            let (cidr, except) = plan.block(dice);
            rule[format!("{prefix}CIDRSet")] = json!([{"cidr": cidr, "except": except}]);
        }
    }
    if dice.once_in(2) {
        rule["toPorts"] = (0..dice.between(1, 2)).map(|_| to_ports(dice, egress)).collect();
    }
    rule
}

fn to_ports(dice: &mut Dice, egress: bool) -> Json {
    json!({"ports": (0..dice.between(1, 2)).map(|_| port(dice, egress)).collect::<Vec<_>>()})
}

fn port(dice: &mut Dice, egress: bool) -> Json {
    let mut port = json!({});
    if !dice.once_in(3) {
        port["protocol"] = if dice.once_in(4) { "ANY" } else { cluster::protocol(dice) }.into();
    }
    match dice.below(if egress { 6 } else { 8 }) {
        0..=3 => port["port"] = cluster::number(dice).to_string().into(),
        4 => port["port"] = "0".into(),
        5 => {
            let (start, end) = cluster::range(dice);
            port["port"] = start.to_string().into();
            port["endPort"] = end.into();
        }
        _ => port["port"] = cluster::port_name(dice).into(),
    }
    port
}

/// A selector of identities, which may say of which namespace they are.
fn selector(dice: &mut Dice, namespaced: bool) -> Json {
    let mut selector = cluster::pods(dice);
    for key in ["matchLabels", "matchExpressions"] {
        with_sources(dice, &mut selector[key]);
    }
    selector.as_object_mut().expect("a map").retain(|_, value| !value.is_null());
    if namespaced {
        match dice.below(3) {
            0 => {
                selector["matchLabels"]["k8s:io.kubernetes.pod.namespace"] =
                    dice.pick(&cluster::NAMESPACES).into();
            }
            1 => {
                let (key, value) = cluster::label(dice, true);
                selector["matchLabels"][format!("k8s:io.cilium.k8s.namespace.labels.{key}")] = value.into();
            }
            _ => {
                let mut expression = cluster::expression(dice, true);
                let key = text(&expression, "/key").to_owned();
                expression["key"] = format!("io.cilium.k8s.namespace.labels.{key}").into();
                let mut all = selector["matchExpressions"].as_array().cloned().unwrap_or_default();
                all.push(expression);
                selector["matchExpressions"] = all.into();
            }
        }
    }
    selector
}

/// Labels of pods may be written with their source.
fn with_sources(dice: &mut Dice, part: &mut Json) {
    let source = |dice: &mut Dice, key: &str| format!("{}{key}", dice.pick(&["", "", "k8s:", "any:"]));
    match part {
        Json::Object(labels) => {
            *labels =
                std::mem::take(labels).into_iter().map(|(key, value)| (source(dice, &key), value)).collect();
        }
        Json::Array(expressions) => {
            for expression in expressions {
                expression["key"] = source(dice, text(expression, "/key")).into();
            }
        }
        _ => {}
    }
}
