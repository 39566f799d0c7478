//! Clients that are told to send plaintext into the mesh: DestinationRule, `enableAutoMtls: false`.
//!
//! Such a client has no principal at the other end. Whether it is the client that connects, nobody
//! knows: what rests on a principal there is conditional.

use ringfence_model::{Estate, Node, Resource, Text};

use super::config;
use crate::condition::ConditionId;
use crate::policy::Reading;

const KINDS: [&str; 3] = [
    "networking.istio.io/v1/DestinationRule",
    "networking.istio.io/v1beta1/DestinationRule",
    "networking.istio.io/v1alpha3/DestinationRule",
];

/// Where mutual TLS may be off: cluster, namespace (absent: all), and why.
#[derive(Debug, Default)]
pub(super) struct Plaintext {
    off: Vec<(Option<Text>, Option<Text>, ConditionId)>,
}

impl Plaintext {
    pub(super) fn read(estate: &Estate, reading: &mut Reading<'_>) -> Self {
        let mut off = Vec::new();
        let rules = KINDS.iter().flat_map(|kind| estate.of_kind(kind)).filter_map(|id| estate.resource(*id));
        for rule in rules.filter(|rule| turns_off(rule)) {
            let why = format!("`{}` turns mutual TLS off for some clients", rule.label());
            let host = rule.body.text("spec.host").unwrap_or("*");
            let namespace = namespace(host, rule.namespace());
            off.push((rule.place.cluster.clone(), namespace, reading.conditions.id(&why)));
        }
        for (cluster, config) in config::read(estate) {
            if config.plain_by_default {
                let why = "the mesh uses no mutual TLS unless a DestinationRule says so";
                off.push((cluster, None, reading.conditions.id(why)));
            }
        }
        off.sort();
        Self { off }
    }

    pub(super) fn extend(&mut self, more: Vec<(Option<Text>, Option<Text>, ConditionId)>) {
        self.off.extend(more);
        self.off.sort();
    }

    /// Why clients of a namespace (absent: of any) may come without a principal.
    pub(super) fn why(&self, cluster: Option<&Text>, namespace: Option<&str>) -> Option<ConditionId> {
        let concerns = |(there, of, _): &&(Option<Text>, Option<Text>, ConditionId)| {
            let meets = of.as_deref().zip(namespace).is_none_or(|(of, namespace)| of == namespace);
            there.as_ref() == cluster && meets
        };
        self.off.iter().find(concerns).map(|(.., why)| *why)
    }
}

/// Whether any of its traffic policies asks for something else than mutual TLS of the mesh.
fn turns_off(rule: &Resource) -> bool {
    let spec = |path: &str| rule.body.get("spec").and_then(|spec| spec.get(path));
    let subsets = spec("subsets").map(Node::items).unwrap_or_default();
    let policies =
        spec("trafficPolicy").into_iter().chain(subsets.iter().filter_map(|one| one.get("trafficPolicy")));
    policies.flat_map(settings).any(|tls| !matches!(tls.text("mode"), Some("ISTIO_MUTUAL")))
}

fn settings(policy: &Node) -> impl Iterator<Item = &Node> {
    let ports = policy.get("portLevelSettings").map(Node::items).unwrap_or_default();
    policy.get("tls").into_iter().chain(ports.iter().filter_map(|port| port.get("tls")))
}

/// The namespace of a host, where it is written; a short name is of the rule's own namespace.
fn namespace(host: &str, own: &str) -> Option<Text> {
    let mut labels = host.split('.');
    match (labels.next(), labels.next(), labels.next()) {
        (Some(_), Some(namespace), Some("svc") | None) if !matches!(namespace, "*" | "local") => {
            Some(namespace.into())
        }
        (Some(name), None, _) if name != "*" => Some(own.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_tells_its_namespace() {
        for (host, expected) in [
            ("ledger", Some("own")),
            ("ledger.pay", Some("pay")),
            ("ledger.pay.svc.cluster.local", Some("pay")),
            ("*.pay.svc.cluster.local", Some("pay")),
            ("*.local", None),
            ("*", None),
        ] {
            assert_eq!(namespace(host, "own").as_deref(), expected, "{host}");
        }
    }
}
