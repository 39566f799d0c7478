//! One clause of a rule: a `source`, an `operation`, or an element of `when`.

use ringfence_model::fact::{PortRange, Ports, Protocol};
use ringfence_model::{Field, Node, Value, mask};

use super::super::annotation;
use super::principal::Principals;
use crate::address::Span;
use crate::policy::reader::Reader;
use crate::policy::{PeerSpec, Term};

/// What one clause demands; all of it must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Clause {
    pub(super) needs: Vec<Need>,
    /// Ports of TCP; absent: every port.
    pub(super) ports: Option<Ports>,
    /// Demands that only a proxy that reads HTTP can judge, one clause of text each.
    pub(super) http: Vec<String>,
    /// What else must hold and nobody knows.
    pub(super) other: Vec<String>,
    /// Whether anything is demanded that ztunnel can judge.
    pub(super) below_http: bool,
    /// Whether the proxy takes the whole rule for invalid.
    pub(super) invalid: bool,
}

/// A demand on the source.
#[derive(Clone, Debug)]
pub(super) struct Need {
    pub(super) term: Term,
    /// Whether it is about the certificate that the source presents.
    pub(super) identity: bool,
}

/// What a field or a key of `when` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About<'a> {
    Principal,
    Namespace,
    Account,
    Domain,
    SourceAddress,
    /// The address that a proxy in front of this one tells.
    RemoteAddress,
    Port,
    /// What is known of the connection only while it is open.
    Connection,
    Http(&'a str),
    Unknown,
}

