//! How a written value finds the resource it names: by reference, name or ARN.

use rustc_hash::FxHashMap;

use super::NAMES;
use crate::{Key, Node, Resource, ResourceId, Text, Value};

/// The name that AWS knows `resource` by, where its properties say it.
pub(crate) fn physical_name(resource: &Resource) -> Option<&str> {
    let (_, property) = NAMES.iter().find(|row| row.0 == resource.kind.as_str())?;
    resource.body.text(property)
}

/// Finds the resource that a value names.
#[derive(Debug)]
pub(crate) struct Lookup<'a> {
    resources: &'a [Resource],
    addresses: FxHashMap<(Key, Text), ResourceId>,
    names: FxHashMap<(&'static str, &'a str), Named>,
}

/// The resources of one kind and name: several where templates for several accounts are read together.
#[derive(Debug)]
struct Named {
    first: ResourceId,
    others: Vec<ResourceId>,
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(resources: &'a [Resource]) -> Self {
        let mut lookup = Self { resources, addresses: FxHashMap::default(), names: FxHashMap::default() };
        for (index, resource) in resources.iter().enumerate() {
            let id = ResourceId::at(index);
            if let (Some(scope), Some(address)) = (&resource.scope, &resource.address) {
                lookup.addresses.insert((scope.clone(), address.clone()), id);
            }
            let row = NAMES.iter().find(|row| row.0 == resource.kind.as_str());
            if let Some((kind, name)) = row.and_then(|row| Some((row.0, resource.body.text(row.1)?))) {
                let named = lookup.names.entry((kind, name));
                let named = named.or_insert_with(|| Named { first: id, others: Vec::new() });
                if named.first != id {
                    named.others.push(id);
                }
            }
        }
        lookup
    }

    /// The resource that `value` names: by reference, else by name or ARN where the kind is known.
    pub(crate) fn resolve(&self, value: &Node, kind: Option<&str>) -> Option<ResourceId> {
        match &value.value {
            Value::Unresolved(unresolved) => {
                let target = unresolved.target.as_ref()?;
                self.addresses.get(&(target.scope.clone(), target.address.clone())).copied()
            }
            Value::Text(text) => self.by_name(text, kind?),
            _ => None,
        }
    }

    /// The one resource of `kind` that `text` names, by name or ARN. Where several have the name and
    /// neither account nor ARN tells which, none is: a guess could make a finding pass.
    pub(crate) fn by_name(&self, text: &str, kind: &str) -> Option<ResourceId> {
        let kind = NAMES.iter().find(|row| row.0 == kind)?.0;
        let Some(arn) = Arn::parse(text) else { return self.one(kind, text, None) };
        if !arn.may_name(kind) {
            return None;
        }
        let last = || self.one(kind, arn.resource.rsplit(['/', ':']).next()?, Some(arn.account));
        self.one(kind, arn.resource, Some(arn.account)).or_else(last)
    }

    fn one(&self, kind: &'static str, name: &str, account: Option<&str>) -> Option<ResourceId> {
        let named = self.names.get(&(kind, name))?;
        let fits = |id: &ResourceId| {
            let there = self.resources.get(id.index()).and_then(|one| one.place.account.as_deref());
            there.is_none_or(|there| account.is_none_or(|account| account.is_empty() || account == there))
        };
        let mut fitting = std::iter::once(named.first).chain(named.others.iter().copied()).filter(fits);
        fitting.next().filter(|_| fitting.next().is_none())
    }
}

/// An Amazon Resource Name, as far as links need it.
struct Arn<'a> {
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        let (_partition, _service, _region) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { account: parts.next()?, resource: parts.next()? })
    }

    /// A role and a user may have the same name; the ARN says which is meant.
    fn may_name(&self, kind: &str) -> bool {
        match kind {
            "AWS::IAM::Role" => !self.resource.starts_with("user/"),
            "AWS::IAM::User" => !self.resource.starts_with("role/"),
            _ => true,
        }
    }
}
