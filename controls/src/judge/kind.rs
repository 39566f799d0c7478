//! Which resources a control judges.

use ringfence_model::{Estate, Field, Kind, Resource, ResourceId, pod_spec, pod_template};
use rustc_hash::FxHashMap;

use crate::control::Control;

/// A resource that is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged<'e> {
    pub(super) id: ResourceId,
    pub(super) resource: &'e Resource,
    /// The pod spec, for kinds that bear pods.
    pub(super) pod: Option<Field<'e>>,
}

/// The resources of an estate that are judged, by kind.
pub(super) struct ByKind<'e> {
    kinds: Vec<(&'e Kind, Vec<Judged<'e>>)>,
}

impl<'e> ByKind<'e> {
    /// Instances of a workload are not judged again.
    pub(super) fn of(estate: &'e Estate) -> Self {
        let mut indices: FxHashMap<&str, usize> = FxHashMap::default();
        let mut kinds: Vec<(&'e Kind, Vec<Judged<'e>>)> = Vec::new();
        for (id, resource) in estate.iter().filter(|(_, resource)| resource.instance_of.is_none()) {
            let index = *indices.entry(resource.kind.as_str()).or_insert_with(|| {
                kinds.push((&resource.kind, Vec::new()));
                kinds.len() - 1
            });
            if let Some((kind, all)) = kinds.get_mut(index) {
                all.push(Judged { id, resource, pod: pod_spec(kind, &resource.body) });
            }
        }
        Self { kinds }
    }

    /// The resources of the control's kinds, in the order they were read. One that is not judged by the
    /// pods that it bears comes without them.
    pub(super) fn of_control(&self, control: &Control) -> Vec<Judged<'e>> {
        let mut all = Vec::new();
        for (kind, judged) in &self.kinds {
            if let Some(by_pod) = control.kinds().find_map(|wanted| matches(wanted, kind)) {
                all.extend(judged.iter().map(|one| Judged { pod: one.pod.filter(|_| by_pod), ..*one }));
            }
        }
        all.sort_unstable_by_key(|one| one.id);
        all
    }
}

/// API groups of kinds whose name is used by others too.
const HOMES: &[(&str, &[&str])] = &[
    ("ClusterRole", &["rbac.authorization.k8s.io"]),
    ("ClusterRoleBinding", &["rbac.authorization.k8s.io"]),
    ("ConfigMap", &[""]),
    ("Gateway", &["gateway.networking.k8s.io"]),
    ("Ingress", &["networking.k8s.io", "extensions"]),
    ("Namespace", &[""]),
    ("NetworkPolicy", &["networking.k8s.io", "extensions"]),
    ("Node", &[""]),
    ("PersistentVolume", &[""]),
    ("PersistentVolumeClaim", &[""]),
    ("Role", &["rbac.authorization.k8s.io"]),
    ("RoleBinding", &["rbac.authorization.k8s.io"]),
    ("Secret", &[""]),
    ("Service", &[""]),
    ("ServiceAccount", &[""]),
];

/// Whether `wanted` means `kind`, and then whether by the pods that it bears: `Pod` stands for all kinds
/// that bear pods.
fn matches(wanted: &str, kind: &Kind) -> Option<bool> {
    match wanted {
        "*" => return Some(false),
        "Pod" => return pod_template(kind).map(|_| true),
        _ => {}
    }
    let home = HOMES.iter().find(|(name, _)| *name == wanted);
    let at_home = home.is_none_or(|(_, groups)| kind.group().is_none_or(|group| groups.contains(&group)));
    (kind.is(wanted) && at_home).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_stands_for_all_that_bear_pods() {
        let check = |wanted, kind: &str, expected| {
            assert_eq!(matches(wanted, &Kind::new(kind)), expected, "{wanted} {kind}");
        };
        check("Pod", "v1/Pod", Some(true));
        check("Pod", "batch/v1/CronJob", Some(true));
        check("Pod", "argoproj.io/v1alpha1/Rollout", Some(true));
        check("Pod", "v1/Service", None);
        check("Deployment", "apps/v1/Deployment", Some(false));
        check("apps/v1/Deployment", "apps/v1/Deployment", Some(false));
        check("*", "aws_unknown", Some(false));
        check("AWS::S3::Bucket", "AWS::S3::Bucket", Some(false));
        check("AWS::S3::Bucket", "AWS::S3::BucketPolicy", None);
    }

    #[test]
    fn a_name_is_of_its_own_group() {
        let check = |wanted, kind: &str, expected| {
            assert_eq!(matches(wanted, &Kind::new(kind)), expected, "{wanted} {kind}");
        };
        check("Service", "v1/Service", Some(false));
        check("Service", "serving.knative.dev/v1/Service", None);
        check("NetworkPolicy", "projectcalico.org/v3/NetworkPolicy", None);
        check("NetworkPolicy", "networking.k8s.io/v1/NetworkPolicy", Some(false));
        check("Ingress", "extensions/v1beta1/Ingress", Some(false));
    }
}
