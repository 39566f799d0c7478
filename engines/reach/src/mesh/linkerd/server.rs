//! Servers: each takes one port of the pods that it selects.

use ringfence_model::fact::{Protocol, RuleAction};
use ringfence_model::selector::Selector;
use ringfence_model::{Diagnostic, Field, Resource, ResourceId};

use super::super::annotation::tcp;
use super::super::rank::Stage;
use super::super::{Mesh, Mode, disjoint, exists, mark};
use super::default::Default as Preset;
use super::{Linkerd, home, identities};
use crate::condition::Certainty;
use crate::policy::reader::{Reader, port_number};
use crate::policy::{Api, Policy, PortSpec, Reading, Rule, Rules, Scope};

impl<'e> Linkerd<'e> {
    pub(super) fn add_servers(&self, reading: &mut Reading<'_>, mesh: &mut Mesh, policies: &mut Vec<Policy>) {
        let rivals = self.rivals();
        for (id, server) in &self.servers {
            let spec = server.body.get("spec");
            if spec.is_some_and(|spec| spec.get("externalWorkloadSelector").is_some()) {
                continue;
            }
            let rival = rivals
                .contains(id)
                .then(|| reading.conditions.id("which of several Servers takes the port is not known"));
            let (policy, modes) = self.server(*id, server, rival, mesh, reading);
            policies.push(policy);
            mesh.modes.insert(*id, modes);
        }
    }

    /// Servers that take the same port of the same pods: which of them does is not defined.
    fn rivals(&self) -> Vec<ResourceId> {
        let read = |server: &Resource| {
            let spec = server.body.get("spec")?;
            let port = spec.get("port")?;
            let selector = Selector::read(spec.field("podSelector")).unwrap_or_default();
            Some((port.as_int(), port.as_str().map(str::to_owned), selector))
        };
        let all: Vec<_> =
            self.servers.iter().filter_map(|(id, one)| Some((*id, home(one), read(one)?))).collect();
        let meets = |a: &(Option<i64>, Option<String>, Selector),
                     b: &(Option<i64>, Option<String>, Selector)| {
            // A name may stand for any number.
            let ports = a.0.is_some() != b.0.is_some() || (a.0, &a.1) == (b.0, &b.1);
            ports && !disjoint(&a.2, &b.2) && !disjoint(&b.2, &a.2)
        };
        let mut homes: rustc_hash::FxHashMap<_, Vec<_>> = rustc_hash::FxHashMap::default();
        all.iter().for_each(|one| homes.entry(one.1).or_default().push(one));
        let mut rivals = Vec::new();
        for here in homes.values() {
            let is_rival = |one: &&&(ResourceId, _, (Option<i64>, Option<String>, Selector))| {
                here.iter().any(|other| other.0 != one.0 && meets(&one.2, &other.2))
            };
            rivals.extend(here.iter().filter(is_rival).map(|one| one.0));
        }
        rivals
    }

    fn server(
        &self,
        id: ResourceId,
        server: &'e Resource,
        rival: Certainty,
        mesh: &Mesh,
        reading: &mut Reading<'_>,
    ) -> (Policy, Vec<(Option<u16>, Mode)>) {
        let name = server.place.cluster.as_ref();
        let cluster = reading.namespaces.cluster_id(name);
        let namespace = reading.namespaces.id(name, &server.namespace().into());
        let identities = identities(mesh, cluster, name);
        let mut reader = Reader::new(reading, id, server, cluster, Some(namespace));
        let spec = server.body.field("spec");
        let (port, number) = port(&mut reader, server);
        let mut selector =
            spec.node().and_then(|spec| Selector::read(spec.field("podSelector"))).unwrap_or_default();
        selector.requirements.push(exists(mark::LINKERD));
        selector.requirements.sort();
        let selector = reader.selector(selector);
        let preset = preset(&mut reader, server);
        let rule = reader.reading.rule(id, "spec", server.location());
        let doubt = reader.doubt.or(rival);
        let ports = Some(vec![port]);
        let mut rules: Vec<Rule> = Vec::new();
        let mut open = preset.is_open();
        for one in self.authorizations(server, cluster, &identities, reading) {
            open |= one.clients.identities.is_none();
            let rule = reading.rule(one.id, "spec", one.object.location());
            let (action, peers) = (RuleAction::Allow, one.clients.peers());
            rules.push(Rule { id: rule, action, peers, ports: ports.clone(), when: one.when });
        }
        for peers in preset.peers(&identities, reading) {
            rules.push(Rule { id: rule, action: RuleAction::Allow, peers, ports: ports.clone(), when: None });
        }
        rules.push(Rule { id: rule, action: RuleAction::Deny, peers: None, ports, when: None });
        let mode = if open { Mode::Permissive } else { Mode::Strict };
        let policy = Policy {
            resource: id,
            location: server.location(),
            cluster,
            namespace: Some(namespace),
            api: Api::Mesh,
            rank: Stage::Linkerd.rank(0),
            stage: 0,
            slot: 0,
            name: (server.namespace().into(), server.name.clone()),
            subject: reading.sets.id(Scope::Within(namespace), selector),
            selector,
            doubt,
            ingress: Some(Rules { doubt: None, isolates: false, rules }),
            egress: None,
        };
        (policy, number.map(|port| (Some(port), mode)).into_iter().collect())
    }
}

/// The port of a Server, by name or number.
fn port(reader: &mut Reader<'_, '_>, server: &Resource) -> (PortSpec, Option<u16>) {
    let field = server.body.get("spec").map_or(Field::Absent, |spec| spec.field("port"));
    match field {
        Field::Unresolved(node, _) => {
            let why = reader.unknown("port", node);
            (PortSpec::Unknown(Some(Protocol::Tcp), why), None)
        }
        Field::Present(node) => match (port_number(node), node.as_str()) {
            (Some(number), _) => (PortSpec::Range(tcp(number)), Some(number)),
            (None, Some(name)) => (PortSpec::Named(reader.reading.names.id(name, Protocol::Tcp)), None),
            (None, None) => {
                reader.refuse("port-invalid", "`port` is a name or a number from 1 to 65535", node);
                (PortSpec::Unknown(Some(Protocol::Tcp), reader.unknown("port", node)), None)
            }
        },
        Field::Absent => {
            reader.refuse("port-missing", "a Server needs a `port`", &server.body);
            (PortSpec::Unknown(Some(Protocol::Tcp), reader.unknown("port", &server.body)), None)
        }
    }
}

/// What a Server lets in without any authorization.
fn preset(reader: &mut Reader<'_, '_>, server: &Resource) -> Preset {
    let field = server.body.get("spec").map_or(Field::Absent, |spec| spec.field("accessPolicy"));
    match field {
        Field::Absent => Preset::Deny,
        Field::Unresolved(node, _) => Preset::Unknown(reader.unknown("accessPolicy", node)),
        Field::Present(node) => node.as_str().and_then(Preset::parse).unwrap_or_else(|| {
            reader.reading.diagnostics.push(
                Diagnostic::warning(
                    "linkerd-policy-unknown",
                    format!(
                        "`accessPolicy` of `{}` is not one that Linkerd knows: it denies",
                        server.label()
                    ),
                )
                .at(node.location())
                .help("write `deny`, `all-authenticated`, `cluster-authenticated` or another default policy"),
            );
            Preset::Deny
        }),
    }
}
