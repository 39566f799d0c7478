//! Dependencies are guests: where they come from, under which licence, and how often.
//!
//! What `cargo deny` checks for licences, sources and duplicates, from Cargo metadata alone, so that it
//! works offline and needs no tool.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use cargo_metadata::{Metadata, Package};

/// Licences that a dependency may have, alone or as one choice of several.
const LICENCES: [&str; 11] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// The one place that dependencies come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Crates that may be there in several versions, and why.
const TWICE: &[(&str, &str)] = &[
    ("windows-sys", "Windows only; not part of a Linux or macOS build"),
    ("windows-targets", "Windows only; not part of a Linux or macOS build"),
    ("bit-set", "the regular expressions of jsonschema and proptest (tests) are on different lines"),
    ("bit-vec", "the regular expressions of jsonschema and proptest (tests) are on different lines"),
    ("getrandom", "tempfile and proptest (tests) are on different lines"),
    ("hashbrown", "indexmap and a test dependency are on different lines"),
    ("syn", "derive macros are on two lines; nothing of it is in the binary"),
    ("thiserror", "cel is on the old line"),
    ("thiserror-impl", "cel is on the old line"),
    ("rand_core", "tests only"),
    ("r-efi", "UEFI only; not part of any build of ours"),
    ("wasi", "WASI only; not part of any build of ours"),
];

/// Checks every package of the lock file, prints every fault, and fails if there is one.
pub(crate) fn run() -> ExitCode {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let mut command = cargo_metadata::MetadataCommand::new();
    let metadata = command.manifest_path(manifest).other_options(["--locked".to_owned()]).exec();
    let faults = match &metadata {
        Ok(metadata) => faults(metadata),
        Err(error) => vec![format!("cargo metadata: {error}")],
    };
    faults.iter().for_each(|fault| eprintln!("guests: {fault}"));
    println!("guests: {} packages, {} faults", metadata.map_or(0, |one| one.packages.len()), faults.len());
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn faults(metadata: &Metadata) -> Vec<String> {
    let guests: Vec<&Package> = metadata.packages.iter().filter(|one| one.source.is_some()).collect();
    let mut faults: Vec<String> = guests.iter().filter_map(|one| fault(one)).collect();
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for guest in &guests {
        versions.entry(guest.name.as_str()).or_default().push(guest.version.to_string());
    }
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        if !TWICE.iter().any(|(known, _)| known == name) {
            faults.push(format!(
                "{name} is there as {}; take one, or say why in xtask/src/guests.rs",
                versions.join(" and ")
            ));
        }
    }
    faults
}

fn fault(guest: &Package) -> Option<String> {
    let source = guest.source.as_ref().map(ToString::to_string).unwrap_or_default();
    if source != REGISTRY {
        return Some(format!("{} comes from {source}", guest.name));
    }
    let licence = guest.license.as_deref().unwrap_or_default();
    (!is_allowed(licence)).then(|| format!("{} has the licence `{licence}`", guest.name))
}

/// Whether every part of an expression offers a choice that is allowed.
fn is_allowed(expression: &str) -> bool {
    expression.replace('/', " OR ").split(" AND ").all(|part| {
        part.split(" OR ").any(|choice| LICENCES.contains(&choice.trim().trim_matches(['(', ')'])))
    })
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn one_choice_is_enough_and_every_part_counts() {
        assert!(is_allowed("MIT OR GPL-3.0"));
        assert!(is_allowed("MIT/Apache-2.0"));
        assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!is_allowed("GPL-3.0"));
        assert!(!is_allowed("MIT AND GPL-3.0"));
        assert!(!is_allowed(""));
    }
}
