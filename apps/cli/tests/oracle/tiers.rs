//! Random admin policies.

use serde_json::{Value as Json, json};

use crate::address::Plan;
use crate::cluster::{namespaces, number, pods, port_name, protocol, range};
use crate::dice::Dice;

/// `AdminNetworkPolicy` with a priority each, and sometimes the one `BaselineAdminNetworkPolicy`.
///
/// No `nodes` and `domainNames`: experimental fields.
pub(crate) fn v1alpha1(dice: &mut Dice, plan: &Plan) -> Vec<Json> {
    let priorities = dice.some(&[0, 1, 5, 20, 100, 1000], 0, 4);
    let mut policies: Vec<Json> = priorities
        .into_iter()
        .map(|priority| {
            let mut spec = spec(dice, plan, &["Allow", "Deny", "Pass"]);
            spec["priority"] = priority.into();
            manifest("v1alpha1", "AdminNetworkPolicy", &format!("anp{priority}"), spec)
        })
        .collect();
    if dice.once_in(2) {
        let spec = spec(dice, plan, &["Allow", "Deny"]);
        policies.push(manifest("v1alpha1", "BaselineAdminNetworkPolicy", "default", spec));
    }
    policies
}

/// `ClusterNetworkPolicy` in both tiers; within a tier with a priority each.
///
/// No `nodes` and `domainNames`: experimental fields.
pub(crate) fn v1alpha2(dice: &mut Dice, plan: &Plan) -> Vec<Json> {
    let mut policies = Vec::new();
    for (tier, most) in [("Admin", 4), ("Baseline", 2)] {
        for priority in dice.some(&[0, 1, 5, 20, 100, 1000], 0, most) {
            let mut spec = spec(dice, plan, &["Accept", "Deny", "Pass"]);
            spec["tier"] = tier.into();
            spec["priority"] = priority.into();
            for (key, _) in DIRECTIONS {
                spec[key].as_array_mut().into_iter().flatten().for_each(to_protocols);
            }
            let name = format!("{}{priority}", tier.to_lowercase());
            policies.push(manifest("v1alpha2", "ClusterNetworkPolicy", &name, spec));
        }
    }
    policies
}

/// `ports` of v1alpha1 as the `protocols` that v1alpha2 has in their place.
fn to_protocols(rule: &mut Json) {
    let Some(ports) = rule.as_object_mut().and_then(|rule| rule.remove("ports")) else { return };
    let protocol = |port: &Json| {
        if let Some(name) = port.get("namedPort") {
            return json!({"destinationNamedPort": name});
        }
        let port = port.get("portNumber").or(port.get("portRange")).expect("a number or a range");
        let key = port["protocol"].as_str().unwrap_or("TCP").to_lowercase();
        match (port["port"].as_u64(), &port["start"], &port["end"]) {
            (Some(number), ..) => json!({key: {"destinationPort": {"number": number}}}),
            (None, start, end) if start == end => json!({key: {"destinationPort": {"number": start}}}),
            (None, start, end) => json!({key: {"destinationPort": {"range": {"start": start, "end": end}}}}),
        }
    };
    rule["protocols"] = ports.as_array().into_iter().flatten().map(protocol).collect();
}

/// Keys of rules and of the peers in them.
const DIRECTIONS: [(&str, &str); 2] = [("ingress", "from"), ("egress", "to")];

fn manifest(version: &str, kind: &str, name: &str, spec: Json) -> Json {
    json!({
        "apiVersion": format!("policy.networking.k8s.io/{version}"), "kind": kind,
        "metadata": {"name": name}, "spec": spec,
    })
}

fn spec(dice: &mut Dice, plan: &Plan, actions: &[&str]) -> Json {
    let mut spec = json!({"subject": selected(dice)});
    for (key, peers) in DIRECTIONS {
        if !dice.once_in(3) {
            let rules: Vec<Json> =
                (0..dice.between(0, 4)).map(|_| rule(dice, plan, actions, peers)).collect();
            spec[key] = rules.into();
        }
    }
    spec
}

fn rule(dice: &mut Dice, plan: &Plan, actions: &[&str], peers: &str) -> Json {
    let mut rule = json!({"action": dice.pick(actions)});
    let count = if dice.once_in(2) { dice.between(1, 3) } else { 0 };
    let ports: Vec<Json> = (0..count).map(|_| port(dice)).collect();
    // Address blocks have no port names: the API refuses both in one rule.
    let networks = peers == "to" && !ports.iter().any(|port| port.get("namedPort").is_some());
    rule[peers] = (0..dice.between(1, 3)).map(|_| peer(dice, plan, networks)).collect();
    if !ports.is_empty() {
        rule["ports"] = ports.into();
    }
    rule
}

/// Whole namespaces, or pods in them.
fn selected(dice: &mut Dice) -> Json {
    if dice.once_in(2) {
        json!({"namespaces": namespaces(dice)})
    } else {
        json!({"pods": {"namespaceSelector": namespaces(dice), "podSelector": pods(dice)}})
    }
}

fn peer(dice: &mut Dice, plan: &Plan, networks: bool) -> Json {
    if networks && dice.once_in(4) {
        let networks: Vec<String> = (0..dice.between(1, 2)).map(|_| plan.block(dice).0).collect();
        return json!({"networks": networks});
    }
    selected(dice)
}

fn port(dice: &mut Dice) -> Json {
    let with = |dice: &mut Dice, mut port: Json| {
        if !dice.once_in(3) {
            port["protocol"] = protocol(dice).into();
        }
        port
    };
    if dice.once_in(24) {
        return json!({"namedPort": port_name(dice)});
    }
    if dice.once_in(3) {
        let (start, end) = range(dice);
        json!({"portRange": with(dice, json!({"start": start, "end": end}))})
    } else {
        let port = json!({"port": number(dice)});
        json!({"portNumber": with(dice, port)})
    }
}
