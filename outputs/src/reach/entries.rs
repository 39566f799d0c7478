//! Ways in: what leads from outside the clusters to which pods, in sentences and as JSON.

use std::io::{self, Write};

use ringfence_model::fact::{
    AddressRange, Decision, Entry, Facing, Front, Listener, Passage, Peer, RuleAction, Seen, Side, Target,
    TargetEnd, Tls,
};
use ringfence_model::{Estate, Resource, ResourceId};

use super::names::{Names, rule};
use crate::json::Pen;
use crate::shown;

/// How many address ranges of a list are written.
const RANGES: usize = 6;

/// Writes every way in, one paragraph each.
pub fn write(out: &mut dyn Write, estate: &Estate, entries: &[Entry]) -> io::Result<()> {
    let page = Page { estate, names: Names::new(estate, &[]) };
    if entries.is_empty() {
        writeln!(out, "ways in: nothing that was read leads in from outside")?;
    }
    for entry in entries {
        page.entry(out, entry)?;
    }
    out.flush()
}

struct Page<'a> {
    estate: &'a Estate,
    names: Names<'a>,
}

impl Page<'_> {
    fn entry(&self, out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
        writeln!(out, "{} {}: {}", entry.way.as_str(), self.through(entry), self.front(entry))?;
        writeln!(out, "  lets in {}{}", clients(entry), listeners(&entry.listeners))?;
        for condition in &entry.conditions {
            writeln!(out, "  depends: {}", shown::line(condition))?;
        }
        if entry.targets.is_empty() {
            writeln!(out, "  leads nowhere")?;
        }
        for target in &entry.targets {
            self.target(out, target)?;
        }
        Ok(())
    }

    fn through(&self, entry: &Entry) -> String {
        let all: Vec<String> = entry.through.iter().map(|id| self.label(*id)).collect();
        all.join(" with ")
    }

    fn label(&self, id: ResourceId) -> String {
        let label = self.estate.resource(id).map(Resource::label).unwrap_or_default();
        shown::line(&label).into_owned()
    }

    fn front(&self, entry: &Entry) -> String {
        let shared = |what: &str| match &entry.group {
            Some(group) => format!("{what} of group `{}`", shown::line(group)),
            None => what.to_owned(),
        };
        match &entry.front {
            Front::ApplicationLoadBalancer => shared("an Application Load Balancer"),
            Front::NetworkLoadBalancer => shared("a Network Load Balancer"),
            Front::Lattice => "VPC Lattice".to_owned(),
            Front::Node => "any node".to_owned(),
            Front::Pods(pods) => {
                let pods: Vec<String> =
                    pods.iter().map(|pod| self.names.name(Peer::Workload(*pod))).collect();
                format!("the pods of {}", pods.join(", "))
            }
            Front::AbsentPods => "pods that are not in the input".to_owned(),
            Front::Unknown => "what serves it is not known".to_owned(),
        }
    }

    fn target(&self, out: &mut dyn Write, target: &Target) -> io::Result<()> {
        let ports = if target.ports.is_empty() { String::new() } else { format!(" {}", target.ports) };
        let service = target.service.map(|id| format!(" behind {}", self.label(id))).unwrap_or_default();
        let end = match &target.end {
            TargetEnd::Workload(id) => self.names.name(Peer::Workload(*id)),
            TargetEnd::Address(address) => format!("{address}, which no pod has"),
            TargetEnd::Name(name) => format!("the name {}", shown::line(name)),
            TargetEnd::Absent(what) => format!("{}, which is not in the input", shown::line(what)),
        };
        writeln!(out, "  leads to {end}{ports}{service}{}", seen(&target.seen))?;
        for passage in &target.passages {
            self.passage(out, target, passage)?;
        }
        Ok(())
    }

    fn passage(&self, out: &mut dyn Write, target: &Target, passage: &Passage) -> io::Result<()> {
        // Who the client is matters only where the pod sees it.
        let whom = match target.seen.contains(&Seen::Client) && target.passages.len() > 1 {
            true => format!("from {}: ", ranges(&passage.clients)),
            false => String::new(),
        };
        let open = passage.ingress.policies.is_empty() && passage.egress.policies.is_empty();
        let why = if open { "; no policy selects it" } else { "" };
        writeln!(out, "    {whom}{}{why}", decision(target, passage))?;
        if let Some(condition) = &passage.condition {
            writeln!(out, "      depends: {}", shown::line(condition))?;
        }
        self.side(out, "egress of the front", &passage.egress)?;
        self.side(out, "ingress", &passage.ingress)
    }

    fn side(&self, out: &mut dyn Write, direction: &str, side: &Side) -> io::Result<()> {
        for selecting in &side.policies {
            let selects = if selecting.certain { "selected by" } else { "perhaps selected by" };
            writeln!(out, "      {direction}: {selects} {}", rule(self.estate, &selecting.rule))?;
        }
        for matching in &side.rules {
            let verb = match matching.action {
                RuleAction::Allow => "allows",
                RuleAction::Deny => "denies",
                RuleAction::Pass => "passes on",
            };
            let perhaps = if matching.certain { "" } else { "perhaps " };
            let named = rule(self.estate, &matching.rule);
            writeln!(out, "      {direction}: {named} {perhaps}{verb} {}", matching.ports)?;
        }
        Ok(())
    }
}

