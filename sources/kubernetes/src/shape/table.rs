//! The shapes, as the API reference gives them. Only paths that someone reads are listed.

use ringfence_model::Kind;

use super::Fields;
use super::Shape::{self, Any, Bool, Data, Each, Int, IntOrText, List, Literal, Map, Text};

/// The shape of objects of `kind`, if any of its paths is read.
pub(super) fn of(kind: &Kind) -> Option<&'static Shape> {
    ROWS.iter().find(|row| row.0 == kind.as_str()).map(|row| &row.1)
}

const TEXTS: Shape = List(&Text);
const LABELS: Shape = Each(&Text);
static OWNER: Shape = Map(&[("kind", Text), ("name", Text)]);

/// Every object: its metadata beside what is its own.
macro_rules! object {
    ($($key:literal: $shape:expr),* $(,)?) => {
        Map(&[("metadata", META), $(($key, $shape)),*])
    };
}

const META: Shape =
    Map(&[("labels", LABELS), ("annotations", Each(&Data)), ("ownerReferences", List(&OWNER))]);
const SELECTOR: Shape = Map(&[("matchLabels", LABELS), ("matchExpressions", List(&EXPRESSION))]);
static EXPRESSION: Shape = Map(&[("key", Text), ("operator", Text), ("values", TEXTS)]);

const TEMPLATE: Shape = object! { "spec": POD };
const CONTROLLER: Shape = object! { "spec": Map(&[("selector", SELECTOR), ("template", TEMPLATE)]) };
const JOB: Shape = object! { "spec": Map(&[("template", TEMPLATE)]) };

static ROWS: &[(&str, Shape)] = &[
    ("v1/Pod", TEMPLATE),
    ("v1/PodTemplate", object! { "template": TEMPLATE }),
    ("v1/ReplicationController", object! { "spec": Map(&[("selector", LABELS), ("template", TEMPLATE)]) }),
    ("apps/v1/Deployment", CONTROLLER),
    ("apps/v1/StatefulSet", CONTROLLER),
    ("apps/v1/DaemonSet", CONTROLLER),
    ("apps/v1/ReplicaSet", CONTROLLER),
    ("apps/v1beta1/Deployment", CONTROLLER),
    ("apps/v1beta1/StatefulSet", CONTROLLER),
    ("apps/v1beta2/Deployment", CONTROLLER),
    ("apps/v1beta2/StatefulSet", CONTROLLER),
    ("apps/v1beta2/DaemonSet", CONTROLLER),
    ("apps/v1beta2/ReplicaSet", CONTROLLER),
    ("extensions/v1beta1/Deployment", CONTROLLER),
    ("extensions/v1beta1/DaemonSet", CONTROLLER),
    ("extensions/v1beta1/ReplicaSet", CONTROLLER),
    ("argoproj.io/v1alpha1/Rollout", CONTROLLER),
    ("batch/v1/Job", JOB),
    ("batch/v1/CronJob", object! { "spec": Map(&[("jobTemplate", JOB)]) }),
    ("batch/v1beta1/CronJob", object! { "spec": Map(&[("jobTemplate", JOB)]) }),
    ("rbac.authorization.k8s.io/v1/Role", ROLE),
    ("rbac.authorization.k8s.io/v1/ClusterRole", ROLE),
    ("rbac.authorization.k8s.io/v1beta1/Role", ROLE),
    ("rbac.authorization.k8s.io/v1beta1/ClusterRole", ROLE),
    ("rbac.authorization.k8s.io/v1/RoleBinding", BINDING),
    ("rbac.authorization.k8s.io/v1/ClusterRoleBinding", BINDING),
    ("rbac.authorization.k8s.io/v1beta1/RoleBinding", BINDING),
    ("rbac.authorization.k8s.io/v1beta1/ClusterRoleBinding", BINDING),
    ("networking.k8s.io/v1/NetworkPolicy", NETWORK_POLICY),
    ("extensions/v1beta1/NetworkPolicy", NETWORK_POLICY),
    ("policy.networking.k8s.io/v1alpha1/AdminNetworkPolicy", TIER),
    ("policy.networking.k8s.io/v1alpha1/BaselineAdminNetworkPolicy", TIER),
    ("policy.networking.k8s.io/v1alpha2/ClusterNetworkPolicy", TIER),
    ("networking.k8s.io/v1/Ingress", INGRESS),
    ("v1/Service", SERVICE),
    ("v1/ServiceAccount", object! { "automountServiceAccountToken": Bool, "secrets": List(&NAMED) }),
    ("v1/PersistentVolume", object! { "spec": Map(&[("hostPath", HOST_PATH), ("csi", DRIVER)]) }),
    ("v1/ConfigMap", object! { "data": Each(&Data), "binaryData": Each(&Data) }),
    ("v1/Secret", object! { "type": Text, "data": Each(&Data), "stringData": Each(&Data) }),
    ("v1/Namespace", object! {}),
];

