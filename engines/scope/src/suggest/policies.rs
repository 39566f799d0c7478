//! Tables into policies: one for every pod, and one for each group of workloads that may the same.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use ringfence_model::fact::{Ports, SuggestedPeer, SuggestedPolicy, SuggestedRule, Suggestion};
use ringfence_model::selector::{Operator, Requirement, Selector};
use ringfence_model::{Diagnostic, Estate, Field, Text, WorkloadId, pod_spec};
use ringfence_reach::Endpoints;

use super::table::{Peer, Rules, Sides, Tables, Towns};
use super::{Home, cover, dns};

/// Name of the policy that holds for every pod.
const EVERY: &str = "default-deny";
/// How long a name may be; the API allows 253.
const LONGEST: usize = 200;
/// How many workloads a name or message names.
const NAMED: usize = 3;

/// The policies for what is in `tables`.
pub(super) fn build(
    estate: &Estate,
    home: &Home,
    mut tables: Tables,
    towns: &Towns<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Suggestion {
    tables.reduce();
    let builder = Builder { estate, home, towns, because: &tables.because };
    let mut names: BTreeSet<Text> = [Text::const_new(EVERY)].into();
    let every = builder.policy(EVERY.into(), Selector::default(), Vec::new(), &[&tables.every]);
    let mut policies = vec![every];
    for group in builder.groups(&tables.units) {
        policies.extend(builder.of_group(&group, &tables.units, &mut names, diagnostics));
    }
    policies.get_mut(1..).into_iter().for_each(|rest| rest.sort_by(|a, b| a.name.cmp(&b.name)));
    builder.say_what_is_doubtful(&tables, diagnostics);
    // Where nothing is left to allow, the policy of every pod says all there is to say.
    let idle = tables.units.values().filter(|sides| is_empty(sides)).flat_map(|sides| &sides.left_out);
    let left_out: BTreeSet<String> = idle.cloned().collect();
    Suggestion {
        left_out: left_out.into_iter().collect(),
        cluster: home.cluster.clone(),
        namespace: home.namespace.clone(),
        undeclared: builder.undeclared(&tables),
        policies,
        ..Suggestion::default()
    }
}

struct Builder<'b, 'e> {
    estate: &'e Estate,
    home: &'b Home,
    towns: &'b Towns<'e>,
    because: &'b [String],
}

impl Builder<'_, '_> {
    /// Units that may the same, as far as one selector holds exactly them.
    fn groups(&self, units: &BTreeMap<usize, Sides>) -> Vec<Vec<usize>> {
        type Said<'s> = (Vec<(&'s Peer, &'s Ports)>, Vec<(&'s Peer, &'s Ports)>);
        let mut same: BTreeMap<Said<'_>, Vec<usize>> = BTreeMap::new();
        for (unit, sides) in units.iter().filter(|(_, sides)| !is_empty(sides)) {
            let said = |rules| -> Vec<(&Peer, &Ports)> { plain(rules).collect() };
            same.entry((said(&sides.ingress), said(&sides.egress))).or_default().push(*unit);
        }
        same.into_values().flat_map(|units| self.split(&units)).collect()
    }

    /// All of `units` together where a selector holds exactly them, else as many as one does.
    fn split(&self, units: &[usize]) -> Vec<Vec<usize>> {
        let selects = |units: &[usize]| self.towns.home().is_some_and(|home| home.selector(units).is_some());
        if selects(units) {
            return vec![units.to_vec()];
        }
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for unit in units {
            let joined = groups.iter_mut().find_map(|group| {
                let together = [group.as_slice(), &[*unit]].concat();
                selects(&together).then(|| *group = together)
            });
            if joined.is_none() {
                groups.push(vec![*unit]);
            }
        }
        groups
    }

    fn of_group(
        &self,
        group: &[usize],
        units: &BTreeMap<usize, Sides>,
        names: &mut BTreeSet<Text>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<SuggestedPolicy> {
        let town = self.towns.home()?;
        let sides: Vec<&Sides> = group.iter().filter_map(|unit| units.get(unit)).collect();
        let covers: Vec<WorkloadId> = group.iter().flat_map(|unit| town.workloads(*unit)).collect();
        let Some(selector) = town.selector(group) else {
            diagnostics.extend(group.iter().map(|unit| self.unselectable(*unit)));
            return None;
        };
        Some(self.policy(self.name(&covers, names), selector, covers, &sides))
    }

    fn unselectable(&self, unit: usize) -> Diagnostic {
        let label = self.towns.home().map(|home| home.label(unit)).unwrap_or_default();
        let location = self.location(self.towns.home().and_then(|home| home.workloads(unit).next()));
        let message = format!("no label is known by which the pods of `{label}` alone can be selected");
        Diagnostic::error("suggest-no-selector", message).at(location).help(
            "give its pod template a label of its own, such as `app`; its flows are left out until then",
        )
    }

    fn location(&self, id: Option<WorkloadId>) -> Option<ringfence_model::Location> {
        let workload = self.estate.workload(id?)?;
        self.estate.resource(workload.resource)?.location()
    }

    fn policy(
        &self,
        name: Text,
        selector: Selector,
        covers: Vec<WorkloadId>,
        sides: &[&Sides],
    ) -> SuggestedPolicy {
        let left_out: BTreeSet<&String> = sides.iter().flat_map(|sides| &sides.left_out).collect();
        SuggestedPolicy {
            name,
            selector,
            covers,
            ingress: self.rules(sides.iter().map(|sides| &sides.ingress)),
            egress: self.rules(sides.iter().map(|sides| &sides.egress)),
            left_out: left_out.into_iter().cloned().collect(),
        }
    }

    /// The rules of subjects that may the same; their reasons add up.
    fn rules<'r>(&self, all: impl Iterator<Item = &'r Rules> + Clone) -> Vec<SuggestedRule> {
        let Some(first) = all.clone().next() else { return Vec::new() };
        let (peers, ports): (Vec<&Peer>, Vec<&Ports>) = plain(first).unzip();
        let rule = |(indices, ports): (Vec<usize>, Ports)| {
            let peers: Vec<&Peer> = indices.iter().filter_map(|index| peers.get(*index).copied()).collect();
            let allowed = all.clone().flat_map(|rules| peers.iter().filter_map(|peer| rules.get(*peer)));
            let because: BTreeSet<usize> =
                allowed.flat_map(|allowed| allowed.because.iter().copied()).collect();
            let mut because: Vec<String> =
                because.into_iter().filter_map(|index| self.because.get(index).cloned()).collect();
            because.dedup();
            SuggestedRule { peers: self.peers(&peers), ports, because }
        };
        cover::rules(&ports).into_iter().map(rule).collect()
    }

    /// Peers of one rule: units of a namespace together where one selector holds exactly them.
    fn peers(&self, peers: &[&Peer]) -> Vec<SuggestedPeer> {
        let mut units: BTreeMap<&Text, Vec<usize>> = BTreeMap::new();
        let mut found = Vec::new();
        let mut blocks = Vec::new();
        for peer in peers {
            match peer {
                Peer::Namespace(name) => found.push(self.pods(name, None)),
                Peer::Unit(namespace, unit) => units.entry(namespace).or_default().push(*unit),
                Peer::Dns => {
                    let selector = Selector::exact([dns::LABEL]);
                    found.push(self.pods(&dns::namespace(), Some(selector)));
                }
                Peer::Block(net) => blocks.push(*net),
                Peer::Internet => found.extend(self.internet()),
            }
        }
        for (namespace, units) in units {
            found.extend(
                self.selected(namespace, &units).into_iter().map(|one| self.pods(namespace, Some(one))),
            );
        }
        let block = |net: IpNet| SuggestedPeer::Block { cidr: net.to_string().into(), except: Vec::new() };
        found.extend(IpNet::aggregate(&blocks).into_iter().map(block));
        found
    }

    fn selected(&self, namespace: &Text, units: &[usize]) -> Vec<Selector> {
        let Some(town) = self.towns.get(namespace) else { return Vec::new() };
        let simple = |one: &Selector| {
            matches!(one.requirements.as_slice(), [Requirement { operator: Operator::In(_), .. }])
        };
        match town.selector(units).filter(|one| units.len() == 1 || simple(one)) {
            Some(together) => vec![together],
            None => units.iter().filter_map(|unit| town.selector(&[*unit])).collect(),
        }
    }

    fn pods(&self, namespace: &Text, selector: Option<Selector>) -> SuggestedPeer {
        let own = self.towns.is_home(namespace);
        SuggestedPeer::Pods { namespace: (!own).then(|| namespace.clone()), selector }
    }

    /// The internet: all addresses but those that are not routed there; IPv6 where the cluster has it.
    fn internet(&self) -> Vec<SuggestedPeer> {
        let except = Endpoints::not_internet().into_iter().map(|net| net.to_string().into()).collect();
        let v4 = SuggestedPeer::Block { cidr: "0.0.0.0/0".into(), except };
        let v6 = SuggestedPeer::Block { cidr: "2000::/3".into(), except: Vec::new() };
        if self.has_v6() { vec![v4, v6] } else { vec![v4] }
    }

    fn has_v6(&self) -> bool {
        let pods = self.estate.workloads().iter().flat_map(|one| &one.instances);
        let clusters =
            self.estate.of_kind("AWS::EKS::Cluster").iter().filter_map(|id| self.estate.resource(*id));
        let family = |text| text == Some("ipv6");
        pods.flat_map(|pod| &pod.addresses).any(|address| address.is_ipv6())
            || clusters.map(|one| one.body.text("KubernetesNetworkConfig.IpFamily")).any(family)
    }

    /// A name for the policy of these workloads that no other has.
    fn name(&self, covers: &[WorkloadId], names: &mut BTreeSet<Text>) -> Text {
        let mut own: Vec<&str> =
            covers.iter().filter_map(|id| self.estate.workload(*id)).map(|one| one.name.as_str()).collect();
        own.dedup();
        let text = match own.as_slice() {
            [first, .., last] if own.len() > NAMED => format!("{first}-to-{last}"),
            some => some.join("-and-"),
        };
        let base: String =
            text.chars().filter(|one| one.is_ascii_alphanumeric() || "-.".contains(*one)).collect();
        let base: String = base.to_ascii_lowercase().chars().take(LONGEST).collect();
        let base = base.trim_matches(['-', '.']).to_owned();
        let base = if base.is_empty() { "pods".to_owned() } else { base };
        let numbered = (2..).map(|number| Text::from(format!("{base}-{number}")));
        let free = [Text::from(base.as_str())].into_iter().chain(numbered).find(|name| !names.contains(name));
        let name = free.unwrap_or_default();
        names.insert(name.clone());
        name
    }

    /// Workloads of the namespace for which nothing is declared and nothing is left out.
    fn undeclared(&self, tables: &Tables) -> Vec<WorkloadId> {
        let Some(town) = self.towns.home() else { return Vec::new() };
        let idle = (0..town.len()).filter(|unit| !tables.units.contains_key(unit));
        idle.flat_map(|unit| town.workloads(unit)).collect()
    }

    /// Units of several workloads, pods on the host network, and labels that are not known.
    fn say_what_is_doubtful(&self, tables: &Tables, diagnostics: &mut Vec<Diagnostic>) {
        let mut spoken: BTreeSet<(Text, usize)> =
            tables.units.keys().map(|unit| (self.home.namespace.clone(), *unit)).collect();
        for rules in
            tables.units.values().chain([&tables.every]).flat_map(|sides| [&sides.ingress, &sides.egress])
        {
            spoken.extend(rules.keys().filter_map(|peer| match peer {
                Peer::Unit(namespace, unit) => Some((namespace.clone(), *unit)),
                _ => None,
            }));
        }
        for (namespace, unit) in &spoken {
            let Some(town) = self.towns.get(namespace) else { continue };
            diagnostics.extend(self.not_apart(town.workloads(*unit).collect()));
            diagnostics.extend(town.workloads(*unit).filter_map(|id| self.on_host(id)));
        }
        let namespaces: BTreeSet<&Text> = spoken.iter().map(|(namespace, _)| namespace).collect();
        for town in namespaces.into_iter().filter_map(|namespace| self.towns.get(namespace)) {
            diagnostics.extend(town.unknown().filter_map(|id| self.unknown_labels(id)));
        }
    }

    /// Two workloads of different names that no label tells apart.
    fn not_apart(&self, ids: Vec<WorkloadId>) -> Option<Diagnostic> {
        let workloads: Vec<_> = ids.iter().filter_map(|id| self.estate.workload(*id)).collect();
        let first = workloads.first()?;
        if workloads.iter().all(|one| one.name == first.name && one.kind == first.kind) {
            return None;
        }
        let labels: Vec<String> =
            workloads.iter().take(NAMED).map(|one| format!("`{}`", one.label())).collect();
        let more = workloads.len().saturating_sub(NAMED);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let message =
            format!("no label tells {}{rest} apart, so each may what any of them may", labels.join(", "));
        Some(
            Diagnostic::warning("suggest-not-apart", message)
                .at(self.location(ids.first().copied()))
                .related(self.location(ids.get(1).copied()), "has the same labels")
                .help("give each pod template a label of its own, such as `app`"),
        )
    }

    fn on_host(&self, id: WorkloadId) -> Option<Diagnostic> {
        let workload = self.estate.workload(id)?;
        let on_host = |id| {
            let resource = self.estate.resource(id)?;
            let spec = pod_spec(&resource.kind, &resource.body)?;
            Some(
                !matches!(spec.present()?.field("hostNetwork"), Field::Absent)
                    && spec.present()?.get("hostNetwork").and_then(|node| node.as_bool()) != Some(false),
            )
        };
        workload.instances.iter().any(|pod| on_host(pod.resource) == Some(true)).then(|| {
            let message = format!(
                "`{}` is or may be on the host network, where no NetworkPolicy reliably holds",
                workload.label()
            );
            Diagnostic::warning("suggest-host-network", message)
                .at(self.location(Some(id)))
                .help("take it off the host network; as a peer, declare the addresses of its nodes")
        })
    }

    fn unknown_labels(&self, id: WorkloadId) -> Option<Diagnostic> {
        let workload = self.estate.workload(id)?;
        let message = format!(
            "the labels of `{}` are not all known, so a suggested selector may hold it",
            workload.label()
        );
        let diagnostic = Diagnostic::warning("suggest-labels-unknown", message).at(self.location(Some(id)));
        Some(diagnostic.help("give the values of its labels"))
    }
}

fn is_empty(sides: &Sides) -> bool {
    sides.ingress.is_empty() && sides.egress.is_empty()
}

fn plain(rules: &Rules) -> impl Iterator<Item = (&Peer, &Ports)> {
    rules.iter().map(|(peer, allowed)| (peer, &allowed.ports))
}
