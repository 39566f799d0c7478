//! What a change opens and closes, worst first.
//!
//! ```text
//! + blog/blog[Deployment] (out-of-scope) => cde/tokenizer[Deployment] (cde) : TCP 8443
//! - …     closed      ? …     open or closed, where it was certain before
//! ```

use std::io::{self, Write};

use ringfence_model::fact::{DiffEnd, Peer, Ports, ReachChange, ReachDiff, ScopeClass};
use ringfence_model::{Estate, Text};

use super::names::Names;
use crate::github::markdown;
use crate::json::Pen;
use crate::prose::counted;

/// How many ends of a change are named.
const NAMED: usize = 4;
/// Rows of a table at most, before the rest is counted.
const ROWS: usize = 60;

/// Two estates, what they say differently, and what people declared of the ends.
pub struct Page<'a> {
    names: [Names<'a>; 2],
    diff: &'a ReachDiff,
    class_of: &'a dyn Fn(DiffEnd) -> Option<ScopeClass>,
}

/// One line: what happened to some ports between two groups of ends.
struct Line<'a> {
    weight: Weight,
    what: What,
    ports: &'a Ports,
    change: &'a ReachChange,
}

/// What happened to ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Opened,
    Confirmed,
    Doubtful,
    Closed,
}

/// How much a reviewer should mind; sorted, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Opened across a boundary of declared classes, with the CDE on one side.
    IntoCde,
    /// Opened across another boundary of declared classes.
    Crossing,
    /// Opened towards or from addresses outside.
    Outside,
    /// Opened within one class, or where nothing is declared.
    Within,
    /// Not opened.
    Rest,
}

