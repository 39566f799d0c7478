//! Suggested policies read back: random clusters and declarations go through the real sources, the suggestion
//! as YAML through them again, and reach with it opens exactly what is declared.

#![cfg(test)]

#[path = "suggest/random.rs"]
mod random;
#[path = "suggest/world.rs"]
mod world;

use proptest::prelude::*;
use ringfence_model::declaration::Declaration;
use ringfence_model::fact::{Peer, Ports, Protocol, SuggestedChange, Suggestion};
use ringfence_model::{Diagnostic, Estate, EstateBuilder, Resource, WorkloadId};
use ringfence_outputs::reach::suggest;
use ringfence_reach::{Endpoints, Profile, Reach};
use ringfence_scope::{Home, Options};
use ringfence_text::Budget;

use random::world;
use world::{End, PROBED, World};

/// An estate with the suggestion for namespace `n0` in force.
struct Case {
    before: Estate,
    after: Estate,
    reach: Reach,
    suggestion: Suggestion,
    diagnostics: Vec<Diagnostic>,
    change: SuggestedChange,
    text: String,
}

fn read(text: &str) -> (Vec<Resource>, EstateBuilder) {
    let mut builder = EstateBuilder::default();
    let file = builder.sources_mut().add("cluster.yaml", text);
    let (documents, faults) = ringfence_text::read(file, text, &Budget::default());
    assert!(faults.is_empty(), "{faults:#?}\n{text}");
    let mut resources = Vec::new();
    for document in documents {
        let (more, faults) = ringfence_kubernetes::read(document);
        assert!(faults.is_empty(), "{faults:#?}\n{text}");
        resources.extend(more);
    }
    (resources, builder)
}

fn declaration(text: &str, builder: &mut EstateBuilder) -> Declaration {
    let file = builder.sources_mut().add("ringfence.yaml", text);
    let (documents, faults) = ringfence_text::read(file, text, &Budget::default());
    assert!(faults.is_empty(), "{faults:#?}\n{text}");
    let (declaration, faults) = ringfence_declaration::read(file, &documents[0]);
    assert!(faults.is_empty(), "{faults:#?}\n{text}");
    declaration
}

impl Case {
    fn new(world: &World, options: Options) -> Self {
        let (resources, mut builder) = read(&world.manifests());
        let declaration = declaration(&world.declaration(), &mut builder);
        builder.extend(resources);
        let (before, _) = builder.finish();
        let home = Home { cluster: None, namespace: "n0".into() };
        let (today, _) = Reach::new(&before, Profile::Spec);
        let (suggestion, diagnostics) =
            ringfence_scope::suggest(&before, &declaration, &today, &home, options);
        let mut text = Vec::new();
        suggest::policies(&mut text, &suggestion).unwrap();
        let text = String::from_utf8(text).unwrap();
        let after = before.changed(|resource| home.holds_policy(resource), read(&text).0);
        let (reach, faults) = Reach::new(&after, Profile::Spec);
        assert!(faults.is_empty(), "{faults:#?}\n{text}");
        let change = ringfence_scope::change(&declaration, &suggestion, (&before, &today), (&after, &reach));
        Self { before, after, reach, suggestion, diagnostics, change, text }
    }

    fn end(&self, end: &End) -> Endpoints {
        match end {
            End::Pod(namespace, name) => Endpoints::workloads([workload(&self.after, namespace, name)]),
            End::Address(address) => Endpoints::cidr(address).unwrap(),
        }
    }
}

fn workload(estate: &Estate, namespace: &str, name: &str) -> WorkloadId {
    let mut found = estate.iter_workloads().filter(|(_, one)| one.namespace == namespace && one.name == name);
    found.next().unwrap_or_else(|| panic!("no {namespace}/{name}")).0
}

/// What is open from one end to the other; nothing may be uncertain.
fn open(case: &Case, from: &End, to: &End) -> Ports {
    let edges = case.reach.between(&case.end(from), &case.end(to));
    edges.iter().fold(Ports::default(), |all, edge| {
        assert!(edge.depends.is_empty(), "{edge:#?}");
        all.union(&edge.allowed)
    })
}

