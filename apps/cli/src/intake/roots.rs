//! Folders whose files a tool turns into manifests or plans: seen, but not judged as if whole.

use ringfence_model::{Diagnostic, FileId, Location};

use super::walk::Found;

/// A tool that makes what Ringfence reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    /// A chart (`Chart.yaml`).
    Helm,
    /// A base or overlay (`kustomization.yaml`).
    Kustomize,
    /// `.tf` files.
    Terraform,
    /// An AWS CDK app (`cdk.json`).
    Cdk,
}

impl Tool {
    /// The tool whose root a file of this name marks.
    pub(crate) fn marked_by(name: &str) -> Option<Self> {
        match name {
            "Chart.yaml" | "Chart.yml" => Some(Self::Helm),
            "kustomization.yaml" | "kustomization.yml" | "Kustomization" => Some(Self::Kustomize),
            "cdk.json" => Some(Self::Cdk),
            _ if name.ends_with(".tf") || name.ends_with(".tf.json") => Some(Self::Terraform),
            _ => None,
        }
    }

    /// Whether manifests below the root are its raw material.
    fn owns_manifests(self) -> bool {
        matches!(self, Self::Helm | Self::Kustomize)
    }

    fn diagnostic(self, folder: &str) -> Diagnostic {
        let (what, command) = match self {
            Self::Helm => {
                ("a Helm chart is not rendered", format!("helm template {folder} | ringfence assess -"))
            }
            Self::Kustomize => {
                ("a kustomization is not rendered", format!("kustomize build {folder} | ringfence assess -"))
            }
            Self::Terraform => (
                "Terraform configuration is not evaluated without a plan",
                format!(
                    "terraform -chdir={folder} plan -out=tfplan && terraform -chdir={folder} show -json tfplan > plan.json"
                ),
            ),
            Self::Cdk => {
                ("a CDK app is not synthesised", format!("cd {folder} && cdk synth > template.yaml"))
            }
        };
        Diagnostic::error("not-rendered", format!("{what}; nothing in `{folder}` is judged"))
            .help(format!("run `{command}`"))
    }
}

/// A folder that a tool owns.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    tool: Tool,
    argument: usize,
    folder: String,
    marker: String,
}

/// All roots among the files found, outermost first. A chart or base inside another one is part of it, and so
/// is a Terraform module below `modules/`.
pub(crate) fn roots(files: &[Found]) -> Vec<Root> {
    let mut roots: Vec<Root> = files.iter().filter_map(root_of).collect();
    roots.sort_by(|one, other| one.key().cmp(&other.key()));
    let mut kept: Vec<Root> = Vec::new();
    for root in roots {
        if !kept.iter().any(|outer| outer.includes(&root)) {
            kept.push(root);
        }
    }
    kept
}

fn root_of(found: &Found) -> Option<Root> {
    let (folder, name) = found.shown.rsplit_once('/').unwrap_or((".", &found.shown));
    let tool = Tool::marked_by(name).filter(|_| !found.named)?;
    Some(Root { tool, argument: found.argument, folder: folder.to_owned(), marker: found.shown.clone() })
}

impl Root {
    fn key(&self) -> (Tool, usize, &str, &str) {
        (self.tool, self.argument, &self.folder, &self.marker)
    }

    fn includes(&self, inner: &Self) -> bool {
        self.tool == inner.tool
            && self.argument == inner.argument
            && self.below(&inner.marker).is_some_and(|rest| match self.tool {
                Tool::Terraform => !rest.contains('/') || rest.split('/').any(|step| step == "modules"),
                _ => true,
            })
    }

    /// The file that marks it.
    pub(crate) fn marker(&self) -> &str {
        &self.marker
    }

    /// The way from its folder to `shown`, if it lies below.
    fn below<'a>(&self, shown: &'a str) -> Option<&'a str> {
        match self.folder.as_str() {
            "." => Some(shown),
            folder => shown.strip_prefix(folder)?.strip_prefix('/'),
        }
    }

    /// Whether a manifest in this file is raw material of this root. A file that the command line names is
    /// wanted as it is.
    pub(crate) fn owns_manifest(&self, found: &Found) -> bool {
        self.tool.owns_manifests()
            && !found.named
            && self.argument == found.argument
            && self.below(&found.shown).is_some()
    }

    /// Whether the plan at `shown` lies in its folder, and so stands for it.
    pub(crate) fn is_planned_by(&self, shown: &str) -> bool {
        self.tool == Tool::Terraform && self.below(shown).is_some_and(|rest| !rest.contains('/'))
    }

    /// The one message about this root, at its marker.
    pub(crate) fn diagnostic(&self, marker: FileId) -> Diagnostic {
        self.tool.diagnostic(&self.folder).at(Location::start_of(marker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(shown: &str) -> Found {
        Found { path: shown.into(), shown: shown.to_owned(), argument: 0, named: false }
    }

    fn markers(files: &[&str]) -> Vec<Root> {
        roots(&files.iter().map(|shown| found(shown)).collect::<Vec<_>>())
    }

    #[test]
    fn a_subchart_is_part_of_its_chart() {
        let roots =
            markers(&["web/Chart.yaml", "web/charts/db/Chart.yaml", "web/templates/a.yaml", "web.yaml"]);
        assert_eq!(roots.iter().map(Root::marker).collect::<Vec<_>>(), ["web/Chart.yaml"]);
        assert!(roots[0].owns_manifest(&found("web/templates/a.yaml")));
        assert!(!roots[0].owns_manifest(&found("web.yaml")));
    }

    #[test]
    fn what_is_named_or_of_another_argument_is_nobodys_raw_material() {
        let root = &markers(&["Chart.yaml"])[0];
        assert!(root.owns_manifest(&found("a.yaml")));
        assert!(!root.owns_manifest(&Found { named: true, ..found("-") }));
        assert!(!root.owns_manifest(&Found { argument: 1, ..found("/srv/a.yaml") }));
    }

    #[test]
    fn each_terraform_folder_wants_a_plan_of_its_own() {
        let roots = markers(&["tf/main.tf", "tf/vpc.tf", "tf/modules/a/main.tf", "tf/prod/main.tf"]);
        assert_eq!(roots.iter().map(Root::marker).collect::<Vec<_>>(), ["tf/main.tf", "tf/prod/main.tf"]);
        assert!(roots[0].is_planned_by("tf/plan.json") && !roots[0].is_planned_by("tf/prod/plan.json"));
        assert!(!roots[0].owns_manifest(&found("tf/k8s.yaml")), "a manifest beside Terraform files is whole");
    }
}
