//! What a policy of Istio holds for: pods by label, or the proxies of what `targetRefs` names.

use ringfence_model::selector::{Operator, Requirement, Selector};
use ringfence_model::{Field, Node, Resource, Text};

use super::super::mark;
use crate::policy::reader::Reader;

/// The label of pods that a Gateway is made of.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// What a policy holds for.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// Pods by their labels; of gateways made for a Gateway too, of waypoints never.
    Pods(Selector),
    /// The proxies that a Gateway is made of.
    Gateway(Text),
    /// Waypoints, for requests to something that they stand before.
    Waypoints,
    /// Every waypoint of the mesh.
    EveryWaypoint,
    /// Proxies that a kind of route passes through, which is not evaluated.
    Routes,
}

impl Target {
    /// What of the proxies of a kind it holds for; `None` for none.
    pub(super) fn requirements(&self, proxy: &'static str) -> Option<Vec<Requirement>> {
        let name = |name: &Text| Requirement {
            key: Text::const_new(GATEWAY_NAME),
            operator: Operator::In(vec![name.clone()]),
        };
        let mut requirements = match (self, proxy) {
            (Self::Pods(_), mark::WAYPOINT) => return None,
            (Self::Pods(selector), _) => selector.requirements.clone(),
            (Self::Gateway(gateway), mark::GATEWAY | mark::WAYPOINT) => vec![name(gateway)],
            (Self::Waypoints | Self::EveryWaypoint, mark::WAYPOINT) => Vec::new(),
            (Self::Routes, mark::GATEWAY | mark::WAYPOINT) => Vec::new(),
            _ => return None,
        };
        requirements.push(super::super::is(mark::ISTIO, [Text::const_new(proxy)]));
        Some(requirements)
    }

    /// What of a selector cannot be read.
    pub(super) fn selector(&self) -> Selector {
        if let Self::Pods(selector) = self { selector.clone() } else { Selector::default() }
    }
}

/// What a policy holds for; `key` is the field of its selector.
pub(super) fn targets(reader: &mut Reader<'_, '_>, object: &Resource, is_root: bool) -> Vec<Target> {
    let spec = object.body.get("spec");
    let field = |key: &str| spec.map_or(Field::Absent, |spec| spec.field(key));
    let mut written: Vec<&Node> = Vec::new();
    match (field("targetRefs"), field("targetRef")) {
        (Field::Unresolved(node, _), _) | (_, Field::Unresolved(node, _)) => {
            let why = reader.unknown("targetRefs", node);
            reader.doubt.get_or_insert(why);
        }
        (Field::Present(list), _) if !list.items().is_empty() => written.extend(list.items()),
        (_, Field::Present(one)) => written.push(one),
        _ => {}
    }
    let selector = Selector::read(field("selector"));
    if let (Some(first), Some(_)) = (written.first(), &selector) {
        reader.refuse("selector-and-target", "`selector` and `targetRefs` exclude each other", first);
    }
    if written.is_empty() {
        return vec![Target::Pods(selector.unwrap_or_default())];
    }
    written.into_iter().filter_map(|node| target(reader, node, is_root)).collect()
}

fn target(reader: &mut Reader<'_, '_>, node: &Node, is_root: bool) -> Option<Target> {
    let group = node.text("group").unwrap_or_default();
    let name = node.text("name").unwrap_or_default();
    match (group, node.text("kind").unwrap_or_default()) {
        ("gateway.networking.k8s.io", "Gateway") => Some(Target::Gateway(name.into())),
        ("gateway.networking.k8s.io", "GatewayClass") => is_root.then_some(Target::EveryWaypoint),
        ("gateway.networking.k8s.io", "HTTPRoute") => Some(Target::Routes),
        ("" | "core", "Service") | ("networking.istio.io", "ServiceEntry") => Some(Target::Waypoints),
        _ => {
            reader.refuse(
                "target-unknown",
                "`targetRefs` names a kind that proxies of Istio do not know",
                node,
            );
            None
        }
    }
}
