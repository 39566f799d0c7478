//! Protocols and ports of a rule.
//!
//! Source: `api/pkg/lib/numorstring` (numbers, `first:last`, names), and the validation of rules: ports need a
//! protocol that has some. Only TCP, UDP and SCTP are part of the answers; a rule for another protocol
//! decides nothing there.

use ringfence_model::fact::{PortRange, Protocol};
use ringfence_model::{Diagnostic, Field, Node, Value};

use super::rule::RuleReader;
use crate::condition::ConditionId;
use crate::policy::{PortSpec, port_number};

/// Which protocols a rule is about.
enum About {
    Known(Vec<Protocol>),
    Unknown(ConditionId),
}

impl RuleReader<'_, '_, '_> {
    /// The ports that a rule matches at `entity`; `None` for every port of every protocol.
    pub(super) fn ports(&mut self, rule: &Node, entity: Option<&Node>) -> Option<Vec<PortSpec>> {
        let given = |key| entity.map_or(Field::Absent, |entity| entity.field(key));
        let (ports, except) = (given("ports"), given("notPorts"));
        let empty = |field: Field<'_>| matches!(field, Field::Absent) || is_empty_list(field);
        let protocols = match self.about(rule) {
            About::Known(protocols) => protocols,
            About::Unknown(condition) => return Some(vec![PortSpec::Unknown(None, condition)]),
        };
        if empty(ports) && empty(except) {
            let everything = protocols.len() == Protocol::ALL.len();
            return (!everything).then(|| protocols.into_iter().map(whole).collect());
        }
        if matches!(rule.field("protocol"), Field::Absent) {
            self.base.refuse("protocol-missing", "ports need a `protocol` of `TCP`, `UDP` or `SCTP`", rule);
        }
        let mut specs = Vec::new();
        for protocol in protocols {
            match empty(ports) {
                true => specs.push(whole(protocol)),
                false => specs.extend(self.listed("ports", ports, protocol)),
            }
            let except = self.listed("notPorts", except, protocol);
            specs.extend(except.into_iter().map(|spec| PortSpec::Except(Box::new(spec))));
        }
        Some(specs)
    }

    fn about(&mut self, rule: &Node) -> About {
        let (mut about, mut none) = (Protocol::ALL.to_vec(), None);
        for (key, wanted) in [("protocol", true), ("notProtocol", false)] {
            let node = match rule.field(key) {
                Field::Absent => continue,
                Field::Unresolved(node, _) => return About::Unknown(self.base.unknown(key, node)),
                Field::Present(node) => node,
            };
            match protocol(node) {
                Ok(named) => about.retain(|one| (Some(*one) == named) == wanted),
                Err(()) => {
                    let known = "`TCP`, `UDP`, `SCTP`, `ICMP`, `ICMPv6`, `UDPLite` and numbers from 1 to 255";
                    self.base.refuse("protocol-invalid", &format!("`{key}` knows {known}"), node);
                    return About::Unknown(self.base.unknown(key, node));
                }
            }
            none = none.or(about.is_empty().then_some(node));
        }
        if let Some(node) = none {
            let message =
                format!("{} of `{}` is about neither TCP, UDP nor SCTP", self.element, self.base.label);
            self.base.reading.diagnostics.push(
                Diagnostic::note("protocol-not-shown", message)
                    .at(node.location())
                    .help("nothing to do; answers show TCP, UDP and SCTP only"),
            );
        }
        About::Known(about)
    }

    fn listed(&mut self, key: &str, field: Field<'_>, protocol: Protocol) -> Vec<PortSpec> {
        let items = match field {
            Field::Absent => return Vec::new(),
            Field::Present(Node { value: Value::List(items), .. }) => items,
            Field::Present(node) => {
                self.base.refuse("list-expected", &format!("`{key}` is not a list"), node);
                return vec![PortSpec::Unknown(Some(protocol), self.base.unknown(key, node))];
            }
            Field::Unresolved(node, _) => {
                return vec![PortSpec::Unknown(Some(protocol), self.base.unknown(key, node))];
            }
        };
        items.iter().map(|item| self.port(key, item, protocol)).collect()
    }

    fn port(&mut self, key: &str, item: &Node, protocol: Protocol) -> PortSpec {
        let range = |start, end| PortSpec::Range(PortRange { protocol, start, end });
        if let Some(number) = port_number(item) {
            return range(number, number);
        }
        match item.as_str().map(|text| (text, bounds(text))) {
            Some((_, Some((start, end)))) => return range(start, end),
            Some((name, None)) if is_name(name) => {
                return PortSpec::Named(self.base.reading.names.id(name, protocol));
            }
            _ if item.as_unresolved().is_some() => {}
            _ => self.base.refuse(
                "port-invalid",
                "a port is a number from 1 to 65535, a range such as `8000:8010`, or a name",
                item,
            ),
        }
        PortSpec::Unknown(Some(protocol), self.base.unknown(key, item))
    }
}

fn whole(protocol: Protocol) -> PortSpec {
    PortSpec::Range(PortRange { protocol, start: 1, end: u16::MAX })
}

pub(super) fn is_empty_list(field: Field<'_>) -> bool {
    matches!(field, Field::Present(Node { value: Value::List(items), .. }) if items.is_empty())
}

/// The protocol that a name or a number stands for; `None` for one that answers do not show.
fn protocol(node: &Node) -> Result<Option<Protocol>, ()> {
    let numbered = |number: i64| match number {
        6 => Ok(Some(Protocol::Tcp)),
        17 => Ok(Some(Protocol::Udp)),
        132 => Ok(Some(Protocol::Sctp)),
        1..=255 => Ok(None),
        _ => Err(()),
    };
    match (node.as_int(), node.as_str()) {
        (Some(number), _) => numbered(number),
        (None, Some(text)) => match (Protocol::parse(text), text.parse::<i64>()) {
            (Some(protocol), _) => Ok(Some(protocol)),
            (None, Ok(number)) => numbered(number),
            _ if ["icmp", "icmpv6", "udplite"].iter().any(|one| text.eq_ignore_ascii_case(one)) => Ok(None),
            _ => Err(()),
        },
        (None, None) => Err(()),
    }
}

/// `80` or `8000:8010`.
fn bounds(text: &str) -> Option<(u16, u16)> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number > 0);
    match text.split_once(':') {
        Some((start, end)) => number(start).zip(number(end)).filter(|(start, end)| start <= end),
        None => number(text).map(|number| (number, number)),
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=128).contains(&text.len()) && text.bytes().all(allowed) && !text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_numbers_ranges_or_names() {
        for (text, expected) in [
            ("80", Some((80, 80))),
            ("8000:8010", Some((8000, 8010))),
            ("8010:8000", None),
            ("0", None),
            ("70000", None),
            ("http", None),
        ] {
            assert_eq!(bounds(text), expected, "{text}");
        }
        assert!(is_name("http-2") && !is_name("70000") && !is_name("a:b") && !is_name(""));
    }
}
