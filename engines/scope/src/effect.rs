//! What a link to the CDE makes of the other end: a table, followed until nothing changes.
//!
//! | from the CDE | class | because |
//! |---|---|---|
//! | nodes, node groups, Fargate profiles, launch templates, claims, load balancers, the cluster | cde | card data is on them or passes them |
//! | other pods that can land on the same node group | security-impacting | they share a kernel |
//! | identities, keys, configuration, security groups, subnets, VPC, logs | security-impacting | who changes them changes what the CDE is |
//!
//! Links of what is only connected are not followed: PCI scope is not transitive beyond connected-to.

use std::collections::BTreeSet;

use ringfence_model::fact::{ScopeClass, Tests};
use ringfence_model::{Location, Reason, Relation, Resource, ResourceId, cluster_name};
use rustc_hash::FxHashSet;

use crate::marks::Marks;
use crate::{failed, service};

/// In which direction a link is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From what refers.
    Along,
    /// From what is referred to.
    Against,
}
use Way::{Against, Along};

/// One rule of the table.
struct Row {
    relation: Relation,
    way: Way,
    /// `Cde`, or `SecurityImpacting` for a row that holds for the near ends of both classes (service account
    /// → role).
    near: ScopeClass,
    /// Kinds of the far end; none for any.
    only: &'static [&'static str],
    class: ScopeClass,
    fails: Tests,
    /// What the far end is to the near one, whose label follows.
    because: &'static str,
}

use ScopeClass::{Cde, ConnectedTo, SecurityImpacting};

const MEMBER: Tests = failed(true, true, false, true);
const NETWORK: Tests = failed(true, false, false, false);
const IDENTITY: Tests = failed(false, false, true, false);
const IMPACT: Tests = failed(false, false, false, true);

const fn row(relation: Relation, way: Way, class: ScopeClass, fails: Tests, because: &'static str) -> Row {
    Row { relation, way, near: Cde, only: &[], class, fails, because }
}

impl Row {
    /// Holds for what is only security-impacting too.
    const fn chained(mut self) -> Self {
        self.near = SecurityImpacting;
        self
    }

    const fn only(mut self, kinds: &'static [&'static str]) -> Self {
        self.only = kinds;
        self
    }

    fn holds_for(&self, near: ScopeClass) -> bool {
        near == Cde || (self.near == SecurityImpacting && near == SecurityImpacting)
    }

    fn takes(&self, far: &Resource) -> bool {
        self.only.is_empty() || self.only.contains(&far.kind.as_str())
    }
}

/// What becomes part of the CDE. Rows that widen it come first, so that the others start from all of it.
static MEMBERS: &[Row] = &[
    row(Relation::RunsOn, Along, Cde, MEMBER, "node, kubelet and runtime of"),
    row(Relation::LaunchTemplate, Along, Cde, MEMBER, "makes the nodes of"),
    row(Relation::Cluster, Along, Cde, MEMBER, "runs"),
    row(Relation::Mounts, Along, Cde, MEMBER, "disk of").only(&["v1/PersistentVolumeClaim"]),
    row(Relation::Selects, Against, Cde, MEMBER, "leads connections to"),
    row(Relation::Backend, Against, Cde, MEMBER, "leads connections to"),
    row(Relation::LoadBalancer, Along, Cde, MEMBER, "passes the connections of"),
    row(Relation::LoadBalancer, Against, Cde, MEMBER, "takes connections for"),
    row(Relation::TargetGroup, Along, Cde, MEMBER, "passes the connections of"),
];

