//! What cannot run here is ignored with its reason, or fails where it is required.

use libtest_mimic::{Failed, Trial};

/// The trial that stands for all that cannot run without `requirement`: ignored with its reason, or failed
/// where `RINGFENCE_REQUIRE` names it.
pub(crate) fn skipped(reason: String, requirement: &str) -> Trial {
    let required = std::env::var("RINGFENCE_REQUIRE").unwrap_or_default();
    if required.split(',').any(|one| one == requirement) {
        return Trial::test(reason, || Err(Failed::from("required by RINGFENCE_REQUIRE")));
    }
    Trial::test(format!("ignored: {reason}"), || Ok(())).with_ignored_flag(true)
}
