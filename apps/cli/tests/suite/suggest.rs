//! `ringfence reach suggest`: the shipped example, usage, and what is printed.

use std::path::Path;

use crate::folder::Folder;

fn example() -> Folder {
    let folder = Folder::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/card-payments/hardened");
    for sub in ["", "k8s", "cloudformation", "terraform"] {
        for entry in std::fs::read_dir(root.join(sub)).unwrap().flatten().filter(|one| one.path().is_file()) {
            let name = format!("{sub}/{}", entry.file_name().to_string_lossy());
            folder.write(name.trim_start_matches('/'), &std::fs::read(entry.path()).unwrap());
        }
    }
    folder
}

const MANIFESTS: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c}]}
";

fn shop(register: &str) -> Folder {
    let folder = Folder::new();
    folder.write("shop.yaml", MANIFESTS.as_bytes());
    let text = format!("schema: ringfence.declaration/1\nregister:\n{register}");
    folder.write("ringfence.yaml", text.as_bytes());
    folder
}

const PRINTED: &str = "\
# NetworkPolicies that allow what ringfence.yaml declares for namespace `shop`, and nothing else.
# Note: every pod may ask the cluster's DNS, since the present policies let pods ask it.
# Closes what is open today:
#   shop/db[Pod] => shop/web[Pod], 0.0.0.0-255.255.255.255[External], other-nodes and 1 more : All Connections
#   shop/web[Pod] => shop/db[Pod] : SCTP 1-65535,TCP 1-5431,5433-65535,UDP 1-65535
#   shop/web[Pod] => 0.0.0.0-255.255.255.255[External], other-nodes, control-plane : All Connections
#   0.0.0.0-255.255.255.255[External], other-nodes, control-plane => shop/web[Pod], shop/db[Pod] : All Connections
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
  namespace: shop
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  egress:
    # names do not resolve without the cluster's DNS
    - to:
        - namespaceSelector:
            matchLabels: {kubernetes.io/metadata.name: kube-system}
          podSelector:
            matchLabels: {k8s-app: kube-dns}
      ports:
        - {protocol: TCP, port: 53}
        - {protocol: UDP, port: 53}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: db
  namespace: shop
spec:
  podSelector:
    matchLabels: {app: db}
  policyTypes: [Ingress, Egress]
  ingress:
    # register, `shop/web` to `shop/db` (orders)
    - from:
        - podSelector:
            matchLabels: {app: web}
      ports:
        - {protocol: TCP, port: 5432}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector:
    matchLabels: {app: web}
  policyTypes: [Ingress, Egress]
  egress:
    # register, `shop/web` to `shop/db` (orders)
    - to:
        - podSelector:
            matchLabels: {app: db}
      ports:
        - {protocol: TCP, port: 5432}
";

#[test]
fn a_suggestion_is_printed_with_what_it_changes() {
    let folder = shop("  - {from: shop/web, to: shop/db, ports: 5432/TCP, purpose: orders}\n");
    let run = folder.run(&["reach", "suggest", "shop"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, "using ringfence.yaml\n"));
    assert_eq!(run.stdout, PRINTED);
}

#[test]
fn a_suggestion_in_force_changes_nothing_more() {
    let folder = shop("  - {from: shop/web, to: shop/db, ports: 5432/TCP, purpose: orders}\n");
    assert_eq!(folder.run(&["reach", "suggest", "shop", "--output", "policies.yaml"]).code, 0);
    let run = folder.run(&["reach", "suggest", "shop"]);
    assert!(!run.stdout.contains("today") && !run.stdout.contains("delete"), "{}", run.stdout);
    let open = folder.run(&["reach", ".", "--from", "shop/*", "--to", "shop/*"]);
    assert_eq!(open.stdout, "shop/web[Pod] => shop/db[Pod] : TCP 5432\n");
    let policies = |text: &str| text.split("---\n").skip(1).map(str::to_owned).collect::<Vec<_>>();
    let written = std::fs::read_to_string(folder.path("policies.yaml")).unwrap();
    assert_eq!(policies(&written), policies(&run.stdout));
}

