//! Rules: `ingress`, `ingressDeny`, `egress` and `egressDeny`.
//!
//! A rule without peers and ports opens nothing, and isolates all the same; one with ports alone is for
//! everyone; an empty list of peers is for no one (`pkg/policy/rule.go`, `pkg/policy/utils`).

use ringfence_model::fact::RuleAction;
use ringfence_model::{Diagnostic, Field, Node, Value};

use super::around::Around;
use super::config::Config;
use super::entity::{Clusters, Peers, not_among, outside_of};
use super::port::OnPorts;
use super::selector::Own;
use crate::condition::Certainty;
use crate::policy::{Direction, PeerSpec, Reader, Rule, RuleId, Term};

/// Reads the rules of one object.
pub(super) struct RuleReader<'r, 'a, 'e> {
    pub(super) base: Reader<'r, 'a>,
    pub(super) around: &'e Around<'e>,
    /// Absent for a policy of the whole cluster.
    pub(super) namespace: Own,
    /// Whether the policy is for pods that are starting.
    pub(super) matches_init: bool,
    /// Whether the rules at hand deny.
    pub(super) denies: bool,
}

/// A key of peers, and how one element of it is read.
type Kind = (&'static str, fn(&mut RuleReader<'_, '_, '_>, &Node, &mut Peers));

const INGRESS: [Kind; 7] = [
    ("fromEndpoints", |reader, item, peers| reader.select(item, peers)),
    ("fromCIDR", |reader, item, peers| peers.specs.push(reader.cidr(item))),
    ("fromCIDRSet", |reader, item, peers| peers.specs.extend(reader.cidr_rule(item))),
    ("fromEntities", |reader, item, peers| reader.entity(item, peers)),
    ("fromNodes", |reader, item, peers| reader.nodes(item, peers)),
    ("fromGroups", |reader, item, peers| reader.security_group(item, peers)),
    ("fromRequires", |_, _, _| {}),
];

const EGRESS: [Kind; 9] = [
    ("toEndpoints", |reader, item, peers| reader.select(item, peers)),
    ("toCIDR", |reader, item, peers| peers.specs.push(reader.cidr(item))),
    ("toCIDRSet", |reader, item, peers| peers.specs.extend(reader.cidr_rule(item))),
    ("toEntities", |reader, item, peers| reader.entity(item, peers)),
    ("toNodes", |reader, item, peers| reader.nodes(item, peers)),
    ("toGroups", |reader, item, peers| reader.security_group(item, peers)),
    ("toServices", |reader, item, peers| reader.select_services(item, peers)),
    ("toFQDNs", |reader, item, peers| reader.dns_name(item, peers)),
    ("toRequires", |_, _, _| {}),
];

/// Keys whose empty list matches no one.
const EMPTY_IS_NOBODY: [&str; 10] = [
    "fromEndpoints",
    "fromCIDR",
    "fromCIDRSet",
    "fromEntities",
    "fromNodes",
    "toEndpoints",
    "toCIDR",
    "toCIDRSet",
    "toEntities",
    "toNodes",
];

fn kinds(direction: Direction) -> &'static [Kind] {
    match direction {
        Direction::Ingress => &INGRESS,
        Direction::Egress => &EGRESS,
    }
}

