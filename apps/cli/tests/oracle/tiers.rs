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
            manifest("AdminNetworkPolicy", &format!("anp{priority}"), spec)
        })
        .collect();
    if dice.once_in(2) {
        let spec = spec(dice, plan, &["Allow", "Deny"]);
        policies.push(manifest("BaselineAdminNetworkPolicy", "default", spec));
    }
    policies
}

fn manifest(kind: &str, name: &str, spec: Json) -> Json {
    json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": kind,
        "metadata": {"name": name}, "spec": spec,
    })
}

fn spec(dice: &mut Dice, plan: &Plan, actions: &[&str]) -> Json {
    let mut spec = json!({"subject": selected(dice)});
    for (key, peers) in [("ingress", "from"), ("egress", "to")] {
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
    let count = dice.between(1, 3);
    rule[peers] = (0..count).map(|_| peer(dice, plan, peers == "to")).collect();
    if dice.once_in(2) {
        let count = dice.between(1, 3);
        rule["ports"] = (0..count).map(|_| port(dice)).collect();
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

fn peer(dice: &mut Dice, plan: &Plan, egress: bool) -> Json {
    if egress && dice.once_in(4) {
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
