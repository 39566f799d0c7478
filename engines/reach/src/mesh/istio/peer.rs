//! PeerAuthentication: whether proxies demand mutual TLS. The narrowest policy that speaks of a port
//! counts: port, workload, namespace, mesh; of equals the oldest.

use ringfence_model::fact::RuleAction;
use ringfence_model::selector::Selector;
use ringfence_model::{Diagnostic, Field, Node, Resource, ResourceId, Text};
use rustc_hash::FxHashMap;

use super::super::annotation::tcp;
use super::super::peers::Identities;
use super::super::rank::Stage;
use super::super::workloads::Place;
use super::super::{Mesh, Mode, disjoint, is, mark};
use super::{Istio, Rooted, place};
use crate::condition::{Certainty, ConditionId};
use crate::policy::reader::Reader;
use crate::policy::{Api, PeerSpec, Policy, PortSpec, Reading, Rule, RuleId, Rules, Scope, Term};

pub(super) const KINDS: &[&str] =
    &["security.istio.io/v1/PeerAuthentication", "security.istio.io/v1beta1/PeerAuthentication"];

/// How narrow a policy is; narrower ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Workload,
    Namespace,
    Mesh,
}

/// One policy as it is written.
struct Peer<'e> {
    id: ResourceId,
    object: &'e Resource,
    level: Level,
    selector: Selector,
    /// Of each port, then of all; `None` for what is left to a wider policy.
    modes: Vec<(Option<u16>, Option<Mode>)>,
    doubt: Certainty,
    rule: RuleId,
}

impl Peer<'_> {
    fn whole(&self) -> Option<Mode> {
        self.modes.iter().find(|(port, _)| port.is_none()).and_then(|(_, mode)| *mode)
    }

    fn created(&self) -> Option<&str> {
        self.object.body.text("metadata.creationTimestamp")
    }
}

/// Where pods take nothing but mutual TLS.
#[derive(Debug, Default)]
pub(super) struct Strictness {
    /// What the policy of a namespace says, and whether some pods there are told otherwise.
    namespaces: FxHashMap<Place, (Option<Mode>, bool)>,
    /// What the policy of the whole mesh says, by cluster.
    meshes: FxHashMap<Option<Text>, Option<Mode>>,
}

impl Strictness {
    /// Whether all pods of a namespace, or of the whole mesh, take nothing else.
    pub(super) fn holds(&self, place: &Place, everywhere: bool) -> bool {
        let mesh = self.meshes.get(&place.0).copied().flatten() == Some(Mode::Strict);
        let strict =
            |(mode, others): &(Option<Mode>, bool)| !others && mode.map_or(mesh, |mode| mode == Mode::Strict);
        if everywhere {
            return mesh && self.namespaces.iter().all(|(there, one)| there.0 != place.0 || strict(one));
        }
        self.namespaces.get(place).map_or(mesh, strict)
    }
}

/// Reads all of them; where one turns mutual TLS off, clients come without a principal.
pub(super) fn read_all(
    istio: &mut Istio<'_>,
    reading: &mut Reading<'_>,
    mesh: &mut Mesh,
    policies: &mut Vec<Policy>,
) -> Strictness {
    let mut peers: Vec<Peer<'_>> = Vec::new();
    let mut strict = Strictness::default();
    for (id, object) in istio.objects(KINDS) {
        peers.extend(read(istio, mesh, id, object, reading));
    }
    settle(&mut peers, reading);
    let mut off: Vec<(Option<Text>, Option<Text>, ConditionId)> = Vec::new();
    for peer in &peers {
        let place = place(peer.object);
        match peer.level {
            Level::Mesh => {
                let mode = peer.whole().filter(|_| peer.doubt.is_none());
                strict.meshes.insert(place.0.clone(), mode);
            }
            Level::Namespace => {
                let known = strict.namespaces.entry(place.clone()).or_default();
                (known.0, known.1) = (peer.whole(), known.1 || peer.doubt.is_some());
            }
            Level::Workload => {
                let lax = peer.modes.iter().any(|(_, mode)| mode.is_some_and(|mode| mode != Mode::Strict));
                strict.namespaces.entry(place.clone()).or_default().1 |= lax;
            }
        }
        if peer.modes.iter().any(|(_, mode)| *mode == Some(Mode::Disable)) {
            let why = format!("`{}` turns mutual TLS off for some pods", peer.object.label());
            let namespace = (peer.level != Level::Mesh).then_some(place.1);
            off.push((place.0, namespace, reading.conditions.id(&why)));
        }
    }
    for (order, peer) in (0..).zip(&peers) {
        policies.push(policy(istio, mesh, peer, order, reading));
        let said = peer.modes.iter().filter_map(|(port, mode)| Some((*port, (*mode)?))).collect();
        mesh.modes.insert(peer.id, said);
    }
    istio.plaintext.extend(off);
    strict
}

