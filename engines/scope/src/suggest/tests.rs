//! Suggestions as lines, for declarations as lines.

use ringfence_model::fact::{Protocol, SuggestedPeer, SuggestedRule, Suggestion};
use ringfence_model::selector::{Operator, Selector};
use ringfence_model::{Diagnostic, Level};
use serde_json::{Value as Json, json};

use super::{Home, Options, suggest};
use crate::fixture::Case;

/// A Deployment whose pods bear `labels` and listen on 8443, called `https`.
fn workload(namespace: &str, name: &str, labels: Json) -> Json {
    let ports = json!([{"name": "https", "containerPort": 8443}]);
    let spec = json!({"containers": [{"name": "c", "ports": ports}]});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"metadata": {"labels": labels}, "spec": spec}}})
}

fn app(namespace: &str, name: &str) -> Json {
    workload(namespace, name, json!({"app": name}))
}

fn service(name: &str, spec: Json) -> Json {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "n"}, "spec": spec})
}

/// Suggests for namespace `n`, without DNS.
fn suggested(resources: &[Json], lines: &str) -> (Suggestion, Vec<Diagnostic>) {
    suggested_with(resources, lines, Options { dns: false })
}

fn suggested_with(resources: &[Json], lines: &str, options: Options) -> (Suggestion, Vec<Diagnostic>) {
    let case = Case::new(&Json::Array(resources.to_vec()), lines);
    let home = Home { cluster: None, namespace: "n".into() };
    suggest(&case.estate, &case.declaration, &case.reach, &home, options)
}

/// `name [selector] in PEERS PORTS; out PEERS PORTS` for each policy but an empty one of every pod.
fn lines(suggestion: &Suggestion) -> Vec<String> {
    let line = |one: &ringfence_model::fact::SuggestedPolicy| {
        let rules = |word: &str, rules: &[SuggestedRule]| {
            rules.iter().map(|rule| format!("{word} {}", shown_rule(rule))).collect::<Vec<_>>()
        };
        let all = [rules("in", &one.ingress), rules("out", &one.egress)].concat();
        format!("{} [{}] {}", one.name, shown_selector(&one.selector), all.join("; "))
    };
    let policies = suggestion.policies.iter();
    let shown = policies
        .filter(|one| one.name != "default-deny" || !one.ingress.is_empty() || !one.egress.is_empty());
    shown.map(line).collect()
}

fn shown_rule(rule: &SuggestedRule) -> String {
    let peers = rule.peers.iter().map(|peer| match peer {
        SuggestedPeer::Pods { namespace, selector } => {
            let namespace = namespace.as_ref().map(|name| format!("{name}/")).unwrap_or_default();
            format!("{namespace}{}", selector.as_ref().map_or("*".to_owned(), shown_selector))
        }
        SuggestedPeer::Block { cidr, except } if except.is_empty() => cidr.to_string(),
        SuggestedPeer::Block { cidr, except } => format!("{cidr} but {}", except.len()),
    });
    format!("{} {}", peers.collect::<Vec<_>>().join(", "), rule.ports)
}

fn shown_selector(selector: &Selector) -> String {
    let shown = selector.requirements.iter().map(|one| match &one.operator {
        Operator::In(values) => format!("{}={}", one.key, values.join("|")),
        Operator::NotIn(values) => format!("{}!={}", one.key, values.join("|")),
        Operator::Exists => one.key.to_string(),
        Operator::DoesNotExist => format!("!{}", one.key),
    });
    shown.collect::<Vec<_>>().join(",")
}

#[track_caller]
fn check(resources: &[Json], declared: &str, expected: &[&str]) -> Suggestion {
    let (suggestion, diagnostics) = suggested(resources, declared);
    assert_eq!(lines(&suggestion), expected, "{diagnostics:#?}");
    suggestion
}

