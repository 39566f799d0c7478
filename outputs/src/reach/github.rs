//! Markdown for a pull request or the summary of a job: namespaces first, workloads folded away.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use ringfence_model::Estate;
use ringfence_model::fact::{Peer, Ports, ReachMap};

use super::names::{Names, rule};
use super::pairs::{self, Open, Part};
use super::peers::Ranked;
use crate::github::markdown;
use crate::prose::{counted, grouped};

/// Rows of a table at most.
const ROWS: usize = 200;
/// Characters of all rows of workloads at most; GitHub takes 65,536 for a comment.
const CHARACTERS: usize = 40_000;

/// Writes what may be open, by namespace and by workload.
pub fn write(out: &mut dyn Write, estate: &Estate, map: &ReachMap) -> io::Result<()> {
    let names = Names::new(estate, &map.names);
    let peers = Ranked::new(map, &names);
    let areas: Vec<String> = peers.peers.iter().map(|peer| area(&names, *peer)).collect();
    let area = |rank: usize| areas.get(rank).map(String::as_str).unwrap_or_default();
    let mut between: BTreeMap<(&str, &str), [Ports; 2]> = BTreeMap::new();
    let mut list = List::default();
    pairs::each(map, &peers, |source, destination, open| {
        let [certain, perhaps] = between.entry((area(source), area(destination))).or_default();
        *certain = certain.union(&open.certain.ports);
        *perhaps = perhaps.union(&open.perhaps.ports);
        list.add(estate, map, (peers.name(source), peers.name(destination)), open);
        Ok(())
    })?;
    writeln!(out, "### Who can talk to whom\n")?;
    if between.is_empty() {
        writeln!(out, "Nothing is open under profile `{}`.", map.profile)?;
        return out.flush();
    }
    writeln!(out, "Profile `{}`; what is not listed is denied.\n", map.profile)?;
    namespaces(out, &between)?;
    list.write(out)?;
    out.flush()
}

/// What a peer belongs to.
fn area(names: &Names<'_>, peer: Peer) -> String {
    match peer {
        Peer::Workload(_) => {}
        Peer::External(_) | Peer::Name(_) => return "outside".to_owned(),
        Peer::Landmark(landmark) => return landmark.as_str().to_owned(),
    }
    let parts = names.parts(peer);
    match parts.cluster.as_str() {
        "" => format!("`{}`", parts.namespace),
        cluster => format!("`{cluster}/{}`", parts.namespace),
    }
}

fn namespaces(out: &mut dyn Write, between: &BTreeMap<(&str, &str), [Ports; 2]>) -> io::Result<()> {
    writeln!(out, "| from | to | ports |\n|---|---|---|")?;
    for ((from, to), [certain, perhaps]) in between.iter().take(ROWS) {
        let perhaps = perhaps.minus(certain);
        writeln!(out, "| {} | {} | {} |", markdown(from), markdown(to), ports(certain, &perhaps))?;
    }
    if between.len() > ROWS {
        writeln!(
            out,
            "\n… and {}",
            counted(between.len() - ROWS, "more pair of namespaces").replace("namespacess", "namespaces")
        )?;
    }
    writeln!(out)
}

/// `TCP 443; perhaps TCP 80`.
fn ports(certain: &Ports, perhaps: &Ports) -> String {
    match (certain.is_empty(), perhaps.is_empty()) {
        (_, true) => certain.to_string(),
        (true, false) => format!("perhaps {perhaps}"),
        (false, false) => format!("{certain}; perhaps {perhaps}"),
    }
}

/// The rows of workloads, as far as they fit.
#[derive(Default)]
struct List {
    rows: String,
    shown: usize,
    all: usize,
}

impl List {
    fn add(&mut self, estate: &Estate, map: &ReachMap, (from, to): (&str, &str), open: &Open<'_>) {
        self.all += 1;
        if self.shown + 1 < self.all || self.shown >= ROWS {
            return;
        }
        let decided = [decided(estate, map, &open.certain), decided(estate, map, &open.perhaps)];
        let mut decided: Vec<String> = decided.into_iter().flatten().collect();
        decided.dedup();
        let ports = ports(&open.certain.ports, &open.perhaps.ports);
        let cells = [from, to, &ports, &decided.join("; ")].map(markdown);
        let row = format!("| {} |\n", cells.join(" | "));
        if self.rows.len() + row.len() <= CHARACTERS {
            self.rows.push_str(&row);
            self.shown += 1;
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut text = String::new();
        let summary = counted(self.all, "pair");
        // Writing into a String cannot fail.
        write!(text, "<details><summary>{summary} of workloads and addresses</summary>\n\n")
            .unwrap_or_default();
        text.push_str("| from | to | ports | decided by |\n|---|---|---|---|\n");
        text.push_str(&self.rows);
        if self.all > self.shown {
            let more = grouped(self.all - self.shown);
            write!(text, "\n… and {more} more (`--format csv` lists all)\n").unwrap_or_default();
        }
        text.push_str("\n</details>\n");
        out.write_all(text.as_bytes())
    }
}

/// The first rule that opens something, and how many more there are.
fn decided(estate: &Estate, map: &ReachMap, part: &Part<'_>) -> Option<String> {
    if part.ports.is_empty() {
        return None;
    }
    let rules = part.rules();
    let texts = rules.iter().filter_map(|id| map.rules.get(*id as usize)).map(|one| rule(estate, one));
    let Some(first) = texts.min() else { return Some("no policy selects either side".to_owned()) };
    let more = if rules.len() > 1 { format!(" and {} more", rules.len() - 1) } else { String::new() };
    Some(format!("{first}{more}"))
}
