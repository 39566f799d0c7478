//! From the parser's tree to ours: names are resolved, macros recognised, mistakes reported.

use std::sync::OnceLock;

use cel::IdedExpr;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, MapExpr, SelectExpr, operators,
};

use super::Flaw;
use super::expression::{Arithmetic, Expression, Literal, Order, Pattern, Quantifier, Variable};
use super::function::{self, Function};
use super::value::RESOURCE_KEYS;
use crate::control::nearest;
use crate::world::LISTS;

/// How deep a policy may nest.
const DEEPEST: usize = 200;
const DECLARATION: &str = "declaration";

/// Lowers `tree`, which was parsed from `source`.
pub(super) fn lower(source: &str, tree: &IdedExpr) -> Result<Expression, Vec<Flaw>> {
    let mut lowering = Lowering { source, locals: Vec::new(), flaws: Vec::new(), depth: 0 };
    let root = lowering.expression(&tree.expr);
    if lowering.flaws.is_empty() { Ok(root) } else { Err(lowering.flaws) }
}

struct Lowering<'s> {
    source: &'s str,
    locals: Vec<&'s str>,
    flaws: Vec<Flaw>,
    depth: usize,
}

impl<'s> Lowering<'s> {
    fn expression(&mut self, tree: &'s Expr) -> Expression {
        if self.depth > DEEPEST {
            return self.flaw(0, format!("the policy nests deeper than {DEEPEST}"));
        }
        self.depth += 1;
        let lowered = match tree {
            Expr::Literal(literal) => self.literal(literal),
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => Expression::List(self.all(&list.elements)),
            Expr::Map(map) => self.map(map),
            Expr::Comprehension(one) => self.comprehension(one),
            Expr::Struct(one) => self.unknown(&one.type_name, "there are no types to construct".to_owned()),
            Expr::Unspecified => self.flaw(0, "the policy is incomplete".to_owned()),
        };
        self.depth -= 1;
        lowered
    }

    fn all(&mut self, trees: &'s [IdedExpr]) -> Box<[Expression]> {
        trees.iter().map(|tree| self.expression(&tree.expr)).collect()
    }

    fn boxed(&mut self, tree: &'s IdedExpr) -> Box<Expression> {
        Box::new(self.expression(&tree.expr))
    }

    fn literal(&mut self, literal: &LiteralValue) -> Expression {
        Expression::Literal(match literal {
            LiteralValue::Null => Literal::Null,
            LiteralValue::Boolean(value) => Literal::Bool(*value.inner()),
            LiteralValue::Int(value) => Literal::Int(*value.inner()),
            LiteralValue::Double(value) => Literal::Float(*value.inner()),
            LiteralValue::String(text) => Literal::Text(text.inner().into()),
            LiteralValue::UInt(value) => match i64::try_from(*value.inner()) {
                Ok(value) => Literal::Int(value),
                Err(_) => return self.flaw(0, format!("`{}u` is too large", value.inner())),
            },
            LiteralValue::Bytes(_) => return self.flaw(0, "there are no bytes to compare with".to_owned()),
        })
    }

    fn name(&mut self, name: &'s str) -> Expression {
        if let Some(index) = self.locals.iter().rposition(|local| *local == name) {
            return Expression::Local(index, name.into());
        }
        if let Some((_, variable)) = Variable::ALL.iter().find(|(known, _)| *known == name) {
            return Expression::Variable(*variable);
        }
        if name == DECLARATION {
            let lists = LISTS.join("`, `");
            return self.unknown(name, format!("`declaration` is used by one of its keys: `{lists}`"));
        }
        let known = Variable::ALL.iter().map(|(known, _)| *known).chain([DECLARATION]);
        let hint = nearest(name, known.chain(self.locals.iter().copied()));
        self.unknown(name, format!("there is no variable `{name}`{hint}"))
    }

    fn select(&mut self, select: &'s SelectExpr) -> Expression {
        let SelectExpr { operand, field, test } = select;
        if is_name(operand, DECLARATION) && !self.locals.contains(&DECLARATION) {
            return self.declared(field, *test);
        }
        let base = Box::new(inner(self.expression(&operand.expr)));
        if matches!(*base, Expression::Variable(Variable::Resource)) && !RESOURCE_KEYS.contains(&&**field) {
            let hint = nearest(field, RESOURCE_KEYS.iter().copied());
            return self.unknown(field, format!("`resource` has no `{field}`{hint}"));
        }
        let key = field.as_str().into();
        if *test { Expression::Has { base, key } } else { Expression::Select { base, key, leaf: true } }
    }

