//! What pictures say: nothing more than the map, and nothing less.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use ringfence_model::Estate;
use ringfence_model::fact::{
    Clients, Entry, Facing, Front, Listener, Passage, Ports, ReachMap, ScopeClass, Seen, Side, Target,
    TargetEnd, Tls, Way,
};

use super::gather::{Detail, Gathered, Place};
use super::nets::Nets;
use super::{Shown, twins};
use crate::fixture::written;
use crate::reach::fixture::{cluster, map, ports, scope};

mod layout;

fn shown<'a>(estate: &'a Estate, map: &'a ReachMap) -> Shown<'a> {
    Shown { estate, map, scope: None, entries: &[], only: None, lonely: true }
}

fn dot(shown: Shown<'_>) -> String {
    written(|out| super::dot(out, shown))
}

fn svg(shown: Shown<'_>) -> String {
    written(|out| super::svg(out, shown))
}

const SHOP: [&str; 5] = ["shop/cart", "shop/web", "cde/vault", "cde/tokenizer", "cde/batch"];
const OFFICE: &str = "10.0.0.0-10.0.255.255";

fn shop() -> (Estate, ReachMap) {
    let estate = cluster(&SHOP);
    let map = map(
        &estate,
        &[
            (OFFICE, "shop/web", "TCP 443"),
            ("shop/web", "shop/cart", "all"),
            ("shop/cart", "cde/tokenizer", "TCP 8443"),
            ("cde/tokenizer", "cde/vault", "TCP 8200"),
            ("cde/batch", "cde/vault", "TCP 8200?"),
            ("cde/batch", OFFICE, "TCP 22"),
        ],
    );
    (estate, map)
}

#[test]
fn graphviz_gets_clusters_and_labels() {
    let (estate, map) = shop();
    let facts = scope(&estate, &[("cde/vault", ScopeClass::Cde)]);
    insta::assert_snapshot!(dot(Shown { scope: Some(&facts), ..shown(&estate, &map) }));
}

#[test]
fn the_picture_is_small_enough_to_read() {
    let estate = cluster(&["shop/web", "cde/vault"]);
    let map = map(&estate, &[("shop/web", "cde/vault", "TCP 8443"), ("cde/vault", OFFICE, "all?")]);
    let facts = scope(&estate, &[("cde/vault", ScopeClass::Cde)]);
    insta::assert_snapshot!(svg(Shown { scope: Some(&facts), ..shown(&estate, &map) }));
}

/// A load balancer and a node port in front of `shop/web`, by what they listen on.
fn doors(estate: &Estate) -> Vec<Entry> {
    let (service, _) = estate.iter().find(|(_, one)| one.name == "web").unwrap();
    let web = estate.workload_of(service).unwrap();
    let side = || Side { allowed: Arc::new(Ports::all()), ..Side::default() };
    let door = |way, facing, port, [allowed, depends]: [&str; 2]| Entry {
        way,
        front: Front::Unknown,
        through: vec![service],
        group: None,
        cluster: None,
        clients: Clients::everyone(facing),
        addresses: Vec::new(),
        listeners: vec![Listener { port: ports(port).ranges()[0], tls: Tls::Unknown }],
        targets: vec![Target {
            end: TargetEnd::Workload(web),
            service: None,
            ports: Arc::new(ports("TCP 8443")),
            seen: vec![Seen::Client],
            conditions: Vec::new(),
            passages: vec![Passage {
                clients: Vec::new(),
                allowed: Arc::new(ports(allowed)),
                depends: Arc::new(ports(depends)),
                condition: None,
                egress: side(),
                ingress: side(),
            }],
        }],
        via: Vec::new(),
        conditions: Vec::new(),
        location: None,
    };
    vec![
        door(Way::LoadBalancer, Facing::Internet, "TCP 443", ["TCP 8443", "TCP 8443"]),
        door(Way::NodePort, Facing::NodeAddress, "TCP 30443", ["TCP 2-1", "TCP 8443"]),
        door(Way::ExternalIp, Facing::Unknown, "TCP 1", ["TCP 2-1", "TCP 2-1"]),
    ]
}

