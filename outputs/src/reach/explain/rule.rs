//! What a rule says, in words, read where it is written: the engine tells which rule decides, this tells
//! what a person would find there.

mod calico;
mod cilium;
mod kubernetes;
mod mesh;

use ringfence_model::{Node, Resource};

/// One direction of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Out,
    In,
}

impl Way {
    /// The key of rules.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Out => "egress",
            Self::In => "ingress",
        }
    }

    /// Before the peers of a rule.
    pub(super) fn preposition(self) -> &'static str {
        match self {
            Self::Out => "to",
            Self::In => "from",
        }
    }
}

/// What one rule says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Phrase {
    /// Its own name, where it has one.
    pub(super) name: Option<String>,
    /// `allows`, `denies`, `passes on`.
    pub(super) verb: &'static str,
    /// As written; absent for every port.
    pub(super) ports: Option<String>,
    /// As written; absent for anyone.
    pub(super) peers: Option<String>,
}

impl Phrase {
    /// ``allows TCP 8443 from pods `app=a` of namespace `b` ``; `ports` in place of those written.
    pub(super) fn say(&self, way: Way, ports: Option<&str>) -> String {
        let ports = ports.or(self.ports.as_deref()).unwrap_or("every port");
        let anyone = if way == Way::In { "anyone" } else { "anywhere" };
        let peers = self.peers.as_deref().unwrap_or(anyone);
        format!("{} {ports} {} {peers}", self.verb, way.preposition())
    }
}

/// A rule and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) policy: &'a Resource,
    pub(super) node: &'a Node,
    pub(super) way: Way,
    /// Whether it stands among those that deny.
    pub(super) denies: bool,
}

impl Written<'_> {
    /// What it says; `None` for kinds whose rules this does not read.
    pub(super) fn phrase(self) -> Option<Phrase> {
        match self.policy.kind.group().unwrap_or_default() {
            "networking.k8s.io" => Some(kubernetes::network_policy(self)),
            "policy.networking.k8s.io" | "networking.k8s.aws" => Some(kubernetes::tiered(self)),
            "projectcalico.org" | "crd.projectcalico.org" => Some(calico::rule(self)),
            "cilium.io" => Some(cilium::rule(self)),
            "security.istio.io" if self.policy.kind.name() == "AuthorizationPolicy" => {
                Some(mesh::authorization(self))
            }
            _ => None,
        }
    }
}

/// The rule at `element` (`ingress[0]`) of a policy.
pub(super) fn at<'a>(policy: &'a Resource, element: &str, way: Way) -> Option<Written<'a>> {
    let path = element.replace('[', ".").replace(']', "");
    if path.is_empty() {
        return None;
    }
    let node = policy.body.get(&format!("spec.{path}")).or_else(|| policy.body.get(&path))?;
    Some(Written { policy, node, way, denies: element.contains("Deny") })
}

/// All rules of a policy in one direction; none where they are not a list.
pub(super) fn all(policy: &Resource, way: Way) -> Vec<(String, Written<'_>)> {
    let list = policy.body.get(&format!("spec.{}", way.key())).map(Node::items).unwrap_or_default();
    let named = list.iter().enumerate();
    named
        .map(|(index, node)| {
            (format!("{}[{index}]", way.key()), Written { policy, node, way, denies: false })
        })
        .collect()
}

#[cfg(test)]
mod tests;
