//! People and processes that act on a cluster.

use ringfence_model::declaration::AdministratorKind;

use crate::cel::{Call, Outcome, Trouble, Value};
use crate::policy::Doubt;

pub(crate) const ADMINISTRATOR: &str = "whether `administrators` lists a subject of a kind (`User`, `Group`, `ServiceAccount` or `ARN`) and \
     name; an entry that is a plain text stands for any kind";

/// See [`ADMINISTRATOR`].
pub(crate) fn administrator<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let Some(listed) = call.input.world.declaration.administrators.as_deref() else {
        return Err(Doubt::Undeclared("administrators").into());
    };
    if listed.is_empty() {
        return Ok(Value::Bool(false));
    }
    let kind = match call.text(0)? {
        "User" => AdministratorKind::User,
        "Group" => AdministratorKind::Group,
        "ServiceAccount" => AdministratorKind::ServiceAccount,
        "ARN" => AdministratorKind::Arn,
        _ => return Err(Trouble::Argument(0, "the kind of a subject")),
    };
    let name = call.text(1)?;
    let is_subject = |kind_of: Option<AdministratorKind>| kind_of.is_none_or(|one| one == kind);
    Ok(Value::Bool(listed.iter().any(|one| *one.name == name && is_subject(one.kind))))
}
