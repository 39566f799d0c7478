//! AuthorizationPolicy: CUSTOM, then DENY, then ALLOW; where no ALLOW policy selects, everything is let in.

use ringfence_model::selector::{Operator, Requirement, Selector};
use ringfence_model::{Diagnostic, Field, Node, Resource, ResourceId, Text, Value};

use super::super::Mesh;
use super::super::mark;
use super::super::peers::Identities;
use super::super::protocol::Profile;
use super::super::rank::Stage;
use super::clause::Clauses;
use super::config::Config;
use super::emit::{Effect, Emission, Proxy};
use super::peer::Strictness;
use super::principal::Principals;
use super::target::{Target, targets};
use super::written::WrittenRule;
use super::{Istio, Rooted, modes, place};
use crate::condition::Certainty;
use crate::namespace::{ClusterId, NamespaceId};
use crate::policy::reader::Reader;
use crate::policy::{Api, Policy, Reading, Rule, RuleId, Rules, Scope};

pub(super) const KINDS: &[&str] =
    &["security.istio.io/v1/AuthorizationPolicy", "security.istio.io/v1beta1/AuthorizationPolicy"];

pub(super) fn read_all(
    istio: &Istio<'_>,
    strict: &Strictness,
    reading: &mut Reading<'_>,
    mesh: &Mesh,
    policies: &mut Vec<Policy>,
) {
    for (id, object) in istio.objects(KINDS) {
        if let Some(object) = Object::new(istio, mesh, strict, id, object, reading) {
            object.add(reading, policies);
        }
    }
}

/// One policy while it is read.
struct Object<'e, 'm> {
    istio: &'m Istio<'e>,
    mesh: &'m Mesh,
    id: ResourceId,
    object: &'m Resource,
    cluster: ClusterId,
    namespace: NamespaceId,
    scope: Scope,
    rooted: Rooted,
    config: Config,
    effect: Action,
    targets: Vec<Target>,
    doubt: Certainty,
    label: String,
    rules: Vec<RuleId>,
    strict: bool,
}

/// What is written under `action`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Allow,
    Deny,
    Custom(String),
    Unknown(crate::condition::ConditionId),
}

impl<'e, 'm> Object<'e, 'm> {
    /// Reads everything but the rules; `None` where the policy has no effect.
    fn new(
        istio: &'m Istio<'e>,
        mesh: &'m Mesh,
        strict: &Strictness,
        id: ResourceId,
        object: &'m Resource,
        reading: &mut Reading<'_>,
    ) -> Option<Self> {
        let cluster = reading.namespaces.cluster_id(object.place.cluster.as_ref());
        let namespace = reading.namespaces.id(object.place.cluster.as_ref(), &object.namespace().into());
        let rooted = istio.is_root(&mesh.marks, object, reading);
        let doubt = istio.doubt(id, object, reading);
        let everywhere = reading.selectors.id(Selector::default());
        let mut reader = Reader::new(reading, id, object, cluster, Some(namespace));
        let spec = object.body.field("spec");
        reader.check_keys(spec, &["selector", "targetRef", "targetRefs", "rules", "action", "provider"]);
        let effect = action(&mut reader, object)?;
        let targets = targets(&mut reader, object, rooted != Rooted::No);
        let doubt = doubt.or(reader.doubt).or(match rooted {
            Rooted::Perhaps(condition) => Some(condition),
            Rooted::Yes | Rooted::No => None,
        });
        let rules = ids(&mut reader, &object.body);
        for target in &targets {
            reader.selector(target.selector());
        }
        let scope = match rooted {
            Rooted::No => Scope::Within(namespace),
            Rooted::Yes | Rooted::Perhaps(_) => Scope::Matching(cluster, everywhere),
        };
        Some(Self {
            istio,
            mesh,
            id,
            object,
            cluster,
            namespace,
            scope,
            rooted,
            config: istio.config(object.place.cluster.as_ref()),
            effect,
            targets,
            doubt,
            label: object.label(),
            rules,
            strict: strict.holds(&place(object), rooted != Rooted::No),
        })
    }

    /// Adds a policy for each kind of proxy that it selects.
    fn add(&self, reading: &mut Reading<'_>, policies: &mut Vec<Policy>) {
        let modes = modes(&self.mesh.marks, self.object, self.rooted);
        for by_ztunnel in [false, true] {
            let said = reading.diagnostics.len();
            let (written, doubt) = self.written(by_ztunnel, reading);
            if by_ztunnel {
                // The same faults were named already.
                reading.diagnostics.truncate(said);
            }
            let concerned = modes.iter().filter(|mode| (**mode == mark::AMBIENT) == by_ztunnel);
            for mode in concerned {
                for target in &self.targets {
                    self.add_for(mode, target, &written, doubt, reading, policies);
                }
            }
        }
        for target in &self.targets {
            self.add_for_waypoints(target, reading, policies);
        }
    }

