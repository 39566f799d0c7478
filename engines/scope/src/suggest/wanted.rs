//! Declared connections that concern a namespace: from whom, to whom, on which ports, and why.

use ipnet::IpNet;
use ringfence_model::declaration::{Declaration, Hop, Located, RegisterEntry};
use ringfence_model::fact::{PortRange, Ports};
use ringfence_model::{Diagnostic, Estate, Location, Text, WorkloadId};

use ringfence_reach::Reach;

use super::door::Doors;
use super::party::{Gap, Parties, Resolver};
use super::port::Behind;
use super::{Home, port};

/// One end of one connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Party {
    Pods(WorkloadId),
    Namespace(Text),
    Block(IpNet),
    Internet,
}

/// A connection to be allowed.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) from: Vec<Party>,
    /// Who answers, each on ports of its own.
    pub(super) to: Vec<(Party, Ports)>,
    /// What declares it, one clause.
    pub(super) because: String,
}

/// What is declared and left out.
#[derive(Clone, Debug)]
pub(super) struct LeftOut {
    /// The parties of the namespace that it concerns; none where they are not known.
    pub(super) parties: Vec<Party>,
    /// One clause.
    pub(super) text: String,
}

/// All that is declared for a namespace.
#[derive(Debug, Default)]
pub(super) struct AllWanted {
    pub(super) wanted: Vec<Wanted>,
    pub(super) left_out: Vec<LeftOut>,
    internet: Vec<String>,
}

impl AllWanted {
    /// Whether nothing is declared, left out or not.
    pub(super) fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.left_out.is_empty()
    }

    /// What is left out and concerns no workload that is known.
    pub(super) fn unplaced(&self) -> impl Iterator<Item = String> {
        self.left_out.iter().filter(|one| one.parties.is_empty()).map(|one| one.text.clone())
    }

    /// What a reader should look at twice.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.internet.is_empty() {
            notes.push(format!(
                "the internet is open where it is declared ({}); behind a load balancer that does not keep client \
                 addresses, connections come from its own: declare its subnets",
                self.internet.join(", ")
            ));
        }
        notes
    }
}

/// Collects what hops and the register declare for `home`.
pub(super) fn collect(
    estate: &Estate,
    declaration: &Declaration,
    reach: &Reach,
    home: &Home,
    diagnostics: &mut Vec<Diagnostic>,
) -> AllWanted {
    let resolver = Resolver::new(estate, declaration, home);
    let doors = Doors::new(estate, reach);
    let mut collector = Collector { estate, home, resolver, doors, all: AllWanted::default(), diagnostics };
    for flow in declaration.flows.iter().flatten() {
        flow.hops.iter().for_each(|hop| collector.hop(&flow.id, hop));
    }
    declaration.register.iter().flatten().for_each(|entry| collector.entry(entry));
    collector.all
}

struct Collector<'a, 'd> {
    estate: &'a Estate,
    home: &'a Home,
    resolver: Resolver<'a>,
    doors: Doors<'a>,
    all: AllWanted,
    diagnostics: &'d mut Vec<Diagnostic>,
}

/// What declares a connection.
struct Source {
    because: String,
    location: Option<Location>,
}

impl Collector<'_, '_> {
    fn hop(&mut self, flow: &str, hop: &Hop) {
        let because = format!("flow `{flow}`, hop `{}`", *hop.id);
        let source = Source { because, location: hop.location.or(hop.id.location) };
        let (from, to) = (self.resolver.endpoint(&hop.from), self.resolver.endpoint(&hop.to));
        self.connection(source, from, to, &hop.ports);
    }

    fn entry(&mut self, entry: &RegisterEntry) {
        let purpose = entry.purpose.as_ref().map_or(String::new(), |text| format!(" ({text})"));
        let because = format!("register, `{}` to `{}`{purpose}", *entry.from, *entry.to);
        let source = Source { because, location: entry.from.location };
        for word in [&entry.from, &entry.to] {
            self.doubts(word);
        }
        let (from, to) = (self.resolver.word(&entry.from), self.resolver.word(&entry.to));
        self.connection(source, from, to, &entry.ports);
    }

    fn doubts(&mut self, word: &Located<Text>) {
        for (id, missing) in self.resolver.doubts(word) {
            let label = self.estate.workload(id).map(|one| one.label()).unwrap_or_default();
            let message = format!("whether `{label}` is of class `{}` is not known: {}", **word, missing.why);
            let diagnostic = Diagnostic::error("suggest-class-unknown", message).at(word.location);
            self.diagnostics.push(
                diagnostic.help("name the workload in the register, or settle its class under `classes:`"),
            );
        }
    }

    fn connection(
        &mut self,
        source: Source,
        from: Result<Parties, Gap>,
        to: Result<Parties, Gap>,
        ports: &[Located<PortRange>],
    ) {
        let near = |end: &Result<Parties, Gap>| end.as_ref().map(|end| self.at_home(end)).unwrap_or_default();
        let parties = [near(&from), near(&to)].concat();
        let named_here = [&from, &to]
            .into_iter()
            .any(|end| end.as_ref().is_err_and(|gap| gap.namespace.as_ref() == Some(&self.home.namespace)));
        if parties.is_empty() && !named_here {
            return;
        }
        match (from, to) {
            (Ok(from), Ok(to)) if ports.is_empty() => {
                let gap = Gap::new("its ports are not declared", "write `ports:`, e.g. `443/TCP`");
                drop((from, to));
                self.leave_out(&source, parties, &gap);
            }
            (Ok(from), Ok(to)) => {
                let ports = Ports::new(ports.iter().map(|port| port.value).collect());
                self.allow(source, &from, &to, &ports);
            }
            (Err(gap), Ok(to)) if gap.is_outside => {
                let ports = Ports::new(ports.iter().map(|port| port.value).collect());
                let gap = self.through_door(gap, &to, &ports);
                self.leave_out(&source, parties, &gap);
            }
            (from, to) => {
                let gaps: Vec<Gap> = from.err().into_iter().chain(to.err()).collect();
                gaps.iter().for_each(|gap| self.leave_out(&source, parties.clone(), gap));
            }
        }
    }

