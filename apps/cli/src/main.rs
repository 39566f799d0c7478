//! The `ringfence` command: PCI DSS for Amazon EKS, from declaration to findings.

mod arguments;
mod exit;
mod intake;
mod judgement;
mod stream;
mod verb;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    exit::guarded(|| verb::run(arguments::Arguments::parse()))
}
