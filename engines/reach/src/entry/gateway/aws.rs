//! Gateways of the AWS Load Balancer Controller: who may connect, and how pods are spoken to.
//!
//! Sources: "LoadBalancerConfiguration" and "TargetGroupConfiguration" of the AWS Load Balancer Controller.
//! The configuration of the class counts before that of the Gateway unless it says `prefer-gateway`.

use ringfence_model::fact::{Clients, Entry, Facing, Front};
use ringfence_model::{Field, Node, Text};

use super::super::Builder;
use super::super::index::{Found, Index, Kind};
use super::super::ingress::Backend;
use super::super::seen::{TargetType, through_application, through_network};
use super::super::value::{Said, range_list, text, truth};

/// What the configurations of a Gateway and its class say.
#[derive(Clone, Debug)]
pub(super) struct Configuration<'a> {
    pub(super) clients: Clients,
    /// Whether the subnets are picked by hand.
    pub(super) picked: bool,
    /// Defaults for target groups, the first that says something counts.
    defaults: Vec<Found<'a>>,
    /// Whether a configuration is named but not in the input.
    missing: bool,
}

/// The configurations that count, the first before the second.
fn configurations<'a>(
    index: &Index<'a>,
    gateway: Found<'a>,
    class: Found<'a>,
    doubts: &mut Vec<String>,
) -> (Vec<Found<'a>>, bool) {
    let mut missing = false;
    let mut find = |of: Found<'a>, path: &str, namespace: Option<&str>| {
        let reference = match of.field(path) {
            Field::Absent => return None,
            Field::Unresolved(..) => None,
            Field::Present(node) => Some(node),
        };
        let found = reference.and_then(|node| {
            let namespace = node.text("namespace").or(namespace).unwrap_or_default();
            let name = node.text("name")?;
            index.named(Kind::LoadBalancerConfiguration, gateway, namespace, name).first().copied()
        });
        if found.is_none() {
            missing = true;
        }
        found
    };
    let own = find(gateway, "spec.infrastructure.parametersRef", Some(gateway.resource.namespace()));
    let of_class = find(class, "spec.parametersRef", None);
    if missing {
        doubts.push("a LoadBalancerConfiguration is not in the input".to_owned());
    }
    let prefers_own =
        of_class.is_some_and(|one| one.resource.body.text("spec.mergingMode") == Some("prefer-gateway"));
    let both = if prefers_own { [own, of_class] } else { [of_class, own] };
    (both.into_iter().flatten().collect(), missing)
}

impl<'a> Configuration<'a> {
    pub(super) fn of(
        index: &Index<'a>,
        gateway: Found<'a>,
        class: Found<'a>,
        doubts: &mut Vec<String>,
    ) -> Self {
        let (all, missing) = configurations(index, gateway, class, doubts);
        let first = |key: &str| {
            all.iter().map(|one| one.field(&format!("spec.{key}"))).find(|field| *field != Field::Absent)
        };
        let mut clients = Clients::everyone(Facing::Unknown);
        let scheme = first("scheme").map_or(Said::Absent, |field| text(field, "scheme"));
        clients.facing = match scheme {
            _ if missing => Facing::Unknown,
            Said::Absent | Said::Is("internal") => Facing::Internal,
            Said::Is("internet-facing") => Facing::Internet,
            Said::Is(_) => {
                doubts.push("`scheme` is neither `internal` nor `internet-facing`".to_owned());
                Facing::Unknown
            }
            Said::Unknown(why) => {
                doubts.push(why);
                Facing::Unknown
            }
        };
        for (key, what) in [("securityGroups", "security groups"), ("securityGroupPrefixes", "prefix lists")]
        {
            if let Some(field) = first(key) {
                let named =
                    field.present().map(Node::items).unwrap_or_default().iter().filter_map(Node::as_str);
                clients.security_groups.extend(named.map(Text::from));
                doubts.push(format!("which clients its {what} let in is not evaluated"));
            }
        }
        match first("sourceRanges").map_or(Said::Absent, |field| range_list(field, "sourceRanges")) {
            Said::Is(ranges) if clients.security_groups.is_empty() && !missing => clients.ranges = ranges,
            Said::Absent | Said::Is(_) => {}
            Said::Unknown(why) => doubts.push(why),
        }
        let picked =
            first("loadBalancerSubnets").or(first("loadBalancerSubnetsSelector")).is_some() || missing;
        let defaults = all.iter().filter_map(|one| {
            let name = one.resource.body.text("spec.defaultTargetGroupConfiguration.name")?;
            let namespace = one.resource.namespace();
            index.named(Kind::TargetGroupConfiguration, gateway, namespace, name).first().copied()
        });
        let defaults = defaults.collect();
        Self { clients, picked, defaults, missing }
    }
}

