//! What serves a whole cluster, namespace or account and so could impact the CDE in it: name resolution,
//! admission, policy, identity, deployment, logging. Told by kind, or by the name that the project gives
//! its pods.

use std::collections::BTreeSet;

use ringfence_model::fact::ScopeClass;
use ringfence_model::{Estate, Reason, Resource, ResourceId, Text, Workload, WorkloadId};
use rustc_hash::FxHashSet;

use crate::failed;
use crate::marks::Marks;

/// Workloads by the value of `app.kubernetes.io/name`, `k8s-app` or `app`, or by their own name.
const WORKLOADS: &[(&[&str], &str)] = &[
    (&["coredns", "kube-dns"], "resolves names for pods of the CDE"),
    (&["node-local-dns"], "resolves names for pods of the CDE"),
    (
        &["kube-proxy", "aws-node", "calico-node", "cilium", "calico-kube-controllers"],
        "carries and filters traffic of the CDE",
    ),
    (
        &["aws-load-balancer-controller", "ingress-nginx", "traefik", "haproxy-ingress", "contour", "kong"],
        "leads connections into the cluster of the CDE",
    ),
    (&["istiod", "linkerd-destination", "linkerd-identity"], "decides and encrypts traffic of the CDE"),
    (&["gatekeeper", "kyverno", "opa"], "decides what may run beside the CDE"),
    (
        &["cert-manager", "external-secrets", "secrets-store-csi-driver", "vault-agent-injector"],
        "gives certificates and secrets to pods of the CDE",
    ),
    (
        &[
            "argocd-application-controller",
            "argo-cd",
            "argocd",
            "flux",
            "source-controller",
            "kustomize-controller",
            "helm-controller",
        ],
        "deploys into the cluster of the CDE",
    ),
    (&["cluster-autoscaler", "karpenter"], "makes the nodes of the cluster of the CDE"),
    (&["velero"], "copies volumes and objects of the cluster of the CDE"),
];

/// Kinds that hold for a whole cluster: group, kinds, why.
const CLUSTER_WIDE: &[(&str, &[&str], &str)] = &[
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
        "decides what may run in the cluster of the CDE",
    ),
    ("apiregistration.k8s.io", &["APIService"], "answers for the API server of the cluster of the CDE"),
    ("kyverno.io", &["ClusterPolicy"], "decides what may run in the cluster of the CDE"),
    ("templates.gatekeeper.sh", &["ConstraintTemplate"], "decides what may run in the cluster of the CDE"),
    ("crd.projectcalico.org", &["GlobalNetworkPolicy", "GlobalNetworkSet", "Tier"], SEGMENTS),
    ("projectcalico.org", &["GlobalNetworkPolicy", "GlobalNetworkSet", "Tier"], SEGMENTS),
    ("cilium.io", &["CiliumClusterwideNetworkPolicy"], SEGMENTS),
    (
        "policy.networking.k8s.io",
        &["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"],
        SEGMENTS,
    ),
    ("rbac.authorization.k8s.io", &["ClusterRoleBinding"], "gives rights in the cluster of the CDE"),
];

/// Kinds that hold within a namespace.
const NAMESPACED: &[(&str, &[&str], &str)] = &[
    ("", &["Namespace"], "its labels decide which policies hold for pods of the CDE"),
    ("networking.k8s.io", &["NetworkPolicy"], SEGMENTS),
    ("crd.projectcalico.org", &["NetworkPolicy", "NetworkSet"], SEGMENTS),
    ("projectcalico.org", &["NetworkPolicy", "NetworkSet"], SEGMENTS),
    ("cilium.io", &["CiliumNetworkPolicy"], SEGMENTS),
    ("vpcresources.k8s.aws", &["SecurityGroupPolicy"], SEGMENTS),
    ("security.istio.io", &["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"], SEGMENTS),
    ("networking.istio.io", &["DestinationRule", "Gateway", "Sidecar", "VirtualService"], SEGMENTS),
    ("kyverno.io", &["Policy"], "decides what may run beside the CDE"),
    ("external-secrets.io", &["ExternalSecret", "SecretStore"], "gives secrets to pods of the CDE"),
    ("cert-manager.io", &["Certificate", "Issuer"], "gives certificates to pods of the CDE"),
    ("rbac.authorization.k8s.io", &["Role", "RoleBinding"], "gives rights in a namespace of the CDE"),
];

const SEGMENTS: &str = "decides what reaches pods of the CDE";

/// AWS services that watch or guard a whole account.
const ACCOUNT_WIDE: &[(&str, &str)] = &[
    ("AWS::CloudTrail::Trail", "keeps the audit trail of the account of the CDE"),
    ("AWS::Config::ConfigurationRecorder", "records changes in the account of the CDE"),
    ("AWS::GuardDuty::Detector", "watches the account of the CDE"),
    ("AWS::SecurityHub::Hub", "watches the account of the CDE"),
    ("AWS::Organizations::Policy", "decides what the account of the CDE may do"),
];

