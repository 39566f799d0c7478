//! Whose key it is.

use ringfence_model::Node;

use crate::cel::{Call, Outcome, Trouble, Value};
use crate::policy::Doubt;
use crate::world::World;

pub(crate) const CUSTOMER_KEY: &str = "whether a property names a customer managed KMS key: one of the estate, an alias outside \
     `alias/aws/`, a key id, or a key of an account under `accounts`";

/// See [`CUSTOMER_KEY`].
pub(crate) fn customer_key<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let world = call.input.world;
    let value = call.value(0)?;
    if let Some(node) = value.unresolved() {
        return referred(world, node).map(Value::Bool);
    }
    match Name::parse(call.text(0)?) {
        Some(Name::Alias(alias)) => Ok(Value::Bool(!alias.starts_with("aws/"))),
        Some(Name::Key) => Ok(Value::Bool(true)),
        Some(Name::KeyOf { account, key }) => of_account(world, account, key).map(Value::Bool),
        None => Err(Trouble::Argument(0, "the name of a key")),
    }
}

/// A reference to a key or alias of the estate tells; any other one does not.
fn referred<'e>(world: &World<'e>, node: &'e Node) -> Result<bool, Trouble<'e>> {
    let target = world.target(node);
    match target.map(|resource| (resource.kind.as_str(), resource)) {
        Some(("AWS::KMS::Key" | "AWS::KMS::ReplicaKey", _)) => Ok(true),
        Some(("AWS::KMS::Alias", alias)) => match alias.body.field("AliasName").node() {
            Some(name) if name.as_unresolved().is_some() => Err(Doubt::Unresolved(name).into()),
            name => Ok(name.and_then(Node::as_str).is_some_and(|name| !name.starts_with("alias/aws/"))),
        },
        _ => Err(Doubt::Unresolved(node).into()),
    }
}

fn of_account<'e>(world: &World<'e>, account: &str, key: &str) -> Result<bool, Trouble<'e>> {
    if world.holds_key(key) {
        return Ok(true);
    }
    match world.declared("accounts") {
        Some(accounts) => Ok(accounts.iter().any(|one| one.value == account)),
        None => Err(Doubt::Undeclared("accounts").into()),
    }
}

/// How a key can be named.
#[derive(Debug, PartialEq, Eq)]
enum Name<'a> {
    /// `alias/…`, without that prefix.
    Alias(&'a str),
    /// By its id alone: a key of the account it is used in.
    Key,
    /// By its ARN.
    KeyOf { account: &'a str, key: &'a str },
}

impl<'a> Name<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        if let Some(alias) = name.strip_prefix("alias/") {
            return Some(Self::Alias(alias));
        }
        if name.starts_with("arn:") {
            let mut parts = name.splitn(6, ':').skip(4);
            let (account, resource) = (parts.next()?, parts.next()?);
            return match resource.split_once('/')? {
                ("alias", alias) => Some(Self::Alias(alias)),
                ("key", key) => Some(Self::KeyOf { account, key }),
                _ => None,
            };
        }
        let id = name.strip_prefix("mrk-").unwrap_or(name);
        let is_id = id.len() >= 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        is_id.then_some(Self::Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_in_four_ways() {
        let check = |name, expected| assert_eq!(Name::parse(name), expected, "{name}");
        check("alias/aws/ebs", Some(Name::Alias("aws/ebs")));
        check("arn:aws:kms:eu-west-1:111122223333:alias/vault", Some(Name::Alias("vault")));
        check("1234abcd-12ab-34cd-56ef-1234567890ab", Some(Name::Key));
        check("mrk-1234abcd12ab34cd56ef1234567890ab", Some(Name::Key));
        let key = "1234abcd-12ab-34cd-56ef-1234567890ab";
        check(
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            Some(Name::KeyOf { account: "111122223333", key }),
        );
        for odd in ["", "vault", "arn:aws:kms", "arn:aws:s3:::bucket"] {
            check(odd, None);
        }
    }
}
