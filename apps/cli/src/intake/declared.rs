//! Which `ringfence.yaml` holds, and what it says.

use std::path::{Path, PathBuf};

use ringfence_model::declaration::{Declaration, SourceEntry};
use ringfence_model::{Diagnostic, EstateBuilder, Level, Node, Sources};
use ringfence_outputs::Look;
use ringfence_text::Budget;

use super::{is_stdin, walk};
use crate::arguments::Input;
use crate::exit::Failure;

/// The name by which a declaration is found.
pub(crate) const NAME: &str = "ringfence.yaml";

/// The declaration in force.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    /// Its path; absent where there is none.
    pub(crate) path: Option<PathBuf>,
    /// The folder that its paths start from.
    pub(crate) folder: PathBuf,
    /// What it says.
    pub(crate) declaration: Declaration,
    /// What is worth knowing about it; none of it is an error.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// `sources:` with their real paths, longest first.
    sources: Vec<(PathBuf, SourceEntry)>,
}

impl Declared {
    /// The entry of `sources:` that a file belongs to: the one with the longest path.
    pub(crate) fn source(&self, file: &Path) -> Option<&SourceEntry> {
        if self.sources.is_empty() {
            return None;
        }
        let real = std::fs::canonicalize(file).ok()?;
        self.sources.iter().find(|(path, _)| real.starts_with(path)).map(|(_, entry)| entry)
    }

    /// What to read: the paths of the command line, else the declared sources, else this folder.
    pub(crate) fn paths(&self, given: &[PathBuf]) -> Vec<PathBuf> {
        if !given.is_empty() {
            return given.to_vec();
        }
        let folder = self.folder.clone();
        let sources: Vec<PathBuf> =
            self.declaration.sources.iter().map(|source| folder.join(source.path.as_str())).collect();
        match (sources.is_empty(), self.path.is_some()) {
            (false, _) => sources,
            (true, true) if folder.as_os_str().is_empty() => vec![PathBuf::from(".")],
            (true, true) => vec![folder],
            (true, false) => vec![PathBuf::from(".")],
        }
    }

    /// Whether `file` is the declaration itself.
    pub(crate) fn is(&self, file: &Path) -> bool {
        let Some(path) = &self.path else { return false };
        file == path || (file.file_name() == path.file_name() && same(file, path))
    }
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((std::fs::canonicalize(one), std::fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

/// Finds and reads the declaration; an invalid one ends the run, since everything would rest on it.
pub(crate) fn find(input: &Input, builder: &mut EstateBuilder) -> Result<Declared, Failure> {
    let Some(path) = locate(input)? else { return Ok(Declared::default()) };
    let shown = walk::shown(&path);
    let bytes = super::file::bytes(&path).map_err(|error| {
        Failure::usage(format!("`{shown}` cannot be read: {error}"), "name a readable file with --config")
    })?;
    let text = match ringfence_text::decode(bytes) {
        Ok(text) => text,
        Err(refusal) => {
            let file = builder.sources_mut().add_unread(shown.as_str());
            refuse_invalid(&[refusal.diagnostic(file)], builder.sources_mut())?;
            String::new()
        }
    };
    let file = builder.sources_mut().add(shown.as_str(), text.as_str());
    let (documents, mut diagnostics) = ringfence_text::read(file, &text, &Budget::default());
    let declaration = match documents.first() {
        Some(document) => {
            let (declaration, found) = ringfence_declaration::read(file, document);
            diagnostics.extend(found);
            declaration
        }
        None => Declaration { file: Some(file), ..Declaration::default() },
    };
    diagnostics.extend(documents.get(1).map(|second| {
        Diagnostic::error("declaration-conflict", "a declaration is one document")
            .at(second.location())
            .help("keep one document in the file")
    }));
    refuse_invalid(&diagnostics, builder.sources_mut())?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let sources = real_paths(&folder, &declaration);
    Ok(Declared { path: Some(path), folder, declaration, diagnostics, sources })
}

/// Whether a document of some other file is a declaration.
pub(crate) fn is_declaration(document: &Node) -> bool {
    ringfence_declaration::recognises(document)
}

fn refuse_invalid(diagnostics: &[Diagnostic], sources: &Sources) -> Result<(), Failure> {
    if diagnostics.iter().all(|diagnostic| diagnostic.level != Level::Error) {
        return Ok(());
    }
    let mut out = Vec::new();
    ringfence_outputs::diagnostics::write(&mut out, sources, diagnostics, Look::plain(), false)?;
    let text = String::from_utf8_lossy(&out);
    Err(Failure::usage(format!("invalid configuration\n{}", text.trim_end()), "correct the lines above"))
}

fn real_paths(folder: &Path, declaration: &Declaration) -> Vec<(PathBuf, SourceEntry)> {
    let mut sources: Vec<_> = declaration
        .sources
        .iter()
        .filter_map(|entry| {
            Some((std::fs::canonicalize(folder.join(entry.path.as_str())).ok()?, entry.clone()))
        })
        .collect();
    sources.sort_by_key(|(path, _)| std::cmp::Reverse(path.components().count()));
    sources
}

/// `--config`, else in the first path, else in its parents up to the root of its repository.
fn locate(input: &Input) -> Result<Option<PathBuf>, Failure> {
    if let Some(path) = &input.config {
        if !path.is_file() {
            let message = format!("`{}` is not a file", path.display());
            return Err(Failure::usage(message, "name a ringfence.yaml after --config"));
        }
        return Ok(Some(path.clone()));
    }
    let first =
        input.paths.iter().find(|path| !is_stdin(path)).cloned().unwrap_or_else(|| PathBuf::from("."));
    let start =
        if first.is_dir() { first } else { first.parent().map(Path::to_path_buf).unwrap_or_default() };
    let start = if start.as_os_str().is_empty() { PathBuf::from(".") } else { start };
    let here = start.join(NAME);
    if is_there(&here) {
        return Ok(Some(here));
    }
    Ok(in_repository(&start))
}

/// There, readable or not: one that cannot be read must not look absent.
fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_dir())
}

fn in_repository(start: &Path) -> Option<PathBuf> {
    let real = std::fs::canonicalize(start).ok()?;
    let root = real.ancestors().find(|folder| folder.join(".git").exists())?;
    let parents = real.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    parents.map(|folder| folder.join(NAME)).find(|path| is_there(path))
}
