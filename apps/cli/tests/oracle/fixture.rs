//! Cases that once disagreed, kept: a stream of manifests after lines of comment that hold the probes.
//!
//! ```text
//! # probe: shop/p1 ip/8.8.8.8 TCP 80 deny
//! # settled: shop/p1 ip/8.8.8.8 TCP 80 allow
//! ```
//! A line `settled` has what the oracle says in spite of the definition; where it no longer does, the line is
//! stale and the trial fails.

use std::path::{Path, PathBuf};

use libtest_mimic::Failed;
use ringfence_model::EstateBuilder;
use ringfence_model::fact::Protocol;
use serde_json::Value as Json;

use crate::case::{Case, Probe, Verdict};

/// A case with the verdict that is right.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    pub(crate) case: Case,
    pub(crate) expected: Vec<(Probe, Verdict)>,
    pub(crate) settled: Vec<(Probe, Verdict)>,
}

impl Probe {
    /// `shop/p1 ip/8.8.8.8 TCP 80`.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (from, to) = (words.next()?.to_owned(), words.next()?.to_owned());
        let protocol = Protocol::parse(words.next()?)?;
        Some(Self { from, to, port: (protocol, words.next()?.parse().ok()?) })
    }
}

/// The fixtures of one oracle, by file name.
pub(crate) fn all(oracle: &str) -> Result<Vec<(String, PathBuf)>, Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/fixtures").join(oracle);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let paths = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<Result<Vec<PathBuf>, _>>()?;
    paths.sort();
    let name = |path: PathBuf| (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), path);
    Ok(paths.into_iter().map(name).collect())
}

/// Reads one.
pub(crate) fn read(path: &Path) -> Result<Fixture, Failed> {
    let text = std::fs::read_to_string(path)?;
    let expected = probes(&text, "# probe: ")?;
    let settled = probes(&text, "# settled: ")?;
    let ends = expected.iter().flat_map(|(probe, _)| [&probe.from, &probe.to]);
    let mut outside: Vec<String> =
        ends.filter_map(|end| end.strip_prefix("ip/")).map(str::to_owned).collect();
    outside.sort();
    outside.dedup();
    let ports = expected.iter().map(|(probe, _)| probe.port).collect();
    Ok(Fixture { case: Case { manifests: manifests(&text)?, outside, ports }, expected, settled })
}

fn probes(text: &str, prefix: &str) -> Result<Vec<(Probe, Verdict)>, Failed> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(prefix));
    let probe = |line: &str| {
        let verdict = line.split_whitespace().last().and_then(Verdict::parse);
        Probe::parse(line).zip(verdict).ok_or_else(|| format!("not a probe: {line}").into())
    };
    lines.map(probe).collect()
}

fn manifests(text: &str) -> Result<Vec<Json>, Failed> {
    let file = EstateBuilder::default().sources_mut().add("fixture.yaml", text);
    Ok(crate::yaml::documents(file, text)?.iter().map(crate::yaml::json).collect())
}
