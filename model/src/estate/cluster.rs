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

/// Names of the clusters in the input, one for each: two may have one name, in two accounts or by the
/// same logical id in two templates. Where no cluster is, those that node groups and the like name.
fn clusters(resources: &[Resource]) -> Vec<Text> {
    let declared = resources.iter().filter(|resource| resource.kind.as_str() == "AWS::EKS::Cluster");
    let declared: Vec<Text> = declared.map(|cluster| Text::from(cluster_name(cluster))).collect();
    if !declared.is_empty() {
        return declared;
    }
    let parts = resources.iter().filter(|resource| resource.kind.as_str().starts_with("AWS::EKS::"));
    let named = parts.filter_map(|part| Some((part.place.account.as_ref(), part.body.text("ClusterName")?)));
    named.collect::<BTreeSet<_>>().into_iter().map(|(_, name)| Text::from(name)).collect()
}

/// The name by which manifests and node groups refer to an EKS cluster; its logical id where the name is
/// not known.
pub fn cluster_name(cluster: &Resource) -> &str {
    cluster.body.text("Name").unwrap_or(&cluster.name)
}
