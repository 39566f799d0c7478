//! The shipped example: what was planted is found, what is hardened holds, and each hardened setting matters.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::folder::Folder;
use serde_json::Value;

/// Control and place, `file:line`.
type Place = (String, String);

fn example(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/card-payments").join(part)
}

/// Assesses a copy of one half of the example, so that paths are short and files can be changed.
fn copy(part: &str) -> Folder {
    let folder = Folder::new();
    for name in files(part) {
        folder.write(&name, &std::fs::read(example(part).join(&name)).unwrap());
    }
    folder
}

fn files(part: &str) -> Vec<String> {
    let mut names = Vec::new();
    for sub in ["", "k8s", "cloudformation", "terraform"] {
        for entry in std::fs::read_dir(example(part).join(sub)).unwrap().flatten() {
            if entry.path().is_file() {
                names.push(
                    format!("{sub}/{}", entry.file_name().to_string_lossy())
                        .trim_start_matches('/')
                        .to_owned(),
                );
            }
        }
    }
    names.sort();
    names
}

fn assess(folder: &Folder, extra: &[&str]) -> Value {
    let mut arguments = vec!["assess", ".", "--format", "json", "--fail-on", "never"];
    arguments.extend(extra);
    let run = folder.run(&arguments);
    assert!(matches!(run.code, 0 | 4), "{}: {}", run.code, run.stderr);
    run.json()
}

fn places(json: &Value, verdict: &str) -> BTreeSet<Place> {
    let findings = json["findings"].as_array().unwrap().iter().filter(|one| one["verdict"] == verdict);
    findings
        .map(|one| {
            let location = &one["locations"][0];
            let control = one["control"].as_str().unwrap().to_owned();
            (control, format!("{}:{}", location["file"].as_str().unwrap_or("-"), location["line"]))
        })
        .collect()
}

/// Rows of a Markdown table whose first two columns are control and place.
fn table(path: &Path, heading: &str) -> BTreeSet<Place> {
    let text = std::fs::read_to_string(path).unwrap();
    let section =
        text.split(heading).nth(1).unwrap_or_else(|| panic!("no `{heading}` in {}", path.display()));
    let rows = section.split("\n# ").next().unwrap().split("\n## ").next().unwrap().lines();
    rows.filter_map(|line| line.strip_prefix("| "))
        .filter_map(|row| {
            let mut cells = row.split(" | ");
            Some((cells.next()?.to_owned(), cells.next()?.to_owned()))
        })
        .filter(|(control, _)| control != "control")
        .collect()
}

#[test]
fn what_is_planted_is_found_and_nothing_else() {
    let found = places(&assess(&copy("as-built"), &[]), "fail");
    let list = example("as-built").join("FAULTS.md");
    let planted = table(&list, "# Planted faults");
    let explained = table(&list, "## Found besides");
    let missed: Vec<_> = planted.difference(&found).collect();
    let expected: BTreeSet<Place> = planted.union(&explained).cloned().collect();
    let extra: Vec<_> = found.difference(&expected).collect();
    let stale: Vec<_> = explained.difference(&found).collect();
    assert!(
        missed.is_empty() && extra.is_empty() && stale.is_empty(),
        "missed {missed:#?}\nextra {extra:#?}\nstale {stale:#?}"
    );
}

#[test]
fn every_control_has_a_planted_fault_or_a_reason() {
    let list = example("as-built").join("FAULTS.md");
    let planted: BTreeSet<String> =
        table(&list, "# Planted faults").into_iter().map(|(control, _)| control).collect();
    let run = Folder::new().run(&["controls", "--format", "json"]);
    let listed = run.json();
    let controls =
        listed["controls"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
    let without: Vec<String> = controls.filter(|id| !planted.contains(id)).collect();
    assert_eq!(without, ["CL01.3"], "a cluster is open to the world or to a few, not both");
}

#[test]
fn the_hardened_example_has_no_fail_and_lists_what_is_unknown() {
    let json = assess(&copy("hardened"), &[]);
    let failed = places(&json, "fail");
    assert!(failed.is_empty(), "{failed:#?}");
    let unknown = places(&json, "unknown");
    let listed = table(&example("hardened").join("UNKNOWNS.md"), "# What stays unknown");
    let difference: Vec<_> = unknown.symmetric_difference(&listed).collect();
    assert!(difference.is_empty(), "{difference:#?}");
}

/// A hardened setting, how it is weakened, and the control that must notice.
struct Mutation {
    control: &'static str,
    files: &'static str,
    line: &'static str,
    weakened: Option<&'static str>,
    beside: &'static str,
}

/// `control <tab> part of the file's path <tab> line that starts so <tab> what replaces the matched part <tab>
/// start of the line before or after it`; without a fourth column the line goes, with everything indented below.
fn mutations() -> Vec<Mutation> {
    let rows = include_str!("mutations.tsv").lines().filter(|row| !row.is_empty() && !row.starts_with('#'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('\t').collect();
        let weakened = cells.get(3).copied().filter(|cell| !cell.is_empty());
        let beside = cells.get(4).copied().unwrap_or_default();
        Mutation { control: cells[0], files: cells[1], line: cells[2], weakened, beside }
    })
    .collect()
}

#[test]
fn each_hardened_setting_matters() {
    let mut silent = Vec::new();
    for mutation in mutations() {
        let mut places = 0;
        for name in files("hardened").iter().filter(|name| name.contains(mutation.files)) {
            let text = std::fs::read_to_string(example("hardened").join(name)).unwrap();
            for at in occurrences(&text, &mutation) {
                places += 1;
                if !fails(&mutation, name, &weaken(&text, at, &mutation)) {
                    silent.push(format!("{} {name}:{} {}", mutation.control, at + 1, mutation.line));
                }
            }
        }
        assert!(places > 0, "{}: `{}` is nowhere", mutation.control, mutation.line);
    }
    assert!(silent.is_empty(), "nobody noticed: {silent:#?}");
}

/// A plan says its values again under `resource_changes`, which is not what is judged.
fn occurrences(text: &str, mutation: &Mutation) -> Vec<usize> {
    let start = |line: &&str| line.trim_start_matches([' ', '-']).to_owned();
    let lines: Vec<String> = text
        .lines()
        .take_while(|line| !line.contains("\"resource_changes\""))
        .map(|line| start(&line))
        .collect();
    let is_beside = |at: usize| {
        let neighbours = [at.checked_sub(1), Some(at + 1)].into_iter().flatten();
        neighbours.filter_map(|at| lines.get(at)).any(|line| line.starts_with(mutation.beside))
    };
    (0..lines.len()).filter(|at| lines[*at].starts_with(mutation.line) && is_beside(*at)).collect()
}

fn weaken(text: &str, at: usize, mutation: &Mutation) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut changed: Vec<String> = lines[..at].iter().map(|line| (*line).to_owned()).collect();
    let mut rest = at + 1;
    match mutation.weakened {
        Some(weakened) => changed.push(lines[at].replacen(mutation.line, weakened, 1)),
        None => {
            while rest < lines.len()
                && !lines[rest].trim().is_empty()
                && indent(lines[rest]) > indent(lines[at])
            {
                rest += 1;
            }
        }
    }
    changed.extend(lines[rest..].iter().map(|line| (*line).to_owned()));
    changed.join("\n") + "\n"
}

fn fails(mutation: &Mutation, name: &str, text: &str) -> bool {
    let folder = copy("hardened");
    folder.write(name, text.as_bytes());
    let json = assess(&folder, &["--control", mutation.control]);
    !places(&json, "fail").is_empty()
}
