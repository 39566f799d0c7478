//! Operators on values, with doubts where CEL has errors.

use std::cmp::Ordering;
use std::rc::Rc;

use super::evaluate::Evaluated;
use super::expression::{Arithmetic, Order};
use super::steps::Steps;
use super::value::{Entries, Items, Value, View};
use crate::policy::{Doubt, Doubts};

/// Whether two values are equal. `label` says what the first one is called.
pub(super) fn equal<'e>(
    left: &Value<'e>,
    right: &Value<'e>,
    steps: &Steps,
    label: impl Fn() -> String,
) -> Evaluated<'e, bool> {
    match compare(left, right, steps) {
        Compared::Equal(equal) => Ok(equal),
        Compared::Doubts(doubts) => Err(doubts),
        Compared::Unlike => Err(unlike(left, right, &label())),
    }
}

/// Whether both are known and the same.
pub(super) fn same(left: &Value<'_>, right: &Value<'_>, steps: &Steps) -> bool {
    matches!(compare(left, right, steps), Compared::Equal(true))
}

/// Whether `key` is one of `items`. Items of another type are not, as long as one has the same type.
pub(super) fn contains<'e>(
    items: Items<'_, 'e>,
    key: &Value<'e>,
    steps: &Steps,
    label: impl Fn() -> String,
) -> Evaluated<'e, bool> {
    let mut doubts = Vec::new();
    let mut comparable = items.len() == 0;
    for item in items.iter() {
        match compare(key, &item, steps) {
            Compared::Equal(true) => return Ok(true),
            Compared::Equal(false) => comparable = true,
            Compared::Doubts(more) if steps.are_spent() => return Err(more),
            Compared::Doubts(more) => add(&mut doubts, more),
            Compared::Unlike => {}
        }
    }
    if !doubts.is_empty() {
        return Err(doubts);
    }
    match items.get(0) {
        Some(item) if !comparable => Err(unlike(key, &item, &label())),
        _ => Ok(false),
    }
}

enum Compared<'e> {
    Equal(bool),
    /// The two are of different types.
    Unlike,
    Doubts(Doubts<'e>),
}

fn compare<'e>(left: &Value<'e>, right: &Value<'e>, steps: &Steps) -> Compared<'e> {
    if let Err(doubts) = steps.take(1).and_then(|()| steps.take_texts([left, right])) {
        return Compared::Doubts(doubts);
    }
    match (left.view(), right.view()) {
        (View::Unresolved(one), View::Unresolved(other)) => {
            Compared::Doubts(vec![Doubt::Unresolved(one), Doubt::Unresolved(other)])
        }
        (View::Unresolved(node), _) | (_, View::Unresolved(node)) => {
            Compared::Doubts(vec![Doubt::Unresolved(node)])
        }
        (View::Null, other) | (other, View::Null) => Compared::Equal(matches!(other, View::Null)),
        (View::Bool(one), View::Bool(other)) => Compared::Equal(one == other),
        (View::Text(one), View::Text(other)) => Compared::Equal(one == other),
        (View::List(one), View::List(other)) => lists(one, other, steps),
        (View::Map(one), View::Map(other)) => maps(one, other, steps),
        (one, other) => match numbers(&one, &other) {
            Some(ordering) => Compared::Equal(ordering == Some(Ordering::Equal)),
            None => Compared::Unlike,
        },
    }
}

fn lists<'e>(one: Items<'_, 'e>, other: Items<'_, 'e>, steps: &Steps) -> Compared<'e> {
    if one.len() != other.len() {
        return Compared::Equal(false);
    }
    all(one.iter().zip(other.iter()), steps)
}

fn maps<'e>(one: Entries<'_, 'e>, other: Entries<'_, 'e>, steps: &Steps) -> Compared<'e> {
    if one.len() != other.len() {
        return Compared::Equal(false);
    }
    if let Err(doubts) = steps.take(one.len() + other.len()) {
        return Compared::Doubts(doubts);
    }
    let (one, other) = (one.sorted(), other.sorted());
    // Different keys make them unequal, whatever the values are.
    if one.iter().zip(&other).any(|((one, _), (other, _))| one.as_text() != other.as_text()) {
        return Compared::Equal(false);
    }
    all(one.into_iter().zip(other).map(|((_, one), (_, other))| (one, other)), steps)
}

/// Equal where all pairs are; parts of different types are unequal.
fn all<'e>(pairs: impl Iterator<Item = (Value<'e>, Value<'e>)>, steps: &Steps) -> Compared<'e> {
    let mut doubts = Vec::new();
    for (one, other) in pairs {
        match compare(&one, &other, steps) {
            Compared::Equal(true) => {}
            Compared::Equal(false) | Compared::Unlike => return Compared::Equal(false),
            Compared::Doubts(more) if steps.are_spent() => return Compared::Doubts(more),
            Compared::Doubts(more) => add(&mut doubts, more),
        }
    }
    if doubts.is_empty() { Compared::Equal(true) } else { Compared::Doubts(doubts) }
}