const POD: Shape = Map(&[
    ("containers", List(&CONTAINER)),
    ("initContainers", List(&CONTAINER)),
    ("ephemeralContainers", List(&CONTAINER)),
    ("volumes", List(&VOLUME)),
    ("securityContext", Map(POD_SECURITY)),
    ("serviceAccountName", Text),
    ("serviceAccount", Text),
    ("automountServiceAccountToken", Bool),
    ("hostNetwork", Bool),
    ("hostPID", Bool),
    ("hostIPC", Bool),
    ("hostUsers", Bool),
    ("shareProcessNamespace", Bool),
    ("nodeName", Text),
    ("nodeSelector", LABELS),
    ("runtimeClassName", Text),
    ("os", Map(&[("name", Text)])),
    ("resources", RESOURCES),
    ("tolerations", List(&TOLERATION)),
    ("affinity", Map(&[])),
    ("hostAliases", List(&ANY_MAP)),
    ("imagePullSecrets", List(&NAMED)),
]);
static ANY_MAP: Shape = Map(&[]);
static NAMED: Shape = Map(&[("name", Text)]);
static TOLERATION: Shape = Map(&[("key", Text), ("operator", Text), ("value", Text), ("effect", Text)]);

static CONTAINER: Shape = Map(&[
    ("name", Text),
    ("image", Text),
    ("command", List(&Literal)),
    ("args", List(&Literal)),
    ("env", List(&VARIABLE)),
    ("envFrom", List(&VARIABLES)),
    ("ports", List(&CONTAINER_PORT)),
    ("resources", RESOURCES),
    ("securityContext", Map(CONTAINER_SECURITY)),
    ("volumeMounts", List(&MOUNT)),
    ("imagePullPolicy", Text),
    ("livenessProbe", Map(&[])),
    ("readinessProbe", Map(&[])),
    ("lifecycle", Map(&[])),
]);
const RESOURCES: Shape = Map(&[("limits", Each(&Any)), ("requests", Each(&Any))]);
const KEY_REF: Shape = Map(&[("name", Text), ("key", Text), ("optional", Bool)]);
static VARIABLE: Shape = Map(&[
    ("name", Text),
    ("value", Literal),
    (
        "valueFrom",
        Map(&[
            ("secretKeyRef", KEY_REF),
            ("configMapKeyRef", KEY_REF),
            ("fieldRef", Map(&[("fieldPath", Text)])),
        ]),
    ),
]);
static VARIABLES: Shape = Map(&[("prefix", Text), ("secretRef", KEY_REF), ("configMapRef", KEY_REF)]);
static CONTAINER_PORT: Shape =
    Map(&[("name", Text), ("containerPort", Int), ("hostPort", Int), ("hostIP", Text), ("protocol", Text)]);
static MOUNT: Shape = Map(&[
    ("name", Text),
    ("mountPath", Text),
    ("subPath", Text),
    ("readOnly", Bool),
    ("mountPropagation", Text),
]);