/// What target groups of one Service are told.
struct Group {
    target: Option<TargetType>,
    preserve: Said<bool>,
    doubts: Vec<String>,
}

impl<'a> Builder<'a> {
    /// Adds what is behind a backend of a Gateway that a load balancer of AWS serves.
    pub(super) fn add_configured(
        &mut self,
        entry: &mut Entry,
        route: Found<'a>,
        backend: &Backend,
        configuration: &Configuration<'a>,
    ) {
        let group = self.group(route, backend, configuration);
        let backend = Backend {
            doubts: backend.doubts.iter().cloned().chain(group.doubts.clone()).collect(),
            ..backend.clone()
        };
        let network = entry.front == Front::NetworkLoadBalancer;
        self.add_backend(entry, route, &backend, |service, port| match network {
            true => through_network(group.target, &group.preserve, &service.external, port.protocol),
            false => through_application(group.target, &service.external),
        });
    }

    /// By the Service's own configuration, else the defaults of the Gateway, else of the controller.
    fn group(&self, route: Found<'a>, backend: &Backend, configuration: &Configuration<'a>) -> Group {
        let mut properties: Vec<&Node> = Vec::new();
        let all = self.index.within(Kind::TargetGroupConfiguration, route, &backend.namespace);
        let own = all.into_iter().filter(|one| {
            let kind = one.resource.body.text("spec.targetReference.kind");
            one.resource.body.text("spec.targetReference.name") == Some(backend.name.as_str())
                && kind.is_none_or(|kind| kind == "Service")
        });
        for one in own.chain(configuration.defaults.iter().copied()) {
            properties.extend(of_route(one, route));
            properties.extend(one.field("spec.defaultConfiguration").node());
        }
        let mut group =
            Group { target: Some(TargetType::Instance), preserve: Said::Absent, doubts: Vec::new() };
        let said = properties.iter().map(|node| text(node.field("targetType"), "targetType"));
        match said.into_iter().find(|said| !said.is_absent()).unwrap_or(Said::Absent) {
            Said::Absent if configuration.missing => group.target = None,
            Said::Absent => {}
            Said::Is(text) => group.target = TargetType::parse(text),
            Said::Unknown(why) => {
                group.target = None;
                group.doubts.push(why);
            }
        }
        if group.target.is_none() && group.doubts.is_empty() {
            group.doubts.push("its target type is not known".to_owned());
        }
        let attributes =
            properties.iter().filter_map(|node| node.get("targetGroupAttributes")).flat_map(Node::items);
        let preserve =
            attributes.into_iter().find(|one| one.text("key") == Some("preserve_client_ip.enabled"));
        if let Some(value) = preserve.map(|one| text(one.field("value"), "preserve_client_ip.enabled")) {
            group.preserve = match value {
                Said::Is(text) => truth(text, "preserve_client_ip.enabled"),
                Said::Absent => Said::Absent,
                Said::Unknown(why) => Said::Unknown(why),
            };
        }
        group
    }
}

/// What a configuration says of one route: the most specific that fits.
fn of_route<'a>(configuration: Found<'a>, route: Found<'_>) -> Option<&'a Node> {
    let list = configuration.field("spec.routeConfigurations").present()?.items();
    let fits = |one: &&Node| {
        let says = |key: &str, wanted: &str| {
            one.text(&format!("routeIdentifier.{key}"))
                .is_none_or(|there| there.is_empty() || there == wanted)
        };
        says("kind", route.resource.kind.name())
            && says("namespace", route.resource.namespace())
            && says("name", &route.resource.name)
    };
    let specific = |one: &&Node| {
        let said =
            |key: &str| one.text(&format!("routeIdentifier.{key}")).is_some_and(|text| !text.is_empty());
        (said("name"), said("namespace"))
    };
    list.iter().filter(fits).max_by_key(specific)?.get("targetGroupProps")
}
