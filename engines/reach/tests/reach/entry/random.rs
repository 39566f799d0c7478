//! Ways in against the second evaluator, on random clusters with a Service before random pods: who is
//! behind it, on which ports, and what arrives from the source that each pod sees.

use std::collections::BTreeSet;
use std::net::IpAddr;

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use ringfence_model::Estate;
use ringfence_model::fact::{Entry, Passage, Protocol, TargetEnd};
use ringfence_reach::{Profile, Reach};
use serde_json::{Value as Json, json};

use crate::fixture::{estate, workload};
use crate::random::{OUTSIDE, address, cluster, manifests};
use crate::spec::{Cluster, End, Host, Labels, Namespace, Pod};

/// A Service of the first namespace: one label that it asks for, and one port.
#[derive(Clone, Debug)]
struct Front {
    label: (&'static str, &'static str),
    protocol: &'static str,
    target: Target,
}

#[derive(Clone, Debug)]
enum Target {
    Number(u16),
    Name(&'static str),
}

fn front() -> impl Strategy<Value = Front> {
    let label = (select(&["app", "tier"][..]), select(&["x", "y", "z"][..]));
    let target = prop_oneof![
        2 => select(&[53, 80, 8080, 9000][..]).prop_map(Target::Number),
        1 => select(&["http", "dns"][..]).prop_map(Target::Name),
    ];
    (label, select(&["TCP", "UDP"][..]), target).prop_map(|(label, protocol, target)| Front {
        label,
        protocol,
        target,
    })
}

impl Front {
    fn manifest(&self, spec: Json) -> Json {
        let target = match self.target {
            Target::Number(number) => json!(number),
            Target::Name(name) => json!(name),
        };
        let mut all = json!({
            "selector": {self.label.0: self.label.1},
            "ports": [{"port": 443, "protocol": self.protocol, "targetPort": target}],
        });
        spec.as_object().unwrap().iter().for_each(|(key, value)| all[key] = value.clone());
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front", "namespace": "ns0"}, "spec": all})
    }

    /// The pods behind it, each with the ports that it is spoken to on.
    fn behind(&self, cluster: &Cluster) -> Vec<(usize, BTreeSet<u16>)> {
        let mut found = Vec::new();
        for (index, pod) in cluster.pods.iter().enumerate() {
            if pod.namespace != 0 || pod.labels.get(self.label.0) != Some(&self.label.1) {
                continue;
            }
            let ports: BTreeSet<u16> = match self.target {
                Target::Number(number) => [number].into(),
                Target::Name(name) => {
                    let declared = pod.ports.iter().filter(|port| port.0 == name && port.1 == self.protocol);
                    declared.map(|port| port.2).collect()
                }
            };
            if !ports.is_empty() {
                found.push((index, ports));
            }
        }
        found
    }
}

/// The only way in of a kind, by the pods that it leads to.
fn ways(
    estate: &Estate,
    reach: &Reach,
    way: &str,
    cluster: &Cluster,
) -> Vec<(usize, BTreeSet<u16>, Vec<Passage>)> {
    let (entries, _) = reach.entries(estate);
    let entries: Vec<Entry> = entries.into_iter().filter(|entry| entry.way.as_str() == way).collect();
    let [entry] = entries.as_slice() else { panic!("{entries:#?}") };
    let index = |end: &TargetEnd| {
        let TargetEnd::Workload(id) = end else { panic!("{end:?}") };
        let mut pods = cluster.pods.iter().enumerate();
        pods.find(|(_, pod)| workload(estate, &label(cluster, pod)) == *id).map(|(index, _)| index).unwrap()
    };
    let ports = |target: &ringfence_model::fact::Target| {
        target
            .ports
            .ranges()
            .iter()
            .map(|range| {
                assert_eq!(range.start, range.end);
                range.start
            })
            .collect()
    };
    let mut found: Vec<_> = entry
        .targets
        .iter()
        .map(|target| (index(&target.end), ports(target), target.passages.clone()))
        .collect();
    found.sort_by_key(|(pod, ..)| *pod);
    found
}

fn label(cluster: &Cluster, pod: &Pod) -> String {
    format!("{}/{}[Pod]", cluster.namespaces[pod.namespace].name, pod.name)
}

fn read(cluster: &Cluster, more: Vec<Json>) -> (Estate, Reach) {
    let estate = estate(&[manifests(cluster), more].concat());
    let (reach, _) = Reach::new(&estate, Profile::Spec);
    (estate, reach)
}

fn private(address: &IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.is_private())
}

/// What is open of a passage on a port: for certain, and perhaps.
fn open(passage: &Passage, protocol: &str, port: u16) -> (bool, bool) {
    let protocol = Protocol::parse(protocol).unwrap();
    let sure = passage.allowed.contains(protocol, port);
    (sure, sure || passage.depends.contains(protocol, port))
}

/// The cluster as far as only what comes in goes.
fn without_egress(cluster: &Cluster) -> Cluster {
    let mut cluster = cluster.clone();
    cluster.policies.retain(|policy| {
        policy.types.as_ref().is_none_or(|types| types.is_empty() || types.contains(&"Ingress"))
    });
    for policy in &mut cluster.policies {
        policy.egress = None;
        policy.types = Some(vec!["Ingress"]);
    }
    cluster
}