fn read<'e>(
    istio: &Istio<'e>,
    mesh: &Mesh,
    id: ResourceId,
    object: &'e Resource,
    reading: &mut Reading<'_>,
) -> Option<Peer<'e>> {
    let cluster = reading.namespaces.cluster_id(object.place.cluster.as_ref());
    let rooted = istio.is_root(&mesh.marks, object, reading);
    let doubt = istio.doubt(id, object, reading);
    let mut reader = Reader::new(reading, id, object, cluster, None);
    let spec = object.body.field("spec");
    if let Field::Unresolved(_, unresolved) = spec {
        reader.doubt(&format!("`spec` is not known: {}", unresolved.cause.describe()));
    }
    reader.check_keys(spec, &["selector", "mtls", "portLevelMtls"]);
    let field = |key: &str| spec.node().map_or(Field::Absent, |spec| spec.field(key));
    let selector = Selector::read(field("selector")).unwrap_or_default();
    reader.selector(selector.clone());
    let level = match (selector.is_empty(), rooted) {
        (true, Rooted::No) => Level::Namespace,
        (true, Rooted::Yes | Rooted::Perhaps(_)) => Level::Mesh,
        (false, Rooted::No) => Level::Workload,
        (false, Rooted::Yes | Rooted::Perhaps(_)) => {
            let message =
                format!("`{}` has no effect: it selects pods from the root namespace", object.label());
            reader.reading.diagnostics.push(
                Diagnostic::warning("mesh-policy-idle", message)
                    .at(object.location())
                    .help("write it into the namespace of the pods"),
            );
            return None;
        }
    };
    let mut modes: Vec<(Option<u16>, Option<Mode>)> = Vec::new();
    if let Field::Present(ports) = field("portLevelMtls") {
        if level != Level::Workload {
            reader.refuse("selector-missing", "`portLevelMtls` needs a `selector`", ports);
        }
        for entry in ports.entries() {
            match entry.key.parse::<u16>() {
                Ok(port) => modes.push((Some(port), mode(&mut reader, entry.node.field("mode")))),
                Err(_) => reader.refuse("port-invalid", "`portLevelMtls` holds port numbers", &entry.node),
            }
        }
    } else if let Field::Unresolved(node, _) = field("portLevelMtls") {
        reader.doubt("`portLevelMtls` is not known");
        let _ = node;
    }
    modes.push((
        None,
        mode(&mut reader, field("mtls").node().map_or(Field::Absent, |mtls| mtls.field("mode"))),
    ));
    let rule = reader.reading.rule(
        id,
        "mtls",
        spec.node().and_then(|spec| spec.get("mtls")).and_then(Node::location),
    );
    let doubt = doubt.or(reader.doubt).or(match rooted {
        Rooted::Perhaps(condition) => Some(condition),
        Rooted::Yes | Rooted::No => None,
    });
    Some(Peer { id, object, level, selector, modes, doubt, rule })
}

fn mode(reader: &mut Reader<'_, '_>, field: Field<'_>) -> Option<Mode> {
    let node = match field {
        Field::Absent => return None,
        Field::Unresolved(..) => return Some(Mode::Unknown),
        Field::Present(node) => node,
    };
    match node.as_str() {
        Some("UNSET") => None,
        Some("STRICT") => Some(Mode::Strict),
        Some("PERMISSIVE") => Some(Mode::Permissive),
        Some("DISABLE") => Some(Mode::Disable),
        _ => {
            reader.refuse(
                "mode-invalid",
                "`mode` knows `UNSET`, `DISABLE`, `PERMISSIVE` and `STRICT` only",
                node,
            );
            Some(Mode::Unknown)
        }
    }
}