fn config() -> ProptestConfig {
    let whole = ProptestConfig::default();
    ProptestConfig { cases: whole.cases / 2, failure_persistence: None, ..whole }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_suggestion_opens_exactly_what_is_declared(world in world()) {
        let case = Case::new(&world, Options::default());
        for (from, to) in world.pairs() {
            let open = open(&case, &from, &to);
            for protocol in Protocol::ALL {
                for port in PROBED {
                    let expected = world.arrives(&from, &to, protocol.as_str(), port);
                    prop_assert_eq!(
                        open.contains(protocol, port), expected,
                        "{:?} => {:?} {}/{}\n{}\n{}\n{:#?}",
                        from, to, protocol.as_str(), port, world.declaration(), case.text, case.diagnostics
                    );
                }
            }
        }
    }

    #[test]
    fn no_policy_and_no_rule_is_idle(world in world()) {
        let case = Case::new(&world, Options::default());
        let policies = &case.suggestion.policies;
        prop_assert!(policies[0].selector.is_empty() && policies[0].name == "default-deny");
        for policy in policies.iter().skip(1) {
            prop_assert!(!(policy.ingress.is_empty() && policy.egress.is_empty()));
            prop_assert!(!policy.covers.is_empty());
        }
        let rules = policies.iter().flat_map(|one| one.ingress.iter().chain(&one.egress));
        for rule in rules {
            prop_assert!(!rule.peers.is_empty() && !rule.ports.is_empty() && !rule.because.is_empty());
        }
        let mut names: Vec<_> = policies.iter().map(|one| one.name.clone()).collect();
        names.sort();
        names.dedup();
        prop_assert_eq!(names.len(), policies.len());
    }

    #[test]
    fn a_policy_less_says_less(world in world(), at in any::<prop::sample::Index>()) {
        let case = Case::new(&world, Options::default());
        // What is for pods of a namespace with one pod is for pods to come.
        let at_home = world.workloads.iter().filter(|one| one.namespace == 0).count();
        if case.suggestion.policies.len() < 2 || at_home < 2 {
            return Ok(());
        }
        let gone = 1 + at.index(case.suggestion.policies.len() - 1);
        let mut fewer = case.suggestion.clone();
        let removed = fewer.policies.remove(gone);
        let mut text = Vec::new();
        suggest::policies(&mut text, &fewer).unwrap();
        let home = Home { cluster: None, namespace: "n0".into() };
        let policies = read(&String::from_utf8(text).unwrap()).0;
        let estate = case.before.changed(|resource| home.holds_policy(resource), policies);
        let (reach, _) = Reach::new(&estate, Profile::Spec);
        let own = Endpoints::workloads(removed.covers.iter().copied());
        let all = Endpoints::workloads(estate.iter_workloads().map(|(id, _)| id)).and(Endpoints::outside());
        let side = |reach: &Reach, outwards: bool| -> Vec<Ports> {
            let edges = if outwards { reach.between(&own, &all) } else { reach.between(&all, &own) };
            edges.iter().map(|edge| if outwards { edge.egress.allowed.union(&edge.egress.depends) } else {
                edge.ingress.allowed.union(&edge.ingress.depends)
            }).collect()
        };
        let total = |ports: Vec<Ports>| ports.iter().flat_map(|one| one.ranges().to_vec()).map(|range| u64::from(range.end - range.start) + 1).sum::<u64>();
        let less = [true, false].iter().any(|outwards| total(side(&reach, *outwards)) < total(side(&case.reach, *outwards)));
        prop_assert!(less, "{}\n{}", removed.name, case.text);
    }

    #[test]
    fn the_comparison_says_what_both_estates_say(world in world()) {
        let case = Case::new(&world, Options::default());
        let apart = case.diagnostics.iter().all(|one| one.code != "suggest-not-apart");
        prop_assert!(!apart || case.change.beyond.first.is_empty(), "{:#?}\n{}", case.change.beyond, case.text);
        // Only whether a block holds a node is not known.
        let of_node = |peers: &[Peer]| peers.iter().all(|peer| matches!(peer, Peer::Landmark(_)));
        prop_assert!(case.change.perhaps.first.iter().all(|one| of_node(&one.from) || of_node(&one.to)));
        let (today, _) = Reach::new(&case.before, Profile::Spec);
        let peer = |peer: &Peer| match peer {
            Peer::Workload(id) => Endpoints::workloads([*id]),
            Peer::External(range) => Endpoints::cidr(&range.first.to_string()).unwrap(),
            Peer::Landmark(one) => Endpoints::landmarks([*one]),
            Peer::Name(_) => unreachable!("no rule names a destination"),
        };
        // What is open from any to any, or from each to each.
        let ports = |reach: &Reach, one: &ringfence_model::fact::Connection, each: bool| {
            let pairs = one.from.iter().flat_map(|from| one.to.iter().map(move |to| (from, to)));
            let open = pairs.filter(|(from, to)| from != to).map(|(from, to)| {
                let edges = reach.between(&peer(from), &peer(to));
                edges.iter().fold(Ports::default(), |all, edge| all.union(&edge.allowed))
            });
            let start = if each { Ports::all() } else { Ports::default() };
            open.fold(start, |all, one| if each { all.intersection(&one) } else { all.union(&one) })
        };
        for one in &case.change.closed.first {
            prop_assert!(one.ports.minus(&ports(&today, one, true)).is_empty());
            prop_assert!(one.ports.intersection(&ports(&case.reach, one, false)).is_empty());
        }
        for one in &case.change.opened.first {
            prop_assert!(one.ports.minus(&ports(&case.reach, one, true)).is_empty());
            prop_assert!(one.ports.intersection(&ports(&today, one, false)).is_empty());
        }
        for one in &case.change.still_closed.first {
            prop_assert!(one.ports.intersection(&ports(&case.reach, one, false)).is_empty());
        }
    }

    #[test]
    fn the_order_of_files_never_matters(world in world(), seed in any::<u64>()) {
        let first = Case::new(&world, Options::default());
        let second = Case::new(&world.shuffled(seed), Options::default());
        prop_assert_eq!(first.text, second.text);
    }
}
