//! Namespaces of every cluster, and the namespace selectors that match them.

use ringfence_model::{Estate, Field, Labels, Origin, Resource, Text};
use rustc_hash::FxHashMap;

use crate::calico::Seen;
use crate::condition::{Certainty, Conditions};
use crate::selector::{Index, KnownLabels, SelectorId, Selectors, Unknown};

/// The API server sets it on every namespace.
pub(crate) const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A namespace of a cluster; index into [`Namespaces`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NamespaceId(u32);

/// A cluster; index into [`Namespaces::clusters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClusterId(u32);

impl ClusterId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

impl NamespaceId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One namespace. Two definitions of it are two variants.
#[derive(Debug)]
struct Namespace {
    cluster: ClusterId,
    name: Text,
    variants: Vec<(Labels, Unknown)>,
    missing: bool,
}

/// All namespaces of a run.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    clusters: Vec<Option<Text>>,
    all: Vec<Namespace>,
    ids: FxHashMap<(Option<Text>, Text), NamespaceId>,
}

impl Namespaces {
    /// The namespaces of `estate`. One that is only derived has its name as label; what other labels it
    /// has is unknown, unless `missing_has_no_labels`.
    pub(crate) fn new(estate: &Estate, missing_has_no_labels: bool) -> Self {
        let mut namespaces = Self::default();
        for id in estate.of_kind("v1/Namespace") {
            let Some(resource) = estate.resource(*id) else { continue };
            namespaces.add(resource, missing_has_no_labels);
        }
        namespaces
    }

    fn add(&mut self, resource: &Resource, missing_has_no_labels: bool) {
        let missing = matches!(resource.origin, Origin::Derived(_));
        let unknown = match missing {
            true if missing_has_no_labels => Unknown::Nothing,
            true => Unknown::Rest,
            false => Unknown::of(Field::Present(&resource.body)),
        };
        let name = (Text::const_new(NAME_LABEL), resource.name.clone());
        let written = Labels::of(&resource.body);
        let others =
            written.iter().filter(|pair| pair.0 != name.0).map(|(key, value)| (key.into(), value.into()));
        let labels: Labels = others.chain([name.clone()]).collect();
        let id = self.id(resource.place.cluster.as_ref(), &resource.name);
        if let Some(namespace) = self.all.get_mut(id.index()) {
            if namespace.missing {
                namespace.variants.clear();
            }
            namespace.missing = missing;
            if !namespace.variants.iter().any(|variant| *variant == (labels.clone(), unknown.clone())) {
                namespace.variants.push((labels, unknown));
            }
        }
    }

    /// The namespace `name` of `cluster`, which is made where it is not known.
    pub(crate) fn id(&mut self, cluster: Option<&Text>, name: &Text) -> NamespaceId {
        let key = (cluster.cloned(), name.clone());
        if let Some(id) = self.ids.get(&key) {
            return *id;
        }
        let id = NamespaceId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        let cluster = self.cluster_id(cluster);
        let labels = [(Text::const_new(NAME_LABEL), name.clone())].into_iter().collect();
        let variants = vec![(labels, Unknown::Rest)];
        self.all.push(Namespace { cluster, name: name.clone(), variants, missing: true });
        self.ids.insert(key, id);
        id
    }

    /// The namespace `name` of `cluster`, if it is known.
    pub(crate) fn find(&self, cluster: Option<&Text>, name: &Text) -> Option<NamespaceId> {
        self.ids.get(&(cluster.cloned(), name.clone())).copied()
    }

    /// The cluster called `name`, which is made where it is not known.
    pub(crate) fn cluster_id(&mut self, name: Option<&Text>) -> ClusterId {
        let at = self.clusters.iter().position(|cluster| cluster.as_ref() == name);
        let at = at.unwrap_or_else(|| {
            self.clusters.push(name.cloned());
            self.clusters.len() - 1
        });
        ClusterId(u32::try_from(at).unwrap_or(u32::MAX))
    }

    pub(crate) fn clusters(&self) -> impl Iterator<Item = (ClusterId, &str)> {
        (0..).map(ClusterId).zip(self.clusters.iter().map(|name| name.as_deref().unwrap_or("unnamed")))
    }

