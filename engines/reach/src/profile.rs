//! Profiles: whose semantics hold, as named switches.

mod facts;

use ringfence_model::{Diagnostic, Estate, Location, Text};

use crate::address::Family;
use crate::detect::{self, Versions};
use crate::namespace::{ClusterId, Namespaces};

pub use facts::{FACTS, Fact};

/// Whose semantics hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// The Kubernetes API definition and its conformance tests.
    #[default]
    Spec,
    /// Calico, with its own policies and tiers.
    Calico,
    /// Cilium, with its own policies at layers 3 and 4.
    Cilium,
    /// The network policy controller and agent of the Amazon VPC CNI, and of EKS Auto Mode.
    AwsVpcCni,
    /// What np-guard's netpol-analyzer concludes; for comparison only.
    NpguardCompat,
    /// What np-guard's network-config-analyzer concludes; for comparison only.
    NcaCompat,
}

/// What a profile decides where engines differ. A switch never names a file or a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Whether an `ipBlock` matches pods by their addresses.
    pub ip_block_matches_pods: bool,
    /// Whether a pod on the host network is judged as if it had an address of its own; otherwise what
    /// policies say of it is undefined, and decisions that rest on it are conditional.
    pub host_network_is_ordinary: bool,
    /// Whether a pod on the host network is the node and nothing else: no policy selects it, and of peers
    /// only addresses match it.
    pub host_network_is_the_node: bool,
    /// Whether a namespace that is not in the input has no labels but its name; otherwise its labels
    /// are unknown.
    pub missing_namespace_has_no_labels: bool,
    /// Whether only the first container with a port name counts; otherwise further ones are conditional.
    pub first_named_port_only: bool,
    /// Whether every container with a port name counts.
    pub every_named_port: bool,
    /// Whether, of the containers with a port name, the last one counts, and init containers do not
    /// (Cilium, `pkg/k8s/labels.go`).
    pub last_named_port_only: bool,
    /// Whether rules of a direction that `policyTypes` leaves out count all the same (Cilium,
    /// `pkg/k8s/network_policy.go`).
    pub rules_imply_policy_type: bool,
    /// Whether policies of Cilium are enforced, which see of a pod its identity, and deny before they allow.
    pub cilium: bool,
    /// Whether policies of Calico are enforced, in its tiers, and where policies of Kubernetes stand in them.
    pub calico: bool,
    /// Whether egress policies come between a pod and its own node, and after them a setting of the node.
    pub own_node_is_policed: bool,
    /// Whether policies of kinds that this engine does not evaluate are passed over; otherwise what
    /// they select is conditional.
    pub passes_over_other_policies: bool,
    /// Whether IPv6 addresses outside the cluster are peers, where a rule or a pod shows IPv6.
    pub ipv6_peers: bool,
    /// Whether the pod's own node, other nodes and the control plane are peers.
    pub landmarks: bool,
    /// Whether a listing names workloads whose own pods talk to one another.
    pub lists_self: bool,
    /// Whether a listing names what Ingresses lead to as open to `{ingress-controller}`, a pod of its own
    /// without labels.
    pub lists_ingress_controller: bool,
    /// Whether what a node passes on with its own address (node ports, instance targets) is judged by
    /// that address; otherwise it may be judged before its source is rewritten.
    pub masquerade_is_judged_as_node: bool,
    /// Whether a pod on the host network is its node's address: no policy selects it, and where a selector
    /// names it as a peer, whatever has that address is let in.
    pub host_network_is_an_address: bool,
    /// Whether init containers declare port names too.
    pub init_containers_name_ports: bool,
    /// Whether a port name of an ingress rule stands for the numbers of all selected pods together.
    pub named_ports_of_all_selected: bool,
    /// Whether of all address blocks of a pod's policies the one with the longest prefix decides, an
    /// exception being a block that denies.
    pub longest_prefix_decides: bool,
    /// How many entries of ports one address has at most; of more some are lost.
    pub port_entries: Option<usize>,
    /// Whether rules of a direction that `policyTypes` leaves out may be enforced all the same.
    pub left_out_rules_count: bool,
    /// Whether baseline policies are passed over, in both directions, for pods that a NetworkPolicy selects.
    pub selected_pods_skip_baseline: bool,
    /// Whether a new pod is open until its policies are in force.
    pub starts_open: bool,
    /// Whether a pod that no policy selects is closed.
    pub unselected_is_closed: bool,
    /// The only address family whose rules are in force; `None` for both.
    pub(crate) family: Option<Family>,
    /// Whether the tiers of `policy.networking.k8s.io` are enforced.
    pub admin_tiers: bool,
}

