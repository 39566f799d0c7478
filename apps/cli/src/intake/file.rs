//! One file: its bytes, whether there is anything in it for us, and its documents.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use memchr::memmem;

/// The largest file that is read: locations count bytes in 32 bits.
const LARGEST: u64 = 2 << 30;

/// Words, one of which stands in every file that Ringfence reads.
const WORDS: [&[u8]; 5] =
    [b"apiVersion", b"Resources", b"planned_values", b"format_version", b"ringfence.declaration/"];

/// Endings that promise YAML or JSON: such a file must be readable.
const PROMISES: [&str; 4] = [".yaml", ".yml", ".json", ".template"];

/// Endings of prose and program text, which may quote manifests without being any.
const QUOTES: [&str; 26] = [
    ".md",
    ".markdown",
    ".rst",
    ".adoc",
    ".txt",
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

/// Whether the bytes may hold something to read. UTF-16 is told by its byte order mark.
pub(crate) fn is_worth_reading(shown: &str, bytes: &[u8]) -> bool {
    if ends_with(shown, &QUOTES) {
        return false;
    }
    matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..])
        || WORDS.iter().any(|word| memmem::find(bytes, word).is_some())
}

fn ends_with(shown: &str, endings: &[&str]) -> bool {
    let name = shown.rsplit('/').next().unwrap_or(shown).to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}
