//! Several objects of one identity (a base and its overlay, two environments): all are judged, and their
//! findings are told apart by what they hold, never by file or order.

use std::cell::OnceCell;
use std::hash::{Hash, Hasher};

use ringfence_model::{Estate, Kind, Node, Place, Resource, ResourceId, Value};
use rustc_hash::{FxHashMap, FxHasher};

/// Which resources share an identity, found when first asked.
pub(super) struct Duplicates<'e> {
    estate: &'e Estate,
    ranks: OnceCell<FxHashMap<ResourceId, usize>>,
}

type Identity<'e> = (&'e Kind, &'e Place, &'e str, Option<&'e str>);

impl<'e> Duplicates<'e> {
    pub(super) fn new(estate: &'e Estate) -> Self {
        Self { estate, ranks: OnceCell::new() }
    }

    /// The rank of a resource among those of its identity; 0 where it is the only one.
    pub(super) fn rank(&self, id: ResourceId) -> usize {
        self.ranks.get_or_init(|| self.ranks()).get(&id).copied().unwrap_or_default()
    }

    fn ranks(&self) -> FxHashMap<ResourceId, usize> {
        let mut first: FxHashMap<Identity<'e>, ResourceId> = FxHashMap::default();
        let mut shared: FxHashMap<ResourceId, Vec<ResourceId>> = FxHashMap::default();
        for (id, resource) in self.estate.iter() {
            let earlier = *first.entry(identity(resource)).or_insert(id);
            if earlier != id {
                shared.entry(earlier).or_insert_with(|| vec![earlier]).push(id);
            }
        }
        let mut ranks = FxHashMap::default();
        for mut ids in shared.into_values() {
            ids.sort_by_cached_key(|id| (self.estate.resource(*id).map(|one| digest(&one.body)), *id));
            ranks.extend(ids.into_iter().enumerate().map(|(rank, id)| (id, rank)));
        }
        ranks
    }
}

fn identity(resource: &Resource) -> Identity<'_> {
    (&resource.kind, &resource.place, &resource.name, resource.address.as_deref())
}

/// A hash of what a body holds, without regard to where it is written.
fn digest(body: &Node) -> u64 {
    let mut hasher = FxHasher::default();
    add(body, &mut hasher);
    hasher.finish()
}

fn add(node: &Node, hasher: &mut FxHasher) {
    std::mem::discriminant(&node.value).hash(hasher);
    match &node.value {
        Value::Null => {}
        Value::Bool(value) => value.hash(hasher),
        Value::Int(value) => value.hash(hasher),
        Value::Float(value) => value.to_bits().hash(hasher),
        Value::Text(text) => text.hash(hasher),
        Value::List(items) => {
            items.len().hash(hasher);
            items.iter().for_each(|item| add(item, hasher));
        }
        Value::Map(map) => {
            map.entries().len().hash(hasher);
            for entry in map.entries() {
                entry.key.hash(hasher);
                add(&entry.node, hasher);
            }
        }
        Value::Unresolved(unresolved) => unresolved.cause.hash(hasher),
    }
}
