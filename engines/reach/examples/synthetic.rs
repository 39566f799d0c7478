//! Measures the engine on a seeded synthetic cluster: `synthetic PODS POLICIES NAMESPACES [SEED]`.
//!
//! Namespaces are labelled by name, team and environment, pods by app, tier, service and canary, three in
//! ten with a label of their own. Every namespace denies by default; the other policies select by app
//! or tier and allow a few peers: pods, namespaces by team or name, pods of an environment, address
//! blocks. One port in eight is named.

#![expect(clippy::disallowed_methods, reason = "a measurement reads arguments, clock and system")]

use std::time::{Duration, Instant};

use ringfence_model::{Estate, EstateBuilder, Key, Kind, Map, Node, Origin, Resource, Stage, Value};
use ringfence_reach::{Endpoints, Profile, Reach, diff};

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let [pods, policies, namespaces, ..] = numbers.as_slice() else {
        println!("synthetic PODS POLICIES NAMESPACES [SEED]");
        return;
    };
    let mut generator = Generator { state: numbers.get(3).copied().unwrap_or(7), namespaces: *namespaces };
    let estate = generator.estate(*pods, *policies);
    let ((reach, _), build) = timed(|| Reach::new(&estate, Profile::Spec));
    let (map, factored) = timed(|| reach.map());
    let (pairs, spread) = timed(|| {
        let sizes = map.pairs.iter().map(|pair| map.set(pair.from).len() * map.set(pair.to).len());
        sizes.sum::<usize>()
    });
    let (enumerated, listing) = timed(|| enumerate(&map));
    let first = Endpoints::workloads(estate.iter_workloads().take(1).map(|(id, _)| id));
    let (_, contacts) = timed(|| (reach.sources(&first), reach.targets(&first)));
    let second = Endpoints::workloads(estate.iter_workloads().skip(1).take(1).map(|(id, _)| id));
    let (_, pair) = timed(|| reach.between(&first, &second));
    println!(
        "classes {} sets {} pairs of sets {} class pairs {pairs} ({enumerated:x})",
        map.classes.len(),
        map.sets.len(),
        map.pairs.len()
    );
    println!("build {build:?} factored {factored:?} count {spread:?} every class pair {listing:?}");
    println!("contacts of one {contacts:?} one pair explained {pair:?}");
    let (exposed, exposure) = timed(|| reach.exposure(&estate));
    let (idle, idling) = timed(|| reach.idle());
    println!("exposure {exposure:?} ({} answers) idle {idling:?} ({} rules)", exposed.len(), idle.len());
    // The same cluster with a tenth of its policies drawn anew.
    let mut again = Generator { state: numbers.get(3).copied().unwrap_or(7), namespaces: *namespaces };
    let other = again.estate_with(*pods, policies - policies / 10, policies / 10);
    let (after, _) = Reach::new(&other, Profile::Spec);
    let (changes, differing) = timed(|| diff((&estate, &reach), (&other, &after)));
    let (none, same) = timed(|| diff((&estate, &reach), (&estate, &reach)));
    println!(
        "diff {differing:?} ({} changes) with itself {same:?} ({} changes)",
        changes.changes.len(),
        none.changes.len()
    );
}

/// Visits every class pair with its ports and rules.
fn enumerate(map: &ringfence_model::fact::ReachMap) -> u64 {
    let mut sum = 0_u64;
    for pair in &map.pairs {
        let weight = (pair.ports.ranges().len() + pair.rules.len()) as u64;
        for from in map.set(pair.from) {
            for to in map.set(pair.to) {
                sum = sum.rotate_left(5) ^ (u64::from(*from) << 32 | u64::from(*to)) ^ weight;
            }
        }
    }
    sum
}

/// Result and time: of the processor where Linux tells, since other work may run beside.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let (wall, processor) = (now(), processor_time());
    let result = work();
    let elapsed = wall.elapsed();
    (result, processor_time().zip(processor).map_or(elapsed, |(after, before)| after.saturating_sub(before)))
}