/// Fields of `source` and `operation`, with the field that negates each.
const SOURCE: [(&str, &str, About<'static>); 7] = [
    ("principals", "notPrincipals", About::Principal),
    ("namespaces", "notNamespaces", About::Namespace),
    ("serviceAccounts", "notServiceAccounts", About::Account),
    ("trustDomains", "notTrustDomains", About::Domain),
    ("ipBlocks", "notIpBlocks", About::SourceAddress),
    ("remoteIpBlocks", "notRemoteIpBlocks", About::RemoteAddress),
    ("requestPrincipals", "notRequestPrincipals", About::Http("request principals")),
];
const OPERATION: [(&str, &str, About<'static>); 4] = [
    ("ports", "notPorts", About::Port),
    ("hosts", "notHosts", About::Http("hosts")),
    ("methods", "notMethods", About::Http("methods")),
    ("paths", "notPaths", About::Http("paths")),
];

/// How many values a text names before it says how many more there are.
const NAMED: usize = 3;

/// Reads clauses of one policy.
pub(super) struct Clauses<'c, 'r, 'a> {
    pub(super) reader: &'c mut Reader<'r, 'a>,
    pub(super) principals: Principals<'c>,
    /// The policy's own namespace.
    pub(super) own: &'c str,
}

impl Clauses<'_, '_, '_> {
    pub(super) fn source(&mut self, node: &Node) -> Clause {
        self.of_fields(node, &SOURCE)
    }

    pub(super) fn operation(&mut self, node: &Node) -> Clause {
        self.of_fields(node, &OPERATION)
    }

    fn of_fields(&mut self, node: &Node, table: &[(&str, &str, About<'_>)]) -> Clause {
        let mut clause = Clause::default();
        if node.as_unresolved().is_some() {
            clause.other.push(self.not_known("an element", node));
            return clause;
        }
        let known: Vec<&str> = table.iter().flat_map(|row| [row.0, row.1]).collect();
        self.reader.check_keys(node.as_field(), &known);
        for (field, negating, about) in table {
            self.demand(&mut clause, *about, field, node.field(field), false);
            self.demand(&mut clause, *about, field, node.field(negating), true);
        }
        clause
    }

    /// An element of `when`.
    pub(super) fn condition(&mut self, node: &Node) -> Clause {
        let mut clause = Clause::default();
        let Some(key) = node.text("key") else {
            clause.other.push(self.not_known("`when`", node));
            return clause;
        };
        let about = about(key);
        if about == About::Unknown {
            self.reader.refuse("attribute-unknown", &format!("`{}` is no attribute", mask(key)), node);
            clause.invalid = true;
        }
        self.demand(&mut clause, about, key, node.field("values"), false);
        self.demand(&mut clause, about, key, node.field("notValues"), true);
        clause
    }

    fn not_known(&self, what: &str, node: &Node) -> String {
        let why =
            node.as_unresolved().map_or_else(|| "cannot be read".to_owned(), |one| one.cause.describe());
        format!("{what} is not known ({why})")
    }

    /// Adds what the values of one field demand; an empty list demands nothing.
    fn demand(&mut self, clause: &mut Clause, about: About<'_>, key: &str, field: Field<'_>, negated: bool) {
        let list = match field {
            Field::Absent => return,
            Field::Unresolved(node, _) => {
                return clause.other.push(self.not_known(&format!("`{key}`"), node));
            }
            Field::Present(list) => list,
        };
        if !matches!(list.value, Value::List(_)) {
            self.reader.refuse("list-expected", &format!("`{}` is not a list", mask(key)), list);
            return clause.other.push(self.not_known(&format!("`{}`", mask(key)), list));
        }
        if list.items().is_empty() {
            return;
        }
        clause.below_http |= !matches!(about, About::Http(_) | About::RemoteAddress);
        match about {
            About::Port => self.ports(clause, list, negated),
            About::Http(what) => clause.http.push(text(what, list, negated)),
            About::RemoteAddress | About::Connection => clause.other.push(text(key, list, negated)),
            About::Unknown => {}
            _ => self.need(clause, about, list, negated),
        }
    }

    fn need(&mut self, clause: &mut Clause, about: About<'_>, list: &Node, negated: bool) {
        let mut any = Vec::new();
        for item in list.items() {
            match (item.as_str(), about) {
                (None, _) => any.push(PeerSpec::Unknown(self.reader.unknown("source", item))),
                (Some(_), About::SourceAddress) => any.extend(self.block(item)),
                (Some(value), About::Principal) => {
                    any.extend(self.principals.principal(self.reader.reading, value));
                }
                (Some(value), About::Namespace) => {
                    any.extend(self.principals.namespace(self.reader.reading, value));
                }
                (Some(value), About::Account) => {
                    any.extend(self.principals.account(self.reader.reading, value, self.own));
                }
                (Some(value), _) => any.extend(self.principals.domain(self.reader.reading, value)),
            }
        }
        let identity = about != About::SourceAddress;
        clause.needs.push(Need { term: Term { negated, any }, identity });
    }

    /// `10.0.0.0/8`, or one address.
    fn block(&mut self, item: &Node) -> Option<PeerSpec> {
        let single = item.as_str().and_then(|text| text.parse::<std::net::IpAddr>().ok());
        let span = match single {
            Some(address) => Some(Span::from(ipnet::IpNet::from(address))),
            None => self.reader.cidr(item),
        };
        span.map(|span| PeerSpec::Block(self.reader.reading.blocks.id(vec![span]), None))
    }

    fn ports(&mut self, clause: &mut Clause, list: &Node, negated: bool) {
        let mut ranges: Vec<PortRange> = Vec::new();
        for item in list.items() {
            let written = item.as_str().and_then(|text| text.parse::<u16>().ok());
            match written.or_else(|| item.as_int().and_then(|port| u16::try_from(port).ok())) {
                Some(port) => ranges.push(annotation::tcp(port)),
                None if item.as_unresolved().is_some() => {
                    clause.other.push(self.not_known("`ports`", item));
                    ranges.push(annotation::all_tcp());
                }
                None => self.reader.refuse("port-invalid", "`ports` holds numbers from 1 to 65535", item),
            }
        }
        let named = Ports::new(ranges);
        let named = if negated { every_port().minus(&named) } else { named };
        clause.ports = Some(clause.ports.as_ref().map_or(named.clone(), |ports| ports.intersection(&named)));
    }
}

/// Every port of TCP; what is not TCP passes proxies by.
pub(super) fn every_port() -> Ports {
    Ports::new(vec![PortRange { protocol: Protocol::Tcp, start: 0, end: u16::MAX }])
}

/// Attributes of `when` (istio.io, Authorization Policy Conditions).
fn about(key: &str) -> About<'_> {
    match key {
        "source.principal" => About::Principal,
        "source.namespace" => About::Namespace,
        "source.serviceAccount" => About::Account,
        "source.trustDomain" => About::Domain,
        "source.ip" => About::SourceAddress,
        "remote.ip" => About::RemoteAddress,
        "destination.port" => About::Port,
        "destination.ip" | "connection.sni" => About::Connection,
        _ if key.starts_with("request.headers[")
            || key.starts_with("request.auth.claims[")
            || matches!(
                key,
                "request.auth.principal" | "request.auth.audiences" | "request.auth.presenter"
            ) =>
        {
            About::Http(key)
        }
        _ if key.starts_with("experimental.envoy.filters.") => About::Connection,
        _ => About::Unknown,
    }
}

/// ``methods `GET`, `HEAD` `` or ``methods other than `GET` ``.
fn text(what: &str, list: &Node, negated: bool) -> String {
    let values: Vec<String> = list
        .items()
        .iter()
        .take(NAMED)
        .map(|value| format!("`{}`", mask(value.as_str().unwrap_or("?"))))
        .collect();
    let more = list.items().len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let other = if negated { " other than" } else { "" };
    format!("{}{other} {}{more}", mask(what), values.join(", "))
}
