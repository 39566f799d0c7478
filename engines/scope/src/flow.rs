//! Endpoints of declared flows, and the resources of the estate that they name.

use ringfence_model::declaration::{Declaration, Endpoint, EndpointTarget, Flow, Hop};
use ringfence_model::fact::ScopeClass;
use ringfence_model::{Diagnostic, Estate, Label, Reason, Relation, ResourceId, Text, Workload};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::failed;
use crate::marks::Marks;

/// Whether any flow is declared.
pub(crate) fn any(declaration: &Declaration) -> bool {
    declaration.flows.as_ref().is_some_and(|flows| !flows.is_empty())
}

/// The declared flows with what their endpoints resolve to.
#[derive(Debug)]
pub(crate) struct Flows<'a> {
    pub(crate) declaration: &'a Declaration,
    ends: FxHashMap<&'a str, End<'a>>,
}

/// An endpoint and what it names.
#[derive(Debug)]
pub(crate) struct End<'a> {
    pub(crate) endpoint: &'a Endpoint,
    /// Workloads by the resource that holds their pod spec, and all else.
    pub(crate) resources: Vec<ResourceId>,
    pub(crate) standing: Standing,
}

/// What an endpoint stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Something of the estate.
    Found,
    /// Something that should be of the estate and is not in it.
    Missing,
    /// Several things of that name in different clusters or accounts; all of them count.
    Ambiguous,
    /// People and places of the assessed entity, which need no resource.
    People,
    /// Someone else.
    Outside,
}

impl<'a> Flows<'a> {
    pub(crate) fn resolve(estate: &Estate, declaration: &'a Declaration) -> Self {
        let names = WorkloadNames::new(estate);
        let end =
            |endpoint: &'a Endpoint| (endpoint.name.value.as_str(), End::resolve(estate, &names, endpoint));
        Self { declaration, ends: declaration.endpoints.iter().map(end).collect() }
    }

    pub(crate) fn flows(&self) -> &'a [Flow] {
        self.declaration.flows.as_deref().unwrap_or_default()
    }

    /// Every hop with its flow.
    pub(crate) fn hops(&self) -> impl Iterator<Item = (&'a Flow, &'a Hop)> + use<'a> {
        self.flows().iter().flat_map(|flow| flow.hops.iter().map(move |hop| (flow, hop)))
    }

    /// The endpoint called `name`; `None` where none is declared.
    pub(crate) fn end(&self, name: &str) -> Option<&End<'a>> {
        self.ends.get(name)
    }

    /// What the endpoint called `name` is in the estate.
    pub(crate) fn resources(&self, name: &str) -> &[ResourceId] {
        self.end(name).map(|end| end.resources.as_slice()).unwrap_or_default()
    }

    /// Whether the endpoint belongs to the assessed entity; one that is not declared might.
    pub(crate) fn is_inside(&self, name: &str) -> bool {
        self.end(name).is_none_or(|end| end.standing != Standing::Outside)
    }

    /// The endpoints that flows rest on: ends of hops, backups, and what influences a payment page.
    fn used(&self) -> FxHashSet<&'a str> {
        let mut used: FxHashSet<&str> = FxHashSet::default();
        for (_, hop) in self.hops() {
            used.extend([hop.from.value.as_str(), hop.to.value.as_str()]);
        }
        let influencing = self.declaration.endpoints.iter().filter(|one| !one.influences.is_empty());
        used.extend(influencing.map(|endpoint| endpoint.name.value.as_str()));
        used
    }

    /// Whether every endpoint that flows rest on is found, so that nothing of the CDE is out of sight.
    pub(crate) fn is_complete(&self) -> bool {
        self.gap().is_none()
    }

    /// The sentence about the first endpoint that flows rest on and that is not found.
    pub(crate) fn gap(&self) -> Option<String> {
        let used = self.used();
        let missing = |name: &&&str| self.end(name).is_none_or(|end| end.standing == Standing::Missing);
        let name = used.iter().filter(missing).min()?;
        let undeclared = || format!("endpoint `{name}` is not declared");
        Some(self.end(name).map_or_else(undeclared, End::nothing))
    }

    pub(crate) fn diagnostics(&self) -> Vec<Diagnostic> {
        let used = self.used();
        let endpoints = self.declaration.endpoints.iter();
        let ends = endpoints.filter_map(|endpoint| self.end(&endpoint.name));
        ends.filter_map(|end| end.diagnostic(used.contains(end.endpoint.name.value.as_str()))).collect()
    }
}

