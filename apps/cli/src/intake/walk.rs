//! Which files there are below the paths of the command line.
//!
//! Folders are read in order of names. Links are followed once and never out of the path that was
//! given; nothing is read twice, and what is left out is counted, so that the summary can say so.

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
    /// Which argument it was reached from.
    pub(crate) argument: usize,
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
    /// Links that lead back to a folder already read.
    pub(crate) loops: Vec<String>,
    /// What was left out.
    pub(crate) skipped: Skipped,
    /// Real paths of folders already visited, and of files that were named or linked.
    seen: FxHashSet<PathBuf>,
    /// Whether `seen` holds files.
    has_files: bool,
    arguments: usize,
}

impl Walked {
    /// Adds a file that is named or linked, unless it was read already or its folder was.
    fn add_file(&mut self, real: &Path, found: Found) {
        let walked = real.parent().is_some_and(|folder| self.seen.contains(folder));
        if !walked && self.seen.insert(real.to_path_buf()) {
            self.has_files = true;
            self.files.push(found);
        }
    }
}

/// All files below `path`, the next argument. `-` is standard input.
pub(crate) fn walk(path: &Path, exclude: &GlobSet, walked: &mut Walked) {
    let argument = walked.arguments;
    walked.arguments += 1;
    let found = Found { path: path.to_path_buf(), shown: shown(path), argument, named: true };
    if super::is_stdin(path) {
        return walked.files.push(found);
    }
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) => return walked.failed.push((found.shown, error.to_string())),
    };
    if !real.is_dir() {
        return walked.add_file(&real, found);
    }
    let mut walk = Walk { start: path, root: real, argument, exclude, links: VecDeque::new(), walked };
    walk.folder(path, &found.shown);
    // Links come last, so that what they point at keeps the path without a link.
    while let Some((link, shown)) = walk.links.pop_front() {
        walk.link(link, shown);
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
    /// The argument as given, and its real path.
    start: &'a Path,
    root: PathBuf,
    argument: usize,
    exclude: &'a GlobSet,
    links: VecDeque<(PathBuf, String)>,
    walked: &'a mut Walked,
}

/// A folder to read, and how reports show it.
type Pending = Vec<(PathBuf, String)>;

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, shown: &str) {
        // A stack of its own: folders may be nested deeper than the call stack allows.
        let mut pending = vec![(folder.to_path_buf(), shown.to_owned())];
        while let Some((folder, shown)) = pending.pop() {
            let listed = fs::canonicalize(&folder).and_then(|real| Ok((fs::read_dir(&folder)?, real)));
            match listed {
                Ok((entries, real)) if self.walked.seen.insert(real.clone()) => {
                    self.entries(entries, (&folder, &real), &shown, &mut pending);
                }
                Ok(_) => self.walked.loops.push(shown),
                Err(error) => self.walked.failed.push((shown, error.to_string())),
            }
        }
    }

    /// The entries of one folder, in order of names; its folders are read next.
    fn entries(
        &mut self,
        entries: fs::ReadDir,
        (folder, real): (&Path, &Path),
        shown: &str,
        pending: &mut Pending,
    ) {
        let mut names = Vec::new();
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok(entry) => names.push(entry),
                Err(error) => self.walked.failed.push((shown.to_owned(), error.to_string())),
            }
        }
        names.sort_by(|one, other| one.0.cmp(&other.0));
        let folders = pending.len();
        for (name, kind) in names {
            let is_read = self.walked.has_files && self.walked.seen.contains(&real.join(&name));
            if !is_read {
                self.entry(folder.join(&name), below(shown, &name.to_string_lossy()), kind, pending);
            }
        }
        if let Some(new) = pending.get_mut(folders..) {
            new.reverse();
        }
    }

    fn entry(&mut self, path: PathBuf, shown: String, kind: FileType, pending: &mut Pending) {
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
            self.walked.files.push(Found { path, shown, argument: self.argument, named: false });
        } else {
            self.walked.skipped.special += 1;
        }
    }

    /// Globs match the path as shown, the path below the argument, or the name alone.
    fn is_excluded(&self, path: &Path, shown: &str) -> bool {
        !self.exclude.is_empty()
            && (self.exclude.is_match(shown)
                || path.file_name().is_some_and(|name| self.exclude.is_match(name))
                || path.strip_prefix(self.start).is_ok_and(|inner| self.exclude.is_match(inner)))
    }

    fn link(&mut self, link: PathBuf, shown: String) {
        let real = match fs::canonicalize(&link) {
            Ok(real) => real,
            Err(error) => return self.walked.failed.push((shown, error.to_string())),
        };
        if !real.starts_with(&self.root) {
            self.walked.skipped.outside += 1;
        } else if real.is_dir() {
            self.folder(&link, &shown);
        } else if real.is_file() {
            let found = Found { path: link, shown, argument: self.argument, named: false };
            self.walked.add_file(&real, found);
        } else {
            self.walked.skipped.special += 1;
        }
    }
}

fn below(folder: &str, name: &str) -> String {
    match folder {
        "." => name.to_owned(),
        folder if folder.ends_with('/') => format!("{folder}{name}"),
        folder => format!("{folder}/{name}"),
    }
}
