//! What is open to whom, those included that do not exist yet.

use std::io::{self, Write};

use ringfence_model::fact::{Entry, Exposed, Exposure, Opened, Peer, Protection};
use ringfence_model::{Estate, Text};

use super::entries;
use super::names::{Names, rule};
use crate::json::Pen;
use crate::prose::counted;
use crate::shown;

/// How many workloads of an answer are named.
const NAMED: usize = 5;

/// Writes every answer, and at the end which workloads nothing protects; `names` are the DNS names that
/// peers refer to.
pub fn write(out: &mut dyn Write, estate: &Estate, all: &[Exposure], names: &[Text]) -> io::Result<()> {
    let names = Names::new(estate, names);
    for exposure in all {
        writeln!(out, "{}", members(&names, &exposure.members, NAMED))?;
        for (direction, side) in sides(exposure) {
            exposed(out, estate, direction, side)?;
        }
        writeln!(out)?;
    }
    for (direction, pick) in DIRECTIONS {
        let open: Vec<Peer> = unprotected(all, pick);
        let whom = members(&names, &open, usize::MAX);
        match open.len() {
            0 => writeln!(out, "{direction}: a policy isolates every workload")?,
            count => writeln!(out, "{direction}: {} without protection: {whom}", counted(count, "workload"))?,
        }
    }
    out.flush()
}

type Pick = fn(&Exposure) -> &Exposed;

const DIRECTIONS: [(&str, Pick); 2] = [("in", |one| &one.ingress), ("out", |one| &one.egress)];

fn sides(exposure: &Exposure) -> [(&'static str, &Exposed); 2] {
    DIRECTIONS.map(|(direction, pick)| (direction, pick(exposure)))
}

/// The workloads that nothing isolates in a direction, sorted.
fn unprotected(all: &[Exposure], pick: Pick) -> Vec<Peer> {
    let open = all.iter().filter(|one| pick(one).protection == Protection::None);
    let mut peers: Vec<Peer> = open.flat_map(|one| one.members.iter().copied()).collect();
    peers.sort_unstable();
    peers.dedup();
    peers
}

fn members(names: &Names<'_>, peers: &[Peer], most: usize) -> String {
    let named: Vec<String> = peers.iter().take(most).map(|peer| names.name(*peer)).collect();
    match peers.len().saturating_sub(most) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn exposed(out: &mut dyn Write, estate: &Estate, direction: &str, side: &Exposed) -> io::Result<()> {
    match &side.protection {
        Protection::None => writeln!(out, "  {direction}: no policy isolates it")?,
        Protection::Isolated => writeln!(out, "  {direction}: isolated by policy")?,
        Protection::Perhaps(why) => {
            writeln!(out, "  {direction}: perhaps isolated, depending on: {}", shown::line(why))?;
        }
    }
    let rows = [
        ("the internet", &side.internet),
        ("other addresses outside", &side.private),
        ("a new pod without labels", &side.cluster),
    ];
    for (whom, opened) in rows {
        writeln!(out, "    {whom}: {}", ports(opened))?;
    }
    for future in &side.future {
        let rules: Vec<String> = future.rules.iter().map(|one| rule(estate, one)).collect();
        let by = if rules.is_empty() { String::new() } else { format!(", by {}", rules.join(", ")) };
        writeln!(
            out,
            "    {}, of which there is none yet: {}{by}",
            shown::line(&future.who),
            ports(&future.opened)
        )?;
    }
    Ok(())
}

fn ports(opened: &Opened) -> String {
    match (opened.allowed.is_empty(), opened.depends.is_empty()) {
        (true, true) => "nothing".to_owned(),
        (false, true) => opened.allowed.to_string(),
        (true, false) => format!("perhaps {}", opened.depends),
        (false, false) => format!("{}; perhaps {}", opened.allowed, opened.depends),
    }
}

/// `ringfence.exposure/1`, the ways in among it.
pub fn json(
    out: &mut dyn Write,
    estate: &Estate,
    all: &[Exposure],
    entries: &[Entry],
    names: &[Text],
) -> io::Result<()> {
    let names = Names::new(estate, names);
    let mut pen = Pen::new(out);
    pen.raw("{\"schema\":\"ringfence.exposure/1\",\n\"exposures\":[");
    for exposure in all {
        pen.item()?;
        pen.raw("{\"members\":[");
        for (index, member) in exposure.members.iter().enumerate() {
            pen.raw(if index > 0 { "," } else { "" });
            pen.text(&names.name(*member));
        }
        pen.raw("]");
        for (direction, side) in [("ingress", &exposure.ingress), ("egress", &exposure.egress)] {
            pen.key(direction);
            write_side(&mut pen, estate, side);
        }
        pen.raw("}");
    }
    pen.raw("],\n\"ways-in\":");
    entries::list(&mut pen, estate, entries)?;
    pen.raw("}\n");
    pen.finish()
}

fn write_side(pen: &mut Pen<'_>, estate: &Estate, side: &Exposed) {
    pen.raw("{\"protection\":");
    match &side.protection {
        Protection::None => pen.word("none"),
        Protection::Isolated => pen.word("isolated"),
        Protection::Perhaps(why) => {
            pen.word("perhaps");
            pen.key("condition");
            pen.text(why);
        }
    }
    for (key, opened) in
        [("internet", &side.internet), ("private", &side.private), ("cluster", &side.cluster)]
    {
        pen.key(key);
        write_opened(pen, opened);
    }
    pen.key("future");
    pen.raw("[");
    for (index, future) in side.future.iter().enumerate() {
        pen.raw(if index > 0 { ",{\"who\":" } else { "{\"who\":" });
        pen.text(&future.who);
        pen.key("opened");
        write_opened(pen, &future.opened);
        pen.key("rules");
        pen.raw("[");
        for (index, one) in future.rules.iter().enumerate() {
            pen.raw(if index > 0 { "," } else { "" });
            pen.text(&rule(estate, one));
        }
        pen.raw("]}");
    }
    pen.raw("]}");
}

fn write_opened(pen: &mut Pen<'_>, opened: &Opened) {
    pen.raw("{\"allowed\":");
    pen.word(&text(&opened.allowed));
    pen.key("depends");
    pen.word(&text(&opened.depends));
    pen.raw("}");
}

fn text(ports: &ringfence_model::fact::Ports) -> String {
    ports.to_string()
}
