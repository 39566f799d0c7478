//! One file: its bytes, whether there is anything in it for us, and its documents.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use memchr::memmem;

/// The largest file that is read: locations count bytes in 32 bits.
const LARGEST: u64 = 2 << 30;

/// Words that stand together in every file that Ringfence reads, one row for each form.
const WORDS: [&[&str]; 8] = [
    &["apiVersion"],
    &["kind", "metadata"],
    &["Resources", "Type"],
    &["AWSTemplateFormatVersion"],
    &["planned_values"],
    &["format_version"],
    &["terraform_version"],
    &["ringfence.declaration/"],
];

/// Endings that promise YAML or JSON: such a file must be readable.
const PROMISES: [&str; 4] = [".yaml", ".yml", ".json", ".template"];

/// Endings of prose and program text, which may quote manifests without being any; such files are not opened.
const QUOTES: [&str; 25] = [
    ".md",
    ".markdown",
    ".rst",
    ".adoc",
    ".html",
    ".css",
    ".rs",
    ".go",
    ".py",
    ".js",
    ".mjs",
    ".ts",
    ".tsx",
    ".jsx",
    ".java",
    ".kt",
    ".rb",
    ".sh",
    ".ps1",
    ".c",
    ".h",
    ".cpp",
    ".cs",
    ".tf",
    ".tfvars",
];

/// How far to look for a zero byte, which only binary files have.
const SNIFFED: usize = 8192;

/// All bytes of the file, or of standard input for `-`.
pub(crate) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if super::is_stdin(path) {
        io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)?;
    } else {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        bytes.reserve_exact(usize::try_from(metadata.len().min(LARGEST)).unwrap_or(0));
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 2 GiB"));
    }
    Ok(bytes)
}

/// Whether the name of the file promises a document.
pub(crate) fn promises(shown: &str) -> bool {
    ends_with(shown, &PROMISES)
}

/// Whether the name says that the file only quotes what Ringfence reads.
pub(crate) fn only_quotes(shown: &str) -> bool {
    ends_with(shown, &QUOTES)
}

/// Whether the bytes are those of an image, an archive or a program.
pub(crate) fn looks_binary(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes.get(..SNIFFED).unwrap_or(bytes)).is_some()
}

/// Whether the text may hold something to read.
pub(crate) fn is_worth_reading(text: &str) -> bool {
    let holds = |word: &&str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    WORDS.iter().any(|row| row.iter().all(holds))
}

fn ends_with(shown: &str, endings: &[&str]) -> bool {
    let name = shown.rsplit('/').next().unwrap_or(shown).to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}
