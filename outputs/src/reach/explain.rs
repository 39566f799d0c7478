//! Edges explained as a colleague would: the answer first, then each side, rule by rule, with the place of
//! each. Rules are told in words; the engine says which ones decide, and which ports names resolve to.

mod rule;
mod words;

use std::io::{self, Write};

use ringfence_model::fact::{DecidingRule, Edge, Landmark, Matching, Peer, RuleAction, Side};
use ringfence_model::{Estate, Resource, ResourceId, Text};
use rustc_hash::FxHashMap;

use self::rule::{Phrase, Way};
use super::graph::in_words;
use super::names::Names;
use crate::prose::{counted, grouped, wrap};
use crate::{excerpt, shown};

/// How many members of a class are named.
const NAMED: usize = 3;
/// Rules told at most of those that do not match.
const TOLD: usize = 6;
/// Columns of text.
const COLUMNS: usize = 100;

/// Writes `edges`, a paragraph each; `names` are the DNS names that peers refer to.
pub fn write(out: &mut dyn Write, estate: &Estate, edges: &[Edge], names: &[Text]) -> io::Result<()> {
    let page = Page::new(estate, names);
    for (index, edge) in edges.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        page.edge(out, edge)?;
    }
    out.flush()
}

struct Page<'a> {
    estate: &'a Estate,
    names: Names<'a>,
    /// How many workloads have a namespace and name in common.
    alike: FxHashMap<(&'a str, &'a str), usize>,
}

impl<'a> Page<'a> {
    fn new(estate: &'a Estate, names: &'a [Text]) -> Self {
        let mut alike = FxHashMap::default();
        for workload in estate.workloads() {
            *alike.entry((workload.namespace.as_str(), workload.name.as_str())).or_default() += 1;
        }
        Self { estate, names: Names::new(estate, names), alike }
    }

    fn edge(&self, out: &mut dyn Write, edge: &Edge) -> io::Result<()> {
        let (from, to) = (self.members(&edge.from), self.members(&edge.to));
        paragraph(out, "", "", &started(self.conclusion(edge, &from, &to)))?;
        if edge.from.iter().any(|peer| matches!(peer, Peer::Workload(_))) {
            self.side(out, Way::Out, (&from, &to), &edge.egress)?;
        }
        if edge.to.iter().any(|peer| matches!(peer, Peer::Workload(_))) {
            self.side(out, Way::In, (&to, &from), &edge.ingress)?;
        }
        Ok(())
    }

    fn members(&self, peers: &[Peer]) -> String {
        let range = |peer: &Peer| if let Peer::External(range) = peer { Some(*range) } else { None };
        let ranges: Vec<_> = peers.iter().filter_map(range).collect();
        let others: Vec<Peer> = peers.iter().copied().filter(|peer| range(peer).is_none()).collect();
        let mut named: Vec<String> = others.iter().take(NAMED).map(|peer| self.member(*peer)).collect();
        let more = others.len().saturating_sub(NAMED);
        named.extend((more > 0).then(|| format!("{more} more")));
        named.extend((!ranges.is_empty()).then(|| in_words(&ranges)));
        words::list(&named, "and")
    }

    /// The name as people say it: without its kind, unless several workloads share it.
    fn member(&self, peer: Peer) -> String {
        match peer {
            Peer::Workload(id) => {
                let name = self.names.name(peer);
                let workload = self.estate.workload(id);
                let key = workload.map(|one| (one.namespace.as_str(), one.name.as_str())).unwrap_or_default();
                match self.alike.get(&key) {
                    Some(1) => name.split('[').next().unwrap_or_default().to_owned(),
                    _ => name,
                }
            }
            Peer::External(range) => in_words(&[range]),
            Peer::Landmark(Landmark::OwnNode) => "the node that the pod runs on".to_owned(),
            Peer::Landmark(Landmark::OtherNodes) => "the other nodes of the cluster".to_owned(),
            Peer::Landmark(Landmark::ControlPlane) => "the control plane".to_owned(),
            Peer::Name(_) => self.names.name(peer),
        }
    }

