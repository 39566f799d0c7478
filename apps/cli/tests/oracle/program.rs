//! Programs that we did not write: where they are, and what they print.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use libtest_mimic::Failed;

/// The program `name`, where `RINGFENCE_ORACLES` says or in `target/oracles`; `cargo xtask oracle` puts
/// it there.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    Some(folder().join(name)).filter(|path| path.is_file())
}

/// Where programs are, and below it what was found by them.
pub(crate) fn folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/oracles");
    std::env::var_os("RINGFENCE_ORACLES").map_or_else(beside, PathBuf::from)
}

/// What a program prints on standard output.
pub(crate) fn output(binary: &Path, arguments: &[String]) -> Result<String, Failed> {
    output_of(binary, arguments, b"")
}

/// The same for a program that reads `input`.
pub(crate) fn output_of(binary: &Path, arguments: &[String], input: &[u8]) -> Result<String, Failed> {
    let mut child = Command::new(binary)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // A program that does not read its input closes the pipe; inputs are smaller than what a pipe holds.
    let _ = child.stdin.take().expect("stdin").write_all(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} failed: {said}", binary.display()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
