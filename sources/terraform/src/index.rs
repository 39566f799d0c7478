//! What one look over a plan tells before its resources are taken out of it.

use std::cell::Cell;

use ringfence_model::{Key, Kind, Node, Target, Text};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::reference::split_index;
use crate::table::Table;

/// Attributes that name a resource, by which its parts may refer to it.
const NAMES: &[&str] =
    &["name", "bucket", "function_name", "domain_name", "cluster_identifier", "queue_url", "zone_id"];
/// More instances than this are not followed: a list of so many references helps nobody.
const INSTANCES: usize = 256;
/// How many values policy documents may have together, where resources share them.
const COPIES: usize = 1_000_000;

/// The addresses and ids of everything planned, and how each of it changes.
#[derive(Debug, Default)]
pub(crate) struct Index<'a> {
    scope: Option<Key>,
    changes: FxHashMap<&'a str, &'a Node>,
    planned: FxHashSet<Text>,
    /// The indices that exist, by address without the last index.
    instances: FxHashMap<Text, Vec<Text>>,
    /// Ids and ARNs that are known, and what they are of.
    ids: FxHashMap<Text, Vec<(Kind, Text)>>,
    /// Names that are known; none where two resources of a kind share one.
    names: FxHashMap<(Kind, Text), Option<Text>>,
    copies: Cell<usize>,
    /// Whether rules of groups and lists are resources of their own.
    rules_apart: bool,
}

/// Types of rules that are resources of their own.
const RULES: &[&str] = &[
    "aws_security_group_rule",
    "aws_vpc_security_group_ingress_rule",
    "aws_vpc_security_group_egress_rule",
    "aws_network_acl_rule",
];

impl<'a> Index<'a> {
    /// The index of a plan whose parts these are.
    pub(crate) fn of(scope: Key, planned: &Node, changes: Option<&'a Node>) -> Self {
        let mut index = Self { scope: Some(scope), ..Self::default() };
        for change in changes.map(Node::items).unwrap_or_default() {
            if let (Some(address), Some(what)) = (change.text("address"), change.get("change")) {
                index.changes.insert(address, what);
            }
        }
        if let Some(root) = planned.get("root_module") {
            index.module(root, "");
        }
        index
    }

    /// Whether the plan writes rules as resources of their own; the provider forbids to mix that with blocks.
    pub(crate) fn has_rules_apart(&self) -> bool {
        self.rules_apart
    }

    fn module(&mut self, module: &Node, prefix: &str) {
        for resource in module.get("resources").map(Node::items).unwrap_or_default() {
            self.resource(resource, prefix);
        }
        for child in module.get("child_modules").map(Node::items).unwrap_or_default() {
            let prefix = child.text("address").map(|address| format!("{address}.")).unwrap_or_default();
            self.module(child, &prefix);
        }
    }

    fn resource(&mut self, resource: &Node, prefix: &str) {
        let Some(address) = resource.text("address") else { return };
        if resource.text("mode") == Some("data") {
            return;
        }
        self.rules_apart |= resource.text("type").is_some_and(|kind| RULES.contains(&kind));
        let (base, index) = split_address(address, prefix);
        self.planned.insert(address.into());
        self.instances.entry(base.into()).or_default().push(index.into());
        let mapping = resource.text("type").and_then(|kind| Table::built_in().of(kind).first());
        let Some(mapping) = mapping.filter(|mapping| mapping.part.is_none()) else { return };
        for entry in resource.get("values").map(Node::entries).unwrap_or_default() {
            let Some(text) = entry.node.as_str().filter(|text| !text.is_empty()) else { continue };
            match &*entry.key {
                "id" | "arn" => {
                    self.ids.entry(text.into()).or_default().push((mapping.kind.clone(), address.into()));
                }
                name if NAMES.contains(&name) => self.name(&mapping.kind, text, address),
                _ => {}
            }
        }
    }

    /// A name is of use as long as it is unique.
    fn name(&mut self, kind: &Kind, name: &str, address: &str) {
        let unique = |there: &mut Option<Text>| *there = there.take().filter(|there| there == address);
        let entry = self.names.entry((kind.clone(), name.into()));
        entry.and_modify(unique).or_insert_with(|| Some(address.into()));
    }

    /// Whether `nodes` more values may be copied.
    pub(crate) fn may_copy(&self, nodes: usize) -> bool {
        let copies = self.copies.get().saturating_add(nodes);
        self.copies.set(copies);
        copies <= COPIES
    }

    /// What is planned for `address`.
    pub(crate) fn change(&self, address: &str) -> Option<&'a Node> {
        self.changes.get(address).copied()
    }

    /// The instances that a reference means: the index asked for, else the same one, else all.
    pub(crate) fn instances(&self, base: &str, index: &str, same: &str) -> Vec<Text> {
        let exists = |wanted: &str| self.planned.contains(format!("{base}{wanted}").as_str());
        for wanted in [index, same].into_iter().filter(|wanted| !wanted.is_empty()) {
            if exists(wanted) || !index.is_empty() {
                return exists(wanted).then(|| wanted.into()).into_iter().collect();
            }
        }
        self.instances.get(base).filter(|all| all.len() <= INSTANCES).cloned().unwrap_or_default()
    }

    /// A reference to the resource at `address`.
    pub(crate) fn target(&self, address: impl Into<Text>, attribute: Option<Text>) -> Option<Target> {
        Some(Target { scope: self.scope.clone()?, address: address.into(), attribute })
    }

    /// Whether any id is known: then what has one may be referred to by it.
    pub(crate) fn has_ids(&self) -> bool {
        !self.ids.is_empty()
    }

    /// The resource of this kind that has the id, ARN or name `text`.
    pub(crate) fn owner(&self, text: &str, kind: &Kind) -> Option<&Text> {
        let by_id = self.ids.get(text).and_then(|all| all.iter().find(|owner| owner.0 == *kind));
        by_id.map(|owner| &owner.1).or_else(|| self.names.get(&(kind.clone(), text.into()))?.as_ref())
    }

    /// The resource that has the id or ARN `text`, where AWS assigned it: names are not unique.
    pub(crate) fn assigned(&self, text: &str) -> Option<(&Text, bool)> {
        let arn = text.starts_with("arn:");
        if !arn && !looks_assigned(text) {
            return None;
        }
        self.ids.get(text)?.first().map(|owner| (&owner.1, arn))
    }
}

/// `prefix` and the last index of an address taken apart: what names all instances, and the index.
pub(crate) fn split_address<'t>(address: &'t str, prefix: &str) -> (&'t str, &'t str) {
    let local = address.strip_prefix(prefix).unwrap_or(address);
    let (_, index) = split_index(local);
    (address.strip_suffix(index).unwrap_or(address), index)
}

/// Whether `text` looks like `vpc-0a1b2c3d`: letters, a hyphen, eight or more hexadecimal digits.
fn looks_assigned(text: &str) -> bool {
    let Some((kind, digits)) = text.rsplit_once('-') else { return false };
    kind.starts_with(|first: char| first.is_ascii_lowercase())
        && digits.len() >= 8
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