#[test]
fn ways_in_are_nodes_with_who_may_knock() {
    let (estate, map) = shop();
    let entries = doors(&estate);
    let text = dot(Shown { entries: &entries, ..shown(&estate, &map) });
    let balancer = "shop/web\\nload balancer\\ninternet-facing, on TCP 443\\nfor any address outside";
    assert!(text.contains(balancer), "{text}");
    assert!(text.contains("shop/web\\nnode port\\nat every node, on TCP 30443"), "{text}");
    assert!(text.contains("[label=\"TCP 8443 ?\", style=dashed]"), "{text}");
    assert!(!text.contains("external address"), "what is closed is no way in: {text}");
    let narrowed = dot(Shown { entries: &entries, only: Some(&ports("TCP 22")), ..shown(&estate, &map) });
    assert!(!narrowed.contains("load balancer"), "{narrowed}");
}

#[test]
fn workloads_with_the_same_connections_are_one_node() {
    let estate = cluster(&["a/one", "a/two", "a/three", "b/four"]);
    let same = [("a/one", "b/four", "TCP 1"), ("a/two", "b/four", "TCP 1"), ("a/three", "b/four", "TCP 2")];
    let map = map(&estate, &same);
    let text = dot(shown(&estate, &map));
    assert!(text.contains("2 workloads\\none, two"), "{text}");
    assert!(text.contains("three\\nDeployment"), "{text}");
}

#[test]
fn workloads_that_only_reach_one_another_are_one_node() {
    let estate = cluster(&["a/one", "a/two"]);
    let all: Vec<_> =
        ["a/one", "a/two"].iter().flat_map(|a| ["a/one", "a/two"].map(|b| (*a, b, "TCP 7"))).collect();
    let text = dot(shown(&estate, &map(&estate, &all)));
    assert!(text.contains("2 workloads\\none, two\\namong them: TCP 7"), "{text}");
}

#[test]
fn whoever_many_share_is_a_letter() {
    let names: Vec<String> = (0..7).map(|one| format!("shop/s{one}")).collect();
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.extend(["ops/scraper", "ops/idle"]);
    let estate = cluster(&all);
    // Each answers on a port of its own, so that none is like another.
    let own: Vec<String> = (0..7).map(|one| format!("TCP {}", 9000 + one)).collect();
    let mut connections: Vec<(&str, &str, &str)> = Vec::new();
    for (name, ports) in names.iter().zip(&own) {
        connections.push(("ops/idle", name, ports));
        connections.push(("ops/scraper", name, "TCP 9100"));
    }
    let text = dot(shown(&estate, &map(&estate, &connections)));
    assert!(text.contains("A [shape=ellipse, style=dotted, label=\"A: ops/idle\"];"), "{text}");
    assert!(text.contains("B [shape=ellipse, style=dotted, label=\"B: ops/scraper\"];"), "{text}");
    assert!(text.contains("B -> n5 [label=\"TCP 9100\"]"), "{text}");
}

#[test]
fn a_whole_namespace_is_said_as_such() {
    let estate = cluster(&["a/one", "a/two", "b/db", "b/other"]);
    let connections =
        [("a/one", "b/db", "TCP 5432"), ("a/two", "b/db", "TCP 5432"), ("a/two", "b/other", "TCP 1")];
    let text = dot(shown(&estate, &map(&estate, &connections)));
    assert!(text.contains("any workload of a"), "{text}");
}

/// A cluster in which every workload has connections of its own.
fn ring(namespaces: usize, each: usize) -> (Vec<String>, Vec<(usize, usize, String)>) {
    let count = namespaces * each;
    let names = (0..count).map(|one| format!("n{:02}/w{:03}", one % namespaces, one)).collect();
    let lines = (0..count).flat_map(|one| {
        [1, namespaces + 1].map(|step| (one, (one + step) % count, format!("TCP {}", 1000 + one % 9)))
    });
    (names, lines.collect())
}

fn pictured(namespaces: usize, each: usize) -> String {
    let (names, lines) = ring(namespaces, each);
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let estate = cluster(&all);
    let lines: Vec<(&str, &str, &str)> =
        lines.iter().map(|(from, to, ports)| (all[*from], all[*to], ports.as_str())).collect();
    svg(shown(&estate, &map(&estate, &lines)))
}

