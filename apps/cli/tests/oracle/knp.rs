//! The reference engine of kubernetes-sigs (kube-network-policies), profile `spec`.

use std::path::Path;

use libtest_mimic::Failed;
use serde_json::Value as Json;

use crate::case::{Answers, Case, Probe, Verdict};
use crate::cluster::{Taste, Tiers};
use crate::{program, stored};

pub(crate) const TASTE: Taste = Taste {
    tiers: &[Tiers::None, Tiers::V1alpha1, Tiers::V1alpha1, Tiers::V1alpha2, Tiers::V1alpha2],
    v6_once_in: 5,
    pods: 12,
    ports: 10,
};

/// What it says of every probe.
pub(crate) fn answers(binary: &Path, case: &Case) -> Result<Answers, Failed> {
    printed(binary, &[], case, &stored::all(&case.manifests))
}

/// The answers of a program that takes a folder, ports (`tcp:80`) and addresses outside (`-ip 1.2.3.4`), and
/// prints the probes that it allows.
pub(crate) fn printed(
    binary: &Path,
    before: &[String],
    case: &Case,
    manifests: &[Json],
) -> Result<Answers, Failed> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("cluster.yaml"), crate::yaml::stream(manifests))?;
    let ports = case.ports.iter().map(|(protocol, port)| format!("{}:{port}", protocol.as_str()));
    let outside = case.outside.iter().flat_map(|address| ["-ip".to_owned(), address.clone()]);
    let mut arguments = before.to_vec();
    arguments.push(folder.path().display().to_string());
    arguments.extend(ports.chain(outside));
    let printed = program::output(binary, &arguments)?;
    let mut answers: Answers = case.probes().into_iter().map(|probe| (probe, Verdict::Deny)).collect();
    for line in printed.lines() {
        // Pairs of addresses outside are printed too.
        let answer = Probe::parse(line).and_then(|probe| answers.get_mut(&probe));
        answer.into_iter().for_each(|verdict| *verdict = Verdict::Allow);
    }
    Ok(answers)
}
