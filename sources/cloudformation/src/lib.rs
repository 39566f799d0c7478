//! CloudFormation templates into resources.
//!
//! ```text
//! template ─▶ sections ─▶ stack: parameters, mappings, conditions, names ─▶ exports of all stacks
//!                 └─▶ resources ─▶ intrinsic functions evaluated in place ─▶ `Resource`s
//! ```
//!
//! All templates of a run are read together, so that `Fn::ImportValue` finds the exports of the others.
//! A document is consumed: property trees are evaluated in place and never copied.
//!
//! INVARIANT: what cannot be known is unresolved with its cause, never absent and never a guess. This
//! holds for conditions too: they are three-valued, and a part whose condition is not known is
//! unresolved as a whole.

mod condition;
mod evaluate;
mod export;
mod for_each;
mod function;
mod input;
mod nested;
mod parameter;
mod parameters_file;
mod policy;
#[doc(hidden)]
pub mod property;
mod record;
mod resource;
mod shape;
mod stack;
mod suggest;
mod template;

use ringfence_model::{Diagnostic, Place, Resource};

use evaluate::Evaluator;
use input::Given;
pub use input::{Inputs, Parameter, Template};
pub use parameters_file::parameters_file;
use record::Record;
use stack::World;
use template::Sections;
pub use template::recognises;

/// The resources of all templates, in source order, and what could not be read or evaluated.
pub fn read(templates: Vec<Template>, inputs: &Inputs) -> (Vec<Resource>, Vec<Diagnostic>) {
    let mut record = Record::new(templates.len());
    let mut world = World::new();
    let given = Given::of(inputs);
    let mut rests = Vec::with_capacity(templates.len());
    for template in templates {
        let place = Place {
            account: template.account.or_else(|| inputs.account.clone()),
            region: template.region.or_else(|| inputs.region.clone()),
            ..Place::default()
        };
        world.templates.add(world.stacks.len(), &template.path, &template.stack);
        let mut sections = Sections::of(template.document, &mut record);
        world.add(template.stack, place, &mut sections, &given, &mut record);
        rests.push((sections.conditions, sections.resources, sections.outputs));
    }
    parameter::unused(inputs, &world.stacks, &mut record);
    let (declared, outputs): (Vec<_>, Vec<_>) = rests
        .into_iter()
        .enumerate()
        .map(|(index, (conditions, resources, outputs))| {
            stack::set_conditions(&mut world, index, conditions, &mut record);
            (resource::declare(&mut world, index, resources, &mut record), outputs)
        })
        .unzip();
    world.exports = export::gather(&world, outputs, &mut record);
    let mut resources = Vec::with_capacity(declared.iter().map(Vec::len).sum());
    for (index, declared) in declared.into_iter().enumerate() {
        let mut evaluator = Evaluator::new(&world, index, &mut record);
        resource::build(&mut evaluator, declared, &mut resources);
    }
    (resources, record.finish())
}