/// The messages of errors and warnings, each with its line in the declaration.
fn messages(resources: &[Json], declared: &str) -> Vec<String> {
    let (_, diagnostics) = suggested(resources, declared);
    let line = |one: &Diagnostic| {
        let start = one.location.map_or(0, |at| at.start as usize);
        declared.get(..start).map_or(0, |before| before.matches('\n').count() + 1)
    };
    assert!(diagnostics.iter().all(|one| one.help.is_some()));
    let shown = diagnostics.iter().filter(|one| one.level != Level::Note);
    shown.map(|one| format!("{} {}", line(one), one.message)).collect()
}

#[test]
fn a_hop_becomes_a_rule_on_either_side() {
    let pods = [app("n", "a"), app("n", "b"), app("m", "c")];
    let ends = "end a: workload n/a\nend b: workload n/b\nend c: workload m/c\nflow f\n";
    check(
        &pods,
        &format!("{ends}hop h: a > b; ; ; ports 8443/TCP\nhop i: b > c; ; ; ports 443/TCP 80/TCP"),
        &["a [app=a] out app=b TCP 8443", "b [app=b] in app=a TCP 8443; out m/app=c TCP 80,443"],
    );
    check(&pods, &format!("{ends}hop h: c > a; ; ; ports 53/UDP"), &["a [app=a] in m/app=c UDP 53"]);
    check(&pods, &format!("{ends}hop h: c > c; ; ; ports 53/UDP"), &[]);
}

#[test]
fn a_hop_without_a_way_to_write_it_is_left_out_with_its_place() {
    let pods = [app("n", "a")];
    let ends = "end a: workload n/a\nend bank: third-party Bank\nend gone: workload n/gone\nend far: workload m/far\n";
    let check = |hop: &str, expected: &[&str]| {
        let declared = format!("{ends}flow f\nhop h: {hop}");
        assert_eq!(messages(&pods, &declared), expected);
        let (suggestion, _) = suggested(&pods, &declared);
        assert_eq!(lines(&suggestion), [""; 0]);
        let left_out = suggestion.policies.iter().flat_map(|one| &one.left_out).chain(&suggestion.left_out);
        assert_eq!(left_out.count(), expected.iter().filter(|one| one.contains("left out")).count());
    };
    let left_out = "6 flow `f`, hop `h` is left out of the suggestion:";
    check(
        "a > bank; ; ; ports 443/TCP",
        &[&format!("{left_out} endpoint `bank` is a third party without `addresses:`")],
    );
    check("a > a", &[&format!("{left_out} its ports are not declared")]);
    check(
        "a > gone; ; ; ports 443/TCP",
        &[&format!("{left_out} endpoint `gone` names `n/gone`, which is not in the input")],
    );
    check(
        "gone > far; ; ; ports 443/TCP",
        &[
            &format!("{left_out} endpoint `gone` names `n/gone`, which is not in the input"),
            &format!("{left_out} endpoint `far` names `m/far`, which is not in the input"),
        ],
    );
    check("a > nobody; ; ; ports 1/TCP", &[&format!("{left_out} endpoint `nobody` is not declared")]);
    check("far > bank; ; ; ports 443/TCP", &["1 no hop and no register entry speaks of namespace `n`"]);
}

