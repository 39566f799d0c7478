//! Tests of the reach writers.

use std::sync::Arc;

use ringfence_model::fact::{
    AddressRange, DecidingRule, Decision, Edge, Matching, Peer, PortRange, Ports, Protocol, ReachClass,
    ReachMap, ReachPair, RuleAction, Selecting, Side,
};
use ringfence_model::{Estate, WorkloadId};

use super::{explain, json, txt};
use crate::fixture::{Fixture, TOKENIZER};
use crate::schema::{REACH, errors};

fn tcp(start: u16, end: u16) -> Ports {
    Ports::new(vec![PortRange { protocol: Protocol::Tcp, start, end }])
}

fn outside() -> Peer {
    let address = |text: &str| text.parse().unwrap();
    Peer::External(AddressRange { first: address("11.0.0.0"), last: address("255.255.255.255") })
}

/// Two Deployments, `tokenizer` and `vault`, and a rule of a policy (the first resource stands for it).
fn estate() -> (Estate, Vec<WorkloadId>, DecidingRule) {
    let (fixture, ids) = Fixture::new(&[("cde/tokenizer.yaml", TOKENIZER)], &["tokenizer", "vault"]);
    let location = fixture.at(ids[0], "name: tokenizer");
    let estate = fixture.estate;
    let workloads = estate.iter_workloads().map(|(id, _)| id).collect();
    let policy = estate.iter().next().unwrap().0;
    (estate, workloads, DecidingRule { policy, element: "ingress[0]".into(), location: Some(location) })
}

fn map() -> (Estate, ReachMap) {
    let (estate, workloads, rule) = estate();
    let class = |member| ReachClass { members: vec![member], pods: 1 };
    let [tokenizer, vault] = [0, 1].map(|index| class(Peer::Workload(workloads[index])));
    let pair = |from, to, decision, ports| ReachPair {
        from,
        to,
        decision,
        ports: Arc::new(ports),
        rules: [0].into(),
    };
    let depends = || Decision::Depends("`port` of `cde/p[NetworkPolicy]` is not known".into());
    let map = ReachMap {
        profile: "spec",
        lists_self: true,
        lists_landmarks: false,
        classes: vec![tokenizer, vault, ReachClass { members: vec![outside()], pods: 0 }],
        sets: vec![[0].into(), [1].into(), [0, 1].into(), [2].into()],
        pairs: vec![
            pair(2, 1, Decision::Allow, tcp(8443, 8443)),
            pair(0, 1, depends(), tcp(8000, 9000)),
            pair(0, 3, depends(), Ports::all()),
        ],
        rules: vec![rule],
        names: Vec::new(),
        controller: Vec::new(),
    };
    (estate, map)
}

