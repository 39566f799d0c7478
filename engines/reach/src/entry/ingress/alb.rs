//! Application Load Balancers of Ingresses, each alone or shared by an IngressGroup.
//!
//! Sources: "Ingress annotations" and "IngressClass" of the AWS Load Balancer Controller. Within a group,
//! scheme, subnets and security groups are those of whoever sets them; a listener with the clients that it
//! lets in belongs to all who name its port; the rules of an Ingress hold on the ports that it names. What
//! IngressClassParams say counts before annotations.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfence_model::Text;
use ringfence_model::fact::{
    AddressRange, Clients, Entry, Facing, Front, Listener, PortRange, Protocol, Tls, Way,
};
use serde_json::Value as Json;

use super::super::Builder;
use super::super::index::{Found, Kind};
use super::super::seen::{TargetType, through_application};
use super::super::service::{Service, ServicePort, Type};
use super::super::value::{Said, annotation, parts, range_list, ranges, text};
use super::class::{Class, Controller, Params};
use super::group::Shared;
use super::{Backend, Backends, add_elsewhere, backends};

/// Prefix of the annotations.
pub(in super::super) const PREFIX: &str = "alb.ingress.kubernetes.io/";

/// An Ingress behind an Application Load Balancer.
pub(super) struct Member<'a> {
    ingress: Found<'a>,
    pub(super) class: Class<'a>,
    group: Said<&'a str>,
    /// Its ports, and whether TLS ends there.
    pub(super) listeners: Said<BTreeMap<u16, Tls>>,
    pub(super) inbound: Said<Vec<AddressRange>>,
}

/// Cluster and name of a group, or the number of an Ingress that is in none.
type Group<'a> = (Option<&'a Text>, Option<&'a str>, usize);

impl<'a> Builder<'a> {
    pub(super) fn add_albs(&mut self, ingresses: Vec<(Found<'a>, Class<'a>)>) {
        let mut groups: BTreeMap<Group<'a>, Vec<Member<'a>>> = BTreeMap::new();
        for (at, (ingress, class)) in ingresses.into_iter().enumerate() {
            let member = Member::read(ingress, class);
            let key = match member.group {
                Said::Is(group) => (ingress.cluster(), Some(group), 0),
                Said::Absent | Said::Unknown(_) => (ingress.cluster(), None, at),
            };
            groups.entry(key).or_default().push(member);
        }
        for ((_, group, _), members) in groups {
            let shared = Shared::of(&members);
            for member in &members {
                self.add_member(member, &shared, group);
            }
        }
    }

    /// One entry for each set of clients: ports may let in different ones.
    fn add_member(&mut self, member: &Member<'a>, shared: &Shared, group: Option<&str>) {
        let found = backends(member.ingress, &mut self.diagnostics);
        for (ranges, listeners) in member.doors(shared) {
            let facing = shared.facing.unwrap_or(Facing::Unknown);
            let cluster = member.ingress.cluster();
            let mut entry = Entry {
                way: Way::Ingress,
                front: Front::ApplicationLoadBalancer,
                through: vec![member.ingress.id],
                group: group.map(Text::from),
                cluster: cluster.cloned(),
                clients: Clients { ranges, facing, security_groups: shared.security_groups.clone() },
                addresses: self.surroundings.vpcs.balancers(cluster, facing, shared.picked),
                listeners,
                targets: Vec::new(),
                via: Vec::new(),
                conditions: Vec::new(),
                location: member.ingress.resource.location(),
            };
            let doubts = member.doubts().into_iter().chain(shared.doubts.clone()).chain(found.doubts.clone());
            self.add_conditions(&mut entry, doubts);
            add_elsewhere(&mut entry, &found.elsewhere);
            for backend in &found.services {
                self.add_alb_backend(&mut entry, member, backend);
            }
            self.push(entry);
        }
    }

    fn add_alb_backend(&mut self, entry: &mut Entry, member: &Member<'a>, backend: &Backend) {
        let found = self.index.named(Kind::Service, member.ingress, &backend.namespace, &backend.name);
        let targets: Vec<Said<TargetType>> =
            found.iter().map(|service| member.target_type(*service)).collect();
        let mut backend = backend.clone();
        for target in &targets {
            if let Said::Unknown(why) = target {
                backend.doubts.push(why.clone());
            }
        }
        let known = |service: &Service<'a>| member.target_type(service.found);
        let seen = |service: &Service<'a>, _: &ServicePort<'a>| {
            through_application(known(service).is(), &service.external)
        };
        let before = entry.targets.len();
        self.add_backend(entry, member.ingress, &backend, seen);
        self.doubt_instances(entry, before, &known);
    }