    fn declared(&mut self, key: &str, test: bool) -> Expression {
        match LISTS.iter().find(|list| **list == key) {
            Some(list) if test => Expression::IsDeclared(list),
            Some(list) => Expression::Declared(list),
            None => {
                let hint = nearest(key, LISTS.iter().copied());
                self.unknown(key, format!("the declaration has no list `{key}`{hint}"))
            }
        }
    }

    fn map(&mut self, map: &'s MapExpr) -> Expression {
        let mut pairs = Vec::new();
        for entry in &map.entries {
            match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    pairs.push([self.expression(&entry.key.expr), self.expression(&entry.value.expr)]);
                }
                EntryExpr::StructField(field) => {
                    return self.unknown(&field.field, "there are no types to construct".to_owned());
                }
            }
        }
        Expression::Map(pairs.into())
    }

    fn call(&mut self, call: &'s CallExpr) -> Expression {
        let CallExpr { func_name, target, args } = call;
        match (func_name.as_str(), target.as_deref(), args.as_slice()) {
            (operators::CONDITIONAL, None, [when, then, otherwise]) => Expression::If(Box::new([
                self.expression(&when.expr),
                self.expression(&then.expr),
                self.expression(&otherwise.expr),
            ])),
            (operators::LOGICAL_NOT, None, [one]) => Expression::Not(self.boxed(one)),
            (operators::NEGATE, None, [one]) => Expression::Negate(self.boxed(one)),
            (operators::IN, None, [key, map]) if is_name(map, DECLARATION) => self.declared_by(key, true),
            (operators::INDEX, None, [map, key]) if is_name(map, DECLARATION) => self.declared_by(key, false),
            ("matches", Some(text), [pattern]) => self.matches(text, pattern),
            (name, None, [left, right]) => match binary(name) {
                Some(make) => make(Box::new([self.expression(&left.expr), self.expression(&right.expr)])),
                None => self.function(name, None, args),
            },
            (name, target, _) => self.function(name, target, args),
        }
    }

    fn declared_by(&mut self, key: &'s IdedExpr, test: bool) -> Expression {
        match &key.expr {
            Expr::Literal(LiteralValue::String(key)) => self.declared(key.inner(), test),
            _ => self.unknown(DECLARATION, "the key of `declaration` must be written as a text".to_owned()),
        }
    }

    fn matches(&mut self, text: &'s IdedExpr, pattern: &'s IdedExpr) -> Expression {
        let text = self.boxed(text);
        let Expr::Literal(LiteralValue::String(source)) = &pattern.expr else {
            return self.unknown("matches", "the pattern of `matches` must be written as a text".to_owned());
        };
        let offset = self.source.find(source.inner()).or_else(|| self.source.find(".matches"));
        let pattern = Pattern {
            source: source.inner().into(),
            offset: offset.unwrap_or_default(),
            compiled: OnceLock::new(),
        };
        Expression::Matches { text, pattern: Box::new(pattern) }
    }

    fn function(&mut self, name: &'s str, target: Option<&'s IdedExpr>, args: &'s [IdedExpr]) -> Expression {
        let Some(function) = function::find(name) else {
            let hint = nearest(name, function::names());
            return self.unknown(name, format!("there is no function `{name}`{hint}"));
        };
        let given = args.len() + usize::from(target.is_some());
        let Function { arity, .. } = function;
        if given != *arity {
            return self.unknown(name, format!("`{name}` takes {arity} values, and not {given}"));
        }
        let values = target.into_iter().chain(args).map(|tree| self.expression(&tree.expr));
        Expression::Call(function, values.collect())
    }

    fn comprehension(&mut self, one: &'s ComprehensionExpr) -> Expression {
        let range = self.boxed(&one.iter_range);
        self.locals.push(&one.iter_var);
        let lowered = match Shape::of(one) {
            Some(Shape::Quantify(quantifier, body)) => {
                Expression::Quantify { quantifier, range, body: self.boxed(body) }
            }
            Some(Shape::Gather(guard, element)) => {
                let guard = guard.map(|guard| self.boxed(guard));
                Expression::Gather { range, guard, element: self.boxed(element) }
            }
            None => self.unknown(&one.iter_var, "this macro is not known".to_owned()),
        };
        self.locals.pop();
        lowered
    }

    /// Reports a mistake where `word` first stands in the source.
    fn unknown(&mut self, word: &str, message: String) -> Expression {
        let boundary = |at: usize| {
            let before = self.source.get(..at).and_then(|text| text.chars().next_back());
            let after = self.source.get(at + word.len()..).and_then(|text| text.chars().next());
            [before, after].into_iter().flatten().all(|one| !one.is_alphanumeric() && one != '_')
        };
        let found = self.source.match_indices(word).map(|(at, _)| at).find(|at| boundary(*at));
        self.flaw(found.unwrap_or_default(), message)
    }

    fn flaw(&mut self, offset: usize, message: String) -> Expression {
        if !self.flaws.iter().any(|(_, known)| *known == message) {
            self.flaws.push((offset, message));
        }
        Expression::Literal(Literal::Null)
    }
}

