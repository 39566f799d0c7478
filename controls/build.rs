//! Finds every control of `catalogue/` and writes a table that embeds them: dropping a file in is all it takes.

#![expect(clippy::disallowed_methods, reason = "a build script reads the catalogue")]

#[path = "src/control/yaml.rs"]
mod yaml;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use yaml::{Form, Token};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=catalogue");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/control/yaml.rs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    find(&root.join("catalogue"), &mut files)?;
    files.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("catalogue.rs");
    fs::write(out, table(&files)?)
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
    Ok(())
}

/// One row a file: its path below `catalogue/`, its text, the tokens of its front matter.
fn table(files: &[PathBuf]) -> io::Result<String> {
    let mut table = String::from("&[\n");
    for file in files {
        let parts: Vec<_> = file.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
        if let [name, chapter] = parts.as_slice() {
            let path = format!("{chapter}/{name}");
            let tokens = tokens(&text(file)?);
            let _ = writeln!(table, "    ({path:?}, include_str!({file:?}), &[{tokens}]),");
        }
    }
    table.push(']');
    Ok(table)
}

fn text(file: &Path) -> io::Result<String> {
    io::read_to_string(fs::File::open(file)?)
}

/// The tokens of the front matter; none where it has a mistake, so that the program says what it is.
fn tokens(text: &str) -> String {
    let front = text.strip_prefix("---\n").and_then(|rest| rest.find("\n---\n")).map(|end| 4..4 + end + 1);
    let tokens = front.and_then(|front| yaml::read(text, front).ok()).unwrap_or_default();
    tokens.iter().map(literal).collect()
}

fn literal(token: &Token) -> String {
    let form = match &token.form {
        Form::Text(text) => format!("Form::Text(Cow::Borrowed({text:?}))"),
        Form::List(count) => format!("Form::List({count})"),
        Form::Map(count) => format!("Form::Map({count})"),
    };
    format!("Token {{ start: {}, end: {}, form: {form} }}, ", token.start, token.end)
}
