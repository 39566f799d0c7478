//! `--profile`: whose semantics hold.

use ringfence_model::mask;
use ringfence_reach::{Choice, Profile, Reach};

use crate::arguments::Semantics;
use crate::exit::Failure;
use crate::intake::Intake;
use crate::verb::say;

/// The profile that was asked for, or the one that the estate shows.
pub(super) fn choice(semantics: &Semantics) -> Result<Choice, Failure> {
    let Some(text) = &semantics.profile else { return Ok(Choice::Detect) };
    let names: Vec<String> = Profile::ALL.iter().map(|profile| format!("`{}`", profile.as_str())).collect();
    let unknown = || {
        let known = format!("write one of {}", names.join(", "));
        Failure::usage(format!("no profile is called `{text}`"), known)
    };
    Profile::parse(text).map(Choice::Fixed).ok_or_else(unknown)
}

/// Reach of what was read; says under whose semantics, where that was not asked for.
pub(super) fn reach(intake: &mut Intake, choice: Choice, quiet: bool) -> Reach {
    let (reach, diagnostics) = Reach::new(&intake.estate, choice);
    intake.diagnostics.extend(diagnostics);
    if choice == Choice::Detect && !quiet {
        for chosen in reach.profiles() {
            let whose = chosen.cluster.as_ref().map(|name| format!(" for cluster `{}`", mask(name)));
            let (whose, profile) = (whose.unwrap_or_default(), chosen.profile.as_str());
            say(format!("profile{whose}: {profile}, since {}\n", mask(&chosen.reason)).as_bytes());
        }
    }
    reach
}
