//! Random policies of both tiers, and their manifests.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value as Json, json};

use super::{Attribute, Selected, TierPeer, TierPolicy, TierRule, Tiered};
use crate::random::{
    BLOCKS, NAMES, PROTOCOLS, address, cluster, labels, manifests, selector, selector_manifest,
};

const PRIORITIES: [u32; 5] = [0, 1, 9, 10, 1000];

fn selected() -> impl Strategy<Value = Selected> {
    prop_oneof![
        selector().prop_map(Selected::Namespaces),
        (selector(), selector()).prop_map(|(namespaces, pods)| Selected::Pods(namespaces, pods)),
    ]
}

fn peer(egress: bool) -> BoxedStrategy<TierPeer> {
    let selected = selected().prop_map(TierPeer::Selected);
    if !egress {
        return prop_oneof![12 => selected, 1 => Just(TierPeer::Other)].boxed();
    }
    let block = select(&BLOCKS[..]).prop_map(|(network, length, _)| (address(network), length));
    prop_oneof![
        12 => selected,
        6 => vec(block, 1..=2).prop_map(TierPeer::Networks),
        2 => selector().prop_map(TierPeer::Nodes),
        1 => Just(TierPeer::Other),
    ]
    .boxed()
}

/// Ports by name only where peers are pods, as the API asks.
fn attribute(named: bool) -> impl Strategy<Value = Attribute> {
    let protocol = || select(&PROTOCOLS[..]);
    prop_oneof![
        8 => (protocol(), select(&[1, 53, 80, 8080, 9000][..])).prop_map(|(protocol, port)| Attribute::Number(protocol, port)),
        4 => (protocol(), select(&[(53, 80), (9000, 9010), (1, 65535)][..])).prop_map(|(protocol, (start, end))| Attribute::Range(protocol, start, end)),
        (if named { 4 } else { 0 }) => select(&NAMES[..]).prop_map(Attribute::Named),
        1 => select(&["tcp", "wave"][..]).prop_map(Attribute::Other),
    ]
}

fn rule(egress: bool) -> impl Strategy<Value = TierRule> {
    let peers = vec(peer(egress), 1..=2);
    (select(&["Accept", "Deny", "Pass"][..]), peers).prop_flat_map(|(action, peers)| {
        let pods = peers.iter().all(|peer| matches!(peer, TierPeer::Selected(_) | TierPeer::Other));
        let rule = move |protocols| TierRule { action, peers: peers.clone(), protocols };
        option::of(vec(attribute(pods), 1..=2)).prop_map(rule)
    })
}

fn policies(tier: &'static str) -> impl Strategy<Value = Vec<TierPolicy>> {
    let policy = (selected(), vec(rule(false), 0..=3), vec(rule(true), 0..=3));
    (subsequence(&PRIORITIES[..], 0..=3), vec(policy, 3)).prop_map(move |(priorities, policies)| {
        let with =
            |(priority, (subject, ingress, egress))| TierPolicy { tier, priority, subject, ingress, egress };
        priorities.into_iter().zip(policies).map(with).collect()
    })
}

/// A cluster in which everything is defined.
pub(super) fn tiered() -> impl Strategy<Value = Tiered> {
    (cluster(), policies("Admin"), policies("Baseline"), vec(labels(), 5)).prop_map(
        |(cluster, admin, baseline, nodes)| Tiered { cluster, policies: [admin, baseline].concat(), nodes },
    )
}

/// The manifests, the policies of tiers last.
pub(super) fn all(tiered: &Tiered) -> Vec<Json> {
    let policies = tiered.policies.iter().map(|policy| {
        let mut spec = json!({"tier": policy.tier, "priority": policy.priority, "subject": selected_manifest(&policy.subject)});
        for (key, peers, rules) in [("ingress", "from", &policy.ingress), ("egress", "to", &policy.egress)] {
            spec[key] = rules.iter().map(|rule| rule_manifest(rule, peers)).collect();
        }
        json!({
            "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
            "metadata": {"name": format!("{}-{}", policy.tier, policy.priority)}, "spec": spec,
        })
    });
    manifests(&tiered.cluster).into_iter().chain(policies).collect()
}

fn selected_manifest(selected: &Selected) -> Json {
    match selected {
        Selected::Namespaces(namespaces) => json!({"namespaces": selector_manifest(namespaces)}),
        Selected::Pods(namespaces, pods) => json!({"pods": {
            "namespaceSelector": selector_manifest(namespaces), "podSelector": selector_manifest(pods),
        }}),
    }
}

fn rule_manifest(rule: &TierRule, peers: &str) -> Json {
    let mut manifest = json!({"action": rule.action});
    manifest[peers] = rule.peers.iter().map(peer_manifest).collect();
    if let Some(protocols) = &rule.protocols {
        manifest["protocols"] = protocols.iter().map(attribute_manifest).collect();
    }
    manifest
}

fn peer_manifest(peer: &TierPeer) -> Json {
    match peer {
        TierPeer::Selected(selected) => selected_manifest(selected),
        TierPeer::Networks(blocks) => {
            let blocks: Vec<String> =
                blocks.iter().map(|(network, length)| format!("{network}/{length}")).collect();
            json!({"networks": blocks})
        }
        TierPeer::Nodes(selector) => json!({"nodes": selector_manifest(selector)}),
        TierPeer::Other => json!({"planets": {}}),
    }
}

fn attribute_manifest(attribute: &Attribute) -> Json {
    let of = |protocol: &str, port: Json| json!({protocol.to_lowercase(): {"destinationPort": port}});
    match attribute {
        Attribute::Number(protocol, number) => of(protocol, json!({"number": number})),
        Attribute::Range(protocol, start, end) => {
            of(protocol, json!({"range": {"start": start, "end": end}}))
        }
        Attribute::Named(name) => json!({"destinationNamedPort": name}),
        Attribute::Other(key) => json!({*key: {"flavour": 1}}),
    }
}
