//! Edges explained: both sides, rule by rule, with the place of each.

use std::io::{self, Write};

use ringfence_model::fact::{Edge, Openness, Peer, RuleAction, Side};
use ringfence_model::{Estate, Text};

use super::names::{Names, rule};
use crate::shown;

/// How many members of a class are named.
const NAMED: usize = 3;

/// Writes `edges`, one paragraph each; `names` are the DNS names that peers refer to.
pub fn write(out: &mut dyn Write, estate: &Estate, edges: &[Edge], names: &[Text]) -> io::Result<()> {
    let page = Page { estate, names: Names::new(estate, names) };
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
}

impl Page<'_> {
    fn edge(&self, out: &mut dyn Write, edge: &Edge) -> io::Result<()> {
        let (from, to) = (self.members(&edge.from), self.members(&edge.to));
        writeln!(out, "{from} => {to} : {}", conclusion(edge))?;
        if let Some(condition) = &edge.condition {
            writeln!(out, "  depends: {}", shown::line(condition))?;
        }
        if let Some(closed) = closed_by(edge) {
            writeln!(out, "  {closed}")?;
        }
        if edge.from.iter().any(|peer| matches!(peer, Peer::Workload(_))) {
            self.side(out, "egress", &from, &edge.egress)?;
        }
        if edge.to.iter().any(|peer| matches!(peer, Peer::Workload(_))) {
            self.side(out, "ingress", &to, &edge.ingress)?;
        }
        Ok(())
    }

    fn members(&self, peers: &[Peer]) -> String {
        let named: Vec<String> = peers.iter().take(NAMED).map(|peer| self.names.name(*peer)).collect();
        match peers.len().checked_sub(NAMED).filter(|more| *more > 0) {
            None => named.join(", "),
            Some(more) => format!("{} and {more} more", named.join(", ")),
        }
    }

    fn side(&self, out: &mut dyn Write, direction: &str, whom: &str, side: &Side) -> io::Result<()> {
        if side.policies.is_empty() {
            return writeln!(out, "  {direction} of {whom}: no policy selects it, so everything is open");
        }
        writeln!(out, "  {direction} of {whom}: {}", opened(side))?;
        for selecting in &side.policies {
            let selects = if selecting.certain { "selected by" } else { "perhaps selected by" };
            writeln!(out, "    {selects} {}", rule(self.estate, &selecting.rule))?;
        }
        for matching in &side.rules {
            let verb = match matching.action {
                RuleAction::Allow => "allows",
                RuleAction::Deny => "denies",
                RuleAction::Pass => "passes on",
            };
            let perhaps = if matching.certain { "" } else { " perhaps" };
            writeln!(out, "    {}{perhaps} {verb} {}", rule(self.estate, &matching.rule), matching.ports)?;
        }
        if side.rules.is_empty() {
            writeln!(out, "    no rule of these matches the other side")?;
        }
        Ok(())
    }
}

fn conclusion(edge: &Edge) -> String {
    match (edge.allowed.is_empty(), edge.depends.is_empty()) {
        (true, true) => "denied".to_owned(),
        (false, true) => edge.allowed.to_string(),
        (true, false) => format!("{}?", edge.depends),
        (false, false) => format!("{}; {}?", edge.allowed, edge.depends),
    }
}

/// Which side closes a denied edge.
fn closed_by(edge: &Edge) -> Option<&'static str> {
    let is_open = |side: &Side| !side.allowed.is_empty() || !side.depends.is_empty();
    let text = match (edge.openness(), is_open(&edge.egress), is_open(&edge.ingress)) {
        (Openness::Narrowed | Openness::Unrestricted, ..) => return None,
        (Openness::Closed, false, false) => "closed by both sides",
        (Openness::Closed, false, true) => "closed by the egress side",
        (Openness::Closed, true, false) => "closed by the ingress side",
        (Openness::Closed, true, true) => "what one side opens, the other closes",
    };
    Some(text)
}

fn opened(side: &Side) -> String {
    match (side.allowed.is_empty(), side.depends.is_empty()) {
        (true, true) => "nothing is open".to_owned(),
        (false, true) => format!("{} is open", side.allowed),
        (true, false) => format!("{} may be open", side.depends),
        (false, false) => format!("{} is open, {} may be", side.allowed, side.depends),
    }
}
