//! The house rules that a compiler does not check: layers, file sizes, module docs, names.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::shares::Shares;

/// No file is longer, ever.
const LONGEST_FILE: usize = 1_000;
/// Longer files are named, so that they get split by noun.
const LONG_FILE: usize = 500;
/// Names that hide a missing noun.
const REFUSED_NAMES: [&str; 6] = ["utils.rs", "util.rs", "helpers.rs", "common.rs", "manager.rs", "mod.rs"];

/// Layer (first folder of a crate) and the layers it may depend on; ARCHITECTURE.md has the same table.
const LAYERS: [(&str, &[&str]); 8] = [
    ("model", &[]),
    ("sources", &["model", "sources"]),
    ("engines", &["model", "engines"]),
    ("controls", &["model"]),
    ("outputs", &["model"]),
    ("apps", &["model", "sources", "engines", "controls", "outputs"]),
    ("benches", &[]),
    ("xtask", &[]),
];

/// The only dependencies inside a layer; an empty name stands for every crate of it.
const SIDEWAYS: [(&str, &str); 2] = [("", "ringfence-text"), ("ringfence-scope", "ringfence-reach")];

/// Checks everything, prints every fault, and fails if there is one.
pub(crate) fn run() -> ExitCode {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut faults = layer_faults(&root);
    let files = rust_files(&root);
    let mut shares = Shares::default();
    files.iter().for_each(|file| faults.extend(file_faults(&root, file, &mut shares)));
    for fault in &faults {
        eprintln!("tidy: {fault}");
    }
    println!("tidy: {}", shares.describe());
    println!("tidy: {} files, {} faults", files.len(), faults.len());
    if faults.is_empty() && !files.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn layer_faults(root: &Path) -> Vec<String> {
    let metadata =
        cargo_metadata::MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec();
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(error) => return vec![format!("cargo metadata: {error}")],
    };
    let layer_of = |path: &Path| -> Option<String> {
        let inside = path.strip_prefix(&metadata.workspace_root).ok()?;
        Some(inside.components().next()?.as_os_str().to_string_lossy().into_owned())
    };
    let mut faults = Vec::new();
    for package in &metadata.packages {
        let Some(layer) = layer_of(package.manifest_path.as_std_path()) else { continue };
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
            faults.push(format!("{}: no layer is called `{layer}`", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let target = dependency.path.as_ref().and_then(|path| layer_of(path.as_std_path()));
            let sideways = target.as_deref() == Some(&*layer) && layer != "apps";
            if sideways
                && !SIDEWAYS.iter().any(|(from, to)| {
                    (from.is_empty() || *from == package.name.as_str()) && *to == dependency.name
                })
            {
                faults.push(format!("{} must not depend on its neighbour {}", package.name, dependency.name));
            }
            if let Some(target) = target.filter(|target| !allowed.contains(&target.as_str())) {
                faults.push(format!(
                    "{} ({layer}) must not depend on {} ({target})",
                    package.name, dependency.name
                ));
            }
        }
    }
    faults
}

fn rust_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() && !matches!(name.as_str(), "target" | ".git") {
                folders.push(path);
            } else if name.ends_with(".rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn file_faults(root: &Path, file: &Path, shares: &mut Shares) -> Vec<String> {
    let shown = file.strip_prefix(root).unwrap_or(file).display().to_string();
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut faults = Vec::new();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return vec![format!("{shown}: {error}")],
    };
    shares.add(file.strip_prefix(root).unwrap_or(file), &text);
    if REFUSED_NAMES.contains(&name.as_str()) {
        faults.push(format!("{shown}: the name hides a missing noun"));
    }
    if !text.starts_with("//!") && !text.starts_with("#![no_main]") {
        faults.push(format!("{shown}: starts without `//!`"));
    }
    match text.lines().count() {
        lines if lines > LONGEST_FILE => {
            faults.push(format!("{shown}: {lines} lines, {LONGEST_FILE} is the most"))
        }
        lines if lines > LONG_FILE => println!("tidy: {shown} has {lines} lines; split it by noun"),
        _ => {}
    }
    faults
}
