//! Whom an authorization of Linkerd lets in: identities, networks, or both.

use ringfence_model::{Diagnostic, Field, Node, Resource, Text, mask};

use super::super::peers::{Accounts, Identities};
use super::Linkerd;
use crate::address::{self, Span};
use crate::policy::reader::Reader;
use crate::policy::{PeerSpec, Reading, Term};

/// What every identity ends with, unless Linkerd was installed otherwise.
const TAIL: &str = "serviceaccount.identity.linkerd.cluster.local";

/// Whom an authorization lets in.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients {
    /// Any of these identities; `None`: none is needed.
    pub(super) identities: Option<Vec<PeerSpec>>,
    /// From any of these addresses; `None`: from anywhere.
    pub(super) networks: Option<Vec<PeerSpec>>,
}

impl Clients {
    pub(super) fn peers(&self) -> Option<Vec<PeerSpec>> {
        let terms = [&self.identities, &self.networks].into_iter().flatten();
        let terms: Vec<Term> = terms.map(|any| Term { negated: false, any: any.clone() }).collect();
        match terms.as_slice() {
            [] => None,
            [one] => Some(one.any.clone()),
            _ => Some(vec![PeerSpec::Each(terms.into())]),
        }
    }
}

/// An identity as it is written.
pub(super) fn identity(identities: &Identities<'_>, reading: &mut Reading<'_>, value: &str) -> Vec<PeerSpec> {
    if value == "*" {
        return vec![identities.any(reading)];
    }
    let unknown = |reading: &mut Reading<'_>| {
        PeerSpec::Unknown(reading.conditions.id("the trust domain of Linkerd is not in the input"))
    };
    match value.strip_prefix("*.") {
        Some(rest) if TAIL.ends_with(rest) => vec![identities.any(reading)],
        Some(rest) if !rest.ends_with(TAIL) => vec![unknown(reading)],
        Some(rest) => {
            let end = format!(".{rest}");
            let of_namespace = |namespace: &str| {
                if format!(".{namespace}.{TAIL}").ends_with(&end) { Accounts::All } else { Accounts::Some }
            };
            identities.matching(reading, value, of_namespace, |namespace, account| {
                format!("{account}.{namespace}.{TAIL}").ends_with(&end)
            })
        }
        None => match value.strip_suffix(TAIL).and_then(|front| front.strip_suffix('.')?.rsplit_once('.')) {
            Some((account, namespace)) => vec![account_of(identities, reading, namespace, account)],
            None => vec![unknown(reading)],
        },
    }
}

pub(super) fn account_of(
    identities: &Identities<'_>,
    reading: &mut Reading<'_>,
    namespace: &str,
    account: &str,
) -> PeerSpec {
    identities.of(reading, Some(vec![namespace.into()]), Some(vec![account.into()]))
}

/// `cidr` and `except` of each element.
pub(super) fn networks(reader: &mut Reader<'_, '_>, list: &Node) -> Vec<PeerSpec> {
    let mut blocks = Vec::new();
    for item in list.items() {
        let Some(span) = item.get("cidr").and_then(|node| block(reader, node)) else {
            blocks.push(PeerSpec::Unknown(reader.unknown("cidr", item)));
            continue;
        };
        let except = item.get("except").map(Node::items).unwrap_or_default();
        let holes: Vec<Span> = except.iter().filter_map(|node| block(reader, node)).collect();
        blocks.push(PeerSpec::Block(reader.reading.blocks.id(address::minus(span, &holes)), None));
    }
    blocks
}