pub(crate) fn mark(marks: &mut Marks<'_>) {
    let estate = marks.estate;
    let members: Vec<WorkloadId> = marks.cde_workloads().collect();
    let homes = Homes::of(estate, &members);
    workloads(marks, &homes);
    for (id, resource) in estate.iter().filter(|(_, resource)| resource.kind.is_kubernetes()) {
        if let Some(why) = homes.why(resource) {
            note(marks, id, resource, why);
        }
    }
    accounts(marks);
}

/// Where pods of the CDE live.
struct Homes<'a> {
    clusters: BTreeSet<Option<&'a Text>>,
    namespaces: FxHashSet<(Option<&'a Text>, &'a str)>,
    /// Clusters of which no node is known: a daemon set runs beside the CDE there.
    nodes_unknown: BTreeSet<Option<&'a Text>>,
}

impl<'a> Homes<'a> {
    fn of(estate: &'a Estate, members: &[WorkloadId]) -> Self {
        let mut homes = Self {
            clusters: BTreeSet::new(),
            namespaces: FxHashSet::default(),
            nodes_unknown: BTreeSet::new(),
        };
        for workload in members.iter().filter_map(|id| estate.workload(*id)) {
            let cluster = workload.cluster.as_ref();
            homes.clusters.insert(cluster);
            homes.namespaces.insert((cluster, &workload.namespace));
            let links = estate.links_from(workload.resource);
            if !links.iter().any(|link| link.relation == ringfence_model::Relation::RunsOn) {
                homes.nodes_unknown.insert(cluster);
            }
        }
        homes
    }

    /// Why an object serves or guards the CDE.
    fn why(&self, object: &Resource) -> Option<&'static str> {
        let (group, name) = (object.kind.group()?, object.kind.name());
        let pick = |table: &'static [(&str, &[&str], &'static str)]| {
            table.iter().find(|row| row.0 == group && row.1.contains(&name)).map(|row| row.2)
        };
        let cluster = object.place.cluster.as_ref();
        let namespace = object.place.namespace.as_deref().unwrap_or(&object.name);
        let here = self.namespaces.contains(&(cluster, namespace));
        let there = self.clusters.contains(&cluster);
        pick(NAMESPACED).filter(|_| here).or_else(|| pick(CLUSTER_WIDE).filter(|_| there)).or_else(|| {
            let auth = name == "ConfigMap" && object.name == "aws-auth" && namespace == "kube-system";
            (auth && there).then_some("admits people and roles to the cluster of the CDE")
        })
    }
}

fn workloads(marks: &mut Marks<'_>, homes: &Homes<'_>) {
    for workload in marks.estate.workloads() {
        let cluster = workload.cluster.as_ref();
        let beside = workload.kind == "DaemonSet" && homes.nodes_unknown.contains(&cluster);
        let why = known(workload).or(beside.then_some("runs on every node, those of the CDE too"));
        let resource = marks.estate.resource(workload.resource);
        if let (Some(why), Some(resource), true) = (why, resource, homes.clusters.contains(&cluster)) {
            note(marks, workload.resource, resource, why);
        }
    }
}

/// What a workload is known to do by the name that its project gives it.
fn known(workload: &Workload) -> Option<&'static str> {
    let labels = workload.instances.first().map(|pod| &pod.labels);
    let label = |key: &str| labels.and_then(|labels| labels.get(key));
    let names =
        [label("app.kubernetes.io/name"), label("k8s-app"), label("app"), Some(workload.name.as_str())];
    let row = WORKLOADS.iter().find(|row| names.iter().flatten().any(|name| row.0.contains(name)));
    row.map(|row| row.1)
}

fn accounts(marks: &mut Marks<'_>) {
    let estate = marks.estate;
    let members = marks.of_class(ScopeClass::Cde);
    let aws = members.iter().filter_map(|id| estate.resource(*id)).filter(|one| one.kind.is_aws());
    let accounts: BTreeSet<Option<&Text>> = aws.map(|one| one.place.account.as_ref()).collect();
    for (kind, why) in ACCOUNT_WIDE {
        for id in estate.of_kind(kind) {
            let Some(resource) = estate.resource(*id) else { continue };
            // An organisation's trail and policies hold for every account.
            let whole = *kind == "AWS::Organizations::Policy"
                || resource.body.get("IsOrganizationTrail").and_then(|node| node.as_bool()) == Some(true);
            if !accounts.is_empty() && (whole || accounts.contains(&resource.place.account.as_ref())) {
                note(marks, *id, resource, why);
            }
        }
    }
}

fn note(marks: &mut Marks<'_>, id: ResourceId, resource: &Resource, why: &'static str) {
    if marks.class(id) != ScopeClass::Cde {
        let reason = marks.reason(Reason::new(why, resource.location()));
        marks.mark(id, ScopeClass::SecurityImpacting, failed(false, false, false, true), reason);
    }
}
