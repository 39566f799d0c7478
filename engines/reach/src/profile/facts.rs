//! What each profile decides, as a table: the switch, what it means, and where that is written.

use super::Profile;

/// One fact of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Whose.
    pub profile: Profile,
    /// The switch, spelled as the field of [`Switches`](super::Switches), or a word for a fact that is none.
    pub switch: &'static str,
    /// What it means, one sentence without a full stop.
    pub meaning: &'static str,
    /// Where it is written.
    pub source: &'static str,
}

const USER_GUIDE: &str = "Amazon EKS user guide, \"Limit Pod traffic with Kubernetes network policies\"";
const CONFIGURE: &str =
    "Amazon EKS user guide, \"Restrict Pod network traffic with Kubernetes network policies\"";
const RESOLVER: &str = "amazon-network-policy-controller-k8s, pkg/resolvers/endpoints.go";
const CLUSTER_RESOLVER: &str =
    "amazon-network-policy-controller-k8s, pkg/resolvers/clusternetworkpolicy_resolver.go";
const RULES: &str = "aws-network-policy-agent, pkg/fwruleprocessor/fw_rule_processor.go";
const RECONCILER: &str = "aws-network-policy-agent, controllers/policyendpoints_controller.go";
const PROGRAM: &str = "aws-network-policy-agent, pkg/ebpf/c/tc.v4ingress.bpf.c";
const RPC: &str = "aws-network-policy-agent, pkg/rpc/rpc_handler.go";
const IDENTITY: &str =
    "docs.cilium.io, terminology (identity) and policy/language (CIDR rules do not match endpoints)";
const NCA: &str = "network-config-analyzer 2.1.0, compared query by query";
const NP_GUARD: &str = "netpol-analyzer, docs/connlist_output.md";

const fn aws(switch: &'static str, meaning: &'static str, source: &'static str) -> Fact {
    Fact { profile: Profile::AwsVpcCni, switch, meaning, source }
}

const fn calico(switch: &'static str, meaning: &'static str, source: &'static str) -> Fact {
    Fact { profile: Profile::Calico, switch, meaning, source }
}

const fn cilium(switch: &'static str, meaning: &'static str, source: &'static str) -> Fact {
    Fact { profile: Profile::Cilium, switch, meaning, source }
}

const fn nca(switch: &'static str, meaning: &'static str) -> Fact {
    Fact { profile: Profile::NcaCompat, switch, meaning, source: NCA }
}

const fn guard(switch: &'static str, meaning: &'static str) -> Fact {
    Fact { profile: Profile::NpguardCompat, switch, meaning, source: NP_GUARD }
}