    fn written(&self, by_ztunnel: bool, reading: &mut Reading<'_>) -> (Vec<WrittenRule>, Certainty) {
        let name = self.object.place.cluster.as_ref();
        let identities =
            Identities { mark: mark::ISTIO_IDENTITY, cluster: self.cluster, name, seen: &self.mesh.marks };
        let principals = Principals { identities, config: &self.config, by_ztunnel };
        let mut reader = Reader::new(reading, self.id, self.object, self.cluster, Some(self.namespace));
        let own = self.object.namespace();
        let rules = Clauses { reader: &mut reader, principals, own }
            .rules(self.object.body.field("spec"), &self.rules);
        (rules, self.doubt.or(reader.doubt))
    }

    fn add_for(
        &self,
        mode: &'static str,
        target: &Target,
        written: &[WrittenRule],
        doubt: Certainty,
        reading: &mut Reading<'_>,
        policies: &mut Vec<Policy>,
    ) {
        let Some(requirements) = target.requirements(mode) else { return };
        if matches!(target, Target::Routes) {
            let why = format!("`{}` of a route is not evaluated", self.label);
            return self.push_perhaps(requirements, &why, reading, policies);
        }
        let http = written.iter().flat_map(WrittenRule::clauses).any(|clause| !clause.http.is_empty());
        let variants = if mode == mark::SIDECAR && http { self.profiles() } else { vec![None] };
        for (variant, proxy) in self.proxies(mode, variants) {
            let mut requirements = requirements.clone();
            requirements.extend(variant);
            let emission = Emission {
                effect: match &self.effect {
                    Action::Allow => Effect::Allow,
                    Action::Deny => Effect::Deny,
                    Action::Custom(provider) => Effect::Custom(provider),
                    Action::Unknown(condition) => {
                        let rule = self.everyone(*condition);
                        self.push(requirements, target, vec![rule], doubt, reading, policies);
                        continue;
                    }
                },
                strict: self.strict && !matches!(proxy, Proxy::Gateway),
                plaintext: match proxy {
                    Proxy::Ztunnel => None,
                    _ => self.plaintext(),
                },
                proxy,
                label: &self.label,
            };
            let rules: Vec<Rule> = written.iter().flat_map(|rule| emission.rules(rule, reading)).collect();
            // What ztunnel does not know it leaves alone.
            if matches!((&emission.proxy, emission.effect), (Proxy::Ztunnel, Effect::Custom(_))) {
                continue;
            }
            self.push(requirements, target, rules, doubt, reading, policies);
        }
    }

    fn plaintext(&self) -> Certainty {
        let namespace = (self.rooted == Rooted::No).then(|| self.object.namespace());
        self.istio.plaintext.why(self.object.place.cluster.as_ref(), namespace)
    }

    /// What Services say of ports of pods that the policy may select, each once, and pods of which none does.
    fn profiles(&self) -> Vec<Option<Text>> {
        let here = self.mesh.marks.here(&place(self.object)).into_iter();
        let all = self.mesh.marks.of_cluster(self.object.place.cluster.as_ref()).map(|(_, here)| here);
        let here: Vec<_> = if self.rooted == Rooted::No { here.collect() } else { all.collect() };
        let mut profiles: Vec<Option<Text>> =
            here.iter().flat_map(|here| here.profiles.iter().cloned().map(Some)).collect();
        profiles.push(None);
        profiles.sort();
        profiles.dedup();
        profiles
    }

    /// A proxy for each profile, with what tells its pods apart.
    fn proxies(&self, mode: &'static str, variants: Vec<Option<Text>>) -> Vec<(Option<Requirement>, Proxy)> {
        let single = variants.len() == 1;
        let proxy = |variant: Option<Text>| match (mode, variant) {
            (mark::AMBIENT, _) => (None, Proxy::Ztunnel),
            (mark::GATEWAY, _) => (None, Proxy::Gateway),
            (_, None) if single => (None, Proxy::Sidecar(Profile::default())),
            (_, None) => {
                let none =
                    Requirement { key: Text::const_new(mark::PROTOCOLS), operator: Operator::DoesNotExist };
                (Some(none), Proxy::Sidecar(Profile::default()))
            }
            (_, Some(text)) => {
                let profile = self.mesh.marks.profile(&text);
                (Some(super::super::is(mark::PROTOCOLS, [text])), Proxy::Sidecar(profile))
            }
        };
        variants.into_iter().map(proxy).collect()
    }

    /// A waypoint judges requests by what they are for; of connections to it, this policy says nothing certain.
    fn add_for_waypoints(&self, target: &Target, reading: &mut Reading<'_>, policies: &mut Vec<Policy>) {
        let Some(requirements) = target.requirements(mark::WAYPOINT) else { return };
        let why = format!("the waypoint judges each request by `{}`", self.label);
        self.push_perhaps(requirements, &why, reading, policies);
    }

