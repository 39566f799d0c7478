//! Public cases that others labelled, against ours, through a crosswalk of rules.
//!
//! The cases lie beside the repository (`../shared/truth`, or where `RINGFENCE_SHARED` says) and are
//! never copied into it. Without them every trial is ignored with that reason; where
//! `RINGFENCE_REQUIRE` holds `truth`, their absence is a failure.
//!
//! `truth/crosswalk.tsv` says which control answers which peer's rule, `truth/crosswalk-settled.tsv`
//! which disagreements were looked at, and why. A settled row that no longer disagrees fails.

#![expect(clippy::disallowed_methods, reason = "tests read the repository and what lies beside it")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "without a harness these are tests all the same"
)]

#[path = "workbench/folder.rs"]
mod folder;
#[path = "truth/page.rs"]
mod page;
#[path = "workbench/shared.rs"]
mod shared;
#[path = "workbench/skip.rs"]
mod skip;
#[path = "truth/table.rs"]
mod table;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use folder::Folder;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use table::{Mapping, Settled};

/// How many cases of one rule there are, and how many agree.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Agreement {
    /// Labelled cases that were run.
    pub(crate) cases: usize,
    /// Those that agree as they are.
    pub(crate) before: usize,
    /// Those that agree or were settled.
    pub(crate) after: usize,
    /// Cases in a format that no source reads yet.
    pub(crate) not_run: usize,
}

/// One labelled case of a peer.
struct Case {
    rule: String,
    subrule: String,
    name: String,
    expect: String,
    format: String,
    files: Vec<(String, String)>,
    parameters: Value,
}

impl Case {
    /// Whether it belongs to `rule`: by the peer's name, or by name and part where parts are mapped apart.
    fn is_of(&self, rule: &str) -> bool {
        rule == self.rule || rule.split_once('/').is_some_and(|parts| parts == (&*self.rule, &*self.subrule))
    }
}

type Tally = Arc<Mutex<BTreeMap<(String, String), Agreement>>>;

fn main() {
    let arguments = Arguments::from_args();
    let writes = std::env::var_os("RINGFENCE_WRITE").is_some();
    let tally: Tally = Arc::default();
    let trials = trials(&tally);
    let conclusion = libtest_mimic::run(&arguments, trials);
    if conclusion.has_failed() || arguments.list || arguments.filter.is_some() || shared::truth().is_none() {
        conclusion.exit();
    }
    page::hold(&tally.lock().unwrap(), &table::mappings(), &table::settled(), writes);
}

fn trials(tally: &Tally) -> Vec<Trial> {
    let Some(truth) = shared::truth() else { return vec![shared::absent("controls")] };
    let settled = Arc::new(table::settled());
    let mut trials = vec![crosswalk_is_whole(&truth)];
    for mapping in table::mappings().into_iter().filter(|mapping| !mapping.controls.is_empty()) {
        let (truth, settled, tally) = (truth.clone(), Arc::clone(&settled), Arc::clone(tally));
        let name = format!("{}/{}", mapping.set, mapping.rule);
        trials.push(Trial::test(name, move || {
            let (agreement, faults) = rule(&truth, &mapping, &settled);
            tally.lock().unwrap().insert((mapping.set.clone(), mapping.rule.clone()), agreement);
            if faults.is_empty() { Ok(()) } else { Err(Failed::from(faults.join("\n"))) }
        }));
    }
    trials
}

/// Every row names a rule that the peer has, and each rule is named once.
fn crosswalk_is_whole(truth: &Path) -> Trial {
    let truth = truth.to_path_buf();
    Trial::test("crosswalk is whole", move || {
        let mut seen = BTreeMap::new();
        for mapping in table::mappings() {
            let known = cases(&truth, &mapping.set).iter().any(|case| case.is_of(&mapping.rule));
            if !known {
                return Err(Failed::from(format!("{} has no rule {}", mapping.set, mapping.rule)));
            }
            if seen.insert((mapping.set.clone(), mapping.rule.clone()), ()).is_some() {
                return Err(Failed::from(format!("{}/{} stands twice", mapping.set, mapping.rule)));
            }
        }
        Ok(())
    })
}