const PROFILE: Shape = Map(&[("type", Text), ("localhostProfile", Text)]);
const SELINUX: Shape = Map(&[("type", Text), ("user", Text), ("role", Text), ("level", Text)]);
const POD_SECURITY: Fields = &[
    ("runAsUser", Int),
    ("runAsGroup", Int),
    ("runAsNonRoot", Bool),
    ("fsGroup", Int),
    ("supplementalGroups", List(&Int)),
    ("seccompProfile", PROFILE),
    ("appArmorProfile", PROFILE),
    ("seLinuxOptions", SELINUX),
    ("sysctls", List(&SYSCTL)),
    ("windowsOptions", Map(&[("hostProcess", Bool)])),
];
static SYSCTL: Shape = Map(&[("name", Text), ("value", Text)]);
const CONTAINER_SECURITY: Fields = &[
    ("privileged", Bool),
    ("allowPrivilegeEscalation", Bool),
    ("readOnlyRootFilesystem", Bool),
    ("runAsUser", Int),
    ("runAsGroup", Int),
    ("runAsNonRoot", Bool),
    ("capabilities", Map(&[("add", TEXTS), ("drop", TEXTS)])),
    ("seccompProfile", PROFILE),
    ("appArmorProfile", PROFILE),
    ("seLinuxOptions", SELINUX),
    ("procMount", Text),
    ("windowsOptions", Map(&[("hostProcess", Bool)])),
];

const HOST_PATH: Shape = Map(&[("path", Text), ("type", Text)]);
const DRIVER: Shape = Map(&[("driver", Text), ("volumeHandle", Text), ("volumeAttributes", LABELS)]);
const SECRET_VOLUME: Shape = Map(&[("secretName", Text), ("name", Text)]);
static VOLUME: Shape = Map(&[
    ("name", Text),
    ("hostPath", HOST_PATH),
    ("secret", SECRET_VOLUME),
    ("configMap", Map(&[("name", Text)])),
    ("emptyDir", Map(&[("medium", Text)])),
    ("persistentVolumeClaim", Map(&[("claimName", Text)])),
    ("csi", DRIVER),
    ("projected", Map(&[("sources", List(&PROJECTED))])),
]);
static PROJECTED: Shape = Map(&[
    ("secret", SECRET_VOLUME),
    ("configMap", Map(&[("name", Text)])),
    ("serviceAccountToken", Map(&[("audience", Text), ("path", Text)])),
]);

const ROLE: Shape = object! { "rules": List(&RULE), "aggregationRule": Map(&[]) };
static RULE: Shape = Map(&[
    ("verbs", TEXTS),
    ("apiGroups", TEXTS),
    ("resources", TEXTS),
    ("resourceNames", TEXTS),
    ("nonResourceURLs", TEXTS),
]);
const BINDING: Shape = object! {
    "roleRef": Map(&[("apiGroup", Text), ("kind", Text), ("name", Text)]),
    "subjects": List(&SUBJECT),
};
static SUBJECT: Shape = Map(&[("apiGroup", Text), ("kind", Text), ("name", Text), ("namespace", Text)]);

const NETWORK_POLICY: Shape = object! {
    "spec": Map(&[
        ("podSelector", SELECTOR),
        ("policyTypes", TEXTS),
        ("ingress", List(&INGRESS_RULE)),
        ("egress", List(&EGRESS_RULE)),
    ]),
};
static INGRESS_RULE: Shape = Map(&[("from", List(&PEER)), ("ports", List(&POLICY_PORT))]);
static EGRESS_RULE: Shape = Map(&[("to", List(&PEER)), ("ports", List(&POLICY_PORT))]);
static PEER: Shape = Map(&[
    ("podSelector", SELECTOR),
    ("namespaceSelector", SELECTOR),
    ("ipBlock", Map(&[("cidr", Text), ("except", TEXTS)])),
]);
static POLICY_PORT: Shape = Map(&[("port", IntOrText), ("endPort", Int), ("protocol", Text)]);

