//! What netpol-analyzer lists of Ingresses: one `{ingress-controller}`, a pod without labels in a namespace
//! of its own, that may open what Ingresses lead to. For comparison only.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfence_model::fact::{Ports, TargetEnd};
use ringfence_model::selector::{KnownLabels, Unknown};
use ringfence_model::{Estate, Labels, Text, WorkloadId};

use super::Builder;
use super::index::Kind;
use super::ingress::backends;
use crate::policy::Direction;
use crate::row::{Address, Home, Stranger};
use crate::{Reach, Switches};

/// The workloads that Ingresses lead to, with the ports that policies open to the controller.
fn controller_reaches(reach: &Reach, estate: &Estate) -> Vec<(WorkloadId, Arc<Ports>)> {
    let mut wanted: BTreeMap<WorkloadId, Ports> = BTreeMap::new();
    let mut builder = Builder::new(estate);
    for ingress in builder.index.all(Kind::Ingress) {
        for backend in backends(ingress, &mut Vec::new()).services {
            let services =
                builder.index.named(Kind::Service, ingress, &backend.namespace, &backend.name).to_vec();
            for service in services {
                let service = builder.service(service);
                for port in service.ports_called(backend.number, backend.port_name.as_deref()) {
                    for landing in builder.index.landings(&service, port, &mut Vec::new()) {
                        let TargetEnd::Workload(id) = landing.end else { continue };
                        let ports = wanted.entry(id).or_default();
                        *ports = ports.union(&Ports::new(landing.ports));
                    }
                }
            }
        }
    }
    let open = |(id, ports): (WorkloadId, Ports)| {
        let open = reach.open_to_controller(id).intersection(&ports);
        (!open.is_empty()).then(|| (id, Arc::new(open)))
    };
    wanted.into_iter().filter_map(open).collect()
}

impl Reach {
    /// With what the controller may open, where the profile lists it.
    pub(crate) fn with_controller(mut self, estate: &Estate, switches: Switches) -> Self {
        if switches.lists_ingress_controller {
            self.controller = controller_reaches(&self, estate);
        }
        self
    }

    /// What any pod of a workload lets in from a pod without labels.
    fn open_to_controller(&self, id: WorkloadId) -> Ports {
        let classes = self.classes.of_workload.get(id.index()).map(Vec::as_slice).unwrap_or_default();
        let labels = Labels::default();
        let name = ("kubernetes.io/metadata.name".into(), Text::const_new("ingress-controller-ns"));
        let of_namespace: Labels = [name].into_iter().collect();
        let mut conditions = self.conditions.clone();
        let unknown = conditions.id("what labels pods have that are not in the input is not known");
        let mut rows = self.builder(&mut conditions);
        let mut open = Ports::default();
        for class in classes {
            let Some(cluster) = self.cluster_of(*class) else {
                continue;
            };
            let stranger = Stranger {
                cluster,
                sets: &self.sets,
                selectors: &self.selectors,
                labels: KnownLabels { labels: &labels, unknown: Unknown::Nothing },
                namespace: KnownLabels { labels: &of_namespace, unknown: Unknown::Nothing },
                unknown,
                home: Home::Anywhere,
                address: Address::None,
            };
            let key = rows.key_of(*class, Direction::Ingress);
            if let Some(found) = key.map(|key| rows.let_in(&key, Direction::Ingress, &stranger)) {
                open = open.union(&self.cells.ports(&found.sure));
            }
        }
        open
    }
}
