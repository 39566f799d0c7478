//! Ends of declared connections: whose pods, which namespace, which addresses.

use ipnet::IpNet;
use ringfence_model::declaration::{Declaration, Endpoint, EndpointTarget, Located};
use ringfence_model::fact::ScopeClass;
use ringfence_model::{Estate, Label, Missing, Relation, ResourceId, Text, WorkloadId};

use super::Home;
use crate::declared::Declared;
use crate::flow::{End, Flows, Standing, WorkloadNames};

/// What one end of a declared connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parties {
    /// Pods of workloads.
    Pods(Vec<WorkloadId>),
    /// Pods behind a Service; its ports become theirs.
    Service(ResourceId, Vec<WorkloadId>),
    /// Every pod of a namespace.
    Namespace(Text),
    /// Addresses.
    Blocks(Vec<IpNet>),
    /// Every address that is routed on the internet.
    Internet,
}

/// Why an end cannot be written as the peer of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// One clause.
    pub(super) why: String,
    /// What to do.
    pub(super) help: String,
    /// The namespace that it would be in, where it names one.
    pub(super) namespace: Option<Text>,
    /// Whether it is someone outside whose addresses are not declared.
    pub(super) is_outside: bool,
}

impl Gap {
    pub(super) fn new(why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { why: why.into(), help: help.into(), namespace: None, is_outside: false }
    }
}

/// Resolves ends for one namespace.
pub(super) struct Resolver<'a> {
    estate: &'a Estate,
    home: &'a Home,
    flows: Flows<'a>,
    names: WorkloadNames<'a>,
    declared: Option<Declared<'a>>,
}

type Resolved = Result<Parties, Gap>;

impl<'a> Resolver<'a> {
    pub(super) fn new(estate: &'a Estate, declaration: &'a Declaration, home: &'a Home) -> Self {
        let register = declaration.register.iter().flatten();
        let classes = register.flat_map(|entry| [&entry.from, &entry.to]).any(|word| class(word).is_some());
        Self {
            estate,
            home,
            flows: Flows::resolve(estate, declaration),
            names: WorkloadNames::new(estate),
            declared: classes.then(|| Declared::new(estate, declaration).0),
        }
    }

    /// The endpoint that a hop names.
    pub(super) fn endpoint(&self, name: &str) -> Resolved {
        match self.flows.end(name) {
            Some(end) => self.end(end),
            None => {
                Err(Gap::new(format!("endpoint `{name}` is not declared"), "declare it under `endpoints:`"))
            }
        }
    }

    /// An end in the words of the register.
    pub(super) fn word(&self, word: &Located<Text>) -> Resolved {
        let text = word.as_str();
        if let Ok(net) = text.parse::<IpNet>() {
            return Ok(Parties::Blocks(vec![net.trunc()]));
        }
        if text == "internet" {
            return Ok(Parties::Internet);
        }
        if let Some(class) = class(word) {
            return self.class(class);
        }
        if self.flows.end(text).is_some() {
            return self.endpoint(text);
        }
        match text.split_once('/') {
            Some((namespace, "*")) => Ok(Parties::Namespace(namespace.into())),
            Some(_) => self.object(word),
            None => Err(nothing(text)),
        }
    }

    /// Workloads whose class cannot be told, where the register names that class.
    pub(super) fn doubts(&self, word: &Located<Text>) -> Vec<(WorkloadId, Missing)> {
        let (Some(class), Some(declared)) = (class(word), &self.declared) else { return Vec::new() };
        let of = self.workloads().filter_map(|id| {
            let workload = self.estate.workload(id)?;
            Some((id, declared.may_be(workload.resource, class)?.clone()))
        });
        of.collect()
    }

    fn workloads(&self) -> impl Iterator<Item = WorkloadId> {
        let here = self.estate.iter_workloads().filter(|(_, one)| one.cluster == self.home.cluster);
        here.map(|(id, _)| id)
    }

    fn class(&self, class: ScopeClass) -> Resolved {
        let of_class = |id: &WorkloadId| {
            let workload = self.estate.workload(*id);
            workload
                .zip(self.declared.as_ref())
                .is_some_and(|(one, all)| all.class(one.resource) == Some(class))
        };
        let found: Vec<WorkloadId> = self.workloads().filter(of_class).collect();
        if found.is_empty() {
            let why = format!("no workload of the cluster is declared `{}`", class.as_str());
            return Err(Gap::new(why, "declare it under `classes:`, or name the workloads"));
        }
        Ok(Parties::Pods(found))
    }

    /// `ns/name` or `ns/name[Kind]`: a workload, else a Service.
    fn object(&self, word: &Located<Text>) -> Resolved {
        let text = word.value.clone();
        let endpoint = |target| Endpoint {
            name: word.clone(),
            target,
            location: word.location,
            title: None,
            cluster: self.home.cluster.clone(),
            account: None,
            addresses: Vec::new(),
            influences: Vec::new(),
            storage: None,
        };
        let workload = endpoint(EndpointTarget::Workload(text.clone()));
        let service = endpoint(EndpointTarget::Service(text.clone()));
        let found = [workload, service].iter().find_map(|one| {
            let end = End::resolve(self.estate, &self.names, one);
            (end.standing != Standing::Missing).then(|| self.end(&end))
        });
        found.unwrap_or_else(|| {
            let namespace = Label::parse(&text).prefix.map(Text::from);
            Err(Gap { namespace, ..nothing(&text) })
        })
    }

