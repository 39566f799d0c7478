//! Authorizations of one Server: ServerAuthorization and AuthorizationPolicy.

use ringfence_model::selector::{KnownLabels, Selector, Unknown};
use ringfence_model::{Diagnostic, Field, Labels, Node, Resource, ResourceId};

use super::super::peers::Identities;
use super::authentication::{Clients, account_of, identity, networks};
use super::{Linkerd, home};
use crate::condition::{Certainty, ConditionId};
use crate::namespace::ClusterId;
use crate::policy::Reading;
use crate::policy::reader::Reader;

/// An authorization that holds for a Server.
pub(super) struct Authorization<'e> {
    pub(super) id: ResourceId,
    pub(super) object: &'e Resource,
    pub(super) clients: Clients,
    /// Why it may not hold, or not for all requests.
    pub(super) when: Certainty,
}

impl<'e> Linkerd<'e> {
    /// The authorizations that hold for `server`, sorted by kind and name.
    pub(super) fn authorizations(
        &self,
        server: &'e Resource,
        cluster: ClusterId,
        identities: &Identities<'_>,
        reading: &mut Reading<'_>,
    ) -> Vec<Authorization<'e>> {
        let mut all = Vec::new();
        for (id, object) in self.authorizations.get(&home(server)).into_iter().flatten() {
            let mut reader = Reader::new(reading, *id, object, cluster, None);
            let Some(when) = selects(&mut reader, object, server) else { continue };
            if let Some(clients) = clients(&mut reader, object, identities) {
                all.push(Authorization { id: *id, object, clients, when: when.or(reader.doubt) });
            }
        }
        let routes = self.routes_of(server);
        let on_routes = (!routes.is_empty()).then(|| {
            reading.conditions.id(&format!("only requests that match a route of `{}`", server.label()))
        });
        for (id, object) in self.policies.get(&home(server)).into_iter().flatten() {
            let mut reader = Reader::new(reading, *id, object, cluster, None);
            let Some(when) = targets(&mut reader, object, server, &routes) else { continue };
            if let Some(clients) = self.required(&mut reader, object, identities) {
                all.push(Authorization { id: *id, object, clients, when: when.or(reader.doubt) });
            }
        }
        all.iter_mut().for_each(|one| one.when = one.when.or(on_routes));
        all
    }

    /// Routes whose parent is `server`.
    fn routes_of(&self, server: &Resource) -> Vec<&'e Resource> {
        let routes = self.routes.get(&home(server)).into_iter().flatten().map(|(_, route)| *route);
        let names = |route: &&Resource| {
            let parents = route.body.get("spec").and_then(|spec| spec.get("parentRefs")).map(Node::items);
            parents.unwrap_or_default().iter().any(|parent| {
                parent.text("kind") == Some("Server") && parent.text("name") == Some(&server.name)
            })
        };
        routes.filter(names).collect()
    }
}

/// Whether a ServerAuthorization is about `server`; `None` for no.
fn selects(reader: &mut Reader<'_, '_>, object: &Resource, server: &Resource) -> Option<Certainty> {
    let of = object.body.get("spec").map_or(Field::Absent, |spec| spec.field("server"));
    let of = match of {
        Field::Absent => return None,
        Field::Unresolved(node, _) => return Some(Some(reader.unknown("server", node))),
        Field::Present(of) => of,
    };
    match of.field("name") {
        Field::Unresolved(node, _) => return Some(Some(reader.unknown("server.name", node))),
        Field::Present(name) => return (name.as_str() == Some(&server.name)).then_some(None),
        Field::Absent => {}
    }
    let selector = Selector::read(of.field("selector")).unwrap_or_default();
    let labels = Labels::of(&server.body);
    let known = KnownLabels { labels: &labels, unknown: Unknown::of(Field::Present(&server.body)) };
    match known.judge(&selector) {
        Some(true) => Some(None),
        Some(false) => None,
        None => Some(Some(perhaps(reader, object))),
    }
}

