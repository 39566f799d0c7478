//! Load balancers of Services, as the controllers that make them on EKS read the annotations.
//!
//! Sources: "Service annotations" and "Network Load Balancer" of the AWS Load Balancer Controller;
//! "The Service Controller" of cloud-provider-aws, which is the one built into the control plane; "Use
//! Service Annotations to configure Network Load Balancers" of the EKS user guide (Auto Mode); "Edit
//! target group attributes" of the Network Load Balancer guide (client IP preservation).
//!
//! The controllers disagree in their defaults: the built-in one makes internet-facing load balancers, the
//! add-on internal ones. Where it is not known which one acts, the scheme is known only where both agree.

use ringfence_model::Text;
use ringfence_model::fact::{AddressRange, Clients, Facing, Front, Listener, Seen, Tls};

use super::index::Found;
use super::seen::{TargetType, through_network, through_node};
use super::service::{Service, ServicePort, Traffic};
use super::surroundings::Surroundings;
use super::value::{Said, annotation, pairs, parts, range_list, ranges, text, truth};

/// Prefix of the annotations.
const PREFIX: &str = "service.beta.kubernetes.io/";

/// Who makes the load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    /// The AWS Load Balancer Controller.
    Controller,
    /// EKS Auto Mode.
    AutoMode,
    /// The cloud provider of the control plane: a Network Load Balancer.
    BuiltIn,
    /// The first, or the cloud provider, which then makes a Classic Load Balancer: no class, no type, and no
    /// sign of either.
    Unsaid,
    /// None of AWS.
    Other,
}

/// A load balancer.
#[derive(Clone, Debug)]
pub(super) struct Balancer {
    pub(super) front: Front,
    pub(super) clients: Clients,
    /// Whether its subnets are picked by hand.
    pub(super) picked: bool,
    pub(super) doubts: Vec<String>,
    maker: Maker,
    target: Option<TargetType>,
    preserve: Said<bool>,
}

impl Balancer {
    /// The load balancer of a Service.
    pub(super) fn read(service: &Service<'_>, surroundings: &Surroundings) -> Self {
        let mut reader = Reader { found: service.found, doubts: Vec::new() };
        let maker = reader.maker(surroundings);
        let facing = reader.facing(maker);
        let clients = Clients { facing, ..reader.clients(maker) };
        let target = reader.target(maker);
        let picked = !reader.say("aws-load-balancer-subnets").is_absent();
        let preserve = reader.preserve();
        let front = match maker {
            Maker::Controller | Maker::AutoMode | Maker::BuiltIn => Front::NetworkLoadBalancer,
            Maker::Unsaid | Maker::Other => Front::Unknown,
        };
        Self { front, clients, picked, doubts: reader.doubts, maker, target, preserve }
    }

    /// What a pod behind `port` takes for the source; several where it is not known which.
    pub(super) fn seen(&self, external: &Traffic, port: &ServicePort<'_>) -> Vec<Seen> {
        if self.maker == Maker::Other {
            // Whoever it is: it may keep the source, stand in for it, or send by way of a node.
            return vec![Seen::Client, Seen::LoadBalancer, Seen::Node];
        }
        let network = through_network(self.target, &self.preserve, external, port.protocol);
        let classic = through_node(external, &[Seen::LoadBalancer]);
        if self.maker != Maker::Unsaid {
            return network;
        }
        let mut either: Vec<Seen> = network.into_iter().chain(classic).collect();
        either.sort_unstable();
        either.dedup();
        either
    }

    /// Where the load balancer listens for `port`.
    pub(super) fn listeners(&self, service: &Service<'_>, port: &ServicePort<'_>) -> Vec<Listener> {
        let tls = self.tls(service, port);
        port.listens().into_iter().map(|port| Listener { port, tls }).collect()
    }