impl<'a> End<'a> {
    pub(crate) fn resolve(estate: &Estate, names: &WorkloadNames<'_>, endpoint: &'a Endpoint) -> Self {
        let (resources, standing) = match &endpoint.target {
            EndpointTarget::Internet | EndpointTarget::CustomerBrowser | EndpointTarget::ThirdParty(_) => {
                (Vec::new(), Standing::Outside)
            }
            EndpointTarget::Person(_) | EndpointTarget::Site(_) => (Vec::new(), Standing::People),
            EndpointTarget::Workload(label) => found(estate, endpoint, workloads(estate, names, label)),
            EndpointTarget::Service(label) => {
                let (services, standing) = found(estate, endpoint, services(estate, label));
                let selected = services.iter().flat_map(|service| selected(estate, *service));
                (services.iter().copied().chain(selected).collect(), standing)
            }
            EndpointTarget::Resource(label) => {
                let ids = estate.find(label).into_iter().map(|id| workload_resource(estate, id)).collect();
                found(estate, endpoint, ids)
            }
            EndpointTarget::Role(name) => found(estate, endpoint, roles(estate, name)),
        };
        Self { endpoint, resources, standing }
    }

    /// The sentence about an endpoint that names nothing.
    pub(crate) fn nothing(&self) -> String {
        format!("endpoint `{}` names `{}`, which is not in the input", *self.endpoint.name, self.written())
    }

    pub(crate) fn written(&self) -> &'a str {
        match &self.endpoint.target {
            EndpointTarget::Workload(text)
            | EndpointTarget::Service(text)
            | EndpointTarget::Resource(text)
            | EndpointTarget::Person(text)
            | EndpointTarget::Role(text)
            | EndpointTarget::Site(text)
            | EndpointTarget::ThirdParty(text) => text,
            EndpointTarget::Internet => "internet",
            EndpointTarget::CustomerBrowser => "customer-browser",
        }
    }

    fn diagnostic(&self, used: bool) -> Option<Diagnostic> {
        let make = if used { Diagnostic::error } else { Diagnostic::warning };
        let diagnostic = match self.standing {
            Standing::Missing => make("flow-names-nothing", self.nothing())
                .help("correct the name, or add the file that defines it; until then no path to it can be ruled out"),
            Standing::Ambiguous => {
                let name = &*self.endpoint.name;
                let message = format!("endpoint `{name}` names {} resources of one name", self.resources.len());
                Diagnostic::warning("flow-ambiguous", message)
                    .help("say which with `cluster:` or `account:`; until then all of them count")
            }
            _ => return None,
        };
        Some(diagnostic.at(self.endpoint.location))
    }
}

/// Keeps what is in the endpoint's cluster and account, each once.
fn found(estate: &Estate, endpoint: &Endpoint, mut ids: Vec<ResourceId>) -> (Vec<ResourceId>, Standing) {
    let fits =
        |wanted: &Option<Text>, there: &Option<Text>| wanted.is_none() || there.is_none() || wanted == there;
    ids.retain(|id| {
        estate.resource(*id).is_some_and(|resource| {
            fits(&endpoint.cluster, &resource.place.cluster)
                && fits(&endpoint.account, &resource.place.account)
        })
    });
    ids.sort();
    ids.dedup();
    let place = |id: &ResourceId| {
        estate.resource(*id).map(|one| (&one.place.cluster, &one.place.account, &one.kind, &one.scope))
    };
    let standing = match ids.as_slice() {
        [] => Standing::Missing,
        [first, rest @ ..] if rest.iter().any(|id| place(id) != place(first)) => Standing::Ambiguous,
        _ => Standing::Found,
    };
    (ids, standing)
}

