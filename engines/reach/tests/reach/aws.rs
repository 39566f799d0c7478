//! Profile `aws-vpc-cni`: its facts one by one, and a second evaluator on random clusters.

mod detect;
mod enforcement;
mod facts;
mod table;

use proptest::prelude::*;
use ringfence_reach::Profile;

use crate::properties::{Subject, conceal, config, hide, prepare, probe_against};
use crate::random::{cluster, manifests};
use crate::spec::Cluster;

/// Without rules of a direction that `policyTypes` leaves out: what they do is not certain.
fn tidy(cluster: &mut Cluster) {
    for policy in &mut cluster.policies {
        if let Some(types) = policy.types.clone().filter(|types| !types.is_empty()) {
            policy.ingress = policy.ingress.take().filter(|_| types.contains(&"Ingress"));
            policy.egress = policy.egress.take().filter(|_| types.contains(&"Egress"));
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn equals_the_table_of_the_agent(mut cluster in cluster()) {
        tidy(&mut cluster);
        let subject = Subject::under(Profile::AwsVpcCni, &manifests(&cluster));
        probe_against(
            &subject,
            &cluster,
            |from, to, protocol, port| table::arrives(&cluster, from, to, protocol, port),
            |allowed, open, arrives| allowed == arrives && open == arrives,
        )?;
    }

    #[test]
    fn what_is_hidden_from_it_never_turns_into_a_wrong_answer(
        mut cluster in cluster(),
        hidden in proptest::collection::vec(hide(), 1..6),
    ) {
        prepare(&mut cluster, &hidden);
        let mut manifests = manifests(&cluster);
        conceal(&mut manifests, &hidden);
        let subject = Subject::under(Profile::AwsVpcCni, &manifests);
        probe_against(
            &subject,
            &cluster,
            |from, to, protocol, port| table::arrives(&cluster, from, to, protocol, port),
            |allowed, open, arrives| (!allowed || arrives) && (open || !arrives),
        )?;
    }
}
