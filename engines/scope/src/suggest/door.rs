//! Ways into the cluster that lead to declared ends: behind a load balancer or a node port a pod sees the
//! address of that, and not the client's.

use ringfence_model::fact::{Entry, Ports, Seen, Target, TargetEnd};
use ringfence_model::{Diagnostic, Estate, Resource, Text, WorkloadId};
use ringfence_reach::Reach;

/// How many ranges of addresses a message names.
const NAMED: usize = 4;

/// All ways in.
pub(super) struct Doors<'a> {
    estate: &'a Estate,
    entries: Vec<Entry>,
}

/// The ways in that lead to one workload on some ports.
#[derive(Clone, Debug, Default)]
pub(super) struct Door {
    /// What opens it.
    label: String,
    /// What the pods take for the source, where that is never the client.
    seen: Vec<Seen>,
    /// Where the load balancer has its addresses, as far as that is known.
    addresses: Vec<String>,
    /// The ports on which the pods are spoken to.
    ports: Ports,
}

impl<'a> Doors<'a> {
    pub(super) fn new(estate: &'a Estate, reach: &Reach) -> Self {
        Self { estate, entries: reach.entries(estate).0 }
    }

    /// The door before a workload, where what comes through it never bears the client's address. `ports`
    /// are those of the pods or those on which the door listens.
    pub(super) fn before(&self, cluster: Option<&Text>, id: WorkloadId, ports: &Ports) -> Option<Door> {
        let mut door: Option<Door> = None;
        for entry in self.entries.iter().filter(|entry| entry.cluster.as_ref() == cluster) {
            let leads =
                |target: &&Target| target.end == TargetEnd::Workload(id) && meets(entry, target, ports);
            for target in entry.targets.iter().filter(leads) {
                if target.seen.contains(&Seen::Client) {
                    return None;
                }
                door.get_or_insert_with(|| self.door(entry)).add(entry, target);
            }
        }
        door
    }

    fn door(&self, entry: &Entry) -> Door {
        let outermost = entry.through.first().and_then(|id| self.estate.resource(*id));
        Door { label: outermost.map(Resource::label).unwrap_or_default(), ..Door::default() }
    }
}

/// Whether the ports are those of the pods behind an entry, or those on which it listens.
fn meets(entry: &Entry, target: &Target, ports: &Ports) -> bool {
    let listens = Ports::new(entry.listeners.iter().map(|listener| listener.port).collect());
    !target.ports.intersection(ports).is_empty() || !listens.intersection(ports).is_empty()
}

impl Door {
    fn add(&mut self, entry: &Entry, target: &Target) {
        self.seen.extend(&target.seen);
        self.seen.sort_unstable();
        self.seen.dedup();
        self.addresses.extend(entry.addresses.iter().map(ToString::to_string));
        self.addresses.sort();
        self.addresses.dedup();
        self.ports = self.ports.union(&target.ports);
    }

    /// One clause: what the pods see.
    pub(super) fn why(&self) -> String {
        let seen: Vec<&str> = self.seen.iter().map(|seen| seen.as_str()).collect();
        format!("what comes through `{}` arrives with {}", self.label, seen.join(" or "))
    }

    /// What to declare in place of the client.
    pub(super) fn help(&self, to: &str) -> String {
        let named = self.addresses.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let known = if named.is_empty() { String::new() } else { format!(", somewhere in {named}") };
        format!("register its subnets{known}: `from:` them, `to: {to}`, on {}", self.ports)
    }

    /// Says that a declared block is not what the pods see.
    pub(super) fn diagnostic(&self, because: &str, to: &str) -> Diagnostic {
        Diagnostic::warning("suggest-behind-door", format!("{because}: {}", self.why())).help(self.help(to))
    }
}