#[test]
fn many_lines_between_namespaces_are_folded_and_named() {
    let text = pictured(4, 20);
    assert!(text.contains(">into n01<") && text.contains(">out of n00<"), "{text}");
    assert!(text.contains(">from n00/w000<"), "{text}");
}

#[test]
fn too_many_workloads_become_namespaces() {
    let text = pictured(10, 14);
    assert!(text.contains(">140 workloads in 10 namespaces<"), "{text}");
    assert!(text.contains(">14 workloads<") && !text.contains(">w000<"), "{text}");
    assert!(text.contains("A node is a namespace"), "{text}");
}

#[test]
fn too_many_namespaces_are_left_out_and_counted() {
    let text = pictured(200, 1);
    assert!(text.contains("90 nodes with fewer connections are left out."), "{text}");
}

#[test]
fn clusters_have_lanes_of_their_own() {
    let estate = cluster(&["east:shop/web", "west:shop/web"]);
    let text = dot(shown(&estate, &map(&estate, &[("east:shop/web", "west:shop/web", "all")])));
    assert!(text.contains("label=\"east/shop\"") && text.contains("label=\"west/shop\""), "{text}");
}

#[test]
fn names_of_users_are_text_and_nothing_else() {
    let odd = r#"shop/<a>&"b"\n;--"#;
    let estate = cluster(&[odd, "cde/4111111111111111"]);
    let map = map(&estate, &[(odd, "cde/4111111111111111", "TCP 1")]);
    let (dot, svg) = (dot(shown(&estate, &map)), svg(shown(&estate, &map)));
    assert!(svg.contains("&lt;a&gt;&amp;\"b\"\\n;--"), "{svg}");
    assert!(dot.contains(r#"<a>&\"b\"\\n;--"#), "{dot}");
    for text in [dot, svg] {
        assert!(!text.contains("4111111111111111") && text.contains("************1111"), "{text}");
    }
}

/// The tags of an XML document close in the order in which they opened, and no character is raw.
#[track_caller]
fn check_xml(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in text.split('<').skip(1) {
        let (tag, after) = piece.split_once('>').expect("a tag ends");
        assert!(!after.contains('>'), "a raw mark in {after:?}");
        let ampersands = after.split('&').skip(1);
        ampersands.for_each(|one| {
            assert!(["lt;", "gt;", "amp;"].iter().any(|mark| one.starts_with(mark)), "{one}")
        });
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().unwrap()),
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn pictures_are_well_formed_and_refer_to_nothing() {
    let (estate, map) = shop();
    let odd = cluster(&[r#"a<&>"'/b"#, "c/\u{1b}[31m"]);
    let odd_map = crate::reach::fixture::map(&odd, &[(r#"a<&>"'/b"#, "c/\u{1b}[31m", "all?")]);
    for text in [svg(shown(&estate, &map)), svg(shown(&odd, &odd_map)), pictured(4, 20), pictured(10, 14)] {
        check_xml(&text);
        assert_eq!(text.matches("http").count(), 1, "only the namespace of SVG itself");
        assert!(!text.contains("script") && !text.contains("href") && !text.contains('\u{1b}'));
    }
}

#[test]
fn nothing_to_show_is_a_picture_too() {
    let estate = cluster(&["shop/web"]);
    let map = map(&estate, &[]);
    assert!(svg(shown(&estate, &map)).contains(">web<"));
    assert!(!svg(Shown { lonely: false, ..shown(&estate, &map) }).contains(">web<"));
}

/// Connections between up to `workloads` workloads of some namespaces and two ranges outside.
fn connections(workloads: usize) -> impl Strategy<Value = (Vec<String>, Vec<(usize, usize, usize)>)> {
    let line = (0..workloads + 2, 0..workloads + 2, 0..PORTS.len());
    (1..7_usize, prop::collection::vec(line, 0..120)).prop_map(move |(namespaces, lines)| {
        let names = (0..workloads).map(|one| format!("n{}/w{one}", one * one % namespaces)).collect();
        (names, lines)
    })
}

const PORTS: [&str; 5] = ["all", "all?", "TCP 443", "TCP 443-500?", "UDP 53"];
const RANGES: [&str; 2] = ["10.0.0.0-10.255.255.255", "11.0.0.0-255.255.255.255"];

fn built(names: &[String], lines: &[(usize, usize, usize)]) -> (Estate, ReachMap) {
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let estate = cluster(&all);
    let ends: Vec<&str> = all.iter().copied().chain(RANGES).collect();
    // Addresses outside say nothing to one another.
    let lines = lines.iter().filter(|(from, to, _)| *from < all.len() || *to < all.len());
    let lines: Vec<(&str, &str, &str)> =
        lines.map(|(from, to, ports)| (ends[*from], ends[*to], PORTS[*ports])).collect();
    let map = map(&estate, &lines);
    (estate, map)
}

/// Every link that nets speak of, expanded.
fn expanded(gathered: &Gathered, nets: &Nets) -> BTreeSet<(u32, u32, u32, bool)> {
    let mut all = BTreeSet::new();
    let of_lane = |lane: u32| {
        let ids = (0..).zip(&gathered.vertices);
        ids.filter(move |(_, vertex)| vertex.place == Place::Lane(lane)).map(|(id, _)| id)
    };
    for net in &nets.all {
        let mut add = |from: u32| all.insert((from, net.to, net.ports, net.certain));
        net.sources.iter().chain(&net.named.0).for_each(|from| {
            add(*from);
        });
        let groups = net.groups.iter().flat_map(|group| &nets.groups[*group as usize].members).copied();
        let lanes = net.lanes.iter().chain(&net.named.1).flat_map(|lane| of_lane(*lane));
        groups.chain(lanes).filter(|from| *from != net.to).for_each(|from| {
            add(from);
        });
        if net.within {
            add(net.to);
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn pictures_say_what_the_map_says((names, lines) in connections(18)) {
        let (estate, map) = built(&names, &lines);
        let gathered = Gathered::new(shown(&estate, &map), Detail::Workloads).unwrap();
        let gathered = twins::fold(gathered, true);
        let mut expected = BTreeSet::new();
        for ((from, to), open) in &gathered.links {
            for (ports, certain) in [(open.certain, true), (open.perhaps, false)] {
                if ports != 0 {
                    expected.insert((*from, *to, ports, certain));
                }
            }
        }
        prop_assert_eq!(expanded(&gathered, &Nets::new(&gathered)), expected);
    }

    /// Folded or not, a workload reaches the same others.
    #[test]
    fn folding_loses_no_connection((names, lines) in connections(10)) {
        let (estate, map) = built(&names, &lines);
        let gathered = Gathered::new(shown(&estate, &map), Detail::Workloads).unwrap();
        let pairs = |gathered: &Gathered| -> BTreeSet<(String, String, String)> {
            let name = |id: &u32| {
                let vertex = &gathered.vertices[*id as usize];
                let lane = match vertex.place { Place::Lane(lane) => gathered.lanes[lane as usize].clone(), _ => String::new() };
                vertex.members.iter().map(move |one| format!("{lane}/{}", one.name)).collect::<Vec<_>>()
            };
            gathered.links.iter().flat_map(|((from, to), open)| {
                let ports = format!("{} {}", gathered.ports.text(open.certain), gathered.ports.text(open.perhaps));
                let (from, to) = (name(from), name(to));
                from.into_iter().flat_map(move |from| {
                    let ports = ports.clone();
                    to.clone().into_iter().map(move |to| (from.clone(), to, ports.clone()))
                })
            }).collect()
        };
        let before = pairs(&gathered);
        let after = pairs(&twins::fold(gathered, true));
        prop_assert_eq!(after, before);
    }

    /// Neither the order of files nor that of pairs shows.
    #[test]
    fn the_same_map_gives_the_same_picture((names, lines) in connections(12), seed in 0..97_usize) {
        let (estate, map) = built(&names, &lines);
        let last = names.len() - 1;
        let turn = |end: usize| if end > last { end } else { last - end };
        let mut turned: Vec<_> = lines.iter().map(|(from, to, ports)| (turn(*from), turn(*to), *ports)).collect();
        let at = seed % turned.len().max(1);
        turned.rotate_left(at);
        let reversed: Vec<String> = names.iter().rev().cloned().collect();
        let (again, other) = built(&reversed, &turned);
        prop_assert_eq!(svg(shown(&estate, &map)), svg(shown(&again, &other)));
        prop_assert_eq!(dot(shown(&estate, &map)), dot(shown(&again, &other)));
    }
}