    fn end(&self, end: &End<'_>) -> Resolved {
        match &end.endpoint.target {
            EndpointTarget::Internet | EndpointTarget::CustomerBrowser
                if end.endpoint.addresses.is_empty() =>
            {
                Ok(Parties::Internet)
            }
            _ if end.standing == Standing::Missing => {
                let text = end.written();
                let namespace = Label::parse(text).prefix.filter(|one| !one.contains("::")).map(Text::from);
                let help = "correct the name, or add the file that defines it";
                self.addresses(end).ok_or_else(|| Gap { namespace, ..Gap::new(end.nothing(), help) })
            }
            _ => self.found(end),
        }
    }

    fn found(&self, end: &End<'_>) -> Resolved {
        let is_service = |id: &&ResourceId| {
            self.estate.resource(**id).is_some_and(|one| one.kind.as_str() == "v1/Service")
        };
        let here = |id: &&ResourceId| {
            self.estate.resource(**id).is_some_and(|one| one.place.cluster == self.home.cluster)
        };
        if let Some(service) = end.resources.iter().filter(here).find(is_service) {
            return self.service(*service, end);
        }
        let mut pods: Vec<WorkloadId> =
            end.resources.iter().filter_map(|id| self.estate.workload_of(*id)).collect();
        let all = pods.len();
        pods.retain(|id| self.estate.workload(*id).is_some_and(|one| one.cluster == self.home.cluster));
        pods.sort();
        pods.dedup();
        if !pods.is_empty() {
            return Ok(Parties::Pods(pods));
        }
        self.addresses(end).ok_or_else(|| {
            let name = end.endpoint.name.as_str();
            if all > 0 {
                let why = format!("endpoint `{name}` runs in another cluster, whose pods no selector finds");
                return Gap::new(why, "write the addresses by which it is reached under `addresses:`");
            }
            let gap = Gap::new(self.unaddressed(end), "write its address blocks under `addresses:`");
            Gap { is_outside: true, ..gap }
        })
    }

    /// Why something outside the cluster cannot be written as a peer.
    fn unaddressed(&self, end: &End<'_>) -> String {
        let name = end.endpoint.name.as_str();
        let subnets = super::subnets::of(self.estate, &end.resources);
        if !subnets.is_empty() {
            return format!("endpoint `{name}` has no `addresses:` (its subnets are {})", subnets.join(", "));
        }
        let what = match &end.endpoint.target {
            EndpointTarget::ThirdParty(_) => "is a third party",
            EndpointTarget::Person(_) => "is a person",
            EndpointTarget::Role(_) => "is a role",
            EndpointTarget::Site(_) => "is a site",
            _ => "runs no pods",
        };
        format!("endpoint `{name}` {what} without `addresses:`")
    }

    fn service(&self, service: ResourceId, end: &End<'_>) -> Resolved {
        let resource = self.estate.resource(service);
        let label = resource.map(|one| one.label()).unwrap_or_default();
        let links = self.estate.links_from(service).iter().filter(|link| link.relation == Relation::Selects);
        let mut pods: Vec<WorkloadId> = links.filter_map(|link| self.estate.workload_of(link.to)).collect();
        pods.sort();
        pods.dedup();
        if !pods.is_empty() {
            return Ok(Parties::Service(service, pods));
        }
        let external = resource.filter(|one| one.body.text("spec.type") == Some("ExternalName"));
        self.addresses(end).ok_or_else(|| match external.and_then(|one| one.body.text("spec.externalName")) {
            Some(host) => dns_name(&format!("`{label}` stands for the DNS name `{host}`")),
            None => {
                let why = format!("`{label}` selects no pod of the input");
                let namespace = resource.map(|one| Text::from(one.namespace()));
                Gap { namespace, ..Gap::new(why, "add the manifests of its pods, or write `addresses:`") }
            }
        })
    }

    fn addresses(&self, end: &End<'_>) -> Option<Parties> {
        let blocks = end.endpoint.addresses.iter().filter_map(|text| text.parse::<IpNet>().ok());
        let blocks: Vec<IpNet> = blocks.map(|net| net.trunc()).collect();
        (!blocks.is_empty()).then_some(Parties::Blocks(blocks))
    }
}

fn class(word: &Located<Text>) -> Option<ScopeClass> {
    ScopeClass::parse(word)
}

fn dns_name(what: &str) -> Gap {
    let why = format!("{what}, which a NetworkPolicy cannot express");
    Gap::new(why, "declare an endpoint with `addresses:`, or lead it through a proxy whose pods are declared")
}

fn nothing(text: &str) -> Gap {
    let last = text.rsplit('.').next().unwrap_or_default();
    let is_host =
        text.contains('.') && !text.contains('/') && last.chars().all(|one| one.is_ascii_alphabetic());
    if is_host {
        return dns_name(&format!("`{text}` is a DNS name"));
    }
    Gap::new(
        format!("`{text}` is nothing that is in the input or declared"),
        "write `NAMESPACE/NAME[KIND]`, `NAMESPACE/*`, an address block, `internet`, a class or an endpoint",
    )
}