/// What a macro was expanded to.
enum Shape<'s> {
    Quantify(Quantifier, &'s IdedExpr),
    Gather(Option<&'s IdedExpr>, &'s IdedExpr),
}

impl<'s> Shape<'s> {
    fn of(one: &'s ComprehensionExpr) -> Option<Self> {
        let Expr::Call(step) = &one.loop_step.expr else { return None };
        match (step.func_name.as_str(), step.args.as_slice()) {
            (operators::LOGICAL_AND, [_, body]) => Some(Self::Quantify(Quantifier::All, body)),
            (operators::LOGICAL_OR, [_, body]) => Some(Self::Quantify(Quantifier::Exists, body)),
            (operators::CONDITIONAL, [body, ..]) if matches!(one.accu_init.expr, Expr::Literal(_)) => {
                Some(Self::Quantify(Quantifier::ExistsOne, body))
            }
            (operators::CONDITIONAL, [guard, add, _]) => Some(Self::Gather(Some(guard), appended(add)?)),
            _ => Some(Self::Gather(None, appended(&one.loop_step)?)),
        }
    }
}

/// The `e` of `@result + [e]`.
fn appended(add: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(CallExpr { args, .. }) = &add.expr else { return None };
    let Some(Expr::List(list)) = args.get(1).map(|list| &list.expr) else { return None };
    list.elements.first()
}

/// A selection that another one follows.
fn inner(mut expression: Expression) -> Expression {
    if let Expression::Select { leaf, .. } = &mut expression {
        *leaf = false;
    }
    expression
}

fn is_name(tree: &IdedExpr, name: &str) -> bool {
    matches!(&tree.expr, Expr::Ident(there) if there == name)
}

type Binary = fn(Box<[Expression; 2]>) -> Expression;

fn binary(name: &str) -> Option<Binary> {
    Some(match name {
        operators::LOGICAL_AND => Expression::And,
        operators::LOGICAL_OR => Expression::Or,
        operators::INDEX => Expression::Index,
        operators::IN => Expression::In,
        operators::EQUALS => |sides| Expression::Equal { sides, negated: false },
        operators::NOT_EQUALS => |sides| Expression::Equal { sides, negated: true },
        operators::ADD => |sides| Expression::Arithmetic(Arithmetic::Add, sides),
        operators::SUBSTRACT => |sides| Expression::Arithmetic(Arithmetic::Subtract, sides),
        operators::MULTIPLY => |sides| Expression::Arithmetic(Arithmetic::Multiply, sides),
        operators::DIVIDE => |sides| Expression::Arithmetic(Arithmetic::Divide, sides),
        operators::MODULO => |sides| Expression::Arithmetic(Arithmetic::Remainder, sides),
        operators::LESS => |sides| Expression::Order(Order::Less, sides),
        operators::LESS_EQUALS => |sides| Expression::Order(Order::LessOrEqual, sides),
        operators::GREATER => |sides| Expression::Order(Order::Greater, sides),
        operators::GREATER_EQUALS => |sides| Expression::Order(Order::GreaterOrEqual, sides),
        _ => return None,
    })
}
