//! TargetGroupBindings: pods registered with a target group of a load balancer that is made elsewhere.
//!
//! Source: "TargetGroupBinding" of the AWS Load Balancer Controller. Which clients the load balancer lets
//! in, and whether it keeps their addresses, is written where the target group is made.

use ringfence_model::Field;
use ringfence_model::fact::{Clients, Entry, Facing, Front, Seen, Way};

use super::Builder;
use super::index::{Found, Kind};
use super::ingress::Backend;
use super::seen::{TargetType, through_node};
use super::service::{Service, ServicePort};
use super::value::{self, Said, text};

impl<'a> Builder<'a> {
    pub(super) fn add_bindings(&mut self) {
        for binding in self.index.all(Kind::TargetGroupBinding) {
            self.add_binding(binding);
        }
    }

    fn add_binding(&mut self, binding: Found<'a>) {
        let cluster = binding.cluster();
        let mut entry = Entry {
            way: Way::TargetGroup,
            front: Front::Unknown,
            through: vec![binding.id],
            group: None,
            cluster: cluster.cloned(),
            clients: Clients::everyone(Facing::Unknown),
            addresses: self.surroundings.vpcs.balancers(cluster, Facing::Unknown, true),
            listeners: Vec::new(),
            targets: Vec::new(),
            via: Vec::new(),
            conditions: Vec::new(),
            location: binding.resource.location(),
        };
        let twice = self.index.twice(Kind::TargetGroupBinding, binding);
        self.add_conditions(&mut entry, twice);
        self.add_conditions(
            &mut entry,
            ["whom the load balancer of the target group lets in is not evaluated".to_owned()],
        );
        let target = match text(binding.field("spec.targetType"), "targetType") {
            Said::Is(text) => TargetType::parse(text),
            Said::Absent | Said::Unknown(_) => None,
        };
        let seen = |service: &Service<'a>, _: &ServicePort<'a>| {
            let either = [Seen::Client, Seen::LoadBalancer];
            let mut seen = if target == Some(TargetType::Instance) { Vec::new() } else { either.to_vec() };
            if target != Some(TargetType::Ip) {
                seen.extend(through_node(&service.external, &either));
            }
            seen.sort_unstable();
            seen.dedup();
            seen
        };
        match backend(binding) {
            Ok(backend) => self.add_backend(&mut entry, binding, &backend, seen),
            Err(why) => self.add_conditions(&mut entry, [why]),
        }
        self.push(entry);
    }
}

fn backend(binding: Found<'_>) -> Result<Backend, String> {
    let name = match text(binding.field("spec.serviceRef.name"), "serviceRef") {
        Said::Is(name) => name,
        Said::Absent => return Err("it names no Service".to_owned()),
        Said::Unknown(why) => return Err(why),
    };
    let (number, port_name, doubt) = match binding.field("spec.serviceRef.port") {
        Field::Present(node) => (value::port(node), node.as_str(), None),
        Field::Absent | Field::Unresolved(..) => {
            (None, None, Some("the port of its Service is not known".to_owned()))
        }
    };
    Ok(Backend {
        namespace: binding.resource.namespace().into(),
        name: name.into(),
        number,
        port_name: port_name.map(Into::into),
        doubts: doubt.into_iter().collect(),
    })
}
