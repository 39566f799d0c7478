//! Evaluation in three values: true, false, and a list of doubts.

use std::borrow::Cow;
use std::rc::Rc;

use ringfence_model::{Field, pod_template};

use super::expression::{Expression, Literal, Quantifier, Variable};
use super::function::{Call, Function};
use super::label::push_key;
use super::operate;
use super::steps::Steps;
use super::value::{Value, View};
use crate::policy::{Doubt, Doubts, Input, Readings};

/// A value, or why it cannot be told.
pub(super) type Evaluated<'e, T = Value<'e>> = Result<T, Doubts<'e>>;

/// One evaluation.
pub(super) struct Machine<'m, 'w, 'e> {
    pub(super) input: &'m Input<'w, 'e>,
    pub(super) locals: Vec<Local<'e>>,
    pub(super) readings: Option<&'m mut Readings>,
    steps: Steps,
}

/// The variable of a macro, and what people call its present value.
pub(super) struct Local<'e> {
    value: Value<'e>,
    pub(super) label: Option<String>,
}

impl<'m, 'w, 'e> Machine<'m, 'w, 'e> {
    pub(super) fn new(input: &'m Input<'w, 'e>, readings: Option<&'m mut Readings>) -> Self {
        Self { input, locals: Vec::new(), readings, steps: Steps::default() }
    }

    /// The truth value of `expression`.
    pub(super) fn truth(&mut self, expression: &'e Expression) -> Evaluated<'e, bool> {
        let value = self.evaluate(expression)?;
        match value.view() {
            View::Bool(value) => Ok(value),
            View::Unresolved(node) => Err(vec![Doubt::Unresolved(node)]),
            _ => Err(self.mismatch(expression, &value, "true or false")),
        }
    }

    fn evaluate(&mut self, expression: &'e Expression) -> Evaluated<'e> {
        self.steps.take(1)?;
        match expression {
            Expression::Literal(literal) => Ok(literal_value(literal)),
            Expression::Variable(variable) => self.variable(*variable),
            Expression::Local(index, _) => self.local(*index),
            Expression::Declared(key) => match self.input.world.declared(key) {
                Some(list) => Ok(Value::Declared(key, list)),
                None => Err(vec![Doubt::Undeclared(key)]),
            },
            Expression::IsDeclared(key) => Ok(Value::Bool(self.input.world.declared(key).is_some())),
            Expression::Select { base, key, leaf } => self.select(expression, base, key, *leaf),
            Expression::Has { base, key } => self.has(base, key).map(Value::Bool),
            Expression::Index(sides) => self.index(sides),
            Expression::Not(one) => self.truth(one).map(|value| Value::Bool(!value)),
            Expression::Negate(one) => self.negate(one),
            Expression::And(sides) => self.connect(sides, false).map(Value::Bool),
            Expression::Or(sides) => self.connect(sides, true).map(Value::Bool),
            Expression::If(parts) => self.choose(parts),
            Expression::Arithmetic(operator, sides) => {
                let (left, right) = self.both(sides)?;
                self.steps.take_lists([&left, &right])?;
                operate::arithmetic(*operator, &left, &right)
            }
            Expression::Order(order, sides) => {
                let (left, right) = self.both(sides)?;
                let label = || self.label_of_first(sides);
                operate::order(*order, &left, &right, label).map(Value::Bool)
            }
            Expression::Equal { sides, negated } => {
                let (left, right) = self.both(sides)?;
                let label = || self.label_of_first(sides);
                operate::equal(&left, &right, &self.steps, label).map(|equal| Value::Bool(equal != *negated))
            }
            Expression::In(sides) => self.is_in(sides).map(Value::Bool),
            Expression::List(items) => {
                let items: Evaluated<'e, Vec<_>> = items.iter().map(|item| self.evaluate(item)).collect();
                Ok(Value::List(items?.into()))
            }
            Expression::Map(pairs) => self.map(pairs),
            Expression::Quantify { quantifier, range, body } => self.quantify(*quantifier, range, body),
            Expression::Gather { range, guard, element } => self.gather(range, guard.as_deref(), element),
            Expression::Call(function, arguments) => self.call(function, arguments),
            Expression::Matches { text, pattern } => {
                let value = self.evaluate(text)?;
                self.steps.take_texts([&value])?;
                let Some(subject) = value.as_text() else {
                    return Err(self.mismatch(text, &value, "a text"));
                };
                match pattern.regex() {
                    Some(regex) => Ok(Value::Bool(regex.is_match(subject))),
                    None => Err(vec![Doubt::mismatch("the policy's pattern is broken", None)]),
                }
            }
        }
    }

    fn call(&mut self, function: &'static Function, arguments: &'e [Expression]) -> Evaluated<'e> {
        let values: Evaluated<'e, Vec<_>> = arguments.iter().map(|one| self.evaluate(one)).collect();
        let values = values?;
        self.steps.take_texts(&values)?;
        let call = Call { input: self.input, values: &values };
        let found = (function.call)(&call);
        self.note_answer(function, arguments, &values, &found);
        found.map_err(|trouble| self.explain(trouble, arguments, &values))
    }

    fn both(&mut self, sides: &'e [Expression; 2]) -> Evaluated<'e, (Value<'e>, Value<'e>)> {
        let [left, right] = sides;
        let (left, right) = (self.evaluate(left)?, self.evaluate(right)?);
        self.steps.take_texts([&left, &right])?;
        Ok((left, right))
    }

    fn variable(&mut self, variable: Variable) -> Evaluated<'e> {
        let input = self.input;
        Ok(match variable {
            Variable::Object => Value::Node(&input.resource.body),
            Variable::Item => {
                let value = Value::from(input.item);
                if matches!(value.view(), View::Bool(_) | View::Int(_) | View::Float(_) | View::Text(_)) {
                    self.read(input.path.to_owned(), &value);
                }
                value
            }
            Variable::Resource => Value::Resource(input.resource),
            Variable::Facts => Value::Facts(input.world.scope.of(input.id)),
            Variable::Pod => return self.pod(),
        })
    }

    fn pod(&self) -> Evaluated<'e> {
        match self.input.pod {
            Some(Field::Present(spec)) => Ok(Value::Node(spec)),
            Some(Field::Unresolved(node, _)) => Err(vec![Doubt::Unresolved(node)]),
            Some(Field::Absent) => {
                let path = pod_template(&self.input.resource.kind).unwrap_or_default();
                let path = if path.is_empty() { "spec".to_owned() } else { format!("{path}.spec") };
                Err(vec![Doubt::mismatch(format!("`{path}` is not set"), self.input.resource.location())])
            }
            None => Err(vec![Doubt::mismatch("it bears no pods", self.input.resource.location())]),
        }
    }