    fn push_perhaps(
        &self,
        requirements: Vec<Requirement>,
        why: &str,
        reading: &mut Reading<'_>,
        policies: &mut Vec<Policy>,
    ) {
        let rule = self.everyone(reading.conditions.id(why));
        let target = Target::Pods(Selector::default());
        let deny = Self {
            effect: Action::Deny,
            targets: Vec::new(),
            config: Config::default(),
            label: String::new(),
            rules: Vec::new(),
            ..*self
        };
        deny.push(requirements, &target, vec![rule], self.doubt, reading, policies);
    }

    /// Perhaps nobody is let in.
    fn everyone(&self, why: crate::condition::ConditionId) -> Rule {
        let id = self.rules.first().copied().unwrap_or(RuleId(0));
        Rule {
            id,
            action: ringfence_model::fact::RuleAction::Deny,
            peers: None,
            ports: None,
            when: Some(why),
        }
    }

    fn push(
        &self,
        mut requirements: Vec<Requirement>,
        target: &Target,
        rules: Vec<Rule>,
        doubt: Certainty,
        reading: &mut Reading<'_>,
        policies: &mut Vec<Policy>,
    ) {
        requirements.sort();
        requirements.dedup();
        let selector = Selector { requirements, unreadable: target.selector().unreadable };
        let selector = reading.selectors.id(selector);
        let (stage, isolates) = match &self.effect {
            Action::Allow => (Stage::Allow, true),
            Action::Deny | Action::Unknown(_) => (Stage::Deny, false),
            Action::Custom(_) => (Stage::Custom, false),
        };
        policies.push(Policy {
            resource: self.id,
            location: self.object.location(),
            cluster: self.cluster,
            namespace: Some(self.namespace),
            api: Api::Mesh,
            rank: stage.rank(0),
            stage: 0,
            slot: 0,
            name: (self.object.namespace().into(), self.object.name.clone()),
            subject: reading.sets.id(self.scope, selector),
            selector,
            doubt,
            ingress: Some(Rules { doubt: None, isolates, rules }),
            egress: None,
        });
    }
}

/// One number for each rule; one for the policy where it has none that can be read.
fn ids(reader: &mut Reader<'_, '_>, body: &Node) -> Vec<RuleId> {
    let spec = body.field("spec");
    let rules = spec.node().map_or(Field::Absent, |spec| spec.field("rules"));
    let items = match rules {
        Field::Present(Node { value: Value::List(items), .. }) => items.iter().collect(),
        Field::Present(node) | Field::Unresolved(node, _) => vec![node],
        Field::Absent => Vec::new(),
    };
    // What a policy without rules does has a place too.
    let items = if items.is_empty() { vec![spec.node().unwrap_or(body)] } else { items };
    let id = reader.id;
    let numbered = items.into_iter().enumerate();
    numbered
        .map(|(index, item)| reader.reading.rule(id, &format!("rules[{index}]"), item.location()))
        .collect()
}

/// The action of a policy; `None` where it refuses nothing.
fn action(reader: &mut Reader<'_, '_>, object: &Resource) -> Option<Action> {
    let idle = |reader: &mut Reader<'_, '_>, why: &str, help: &str| {
        let message = format!("`{}` {why}, so it refuses nothing", object.label());
        reader
            .reading
            .diagnostics
            .push(Diagnostic::note("mesh-policy-idle", message).at(object.location()).help(help));
    };
    match super::super::pod::written(&object.body, "metadata.annotations", "istio.io/dry-run") {
        super::super::pod::Written::Is("1" | "t" | "T" | "TRUE" | "true" | "True") => {
            idle(reader, "is a dry run", "remove the annotation `istio.io/dry-run` to enforce it");
            return None;
        }
        super::super::pod::Written::Unknown => reader.doubt("whether it is a dry run is not known"),
        super::super::pod::Written::Absent | super::super::pod::Written::Is(_) => {}
    }
    let field = object.body.get("spec").map_or(Field::Absent, |spec| spec.field("action"));
    match field {
        Field::Absent => Some(Action::Allow),
        Field::Unresolved(node, _) => Some(Action::Unknown(reader.unknown("action", node))),
        Field::Present(node) => match node.as_str() {
            Some("ALLOW") => Some(Action::Allow),
            Some("DENY") => Some(Action::Deny),
            Some("CUSTOM") => {
                Some(Action::Custom(object.body.text("spec.provider.name").unwrap_or_default().to_owned()))
            }
            Some("AUDIT") => {
                idle(reader, "only records requests", "use the action `DENY` or `ALLOW` to refuse them");
                None
            }
            _ => {
                reader.refuse(
                    "action-invalid",
                    "`action` knows `ALLOW`, `DENY`, `AUDIT` and `CUSTOM` only",
                    node,
                );
                Some(Action::Unknown(reader.unknown("action", node)))
            }
        },
    }
}
