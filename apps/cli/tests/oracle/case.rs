//! One case: a cluster, and what is asked of it.

use std::collections::BTreeMap;

use libtest_mimic::Failed;
use ringfence_model::fact::{Peer, Protocol};
use ringfence_model::{Estate, EstateBuilder};
use ringfence_reach::{Endpoints, Profile, Reach};
use serde_json::Value as Json;

use crate::yaml;

/// A cluster, and what is asked of it: every pair of ends on every port.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Its objects.
    pub(crate) manifests: Vec<Json>,
    /// Addresses outside the cluster.
    pub(crate) outside: Vec<String>,
    /// Ports.
    pub(crate) ports: Vec<(Protocol, u16)>,
}

/// One question: `from` and `to` are `namespace/pod`, or `ip/address` outside the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Probe {
    /// Who connects.
    pub(crate) from: String,
    /// Who answers.
    pub(crate) to: String,
    /// On what.
    pub(crate) port: (Protocol, u16),
}

/// What an engine says of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Allow,
    Deny,
    /// Only ours says so.
    Depends,
}

/// The verdict on every probe of a case.
pub(crate) type Answers = BTreeMap<Probe, Verdict>;

impl Verdict {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Depends => "depends",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Allow, Self::Deny, Self::Depends].into_iter().find(|verdict| verdict.as_str() == text)
    }
}

/// `shop/web pay/api TCP 80`.
impl std::fmt::Display for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (protocol, port) = self.port;
        write!(f, "{} {} {} {port}", self.from, self.to, protocol.as_str())
    }
}

/// The text of a place in a manifest; empty where there is none.
pub(crate) fn text<'a>(manifest: &'a Json, pointer: &str) -> &'a str {
    manifest.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

pub(crate) fn is_pod(manifest: &Json) -> bool {
    text(manifest, "/kind") == "Pod"
}

/// `namespace/name`.
pub(crate) fn name_of(manifest: &Json) -> String {
    format!("{}/{}", text(manifest, "/metadata/namespace"), text(manifest, "/metadata/name"))
}

impl Case {
    /// Every question: addresses outside say nothing to one another, and nobody to itself.
    pub(crate) fn probes(&self) -> Vec<Probe> {
        let ends = self.ends();
        let pair =
            |from: &String, to: &String| from != to && !(from.starts_with("ip/") && to.starts_with("ip/"));
        let mut probes = Vec::new();
        for from in &ends {
            for to in ends.iter().filter(|to| pair(from, to)) {
                let probe =
                    |port: &(Protocol, u16)| Probe { from: from.clone(), to: to.clone(), port: *port };
                probes.extend(self.ports.iter().map(probe));
            }
        }
        probes
    }

    fn ends(&self) -> Vec<String> {
        let pods = self.manifests.iter().filter(|one| is_pod(one)).map(name_of);
        pods.chain(self.outside.iter().map(|address| format!("ip/{address}"))).collect()
    }

    /// What our engine says, through the real source. A cluster in which everything is defined gives no
    /// diagnostic.
    pub(crate) fn ours(&self, profile: Profile) -> Result<Answers, Failed> {
        let estate = estate(&yaml::stream(&self.manifests))?;
        let (reach, diagnostics) = Reach::new(&estate, profile);
        if let Some(first) = diagnostics.first() {
            return Err(format!("a diagnostic where there is nothing to say: {first:?}").into());
        }
        let outside = self.outside.iter().filter_map(|address| Endpoints::cidr(address));
        let pods = Endpoints::workloads(estate.iter_workloads().map(|(id, _)| id));
        let everyone = outside.fold(pods, Endpoints::and);
        let mut answers = Answers::new();
        for edge in reach.between(&everyone, &everyone) {
            for (from, to) in pairs(&edge.from, &edge.to) {
                for port in &self.ports {
                    let verdict = if edge.allowed.contains(port.0, port.1) {
                        Verdict::Allow
                    } else if edge.depends.contains(port.0, port.1) {
                        Verdict::Depends
                    } else {
                        Verdict::Deny
                    };
                    let probe = Probe { from: name(&estate, from), to: name(&estate, to), port: *port };
                    answers.insert(probe, verdict);
                }
            }
        }
        let missing = self.probes().into_iter().find(|probe| !answers.contains_key(probe));
        missing.map_or(Ok(answers), |probe| Err(format!("no edge for {probe}").into()))
    }
}

fn pairs<'a>(from: &'a [Peer], to: &'a [Peer]) -> impl Iterator<Item = (Peer, Peer)> + 'a {
    let pairs = from.iter().flat_map(move |from| to.iter().map(move |to| (*from, *to)));
    pairs.filter(|(from, to)| from != to)
}

fn name(estate: &Estate, peer: Peer) -> String {
    match peer {
        Peer::External(range) => format!("ip/{}", range.first),
        Peer::Workload(id) => {
            estate.workload(id).map_or_else(String::new, |pod| format!("{}/{}", pod.namespace, pod.name))
        }
        // Nobody asked for these.
        Peer::Landmark(_) | Peer::Name(_) => String::new(),
    }
}

fn estate(stream: &str) -> Result<Estate, Failed> {
    let mut builder = EstateBuilder::default();
    let file = builder.sources_mut().add("cluster.yaml", stream);
    for document in yaml::documents(file, stream)? {
        let (resources, diagnostics) = ringfence_kubernetes::read(document);
        if let Some(first) = diagnostics.first() {
            return Err(format!("the source says {first:?}").into());
        }
        builder.extend(resources);
    }
    Ok(builder.finish().0)
}
