//! Which files there are below the paths of the command line.
//!
//! Folders are read in order of names. Links are followed once and never out of the path that was
//! given; what is left out is counted, so that the summary can say so.

use std::collections::VecDeque;
use std::fs::{self, FileType};
use std::path::{Path, PathBuf};

use globset::GlobSet;
use rustc_hash::FxHashSet;

use super::Skipped;

/// Folders that hold no input of anybody's.
const LEFT_OUT: [&str; 4] = [".git", "node_modules", ".terraform", "target"];

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// As reached from the argument, `/`-separated.
    pub(crate) shown: String,
    /// Whether the command line names the file itself: then it must be readable.
    pub(crate) named: bool,
}

/// What a walk came upon.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// The files, in the order read.
    pub(crate) files: Vec<Found>,
    /// Paths that could not be looked into, with the reason.
    pub(crate) failed: Vec<(String, String)>,
    /// What was left out.
    pub(crate) skipped: Skipped,
}

/// All files below `path`. `-` is standard input and handled by the caller.
pub(crate) fn walk(path: &Path, exclude: &GlobSet, walked: &mut Walked) {
    let root = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let mut walk = Walk { root, exclude, seen: FxHashSet::default(), links: VecDeque::new(), walked };
    let shown = shown(path);
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => walk.folder(path, &shown),
        Ok(_) => walk.walked.files.push(Found { path: path.to_path_buf(), shown, named: true }),
        Err(error) => walk.walked.failed.push((shown, error.to_string())),
    }
    // Links come last, so that what they point at keeps the path without a link.
    while let Some((link, shown)) = walk.links.pop_front() {
        walk.link(&link, &shown);
    }
}

/// `path` as reports show it: `/`-separated, without a leading `./` or a trailing `/`.
pub(crate) fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let text = text.strip_prefix("./").filter(|rest| !rest.is_empty()).unwrap_or(&text);
    match text.trim_end_matches('/') {
        "" => text.to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

struct Walk<'a> {
    root: PathBuf,
    exclude: &'a GlobSet,
    /// Folders and linked files already visited, by their real path.
    seen: FxHashSet<PathBuf>,
    links: VecDeque<(PathBuf, String)>,
    walked: &'a mut Walked,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, shown: &str) {
        // A stack of its own: folders may be nested deeper than the call stack allows.
        let mut pending = vec![(folder.to_path_buf(), shown.to_owned())];
        while let Some((folder, shown)) = pending.pop() {
            if !fs::canonicalize(&folder).is_ok_and(|real| self.seen.insert(real)) {
                continue;
            }
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.walked.failed.push((shown, error.to_string()));
                    continue;
                }
            };
            let mut names: Vec<_> =
                entries.flatten().map(|entry| (entry.file_name(), entry.file_type())).collect();
            names.sort_by(|one, other| one.0.cmp(&other.0));
            let folders = pending.len();
            for (name, kind) in names {
                let path = folder.join(&name);
                let child = below(&shown, &name.to_string_lossy());
                match kind {
                    Ok(kind) => self.entry(path, child, kind, &mut pending),
                    Err(error) => self.walked.failed.push((child, error.to_string())),
                }
            }
            if let Some(new) = pending.get_mut(folders..) {
                new.reverse();
            }
        }
    }

    fn entry(&mut self, path: PathBuf, shown: String, kind: FileType, pending: &mut Vec<(PathBuf, String)>) {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        if kind.is_dir() && LEFT_OUT.contains(&&*name) {
            self.walked.skipped.folders += 1;
        } else if self.is_excluded(&path, &shown) {
            self.walked.skipped.excluded += 1;
        } else if kind.is_dir() {
            pending.push((path, shown));
        } else if kind.is_symlink() {
            self.links.push_back((path, shown));
        } else if kind.is_file() {
            self.walked.files.push(Found { path, shown, named: false });
        } else {
            self.walked.skipped.special += 1;
        }
    }

    /// Globs match the path as shown, the path below the root, or the name alone.
    fn is_excluded(&self, path: &Path, shown: &str) -> bool {
        !self.exclude.is_empty()
            && (self.exclude.is_match(shown)
                || path.file_name().is_some_and(|name| self.exclude.is_match(name))
                || path.strip_prefix(&self.root).is_ok_and(|inner| self.exclude.is_match(inner)))
    }

    fn link(&mut self, link: &Path, shown: &str) {
        let real = match fs::canonicalize(link) {
            Ok(real) => real,
            Err(error) => return self.walked.failed.push((shown.to_owned(), error.to_string())),
        };
        if !real.starts_with(&self.root) {
            self.walked.skipped.outside += 1;
        } else if real.is_dir() {
            self.folder(link, shown);
        } else if real.is_file() && !self.walked.files.iter().any(|found| is_same(&found.path, &real)) {
            self.walked.files.push(Found { path: link.to_path_buf(), shown: shown.to_owned(), named: false });
        }
    }
}

fn is_same(path: &Path, real: &Path) -> bool {
    path.file_name() == real.file_name() && fs::canonicalize(path).is_ok_and(|path| path == real)
}

fn below(folder: &str, name: &str) -> String {
    match folder {
        "." => name.to_owned(),
        folder if folder.ends_with('/') => format!("{folder}{name}"),
        folder => format!("{folder}/{name}"),
    }
}
