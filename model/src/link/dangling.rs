//! What links lead nowhere, told once for each cause and never once for each pod.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Diagnostic, Location, Node};

/// How many missing things of one sort are named one by one; the rest is counted.
const NAMED: usize = 10;
/// How many examples an aggregated message gives.
const EXAMPLES: usize = 3;

/// What a name was to refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    ServiceAccount,
    Service,
    Role,
    ClusterRole,
    SecretProviderClass,
    ConfigMap,
    Secret,
    Claim,
    IamRole,
    Selected,
    Pool,
    Scheduling,
}

impl What {
    /// The Kubernetes kind that the name is looked up under; for what is no object, the word for people.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::ServiceAccount => "ServiceAccount",
            Self::Service => "Service",
            Self::Role => "Role",
            Self::ClusterRole => "ClusterRole",
            Self::SecretProviderClass => "SecretProviderClass",
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
            Self::Claim => "PersistentVolumeClaim",
            Self::IamRole => "IAM role",
            Self::Selected => "service",
            Self::Pool => "node group",
            Self::Scheduling => "workload",
        }
    }

    /// Config maps, secrets, claims and IAM roles are commonly made by others, so their absence is
    /// worth one note; the rest belongs to the manifests themselves.
    fn belongs_to_the_input(self) -> bool {
        matches!(
            self,
            Self::ServiceAccount | Self::Service | Self::Role | Self::ClusterRole | Self::SecretProviderClass
        )
    }

    /// Whether the cluster makes an object of that name by itself.
    pub(super) fn exists_anyway(self, name: &str) -> bool {
        match self {
            Self::ServiceAccount => name == "default",
            Self::ConfigMap => name == "kube-root-ca.crt",
            Self::ClusterRole => {
                matches!(name, "cluster-admin" | "admin" | "edit" | "view")
                    || name.starts_with("system:")
                    || name.starts_with("eks:")
            }
            _ => false,
        }
    }
}

/// Collects what dangles.
#[derive(Debug, Default)]
pub(super) struct Dangling<'a> {
    missing: BTreeMap<What, Missing<'a>>,
    untold: BTreeMap<(What, String), (usize, Option<Location>)>,
}

#[derive(Debug, Default)]
struct Missing<'a> {
    seen: BTreeSet<(&'a str, &'a str)>,
    /// In the order found, so that places come in the order of files.
    first: Vec<(&'a str, &'a str, Option<Location>)>,
}

impl<'a> Dangling<'a> {
    /// Nothing in the input is called `name`.
    pub(super) fn missing(&mut self, what: What, namespace: &'a str, name: &'a str, at: Option<Location>) {
        let missing = self.missing.entry(what).or_default();
        if missing.seen.insert((namespace, name)) && missing.first.len() < NAMED {
            missing.first.push((namespace, name, at));
        }
    }

    /// The name, or what decides, is not known.
    pub(super) fn untold(&mut self, what: What, node: &Node) {
        let Some(unresolved) = node.as_unresolved() else { return };
        let cause = unresolved.cause.describe();
        self.untold.entry((what, cause)).or_insert((0, node.location())).0 += 1;
    }

    pub(super) fn diagnostics(self) -> Vec<Diagnostic> {
        let missing = self.missing.into_iter().flat_map(|(what, missing)| missing.diagnostics(what));
        let untold =
            self.untold.into_iter().map(|((what, cause), (count, at))| untold(what, &cause, count, at));
        missing.chain(untold).collect()
    }
}

impl Missing<'_> {
    fn diagnostics(self, what: What) -> Vec<Diagnostic> {
        if what.belongs_to_the_input() { self.one_by_one(what) } else { vec![self.together(what)] }
    }

    fn one_by_one(self, what: What) -> Vec<Diagnostic> {
        let named = |(namespace, name, at): &(&str, &str, Option<Location>)| {
            let message = format!("{} `{}` is not in the input", what.kind(), path(namespace, name));
            Diagnostic::warning("dangling-reference", message)
                .at(*at)
                .help("define it, or assess the file that does in the same run")
        };
        let mut diagnostics: Vec<Diagnostic> = self.first.iter().map(named).collect();
        let more = self.seen.len().saturating_sub(self.first.len());
        if more > 0 {
            let message = format!("referred to and not in the input: {} more", counted(more, what));
            diagnostics.push(Diagnostic::warning("dangling-reference", message));
        }
        diagnostics
    }

    fn together(self, what: What) -> Diagnostic {
        let count = self.seen.len();
        let examples: Vec<String> = self
            .first
            .iter()
            .take(EXAMPLES)
            .map(|(namespace, name, _)| format!("`{}`", path(namespace, name)))
            .collect();
        let more = if count > EXAMPLES { ", …" } else { "" };
        let counted = counted(count, what);
        let (code, sentence, help) = match what {
            What::Selected => (
                "selects-nothing",
                format!("no pod in the input is selected by {counted}"),
                "assess the manifests of the pods in the same run, or correct the selector",
            ),
            _ => (
                "dangling-reference",
                format!("referred to and not in the input: {counted}"),
                "nothing to do where something else makes them; links to them are not followed",
            ),
        };
        Diagnostic::note(code, format!("{sentence} ({}{more})", examples.join(", ")))
            .at(self.first.first().and_then(|first| first.2))
            .help(help)
    }
}

fn untold(what: What, cause: &str, count: usize, at: Option<Location>) -> Diagnostic {
    let counted = counted(count, what);
    let (message, help) = match what {
        What::Pool | What::Scheduling => (
            format!("which pods land on which nodes is not told for {counted}: {cause}"),
            "give the value; until then no pod counts as kept away from the nodes of others",
        ),
        What::Selected => (
            format!("which pods are selected is not told for {counted}: {cause}"),
            "give the value, or assess the file that defines it in the same run",
        ),
        _ => (
            format!("referred to by a name that is not known: {counted}: {cause}"),
            "give the value, or assess the file that defines it in the same run",
        ),
    };
    Diagnostic::note("link-unresolved", message).at(at).help(help)
}

fn counted(count: usize, what: What) -> String {
    let plural = match what {
        _ if count == 1 => "",
        What::SecretProviderClass => "es",
        _ => "s",
    };
    format!("{count} {}{plural}", what.kind())
}

fn path(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}
