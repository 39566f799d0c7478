//! Whether our map is what an expected output lists.

use std::path::Path;

use libtest_mimic::Failed;

use crate::map::{Map, Naming, Table, aligned, minus};
use crate::scheme::{Query, Scheme};
use crate::{diff, listing, question};

/// The first thing that differs; `None` where nothing does.
pub(crate) fn difference(scheme: &Scheme, query: &Query, path: &Path) -> Result<Option<String>, Failed> {
    let text = std::fs::read_to_string(path)?;
    let configs = question::configs(scheme, query)?;
    match (query.kind.as_str(), configs.as_slice()) {
        ("connectivityMap", [config]) if text.contains(" => ") => {
            Ok(compare(&Map::of(config, Naming::Owners, false)?, &listing::arrows(&text)?))
        }
        ("connectivityMap", [config]) => {
            let sections = listing::sections(&text, config)?;
            let listed = sections.into_values().next().ok_or("nothing is listed")?;
            Ok(compare(&Map::of(config, Naming::Pods, false)?, &listed))
        }
        ("semanticDiff", [one, other]) => {
            let both = one.with_topology_of(other);
            let listed = listing::sections(&text, &both)?;
            let ours = diff::categories(one, other)?;
            for heading in listed.keys().chain(ours.keys()) {
                let listed = listed.get(heading).cloned().unwrap_or_default();
                let ours = ours.get(heading).map(Map::from_table).unwrap_or_default();
                if let Some(difference) = compare(&ours, &listed) {
                    return Ok(Some(format!("{heading}: {difference}")));
                }
            }
            Ok(None)
        }
        ("permits", [base, one]) => explained(&question::not_permitted(one, base)?, path, &text),
        ("forbids", [base, one]) => explained(&question::not_forbidden(one, base)?, path, &text),
        ("redundancy", [config]) => {
            let (ours, listed) = (question::redundant(config)?, listing::redundant(path, &text)?);
            let ours: Vec<String> = ours.into_iter().collect();
            Ok((ours != listed).then(|| format!("redundant are {ours:?}, listed {listed:?}")))
        }
        (kind, _) => Err(format!("an output of `{kind}` is not read").into()),
    }
}

fn explained(ours: &Table, path: &Path, text: &str) -> Result<Option<String>, Failed> {
    Ok(compare(&Map::from_table(ours), &listing::explanation(path, text)?))
}

fn compare(ours: &Map, listed: &Map) -> Option<String> {
    let (ours, listed) = aligned(ours, listed);
    let show = |what: &str, table: Table| {
        table.into_iter().next().map(|((from, to), ports)| format!("{what} {from} => {to} : {ports}"))
    };
    show("missing", minus(&listed, &ours)).or_else(|| show("too much", minus(&ours, &listed)))
}
