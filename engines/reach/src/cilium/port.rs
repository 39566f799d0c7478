//! `toPorts`: ports by number, range and name, and what is asked of a connection besides.

use ringfence_model::fact::{PortRange, Protocol};
use ringfence_model::{Field, Node, Value};

use super::rule::RuleReader;
use crate::condition::Certainty;
use crate::policy::PortSpec;

/// One element of `toPorts`.
pub(super) struct OnPorts {
    pub(super) ports: Vec<PortSpec>,
    /// What must hold besides.
    pub(super) when: Certainty,
}

/// What narrows a connection beyond its port: fields of an element of `toPorts`, and what they mean.
const NARROWING: [(&str, &str); 4] = [
    ("serverNames", "its TLS server name is one of those listed"),
    ("terminatingTLS", "it is TLS that the proxy of Cilium terminates"),
    ("originatingTLS", "it goes through the proxy of Cilium"),
    ("listener", "the Envoy listener that it is sent to lets it through"),
];

/// Kinds of layer 7 rules, and what they ask for.
const RULES: [(&str, &str); 5] = [
    ("http", "its HTTP requests are among those listed"),
    ("dns", "its DNS queries are among those listed"),
    ("kafka", "its Kafka requests are among those listed"),
    ("l7", "its requests are among those listed"),
    ("l7proto", "its requests are among those listed"),
];