fn listing(estate: &Estate, map: &ReachMap, only: Option<&Ports>) -> String {
    let mut out = Vec::new();
    txt::write(&mut out, estate, map, only).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_pair_has_a_line_for_what_is_certain_and_one_for_what_depends() {
    let (estate, map) = map();
    insta::assert_snapshot!(listing(&estate, &map, None), @r"
    cde/tokenizer[Deployment] => 11.0.0.0-255.255.255.255[External] : All Connections?
    cde/tokenizer[Deployment] => cde/vault[Deployment] : TCP 8443
    cde/tokenizer[Deployment] => cde/vault[Deployment] : TCP 8000-8442,8444-9000?
    cde/vault[Deployment] => cde/vault[Deployment] : TCP 8443
    ");
    insta::assert_snapshot!(listing(&estate, &map, Some(&tcp(8443, 8444))), @r"
    cde/tokenizer[Deployment] => 11.0.0.0-255.255.255.255[External] : TCP 8443-8444?
    cde/tokenizer[Deployment] => cde/vault[Deployment] : TCP 8443
    cde/tokenizer[Deployment] => cde/vault[Deployment] : TCP 8444?
    cde/vault[Deployment] => cde/vault[Deployment] : TCP 8443
    ");
}

#[test]
fn pods_of_one_workload_are_listed_only_where_the_profile_does() {
    let (estate, mut map) = map();
    map.lists_self = false;
    assert!(!listing(&estate, &map, None).contains("cde/vault[Deployment] => cde/vault"));
}

#[test]
fn classes_of_one_workload_add_up() {
    let (estate, mut map) = map();
    map.classes[0] = map.classes[1].clone();
    map.lists_self = false;
    map.pairs = vec![
        ReachPair {
            from: 0,
            to: 3,
            decision: Decision::Allow,
            ports: Arc::new(tcp(80, 80)),
            rules: [].into(),
        },
        ReachPair {
            from: 1,
            to: 3,
            decision: Decision::Allow,
            ports: Arc::new(tcp(81, 90)),
            rules: [].into(),
        },
    ];
    assert_eq!(
        listing(&estate, &map, None),
        "cde/vault[Deployment] => 11.0.0.0-255.255.255.255[External] : TCP 80-90\n"
    );
}

#[test]
fn the_map_fits_its_schema() {
    let (estate, map) = map();
    let mut out = Vec::new();
    json::write(&mut out, &estate, &map).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(errors(REACH, &value), [""; 0]);
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    {"schema":"ringfence.reach/1","profile":"spec",
    "classes":[
    {"members":[{"kind":"Deployment","namespace":"cde","name":"tokenizer"}],"pods":1},
    {"members":[{"kind":"Deployment","namespace":"cde","name":"vault"}],"pods":1},
    {"members":[{"external":"11.0.0.0-255.255.255.255"}],"pods":0}],
    "sets":[
    [0],
    [1],
    [0,1],
    [2]],
    "pairs":[
    {"from":2,"to":1,"decision":"allow","ports":"TCP 8443","rules":[0]},
    {"from":0,"to":1,"decision":"depends","condition":"`port` of `cde/p[NetworkPolicy]` is not known","ports":"TCP 8000-9000","rules":[0]},
    {"from":0,"to":3,"decision":"depends","condition":"`port` of `cde/p[NetworkPolicy]` is not known","ports":"All Connections","rules":[0]}],
    "rules":[
    {"policy":{"kind":"Deployment","namespace":"cde","name":"tokenizer"},"element":"ingress[0]","file":"cde/tokenizer.yaml","line":4,"column":3}]}
    "#);
}

fn explained(edge: &Edge, estate: &Estate) -> String {
    let mut out = Vec::new();
    explain::write(&mut out, estate, std::slice::from_ref(edge), &[]).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn an_edge_is_explained_on_both_sides() {
    let (estate, workloads, rule) = estate();
    let selecting = Selecting { rule: DecidingRule { element: "".into(), ..rule.clone() }, certain: true };
    let ports = Arc::new(tcp(8443, 8443));
    let matching = Matching { rule, action: RuleAction::Allow, ports: Arc::clone(&ports), certain: true };
    let open =
        Side { policies: vec![], rules: vec![], allowed: Arc::new(Ports::all()), depends: Arc::default() };
    let ingress = Side {
        policies: vec![selecting],
        rules: vec![matching],
        allowed: Arc::clone(&ports),
        depends: Arc::default(),
    };
    let edge = Edge {
        from: vec![Peer::Workload(workloads[0])],
        to: vec![Peer::Workload(workloads[1])],
        allowed: ports,
        depends: Arc::default(),
        condition: None,
        egress: open,
        ingress,
        mesh: None,
    };
    insta::assert_snapshot!(explained(&edge, &estate), @r"
    cde/tokenizer[Deployment] => cde/vault[Deployment] : TCP 8443
      egress of cde/tokenizer[Deployment]: no policy selects it, so everything is open
      ingress of cde/vault[Deployment]: TCP 8443 is open
        selected by cde/tokenizer[Deployment] (cde/tokenizer.yaml:4:3)
        cde/tokenizer[Deployment] ingress[0] (cde/tokenizer.yaml:4:3) allows TCP 8443
    ");
    let closed = Edge {
        allowed: Arc::default(),
        ingress: Side { rules: vec![], allowed: Arc::default(), ..edge.ingress.clone() },
        ..edge
    };
    insta::assert_snapshot!(explained(&closed, &estate), @r"
    cde/tokenizer[Deployment] => cde/vault[Deployment] : denied
      closed by the ingress side
      egress of cde/tokenizer[Deployment]: no policy selects it, so everything is open
      ingress of cde/vault[Deployment]: nothing is open
        selected by cde/tokenizer[Deployment] (cde/tokenizer.yaml:4:3)
        no rule of these matches the other side
    ");
}
