//! Folders whose files a tool turns into manifests or plans: seen, but not judged as if whole.

use ringfence_model::{Diagnostic, FileId, Location};

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
    folder: String,
    marker: String,
}

/// All roots among the files shown, outermost first; one inside another of the same tool is part of it.
pub(crate) fn roots<'a>(shown: impl Iterator<Item = &'a str>) -> Vec<Root> {
    let mut roots: Vec<Root> = shown.filter_map(root_of).collect();
    roots.sort_by(|one, other| {
        (one.tool, &one.folder, &one.marker).cmp(&(other.tool, &other.folder, &other.marker))
    });
    let mut kept: Vec<Root> = Vec::new();
    for root in roots {
        if !kept.iter().any(|outer| outer.tool == root.tool && outer.holds(&root.marker)) {
            kept.push(root);
        }
    }
    kept
}

fn root_of(shown: &str) -> Option<Root> {
    let (folder, name) = shown.rsplit_once('/').unwrap_or((".", shown));
    let tool = Tool::marked_by(name)?;
    Some(Root { tool, folder: folder.to_owned(), marker: shown.to_owned() })
}

impl Root {
    /// The file that marks it.
    pub(crate) fn marker(&self) -> &str {
        &self.marker
    }

    /// Which tool owns it.
    pub(crate) fn tool(&self) -> Tool {
        self.tool
    }

    /// Whether `shown` lies below its folder.
    pub(crate) fn holds(&self, shown: &str) -> bool {
        self.folder == "."
            || shown.strip_prefix(self.folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether a manifest at `shown` is raw material of this root.
    pub(crate) fn owns_manifest(&self, shown: &str) -> bool {
        self.tool.owns_manifests() && self.holds(shown)
    }

    /// The one message about this root, at its marker.
    pub(crate) fn diagnostic(&self, marker: FileId) -> Diagnostic {
        self.tool.diagnostic(&self.folder).at(Location::start_of(marker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subchart_is_part_of_its_chart() {
        let files = ["web/Chart.yaml", "web/charts/db/Chart.yaml", "web/templates/a.yaml", "web.yaml"];
        let roots = roots(files.into_iter());
        assert_eq!(roots.iter().map(Root::marker).collect::<Vec<_>>(), ["web/Chart.yaml"]);
        assert!(roots[0].owns_manifest("web/templates/a.yaml"));
        assert!(!roots[0].owns_manifest("web.yaml"));
    }

    #[test]
    fn modules_below_a_terraform_root_are_part_of_it() {
        let roots = roots(["tf/main.tf", "tf/vpc.tf", "tf/modules/a/main.tf"].into_iter());
        assert_eq!(roots.len(), 1);
        assert!(!roots[0].owns_manifest("tf/k8s.yaml"), "a manifest beside Terraform files is whole");
    }
}
