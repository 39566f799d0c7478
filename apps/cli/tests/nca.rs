//! The reach engine against the cases of network-config-analyzer (`../shared/truth/network/nca`).
//!
//! A query has a number for an answer, and sometimes an output. Both are computed from our maps under
//! `nca-compat` and compared. `nca/settled.tsv` holds the disagreements that were looked at, with the definition
//! that settles each; a row that no longer disagrees fails. `nca/unmapped.tsv` names queries that have no answer
//! to compare.
//!
//! Where the folder is not there, the trials are ignored with that reason; where `RINGFENCE_REQUIRE` holds
//! `truth`, its absence is a failure.

#![expect(clippy::disallowed_methods, reason = "a test reads its cases and its environment itself")]
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "without a harness these are tests all the same"
)]

#[path = "nca/diff.rs"]
mod diff;
#[path = "nca/listing.rs"]
mod listing;
#[path = "nca/map.rs"]
mod map;
#[path = "nca/output.rs"]
mod output;
#[path = "nca/question.rs"]
mod question;
#[path = "nca/scheme.rs"]
mod scheme;
#[path = "workbench/shared.rs"]
mod shared;
#[path = "workbench/skip.rs"]
mod skip;
#[path = "workbench/yaml.rs"]
mod yaml;

use std::collections::BTreeMap;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use scheme::{Query, Scheme};

fn main() {
    let arguments = Arguments::from_args();
    let trials = match shared::truth().map(|truth| truth.join("network/nca/tests/k8s_testcases")) {
        None => vec![shared::absent("nca")],
        Some(folder) => scheme::all(&folder).map_or_else(|failure| vec![failed(failure)], trials),
    };
    libtest_mimic::run(&arguments, trials).exit();
}

fn failed(failure: Failed) -> Trial {
    Trial::test("the cases can be read", move || Err(failure))
}

fn trials(schemes: Vec<Scheme>) -> Vec<Trial> {
    let (settled, unmapped) = (rows(include_str!("nca/settled.tsv")), rows(include_str!("nca/unmapped.tsv")));
    let mut cases = Vec::new();
    for scheme in schemes.into_iter().map(Arc::new) {
        for (index, query) in scheme.queries.iter().enumerate() {
            let case = format!("{}/{index} {} {}", scheme.name, query.kind, query.name);
            cases.push((case, Arc::clone(&scheme), query.clone()));
        }
    }
    let known = cases.iter().map(|(case, ..)| case.clone()).collect::<Vec<String>>();
    let mut trials = vec![tables_are_whole(known, [settled.clone(), unmapped.clone()])];
    for (case, scheme, query) in cases {
        let row = settled.get(&case).cloned();
        let ignored = unmapped.contains_key(&case);
        let name = if ignored {
            format!("nca/{case}: {}", unmapped[&case].join(", "))
        } else {
            format!("nca/{case}")
        };
        let trial = Trial::test(name, move || hold(&scheme, &query, row.as_deref()));
        trials.push(trial.with_ignored_flag(ignored));
    }
    trials
}

/// The rest of each row by its first column.
fn rows(text: &str) -> BTreeMap<String, Vec<String>> {
    let columns = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<String>>();
    let rows = text.lines().skip(1).filter(|line| !line.is_empty()).map(columns);
    rows.map(|row| (row[0].clone(), row[1..].to_vec())).collect()
}

/// Each row names a case that is there, once; a settled one has verdicts, class and citation.
fn tables_are_whole(known: Vec<String>, tables: [BTreeMap<String, Vec<String>>; 2]) -> Trial {
    Trial::test("nca/tables are whole", move || {
        for (case, row) in tables.iter().flatten() {
            if !known.contains(case) {
                return Err(format!("no such case: {case}").into());
            }
            if row.iter().any(String::is_empty) {
                return Err(format!("an empty column: {case}").into());
            }
        }
        let short = tables[0].iter().find(|(_, row)| row.len() != 4);
        short.map_or(Ok(()), |(case, _)| Err(format!("four columns expected after {case}").into()))
    })
}

/// Both answers of a query, or what was settled of them.
fn hold(scheme: &Scheme, query: &Query, settled: Option<&[String]>) -> Result<(), Failed> {
    let (mut expected, mut ours) = (String::new(), String::new());
    if let Some(number) = query.expected {
        expected = number.to_string();
        ours = match question::number(scheme, query) {
            Ok(number) => number.to_string(),
            Err(failure) if failure.message() == Some(map::DEPENDS) => map::DEPENDS.to_owned(),
            Err(failure) => return Err(failure),
        };
    }
    if let Some(path) = &query.output {
        let difference = output::difference(scheme, query, path)?;
        expected += " as listed";
        ours += &difference.map_or_else(|| " as listed".to_owned(), |difference| format!(" {difference}"));
    }
    let (expected, ours) = (expected.trim(), ours.trim());
    match settled {
        None if expected == ours => Ok(()),
        None => Err(format!("expected {expected}, ours {ours}").into()),
        Some(_) if expected == ours => Err("settled, but it agrees".into()),
        Some([theirs, found, ..]) if (theirs.as_str(), found.as_str()) == (expected, ours) => Ok(()),
        Some(row) => Err(format!("settled as {row:?}, now {ours}").into()),
    }
}