    fn conclusion(&self, edge: &Edge, from: &str, to: &str) -> String {
        let ports = |ports| words::ports(ports);
        let condition = edge.condition.as_deref().unwrap_or("something that is not known");
        match (edge.allowed.is_empty(), edge.depends.is_empty()) {
            (true, true) => format!("{from} cannot reach {to} on any port: {}.", closed(edge, from, to)),
            (false, true) => match open_to_all(edge) {
                Some(why) => format!("{from} can reach {to} on every port: {why}."),
                None => format!("{from} can reach {to} on {} and nothing else.", ports(&edge.allowed)),
            },
            (true, false) => format!(
                "{from} may or may not reach {to} on {}, and on nothing else; that depends: {condition}.",
                ports(&edge.depends)
            ),
            (false, false) => format!(
                "{from} can reach {to} on {}, and may or may not on {}; that depends: {condition}.",
                ports(&edge.allowed),
                ports(&edge.depends)
            ),
        }
    }

    /// What one side says: which policies select it, which rules match, or what they allow instead.
    fn side(&self, out: &mut dyn Write, way: Way, (own, other): (&str, &str), side: &Side) -> io::Result<()> {
        let start = if way == Way::Out { "Out of" } else { "Into" };
        let direction = way.key();
        if unguarded(side) {
            let text = format!("{start} {own}: no policy selects it for {direction}, so everything is open.");
            return paragraph(out, "  ", "  ", &text);
        }
        let count = match side.policies.len() {
            1 => "one policy selects it".to_owned(),
            count => format!("{} policies select it", grouped(count)),
        };
        let open = match (side.rules.is_empty(), side.allowed.is_empty(), side.depends.is_empty()) {
            (true, true, true) if side.policies.len() == 1 => format!("none of its rules matches {other}"),
            (true, true, true) => format!("none of their rules matches {other}"),
            (_, true, true) => "nothing is open".to_owned(),
            (_, false, true) => format!("{} is open", words::ports(&side.allowed)),
            (_, true, false) => format!("{} may be open", words::ports(&side.depends)),
            (_, false, false) => {
                format!("{} is open, {} may be", words::ports(&side.allowed), words::ports(&side.depends))
            }
        };
        paragraph(out, "  ", "  ", &format!("{start} {own}: {count} for {direction}, and {open}."))?;
        for selecting in side.policies.iter().filter(|selecting| !selecting.certain) {
            let text = format!("{} may or may not select it", self.policy(selecting.rule.policy));
            item(out, &text, &self.place(&selecting.rule))?;
        }
        for matching in &side.rules {
            item(out, &self.matching(matching, way), &self.place(&matching.rule))?;
        }
        if side.rules.is_empty() { self.instead(out, way, side) } else { Ok(()) }
    }

    /// A rule that matches, with the ports that it resolves to.
    fn matching(&self, matching: &Matching, way: Way) -> String {
        let rule = &matching.rule;
        let (verb, ports) = (verb(matching.action), words::ports(&matching.ports));
        let perhaps = if matching.certain { "" } else { "perhaps " };
        let policy = self.policy(rule.policy);
        let written =
            self.estate.resource(rule.policy).and_then(|policy| rule::at(policy, &rule.element, way));
        match written.and_then(rule::Written::phrase) {
            Some(phrase) => {
                let phrase = Phrase { verb, ..phrase };
                format!("{policy}{} {perhaps}{}", called(&phrase), phrase.say(way, Some(&ports)))
            }
            None if rule.element.is_empty() => format!("{policy} {perhaps}{verb} {ports}"),
            None => format!("{policy} {} {perhaps}{verb} {ports}", rule.element),
        }
    }

    /// What the policies of a side let through instead, where no rule matches.
    fn instead(&self, out: &mut dyn Write, way: Way, side: &Side) -> io::Result<()> {
        let mut left = TOLD;
        for selecting in side.policies.iter().filter(|selecting| selecting.certain) {
            let Some(policy) = self.estate.resource(selecting.rule.policy) else { continue };
            let name = self.policy(selecting.rule.policy);
            let rules = rule::all(policy, way);
            if rules.is_empty() {
                let nothing = if way == Way::Out { "lets nothing out" } else { "lets nothing in" };
                item(out, &format!("{name} {nothing}"), &self.place(&selecting.rule))?;
            }
            let told = rules.len().min(left);
            for (element, written) in rules.iter().take(told) {
                let said = written.phrase().map(|phrase| {
                    format!(
                        "{name}{} {}",
                        called(&phrase),
                        phrase.say(way, None).replacen("allows", "allows only", 1)
                    )
                });
                let location = written.node.location();
                let rule = DecidingRule { policy: selecting.rule.policy, element: element.into(), location };
                item(
                    out,
                    &said.unwrap_or_else(|| format!("{name} {element} matches others")),
                    &self.place(&rule),
                )?;
            }
            if rules.len() > told {
                let more = counted(rules.len() - told, "more rule");
                item(out, &format!("{name} has {more} for others"), &self.place(&selecting.rule))?;
            }
            left = left.saturating_sub(rules.len());
        }
        Ok(())
    }