#[test]
fn the_words_of_the_register_are_understood() {
    let pods = [app("n", "a"), app("n", "b"), app("m", "c"), app("m", "d")];
    let check = |entry: &str, expected: &[&str]| {
        let lines = format!(
            "class cde: resources=m/c\nend api: third-party Bank; addresses 198.51.100.0/24\nregister {entry}"
        );
        check(&pods, &lines, expected);
    };
    check("n/a[Deployment] > n/b: 1/TCP", &["a [app=a] out app=b TCP 1", "b [app=b] in app=a TCP 1"]);
    check("m/* > n/a: 1/TCP", &["a [app=a] in m/* TCP 1"]);
    check("n/* > m/c: 1/TCP", &["default-deny [] out m/app=c TCP 1"]);
    check("n/* > n/*: 1/TCP", &["default-deny [] in * TCP 1; out * TCP 1"]);
    check("10.1.2.0/24 > n/a: 1/TCP", &["a [app=a] in 10.1.2.0/24 TCP 1"]);
    check("internet > n/a: 1/TCP", &["a [app=a] in 0.0.0.0/0 but 10 TCP 1"]);
    check("cde > n/a: 1/TCP", &["a [app=a] in m/app=c TCP 1"]);
    check("n/a > api: 1/TCP", &["a [app=a] out 198.51.100.0/24 TCP 1"]);
    for (entry, why) in [
        (
            "n/a > api.bank.example: 443/TCP",
            "`api.bank.example` is a DNS name, which a NetworkPolicy cannot express",
        ),
        ("n/a > connected-to: 443/TCP", "no workload of the cluster is declared `connected-to`"),
        ("n/a > m/gone: 443/TCP", "`m/gone` is nothing that is in the input or declared"),
        ("n/a > n/b:", "its ports are not declared"),
    ] {
        let (from, to) = entry.split_once(" > ").unwrap();
        let (to, _) = to.rsplit_once(':').unwrap();
        let expected = format!("1 register, `{from}` to `{to}` is left out of the suggestion: {why}");
        assert_eq!(messages(&pods, &format!("register {entry}")), [expected]);
    }
}

#[test]
fn ports_of_a_service_become_those_of_its_pods() {
    let selector = json!({"app": "b"});
    let ports = json!([{"port": 443, "targetPort": "https"}, {"port": 80, "targetPort": 8080}, {"port": 9}]);
    let with = |more: Json| {
        let mut spec = json!({"selector": selector, "ports": ports});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        [app("n", "a"), app("n", "b"), service("s", spec)]
    };
    let ends = "end a: workload n/a\nend s: service n/s\nflow f\n";
    let at = |number: &str| format!("{ends}hop h: a > s; ; ; ports {number}/TCP");
    let expected = |number: &str| {
        [format!("a [app=a] out app=b TCP {number}"), format!("b [app=b] in app=a TCP {number}")]
    };
    for (declared, arrives) in [("443", "8443"), ("80", "8080"), ("9", "9"), ("80-443", "8080,8443")] {
        let (suggestion, _) = suggested(&with(json!({})), &at(declared));
        assert_eq!(lines(&suggestion), expected(arrives), "{declared}");
    }
    // A headless one gives names only.
    let (suggestion, _) = suggested(&with(json!({"clusterIP": "None"})), &at("443"));
    assert_eq!(lines(&suggestion), expected("443"));
    let left_out = "4 flow `f`, hop `h` is left out of the suggestion:";
    for (spec, number, why) in [
        (json!({}), "444", "`n/s[Service]` has no port 444/TCP"),
        (json!({}), "500-600", "`n/s[Service]` has none of the ports TCP 500-600"),
        (json!({"selector": {"app": "x"}}), "443", "`n/s[Service]` selects no pod of the input"),
        (
            json!({"selector": {}, "type": "ExternalName", "externalName": "db.example.com"}),
            "443",
            "`n/s[Service]` stands for the DNS name `db.example.com`, which a NetworkPolicy cannot express",
        ),
        (
            json!({"ports": [{"port": 443, "targetPort": "web"}]}),
            "443",
            "no container of `n/b[Deployment]` has a port called `web`",
        ),
    ] {
        assert_eq!(messages(&with(spec), &at(number)), [format!("{left_out} {why}")]);
    }
}