/// Which profile to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// For each cluster the profile of the engine that the estate shows; `spec` where it shows none.
    #[default]
    Detect,
    /// One for all clusters, in its steady state, whatever the estate shows.
    Fixed(Profile),
}

impl Choice {
    /// What holds for what does not belong to one cluster.
    pub(crate) fn switches(self) -> Switches {
        match self {
            Self::Detect => Profile::default().switches(),
            Self::Fixed(profile) => profile.switches(),
        }
    }
}

impl From<Profile> for Choice {
    fn from(profile: Profile) -> Self {
        Self::Fixed(profile)
    }
}

/// The profile of a cluster, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Name of the cluster, where known.
    pub cluster: Option<Text>,
    /// Whose semantics hold there.
    pub profile: Profile,
    /// Why, one clause.
    pub reason: String,
    /// The object that shows it.
    pub location: Option<Location>,
    pub(crate) switches: Switches,
    pub(crate) engine: Engine,
    pub(crate) mode: Mode,
    pub(crate) versions: Versions,
}

/// How AWS's engine treats pods on which no policy is in force (yet).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As standard mode, after every pod has started.
    #[default]
    Settled,
    Standard,
    Strict,
    /// Not known, and why.
    Unknown(String),
}

impl Mode {
    /// One clause.
    pub(crate) fn describe(&self) -> &str {
        match self {
            Self::Settled => "after every pod has started",
            Self::Standard => "in standard mode",
            Self::Strict => "in strict mode",
            Self::Unknown(why) => why,
        }
    }
}

/// Whether the engine of a cluster is at work at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Engine {
    /// It is, or it is taken for granted.
    #[default]
    On,
    /// No engine is at work, and what shows it.
    Off(String, Option<Location>),
    /// Not known, and why.
    Perhaps(String, Option<Location>),
    /// Two are at work at once, which neither of them supports.
    Two(String, Option<Location>),
}

/// The profiles of all clusters.
#[derive(Debug)]
pub(crate) struct Profiles {
    /// By cluster.
    chosen: Vec<Chosen>,
    /// For what does not belong to one cluster.
    general: Profile,
    detects: bool,
}

impl Chosen {
    pub(crate) fn new(
        cluster: Option<Text>,
        profile: Profile,
        reason: String,
        location: Option<Location>,
    ) -> Self {
        Self {
            cluster,
            profile,
            reason,
            location,
            switches: profile.switches(),
            engine: Engine::On,
            mode: Mode::Settled,
            versions: Versions::default(),
        }
    }

    /// With the address family of its cluster.
    fn settled(mut self, estate: &Estate) -> Self {
        if self.profile == Profile::AwsVpcCni {
            self.switches.family = detect::family(estate, self.cluster.as_ref());
        }
        self
    }
}

