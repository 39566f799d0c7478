//! Gathers workloads, and marks the pods and replica sets that are instances of one. A pod that runs as
//! something else than its controller's template says is not marked: it is judged by itself.

mod likeness;

use rustc_hash::FxHashMap;

use crate::{
    Field, Instance, Labels, Node, Resource, ResourceId, Text, Workload, WorkloadId, pod_spec, pod_template,
};

/// How far owner references are followed: a hostile cycle ends.
const LONGEST_CHAIN: usize = 10;

/// All workloads, and for each resource the one that it makes or is a part of.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) workloads: Vec<Workload>,
    pub(crate) workload_of: Vec<Option<WorkloadId>>,
}

pub(crate) fn gather(resources: &mut [Resource]) -> Gathered {
    let owners = owners(resources);
    let mut gathered = Gathered { workloads: Vec::new(), workload_of: vec![None; resources.len()] };
    let mut roots: FxHashMap<Root<'_>, WorkloadId> = FxHashMap::default();
    let mut marks = Vec::new();
    for (index, resource) in resources.iter().enumerate() {
        if pod_template(&resource.kind).is_none() || is_finished(resource) {
            continue;
        }
        let id = ResourceId::at(index);
        let root = root(id, resource, resources, &owners);
        if let Root::Present(controller) = root
            && controller != id
        {
            marks.push((index, controller));
        }
        let next = WorkloadId::at(gathered.workloads.len());
        let workload = *roots.entry(root).or_insert(next);
        if workload == next {
            gathered.workloads.push(named(root, id, resources));
        }
        if let Some(slot) = gathered.workload_of.get_mut(index) {
            *slot = Some(workload);
        }
        if let (Some(whole), "v1/Pod") =
            (gathered.workloads.get_mut(workload.index()), resource.kind.as_str())
        {
            whole.instances.push(observed(id, resource));
        }
    }
    add_designed(&mut gathered.workloads, resources);
    marks.retain(|(pod, controller)| follows(resources, *pod, *controller));
    for (index, controller) in marks {
        if let Some(resource) = resources.get_mut(index) {
            resource.instance_of = Some(controller);
        }
    }
    gathered
}

/// Whether the verdicts on the controller are those on the resource below it. Replica sets run nothing
/// themselves: what is left of an earlier revision is no fault.
fn follows(resources: &[Resource], below: usize, controller: ResourceId) -> bool {
    let (Some(below), Some(controller)) = (resources.get(below), resources.get(controller.index())) else {
        return true;
    };
    below.kind.as_str() != "v1/Pod" || likeness::agree(spec(below), spec(controller))
}

fn spec(resource: &Resource) -> Field<'_> {
    pod_spec(&resource.kind, &resource.body).unwrap_or(Field::Absent)
}

/// What a workload hangs on: the topmost owner, in the input or known by name only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Root<'a> {
    Present(ResourceId),
    Absent(OwnerKey<'a>),
}

/// A controller by name; it need not be in the input.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct OwnerKey<'a> {
    cluster: Option<&'a str>,
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl<'a> OwnerKey<'a> {
    fn of(resource: &'a Resource) -> Self {
        Self {
            cluster: resource.place.cluster.as_deref(),
            namespace: resource.namespace(),
            kind: resource.kind.name(),
            name: &resource.name,
        }
    }
}

type Owners<'a> = FxHashMap<OwnerKey<'a>, ResourceId>;

fn owners(resources: &[Resource]) -> Owners<'_> {
    let mut owners = Owners::default();
    for (index, resource) in resources.iter().enumerate() {
        if pod_template(&resource.kind).is_some_and(|path| !path.is_empty()) {
            owners.entry(OwnerKey::of(resource)).or_insert(ResourceId::at(index));
        }
    }
    owners
}

