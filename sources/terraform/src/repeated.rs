//! Rules that a plan tells twice.
//!
//! Once applied, a security group lists all its rules, also those of rule resources; the same goes for
//! routes and access control lists. The rule resource is what a person would change, so it stays.

use std::fmt::Write;

use ringfence_model::{Fold, Key, Node, Resource, Text, Value};
use rustc_hash::{FxHashMap, FxHashSet};

/// What the parts of one owner say, by list.
type Said = FxHashMap<(Text, Key), FxHashSet<String>>;

/// Drops from each owner what a part of it says again.
pub(crate) fn remove(resources: &mut [Resource]) {
    let mut said = Said::default();
    for resource in resources.iter() {
        if let Some(place) = appended(resource) {
            said.entry(place).or_default().insert(signature(&resource.body));
        }
    }
    let mut places: FxHashMap<&Text, Vec<&Key>> = FxHashMap::default();
    said.keys().for_each(|(owner, list)| places.entry(owner).or_default().push(list));
    for resource in resources.iter_mut() {
        let Some(address) = &resource.address else { continue };
        for list in places.get(address).into_iter().flatten() {
            let place = (address.clone(), Key::clone(list));
            if let (Some(parts), Some(node)) = (said.get(&place), resource.body.get_mut(list)) {
                keep_others(node, parts);
            }
        }
    }
}

/// The address of the owner and the list, for a part of a list.
fn appended(resource: &Resource) -> Option<(Text, Key)> {
    let satellite = resource.satellite.as_ref()?;
    let target = satellite.owner.as_unresolved()?.target.as_ref()?;
    if let Fold::Append(list) = &satellite.fold {
        Some((target.address.clone(), Key::clone(list)))
    } else {
        None
    }
}

fn keep_others(list: &mut Node, parts: &FxHashSet<String>) {
    let Value::List(items) = &mut list.value else { return };
    let others =
        std::mem::take(items).into_vec().into_iter().filter(|item| !parts.contains(&signature(item)));
    *items = others.collect();
}

/// What a rule does, whatever it is called, whoever it belongs to and wherever it is written.
fn signature(body: &Node) -> String {
    let everything = body.text("IpProtocol") == Some("-1");
    let mut parts: Vec<String> = Vec::new();
    for entry in body.entries() {
        let counts = match &*entry.key {
            "Description" | "GroupId" | "RouteTableId" | "NetworkAclId" | "Icmp" => false,
            "FromPort" | "ToPort" => !everything,
            _ => true,
        };
        if counts {
            let mut part = format!("{}=", entry.key);
            describe(&entry.node, &mut part);
            parts.push(part);
        }
    }
    parts.sort_unstable();
    parts.join(";")
}

fn describe(node: &Node, out: &mut String) {
    let _ = match &node.value {
        Value::Map(map) => map.entries().iter().try_for_each(|entry| {
            write!(out, "{}=", entry.key)?;
            describe(&entry.node, out);
            Ok(())
        }),
        Value::List(items) => {
            items.iter().for_each(|item| describe(item, out));
            Ok(())
        }
        Value::Unresolved(unresolved) => match &unresolved.target {
            Some(target) => write!(out, "@{}", target.address),
            // Two unknown values are not the same value; its place tells them apart.
            None => write!(out, "?{:?}", node.location()),
        },
        other => write!(out, "{other:?}"),
    };
}
