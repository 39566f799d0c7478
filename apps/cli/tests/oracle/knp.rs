//! The reference engine of kubernetes-sigs (kube-network-policies), profile `spec`.

use std::path::Path;

use libtest_mimic::Failed;

use crate::case::{Answers, Case, Probe, Verdict};
use crate::cluster::{Taste, Tiers};
use crate::{program, stored};

pub(crate) const TASTE: Taste =
    Taste { tiers: &[Tiers::None, Tiers::V1alpha1, Tiers::V1alpha1], v6_once_in: 5, pods: 12, ports: 10 };

/// What it says of every probe: it prints those that it allows.
pub(crate) fn answers(binary: &Path, case: &Case) -> Result<Answers, Failed> {
    let folder = tempfile::tempdir()?;
    let stream = crate::yaml::stream(&stored::all(&case.manifests));
    std::fs::write(folder.path().join("cluster.yaml"), stream)?;
    let ports = case.ports.iter().map(|(protocol, port)| format!("{}:{port}", protocol.as_str()));
    let outside = case.outside.iter().flat_map(|address| ["-ip".to_owned(), address.clone()]);
    let mut arguments = vec![folder.path().display().to_string()];
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
