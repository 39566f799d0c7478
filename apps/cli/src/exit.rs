//! Exit codes: the contract with pipelines, in the order in which they are decided.

use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A fault of Ringfence itself.
    Internal = 1,
    /// Usage, a missing path, or an invalid configuration.
    Usage = 2,
    /// Nothing was recognised among what was read.
    Nothing = 3,
    /// Findings at or above `--fail-on`.
    Findings = 10,
    /// Nothing crossed `--fail-on`, but some input could not be read, parsed or evaluated.
    Incomplete = 4,
    /// Clean.
    Clean = 0,
}

/// Why a verb could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The user can put it right: what is wrong, and what to do.
    Usage {
        /// Lower case, no full stop.
        message: String,
        /// What to do.
        help: String,
    },
    /// Writing or reading failed.
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Failure {
    /// A failure that the user can put right.
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: help.into() }
    }
}

/// Runs `work` and turns what comes out, a panic included, into the exit code.
pub(crate) fn guarded(work: impl FnOnce() -> Result<Outcome, Failure>) -> ExitCode {
    // The default hook prints the payload, which could hold input.
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        say(&format!(
            "error: internal error at {place}\nhelp: this is a fault of ringfence; please report it"
        ));
    }));
    let outcome = match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(failure)) => report(&failure),
        Err(_) => Outcome::Internal,
    };
    ExitCode::from(outcome as u8)
}

/// What the command line parser says, help included. It repeats arguments, which could hold a card number.
pub(crate) fn refused(error: &clap::Error) -> Outcome {
    if error.use_stderr() {
        say(ringfence_model::mask(error.render().to_string().trim_end()).as_ref());
        return Outcome::Usage;
    }
    drop(error.print());
    Outcome::Clean
}

fn report(failure: &Failure) -> Outcome {
    match failure {
        Failure::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => Outcome::Clean,
        Failure::Io(error) => {
            say(&format!("error: {error}"));
            Outcome::Internal
        }
        Failure::Usage { message, help } => {
            say(&ringfence_model::mask(&format!("error: {message}\nhelp: {help}")));
            Outcome::Usage
        }
    }
}

/// Writes to stderr; a closed one is nobody's fault.
fn say(message: &str) {
    drop(writeln!(io::stderr(), "{message}"));
}
