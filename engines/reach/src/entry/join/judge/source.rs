//! One source after another: clients, load balancers, nodes, pods.

use ringfence_model::fact::{AddressRange, Landmark, Peer};
use ringfence_model::selector::{KnownLabels, Unknown};
use ringfence_model::{Labels, WorkloadId};
use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;

use super::super::judged::Judged;
use super::Judge;
use crate::Endpoints;
use crate::policy::Direction;
use crate::row::{Address, Home, Said, Stranger};

/// How many peers of a group are asked for the rules that match them.
const ASKED: usize = 8;

impl Judge<'_> {
    /// Some node, the pod's own among them.
    pub(super) fn node(&mut self, classes: &[u32]) -> Judged {
        let of = |landmark: Landmark| {
            let class = self.reach.classes.landmark(Direction::Ingress, landmark);
            class.into_iter().collect::<RoaringBitmap>()
        };
        let (own, others) = (of(Landmark::OwnNode), of(Landmark::OtherNodes));
        let own = self.one_of(&own, classes, "which node it comes in on is not known");
        let others = self.one_of(&others, classes, "which node it comes in on is not known");
        if classes.first().is_some_and(|class| self.reach.masquerade_is_judged_as_node(*class)) {
            return own.also(others);
        }
        own.either(
            others,
            "what comes in on the pod's own node carries that node's address and is let in, unless the \
             source is judged before it is rewritten",
        )
    }

    /// One of `sources`, and it is not known which.
    pub(super) fn one_of(&mut self, sources: &RoaringBitmap, classes: &[u32], why: &str) -> Judged {
        if sources.is_empty() || classes.is_empty() {
            return self.unknown(why);
        }
        let mut all: Option<Judged> = None;
        for class in classes {
            let judged = self.of_class(sources, *class, why);
            all = Some(match all {
                None => judged,
                Some(there) => there.also(judged),
            });
        }
        all.unwrap_or_else(|| self.unknown(why))
    }

    fn of_class(&mut self, sources: &RoaringBitmap, class: u32, why: &str) -> Judged {
        let reach = self.reach;
        let (all, none) = (reach.cells.all(), reach.cells.none());
        let Some(row) = reach.rows.ingress.row(class) else { return self.unknown(why) };
        let mut judged = Judged::new(all, none.clone());
        judged.ingress.policies(&row.policies);
        let mut left = sources.clone();
        let mut differ = false;
        let mut first: Option<Said<'_>> = None;
        for said in row.said() {
            let among = said.among(sources);
            if among.is_empty() {
                continue;
            }
            left -= &among;
            let group = said.group;
            differ |= first
                .is_some_and(|first| (&first.group.sure, &first.group.maybe) != (&group.sure, &group.maybe));
            first.get_or_insert(said);
            (judged.sure, judged.maybe) = (judged.sure.and(&group.sure), judged.maybe.or(&group.maybe));
            for condition in &group.conditions {
                self.reach.conditions.join(&[*condition]).into_iter().for_each(|text| judged.condition(text));
            }
            self.add_rules(&mut judged, class, &among);
        }
        if !left.is_empty() {
            judged.sure = none;
            differ |= first.is_some();
            self.add_rules(&mut judged, class, &left);
        }
        if differ {
            judged.condition(why.into());
        }
        let (sure, maybe) = (judged.sure.clone(), judged.maybe.clone());
        judged.ingress.opens(&sure, &maybe);
        judged
    }

    /// The rules of `class` that match some of `peers`.
    fn add_rules(&mut self, judged: &mut Judged, class: u32, peers: &RoaringBitmap) {
        let row = self.reach.rows.ingress.row(class);
        if row.is_none_or(|row| row.policies.is_empty()) {
            return;
        }
        for peer in peers.iter().take(ASKED) {
            judged.ingress.hits(self.pairing.hits(row, class, peer, Direction::Ingress));
        }
    }

    /// The clients by what is said of them: each is let in or not as itself.
    pub(super) fn by_client(
        &mut self,
        ranges: &[AddressRange],
        classes: &[u32],
    ) -> Vec<(Vec<AddressRange>, Judged)> {
        let from = Endpoints::ranges(ranges.iter().copied());
        let sources = self.sources(ranges);
        let mut keys: FxHashMap<u32, Vec<(u32, usize)>> = FxHashMap::default();
        for class in classes {
            let row = self.reach.rows.ingress.row(*class);
            for (index, said) in row.into_iter().flat_map(|row| row.said()).enumerate() {
                for source in &said.among(&sources) {
                    keys.entry(source).or_default().push((*class, index));
                }
            }
        }
        let mut alike: FxHashMap<Vec<(u32, usize)>, RoaringBitmap> = FxHashMap::default();
        for source in sources.iter() {
            alike.entry(keys.remove(&source).unwrap_or_default()).or_default().insert(source);
        }
        let mut alike: Vec<RoaringBitmap> = alike.into_values().collect();
        alike.sort_by_key(RoaringBitmap::min);
        let mut parts = Vec::with_capacity(alike.len());
        for sources in alike {
            let judged = self.one_of(&sources, classes, "who the client is is not known");
            let members = sources.iter().flat_map(|class| self.reach.members(class, &from));
            let ranges = members.filter_map(|member| match member {
                Peer::External(range) => Some(range),
                Peer::Workload(_) | Peer::Landmark(_) | Peer::Name(_) => None,
            });
            parts.push((ranges.collect(), judged));
        }
        parts
    }

    /// Pods of the input: what they may send, and what the target lets in from them. Where several
    /// workloads look like the controller, it is not known which one sends.
    pub(super) fn pods(&mut self, pods: &[WorkloadId], id: WorkloadId) -> Judged {
        let classes = self.reach.classes.of_workload.get(id.index()).map(Vec::as_slice).unwrap_or_default();
        let mut all: Option<Judged> = None;
        for pod in pods {
            let mut of_pod: Option<Judged> = None;
            let sources =
                self.reach.classes.of_workload.get(pod.index()).map(Vec::as_slice).unwrap_or_default();
            for source in sources {
                for class in classes {
                    let judged = self.pair(*source, *class, *pod == id);
                    of_pod = Some(match of_pod {
                        None => judged,
                        Some(there) => there.also(judged),
                    });
                }
            }
            let judged = of_pod.unwrap_or_else(|| self.unknown("which pods send it is not known"));
            all = Some(match all {
                None => judged,
                Some(there) => there.either(judged, "which workload is the controller is not known"),
            });
        }
        all.unwrap_or_else(|| self.unknown("which pods send it is not known"))
    }

    fn pair(&mut self, source: u32, class: u32, same: bool) -> Judged {
        let reach = self.reach;
        if same && source == class {
            // A pod always reaches itself.
            return Judged::new(reach.cells.all(), reach.cells.all());
        }
        let (out, into) = (reach.rows.egress.row(source), reach.rows.ingress.row(class));
        let said = out.and_then(|row| row.said_of(class)).zip(into.and_then(|row| row.said_of(source)));
        let mut judged = match said {
            None => Judged::new(reach.cells.none(), reach.cells.none()),
            Some((out, into)) => {
                Judged::new(out.group.sure.and(&into.group.sure), out.group.maybe.and(&into.group.maybe))
            }
        };
        for (_, side) in said.into_iter().flat_map(|(out, into)| [(true, out), (false, into)]) {
            for condition in &side.group.conditions {
                self.reach.conditions.join(&[*condition]).into_iter().for_each(|text| judged.condition(text));
            }
        }
        let pairing = &mut self.pairing;
        judged.egress.policies(out.map(|row| row.policies.as_slice()).unwrap_or_default());
        judged.egress.hits(pairing.hits(out, source, class, Direction::Egress));
        judged.ingress.policies(into.map(|row| row.policies.as_slice()).unwrap_or_default());
        judged.ingress.hits(pairing.hits(into, class, source, Direction::Ingress));
        if let Some((out, into)) = said {
            judged.egress.opens(&out.group.sure, &out.group.maybe);
            judged.ingress.opens(&into.group.sure, &into.group.maybe);
        }
        judged
    }

    /// Pods that are not in the input: what the target lets in from anyone.
    pub(super) fn absent(&mut self, classes: &[u32]) -> Judged {
        let nothing = Labels::default();
        let rest = KnownLabels { labels: &nothing, unknown: Unknown::Rest };
        let mut all: Option<Judged> = None;
        for class in classes {
            let Some(cluster) = self.reach.cluster_of(*class) else { continue };
            let Some(rows) = &mut self.rows else { continue };
            let stranger = Stranger {
                cluster,
                sets: &self.reach.sets,
                selectors: &self.reach.selectors,
                labels: rest.clone(),
                namespace: rest.clone(),
                unknown: rows.conditions().id("what labels pods have that are not in the input is not known"),
                home: Home::Anywhere,
                address: Address::Unknown,
            };
            let Some(key) = rows.key_of(*class, Direction::Ingress) else { continue };
            let found = rows.let_in(&key, Direction::Ingress, &stranger);
            let mut judged = Judged::new(found.sure.clone(), self.reach.cells.all());
            if found.sure != judged.maybe {
                // On the pod's own node nothing would hold it up.
                judged.condition("pods that are not in the input may be on the host network".into());
            }
            for condition in &found.conditions {
                rows.conditions().join(&[*condition]).into_iter().for_each(|text| judged.condition(text));
            }
            let row = self.reach.rows.ingress.row(*class);
            judged.ingress.policies(row.map(|row| row.policies.as_slice()).unwrap_or_default());
            judged.ingress.opens(&found.sure, &found.maybe);
            judged.ingress.hits(found.hits);
            all = Some(match all {
                None => judged,
                Some(there) => there.also(judged),
            });
        }
        all.unwrap_or_else(|| self.unknown("which pods send it is not known"))
    }
}
