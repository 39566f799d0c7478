//! CSV (RFC 4180) for spreadsheets: a row for each pair of workloads or ranges, protocol and decision.
//!
//! Rows are sorted by source, destination, decision and protocol. What is not listed is denied. Where
//! every port of every protocol is open there is one row, of protocol `all`. Cells are safe against
//! formulas, as in the table of findings. Source by source is written: the whole never is in memory.

use std::io::{self, Write};

use ringfence_model::Estate;
use ringfence_model::fact::{Ports, Protocol, ReachMap};
use rustc_hash::FxHashMap;

use super::names::{Names, rule};
use super::pairs::{self, Part};
use super::peers::Ranked;
use crate::csv::cell;

const HEADER: &str = "source,destination,protocol,ports,decision,condition,rules";

/// Writes every pair that is not denied.
pub fn write(out: &mut dyn Write, estate: &Estate, map: &ReachMap) -> io::Result<()> {
    let names = Names::new(estate, &map.names);
    let peers = Ranked::new(map, &names);
    let mut page = Page { estate, map, lists: FxHashMap::default() };
    write!(out, "{HEADER}\r\n")?;
    pairs::each(map, &peers, |source, destination, open| {
        let names = format!("{},{}", cell(peers.name(source)), cell(peers.name(destination)));
        page.rows(out, &names, "allow", &open.certain)?;
        page.rows(out, &names, "depends", &open.perhaps)
    })?;
    out.flush()
}

struct Page<'a> {
    estate: &'a Estate,
    map: &'a ReachMap,
    /// Cells of lists of rules, which recur.
    lists: FxHashMap<Vec<u32>, String>,
}

impl Page<'_> {
    fn rows(&mut self, out: &mut dyn Write, names: &str, decision: &str, part: &Part<'_>) -> io::Result<()> {
        let cells = cells(&part.ports);
        if cells.is_empty() {
            return Ok(());
        }
        let conditions = ringfence_model::mask(&part.conditions().join("; ")).into_owned();
        let rules = self.rules(&part.rules());
        for (protocol, ports) in cells {
            let condition = cell(&conditions);
            write!(out, "{names},{protocol},{},{decision},{condition},{rules}\r\n", cell(&ports))?;
        }
        Ok(())
    }

    /// The cell that names `rules`.
    fn rules(&mut self, rules: &[u32]) -> &str {
        let (estate, all) = (self.estate, &self.map.rules);
        self.lists.entry(rules.to_vec()).or_insert_with_key(|ids| {
            let texts = ids.iter().filter_map(|id| all.get(*id as usize)).map(|one| rule(estate, one));
            let mut texts: Vec<String> = texts.collect();
            texts.sort_unstable();
            cell(&texts.join("; ")).into_owned()
        })
    }
}

/// The rows of some ports: protocol, and the ports of it.
fn cells(ports: &Ports) -> Vec<(&'static str, String)> {
    if *ports == Ports::all() {
        return vec![("all", format!("1-{}", u16::MAX))];
    }
    let of = |protocol: Protocol| {
        let ranges = ports.ranges().iter().filter(|range| range.protocol == protocol);
        let texts = ranges.map(|range| match range.start == range.end {
            true => range.start.to_string(),
            false => format!("{}-{}", range.start, range.end),
        });
        (protocol.as_str(), texts.collect::<Vec<_>>().join(" "))
    };
    Protocol::ALL.into_iter().map(of).filter(|(_, ports)| !ports.is_empty()).collect()
}
