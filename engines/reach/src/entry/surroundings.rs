//! What else of a cluster decides who makes its load balancers.

use ringfence_model::{Estate, Node, Resource, Text, cluster_name};
use rustc_hash::FxHashSet;

use super::vpc::Vpcs;

/// Facts about each cluster.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) vpcs: Vpcs,
    /// Clusters in which EKS Auto Mode makes load balancers.
    auto_mode: FxHashSet<Text>,
    /// Clusters in which the AWS Load Balancer Controller takes every new Service of type LoadBalancer.
    webhook: FxHashSet<Option<Text>>,
}

/// The webhook with which the AWS Load Balancer Controller sets `loadBalancerClass` (from 2.5.0 on).
const WEBHOOK: &str = "mservice.elbv2.k8s.aws";

impl Surroundings {
    pub(super) fn new(estate: &Estate) -> Self {
        let of_kind = |kind: &str| {
            let ids = estate.of_kind(kind).iter();
            ids.filter_map(|id| estate.resource(*id)).collect::<Vec<&Resource>>()
        };
        let on = |cluster: &&Resource| {
            let enabled = cluster.body.get("KubernetesNetworkConfig.ElasticLoadBalancing.Enabled");
            enabled.and_then(Node::as_bool) == Some(true)
        };
        let clusters = of_kind("AWS::EKS::Cluster").into_iter().filter(on);
        let webhooks = of_kind("admissionregistration.k8s.io/v1/MutatingWebhookConfiguration");
        let sets_class = |one: &&Resource| {
            let hooks = one.body.get("webhooks").map(Node::items).unwrap_or_default();
            hooks.iter().any(|hook| hook.text("name") == Some(WEBHOOK))
        };
        Self {
            vpcs: Vpcs::new(estate),
            auto_mode: clusters.map(|cluster| Text::from(cluster_name(cluster))).collect(),
            webhook: webhooks.into_iter().filter(sets_class).map(|one| one.place.cluster.clone()).collect(),
        }
    }

    pub(super) fn is_auto_mode(&self, cluster: Option<&Text>) -> bool {
        cluster.is_some_and(|cluster| self.auto_mode.contains(cluster))
    }

    pub(super) fn has_service_webhook(&self, cluster: Option<&Text>) -> bool {
        self.webhook.contains(&cluster.cloned())
    }
}