/// Admin network policies, which come before and after those of namespaces.
const TIER: Shape = object! {
    "spec": Map(&[
        ("tier", Text),
        ("priority", Int),
        ("subject", Map(&[("namespaces", SELECTOR), ("pods", TIER_PODS)])),
        ("ingress", List(&TIER_RULE)),
        ("egress", List(&TIER_RULE)),
    ]),
};
const TIER_PODS: Shape = Map(&[("namespaceSelector", SELECTOR), ("podSelector", SELECTOR)]);
static TIER_RULE: Shape = Map(&[
    ("name", Text),
    ("action", Text),
    ("from", List(&TIER_PEER)),
    ("to", List(&TIER_PEER)),
    ("ports", List(&TIER_PORT)),
    ("protocols", List(&ANY_MAP)),
]);
static TIER_PEER: Shape = Map(&[
    ("namespaces", SELECTOR),
    ("pods", TIER_PODS),
    ("nodes", SELECTOR),
    ("networks", TEXTS),
    ("domainNames", TEXTS),
]);
static TIER_PORT: Shape = Map(&[
    ("portNumber", Map(&[("port", Int), ("protocol", Text)])),
    ("portRange", Map(&[("start", Int), ("end", Int), ("protocol", Text)])),
    ("namedPort", Text),
]);

const SERVICE: Shape = object! {
    "spec": Map(&[
        ("type", Text),
        ("selector", LABELS),
        ("ports", List(&SERVICE_PORT)),
        ("clusterIP", Text),
        ("clusterIPs", TEXTS),
        ("externalIPs", TEXTS),
        ("externalName", Text),
        ("externalTrafficPolicy", Text),
        ("loadBalancerClass", Text),
        ("loadBalancerIP", Text),
        ("loadBalancerSourceRanges", TEXTS),
    ]),
};
static SERVICE_PORT: Shape = Map(&[
    ("name", Text),
    ("port", Int),
    ("targetPort", IntOrText),
    ("nodePort", Int),
    ("protocol", Text),
    ("appProtocol", Text),
]);

const BACKEND: Shape = Map(&[
    ("service", Map(&[("name", Text), ("port", Map(&[("name", Text), ("number", Int)]))])),
    ("resource", Map(&[])),
]);
const INGRESS: Shape = object! {
    "spec": Map(&[
        ("ingressClassName", Text),
        ("defaultBackend", BACKEND),
        ("rules", List(&INGRESS_HOST)),
        ("tls", List(&INGRESS_TLS)),
    ]),
};
static INGRESS_HOST: Shape = Map(&[("host", Text), ("http", Map(&[("paths", List(&INGRESS_PATH))]))]);
static INGRESS_PATH: Shape = Map(&[("path", Text), ("pathType", Text), ("backend", BACKEND)]);
static INGRESS_TLS: Shape = Map(&[("hosts", TEXTS), ("secretName", Text)]);

#[cfg(test)]
mod tests {
    use super::*;
    use ringfence_model::pod_template;

    #[test]
    fn every_kind_has_one_row() {
        let mut kinds: Vec<_> = ROWS.iter().map(|row| row.0).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), ROWS.len());
    }

    /// A pod-bearing kind that the model knows and this table does not would be read unchecked.
    #[test]
    fn every_pod_bearing_kind_is_checked_down_to_its_pod() {
        for (kind, shape) in ROWS {
            let Some(path) = pod_template(&Kind::new(*kind)) else { continue };
            let steps = path.split('.').filter(|step| !step.is_empty()).chain(["spec", "containers"]);
            let mut shape = shape;
            for step in steps {
                let Map(fields) = shape else { panic!("{kind}: {step}") };
                shape = &fields
                    .iter()
                    .find(|(key, _)| *key == step)
                    .unwrap_or_else(|| panic!("{kind}: {step}"))
                    .1;
            }
        }
    }
}
