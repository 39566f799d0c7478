//! `ringfence reach QUESTION`: questions with arguments of their own.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Input, Output};

/// Questions that are words of their own; a path of that name is written `./suggest`.
#[derive(Debug, Subcommand)]
pub(crate) enum Question {
    /// Say what a change opens and closes, worst first
    Diff(Diff),
    /// Say whether two estates, or two policies of one, open the same
    Equivalent(Pair),
    /// Say whether A opens nothing that B does not open
    Contained(Pair),
    /// List the policies without which everything would stay as it is
    Redundant(Whole),
    /// List the rules of which one opens what another closes
    Conflicts(Whole),
    /// Suggest the smallest set of NetworkPolicies that allows exactly what is declared for a namespace
    Suggest(Box<Suggest>),
}

/// Whose semantics hold.
#[derive(Debug, Args)]
pub(crate) struct Semantics {
    /// Whose semantics hold, in their steady state; else those of the engine that the input shows
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
}

/// `ringfence reach diff`.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// File or folder with the estate before
    pub(crate) before: PathBuf,
    /// File or folder with the estate after
    pub(crate) after: PathBuf,
    /// The declaration to use instead of the ringfence.yaml that is found in B
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) semantics: Semantics,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = DiffFormat::Txt)]
    pub(crate) format: DiffFormat,
    /// Exit 10 where something is opened, or opened across a boundary of declared classes
    #[arg(long, value_enum, default_value_t = DiffFailOn::Never)]
    pub(crate) fail_on: DiffFailOn,
}

/// Two estates or two policies.
#[derive(Debug, Args)]
pub(crate) struct Pair {
    /// A file or folder, or a policy as `ns/name` or `ns/name[Kind]`
    pub(crate) first: String,
    /// Another
    pub(crate) second: String,
    /// Where the policies are: files or folders; may be repeated
    #[arg(long = "in", value_name = "PATH")]
    pub(crate) within: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) semantics: Semantics,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// All policies of what is read.
#[derive(Debug, Args)]
pub(crate) struct Whole {
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) semantics: Semantics,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Forms of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// One line a change
    Txt,
    /// ringfence.reach-diff/1
    Json,
    /// Markdown for a pull request
    Github,
}

/// What makes a difference exit 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFailOn {
    /// Anything opened between two declared classes
    Boundary,
    /// Anything opened
    Opened,
    /// Nothing
    Never,
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