/// What is open of the ports of a target, and what is not.
fn decision(target: &Target, passage: &Passage) -> String {
    let closed = target.ports.minus(&passage.allowed).minus(&passage.depends);
    let lets_in = passage.ingress.allowed.union(&passage.ingress.depends);
    let sends = passage.egress.policies.is_empty()
        || !passage.egress.allowed.union(&passage.egress.depends).is_empty();
    let by = match sends && !lets_in.intersection(&closed).is_empty() {
        true => "nothing gets to the front, so closed",
        false => "closed by policy",
    };
    let parts =
        [("open", passage.allowed.as_ref()), ("perhaps open", passage.depends.as_ref()), (by, &closed)];
    let parts = parts.into_iter().filter(|(_, ports)| !ports.is_empty());
    parts.map(|(what, ports)| format!("{what} on {ports}")).collect::<Vec<_>>().join("; ")
}

fn seen(seen: &[Seen]) -> String {
    let all: Vec<&str> = seen.iter().map(|seen| seen.as_str()).collect();
    if all.is_empty() { String::new() } else { format!(", which sees {}", all.join(" or ")) }
}

fn clients(entry: &Entry) -> String {
    let facing = match entry.clients.facing {
        Facing::Internet => "from the internet",
        Facing::Internal => "from the VPC and what is connected to it",
        Facing::NodeAddress => "from wherever a node can be reached",
        Facing::Unknown => "from the internet or the VPC, which is not known",
    };
    let groups = &entry.clients.security_groups;
    if !groups.is_empty() {
        let groups: Vec<_> = groups.iter().map(|group| shown::line(group)).collect();
        return format!("{facing} whom security groups let in ({})", groups.join(", "));
    }
    match entry.clients.ranges == AddressRange::everything() {
        true => format!("anyone {facing}"),
        false => format!("{} {facing}", ranges(&entry.clients.ranges)),
    }
}

fn ranges(all: &[AddressRange]) -> String {
    let named: Vec<String> = all.iter().take(RANGES).map(ToString::to_string).collect();
    match all.len().saturating_sub(RANGES) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn listeners(all: &[Listener]) -> String {
    let one = |listener: &Listener| format!("{}{}", port(listener), tls(listener.tls));
    let all: Vec<String> = all.iter().map(one).collect();
    if all.is_empty() { String::new() } else { format!(", on {}", all.join(", ")) }
}

fn port(listener: &Listener) -> String {
    let protocol = listener.port.protocol.as_str();
    match (listener.port.start, listener.port.end) {
        (1, u16::MAX) => format!("{protocol}, any port"),
        (start, end) if start == end => format!("{protocol} {start}"),
        (start, end) => format!("one of {protocol} {start}-{end}"),
    }
}

fn tls(tls: Tls) -> &'static str {
    match tls {
        Tls::No => "",
        Tls::Ends => " (TLS ends there)",
        Tls::PassesOn => " (TLS goes on to the pod)",
        Tls::Unknown => " (TLS or not)",
    }
}

