//! Objects beside a pod that it names.

use ringfence_model::{Field, Node, Resource, Value as Model};

use crate::cel::{Call, Outcome, Trouble, Value};
use crate::policy::{Doubt, Input};

pub(crate) const SERVICE_ACCOUNT: &str =
    "the ServiceAccount that a pod runs as; empty for the `default` account that Kubernetes makes";

/// See [`SERVICE_ACCOUNT`].
pub(crate) fn service_account<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let spec = call.value(0)?.as_node().ok_or(Trouble::Argument(0, "a pod"))?;
    let name = account_name(spec)?;
    let found = call.input.world.beside(call.input.resource, "ServiceAccount", name);
    let place = format!("{}/{name}", call.input.resource.namespace());
    match found.as_slice() {
        [account] => Ok(Value::Node(&account.body)),
        [] if name == "default" => Ok(Value::Map(Vec::new().into())),
        [] => Err(Doubt::elsewhere(
            "the ServiceAccounts that pods name",
            format!("ServiceAccount `{place}` is not in the input"),
        )
        .into()),
        _ => Err(Doubt::elsewhere(
            "one definition of each ServiceAccount",
            format!("ServiceAccount `{place}` is defined more than once"),
        )
        .into()),
    }
}

/// The name that a pod spec gives, under its present key or the older one.
fn account_name<'e>(spec: &'e Node) -> Result<&'e str, Trouble<'e>> {
    for key in ["serviceAccountName", "serviceAccount"] {
        match spec.child(key) {
            Field::Absent => {}
            Field::Unresolved(node, _) => return Err(Doubt::Unresolved(node).into()),
            Field::Present(node) => match node.as_str() {
                Some("") => {}
                Some(name) => return Ok(name),
                None => return Err(Doubt::mismatch(format!("`{key}` is not a text"), node.location()).into()),
            },
        }
    }
    Ok("default")
}

pub(crate) const SECRET_SOURCE: &str = "who writes a Secret of the pod's namespace: `external` (an ExternalSecret, or a SecretProviderClass that \
     synchronises it) or `manifest` (it is in the input)";

/// See [`SECRET_SOURCE`].
pub(crate) fn secret_source<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let name = call.text(0)?;
    let input = call.input;
    let mut doubts = Vec::new();
    for filled in external(input) {
        match filled {
            Ok(filled) if filled == name => return Ok(Value::Text("external".into())),
            Ok(_) => {}
            Err(node) => doubts.push(Doubt::Unresolved(node)),
        }
    }
    if !doubts.is_empty() {
        return Err(doubts.into());
    }
    if !input.world.beside(input.resource, "Secret", name).is_empty() {
        return Ok(Value::Text("manifest".into()));
    }
    let why = format!("who writes Secret `{}/{name}` is not in the input", input.resource.namespace());
    Err(Doubt::elsewhere("what fills the Secrets that pods mount", why).into())
}

/// The names of the Secrets of this namespace that an external store fills.
fn external<'e>(input: &Input<'_, 'e>) -> Vec<Result<&'e str, &'e Node>> {
    let (world, pod) = (input.world, input.resource);
    let mut filled = Vec::new();
    for resource in world.beside(pod, "ExternalSecret", "") {
        filled.extend(text(resource.body.field("spec.target.name")).or(Some(Ok(resource.name.as_str()))));
    }
    for resource in world.above(pod, "ClusterExternalSecret") {
        filled.extend(cluster_wide(resource, pod.namespace()));
    }
    for resource in world.beside(pod, "SecretProviderClass", "") {
        let objects = resource.body.field("spec.secretObjects");
        match objects {
            Field::Absent => {}
            Field::Unresolved(node, _) => filled.push(Err(node)),
            Field::Present(list) => {
                filled.extend(list.items().iter().filter_map(|one| text(one.child("secretName"))));
            }
        }
    }
    filled
}

/// What a cluster-wide ExternalSecret fills in `namespace`, where it names the namespace; one that selects
/// namespaces by label is not followed.
fn cluster_wide<'e>(resource: &'e Resource, namespace: &str) -> Option<Result<&'e str, &'e Node>> {
    let listed = resource.body.get("spec.namespaces").map(Node::items).unwrap_or_default();
    if !listed.iter().any(|one| one.as_str() == Some(namespace)) {
        return None;
    }
    text(resource.body.field("spec.externalSecretSpec.target.name"))
        .or_else(|| text(resource.body.field("spec.externalSecretName")))
        .or(Some(Ok(resource.name.as_str())))
}

/// A text, or the node that keeps it from being known.
fn text(field: Field<'_>) -> Option<Result<&str, &Node>> {
    match field {
        Field::Absent => None,
        Field::Unresolved(node, _) => Some(Err(node)),
        Field::Present(node) => match &node.value {
            Model::Text(text) => Some(Ok(text)),
            _ => None,
        },
    }
}
