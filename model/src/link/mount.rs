//! Workloads → the service account they run as, and what they mount or read into their environment.

use super::Relation;
use super::dangling::What;
use super::join::{Joins, Reference, cluster_of};
use crate::{Field, Node, ResourceId, pod_spec};

/// Where a container names a source of its environment: path, what it names.
const ENVIRONMENT: [(&str, What); 2] =
    [("valueFrom.configMapKeyRef", What::ConfigMap), ("valueFrom.secretKeyRef", What::Secret)];
/// Where it takes a whole one.
const WHOLE_ENVIRONMENT: [(&str, What); 2] = [("configMapRef", What::ConfigMap), ("secretRef", What::Secret)];
/// Volumes: path of the block, key of the name in it, what it names.
const VOLUMES: [(&str, &str, What); 4] = [
    ("configMap", "name", What::ConfigMap),
    ("secret", "secretName", What::Secret),
    ("persistentVolumeClaim", "claimName", What::Claim),
    ("csi.volumeAttributes", "secretProviderClass", What::SecretProviderClass),
];
/// The sources of a projected volume.
const PROJECTED: [(&str, &str, What); 2] =
    [("configMap", "name", What::ConfigMap), ("secret", "name", What::Secret)];

pub(super) fn link(joins: &mut Joins<'_>) {
    let resources = joins.resources;
    for workload in joins.workloads {
        let Some(resource) = resources.get(workload.resource.index()) else { continue };
        let Some(Field::Present(spec)) = pod_spec(&resource.kind, &resource.body) else { continue };
        let cluster = cluster_of(workload);
        let mut pod =
            Pod { joins: &mut *joins, from: workload.resource, cluster, namespace: &workload.namespace };
        pod.spec(spec);
    }
    for account in joins.of("", "ServiceAccount") {
        let (cluster, namespace) = (account.cluster(), account.resource.namespace());
        let mut pod = Pod { joins: &mut *joins, from: account.id, cluster, namespace };
        pod.each(&account.resource.body, "secrets", &[("", "name", What::Secret)]);
        pod.each(&account.resource.body, "imagePullSecrets", &[("", "name", What::Secret)]);
    }
}

/// Where names are read from, and what they are relative to.
struct Pod<'j, 'a> {
    joins: &'j mut Joins<'a>,
    from: ResourceId,
    cluster: Option<&'a str>,
    namespace: &'a str,
}

impl<'a> Pod<'_, 'a> {
    fn spec(&mut self, spec: &'a Node) {
        self.account(spec);
        for containers in ["initContainers", "containers", "ephemeralContainers"] {
            let Some(list) = spec.get(containers) else { continue };
            list.items().iter().for_each(|container| self.container(container));
        }
        self.each(spec, "volumes", &VOLUMES);
        for volume in spec.get("volumes").map(Node::items).unwrap_or_default() {
            self.each(volume, "projected.sources", &PROJECTED);
        }
        self.each(spec, "imagePullSecrets", &[("", "name", What::Secret)]);
    }

    /// A pod that names no account runs as `default`, which every namespace has.
    fn account(&mut self, spec: &'a Node) {
        let named = ["serviceAccountName", "serviceAccount"]
            .into_iter()
            .filter_map(|key| spec.child(key).node())
            .find(|node| node.as_str() != Some(""));
        match named {
            Some(name) => self.refer(Relation::ServiceAccount, What::ServiceAccount, name, false),
            None => {
                let identity = super::join::Identity {
                    kind: What::ServiceAccount.kind(),
                    cluster: self.cluster,
                    namespace: self.namespace,
                    name: "default",
                };
                if let Some(to) = self.joins.object(&identity) {
                    self.joins.add(self.from, Relation::ServiceAccount, to, spec.location());
                }
            }
        }
    }

    fn container(&mut self, container: &'a Node) {
        for variable in container.get("env").map(Node::items).unwrap_or_default() {
            // Most variables are literal; two map look-ups for each of them would be felt.
            if let Some(from) = variable.child("valueFrom").node() {
                for (path, what) in ENVIRONMENT {
                    let path = path.trim_start_matches("valueFrom.");
                    self.block(from.child(path), "name", what);
                }
            }
        }
        for source in container.get("envFrom").map(Node::items).unwrap_or_default() {
            for (key, what) in WHOLE_ENVIRONMENT {
                self.block(source.child(key), "name", what);
            }
        }
    }

    /// Every element of the list at `list`, by the rows of a table.
    fn each(&mut self, node: &'a Node, list: &str, rows: &[(&str, &str, What)]) {
        for item in node.get(list).map(Node::items).unwrap_or_default() {
            for (path, key, what) in rows {
                self.block(item.field(path), key, *what);
            }
        }
    }

    fn block(&mut self, block: Field<'a>, key: &str, what: What) {
        let Field::Present(block) = block else { return };
        let optional = !matches!(block.child("optional"), Field::Absent)
            && block.child("optional").present().and_then(Node::as_bool) != Some(false);
        if let Some(name) = block.child(key).node() {
            self.refer(Relation::Mounts, what, name, optional);
        }
    }

    fn refer(&mut self, relation: Relation, what: What, name: &'a Node, optional: bool) {
        let (cluster, namespace) = (self.cluster, self.namespace);
        self.joins.refer(self.from, relation, &Reference { what, cluster, namespace, name, optional });
    }
}
