//! Whether an entry of `classes:` covers a resource. What is not known is neither yes nor no.

use std::cell::OnceCell;

use ringfence_model::declaration::{ClassEntry, ClassMatch};
use ringfence_model::selector::{KnownLabels, Selector, Unknown, all, any};
use ringfence_model::{
    Estate, Field, Label, Labels, Missing, Node, Origin, Relation, Resource, ResourceId, Text, Unresolved,
    cluster_name, glob, pod_template,
};
use rustc_hash::{FxHashMap, FxHashSet};

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
    bearers: OnceCell<Vec<Bearer<'a>>>,
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
            return glob(pattern, Label::parse(label).path);
        }
        let fits = |address: &Text| glob(pattern, address) || glob(pattern, &format!("{kind}/{address}"));
        address.as_ref().is_some_and(fits)
    }
}

/// An object that bears labels: the resource itself, its pod template, one of its pods, a namespace.
#[derive(Debug)]
struct Bearer<'a> {
    /// What has `metadata.labels`.
    object: Field<'a>,
    labels: Labels,
    unknown: Unknown,
}

impl<'a> Bearer<'a> {
    fn of(object: Field<'a>) -> Self {
        let labels = object.present().map(Labels::of).unwrap_or_default();
        Self { object, labels, unknown: Unknown::of(object) }
    }

    /// A namespace bears its name too; one that is only derived may bear anything besides.
    fn namespace(resource: &'a Resource) -> Self {
        let own = Self::of(Field::Present(&resource.body));
        let name = (Text::const_new(NAME_LABEL), resource.name.clone());
        let others = own.labels.iter().filter(|(key, _)| *key != NAME_LABEL);
        let labels = others.map(|(key, value)| (key.into(), value.into())).chain([name]).collect();
        match resource.origin {
            Origin::Derived(_) => Self { object: Field::Absent, labels, unknown: Unknown::Rest },
            _ => Self { labels, ..own },
        }
    }

    fn known(&self) -> KnownLabels<'_> {
        KnownLabels { labels: &self.labels, unknown: self.unknown.clone() }
    }

    /// Why it cannot be told whether `wanted` selects it.
    fn doubt(&self, wanted: &Selector) -> Option<Match> {
        let asked = |key: &str| wanted.requirements.iter().any(|one| one.key == key);
        let labels = match self.object {
            Field::Present(object) => object.field("metadata.labels"),
            other => other,
        };
        if let Field::Unresolved(_, unresolved) = labels {
            return Some(doubt(unresolved));
        }
        let entries = labels.node().map(Node::entries).unwrap_or_default();
        let entry = entries.iter().find(|entry| asked(&entry.key) && entry.node.as_str().is_none())?;
        let no_text = || {
            let why = format!("the value of label `{}` is not a text", entry.key);
            Match::Unknown(Missing { remedy: "labels that are texts".to_owned(), why })
        };
        Some(entry.node.as_unresolved().map_or_else(no_text, doubt))
    }
}

/// The label by which every namespace says its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

