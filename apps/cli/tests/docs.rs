//! Generated pages: written by `cargo xtask docs`, and held against what is there otherwise.

#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "tests read the repository and what lies beside it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use ringfence_controls::Catalogue;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every generated file: path from the repository's root, and text.
fn pages() -> BTreeMap<String, String> {
    let catalogue = Catalogue::built_in();
    let mut pages: BTreeMap<String, String> = catalogue
        .controls()
        .map(|control| {
            (
                format!("docs/controls/{}", ringfence_controls::page::path(control)),
                ringfence_controls::page::page(control),
            )
        })
        .collect();
    pages.insert("docs/controls/README.md".to_owned(), ringfence_controls::page::index(&catalogue));
    pages.insert("docs/declaration.md".to_owned(), ringfence_declaration::reference());
    pages.insert("schemas/ringfence.declaration-1.json".to_owned(), ringfence_declaration::schema());
    pages.insert("docs/cli.md".to_owned(), command_line());
    pages.insert("docs/reach.md".to_owned(), reach());
    pages.insert("README.md".to_owned(), readme());
    pages
}

/// The README with what its commands print: each `<!-- output: … -->` is followed by a block of that output.
fn readme() -> String {
    let text = std::fs::read_to_string(docs().join("README.md")).unwrap();
    let mut parts = text.split("<!-- output: ");
    let mut page = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (command, rest) = part.split_once(" -->").expect("a command ends");
        let (_, rest) = rest.split_once("<!-- end -->").expect("a block ends");
        let arguments: Vec<&str> = command.split(' ').collect();
        let output = Command::new(env!("CARGO_BIN_EXE_ringfence"))
            .args(arguments)
            .current_dir(docs())
            .output()
            .unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        page.push_str(&format!(
            "<!-- output: {command} -->\n```text\n{}\n```\n<!-- end -->{rest}",
            shown.trim_end()
        ));
    }
    page
}

/// The page about reach, with the facts of all profiles.
fn reach() -> String {
    let text = std::fs::read_to_string(docs().join("docs/reach.md")).unwrap();
    let (before, rest) = text.split_once("<!-- facts -->").expect("facts begin");
    let (_, after) = rest.split_once("<!-- end -->").expect("facts end");
    let fact = |fact: &ringfence_reach::Fact| {
        let profile = fact.profile.as_str();
        format!("| `{profile}` | `{}` | {} | {} |\n", fact.switch, fact.meaning, fact.source)
    };
    let rows: String = ringfence_reach::FACTS.iter().map(fact).collect();
    let table = format!("| profile | fact | what it means | source |\n|---|---|---|---|\n{rows}");
    format!("{before}<!-- facts -->\n{table}<!-- end -->{after}")
}

const VERBS: [&str; 8] = ["assess", "scope", "reach", "explain", "controls", "init", "schema", "completions"];

/// Verbs with questions that are words of their own.
const QUESTIONS: [[&str; 2]; 6] = [
    ["reach", "diff"],
    ["reach", "equivalent"],
    ["reach", "contained"],
    ["reach", "redundant"],
    ["reach", "conflicts"],
    ["reach", "suggest"],
];

fn command_line() -> String {
    let mut page =
        String::from("# The command line\n\nWritten by `cargo xtask docs` from the program itself.\n");
    page.push_str(&format!("\n```text\n{}```\n", help(&["--help"])));
    for verb in VERBS {
        page.push_str(&format!("\n## ringfence {verb}\n\n```text\n{}```\n", help(&[verb, "--help"])));
        for [_, question] in QUESTIONS.into_iter().filter(|[of, _]| *of == verb) {
            let text = help(&[verb, question, "--help"]);
            page.push_str(&format!("\n### ringfence {verb} {question}\n\n```text\n{text}```\n"));
        }
    }
    page
}

fn help(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_ringfence")).args(arguments).env("COLUMNS", "100").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Generated files that no control makes any more.
fn orphans(pages: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let mut orphans = Vec::new();
    let folder = docs().join("docs/controls");
    for chapter in std::fs::read_dir(folder).into_iter().flatten().flatten().filter(|one| one.path().is_dir())
    {
        for entry in std::fs::read_dir(chapter.path()).into_iter().flatten().flatten() {
            let name = format!(
                "docs/controls/{}/{}",
                chapter.file_name().to_string_lossy(),
                entry.file_name().to_string_lossy()
            );
            if !pages.contains_key(&name) {
                orphans.push(entry.path());
            }
        }
    }
    orphans
}

#[test]
fn generated_pages_are_up_to_date() {
    let pages = pages();
    let orphans = orphans(&pages);
    if std::env::var_os("RINGFENCE_WRITE").is_some() {
        orphans.iter().for_each(|path| std::fs::remove_file(path).unwrap());
        for (name, text) in &pages {
            let path = docs().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        return;
    }
    let stale: Vec<&String> = pages
        .iter()
        .filter(|(name, text)| std::fs::read_to_string(docs().join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| name)
        .collect();
    assert!(stale.is_empty() && orphans.is_empty(), "run `cargo xtask docs`: {stale:#?} {orphans:#?}");
}
