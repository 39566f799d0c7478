//! The engine against the second evaluator, and properties that must always hold.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use ringfence_model::fact::{Decision, Edge, Landmark, Peer, Protocol, ReachMap};
use ringfence_model::{Estate, WorkloadId};
use ringfence_reach::{Endpoints, Openness, Profile, Reach};
use serde_json::{Value as Json, json};

use crate::fixture::{UNKNOWN, estate, everyone, lines, name, workload};
use crate::random::{OUTSIDE, PROBED, address, cluster, manifests, policy_manifest, rule};
use crate::spec::{Cluster, End, Host, Policy};

/// One estate and its answers.
pub(crate) struct Subject {
    estate: Estate,
    reach: Reach,
}

impl Subject {
    fn new(manifests: &[Json]) -> Self {
        Self::under(Profile::Spec, manifests)
    }

    pub(crate) fn under(profile: Profile, manifests: &[Json]) -> Self {
        let estate = estate(manifests);
        let (reach, _) = Reach::new(&estate, profile);
        Self { estate, reach }
    }

    fn workload(&self, cluster: &Cluster, pod: usize) -> WorkloadId {
        let pod = &cluster.pods[pod];
        workload(&self.estate, &format!("{}/{}[Pod]", cluster.namespaces[pod.namespace].name, pod.name))
    }

    fn end(&self, cluster: &Cluster, end: End) -> Endpoints {
        match end {
            End::Pod(index) => Endpoints::workloads([self.workload(cluster, index)]),
            End::Address(address) => Endpoints::cidr(&address.to_string()).unwrap(),
        }
    }

    /// The only edge between two ends; none for an address of a family that nothing shows.
    fn edge(&self, cluster: &Cluster, from: End, to: End) -> Option<Edge> {
        let mut edges = self.reach.between(&self.end(cluster, from), &self.end(cluster, to));
        assert!(edges.len() < 2, "{edges:#?}");
        edges.pop()
    }
}

/// All pairs of different pods, and each pod with each address in both directions.
pub(crate) fn pairs(cluster: &Cluster) -> Vec<(End, End)> {
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
    let arrives = |from, to, protocol: &str, port| Some(cluster.arrives(from, to, protocol, port));
    probe_against(subject, cluster, arrives, check)
}

