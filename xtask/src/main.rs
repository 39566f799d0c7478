//! Chores of the repository: `cargo xtask tidy|guests|docs|truth|oracle|bench`.

#![expect(clippy::disallowed_methods, reason = "chores read and write the repository")]

mod guests;
mod oracle;
mod shares;
mod tidy;

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((chore, rest)) = arguments.split_first() else { return usage() };
    match chore.as_str() {
        "tidy" => tidy::run(),
        "guests" => guests::run(),
        "docs" => cargo(&["test", "--quiet", "--package", "ringfence", "--test", "docs"], "RINGFENCE_WRITE"),
        "truth" => {
            cargo(&["test", "--quiet", "--package", "ringfence", "--test", "truth"], "RINGFENCE_WRITE")
        }
        "oracle" => oracle::run(rest),
        "bench" => bench(rest),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: cargo xtask tidy          hold the house rules\n       \
         cargo xtask guests        check licences, sources and duplicates of dependencies\n       \
         cargo xtask docs          write the generated pages in docs/\n       \
         cargo xtask truth         run the public cases and write docs/truth.md\n       \
         cargo xtask oracle [NAME…|all] [--probes N]   compare reach with real engines on new clusters\n       \
         cargo xtask bench [--save NAME]   measure, and keep the table in benches/results/"
    );
    ExitCode::from(2)
}

/// Builds what is measured, then measures it.
fn bench(rest: &[String]) -> ExitCode {
    let built = cargo(&["build", "--release", "--quiet", "--package", "ringfence"], "RINGFENCE_BENCH");
    if built != ExitCode::SUCCESS {
        return built;
    }
    let mut arguments = vec!["run", "--release", "--quiet", "--package", "ringfence-benches", "--"];
    arguments.extend(rest.iter().map(String::as_str));
    cargo(&arguments, "RINGFENCE_BENCH")
}

/// Runs cargo with `variable` set to 1.
fn cargo(arguments: &[&str], variable: &str) -> ExitCode {
    match Command::new(env!("CARGO")).args(arguments).env(variable, "1").status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo cannot be run: {error}");
            ExitCode::FAILURE
        }
    }
}
