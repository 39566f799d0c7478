//! What lies beside the repository: public cases and real engines, present or visibly absent.

use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

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

/// The trial that stands for all that cannot run: ignored with its reason, or failed where it is required.
pub(crate) fn absent(what: &str) -> Trial {
    let required =
        std::env::var("RINGFENCE_REQUIRE").unwrap_or_default().split(',').any(|one| one == "truth");
    let reason = format!("{what}: ../shared/truth is not there");
    if required {
        return Trial::test(reason, || Err(Failed::from("required by RINGFENCE_REQUIRE")));
    }
    Trial::test(format!("ignored: {reason}"), || Ok(())).with_ignored_flag(true)
}
