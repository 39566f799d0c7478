//! Stacks: what the names in a template stand for.

use ringfence_model::{Cause, Diagnostic, Entry, Key, Node, Place, Text, Value};
use rustc_hash::FxHashMap;

use crate::evaluate::Evaluator;
use crate::export::Exports;
use crate::function::{Mappings, find};
use crate::input::Given;
use crate::parameter::{self, Parameter};
use crate::record::Record;
use crate::template::Sections;
use crate::{nested, suggest};

/// Transforms that are understood here: loops are expanded, includes are reported where they stand.
const UNDERSTOOD: &[&str] = &["AWS::LanguageExtensions", "AWS::Include"];

/// All stacks of a run and what surrounds them.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) stacks: Vec<Stack>,
    pub(crate) exports: Exports,
    /// What the templates are called.
    pub(crate) templates: nested::Names,
    /// How many templates have the name.
    names: FxHashMap<Text, usize>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            stacks: Vec::new(),
            exports: Exports::default(),
            templates: nested::Names::default(),
            names: FxHashMap::default(),
        }
    }

    /// Adds the stack called `name`. Its logical ids hold in the name; where another template has it, in
    /// the name with a number, because they must not mix.
    pub(crate) fn add(
        &mut self,
        name: Text,
        place: Place,
        sections: &mut Sections,
        given: &Given<'_>,
        record: &mut Record,
    ) {
        let scope = self.scope(&name);
        self.stacks.push(Stack { place, ..Stack::new(name, sections, scope, given, record) });
    }

    fn scope(&mut self, name: &Text) -> Key {
        let mut scope = name.clone();
        loop {
            let times = self.names.entry(scope.clone()).or_insert(0);
            *times += 1;
            if *times == 1 {
                return Key::from(scope.as_str());
            }
            scope = Text::from(format!("{name}#{times}"));
        }
    }
}

/// One template, as far as names go.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) name: Text,
    /// The account and region it is deployed to, as far as known.
    pub(crate) place: Place,
    /// What logical ids hold in; unlike the name it is never shared by two templates.
    pub(crate) scope: Key,
    pub(crate) parameters: FxHashMap<Key, Parameter>,
    pub(crate) mappings: Mappings,
    pub(crate) conditions: FxHashMap<Key, Node>,
    /// The logical ids.
    pub(crate) names: FxHashMap<Key, Presence>,
    /// Logical ids and types of modules, whose resources are not written in the template.
    pub(crate) modules: FxHashMap<Key, Text>,
    /// Why names may exist that are not written: a macro, an include, a loop over something unknown.
    pub(crate) open: Option<Cause>,
}

/// Whether a resource is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is, or it cannot be known.
    There,
    /// It cannot be read, which is reported where it stands.
    Broken,
    /// This condition of it is false.
    LeftOut(Text),
}

impl Stack {
    pub(crate) fn new(
        name: Text,
        sections: &mut Sections,
        scope: Key,
        given: &Given<'_>,
        record: &mut Record,
    ) -> Self {
        let parameters = parameter::declare(&name, std::mem::take(&mut sections.parameters), given, record);
        let mappings = find::mappings(std::mem::take(&mut sections.mappings), record);
        let transform = sections.transform.take().and_then(|transform| macros(&transform, record));
        Self {
            name,
            place: Place::default(),
            scope,
            parameters,
            mappings,
            conditions: FxHashMap::default(),
            names: FxHashMap::default(),
            modules: FxHashMap::default(),
            open: transform.or(sections.included.take()),
        }
    }

    /// Notes that names may exist which are not written, because of `cause`.
    pub(crate) fn set_open(&mut self, cause: Cause) {
        self.open.get_or_insert(cause);
    }

    /// Help for a reference to a name that nothing has.
    pub(crate) fn suggest(&self, name: &str, record: &mut Record) -> String {
        let otherwise = "define it, or correct the reference";
        if !record.may_suggest() {
            return otherwise.to_owned();
        }
        let mut names: Vec<&str> =
            self.names.keys().chain(self.parameters.keys()).map(|key| &**key).collect();
        names.sort_unstable();
        suggest::help(name, names.into_iter().chain(crate::function::PSEUDO.iter().copied()), otherwise)
    }
}

/// Reports transforms that are not run; the first of them.
fn macros(transform: &Node, record: &mut Record) -> Option<Cause> {
    let names = match &transform.value {
        Value::List(items) => items.iter().collect(),
        _ => vec![transform],
    };
    let mut first = None;
    for node in names {
        let name = node.as_str().or_else(|| node.text("Name")).unwrap_or("Transform");
        if UNDERSTOOD.contains(&name) && node.as_str().is_some() {
            continue;
        }
        record.report(not_run(name).at(node.location().or(transform.location())));
        first.get_or_insert_with(|| Cause::Function(name.into()));
    }
    first
}

/// How to get a template after its transforms.
pub(crate) const PROCESSED: &str =
    "assess the processed template: `aws cloudformation get-template --template-stage Processed`";

/// That a macro or include is not run.
pub(crate) fn not_run(name: &str) -> Diagnostic {
    Diagnostic::error(
        "transform-not-run",
        format!("transform `{name}` is not run: what it adds is not assessed"),
    )
    .help(PROCESSED)
}

/// Expands the loops of `Conditions` and makes the conditions known to their stack.
pub(crate) fn set_conditions(world: &mut World, index: usize, entries: Vec<Entry>, record: &mut Record) {
    let mut evaluator = Evaluator::new(world, index, record);
    let (entries, unknown) = evaluator.expand(entries);
    let Some(stack) = world.stacks.get_mut(index) else { return };
    if let Some(unknown) = unknown {
        stack.set_open(unknown.unresolved.cause);
    }
    stack.conditions = entries.into_iter().map(|entry| (entry.key, entry.node)).collect();
}