/// Writes a JSON array of all ways in.
pub(super) fn list(pen: &mut Pen<'_>, estate: &Estate, entries: &[Entry]) -> io::Result<()> {
    let names = Names::new(estate, &[]);
    pen.raw("[");
    for entry in entries {
        pen.item()?;
        object(pen, estate, &names, entry);
    }
    pen.raw("]");
    Ok(())
}

fn object(pen: &mut Pen<'_>, estate: &Estate, names: &Names<'_>, entry: &Entry) {
    pen.raw("{\"way\":");
    pen.word(entry.way.as_str());
    pen.key("front");
    pen.word(front(&entry.front));
    if let Front::Pods(pods) = &entry.front {
        pen.key("pods");
        texts(pen, pods.iter().map(|pod| names.name(Peer::Workload(*pod))));
    }
    if let Some(group) = &entry.group {
        pen.key("group");
        pen.text(group);
    }
    pen.key("through");
    texts(pen, entry.through.iter().map(|id| estate.resource(*id).map(Resource::label).unwrap_or_default()));
    pen.key("facing");
    pen.word(entry.clients.facing.as_str());
    pen.key("clients");
    texts(pen, entry.clients.ranges.iter().map(ToString::to_string));
    pen.key("security-groups");
    texts(pen, entry.clients.security_groups.iter().map(ToString::to_string));
    pen.key("listeners");
    pen.raw("[");
    for (index, listener) in entry.listeners.iter().enumerate() {
        pen.raw(if index > 0 { ",{\"port\":" } else { "{\"port\":" });
        pen.word(&ringfence_model::fact::Ports::new(vec![listener.port]).to_string());
        pen.key("tls");
        pen.word(match listener.tls {
            Tls::No => "no",
            Tls::Ends => "ends",
            Tls::PassesOn => "passes-on",
            Tls::Unknown => "unknown",
        });
        pen.raw("}");
    }
    pen.raw("]");
    pen.key("conditions");
    texts(pen, entry.conditions.iter().map(ToString::to_string));
    pen.key("targets");
    pen.raw("[");
    for (index, one) in entry.targets.iter().enumerate() {
        pen.raw(if index > 0 { "," } else { "" });
        target(pen, estate, names, one);
    }
    pen.raw("]}");
}

fn front(front: &Front) -> &'static str {
    match front {
        Front::ApplicationLoadBalancer => "application-load-balancer",
        Front::NetworkLoadBalancer => "network-load-balancer",
        Front::Lattice => "lattice",
        Front::Node => "node",
        Front::Pods(_) => "pods",
        Front::AbsentPods => "absent-pods",
        Front::Unknown => "unknown",
    }
}

fn target(pen: &mut Pen<'_>, estate: &Estate, names: &Names<'_>, target: &Target) {
    let (key, text) = match &target.end {
        TargetEnd::Workload(id) => ("workload", names.name(Peer::Workload(*id))),
        TargetEnd::Address(address) => ("address", address.to_string()),
        TargetEnd::Name(name) => ("dns", name.to_string()),
        TargetEnd::Absent(what) => ("absent", what.to_string()),
    };
    pen.raw("{");
    pen.raw("\"");
    pen.raw(key);
    pen.raw("\":");
    pen.text(&text);
    if let Some(service) = target.service.and_then(|id| estate.resource(id)) {
        pen.key("service");
        pen.text(&service.label());
    }
    pen.key("ports");
    pen.word(&target.ports.to_string());
    pen.key("seen-as");
    texts(pen, target.seen.iter().map(|seen| seen.as_str().to_owned()));
    pen.key("passages");
    pen.raw("[");
    for (index, one) in target.passages.iter().enumerate() {
        pen.raw(if index > 0 { "," } else { "" });
        passage(pen, estate, one);
    }
    pen.raw("]}");
}