    /// Every cluster with its name, where it has one.
    pub(crate) fn named_clusters(&self) -> impl Iterator<Item = (ClusterId, Option<&Text>)> {
        (0..).map(ClusterId).zip(self.clusters.iter().map(Option::as_ref))
    }

    /// What is known of one label of a namespace.
    pub(crate) fn label(&self, id: NamespaceId, key: &str) -> Seen<'_> {
        let variants = self.all.get(id.index()).map(|namespace| namespace.variants.as_slice());
        let mut seen = variants
            .unwrap_or_default()
            .iter()
            .map(|(labels, unknown)| Seen::of(&KnownLabels { labels, unknown: unknown.clone() }, key));
        let Some(first) = seen.next() else { return Seen::Unknown };
        // Each of several definitions may be the one in force.
        if seen.all(|other| other == first) { first } else { Seen::Unknown }
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = NamespaceId> {
        (0..).map(NamespaceId).take(self.all.len())
    }

    /// Whether a namespace is not in the input, while others of its cluster are.
    pub(crate) fn is_left_out(&self, id: NamespaceId) -> bool {
        let Some(this) = self.all.get(id.index()).filter(|one| one.missing) else { return false };
        self.all.iter().any(|one| one.cluster == this.cluster && !one.missing)
    }

    /// The labels of a namespace, as far as they are known.
    pub(crate) fn labels(&self, id: NamespaceId) -> Option<&Labels> {
        self.all.get(id.index())?.variants.first().map(|(labels, _)| labels)
    }

    pub(crate) fn name(&self, id: NamespaceId) -> &str {
        self.all.get(id.index()).map(|namespace| namespace.name.as_str()).unwrap_or_default()
    }

    pub(crate) fn cluster(&self, id: NamespaceId) -> ClusterId {
        self.all.get(id.index()).map_or(ClusterId(0), |namespace| namespace.cluster)
    }

    /// Whether a selector matches a namespace: `None` no, `Some(None)` yes, else under a condition.
    pub(crate) fn certainty(
        &self,
        id: NamespaceId,
        selector: SelectorId,
        selectors: &Selectors,
        conditions: &mut Conditions,
    ) -> Option<Certainty> {
        let index = Index::new(selectors, [selector]);
        let found = self.all.get(id.index())?.matches(selectors, &index, conditions);
        found.first().map(|(_, certainty)| *certainty)
    }

    /// For each namespace the selectors of `ids` that match it, sorted.
    pub(crate) fn matches(
        &self,
        selectors: &Selectors,
        ids: &[SelectorId],
        conditions: &mut Conditions,
    ) -> Vec<Vec<(SelectorId, Certainty)>> {
        let index = Index::new(selectors, ids.iter().copied());
        self.all.iter().map(|namespace| namespace.matches(selectors, &index, conditions)).collect()
    }
}

impl Namespace {
    fn matches(
        &self,
        selectors: &Selectors,
        index: &Index,
        conditions: &mut Conditions,
    ) -> Vec<(SelectorId, Certainty)> {
        let mut counts: Vec<(SelectorId, usize)> = Vec::new();
        for (labels, unknown) in &self.variants {
            let known = KnownLabels { labels, unknown: unknown.clone() };
            index.matches(selectors, &known, |_| true, |id, certain| counts.push((id, usize::from(certain))));
        }
        counts.sort_unstable();
        let mut found: Vec<(SelectorId, Certainty)> = Vec::new();
        for same in counts.chunk_by(|a, b| a.0 == b.0) {
            let Some((id, _)) = same.first() else { continue };
            // Each of several definitions may be the one in force.
            let certain = same.iter().map(|(_, certain)| certain).sum::<usize>() == self.variants.len();
            let unreadable = selectors.get(*id).is_some_and(|selector| !selector.unreadable.is_empty());
            found.push((*id, (!certain).then(|| conditions.id(&self.doubt(unreadable)))));
        }
        found
    }

    fn doubt(&self, unreadable: bool) -> String {
        let name = &self.name;
        if unreadable {
            "a namespace selector cannot be read".to_owned()
        } else if self.missing {
            format!("the labels of namespace `{name}` are not in the input")
        } else if self.variants.len() > 1 {
            format!("namespace `{name}` is defined twice with different labels")
        } else {
            format!("the labels of namespace `{name}` are not known")
        }
    }
}