fn block(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Span> {
    let single = node.as_str().and_then(|text| text.parse::<std::net::IpAddr>().ok());
    match single {
        Some(address) => Some(Span::from(ipnet::IpNet::from(address))),
        None => reader.cidr(node),
    }
}

impl<'e> Linkerd<'e> {
    /// Whom the references of an AuthorizationPolicy let in, all of which must hold; `None` where Linkerd
    /// ignores the policy.
    pub(super) fn required(
        &self,
        reader: &mut Reader<'_, '_>,
        object: &'e Resource,
        identities: &Identities<'_>,
    ) -> Option<Clients> {
        let mut clients = Clients::default();
        let references = match object
            .body
            .get("spec")
            .map_or(Field::Absent, |spec| spec.field("requiredAuthenticationRefs"))
        {
            Field::Absent => return Some(clients),
            Field::Unresolved(node, _) => {
                clients.identities =
                    Some(vec![PeerSpec::Unknown(reader.unknown("requiredAuthenticationRefs", node))]);
                return Some(clients);
            }
            Field::Present(list) => list.items(),
        };
        for reference in references {
            let name = reference.text("name").unwrap_or_default();
            let namespace = reference.text("namespace").unwrap_or(object.namespace());
            let found = match (
                reference.text("group").unwrap_or_default(),
                reference.text("kind").unwrap_or_default(),
            ) {
                ("" | "core", "ServiceAccount") => {
                    let one = account_of(identities, reader.reading, namespace, name);
                    add(&mut clients.identities, vec![one])
                }
                ("policy.linkerd.io", "MeshTLSAuthentication") => {
                    let there = self.find(&self.mesh_tls, object, namespace, name);
                    there
                        .and_then(|one| mesh_tls(reader, one, identities))
                        .and_then(|found| add(&mut clients.identities, found))
                }
                ("policy.linkerd.io", "NetworkAuthentication") => {
                    let there = self.find(&self.networks, object, namespace, name);
                    let list = there.and_then(|one| one.body.get("spec.networks"));
                    list.map(|list| networks(reader, list))
                        .and_then(|found| add(&mut clients.networks, found))
                }
                _ => None,
            };
            if found.is_none() {
                ignored(reader, object, reference, name);
                return None;
            }
        }
        Some(clients)
    }

    fn find(
        &self,
        objects: &super::Objects<'e>,
        of: &'e Resource,
        namespace: &str,
        name: &str,
    ) -> Option<&'e Resource> {
        let home = objects.get(&(of.place.cluster.as_ref(), namespace))?;
        home.iter().map(|(_, object)| *object).find(|object| object.name == name)
    }
}

/// Takes in what a reference allows; `None` where there was one of its kind before.
fn add(slot: &mut Option<Vec<PeerSpec>>, found: Vec<PeerSpec>) -> Option<()> {
    slot.is_none().then(|| *slot = Some(found))
}

fn ignored(reader: &mut Reader<'_, '_>, object: &Resource, reference: &Node, name: &str) {
    let message = format!(
        "Linkerd ignores `{}`: its reference to `{}` is not one that it can use, or names nothing that is there",
        object.label(),
        mask(name)
    );
    reader.reading.diagnostics.push(
        Diagnostic::warning("linkerd-reference-unusable", message).at(reference.location()).help(
            "name one authentication of each kind, which must exist; until then nobody is let in by it",
        ),
    );
}

/// Identities of a MeshTLSAuthentication; `None` where there are none.
fn mesh_tls(
    reader: &mut Reader<'_, '_>,
    object: &Resource,
    identities: &Identities<'_>,
) -> Option<Vec<PeerSpec>> {
    let spec = object.body.get("spec")?;
    let mut found = Vec::new();
    for key in ["identities", "identityRefs"] {
        let list = match spec.field(key) {
            Field::Absent => continue,
            Field::Unresolved(node, _) => {
                found.push(PeerSpec::Unknown(reader.unknown(key, node)));
                continue;
            }
            Field::Present(list) => list,
        };
        for item in list.items() {
            match (item.as_str(), item.text("kind")) {
                (Some(value), _) => found.extend(identity(identities, reader.reading, value)),
                (None, Some("ServiceAccount")) => {
                    let namespace = item.text("namespace").unwrap_or(object.namespace());
                    let name = item.text("name").unwrap_or_default();
                    found.push(account_of(identities, reader.reading, namespace, name));
                }
                (None, Some("Namespace")) => {
                    let name = Text::from(item.text("name").unwrap_or_default());
                    found.push(identities.of(reader.reading, Some(vec![name]), None));
                }
                _ => found.push(PeerSpec::Unknown(reader.unknown(key, item))),
            }
        }
    }
    (!found.is_empty()).then_some(found)
}