fn rule(truth: &Path, mapping: &Mapping, settled: &[Settled]) -> (Agreement, Vec<String>) {
    let mut agreement = Agreement::default();
    let mut faults = Vec::new();
    for case in cases(truth, &mapping.set).into_iter().filter(|case| case.is_of(&mapping.rule)) {
        if !matches!(case.format.as_str(), "kubernetes" | "cloudformation") {
            agreement.not_run += 1;
            continue;
        }
        if !mapping.is_comparable(&case.expect, &case.parameters) {
            continue;
        }
        let ours = ours(mapping, &case);
        let row = settled.iter().find(|row| {
            row.set == mapping.set
                && row.rule == case.rule
                && row.case == case.name
                && row.expect == case.expect
        });
        agreement.cases += 1;
        match (ours == case.expect, row) {
            (true, None) => {
                agreement.before += 1;
                agreement.after += 1;
            }
            (true, Some(_)) => faults.push(format!("{}: settled, but it agrees", case.name)),
            (false, Some(row)) if row.ours == ours => agreement.after += 1,
            (false, Some(row)) => faults.push(format!("{}: settled as {}, now {ours}", case.name, row.ours)),
            (false, None) => faults.push(format!("{}: {} expected, ours {ours}", case.name, case.expect)),
        }
    }
    (agreement, faults)
}

/// Our answer: `fail` if any of the controls fails, else `unknown` if any is unknown, else `pass`.
fn ours(mapping: &Mapping, case: &Case) -> String {
    let folder = Folder::new();
    for (name, text) in &case.files {
        folder.write(name, text.as_bytes());
    }
    folder.write("ringfence.yaml", mapping.declaration(&case.parameters).as_bytes());
    let mut arguments = vec!["assess", ".", "--format", "json", "--all", "--fail-on", "never", "--quiet"];
    mapping.controls.iter().for_each(|control| arguments.extend(["--control", control]));
    let run = folder.run(&arguments);
    let json = run.json();
    let verdicts: Vec<&str> =
        json["findings"].as_array().unwrap().iter().filter_map(|one| one["verdict"].as_str()).collect();
    // What could not be read has no verdict, and is not clean. Most templates are fragments that refer to what
    // they do not define: that alone leaves the run incomplete, and what was judged stands.
    let unread = verdicts.is_empty() && matches!(run.code, 3 | 4);
    let worst = ["fail", "unknown"].into_iter().find(|verdict| verdicts.contains(verdict));
    worst.unwrap_or(if unread { "unknown" } else { "pass" }).to_owned()
}

fn cases(truth: &Path, set: &str) -> Vec<Case> {
    let path = truth.join("controls").join(format!("{set}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| case(&serde_json::from_str(line).unwrap())).collect()
}

fn case(row: &Value) -> Case {
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let files = row["files"].as_object().unwrap();
    let reviewed = row["admission_review"].as_bool() == Some(true);
    let text_of = |text: &Value| {
        let text = text.as_str().unwrap();
        if reviewed { reviewed_object(text) } else { text.to_owned() }
    };
    Case {
        rule: text("rule"),
        subrule: text("subrule"),
        name: text("case"),
        expect: text("expect"),
        format: text("format"),
        files: files.iter().map(|(name, text)| (name.clone(), text_of(text))).collect(),
        parameters: row["parameters"].clone(),
    }
}

/// The object inside an AdmissionReview: what a peer's webhook is asked about is what we read from files.
fn reviewed_object(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|line| line.trim() == "object:").expect("a review has an object");
    let indent = |line: &str| line.len() - line.trim_start().len();
    let inside = lines[start + 1..]
        .iter()
        .take_while(|line| line.trim().is_empty() || indent(line) > indent(lines[start]));
    inside.map(|line| format!("{line}\n")).collect()
}
