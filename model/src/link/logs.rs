//! Clusters → the log group that EKS writes to, which it finds by name alone.

use rustc_hash::FxHashMap;

use super::Relation;
use super::join::Joins;
use crate::{ResourceId, cluster_name};

pub(super) fn link(joins: &mut Joins<'_>) {
    let named = joins.aws("AWS::Logs::LogGroup").into_iter();
    let groups: FxHashMap<&str, ResourceId> =
        named.filter_map(|group| Some((group.resource.body.text("LogGroupName")?, group.id))).collect();
    for found in joins.aws("AWS::EKS::Cluster") {
        let name = format!("/aws/eks/{}/cluster", cluster_name(found.resource));
        if let Some(group) = groups.get(name.as_str()) {
            joins.add(found.id, Relation::LogGroup, *group, found.resource.location());
        }
    }
}
