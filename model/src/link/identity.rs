//! Where AWS and Kubernetes identities meet: IRSA, Pod Identity, access entries and `aws-auth`.

use rustc_hash::FxHashMap;

use super::Relation;
use super::dangling::What;
use super::join::{Found, Identity, Joins};
use crate::{Location, Node, ResourceId, Value};

const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";
const ROLE: &str = "AWS::IAM::Role";
/// Lists of `aws-auth`: key, key of the ARN in an entry, kind.
const AWS_AUTH: [(&str, &str, &str); 2] =
    [("data.mapRoles", "rolearn", ROLE), ("data.mapUsers", "userarn", "AWS::IAM::User")];
/// How many characters CloudFormation appends to a name that it makes, at least.
const SUFFIX: usize = 12;

pub(super) fn link(joins: &mut Joins<'_>) {
    let unnamed = unnamed_roles(joins);
    for account in joins.of("", "ServiceAccount") {
        let annotations = account.resource.body.get("metadata.annotations");
        if let Some(arn) = annotations.and_then(|map| map.child(ROLE_ANNOTATION).node()) {
            role(joins, &unnamed, account.id, Relation::AssumesRole, arn);
        }
    }
    let associations = joins.aws("AWS::EKS::PodIdentityAssociation");
    associations.into_iter().for_each(|one| pod_identity(joins, &unnamed, one));
    let groups = group_bindings(joins);
    for entry in joins.aws("AWS::EKS::AccessEntry") {
        let cluster =
            entry.resource.body.child("ClusterName").node().and_then(|name| joins.cluster_name(name));
        let listed = entry.resource.body.get("KubernetesGroups").map(Node::items).unwrap_or_default();
        bind_groups(joins, &groups, entry.id, cluster, listed);
    }
    let is_auth =
        |one: &Found<'_>| one.resource.name == "aws-auth" && one.resource.namespace() == "kube-system";
    for map in joins.of("", "ConfigMap").into_iter().filter(is_auth) {
        aws_auth(joins, &unnamed, &groups, map);
    }
}

/// Roles that no template names, by logical id; `None` where several have the same.
type Unnamed<'a> = FxHashMap<&'a str, Option<ResourceId>>;

fn unnamed_roles<'a>(joins: &Joins<'a>) -> Unnamed<'a> {
    let mut unnamed = Unnamed::default();
    for role in joins.aws(ROLE).into_iter().filter(|role| role.resource.body.text("RoleName").is_none()) {
        let slot = unnamed.entry(role.resource.name.as_str()).or_insert(Some(role.id));
        *slot = slot.filter(|id| *id == role.id);
    }
    unnamed
}

/// Links to the role that `arn` names, by reference, by name, or by the name that CloudFormation makes
/// of stack and logical id (`STACK-LOGICALID-SUFFIX`).
fn role<'a>(
    joins: &mut Joins<'a>,
    unnamed: &Unnamed<'a>,
    from: ResourceId,
    relation: Relation,
    arn: &'a Node,
) {
    let made = || {
        let name = arn.as_str()?.rsplit('/').next()?;
        let (rest, suffix) = name.rsplit_once('-')?;
        let is_made = suffix.len() >= SUFFIX && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric());
        unnamed.get(rest.rsplit('-').next()?).copied().flatten().filter(|_| is_made)
    };
    match (joins.lookup.resolve(arn, Some(ROLE)).or_else(made), &arn.value) {
        (Some(to), _) => joins.add(from, relation, to, arn.location()),
        (None, Value::Text(text)) => joins.dangling.missing(What::IamRole, "", text, arn.location()),
        (None, _) => joins.dangling.untold(What::IamRole, arn),
    }
}

fn pod_identity<'a>(joins: &mut Joins<'a>, unnamed: &Unnamed<'a>, association: Found<'a>) {
    let body = &association.resource.body;
    let cluster = body.child("ClusterName").node().and_then(|name| joins.cluster_name(name));
    let (Some(namespace), Some(account)) = (body.text("Namespace"), body.child("ServiceAccount").node())
    else {
        return;
    };
    let Some(name) = account.as_str() else { return joins.dangling.untold(What::ServiceAccount, account) };
    let identity = Identity { kind: What::ServiceAccount.kind(), cluster, namespace, name };
    let Some(id) = joins.object(&identity) else {
        if !What::ServiceAccount.exists_anyway(name) {
            joins.dangling.missing(What::ServiceAccount, namespace, name, account.location());
        }
        return;
    };
    joins.add(association.id, Relation::ServiceAccount, id, account.location());
    if let Some(arn) = body.child("RoleArn").node() {
        role(joins, unnamed, id, Relation::AssumesRole, arn);
    }
}

/// Role bindings by cluster and group.
type Groups<'a> = FxHashMap<(Option<&'a str>, &'a str), Vec<ResourceId>>;

fn group_bindings<'a>(joins: &Joins<'a>) -> Groups<'a> {
    let mut groups = Groups::default();
    for kind in ["RoleBinding", "ClusterRoleBinding"] {
        for binding in joins.of("rbac.authorization.k8s.io", kind) {
            let subjects = binding.resource.body.get("subjects").map(Node::items).unwrap_or_default();
            for subject in subjects.iter().filter(|subject| subject.text("kind") == Some("Group")) {
                if let Some(name) = subject.text("name") {
                    groups.entry((binding.cluster(), name)).or_default().push(binding.id);
                }
            }
        }
    }
    groups
}

fn bind_groups<'a>(
    joins: &mut Joins<'a>,
    groups: &Groups<'a>,
    from: ResourceId,
    cluster: Option<&'a str>,
    listed: &'a [Node],
) {
    for node in listed {
        let Some(group) = node.as_str() else { continue };
        let bindings = groups.get(&(cluster, group)).map(Vec::as_slice).unwrap_or_default();
        let at: Option<Location> = node.location();
        bindings.iter().for_each(|binding| joins.add(from, Relation::BoundGroup, *binding, at));
    }
}

fn aws_auth<'a>(joins: &mut Joins<'a>, unnamed: &Unnamed<'a>, groups: &Groups<'a>, map: Found<'a>) {
    for (list, key, kind) in AWS_AUTH {
        for entry in map.resource.body.get(list).map(Node::items).unwrap_or_default() {
            match entry.child(key).node() {
                Some(arn) if kind == ROLE => role(joins, unnamed, map.id, Relation::Admits, arn),
                Some(arn) => {
                    if let Some(to) = joins.lookup.resolve(arn, Some(kind)) {
                        joins.add(map.id, Relation::Admits, to, arn.location());
                    }
                }
                None => {}
            }
            let listed = entry.get("groups").map(Node::items).unwrap_or_default();
            bind_groups(joins, groups, map.id, map.cluster(), listed);
        }
    }
}