/// Every fact of every profile, where it differs from `spec`.
pub const FACTS: &[Fact] = &[
    aws(
        "host_network_is_an_address",
        "no policy selects a pod on the host network; where a selector names it as a peer, the address of its node \
         is let in, and with it every process of that node",
        RESOLVER,
    ),
    aws("own-node", "the address of the pod's own node is always let in, and may always be reached", RULES),
    aws(
        "first_named_port_only",
        "of several containers with one port name the first counts",
        "amazon-network-policy-controller-k8s, pkg/k8s/pod_utils.go",
    ),
    aws(
        "init_containers_name_ports",
        "port names of init containers, sidecars among them, resolve to nothing",
        "amazon-network-policy-controller-k8s, pkg/k8s/pod_utils.go",
    ),
    aws(
        "named_ports_of_all_selected",
        "a port name of an ingress rule opens the numbers of all pods that the policy selects, on each of them; an \
         egress rule of address blocks or of everyone loses its port names",
        RESOLVER,
    ),
    aws(
        "longest_prefix_decides",
        "of all address blocks of a pod's policies the longest prefix decides; an exception is a block that denies, \
         also what another policy allows, unless a rule has exactly that block; ports of wider blocks are merged in",
        RULES,
    ),
    aws(
        "port_entries",
        "an address has at most 24 entries of ports; of more some are lost, and which ones changes",
        "aws-network-policy-agent, pkg/ebpf/c (MAX_PORT_PROTOCOL) and pkg/utils/utils.go (ComputeTrieValue)",
    ),
    aws(
        "left_out_rules_count",
        "rules of a direction that `policyTypes` leaves out reach the agent all the same",
        RECONCILER,
    ),
    aws(
        "selected_pods_skip_baseline",
        "a pod that any NetworkPolicy selects, in whichever direction, is never judged by the baseline tier",
        PROGRAM,
    ),
    aws(
        "starts_open",
        "standard mode: a new pod is open in both directions until its policies are in force",
        CONFIGURE,
    ),
    aws(
        "unselected_is_closed",
        "strict mode: a pod that no policy selects is closed in both directions",
        RPC,
    ),
    aws("family", "an IPv4 cluster ignores IPv6 rules, and the reverse", USER_GUIDE),
    aws(
        "admin_tiers",
        "AdminNetworkPolicy and BaselineAdminNetworkPolicy are not enforced",
        CLUSTER_RESOLVER,
    ),
    aws("fargate", "pods on Fargate are not policed", USER_GUIDE),
    aws("windows", "pods on Windows nodes are not policed", USER_GUIDE),
    aws(
        "without-owner",
        "whether pods without an owner are policed depends on the version: pods that share a name but for its last \
         part share their rules",
        "Amazon EKS user guide; aws-network-policy-agent issue 327",
    ),
    calico(
        "host_network_is_the_node",
        "a pod on the host network is the node: no policy selects it, and of peers only addresses match it",
        "libcalico-go, lib/backend/k8s/conversion (pods on the host network are no workload endpoints)",
    ),
    calico(
        "every_named_port",
        "of several containers with one port name every one counts",
        "libcalico-go, lib/backend/k8s/conversion (ports of a workload endpoint)",
    ),
    calico(
        "calico",
        "policies of Calico are enforced: by tier, order and name, the first match decides; NetworkPolicy stands in tier \
         `default` at order 1000",
        "docs.tigera.io, tiered policy; app-policy/checker",
    ),
    calico(
        "own_node_is_policed",
        "egress policies come between a pod and its own node, and after them `defaultEndpointToHostAction`",
        "docs.tigera.io, Felix configuration",
    ),
    cilium(
        "ip_block_matches_pods",
        "an address block never matches a pod: policies see identities",
        IDENTITY,
    ),
    cilium(
        "host_network_is_the_node",
        "a pod on the host network is the node: no policy selects it, and of peers only entities match it",
        IDENTITY,
    ),
    cilium(
        "last_named_port_only",
        "of several containers with one port name the last counts, and init containers do not",
        "cilium, pkg/k8s/labels.go",
    ),
    cilium(
        "rules_imply_policy_type",
        "rules of a direction that `policyTypes` leaves out count",
        "cilium, pkg/k8s/network_policy.go",
    ),
    cilium(
        "cilium",
        "policies of Cilium are enforced: what denies comes before what allows",
        "docs.cilium.io, network policy; pkg/policy",
    ),
    guard("ip_block_matches_pods", "an address block never matches a pod"),
    guard("host_network_is_ordinary", "a pod on the host network is like any other"),
    guard(
        "missing_namespace_has_no_labels",
        "a namespace that is not in the input has no labels but its name",
    ),
    guard("first_named_port_only", "of several containers with one port name the first counts"),
    guard("passes_over_other_policies", "policies of other engines are passed over"),
    guard("landmarks", "nodes and the control plane are no peers"),
    guard("lists_self", "connections between pods of one workload are not listed"),
    guard(
        "lists_ingress_controller",
        "what Ingresses lead to is listed as open to a pod without labels, `{ingress-controller}`",
    ),
    nca("ip_block_matches_pods", "an address block never matches a pod"),
    nca("host_network_is_ordinary", "a pod on the host network is like any other"),
    nca("missing_namespace_has_no_labels", "a namespace that is not in the input has no labels but its name"),
    nca("first_named_port_only", "of several containers with one port name the first counts"),
    nca("passes_over_other_policies", "policies of other engines are passed over"),
    nca("landmarks", "nodes and the control plane are no peers"),
    nca("lists_self", "connections between pods of one workload are not listed"),
    nca(
        "lists_ingress_controller",
        "what Ingresses lead to is listed as open to a pod without labels, `{ingress-controller}`",
    ),
    guard("ipv6_peers", "IPv6 is ignored"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Switches;

    /// Field names and values as `Debug` prints them.
    fn fields(switches: Switches) -> Vec<(String, String)> {
        let text = format!("{switches:?}").replace(['{', '}'], ",");
        let pairs = text.split(", ").filter_map(|pair| pair.trim().split_once(": "));
        pairs.map(|(name, value)| (name.trim_start_matches(", ").to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn every_switch_that_differs_has_a_row() {
        let spec = fields(Profile::Spec.switches());
        for profile in Profile::ALL {
            for ((name, value), (_, plain)) in fields(profile.switches()).iter().zip(&spec) {
                let told = FACTS.iter().any(|fact| fact.profile == profile && fact.switch == name);
                assert!(value == plain || told, "{} of {}", name, profile.as_str());
            }
        }
    }

    #[test]
    fn no_fact_is_told_twice() {
        for (index, fact) in FACTS.iter().enumerate() {
            let again = FACTS
                .iter()
                .skip(index + 1)
                .any(|other| (other.profile, other.switch) == (fact.profile, fact.switch));
            assert!(!again && !fact.meaning.ends_with('.') && !fact.source.is_empty(), "{fact:?}");
        }
    }
}