/// Workloads by namespace and name, their controller in the input or not.
#[derive(Debug)]
pub(crate) struct WorkloadNames<'e>(FxHashMap<(&'e str, &'e str), Vec<&'e Workload>>);

impl<'e> WorkloadNames<'e> {
    pub(crate) fn new(estate: &'e Estate) -> Self {
        let mut names: FxHashMap<_, Vec<&Workload>> = FxHashMap::default();
        for workload in estate.workloads() {
            names.entry((workload.namespace.as_str(), workload.name.as_str())).or_default().push(workload);
        }
        Self(names)
    }
}

/// The workloads called `ns/name` or `ns/name[Kind]`, or one of whose pods is.
fn workloads(estate: &Estate, names: &WorkloadNames<'_>, label: &str) -> Vec<ResourceId> {
    let Label { prefix: Some(namespace), name, kind, .. } = Label::parse(label) else { return Vec::new() };
    let named = names.0.get(&(namespace, name)).into_iter().flatten();
    let named = named.filter(|one| kind.is_none_or(|kind| one.kind == kind)).map(|one| one.resource);
    let pods = estate.find(label).into_iter().filter(|id| estate.workload_of(*id).is_some());
    named.chain(pods.map(|id| workload_resource(estate, id))).collect()
}

fn workload_resource(estate: &Estate, id: ResourceId) -> ResourceId {
    let workload = estate.workload_of(id).and_then(|workload| estate.workload(workload));
    workload.map_or(id, |workload| workload.resource)
}

fn services(estate: &Estate, label: &str) -> Vec<ResourceId> {
    let is_service =
        |id: &ResourceId| estate.resource(*id).is_some_and(|one| one.kind.as_str() == "v1/Service");
    estate.find(label).into_iter().filter(is_service).collect()
}

fn selected(estate: &Estate, service: ResourceId) -> impl Iterator<Item = ResourceId> {
    estate.links_from(service).iter().filter(|link| link.relation == Relation::Selects).map(|link| link.to)
}

/// IAM roles called `name`, else what binds a Kubernetes group of that name.
fn roles(estate: &Estate, name: &str) -> Vec<ResourceId> {
    let short = name.rsplit('/').next().unwrap_or(name);
    let roles = estate.find(&format!("AWS::IAM::Role/{short}"));
    if !roles.is_empty() {
        return roles;
    }
    let binds = |id: &ResourceId| {
        let Some(resource) = estate.resource(*id) else { return false };
        let subjects = resource.body.get("subjects").map(|list| list.items()).unwrap_or_default();
        subjects.iter().any(|one| one.text("kind") == Some("Group") && one.text("name") == Some(name))
            || resource
                .body
                .get("KubernetesGroups")
                .is_some_and(|list| list.items().iter().any(|group| group.as_str() == Some(name)))
    };
    let kinds = [
        "rbac.authorization.k8s.io/v1/RoleBinding",
        "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
        "AWS::EKS::AccessEntry",
    ];
    kinds.iter().flat_map(|kind| estate.of_kind(kind)).copied().filter(binds).collect()
}

/// What makes a payment page could change it, although no card number passes (6.4.3, 11.6.1).
pub(crate) fn mark_influences(marks: &mut Marks<'_>, flows: &Flows<'_>) {
    for endpoint in &flows.declaration.endpoints {
        for page in &endpoint.influences {
            let text =
                format!("makes the payment page of `{}`: a change there reaches the card number", **page);
            let reason = marks.reason(Reason::new(text, page.location));
            for id in flows.resources(&endpoint.name) {
                marks.mark(*id, ScopeClass::SecurityImpacting, failed(false, false, false, true), reason);
            }
        }
    }
}
