//! Tests of the reach writers.

use std::sync::Arc;

use ringfence_model::fact::{
    AddressRange, DecidingRule, Decision, Edge, Matching, Peer, PortRange, Ports, Protocol, ReachClass,
    ReachMap, ReachPair, RuleAction, Selecting, Side,
};
use ringfence_model::{Estate, WorkloadId};

use super::fixture::{self, cluster};
use super::graph::{self, Shown};
use super::{csv, explain, github, json, txt};
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

#[test]
fn spreadsheets_get_a_row_for_each_protocol_and_decision() {
    let (estate, mut map) = map();
    map.pairs.push(ReachPair {
        from: 3,
        to: 0,
        decision: Decision::Allow,
        ports: Arc::new(tcp(53, 53).union(&Ports::new(vec![
            PortRange { protocol: Protocol::Udp, start: 53, end: 53 },
            PortRange { protocol: Protocol::Udp, start: 60, end: 69 },
        ]))),
        rules: [].into(),
    });
    let mut out = Vec::new();
    csv::write(&mut out, &estate, &map).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches("\r\n").count(), text.lines().count());
    insta::assert_snapshot!(text.replace("\r\n", "\n"), @r#"
    source,destination,protocol,ports,decision,condition,rules
    11.0.0.0-255.255.255.255[External],cde/tokenizer[Deployment],TCP,53,allow,,
    11.0.0.0-255.255.255.255[External],cde/tokenizer[Deployment],UDP,53 60-69,allow,,
    cde/tokenizer[Deployment],11.0.0.0-255.255.255.255[External],all,1-65535,depends,`port` of `cde/p[NetworkPolicy]` is not known,cde/tokenizer[Deployment] ingress[0] (cde/tokenizer.yaml:4:3)
    cde/tokenizer[Deployment],cde/vault[Deployment],TCP,8443,allow,,cde/tokenizer[Deployment] ingress[0] (cde/tokenizer.yaml:4:3)
    cde/tokenizer[Deployment],cde/vault[Deployment],TCP,8000-8442 8444-9000,depends,`port` of `cde/p[NetworkPolicy]` is not known,cde/tokenizer[Deployment] ingress[0] (cde/tokenizer.yaml:4:3)
    cde/vault[Deployment],cde/vault[Deployment],TCP,8443,allow,,cde/tokenizer[Deployment] ingress[0] (cde/tokenizer.yaml:4:3)
    "#);
}

#[test]
fn pull_requests_get_namespaces_and_a_folded_list() {
    let (estate, map) = map();
    let mut out = Vec::new();
    github::write(&mut out, &estate, &map).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    ### Who can talk to whom

    Profile `spec`; what is not listed is denied.

    | from | to | ports |
    |---|---|---|
    | `cde` | `cde` | TCP 8443; perhaps TCP 8000-8442,8444-9000 |
    | `cde` | outside | perhaps All Connections |

    <details><summary>3 pairs of workloads and addresses</summary>

    | from | to | ports | decided by |
    |---|---|---|---|
    | cde/tokenizer[Deployment] | 11.0.0.0-255.255.255.255[External] | perhaps All Connections | cde/tokenizer[Deployment] ingress[0] (cde/tokenizer.yaml:4:3) |
    | cde/tokenizer[Deployment] | cde/vault[Deployment] | TCP 8443; perhaps TCP 8000-8442,8444-9000 | cde/tokenizer[Deployment] ingress[0] (cde/tokenizer.yaml:4:3) |
    | cde/vault[Deployment] | cde/vault[Deployment] | TCP 8443 | cde/tokenizer[Deployment] ingress[0] (cde/tokenizer.yaml:4:3) |

    </details>
    "#);
}

#[test]
fn a_long_list_is_cut_and_what_is_left_out_is_counted() {
    let names: Vec<String> = (0..40).map(|one| format!("n{}/w{one}", one % 3)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let estate = cluster(&names);
    let all = names.iter().flat_map(|from| names.iter().map(move |to| (*from, *to, "TCP 80")));
    let all: Vec<_> = all.filter(|(from, to, _)| from != to).collect();
    let mut out = Vec::new();
    github::write(&mut out, &estate, &fixture::map(&estate, &all)).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("<summary>1,560 pairs of workloads and addresses</summary>"), "{text}");
    assert!(text.contains("… and 1,360 more (`--format csv` lists all)"), "{text}");
    assert!(text.len() < 65_536);
}

#[test]
fn names_of_users_do_nothing_in_any_table() {
    let odd = "=cmd|x/<b>`4111111111111111";
    let estate = cluster(&[odd, "cde/vault"]);
    let map = fixture::map(&estate, &[(odd, "cde/vault", "TCP 1")]);
    let mut forms = [Vec::new(), Vec::new()];
    csv::write(&mut forms[0], &estate, &map).unwrap();
    github::write(&mut forms[1], &estate, &map).unwrap();
    let [table, markdown] = forms.map(|form| String::from_utf8(form).unwrap());
    assert!(table.contains("\"'=cmd|x/"), "{table}");
    assert!(markdown.contains("=cmd\\|x/&lt;b&gt;"), "{markdown}");
    for text in [table, markdown] {
        assert!(!text.contains("4111111111111111") && text.contains("1111"), "{text}");
    }
}

/// A pipe whose reader went away at once.
struct ClosedPipe;

impl std::io::Write for ClosedPipe {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_passed_up() {
    let (estate, map) = map();
    let shown = Shown { estate: &estate, map: &map, scope: None, entries: &[], only: None, lonely: true };
    let results = [
        csv::write(&mut ClosedPipe, &estate, &map),
        github::write(&mut ClosedPipe, &estate, &map),
        graph::dot(&mut ClosedPipe, shown),
        graph::svg(&mut ClosedPipe, shown),
    ];
    for result in results {
        assert_eq!(result.unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
    }
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
    cde/tokenizer can reach cde/vault on TCP 8443 and nothing else.
      Out of cde/tokenizer: no policy selects it for egress, so everything is open.
      Into cde/vault: one policy selects it for ingress, and TCP 8443 is open.
        - Deployment cde/tokenizer ingress[0] allows TCP 8443 (cde/tokenizer.yaml:4:3)
    ");
    let closed = Edge {
        allowed: Arc::default(),
        ingress: Side { rules: vec![], allowed: Arc::default(), ..edge.ingress.clone() },
        ..edge
    };
    insta::assert_snapshot!(explained(&closed, &estate), @r"
    cde/tokenizer cannot reach cde/vault on any port: nothing lets it into cde/vault.
      Out of cde/tokenizer: no policy selects it for egress, so everything is open.
      Into cde/vault: one policy selects it for ingress, and none of its rules matches cde/tokenizer.
        - Deployment cde/tokenizer lets nothing in (cde/tokenizer.yaml:4:3)
    ");
}
