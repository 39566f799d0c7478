//! Whole templates, each folder with the expected dump beside them in `expected.txt`.
//!
//! Lines of `expected.txt` that start with `>` are the inputs: `> parameter [STACK:]KEY=VALUE`,
//! `> account ID`, `> region NAME`. With `RINGFENCE_BLESS` set the dumps are written anew, to be reviewed.

use std::path::{Path, PathBuf};

use ringfence_cloudformation::{Inputs, Parameter};

use crate::dump::Files;

#[test]
fn templates_read_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates");
    let folders = sorted(&root);
    assert!(folders.len() > 5, "{folders:?}");
    let wrong: Vec<String> = folders.iter().filter_map(|folder| check(folder)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[expect(clippy::disallowed_methods, reason = "fixtures are files")]
fn check(folder: &Path) -> Option<String> {
    let path = folder.join("expected.txt");
    let expected = read(&path);
    let options: String =
        expected.lines().filter(|line| line.starts_with('>')).map(|line| format!("{line}\n")).collect();
    let mut files = Files::default();
    for file in sorted(folder).iter().filter(|file| !file.ends_with("expected.txt")) {
        let stack = file.file_stem().unwrap().to_string_lossy();
        files.add(&stack, &read(file));
    }
    let actual = options.clone() + &files.dump(&inputs(&options));
    if actual == expected {
        return None;
    }
    if std::env::var_os("RINGFENCE_BLESS").is_some() {
        std::fs::write(&path, &actual).unwrap();
    }
    Some(format!("{} differs; it is now:\n{actual}", path.display()))
}

fn inputs(options: &str) -> Inputs {
    let mut inputs = Inputs::default();
    for line in options.lines() {
        match line.trim_start_matches('>').trim().split_once(' ').unwrap() {
            ("account", account) => inputs.account = Some(account.into()),
            ("region", region) => inputs.region = Some(region.into()),
            (_, parameter) => {
                let (key, value) = parameter.split_once('=').unwrap();
                let (stack, key) =
                    key.split_once(':').map_or((None, key), |(stack, key)| (Some(stack.into()), key));
                inputs.parameters.push(Parameter { stack, key: key.into(), value: value.into() });
            }
        }
    }
    inputs
}

#[expect(clippy::disallowed_methods, reason = "fixtures are files")]
fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[expect(clippy::disallowed_methods, reason = "fixtures are files")]
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
