//! Statements of IAM resource policies.

use ringfence_model::{Field, Node, Value as Model};

use super::address::is_some_party;
use crate::cel::{Call, Outcome, Trouble, Value};
use crate::policy::{Doubt, Doubts};

pub(crate) const ALLOWS_ANYONE: &str = "whether a statement of a resource policy allows every principal, without a condition that fixes the \
     caller";

/// See [`ALLOWS_ANYONE`].
pub(crate) fn allows_anyone<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let statement = call.value(0)?.as_node().ok_or(Trouble::Argument(0, "a statement"))?;
    if !matches!(statement.value, Model::Map(_)) {
        return Err(Trouble::Argument(0, "a statement"));
    }
    Ok(Value::Bool(anyone(statement)?))
}

/// `Allow` and everyone and no condition that fixes the caller, in three values.
fn anyone<'e>(statement: &'e Node) -> Result<bool, Doubts<'e>> {
    let mut doubts = Vec::new();
    for part in [allows, everyone, unconditional] {
        match part(statement) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(more) => doubts.extend(more),
        }
    }
    if doubts.is_empty() { Ok(true) } else { Err(doubts) }
}

fn allows<'e>(statement: &'e Node) -> Result<bool, Doubts<'e>> {
    match statement.child("Effect") {
        Field::Unresolved(node, _) => Err(vec![Doubt::Unresolved(node)]),
        Field::Absent => Err(vec![Doubt::mismatch("the statement has no effect", statement.location())]),
        Field::Present(node) => match node.as_str() {
            Some("Allow") => Ok(true),
            Some("Deny") => Ok(false),
            _ => {
                let what = "the effect of the statement is neither `Allow` nor `Deny`";
                Err(vec![Doubt::mismatch(what, node.location())])
            }
        },
    }
}

fn everyone<'e>(statement: &'e Node) -> Result<bool, Doubts<'e>> {
    match (statement.child("Principal"), statement.child("NotPrincipal")) {
        (_, Field::Present(_) | Field::Unresolved(..)) => Ok(true),
        (Field::Unresolved(node, _), _) => Err(vec![Doubt::Unresolved(node)]),
        (Field::Present(principal), _) => match &principal.value {
            Model::Map(map) if !map.entries().is_empty() => {
                any_star(map.entries().iter().flat_map(|entry| texts(&entry.node)))
            }
            // Every other principal has a type (`AWS`, `Service`, …).
            _ => match any_star(texts(principal).into_iter()) {
                Ok(false) => {
                    let what = "the principal is neither `*` nor one with a type";
                    Err(vec![Doubt::mismatch(what, principal.location())])
                }
                told => told,
            },
        },
        (Field::Absent, _) => {
            Err(vec![Doubt::mismatch("the statement names no principal", statement.location())])
        }
    }
}

/// Whether one of the principals is `*`, or an ARN with a wildcard for its account, which means the same. AWS
/// takes no principal with a wildcard within it.
fn any_star<'e>(principals: impl Iterator<Item = Told<'e>>) -> Result<bool, Doubts<'e>> {
    let mut doubts = Vec::new();
    for principal in principals {
        match principal {
            Ok((_, name)) if name.contains('*') && !Form::Arn.is_fixed(name) => return Ok(true),
            Ok((node, name)) if name.contains('*') => {
                doubts.push(Doubt::mismatch("a principal has a wildcard within it", node.location()));
            }
            Ok(_) => {}
            Err(doubt) => doubts.push(doubt),
        }
    }
    if doubts.is_empty() { Ok(false) } else { Err(doubts) }
}

/// A text with its node, or why it is not known.
type Told<'e> = Result<(&'e Node, &'e str), Doubt<'e>>;

/// A text or a list of texts.
fn texts<'e>(node: &'e Node) -> Vec<Told<'e>> {
    let one = |node: &'e Node| match &node.value {
        Model::Text(text) => Ok((node, text.as_str())),
        Model::Unresolved(_) => Err(Doubt::Unresolved(node)),
        _ => Err(Doubt::mismatch("a value of the statement is not a text", node.location())),
    };
    match &node.value {
        Model::List(items) => items.iter().map(one).collect(),
        _ => vec![one(node)],
    }
}

/// Whether no condition fixes the caller.
fn unconditional<'e>(statement: &'e Node) -> Result<bool, Doubts<'e>> {
    let conditions = match statement.child("Condition") {
        Field::Absent => return Ok(true),
        Field::Unresolved(node, _) => return Err(vec![Doubt::Unresolved(node)]),
        Field::Present(node) => node,
    };
    let mut doubts = Vec::new();
    for operator in conditions.entries().iter().filter(|entry| is_fixing_operator(&entry.key)) {
        if operator.node.as_unresolved().is_some() {
            doubts.push(Doubt::Unresolved(&operator.node));
        }
        for condition in operator.node.entries() {
            match fixes(&condition.key, &condition.node) {
                Ok(true) => return Ok(false),
                Ok(false) => {}
                Err(more) => doubts.extend(more),
            }
        }
    }
    if doubts.is_empty() { Ok(true) } else { Err(doubts) }
}

