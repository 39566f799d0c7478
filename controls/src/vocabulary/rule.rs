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
    let port = match call.value(1)?.view() {
        View::Int(port) => u16::try_from(port).map_err(|_| Trouble::Argument(1, "a port"))?,
        _ => return Err(Trouble::Argument(1, "a port")),
    };
    let covered = covered(rule)?;
    let tcp_or_udp = [Protocol::Tcp, Protocol::Udp];
    Ok(Value::Bool(tcp_or_udp.into_iter().any(|protocol| covered.contains(protocol, port))))
}

/// What a rule covers, as far as it has ports.
pub(super) fn covered<'e>(rule: &'e Node) -> Result<Ports, Trouble<'e>> {
    let protocols: &[Protocol] = match protocol(rule)?.as_str() {
        "-1" | "all" => return Ok(Ports::all()),
        "6" | "tcp" => &[Protocol::Tcp],
        "17" | "udp" => &[Protocol::Udp],
        "132" | "sctp" => &[Protocol::Sctp],
        _ => return Ok(Ports::default()),
    };
    let (start, end) = match rule.child("PortRange") {
        Field::Absent => (number(rule, "FromPort")?, number(rule, "ToPort")?),
        Field::Present(range) => (number(range, "From")?, number(range, "To")?),
        Field::Unresolved(node, _) => return Err(Doubt::Unresolved(node).into()),
    };
    // AWS writes -1 for every port.
    let (start, end) = if start == -1 || end == -1 { (0, 65535) } else { (start, end) };
    let bound = |port: i64| u16::try_from(port.clamp(0, 65535)).unwrap_or(u16::MAX);
    let range = |protocol: &Protocol| PortRange { protocol: *protocol, start: bound(start), end: bound(end) };
    Ok(Ports::new(protocols.iter().map(range).collect()))
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
            Model::Text(text) => Ok(text.trim().to_ascii_lowercase()),
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
