//! Who administers, where images come from, and which agents touch the node.

use std::collections::BTreeMap;

use ringfence_model::{Estate, Location, Node, Resource, Workload, pod_spec};

use super::page::{Page, fits, scalar};
use super::{Guess, distinct, list};
use crate::form;

/// Registries that serve everyone; permitting one permits the world.
const PUBLIC: &[&str] = &[
    "docker.io",
    "index.docker.io",
    "quay.io",
    "ghcr.io",
    "gcr.io",
    "k8s.gcr.io",
    "registry.k8s.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "registry.gitlab.com",
    "docker.elastic.co",
    "nvcr.io",
    "cgr.dev",
];
/// Subjects that no list of administrators may hold.
const EVERYONE: &[&str] = &["system:anonymous", "system:unauthenticated", "system:authenticated"];

/// Writes `registries:`.
pub(super) fn registries(page: &mut Page<'_>) {
    let mut hosts: BTreeMap<&str, (usize, Option<Location>)> = BTreeMap::new();
    for (image, at) in
        containers(page.estate).filter_map(|node| Some((node.text("image")?, node.get("image")?.location())))
    {
        let host = image.split_once('/').map_or("", |(host, _)| host);
        let host = if fits(&form::REGISTRY, host) { host } else { "docker.io" };
        hosts.entry(host).or_insert((0, at)).0 += 1;
    }
    let (public, own): (Vec<_>, Vec<_>) = hosts.into_iter().partition(|(host, _)| PUBLIC.contains(host));
    let guess = |(host, (count, at)): (&str, (usize, Option<Location>))| Guess {
        text: scalar(host),
        why: format!("{} from there", images(count)),
        at,
    };
    let own: Vec<Guess> = own.into_iter().map(guess).collect();
    for (host, (count, at)) in public {
        let place = page.place(at);
        page.comment(
            0,
            &format!(
                "Not listed, since anyone may publish there: `{host}`; {} from there{place}.",
                images(count)
            ),
        );
    }
    list(page, "registries", &own, "the registries of your own");
}

fn images(count: usize) -> String {
    if count == 1 { "1 image comes".to_owned() } else { format!("{count} images come") }
}

fn containers(estate: &Estate) -> impl Iterator<Item = &Node> {
    let specs = estate.resources().iter().filter(|resource| resource.instance_of.is_none()).filter_map(spec);
    specs.flat_map(|spec| {
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        lists.into_iter().flat_map(move |list| spec.get(list).map(Node::items).unwrap_or_default())
    })
}

fn spec(resource: &Resource) -> Option<&Node> {
    pod_spec(&resource.kind, &resource.body)?.present()
}

/// Writes `administrators:`.
pub(super) fn administrators(page: &mut Page<'_>) {
    let guesses = distinct(page.estate.resources().iter().flat_map(administrators_of));
    page.comment(0, "Whoever is administrator today. Keep only those who are meant to be.");
    list(page, "administrators", &guesses, "who may administer a cluster");
}

fn administrators_of(resource: &Resource) -> Vec<Guess> {
    match resource.kind.name() {
        "ClusterRoleBinding" | "RoleBinding" => bound(resource),
        "AWS::EKS::AccessEntry" => entered(resource).into_iter().collect(),
        "ConfigMap" if resource.name == "aws-auth" => mapped(resource),
        _ => Vec::new(),
    }
}

/// Subjects bound to the ClusterRole `cluster-admin`, but for the binding that Kubernetes makes itself.
fn bound(resource: &Resource) -> Vec<Guess> {
    let body = &resource.body;
    if body.text("roleRef.name") != Some("cluster-admin")
        || body.text("roleRef.kind") != Some("ClusterRole")
        || resource.name == "cluster-admin"
    {
        return Vec::new();
    }
    let why = format!("bound to cluster-admin by `{}`", resource.label());
    let subject = |node: &Node| {
        let name = node.text("name")?;
        let (key, name) = match node.text("kind")? {
            "ServiceAccount" => (
                "service-account",
                format!("{}/{name}", node.text("namespace").unwrap_or(resource.namespace())),
            ),
            "Group" => ("group", name.to_owned()),
            _ => ("user", name.to_owned()),
        };
        let form = if key == "service-account" { &form::SERVICE } else { &form::NAME };
        (fits(form, &name) && !EVERYONE.contains(&name.as_str())).then(|| Guess {
            text: format!("{{{key}: {}}}", scalar(&name)),
            why: why.clone(),
            at: node.location(),
        })
    };
    body.get("subjects").map(Node::items).unwrap_or_default().iter().filter_map(subject).collect()
}

fn entered(resource: &Resource) -> Option<Guess> {
    let arn = resource.body.text("PrincipalArn").filter(|arn| fits(&form::ARN, arn))?;
    let policies = resource.body.get("AccessPolicies").map(Node::items).unwrap_or_default();
    let admin = |node: &&Node| {
        node.text("PolicyArn").is_some_and(|arn| arn.ends_with("/AmazonEKSClusterAdminPolicy"))
    };
    let policy = policies.iter().find(admin)?;
    Some(Guess {
        text: format!("{{arn: {}}}", scalar(arn)),
        why: "an access entry makes it cluster administrator".to_owned(),
        at: policy.location(),
    })
}

fn mapped(resource: &Resource) -> Vec<Guess> {
    let lists = ["data.mapRoles", "data.mapUsers"].into_iter().filter_map(|path| resource.body.get(path));
    let guess = |node: &Node| {
        let groups = node.get("groups").map(Node::items).unwrap_or_default();
        let arn = node.text("rolearn").or(node.text("userarn")).filter(|arn| fits(&form::ARN, arn))?;
        groups.iter().any(|group| group.as_str() == Some("system:masters")).then(|| Guess {
            text: format!("{{arn: {}}}", scalar(arn)),
            why: "aws-auth puts it into system:masters".to_owned(),
            at: node.location(),
        })
    };
    lists.flat_map(Node::items).filter_map(guess).collect()
}

/// Writes `system-agents:`.
pub(super) fn system_agents(page: &mut Page<'_>) {
    let estate = page.estate;
    let agents = estate.workloads().iter().filter(|workload| workload.kind == "DaemonSet");
    let guesses = distinct(agents.filter_map(|workload| agent(estate, workload)));
    list(page, "system-agents", &guesses, "which workloads may touch the node");
}

fn agent(estate: &Estate, workload: &Workload) -> Option<Guess> {
    let resource = estate.resource(workload.resource)?;
    let spec = spec(resource)?;
    let flag = ["hostNetwork", "hostPID", "hostIPC"]
        .into_iter()
        .find(|flag| spec.get(flag).and_then(Node::as_bool) == Some(true));
    let volumes = spec.get("volumes").map(Node::items).unwrap_or_default();
    let what =
        flag.or_else(|| volumes.iter().any(|volume| volume.get("hostPath").is_some()).then_some("hostPath"))?;
    let label = workload.label();
    fits(&form::WORKLOAD, &label).then(|| Guess {
        text: format!("{{workload: {}}}", scalar(&label)),
        why: format!("a DaemonSet with {what}; say the `reason`"),
        at: resource.location(),
    })
}
