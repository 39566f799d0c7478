//! Everything around a resource that a condition may ask about, indexed when first asked.

use std::cell::OnceCell;

use ringfence_model::declaration::{Account, Administrator, Declaration, EntryPoint, Located};
use ringfence_model::fact::ScopeFacts;
use ringfence_model::{Estate, Node, Resource, ResourceId, Text};
use rustc_hash::{FxHashMap, FxHashSet};

/// The estate, what people declare of it, and what engines concluded.
pub(crate) struct World<'e> {
    /// The estate.
    pub(crate) estate: &'e Estate,
    /// What people declare.
    pub(crate) declaration: &'e Declaration,
    /// The scope class of each resource.
    pub(crate) scope: &'e ScopeFacts,
    addresses: OnceCell<FxHashMap<(&'e str, &'e str), ResourceId>>,
    objects: OnceCell<FxHashMap<Identity<'e>, Vec<ResourceId>>>,
    keys: OnceCell<FxHashSet<&'e str>>,
}

/// A namespaced object: cluster, kind, namespace, name.
type Identity<'e> = (Option<&'e str>, &'static str, &'e str, &'e str);

/// Kinds that conditions look up by name, or in a namespace as a whole (then under an empty name).
const LOOKED_UP: &[(&str, &str, bool)] = &[
    ("", "ServiceAccount", true),
    ("", "Secret", true),
    ("external-secrets.io", "ExternalSecret", false),
    ("external-secrets.io", "ClusterExternalSecret", false),
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass", false),
];

impl<'e> World<'e> {
    pub(crate) fn new(estate: &'e Estate, declaration: &'e Declaration, scope: &'e ScopeFacts) -> Self {
        let (addresses, objects, keys) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { estate, declaration, scope, addresses, objects, keys }
    }

    /// The resource that an unresolved value points at, if it is in the estate.
    pub(crate) fn target(&self, node: &Node) -> Option<&'e Resource> {
        let target = node.as_unresolved()?.target.as_ref()?;
        let addresses = self.addresses.get_or_init(|| self.addresses());
        let id = addresses.get(&(&*target.scope, target.address.as_str()))?;
        self.estate.resource(*id)
    }

    fn addresses(&self) -> FxHashMap<(&'e str, &'e str), ResourceId> {
        let address = |(id, resource): (ResourceId, &'e Resource)| {
            Some(((resource.scope.as_deref()?, resource.address.as_deref()?), id))
        };
        self.estate.iter().filter_map(address).collect()
    }

    /// Whether the estate holds the KMS key with that id.
    pub(crate) fn holds_key(&self, id: &str) -> bool {
        self.keys.get_or_init(|| self.keys()).contains(id)
    }

    fn keys(&self) -> FxHashSet<&'e str> {
        let kinds = ["AWS::KMS::Key", "AWS::KMS::ReplicaKey"];
        let keys = kinds.into_iter().flat_map(|kind| self.estate.of_kind(kind));
        let bodies = keys.filter_map(|id| self.estate.resource(*id)).map(|key| &key.body);
        let ids =
            |body: &'e Node| [body.text("KeyId"), body.text("Arn").and_then(|arn| arn.rsplit('/').next())];
        bodies.flat_map(ids).flatten().collect()
    }

    /// The objects of `kind` called `name` beside `resource`; for kinds that are searched, all of them
    /// under the empty name.
    pub(crate) fn beside(&self, resource: &'e Resource, kind: &'static str, name: &str) -> Vec<&'e Resource> {
        self.objects_of(resource.place.cluster.as_deref(), kind, resource.namespace(), name)
    }

    /// The cluster-wide objects of `kind` in the cluster of `resource`.
    pub(crate) fn above(&self, resource: &'e Resource, kind: &'static str) -> Vec<&'e Resource> {
        self.objects_of(resource.place.cluster.as_deref(), kind, "", "")
    }

    fn objects_of(
        &self,
        cluster: Option<&str>,
        kind: &'static str,
        namespace: &str,
        name: &str,
    ) -> Vec<&'e Resource> {
        let objects = self.objects.get_or_init(|| self.objects());
        let ids = objects.get(&(cluster, kind, namespace, name)).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.estate.resource(*id)).collect()
    }

    fn objects(&self) -> FxHashMap<Identity<'e>, Vec<ResourceId>> {
        let mut objects: FxHashMap<Identity<'e>, Vec<ResourceId>> = FxHashMap::default();
        for (id, resource) in self.estate.iter() {
            let (Some(group), kind) = (resource.kind.group(), resource.kind.name()) else { continue };
            if let Some((_, kind, named)) = LOOKED_UP.iter().find(|row| row.0 == group && row.1 == kind) {
                let name = if *named { resource.name.as_str() } else { "" };
                let cluster = resource.place.cluster.as_deref();
                objects.entry((cluster, kind, resource.namespace(), name)).or_default().push(id);
            }
        }
        objects
    }

    /// A list of the declaration by its key, where the declaration gives it.
    pub(crate) fn declared(&self, key: &str) -> Option<Declared<'e>> {
        let declaration = self.declaration;
        match key {
            "registries" => declaration.registries.as_deref().map(Declared::Texts),
            "administrators" => declaration.administrators.as_deref().map(Declared::Administrators),
            "system-agents" => declaration.system_agents.as_deref().map(Declared::Texts),
            "capabilities" => declaration.capabilities.as_deref().map(Declared::Texts),
            "entry-points" => declaration.entry_points.as_deref().map(Declared::EntryPoints),
            "accounts" => declaration.accounts.as_deref().map(Declared::Accounts),
            _ => None,
        }
    }
}

/// Keys of the declaration that conditions may use as lists of texts.
pub(crate) const LISTS: &[&str] =
    &["accounts", "administrators", "capabilities", "entry-points", "registries", "system-agents"];

/// A list of the declaration as texts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Declared<'e> {
    /// As written.
    Texts(&'e [Located<Text>]),
    /// By their names, whatever their kind.
    Administrators(&'e [Administrator]),
    /// By their resources.
    EntryPoints(&'e [EntryPoint]),
    /// By their ids.
    Accounts(&'e [Account]),
}

impl<'e> Declared<'e> {
    /// How many entries it has.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Texts(list) => list.len(),
            Self::Administrators(list) => list.len(),
            Self::EntryPoints(list) => list.len(),
            Self::Accounts(list) => list.len(),
        }
    }

    /// One entry.
    pub(crate) fn get(self, index: usize) -> Option<&'e Located<Text>> {
        match self {
            Self::Texts(list) => list.get(index),
            Self::Administrators(list) => list.get(index).map(|one| &one.name),
            Self::EntryPoints(list) => list.get(index).map(|point| &point.resource),
            Self::Accounts(list) => list.get(index).map(|account| &account.id),
        }
    }

    /// All entries.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'e Located<Text>> {
        (0..self.len()).filter_map(move |index| self.get(index))
    }
}
