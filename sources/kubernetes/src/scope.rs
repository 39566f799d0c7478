//! Which kinds live in a namespace and which are cluster-wide.

use ringfence_model::Kind;

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// In a namespace, `default` where none is written.
    Namespace,
    /// In none, whatever is written.
    Cluster,
    /// Not in the table: only the object itself can tell.
    Unknown,
}

/// API group, its namespaced kinds, its cluster-wide kinds.
struct Row(&'static str, &'static [&'static str], &'static [&'static str]);

const ROWS: &[Row] = &[
    Row(
        "",
        &[
            "Binding",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
        &["ComponentStatus", "Namespace", "Node", "PersistentVolume"],
    ),
    Row(
        "admissionregistration.k8s.io",
        &[],
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    Row("apiextensions.k8s.io", &[], &["CustomResourceDefinition"]),
    Row("apiregistration.k8s.io", &[], &["APIService"]),
    Row("apps", &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"], &[]),
    Row("argoproj.io", &["AppProject", "Application", "Rollout"], &[]),
    Row("autoscaling", &["HorizontalPodAutoscaler"], &[]),
    Row("batch", &["CronJob", "Job"], &[]),
    Row("cert-manager.io", &["Certificate", "CertificateRequest", "Issuer"], &["ClusterIssuer"]),
    Row("certificates.k8s.io", &[], &["CertificateSigningRequest", "ClusterTrustBundle"]),
    Row(
        "cilium.io",
        &["CiliumEndpoint", "CiliumNetworkPolicy"],
        &["CiliumClusterwideNetworkPolicy", "CiliumIdentity", "CiliumNode"],
    ),
    Row("coordination.k8s.io", &["Lease"], &[]),
    Row("crd.k8s.amazonaws.com", &[], &["ENIConfig"]),
    Row("crd.projectcalico.org", CALICO, CALICO_GLOBAL),
    Row("discovery.k8s.io", &["EndpointSlice"], &[]),
    Row("events.k8s.io", &["Event"], &[]),
    Row(
        "extensions",
        &["DaemonSet", "Deployment", "Ingress", "NetworkPolicy", "ReplicaSet"],
        &["PodSecurityPolicy"],
    ),
    Row(
        "external-secrets.io",
        &["ExternalSecret", "SecretStore"],
        &["ClusterExternalSecret", "ClusterSecretStore"],
    ),
    Row("flowcontrol.apiserver.k8s.io", &[], &["FlowSchema", "PriorityLevelConfiguration"]),
    Row(
        "gateway.networking.k8s.io",
        &["GRPCRoute", "Gateway", "HTTPRoute", "ReferenceGrant"],
        &["GatewayClass"],
    ),
    Row("kyverno.io", &["Policy"], &["ClusterPolicy"]),
    Row(
        "networking.istio.io",
        &["DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "VirtualService"],
        &[],
    ),
    Row("networking.k8s.io", &["Ingress", "NetworkPolicy"], &["IPAddress", "IngressClass", "ServiceCIDR"]),
    Row("node.k8s.io", &[], &["RuntimeClass"]),
    Row("policy", &["PodDisruptionBudget"], &["PodSecurityPolicy"]),
    Row(
        "policy.networking.k8s.io",
        &[],
        &["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"],
    ),
    Row("projectcalico.org", CALICO, CALICO_GLOBAL),
    Row("rbac.authorization.k8s.io", &["Role", "RoleBinding"], &["ClusterRole", "ClusterRoleBinding"]),
    Row("resource.k8s.io", &["ResourceClaim", "ResourceClaimTemplate"], &["DeviceClass", "ResourceSlice"]),
    Row("scheduling.k8s.io", &[], &["PriorityClass"]),
    Row("secrets-store.csi.x-k8s.io", &["SecretProviderClass"], &[]),
    Row("security.istio.io", &["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"], &[]),
    Row(
        "storage.k8s.io",
        &["CSIStorageCapacity"],
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
    ),
    Row("vpcresources.k8s.aws", &["SecurityGroupPolicy"], &["CNINode"]),
];

const CALICO: &[&str] = &["NetworkPolicy", "NetworkSet"];
const CALICO_GLOBAL: &[&str] = &["GlobalNetworkPolicy", "GlobalNetworkSet", "HostEndpoint", "IPPool", "Tier"];

/// Where objects of `kind` live, in any version of its group.
pub(crate) fn of(kind: &Kind) -> Scope {
    let group = kind.group().unwrap_or_default();
    let Some(Row(_, namespaced, cluster)) = ROWS.iter().find(|row| row.0 == group) else {
        return Scope::Unknown;
    };
    if namespaced.contains(&kind.name()) {
        Scope::Namespace
    } else if cluster.contains(&kind.name()) {
        Scope::Cluster
    } else {
        Scope::Unknown
    }
}

/// The kind of the same group that `kind` spells in another case: the API server knows no other spelling.
pub(crate) fn respelt(kind: &Kind) -> Option<&'static str> {
    let group = kind.group().unwrap_or_default();
    let Row(_, namespaced, cluster) = ROWS.iter().find(|row| row.0 == group)?;
    let mut kinds = namespaced.iter().chain(*cluster);
    let found = kinds.find(|known| known.eq_ignore_ascii_case(kind.name()))?;
    (*found != kind.name()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_has_one_row_and_every_kind_one_scope() {
        let groups: Vec<_> = ROWS.iter().map(|row| row.0).collect();
        assert!(groups.is_sorted_by(|a, b| a < b), "{groups:?}");
        for Row(group, namespaced, cluster) in ROWS {
            assert!(!namespaced.iter().any(|kind| cluster.contains(kind)), "{group}");
        }
    }

    #[test]
    fn the_group_counts_and_the_version_does_not() {
        assert_eq!(of(&Kind::kubernetes("batch/v1beta1", "CronJob")), Scope::Namespace);
        assert_eq!(of(&Kind::kubernetes("v1", "Namespace")), Scope::Cluster);
        assert_eq!(of(&Kind::kubernetes("example.org/v1", "Node")), Scope::Unknown);
        assert_eq!(of(&Kind::kubernetes("apps/v1", "Pod")), Scope::Unknown);
    }

    #[test]
    fn a_kind_in_another_case_is_told() {
        assert_eq!(respelt(&Kind::kubernetes("v1", "pod")), Some("Pod"));
        assert_eq!(respelt(&Kind::kubernetes("apps/v1", "daemonSet")), Some("DaemonSet"));
        assert_eq!(respelt(&Kind::kubernetes("v1", "Pod")), None);
        assert_eq!(respelt(&Kind::kubernetes("example.org/v1", "pod")), None);
    }
}