impl<'a> Page<'a> {
    /// `names` are the DNS names of either answer; `class_of` gives the declared class of an end.
    pub fn new(
        estates: [&'a Estate; 2],
        names: [&'a [Text]; 2],
        diff: &'a ReachDiff,
        class_of: &'a dyn Fn(DiffEnd) -> Option<ScopeClass>,
    ) -> Self {
        let [old, new] = estates;
        let [old_names, new_names] = names;
        Self { names: [Names::new(old, old_names), Names::new(new, new_names)], diff, class_of }
    }

    /// Writes one line a change.
    pub fn txt(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in self.lines() {
            let [from, to] = [&line.change.from, &line.change.to].map(|ends| self.ends(ends));
            writeln!(out, "{} {from} => {to} : {}", line.what.sign(), line.what.ports(line.ports))?;
        }
        for (ends, what) in [(&self.diff.appeared, "new"), (&self.diff.disappeared, "gone")] {
            ends.iter().try_for_each(|end| writeln!(out, "{what}: {}", self.end(*end)))?;
        }
        if self.diff.is_empty() {
            writeln!(out, "nothing is opened or closed")?;
        }
        out.flush()
    }

    /// Whether anything is opened.
    pub fn opens(&self) -> bool {
        self.lines().iter().any(|line| line.what == What::Opened)
    }

    /// Whether anything is opened across a boundary of declared classes.
    pub fn crosses(&self) -> bool {
        self.lines().iter().any(|line| line.weight <= Weight::Crossing)
    }

    /// Markdown made for a pull request.
    pub fn github(&self, out: &mut dyn Write) -> io::Result<()> {
        let lines = self.lines();
        let count = |what: What| lines.iter().filter(|line| line.what == what).count();
        let bad = lines.iter().filter(|line| line.weight <= Weight::Crossing).count();
        writeln!(out, "### Who can talk to whom: what this change does\n")?;
        if self.diff.is_empty() {
            writeln!(out, "Nothing is opened or closed.")?;
            return out.flush();
        }
        writeln!(
            out,
            "{} opened, {} closed, {} less or more certain.\n",
            count(What::Opened),
            count(What::Closed),
            count(What::Confirmed) + count(What::Doubtful)
        )?;
        if bad > 0 {
            let crosses = if bad == 1 { "crosses" } else { "cross" };
            writeln!(out, "**{bad} opened {crosses} a boundary between declared classes.**\n")?;
        }
        self.table(out, &lines)?;
        for (ends, what) in [(&self.diff.appeared, "New"), (&self.diff.disappeared, "Gone")] {
            if !ends.is_empty() {
                writeln!(out, "\n{what}: {}", markdown(&self.ends(ends)))?;
            }
        }
        out.flush()
    }

    fn table(&self, out: &mut dyn Write, lines: &[Line<'_>]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(out, "| | from | to | ports |\n|---|---|---|---|")?;
        for line in lines.iter().take(ROWS) {
            let [from, to] = [&line.change.from, &line.change.to].map(|ends| markdown(&self.ends(ends)));
            let alarm = if line.weight <= Weight::Crossing { "**crosses a boundary** " } else { "" };
            let ports = line.what.ports(line.ports);
            writeln!(out, "| {alarm}{} | {from} | {to} | {ports} |", line.what.word())?;
        }
        match lines.len().saturating_sub(ROWS) {
            0 => Ok(()),
            more => writeln!(out, "\n… and {} (`--format txt` lists all)", counted(more, "more change")),
        }
    }

    /// `ringfence.reach-diff/1`.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut pen = Pen::new(out);
        pen.raw("{\"schema\":\"ringfence.reach-diff/1\",\n\"changes\":[");
        for line in self.lines() {
            pen.item()?;
            pen.raw("{\"change\":");
            pen.word(line.what.word());
            pen.key("crosses");
            pen.raw(if line.weight <= Weight::Crossing { "true" } else { "false" });
            for (key, ends) in [("from", &line.change.from), ("to", &line.change.to)] {
                pen.key(key);
                self.list(&mut pen, ends);
            }
            pen.key("ports");
            pen.word(&line.ports.to_string());
            pen.raw("}");
        }
        pen.raw("],\n\"appeared\":");
        self.list(&mut pen, &self.diff.appeared);
        pen.raw(",\n\"disappeared\":");
        self.list(&mut pen, &self.diff.disappeared);
        pen.raw("}\n");
        pen.finish()
    }

    fn list(&self, pen: &mut Pen<'_>, ends: &[DiffEnd]) {
        pen.raw("[");
        for (index, end) in ends.iter().enumerate() {
            pen.raw(if index > 0 { "," } else { "" });
            pen.text(&self.name(*end));
        }
        pen.raw("]");
    }

    /// All changes, worst first.
    fn lines(&self) -> Vec<Line<'a>> {
        let mut lines: Vec<Line<'a>> = Vec::new();
        for change in &self.diff.changes {
            let parts = [
                (What::Opened, &change.opened),
                (What::Confirmed, &change.confirmed),
                (What::Doubtful, &change.doubtful),
                (What::Closed, &change.closed),
            ];
            for (what, ports) in parts.into_iter().filter(|(_, ports)| !ports.is_empty()) {
                let weight = if what == What::Opened { self.weight(change) } else { Weight::Rest };
                lines.push(Line { weight, what, ports, change });
            }
        }
        lines.sort_by_key(|line| (line.weight, line.what));
        lines
    }

    /// The worst that any pair of ends makes of an opening.
    fn weight(&self, change: &ReachChange) -> Weight {
        let classes = |ends: &[DiffEnd]| -> Vec<Option<ScopeClass>> {
            let mut classes: Vec<_> = ends.iter().map(|end| (self.class_of)(*end)).collect();
            classes.sort_unstable();
            classes.dedup();
            classes
        };
        let (from, to) = (classes(&change.from), classes(&change.to));
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
        let weigh = |(from, to): (Option<ScopeClass>, Option<ScopeClass>)| match (from, to) {
            (Some(from), Some(to)) if from == to => Weight::Within,
            (Some(ScopeClass::Cde), Some(_)) | (Some(_), Some(ScopeClass::Cde)) => Weight::IntoCde,
            (Some(_), Some(_)) => Weight::Crossing,
            _ => Weight::Within,
        };
        let outside = change
            .from
            .iter()
            .chain(&change.to)
            .any(|end| matches!(end.after.or(end.before), Some(Peer::External(_) | Peer::Name(_))));
        let worst = pairs.map(weigh).min().unwrap_or(Weight::Within);
        if outside { worst.min(Weight::Outside) } else { worst }
    }

    fn ends(&self, ends: &[DiffEnd]) -> String {
        let named: Vec<String> = ends.iter().take(NAMED).map(|end| self.end(*end)).collect();
        match ends.len().saturating_sub(NAMED) {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    }

    /// The name of an end with its declared class.
    fn end(&self, end: DiffEnd) -> String {
        let name = self.name(end);
        (self.class_of)(end).map_or(name.clone(), |class| format!("{name} ({})", class.as_str()))
    }

    fn name(&self, end: DiffEnd) -> String {
        let [old, new] = &self.names;
        let after = end.after.map(|peer| new.name(peer));
        after.or_else(|| end.before.map(|peer| old.name(peer))).unwrap_or_default()
    }
}

impl What {
    fn sign(self) -> char {
        match self {
            Self::Opened => '+',
            Self::Confirmed => '!',
            Self::Doubtful => '?',
            Self::Closed => '-',
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Confirmed => "certain now",
            Self::Doubtful => "uncertain now",
            Self::Closed => "closed",
        }
    }

    fn ports(self, ports: &Ports) -> String {
        match self {
            Self::Opened | Self::Closed => ports.to_string(),
            Self::Confirmed => format!("{ports}, which may have been open"),
            Self::Doubtful => format!("{ports}, which may be open now"),
        }
    }
}
