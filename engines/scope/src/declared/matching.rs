//! Whether an entry of `classes:` covers a resource. Unknown tags and labels are neither yes nor no.

use std::cell::OnceCell;

use ringfence_model::declaration::{ClassEntry, ClassMatch};
use ringfence_model::selector::Selector;
use ringfence_model::{
    Estate, Labels, Missing, Node, Relation, Resource, ResourceId, Text, Unresolved, glob,
};
use rustc_hash::FxHashMap;

/// Where AWS types keep their tags, lists of key and value or maps.
const TAGS: [&str; 6] =
    ["Tags", "FileSystemTags", "HostedZoneTags", "UserPoolTags", "BackupPlanTags", "BackupVaultTags"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    No,
    Unknown(Missing),
}

/// A resource while entries are tried on it; what several of them ask for is made once.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    id: ResourceId,
    resource: &'a Resource,
    label: OnceCell<String>,
    labels: OnceCell<Labels>,
}

impl Subject<'_> {
    /// Whether `pattern` covers one of the names by which people call the resource.
    fn is_named(&self, pattern: &str) -> bool {
        let label = self.label.get_or_init(|| self.resource.label());
        if glob(pattern, label) {
            return true;
        }
        let Resource { kind, address, .. } = self.resource;
        if kind.is_kubernetes() {
            let (path, _) = label.rsplit_once('[').unwrap_or((label, ""));
            return glob(pattern, path);
        }
        let fits = |address: &Text| glob(pattern, address) || glob(pattern, &format!("{kind}/{address}"));
        address.as_ref().is_some_and(fits)
    }
}

#[derive(Debug)]
pub(super) struct Matcher<'a> {
    estate: &'a Estate,
    /// Labels of namespaces, where an entry asks for them.
    namespaces: FxHashMap<(Option<&'a Text>, &'a str), Labels>,
    /// Accounts of clusters, for manifests.
    accounts: FxHashMap<&'a str, &'a Text>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(estate: &'a Estate, entries: &[ClassEntry]) -> Self {
        let asked = entries.iter().any(|entry| !entry.matches.namespace_labels.is_empty());
        let ids = if asked { estate.of_kind("v1/Namespace") } else { &[] };
        let namespaces = ids.iter().filter_map(|id| estate.resource(*id)).map(|one| {
            let own = Labels::of(&one.body);
            let name = (Text::const_new("kubernetes.io/metadata.name"), one.name.clone());
            let labels = own.iter().map(|(key, value)| (key.into(), value.into())).chain([name]).collect();
            ((one.place.cluster.as_ref(), one.name.as_str()), labels)
        });
        let clusters = estate.of_kind("AWS::EKS::Cluster").iter().filter_map(|id| estate.resource(*id));
        let accounts = clusters.filter_map(|one| Some((cluster_name(one), one.place.account.as_ref()?)));
        Self { estate, namespaces: namespaces.collect(), accounts: accounts.collect() }
    }

    /// The account of a resource, or of the cluster that an object belongs to.
    pub(super) fn account(&self, id: ResourceId) -> Option<&str> {
        let place = &self.estate.resource(id)?.place;
        let through_cluster = || self.accounts.get(place.cluster.as_deref()?).copied();
        place.account.as_ref().or_else(through_cluster).map(Text::as_str)
    }

    /// The cluster of an object, of a cluster itself, or of its parts.
    fn cluster(&self, id: ResourceId, resource: &'a Resource) -> Option<&'a str> {
        let own = resource.place.cluster.as_deref();
        let itself = || (resource.kind.as_str() == "AWS::EKS::Cluster").then(|| cluster_name(resource));
        let whole = || {
            let links = self.estate.links_from(id);
            let link = links.iter().find(|link| link.relation == Relation::Cluster)?;
            self.estate.resource(link.to).map(cluster_name)
        };
        own.or_else(itself).or_else(whole)
    }

    pub(super) fn subject(&self, id: ResourceId) -> Option<Subject<'a>> {
        let resource = self.estate.resource(id)?;
        Some(Subject { id, resource, label: OnceCell::new(), labels: OnceCell::new() })
    }

    /// Whether all parts of the entry cover the resource; the cheap ones are asked first.
    pub(super) fn matches(&self, subject: &Subject<'a>, entry: &ClassEntry) -> Match {
        let Subject { id, resource, .. } = *subject;
        let ClassMatch { namespaces, kinds, accounts, clusters, resources, .. } = &entry.matches;
        let listed = |list: &[Text], text: Option<&str>| {
            list.is_empty() || text.is_some_and(|text| list.iter().any(|pattern| glob(pattern, text)))
        };
        let sure = listed(namespaces, namespace(resource))
            && (kinds.is_empty() || kinds.iter().any(|kind| is_kind(resource, kind)))
            && (accounts.is_empty() || listed(accounts, self.account(id)))
            && (clusters.is_empty() || listed(clusters, self.cluster(id, resource)))
            && (resources.is_empty() || resources.iter().any(|pattern| subject.is_named(pattern)));
        if !sure {
            return Match::No;
        }
        let labels = || self.labels(subject, &entry.matches.labels);
        let namespace_labels = || self.namespace_labels(resource, &entry.matches.namespace_labels);
        let tags = || tags(resource, &entry.matches.tags);
        let mut doubt = Match::Yes;
        for part in [&labels as &dyn Fn() -> Match, &namespace_labels, &tags] {
            match part() {
                Match::Yes => {}
                Match::No => return Match::No,
                unknown => doubt = unknown,
            }
        }
        doubt
    }

    /// Labels of the object itself or, for a workload, of its pods.
    fn labels(&self, subject: &Subject<'_>, wanted: &Selector) -> Match {
        let Subject { id, resource, .. } = *subject;
        if wanted.is_empty() {
            return Match::Yes;
        }
        if !resource.kind.is_kubernetes() {
            return Match::No;
        }
        let pods = self.estate.workload_of(id).and_then(|workload| self.estate.workload(workload));
        let pods = pods.map(|workload| workload.instances.as_slice()).unwrap_or_default();
        if wanted.matches(subject.labels.get_or_init(|| Labels::of(&resource.body))) == Some(true)
            || pods.iter().any(|pod| wanted.matches(&pod.labels) == Some(true))
        {
            return Match::Yes;
        }
        let template = ringfence_model::pod_template(&resource.kind).unwrap_or_default();
        let bodies = [Some(&resource.body), resource.body.get(template)];
        let maps = bodies.into_iter().flatten().map(|body| body.field("metadata.labels"));
        let asked = |key: &str| wanted.requirements.iter().any(|one| one.key == key);
        let unknown = maps.filter_map(|field| match field {
            ringfence_model::Field::Unresolved(_, unresolved) => Some(unresolved),
            ringfence_model::Field::Present(map) => map
                .entries()
                .iter()
                .filter(|entry| asked(&entry.key))
                .find_map(|entry| entry.node.as_unresolved()),
            ringfence_model::Field::Absent => None,
        });
        unknown.into_iter().next().map_or(Match::No, doubt)
    }

    fn namespace_labels(&self, resource: &Resource, wanted: &Selector) -> Match {
        if wanted.is_empty() {
            return Match::Yes;
        }
        let labels = namespace(resource)
            .and_then(|name| self.namespaces.get(&(resource.place.cluster.as_ref(), name)));
        if labels.is_some_and(|labels| wanted.matches(labels) == Some(true)) { Match::Yes } else { Match::No }
    }
}