fn now() -> Instant {
    Instant::now()
}

fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// A small deterministic generator (SplitMix64).
struct Generator {
    state: u64,
    namespaces: u64,
}

impl Generator {
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn estate(&mut self, pods: u64, policies: u64) -> Estate {
        self.estate_with(pods, policies, 0)
    }

    /// The last `drawn` policies are drawn from another seed.
    fn estate_with(&mut self, pods: u64, policies: u64, drawn: u64) -> Estate {
        let mut builder = EstateBuilder::default();
        let namespaces = (0..self.namespaces).map(namespace).collect::<Vec<_>>();
        builder.extend(namespaces);
        builder.extend((0..pods).map(|index| self.pod(index)).collect::<Vec<_>>());
        builder.extend((0..policies).map(|index| self.policy(index)).collect::<Vec<_>>());
        self.state ^= drawn;
        builder.extend((policies..policies + drawn).map(|index| self.policy(index)).collect::<Vec<_>>());
        builder.finish().0
    }

    fn pod(&mut self, index: u64) -> Resource {
        let namespace = index % self.namespaces;
        let app = index / self.namespaces % 15;
        let mut labels = vec![
            ("app", text(format!("a{app}"))),
            ("tier", text(format!("t{}", app % 4))),
            ("svc", text(format!("s{}", namespace * 100 + app))),
            ("canary", text(self.below(2).to_string())),
        ];
        if self.below(10) < 3 {
            labels.push(("uid", text(format!("u{index}"))));
        }
        let port = map(vec![("name", text("http")), ("containerPort", number(8080 + app as i64 % 2))]);
        let container = map(vec![("name", text("c")), ("ports", list(vec![port]))]);
        let address = format!("10.{}.{}.{}", index >> 16 & 255, index >> 8 & 255, index & 255);
        let body = map(vec![
            ("metadata", map(vec![("labels", map(labels))])),
            ("spec", map(vec![("containers", list(vec![container]))])),
            ("status", map(vec![("podIP", text(address))])),
        ]);
        resource("v1", "Pod", format!("p{index}"), Some(namespace), body)
    }

    fn policy(&mut self, index: u64) -> Resource {
        let namespace = index % self.namespaces;
        let spec = if index < self.namespaces {
            let types = if namespace.is_multiple_of(2) {
                vec![text("Ingress"), text("Egress")]
            } else {
                vec![text("Ingress")]
            };
            map(vec![("podSelector", map(vec![])), ("policyTypes", list(types))])
        } else {
            self.rules()
        };
        let name = format!("np{index}");
        resource("networking.k8s.io/v1", "NetworkPolicy", name, Some(namespace), map(vec![("spec", spec)]))
    }

    fn rules(&mut self) -> Node {
        let (app, tier) = (format!("a{}", self.below(15)), format!("t{}", self.below(4)));
        let selector = match self.below(3) {
            0 => selector(vec![("app", app)], None),
            1 => selector(vec![("tier", tier)], None),
            _ => selector(vec![], Some(("app", "NotIn", vec![app, "a3".to_owned()]))),
        };
        let mut spec = vec![("podSelector", selector), ("ingress", self.direction("from"))];
        let mut types = vec![text("Ingress")];
        if self.below(2) == 0 {
            spec.push(("egress", self.direction("to")));
            types.push(text("Egress"));
        }
        spec.push(("policyTypes", list(types)));
        map(spec)
    }

    fn direction(&mut self, key: &'static str) -> Node {
        let rules = 0..=self.below(3);
        list(
            rules
                .map(|_| {
                    let peers = 0..=self.below(2);
                    let mut rule = vec![(key, list(peers.map(|_| self.peer()).collect()))];
                    rule.extend(self.ports().map(|ports| ("ports", ports)));
                    map(rule)
                })
                .collect(),
        )
    }

