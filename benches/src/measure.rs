//! Whole processes, as the operating system accounts for them.

use std::io;
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// One finished run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// User and system time, seconds.
    pub(crate) cpu: f64,
    /// Largest resident set, megabytes.
    pub(crate) memory: f64,
}

/// The medians of `runs` runs after one that does not count.
pub(crate) fn median(runs: usize, binary: &str, arguments: &[&str]) -> io::Result<Run> {
    let mut all = Vec::new();
    for counted in std::iter::once(false).chain(std::iter::repeat_n(true, runs)) {
        let run = child(binary, arguments)?;
        all.extend(counted.then_some(run));
    }
    let middle = |value: fn(&Run) -> f64| {
        let mut values: Vec<f64> = all.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Ok(Run { cpu: middle(|run| run.cpu), memory: middle(|run| run.memory) })
}

/// Runs this program once more as the parent of the measured one, so that the usage of its children is
/// that of a single process.
fn child(binary: &str, arguments: &[&str]) -> io::Result<Run> {
    let output = Command::new(std::env::current_exe()?).arg("--one").arg(binary).args(arguments).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().filter_map(|number| number.parse::<f64>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(cpu), Some(memory)) => Ok(Run { cpu, memory }),
        _ => Err(io::Error::other(format!(
            "`{binary}` was not measured: {}",
            String::from_utf8_lossy(&output.stderr)
        ))),
    }
}

/// The inner half of [`child`]: runs the command and prints its usage.
pub(crate) fn one(command: &[String]) -> io::Result<()> {
    let Some((binary, arguments)) = command.split_first() else { return Err(io::Error::other("no command")) };
    let status = Command::new(binary).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if !matches!(status.code(), Some(0 | 4 | 10)) {
        return Err(io::Error::other(format!("`{binary}` ended with {status}")));
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(io::Error::from)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    println!("{} {}", seconds(micros), megabytes(usage.max_rss()));
    Ok(())
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

fn megabytes(kilobytes: i64) -> f64 {
    kilobytes as f64 / 1024.0
}