#[derive(Debug)]
pub(super) struct Matcher<'a> {
    estate: &'a Estate,
    /// Namespaces, where an entry asks for their labels; one may be defined twice.
    namespaces: FxHashMap<(Option<&'a Text>, &'a str), Vec<Bearer<'a>>>,
    /// Accounts of clusters, for manifests; `None` where it is not known, or two clusters have one name.
    accounts: FxHashMap<&'a str, Option<&'a Text>>,
    /// Clusters whose name is not known, by logical id.
    unnamed: FxHashSet<&'a str>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(estate: &'a Estate, entries: &[ClassEntry]) -> Self {
        let mut matcher = Self {
            estate,
            namespaces: FxHashMap::default(),
            accounts: FxHashMap::default(),
            unnamed: FxHashSet::default(),
        };
        let asked = entries.iter().any(|entry| !entry.matches.namespace_labels.is_empty());
        let ids = if asked { estate.of_kind("v1/Namespace") } else { &[] };
        for one in ids.iter().filter_map(|id| estate.resource(*id)) {
            let key = (one.place.cluster.as_ref(), one.name.as_str());
            matcher.namespaces.entry(key).or_default().push(Bearer::namespace(one));
        }
        let clusters = estate.of_kind("AWS::EKS::Cluster").iter().filter_map(|id| estate.resource(*id));
        for cluster in clusters {
            let account = cluster.place.account.as_ref();
            let there = matcher.accounts.entry(cluster_name(cluster)).or_insert(account);
            *there = there.filter(|there| Some(*there) == account);
            if matches!(cluster.body.child("Name"), Field::Unresolved(..)) {
                matcher.unnamed.insert(cluster_name(cluster));
            }
        }
        matcher
    }

    /// The account of a resource, or of the cluster that an object belongs to.
    pub(super) fn account(&self, id: ResourceId) -> Option<&str> {
        let place = &self.estate.resource(id)?.place;
        let through_cluster = || self.accounts.get(place.cluster.as_deref()?).copied().flatten();
        place.account.as_ref().or_else(through_cluster).map(Text::as_str)
    }

    fn accounts(&self, id: ResourceId, resource: &Resource, wanted: &[Text]) -> Match {
        let missing = || match (resource.kind.is_kubernetes(), &resource.place.cluster) {
            (true, None) => no_cluster(),
            _ => Missing { remedy: "--account".to_owned(), why: "its account is not known".to_owned() },
        };
        if wanted.is_empty() { Match::Yes } else { listed(wanted, self.account(id).ok_or_else(missing)) }
    }

    /// Whether it is in one of the clusters; most AWS resources are in none.
    fn clusters(&self, id: ResourceId, resource: &'a Resource, wanted: &[Text]) -> Match {
        if wanted.is_empty() {
            return Match::Yes;
        }
        let Some(name) = self.cluster(id, resource) else { return Match::No };
        let unnamed = name.as_ref().is_ok_and(|name| self.unnamed.contains(name));
        match listed(wanted, name) {
            Match::No if unnamed => {
                let why = "the name of its cluster is not known".to_owned();
                Match::Unknown(Missing { remedy: "the name of the cluster".to_owned(), why })
            }
            answer => answer,
        }
    }

    /// The cluster of an object, of a cluster itself, or of its parts; `None` for what belongs to none.
    fn cluster(&self, id: ResourceId, resource: &'a Resource) -> Option<Result<&'a str, Missing>> {
        if resource.kind.is_kubernetes() {
            return Some(resource.place.cluster.as_deref().ok_or_else(no_cluster));
        }
        if resource.kind.as_str() == "AWS::EKS::Cluster" {
            return Some(Ok(cluster_name(resource)));
        }
        let links = self.estate.links_from(id);
        let whole = links.iter().find(|link| link.relation == Relation::Cluster);
        if let Some(whole) = whole.and_then(|link| self.estate.resource(link.to)) {
            return Some(Ok(cluster_name(whole)));
        }
        let name = resource.body.child("ClusterName").node();
        match name.filter(|_| resource.kind.as_str().starts_with("AWS::EKS::"))?.as_field() {
            Field::Unresolved(_, unresolved) => Some(Err(missing(unresolved))),
            field => field.node()?.as_str().map(Ok),
        }
    }

    pub(super) fn subject(&self, id: ResourceId) -> Option<Subject<'a>> {
        let resource = self.estate.resource(id)?;
        Some(Subject { id, resource, label: OnceCell::new(), bearers: OnceCell::new() })
    }

    /// Whether all parts of the entry cover the resource; the cheap ones are asked first.
    pub(super) fn matches(&self, subject: &Subject<'a>, entry: &ClassEntry) -> Match {
        let Subject { id, resource, .. } = *subject;
        let ClassMatch { namespaces, kinds, accounts, clusters, resources, .. } = &entry.matches;
        let within = |name: &str| namespaces.iter().any(|pattern| glob(pattern, name));
        let sure = (namespaces.is_empty() || namespace(resource).is_some_and(within))
            && (kinds.is_empty() || kinds.iter().any(|kind| is_kind(resource, kind)))
            && (resources.is_empty() || resources.iter().any(|pattern| subject.is_named(pattern)));
        if !sure {
            return Match::No;
        }
        let accounts = || self.accounts(id, resource, accounts);
        let clusters = || self.clusters(id, resource, clusters);
        let labels = || self.labels(subject, &entry.matches.labels);
        let namespace_labels = || self.namespace_labels(resource, &entry.matches.namespace_labels);
        let tags = || tags(resource, &entry.matches.tags);
        let mut doubt = Match::Yes;
        for part in [&accounts as &dyn Fn() -> Match, &clusters, &labels, &namespace_labels, &tags] {
            match part() {
                Match::Yes => {}
                Match::No => return Match::No,
                unknown => doubt = unknown,
            }
        }
        doubt
    }

    /// Labels of the object itself or, for a workload, of its pods. What must be there, one of them must
    /// have; what must not, none may have.
    fn labels(&self, subject: &Subject<'a>, wanted: &Selector) -> Match {
        if wanted.is_empty() {
            return Match::Yes;
        }
        if !subject.resource.kind.is_kubernetes() {
            return Match::No;
        }
        let bearers = subject.bearers.get_or_init(|| self.bearers(subject));
        let part = |negative: bool| {
            wanted.requirements.iter().filter(move |one| one.operator.is_negative() == negative)
        };
        let lacks = all(bearers.iter().map(|one| one.known().meets(part(true))));
        let has = || any(bearers.iter().map(|one| one.known().meets(part(false))));
        let answer = if lacks == Some(false) { lacks } else { all([lacks, has()]) };
        judged(answer, wanted, bearers)
    }

    /// A pod stands for itself; what makes pods, for its template and for those that run.
    fn bearers(&self, subject: &Subject<'a>) -> Vec<Bearer<'a>> {
        let Subject { id, resource, .. } = *subject;
        let mut bearers = vec![Bearer::of(Field::Present(&resource.body))];
        if let Some(path) = pod_template(&resource.kind).filter(|path| !path.is_empty()) {
            bearers.push(Bearer::of(resource.body.field(path)));
        }
        let workload = self.estate.workload_of(id).and_then(|workload| self.estate.workload(workload));
        let pods = workload.filter(|workload| workload.resource == id).into_iter();
        for pod in pods.flat_map(|workload| &workload.instances).filter(|pod| pod.resource != id) {
            let Some(resource) = self.estate.resource(pod.resource) else { continue };
            let KnownLabels { labels, unknown } = pod.known_labels(resource);
            let object = Field::Present(&resource.body);
            bearers.push(Bearer { object, labels: labels.clone(), unknown });
        }
        bearers
    }

    fn namespace_labels(&self, resource: &Resource, wanted: &Selector) -> Match {
        if wanted.is_empty() {
            return Match::Yes;
        }
        let Some(name) = namespace(resource) else { return Match::No };
        let found = self.namespaces.get(&(resource.place.cluster.as_ref(), name));
        let found = found.map(Vec::as_slice).unwrap_or_default();
        // Each of several definitions may be the one in force.
        let answer = all(found.iter().map(|one| one.known().judge(wanted)));
        let none = all(found.iter().map(|one| one.known().judge(wanted).map(|yes| !yes)));
        let why = || format!("the labels of namespace `{name}` are not in the input");
        match (answer, none) {
            _ if found.is_empty() => unknown_namespace(name, why()),
            (Some(true), _) | (_, Some(true)) => judged(answer, wanted, found),
            (Some(false), _) => {
                unknown_namespace(name, format!("namespace `{name}` is defined twice with different labels"))
            }
            (None, _) => {
                let told = found.iter().find_map(|one| one.doubt(wanted));
                told.unwrap_or_else(|| unknown_namespace(name, why()))
            }
        }
    }
}