#[test]
fn the_shipped_example_reads_back_to_what_it_declares() {
    let folder = example();
    for namespace in ["cde", "storefront", "platform"] {
        let run = folder.run(&["reach", "suggest", namespace]);
        assert!(matches!(run.code, 0 | 4), "{}", run.stderr);
        assert!(!run.stdout.contains("Opens besides"), "{}", run.stdout);
        folder.write(&format!("k8s/suggested-{namespace}.yaml"), run.stdout.as_bytes());
    }
    for old in ["cde", "storefront", "platform"] {
        std::fs::remove_file(folder.path(&format!("k8s/{old}-network.yaml"))).unwrap();
    }
    let all = folder.run(&["reach", "."]);
    let pods = all.stdout.lines().filter(|line| !line.contains("[External]"));
    let declared = [
        ("cde/authoriser[Deployment]", "cde/vault[StatefulSet]"),
        ("cde/order-entry[Deployment]", "cde/authoriser[Deployment]"),
        ("cde/order-entry[Deployment]", "cde/tokenizer[Deployment]"),
        ("cde/settlement[CronJob]", "cde/vault[StatefulSet]"),
        ("cde/tokenizer[Deployment]", "cde/vault[StatefulSet]"),
        ("storefront/checkout[Deployment]", "cde/authoriser[Deployment]"),
    ];
    let declared: Vec<String> = declared.map(|(from, to)| format!("{from} => {to} : TCP 8443")).into();
    assert_eq!(pods.collect::<Vec<_>>(), declared);
    let outside: Vec<&str> = all.stdout.lines().filter(|line| line.contains("[External]")).collect();
    assert_eq!(
        outside,
        [
            "198.51.100.0-198.51.100.31[External] => storefront/checkout[Deployment] : TCP 8443",
            "cde/authoriser[Deployment] => 203.0.113.16-203.0.113.31[External] : TCP 443",
            "cde/settlement[CronJob] => 203.0.113.16-203.0.113.31[External] : TCP 22",
        ]
    );
}

#[test]
fn what_is_left_out_is_named_with_its_place() {
    let folder = shop(
        "  - {from: shop/web, to: api.bank.example, ports: 443/TCP}\n  - {from: shop/web, to: shop/gone, ports: 1/TCP}\n",
    );
    let run = folder.run(&["reach", "suggest", "shop"]);
    assert_eq!(run.code, 4);
    assert!(
        run.stderr.contains("ringfence.yaml:3:6: error: register, `shop/web` to `api.bank.example`"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("is a DNS name, which a NetworkPolicy cannot express"), "{}", run.stderr);
    let comments: String =
        run.stdout.lines().filter_map(|line| line.strip_prefix("# ")).collect::<Vec<_>>().join(" ");
    assert!(
        comments.contains("Left out: register, `shop/web` to `shop/gone`: `shop/gone` is nothing"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("name: web"), "a policy without a rule is no policy");
}

#[test]
fn usage_is_explained() {
    let folder = shop("  - {from: shop/web, to: shop/db, ports: 5432/TCP}\n");
    let check = |arguments: &[&str], code: i32, expected: &str| {
        let run = folder.run(arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.stderr);
    };
    check(&["reach", "suggest", "shoop"], 2, "no namespace `shoop` is in the input");
    check(&["reach", "suggest", "shoop"], 2, "`shop` is");
    check(&["reach", "suggest"], 2, "<NAMESPACE>");
    // A folder of that name is written with its path.
    folder.write("suggest/pod.yaml", MANIFESTS.as_bytes());
    check(&["reach", "./suggest"], 0, "");
    let listed = folder.run(&["reach", "./suggest"]);
    assert!(listed.stdout.contains("shop/web[Pod] => shop/db[Pod] : All Connections"), "{}", listed.stdout);
    let twice = folder.run(&["reach", "shop.yaml", "suggest"]);
    assert_eq!(twice.code, 0, "{}", twice.stderr);
    std::fs::remove_file(folder.path("ringfence.yaml")).unwrap();
    check(&["reach", "suggest", "shop"], 2, "there is no ringfence.yaml");
}

#[test]
fn one_namespace_in_two_clusters_is_asked_for_by_both_names() {
    let folder = Folder::new();
    folder.write("a/shop.yaml", MANIFESTS.as_bytes());
    folder.write("b/shop.yaml", MANIFESTS.as_bytes());
    let text = "schema: ringfence.declaration/1\nsources:\n  - {path: a, cluster: one}\n  - {path: b, cluster: two}\n\
                endpoints:\n  web: {workload: shop/web, cluster: one}\n  db: {workload: shop/db, cluster: one}\n\
                register:\n  - {from: web, to: db, ports: 1/TCP}\n";
    folder.write("ringfence.yaml", text.as_bytes());
    let run = folder.run(&["reach", "suggest", "shop"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("several clusters have a namespace `shop`"), "{}", run.stderr);
    let one = folder.run(&["reach", "suggest", "one/shop"]);
    assert!(one.code == 0 && one.stdout.contains("name: web"), "{}{}", one.stdout, one.stderr);
    let two = folder.run(&["reach", "suggest", "two/shop"]);
    assert!(!two.stdout.contains("name: web"), "{}{}", two.stdout, two.stderr);
}
