//! The reach engine against engines that we did not write, on random clusters.
//!
//! ```text
//! seed ─▶ cluster ─┬▶ YAML ─▶ sources ─▶ engine ─▶ verdicts ┐
//!                  └▶ as stored by an API server ─▶ oracle ─▶ verdicts ┴▶ equal, or a small fixture
//! ```
//!
//! Committed seeds run where the oracle is there (`RINGFENCE_ORACLES`, else `target/oracles`; `cargo xtask
//! oracle` builds what can be built), and are ignored with the reason where it is not; what
//! `RINGFENCE_REQUIRE` names fails instead. `RINGFENCE_ORACLE_NEW=knp:1000000` runs seeds never seen before
//! until so many probes were compared. A mismatch is made small and written to a folder that is named.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads its cases, its environment and the clock itself"
)]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "without a harness these are tests all the same"
)]

#[path = "oracle/address.rs"]
mod address;
#[path = "oracle/case.rs"]
mod case;
#[path = "oracle/cilium.rs"]
mod cilium;
#[path = "oracle/cluster.rs"]
mod cluster;
#[path = "oracle/compare.rs"]
mod compare;
#[path = "oracle/dice.rs"]
mod dice;
#[path = "oracle/fixture.rs"]
mod fixture;
#[path = "oracle/knp.rs"]
mod knp;
#[path = "oracle/nca.rs"]
mod nca;
#[path = "oracle/program.rs"]
mod program;
#[path = "oracle/selects.rs"]
mod selects;
#[path = "oracle/settled.rs"]
mod settled;
#[path = "oracle/shrink.rs"]
mod shrink;
#[path = "workbench/skip.rs"]
mod skip;
#[path = "oracle/stored.rs"]
mod stored;
#[path = "oracle/tiers.rs"]
mod tiers;
#[path = "workbench/yaml.rs"]
mod yaml;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use compare::{ALL, Compared, Oracle};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let trials = match std::env::var("RINGFENCE_ORACLE_NEW") {
        Ok(wanted) => wanted.split(',').map(new_seeds).collect(),
        Err(_) => ALL.iter().flat_map(committed).collect(),
    };
    libtest_mimic::run(&arguments, trials).exit();
}

/// Fixtures and committed seeds of one oracle.
fn committed(oracle: &'static Oracle) -> Vec<Trial> {
    let binary = program::find(oracle.program);
    let fixtures = fixture::all(oracle.name).expect("the fixtures can be listed");
    let fixture = |(name, path): (String, PathBuf)| {
        let binary = binary.clone();
        let trial = move || oracle.hold(binary.as_deref(), &fixture::read(&path)?);
        Trial::test(format!("{}/{name}", oracle.name), trial)
    };
    let mut trials: Vec<Trial> = fixtures.into_iter().map(fixture).collect();
    match binary {
        None => trials.push(absent(oracle)),
        Some(binary) => trials.extend((0..oracle.seeds).map(|seed| {
            let binary = binary.clone();
            let name = format!("{}/seed {seed}", oracle.name);
            Trial::test(name, move || oracle.compare(&binary, seed).map(drop))
        })),
    }
    trials
}

fn absent(oracle: &Oracle) -> Trial {
    let reason =
        format!("{}: {} is not there", oracle.name, program::folder().join(oracle.program).display());
    skip::skipped(reason, oracle.name)
}

/// Seeds that nobody has seen, until `wanted` (`knp:1000000`) probes were compared.
fn new_seeds(wanted: &str) -> Trial {
    let (name, probes) = wanted.split_once(':').expect("oracle:probes");
    let probes: usize = probes.parse().expect("a number of probes");
    let oracle = ALL.iter().find(|oracle| oracle.name == name).expect("a known oracle");
    let name = oracle.name;
    let Some(binary) = program::find(oracle.program) else { return absent(oracle) };
    Trial::test(format!("{name}: {probes} new probes"), move || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| "no clock")?;
        let first = u64::try_from(now.as_millis()).unwrap_or(0) << 20;
        let (mut seed, mut total, mut failures) = (first, Compared::default(), Vec::<Failed>::new());
        while total.agree < probes && failures.len() < 5 {
            match oracle.compare(&binary, seed) {
                Ok(compared) => total.add(compared),
                Err(failure) => failures.push(failure),
            }
            seed += 1;
        }
        eprintln!("{name}: {} clusters from seed {first}: {total}", seed - first);
        let said = |failure: Failed| failure.message().unwrap_or_default().to_owned();
        let failures: Vec<String> = failures.into_iter().map(said).collect();
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
    })
}