/// What is connected to it, or could impact it.
static NEIGHBOURS: &[Row] = &[
    row(Relation::Cluster, Against, ConnectedTo, NETWORK, "its nodes talk to the control plane of")
        .only(&["AWS::EKS::Nodegroup", "AWS::EKS::FargateProfile"]),
    row(Relation::Cluster, Against, SecurityImpacting, IDENTITY, "admits people and roles to")
        .only(&["AWS::EKS::AccessEntry", "AWS::EKS::IdentityProviderConfig"]),
    row(Relation::Cluster, Against, SecurityImpacting, IMPACT, "runs with rights in")
        .only(&["AWS::EKS::Addon"]),
    row(Relation::ServiceAccount, Along, SecurityImpacting, IDENTITY, "identity of"),
    row(Relation::ServiceAccount, Against, SecurityImpacting, IDENTITY, "gives a role to")
        .chained()
        .only(&["AWS::EKS::PodIdentityAssociation"]),
    row(Relation::AssumesRole, Along, SecurityImpacting, IDENTITY, "rights of").chained(),
    row(Relation::Role, Along, SecurityImpacting, IDENTITY, "rights of"),
    row(Relation::BoundSubject, Against, SecurityImpacting, IDENTITY, "gives rights to").chained(),
    row(Relation::RoleRef, Along, SecurityImpacting, IDENTITY, "rights given by").chained(),
    row(Relation::Admits, Along, SecurityImpacting, IDENTITY, "admitted by").chained(),
    row(Relation::Mounts, Along, SecurityImpacting, IMPACT, "configuration of"),
    row(Relation::EncryptionKey, Along, SecurityImpacting, IMPACT, "key of").chained(),
    row(Relation::SecurityGroup, Along, SecurityImpacting, IMPACT, "decides what reaches"),
    row(Relation::Subnet, Along, SecurityImpacting, IMPACT, "network of"),
    row(Relation::RouteTable, Along, SecurityImpacting, IMPACT, "routes or rules of").chained(),
    row(Relation::Vpc, Along, SecurityImpacting, IMPACT, "network of").chained(),
    row(Relation::LogBucket, Along, SecurityImpacting, IMPACT, "keeps the logs of").chained(),
    row(Relation::LogGroup, Along, SecurityImpacting, IMPACT, "keeps the logs of").chained(),
    row(Relation::Calls, Along, SecurityImpacting, IMPACT, "asked by").chained(),
    row(Relation::Selects, Along, SecurityImpacting, IMPACT, "answers for").chained(),
    row(Relation::RefersTo, Along, SecurityImpacting, IMPACT, "named in the definition of"),
    row(Relation::RunsOn, Against, SecurityImpacting, IMPACT, "shares a kernel with pods of the CDE on"),
];

/// Follows the links of everything that is marked so far, then adds what serves whole clusters.
pub(crate) fn mark(marks: &mut Marks<'_>) {
    follow(marks, MEMBERS);
    clusters(marks);
    follow(marks, MEMBERS);
    service::mark(marks);
    follow(marks, NEIGHBOURS);
}

/// Follows `rows` until nothing changes. Each row gives each resource one reason, however many links
/// say the same: a node group has ten thousand pods.
fn follow(marks: &mut Marks<'_>, rows: &[Row]) {
    let mut pending: Vec<ResourceId> = marks.of_class(Cde);
    pending.extend(marks.of_class(SecurityImpacting));
    let mut told: FxHashSet<(ResourceId, usize)> = FxHashSet::default();
    let mut next = 0;
    while let Some(near) = pending.get(next).copied() {
        next += 1;
        for (index, row) in rows.iter().enumerate() {
            let shared = row.relation != Relation::RunsOn || row.way == Along || shares_kernel(marks, near);
            if !shared || !row.holds_for(marks.class(near)) {
                continue;
            }
            for (far, location) in ends(marks, near, row) {
                if told.insert((far, index)) && apply(marks, near, row, far, location) {
                    pending.push(far);
                }
            }
        }
    }
}

fn ends(marks: &Marks<'_>, near: ResourceId, row: &Row) -> Vec<(ResourceId, Option<Location>)> {
    let estate = marks.estate;
    let takes = |far: &ResourceId| *far != near && estate.resource(*far).is_some_and(|far| row.takes(far));
    match row.way {
        Along => {
            let links = estate.links_from(near).iter().filter(|link| link.relation == row.relation);
            links.map(|link| (link.to, link.location)).filter(|(far, _)| takes(far)).collect()
        }
        Against => {
            let links = estate.links_to(near).filter(|link| link.relation == row.relation);
            links.map(|link| (link.from, link.location)).filter(|(far, _)| takes(far)).collect()
        }
    }
}

/// Whether the far end is to be followed further.
fn apply(
    marks: &mut Marks<'_>,
    near: ResourceId,
    row: &Row,
    far: ResourceId,
    location: Option<Location>,
) -> bool {
    // What is part of the CDE needs no lesser reason.
    if marks.class(far) == Cde {
        return false;
    }
    let Some(label) = marks.estate.resource(near).map(Resource::label) else { return false };
    let reason = marks.reason(Reason::new(format!("{} `{label}`", row.because), location));
    marks.mark(far, row.class, row.fails, reason)
}

/// Each Fargate pod has a kernel of its own.
fn shares_kernel(marks: &Marks<'_>, pool: ResourceId) -> bool {
    marks.estate.resource(pool).is_some_and(|pool| pool.kind.as_str() != "AWS::EKS::FargateProfile")
}

/// The clusters in which pods of the CDE run.
fn clusters(marks: &mut Marks<'_>) {
    let estate = marks.estate;
    let names: BTreeSet<_> =
        marks.cde_workloads().filter_map(|id| estate.workload(id)?.cluster.clone()).collect();
    for id in estate.of_kind("AWS::EKS::Cluster") {
        let Some(cluster) = estate.resource(*id) else { continue };
        if names.contains(cluster_name(cluster)) {
            let reason = marks.reason(Reason::new("runs pods of the CDE", cluster.location()));
            marks.mark(*id, Cde, MEMBER, reason);
        }
    }
}
