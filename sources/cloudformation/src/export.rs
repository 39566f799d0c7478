//! Exports of all stacks, for `Fn::ImportValue`.

use ringfence_model::{Diagnostic, Entry, Location, Node, Place, Text, Value};
use rustc_hash::FxHashMap;

use crate::evaluate::Evaluator;
use crate::record::Record;
use crate::stack::World;

/// Exports by name. A name is unique in one account and region, so one run may see it several times.
#[derive(Debug, Default)]
pub(crate) struct Exports(FxHashMap<Text, Vec<Export>>);

/// A value that a stack exports.
#[derive(Debug)]
pub(crate) struct Export {
    pub(crate) stack: usize,
    /// As written; it is evaluated in its own stack when somebody imports it.
    pub(crate) value: Node,
    place: Place,
    /// Another stack of that place exports the name too, so an import does not say which it means.
    ambiguous: bool,
    location: Option<Location>,
}

impl Exports {
    /// What an import of `name` at `place` means: the only export that may be there, else the only one
    /// that surely is.
    pub(crate) fn find(&self, name: &str, place: &Place) -> Option<&Export> {
        let exports = self.0.get(name)?;
        let mut possible = exports.iter().filter(|one| may_be_one(&one.place, place));
        let found = match (possible.next(), possible.next()) {
            (one, None) => one,
            _ => exports.iter().find(|one| one.place == *place),
        };
        found.filter(|one| !one.ambiguous)
    }

    fn add(&mut self, name: Text, export: Export, record: &mut Record) {
        let exports = self.0.entry(name.clone()).or_default();
        let Some(first) = exports.iter_mut().find(|one| one.place == export.place) else {
            exports.push(export);
            return;
        };
        first.ambiguous = true;
        record.report(
            Diagnostic::warning(
                "duplicate-export",
                format!("export `{name}` is defined twice, so imports of it are not known"),
            )
            .at(export.location)
            .related(first.location, "defined here first")
            .help("assess one environment at a time, or say the account and region of each"),
        );
    }
}

/// Whether two places may be the same account and region.
fn may_be_one(one: &Place, other: &Place) -> bool {
    let same = |one: &Option<Text>, other: &Option<Text>| one.is_none() || other.is_none() || one == other;
    same(&one.account, &other.account) && same(&one.region, &other.region)
}

/// The exports below `Outputs` of each stack. One whose name cannot be known imports nothing.
pub(crate) fn gather(world: &World, outputs: Vec<Vec<Entry>>, record: &mut Record) -> Exports {
    let mut exports = Exports::default();
    for (index, entries) in outputs.into_iter().enumerate() {
        let mut evaluator = Evaluator::new(world, index, record);
        let (entries, _) = evaluator.expand(entries);
        for entry in entries {
            if let Some((name, export)) = evaluator.export(entry) {
                exports.add(name, export, evaluator.record);
            }
        }
    }
    exports
}

impl Evaluator<'_> {
    /// The export of one output: none without a name, nor where its condition is false. Where the condition
    /// is not known the value still holds, because an import only works if the export is there.
    fn export(&mut self, Entry { key: _, node }: Entry) -> Option<(Text, Export)> {
        let location = node.location();
        let Value::Map(mut map) = node.value else { return None };
        let Value::Map(mut export) = map.remove("Export")?.value else { return None };
        let mut name = export.remove("Name")?;
        self.at = location;
        let condition = map.get("Condition").and_then(Node::as_str).map(|name| self.condition(name));
        if condition == Some(Ok(false)) || !self.node(&mut name) {
            return None;
        }
        let name = crate::shape::scalar(&name.value)?;
        let value = map.remove("Value")?;
        let place = self.stack()?.place.clone();
        Some((name, Export { stack: self.index, value, place, ambiguous: false, location }))
    }
}