    fn peer(&mut self) -> Node {
        let app = format!("a{}", self.below(15));
        match self.below(9) {
            0..2 => map(vec![("podSelector", selector(vec![("app", app)], None))]),
            2..4 => map(vec![
                ("namespaceSelector", selector(vec![("team", format!("t{}", self.below(40)))], None)),
                ("podSelector", selector(vec![("tier", format!("t{}", self.below(4)))], None)),
            ]),
            4..6 => {
                let name = format!("ns{}", self.below(self.namespaces));
                map(vec![("namespaceSelector", selector(vec![("nsname", name)], None))])
            }
            6..8 => map(vec![
                (
                    "namespaceSelector",
                    selector(vec![], Some(("env", "In", vec![format!("e{}", self.below(3))]))),
                ),
                ("podSelector", selector(vec![("app", app)], Some(("canary", "Exists", vec![])))),
            ]),
            _ => {
                let third = self.below(256);
                let cidr = format!("172.{}.{third}.0/24", 16 + third % 16);
                map(vec![("ipBlock", map(vec![("cidr", text(cidr))]))])
            }
        }
    }

    fn ports(&mut self) -> Option<Node> {
        let single = |port: i64| map(vec![("port", number(port))]);
        let range = |start: i64, end: i64| map(vec![("port", number(start)), ("endPort", number(end))]);
        Some(list(match self.below(12) {
            0 => vec![single(80)],
            1 => vec![single(443)],
            2 => vec![single(8080)],
            3 => vec![single(5432)],
            4 => vec![single(80), single(443)],
            5 => vec![single(9090)],
            6 => vec![single(6379)],
            7 => vec![map(vec![("protocol", text("UDP")), ("port", number(53))])],
            8 => vec![range(9000, 9100)],
            9 => vec![range(20000, 30000)],
            10 => vec![map(vec![("port", text("http"))])],
            _ => return None,
        }))
    }
}

fn namespace(index: u64) -> Resource {
    let labels = [
        ("nsname", format!("ns{index}")),
        ("team", format!("t{}", index % 40)),
        ("env", format!("e{}", index % 3)),
    ];
    let labels = map(labels.into_iter().map(|(key, value)| (key, text(value))).collect());
    resource(
        "v1",
        "Namespace",
        format!("ns{index}"),
        None,
        map(vec![("metadata", map(vec![("labels", labels)]))]),
    )
}

fn resource(version: &str, kind: &str, name: String, namespace: Option<u64>, body: Node) -> Resource {
    let mut resource = Resource::new(Kind::kubernetes(version, kind), name, body, Stage::Live);
    resource.place.namespace = namespace.map(|index| format!("ns{index}").into());
    resource
}

fn selector(labels: Vec<(&'static str, String)>, expression: Option<(&str, &str, Vec<String>)>) -> Node {
    let mut entries =
        vec![("matchLabels", map(labels.into_iter().map(|(key, value)| (key, text(value))).collect()))];
    entries.extend(expression.map(|(key, operator, values)| {
        let values = list(values.into_iter().map(text).collect());
        (
            "matchExpressions",
            list(vec![map(vec![("key", text(key)), ("operator", text(operator)), ("values", values)])]),
        )
    }));
    map(entries)
}

fn map(entries: Vec<(&str, Node)>) -> Node {
    let entries = entries.into_iter().map(|(key, node)| (Key::from(key), node));
    derived(Value::from(entries.collect::<Map>()))
}

fn list(items: Vec<Node>) -> Node {
    derived(Value::from(items))
}

fn text(value: impl AsRef<str>) -> Node {
    derived(Value::from(value.as_ref()))
}

fn number(value: i64) -> Node {
    derived(Value::from(value))
}

fn derived(value: Value) -> Node {
    Node::new(value, Origin::Default(&GENERATED))
}

static GENERATED: ringfence_model::Document = ringfence_model::Document { title: "generated", address: "" };
