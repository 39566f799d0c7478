//! CEL: parsed by the `cel` crate, decided here in three values.
//!
//! The crate's own interpreter is the oracle in this module's tests, and not what runs, for three
//! reasons. Its `==` cannot fail, so that an unknown value would compare as unequal and a control
//! would pass or fail on it. It cannot say which values a verdict rests on. And it works on copies:
//! here a body is read in place, and only the fields that a policy touches are looked at.
//!
//! Where CEL has an error, there is a [doubt](crate::policy::Doubt): `true || doubt` is true, and a
//! conditional whose branches agree does not care for its condition. Comparing values of different
//! types is a doubt and not `false`, since a control must not pass on a value that makes no sense.

mod evaluate;
mod expression;
mod function;
mod label;
mod lower;
mod operate;
mod steps;
#[cfg(test)]
mod tests;
mod value;

use crate::policy::{Condition, Doubts, Input, Readings};
use evaluate::Machine;
use expression::{Expression, Variable};
pub(crate) use function::{Call, FUNCTIONS, Outcome, Trouble};
pub(crate) use value::{Value, View, attribute, excerpt};

/// How long a policy may be; parsing and evaluating descend into it.
const LONGEST: usize = 8_000;

/// A policy, ready to be evaluated.
#[derive(Debug)]
pub(crate) struct Program {
    root: Expression,
    concerns_item: bool,
}

/// What is wrong with a policy: byte offset into its source, and why.
pub(crate) type Flaw = (usize, String);

impl Program {
    /// Compiles `source`.
    pub(crate) fn compile(source: &str) -> Result<Self, Vec<Flaw>> {
        if source.len() > LONGEST {
            return Err(vec![(LONGEST, format!("the policy is longer than {LONGEST} bytes"))]);
        }
        let root = lower::lower(source, &parse(source)?)?;
        let concerns_item = root.any(&|one| matches!(one, Expression::Variable(Variable::Item)));
        Ok(Self { root, concerns_item })
    }
}

/// The crate's hand-written parser: its default one takes 3 ms for the first policy and 0.3 ms for each
/// other one, where a whole run may take 10 ms. A test holds the two against each other.
fn parse(source: &str) -> Result<cel::IdedExpr, Vec<Flaw>> {
    let parsed = std::panic::catch_unwind(|| cel::parser::PrattParser::new().parse(source));
    match parsed {
        Ok(Ok(tree)) => Ok(tree),
        Ok(Err(errors)) => Err(errors.errors.iter().map(|error| flaw(source, error)).collect()),
        Err(_) => Err(vec![(0, "the policy cannot be parsed".to_owned())]),
    }
}

/// The parser counts lines and bytes within them from 1.
fn flaw(source: &str, error: &cel::ParseError) -> Flaw {
    let (line, column) = error.pos;
    let index = |number: isize| usize::try_from(number - 1).unwrap_or_default();
    let start: usize = source.split_inclusive('\n').take(index(line)).map(str::len).sum();
    let message = error.msg.trim_start_matches("Syntax error: ").trim_end_matches('.');
    ((start + index(column)).min(source.len()), message.to_owned())
}

impl Condition for Program {
    fn holds<'e>(
        &'e self,
        input: &Input<'_, 'e>,
        readings: Option<&mut Readings>,
    ) -> Result<bool, Doubts<'e>> {
        Machine::new(input, readings).truth(&self.root)
    }

    fn concerns_item(&self) -> bool {
        self.concerns_item
    }

    fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        self.root.visit(&mut |one| {
            if let Expression::Matches { pattern, .. } = one {
                flaws.extend(pattern.flaw().map(|why| (pattern.offset, why)));
            }
        });
        flaws
    }
}