/// Puts policies in the order in which they count. Of several that hold for a pod and are as narrow, the
/// oldest is in force; where their age is not known, none is for certain.
fn settle(peers: &mut Vec<Peer<'_>>, reading: &mut Reading<'_>) {
    let key = |peer: &Peer<'_>| {
        (place(peer.object), peer.level, peer.created().map(str::to_owned), peer.object.name.clone())
    };
    peers.sort_by_cached_key(key);
    let groups = peers.chunk_by(|a, b| (place(a.object), a.level) == (place(b.object), b.level));
    let mut doubtful: Vec<ResourceId> = Vec::new();
    let mut dropped: Vec<ResourceId> = Vec::new();
    for same in groups.filter(|same| same.len() > 1) {
        let aged = same.iter().all(|peer| peer.created().is_some());
        let whole = same.iter().all(|peer| peer.whole().is_some());
        let apart = |peer: &Peer<'_>| {
            same.iter().all(|other| other.id == peer.id || disjoint(&peer.selector, &other.selector))
        };
        match same.first().map(|first| first.level) {
            Some(Level::Workload) if aged && whole => {}
            Some(Level::Workload) => {
                doubtful.extend(same.iter().filter(|peer| !apart(peer)).map(|peer| peer.id))
            }
            _ if aged => dropped.extend(same.iter().skip(1).map(|peer| peer.id)),
            _ => doubtful.extend(same.iter().map(|peer| peer.id)),
        }
    }
    peers.retain(|peer| !dropped.contains(&peer.id));
    for peer in peers.iter_mut().filter(|peer| doubtful.contains(&peer.id)) {
        let why = "which of several PeerAuthentications is the oldest is not known";
        peer.doubt.get_or_insert(reading.conditions.id(why));
        reading.diagnostics.push(
            Diagnostic::warning(
                "peer-authentication-not-unique",
                format!("`{}` is not the only one of its kind: {why}", peer.object.label()),
            )
            .at(peer.object.location())
            .help("keep one for each namespace and workload"),
        );
    }
    peers.sort_by_key(|peer| peer.level);
}

fn policy(istio: &Istio<'_>, mesh: &Mesh, peer: &Peer<'_>, order: i32, reading: &mut Reading<'_>) -> Policy {
    let name = peer.object.place.cluster.as_ref();
    let cluster = reading.namespaces.cluster_id(name);
    let namespace = reading.namespaces.id(name, &peer.object.namespace().into());
    let mut requirements = peer.selector.requirements.clone();
    requirements.push(is(mark::ISTIO, [mark::AMBIENT.into(), mark::SIDECAR.into()]));
    requirements.sort();
    let selector = Selector { requirements, unreadable: peer.selector.unreadable.clone() };
    let selector = reading.selectors.id(selector);
    let everywhere = reading.selectors.id(Selector::default());
    let scope = match peer.level {
        Level::Mesh => Scope::Matching(cluster, everywhere),
        Level::Workload | Level::Namespace => Scope::Within(namespace),
    };
    let plain = istio.plaintext.why(name, (peer.level != Level::Mesh).then(|| peer.object.namespace()));
    let identities = Identities { mark: mark::ISTIO_IDENTITY, cluster, name, seen: &mesh.marks };
    let any = vec![identities.any(reading)];
    let mut rules = Vec::new();
    for (port, mode) in peer.modes.iter().filter_map(|(port, mode)| Some((*port, (*mode)?))) {
        add_rules(peer, port, mode, (&any, plain), reading, &mut rules);
    }
    Policy {
        resource: peer.id,
        location: peer.object.location(),
        cluster,
        namespace: Some(namespace),
        api: Api::Mesh,
        rank: Stage::Peer.rank(order),
        stage: 0,
        slot: 0,
        name: (peer.object.namespace().into(), peer.object.name.clone()),
        subject: reading.sets.id(scope, selector),
        selector,
        doubt: peer.doubt,
        ingress: Some(Rules { doubt: None, isolates: false, rules }),
        egress: None,
    }
}

/// What a mode says of a port: who has no certificate of the mesh is refused, the others are left to the
/// policies that follow.
fn add_rules(
    peer: &Peer<'_>,
    port: Option<u16>,
    mode: Mode,
    (identities, plain): (&[PeerSpec], Certainty),
    reading: &mut Reading<'_>,
    rules: &mut Vec<Rule>,
) {
    let ports = port.map(|port| vec![PortSpec::Range(tcp(port))]);
    let mut push = |action, peers, when| {
        rules.push(Rule { id: peer.rule, action, peers, ports: ports.clone(), when });
    };
    let unknown = (mode == Mode::Unknown)
        .then(|| reading.conditions.id(&format!("the mode of `{}` is not known", peer.object.label())));
    let outsiders = Term { negated: true, any: identities.to_vec() };
    if matches!(mode, Mode::Strict | Mode::Unknown) {
        push(RuleAction::Deny, Some(vec![PeerSpec::Each([outsiders.clone()].into())]), unknown);
        if plain.is_some() {
            push(RuleAction::Deny, None, plain);
        }
    }
    // Whoever has a certificate is let through whatever the mode is.
    let whom = (mode == Mode::Unknown).then(|| vec![PeerSpec::Each([outsiders].into())]);
    push(RuleAction::Pass, whom, unknown);
}