    /// A node port is needed where nodes are the targets.
    fn doubt_instances(
        &mut self,
        entry: &mut Entry,
        before: usize,
        known: &impl Fn(&Service<'a>) -> Said<TargetType>,
    ) {
        for target in entry.targets.iter_mut().skip(before) {
            let service = target.service.and_then(|id| self.services.get(&id));
            let Some(service) = service.filter(|one| known(one) == Said::Is(TargetType::Instance)) else {
                continue;
            };
            if service.kind == Type::ClusterIp {
                let label = service.found.resource.label();
                target.conditions.push(Arc::from(format!(
                    "`{label}` has no node port, which target type `instance` takes: the controller refuses it"
                )));
            }
        }
    }
}

impl<'a> Member<'a> {
    fn read(ingress: Found<'a>, class: Class<'a>) -> Self {
        let mut member =
            Self { ingress, group: Said::Absent, listeners: Said::Absent, inbound: Said::Absent, class };
        member.group = member.either("group.name", "group.name");
        member.listeners = member.listens();
        member.inbound = member.inbound();
        member
    }

    pub(super) fn say(&self, key: &str) -> Said<&'a str> {
        annotation(self.ingress, &format!("{PREFIX}{key}"))
    }

    /// What the parameters of the class say, else the annotation.
    pub(super) fn either(&self, parameter: &str, key: &str) -> Said<&'a str> {
        match self.class.params {
            Params::None => self.say(key),
            Params::Are(params) => {
                text(params.field(&format!("spec.{parameter}")), parameter).or(|| self.say(key))
            }
            Params::Absent => {
                Said::Unknown(format!("what the parameters of its class say of `{key}` is not known"))
            }
        }
    }

    fn inbound(&self) -> Said<Vec<AddressRange>> {
        let own = || match self.say("inbound-cidrs") {
            Said::Absent => Said::Absent,
            Said::Is(list) => ranges(parts(list).map(Said::Is), "inbound-cidrs"),
            Said::Unknown(why) => Said::Unknown(why),
        };
        match self.class.params {
            Params::None => own(),
            Params::Are(params) => range_list(params.field("spec.inboundCIDRs"), "inboundCIDRs").or(own),
            Params::Absent => Said::Unknown(
                "what the parameters of its class say of `inbound-cidrs` is not known".to_owned(),
            ),
        }
    }

    fn listens(&self) -> Said<BTreeMap<u16, Tls>> {
        match self.say("listen-ports") {
            Said::Unknown(why) => Said::Unknown(why),
            Said::Is(text) => match listen_ports(text) {
                Some(ports) => Said::Is(ports),
                None => Said::Unknown("`listen-ports` cannot be read".to_owned()),
            },
            Said::Absent => {
                let certificates = ["certificateArn", "certificateARNs"];
                let of_class = |key: &str| match self.class.params {
                    Params::Are(params) => params.field(&format!("spec.{key}")).node().is_some(),
                    Params::None | Params::Absent => false,
                };
                if certificates.into_iter().any(of_class) {
                    return Said::Is(BTreeMap::from([(443, Tls::Ends)]));
                }
                match (self.say("certificate-arn"), self.class.params) {
                    (Said::Absent, Params::Absent) => {
                        Said::Is(BTreeMap::from([(80, Tls::No), (443, Tls::Ends)]))
                    }
                    (Said::Absent, _) => Said::Is(BTreeMap::from([(80, Tls::No)])),
                    _ => Said::Is(BTreeMap::from([(443, Tls::Ends)])),
                }
            }
        }
    }

    /// The listeners by the clients that they let in.
    fn doors(&self, shared: &Shared) -> Vec<(Vec<AddressRange>, Vec<Listener>)> {
        let everyone = AddressRange::everything().to_vec();
        let Said::Is(ports) = &self.listeners else {
            let port = PortRange { protocol: Protocol::Tcp, start: 1, end: u16::MAX };
            return vec![(everyone, vec![Listener { port, tls: Tls::Unknown }])];
        };
        let mut doors: BTreeMap<Vec<AddressRange>, Vec<Listener>> = BTreeMap::new();
        for (port, tls) in ports.iter().filter(|(_, tls)| !shared.redirects || **tls != Tls::No) {
            let ranges = match shared.security_groups.is_empty() {
                true => shared.inbound.get(port).cloned().unwrap_or_else(|| everyone.clone()),
                false => everyone.clone(),
            };
            let port = PortRange { protocol: Protocol::Tcp, start: *port, end: *port };
            doors.entry(ranges).or_default().push(Listener { port, tls: *tls });
        }
        doors.into_iter().collect()
    }

    fn target_type(&self, service: Found<'_>) -> Said<TargetType> {
        let parse = |said: Said<&str>| match said {
            Said::Absent => Said::Absent,
            Said::Unknown(why) => Said::Unknown(why),
            Said::Is(text) => TargetType::parse(text).map_or_else(
                || Said::Unknown("`target-type` is neither `ip` nor `instance`".to_owned()),
                Said::Is,
            ),
        };
        let of_class = match self.class.params {
            Params::None => Said::Absent,
            Params::Are(params) => parse(text(params.field("spec.targetType"), "targetType")),
            Params::Absent => {
                Said::Unknown("what the parameters of its class say of `target-type` is not known".to_owned())
            }
        };
        let of_service = || parse(annotation(service, &format!("{PREFIX}target-type")));
        let default = || match self.class.controller {
            Controller::AutoMode => {
                Said::Unknown("which target type EKS Auto Mode takes is not written".to_owned())
            }
            _ => Said::Is(TargetType::Instance),
        };
        of_class.or(of_service).or(|| parse(self.say("target-type"))).or(default)
    }

    fn doubts(&self) -> Vec<String> {
        let mut doubts = self.class.doubts.clone();
        for unknown in [self.group.clone().map(|_| ()), self.listeners.clone().map(|_| ())] {
            if let Said::Unknown(why) = unknown {
                doubts.push(why);
            }
        }
        doubts
    }
}

