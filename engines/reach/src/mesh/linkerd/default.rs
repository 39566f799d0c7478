//! What Linkerd does with ports that no Server takes: `config.linkerd.io/default-inbound-policy`.

use ringfence_model::fact::RuleAction;
use ringfence_model::{Diagnostic, Text, WorkloadId};

use super::super::peers::Identities;
use super::super::pod::written;
use super::super::rank::Stage;
use super::super::{Mesh, Mode, annotation, is, mark, selected};
use super::{Linkerd, identities};
use crate::address::Span;
use crate::condition::ConditionId;
use crate::policy::{Api, PeerSpec, Policy, PortSpec, Reading, Rule, Rules, Scope, Term};
use crate::selector::SelectorId;

/// A default policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Default {
    Deny,
    Allow {
        /// Whether clients need an identity.
        authenticated: bool,
        /// Whether clients must be of the cluster.
        cluster: bool,
    },
    Unknown(ConditionId),
}

/// The networks of a cluster unless Linkerd is told otherwise (`clusterNetworks` of its chart).
const CLUSTER_NETWORKS: [([u8; 4], u32); 4] =
    [([10, 0, 0, 0], 8), ([100, 64, 0, 0], 10), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16)];

impl Default {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let allow = |authenticated, cluster| Some(Self::Allow { authenticated, cluster });
        match text {
            "all-unauthenticated" | "audit" => allow(false, false),
            "all-authenticated" => allow(true, false),
            "cluster-unauthenticated" => allow(false, true),
            "cluster-authenticated" => allow(true, true),
            "deny" => Some(Self::Deny),
            _ => None,
        }
    }

    /// Whether it lets anyone in who has no identity.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Allow { authenticated: false, .. } | Self::Unknown(_))
    }

    /// Whom it lets in, rule by rule.
    pub(super) fn peers(
        self,
        identities: &Identities<'_>,
        reading: &mut Reading<'_>,
    ) -> Vec<Option<Vec<PeerSpec>>> {
        match self {
            Self::Deny => Vec::new(),
            Self::Unknown(condition) => vec![Some(vec![PeerSpec::Unknown(condition)])],
            Self::Allow { authenticated: false, cluster: false } => vec![None],
            Self::Allow { authenticated: true, cluster: false } => vec![Some(vec![identities.any(reading)])],
            Self::Allow { authenticated, cluster: true } => {
                let mut terms = vec![Term { negated: false, any: of_cluster(identities, reading) }];
                if authenticated {
                    terms.push(Term { negated: false, any: vec![identities.any(reading)] });
                }
                vec![Some(vec![PeerSpec::Each(terms.into())])]
            }
        }
    }
}

/// Pods of the cluster, and perhaps whoever has an address like one.
fn of_cluster(identities: &Identities<'_>, reading: &mut Reading<'_>) -> Vec<PeerSpec> {
    let everyone = PeerSpec::Pods(super::super::pods(reading, identities.cluster, Vec::new()));
    let why = reading.conditions.id("the cluster networks of Linkerd are not in the input");
    let spans: Vec<Span> = CLUSTER_NETWORKS.into_iter().map(Span::v4).collect();
    vec![everyone, PeerSpec::Block(reading.blocks.id(spans), Some(why))]
}

/// A default policy and the pods that have it.
struct Preset<'a> {
    place: &'a (Option<Text>, Text),
    /// The mark, and its value.
    mark: (&'static str, Text),
    workload: WorkloadId,
}

