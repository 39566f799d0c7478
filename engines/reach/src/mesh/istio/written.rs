//! Rules of an AuthorizationPolicy as they are written, for one kind of proxy.

use ringfence_model::{Field, Node, Value};

use super::clause::{Clause, Clauses};
use crate::policy::RuleId;

/// One element of `rules`.
#[derive(Clone, Debug)]
pub(super) struct WrittenRule {
    pub(super) id: RuleId,
    /// `rules[0]`.
    pub(super) element: String,
    /// Any of them; empty: everyone.
    pub(super) from: Vec<Clause>,
    /// Any of them; empty: everything.
    pub(super) to: Vec<Clause>,
    /// All of them.
    pub(super) when: Vec<Clause>,
}

impl WrittenRule {
    pub(super) fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.from.iter().chain(&self.to).chain(&self.when)
    }
}

impl Clauses<'_, '_, '_> {
    /// The rules of a policy, each under its number. A rule that cannot be read is one that nobody knows.
    pub(super) fn rules(&mut self, spec: Field<'_>, ids: &[RuleId]) -> Vec<WrittenRule> {
        let rules = spec.node().map_or(Field::Absent, |spec| spec.field("rules"));
        let items = match rules {
            Field::Absent => return Vec::new(),
            Field::Present(Node { value: Value::List(items), .. }) => items,
            Field::Present(node) | Field::Unresolved(node, _) => {
                return ids
                    .first()
                    .map(|id| self.unread(*id, "rules".to_owned(), node))
                    .into_iter()
                    .collect();
            }
        };
        let numbered = items.iter().zip(ids).enumerate();
        numbered.map(|(index, (item, id))| self.rule(*id, format!("rules[{index}]"), item)).collect()
    }

    fn unread(&mut self, id: RuleId, element: String, node: &Node) -> WrittenRule {
        let why =
            node.as_unresolved().map_or_else(|| "cannot be read".to_owned(), |one| one.cause.describe());
        let clause = Clause { other: vec![format!("`{element}` is not known ({why})")], ..Clause::default() };
        WrittenRule { id, element, from: Vec::new(), to: Vec::new(), when: vec![clause] }
    }

    fn rule(&mut self, id: RuleId, element: String, item: &Node) -> WrittenRule {
        if item.as_unresolved().is_some() || !matches!(item.value, Value::Map(_)) {
            return self.unread(id, element, item);
        }
        self.reader.check_keys(item.as_field(), &["from", "to", "when"]);
        let from = self.elements(item, "from", "source", Self::source);
        let to = self.elements(item, "to", "operation", Self::operation);
        let when = match item.field("when") {
            Field::Absent => Vec::new(),
            Field::Present(list) => list.items().iter().map(|one| self.condition(one)).collect(),
            Field::Unresolved(node, _) => self.unread(id, String::from("when"), node).when,
        };
        WrittenRule { id, element, from, to, when }
    }

    fn elements(
        &mut self,
        rule: &Node,
        key: &'static str,
        inner: &'static str,
        read: fn(&mut Self, &Node) -> Clause,
    ) -> Vec<Clause> {
        let list = match rule.field(key) {
            Field::Absent => return Vec::new(),
            Field::Unresolved(node, _) => return vec![read(self, node)],
            Field::Present(list) => list,
        };
        if list.items().is_empty() {
            self.reader.refuse("list-empty", &format!("`{key}` must not be empty"), list);
        }
        let mut clauses = Vec::with_capacity(list.items().len());
        for item in list.items() {
            match item.field(inner) {
                Field::Present(node) if !node.entries().is_empty() => clauses.push(read(self, node)),
                Field::Unresolved(node, _) => clauses.push(read(self, node)),
                Field::Present(node) => {
                    self.reader.refuse("clause-empty", &format!("`{key}.{inner}` must not be empty"), node);
                    clauses.push(Clause::default());
                }
                Field::Absent => {
                    self.reader.refuse("clause-empty", &format!("`{key}` has no `{inner}`"), item);
                    clauses.push(Clause::default());
                }
            }
        }
        clauses
    }
}
