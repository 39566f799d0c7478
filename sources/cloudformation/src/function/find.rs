//! `Fn::FindInMap`.

use ringfence_model::{Cause, Diagnostic, Entry, Key, Node, Text, Value};
use rustc_hash::FxHashMap;

use crate::evaluate::{Answer, Evaluator, Halt};
use crate::record::{Record, size, unknown};
use crate::shape::function;
use crate::suggest;

/// Maps of maps of values, by name.
pub(crate) type Mappings = FxHashMap<Key, Rows>;
type Rows = FxHashMap<Key, FxHashMap<Key, Node>>;

/// The mappings of a template. An include among them is reported: it may add any name.
pub(crate) fn mappings(entries: Vec<Entry>, record: &mut Record) -> Mappings {
    let mut mappings = Mappings::default();
    for Entry { key, node } in entries {
        let mut rows = Rows::default();
        for row in level(&key, node, record) {
            let name = format!("{key}.{}", row.key);
            let values = level(&name, row.node, record);
            rows.insert(row.key, values.into_iter().map(|one| (one.key, one.node)).collect());
        }
        mappings.insert(key, rows);
    }
    mappings
}

fn level(name: &str, node: Node, record: &mut Record) -> Vec<Entry> {
    let location = node.location();
    if let Value::Map(map) = node.value {
        return map.into_entries();
    }
    record.report(
        Diagnostic::error("mapping-not-map", format!("mapping `{name}` is {}, not a map", node.value.noun()))
            .at(location)
            .help("write a map of maps of values"),
    );
    Vec::new()
}

fn names<T>(map: &FxHashMap<Key, T>) -> Vec<&str> {
    let mut names: Vec<&str> = map.keys().map(|key| &**key).collect();
    names.sort_unstable();
    names
}

impl Evaluator<'_> {
    /// `Fn::FindInMap`, with the default that `AWS::LanguageExtensions` allows.
    pub(crate) fn find_in_map(&mut self, argument: Node) -> Answer {
        let Value::List(items) = argument.value else { return Err(self.wrong("FindInMap")) };
        let mut items = items.into_vec();
        let otherwise = (items.len() == 4).then(|| items.pop()).flatten();
        let Ok([map, first, second]) = <[Node; 3]>::try_from(items) else {
            return Err(self.wrong("FindInMap"));
        };
        let map = self.choice("FindInMap", map)?;
        let first = self.choice("FindInMap", first)?;
        let second = self.choice("FindInMap", second)?;
        let Some(stack) = self.stack() else { return Err(Halt::Removed) };
        let found = stack.mappings.get(&*map).and_then(|rows| rows.get(&*first)?.get(&*second));
        match (found, &stack.open, otherwise) {
            (Some(value), ..) => self.copied(value),
            // A macro may have added it.
            (None, Some(cause), _) => Err(Halt::unknown(cause.clone(), None)),
            (None, None, Some(otherwise)) => self.default_value(otherwise),
            (None, None, None) => Err(self.no_entry(&stack.mappings, [&map, &first, &second])),
        }
    }

    fn copied(&mut self, node: &Node) -> Answer {
        let (nodes, bytes) = size(node);
        self.record.charge(nodes, bytes, self.at)?;
        if !matches!(node.value, Value::List(_) | Value::Map(_)) {
            return Ok(node.value.clone());
        }
        let mut node = node.clone();
        self.literal(&mut node);
        Ok(node.value)
    }

    /// Mappings hold literals only: a function in one is reported and never evaluated, so it cannot loop.
    fn literal(&mut self, node: &mut Node) {
        if let Some((key, _)) = function(node) {
            self.record.report(
                Diagnostic::error("function-in-mapping", format!("`{key}` stands in a mapping"))
                    .at(node.location())
                    .help("write the value; mappings hold no functions"),
            );
            node.value = Value::Unresolved(unknown(Cause::Function(key.into())));
            return;
        }
        match &mut node.value {
            Value::List(items) => items.iter_mut().for_each(|item| self.literal(item)),
            Value::Map(map) => {
                let mut entries = std::mem::take(map).into_entries();
                entries.iter_mut().for_each(|entry| self.literal(&mut entry.node));
                *map = ringfence_model::Map::new(entries);
            }
            _ => {}
        }
    }

    fn default_value(&mut self, otherwise: Node) -> Answer {
        let Value::Map(mut map) = otherwise.value else { return Err(self.wrong("FindInMap")) };
        let Some(mut value) = map.remove("DefaultValue") else { return Err(self.wrong("FindInMap")) };
        if self.node(&mut value) { Ok(value.value) } else { Err(Halt::Removed) }
    }

    fn no_entry(&mut self, mappings: &Mappings, [map, first, second]: [&Text; 3]) -> Halt {
        let rows = mappings.get(&**map);
        let row = rows.and_then(|rows| rows.get(&**first));
        let (missing, wrong) = match (rows, row) {
            (None, _) => (map.clone(), map),
            (_, None) => (Text::from(format!("{map}.{first}")), first),
            _ => (Text::from(format!("{map}.{first}.{second}")), second),
        };
        let mut help = "add it to `Mappings`, or give a `DefaultValue`".to_owned();
        if self.record.may_suggest() {
            let names = row.map(names).or_else(|| rows.map(names)).unwrap_or_else(|| names(mappings));
            help = suggest::help(wrong, names.into_iter(), help);
        }
        self.record.report(
            Diagnostic::error("no-such-mapping", format!("mapping `{missing}` does not exist"))
                .at(self.at)
                .help(help),
        );
        Halt::unknown(Cause::Missing(missing), None)
    }
}
