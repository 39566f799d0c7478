//! `cargo xtask oracle`: builds the engines to compare with, then compares on clusters nobody has seen.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// An engine that we did not write, and how it gets into the folder of programs.
struct Oracle {
    name: &'static str,
    how: How,
}

enum How {
    /// `build.sh OUT NAME` in the shared folder; needs Go.
    Go,
    /// An environment of its own with this package of PyPI; needs Python.
    Python(&'static str),
}

const ALL: &[Oracle] = &[
    Oracle { name: "knp", how: How::Go },
    Oracle { name: "ciliumpol", how: How::Go },
    Oracle { name: "nca", how: How::Python("network-config-analyzer==2.1.0") },
];

/// How many probes are compared if nobody says.
const PROBES: &str = "100000";

/// Builds and runs the oracles that `arguments` name (`all` for every one), each on `--probes N` new probes.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let Some((names, probes)) = parse(arguments) else { return ExitCode::from(2) };
    let folder = folder();
    if let Err(error) = std::fs::create_dir_all(&folder) {
        eprintln!("{}: {error}", folder.display());
        return ExitCode::FAILURE;
    }
    let wanted: Vec<&Oracle> = ALL.iter().filter(|oracle| names.contains(&oracle.name.to_owned())).collect();
    let there: Vec<&Oracle> = wanted.iter().copied().filter(|oracle| oracle.provide(&folder)).collect();
    if there.is_empty() {
        eprintln!("none of the oracles is there");
        return ExitCode::FAILURE;
    }
    let new: Vec<String> = there.iter().map(|oracle| format!("{}:{probes}", oracle.name)).collect();
    let tests = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--package", "ringfence", "--test", "oracle"])
        .env("RINGFENCE_ORACLES", &folder)
        .env("RINGFENCE_ORACLE_NEW", new.join(","))
        .status();
    let all_there = there.len() == wanted.len();
    let passed = tests.is_ok_and(|status| status.success());
    if !passed {
        eprintln!("a mismatch that stays becomes a fixture: {}", folder.join("mismatches").display());
    }
    if passed && all_there { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Which oracles, and how many probes; `None` after a complaint.
fn parse(arguments: &[String]) -> Option<(Vec<String>, String)> {
    let (mut names, mut probes) = (Vec::new(), PROBES.to_owned());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), ALL.iter().any(|oracle| oracle.name == argument)) {
            ("--probes", _) => {
                let number = arguments.next().filter(|number| number.parse::<usize>().is_ok());
                let Some(number) = number else {
                    eprintln!("`--probes` takes a number");
                    return None;
                };
                probes = number.clone();
            }
            ("all", _) => names.extend(ALL.iter().map(|oracle| oracle.name.to_owned())),
            (_, true) => names.push(argument.clone()),
            (_, false) => {
                let known: Vec<&str> = ALL.iter().map(|oracle| oracle.name).collect();
                eprintln!("there is no oracle `{argument}`; known are {} and all", known.join(", "));
                return None;
            }
        }
    }
    if names.is_empty() {
        names.extend(ALL.iter().map(|oracle| oracle.name.to_owned()));
    }
    Some((names, probes))
}

/// Where programs are: `RINGFENCE_ORACLES`, else `target/oracles`.
fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::var_os("RINGFENCE_ORACLES").map_or_else(|| root.join("target/oracles"), PathBuf::from)
}

impl Oracle {
    /// Whether it is there, built now if it can be.
    fn provide(&self, folder: &Path) -> bool {
        let program = match self.how {
            How::Go => folder.join(self.name),
            How::Python(_) => folder.join(self.name).join("bin/python"),
        };
        if program.is_file() {
            return true;
        }
        println!("oracle {}: building into {}", self.name, folder.display());
        let built = match self.how {
            How::Go => go(self.name, folder),
            How::Python(package) => python(package, &folder.join(self.name)),
        };
        if let Err(why) = &built {
            eprintln!("oracle {}: cannot be built: {why}", self.name);
        }
        built.is_ok()
    }
}

fn go(name: &str, folder: &Path) -> Result<(), String> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("RINGFENCE_SHARED").map_or_else(beside, PathBuf::from);
    let script = shared.join("oracles/build.sh");
    if !script.is_file() {
        return Err(format!("{} is not there", script.display()));
    }
    let path = std::env::var("PATH").unwrap_or_default();
    run_command(
        Command::new("bash")
            .arg(script)
            .arg(folder)
            .arg(name)
            .env("PATH", format!("{path}:/usr/local/go/bin")),
    )
}

fn python(package: &str, folder: &Path) -> Result<(), String> {
    run_command(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    run_command(Command::new(folder.join("bin/pip")).args(["install", "--quiet", package]))
}

fn run_command(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}
