//! Which listeners of a Gateway take a route.

use ringfence_model::fact::{Listener, PortRange, Protocol, Tls};
use ringfence_model::selector::{KnownLabels, Selector, Unknown};
use ringfence_model::{Diagnostic, Field, Labels, Node, Origin};

use super::super::Builder;
use super::super::index::{Found, Index, Kind};
use super::super::value::port;
use super::or;

pub(super) const GROUP: &str = "gateway.networking.k8s.io";

/// The listeners that take a route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attached {
    pub(super) listeners: Vec<Listener>,
    /// Why they may not: one clause each.
    pub(super) doubts: Vec<String>,
}

/// The listeners of `gateway` that take `route`; `None` where none does.
pub(super) fn attached(index: &Index<'_>, gateway: Found<'_>, route: Found<'_>) -> Option<Attached> {
    let mut attached = Attached::default();
    let parents = match route.field("spec.parentRefs") {
        Field::Absent => return None,
        Field::Unresolved(_, unresolved) => {
            attached.doubt(format!("`parentRefs` is not known: {}", unresolved.cause.describe()));
            None
        }
        Field::Present(list) => Some(list.items()),
    };
    let listeners = match gateway.field("spec.listeners") {
        Field::Absent => return None,
        Field::Unresolved(..) => {
            attached.doubt("its `listeners` are not known".to_owned());
            attached.add(Listener { port: any(), tls: Tls::Unknown });
            &[]
        }
        Field::Present(list) => list.items(),
    };
    let named: Option<Vec<&Node>> =
        parents.map(|parents| parents.iter().filter(|one| names(one, gateway, route)).collect());
    if named.as_ref().is_some_and(Vec::is_empty) {
        return None;
    }
    for listener in listeners {
        let wanted = match &named {
            Some(named) => named.iter().any(|parent| wants(parent, listener)),
            None => true,
        };
        if wanted {
            attached.try_listener(index, gateway, route, listener);
        }
    }
    (!attached.listeners.is_empty()).then_some(attached)
}

/// Whether a parent reference names the Gateway.
fn names(parent: &Node, gateway: Found<'_>, route: Found<'_>) -> bool {
    let namespace = or(parent.text("namespace"), route.resource.namespace());
    or(parent.text("group"), GROUP) == GROUP
        && or(parent.text("kind"), "Gateway") == "Gateway"
        && namespace == gateway.resource.namespace()
        && parent.text("name") == Some(gateway.resource.name.as_str())
}

/// Whether it wants this listener: by section and port, where it says either.
fn wants(parent: &Node, listener: &Node) -> bool {
    let section = parent.text("sectionName").is_none_or(|name| listener.text("name") == Some(name));
    let number = parent.get("port").and_then(port);
    section && number.is_none_or(|number| listener.get("port").and_then(port) == Some(number))
}

fn any() -> PortRange {
    PortRange { protocol: Protocol::Tcp, start: 1, end: u16::MAX }
}

impl Attached {
    fn doubt(&mut self, why: String) {
        if !self.doubts.contains(&why) {
            self.doubts.push(why);
        }
    }

    fn add(&mut self, listener: Listener) {
        if !self.listeners.contains(&listener) {
            self.listeners.push(listener);
        }
    }

    fn try_listener(&mut self, index: &Index<'_>, gateway: Found<'_>, route: Found<'_>, node: &Node) {
        let answers = [
            (takes_kind(node, route), "the kinds of routes that a listener takes are not known"),
            (
                takes_namespace(index, gateway, route, node),
                "whether a listener takes routes of that namespace is not known",
            ),
            (shares_hostname(node, route), "the hostnames of a listener or a route are not known"),
        ];
        if answers.iter().any(|(answer, _)| *answer == Some(false)) {
            return;
        }
        for (_, why) in answers.iter().filter(|(answer, _)| answer.is_none()) {
            self.doubt((*why).to_owned());
        }
        self.add(listener(node));
    }
}

fn listener(node: &Node) -> Listener {
    let protocol = node.text("protocol");
    let transport = if protocol == Some("UDP") { Protocol::Udp } else { Protocol::Tcp };
    let number = node.get("port").and_then(port);
    let (start, end) = number.map_or((1, u16::MAX), |number| (number, number));
    let tls = match (protocol, node.text("tls.mode")) {
        (Some("HTTPS"), _) => Tls::Ends,
        (Some("TLS"), Some("Passthrough")) => Tls::PassesOn,
        (Some("TLS"), _) => Tls::Ends,
        (Some("HTTP" | "TCP" | "UDP"), _) => Tls::No,
        _ => Tls::Unknown,
    };
    Listener { port: PortRange { protocol: transport, start, end }, tls }
}