#[test]
fn a_port_that_only_the_service_has_is_named() {
    let spec = json!({"selector": {"app": "b"}, "ports": [{"port": 443, "targetPort": "https"}]});
    let pods = [app("n", "a"), app("n", "b"), service("s", spec)];
    let declared = "end a: workload n/a\nend b: workload n/b\nflow f\nhop h: a > b; ; ; ports 443/TCP";
    let expected = "4 flow `f`, hop `h`: no container of `n/b[Deployment]` says that it listens on TCP 443, and the \
                    Service `n/s` hands it on to TCP 8443";
    assert_eq!(messages(&pods, declared), [expected]);
    check(&pods, declared, &["a [app=a] out app=b TCP 443", "b [app=b] in app=a TCP 443"]);
}

#[test]
fn a_selector_is_as_small_as_it_can_be() {
    let check = |pods: &[(&str, Json)], expected: &str| {
        let mut resources: Vec<Json> =
            pods.iter().map(|(name, labels)| workload("n", name, labels.clone())).collect();
        resources.push(app("m", "x"));
        check(&resources, "register n/a > m/x: 1/TCP", &[&format!("a [{expected}] out m/app=x TCP 1")]);
    };
    let others = |more: &[(&'static str, Json)]| more.to_vec();
    check(&[("a", json!({"app": "a", "tier": "t"}))], "app=a");
    check(
        &[("a", json!({"zone": "z", "app.kubernetes.io/name": "a", "app": "x"}))],
        "app.kubernetes.io/name=a",
    );
    // What changes with each release or pod is no way to tell a workload.
    check(&[("a", json!({"pod-template-hash": "1", "version": "2", "zone": "z"}))], "zone=z");
    let both = others(&[("a", json!({"app": "x", "tier": "a"})), ("b", json!({"app": "x", "tier": "b"}))]);
    check(&both, "tier=a");
    let three = others(&[
        ("a", json!({"app": "x", "tier": "y"})),
        ("b", json!({"app": "x", "tier": "z"})),
        ("c", json!({"app": "w", "tier": "y"})),
    ]);
    check(&three, "app=x,tier=y");
    let more = others(&[("a", json!({"app": "x"})), ("b", json!({"app": "x", "tier": "z"}))]);
    check(&more, "app=x,!tier");
    let none = others(&[("a", json!({})), ("b", json!({"app": "x"}))]);
    check(&none, "!app");
    check(&[("a", json!({}))], "");
}

#[test]
fn workloads_that_may_the_same_share_a_policy() {
    let pods = [app("n", "a"), app("n", "b"), app("n", "c"), app("m", "x")];
    let same = "register n/a > m/x: 1/TCP\nregister n/b > m/x: 1/TCP";
    check(&pods, same, &["a-and-b [app=a|b] out m/app=x TCP 1"]);
    // One label of both does as well, where no other workload bears it.
    let tiers = |third: &str| {
        ["a", "b", "c"].map(|name| {
            let tier = if name == "c" { third } else { "web" };
            workload("n", name, json!({"app": "x", "unit": name, "tier": tier}))
        })
    };
    let with = |third| [tiers(third).to_vec(), vec![app("m", "x")]].concat();
    check(&with("db"), same, &["a-and-b [tier=web] out m/app=x TCP 1"]);
    check(&with("web"), same, &["a-and-b [unit=a|b] out m/app=x TCP 1"]);
    check(
        &pods,
        &format!("{same}\nregister n/a > n/c: 2/TCP"),
        &[
            "a [app=a] out m/app=x TCP 1; out app=c TCP 2",
            "b [app=b] out m/app=x TCP 1",
            "c [app=c] in app=a TCP 2",
        ],
    );
}

#[test]
fn peers_of_one_namespace_are_one_where_a_label_holds_them() {
    let pods = [app("n", "a"), app("m", "x"), app("m", "y"), app("m", "z")];
    check(
        &pods,
        "register m/x > n/a: 1/TCP\nregister m/y > n/a: 1/TCP\nregister 10.0.0.0/25 > n/a: 1/TCP\n\
         register 10.0.0.128/25 > n/a: 1/TCP",
        &["a [app=a] in m/app=x|y, 10.0.0.0/24 TCP 1"],
    );
}

#[test]
fn what_a_wider_rule_says_is_not_said_again() {
    let pods = [app("n", "a"), app("n", "b"), app("m", "x")];
    check(
        &pods,
        "register n/* > m/*: 1-9/TCP\nregister n/a > m/x: 5/TCP\nregister n/a > m/x: 80/TCP",
        &["default-deny [] out m/* TCP 1-9", "a [app=a] out m/app=x TCP 80"],
    );
    check(
        &pods,
        "register n/a > 10.0.0.0/8: 1-9/TCP\nregister n/a > 10.1.0.0/16: 5/TCP\nregister n/a > 198.51.100.0/24: 5/TCP\n\
         register n/a > internet: 5/TCP",
        &["a [app=a] out 10.0.0.0/8 TCP 1-9; out 0.0.0.0/0 but 10 TCP 5"],
    );
}

#[test]
fn workloads_that_cannot_be_told_apart_are_named_and_share_their_rules() {
    let twins =
        [workload("n", "a", json!({"app": "x"})), workload("n", "b", json!({"app": "x"})), app("m", "x")];
    let declared = "register n/a > m/x: 1/TCP";
    check(&twins, declared, &["a-and-b [app=x] out m/app=x TCP 1"]);
    let expected =
        "1 no label tells `n/a[Deployment]`, `n/b[Deployment]` apart, so each may what any of them may";
    let found: Vec<String> =
        messages(&twins, declared).iter().map(|one| one.replacen("0 ", "1 ", 1)).collect();
    assert_eq!(found, [expected]);
}

#[test]
fn labels_that_are_not_known_are_named() {
    let unknown = workload("n", "b", json!({"app": {"Unknown": "App"}}));
    let pods = [app("n", "a"), unknown, app("m", "x")];
    let declared = "register n/a > m/x: 1/TCP";
    check(&pods, declared, &["a [app=a] out m/app=x TCP 1"]);
    let found = messages(&pods, declared);
    let expected = "the labels of `n/b[Deployment]` are not all known, so a suggested selector may hold it";
    assert!(found.len() == 1 && found[0].ends_with(expected), "{found:?}");
    let of_unknown = messages(&pods, "register n/b > m/x: 1/TCP");
    assert!(
        of_unknown[0].contains("no label is known by which the pods of `n/b[Deployment]`"),
        "{of_unknown:?}"
    );
}

#[test]
fn the_cluster_dns_is_kept_where_it_is_used() {
    let policy = |egress: Json| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "p", "namespace": "n"},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress}})
    };
    let dns = |namespace: &str| {
        let mut pods = workload(namespace, "coredns", json!({"k8s-app": "kube-dns"}));
        pods["spec"]["template"]["spec"]["containers"][0]["ports"] = json!([{"containerPort": 53}]);
        pods
    };
    let used = |more: Vec<Json>| {
        let resources = [vec![app("n", "a")], more].concat();
        let (suggestion, _) =
            suggested_with(&resources, "register n/a > 10.0.0.0/8: 1/TCP", Options::default());
        let egress = &suggestion.policies[0].egress;
        assert!(egress.len() < 2 && egress.iter().all(|rule| rule.ports.contains(Protocol::Udp, 53)));
        egress.first().map(shown_rule)
    };
    let expected = Some("kube-system/k8s-app=kube-dns TCP 53,UDP 53".to_owned());
    assert_eq!(used(vec![]), expected, "no policy closes it");
    assert_eq!(used(vec![policy(json!([]))]), None);
    assert_eq!(used(vec![policy(json!([{"ports": [{"port": 443}]}]))]), None);
    assert_eq!(used(vec![policy(json!([{"ports": [{"protocol": "UDP", "port": 53}]}]))]), expected);
    assert_eq!(used(vec![policy(json!([{"ports": [{"port": 1, "endPort": 100}]}]))]), expected);
    assert_eq!(used(vec![dns("kube-system")]), expected);
    assert_eq!(used(vec![dns("kube-system"), policy(json!([]))]), None);
    // What answers elsewhere behind the Service is asked there.
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {"selector": {"k8s-app": "kube-dns"}, "ports": [
            {"protocol": "UDP", "port": 53, "targetPort": 5353}, {"port": 53, "targetPort": 53}]}});
    let resources = [app("n", "a"), dns("kube-system"), service];
    let (suggestion, _) = suggested_with(&resources, "register n/a > 10.0.0.0/8: 1/TCP", Options::default());
    assert_eq!(shown_rule(&suggestion.policies[0].egress[0]), "kube-system/k8s-app=kube-dns TCP 53,UDP 5353");
}

