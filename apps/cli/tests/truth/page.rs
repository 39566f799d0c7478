//! `docs/truth.md`: agreement with the public cases, before and after settling.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::Agreement;
use crate::table::{self, Mapping, Settled};

/// Writes the page, or holds it against what was found.
pub(crate) fn hold(
    tally: &BTreeMap<(String, String), Agreement>,
    mappings: &[Mapping],
    settled: &[Settled],
    writes: bool,
) {
    let page = page(tally, mappings, settled);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/truth.md");
    if writes {
        std::fs::write(&path, page).expect("docs/truth.md can be written");
        return;
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    if there != page {
        eprintln!("docs/truth.md is not up to date; run `cargo xtask truth`");
        std::process::exit(1);
    }
}

fn page(tally: &BTreeMap<(String, String), Agreement>, mappings: &[Mapping], settled: &[Settled]) -> String {
    let total = sum(tally.values());
    let mut page = String::from("# Agreement with public cases\n\n");
    let mut say = |line: String| writeln!(page, "{line}").expect("a string can be written");
    say("Written by `cargo xtask truth`; checked by the tests where the cases lie beside the repository.\n"
        .to_owned());
    say(format!(
        "{} labelled cases of {} peers' rules were run. {} agree as they are ({:.1} %), {} after settling ({:.1} %). \
         {} cases are in formats that no source reads yet (Terraform source text, Dockerfiles) and were not run.\n",
        total.cases,
        tally.len(),
        total.before,
        percent(total.before, total.cases),
        total.after,
        percent(total.after, total.cases),
        total.not_run
    ));
    say("| control | cases | agree before | agree after |\n|---|---|---|---|".to_owned());
    for (control, agreement) in by_control(tally, mappings) {
        let Agreement { cases, before, after, .. } = agreement;
        say(format!(
            "| {control} | {cases} | {:.1} % | {:.1} % |",
            percent(before, cases),
            percent(after, cases)
        ));
    }
    say("\n## Controls of which more than a tenth was settled\n".to_owned());
    for (control, why) in explained(tally, mappings) {
        say(format!("- **{control}**: {why}"));
    }
    say("\n## Settled\n\nEach was looked at once, against the definition named.\n".to_owned());
    say("| set | case | peer | ours | class | definition |\n|---|---|---|---|---|---|".to_owned());
    for row in settled {
        let Settled { set, rule, case, expect, ours, class, citation } = row;
        say(format!("| {set} | {rule}: {case} | {expect} | {ours} | {class} | {citation} |"));
    }
    say("\n## Rules that no control answers\n\n| set | rule | reason |\n|---|---|---|".to_owned());
    for mapping in mappings.iter().filter(|mapping| mapping.controls.is_empty()) {
        say(format!("| {} | {} | {} |", mapping.set, mapping.rule, mapping.reason));
    }
    page
}

/// Each control of which more than a tenth was settled needs its reason, and no other one has any.
fn explained(tally: &BTreeMap<(String, String), Agreement>, mappings: &[Mapping]) -> Vec<(String, String)> {
    let many: Vec<String> = by_control(tally, mappings)
        .into_iter()
        .filter(|(_, one)| (one.after - one.before) * 10 > one.cases)
        .map(|(control, _)| control)
        .collect();
    let explained = table::explained();
    let named: Vec<&String> = explained.iter().map(|(control, _)| control).collect();
    assert!(
        many.iter().all(|control| named.contains(&control)),
        "truth/explained.tsv must explain {many:?}, it has {named:?}"
    );
    assert!(
        named.iter().all(|control| many.contains(control)),
        "truth/explained.tsv explains what needs none: {named:?}, not {many:?}"
    );
    explained
}

fn by_control(
    tally: &BTreeMap<(String, String), Agreement>,
    mappings: &[Mapping],
) -> BTreeMap<String, Agreement> {
    let mut controls: BTreeMap<String, Vec<&Agreement>> = BTreeMap::new();
    for mapping in mappings {
        let Some(agreement) = tally.get(&(mapping.set.clone(), mapping.rule.clone())) else { continue };
        controls.entry(mapping.controls.join(", ")).or_default().push(agreement);
    }
    controls.into_iter().map(|(control, all)| (control, sum(all))).collect()
}

fn sum<'a>(all: impl IntoIterator<Item = &'a Agreement>) -> Agreement {
    all.into_iter().fold(Agreement::default(), |sum, one| Agreement {
        cases: sum.cases + one.cases,
        before: sum.before + one.before,
        after: sum.after + one.after,
        not_run: sum.not_run + one.not_run,
    })
}

fn percent(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}