impl<'e> RuleReader<'_, '_, 'e> {
    pub(super) fn config(&self) -> Config<'e> {
        self.around.cluster(self.base.cluster).map(|cluster| cluster.config).unwrap_or_default()
    }

    /// What one rule says; several rules where its elements differ in what they ask for.
    pub(super) fn rule(&mut self, direction: Direction, element: &str, item: &Node) -> Vec<Rule> {
        let action = if self.denies { RuleAction::Deny } else { RuleAction::Allow };
        if item.as_unresolved().is_some() {
            let condition = self.base.unknown(element, item);
            return vec![self.base.unknown_rule(element, action, item, condition)];
        }
        let id = self.base.reading.rule(self.base.id, element, item.location());
        self.check_rule(direction, item);
        let (given, peers) = self.peers(direction, item);
        let mut rules = self.required(direction, id, item);
        let ports = self.destination_ports(item);
        let icmp = self.only_icmp(item, ports.is_some());
        let ports = match ports {
            Some(ports) => ports,
            None if icmp => vec![OnPorts { ports: Vec::new(), when: None }],
            // Without peers and ports it matches nothing.
            None if !given => return rules,
            None => {
                let rule = Rule { id, action, peers, ports: None, when: None };
                rules.extend(self.authenticated(item, rule));
                return rules;
            }
        };
        for OnPorts { ports, when } in ports {
            let rule = Rule { id, action, peers: peers.clone(), ports: Some(ports), when };
            rules.extend(self.authenticated(item, rule));
        }
        rules
    }

    fn check_rule(&mut self, direction: Direction, item: &Node) {
        let mut known: Vec<&str> = kinds(direction).iter().map(|(key, _)| *key).collect();
        known.extend(["toPorts", "icmps"]);
        if self.denies {
            known.retain(|key| *key != "toFQDNs");
        } else {
            known.push("authentication");
        }
        self.base.check_keys(item.as_field(), &known);
        if !self.denies && direction == Direction::Ingress {
            let lists = item.get("toPorts").map(Node::items).unwrap_or_default();
            if lists.iter().any(|ports| ports.get("rules.dns").is_some()) {
                self.base.refuse("rules-invalid", "`dns` rules belong in `egress`", item);
            }
        }
    }

    /// Whether any kind of peer is given, and the peers; `None` for everyone.
    fn peers(&mut self, direction: Direction, item: &Node) -> (bool, Option<Vec<PeerSpec>>) {
        let mut peers = Peers::default();
        let mut given = 0;
        for (key, read) in kinds(direction).iter().filter(|(key, _)| !key.ends_with("Requires")) {
            match item.field(key) {
                Field::Absent => {}
                Field::Unresolved(node, _) => {
                    given += 1;
                    peers.specs.push(PeerSpec::Unknown(self.base.unknown(key, node)));
                }
                Field::Present(Node { value: Value::List(items), .. }) => {
                    given += usize::from(!items.is_empty());
                    peers.nobody |= items.is_empty() && EMPTY_IS_NOBODY.contains(key);
                    items.iter().for_each(|one| read(self, one, &mut peers));
                }
                Field::Present(node) => {
                    given += 1;
                    self.base.refuse("list-expected", &format!("`{key}` is not a list"), node);
                    peers.specs.push(PeerSpec::Unknown(self.base.unknown(key, node)));
                }
            }
        }
        if given > 1 {
            self.base.refuse("peers-combined", "a rule has peers of one kind", item);
        }
        // `toFQDNs: []` and the like count as left out.
        let any = given > 0 || peers.nobody;
        peers.everyone |= !any;
        (any, peers.finish(self.base.cluster, self.base.reading))
    }

    fn entity(&mut self, item: &Node, peers: &mut Peers) {
        let clusters = Clusters {
            own: self.base.cluster,
            all: self.around.clusters.iter().map(|cluster| cluster.id).collect(),
        };
        match item.as_str() {
            Some(name) => {
                if !peers.add_entity(name, &clusters, self.base.reading) {
                    self.base.refuse("entity-unknown", &format!("`{name}` is not an entity"), item);
                    peers.specs.push(PeerSpec::Unknown(self.base.unknown("entity", item)));
                }
            }
            None => peers.specs.push(PeerSpec::Unknown(self.base.unknown("entity", item))),
        }
    }

    /// Other nodes by label: which of them is not known.
    fn nodes(&mut self, item: &Node, peers: &mut Peers) {
        if self.config().switch("enable-node-selector-labels", false) == Ok(false) {
            let message = "nodes are peers only with `enable-node-selector-labels` in `cilium-config`";
            self.base.refuse("nodes-not-enabled", message, item);
        }
        let condition =
            self.base.reading.conditions.id("which nodes a selector of nodes selects is not known");
        peers.add(super::entity::Reserved::RemoteNode, Some(condition));
    }

    /// Security groups of AWS: which addresses they have is not computed.
    fn security_group(&mut self, item: &Node, peers: &mut Peers) {
        let message = format!("security groups as peers are not evaluated (in `{}`)", self.base.label);
        self.base.reading.diagnostics.push(
            Diagnostic::warning("groups-not-evaluated", message)
                .at(item.location())
                .help("what they open is reported as depends; name address blocks instead"),
        );
        let condition = self.base.reading.conditions.id("which addresses a security group has is not known");
        let spec = outside_of(self.base.cluster, Some(condition), self.base.reading);
        peers.specs.push(spec);
    }

    /// A destination by name. `*` is within one label, `**.` before a name stands for any number of labels.
    fn dns_name(&mut self, item: &Node, peers: &mut Peers) {
        self.base.check_keys(item.as_field(), &["matchName", "matchPattern"]);
        let text = |key: &str| item.field(key).node().map(Node::as_str);
        let (name, pattern) = match (text("matchName"), text("matchPattern")) {
            (Some(Some(name)), None) => (name, false),
            (None, Some(Some(pattern))) => (pattern, true),
            (Some(None), _) | (_, Some(None)) => {
                return peers.specs.push(PeerSpec::Unknown(self.base.unknown("toFQDNs", item)));
            }
            _ => {
                self.base.refuse("name-invalid", "one of `matchName` and `matchPattern` is needed", item);
                return peers.specs.push(PeerSpec::Unknown(self.base.unknown("toFQDNs", item)));
            }
        };
        let known =
            |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) || pattern && byte == b'*';
        if name.is_empty() || !name.bytes().all(known) {
            self.base.refuse("name-invalid", "a DNS name has letters, digits, `-`, `_` and `.`", item);
            return peers.specs.push(PeerSpec::Unknown(self.base.unknown("toFQDNs", item)));
        }
        let dns = &mut self.base.reading.dns;
        // A pattern of stars alone matches every name.
        let anywhere = name.starts_with("**.") || name.trim_end_matches('.').bytes().all(|byte| byte == b'*');
        peers.specs.push(PeerSpec::Name(if pattern && !anywhere {
            dns.id_by_label(name)
        } else {
            dns.id(name)
        }));
    }

    /// `fromRequires`: until Cilium 1.17 peers that do not meet it were left out of every rule; since then
    /// such a policy is refused.
    fn required(&mut self, direction: Direction, id: RuleId, item: &Node) -> Vec<Rule> {
        let key = kinds(direction).last().map_or("", |(key, _)| *key);
        let field = item.field(key);
        let items = match field {
            Field::Absent => return Vec::new(),
            Field::Present(list) => list.items(),
            Field::Unresolved(..) => &[],
        };
        if items.is_empty() && !matches!(field, Field::Unresolved(..)) {
            return Vec::new();
        }
        let message =
            format!("`{key}` is not in force in recent versions of Cilium, which refuse the policy");
        self.base.refuse("requires-removed", &message, item);
        let mut peers = Peers::default();
        items.iter().for_each(|one| self.select(one, &mut peers));
        let met = peers.finish(self.base.cluster, self.base.reading).unwrap_or_default();
        let condition =
            self.base.reading.conditions.id(&format!("whether Cilium knows `{key}` is not known"));
        let terms: Box<[Term]> = [not_among(met)].into();
        let peers = Some(vec![PeerSpec::Each(terms)]);
        vec![Rule { id, action: RuleAction::Deny, peers, ports: None, when: Some(condition) }]
    }

    /// Whether the rule is about ICMP alone, which is no connection that is looked at.
    fn only_icmp(&mut self, item: &Node, has_ports: bool) -> bool {
        let Some(icmps) = item.field("icmps").node() else { return false };
        if icmps.as_unresolved().is_none() && icmps.items().is_empty() {
            return false;
        }
        if has_ports {
            self.base.refuse("icmps-combined", "`icmps` and `toPorts` belong in rules of their own", icmps);
        }
        let message = format!("a rule of `{}` is about ICMP, which is not looked at", self.base.label);
        self.base.reading.diagnostics.push(
            Diagnostic::note("icmp-not-evaluated", message)
                .at(icmps.location())
                .help("connections of TCP, UDP and SCTP are not affected by it"),
        );
        true
    }

    /// What is required to be authenticated is so whatever other rules open it, unless they say otherwise.
    fn authenticated(&mut self, item: &Node, rule: Rule) -> Vec<Rule> {
        let when: Certainty = match (item.field("authentication"), item.text("authentication.mode")) {
            (Field::Absent, _) | (_, Some("disabled")) => return vec![rule],
            (_, Some("required")) => {
                let label = &self.base.label;
                let text = format!("`{label}` opens a connection only if both ends are authenticated");
                Some(self.base.reading.conditions.id(&text))
            }
            (Field::Unresolved(node, _), _) => Some(self.base.unknown("authentication", node)),
            (Field::Present(node), _) => Some(self.base.unknown("authentication", node)),
        };
        let Rule { id, action, peers, ports, when: narrowed } = rule;
        let deny = Rule { id, action: RuleAction::Deny, peers: peers.clone(), ports: ports.clone(), when };
        vec![deny, Rule { id, action, peers, ports, when: narrowed.or(when) }]
    }
}
