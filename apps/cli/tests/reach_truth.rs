//! The reach engine against what other engines conclude.
//!
//! `../shared/truth/network/np-guard`: under `npguard-compat` every directory gives exactly its
//! `expected.txt`. `../shared/oracles/tricky`: every verdict of `spec` and of
//! netpol-analyzer; what the definition leaves open must depend on something.
//! `../shared/truth/network/calico-selectors.json`: every row.
//!
//! Where the folders are not there, the trials are ignored with that reason; where `RINGFENCE_REQUIRE`
//! holds `truth`, their absence is a failure.

#![expect(clippy::disallowed_methods, reason = "a test reads its cases and its environment itself")]

#[path = "reach_truth/calico.rs"]
mod calico;
#[path = "workbench/shared.rs"]
mod shared;
#[path = "workbench/skip.rs"]
mod skip;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use ringfence_model::fact::Protocol;
use ringfence_model::{Estate, EstateBuilder};
use ringfence_reach::{Endpoints, Profile, Reach};
use serde_json::Value;

/// Whose verdicts hold under which profile.
const ENGINES: [(&str, Profile); 4] = [
    ("spec", Profile::Spec),
    ("netpol-analyzer", Profile::NpguardCompat),
    ("aws-rules", Profile::AwsVpcCni),
    ("aws-ebpf", Profile::AwsVpcCni),
];

fn main() {
    let arguments = Arguments::from_args();
    let guard = shared::truth().map(|truth| truth.join("network/np-guard"));
    let guard = guard.map_or_else(|| Ok(vec![shared::absent("np-guard")]), listings);
    let tricky = shared::below("oracles/tricky");
    let tricky = tricky.map_or_else(|| Ok(vec![shared::absent("tricky")]), probes);
    let selectors = shared::truth().map(|truth| truth.join("network/calico-selectors.json"));
    let selectors = selectors
        .map_or_else(|| Ok(vec![shared::absent("calico selectors")]), |file| calico::selectors(&file));
    let failed = |failure: Failed| vec![Trial::test("the cases can be read", move || Err(failure))];
    let trials = [guard, tricky, selectors].map(|trials| trials.unwrap_or_else(failed));
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit();
}

/// What a folder holds, sorted.
fn entries(of: &Path) -> Result<Vec<PathBuf>, Failed> {
    let entries = std::fs::read_dir(of)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<Result<Vec<PathBuf>, _>>()?;
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The directories of np-guard.
fn listings(of: PathBuf) -> Result<Vec<Trial>, Failed> {
    let folders = entries(&of)?.into_iter().filter(|path| path.is_dir());
    Ok(folders.map(listing).collect())
}

fn listing(folder: PathBuf) -> Trial {
    let name = file_name(&folder);
    Trial::test(format!("np-guard/{name}"), move || {
        let files = entries(&folder)?.into_iter().filter(|path| file_name(path) != "expected.txt");
        let estate = estate(files)?;
        let (reach, _) = Reach::new(&estate, Profile::NpguardCompat);
        let mut found = Vec::new();
        ringfence_outputs::reach::txt::write(&mut found, &estate, &reach.map(), None)?;
        agree(&String::from_utf8(found)?, &std::fs::read_to_string(folder.join("expected.txt"))?)
    })
}

fn agree(found: &str, expected: &str) -> Result<(), Failed> {
    let lines =
        |text: &str| text.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect::<BTreeSet<_>>();
    let (found, expected) = (lines(found), lines(expected));
    if found == expected {
        return Ok(());
    }
    let show = |lines: BTreeSet<&String>| lines.into_iter().take(8).cloned().collect::<Vec<_>>().join("\n  ");
    Err(Failed::from(format!(
        "missing:\n  {}\ntoo many:\n  {}",
        show(expected.difference(&found).collect()),
        show(found.difference(&expected).collect())
    )))
}

fn estate(files: impl Iterator<Item = PathBuf>) -> Result<Estate, Failed> {
    let mut builder = EstateBuilder::default();
    for path in files {
        let text = ringfence_text::decode(std::fs::read(&path)?).map_err(|_| "a file is no text")?;
        let file = builder.sources_mut().add(path.display().to_string(), text.as_str());
        let (documents, _) = ringfence_text::read(file, &text, &ringfence_text::Budget::default());
        for document in documents {
            let (resources, _) = ringfence_kubernetes::read(document);
            builder.extend(resources);
        }
    }
    Ok(builder.finish().0)
}

/// One probe of one case, and what an engine says of it.
struct Probe {
    case: PathBuf,
    profile: Profile,
    from: String,
    to: String,
    protocol: Protocol,
    port: u16,
    expected: String,
}

/// The probes of every case: one trial for each probe and profile.
fn probes(folder: PathBuf) -> Result<Vec<Trial>, Failed> {
    let text = std::fs::read_to_string(folder.join("verdicts.jsonl"))?;
    let mut trials = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let row: Value = serde_json::from_str(line)?;
        for (engine, profile) in ENGINES {
            if let Some(probe) = probe(&folder, &row, engine, profile) {
                let Probe { from, to, protocol, port, .. } = &probe;
                let case = row.get("case").and_then(Value::as_str).unwrap_or_default();
                let name = format!("tricky/{case} {from} {to} {}/{port} {engine}", protocol.as_str());
                trials.push(Trial::test(name, move || probe.check()));
            }
        }
    }
    Ok(trials)
}

fn probe(folder: &Path, row: &Value, engine: &str, profile: Profile) -> Option<Probe> {
    let text = |pointer: &str| row.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Some(Probe {
        case: folder.join(format!("{}.yaml", text("/case")?)),
        profile,
        from: text("/from")?,
        to: text("/to")?,
        protocol: Protocol::parse(&text("/protocol")?)?,
        port: u16::try_from(row.get("port")?.as_u64()?).ok()?,
        expected: text(&format!("/verdicts/{engine}"))?,
    })
}

impl Probe {
    fn check(&self) -> Result<(), Failed> {
        let estate = estate([self.case.clone()].into_iter())?;
        let (reach, _) = Reach::new(&estate, self.profile);
        let end = |name: &str| {
            let label = format!("{name}[Pod]");
            let ids = estate.iter_workloads().filter(|(_, workload)| workload.label() == label);
            Endpoints::workloads(ids.map(|(id, _)| id))
        };
        let edges = reach.between(&end(&self.from), &end(&self.to));
        let [edge] = edges.as_slice() else { return Err(format!("{} edges", edges.len()).into()) };
        let found = if edge.allowed.contains(self.protocol, self.port) {
            "allow"
        } else if edge.depends.contains(self.protocol, self.port) {
            "depends"
        } else {
            "deny"
        };
        // What the definition leaves open is a condition, never allow or deny.
        let wanted = if self.expected == "undefined" { "depends" } else { &self.expected };
        if found == wanted { Ok(()) } else { Err(format!("{found}, expected {wanted}").into()) }
    }
}