/// Kinds that a protocol brings with it; others only where a listener of an unknown protocol names them.
fn by_protocol(protocol: Option<&str>) -> Option<&'static [&'static str]> {
    match protocol? {
        "HTTP" | "HTTPS" => Some(&["HTTPRoute", "GRPCRoute"]),
        "TLS" => Some(&["TLSRoute", "TCPRoute"]),
        "TCP" => Some(&["TCPRoute"]),
        "UDP" => Some(&["UDPRoute"]),
        _ => None,
    }
}

fn takes_kind(listener: &Node, route: Found<'_>) -> Option<bool> {
    let kind = route.resource.kind.name();
    let named = match listener.field("allowedRoutes.kinds") {
        Field::Unresolved(..) => return None,
        Field::Absent => Some(true),
        Field::Present(list) if list.items().is_empty() => Some(true),
        Field::Present(list) => Some(
            list.items()
                .iter()
                .any(|one| or(one.text("group"), GROUP) == GROUP && one.text("kind") == Some(kind)),
        ),
    };
    if named == Some(false) {
        return named;
    }
    let protocol = match listener.field("protocol") {
        Field::Unresolved(..) => return None,
        field => field.present().and_then(Node::as_str),
    };
    by_protocol(protocol).map(|kinds| kinds.contains(&kind))
}

fn takes_namespace(index: &Index<'_>, gateway: Found<'_>, route: Found<'_>, listener: &Node) -> Option<bool> {
    let same = route.resource.namespace() == gateway.resource.namespace();
    let from = match listener.field("allowedRoutes.namespaces.from") {
        Field::Absent => "Same",
        field => field.present().and_then(Node::as_str)?,
    };
    match from {
        "Same" => Some(same),
        "All" => Some(true),
        "None" => Some(false),
        "Selector" => {
            let selector = Selector::read(listener.field("allowedRoutes.namespaces.selector"))?;
            let namespaces = index.named(Kind::Namespace, route, "", route.resource.namespace());
            selects(&selector, *namespaces.first()?)
        }
        _ => None,
    }
}

/// Whether a selector matches a namespace; its name is a label of it.
pub(in super::super) fn selects(selector: &Selector, namespace: Found<'_>) -> Option<bool> {
    let written = Labels::of(&namespace.resource.body);
    let name = ("kubernetes.io/metadata.name".into(), namespace.resource.name.clone());
    let others = written.iter().filter(|(key, _)| *key != "kubernetes.io/metadata.name");
    let labels: Labels = others.map(|(key, value)| (key.into(), value.into())).chain([name]).collect();
    let unknown = match namespace.resource.origin {
        Origin::Derived(_) => Unknown::Rest,
        _ => Unknown::of(Field::Present(&namespace.resource.body)),
    };
    KnownLabels { labels: &labels, unknown }.judge(selector)
}

/// Whether a listener and a route have a hostname in common; what names none takes any.
fn shares_hostname(listener: &Node, route: Found<'_>) -> Option<bool> {
    let own = match listener.field("hostname") {
        Field::Absent => return Some(true),
        field => field.present().and_then(Node::as_str)?,
    };
    let theirs = match route.field("spec.hostnames") {
        Field::Absent => return Some(true),
        field => field.present()?.items(),
    };
    if own.is_empty() || theirs.is_empty() {
        return Some(true);
    }
    let mut unknown = false;
    for one in theirs {
        match one.as_str() {
            Some(name) if meet(own, name) => return Some(true),
            Some(_) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(false) }
}

/// Whether two hostnames, either of which may begin with `*.`, have a name in common.
fn meet(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    let under = |wild: &str, name: &str| {
        wild.strip_prefix('*').is_some_and(|suffix| name.len() > suffix.len() && name.ends_with(suffix))
    };
    a == b || under(&a, &b) || under(&b, &a)
}

impl Builder<'_> {
    /// Names the routes whose parent is of a kind that is not evaluated.
    pub(super) fn name_parents(&mut self) {
        for route in self.index.all(Kind::Route) {
            let parents = route.field("spec.parentRefs").present().map(Node::items).unwrap_or_default();
            for parent in parents {
                let kind = or(parent.text("kind"), "Gateway");
                // A Service as parent is about traffic inside the mesh.
                if matches!(kind.as_str(), "Gateway" | "Service") {
                    continue;
                }
                let message =
                    format!("`{}` is attached to a {kind}, which is not evaluated", route.resource.label());
                self.diagnostics.push(
                    Diagnostic::warning("way-in-not-evaluated", ringfence_model::masked(message))
                        .at(parent.location())
                        .help("whom it lets in is not among the ways in; check it by hand"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostnames_meet() {
        for (a, b, expected) in [
            ("shop.example.com", "shop.example.com", true),
            ("*.example.com", "shop.example.com", true),
            ("shop.example.com", "*.example.com", true),
            ("*.example.com", "*.shop.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "shop.example.org", false),
            ("SHOP.example.com", "shop.EXAMPLE.com", true),
        ] {
            assert_eq!(meet(a, b), expected, "{a} {b}");
        }
    }
}