impl Linkerd<'_> {
    pub(super) fn add_defaults(
        &self,
        reading: &mut Reading<'_>,
        mesh: &mut Mesh,
        policies: &mut Vec<Policy>,
    ) {
        let mut more = Vec::new();
        let mut modes = Vec::new();
        for (place, here) in &mesh.marks.places {
            for (value, workload) in &here.required {
                let preset =
                    Preset { place, mark: (mark::LINKERD_REQUIRED, value.clone()), workload: *workload };
                more.extend(self.required_ports(&preset, mesh, reading));
            }
            for (value, workload) in &here.defaults {
                let preset =
                    Preset { place, mark: (mark::LINKERD_DEFAULT, value.clone()), workload: *workload };
                let Some(policy) = self.default(&preset, mesh, reading) else { continue };
                if value.ends_with("-authenticated") {
                    modes.push((policy.resource, vec![(None, Mode::Strict)]));
                }
                more.push(policy);
            }
            if let Some(workload) = here.hides_default {
                // No default is called so: only pods whose default is not known may have it.
                let preset = Preset { place, mark: (mark::LINKERD_DEFAULT, Text::const_new("?")), workload };
                let why = "what Linkerd does by default with connections to the pod is not known";
                let default = Default::Unknown(reading.conditions.id(why));
                more.extend(self.policy(&preset, default, mesh, reading));
            }
        }
        policies.extend(more);
        mesh.modes.extend(modes);
    }

    fn default(&self, preset: &Preset<'_>, mesh: &Mesh, reading: &mut Reading<'_>) -> Option<Policy> {
        let resource = self.resource(preset)?;
        let Some(default) = Default::parse(&preset.mark.1) else {
            let message = format!(
                "`{}` is no default policy that Linkerd knows: it uses that of the mesh",
                ringfence_model::mask(&preset.mark.1)
            );
            let location = self.estate.resource(resource).and_then(|object| object.location());
            reading.diagnostics.push(
                Diagnostic::warning("linkerd-policy-unknown", message).at(location).help(
                    "write `deny`, `all-authenticated`, `cluster-authenticated` or another default policy",
                ),
            );
            return None;
        };
        // What lets everyone in decides nothing.
        if default == (Default::Allow { authenticated: false, cluster: false }) {
            return None;
        }
        self.policy(preset, default, mesh, reading)
    }

    fn policy(
        &self,
        preset: &Preset<'_>,
        default: Default,
        mesh: &Mesh,
        reading: &mut Reading<'_>,
    ) -> Option<Policy> {
        let (cluster, name) =
            (reading.namespaces.cluster_id(preset.place.0.as_ref()), preset.place.0.as_ref());
        let peers = default.peers(&identities(mesh, cluster, name), reading);
        self.add(preset, reading, 1, true, move |id| {
            let rule = |peers| Rule { id, action: RuleAction::Allow, peers, ports: None, when: None };
            peers.into_iter().map(rule).collect()
        })
    }

    /// Ports on which the default demands an identity.
    fn required_ports(&self, preset: &Preset<'_>, mesh: &Mesh, reading: &mut Reading<'_>) -> Option<Policy> {
        let ports = annotation::ports(&preset.mark.1)?;
        let (cluster, name) =
            (reading.namespaces.cluster_id(preset.place.0.as_ref()), preset.place.0.as_ref());
        let term = Term { negated: true, any: vec![identities(mesh, cluster, name).any(reading)] };
        let ports = ports.ranges().iter().map(|range| PortSpec::Range(*range)).collect();
        self.add(preset, reading, 1, false, |id| {
            let peers = Some(vec![PeerSpec::Each([term].into())]);
            vec![Rule { id, action: RuleAction::Deny, peers, ports: Some(ports), when: None }]
        })
    }

    fn add(
        &self,
        preset: &Preset<'_>,
        reading: &mut Reading<'_>,
        order: i32,
        isolates: bool,
        rules: impl FnOnce(crate::policy::RuleId) -> Vec<Rule>,
    ) -> Option<Policy> {
        let resource = self.resource(preset)?;
        let object = self.estate.resource(resource)?;
        let (cluster, namespace) = (preset.place.0.as_ref(), &preset.place.1);
        let namespace_id = reading.namespaces.id(cluster, namespace);
        let cluster = reading.namespaces.cluster_id(cluster);
        let requirement = is(preset.mark.0, [preset.mark.1.clone()]);
        let selector: SelectorId = reading.selectors.id(ringfence_model::selector::Selector {
            requirements: vec![requirement.clone()],
            unreadable: Vec::new(),
        });
        let rule = reading.rule(resource, "metadata.annotations", object.location());
        Some(Policy {
            resource,
            location: object.location(),
            cluster,
            namespace: Some(namespace_id),
            api: Api::Mesh,
            rank: Stage::Linkerd.rank(order),
            stage: 0,
            slot: 0,
            name: (namespace.clone(), preset.mark.1.clone()),
            subject: selected(reading, Scope::Within(namespace_id), vec![requirement]),
            selector,
            doubt: None,
            ingress: Some(Rules { doubt: None, isolates, rules: rules(rule) }),
            egress: None,
        })
    }

    /// The object that sets a default: the namespace where it says so, else a workload.
    fn resource(&self, preset: &Preset<'_>) -> Option<ringfence_model::ResourceId> {
        let says = |object: &&ringfence_model::Resource| {
            let value =
                written(&object.body, "metadata.annotations", "config.linkerd.io/default-inbound-policy");
            value.is(&preset.mark.1)
        };
        let namespaces = self.estate.of_kind("v1/Namespace").iter();
        let mut found = namespaces.filter_map(|id| Some((*id, self.estate.resource(*id)?)));
        let namespace = found.find(|(_, object)| {
            object.name == preset.place.1 && object.place.cluster == preset.place.0 && says(object)
        });
        namespace.map(|(id, _)| id).or_else(|| Some(self.estate.workload(preset.workload)?.resource))
    }
}
