//! Small random clusters with declarations.

use std::net::Ipv4Addr;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use crate::world::{Connection, Labels, Party, Service, Workload, World};

const KEYS: [&str; 3] = ["app", "tier", "version"];
const VALUES: [&str; 3] = ["x", "y", "z"];
/// Blocks: of addresses outside, of pods, of everything.
const BLOCKS: [&str; 7] = [
    "198.51.100.0/24",
    "203.0.113.0/28",
    "10.9.0.0/16",
    "192.168.0.0/16",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "198.51.100.0/25",
];

fn labels() -> impl Strategy<Value = Labels> {
    vec(option::weighted(0.7, select(&VALUES[..])), KEYS.len()).prop_map(|values| {
        KEYS.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))).collect()
    })
}

fn workload() -> impl Strategy<Value = Workload> {
    // Most are in the namespace that is asked about.
    (select(&[0, 0, 0, 1, 1, 2][..]), labels(), select(&[80, 8080][..])).prop_map(
        |(namespace, labels, web)| Workload {
            namespace,
            name: String::new(),
            labels,
            web,
            address: Ipv4Addr::UNSPECIFIED,
        },
    )
}

fn service(workloads: usize) -> impl Strategy<Value = Service> {
    (0..workloads, select(&[80, 443][..]), option::of(select(&[8080, 8443][..])))
        .prop_map(|(of, port, target)| Service { of, port, target })
}

fn party(workloads: usize, services: usize) -> BoxedStrategy<Party> {
    let mut kinds = vec![
        (8, (0..workloads).prop_map(Party::Workload).boxed()),
        (1, (0..3_usize).prop_map(Party::Namespace).boxed()),
        (2, select(&BLOCKS[..]).prop_map(Party::Block).boxed()),
        (1, Just(Party::Internet).boxed()),
    ];
    if services > 0 {
        kinds.push((2, (0..services).prop_map(Party::Service).boxed()));
    }
    proptest::strategy::Union::new_weighted(kinds).boxed()
}

fn ports() -> impl Strategy<Value = Vec<(&'static str, u16, u16)>> {
    let range = select(&[(80, 80), (443, 443), (53, 53), (8000, 8080), (8001, 9000), (1, 65535)][..]);
    vec((select(&["TCP", "TCP", "UDP", "SCTP"][..]), range), 1..=2)
        .prop_map(|all| all.into_iter().map(|(protocol, (start, end))| (protocol, start, end)).collect())
}

fn connection(workloads: usize, services: usize) -> impl Strategy<Value = Connection> {
    let party = || party(workloads, services);
    (party(), party(), ports(), any::<bool>()).prop_map(|(from, to, ports, as_hop)| Connection {
        from,
        to,
        ports,
        as_hop,
    })
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    vec(workload(), 4..=8).prop_flat_map(|mut workloads| {
        for (index, one) in workloads.iter_mut().enumerate() {
            one.name = format!("w{index}");
            // No namespace is without a pod: what a rule says of one could not be seen.
            one.namespace = if index < 3 { index } else { one.namespace };
            one.address = Ipv4Addr::new(10, 0, 0, u8::try_from(index).unwrap() + 1);
        }
        let count = workloads.len();
        (Just(workloads), vec(service(count), 0..=2), any::<bool>(), any::<bool>()).prop_flat_map(
            move |(workloads, services, closed, dns)| {
                // A Service selects by all labels of its workload; without any it would select nothing.
                let services: Vec<Service> =
                    services.into_iter().filter(|one| !workloads[one.of].labels.is_empty()).collect();
                let connections = vec(connection(count, services.len()), 0..=7);
                (Just((workloads, services, closed, dns)), connections).prop_map(
                    |((workloads, services, closed, dns), connections)| {
                        // What is there already is replaced, whatever it allows.
                        let policies = if closed {
                            let spec = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"],
                                "egress": [{"ports": [{"port": 443}]}], "ingress": [{}]});
                            vec![json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                                "metadata": {"name": "old", "namespace": "n0"}, "spec": spec})]
                        } else {
                            Vec::new()
                        };
                        World { workloads, services, connections, policies, dns, order: 0 }
                    },
                )
            },
        )
    })
}
