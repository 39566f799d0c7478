//! The command line.

mod reach;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use reach::{Diff, DiffFailOn, DiffFormat, Pair, Question, Semantics, Suggest, Whole};

/// PCI DSS for Amazon EKS: what is in scope, what is wrong, and where it is written.
#[derive(Debug, Parser)]
#[command(name = "ringfence", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 clean, 1 internal error, 2 usage or invalid configuration, 3 nothing \
    recognised to read, 4 input incomplete, 10 findings at or above --fail-on.")]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// Say nothing on stderr but errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Judge every control on what is read; the main job
    Assess(Assess),
    /// Say which resources are in PCI scope, and why
    Scope(Scope),
    /// Say who can talk to whom, on which ports, and which rules decide
    Reach(Box<Reach>),
    /// Explain a control, or a finding by its fingerprint
    Explain(Explain),
    /// List the controls
    Controls(Controls),
    /// Draft a ringfence.yaml from what is read; guesses are marked as such
    Init(Init),
    /// Print the JSON schema of ringfence.yaml or of an output
    Schema(Schema),
    /// Print a completion script
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// What to read.
#[derive(Debug, Default, Args)]
pub(crate) struct Input {
    /// Files or folders; `-` is standard input. Without any: the `sources:` of ringfence.yaml, else this folder
    pub(crate) paths: Vec<PathBuf>,
    /// The declaration to use instead of the ringfence.yaml that is found
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Leave out files that match; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Value of a template parameter, for one stack or for all; may be repeated
    #[arg(long, value_name = "[STACK:]KEY=VALUE")]
    pub(crate) parameter: Vec<String>,
    /// File of template parameters; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) parameters: Vec<PathBuf>,
    /// AWS account that the templates are for
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// AWS region that the templates are for
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// Which controls to use.
#[derive(Debug, Args)]
pub(crate) struct Selected {
    /// Only this control or row; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) control: Vec<String>,
    /// A folder with controls of your own; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) controls: Vec<PathBuf>,
}

/// Where results go.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Write results here instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `ringfence assess`.
#[derive(Debug, Args)]
pub(crate) struct Assess {
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) selected: Selected,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Form of the findings
    #[arg(long, value_enum, default_value_t = FindingFormat::Terminal)]
    pub(crate) format: FindingFormat,
    /// Add what passes and what is not applicable
    #[arg(long)]
    pub(crate) all: bool,
    /// Exit 10 on findings of this severity or worse; `unknown` may be added (`high,unknown`)
    #[arg(long, value_name = "SEVERITY", value_delimiter = ',', default_value = "high")]
    pub(crate) fail_on: Vec<FailOn>,
    /// Show the source of each finding
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

/// `ringfence scope`.
#[derive(Debug, Args)]
pub(crate) struct Scope {
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    pub(crate) format: ListFormat,
}

/// `ringfence reach`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Reach {
    /// A question about a whole map. A folder of that name is written `./diff`
    #[command(subcommand)]
    pub(crate) question: Option<Question>,
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Who connects: `ns/name`, `ns/name[Kind]`, `ns/*`, a CIDR, `internet` or a scope class
    #[arg(long, value_name = "X")]
    pub(crate) from: Option<String>,
    /// Who answers; also a Service with the ports to which it leads: `svc:ns/name`, `svc:ns/name:443`
    #[arg(long, value_name = "X")]
    pub(crate) to: Option<String>,
    /// Only what these connect to or answer: `ns/name`, `ns/name[Kind]`, `ns/*` or a scope class
    #[arg(long, value_name = "X", conflicts_with_all = ["from", "to", "explain"])]
    pub(crate) focus: Option<String>,
    /// On which port: `443`, `53/UDP`, `8000-8080/TCP`
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<String>,
    /// Say which rules decide, on both sides
    #[arg(long)]
    pub(crate) explain: bool,
    /// Say what is open to whom, also to what does not exist yet, and what nothing protects
    #[arg(long, conflicts_with_all = ["from", "to", "port", "focus", "explain"])]
    pub(crate) exposure: bool,
    /// List the policies and rules that match nothing
    #[arg(long, conflicts_with_all = ["from", "to", "port", "focus", "explain", "exposure"])]
    pub(crate) unused: bool,
    /// List the policies and rules that change nothing, since others decide the same
    #[arg(long, conflicts_with_all = ["from", "to", "port", "focus", "explain", "exposure"])]
    pub(crate) shadowed: bool,
    #[command(flatten)]
    pub(crate) semantics: Semantics,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = ReachFormat::Txt)]
    pub(crate) format: ReachFormat,
}

/// `ringfence explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Control or row id, or a fingerprint; a unique prefix will do
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) input: Input,
    /// A folder with controls of your own; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) controls: Vec<PathBuf>,
}

/// `ringfence controls`.
#[derive(Debug, Args)]
pub(crate) struct Controls {
    #[command(flatten)]
    pub(crate) selected: Selected,
    /// Form of the list
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    pub(crate) format: ListFormat,
}

/// `ringfence init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// `ringfence schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which one
    #[arg(value_enum, default_value_t = SchemaName::Declaration)]
    pub(crate) name: SchemaName,
}

/// Forms of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingFormat {
    /// A summary for people
    Terminal,
    /// ringfence.assess/1
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// JUnit XML
    Junit,
    /// One line a finding
    Csv,
    /// Markdown for a pull request
    Github,
}

/// Forms of lists: scope facts, controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people
    Terminal,
    /// For programs
    Json,
}

/// Forms of the reach map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReachFormat {
    /// One line for each pair of workloads
    Txt,
    /// A row for each pair of workloads, with the rules that decide
    Csv,
    /// ringfence.reach/1, factored
    Json,
    /// A graph for Graphviz
    Dot,
    /// A picture, folded by namespace
    Svg,
    /// Markdown for a pull request
    Github,
}

/// JSON schemas that are shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaName {
    /// ringfence.yaml
    Declaration,
    /// `assess --format json`
    Assess,
    /// `reach --format json`
    Reach,
}

/// What makes a run exit 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Critical findings
    Critical,
    /// High and worse
    High,
    /// Medium and worse
    Medium,
    /// All fails
    Low,
    /// Nothing
    Never,
    /// Unknown verdicts too
    Unknown,
}
