//! Rules of security groups and network ACLs.

use ringfence_model::fact::{PortRange, Ports, Protocol};
use ringfence_model::{Field, Node, Value as Model};

use crate::cel::{Call, Outcome, Trouble, Value, View};
use crate::policy::Doubt;

pub(crate) const RULE_ADMITS: &str =
    "whether a rule of a security group or network ACL covers a port of TCP or UDP; `-1` covers them all";

/// See [`RULE_ADMITS`]. Sources are not looked at.
pub(crate) fn rule_admits<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let rule = call.value(0)?.as_node().ok_or(Trouble::Argument(0, "a rule"))?;
    let (covered, port) = (covered(rule)?, port(call, 1)?);
    Ok(Value::Bool(TCP_OR_UDP.into_iter().any(|protocol| covered.contains(protocol, port))))
}

pub(crate) const RULE_HOLDS: &str =
    "whether a rule covers a port for each of TCP and UDP for which a second rule covers it";

/// See [`RULE_HOLDS`].
pub(crate) fn rule_holds<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let of = |index| covered(call.value(index)?.as_node().ok_or(Trouble::Argument(index, "a rule"))?);
    let (outer, inner, port) = (of(0)?, of(1)?, port(call, 2)?);
    let holds = |protocol| !inner.contains(protocol, port) || outer.contains(protocol, port);
    Ok(Value::Bool(TCP_OR_UDP.into_iter().all(holds)))
}

pub(crate) const RULE_ALLOWS: &str =
    "whether an entry of a network ACL allows, and does not deny; a rule of a security group allows";

/// See [`RULE_ALLOWS`].
pub(crate) fn rule_allows<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let rule = call.value(0)?.as_node().ok_or(Trouble::Argument(0, "a rule"))?;
    match rule.child("RuleAction") {
        Field::Absent => Ok(Value::Bool(true)),
        Field::Unresolved(node, _) => Err(Doubt::Unresolved(node).into()),
        Field::Present(node) => match node.as_str() {
            Some(action) if action.eq_ignore_ascii_case("allow") => Ok(Value::Bool(true)),
            Some(action) if action.eq_ignore_ascii_case("deny") => Ok(Value::Bool(false)),
            _ => Err(Doubt::mismatch("`RuleAction` is neither `allow` nor `deny`", node.location()).into()),
        },
    }
}

const TCP_OR_UDP: [Protocol; 2] = [Protocol::Tcp, Protocol::Udp];

fn port<'e>(call: &Call<'_, '_, 'e>, index: usize) -> Result<u16, Trouble<'e>> {
    match call.value(index)?.view() {
        View::Int(port) => u16::try_from(port).map_err(|_| Trouble::Argument(index, "a port")),
        _ => Err(Trouble::Argument(index, "a port")),
    }
}

/// Protocols that have no ports, by name; any other number is one too.
const WITHOUT_PORTS: [&str; 7] = ["ah", "esp", "gre", "icmp", "icmpv6", "igmp", "ipv6-icmp"];

/// What a rule covers, as far as it has ports.
pub(super) fn covered<'e>(rule: &'e Node) -> Result<Ports, Trouble<'e>> {
    let protocol = match protocol(rule)?.as_str() {
        "-1" | "all" => return Ok(Ports::all()),
        "6" | "tcp" => Protocol::Tcp,
        "17" | "udp" => Protocol::Udp,
        "132" | "sctp" => Protocol::Sctp,
        name if WITHOUT_PORTS.contains(&name) || name.parse::<u8>().is_ok() => return Ok(Ports::default()),
        name => return Err(Doubt::mismatch(format!("`{name}` is not a protocol"), rule.location()).into()),
    };
    let (start, end) = match rule.child("PortRange") {
        Field::Absent => (number(rule, "FromPort")?, number(rule, "ToPort")?),
        Field::Present(range) => (number(range, "From")?, number(range, "To")?),
        Field::Unresolved(node, _) => return Err(Doubt::Unresolved(node).into()),
    };
    // AWS writes -1 for every port.
    let (start, end) = if start == -1 || end == -1 { (0, 65535) } else { (start, end) };
    match (u16::try_from(start), u16::try_from(end)) {
        (Ok(start), Ok(end)) if start <= end => Ok(Ports::new(vec![PortRange { protocol, start, end }])),
        _ => Err(Doubt::mismatch(format!("{start} to {end} is no range of ports"), rule.location()).into()),
    }
}

/// The protocol by name or number, in lower case.
fn protocol<'e>(rule: &'e Node) -> Result<String, Trouble<'e>> {
    let field = match rule.child("IpProtocol") {
        Field::Absent => rule.child("Protocol"),
        other => other,
    };
    match field {
        Field::Absent => Err(Doubt::mismatch("the rule names no protocol", rule.location()).into()),
        Field::Unresolved(node, _) => Err(Doubt::Unresolved(node).into()),
        Field::Present(node) => match &node.value {
            Model::Text(text) => Ok(match text.trim().parse::<i64>() {
                Ok(number) => number.to_string(),
                Err(_) => text.trim().to_ascii_lowercase(),
            }),
            Model::Int(number) => Ok(number.to_string()),
            _ => {
                Err(Doubt::mismatch("the protocol of the rule is not a name or a number", node.location())
                    .into())
            }
        },
    }
}

/// A port, which CloudFormation also takes as a text.
fn number<'e>(owner: &'e Node, key: &str) -> Result<i64, Trouble<'e>> {
    match owner.child(key) {
        Field::Absent => Err(Doubt::mismatch(format!("`{key}` is not set"), owner.location()).into()),
        Field::Unresolved(node, _) => Err(Doubt::Unresolved(node).into()),
        Field::Present(node) => {
            let number = match &node.value {
                Model::Int(number) => Some(*number),
                Model::Text(text) => text.trim().parse().ok(),
                _ => None,
            };
            let what = format!("`{key}` is not a port");
            number.ok_or_else(|| Doubt::mismatch(what, node.location()).into())
        }
    }
}
