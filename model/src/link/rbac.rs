//! Role bindings → their role and the service accounts they bind.

use super::Relation;
use super::dangling::What;
use super::join::{Found, Joins, Reference};
use crate::Node;

const GROUP: &str = "rbac.authorization.k8s.io";
/// How a user name says that it is a service account: `system:serviceaccount:NAMESPACE:NAME`.
const ACCOUNT_USER: &str = "system:serviceaccount:";

pub(super) fn link(joins: &mut Joins<'_>) {
    for kind in ["RoleBinding", "ClusterRoleBinding"] {
        for binding in joins.of(GROUP, kind) {
            role(joins, binding);
            let subjects = binding.resource.body.get("subjects").map(Node::items).unwrap_or_default();
            subjects.iter().for_each(|one| subject(joins, binding, one));
        }
    }
}

fn role<'a>(joins: &mut Joins<'a>, binding: Found<'a>) {
    let Some(reference) = binding.resource.body.get("roleRef") else { return };
    let Some(name) = reference.child("name").node() else { return };
    let (what, namespace) = match reference.text("kind") {
        Some("Role") => (What::Role, binding.resource.namespace()),
        Some("ClusterRole") => (What::ClusterRole, ""),
        _ => return,
    };
    let reference = Reference { what, cluster: binding.cluster(), namespace, name, optional: false };
    joins.refer(binding.id, Relation::RoleRef, &reference);
}

fn subject<'a>(joins: &mut Joins<'a>, binding: Found<'a>, subject: &'a Node) {
    let Some(name) = subject.child("name").node() else { return };
    match subject.text("kind") {
        Some("ServiceAccount") => {
            let namespace = subject.text("namespace").unwrap_or(binding.resource.namespace());
            let what = What::ServiceAccount;
            let reference = Reference { what, cluster: binding.cluster(), namespace, name, optional: false };
            joins.refer(binding.id, Relation::BoundSubject, &reference);
        }
        Some("User") => {
            let account = name.as_str().and_then(|user| user.strip_prefix(ACCOUNT_USER)?.split_once(':'));
            let identity = account.map(|(namespace, name)| super::join::Identity {
                kind: What::ServiceAccount.kind(),
                cluster: binding.cluster(),
                namespace,
                name,
            });
            if let Some(to) = identity.and_then(|identity| joins.object(&identity)) {
                joins.add(binding.id, Relation::BoundSubject, to, name.location());
            }
        }
        _ => {}
    }
}
