//! Services as the end of a question, and what a rule opens towards a ClusterIP.

use ringfence_model::fact::{Peer, Protocol};
use ringfence_model::selector::Selector;
use ringfence_reach::{ClusterAddress, Endpoints, RulePort, Wanted, cluster_address};
use serde_json::{Value as Json, json};

use super::service;
use crate::fixture::{UNKNOWN, estate, name, pod, with};

fn behind(spec: Json, port: Option<&str>) -> (Vec<String>, String, Vec<String>) {
    let estate = estate(&with(&["web", "db"], vec![service("web", spec)]));
    let id = estate.find("n/web[Service]")[0];
    let found = Endpoints::behind(&estate, id, port);
    let workloads = estate.iter_workloads().map(|(id, _)| id);
    let among = workloads.filter(|id| {
        let one = Endpoints::workloads([*id]);
        found.endpoints.clone().and(one) == found.endpoints
    });
    let names = among.map(|id| name(&estate, Peer::Workload(id))).collect();
    (names, found.ports.to_string(), found.words)
}

#[test]
fn a_service_stands_for_its_pods() {
    let (pods, ports, words) = behind(json!({}), None);
    assert_eq!((pods, ports.as_str()), (vec!["n/web".to_owned()], "TCP 8080"));
    assert_eq!(words, ["`n/web[Service]` stands for its pods: TCP 443 leads to 8080"]);
    let two = json!({"ports": [{"name": "a", "port": 80, "targetPort": "http"}, {"name": "b", "port": 81}]});
    assert_eq!(behind(two.clone(), None).1, "TCP 81,8080");
    assert_eq!(behind(two.clone(), Some("80")).1, "TCP 8080");
    assert_eq!(behind(two.clone(), Some("b")).1, "TCP 81");
    let none = behind(two, Some("9"));
    assert_eq!((none.0.len(), none.1.as_str()), (0, ""));
}

#[test]
fn what_a_service_does_differently_is_said() {
    let (pods, ports, words) = behind(json!({"clusterIP": "None"}), None);
    assert_eq!((pods.len(), ports.as_str()), (1, "All Connections"));
    assert_eq!(
        words,
        ["`n/web[Service]` has no address of its own: its name leads to the pods themselves, on any port"]
    );
    let (pods, _, words) = behind(json!({"type": "ExternalName", "externalName": "db.example.com"}), None);
    assert!(pods.is_empty());
    assert_eq!(
        words,
        [
            "`n/web[Service]` is an alias of `db.example.com`: whoever asks for it is sent there, and which address that is is not known"
        ]
    );
    let (_, _, words) = behind(json!({"internalTrafficPolicy": "Local"}), None);
    assert_eq!(words.len(), 2);
    let (_, _, words) = behind(json!({"selector": UNKNOWN}), None);
    assert!(words.iter().any(|word| word == "the selector of `n/web[Service]` cannot be read"), "{words:?}");
}

fn opened(spec: Json, peer: &[(&str, &str)], ports: &[(Option<Wanted>, Option<u16>)]) -> ClusterAddress {
    let estate = estate(&with(&["web"], vec![service("web", spec), pod("n", "other", 9)]));
    let id = estate.find("n/web[Service]")[0];
    let rule = |(port, end): &(Option<Wanted>, Option<u16>)| RulePort {
        protocol: Protocol::Tcp,
        port: port.clone(),
        end: *end,
    };
    let ports: Vec<RulePort> = ports.iter().map(rule).collect();
    cluster_address(&estate, id, &Selector::exact(peer.iter().copied()), &ports)
}

#[test]
fn a_rule_opens_a_cluster_address_by_the_selector_of_the_service() {
    let shown = |found: ClusterAddress| match found {
        ClusterAddress::Opens(ports) => ports.to_string(),
        ClusterAddress::Nothing(why) => format!("nothing: {why}"),
        ClusterAddress::Unknown(why) => format!("unknown: {why}"),
    };
    let web = [("app", "web")];
    let number = |number: u16| (Some(Wanted::Number(number)), None);
    assert_eq!(shown(opened(json!({}), &web, &[])), "All Connections");
    assert_eq!(shown(opened(json!({}), &[], &[])), "All Connections");
    // The rule names the port of the pod, and the port of the Service is opened.
    assert_eq!(shown(opened(json!({}), &web, &[number(8080)])), "TCP 443");
    assert_eq!(
        shown(opened(json!({}), &web, &[number(443)])),
        "nothing: none of its target ports is a port of the rule"
    );
    assert_eq!(shown(opened(json!({}), &web, &[(Some(Wanted::Name("http".into())), None)])), "TCP 443");
    let named = json!({"ports": [{"port": 80, "targetPort": "http"}]});
    assert_eq!(shown(opened(named.clone(), &web, &[number(8080)])), "TCP 80");
    assert_eq!(shown(opened(named, &web, &[(Some(Wanted::Name("http".into())), None)])), "TCP 80");
    assert_eq!(shown(opened(json!({}), &web, &[(Some(Wanted::Number(8080)), Some(8090))])), "TCP 443-8090");
    // What labels its pods have besides does not matter.
    let refused = "nothing: its selector does not satisfy that of the rule";
    assert_eq!(shown(opened(json!({}), &[("app", "web"), ("tier", "x")], &[])), refused);
    assert_eq!(shown(opened(json!({"selector": {"app": "web", "tier": "x"}}), &web, &[])), "All Connections");
    let alone = "nothing: it has no address of its own";
    assert_eq!(shown(opened(json!({"clusterIP": "None"}), &web, &[])), alone);
    assert_eq!(shown(opened(json!({"type": "ExternalName", "externalName": "x"}), &web, &[])), alone);
    assert_eq!(
        shown(opened(json!({"selector": UNKNOWN}), &web, &[])),
        "unknown: its selector or that of the rule is not known"
    );
}
