//! Marks: virtual labels that say what a pod is to a mesh. Selectors of mesh policies ask for them.

use ringfence_model::Text;

use crate::selector::SelectorId;
use crate::selector::Selectors;

/// How Istio handles the pod: [`SIDECAR`], [`GATEWAY`], [`WAYPOINT`] or [`AMBIENT`].
pub(super) const ISTIO: &str = "@istio";
pub(super) const SIDECAR: &str = "sidecar";
pub(super) const GATEWAY: &str = "gateway";
pub(super) const WAYPOINT: &str = "waypoint";
pub(super) const AMBIENT: &str = "ambient";
/// Whether connections of the pod carry a certificate of Istio.
pub(super) const ISTIO_IDENTITY: &str = "@istio.identity";
/// What protocols Services give to ports of the pod.
pub(super) const PROTOCOLS: &str = "@istio.protocols";
/// Whether a proxy of Linkerd is beside the pod.
pub(super) const LINKERD: &str = "@linkerd";
/// Whether connections of the pod carry a certificate of Linkerd.
pub(super) const LINKERD_IDENTITY: &str = "@linkerd.identity";
/// What Linkerd does where no Server selects a port.
pub(super) const LINKERD_DEFAULT: &str = "@linkerd.default";
/// Ports on which Linkerd's default demands an identity.
pub(super) const LINKERD_REQUIRED: &str = "@linkerd.required";
/// Ports that pass the proxy by.
pub(super) const BYPASS: &str = "@mesh.bypass";
/// What every pod has that a mark was looked for on.
pub(super) const YES: &str = "yes";

/// The marks of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Marks {
    /// Sorted by key.
    pub(crate) known: Vec<(Text, Text)>,
    /// Keys of marks that the pod has or does not have; nobody knows.
    pub(crate) unknown: Vec<Text>,
}

impl Marks {
    pub(super) fn set(&mut self, key: &'static str, value: impl Into<Text>) {
        self.known.push((Text::const_new(key), value.into()));
    }

    pub(super) fn doubt(&mut self, key: &'static str) {
        self.unknown.push(Text::const_new(key));
    }

    /// The value of a mark.
    pub(super) fn get(&self, key: &str) -> Option<&Text> {
        self.known.iter().find(|(there, _)| there == key).map(|(_, value)| value)
    }

    pub(super) fn is_unknown(&self, key: &str) -> bool {
        self.unknown.iter().any(|there| there == key)
    }
}

/// Whether a selector asks for a mark, so that what it selects hangs on the mesh.
pub(crate) fn is_mark(selectors: &Selectors, selector: SelectorId) -> bool {
    let requirements = selectors.get(selector).map(|selector| selector.requirements.as_slice());
    let is_of_mesh = |key: &str| [ISTIO, LINKERD, BYPASS].iter().any(|prefix| key.starts_with(prefix));
    requirements.unwrap_or_default().iter().any(|requirement| is_of_mesh(&requirement.key))
}
