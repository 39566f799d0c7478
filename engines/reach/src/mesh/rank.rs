//! Where policies of meshes stand: stages of plane Mesh.

use ringfence_model::Text;

use crate::policy::{Plane, Rank};

/// Stages in the order in which a proxy goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Whether the proxy takes the connection at all: PeerAuthentication.
    Peer,
    /// What changes the proxy itself: EnvoyFilter, WasmPlugin.
    Filter,
    /// AuthorizationPolicy of action CUSTOM, then DENY, then ALLOW.
    Custom,
    Deny,
    Allow,
    /// Servers of Linkerd, then its default.
    Linkerd,
}

impl Stage {
    pub(super) fn rank(self, order: i32) -> Rank {
        let (tier, name) = match self {
            Self::Peer => (0, "peer authentication"),
            Self::Filter => (1, "proxy filters"),
            Self::Custom => (2, "custom"),
            Self::Deny => (3, "deny"),
            Self::Allow => (4, "allow"),
            Self::Linkerd => (5, "linkerd"),
        };
        Rank {
            plane: Plane::Mesh,
            tier: i32::into(tier),
            tier_name: Text::const_new(name),
            order: order.into(),
            ..Rank::default()
        }
    }
}
