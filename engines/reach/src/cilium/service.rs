//! `toServices`: the pods behind Services of Kubernetes, or the addresses of one without a selector.
//!
//! Source: `pkg/policy/k8s/service.go`.

use ringfence_model::selector::Selector;
use ringfence_model::{Field, Labels, Node, Resource, Text};

use super::entity::{Peers, outside_of};
use super::rule::RuleReader;
use crate::address::Span;
use crate::policy::{PeerSpec, Scope};

impl<'e> RuleReader<'_, '_, 'e> {
    pub(super) fn select_services(&mut self, item: &Node, peers: &mut Peers) {
        self.base.check_keys(item.as_field(), &["k8sService", "k8sServiceSelector"]);
        let found = match (item.field("k8sServiceSelector"), item.field("k8sService")) {
            (Field::Present(selector), _) => self.services_with(selector),
            (Field::Absent, Field::Present(named)) => self.services_called(named),
            _ => None,
        };
        // Which Services there are besides is not known; a rule that finds none may open everything.
        let Some(found) = found.filter(|found| !found.is_empty()) else {
            return peers.specs.push(PeerSpec::Unknown(self.base.unknown("toServices", item)));
        };
        for service in found {
            let spec = self.behind(service);
            peers.specs.push(spec);
        }
    }

    fn services_called(&self, named: &Node) -> Option<Vec<&'e Resource>> {
        let (name, namespace) = (known(named, "serviceName")?, known(named, "namespace")?);
        let services = self.around.services(self.base.cluster).iter().copied();
        let is_it = |service: &&Resource| {
            service.name == name && (namespace.is_empty() || service.namespace() == namespace)
        };
        Some(services.filter(is_it).collect())
    }

    fn services_with(&self, selector: &Node) -> Option<Vec<&'e Resource>> {
        let namespace = known(selector, "namespace")?;
        let mut wanted = Selector::read(selector.field("selector"))?;
        // Whatever source a label is written with, that of the Service is meant.
        for requirement in &mut wanted.requirements {
            if let Some((_, key)) = requirement.key.split_once(':') {
                requirement.key = key.into();
            }
        }
        let mut found = Vec::new();
        for service in self.around.services(self.base.cluster) {
            if !namespace.is_empty() && service.namespace() != namespace {
                continue;
            }
            if wanted.matches(&Labels::of(&service.body))? {
                found.push(*service);
            }
        }
        Some(found)
    }

    /// Whom a Service leads to.
    fn behind(&mut self, service: &Resource) -> PeerSpec {
        match service.body.field("spec.selector") {
            Field::Present(labels) if !labels.entries().is_empty() => {
                let pods = Selector::of_labels(labels);
                let pods = self.base.pod_selector(pods);
                let namespace = Text::from(service.namespace());
                let namespace = self.base.reading.namespaces.id(service.place.cluster.as_ref(), &namespace);
                PeerSpec::Pods(self.base.reading.sets.id(Scope::Within(namespace), pods))
            }
            Field::Unresolved(node, _) => PeerSpec::Unknown(self.base.unknown("selector", node)),
            Field::Present(_) | Field::Absent => self.addresses_of(service),
        }
    }

    /// The addresses of a Service without a selector, which match what is outside alone.
    fn addresses_of(&mut self, service: &Resource) -> PeerSpec {
        let kinds =
            ["discovery.k8s.io/v1/EndpointSlice", "discovery.k8s.io/v1beta1/EndpointSlice", "v1/Endpoints"];
        let ids = kinds.iter().flat_map(|kind| self.around.estate.of_kind(kind));
        let all = ids.filter_map(|id| self.around.estate.resource(*id));
        let of_service = all.filter(|slice| {
            let named = Labels::of(&slice.body);
            let name = named.get("kubernetes.io/service-name").unwrap_or(&slice.name);
            name == service.name.as_str()
                && slice.namespace() == service.namespace()
                && slice.place.cluster == service.place.cluster
        });
        let mut spans = Vec::new();
        for slice in of_service {
            let lists = ["endpoints", "subsets"].into_iter().filter_map(|key| slice.body.get(key));
            for endpoint in lists.flat_map(Node::items) {
                let addresses = endpoint.get("addresses").map(Node::items).unwrap_or_default();
                let text = |node: &Node| node.as_str().or(node.text("ip")).and_then(Span::parse);
                spans.extend(addresses.iter().filter_map(text));
            }
        }
        if spans.is_empty() {
            let why = format!("which addresses Service `{}` has is not known", service.label());
            return outside_of(
                self.base.cluster,
                Some(self.base.reading.conditions.id(&why)),
                self.base.reading,
            );
        }
        spans.sort_unstable();
        spans.dedup();
        PeerSpec::Block(self.base.reading.blocks.id(spans), None)
    }
}

/// The text of a field, empty where it is absent; `None` where it is not known.
fn known<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    match node.field(key) {
        Field::Absent => Some(""),
        Field::Unresolved(..) => None,
        Field::Present(node) => node.as_str(),
    }
}