/// Operators that hold only where the key is there and has one of the values.
fn is_fixing_operator(operator: &str) -> bool {
    let operator = operator.strip_prefix("ForAnyValue:").unwrap_or(operator);
    let fixing =
        ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"];
    fixing.contains(&operator)
}

/// How the values of a condition key must look to fix the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// No wildcard at all.
    Whole,
    /// No wildcard, or none in the part up to this character.
    UpTo(char),
    /// An ARN whose account is fixed, or that has no wildcard.
    Arn,
    /// An address, or a range that is not the internet.
    Range,
}

/// Condition keys that say who or where the caller is, in lower case. `aws:VpcSourceIp` is none of them: it
/// is a private address, and everyone may have a VPC with that address.
const CALLER: &[(&str, Form)] = &[
    ("aws:principalaccount", Form::Whole),
    ("aws:principalarn", Form::Arn),
    ("aws:principalorgid", Form::Whole),
    ("aws:principalorgpaths", Form::UpTo('/')),
    ("aws:sourceaccount", Form::Whole),
    ("aws:sourcearn", Form::Arn),
    ("aws:sourceip", Form::Range),
    ("aws:sourceorgid", Form::Whole),
    ("aws:sourceorgpaths", Form::UpTo('/')),
    ("aws:sourceowner", Form::Whole),
    ("aws:sourcevpc", Form::Whole),
    ("aws:sourcevpce", Form::Whole),
    ("aws:userid", Form::UpTo(':')),
    ("aws:vpceaccount", Form::Whole),
    ("aws:vpceorgid", Form::Whole),
    ("aws:vpceorgpaths", Form::UpTo('/')),
    ("s3:dataaccesspointaccount", Form::Whole),
    ("s3:dataaccesspointarn", Form::Arn),
];

/// Whether every value of the condition fixes the caller: one that does not is enough to let anyone in.
/// A reference to another resource does.
fn fixes<'e>(key: &str, values: &'e Node) -> Result<bool, Doubts<'e>> {
    let key = key.to_ascii_lowercase();
    let Some((_, form)) = CALLER.iter().find(|row| row.0 == key) else { return Ok(false) };
    let mut doubts = Vec::new();
    for value in texts(values) {
        match value {
            Ok((_, text)) if !form.is_fixed(text) => return Ok(false),
            Ok(_) => {}
            Err(Doubt::Unresolved(node)) if node.as_unresolved().is_some_and(|one| one.target.is_some()) => {}
            Err(doubt) => doubts.push(doubt),
        }
    }
    if doubts.is_empty() { Ok(true) } else { Err(doubts) }
}

impl Form {
    fn is_fixed(self, value: &str) -> bool {
        let free = |text: &str| text.contains(['*', '?']) || text.contains("${");
        match self {
            Self::Whole => !value.is_empty() && !free(value),
            Self::UpTo(end) => {
                let part = value.split_once(end).map_or(value, |(part, _)| part);
                let is_cut = part.len() < value.len();
                !part.is_empty() && !free(part) && (is_cut || !free(value))
            }
            Self::Arn => {
                let account = value.split(':').nth(4).unwrap_or_default();
                !value.is_empty() && (!free(value) || !(account.is_empty() || free(account)))
            }
            Self::Range => is_some_party(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_fixed_by_values_without_wildcards() {
        let check = |form: Form, value, expected| assert_eq!(form.is_fixed(value), expected, "{value}");
        check(Form::Whole, "o-a1b2c3d4e5", true);
        check(Form::Whole, "*", false);
        check(Form::Whole, "${aws:PrincipalOrgID}", false);
        for fixed in ["o-a1b2c3d4e5/*", "o-a1b2c3d4e5/r-ab12/ou-ab12-*", "o-a1b2c3d4e5"] {
            check(Form::UpTo('/'), fixed, true);
        }
        for open in ["*/ou-1", "o-*", "o-a1?/r-ab12", "o-a1b2c3d4e5*", "/*", "", "${aws:PrincipalOrgID}/*"] {
            check(Form::UpTo('/'), open, false);
        }
        for (value, expected) in
            [("AROAEXAMPLE:*", true), ("AIDAEXAMPLE", true), ("A*", false), ("*:alice", false)]
        {
            check(Form::UpTo(':'), value, expected);
        }
        check(Form::Arn, "arn:aws:iam::111122223333:role/*", true);
        check(Form::Arn, "arn:aws:iam::*:role/admin", false);
        check(Form::Arn, "arn:aws:s3:::bucket", true);
        check(Form::Arn, "*", false);
        check(Form::Range, "203.0.113.0/24", true);
        check(Form::Range, "0.0.0.0/0", false);
        check(Form::Range, "0.0.0.0/1", false);
        check(Form::Range, "*", false);
        check(Form::Range, "203.0.113.7", true);
    }

    #[test]
    fn operators_that_hold_without_the_key_fix_nobody() {
        for operator in ["StringEquals", "ForAnyValue:StringLike", "IpAddress"] {
            assert!(is_fixing_operator(operator), "{operator}");
        }
        for operator in
            ["StringEqualsIfExists", "ForAllValues:StringEquals", "StringNotEquals", "Bool", "Null"]
        {
            assert!(!is_fixing_operator(operator), "{operator}");
        }
    }
}