/// `[{"HTTP": 80}, {"HTTPS": 443}]`.
fn listen_ports(text: &str) -> Option<BTreeMap<u16, Tls>> {
    let json: Json = serde_json::from_str(text).ok()?;
    let mut ports = BTreeMap::new();
    for (protocol, port) in
        json.as_array()?.iter().map(Json::as_object).collect::<Option<Vec<_>>>()?.into_iter().flatten()
    {
        let port = port.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)?;
        let tls = match protocol.as_str() {
            "HTTP" => Tls::No,
            "HTTPS" => Tls::Ends,
            _ => return None,
        };
        ports.insert(port, tls);
    }
    (!ports.is_empty()).then_some(ports)
}

/// The value of a key, in whatever case: the controller is written in Go, which does not mind.
fn get<'j>(json: &'j Json, key: &str) -> Option<&'j Json> {
    let entries = json.as_object()?.iter();
    entries.filter(|(there, _)| there.eq_ignore_ascii_case(key)).map(|(_, value)| value).next()
}

/// What an action leads to; `None` where it cannot be read.
pub(super) fn action(text: &str, namespace: &str) -> Option<Backends> {
    let json: Json = serde_json::from_str(text).ok()?;
    let kind = get(&json, "type")?.as_str()?;
    let mut backends = Backends::default();
    if !kind.eq_ignore_ascii_case("forward") {
        // A fixed response, or a word to go elsewhere.
        let known = ["fixed-response", "redirect"].iter().any(|one| kind.eq_ignore_ascii_case(one));
        return known.then_some(backends);
    }
    if get(&json, "targetGroupARN").is_some() {
        backends.elsewhere.push("a target group that is made elsewhere".into());
        return Some(backends);
    }
    for group in get(get(&json, "forwardConfig")?, "targetGroups")?.as_array()? {
        let Some(name) = get(group, "serviceName").and_then(Json::as_str) else {
            backends.elsewhere.push("a target group that is made elsewhere".into());
            continue;
        };
        let port = get(group, "servicePort");
        let written = port.and_then(Json::as_str);
        let number = port.and_then(Json::as_u64).and_then(|number| u16::try_from(number).ok());
        let number = number.or(written.and_then(|text| text.parse().ok()));
        let port_name = written.filter(|_| number.is_none()).map(Text::from);
        let namespace = namespace.into();
        backends.services.push(Backend {
            namespace,
            name: name.into(),
            number,
            port_name,
            doubts: Vec::new(),
        });
    }
    Some(backends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_ports_are_json() {
        let ports = |text: &str| listen_ports(text).map(|ports| ports.into_iter().collect::<Vec<_>>());
        assert_eq!(ports(r#"[{"HTTP": 80}, {"HTTPS": 443}]"#), Some(vec![(80, Tls::No), (443, Tls::Ends)]));
        assert_eq!(ports(r#"[{"HTTP": 80, "HTTPS": 8443}]"#), Some(vec![(80, Tls::No), (8443, Tls::Ends)]));
        for bad in ["", "[]", "80", r#"[{"TCP": 80}]"#, r#"[{"HTTP": 0}]"#, r#"[{"HTTP": "80"}]"#, "[1]"] {
            assert_eq!(ports(bad), None, "{bad}");
        }
    }

    #[test]
    fn actions_lead_to_services_or_nowhere() {
        let found = |text: &str| {
            action(text, "shop").map(|found| {
                let name = |one: &Backend| {
                    format!("{}/{} {:?} {:?}", one.namespace, one.name, one.number, one.port_name.as_deref())
                };
                (found.services.iter().map(name).collect::<Vec<_>>(), found.elsewhere.len())
            })
        };
        let forward = r#"{"Type":"forward","ForwardConfig":{"TargetGroups":[
            {"ServiceName":"a","ServicePort":"http"},{"serviceName":"b","servicePort":80},{"serviceName":"c","servicePort":"81"},
            {"targetGroupARN":"x"}]}}"#;
        let services = [r#"shop/a None Some("http")"#, "shop/b Some(80) None", "shop/c Some(81) None"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(found(forward), Some((services, 1)));
        assert_eq!(found(r#"{"type":"forward","targetGroupARN":"x"}"#), Some((vec![], 1)));
        assert_eq!(found(r#"{"type":"fixed-response"}"#), Some((vec![], 0)));
        for bad in ["", "{}", r#"{"type":"other"}"#, r#"{"type":"forward"}"#] {
            assert_eq!(found(bad), None, "{bad}");
        }
    }
}