/// How many doubts are kept; more would not be read.
const MOST: usize = 64;

/// Adds `more`, as long as they would be read.
pub(super) fn add<'e>(doubts: &mut Doubts<'e>, more: Doubts<'e>) {
    let room = MOST.saturating_sub(doubts.len());
    doubts.extend(more.into_iter().take(room));
}

/// How two numbers compare; nothing for anything else, and no order for what is not a number.
fn numbers(one: &View<'_, '_>, other: &View<'_, '_>) -> Option<Option<Ordering>> {
    Some(match (one, other) {
        (View::Int(one), View::Int(other)) => Some(one.cmp(other)),
        (View::Float(one), View::Float(other)) => one.partial_cmp(other),
        (View::Int(one), View::Float(other)) => (*one as f64).partial_cmp(other),
        (View::Float(one), View::Int(other)) => one.partial_cmp(&(*other as f64)),
        _ => return None,
    })
}

/// `left < right` and the like.
pub(super) fn order<'e>(
    order: Order,
    left: &Value<'e>,
    right: &Value<'e>,
    label: impl Fn() -> String,
) -> Evaluated<'e, bool> {
    let (one, other) = (left.view(), right.view());
    let ordering = match (&one, &other) {
        (View::Text(one), View::Text(other)) => Some(one.cmp(other)),
        (View::Bool(one), View::Bool(other)) => Some(one.cmp(other)),
        _ => numbers(&one, &other).flatten(),
    };
    let Some(ordering) = ordering else { return Err(unlike(left, right, &label())) };
    Ok(match order {
        Order::Less => ordering.is_lt(),
        Order::LessOrEqual => ordering.is_le(),
        Order::Greater => ordering.is_gt(),
        Order::GreaterOrEqual => ordering.is_ge(),
    })
}

/// `left + right` and the like.
pub(super) fn arithmetic<'e>(operator: Arithmetic, left: &Value<'e>, right: &Value<'e>) -> Evaluated<'e> {
    let result = match (operator, left.view(), right.view()) {
        (_, View::Int(one), View::Int(other)) => whole(operator, one, other).map(Value::Int),
        (_, View::Float(one), View::Float(other)) => floating(operator, one, other).map(Value::Float),
        (Arithmetic::Add, View::Text(one), View::Text(other)) => {
            Some(Value::Text((one.to_owned() + other).into()))
        }
        (Arithmetic::Add, View::List(one), View::List(other)) => {
            Some(Value::List(Rc::from(one.iter().chain(other.iter()).collect::<Vec<_>>())))
        }
        _ => None,
    };
    result.ok_or_else(|| {
        let unresolved = [left, right].into_iter().filter_map(Value::unresolved);
        let doubts: Vec<_> = unresolved.map(Doubt::Unresolved).collect();
        if !doubts.is_empty() {
            return doubts;
        }
        let what = format!("{} and {} cannot be combined", left.noun(), right.noun());
        vec![Doubt::mismatch(what, left.location().or_else(|| right.location()))]
    })
}

fn whole(operator: Arithmetic, one: i64, other: i64) -> Option<i64> {
    match operator {
        Arithmetic::Add => one.checked_add(other),
        Arithmetic::Subtract => one.checked_sub(other),
        Arithmetic::Multiply => one.checked_mul(other),
        Arithmetic::Divide => one.checked_div(other),
        Arithmetic::Remainder => one.checked_rem(other),
    }
}

fn floating(operator: Arithmetic, one: f64, other: f64) -> Option<f64> {
    match operator {
        Arithmetic::Add => Some(one + other),
        Arithmetic::Subtract => Some(one - other),
        Arithmetic::Multiply => Some(one * other),
        Arithmetic::Divide => Some(one / other),
        Arithmetic::Remainder => None,
    }
}

/// The doubt that two values cannot be compared.
fn unlike<'e>(left: &Value<'e>, right: &Value<'e>, label: &str) -> Doubts<'e> {
    let unresolved = [left, right].into_iter().filter_map(Value::unresolved);
    let doubts: Vec<_> = unresolved.map(Doubt::Unresolved).collect();
    if !doubts.is_empty() {
        return doubts;
    }
    let (known, wanted) = if left.as_node().is_some() { (left, right) } else { (right, left) };
    let (known, wanted) = if known.as_node().is_some() { (known, wanted) } else { (left, right) };
    let what = format!("`{label}` is {}, and not {}", known.noun(), wanted.noun());
    vec![Doubt::mismatch(what, known.location())]
}
