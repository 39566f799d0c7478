//! `cargo xtask bench`: the numbers of the README, measured on this machine.
//!
//! Inputs come from a seeded generator; each figure is the median of several whole processes in
//! CPU seconds (user and system) and peak resident memory. Results are kept in `benches/results/`.

#![expect(clippy::disallowed_methods, reason = "a measurement reads arguments and writes files")]

mod cluster;
mod infrastructure;
mod measure;
mod random;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};

use cluster::Size;
use measure::Run;

/// The seed of all inputs.
const SEED: u64 = 2026;

/// A case: name, arguments, what it must reach.
struct Case {
    name: &'static str,
    arguments: Vec<String>,
    runs: usize,
    gate: &'static str,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((first, command)) if first == "--one" => measure::one(command),
        _ => bench(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `bench [--save NAME] [BINARY]`: measures, prints, and keeps the table under that name.
fn bench(arguments: &[String]) -> io::Result<()> {
    let save = arguments.iter().position(|one| one == "--save").and_then(|at| arguments.get(at + 1));
    let binary = arguments.iter().find(|one| !one.starts_with("--") && Some(*one) != save);
    let binary = binary.map_or("target/release/ringfence", String::as_str);
    let folder = std::env::temp_dir().join(format!("ringfence-bench-{SEED}"));
    prepare(&folder)?;
    let mut table = String::from("| case | CPU s (median) | peak MB | reach |\n|---|---|---|---|\n");
    for case in cases(&folder) {
        let arguments: Vec<&str> = case.arguments.iter().map(String::as_str).collect();
        let Run { cpu, memory } = measure::median(case.runs, binary, &arguments)?;
        let row = format!("| {} | {cpu:.3} | {memory:.0} | {} |\n", case.name, case.gate);
        print!("{row}");
        table.push_str(&row);
    }
    match save {
        Some(name) => fs::write(Path::new("benches/results").join(format!("{name}.md")), page(&table)),
        None => Ok(()),
    }
}

fn prepare(folder: &Path) -> io::Result<()> {
    for count in [1, 1_000, 10_000, 100_000] {
        let part = folder.join(count.to_string());
        if !part.exists() {
            infrastructure::write(&part, count.max(4), SEED)?;
        }
    }
    let sizes = [(1_000, 200, 20), (100_000, 10_000, 1_000)];
    for (pods, policies, namespaces) in sizes {
        let file = folder.join(format!("cluster-{pods}.yaml"));
        if !file.exists() {
            cluster::write(&file, Size { pods, policies, namespaces }, SEED)?;
        }
    }
    let one = folder.join("one");
    fs::create_dir_all(&one)?;
    fs::write(one.join("deployment.yaml"), ONE_DEPLOYMENT)
}

/// The whole input of the cold start.
const ONE_DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers: [{name: app, image: registry.example.com/web:1}]\n";

fn cases(folder: &Path) -> Vec<Case> {
    let path = |part: &str| folder.join(part).display().to_string();
    let assess = |part: &str| {
        ["assess", "--format", "json", "--fail-on", "never", &path(part)].map(str::to_owned).to_vec()
    };
    let reach = |part: &str| ["reach", "--format", "json", &path(part)].map(str::to_owned).to_vec();
    vec![
        Case { name: "assess, one Deployment", arguments: assess("one"), runs: 9, gate: "≤ 0.01 s" },
        Case { name: "assess, 1,000 resources", arguments: assess("1000"), runs: 9, gate: "≤ 0.05 s" },
        Case {
            name: "assess, 10,000 resources",
            arguments: assess("10000"),
            runs: 5,
            gate: "≤ 0.5 s, ≤ 150 MB",
        },
        Case {
            name: "assess, 100,000 resources",
            arguments: assess("100000"),
            runs: 3,
            gate: "≤ 11 × 10,000",
        },
        Case {
            name: "reach, 1,000 pods, 200 policies",
            arguments: reach("cluster-1000.yaml"),
            runs: 9,
            gate: "≤ 0.05 s",
        },
        Case {
            name: "reach, 100,000 pods, 10,000 policies",
            arguments: reach("cluster-100000.yaml"),
            runs: 3,
            gate: "–",
        },
    ]
}

fn page(table: &str) -> String {
    let mut page = String::from("# Whole-process measurements\n\n");
    let facts = [
        ("date", "date", vec!["-u", "+%Y-%m-%d"]),
        ("machine", "uname", vec!["-srm"]),
        ("compiler", "rustc", vec!["-V"]),
    ];
    for (label, command, arguments) in facts {
        let output =
            Command::new(command).args(arguments).output().map(|output| output.stdout).unwrap_or_default();
        writeln!(page, "- {label}: {}", String::from_utf8_lossy(&output).trim()).unwrap_or_default();
    }
    writeln!(page, "- cores: {}", std::thread::available_parallelism().map_or(0, usize::from))
        .unwrap_or_default();
    writeln!(page, "- seed: {SEED}\n\n{table}").unwrap_or_default();
    page
}
