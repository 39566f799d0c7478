//! The engine against the second evaluator, on random small clusters.

use proptest::prelude::*;
use proptest::sample::Index;
use ringfence_model::Estate;
use ringfence_model::fact::{Edge, Protocol};
use ringfence_reach::{Endpoints, Profile, Reach};
use serde_json::{Value as Json, json};

use super::model::{Cluster, End, Packet};
use super::random::{OUTSIDE, PROBED, address, cluster, manifests};
use crate::fixture::{UNKNOWN, estate, workload};

struct Subject {
    estate: Estate,
    reach: Reach,
}

impl Subject {
    fn new(manifests: &[Json]) -> Self {
        let estate = estate(manifests);
        let (reach, _) = Reach::new(&estate, Profile::Calico);
        Self { estate, reach }
    }

    fn end(&self, cluster: &Cluster, end: End) -> Endpoints {
        match end {
            End::Address(address) => Endpoints::cidr(&address.to_string()).unwrap(),
            End::Pod(index) => {
                let pod = &cluster.pods[index];
                let namespace = &cluster.namespaces[pod.namespace].name;
                Endpoints::workloads([workload(&self.estate, &format!("{namespace}/{}[Pod]", pod.name))])
            }
        }
    }

    fn edge(&self, cluster: &Cluster, from: End, to: End) -> Edge {
        let mut edges = self.reach.between(&self.end(cluster, from), &self.end(cluster, to));
        assert_eq!(edges.len(), 1, "{edges:#?}");
        edges.remove(0)
    }
}

fn pairs(cluster: &Cluster) -> Vec<(End, End)> {
    let pods = 0..cluster.pods.len();
    let inside = pods.clone().flat_map(|from| pods.clone().map(move |to| (from, to)));
    let inside = inside.filter(|(from, to)| from != to).map(|(from, to)| (End::Pod(from), End::Pod(to)));
    let outside = pods.clone().flat_map(|pod| OUTSIDE.map(|text| (pod, End::Address(address(text)))));
    let both = outside.flat_map(|(pod, address)| [(End::Pod(pod), address), (address, End::Pod(pod))]);
    inside.chain(both).collect()
}

/// Compares every pair on every probed port; `check(allowed, may be open, arrives)`.
fn probe(
    subject: &Subject,
    cluster: &Cluster,
    check: impl Fn(bool, bool, bool) -> bool,
) -> Result<(), TestCaseError> {
    for (from, to) in pairs(cluster) {
        let edge = subject.edge(cluster, from, to);
        for protocol in Protocol::ALL {
            for port in PROBED {
                let arrives = cluster.arrives(Packet { from, to, protocol: protocol.as_str(), port });
                let allowed = edge.allowed.contains(protocol, port);
                let depends = edge.depends.contains(protocol, port);
                prop_assert!(
                    check(allowed, allowed || depends, arrives),
                    "{from:?} => {to:?} {}/{port}: arrives {arrives}, found {edge:#?}",
                    protocol.as_str()
                );
            }
        }
    }
    Ok(())
}

/// Every place of a manifest that holds a text, a number or a truth value.
fn places(json: &Json, path: &str, found: &mut Vec<String>) {
    match json {
        Json::Object(entries) => {
            entries.iter().for_each(|(key, value)| {
                let key = key.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{path}/{key}"), found);
            });
        }
        Json::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, value)| places(value, &format!("{path}/{index}"), found));
        }
        _ => found.push(path.to_owned()),
    }
}

/// Hides one value of the objects that Calico reads: of policies, tiers and network sets all, of pods and
/// namespaces the labels.
fn hide(manifests: &mut [Json], which: Index, place: Index) {
    let hidden = which.get(manifests).clone();
    let at = manifests.iter().position(|one| *one == hidden).unwrap();
    let kind = hidden["kind"].as_str().unwrap().to_owned();
    let mut found = Vec::new();
    places(&hidden, "", &mut found);
    found.retain(|path| match kind.as_str() {
        "Pod" | "Namespace" | "ServiceAccount" => path.starts_with("/metadata/labels/"),
        "Tier" | "GlobalNetworkPolicy" => path.starts_with("/spec/"),
        "NetworkPolicy" => path.starts_with("/spec/"),
        _ => path.starts_with("/spec/") || path.starts_with("/metadata/labels/"),
    });
    if !found.is_empty() {
        *manifests[at].pointer_mut(place.get::<String>(&found)).unwrap() = json!(UNKNOWN);
    }
}

fn config() -> ProptestConfig {
    let whole = ProptestConfig::default();
    ProptestConfig { failure_persistence: None, cases: whole.cases / 2, ..whole }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn equals_the_definition(cluster in cluster()) {
        let subject = Subject::new(&manifests(&cluster));
        probe(&subject, &cluster, |allowed, open, arrives| allowed == arrives && open == arrives)?;
    }

    #[test]
    fn what_is_hidden_never_turns_into_a_wrong_answer(
        cluster in cluster(),
        hidden in proptest::collection::vec((any::<Index>(), any::<Index>()), 1..=3),
    ) {
        let mut manifests = manifests(&cluster);
        for (which, place) in hidden {
            hide(&mut manifests, which, place);
        }
        let subject = Subject::new(&manifests);
        probe(&subject, &cluster, |allowed, open, arrives| (!allowed || arrives) && (open || !arrives))?;
    }

    #[test]
    fn the_order_of_resources_never_matters(cluster in cluster(), seed in any::<u64>()) {
        let manifests = manifests(&cluster);
        let mut shuffled = manifests.clone();
        shuffled.sort_by_key(|one| {
            let mut text = one.to_string().into_bytes();
            text.extend(seed.to_le_bytes());
            text.iter().fold(seed, |sum, byte| sum.rotate_left(7).wrapping_mul(31) ^ u64::from(*byte))
        });
        let (one, other) = (Subject::new(&manifests), Subject::new(&shuffled));
        for (from, to) in pairs(&cluster) {
            let (a, b) = (one.edge(&cluster, from, to), other.edge(&cluster, from, to));
            prop_assert_eq!((a.allowed, a.depends, a.condition), (b.allowed, b.depends, b.condition));
        }
    }
}