/// Follows owner references upwards, as far as the input goes.
fn root<'a>(id: ResourceId, resource: &'a Resource, all: &'a [Resource], owners: &Owners<'a>) -> Root<'a> {
    let mut root = Root::Present(id);
    let mut current = resource;
    for _ in 0..LONGEST_CHAIN {
        let Some(key) = owner(current) else { break };
        let deployment = || deployment_of(&key, resource).and_then(|above| owners.get(&above));
        match owners.get(&key).or_else(deployment) {
            // A pod is named after whatever made it; anything else stands for itself.
            None if current.kind.as_str() == "v1/Pod" => return Root::Absent(key),
            None => break,
            Some(above) => root = Root::Present(*above),
        }
        let Root::Present(above) = root else { break };
        let Some(next) = all.get(above.index()) else { break };
        current = next;
    }
    root
}

fn owner(resource: &Resource) -> Option<OwnerKey<'_>> {
    let reference = resource.body.get("metadata.ownerReferences.0")?;
    let whole = OwnerKey::of(resource);
    // The API demands a kind; without one the owner is taken for a thing of the same kind.
    Some(OwnerKey {
        kind: reference.text("kind").unwrap_or(whole.kind),
        name: reference.text("name")?,
        ..whole
    })
}

/// The deployment behind a replica set that is not in the input: its name is the replica set's without
/// the hash that the pod's label repeats.
fn deployment_of<'a>(key: &OwnerKey<'a>, pod: &'a Resource) -> Option<OwnerKey<'a>> {
    let labels = pod.body.get("metadata.labels")?;
    let hash = labels.child("pod-template-hash").present().and_then(Node::as_str)?;
    let name = key.name.strip_suffix(hash)?.strip_suffix('-')?;
    (key.kind == "ReplicaSet").then_some(OwnerKey { kind: "Deployment", name, ..*key })
}

fn named(root: Root<'_>, first: ResourceId, resources: &[Resource]) -> Workload {
    let (resource, key) = match root {
        Root::Present(controller) => (controller, resources.get(controller.index()).map(OwnerKey::of)),
        Root::Absent(key) => (first, Some(key)),
    };
    let text = |pick: fn(&OwnerKey<'_>) -> Text| key.as_ref().map(pick).unwrap_or_default();
    Workload {
        resource,
        namespace: text(|key| key.namespace.into()),
        name: text(|key| key.name.into()),
        kind: text(|key| key.kind.into()),
        cluster: key.and_then(|key| key.cluster).map(Text::from),
        instances: Vec::new(),
    }
}

fn is_finished(resource: &Resource) -> bool {
    resource.kind.as_str() == "v1/Pod"
        && matches!(resource.body.text("status.phase"), Some("Succeeded" | "Failed"))
}

fn observed(id: ResourceId, pod: &Resource) -> Instance {
    let listed = pod.body.get("status.podIPs").map(Node::items).unwrap_or_default();
    let addresses = listed.iter().filter_map(|item| item.text("ip"));
    let single = pod.body.text("status.podIP").filter(|_| listed.is_empty());
    Instance {
        resource: id,
        name: Some(pod.name.clone()),
        labels: Labels::of(&pod.body),
        addresses: addresses.chain(single).filter_map(|text| text.parse().ok()).collect(),
        node: pod_spec(&pod.kind, &pod.body)
            .and_then(Field::present)
            .and_then(|spec| spec.text("nodeName"))
            .map(Text::from),
    }
}

/// A workload without observed pods has one that stands for all that its template will make.
fn add_designed(workloads: &mut [Workload], resources: &[Resource]) {
    for workload in workloads.iter_mut().filter(|workload| workload.instances.is_empty()) {
        let Some(controller) = resources.get(workload.resource.index()) else { continue };
        let template = pod_template(&controller.kind).and_then(|path| controller.body.get(path));
        workload.instances.push(Instance {
            resource: workload.resource,
            name: None,
            labels: template.map(Labels::of).unwrap_or_default(),
            addresses: Box::default(),
            node: None,
        });
    }
}
