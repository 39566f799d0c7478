//! Which cluster a manifest belongs to.

use std::collections::BTreeSet;

use crate::{Diagnostic, Resource, Text};

/// Manifests that name no cluster belong to the only one there is; where there are several, they stay
/// without, and one message says so.
pub(super) fn place(resources: &mut [Resource]) -> Option<Diagnostic> {
    let clusters = clusters(resources);
    let mut unplaced = resources
        .iter_mut()
        .filter(|resource| resource.kind.is_kubernetes() && resource.place.cluster.is_none())
        .peekable();
    if clusters.len() < 2 {
        let name = clusters.first()?;
        unplaced.for_each(|resource| resource.place.cluster = Some(name.clone()));
        return None;
    }
    let at = unplaced.peek()?.location();
    let message = format!(
        "{} manifests do not say which of {} clusters they belong to",
        unplaced.count(),
        clusters.len()
    );
    let help = "give each folder of manifests an entry with `path:` and `cluster:` under `sources:`";
    Some(Diagnostic::warning("cluster-ambiguous", message).at(at).help(help))
}

/// Names of the clusters in the input; where no cluster is, those that node groups and the like name.
fn clusters(resources: &[Resource]) -> BTreeSet<Text> {
    let declared: Vec<&Resource> =
        resources.iter().filter(|resource| resource.kind.as_str() == "AWS::EKS::Cluster").collect();
    if declared.is_empty() {
        let parts = resources.iter().filter(|resource| resource.kind.as_str().starts_with("AWS::EKS::"));
        return parts.filter_map(|resource| resource.body.text("ClusterName")).map(Text::from).collect();
    }
    declared.into_iter().map(|cluster| Text::from(name(cluster))).collect()
}

/// The name by which manifests and node groups refer to a cluster; its logical id where the name is not known.
pub(crate) fn name(cluster: &Resource) -> &str {
    cluster.body.text("Name").unwrap_or(&cluster.name)
}
