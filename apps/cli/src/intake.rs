//! The world as files: paths in, estate and declaration out.
//!
//! ```text
//! walk ─▶ file (bytes ─▶ text ─▶ documents) ─▶ gathering (manifests, templates, plans) ─▶ estate
//! ```
//!
//! This is the only place that reads files. Whatever goes wrong with one file is a diagnostic at
//! that file, and the rest is still read.

mod controls;
mod declared;
mod file;
mod gathering;
mod roots;
mod walk;

use std::path::{Path, PathBuf};

use globset::{Glob, GlobSet, GlobSetBuilder};
use ringfence_model::declaration::Declaration;
use ringfence_model::{Diagnostic, Estate, EstateBuilder, FileId, Location};

use crate::arguments::Input;
use crate::exit::Failure;
use gathering::Gathering;
use walk::Walked;

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    /// The joined estate.
    pub(crate) estate: Estate,
    /// What `ringfence.yaml` says; empty where there is none.
    pub(crate) declaration: Declaration,
    /// Everything that could not be read, and what is worth knowing.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// How many documents were recognised.
    pub(crate) recognised: usize,
    /// What was seen and left out.
    pub(crate) skipped: Skipped,
}

impl Intake {
    /// Path of the declaration in use.
    pub(crate) fn declaration_path(&self) -> Option<&str> {
        let file = self.estate.sources().file(self.declaration.file?)?;
        Some(file.path())
    }
}

/// What a walk saw and left out, by reason. Every skip is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// Folders such as `.git` and `node_modules`.
    pub(crate) folders: usize,
    /// Matched by `--exclude` or `exclude:`.
    pub(crate) excluded: usize,
    /// Links that lead out of the given path.
    pub(crate) outside: usize,
    /// Devices, sockets, pipes.
    pub(crate) special: usize,
    /// Files without anything Ringfence reads.
    pub(crate) unrecognised: usize,
    /// Manifests below an unrendered chart or kustomization.
    pub(crate) unrendered: usize,
}

impl Skipped {
    /// What was left out, one clause a reason; empty where nothing was.
    pub(crate) fn clauses(self) -> Vec<String> {
        let rows = [
            (self.unrecognised, "file that holds nothing to read", "files that hold nothing to read"),
            (self.excluded, "excluded path", "excluded paths"),
            (self.folders, "folder such as .git or node_modules", "folders such as .git and node_modules"),
            (self.outside, "link out of the given path", "links out of the given path"),
            (self.special, "device, socket or pipe", "devices, sockets and pipes"),
            (self.unrendered, "manifest of an unrendered root", "manifests of unrendered roots"),
        ];
        let clause = |(count, one, many): (usize, &str, &str)| {
            (count > 0).then(|| format!("{count} {}", if count == 1 { one } else { many }))
        };
        rows.into_iter().filter_map(clause).collect()
    }
}

/// Reads everything that `input` names.
pub(crate) fn read(input: &Input) -> Result<Intake, Failure> {
    check_paths(&input.paths)?;
    let mut builder = EstateBuilder::default();
    let declared = declared::find(input, &mut builder)?;
    let exclude = globs(input, &declared.declaration)?;
    let paths = declared.paths(&input.paths);
    let mut walked = Walked::default();
    paths.iter().for_each(|path| walk::walk(path, &exclude, &mut walked));
    let mut gathering = Gathering::new(builder, &declared, input)?;
    gathering.add_all(walked);
    Ok(gathering.finish(&declared))
}

/// Whether `path` stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A path that is not there is a mistake of usage; what else goes wrong with it is found while reading.
fn check_paths(paths: &[PathBuf]) -> Result<(), Failure> {
    let missing = paths.iter().find(|path| {
        !is_stdin(path)
            && std::fs::symlink_metadata(path)
                .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    });
    match missing {
        None => Ok(()),
        Some(path) => Err(Failure::usage(
            format!("`{}` does not exist", path.display()),
            "name a file or folder to read, or `-` for standard input",
        )),
    }
}

fn globs(input: &Input, declaration: &Declaration) -> Result<GlobSet, Failure> {
    let declared = declaration.exclude.iter().map(|glob| glob.value.as_str());
    let mut set = GlobSetBuilder::new();
    for text in input.exclude.iter().map(String::as_str).chain(declared) {
        let glob = Glob::new(text).map_err(|error| {
            Failure::usage(
                format!("`{text}` is not a glob: {}", error.kind()),
                "write globs like `**/test/**` or `*.bak`",
            )
        })?;
        set.add(glob);
    }
    set.build().map_err(|error| {
        Failure::usage(format!("the globs to exclude are too large: {error}"), "use fewer globs")
    })
}

/// A link that leads back: what is behind it has its own path already.
fn led_back(file: FileId, shown: &str) -> Diagnostic {
    Diagnostic::note("link-loop", format!("`{shown}` leads to a folder that was read already"))
        .at(Location::start_of(file))
        .help("nothing to do: each file is read once, under its path without the link")
}

/// A file that could not be read: what, why, and where.
fn unreadable(file: FileId, shown: &str, why: &str) -> Diagnostic {
    Diagnostic::error("unreadable", format!("`{shown}` cannot be read: {why}"))
        .at(Location::start_of(file))
        .help("make it readable, or leave it out with --exclude")
}
