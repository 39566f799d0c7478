//! Pods beside the templates of their controllers.

use serde_json::{Value as Json, json};

use crate::estate::fixture::{build, read};
use crate::{ResourceId, WorkloadId};

/// A template as people write it.
fn template() -> Json {
    json!({
        "serviceAccountName": "shop",
        "containers": [{
            "name": "app", "image": "registry.example/app:1",
            "ports": [{"containerPort": 8080}],
            "securityContext": {"runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}},
        }],
        "volumes": [{"name": "logs", "hostPath": {"path": "/var/log/app"}}],
    })
}

/// The spec of a pod that a cluster made of [`template`].
fn pod() -> Json {
    json!({
        "serviceAccountName": "shop", "serviceAccount": "shop",
        "dnsPolicy": "ClusterFirst", "enableServiceLinks": true, "nodeName": "node-1", "priority": 0,
        "restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": {},
        "terminationGracePeriodSeconds": 30, "hostNetwork": false,
        "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}],
        "containers": [{
            "name": "app", "image": "registry.example/app:1", "imagePullPolicy": "IfNotPresent",
            "ports": [{"containerPort": 8080, "protocol": "TCP"}], "resources": {},
            "securityContext": {"capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            "volumeMounts": [{"name": "kube-api-access-x", "mountPath": "/var/run/secrets", "readOnly": true}],
        }],
        "volumes": [
            {"name": "logs", "hostPath": {"path": "/var/log/app", "type": ""}},
            {"name": "kube-api-access-x", "projected": {"defaultMode": 420, "sources": []}},
        ],
    })
}

/// Whether the pod is an instance; it is always one of the workload.
fn is_instance(pod: &Json, template: &Json) -> bool {
    let (estate, _) = build(read(json!([
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app", "namespace": "shop"},
         "spec": {"template": {"spec": template}}},
        {"apiVersion": "v1", "kind": "Pod", "spec": pod, "metadata": {
            "name": "app-5d-x", "namespace": "shop", "labels": {"pod-template-hash": "5d"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "app-5d"}]}},
    ])));
    assert_eq!(estate.workload_of(ResourceId(1)), Some(WorkloadId(0)));
    assert_eq!(estate.workloads()[0].instances[0].resource, ResourceId(1), "it counts for reach");
    match estate.resources()[1].instance_of {
        Some(controller) => controller == ResourceId(0),
        None => false,
    }
}

#[test]
fn what_the_api_fills_in_does_not_count() {
    assert!(is_instance(&pod(), &template()));
}

/// Sets `value` at a pointer of the pod or of the template.
fn with(mut spec: Json, pointer: &str, value: Json) -> Json {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    spec.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(key.to_owned(), value);
    spec
}

#[test]
fn a_pod_that_differs_is_judged_by_itself() {
    let debugger = json!([{"name": "debugger", "image": "busybox", "securityContext": {"privileged": true}}]);
    let sidecar = json!([{"name": "proxy", "image": "proxy:1"}]);
    let container = pod()["containers"][0].clone();
    for (pointer, value) in [
        ("/ephemeralContainers", debugger),
        ("/initContainers", sidecar.clone()),
        ("/containers", json!([container, sidecar[0]])),
        ("/containers", json!([])),
        ("/containers", json!({"Unknown": "x"})),
        ("/containers/0/name", json!("other")),
        ("/containers/0/image", json!("registry.example/app:2")),
        ("/containers/0/securityContext", json!({"privileged": true})),
        ("/containers/0/securityContext", json!({"Unknown": "x"})),
        ("/containers/0/securityContext/privileged", json!(true)),
        ("/containers/0/securityContext/capabilities", json!({"drop": ["ALL"], "add": ["SYS_ADMIN"]})),
        ("/containers/0/ports", json!([{"containerPort": 8080, "hostPort": 80}])),
        ("/containers/0/ports", json!([{"Unknown": "x"}])),
        ("/containers/0/ports", json!({"Unknown": "x"})),
        ("/hostNetwork", json!(true)),
        ("/hostPID", json!(true)),
        ("/hostIPC", json!(true)),
        ("/shareProcessNamespace", json!(true)),
        ("/hostUsers", json!(false)),
        ("/securityContext", json!({"runAsUser": 0})),
        ("/serviceAccountName", json!("admin")),
        ("/automountServiceAccountToken", json!(true)),
        ("/volumes", json!([{"name": "logs", "hostPath": {"path": "/"}}])),
        (
            "/volumes",
            json!([{"name": "root", "hostPath": {"path": "/var/log/app"}}, {"name": "x", "hostPath": {"path": "/"}}]),
        ),
        ("/volumes", json!({"Unknown": "x"})),
    ] {
        assert!(!is_instance(&with(pod(), pointer, value.clone()), &template()), "{pointer} = {value}");
    }
}

#[test]
fn what_is_usual_need_not_be_written() {
    for (pointer, value) in
        [("/hostPID", json!(false)), ("/hostUsers", json!(true)), ("/securityContext", json!({}))]
    {
        assert!(is_instance(&with(pod(), pointer, value.clone()), &template()), "{pointer}");
        assert!(is_instance(&pod(), &with(template(), pointer, value)), "{pointer}");
    }
    let [pod, template] = [pod(), template()].map(|mut spec| {
        spec.as_object_mut().unwrap().remove("serviceAccountName");
        spec
    });
    assert!(is_instance(&with(pod, "/serviceAccountName", json!("default")), &template));
}

#[test]
fn on_the_network_of_the_node_the_api_writes_ports_out() {
    let ports = json!([{"containerPort": 8080, "hostPort": 8080}]);
    let pod = with(with(pod(), "/hostNetwork", json!(true)), "/containers/0/ports", ports);
    assert!(is_instance(&pod, &with(template(), "/hostNetwork", json!(true))));
}

#[test]
fn a_template_that_is_not_known_vouches_for_nothing() {
    assert!(!is_instance(&pod(), &json!({"Unknown": "x"})));
    assert!(!is_instance(&pod(), &Json::Null));
}
