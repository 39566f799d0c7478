//! What reading a policy of any kind takes.
//!
//! Where the API server would refuse the object, the policy may not be in force at all: everything that
//! rests on it is conditional, and a diagnostic names the place.

use ipnet::IpNet;
use ringfence_model::fact::Protocol;
use ringfence_model::selector::Selector;
use ringfence_model::{Diagnostic, Field, Location, Node, Resource, ResourceId, Value};

use super::{PeerSpec, Reading, Scope};
use crate::address::Span;
use crate::condition::{Certainty, ConditionId};
use crate::namespace::{ClusterId, NamespaceId};
use crate::profile::Switches;
use crate::selector::SelectorId;

/// One policy while it is read.
pub(crate) struct Reader<'r, 'a> {
    pub(crate) reading: &'r mut Reading<'a>,
    pub(crate) id: ResourceId,
    pub(crate) label: String,
    pub(crate) cluster: ClusterId,
    location: Option<Location>,
    pub(crate) switches: Switches,
    /// The policy's own namespace; absent for cluster-wide policies.
    namespace: Option<NamespaceId>,
    /// Why the policy may not be in force.
    pub(crate) doubt: Certainty,
}

impl<'r, 'a> Reader<'r, 'a> {
    pub(crate) fn new(
        reading: &'r mut Reading<'a>,
        id: ResourceId,
        resource: &Resource,
        cluster: ClusterId,
        namespace: Option<NamespaceId>,
    ) -> Self {
        let (label, location) = (resource.label(), resource.location());
        let switches = reading.profiles.switches(cluster);
        Self { reading, id, label, cluster, location, switches, namespace, doubt: None }
    }
}

impl Reader<'_, '_> {
    /// The elements of a list, `None` where it is absent or empty, which means everything.
    pub(crate) fn list<T>(
        &mut self,
        rule: &Node,
        key: &str,
        element: fn(&mut Self, &Node) -> Option<T>,
        unknown: impl Fn(ConditionId) -> T,
    ) -> Option<Vec<T>> {
        match rule.field(key) {
            Field::Absent => None,
            Field::Unresolved(node, _) => Some(vec![unknown(self.unknown(key, node))]),
            Field::Present(Node { value: Value::List(items), .. }) if items.is_empty() => None,
            Field::Present(Node { value: Value::List(items), .. }) => {
                let elements = items.iter().filter_map(|item| match item.as_unresolved() {
                    Some(_) => Some(unknown(self.unknown(key, item))),
                    None => element(self, item),
                });
                Some(elements.collect())
            }
            Field::Present(node) => {
                self.refuse("list-expected", &format!("`{key}` is not a list"), node);
                Some(vec![unknown(self.unknown(key, node))])
            }
        }
    }

    pub(crate) fn pods(&mut self, namespaces: Option<Selector>, pods: Selector) -> PeerSpec {
        let pods = self.pod_selector(pods);
        let scope = match (namespaces, self.namespace) {
            (None, Some(own)) => Scope::Within(own),
            (namespaces, _) => Scope::Matching(self.cluster, self.selector(namespaces.unwrap_or_default())),
        };
        PeerSpec::Pods(self.reading.sets.id(scope, pods))
    }

    /// Numbers a selector of pods, of which an engine may not see every label.
    pub(crate) fn pod_selector(&mut self, mut selector: Selector) -> SelectorId {
        if let Some(keeps) = self.reading.cilium.get(&self.cluster).cloned() {
            let location = self.location;
            keeps.narrow(&mut selector, |key| self.reading.dropped_label(key, &self.label, location));
        }
        self.selector(selector)
    }

    pub(crate) fn selector(&mut self, selector: Selector) -> SelectorId {
        self.reading.selector(selector, &self.label)
    }

    pub(crate) fn cidr(&mut self, node: &Node) -> Option<Span> {
        let parsed = node.as_str().and_then(|text| text.parse::<IpNet>().ok()).map(Span::from);
        if parsed.is_none() && node.as_unresolved().is_none() {
            let shown = node.as_str().unwrap_or("this value");
            self.refuse("cidr-invalid", &format!("`{shown}` is not an address block"), node);
        }
        parsed
    }

    /// The API is strict about case.
    pub(crate) fn protocol(&mut self, node: &Node) -> Option<Protocol> {
        let found = Protocol::ALL.into_iter().find(|protocol| node.as_str() == Some(protocol.as_str()));
        if found.is_none() && node.as_unresolved().is_none() {
            self.refuse("protocol-invalid", "`protocol` knows `TCP`, `UDP` and `SCTP` only", node);
        }
        found
    }

    /// The condition that a field which cannot be read gives rise to.
    pub(crate) fn unknown(&mut self, key: &str, node: &Node) -> ConditionId {
        let why = node.as_unresolved().map(|unresolved| unresolved.cause.describe());
        let why = why.map_or_else(|| "cannot be read".to_owned(), |why| format!("is not known: {why}"));
        self.reading.conditions.id(&format!("`{key}` of `{}` {why}", self.label))
    }

    /// Says that the API server would refuse the policy.
    pub(crate) fn refuse(&mut self, code: &'static str, message: &str, node: &Node) {
        let message = format!("{message} (in `{}`)", self.label);
        self.refused(Diagnostic::error(code, message), node.location());
    }

    /// The same with a place of its own.
    pub(crate) fn refuse_at(&mut self, code: &'static str, message: &str, location: Option<Location>) {
        let message = format!("{message} (in `{}`)", self.label);
        self.refused(Diagnostic::error(code, message), location);
    }

    fn refused(&mut self, diagnostic: Diagnostic, location: Option<Location>) {
        let help =
            "correct it; the API server refuses this policy, and what rests on it is reported as depends";
        self.reading.diagnostics.push(diagnostic.at(location).help(help));
        self.doubt("the API server would refuse it");
    }

    pub(crate) fn doubt(&mut self, why: &str) {
        let condition = self.reading.conditions.id(&format!("`{}` may not be in force: {why}", self.label));
        self.doubt.get_or_insert(condition);
    }

    /// A field that the API does not have: strict servers refuse it, others drop it.
    pub(crate) fn check_keys(&mut self, field: Field<'_>, known: &[&str]) {
        let Field::Present(node) = field else { return };
        for entry in node.entries().iter().filter(|entry| !known.contains(&&*entry.key)) {
            let message = format!("`{}` is not a field that belongs here (in `{}`)", entry.key, self.label);
            self.refused(Diagnostic::error("field-unknown", message), entry.node.location());
        }
    }
}

/// A port number.
pub(crate) fn port_number(node: &Node) -> Option<u16> {
    node.as_int().and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0)
}