fn unknown_namespace(name: &str, why: String) -> Match {
    Match::Unknown(Missing { remedy: format!("the manifest of namespace `{name}`"), why })
}

/// What `answer` says; where it says nothing, or a part of `wanted` cannot be read, why.
fn judged(answer: Option<bool>, wanted: &Selector, bearers: &[Bearer<'_>]) -> Match {
    let unreadable = |why: String| Missing { remedy: "a selector that can be read".to_owned(), why };
    match (answer, wanted.unreadable.first()) {
        (Some(false), _) => Match::No,
        (Some(true), None) => Match::Yes,
        (_, Some(part)) => Match::Unknown(unreadable(part.why.clone())),
        (None, None) => {
            let told = bearers.iter().find_map(|one| one.doubt(wanted));
            told.unwrap_or_else(|| Match::Unknown(unreadable("its labels are not known".to_owned())))
        }
    }
}

fn listed(wanted: &[Text], text: Result<&str, Missing>) -> Match {
    let matches = |text: &str| wanted.iter().any(|pattern| glob(pattern, text));
    match text {
        Ok(text) if matches(text) => Match::Yes,
        Ok(_) => Match::No,
        Err(_) if wanted.iter().any(|pattern| pattern == "*") => Match::Yes,
        Err(missing) => Match::Unknown(missing),
    }
}

fn no_cluster() -> Missing {
    let why = "the cluster that it belongs to is not known".to_owned();
    Missing { remedy: "`cluster:` under `sources:`".to_owned(), why }
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
    Match::Unknown(missing(unresolved))
}

fn missing(unresolved: &Unresolved) -> Missing {
    Missing { remedy: unresolved.cause.remedy(), why: unresolved.cause.describe() }
}

/// Whether the resource bears all the tags.
fn tags(resource: &Resource, wanted: &[(Text, Text)]) -> Match {
    if wanted.is_empty() {
        return Match::Yes;
    }
    let own = TAGS.iter().filter_map(|property| resource.body.child(property).node());
    let specified = resource.body.child("TagSpecifications").node();
    let unknown = specified.filter(|list| list.as_unresolved().is_some());
    let specified = specified.map(Node::items).unwrap_or_default();
    let specified = specified.iter().filter_map(|one| one.child("Tags").node());
    let lists: Vec<&Node> = own.chain(specified).chain(unknown).collect();
    let mut result = Match::Yes;
    for (key, value) in wanted {
        let found = tag(&lists, key);
        if found.and_then(Node::as_str) == Some(value) {
            continue;
        }
        match found.map_or_else(|| unknown_tag(&lists), Node::as_unresolved) {
            Some(unresolved) => result = doubt(unresolved),
            None => return Match::No,
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

/// What may be any tag: a list, an item or a key that is not known.
fn unknown_tag<'n>(lists: &[&'n Node]) -> Option<&'n Unresolved> {
    lists.iter().find_map(|list| {
        let item = |item: &'n Node| item.child("Key").node().and_then(Node::as_unresolved);
        list.as_unresolved().or_else(|| list.items().iter().find_map(item))
    })
}
