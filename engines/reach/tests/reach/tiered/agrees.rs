//! The engine against the evaluator.

use proptest::prelude::*;
use proptest::sample::Index;
use ringfence_model::fact::Protocol;
use ringfence_reach::{Endpoints, Profile, Reach};
use serde_json::{Value as Json, json};

use super::Tiered;
use super::random::{all, tiered};
use crate::fixture::{UNKNOWN, estate, workload};
use crate::properties::{config, pairs, pointers};
use crate::random::PROBED;
use crate::spec::{End, Host};

/// Compares every pair on every probed port; `check(allowed, may be open, arrives)`.
fn probe(
    tiered: &Tiered,
    manifests: &[Json],
    check: impl Fn(bool, bool, bool) -> bool,
) -> Result<(), TestCaseError> {
    let estate = estate(manifests);
    let (reach, _) = Reach::new(&estate, Profile::Spec);
    let cluster = &tiered.cluster;
    let end = |end| match end {
        End::Pod(index) => {
            let pod = &cluster.pods[index];
            let label = format!("{}/{}[Pod]", cluster.namespaces[pod.namespace].name, pod.name);
            Endpoints::workloads([workload(&estate, &label)])
        }
        End::Address(address) => Endpoints::cidr(&address.to_string()).unwrap(),
    };
    for (from, to) in pairs(cluster) {
        let edges = reach.between(&end(from), &end(to));
        prop_assert!(edges.len() < 2, "{edges:#?}");
        for (edge, protocol) in edges.iter().flat_map(|edge| Protocol::ALL.map(|protocol| (edge, protocol))) {
            for port in PROBED {
                let arrives = tiered.arrives(from, to, protocol.as_str(), port);
                let allowed = edge.allowed.contains(protocol, port);
                let open = allowed || edge.depends.contains(protocol, port);
                prop_assert!(
                    check(allowed, open, arrives),
                    "{from:?} => {to:?} {}/{port}: arrives {arrives}, found {edge:#?}",
                    protocol.as_str()
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn tiers_equal_the_definition(tiered in tiered()) {
        probe(&tiered, &all(&tiered), |allowed, open, arrives| allowed == arrives && open == arrives)?;
    }

    #[test]
    fn what_is_hidden_in_tiers_never_turns_into_a_wrong_answer(
        mut tiered in tiered(),
        hidden in proptest::collection::vec((any::<Index>(), any::<Index>()), 0..4),
        host in proptest::option::of(any::<Index>()),
    ) {
        if let Some(pod) = host {
            let pods = tiered.cluster.pods.len();
            tiered.cluster.pods[pod.index(pods)].host = Host::Node;
        }
        let mut manifests = all(&tiered);
        let first = manifests.len() - tiered.policies.len();
        for (policy, value) in hidden.iter().filter(|_| !tiered.policies.is_empty()) {
            let spec = &mut manifests[first + policy.index(tiered.policies.len())]["spec"];
            let pointers = pointers(spec);
            if !pointers.is_empty() {
                *spec.pointer_mut(&pointers[value.index(pointers.len())]).unwrap() = json!(UNKNOWN);
            }
        }
        probe(&tiered, &manifests, |allowed, open, arrives| (!allowed || arrives) && (open || !arrives))?;
    }
}