impl Profiles {
    /// The profile of every cluster; what cannot be read of the objects that show one is named.
    pub(crate) fn new(
        estate: &Estate,
        namespaces: &mut Namespaces,
        choice: Choice,
    ) -> (Self, Vec<Diagnostic>) {
        for workload in estate.workloads() {
            namespaces.cluster_id(workload.cluster.as_ref());
        }
        let clusters: Vec<Option<Text>> =
            namespaces.named_clusters().map(|(_, cluster)| cluster.cloned()).collect();
        match choice {
            Choice::Fixed(profile) => {
                let chosen = |cluster| Chosen::new(cluster, profile, "it was asked for".to_owned(), None);
                let chosen = clusters.into_iter().map(|cluster| chosen(cluster).settled(estate)).collect();
                (Self { chosen, general: profile, detects: false }, Vec::new())
            }
            Choice::Detect => {
                let (chosen, diagnostics) = detect::detect(estate, clusters);
                (Self { chosen, general: Profile::Spec, detects: true }, diagnostics)
            }
        }
    }

    /// Whether profiles follow from what the estate shows.
    pub(crate) fn detects(&self) -> bool {
        self.detects
    }

    /// What was chosen for a cluster.
    pub(crate) fn of(&self, cluster: ClusterId) -> Option<&Chosen> {
        self.chosen.get(cluster.index())
    }

    /// What holds in a cluster.
    pub(crate) fn switches(&self, cluster: ClusterId) -> Switches {
        self.chosen.get(cluster.index()).map_or_else(|| self.general.switches(), |chosen| chosen.switches)
    }

    /// The profile for what does not belong to one cluster.
    pub(crate) fn general(&self) -> Profile {
        self.general
    }

    /// Whether `wanted` holds in any cluster.
    pub(crate) fn any(&self, wanted: impl Fn(&Switches) -> bool) -> bool {
        self.chosen.iter().any(|chosen| wanted(&chosen.switches)) || wanted(&self.general.switches())
    }

    /// Calls `set` for the switches of every cluster.
    pub(crate) fn adjust(&mut self, mut set: impl FnMut(Option<&Text>, &mut Switches)) {
        for chosen in &mut self.chosen {
            set(chosen.cluster.as_ref(), &mut chosen.switches);
        }
    }

    pub(crate) fn chosen(&self) -> &[Chosen] {
        &self.chosen
    }
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 6] =
        [Self::Spec, Self::AwsVpcCni, Self::Calico, Self::Cilium, Self::NpguardCompat, Self::NcaCompat];

    /// As printed and as given to `--profile`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spec => "spec",
            Self::Calico => "calico",
            Self::Cilium => "cilium",
            Self::AwsVpcCni => "aws-vpc-cni",
            Self::NpguardCompat => "npguard-compat",
            Self::NcaCompat => "nca-compat",
        }
    }

    /// The profile spelled `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == text)
    }

    /// What it decides.
    pub fn switches(self) -> Switches {
        let compat = matches!(self, Self::NpguardCompat | Self::NcaCompat);
        let (calico, cilium) = (self == Self::Calico, self == Self::Cilium);
        let aws = self == Self::AwsVpcCni;
        Switches {
            ip_block_matches_pods: !compat && !cilium,
            host_network_is_ordinary: compat,
            host_network_is_the_node: calico || cilium,
            missing_namespace_has_no_labels: compat,
            first_named_port_only: compat || aws,
            every_named_port: calico,
            last_named_port_only: cilium,
            rules_imply_policy_type: cilium,
            cilium,
            calico,
            own_node_is_policed: calico,
            passes_over_other_policies: compat,
            ipv6_peers: self != Self::NpguardCompat,
            landmarks: !compat,
            lists_self: !compat,
            lists_ingress_controller: compat,
            masquerade_is_judged_as_node: false,
            host_network_is_an_address: aws,
            init_containers_name_ports: !aws,
            named_ports_of_all_selected: aws,
            longest_prefix_decides: aws,
            port_entries: aws.then_some(PORT_ENTRIES),
            left_out_rules_count: aws,
            selected_pods_skip_baseline: aws,
            starts_open: false,
            unselected_is_closed: false,
            family: None,
            admin_tiers: !aws,
        }
    }
}

/// `MAX_PORT_PROTOCOL` of the agent's eBPF programs.
const PORT_ENTRIES: usize = 24;
