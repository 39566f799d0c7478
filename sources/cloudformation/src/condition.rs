//! Conditions, three-valued: true, false, or unknown with its cause.

use ringfence_model::{Cause, Diagnostic, Key, Node, Text, Unresolved, Value};

use crate::evaluate::{Evaluator, Halt};
use crate::record::{Standing, unknown};
use crate::shape::{bare, function, scalar};

/// A truth value, or why it is not known.
pub(crate) type Truth = Result<bool, Box<Unresolved>>;

/// Words that YAML 1.1 reads as truth values, in lower case.
const WORDS: [(&str, bool); 8] = [
    ("true", true),
    ("yes", true),
    ("on", true),
    ("y", true),
    ("false", false),
    ("no", false),
    ("off", false),
    ("n", false),
];

impl Evaluator<'_> {
    /// The condition called `name`, evaluated once.
    pub(crate) fn condition(&mut self, name: &str) -> Truth {
        match self.record.condition(self.index, name) {
            Some(Standing::Known(truth)) => return truth.clone(),
            Some(Standing::Open) => return self.cycle(name),
            None => {}
        }
        let found = self.stack().and_then(|stack| stack.conditions.get_key_value(name));
        let Some((key, node)) = found else { return self.no_condition(name) };
        self.record.set_condition(self.index, key, Standing::Open);
        let outer = (self.at, self.supposing);
        (self.at, self.supposing) = (node.location(), false);
        let truth = self.truth(node);
        (self.at, self.supposing) = outer;
        self.settle(key, truth)
    }

    fn settle(&mut self, key: &Key, truth: Truth) -> Truth {
        self.record.set_condition(self.index, key, Standing::Known(truth.clone()));
        truth
    }

    fn cycle(&mut self, name: &str) -> Truth {
        self.record.report(
            Diagnostic::error("condition-cycle", format!("condition `{name}` refers to itself"))
                .at(self.at)
                .help("break the cycle"),
        );
        Err(unknown(Cause::Cycle(name.into())))
    }

    fn no_condition(&mut self, name: &str) -> Truth {
        let stack = self.stack();
        if let Some(cause) = stack.and_then(|stack| stack.open.clone()) {
            return Err(unknown(cause));
        }
        let mut suggested = "define it below `Conditions`".to_owned();
        if self.record.may_suggest() {
            let keys = stack.into_iter().flat_map(|stack| stack.conditions.keys());
            let mut names: Vec<&str> = keys.map(|key| &**key).collect();
            names.sort_unstable();
            suggested = crate::suggest::help(name, names.into_iter(), suggested);
        }
        self.record.report(
            Diagnostic::error("undefined-condition", format!("condition `{name}` is not defined"))
                .at(self.at)
                .help(suggested),
        );
        Err(unknown(Cause::Missing(name.into())))
    }

    /// The truth value of a condition expression.
    pub(crate) fn truth(&mut self, node: &Node) -> Truth {
        let answer = self.deeper(|evaluator| Ok(evaluator.expression(node)));
        answer.unwrap_or_else(|halt| Err(self.cause_of(halt)))
    }

    fn expression(&mut self, node: &Node) -> Truth {
        let (key, argument) = match (&node.value, node.entries()) {
            (Value::Bool(value), _) => return Ok(*value),
            (_, [entry]) if &*entry.key == "Condition" => (&*entry.key, &entry.node),
            _ => match function(node) {
                Some(found) => found,
                None => return self.not_a_condition(),
            },
        };
        match (bare(key), argument.items()) {
            ("And", items) if !items.is_empty() => self.all(items, false),
            ("Or", items) if !items.is_empty() => self.all(items, true),
            ("Not", [one]) => self.truth(one).map(|truth| !truth),
            ("Equals", [left, right]) => self.equals(left, right),
            ("Condition", _) => match argument.as_str() {
                Some(name) => self.condition(name),
                None => self.not_a_condition(),
            },
            ("And" | "Or" | "Not" | "Equals", _) => self.not_a_condition(),
            _ => self.value_as_truth(node),
        }
    }

    fn not_a_condition(&mut self) -> Truth {
        let halt = self.malformed(
            "Condition",
            "`Fn::And`, `Fn::Or`, `Fn::Not`, `Fn::Equals` or the name of a condition",
        );
        Err(self.cause_of(halt))
    }

    /// `Or` where `decisive` is true, `And` where it is false: one decisive part settles it, known or not the others.
    fn all(&mut self, items: &[Node], decisive: bool) -> Truth {
        let mut open = None;
        for item in items {
            match self.truth(item) {
                Ok(truth) if truth == decisive => return Ok(decisive),
                Ok(_) => {}
                Err(cause) => {
                    open.get_or_insert(cause);
                }
            }
        }
        open.map_or(Ok(!decisive), Err)
    }

    fn equals(&mut self, left: &Node, right: &Node) -> Truth {
        let left = self.operand(left)?;
        let right = self.operand(right)?;
        compare(&left, &right)
    }

    fn operand(&mut self, node: &Node) -> Result<Node, Box<Unresolved>> {
        let mut node = node.clone();
        let outer = std::mem::replace(&mut self.deciding, true);
        let kept = self.node(&mut node);
        self.deciding = outer;
        if kept { Ok(node) } else { Err(self.cause_of(Halt::Removed)) }
    }

    /// A function that is no condition may still give a truth value (`Fn::FindInMap`).
    fn value_as_truth(&mut self, node: &Node) -> Truth {
        let node = self.operand(node)?;
        match node.value {
            Value::Unresolved(unresolved) => Err(unresolved),
            Value::Bool(value) => Ok(value),
            value => match scalar(&value).as_deref() {
                Some("true") => Ok(true),
                Some("false") => Ok(false),
                _ => self.not_a_condition(),
            },
        }
    }

    /// Why there is no value; a removed one is a fault wherever a value must be.
    pub(crate) fn cause_of(&mut self, halt: Halt) -> Box<Unresolved> {
        match halt {
            Halt::Unknown(unresolved) => unresolved,
            Halt::Removed => {
                self.record.report(
                    Diagnostic::error("malformed-function", "`AWS::NoValue` stands where a value must be")
                        .at(self.at)
                        .help("write a value, or leave the property out"),
                );
                unknown(Cause::Unreadable("AWS::NoValue".into()))
            }
        }
    }
}

