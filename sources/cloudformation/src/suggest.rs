//! "Did you mean": the known name nearest to a wrong one.

use ringfence_model::nearest;

/// `did you mean …?`, or `otherwise`.
pub(crate) fn help<'a>(
    wrong: &str,
    candidates: impl Iterator<Item = &'a str>,
    otherwise: impl Into<String>,
) -> String {
    nearest(wrong, candidates).map_or_else(|| otherwise.into(), |name| format!("did you mean `{name}`?"))
}
