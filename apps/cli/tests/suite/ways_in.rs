//! `reach` about Services and ways in, from outside.

use crate::folder::Folder;

const SHOP: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: client, namespace: shop}
spec:
  template:
    metadata: {labels: {app: client}}
    spec: {containers: [{name: c}]}
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations:
    service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing
    service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: ip
spec:
  type: LoadBalancer
  loadBalancerClass: service.k8s.aws/nlb
  allocateLoadBalancerNodePorts: false
  loadBalancerSourceRanges: [203.0.113.0/24]
  selector: {app: web}
  ports:
    - {name: https, port: 443, targetPort: http}
    - {name: metrics, port: 9090}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
    - from: [{podSelector: {matchLabels: {app: client}}}]
    - from: [{ipBlock: {cidr: 0.0.0.0/0}}]
      ports: [{port: 8080}]
"#;

fn shop() -> Folder {
    let folder = Folder::new();
    folder.write("shop.yaml", SHOP.as_bytes());
    folder
}

#[test]
fn a_service_is_asked_for_by_name_and_means_its_pods() {
    let folder = shop();
    let asked = |to: &str| {
        let run =
            folder.run(&["reach", "--from", "shop/client", "--to", to, "--profile", "spec", "shop.yaml"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        (run.stdout, run.stderr)
    };
    let (stdout, stderr) = asked("svc:shop/web");
    assert_eq!(stdout, "shop/client[Deployment] => shop/web[Deployment] : TCP 8080,9090\n");
    assert!(stderr.contains("TCP 443 leads to the port called `http`"), "{stderr}");
    for one in ["svc:shop/web:443", "shop/web[Service]:https", "shop/svc/web:443"] {
        assert_eq!(asked(one).0, "shop/client[Deployment] => shop/web[Deployment] : TCP 8080\n", "{one}");
    }
}

#[test]
fn a_service_that_is_not_there_is_said() {
    let folder = shop();
    for to in ["svc:shop/none", "svc:shop/web:1"] {
        let run = folder.run(&["reach", "--to", to, "shop.yaml"]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
        assert!(run.stderr.contains(to), "{}", run.stderr);
    }
}

#[test]
fn exposure_lists_the_ways_in() {
    let folder = shop();
    let run = folder.run(&["reach", "--exposure", "--profile", "spec", "shop.yaml"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let start = run.stdout.find("load balancer").unwrap();
    assert_eq!(
        &run.stdout[start..],
        "load balancer shop/web[Service]: a Network Load Balancer
  lets in 203.0.113.0-203.0.113.255 from the internet, on TCP 443, TCP 9090
  leads to shop/web[Deployment] TCP 8080,9090 behind shop/web[Service], which sees an address of the load balancer
    open on TCP 8080; closed by policy on TCP 9090
      ingress: selected by shop/web[NetworkPolicy] (shop.yaml:41:1)
      ingress: shop/web[NetworkPolicy] ingress[1] (shop.yaml:47:7) allows TCP 8080
"
    );
    let run = folder.run(&["reach", "--exposure", "--format", "json", "--profile", "spec", "shop.yaml"]);
    let passage = &run.json()["ways-in"][0]["targets"][0]["passages"][0];
    assert_eq!(
        (passage["decision"].as_str(), passage["allowed"].as_str()),
        (Some("allow"), Some("TCP 8080"))
    );
}
