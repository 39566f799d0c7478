//! The addresses that load balancers have in the VPC.
//!
//! Where the cluster's VPC is in the input with all of its blocks, they lie there; otherwise anywhere in
//! the private and shared blocks that a VPC can have. Which subnets a load balancer gets follows the
//! controller's discovery by role tags (AWS Load Balancer Controller, "Subnet Discovery").

use std::net::Ipv6Addr;

use ringfence_model::fact::{AddressRange, Facing};
use ringfence_model::{Estate, Node, Relation, Resource, ResourceId, Text, cluster_name};
use rustc_hash::{FxHashMap, FxHashSet};

use super::value::{Said, range};
use crate::address::{POD_SPACE, POD_SPACE_V6, Span};

/// The VPC of each cluster, as far as it is in the input.
#[derive(Debug, Default)]
pub(super) struct Vpcs {
    of_cluster: FxHashMap<Text, Vpc>,
    /// Clusters whose pods have IPv6 addresses: on EKS a cluster has either family, never both.
    v6: FxHashSet<Option<Text>>,
}

#[derive(Debug)]
struct Vpc {
    /// All blocks; empty where one is not known.
    blocks: Vec<AddressRange>,
    /// Blocks of the subnets with the role tag of internet-facing and of internal load balancers.
    public: Vec<AddressRange>,
    private: Vec<AddressRange>,
}

impl Vpcs {
    pub(super) fn new(estate: &Estate) -> Self {
        let mut vpcs = Self::default();
        for id in estate.of_kind("AWS::EKS::Cluster") {
            let Some(cluster) = estate.resource(*id) else { continue };
            let name = Text::from(cluster_name(cluster));
            if cluster.body.text("KubernetesNetworkConfig.IpFamily") == Some("ipv6") {
                vpcs.v6.insert(Some(name.clone()));
            }
            let Some(vpc) = vpc_of(estate, *id) else { continue };
            vpcs.of_cluster.entry(name).or_insert_with(|| Vpc::read(estate, vpc));
        }
        for service in estate.of_kind("v1/Service").iter().filter_map(|id| estate.resource(*id)) {
            if service.body.text("spec.ipFamilies.0") == Some("IPv6") {
                vpcs.v6.insert(service.place.cluster.clone());
            }
        }
        vpcs
    }

    fn of(&self, cluster: Option<&Text>) -> Option<&Vpc> {
        cluster.and_then(|cluster| self.of_cluster.get(cluster))
    }

    /// Where a load balancer of a cluster has its addresses. `chosen`: whether its subnets are picked by hand.
    pub(super) fn balancers(
        &self,
        cluster: Option<&Text>,
        facing: Facing,
        chosen: bool,
    ) -> Vec<AddressRange> {
        if self.v6.contains(&cluster.cloned()) {
            return anywhere_v6();
        }
        let Some(vpc) = self.of(cluster) else { return anywhere() };
        let tagged = match facing {
            Facing::Internet => &vpc.public,
            Facing::Internal => &vpc.private,
            Facing::NodeAddress | Facing::Unknown => return vpc.all(),
        };
        if tagged.is_empty() || chosen { vpc.all() } else { tagged.clone() }
    }
}

/// RFC 1918 and the shared blocks.
fn anywhere() -> Vec<AddressRange> {
    POD_SPACE.map(|block| AddressRange::from(Span::v4(block))).to_vec()
}

/// Global unicast addresses, of which AWS gives a VPC its blocks, and unique local ones.
fn anywhere_v6() -> Vec<AddressRange> {
    let range = |(first, last): (u128, u128)| AddressRange {
        first: Ipv6Addr::from(first).into(),
        last: Ipv6Addr::from(last).into(),
    };
    POD_SPACE_V6.map(range).to_vec()
}

fn vpc_of(estate: &Estate, cluster: ResourceId) -> Option<ResourceId> {
    let to = |from: ResourceId, relation: Relation| {
        estate.links_from(from).iter().filter(move |link| link.relation == relation).map(|link| link.to)
    };
    let mut vpcs: Vec<ResourceId> =
        to(cluster, Relation::Subnet).flat_map(|subnet| to(subnet, Relation::Vpc)).collect();
    vpcs.sort_unstable();
    vpcs.dedup();
    if let [vpc] = vpcs.as_slice() { Some(*vpc) } else { None }
}

impl Vpc {
    fn all(&self) -> Vec<AddressRange> {
        if self.blocks.is_empty() { anywhere() } else { self.blocks.clone() }
    }

    fn read(estate: &Estate, id: ResourceId) -> Self {
        let members = estate.links_to(id).filter(|link| link.relation == Relation::Vpc);
        let members: Vec<&Resource> = members.filter_map(|link| estate.resource(link.from)).collect();
        let of_kind =
            |kind: &'static str| members.iter().copied().filter(move |one| one.kind.as_str() == kind);
        let own = estate.resource(id).into_iter();
        let blocks = own.chain(of_kind("AWS::EC2::VPCCidrBlock")).map(block).collect::<Option<Vec<_>>>();
        let role = |tag: &'static str| {
            let subnets = of_kind("AWS::EC2::Subnet").filter(|subnet| has_tag(subnet, tag));
            subnets.map(block).collect::<Option<Vec<_>>>().unwrap_or_default()
        };
        let public = role("kubernetes.io/role/elb");
        let private = role("kubernetes.io/role/internal-elb");
        Self { blocks: blocks.unwrap_or_default(), public, private }
    }
}

/// The IPv4 block of a VPC, of a further block of one, or of a subnet.
fn block(resource: &Resource) -> Option<AddressRange> {
    if let Said::Is(range) = range(resource.body.text("CidrBlock")?, "CidrBlock") {
        Some(range)
    } else {
        None
    }
}

fn has_tag(resource: &Resource, key: &str) -> bool {
    let tags = resource.body.get("Tags").map(Node::items).unwrap_or_default();
    tags.iter().any(|tag| tag.text("Key") == Some(key) && matches!(tag.text("Value"), Some("1" | "")))
}