fn labels() -> impl Strategy<Value = Labels> {
    let value = || option::of(select(&["x", "y", "z"][..]));
    (value(), value()).prop_map(|(app, tier)| {
        [("app", app), ("tier", tier)].into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_client_that_is_seen_as_itself_is_let_in_as_the_definition_says(cluster in cluster(), front in front()) {
        let service = front.manifest(json!({"type": "NodePort", "externalTrafficPolicy": "Local"}));
        let (estate, reach) = read(&cluster, vec![service]);
        let found = ways(&estate, &reach, "node port", &cluster);
        let expected = front.behind(&cluster);
        let behind: Vec<(usize, BTreeSet<u16>)> = found.iter().map(|(pod, ports, _)| (*pod, ports.clone())).collect();
        prop_assert_eq!(&behind, &expected);
        for (pod, ports, passages) in &found {
            for text in OUTSIDE {
                let client = address(text);
                let mut of_client = passages.iter().filter(|passage| {
                    passage.clients.iter().any(|range| (range.first..=range.last).contains(&client))
                });
                // An address of a family that nothing shows is in none.
                let Some(passage) = of_client.next() else { continue };
                prop_assert!(of_client.next().is_none());
                for port in ports {
                    let arrives = cluster.arrives(End::Address(client), End::Pod(*pod), front.protocol, *port);
                    prop_assert_eq!(open(passage, front.protocol, *port), (arrives, arrives), "{} to {}", text, port);
                }
            }
        }
    }

    #[test]
    fn a_load_balancer_is_let_in_for_certain_only_wherever_it_lies(cluster in cluster(), front in front()) {
        let mut service = front.manifest(json!({"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb"}));
        service["metadata"]["annotations"] = json!({
            "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
            "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing",
        });
        prop_assume!(front.protocol == "TCP");
        let (estate, reach) = read(&cluster, vec![service]);
        for (pod, ports, passages) in ways(&estate, &reach, "load balancer", &cluster) {
            let [passage] = passages.as_slice() else { panic!("{passages:#?}") };
            for port in ports {
                let (sure, maybe) = open(passage, front.protocol, port);
                for client in OUTSIDE.map(address).into_iter().filter(private) {
                    let arrives = cluster.arrives(End::Address(client), End::Pod(pod), front.protocol, port);
                    prop_assert!(!sure || arrives, "{client} to {port}: {passage:#?}");
                    prop_assert!(maybe || !arrives, "{client} to {port}: {passage:#?}");
                }
            }
        }
    }

    #[test]
    fn what_a_node_passes_on_is_never_denied(cluster in cluster(), front in front()) {
        let (estate, reach) = read(&cluster, vec![front.manifest(json!({"type": "NodePort"}))]);
        for (pod, ports, passages) in ways(&estate, &reach, "node port", &cluster) {
            let [passage] = passages.as_slice() else { panic!("{passages:#?}") };
            for port in ports {
                let (sure, maybe) = open(passage, front.protocol, port);
                prop_assert!(maybe);
                for node in OUTSIDE.map(address).into_iter().filter(private) {
                    let arrives = cluster.arrives(End::Address(node), End::Pod(pod), front.protocol, port);
                    prop_assert!(!sure || arrives, "{node} to {port}: {passage:#?}");
                }
            }
        }
    }

    #[test]
    fn a_controller_of_the_cluster_reaches_what_policies_let_it(cluster in cluster(), front in front(), at in 0..5_usize) {
        prop_assume!(front.protocol == "TCP");
        let controller = at % cluster.pods.len();
        let mut all = manifests(&cluster);
        let name = &cluster.pods[controller].name;
        let pod = all.iter_mut().find(|one| one["kind"] == "Pod" && one["metadata"]["name"] == *name).unwrap();
        pod["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "n", "image": "ingress-nginx/controller:v1"}));
        all.extend([front.manifest(json!({})), class(), ingress()]);
        let estate = estate(&all);
        let (reach, _) = Reach::new(&estate, Profile::Spec);
        for (pod, ports, passages) in ways(&estate, &reach, "ingress", &cluster) {
            let [passage] = passages.as_slice() else { panic!("{passages:#?}") };
            for port in ports {
                let arrives = pod == controller
                    || cluster.arrives(End::Pod(controller), End::Pod(pod), front.protocol, port);
                // Nothing leads to the controller from outside, so nothing is certain.
                prop_assert_eq!(open(passage, front.protocol, port), (false, arrives), "{:#?}", passage);
            }
        }
    }

    #[test]
    fn pods_that_are_not_in_the_input_may_be_any(
        cluster in cluster(),
        front in front(),
        strangers in proptest::collection::vec((labels(), labels(), any::<bool>()), 1..6),
    ) {
        prop_assume!(front.protocol == "TCP");
        let (estate, reach) = read(&cluster, vec![front.manifest(json!({})), class(), ingress()]);
        let only_in = without_egress(&cluster);
        for (pod, ports, passages) in ways(&estate, &reach, "ingress", &cluster) {
            let [passage] = passages.as_slice() else { panic!("{passages:#?}") };
            for (labels, of_namespace, is_new) in &strangers {
                let mut with = only_in.clone();
                let namespace = if *is_new {
                    with.namespaces.push(Namespace { name: "new".into(), labels: of_namespace.clone() });
                    with.namespaces.len() - 1
                } else {
                    0
                };
                with.pods.push(Pod {
                    namespace,
                    name: "stranger".into(),
                    labels: labels.clone(),
                    addresses: vec![address("10.0.7.7")],
                    ports: Vec::new(),
                    host: Host::No,
                });
                let stranger = End::Pod(with.pods.len() - 1);
                for port in &ports {
                    let arrives = with.arrives(stranger, End::Pod(pod), front.protocol, *port);
                    let (_, maybe) = open(passage, front.protocol, *port);
                    prop_assert!(maybe || !arrives, "{labels:?} {of_namespace:?}: {passage:#?}");
                }
            }
        }
    }
}

fn class() -> Json {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"}})
}

fn ingress() -> Json {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i", "namespace": "ns0"},
        "spec": {"ingressClassName": "nginx", "defaultBackend": {"service": {"name": "front", "port": {"number": 443}}}}})
}
