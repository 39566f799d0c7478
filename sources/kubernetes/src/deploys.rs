//! Objects that make a tool in the cluster render and apply manifests which are not in the input.

use ringfence_model::{Diagnostic, Resource};

/// Group, kind, and the command that prints what it deploys.
const ROWS: &[(&str, &str, &str)] = &[
    ("argoproj.io", "Application", "argocd app manifests"),
    ("argoproj.io", "ApplicationSet", "argocd app manifests"),
    ("helm.cattle.io", "HelmChart", "helm template"),
    ("helm.toolkit.fluxcd.io", "HelmRelease", "helm template"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization", "flux build kustomization"),
];

/// That what `resource` deploys is not judged with it.
pub(crate) fn note(resource: &Resource) -> Option<Diagnostic> {
    let is =
        |row: &&(&str, &str, &str)| resource.kind.name() == row.1 && resource.kind.group() == Some(row.0);
    let (_, _, command) = ROWS.iter().find(is)?;
    let message = format!("what `{}` deploys is not in it", resource.label());
    Some(
        Diagnostic::note("deploys-elsewhere", message)
            .at(resource.location())
            .help(format!("assess what `{command}` prints too")),
    )
}
