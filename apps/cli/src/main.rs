//! The `ringfence` command: PCI DSS for Amazon EKS, from declaration to findings.

#![expect(
    clippy::disallowed_methods,
    reason = "apps are where files, arguments and the environment are read"
)]

mod arguments;
mod exit;
mod intake;
mod judgement;
mod stream;
mod verb;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    exit::guarded(|| match std::env::args().nth(1).as_deref() {
        Some("--version" | "-V") => verb::version(),
        _ => match arguments::Arguments::try_parse() {
            Ok(arguments) => verb::run(arguments),
            Err(error) => Ok(exit::refused(&error)),
        },
    })
}