fn passage(pen: &mut Pen<'_>, estate: &Estate, passage: &Passage) {
    pen.raw("{\"clients\":");
    texts(pen, passage.clients.iter().map(ToString::to_string));
    pen.key("decision");
    pen.word(match passage.decision() {
        Decision::Allow => "allow",
        Decision::Deny => "deny",
        Decision::Depends(_) => "depends",
    });
    pen.key("allowed");
    pen.word(&passage.allowed.to_string());
    pen.key("depends");
    pen.word(&passage.depends.to_string());
    if let Some(condition) = &passage.condition {
        pen.key("condition");
        pen.text(condition);
    }
    pen.key("rules");
    let sides = [&passage.egress, &passage.ingress].into_iter();
    texts(pen, sides.flat_map(|side| &side.rules).map(|matching| rule(estate, &matching.rule)));
    pen.raw("}");
}

fn texts(pen: &mut Pen<'_>, all: impl Iterator<Item = String>) {
    pen.raw("[");
    for (index, text) in all.enumerate() {
        pen.raw(if index > 0 { "," } else { "" });
        pen.text(&text);
    }
    pen.raw("]");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ringfence_model::fact::{Clients, PortRange, Ports, Protocol, Way};

    use super::*;
    use crate::fixture::Fixture;

    fn tcp(port: u16) -> PortRange {
        PortRange { protocol: Protocol::Tcp, start: port, end: port }
    }

    fn entry(estate: &Estate) -> Entry {
        let web = estate.find("cde/web[Deployment]")[0];
        let id = estate.workload_of(web).unwrap();
        let ports = Arc::new(Ports::new(vec![tcp(8080)]));
        let passage = |first: &str, last: &str, open: bool| Passage {
            clients: vec![AddressRange { first: first.parse().unwrap(), last: last.parse().unwrap() }],
            allowed: if open { Arc::clone(&ports) } else { Arc::default() },
            depends: Arc::default(),
            condition: None,
            egress: Side::default(),
            ingress: Side::default(),
        };
        Entry {
            way: Way::LoadBalancer,
            front: Front::NetworkLoadBalancer,
            through: vec![web],
            group: None,
            cluster: None,
            clients: Clients::everyone(Facing::Internet),
            addresses: Vec::new(),
            listeners: vec![Listener { port: tcp(443), tls: Tls::Ends }],
            targets: vec![Target {
                end: TargetEnd::Workload(id),
                service: None,
                ports: Arc::clone(&ports),
                seen: vec![Seen::Client],
                conditions: Vec::new(),
                passages: vec![
                    passage("0.0.0.0", "9.255.255.255", false),
                    passage("10.0.0.0", "10.255.255.255", true),
                ],
            }],
            via: Vec::new(),
            conditions: vec!["card 4111111111111111 is not known".into()],
            location: None,
        }
    }

    #[test]
    fn a_way_in_is_a_paragraph_and_no_card_number_leaves() {
        let (fixture, _) = Fixture::new(&[], &["web"]);
        let mut out = Vec::new();
        write(&mut out, &fixture.estate, &[entry(&fixture.estate)]).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        load balancer cde/web[Deployment]: a Network Load Balancer
          lets in anyone from the internet, on TCP 443 (TLS ends there)
          depends: card ************1111 is not known
          leads to cde/web[Deployment] TCP 8080, which sees the client's own address
            from 0.0.0.0-9.255.255.255: closed by policy on TCP 8080; no policy selects it
            from 10.0.0.0-10.255.255.255: open on TCP 8080; no policy selects it
        ");
        let mut out = Vec::new();
        write(&mut out, &fixture.estate, &[]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "ways in: nothing that was read leads in from outside\n");
    }

    #[test]
    fn json_is_json() {
        let (fixture, _) = Fixture::new(&[], &["web"]);
        let mut out = Vec::new();
        let mut pen = Pen::new(&mut out);
        list(&mut pen, &fixture.estate, &[entry(&fixture.estate)]).unwrap();
        pen.finish().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value[0]["facing"], "internet-facing");
        assert_eq!(value[0]["targets"][0]["passages"][1]["decision"], "allow");
        assert!(!String::from_utf8(out).unwrap().contains("4111111111111111"));
    }
}