/// Whether two values are the same text to CloudFormation.
fn compare(left: &Node, right: &Node) -> Truth {
    match (&left.value, &right.value) {
        (Value::Unresolved(unresolved), _) | (_, Value::Unresolved(unresolved)) => Err(unresolved.clone()),
        (Value::List(left), Value::List(right)) if left.len() == right.len() => {
            let mut open = None;
            for (left, right) in left.iter().zip(right) {
                match compare(left, right) {
                    Ok(true) => {}
                    Ok(false) => return Ok(false),
                    Err(cause) => open = open.or(Some(cause)),
                }
            }
            open.map_or(Ok(true), Err)
        }
        (Value::List(_), Value::List(_)) => Ok(false),
        (left, right) => match (scalar(left), scalar(right)) {
            (Some(one), Some(other)) => compare_scalars((left, &one), (right, &other)),
            _ => Err(unknown(Cause::Unreadable("operand of `Fn::Equals`".into()))),
        },
    }
}

/// Unquoted `yes` and `1.10` lose their spelling when they are read, so against another spelling they stay unknown.
fn compare_scalars(left: (&Value, &Text), right: (&Value, &Text)) -> Truth {
    if left.1 == right.1 {
        return Ok(true);
    }
    let both_texts = matches!((left.0, right.0), (Value::Text(_), Value::Text(_)));
    let word = |text: &str| WORDS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|row| row.1);
    let number = |text: &str| text.parse::<f64>().ok();
    let same_word = word(left.1).is_some_and(|one| word(right.1) == Some(one));
    let same_number = number(left.1).is_some_and(|one| number(right.1) == Some(one));
    if !both_texts && (same_word || same_number) {
        // The operand is not named: it may be secret.
        return Err(unknown(Cause::Unreadable("spelling of an operand of `Fn::Equals`".into())));
    }
    Ok(false)
}
