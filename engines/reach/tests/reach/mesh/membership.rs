//! Who is in a mesh.

use serde_json::{Value as Json, json};

use super::{authorization, check, meshed, of_linkerd, template};
use crate::fixture::namespace;

/// What is said of `n/a`, which has a proxy, towards a workload of which only the template is known, in a
/// namespace with a policy that lets nobody in.
#[track_caller]
fn injected(labels: Json, change: impl Fn(&mut Json), expected: &str) {
    let mut target = template("t");
    change(&mut target);
    let nothing = authorization("t", "p", json!({}));
    let manifests = [namespace("n", json!({})), namespace("t", labels), meshed("n", "a", 1), target, nothing];
    check(&manifests, &[&format!("n/a>t/d[Deployment]:80 {expected}")]);
}

fn nothing(_: &mut Json) {}

fn metadata(key: &'static str, of: &'static str, value: &'static str) -> impl Fn(&mut Json) {
    move |target| target["spec"]["template"]["metadata"][of][key] = json!(value)
}

#[test]
fn injection_follows_namespace_and_pod() {
    injected(json!({}), nothing, "open");
    injected(json!({"istio-injection": "enabled"}), nothing, "mesh");
    injected(json!({"istio.io/rev": "1-27"}), nothing, "mesh");
    injected(json!({"istio-injection": "disabled"}), nothing, "open");
    injected(json!({"istio-injection": "disabled", "istio.io/rev": "x"}), nothing, "open");
    let opt = |value| metadata("sidecar.istio.io/inject", "labels", value);
    injected(json!({"istio-injection": "enabled"}), opt("false"), "open");
    injected(json!({}), opt("true"), "mesh");
    injected(json!({"istio-injection": "disabled"}), opt("true"), "open");
    injected(json!({}), metadata("istio.io/rev", "labels", "canary"), "mesh");
    let annotated = |value| metadata("sidecar.istio.io/inject", "annotations", value);
    injected(json!({"istio-injection": "enabled"}), annotated("false"), "open");
    // The webhook does not see the annotation.
    injected(json!({}), annotated("true"), "open");
}

#[test]
fn a_proxy_that_is_seen_is_there_and_the_host_network_has_none() {
    injected(
        json!({}),
        |target| {
            let native = json!([{"name": "istio-proxy", "restartPolicy": "Always"}]);
            target["spec"]["template"]["spec"]["initContainers"] = native;
        },
        "mesh",
    );
    injected(
        json!({"istio-injection": "enabled"}),
        |target| {
            target["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
        },
        "open",
    );
}

#[test]
fn where_the_namespace_is_not_in_the_input_nobody_knows() {
    let target = template("t");
    let manifests =
        [namespace("n", json!({})), meshed("n", "a", 1), target, authorization("t", "p", json!({}))];
    check(&manifests, &["n/a>t/d[Deployment]:80 depends"]);
    let unknown = json!({"istio-injection": crate::fixture::UNKNOWN});
    injected(unknown, nothing, "depends");
}

#[test]
fn ambient_mode_follows_namespace_and_pod() {
    const MODE: &str = "istio.io/dataplane-mode";
    injected(json!({MODE: "ambient"}), nothing, "mesh");
    injected(json!({MODE: "ambient"}), metadata(MODE, "labels", "none"), "open");
    injected(json!({}), metadata(MODE, "labels", "ambient"), "mesh");
}

#[test]
fn linkerd_follows_annotations() {
    let linked = |of_namespace: Json, change: &dyn Fn(&mut Json), expected: &str| {
        let mut target = template("t");
        target["metadata"]["namespace"] = json!("n");
        change(&mut target);
        let mut home = namespace("n", json!({}));
        home["metadata"]["annotations"] = of_namespace;
        let server = of_linkerd("Server", "s", json!({"podSelector": {}, "port": 80}));
        let manifests = [home, super::linked("n", "a", 1), target, server];
        check(&manifests, &[&format!("n/a>n/d[Deployment]:80 {expected}")]);
    };
    let inject = |value: &'static str| metadata("linkerd.io/inject", "annotations", value);
    linked(json!({}), &nothing, "open");
    linked(json!({"linkerd.io/inject": "enabled"}), &nothing, "mesh");
    linked(json!({"linkerd.io/inject": "enabled"}), &inject("disabled"), "open");
    linked(json!({}), &inject("enabled"), "mesh");
    linked(json!({"linkerd.io/inject": "disabled"}), &inject("ingress"), "mesh");
    linked(
        json!({"linkerd.io/inject": "enabled"}),
        &|target: &mut Json| {
            target["spec"]["template"]["spec"]["automountServiceAccountToken"] = json!(false);
        },
        "open",
    );
}
