//! Several objects of one identity (a base and its overlay, two environments): all are judged, and their
//! findings are told apart by what they hold, never by file or order.

use std::cell::OnceCell;
use std::hash::Hash;

use ringfence_model::fact::Answer;
use ringfence_model::{Estate, Place, Resource, ResourceId};
use rustc_hash::FxHashMap;

use super::content;

/// Which resources share an identity, found when first asked.
pub(super) struct Duplicates<'e> {
    estate: &'e Estate,
    ranks: OnceCell<FxHashMap<ResourceId, usize>>,
}

/// What a [`Subject`](ringfence_model::Subject) holds of a resource, without copies.
type Identity<'e> = (&'e str, &'e Place, &'e str, Option<&'e str>);

impl<'e> Duplicates<'e> {
    pub(super) fn new(estate: &'e Estate) -> Self {
        Self { estate, ranks: OnceCell::new() }
    }

    /// The rank of a resource among those of its identity; 0 where it is the only one.
    pub(super) fn rank(&self, id: ResourceId) -> usize {
        self.ranks.get_or_init(|| self.ranks()).get(&id).copied().unwrap_or_default()
    }

    fn ranks(&self) -> FxHashMap<ResourceId, usize> {
        let mut ranks = FxHashMap::default();
        for mut ids in shared(self.estate.iter().map(|(id, resource)| (identity(resource), id))) {
            ids.sort_by_cached_key(|id| {
                (self.estate.resource(*id).map(|one| content::digest(&one.body)), *id)
            });
            ranks.extend(ids.into_iter().enumerate().map(|(rank, id)| (id, rank)));
        }
        ranks
    }
}

fn identity(resource: &Resource) -> Identity<'_> {
    let address = resource.address.as_deref().filter(|address| *address != resource.name);
    (resource.kind.name(), &resource.place, &resource.name, address)
}

/// The members of each group with more than one.
fn shared<K: Eq + Hash, T: Copy>(members: impl Iterator<Item = (K, T)>) -> impl Iterator<Item = Vec<T>> {
    let mut first: FxHashMap<K, (T, Vec<T>)> = FxHashMap::default();
    for (key, one) in members {
        // Nearly every group has one member, which needs no list of its own.
        first.entry(key).and_modify(|(_, more)| more.push(one)).or_insert((one, Vec::new()));
    }
    let many = first.into_values().filter(|(_, more)| !more.is_empty());
    many.map(|(one, more)| std::iter::once(one).chain(more).collect())
}

/// The ranks of answers among those about the same element of the same subject. Those that say the same
/// differ in nothing but the order in which they were read.
pub(super) fn twins(answers: &[Answer]) -> Vec<usize> {
    let mut ranks = vec![0; answers.len()];
    let members = answers.iter().enumerate();
    for mut group in shared(members.map(|(index, one)| ((&one.subject, one.element.as_str()), index))) {
        group.sort_by_cached_key(|index| (answers.get(*index).map(said), *index));
        for (rank, index) in group.into_iter().enumerate() {
            if let Some(slot) = ranks.get_mut(index) {
                *slot = rank;
            }
        }
    }
    ranks
}

fn said(answer: &Answer) -> (Vec<&str>, &str, &str) {
    let reasons = answer.reasons.iter().map(|reason| reason.text.as_str());
    (reasons.collect(), &answer.message, answer.verdict.as_str())
}
