//! `ringfence reach QUESTION`: questions with arguments of their own.

use clap::{Args, Subcommand};

use super::{Input, Output};

/// Questions about reach that are words of their own; a path of that name is written `./suggest`.
#[derive(Debug, Subcommand)]
pub(crate) enum Question {
    /// Suggest the smallest set of NetworkPolicies that allows exactly what is declared for a namespace
    Suggest(Box<Suggest>),
}

/// `ringfence reach suggest`.
#[derive(Debug, Args)]
pub(crate) struct Suggest {
    /// The namespace; `CLUSTER/NAMESPACE` where several clusters have one of that name
    #[arg(value_name = "NAMESPACE")]
    pub(crate) namespace: String,
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Leave out the cluster's DNS, even where pods may ask it today
    #[arg(long)]
    pub(crate) no_dns: bool,
}
