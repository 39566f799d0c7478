//! Functions of our own that policies may call, because the question needs the estate or is too long
//! for an expression. Each one has a line of help, which the documentation of the catalogue prints.

mod address;
mod container;
mod entry;
mod key;
mod object;
mod rule;
mod statement;
mod subject;

use crate::cel::{Call, Outcome, Trouble, Value, View};
use crate::policy::Doubt;
pub(crate) use address::{
    CIDR_HOLDS, CIDR_IS_WORLD, PREFIX_LIST_IS_WORLD, cidr_holds, cidr_is_world, prefix_list_is_world,
};
pub(crate) use container::{IS_EPHEMERAL, QUANTITY, is_ephemeral, quantity};
pub(crate) use entry::{DECLARED_ENTRY, declared_entry};
pub(crate) use key::{CUSTOMER_KEY, customer_key};
pub(crate) use object::{SECRET_SOURCE, SERVICE_ACCOUNT, secret_source, service_account};
pub(crate) use rule::{RULE_ADMITS, RULE_ALLOWS, RULE_HOLDS, rule_admits, rule_allows, rule_holds};
pub(crate) use statement::{ALLOWS_ANYONE, allows_anyone};
pub(crate) use subject::{ADMINISTRATOR, administrator};

pub(crate) const FLAG: &str =
    "the truth value of a property that AWS also takes as the text `true` or `false`";

/// See [`FLAG`].
pub(crate) fn flag<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    match call.value(0)?.view() {
        View::Bool(value) => Ok(Value::Bool(value)),
        View::Text(text) if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
        View::Text(text) if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
        _ => Err(Trouble::Argument(0, "true or false")),
    }
}

pub(crate) const IS_REFERENCE: &str =
    "whether a property refers to another resource, so that it will have a value that is not known yet";

/// See [`IS_REFERENCE`]. A value that may turn out to be anything is a doubt.
pub(crate) fn is_reference<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let value = call.value(0)?;
    match value.unresolved() {
        None => Ok(Value::Bool(false)),
        Some(node) if node.as_unresolved().is_some_and(|one| one.target.is_some()) => Ok(Value::Bool(true)),
        Some(node) => Err(Doubt::Unresolved(node).into()),
    }
}

pub(crate) const IMAGE_REGISTRY: &str =
    "the registry host of an image reference; empty where it names none, which means Docker Hub";

/// See [`IMAGE_REGISTRY`].
pub(crate) fn image_registry<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    Ok(Value::Text(registry(call.text(0)?).to_owned().into()))
}

/// The first part is a host if it has a dot or a port, or is `localhost`.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_a_host() {
        for (image, host) in [
            ("busybox", ""),
            ("hashicorp/vault:1", ""),
            ("registry.example.com/a/b:1", "registry.example.com"),
            ("localhost/a", "localhost"),
            ("registry:5000/a", "registry:5000"),
            ("a@sha256:00", ""),
            ("docker.io/library/busybox", "docker.io"),
        ] {
            assert_eq!(registry(image), host, "{image}");
        }
    }
}