/// The same against another evaluator; what it leaves open is not compared.
pub(crate) fn probe_against(
    subject: &Subject,
    cluster: &Cluster,
    arrives: impl Fn(End, End, &str, u16) -> Option<bool>,
    check: impl Fn(bool, bool, bool) -> bool,
) -> Result<(), TestCaseError> {
    for (from, to) in pairs(cluster) {
        let Some(edge) = subject.edge(cluster, from, to) else { continue };
        for protocol in Protocol::ALL {
            for port in PROBED {
                let Some(arrives) = arrives(from, to, protocol.as_str(), port) else { continue };
                let allowed = edge.allowed.contains(protocol, port);
                let depends = edge.depends.contains(protocol, port);
                prop_assert!(!(allowed && depends));
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

/// What hides a part of the truth from the engine, while the cluster stays as it is.
#[derive(Clone, Debug)]
pub(crate) enum Hide {
    /// The addresses of a pod.
    Address(Index),
    /// The address of a pod, by that of another one.
    Shared(Index, Index),
    /// A namespace object.
    Namespace(Index),
    /// The value of a label of a pod.
    Label(Index),
    /// Any value within a policy.
    Value(Index, Index),
    /// Which of two policies of one name is in force.
    Twin(Index, Index, Policy),
    /// What an engine does to a pod on the host network.
    Host(Index, bool),
    /// Which of two declarations of a port name counts.
    Name(Index, bool),
}

pub(crate) fn hide() -> impl Strategy<Value = Hide> {
    let index = any::<Index>;
    let twin = cluster().prop_filter_map("a policy", |cluster| cluster.policies.into_iter().next());
    prop_oneof![
        2 => index().prop_map(Hide::Address),
        1 => (index(), index()).prop_map(|(pod, other)| Hide::Shared(pod, other)),
        2 => index().prop_map(Hide::Namespace),
        2 => index().prop_map(Hide::Label),
        6 => (index(), index()).prop_map(|(policy, value)| Hide::Value(policy, value)),
        1 => (index(), index(), twin).prop_map(|(policy, place, twin)| Hide::Twin(policy, place, twin)),
        1 => (index(), any::<bool>()).prop_map(|(pod, node)| Hide::Host(pod, node)),
        1 => (index(), any::<bool>()).prop_map(|(pod, every)| Hide::Name(pod, every)),
    ]
}

/// Changes the cluster where what is hidden is how an engine treats it.
pub(crate) fn prepare(cluster: &mut Cluster, hidden: &[Hide]) {
    for hide in hidden {
        match hide {
            Hide::Host(pod, node) => {
                let pods = cluster.pods.len();
                cluster.pods[pod.index(pods)].host = if *node { Host::Node } else { Host::Ordinary };
            }
            Hide::Name(pod, every) => {
                let pods = cluster.pods.len();
                cluster.pods[pod.index(pods)].ports.extend([("http", "TCP", 80), ("http", "TCP", 81)]);
                cluster.every_named_port = *every;
            }
            _ => {}
        }
    }
}

pub(crate) fn conceal(manifests: &mut Vec<Json>, hidden: &[Hide]) {
    let of_kind = |manifests: &[Json], kind: &str| -> Vec<usize> {
        (0..manifests.len()).filter(|index| manifests[*index]["kind"] == kind).collect()
    };
    for hide in hidden {
        let (pods, policies) = (of_kind(manifests, "Pod"), of_kind(manifests, "NetworkPolicy"));
        match hide {
            Hide::Address(pod) => manifests[*pod.get(&pods)]["status"] = json!({}),
            Hide::Shared(pod, other) if pod.get(&pods) != other.get(&pods) => {
                let address = manifests[*other.get(&pods)]["status"].clone();
                manifests[*pod.get(&pods)]["status"] = address;
            }
            Hide::Label(pod) => {
                let labels = manifests[*pod.get(&pods)]["metadata"]["labels"].as_object_mut().unwrap();
                labels.values_mut().next().into_iter().for_each(|value| *value = json!(UNKNOWN));
            }
            Hide::Namespace(namespace) => {
                let namespaces = of_kind(manifests, "Namespace");
                if !namespaces.is_empty() {
                    manifests.remove(*namespace.get(&namespaces));
                }
            }
            Hide::Value(policy, value) if !policies.is_empty() => {
                let mut values = pointers(&manifests[*policy.get(&policies)]["spec"]);
                values.push(String::new());
                let pointer = value.get(&values);
                *manifests[*policy.get(&policies)]["spec"].pointer_mut(pointer).unwrap() = json!(UNKNOWN);
            }
            Hide::Twin(policy, place, twin) if !policies.is_empty() => {
                let first = &manifests[*policy.get(&policies)];
                let namespace = first["metadata"]["namespace"].as_str().unwrap();
                let mut second = policy_manifest(twin, namespace);
                second["metadata"]["name"] = first["metadata"]["name"].clone();
                manifests.insert(place.index(manifests.len()), second);
            }
            _ => {}
        }
    }
}

/// Every value within a manifest.
pub(crate) fn pointers(json: &Json) -> Vec<String> {
    let children: Vec<(String, &Json)> = match json {
        Json::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Json::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        _ => Vec::new(),
    };
    let below = |(key, value): (String, &Json)| {
        let inner = pointers(value).into_iter().map(|pointer| format!("/{key}{pointer}")).collect::<Vec<_>>();
        [vec![format!("/{key}")], inner].concat()
    };
    children.into_iter().flat_map(below).collect()
}

/// The map, pair by pair.
fn spread(estate: &Estate, map: &ReachMap) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for pair in &map.pairs {
        let members = |set| map.set(set).iter().flat_map(|class| &map.classes[*class as usize].members);
        for (from, to) in members(pair.from).flat_map(|from| members(pair.to).map(move |to| (from, to))) {
            let mark = if pair.decision == Decision::Allow { "" } else { "?" };
            let (from, to, ports) = (name(estate, *from), name(estate, *to), &pair.ports);
            if from != to {
                lines.insert(format!("{from} => {to} : {ports}{mark}"));
            }
        }
    }
    lines
}

/// A quarter of what is asked for (`PROPTEST_CASES`): each case is some thousand probes.
pub(crate) fn config() -> ProptestConfig {
    let whole = ProptestConfig::default();
    ProptestConfig { cases: whole.cases / 4, ..whole }
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
        mut cluster in cluster(),
        hidden in proptest::collection::vec(hide(), 1..6),
    ) {
        prepare(&mut cluster, &hidden);
        let mut manifests = manifests(&cluster);
        conceal(&mut manifests, &hidden);
        let subject = Subject::new(&manifests);
        probe(&subject, &cluster, |allowed, open, arrives| (!allowed || arrives) && (open || !arrives))?;
    }

    #[test]
    fn the_map_says_what_pairs_say(
        cluster in cluster(),
        hidden in proptest::collection::vec(hide(), 0..3),
    ) {
        let mut manifests = manifests(&cluster);
        conceal(&mut manifests, &hidden);
        let Subject { estate, reach } = Subject::new(&manifests);
        let all = everyone(&estate).and(Endpoints::outside()).and(Endpoints::landmarks(Landmark::ALL));
        let expected: BTreeSet<String> = lines(&estate, &reach, &all, &all).into_iter().collect();
        prop_assert_eq!(&spread(&estate, &reach.map()), &expected);
        prop_assert_eq!(&spread(&estate, &reach.map_of(Some(&all), None)), &expected);
        let open = reach.open(&all, &all);
        prop_assert!(open.iter().all(|edge| !edge.is_denied()));
        prop_assert_eq!(open.len(), reach.between(&all, &all).iter().filter(|edge| !edge.is_denied()).count());
    }

    #[test]
    fn contacts_are_who_may_talk(cluster in cluster()) {
        let Subject { estate, reach } = Subject::new(&manifests(&cluster));
        let all = everyone(&estate).and(Endpoints::outside());
        for (id, _) in estate.iter_workloads() {
            let one = Endpoints::workloads([id]);
            for (contacts, inwards) in [(reach.sources(&one), true), (reach.targets(&one), false)] {
                let edges = if inwards { reach.open(&all, &one) } else { reach.open(&one, &all) };
                let others = |edge: &Edge| if inwards { edge.from.clone() } else { edge.to.clone() };
                let expected: BTreeSet<Peer> = edges.iter().flat_map(others).collect();
                let found: BTreeSet<Peer> = contacts.iter().map(|contact| contact.peer).collect();
                prop_assert_eq!(found, expected);
                for contact in contacts {
                    let widest = edges.iter().filter(|edge| others(edge).contains(&contact.peer)).map(Edge::openness).max();
                    prop_assert_eq!(Some(contact.openness), widest);
                    prop_assert_eq!(Openness::of(&contact.ports), contact.openness);
                }
            }
        }
    }

    #[test]
    fn the_order_of_resources_never_matters(
        cluster in cluster(),
        hidden in proptest::collection::vec(hide(), 0..3),
        seed in any::<u64>(),
    ) {
        let mut first = manifests(&cluster);
        conceal(&mut first, &hidden);
        let mut second = first.clone();
        second.sort_by_cached_key(|manifest| seed.wrapping_mul(manifest.to_string().len() as u64 | 1).rotate_left(17));
        second.reverse();
        let [first, second] = [first, second].map(|manifests| {
            let Subject { estate, reach } = Subject::new(&manifests);
            spread(&estate, &reach.map())
        });
        prop_assert_eq!(first, second);
    }

    #[test]
    fn an_allow_rule_more_never_closes_an_edge(
        mut cluster in cluster(),
        rule in rule(),
        place in any::<Index>(),
        egress in any::<bool>(),
    ) {
        if cluster.policies.is_empty() {
            return Ok(());
        }
        let policies = cluster.policies.len();
        cluster.policies[place.index(policies)].types = Some(vec!["Ingress", "Egress"]);
        let before = Subject::new(&manifests(&cluster));
        let policy = &mut cluster.policies[place.index(policies)];
        let rules = if egress { &mut policy.egress } else { &mut policy.ingress };
        rules.get_or_insert_default().push(rule);
        let after = Subject::new(&manifests(&cluster));
        for (from, to) in pairs(&cluster) {
            let (before, after) = (before.edge(&cluster, from, to), after.edge(&cluster, from, to));
            if let (Some(before), Some(after)) = (before, after) {
                prop_assert!(before.allowed.minus(&after.allowed).is_empty(), "{before:#?} {after:#?}");
            }
        }
    }

    #[test]
    fn every_decision_names_its_rules(cluster in cluster()) {
        let Subject { estate, reach } = Subject::new(&manifests(&cluster));
        let all = everyone(&estate).and(Endpoints::outside());
        for edge in reach.between(&all, &all) {
            let isolated = |side: &ringfence_reach::Side| !side.policies.is_empty();
            if edge.is_denied() {
                prop_assert!(isolated(&edge.egress) || isolated(&edge.ingress), "{edge:#?}");
            }
            for side in [&edge.egress, &edge.ingress] {
                prop_assert!(isolated(side) || side.rules.is_empty());
                let named = side.rules.iter().fold(ringfence_model::fact::Ports::default(), |all, one| all.union(&one.ports));
                prop_assert!(!isolated(side) || side.allowed.minus(&named).is_empty());
                prop_assert!(side.rules.iter().all(|one| one.rule.location.is_some()));
            }
        }
    }
}
