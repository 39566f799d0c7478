//! Declared doors for the internet.

use ringfence_model::declaration::EntryPoint;
use ringfence_model::fact::Ports;
use ringfence_model::{Field, Node, Relation, ResourceId};

use super::rule;
use crate::cel::{Call, Outcome, Trouble, Value};
use crate::policy::{Doubt, Input};

pub(crate) const DECLARED_ENTRY: &str = "whether `entry-points` lists the security group of this rule, or everything that carries the group, \
     with ports that hold the rule's";

/// See [`DECLARED_ENTRY`].
pub(crate) fn declared_entry<'e>(call: &Call<'_, '_, 'e>) -> Outcome<'e> {
    let rule = call.value(0)?.as_node().ok_or(Trouble::Argument(0, "a rule"))?;
    let input = call.input;
    let Some(points) = input.world.declaration.entry_points.as_deref() else {
        return Err(Doubt::Undeclared("entry-points").into());
    };
    let ports = rule::covered(rule)?;
    if ports.is_empty() {
        // A rule without ports (ICMP) is held by no list of ports.
        return Ok(Value::Bool(false));
    }
    let listed = |id: ResourceId| permits(input, points, id, &ports);
    if listed(input.id) {
        return Ok(Value::Bool(true));
    }
    if input.resource.kind.as_str() != "AWS::EC2::SecurityGroup" {
        return apart(input, points, &ports);
    }
    let links = input.world.estate.links_to(input.id);
    let mut carriers =
        links.filter(|link| link.relation == Relation::SecurityGroup).map(|link| link.from).peekable();
    Ok(Value::Bool(carriers.peek().is_some() && carriers.all(listed)))
}

/// A rule whose group is not in the input: its carriers are not known.
fn apart<'e>(input: &Input<'_, 'e>, points: &[EntryPoint], ports: &Ports) -> Outcome<'e> {
    let group = match input.resource.body.child("GroupId") {
        Field::Unresolved(node, _) => return Err(Doubt::Unresolved(node).into()),
        field => field.present().and_then(Node::as_str),
    };
    let Some(group) = group else {
        return Err(Doubt::elsewhere("the security group of each rule", "the rule names no group").into());
    };
    let named = |point: &&EntryPoint| {
        point.resource.strip_prefix("AWS::EC2::SecurityGroup/").unwrap_or(&point.resource) == group
    };
    if holds(points.iter().filter(named), ports) {
        return Ok(Value::Bool(true));
    }
    let why = format!("security group `{group}` is not in the input");
    Err(Doubt::elsewhere(format!("the template or plan with security group `{group}`"), why).into())
}

/// Whether the entry points that name the resource permit all of `ports` together.
fn permits(input: &Input<'_, '_>, points: &[EntryPoint], id: ResourceId, ports: &Ports) -> bool {
    let estate = input.world.estate;
    let label = estate.resource(id).map(ringfence_model::Resource::label).unwrap_or_default();
    let names = |point: &&EntryPoint| *point.resource == label || estate.find(&point.resource).contains(&id);
    holds(points.iter().filter(names), ports)
}

fn holds<'a>(points: impl Iterator<Item = &'a EntryPoint>, ports: &Ports) -> bool {
    let permitted = Ports::new(points.flat_map(|point| &point.ports).map(|port| port.value).collect());
    ports.minus(&permitted).is_empty()
}
