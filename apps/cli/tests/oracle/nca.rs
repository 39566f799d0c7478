//! network-config-analyzer of np-guard, profile `nca-compat`: NetworkPolicy alone, no tiers.

use std::path::Path;

use libtest_mimic::Failed;

use crate::case::{Answers, Case, text};
use crate::cluster::{Taste, Tiers};
use crate::{knp, stored};

pub(crate) const TASTE: Taste = Taste { tiers: &[Tiers::None], v6_once_in: 5, pods: 10, ports: 12 };

/// What it says of every probe: a script of ours asks its library.
pub(crate) fn answers(python: &Path, case: &Case) -> Result<Answers, Failed> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/allowed.py");
    let mut manifests = stored::all(&case.manifests);
    stored::drop_idle_rules(&mut manifests);
    // A namespace is looked up when its pods are read.
    manifests.sort_by_key(|manifest| text(manifest, "/kind") != "Namespace");
    knp::printed(python, &[script.display().to_string()], case, &manifests)
}