    fn allow(&mut self, source: Source, from: &Parties, to: &Parties, ports: &Ports) {
        let mut answering = Vec::new();
        for party in parties(to) {
            let Behind { ports, gaps } = self.at_pods(to, &party, ports);
            for why in gaps {
                let near = [self.at_home(from), self.at_home(to)].concat();
                let help = "declare a port that the Service has, or name the workload itself";
                self.leave_out(&source, near, &Gap::new(why, help));
            }
            if !ports.is_empty() && self.is_seen(&source, from, &party, &ports) {
                self.hint(&source, to, &party, &ports);
                answering.push((party, ports));
            }
        }
        if answering.is_empty() {
            return;
        }
        if [from, to].into_iter().any(|end| *end == Parties::Internet) {
            self.all.internet.push(source.because.clone());
        }
        self.all.wanted.push(Wanted { from: parties(from), to: answering, because: source.because });
    }

    fn at_pods(&self, to: &Parties, party: &Party, ports: &Ports) -> Behind {
        match (to, party) {
            (Parties::Service(service, _), Party::Pods(id)) => {
                port::behind(self.estate, *service, *id, ports)
            }
            _ => Behind { ports: ports.clone(), gaps: Vec::new() },
        }
    }

    /// Whether pods see the addresses of `from`. The internet is not opened where they never do.
    fn is_seen(&mut self, source: &Source, from: &Parties, party: &Party, ports: &Ports) -> bool {
        let outside = matches!(from, Parties::Blocks(_) | Parties::Internet);
        let (true, Party::Pods(id)) = (outside, party) else { return true };
        let Some(workload) = self.estate.workload(*id).filter(|one| self.home.holds(one)) else {
            return true;
        };
        let Some(door) = self.doors.before(self.home.cluster.as_ref(), *id, ports) else { return true };
        let to = format!("{}/{}", workload.namespace, workload.name);
        if *from == Parties::Internet {
            self.leave_out(source, vec![party.clone()], &Gap::new(door.why(), door.help(&to)));
            return false;
        }
        self.diagnostics.push(door.diagnostic(&source.because, &to).at(source.location));
        true
    }

    /// Someone without addresses: what the pods see of them may be known all the same.
    fn through_door(&self, gap: Gap, to: &Parties, ports: &Ports) -> Gap {
        let (Parties::Pods(ids) | Parties::Service(_, ids)) = to else { return gap };
        let cluster = self.home.cluster.as_ref();
        let found = ids.iter().find_map(|id| Some((*id, self.doors.before(cluster, *id, ports)?)));
        let Some((id, door)) = found else { return gap };
        let to = self.estate.workload(id).map(|one| format!("{}/{}", one.namespace, one.name));
        Gap {
            why: format!("{}, and {}", gap.why, door.why()),
            help: door.help(&to.unwrap_or_default()),
            ..gap
        }
    }

    /// A port that a Service has and the pods do not is likely not meant for the pods.
    fn hint(&mut self, source: &Source, to: &Parties, party: &Party, ports: &Ports) {
        let (Parties::Pods(_), Party::Pods(id)) = (to, party) else { return };
        let Some((service, behind)) = port::elsewhere(self.estate, *id, ports) else { return };
        let label = self.estate.workload(*id).map(|one| one.label()).unwrap_or_default();
        let message = format!(
            "{}: no container of `{label}` says that it listens on {ports}, and the Service `{service}` hands it on \
             to {behind}",
            source.because
        );
        self.diagnostics.push(
            Diagnostic::warning("suggest-port-of-service", message).at(source.location).help(format!(
                "if clients call the Service, write `service: {service}`, else the pods' own port"
            )),
        );
    }

    fn leave_out(&mut self, source: &Source, parties: Vec<Party>, gap: &Gap) {
        let message = format!("{} is left out of the suggestion: {}", source.because, gap.why);
        let diagnostic = Diagnostic::error("suggest-left-out", message).at(source.location);
        self.diagnostics.push(diagnostic.help(gap.help.clone()));
        self.all.left_out.push(LeftOut { parties, text: format!("{}: {}", source.because, gap.why) });
    }

    /// The parties of the namespace itself.
    fn at_home(&self, end: &Parties) -> Vec<Party> {
        let mut parties = parties(end);
        parties.retain(|party| match party {
            Party::Pods(id) => self.estate.workload(*id).is_some_and(|one| self.home.holds(one)),
            Party::Namespace(name) => *name == self.home.namespace,
            Party::Block(_) | Party::Internet => false,
        });
        parties
    }
}

fn parties(end: &Parties) -> Vec<Party> {
    match end {
        Parties::Pods(ids) | Parties::Service(_, ids) => ids.iter().map(|id| Party::Pods(*id)).collect(),
        Parties::Namespace(name) => vec![Party::Namespace(name.clone())],
        Parties::Blocks(nets) => nets.iter().map(|net| Party::Block(*net)).collect(),
        Parties::Internet => vec![Party::Internet],
    }
}
