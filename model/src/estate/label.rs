//! How people name a resource, and which ones they mean by it.

use rustc_hash::FxHashMap;

use crate::{Resource, ResourceId, Text, link};

/// Resources by every name that a label may end in.
#[derive(Debug, Default)]
pub(super) struct Names(FxHashMap<Text, Vec<ResourceId>>);

impl Names {
    pub(super) fn new(resources: &[Resource]) -> Self {
        let mut names = Self::default();
        for (index, resource) in resources.iter().enumerate() {
            let id = ResourceId::at(index);
            names.add(&resource.name, id);
            let physical = link::physical_name(resource);
            for other in [resource.address.as_deref(), physical].into_iter().flatten() {
                if other != resource.name {
                    names.add(other, id);
                }
            }
        }
        names
    }

    fn add(&mut self, name: &str, id: ResourceId) {
        let ids = self.0.entry(name.into()).or_default();
        if ids.last() != Some(&id) {
            ids.push(id);
        }
    }

    pub(super) fn find(&self, resources: &[Resource], label: &str) -> Vec<ResourceId> {
        let by_address = self.having(label, resources, |resource| resource.address.as_deref() == Some(label));
        if !by_address.is_empty() {
            return by_address;
        }
        let Label { prefix, name, kind, .. } = Label::parse(label);
        self.having(name, resources, |resource| {
            kind.is_none_or(|kind| resource.kind.is(kind))
                && match prefix {
                    Some(prefix) if resource.kind.is_kubernetes() => resource.namespace() == prefix,
                    Some(prefix) => resource.kind.as_str() == prefix,
                    None => resource.place.namespace.is_none(),
                }
        })
    }

    fn having(
        &self,
        name: &str,
        resources: &[Resource],
        wanted: impl Fn(&Resource) -> bool,
    ) -> Vec<ResourceId> {
        let ids = self.0.get(name).map(Vec::as_slice).unwrap_or_default();
        let wanted = |id: &ResourceId| resources.get(id.index()).is_some_and(&wanted);
        ids.iter().copied().filter(wanted).collect()
    }
}

/// `prefix/name[Kind]`, as people and declarations write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label<'a> {
    /// Prefix and name, without the kind.
    pub path: &'a str,
    /// A namespace or an AWS type.
    pub prefix: Option<&'a str>,
    /// What is behind the prefix.
    pub name: &'a str,
    /// The kind, where it is given.
    pub kind: Option<&'a str>,
}

impl<'a> Label<'a> {
    /// Takes `label` apart; whatever is written has at least a name.
    pub fn parse(label: &'a str) -> Self {
        let (path, kind) = match label.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
            Some((path, kind)) => (path, Some(kind)),
            None => (label, None),
        };
        let (prefix, name) = path.split_once('/').map_or((None, path), |(before, name)| (Some(before), name));
        Self { path, prefix, name, kind }
    }
}
