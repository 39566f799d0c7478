//! Documents from which a tool makes manifests, and the command that does it.

use ringfence_model::{Diagnostic, Field, Node};

use crate::start;

/// Lists of paths that only a kustomization holds at its top; it need not say its kind.
const KUSTOMIZATION_KEYS: &[&str] = &["resources", "bases", "components", "patchesStrategicMerge"];

/// If `document` is a Kustomization or a Helm `Chart.yaml`: that it is not rendered, and the command to do so.
pub fn unrendered(document: &Node) -> Option<Diagnostic> {
    let (what, command) = if is_kustomization(document) {
        ("kustomization", "kustomize build")
    } else if is_chart(document) {
        ("Helm chart", "helm template")
    } else {
        return None;
    };
    Some(
        Diagnostic::error("not-rendered", format!("{what} is not rendered"))
            .at(start(document).location())
            .help(format!("run `{command}` on its folder and check what it prints")),
    )
}

/// Flux has a `Kustomization` too (`kustomize.toolkit.fluxcd.io`); that one is an object.
fn is_kustomization(document: &Node) -> bool {
    let kind = document.child("kind");
    match document.child("apiVersion") {
        Field::Present(version) => {
            version.as_str().is_some_and(|version| version.starts_with("kustomize.config.k8s.io/"))
        }
        Field::Absent if kind == Field::Absent => {
            KUSTOMIZATION_KEYS.iter().any(|key| is_paths(document.child(key)))
        }
        Field::Absent => document.text("kind") == Some("Kustomization"),
        Field::Unresolved(..) => false,
    }
}

fn is_paths(field: Field<'_>) -> bool {
    let items = field.present().map(Node::items).unwrap_or_default();
    !items.is_empty() && items.iter().all(|item| item.as_str().is_some())
}

fn is_chart(document: &Node) -> bool {
    matches!(document.text("apiVersion"), Some("v1" | "v2"))
        && document.child("kind") == Field::Absent
        && document.text("name").is_some()
        && document.child("version") != Field::Absent
}