fn cluster_name(cluster: &Resource) -> &str {
    cluster.body.text("Name").unwrap_or(&cluster.name)
}

/// The namespace of an object; a namespace is in itself.
fn namespace(resource: &Resource) -> Option<&str> {
    if resource.kind.as_str() == "v1/Namespace" {
        return Some(&resource.name);
    }
    resource.place.namespace.as_deref()
}

fn is_kind(resource: &Resource, pattern: &str) -> bool {
    let kind = &resource.kind;
    glob(pattern, kind.as_str()) || (kind.is_kubernetes() && glob(pattern, kind.name()))
}

fn doubt(unresolved: &Unresolved) -> Match {
    let (remedy, why) = (unresolved.cause.remedy(), unresolved.cause.describe());
    Match::Unknown(Missing { remedy, why })
}

/// Whether the resource bears all the tags.
fn tags(resource: &Resource, wanted: &[(Text, Text)]) -> Match {
    if wanted.is_empty() {
        return Match::Yes;
    }
    let own = TAGS.iter().filter_map(|property| resource.body.child(property).node());
    let specified = resource.body.get("TagSpecifications").map(Node::items).unwrap_or_default();
    let lists: Vec<&Node> = own.chain(specified.iter().filter_map(|one| one.child("Tags").node())).collect();
    let mut result = Match::Yes;
    for (key, value) in wanted {
        match tag(&lists, key) {
            Some(node) if node.as_str() == Some(value) => {}
            found => {
                match found.or_else(|| lists.iter().copied().find(|list| list.as_unresolved().is_some())) {
                    Some(node) if node.as_unresolved().is_some() => {
                        result = node.as_unresolved().map_or(Match::No, doubt);
                    }
                    _ => return Match::No,
                }
            }
        }
    }
    result
}

/// The value of the tag `key`: in a list of `Key` and `Value`, or in a map.
fn tag<'n>(lists: &[&'n Node], key: &str) -> Option<&'n Node> {
    lists.iter().find_map(|list| {
        let in_map = || list.entries().iter().find(|entry| &*entry.key == key).map(|entry| &entry.node);
        let pair = list.items().iter().find(|item| item.text("Key") == Some(key));
        pair.and_then(|item| item.child("Value").node()).or_else(in_map)
    })
}