    /// `NetworkPolicy cde/tokenizer`.
    fn policy(&self, policy: ResourceId) -> String {
        let Some(policy) = self.estate.resource(policy) else { return "a policy".to_owned() };
        name_of(policy)
    }

    fn place(&self, rule: &DecidingRule) -> String {
        rule.location
            .map(|location| format!("({})", excerpt::place(self.estate.sources(), location)))
            .unwrap_or_default()
    }
}

fn name_of(policy: &Resource) -> String {
    let namespace = policy.place.namespace.as_deref().map(|namespace| format!("{namespace}/"));
    format!("{} {}{}", policy.kind.name(), namespace.unwrap_or_default(), policy.name)
}

/// The own name of a rule, after that of its policy.
fn called(phrase: &Phrase) -> String {
    phrase.name.as_ref().map(|name| format!(" (rule `{name}`)")).unwrap_or_default()
}

fn verb(action: RuleAction) -> &'static str {
    match action {
        RuleAction::Allow => "allows",
        RuleAction::Deny => "denies",
        RuleAction::Pass => "leaves to the next tier",
    }
}

/// Which sides close a denied edge.
fn closed(edge: &Edge, from: &str, to: &str) -> String {
    let is_open = |side: &Side| !side.allowed.is_empty() || !side.depends.is_empty();
    match (is_open(&edge.egress), is_open(&edge.ingress)) {
        (false, false) => "both sides close it, each on its own".to_owned(),
        (false, true) if unguarded(&edge.ingress) => format!("nothing lets it out of {from}"),
        (true, false) if unguarded(&edge.egress) => format!("nothing lets it into {to}"),
        (false, true) => format!("nothing lets it out of {from}, though {to} would let it in"),
        (true, false) => format!("nothing lets it into {to}, though {from} may send it"),
        (true, true) => "one side opens only what the other closes".to_owned(),
    }
}

/// Whether nothing is said of a side.
fn unguarded(side: &Side) -> bool {
    side.policies.is_empty() && side.rules.is_empty()
}

/// Why everything is open, where it is.
fn open_to_all(edge: &Edge) -> Option<&'static str> {
    if *edge.allowed != ringfence_model::fact::Ports::all() {
        return None;
    }
    let is_own_node = |peer: &Peer| *peer == Peer::Landmark(Landmark::OwnNode);
    if edge.from.iter().chain(&edge.to).any(is_own_node)
        && edge.egress.rules.is_empty()
        && edge.ingress.rules.is_empty()
    {
        return Some("nothing comes between a pod and the node that it runs on");
    }
    Some(match (unguarded(&edge.egress), unguarded(&edge.ingress)) {
        (true, true) => "no policy stands between them",
        _ => "the rules that match name no port",
    })
}

/// A sentence that starts with a word starts large; names stay as they are.
fn started(sentence: String) -> String {
    let words = [("the ", "The "), ("any ", "Any ")];
    let word = words.iter().find_map(|(small, large)| Some((sentence.strip_prefix(small)?, large)));
    word.map(|(rest, large)| format!("{large}{rest}")).unwrap_or(sentence)
}

fn item(out: &mut dyn Write, text: &str, place: &str) -> io::Result<()> {
    let text = shown::line(text);
    let text = if place.is_empty() { text.into_owned() } else { format!("{text} {place}") };
    for (index, line) in wrap(&text, COLUMNS - 6).into_iter().enumerate() {
        writeln!(out, "{}{line}", if index == 0 { "    - " } else { "      " })?;
    }
    Ok(())
}

fn paragraph(out: &mut dyn Write, first: &str, indent: &str, text: &str) -> io::Result<()> {
    for (index, line) in wrap(&shown::line(text), COLUMNS - indent.len()).into_iter().enumerate() {
        writeln!(out, "{}{line}", if index == 0 { first } else { indent })?;
    }
    Ok(())
}
