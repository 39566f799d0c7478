//! What lies beside the repository: public cases and real engines, present or visibly absent.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::skip::skipped;

/// The folder of public cases, if it is there.
pub(crate) fn truth() -> Option<PathBuf> {
    below("truth")
}

/// A folder of `../shared`, if it is there.
pub(crate) fn below(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("RINGFENCE_SHARED").map_or_else(beside, PathBuf::from);
    Some(shared.join(name)).filter(|path| path.is_dir())
}

/// The trial that stands for all that cannot run without it.
pub(crate) fn absent(what: &str) -> Trial {
    skipped(format!("{what}: ../shared/truth is not there"), "truth")
}