    fn local(&mut self, index: usize) -> Evaluated<'e> {
        let Some(local) = self.locals.get(index) else {
            return Err(vec![Doubt::mismatch("the policy is broken", None)]);
        };
        // A text that the policy made is copied.
        self.steps.take_texts([&local.value])?;
        let value = local.value.clone();
        let scalar = matches!(value.view(), View::Bool(_) | View::Int(_) | View::Float(_) | View::Text(_));
        if let Some(label) = local.label.clone().filter(|_| scalar) {
            self.read(label, &value);
        }
        Ok(value)
    }

    fn select(
        &mut self,
        expression: &'e Expression,
        base: &'e Expression,
        key: &'e str,
        leaf: bool,
    ) -> Evaluated<'e> {
        let owner = self.evaluate(base)?;
        let entries = match owner.view() {
            View::Map(entries) => entries,
            View::Unresolved(node) => return Err(vec![Doubt::Unresolved(node)]),
            _ => return Err(self.mismatch(base, &owner, "a map")),
        };
        self.steps.take_look_up(entries)?;
        let Some(value) = entries.get(key) else {
            let what = format!("`{}` is not set", self.label(expression));
            return Err(vec![Doubt::mismatch(what, owner.location())]);
        };
        if leaf && self.readings.is_some() && !matches!(owner, Value::Resource(_)) {
            self.read(self.label(expression), &value);
        }
        Ok(value)
    }

    /// `has(base.key)`: an unresolved value with a target is there and not null; without one it may be null.
    fn has(&mut self, base: &'e Expression, key: &'e str) -> Evaluated<'e, bool> {
        let owner = self.evaluate(base)?;
        let entries = match owner.view() {
            View::Map(entries) => entries,
            View::Unresolved(node) => return Err(vec![Doubt::Unresolved(node)]),
            _ => return Err(self.mismatch(base, &owner, "a map")),
        };
        self.steps.take_look_up(entries)?;
        let found = entries.get(key);
        if self.readings.is_some() && !matches!(owner, Value::Resource(_) | Value::Entry(_)) {
            let mut label = self.label(base);
            push_key(&mut label, key);
            let (location, text) = match &found {
                Some(value) => (value.location(), None),
                None => (owner.location(), Some(format!("`{label}` is not set"))),
            };
            match (self.readings.as_deref_mut(), text) {
                (Some(readings), Some(text)) => readings.value(label, text, location),
                (Some(readings), None) => readings.presence(label, location),
                (None, _) => {}
            }
        }
        is_there(found.as_ref())
    }

    fn index(&mut self, sides: &'e [Expression; 2]) -> Evaluated<'e> {
        let (owner, index) = self.both(sides)?;
        let [base, _] = sides;
        let found = match (owner.view(), index.view()) {
            (View::Unresolved(node), _) | (_, View::Unresolved(node)) => {
                return Err(vec![Doubt::Unresolved(node)]);
            }
            (View::Map(entries), View::Text(key)) => {
                self.steps.take_look_up(entries)?;
                entries.get(key)
            }
            (View::List(items), View::Int(at)) => usize::try_from(at).ok().and_then(|at| items.get(at)),
            _ => return Err(self.mismatch(base, &owner, "a list or a map with such keys")),
        };
        found.ok_or_else(|| {
            let what = format!("`{}` has no `{}`", self.label(base), index.show());
            vec![Doubt::mismatch(what, owner.location())]
        })
    }

    fn negate(&mut self, one: &'e Expression) -> Evaluated<'e> {
        let value = self.evaluate(one)?;
        match value.view() {
            View::Int(number) if number != i64::MIN => Ok(Value::Int(-number)),
            View::Float(number) => Ok(Value::Float(-number)),
            _ => Err(self.mismatch(one, &value, "a number")),
        }
    }

    /// `a && b` where `decisive` is false, `a || b` where it is true: one side that is decisive settles
    /// it, whatever the other one is.
    fn connect(&mut self, sides: &'e [Expression; 2], decisive: bool) -> Evaluated<'e, bool> {
        let [left, right] = sides;
        let left = self.truth(left);
        if matches!(left, Ok(value) if value == decisive) {
            return Ok(decisive);
        }
        match (left, self.truth(right)) {
            (_, Ok(value)) if value == decisive => Ok(decisive),
            (Ok(_), right) => right,
            (left, Ok(_)) => left,
            (Err(mut doubts), Err(more)) => {
                doubts.extend(more);
                Err(doubts)
            }
        }
    }

    fn choose(&mut self, parts: &'e [Expression; 3]) -> Evaluated<'e> {
        let [condition, then, otherwise] = parts;
        match self.truth(condition) {
            Ok(true) => self.evaluate(then),
            Ok(false) => self.evaluate(otherwise),
            Err(doubts) => match (self.evaluate(then), self.evaluate(otherwise)) {
                (Ok(one), Ok(other)) if operate::same(&one, &other, &self.steps) => Ok(one),
                _ => Err(doubts),
            },
        }
    }

    fn is_in(&mut self, sides: &'e [Expression; 2]) -> Evaluated<'e, bool> {
        let [wanted, container] = sides;
        let key = self.evaluate(wanted)?;
        if let (Expression::List(items), View::Text(text)) = (container, key.view())
            && !items.is_empty()
            && items.iter().all(|item| item.as_text().is_some())
        {
            return Ok(items.iter().any(|item| item.as_text() == Some(text)));
        }
        let range = self.evaluate(container)?;
        match range.view() {
            View::Unresolved(node) => Err(vec![Doubt::Unresolved(node)]),
            View::Map(entries) => match key.view() {
                View::Text(text) => {
                    self.steps.take_look_up(entries)?;
                    is_there(entries.get(text).as_ref())
                }
                View::Unresolved(node) => Err(vec![Doubt::Unresolved(node)]),
                _ => Err(self.mismatch(wanted, &key, "a text")),
            },
            View::List(items) => {
                let found = operate::contains(items, &key, &self.steps, || self.label(wanted))?;
                if self.readings.is_some()
                    && let Value::Declared(list, entries) = &range
                {
                    self.note_listed(list, *entries, &key, found);
                }
                Ok(found)
            }
            _ => Err(self.mismatch(container, &range, "a list")),
        }
    }

    fn map(&mut self, pairs: &'e [[Expression; 2]]) -> Evaluated<'e> {
        let pairs: Evaluated<'e, Vec<_>> = pairs.iter().map(|pair| self.both(pair)).collect();
        Ok(Value::Map(Rc::from(pairs?)))
    }

    /// The items of a list, or the keys of a map.
    fn items(&mut self, range: &'e Expression) -> Evaluated<'e, Value<'e>> {
        let value = self.evaluate(range)?;
        match value.view() {
            View::List(_) => Ok(value),
            View::Map(entries) => {
                self.steps.take(entries.len())?;
                Ok(Value::List(entries.keys().into()))
            }
            View::Unresolved(node) => Err(vec![Doubt::Unresolved(node)]),
            _ => Err(self.mismatch(range, &value, "a list")),
        }
    }

    fn quantify(
        &mut self,
        quantifier: Quantifier,
        range: &'e Expression,
        body: &'e Expression,
    ) -> Evaluated<'e> {
        let list = self.items(range)?;
        let View::List(items) = list.view() else { return Ok(Value::Bool(false)) };
        let mut doubts = Vec::new();
        let mut holding = 0_usize;
        for (index, item) in items.iter().enumerate() {
            match self.within(range, index, item, |machine| machine.truth(body)) {
                Ok(false) if quantifier == Quantifier::All => return Ok(Value::Bool(false)),
                Ok(true) if quantifier == Quantifier::Exists => return Ok(Value::Bool(true)),
                Ok(true) => holding += 1,
                Ok(false) => {}
                Err(more) => operate::add(&mut doubts, more),
            }
        }
        // Two that hold settle `exists_one`, whatever the others are.
        let settled = quantifier == Quantifier::ExistsOne && holding > 1;
        if !(doubts.is_empty() || settled) {
            return Err(doubts);
        }
        if let (Value::Declared(key, _), Quantifier::Exists, true) =
            (&list, quantifier, self.readings.is_some())
        {
            self.note((*key).to_owned(), format!("no entry of `{key}` fits"), None);
        }
        Ok(Value::Bool(match quantifier {
            Quantifier::All => true,
            Quantifier::Exists => false,
            Quantifier::ExistsOne => holding == 1,
        }))
    }

    fn gather(
        &mut self,
        range: &'e Expression,
        guard: Option<&'e Expression>,
        element: &'e Expression,
    ) -> Evaluated<'e> {
        let list = self.items(range)?;
        let View::List(items) = list.view() else { return Ok(list) };
        let mut gathered = Vec::new();
        for (index, item) in items.iter().enumerate() {
            gathered.extend(self.within(range, index, item, |machine| match guard {
                Some(guard) if !machine.truth(guard)? => Ok(None),
                _ => machine.evaluate(element).map(Some),
            })?);
        }
        Ok(Value::List(gathered.into()))
    }

    /// Evaluates with the variable of a macro set to one item of its range.
    fn within<T>(
        &mut self,
        range: &'e Expression,
        index: usize,
        item: Value<'e>,
        body: impl FnOnce(&mut Self) -> Evaluated<'e, T>,
    ) -> Evaluated<'e, T> {
        let label = self.readings.is_some().then(|| match range {
            Expression::Declared(_) | Expression::List(_) => None,
            _ => Some(format!("{}[{index}]", self.label(range))),
        });
        self.locals.push(Local { value: item, label: label.flatten() });
        let result = body(self);
        self.locals.pop();
        result
    }
}

/// Whether a value that was looked up is there: an unresolved one may turn out to be null, unless it
/// refers to a resource.
fn is_there<'e>(found: Option<&Value<'e>>) -> Evaluated<'e, bool> {
    match found.and_then(|value| value.unresolved()) {
        Some(node) if node.as_unresolved().is_some_and(|one| one.target.is_none()) => {
            Err(vec![Doubt::Unresolved(node)])
        }
        _ => Ok(found.is_some()),
    }
}

pub(super) fn literal_value(literal: &Literal) -> Value<'_> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(value) => Value::Int(*value),
        Literal::Float(value) => Value::Float(*value),
        Literal::Text(text) => Value::Text(Cow::Borrowed(text)),
    }
}