fn perhaps(reader: &mut Reader<'_, '_>, object: &Resource) -> ConditionId {
    reader.reading.conditions.id(&format!("whether `{}` selects the Server is not known", object.label()))
}

/// Whether an AuthorizationPolicy is about `server` or a route of it; `None` for no.
fn targets(
    reader: &mut Reader<'_, '_>,
    object: &Resource,
    server: &Resource,
    routes: &[&Resource],
) -> Option<Certainty> {
    let target = match object.body.get("spec").map_or(Field::Absent, |spec| spec.field("targetRef")) {
        Field::Absent => return None,
        Field::Unresolved(node, _) => return Some(Some(reader.unknown("targetRef", node))),
        Field::Present(target) => target,
    };
    let name = target.text("name").unwrap_or_default();
    match target.text("kind").unwrap_or_default() {
        "Server" => (name == server.name).then_some(None),
        "Namespace" => Some(None),
        kind @ ("HTTPRoute" | "GRPCRoute") => {
            let route = routes.iter().find(|route| route.name == name && route.kind.name() == kind)?;
            let why = format!("only requests that match `{}`", route.label());
            Some(Some(reader.reading.conditions.id(&why)))
        }
        _ => None,
    }
}

/// Whom a ServerAuthorization lets in; `None` where Linkerd ignores it.
fn clients(reader: &mut Reader<'_, '_>, object: &Resource, identities: &Identities<'_>) -> Option<Clients> {
    let client = object.body.get("spec").and_then(|spec| spec.get("client"));
    let mut clients = Clients::default();
    if let Some(list) =
        client.and_then(|client| client.get("networks")).filter(|list| !list.items().is_empty())
    {
        clients.networks = Some(networks(reader, list));
    }
    let field = |key: &str| client.map_or(Field::Absent, |client| client.field(key));
    let mesh_tls = match (field("unauthenticated"), field("meshTLS")) {
        (Field::Unresolved(node, _), _) | (_, Field::Unresolved(node, _)) => {
            clients.identities = Some(vec![crate::policy::PeerSpec::Unknown(reader.unknown("client", node))]);
            return Some(clients);
        }
        (Field::Present(node), _) if node.as_bool() == Some(true) => return Some(clients),
        (_, Field::Present(mesh_tls)) => mesh_tls,
        (_, Field::Absent) => return ignored(reader, object),
    };
    if mesh_tls.get("unauthenticatedTLS").and_then(Node::as_bool) == Some(true) {
        clients.identities = Some(vec![identities.any(reader.reading)]);
        return Some(clients);
    }
    let mut found = Vec::new();
    for item in mesh_tls.get("identities").map(Node::items).unwrap_or_default() {
        match item.as_str() {
            Some(value) => found.extend(identity(identities, reader.reading, value)),
            None => found.push(crate::policy::PeerSpec::Unknown(reader.unknown("identities", item))),
        }
    }
    for item in mesh_tls.get("serviceAccounts").map(Node::items).unwrap_or_default() {
        let namespace = item.text("namespace").unwrap_or(object.namespace());
        match item.text("name") {
            Some(name) => found.push(account_of(identities, reader.reading, namespace, name)),
            None => found.push(crate::policy::PeerSpec::Unknown(reader.unknown("serviceAccounts", item))),
        }
    }
    if found.is_empty() {
        return ignored(reader, object);
    }
    clients.identities = Some(found);
    Some(clients)
}

fn ignored(reader: &mut Reader<'_, '_>, object: &Resource) -> Option<Clients> {
    let message = format!("Linkerd ignores `{}`: it names no client", object.label());
    reader.reading.diagnostics.push(
        Diagnostic::warning("linkerd-client-missing", message)
            .at(object.location())
            .help("write `unauthenticated: true`, or identities or service accounts below `meshTLS`"),
    );
    None
}