#[test]
fn a_class_in_doubt_is_named() {
    let mut pods = app("m", "x");
    pods["metadata"]["labels"] = json!({"scope": {"Unknown": "Scope"}});
    let declared = "class cde: labels=scope=cde\nclass cde: resources=m/y\nregister cde > n/a: 1/TCP";
    let found = messages(&[app("n", "a"), pods, app("m", "y")], declared);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("3 whether `m/x[Deployment]` is of class `cde` is not known:"), "{found:?}");
}

#[test]
fn behind_a_door_pods_do_not_see_the_client() {
    let with = |spec: Json| {
        let mut whole = json!({"selector": {"app": "a"}, "ports": [{"port": 443, "targetPort": "https"}]});
        whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        [app("n", "a"), service("s", whole)]
    };
    let node = with(json!({"type": "NodePort"}));
    let why = "what comes through `n/s[Service]` arrives with the address of a node";
    let internet = "register internet > n/a: 8443/TCP";
    let left_out = "1 register, `internet` to `n/a` is left out of the suggestion:";
    assert_eq!(messages(&node, internet), [format!("{left_out} {why}")]);
    assert_eq!(lines(&suggested(&node, internet).0), [""; 0]);
    // A block that is declared is opened all the same.
    let block = "register 198.51.100.0/24 > n/a: 8443/TCP";
    assert_eq!(messages(&node, block), [format!("1 register, `198.51.100.0/24` to `n/a`: {why}")]);
    check(&node, block, &["a [app=a] in 198.51.100.0/24 TCP 8443"]);
    // Someone without addresses comes the same way.
    let person = "end agent: person clerk\nend a: workload n/a\nflow f\nhop h: agent > a; ; ; ports 8443/TCP";
    let expected = format!(
        "4 flow `f`, hop `h` is left out of the suggestion: endpoint `agent` is a person without `addresses:`, and {why}"
    );
    assert_eq!(messages(&node, person), [expected]);
    // Where the node keeps the client's address, or on a port that the door does not lead to, it is seen.
    let local = with(json!({"type": "NodePort", "externalTrafficPolicy": "Local"}));
    check(&local, internet, &["a [app=a] in 0.0.0.0/0 but 10 TCP 8443"]);
    check(&node, "register internet > n/a: 9/TCP", &["a [app=a] in 0.0.0.0/0 but 10 TCP 9"]);
}

#[test]
fn what_the_api_server_calls_is_named() {
    let hook = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "w"},
        "webhooks": [{"name": "w.example.com", "clientConfig": {"service": {"namespace": "n", "name": "s"}}}]});
    let spec = json!({"selector": {"app": "a"}, "ports": [{"port": 443, "targetPort": "https"}]});
    let (suggestion, _) =
        suggested(&[app("n", "a"), service("s", spec), hook], "register 10.0.0.0/28 > n/a: 8443/TCP");
    let expected = "the API server calls `n/s[Service]` for `w[ValidatingWebhookConfiguration]`, and no pod label \
                    stands for it: register its addresses, or the call is closed";
    assert_eq!(suggestion.notes[1..], [expected]);
}