impl RuleReader<'_, '_, '_> {
    /// The elements of `toPorts`; `None` where there is none, which means every port.
    pub(super) fn destination_ports(&mut self, rule: &Node) -> Option<Vec<OnPorts>> {
        match rule.field("toPorts") {
            Field::Absent => None,
            Field::Unresolved(node, _) => Some(vec![self.unknown_ports("toPorts", node)]),
            Field::Present(Node { value: Value::List(items), .. }) if items.is_empty() => None,
            Field::Present(node) => {
                if !matches!(node.value, Value::List(_)) {
                    self.base.refuse("list-expected", "`toPorts` is not a list", node);
                    return Some(vec![self.unknown_ports("toPorts", node)]);
                }
                Some(node.items().iter().map(|item| self.on_ports(item)).collect())
            }
        }
    }

    fn unknown_ports(&mut self, key: &str, node: &Node) -> OnPorts {
        let condition = self.base.unknown(key, node);
        OnPorts { ports: vec![PortSpec::Unknown(None, condition)], when: None }
    }

    fn on_ports(&mut self, item: &Node) -> OnPorts {
        if item.as_unresolved().is_some() {
            return self.unknown_ports("toPorts", item);
        }
        let more: &[&str] = if self.denies { &[] } else { &["rules"] };
        let narrowing = NARROWING.iter().map(|(key, _)| *key).filter(|_| !self.denies);
        let known: Vec<&str> = ["ports"].into_iter().chain(more.iter().copied()).chain(narrowing).collect();
        self.base.check_keys(item.as_field(), &known);
        let ports = match item.field("ports") {
            Field::Absent => Vec::new(),
            Field::Unresolved(node, _) => vec![PortSpec::Unknown(None, self.base.unknown("ports", node))],
            Field::Present(list) => {
                if list.items().len() > 40 {
                    self.base.refuse("ports-too-many", "an element of `toPorts` has up to 40 ports", list);
                }
                list.items().iter().flat_map(|port| self.port(port)).collect()
            }
        };
        OnPorts { ports, when: self.narrowed(item) }
    }

    /// What must hold of a connection besides.
    fn narrowed(&mut self, item: &Node) -> Certainty {
        if self.denies {
            return None;
        }
        let mut asked: Vec<&str> = Vec::new();
        let is_set = |node: &Node| match &node.value {
            Value::List(items) => !items.is_empty(),
            _ => true,
        };
        for (key, what) in NARROWING {
            asked.extend(item.field(key).node().filter(|node| is_set(node)).map(|_| what));
        }
        match item.field("rules") {
            Field::Absent => {}
            Field::Unresolved(node, _) => return Some(self.base.unknown("rules", node)),
            Field::Present(rules) => {
                for (key, what) in RULES {
                    asked.extend(rules.field(key).node().filter(|node| is_set(node)).map(|_| what));
                }
                self.base.check_keys(rules.as_field(), &RULES.map(|(key, _)| key));
            }
        }
        asked.dedup();
        let what = asked.join(" and ");
        (!what.is_empty()).then(|| {
            let label = &self.base.label;
            self.base.reading.conditions.id(&format!("`{label}` opens a connection only if {what}"))
        })
    }

    fn port(&mut self, item: &Node) -> Vec<PortSpec> {
        if item.as_unresolved().is_some() {
            return vec![PortSpec::Unknown(None, self.base.unknown("ports", item))];
        }
        self.base.check_keys(item.as_field(), &["port", "endPort", "protocol"]);
        let protocols: Vec<Protocol> = match item.field("protocol") {
            Field::Absent => Protocol::ALL.into(),
            Field::Unresolved(node, _) => {
                return vec![PortSpec::Unknown(None, self.base.unknown("protocol", node))];
            }
            Field::Present(node) => match node.as_str().map(str::to_ascii_uppercase).as_deref() {
                Some("ANY" | "") => Protocol::ALL.into(),
                Some("TCP") => vec![Protocol::Tcp],
                Some("UDP") => vec![Protocol::Udp],
                Some("SCTP") => vec![Protocol::Sctp],
                // These have no ports, and are no connections that are looked at.
                Some("ICMP" | "ICMPV6" | "VRRP" | "IGMP" | "GRE" | "IPIP" | "IPV6" | "ESP" | "AH") => {
                    Vec::new()
                }
                _ => {
                    let message = "`protocol` knows `TCP`, `UDP`, `SCTP`, `ANY` and protocols without ports";
                    self.base.refuse("protocol-invalid", message, node);
                    return vec![PortSpec::Unknown(None, self.base.unknown("protocol", node))];
                }
            },
        };
        protocols.into_iter().map(|protocol| self.port_of(item, protocol)).collect()
    }

    fn port_of(&mut self, item: &Node, protocol: Protocol) -> PortSpec {
        let node = match item.field("port") {
            // Only protocols without ports may leave it out.
            Field::Absent => {
                self.base.refuse("port-missing", "`port` must be given", item);
                return PortSpec::Unknown(Some(protocol), self.base.unknown("port", item));
            }
            Field::Unresolved(node, _) => {
                return PortSpec::Unknown(Some(protocol), self.base.unknown("port", node));
            }
            Field::Present(node) => node,
        };
        match node.as_str().map(|text| (text, is_service_name(text))) {
            Some((name, true)) => {
                PortSpec::Named(self.base.reading.names.id(&name.to_ascii_lowercase(), protocol))
            }
            Some((text, false)) if number(text).is_some() => {
                self.range(number(text).unwrap_or_default(), item, protocol)
            }
            _ => {
                let message = "`port` is a number or a name, as a text in quotes";
                self.base.refuse("port-invalid", message, node);
                PortSpec::Unknown(Some(protocol), self.base.unknown("port", node))
            }
        }
    }

    /// From `start` to `endPort`, where that is greater; port 0 stands for all.
    fn range(&mut self, start: u16, item: &Node, protocol: Protocol) -> PortSpec {
        let end = match item.field("endPort") {
            Field::Absent => 0,
            Field::Unresolved(node, _) => {
                return PortSpec::Unknown(Some(protocol), self.base.unknown("endPort", node));
            }
            Field::Present(node) => match node.as_int().and_then(|number| u16::try_from(number).ok()) {
                Some(end) => end,
                None => {
                    self.base.refuse("end-port-invalid", "`endPort` is a number up to 65535", node);
                    return PortSpec::Unknown(Some(protocol), self.base.unknown("endPort", node));
                }
            },
        };
        let (start, end) = match (start, end) {
            (0, 0) => (1, u16::MAX),
            (0, end) => (1, end),
            (start, end) => (start, end.max(start)),
        };
        PortSpec::Range(PortRange { protocol, start, end })
    }
}

/// A port number as Go reads it: a leading 0 makes it octal.
fn number(text: &str) -> Option<u16> {
    match text.strip_prefix('0') {
        Some("") => Some(0),
        Some(octal) => u16::from_str_radix(octal, 8).ok(),
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        None => None,
    }
}

/// A name as RFC 6335 has it: letters, digits and single dashes between them, at least one letter.
fn is_service_name(text: &str) -> bool {
    let inner = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let letter = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let edges = !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
    (1..=15).contains(&text.len()) && inner && letter && edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_the_agent_reads_them() {
        let numbers = ["80", "0", "010", "65535", "65536", "08", "8a", ""].map(number);
        let expected = [Some(80), Some(0), Some(8), Some(65535), None, None, None, None];
        assert_eq!(numbers, expected);
        let names =
            ["http", "http-8080", "0x10", "-a", "a--b", "80", "sixteen-letters-x"].map(is_service_name);
        assert_eq!(names, [true, true, true, false, false, false, false]);
    }
}