    fn tls(&self, service: &Service<'_>, port: &ServicePort<'_>) -> Tls {
        let say = |key: &str| annotation(service.found, &format!("{PREFIX}{key}"));
        let certificate = say("aws-load-balancer-ssl-cert");
        if self.maker == Maker::Other {
            return Tls::Unknown;
        }
        let ports = match (certificate, say("aws-load-balancer-ssl-ports")) {
            (Said::Absent, _) => return Tls::No,
            (Said::Unknown(_), _) | (_, Said::Unknown(_)) => return Tls::Unknown,
            (Said::Is(_), Said::Absent) => return Tls::Ends,
            (Said::Is(_), Said::Is(ports)) => ports,
        };
        // `*` stands for every port with the built-in controller, and for none with the other.
        let any = matches!(self.maker, Maker::BuiltIn | Maker::Unsaid);
        let is_it = |part: &str| {
            part == "*" && any
                || Some(part) == port.name
                || part.parse().ok() == port.number && port.number.is_some()
        };
        if parts(ports).any(is_it) { Tls::Ends } else { Tls::No }
    }
}

struct Reader<'a> {
    found: Found<'a>,
    doubts: Vec<String>,
}

impl<'a> Reader<'a> {
    fn say(&self, key: &str) -> Said<&'a str> {
        annotation(self.found, &format!("{PREFIX}{key}"))
    }

    fn maker(&mut self, surroundings: &Surroundings) -> Maker {
        let class = text(self.found.field("spec.loadBalancerClass"), "loadBalancerClass");
        match class {
            Said::Is("service.k8s.aws/nlb") => return Maker::Controller,
            Said::Is("eks.amazonaws.com/nlb") => return Maker::AutoMode,
            Said::Is(class) => {
                self.doubts.push(format!("what load balancers of class `{class}` are is not known"));
                return Maker::Other;
            }
            Said::Unknown(why) => {
                self.doubts.push(why);
                return Maker::Other;
            }
            Said::Absent => {}
        }
        match self.say("aws-load-balancer-type") {
            Said::Is("external" | "nlb-ip") => Maker::Controller,
            Said::Is("nlb") => Maker::BuiltIn,
            Said::Unknown(why) => {
                self.doubts.push(why);
                Maker::Unsaid
            }
            Said::Absent | Said::Is(_) => self.unsaid(surroundings),
        }
    }

    fn unsaid(&self, surroundings: &Surroundings) -> Maker {
        let cluster = self.found.cluster();
        if surroundings.is_auto_mode(cluster) {
            Maker::AutoMode
        } else if surroundings.has_service_webhook(cluster) {
            Maker::Controller
        } else {
            Maker::Unsaid
        }
    }

    fn facing(&mut self, maker: Maker) -> Facing {
        let facing = match maker {
            Maker::Controller | Maker::AutoMode => self.scheme(),
            Maker::BuiltIn => self.built_in_scheme(),
            Maker::Other => Said::Unknown("its scheme is not known".to_owned()),
            Maker::Unsaid => match (self.scheme(), self.built_in_scheme()) {
                (Said::Is(one), Said::Is(other)) if one == other => Said::Is(one),
                (Said::Unknown(why), _) | (_, Said::Unknown(why)) => Said::Unknown(why),
                _ => Said::Unknown(
                    "which controller makes the load balancer is not known: the built-in one makes it \
                     internet-facing, the AWS Load Balancer Controller internal"
                        .to_owned(),
                ),
            },
        };
        match facing {
            Said::Is(facing) => facing,
            Said::Absent => Facing::Unknown,
            Said::Unknown(why) => {
                self.doubts.push(why);
                Facing::Unknown
            }
        }
    }

    /// As the AWS Load Balancer Controller reads it: internal unless it is said (from 2.2.0 on).
    fn scheme(&self) -> Said<Facing> {
        let scheme = match self.say("aws-load-balancer-scheme") {
            Said::Is("internal") => Said::Is(Facing::Internal),
            Said::Is("internet-facing") => Said::Is(Facing::Internet),
            Said::Is(_) => Said::Unknown(
                "`aws-load-balancer-scheme` is neither `internal` nor `internet-facing`".to_owned(),
            ),
            Said::Absent => Said::Absent,
            Said::Unknown(why) => Said::Unknown(why),
        };
        scheme.or(|| match self.say("aws-load-balancer-internal") {
            Said::Absent => Said::Is(Facing::Internal),
            Said::Unknown(why) => Said::Unknown(why),
            Said::Is(text) => match truth(text, "aws-load-balancer-internal") {
                Said::Is(true) => Said::Is(Facing::Internal),
                Said::Is(false) => Said::Is(Facing::Internet),
                other => other.map(|_| Facing::Unknown),
            },
        })
    }

    /// As the built-in controller reads it: internet-facing unless `internal` is set to anything but false.
    fn built_in_scheme(&self) -> Said<Facing> {
        match self.say("aws-load-balancer-internal") {
            Said::Absent | Said::Is("" | "false") => Said::Is(Facing::Internet),
            Said::Is(_) => Said::Is(Facing::Internal),
            Said::Unknown(why) => Said::Unknown(why),
        }
    }

    fn clients(&mut self, maker: Maker) -> Clients {
        let mut clients = Clients::everyone(Facing::Unknown);
        let aws = matches!(maker, Maker::Controller | Maker::AutoMode | Maker::Unsaid);
        match self.say("aws-load-balancer-security-groups") {
            Said::Is(groups) if aws => {
                clients.security_groups = parts(groups).map(Text::from).collect();
                self.doubts.push("which clients its security groups let in is not evaluated".to_owned());
                return clients;
            }
            Said::Unknown(why) if aws => {
                self.doubts.push(why);
                return clients;
            }
            _ => {}
        }
        if !self.say("aws-load-balancer-security-group-prefix-lists").is_absent() && aws {
            self.doubts.push("which clients its prefix lists let in is not evaluated".to_owned());
            return clients;
        }
        match self.source_ranges() {
            Said::Absent => {}
            Said::Is(ranges) => clients.ranges = ranges,
            Said::Unknown(why) => self.doubts.push(why),
        }
        clients
    }

    /// The field counts before the annotation.
    fn source_ranges(&self) -> Said<Vec<AddressRange>> {
        range_list(self.found.field("spec.loadBalancerSourceRanges"), "loadBalancerSourceRanges").or(|| {
            let key = "load-balancer-source-ranges";
            match self.say(key) {
                Said::Absent => Said::Absent,
                Said::Is(list) => ranges(parts(list).map(Said::Is), key),
                Said::Unknown(why) => Said::Unknown(why),
            }
        })
    }

    /// `None` where it is not known.
    fn target(&mut self, maker: Maker) -> Option<TargetType> {
        let key = "aws-load-balancer-nlb-target-type";
        if self.say("aws-load-balancer-type") == Said::Is("nlb-ip") {
            return Some(TargetType::Ip);
        }
        match (maker, self.say(key)) {
            (Maker::BuiltIn, _) => Some(TargetType::Instance),
            (Maker::Other, _) => None,
            (Maker::Controller | Maker::Unsaid, Said::Absent) => Some(TargetType::Instance),
            (Maker::AutoMode, Said::Absent) => {
                self.doubts.push("which target type EKS Auto Mode takes is not written".to_owned());
                None
            }
            (_, Said::Unknown(why)) => {
                self.doubts.push(why);
                None
            }
            (_, Said::Is(text)) => match TargetType::parse(text) {
                // The built-in controller does not know the annotation.
                Some(TargetType::Ip) if maker == Maker::Unsaid => None,
                Some(target) => Some(target),
                None => {
                    self.doubts.push(format!("`{key}` is neither `ip` nor `instance`"));
                    None
                }
            },
        }
    }

    fn preserve(&self) -> Said<bool> {
        match self.say("aws-load-balancer-target-group-attributes") {
            Said::Absent => Said::Absent,
            Said::Unknown(why) => Said::Unknown(why),
            Said::Is(list) => match pairs(list).get("preserve_client_ip.enabled") {
                None => Said::Absent,
                Some(value) => truth(value, "preserve_client_ip.enabled"),
            },
        }
    }
}
